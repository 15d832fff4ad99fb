/* SPDX-License-Identifier: Apache-2.0 */
/* The switch: who gets which frame, and in what shape. docs/network.md */
#include "devices/vswitch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/thread.h"
#include "net_ports.h"

#define HZ     UINT64_C(1000000)
#define BCAST  NET_MAC_BROADCAST
#define MAC(n) (UINT64_C(0x000000005452) | (uint64_t)(n) << 40)   /* 52:54:00:00:00:n */
#define ALL    (NET_CAP_CSUM | NET_CAP_TSO4 | NET_CAP_TSO6 | NET_CAP_ECN)

static struct vswitch sw;
static struct test_port ports[VSWITCH_MAX_PORTS + 1];
static uint64_t now;

static struct test_port *plug(uint32_t n, struct vswitch_port_config cfg)
{
	struct test_port *t = &ports[n];

	t->port.ops = &test_port_ops;
	t->port.cfg = cfg;
	snprintf(t->port.name, sizeof(t->port.name), "p%u", n);
	assert_int_equal(vswitch_attach(&sw, &t->port), 0);
	atomic_store(&t->port.caps, ALL);
	return t;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		vswitch_detach(&ports[i].port);
		free(ports[i].got);
	}
	memset(ports, 0, sizeof(ports));
	return 0;
}

static int setup_plain(void **state)
{
	(void)state;
	now = 1000 * HZ;
	vswitch_init(&sw, "lan", false, HZ);
	for (uint32_t i = 0; i < 4; i++)
		plug(i, (struct vswitch_port_config){ .mac = MAC(i) });
	return 0;
}

static int setup_vlans(void **state)
{
	(void)state;
	now = 1000 * HZ;
	vswitch_init(&sw, "lan", true, HZ);
	return 0;
}

static void send_bytes(uint32_t from, const uint8_t *bytes, uint32_t len, struct net_offload off)
{
	struct test_source s;
	struct net_frame f;
	uint8_t *exact = malloc(len);

	memcpy(exact, bytes, len);
	test_source(&s, exact, len);
	assert_int_equal(net_frame_begin(&f, &s.src, len), 0);
	f.off = off;
	assert_int_equal(net_offload_check(&f, ALL), 0);
	vswitch_send(&ports[from].port, &f, now);
	free(exact);
}

static void send_type(uint32_t from, uint64_t dst, uint64_t src, uint32_t type)
{
	uint8_t bytes[100];

	send_bytes(from, bytes, test_eth(bytes, dst, src, type, 50), (struct net_offload){ 0 });
}

static void send_to(uint32_t from, uint64_t dst)
{
	send_type(from, dst, MAC(from), 0x88b5);
}

/* Who got something since the last call: a digit for each port. */
static const char *got(void)
{
	static char text[12];

	for (uint32_t i = 0; i < 4; i++) {
		text[i] = (char)('0' + ports[i].nr);
		ports[i].nr = 0;
	}
	return text;
}

static struct vswitch_look look(uint32_t n)
{
	struct vswitch_look l;

	assert_true(vswitch_look(&sw, ports[n].port.idx, &l));
	return l;
}

/* ---- learning ---- */

static void known_addresses_go_to_one_port_and_others_to_all(void **state)
{
	(void)state;
	send_to(0, MAC(2));
	assert_string_equal(got(), "0010");
	assert_int_equal(ports[2].got->len, 64);
	send_to(0, MAC(9));
	assert_string_equal(got(), "0111");
	send_to(2, BCAST);
	assert_string_equal(got(), "1101");
	send_to(2, UINT64_C(0x015e0001) | 1);        /* multicast */
	assert_string_equal(got(), "1101");
	send_to(1, MAC(1));                          /* to itself */
	assert_string_equal(got(), "0000");
	assert_int_equal(look(0).stats.tx_frames, 2);
	assert_int_equal(look(2).stats.rx_frames, 2);
	assert_int_equal(look(2).stats.rx_bytes, 128);
}

