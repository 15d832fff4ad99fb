/* SPDX-License-Identifier: Apache-2.0 */
/* A switch's port to the outside: frames both ways, what is too long, what has no room. */
#include "devices/uplink.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/thread.h"
#include "devices/virtq.h"
#include "tests/host/net_ports.h"

#define MAC(n) (UINT64_C(0x000000005452) | (uint64_t)(n) << 40)
#define HZ     UINT64_C(1000000)
#define MTU    1500u

static struct vswitch sw;
static struct uplink up;
static struct hostnet nic;
static struct test_port guest;
static uint8_t bytes[0x10000];

/* ---- the interface, and what else the port stands on ---- */

static uint8_t sent[0x10000];
static uint32_t sent_len;
static unsigned int nr_sent, nr_locked;
static int tx_answer;

int hostnet_tx(struct hostnet *n, const struct hostnet_seg *segs, unsigned int nr)
{
	assert_ptr_equal(n, &nic);
	assert_int_equal(nr_locked, 1);
	sent_len = 0;
	for (unsigned int i = 0; i < nr; i++) {
		assert_true(segs[i].len > 0);
		memcpy(sent + sent_len, segs[i].data, segs[i].len);
		sent_len += (uint32_t)segs[i].len;
	}
	nr_sent++;
	return tx_answer;
}

void mutex_lock(struct mutex *m)
{
	assert_ptr_equal(m, &up.lock);
	assert_int_equal(nr_locked++, 0);
}

void mutex_unlock(struct mutex *m)
{
	assert_ptr_equal(m, &up.lock);
	nr_locked--;
}

int chain_write(struct virtq_chain *c, uint64_t off, const void *from, uint64_t len)
{
	memcpy((uint8_t *)(void *)c + off, from, len);
	return 0;
}

/* ---- ---- */

static void start(uint16_t up_vlan, struct vswitch_port_config port)
{
	memset(&up, 0, sizeof(up));
	memset(&nic, 0, sizeof(nic));
	memset(&guest, 0, sizeof(guest));
	nr_sent = nr_locked = 0;
	tx_answer = 0;
	nic.mtu = MTU;
	vswitch_init(&sw, "lan", up_vlan || port.vlan || port.nr_trunk, HZ);
	assert_int_equal(uplink_init(&up, &nic, up_vlan, &sw), 0);
	guest.port.ops = &test_port_ops;
	guest.port.cfg = port;
	guest.port.cfg.mac = MAC(1);
	assert_int_equal(vswitch_attach(&sw, &guest.port), 0);
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(nr_locked, 0);
	vswitch_detach(&guest.port);
	vswitch_detach(&up.port);
	free(guest.got);
	guest.got = NULL;
	return 0;
}

/* From the guest. */
static void send(uint32_t len, struct net_offload off)
{
	struct test_source s;
	struct net_frame f;

	test_source(&s, bytes, len);
	assert_int_equal(net_frame_begin(&f, &s.src, len), 0);
	f.off = off;
	vswitch_send(&guest.port, &f, 0);
}

static uint64_t drops(const struct vswitch_port *p, size_t which, enum vswitch_drop why)
{
	return atomic_load(&p->count[which / sizeof(uint64_t) + why]);
}

#define RX_DROPS(p, why) drops(p, offsetof(struct vswitch_stats, rx_drops), why)
#define TX_DROPS(p, why) drops(p, offsetof(struct vswitch_stats, tx_drops), why)

static void frames_go_out_to_the_byte(void **state)
{
	(void)state;
	for (uint32_t n = 0; n <= MTU; n += 50) {
		start(0, (struct vswitch_port_config){ 0 });
		send(test_eth(bytes, MAC(9), MAC(1), ETH_P_IPV4, n), (struct net_offload){ 0 });
		assert_int_equal(nr_sent, 1);
		assert_int_equal(sent_len, NET_ETH_LEN + n);
		assert_memory_equal(sent, bytes, sent_len);
		if (n + 50 <= MTU)
			teardown(state);
	}
}

static void frames_come_in_and_their_senders_are_learnt(void **state)
{
	uint32_t len;

	(void)state;
	start(0, (struct vswitch_port_config){ 0 });
	len = test_eth(bytes, MAC(1), MAC(9), ETH_P_IPV4, 700);
	nic.on_rx(nic.ctx, bytes, len);
	assert_int_equal(guest.nr, 1);
	assert_int_equal(guest.got->len, len);
	assert_memory_equal(guest.got->bytes, bytes, len);
	/* What comes in does not go out again; to whom it came from it does. */
	assert_int_equal(nr_sent, 0);
	nic.on_rx(nic.ctx, bytes, test_eth(bytes, NET_MAC_BROADCAST, MAC(9), ETH_P_ARP, 28));
	assert_int_equal(nr_sent, 0);
	assert_int_equal(guest.nr, 2);
	send(test_eth(bytes, MAC(9), MAC(1), ETH_P_IPV4, 50), (struct net_offload){ 0 });
	assert_int_equal(nr_sent, 1);
	/* An address of the inside is not the outside's to take. */
	nic.on_rx(nic.ctx, bytes, test_eth(bytes, MAC(5), MAC(1), ETH_P_IPV4, 50));
	send(test_eth(bytes, MAC(1), MAC(1), ETH_P_IPV4, 50), (struct net_offload){ 0 });
	assert_int_equal(nr_sent, 1);
}

