/* SPDX-License-Identifier: Apache-2.0 */
#include "net_ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static int source_read(const struct net_source *s, uint32_t at, void *to, uint32_t n)
{
	const struct test_source *t = container_of(s, struct test_source, src);

	assert_true(n > 0 && at <= t->len && n <= t->len - at);
	memcpy(to, t->bytes + at, n);
	return 0;
}

void test_source(struct test_source *s, const void *bytes, uint32_t len)
{
	*s = (struct test_source){ .src = { .read = source_read }, .bytes = bytes, .len = len };
}

static enum vswitch_taken deliver(struct vswitch_port *p, struct net_frame *f)
{
	struct test_port *t = container_of(p, struct test_port, port);

	assert_true(f->len <= NET_FRAME_MAX && f->head_len <= f->len);
	if (!t->got)
		t->got = malloc(sizeof(*t->got));
	memset(f->hdr, 0x5a, sizeof(f->hdr));
	t->got->len = f->len;
	t->got->off = f->off;
	assert_int_equal(net_frame_read(f, 0, t->got->bytes, f->len), 0);
	if (t->nr < TEST_KEPT)
		t->lens[t->nr] = f->len;
	t->nr++;
	return t->answer;
}

const struct vswitch_port_ops test_port_ops = { .deliver = deliver };

uint32_t test_eth(uint8_t *to, uint64_t dst, uint64_t src, uint32_t type, uint32_t n)
{
	memcpy(to, &dst, NET_MAC_LEN);
	memcpy(to + NET_MAC_LEN, &src, NET_MAC_LEN);
	net_put_be16(to + 12, type);
	for (uint32_t i = 0; i < n; i++)
		to[NET_ETH_LEN + i] = (uint8_t)i;
	return NET_ETH_LEN + n;
}

static uint32_t sum(const uint8_t *p, uint32_t n)
{
	uint32_t s = 0;

	for (uint32_t i = 0; i < n; i++)
		s += (uint32_t)p[i] << (i % 2 ? 0 : 8);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static uint32_t pseudo(const uint8_t *ip, bool v6, uint32_t l4_len)
{
	uint8_t p[40] = { 0 };

	if (v6) {
		memcpy(p, ip + 8, 32);
		net_put_be32(p + 32, l4_len);
		p[39] = 6;
	} else {
		memcpy(p, ip + 12, 8);
		p[9] = 6;
		net_put_be16(p + 10, l4_len);
	}
	return sum(p, sizeof(p));
}

uint32_t test_tcp(uint8_t *to, uint64_t dst, uint64_t src, bool v6, uint32_t payload)
{
	uint32_t l3 = v6 ? 40 : 20, l4 = 32 + payload;
	uint8_t *ip = to + NET_ETH_LEN, *tcp = ip + l3;

	test_eth(to, dst, src, v6 ? ETH_P_IPV6 : ETH_P_IPV4, l3 + l4);
	for (uint32_t i = 0; i < payload; i++)
		tcp[32 + i] = (uint8_t)(i * 7 + (i >> 8));
	memset(ip, 0, l3 + 32);
	if (v6) {
		ip[0] = 0x60;
		net_put_be16(ip + 4, l4);
		ip[6] = 6;
		ip[8] = 0xfe;
		ip[39] = 1;
	} else {
		ip[0] = 0x45;
		net_put_be16(ip + 2, MIN(l3 + l4, 0xffffu));
		net_put_be16(ip + 4, 0xfffe);
		ip[9] = 6;
		net_put_be32(ip + 12, 0x0a000001);
		net_put_be32(ip + 16, 0x0a000002);
		net_put_be16(ip + 10, sum(ip, l3) ^ 0xffff);
	}
	net_put_be16(tcp, 40000);
	net_put_be16(tcp + 2, 80);
	net_put_be32(tcp + 4, 0xfffffff0);
	tcp[12] = 8 << 4;
	tcp[13] = 0x99;                 /* CWR, ACK, PSH, FIN */
	net_put_be16(tcp + 16, pseudo(ip, v6, l4));
	return NET_ETH_LEN + l3 + l4;
}

bool test_tcp_right(const uint8_t *eth, uint32_t len)
{
	bool v6 = net_be16(eth + 12) == ETH_P_IPV6;
	const uint8_t *ip = eth + NET_ETH_LEN;
	uint32_t l3 = v6 ? 40 : 20, l4 = len - NET_ETH_LEN - l3, s;

	if (v6 ? net_be16(ip + 4) != l4 : net_be16(ip + 2) != l3 + l4 || sum(ip, l3) != 0xffff)
		return false;
	s = sum(ip + l3, l4) + pseudo(ip, v6, l4);
	return (s & 0xffff) + (s >> 16) == 0xffff;
}