static void addresses_are_learnt_move_and_age(void **state)
{
	(void)state;
	send_type(3, BCAST, MAC(77), 0x88b5);
	got();
	send_to(0, MAC(77));
	assert_string_equal(got(), "0001");
	send_type(1, BCAST, MAC(77), 0x88b5);
	got();
	send_to(0, MAC(77));
	assert_string_equal(got(), "0100");
	now += VSWITCH_AGE_S * HZ + 1;
	send_to(0, MAC(77));
	assert_string_equal(got(), "0111");
}

static void configured_addresses_are_not_taken_over(void **state)
{
	(void)state;
	send_type(3, BCAST, MAC(1), 0x88b5);
	got();
	send_to(0, MAC(1));
	assert_string_equal(got(), "0100");
	now += 2 * VSWITCH_AGE_S * HZ;
	send_to(0, MAC(1));
	assert_string_equal(got(), "0100");
}

static void one_port_cannot_push_others_out_of_the_table(void **state)
{
	uint8_t bytes[64];

	(void)state;
	send_type(2, BCAST, MAC(200), 0x88b5);
	for (uint32_t i = 0; i < 5000; i++) {
		uint32_t n = test_eth(bytes, BCAST, UINT64_C(2) | (uint64_t)i << 16, 0x88b5, 46);

		send_bytes(3, bytes, n, (struct net_offload){ 0 });
	}
	assert_true(look(3).nr_macs <= MAC_TABLE_SHARE);
	assert_int_equal(look(2).nr_macs, 2);
	got();
	send_to(0, MAC(200));
	assert_string_equal(got(), "0010");
	vswitch_detach(&ports[3].port);
	plug(3, (struct vswitch_port_config){ .mac = MAC(3) });
	assert_int_equal(look(3).nr_macs, 1);
}

static void what_is_fixed_stays_whatever_is_learnt(void **state)
{
	uint32_t nr = 0, known = 0;
	struct mac_table *t = calloc(1, sizeof(*t));

	(void)state;
	mac_table_init(t, HZ);
	for (uint32_t i = 1; i < 600; i++)
		nr += mac_table_fix(t, MAC_KEY(i, 0), 1) == 0;
	assert_in_range(nr, MAC_TABLE_ENTRIES / 2, MAC_TABLE_ENTRIES);
	assert_int_equal(mac_table_count(t, 1), nr);
	for (uint32_t i = 1; i < 60000; i++)
		mac_table_learn(t, MAC_KEY(i, 0), i % MAC_TABLE_PORTS, i);
	for (uint32_t i = 1; i < 600; i++)
		known += mac_table_lookup(t, MAC_KEY(i, 0), 60000) == 1;
	assert_int_equal(known, nr);
	assert_int_equal(mac_table_fix(t, MAC_KEY(1, 0), 2), -EEXIST);
	free(t);
}

/* ---- ports ---- */

static void ports_come_and_go(void **state)
{
	(void)state;
	vswitch_detach(&ports[1].port);
	send_to(0, MAC(1));
	assert_string_equal(got(), "0011");
	send_to(0, BCAST);
	assert_string_equal(got(), "0011");
	plug(1, (struct vswitch_port_config){ .mac = MAC(1) });
	send_to(0, MAC(1));
	assert_string_equal(got(), "0100");
}

static void ports_are_bounded_and_addresses_unique(void **state)
{
	struct test_port *last = &ports[VSWITCH_MAX_PORTS];

	(void)state;
	last->port.ops = &test_port_ops;
	last->port.cfg.mac = MAC(2);
	assert_int_equal(vswitch_attach(&sw, &last->port), -EEXIST);
	for (uint32_t i = 4; i < VSWITCH_MAX_PORTS; i++)
		plug(i, (struct vswitch_port_config){ .mac = MAC(i) });
	last->port.cfg.mac = MAC(100);
	assert_int_equal(vswitch_attach(&sw, &last->port), -ENOSPC);
	send_to(0, BCAST);
	for (uint32_t i = 1; i < VSWITCH_MAX_PORTS; i++)
		assert_int_equal(ports[i].nr, 1);
}