static void what_is_no_frame_is_counted_and_dropped(void **state)
{
	(void)state;
	start(0, (struct vswitch_port_config){ 0 });
	nic.on_rx(nic.ctx, bytes, NET_ETH_LEN - 1);
	nic.on_rx(nic.ctx, bytes, 0);
	assert_int_equal(TX_DROPS(&up.port, VSWITCH_DROP_BAD), 2);
	assert_int_equal(guest.nr, 0);
	/* From a group address, or longer than the interface's. */
	nic.on_rx(nic.ctx, bytes, test_eth(bytes, MAC(1), MAC(9) | 1, ETH_P_IPV4, 50));
	assert_int_equal(TX_DROPS(&up.port, VSWITCH_DROP_SPOOF), 1);
	nic.on_rx(nic.ctx, bytes, test_eth(bytes, MAC(1), MAC(9), ETH_P_IPV4, MTU + 1));
	assert_int_equal(TX_DROPS(&up.port, VSWITCH_DROP_MTU), 1);
	assert_int_equal(guest.nr, 0);
}

static void an_interface_without_room_is_a_full_receiver(void **state)
{
	(void)state;
	start(0, (struct vswitch_port_config){ 0 });
	tx_answer = -EAGAIN;
	send(test_eth(bytes, MAC(9), MAC(1), ETH_P_IPV4, 50), (struct net_offload){ 0 });
	assert_int_equal(RX_DROPS(&up.port, VSWITCH_DROP_FULL), 1);
	tx_answer = 0;
	send(test_eth(bytes, MAC(9), MAC(1), ETH_P_IPV4, 50), (struct net_offload){ 0 });
	assert_int_equal(RX_DROPS(&up.port, VSWITCH_DROP_FULL), 1);
	assert_int_equal(nr_sent, 2);
}

static void what_the_guest_left_to_do_is_done_before(void **state)
{
	uint32_t len, payload = 4000;

	(void)state;
	start(0, (struct vswitch_port_config){ 0 });
	len = test_tcp(bytes, MAC(9), MAC(1), false, payload);
	send(len, (struct net_offload){
		.needs_csum = true, .csum_start = NET_ETH_LEN + 20, .csum_offset = 16,
		.gso = NET_GSO_TCP4, .gso_size = 1000, .hdr_len = NET_ETH_LEN + 20 + 32,
	});
	assert_int_equal(nr_sent, 4);
	assert_int_equal(sent_len, NET_ETH_LEN + 20 + 32 + 1000);
	assert_true(test_tcp_right(sent, sent_len));
	/* Too long for it, and nothing says that it may be cut. */
	send(test_eth(bytes, MAC(9), MAC(1), ETH_P_IPV4, MTU + 1), (struct net_offload){ 0 });
	assert_int_equal(nr_sent, 4);
	assert_int_equal(RX_DROPS(&up.port, VSWITCH_DROP_MTU), 1);
}

static void vlans_leave_with_their_tags(void **state)
{
	(void)state;
	start(10, (struct vswitch_port_config){ .vlan = 20 });
	send(test_eth(bytes, MAC(9), MAC(1), ETH_P_IPV4, 50), (struct net_offload){ 0 });
	assert_int_equal(nr_sent, 1);
	assert_int_equal(sent_len, NET_ETH_LEN + NET_TAG_LEN + 50);
	assert_int_equal(net_be16(sent + 12), ETH_P_VLAN);
	assert_int_equal(net_be16(sent + 14), 20);
	/* And come back by them; those without are of the uplink's own. */
	memcpy(bytes, sent, sent_len);
	test_eth(bytes, MAC(1), MAC(9), ETH_P_VLAN, 0);
	nic.on_rx(nic.ctx, bytes, sent_len);
	assert_int_equal(guest.nr, 1);
	assert_int_equal(net_be16(guest.got->bytes + 12), ETH_P_IPV4);
	nic.on_rx(nic.ctx, bytes, test_eth(bytes, MAC(1), MAC(9), ETH_P_IPV4, 50));
	assert_int_equal(guest.nr, 1);
	teardown(state);
	start(10, (struct vswitch_port_config){ .vlan = 10 });
	send(test_eth(bytes, MAC(9), MAC(1), ETH_P_IPV4, 50), (struct net_offload){ 0 });
	assert_int_equal(net_be16(sent + 12), ETH_P_IPV4);
	nic.on_rx(nic.ctx, bytes, test_eth(bytes, MAC(1), MAC(9), ETH_P_IPV4, 50));
	assert_int_equal(guest.nr, 1);
}

static void isolated_guests_still_reach_it(void **state)
{
	(void)state;
	start(0, (struct vswitch_port_config){ .isolated = true });
	send(test_eth(bytes, NET_MAC_BROADCAST, MAC(1), ETH_P_ARP, 28), (struct net_offload){ 0 });
	assert_int_equal(nr_sent, 1);
	nic.on_rx(nic.ctx, bytes, test_eth(bytes, NET_MAC_BROADCAST, MAC(9), ETH_P_ARP, 28));
	assert_int_equal(guest.nr, 1);
}

static void its_cable_is_the_boards(void **state)
{
	(void)state;
	start(0, (struct vswitch_port_config){ 0 });
	assert_int_equal(vswitch_set_link(&sw, up.port.idx, false), -ENOTSUP);
	send(test_eth(bytes, MAC(9), MAC(1), ETH_P_IPV4, 50), (struct net_offload){ 0 });
	assert_int_equal(nr_sent, 1);
}

#define T(fn) cmocka_unit_test_teardown(fn, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(frames_go_out_to_the_byte),
		T(frames_come_in_and_their_senders_are_learnt),
		T(what_is_no_frame_is_counted_and_dropped),
		T(an_interface_without_room_is_a_full_receiver),
		T(what_the_guest_left_to_do_is_done_before),
		T(vlans_leave_with_their_tags),
		T(isolated_guests_still_reach_it),
		T(its_cable_is_the_boards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
