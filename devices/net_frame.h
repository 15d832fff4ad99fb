/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Ethernet frame on its way between ports: its first bytes copied once, so that what
 * was checked is what is sent, and the rest still where the sender keeps it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/lib/bits.h"

#define NET_ETH_LEN     14
#define NET_TAG_LEN     4
#define NET_MAC_LEN     6
#define NET_HDR_LEN     12           /* struct virtio_net_hdr */
/* What is copied of a frame: Ethernet, tag, IPv4 and TCP with all their options. */
#define NET_HEAD_MAX    (NET_ETH_LEN + NET_TAG_LEN + 60 + 60)
#define NET_HEAD_ROOM   (NET_HEAD_MAX + NET_TAG_LEN + 2)
/* The largest frame: an IP packet of 64 KiB that is still to be cut. */
#define NET_FRAME_MAX   (NET_ETH_LEN + NET_TAG_LEN + 65535)

#define ETH_P_IPV4      0x0800
#define ETH_P_ARP       0x0806
#define ETH_P_RARP      0x8035
#define ETH_P_VLAN      0x8100
#define ETH_P_IPV6      0x86dd
#define ETH_P_QINQ      0x88a8
#define VLAN_TCI_VID    BITS(11, 0)

struct virtq_chain;

/*
 * Where the rest of a frame is: a guest's buffers, or memory of EL2. Both give bytes
 * [at, at + n) of the frame as the sender wrote it, and return 0 or -EFAULT.
 */
struct net_source {
	int (*read)(const struct net_source *s, uint32_t at, void *to, uint32_t n);
	/* The same straight into a guest's buffer, from its byte off on. */
	int (*to_chain)(const struct net_source *s, uint32_t at, struct virtq_chain *to,
			uint64_t off, uint32_t n);
};

enum net_gso { NET_GSO_NONE, NET_GSO_TCP4, NET_GSO_TCP6 };

/* What the sender left to whoever receives. */
struct net_offload {
	bool needs_csum;             /* the sum from csum_start on is to be made    */
	bool csum_valid;             /* somebody has checked the sums               */
	bool ecn;                    /* gso: the first segment carries CWR          */
	uint8_t gso;                 /* enum net_gso                                */
	uint16_t hdr_len;            /* gso: bytes that each segment begins with    */
	uint16_t gso_size;           /* gso: bytes of payload in each               */
	uint16_t csum_start;
	uint16_t csum_offset;        /* of the field, from csum_start               */
};

/* Bytes [0, head_len) are head, the others are the source's from src_at on. */
struct net_frame {
	const struct net_source *src;
	uint32_t src_at;
	uint32_t len;                /* of the whole frame, at least NET_ETH_LEN    */
	uint32_t head_len;
	struct net_offload off;
	/* whose turn it is may use it: what virtio puts before; fields of 16 bits */
	uint8_t hdr[NET_HDR_LEN] __attribute__((aligned(4)));
	uint8_t head[NET_HEAD_ROOM];
};
_Static_assert(offsetof(struct net_frame, head) ==
	       offsetof(struct net_frame, hdr) + NET_HDR_LEN, "sent together");

/* MAC addresses as numbers, the first byte lowest: bit 0 says multicast. */
#define NET_MAC_MASK      BITS(47, 0)
#define NET_MAC_BROADCAST NET_MAC_MASK
#define NET_MAC_MULTICAST BIT(0)

static inline uint64_t net_mac(const uint8_t *p)
{
	return p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
	       (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40;
}

static inline uint32_t net_be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t net_be32(const uint8_t *p)
{
	return net_be16(p) << 16 | net_be16(p + 2);
}

static inline void net_put_be16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void net_put_be32(uint8_t *p, uint32_t v)
{
	net_put_be16(p, v >> 16);
	net_put_be16(p + 2, v);
}

static inline bool net_tagged(const struct net_frame *f)
{
	return net_be16(f->head + 12) == ETH_P_VLAN && f->head_len >= NET_ETH_LEN + NET_TAG_LEN;
}

/* Where the network layer begins, one tag skipped. */
static inline uint32_t net_l3(const struct net_frame *f)
{
	return net_tagged(f) ? NET_ETH_LEN + NET_TAG_LEN : NET_ETH_LEN;
}

/* The EtherType there. */
static inline uint32_t net_type(const struct net_frame *f)
{
	return net_be16(f->head + net_l3(f) - 2);
}

/**
 * net_frame_begin() - read the head of a frame
 * @f:   filled in, but for off, which is cleared
 * @src: its bytes; must stay until the frame is sent
 * @len: how many
 *
 * Return: 0; -EINVAL shorter than its Ethernet header or longer than NET_FRAME_MAX;
 *         what the source returned.
 */
int net_frame_begin(struct net_frame *f, const struct net_source *src, uint32_t len);

/* Bytes [at, at + n) of the frame, all below f->len. Return: as the source's read. */
int net_frame_read(const struct net_frame *f, uint32_t at, void *to, uint32_t n);

/* All of a frame but its payload, to change the copy's head. */
static inline void net_frame_copy(struct net_frame *to, const struct net_frame *from)
{
	*to = *from;
}

/* Put a tag in, take it out, or change whose it is. net_tagged() says which may be. */
void net_tag_insert(struct net_frame *f, uint32_t vid);
void net_tag_remove(struct net_frame *f);
void net_tag_set(struct net_frame *f, uint32_t vid);

/* A symmetric hash of who talks to whom: addresses, and ports of TCP and UDP. */
uint32_t net_flow_hash(const struct net_frame *f);