static void link_down_is_silence(void **state)
{
	(void)state;
	atomic_store(&ports[1].port.link, false);
	send_to(0, MAC(1));
	send_to(1, BCAST);
	assert_string_equal(got(), "0000");
	assert_int_equal(look(1).stats.rx_drops[VSWITCH_DROP_LINK], 1);
	assert_int_equal(look(1).stats.tx_drops[VSWITCH_DROP_LINK], 1);
	assert_false(look(1).link);
	atomic_store(&ports[1].port.link, true);
	send_to(0, MAC(1));
	assert_string_equal(got(), "0100");
}

static void full_receivers_cost_a_drop(void **state)
{
	(void)state;
	ports[1].answer = VSWITCH_FULL;
	ports[2].answer = VSWITCH_FILTERED;
	send_to(0, BCAST);
	assert_string_equal(got(), "0111");
	assert_int_equal(look(1).stats.rx_drops[VSWITCH_DROP_FULL], 1);
	assert_int_equal(look(1).stats.rx_frames, 0);
	assert_int_equal(look(2).stats.rx_drops[VSWITCH_DROP_FULL], 0);
	assert_int_equal(look(2).stats.rx_frames, 0);
	assert_int_equal(look(3).stats.rx_frames, 1);
}

static void isolated_ports_reach_only_those_that_are_not(void **state)
{
	(void)state;
	teardown(NULL);
	vswitch_init(&sw, "lan", false, HZ);
	plug(0, (struct vswitch_port_config){ .mac = MAC(0), .isolated = true });
	plug(1, (struct vswitch_port_config){ .mac = MAC(1), .isolated = true });
	plug(2, (struct vswitch_port_config){ .mac = MAC(2) });
	plug(3, (struct vswitch_port_config){ .uplink = true });
	send_to(0, BCAST);
	assert_string_equal(got(), "0011");
	send_to(0, MAC(1));
	assert_string_equal(got(), "0000");
	send_to(2, BCAST);
	assert_string_equal(got(), "1101");
	send_type(3, MAC(0), MAC(99), 0x88b5);
	assert_string_equal(got(), "1000");
	send_to(0, MAC(99));
	assert_string_equal(got(), "0001");
}

static void mirror_ports_see_all(void **state)
{
	(void)state;
	vswitch_detach(&ports[3].port);
	plug(3, (struct vswitch_port_config){ .mac = MAC(3), .mirror = true });
	send_to(0, MAC(1));
	assert_string_equal(got(), "0101");
	send_to(0, MAC(3));
	assert_string_equal(got(), "0001");
	send_to(3, MAC(0));
	assert_string_equal(got(), "1000");
}

/* ---- VLANs ---- */

static uint32_t tagged(uint8_t *to, uint64_t dst, uint64_t src, uint32_t tci)
{
	uint32_t n = test_eth(to, dst, src, ETH_P_VLAN, 50);

	net_put_be16(to + 14, tci);
	net_put_be16(to + 16, 0x88b5);
	return n;
}

static void vlans_are_kept_apart(void **state)
{
	(void)state;
	plug(0, (struct vswitch_port_config){ .mac = MAC(0), .vlan = 10 });
	plug(1, (struct vswitch_port_config){ .mac = MAC(1), .vlan = 10 });
	plug(2, (struct vswitch_port_config){ .mac = MAC(2), .vlan = 20 });
	plug(3, (struct vswitch_port_config){ .uplink = true });
	send_to(0, BCAST);
	assert_string_equal(got(), "0101");
	assert_int_equal(ports[1].got->len, 64);
	assert_int_equal(ports[3].got->len, 68);
	assert_int_equal(net_be32(ports[3].got->bytes + 12), 0x8100000a);
	assert_int_equal(net_be16(ports[3].got->bytes + 16), 0x88b5);
	send_to(0, MAC(2));                          /* known, but in another VLAN */
	assert_string_equal(got(), "0101");
	send_to(2, BCAST);
	assert_string_equal(got(), "0001");
}

