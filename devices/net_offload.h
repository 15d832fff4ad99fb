/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checksums and segments that a sender left to do: whether it may have, and doing it for
 * a receiver that cannot. VirtIO 1.2, "Network Device"; RFC 1071, RFC 9293.
 */
#pragma once

#include <stdint.h>

#include "devices/net_frame.h"

/* What a port takes without help. */
#define NET_CAP_CSUM BIT(0)
#define NET_CAP_TSO4 BIT(1)
#define NET_CAP_TSO6 BIT(2)
#define NET_CAP_ECN  BIT(3)

/* The smallest payload of a segment: no TCP uses less. Bounds how many there are. */
#define NET_GSO_MIN 48

/**
 * net_offload_check() - may a sender have left this to do?
 * @f:    with off as the sender said it, not trusted
 * @caps: what it may leave
 *
 * hdr_len is taken from the headers themselves, whatever the sender said.
 *
 * Return: 0; -EINVAL: the frame must be dropped.
 */
int net_offload_check(struct net_frame *f, uint32_t caps);

/* What of a frame a receiver with these caps would not understand: 0, or NET_CAP_*. */
uint32_t net_offload_lacks(const struct net_frame *f, uint32_t caps);

/* Make the checksum that is to be made. Return: as net_frame_read(). */
int net_csum_finish(struct net_frame *f);

/**
 * net_gso_segment() - one segment of a frame
 * @f:   checked, off.gso set
 * @idx: which, from 0
 * @seg: filled in: its checksum is still to be made, as in @f
 *
 * Return: 0; -ENOENT: there are no more.
 */
int net_gso_segment(const struct net_frame *f, uint32_t idx, struct net_frame *seg);
