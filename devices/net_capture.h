/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last frames that passed a network, in a ring of bytes, each cut to a given length.
 * What is read of it is a file in pcap's format. Draft "PCAP Capture File Format".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/spinlock.h"
#include "devices/net_frame.h"

#define NET_CAPTURE_SNAP    256      /* bytes kept of a frame                        */
#define NET_CAPTURE_HEADER  24       /* of the file                                  */
#define NET_CAPTURE_RECORD  16       /* of each frame                                */

struct net_capture {
	struct spinlock lock;        /* rank 37, docs/locking.md                     */
	/* fixed */
	uint8_t *ring;               /* NULL: there is none                          */
	uint32_t size;
	uint64_t hz;                 /* of the counter                               */
	/* read without the lock, too */
	_Atomic bool on;
	/* under lock: bytes written and dropped since the beginning */
	uint64_t head, tail;
	uint64_t nr_frames;
};

/* ring: storage of size bytes, at least one record; NULL and 0: there is none. */
void net_capture_init(struct net_capture *c, void *ring, uint32_t size, uint64_t hz);

/* Begin anew, or end. Return: 0; -ENODEV there is no ring. */
int net_capture_switch(struct net_capture *c, bool on);

/* Note a frame; nothing while it is off. now: counter. Any thread, no lock held. */
void net_capture_add(struct net_capture *c, const struct net_frame *f, uint64_t now);

/* The file's header. */
void net_capture_header(uint8_t out[NET_CAPTURE_HEADER]);

/**
 * net_capture_next() - read the ring frame by frame
 * @pos: 0 at first; then as left by the last call
 * @out: room for NET_CAPTURE_RECORD + NET_CAPTURE_SNAP bytes
 *
 * Frames that were overwritten meanwhile are left out.
 *
 * Return: bytes of @out, 0: that was all.
 */
uint32_t net_capture_next(struct net_capture *c, uint64_t *pos, uint8_t *out);