static void tags_are_taken_off_and_checked(void **state)
{
	uint8_t b[100];
	uint32_t n;

	(void)state;
	plug(0, (struct vswitch_port_config){ .mac = MAC(0), .vlan = 10 });
	plug(1, (struct vswitch_port_config){ .mac = MAC(1), .nr_trunk = 2, .trunk = { 10, 20 } });
	plug(2, (struct vswitch_port_config){ .mac = MAC(2), .vlan = 20, .nr_trunk = 1,
					      .trunk = { 10 } });
	plug(3, (struct vswitch_port_config){ .mac = MAC(3), .vlan = 30 });
	n = tagged(b, BCAST, MAC(1), 0xa00a);
	send_bytes(1, b, n, (struct net_offload){ 0 });
	assert_string_equal(got(), "1010");
	assert_int_equal(ports[0].got->len, 60);
	assert_int_equal(net_be16(ports[0].got->bytes + 12), 0x88b5);
	assert_memory_equal(ports[0].got->bytes + 14, b + 18, 46);
	assert_int_equal(net_be32(ports[2].got->bytes + 12), 0x8100a00a);

	/* An access port sends no tags, a trunk only its own. */
	n = tagged(b, BCAST, MAC(0), 10);
	send_bytes(0, b, n, (struct net_offload){ 0 });
	n = tagged(b, BCAST, MAC(1), 30);
	send_bytes(1, b, n, (struct net_offload){ 0 });
	assert_string_equal(got(), "0000");
	assert_int_equal(look(0).stats.tx_drops[VSWITCH_DROP_VLAN], 1);
	assert_int_equal(look(1).stats.tx_drops[VSWITCH_DROP_VLAN], 1);

	/* A tag of VLAN 0 has but a priority; it becomes one of the port's VLAN. */
	n = tagged(b, BCAST, MAC(0), 0x6000);
	send_bytes(0, b, n, (struct net_offload){ 0 });
	assert_string_equal(got(), "0110");
	assert_int_equal(net_be32(ports[1].got->bytes + 12), 0x8100600a);
}

static void tags_move_what_is_left_to_do(void **state)
{
	static uint8_t b[70000];
	uint32_t n = test_tcp(b, BCAST, MAC(0), false, 3000);
	struct net_offload off = {
		.needs_csum = true, .csum_start = 34, .csum_offset = 16, .gso = NET_GSO_TCP4,
		.gso_size = 1400,
	};

	(void)state;
	plug(0, (struct vswitch_port_config){ .mac = MAC(0), .vlan = 10 });
	plug(1, (struct vswitch_port_config){ .mac = MAC(1), .nr_trunk = 1, .trunk = { 10 } });
	send_bytes(0, b, n, off);
	assert_int_equal(ports[1].got->len, n + 4);
	assert_int_equal(ports[1].got->off.csum_start, 38);
	assert_int_equal(ports[1].got->off.hdr_len, 70);
	assert_memory_equal(ports[1].got->bytes + 18, b + 14, n - 14);
	/* And cut it is as well. */
	atomic_store(&ports[1].port.caps, 0);
	ports[1].nr = 0;
	send_bytes(0, b, n, off);
	assert_int_equal(ports[1].nr, 3);
	assert_int_equal(ports[1].lens[0], 70 + 1400);
	assert_int_equal(ports[1].lens[2], 70 + 200);
	memmove(ports[1].got->bytes + 12, ports[1].got->bytes + 16, 66 + 200 - 12);
	assert_true(test_tcp_right(ports[1].got->bytes, 66 + 200));
}

static void tags_are_data_where_there_are_no_vlans(void **state)
{
	uint8_t b[100];
	uint32_t n = tagged(b, BCAST, MAC(0), 123);

	(void)state;
	send_bytes(0, b, n, (struct net_offload){ 0 });
	assert_string_equal(got(), "0111");
	assert_memory_equal(ports[1].got->bytes, b, n);
}

/* ---- sources ---- */

static void arp(uint32_t from, uint64_t sha, uint32_t spa)
{
	uint8_t b[64];
	uint32_t n = test_eth(b, BCAST, MAC(from), ETH_P_ARP, 46);

	memcpy(b + 14 + 8, &sha, 6);
	net_put_be32(b + 14 + 14, spa);
	send_bytes(from, b, n, (struct net_offload){ 0 });
}

static void ipv4(uint32_t from, uint32_t src)
{
	uint8_t b[64];
	uint32_t n = test_eth(b, BCAST, MAC(from), ETH_P_IPV4, 46);

	net_put_be32(b + 14 + 12, src);
	send_bytes(from, b, n, (struct net_offload){ 0 });
}

