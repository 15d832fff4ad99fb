/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/net_offload.h"

#include <errno.h>

#define IPV4_LEN     20
#define IPV6_LEN     40
#define IP_TCP       6
#define TCP_LEN      20
#define TCP_SEQ      4
#define TCP_FLAGS    13
#define TCP_CSUM     16
#define UDP_CSUM     6
#define TCP_FIN_PSH  0x09            /* only in the last segment  */
#define TCP_CWR      0x80            /* only in the first         */

#define SUM_PIECE    256             /* bytes fetched at a time   */

/* ---- RFC 1071 ---- */

static uint64_t sum_add(uint64_t sum, const uint8_t *p, uint32_t n)
{
	for (; n >= 2; n -= 2, p += 2)
		sum += net_be16(p);
	return n ? sum + ((uint32_t)*p << 8) : sum;
}

static uint32_t sum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)sum;
}

/* ---- what a sender may say ---- */

static int tcp4_check(const struct net_frame *f, uint32_t l3)
{
	const uint8_t *ip = f->head + l3;

	if (net_type(f) != ETH_P_IPV4 || l3 + IPV4_LEN > f->head_len || ip[9] != IP_TCP)
		return -EINVAL;
	return f->off.csum_start == l3 + (ip[0] & 0xf) * 4u &&
	       f->off.csum_start >= l3 + IPV4_LEN ? 0 : -EINVAL;
}

/* Extension headers stay as they are in every segment, so they need no look. */
static int tcp6_check(const struct net_frame *f, uint32_t l3)
{
	return net_type(f) == ETH_P_IPV6 && f->off.csum_start >= l3 + IPV6_LEN ? 0 : -EINVAL;
}

static int gso_check(struct net_frame *f)
{
	struct net_offload *o = &f->off;
	uint32_t l3 = net_l3(f), tcp = o->csum_start, hdr;

	if (!o->needs_csum || o->csum_offset != TCP_CSUM || o->gso_size < NET_GSO_MIN)
		return -EINVAL;
	if (o->gso == NET_GSO_TCP4 ? tcp4_check(f, l3) : tcp6_check(f, l3))
		return -EINVAL;
	if (tcp + TCP_LEN > f->head_len)
		return -EINVAL;
	hdr = tcp + (f->head[tcp + 12] >> 4) * 4u;
	if (hdr < tcp + TCP_LEN || hdr > f->head_len || hdr >= f->len)
		return -EINVAL;
	o->hdr_len = (uint16_t)hdr;
	return 0;
}

static uint32_t caps_needed(const struct net_offload *o)
{
	uint32_t caps = o->needs_csum ? NET_CAP_CSUM : 0;

	if (o->gso == NET_GSO_NONE)
		return caps;
	return caps | (o->gso == NET_GSO_TCP4 ? NET_CAP_TSO4 : NET_CAP_TSO6) |
	       (o->ecn ? NET_CAP_ECN : 0);
}

uint32_t net_offload_lacks(const struct net_frame *f, uint32_t caps)
{
	return caps_needed(&f->off) & ~caps;
}

int net_offload_check(struct net_frame *f, uint32_t caps)
{
	const struct net_offload *o = &f->off;

	if (net_offload_lacks(f, caps))
		return -EINVAL;
	/* The field is where it can be changed: among the bytes that were copied. */
	if (o->needs_csum && (o->csum_start < NET_ETH_LEN ||
			      (uint32_t)o->csum_start + o->csum_offset + 2 > f->head_len))
		return -EINVAL;
	return o->gso ? gso_check(f) : 0;
}

/* ---- for a receiver that cannot ---- */

int net_csum_finish(struct net_frame *f)
{
	uint32_t at = f->off.csum_start, n;
	uint8_t *field = f->head + at + f->off.csum_offset;
	uint8_t buf[SUM_PIECE];
	uint64_t sum = 0;

	for (; at < f->len; at += n) {
		int err;

		n = MIN(f->len - at, SUM_PIECE);
		err = net_frame_read(f, at, buf, n);
		if (err)
			return err;
		sum = sum_add(sum, buf, n);
	}
	n = sum_fold(sum) ^ 0xffff;
	/* In UDP zero would say that there is no sum. */
	net_put_be16(field, n == 0 && f->off.csum_offset == UDP_CSUM ? 0xffff : n);
	f->off.needs_csum = false;
	return 0;
}

static void ip_fix(struct net_frame *seg, uint32_t idx)
{
	uint32_t l3 = net_l3(seg), ip_len = seg->len - l3;
	uint8_t *ip = seg->head + l3;

	if (seg->off.gso == NET_GSO_TCP6) {
		net_put_be16(ip + 4, ip_len - IPV6_LEN);
		return;
	}
	net_put_be16(ip + 2, ip_len);
	net_put_be16(ip + 4, net_be16(ip + 4) + idx);
	net_put_be16(ip + 10, 0);
	net_put_be16(ip + 10, sum_fold(sum_add(0, ip, (ip[0] & 0xf) * 4u)) ^ 0xffff);
}

/* The field holds the sum over the pseudo header, with the length of the whole. */
static void tcp_fix(const struct net_frame *f, struct net_frame *seg, uint32_t done)
{
	uint8_t *tcp = seg->head + seg->off.csum_start;
	uint64_t sum = net_be16(tcp + TCP_CSUM);

	sum += sum_fold(f->len - f->off.csum_start) ^ 0xffff;
	sum += seg->len - seg->off.csum_start;
	net_put_be16(tcp + TCP_CSUM, sum_fold(sum));
	net_put_be32(tcp + TCP_SEQ, net_be32(tcp + TCP_SEQ) + done);
	if (done)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
	if (done + f->off.gso_size < f->len - f->off.hdr_len)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_FIN_PSH;
}

int net_gso_segment(const struct net_frame *f, uint32_t idx, struct net_frame *seg)
{
	uint32_t hdr = f->off.hdr_len, done = idx * f->off.gso_size;

	if (done >= f->len - hdr)
		return -ENOENT;
	net_frame_copy(seg, f);
	seg->len = hdr + MIN(f->off.gso_size, f->len - hdr - done);
	/* What of the head is payload is taken from the source again. */
	seg->head_len = hdr;
	seg->src_at = f->src_at - (f->head_len - hdr) + done;
	ip_fix(seg, idx);
	tcp_fix(f, seg, done);
	seg->off.gso = NET_GSO_NONE;
	seg->off.ecn = false;
	return 0;
}
