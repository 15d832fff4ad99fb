/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/net_frame.h"

#include <errno.h>

#define IPV4_LEN      20
#define IPV6_LEN      40
#define IP_TCP        6
#define IP_UDP        17
#define IPV4_FRAGMENT 0x3fff         /* more fragments, or not the first of them */

int net_frame_begin(struct net_frame *f, const struct net_source *src, uint32_t len)
{
	if (len < NET_ETH_LEN || len > NET_FRAME_MAX)
		return -EINVAL;
	f->src = src;
	f->len = len;
	f->head_len = MIN(len, NET_HEAD_MAX);
	f->src_at = f->head_len;
	memset(&f->off, 0, sizeof(f->off));
	return src->read(src, 0, f->head, f->head_len);
}

int net_frame_read(const struct net_frame *f, uint32_t at, void *to, uint32_t n)
{
	uint32_t part = at < f->head_len ? MIN(n, f->head_len - at) : 0;

	memcpy(to, f->head + at * (part != 0), part);
	if (part == n)
		return 0;
	return f->src->read(f->src, f->src_at + at + part - f->head_len, (uint8_t *)to + part,
			    n - part);
}

static void moved(struct net_frame *f, int by)
{
	f->head_len = (uint32_t)((int)f->head_len + by);
	f->len = (uint32_t)((int)f->len + by);
	if (f->off.needs_csum)
		f->off.csum_start = (uint16_t)(f->off.csum_start + by);
	if (f->off.gso)
		f->off.hdr_len = (uint16_t)(f->off.hdr_len + by);
}

void net_tag_insert(struct net_frame *f, uint32_t vid)
{
	memmove(f->head + 16, f->head + 12, f->head_len - 12);
	net_put_be16(f->head + 12, ETH_P_VLAN);
	net_put_be16(f->head + 14, vid);
	moved(f, NET_TAG_LEN);
}

void net_tag_remove(struct net_frame *f)
{
	memmove(f->head + 12, f->head + 16, f->head_len - 16);
	moved(f, -NET_TAG_LEN);
}

void net_tag_set(struct net_frame *f, uint32_t vid)
{
	uint64_t tci = net_be16(f->head + 14);

	net_put_be16(f->head + 14, (uint32_t)bits_set(VLAN_TCI_VID, tci, vid));
}

/* Of both directions alike, so the ends are added. */
static uint32_t ports_sum(const struct net_frame *f, uint32_t proto, uint32_t l4)
{
	if ((proto != IP_TCP && proto != IP_UDP) || l4 + 4 > f->head_len)
		return 0;
	return net_be16(f->head + l4) + net_be16(f->head + l4 + 2);
}

static uint32_t ipv4_sum(const struct net_frame *f, uint32_t l3)
{
	const uint8_t *ip = f->head + l3;
	uint32_t sum;

	if (l3 + IPV4_LEN > f->head_len)
		return 0;
	sum = net_be32(ip + 12) + net_be32(ip + 16);
	/* Only the first of several fragments has ports. */
	if (!(net_be16(ip + 6) & IPV4_FRAGMENT))
		sum += ports_sum(f, ip[9], l3 + (ip[0] & 0xf) * 4);
	return sum;
}

static uint32_t ipv6_sum(const struct net_frame *f, uint32_t l3)
{
	const uint8_t *ip = f->head + l3;
	uint32_t sum = 0;

	if (l3 + IPV6_LEN > f->head_len)
		return 0;
	for (uint32_t i = 8; i < IPV6_LEN; i += 4)
		sum += net_be32(ip + i);
	return sum + ports_sum(f, ip[6], l3 + IPV6_LEN);
}

uint32_t net_flow_hash(const struct net_frame *f)
{
	uint32_t l3 = net_l3(f), type = net_type(f), sum;

	if (type == ETH_P_IPV4)
		sum = ipv4_sum(f, l3);
	else if (type == ETH_P_IPV6)
		sum = ipv6_sum(f, l3);
	else
		sum = (uint32_t)(net_mac(f->head) + net_mac(f->head + NET_MAC_LEN));
	return (sum * 0x9e3779b1u) >> 16;
}