static void false_sources_are_refused(void **state)
{
	uint8_t b[64];

	(void)state;
	vswitch_detach(&ports[0].port);
	plug(0, (struct vswitch_port_config){ .mac = MAC(0), .check_mac = true, .check_arp = true,
					      .check_ipv4 = true, .ipv4 = 0x0a000001 });
	send_to(0, MAC(1));
	arp(0, MAC(0), 0x0a000001);
	arp(0, MAC(0), 0);
	ipv4(0, 0x0a000001);
	ipv4(0, 0);
	assert_string_equal(got(), "0544");
	send_type(0, MAC(1), MAC(1), 0x88b5);
	arp(0, MAC(1), 0x0a000001);
	arp(0, MAC(0), 0x0a000002);
	ipv4(0, 0x0a000002);
	send_type(0, MAC(1), MAC(0), ETH_P_RARP);
	/* Too short to be looked at, or hidden under tags. */
	test_eth(b, BCAST, MAC(0), ETH_P_ARP, 50);
	send_bytes(0, b, 14 + 27, (struct net_offload){ 0 });
	test_eth(b, BCAST, MAC(0), ETH_P_IPV4, 50);
	send_bytes(0, b, 14 + 19, (struct net_offload){ 0 });
	tagged(b, BCAST, MAC(0), 5);
	net_put_be16(b + 16, ETH_P_QINQ);
	send_bytes(0, b, 60, (struct net_offload){ 0 });
	tagged(b, BCAST, MAC(0), 5);
	net_put_be16(b + 16, ETH_P_IPV4);
	net_put_be32(b + 18 + 12, 0x0a000003);
	send_bytes(0, b, 60, (struct net_offload){ 0 });
	assert_string_equal(got(), "0000");
	assert_int_equal(look(0).stats.tx_drops[VSWITCH_DROP_SPOOF], 9);
	assert_int_equal(look(0).stats.tx_frames, 5);
}

static void nobody_sends_from_a_group_address(void **state)
{
	(void)state;
	send_type(0, MAC(1), BCAST, 0x88b5);
	send_type(0, MAC(1), MAC(0) | 1, 0x88b5);
	assert_string_equal(got(), "0000");
}

/* ---- rates ---- */

static void rates_hold_on_average_and_bursts_are_bounded(void **state)
{
	uint64_t until = now + 10 * HZ, begin = now;
	uint32_t burst = 0, sent = 0, wait;
	struct vswitch_port *p;

	(void)state;
	vswitch_detach(&ports[0].port);
	p = &plug(0, (struct vswitch_port_config){ .mac = MAC(0), .rate_bytes = 6400,
						   .burst_bytes = 640 })->port;
	while (now < until) {
		wait = (uint32_t)vswitch_wait(p, now);
		if (wait == 0) {
			send_to(0, MAC(1));
			sent++;
			burst += now == begin;
		}
		now += wait;
	}
	assert_in_range(burst, 10, 11);
	assert_in_range(sent, 1005, 1015);           /* 100 a second, and the burst */
}

static void packets_have_a_rate_of_their_own(void **state)
{
	uint64_t until = now + 10 * HZ;
	struct vswitch_port *p;
	uint32_t sent = 0;

	(void)state;
	vswitch_detach(&ports[0].port);
	p = &plug(0, (struct vswitch_port_config){ .mac = MAC(0), .rate_packets = 1000 })->port;
	assert_int_equal(vswitch_wait(&ports[1].port, now), 0);
	while (now < until) {
		uint64_t wait = vswitch_wait(p, now);

		if (wait == 0) {
			send_to(0, MAC(1));
			sent++;
		}
		now += wait;
	}
	assert_in_range(sent, 10000, 10000 + VSWITCH_BURST_PACKETS + 1);
}

static void long_frames_are_refused(void **state)
{
	static uint8_t b[2000];
	uint32_t n = test_eth(b, MAC(1), MAC(0), 0x88b5, 1501);

	(void)state;
	vswitch_detach(&ports[0].port);
	vswitch_detach(&ports[1].port);
	plug(0, (struct vswitch_port_config){ .mac = MAC(0), .mtu = 1500 });
	plug(1, (struct vswitch_port_config){ .mac = MAC(1), .mtu = 1400 });
	send_bytes(0, b, n, (struct net_offload){ 0 });
	assert_int_equal(look(0).stats.tx_drops[VSWITCH_DROP_MTU], 1);
	send_bytes(0, b, n - 1, (struct net_offload){ 0 });
	assert_int_equal(look(1).stats.rx_drops[VSWITCH_DROP_MTU], 1);
	assert_string_equal(got(), "0000");
	send_bytes(0, b, n - 101, (struct net_offload){ 0 });
	assert_string_equal(got(), "0100");
}

/* ---- capture ---- */

static void passing_frames_are_captured_in_pcap_format(void **state)
{
	uint8_t out[NET_CAPTURE_RECORD + NET_CAPTURE_SNAP], ring[1000], b[600];
	uint32_t n, frames = 0;
	uint64_t pos = 0;

	(void)state;
	assert_int_equal(net_capture_switch(&sw.capture, true), -ENODEV);
	net_capture_init(&sw.capture, ring, sizeof(ring), HZ);
	assert_int_equal(net_capture_next(&sw.capture, &pos, out), 0);
	assert_int_equal(net_capture_switch(&sw.capture, true), 0);
	net_capture_header(out);
	assert_memory_equal(out, "\x4d\x3c\xb2\xa1\x02\x00\x04\x00", 8);
	now = 5 * HZ + 250000;
	send_to(0, MAC(1));
	n = net_capture_next(&sw.capture, &pos, out);
	assert_int_equal(n, 16 + 64);
	assert_memory_equal(out, "\x05\0\0\0\x80\xb2\xe6\x0e\x40\0\0\0\x40\0\0\0", 16);
	assert_memory_equal(out + 16, ports[1].got->bytes, 64);
	assert_int_equal(net_capture_next(&sw.capture, &pos, out), 0);
	/* Long ones are cut, old ones make room. */
	for (uint32_t i = 0; i < 50; i++) {
		uint32_t len = test_eth(b, MAC(1), MAC(0), 0x88b5, 500);

		b[14] = (uint8_t)i;
		send_bytes(0, b, len, (struct net_offload){ 0 });
	}
	while ((n = net_capture_next(&sw.capture, &pos, out)) != 0) {
		assert_int_equal(n, 16 + NET_CAPTURE_SNAP);
		assert_int_equal(out[12] | out[13] << 8, 514);
		assert_int_equal(out[16 + 14], 47 + frames);
		frames++;
	}
	assert_int_equal(frames, 3);
	net_capture_switch(&sw.capture, false);
	send_to(0, MAC(1));
	assert_int_equal(net_capture_next(&sw.capture, &pos, out), 0);
}

int main(void)
{
#define PLAIN(t) cmocka_unit_test_setup_teardown(t, setup_plain, teardown)
#define VLANS(t) cmocka_unit_test_setup_teardown(t, setup_vlans, teardown)
	const struct CMUnitTest tests[] = {
		PLAIN(known_addresses_go_to_one_port_and_others_to_all),
		PLAIN(addresses_are_learnt_move_and_age),
		PLAIN(configured_addresses_are_not_taken_over),
		PLAIN(one_port_cannot_push_others_out_of_the_table),
		PLAIN(what_is_fixed_stays_whatever_is_learnt),
		PLAIN(ports_come_and_go),
		PLAIN(ports_are_bounded_and_addresses_unique),
		PLAIN(link_down_is_silence),
		PLAIN(full_receivers_cost_a_drop),
		PLAIN(isolated_ports_reach_only_those_that_are_not),
		PLAIN(mirror_ports_see_all),
		VLANS(vlans_are_kept_apart),
		VLANS(tags_are_taken_off_and_checked),
		VLANS(tags_move_what_is_left_to_do),
		PLAIN(tags_are_data_where_there_are_no_vlans),
		PLAIN(false_sources_are_refused),
		PLAIN(nobody_sends_from_a_group_address),
		PLAIN(rates_hold_on_average_and_bursts_are_bounded),
		PLAIN(packets_have_a_rate_of_their_own),
		PLAIN(long_frames_are_refused),
		PLAIN(passing_frames_are_captured_in_pcap_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
