/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-net: frames from guest to guest, what drivers may ask for, and what none should. */
#include "devices/virtio_net.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arch/timer.h>
#include "core/thread.h"
#include "devices/virtio_net_impl.h"
#include "net_ports.h"
#include "tests/host/fake/log.h"
#include "tests/host/fake/virtio_driver.h"

#define PAIRS  4
#define SIZE   128
#define RING(q) (FAKE_RAM_BASE + 0x8000 * (uint64_t)(q))
#define DATA   (FAKE_RAM_BASE + 0x100000)
#define HZ     UINT64_C(1000000)
#define MAC(n) (UINT64_C(0x000000005452) | (uint64_t)(n) << 40)
#define BASE   (NET_F_MAC | NET_F_STATUS | NET_F_CTRL_VQ | NET_F_CTRL_RX | NET_F_CTRL_MAC_ADDR | \
		NET_F_CTRL_RX_EXTRA | NET_F_GUEST_ANNOUNCE)
#define OFFER  (BASE | NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_HOST_TSO4 | NET_F_HOST_TSO6 | \
		NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6 | NET_F_MRG_RXBUF | NET_F_CTRL_GUEST_OFFLOADS)

/* struct virtio_net_hdr */
struct hdr {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

struct guest {
	struct virtio_net net;
	struct virtio_worker worker;
	struct virtq queues[VIRTIO_NET_QUEUES(PAIRS)];
	struct virtq_seg segs[VIRTIO_NET_QUEUES(PAIRS) * VIRTQ_MAX_SIZE];
	struct virtq_seg spare[VIRTIO_NET_SPARE(PAIRS)];
	struct fake_ram ram;
	struct fake_queue q[VIRTIO_NET_QUEUES(PAIRS)];
	uint64_t data;                       /* next free byte of its memory      */
	uint64_t rx_at[VIRTQ_MAX_SIZE];      /* buffers it gave, by id            */
	uint8_t frame[NET_FRAME_MAX];        /* got by take()                     */
	struct hdr hdr;
};

static struct vswitch sw;
static struct guest g[2];
static uint8_t bytes[NET_FRAME_MAX + 64];

/* ---- what the model stands on ---- */

static uint64_t timer_at;

void timer_setup(struct timer *t, void (*fire)(struct timer *t))
{
	t->fire = fire;
}

void timer_start(struct timer *t, uint64_t deadline)
{
	(void)t;
	timer_at = deadline;
}

void timer_cancel(struct timer *t)
{
	(void)t;
	timer_at = 0;
}

void timer_cancel_wait(struct timer *t)
{
	timer_cancel(t);
}

static void wake(struct virtio_worker *w)
{
	(void)w;
}

/* ---- guests ---- */

static void run(struct guest *v)
{
	for (int i = 0; i < 1000; i++) {
		if (!atomic_exchange(&v->worker.work, 0))
			return;
		if (virtio_work(&v->net.dev))
			atomic_fetch_or(&v->worker.work, (uint32_t)BIT(v->net.dev.slot));
	}
	fail_msg("the worker never rests");
}

static void make(uint32_t n, struct vswitch_port_config port)
{
	struct guest *v = &g[n];
	struct virtio_net_config c = {
		.port = port, .name = n ? "b" : "a", .pairs = PAIRS, .spare = v->spare,
	};
	struct virtio_setup s = {
		.vm = c.name, .name = "net0", .ram = &v->ram.ram, .worker = &v->worker,
		.slot = (uint16_t)n, .queues = v->queues, .segs = v->segs,
	};

	memset(v, 0, sizeof(*v));
	v->worker.wake = wake;
	fake_ram_init(&v->ram);
	assert_int_equal(virtio_net_init(&v->net, &c, &sw, &s), 0);
	assert_int_equal(s.nr_queues, VIRTIO_NET_QUEUES(PAIRS));
	virtio_init(&v->net.dev, &s);
	v->net.dev.transport = &fake_transport;
}

/* The driver's part, up to DRIVER_OK; only the queues that it uses. */
static void start(uint32_t n, uint64_t features)
{
	struct guest *v = &g[n];
	uint16_t pairs = features & NET_F_MQ ? PAIRS : 1;

	v->data = DATA;
	assert_true(fake_driver_accept(&v->net.dev, features));
	for (uint16_t i = 0; i < VIRTIO_NET_QUEUES(pairs); i++)
		fake_queue_init(&v->q[i], &v->net.dev, &v->ram, i, SIZE, RING(i + 1));
	fake_driver_ok(&v->net.dev);
	run(v);
}

static uint64_t ring_kind;

static int setup(void **state)
{
	ring_kind = *state ? *(const uint64_t *)*state : 0;
	fake_log_guest_lines = 0;
	timer_at = 0;
	fake_counter = 5 * HZ;
	vswitch_init(&sw, "lan", false, HZ);
	make(0, (struct vswitch_port_config){ .mac = MAC(0), .mtu = 1500 });
	make(1, (struct vswitch_port_config){ .mac = MAC(1), .mtu = 1500 });
	start(0, OFFER | ring_kind);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 2; n++) {
		virtio_reset(&g[n].net.dev);
		virtio_net_fini(&g[n].net);
		fake_ram_fini(&g[n].ram);
	}
	return 0;
}

/* Give a receive queue nr buffers of so many bytes. */
static void give(struct guest *v, uint16_t queue, uint32_t nr, uint32_t size)
{
	for (uint32_t i = 0; i < nr; i++) {
		struct fake_seg seg = { v->data, size, true };
		uint16_t id = fake_queue_add(&v->q[queue], &seg, 1);

		v->rx_at[id] = v->data;
		memset(fake_ram_at(&v->ram, v->data), 0xee, size);
		v->data += size;
	}
}

/* Send what is in bytes, in pieces of so many bytes. */
static void post(struct guest *v, uint16_t queue, struct hdr h, uint32_t len, uint32_t piece)
{
	struct fake_seg seg[64];
	uint64_t at = v->data;
	uint32_t all = (uint32_t)sizeof(h) + len, nr = 0;

	memcpy(fake_ram_at(&v->ram, at), &h, sizeof(h));
	memcpy(fake_ram_at(&v->ram, at + sizeof(h)), bytes, len);
	for (uint32_t done = 0; done < all; done += piece) {
		assert_true(nr < ARRAY_SIZE(seg));
		seg[nr++] = (struct fake_seg){ at + done, MIN(piece, all - done), false };
	}
	v->data += all;
	fake_queue_add(&v->q[queue], seg, nr);
}

static void kick(struct guest *v, uint16_t queue)
{
	virtio_kicked(&v->net.dev, queue);
	run(v);
}

static void send_frame(struct guest *v, struct hdr h, uint32_t len)
{
	uint32_t written;
	uint16_t id;

	post(v, 1, h, len, len > 4096 ? 4096 : 1 << 20);
	kick(v, 1);
	assert_true(fake_queue_used(&v->q[1], &id, &written));
	assert_int_equal(written, 0);
}

/* The next frame that came, put together; its length, 0: none. */
static uint32_t take(struct guest *v, uint16_t queue)
{
	uint32_t n, len = 0, nr = 1;
	uint16_t id;

	for (uint32_t i = 0; i < nr; i++) {
		uint32_t skip = i ? 0 : sizeof(v->hdr);

		if (!fake_queue_used(&v->q[queue], &id, &n)) {
			assert_int_equal(i, 0);
			return 0;
		}
		assert_true(n >= skip);
		if (i == 0) {
			memcpy(&v->hdr, fake_ram_at(&v->ram, v->rx_at[id]), sizeof(v->hdr));
			nr = v->hdr.num_buffers;
			assert_true(nr > 0);
		}
		memcpy(v->frame + len, fake_ram_at(&v->ram, v->rx_at[id] + skip), n - skip);
		len += n - skip;
	}
	return len;
}

static struct vswitch_stats stats(uint32_t n)
{
	struct vswitch_look l;

	assert_true(vswitch_look(&sw, g[n].net.port.idx, &l));
	return l.stats;
}

static uint32_t frame_to(uint64_t dst, uint32_t payload)
{
	return test_eth(bytes, dst, MAC(0), 0x88b5, payload);
}

static const struct hdr tso4 = { 1, 1, 0, 1448, 34, 16, 0 };

/* ---- frames ---- */

static void small_frames_arrive_whole(void **state)
{
	uint32_t n = frame_to(MAC(1), 46);

	(void)state;
	start(1, OFFER | ring_kind);
	give(&g[1], 0, 8, 1536);
	for (uint32_t i = 0; i < 8; i++) {
		bytes[20] = (uint8_t)i;
		send_frame(&g[0], (struct hdr){ 0 }, n);
		assert_int_equal(take(&g[1], 0), n);
		assert_memory_equal(g[1].frame, bytes, n);
		assert_memory_equal(&g[1].hdr, (&(struct hdr){ .num_buffers = 1 }), 12);
	}
	send_frame(&g[0], (struct hdr){ 0 }, n);
	assert_int_equal(take(&g[1], 0), 0);
	assert_int_equal(stats(1).rx_drops[VSWITCH_DROP_FULL], 1);
	assert_int_equal(stats(1).rx_frames, 8);
	/* And on it goes. */
	give(&g[1], 0, 1, 1536);
	send_frame(&g[0], (struct hdr){ 0 }, n);
	assert_int_equal(take(&g[1], 0), n);
}

static void large_segments_are_copied_once_and_never_cut(void **state)
{
	static const uint32_t sizes[] = { 70000, 20000, 4096, 1536 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint32_t n = test_tcp(bytes, MAC(1), MAC(0), false, 65000);

		start(1, OFFER | ring_kind);
		start(0, OFFER | ring_kind);
		give(&g[1], 0, (70000 + sizes[i] - 1) / sizes[i], sizes[i]);
		g[0].ram.nr_reads = g[1].ram.nr_writes = 0;
		send_frame(&g[0], tso4, n);
		assert_int_equal(g[0].ram.nr_reads, 1);
		assert_true(g[1].ram.nr_writes <= 2);
		assert_int_equal(take(&g[1], 0), n);
		assert_memory_equal(g[1].frame, bytes, n);
		assert_int_equal(g[1].hdr.num_buffers, (n + 12 + sizes[i] - 1) / sizes[i]);
		assert_int_equal(g[1].hdr.flags, 1);
		assert_int_equal(g[1].hdr.gso_type, 1);
		assert_int_equal(g[1].hdr.gso_size, 1448);
		assert_int_equal(g[1].hdr.hdr_len, 66);
		assert_int_equal(g[1].hdr.csum_start, 34);
		assert_int_equal(g[1].hdr.csum_offset, 16);
		assert_int_equal(stats(1).cut, 0);
	}
}

static void receivers_without_offloads_get_what_they_understand(void **state)
{
	uint32_t n = test_tcp(bytes, MAC(1), MAC(0), false, 4000), done = 0, len;

	(void)state;
	start(1, BASE | ring_kind);
	give(&g[1], 0, 8, 1600);
	send_frame(&g[0], tso4, n);
	while ((len = take(&g[1], 0)) != 0) {
		assert_true(test_tcp_right(g[1].frame, len));
		assert_memory_equal(&g[1].hdr, (&(struct hdr){ .num_buffers = 1 }), 12);
		assert_memory_equal(g[1].frame + 66, bytes + 66 + done, len - 66);
		done += len - 66;
	}
	assert_int_equal(done, 4000);
	assert_int_equal(stats(1).cut, 1);
	/* Likewise a checksum alone. */
	n = test_tcp(bytes, MAC(1), MAC(0), true, 700);
	send_frame(&g[0], (struct hdr){ 1, 0, 0, 0, 54, 16, 0 }, n);
	assert_int_equal(take(&g[1], 0), n);
	assert_true(test_tcp_right(g[1].frame, n));
}

static void too_few_buffers_are_all_given_back(void **state)
{
	uint32_t n = test_tcp(bytes, MAC(1), MAC(0), false, 10000);

	(void)state;
	start(1, OFFER | ring_kind);
	give(&g[1], 0, 4, 2048);
	send_frame(&g[0], tso4, n);
	assert_int_equal(take(&g[1], 0), 0);
	assert_int_equal(stats(1).rx_drops[VSWITCH_DROP_FULL], 1);
	give(&g[1], 0, 1, 2048);
	send_frame(&g[0], tso4, n);
	assert_int_equal(take(&g[1], 0), n);
	assert_memory_equal(g[1].frame, bytes, n);
	/* More than a frame may be spread over. */
	start(1, OFFER | ring_kind);
	give(&g[1], 0, SIZE, 100);
	send_frame(&g[0], tso4, n);
	assert_int_equal(take(&g[1], 0), 0);
	assert_int_equal(stats(1).rx_drops[VSWITCH_DROP_FULL], 2);
	n = frame_to(MAC(1), 1000);
	send_frame(&g[0], (struct hdr){ 0 }, n);
	assert_int_equal(take(&g[1], 0), n);
	assert_int_equal(g[1].hdr.num_buffers, 11);
}

static void small_buffers_are_no_room_without_merging(void **state)
{
	uint32_t n = frame_to(MAC(1), 500);

	(void)state;
	start(1, (OFFER & ~NET_F_MRG_RXBUF) | ring_kind);
	give(&g[1], 0, 1, 512);
	send_frame(&g[0], (struct hdr){ 0 }, n);
	assert_int_equal(take(&g[1], 0), 0);
	n = frame_to(MAC(1), 100);
	send_frame(&g[0], (struct hdr){ 0 }, n);
	assert_int_equal(take(&g[1], 0), n);
	/* Not even for the header. */
	give(&g[1], 0, 1, 11);
	send_frame(&g[0], (struct hdr){ 0 }, n);
	assert_int_equal(take(&g[1], 0), 0);
	assert_int_equal(atomic_load(&g[1].net.dev.status) & VIRTIO_S_NEEDS_RESET, 0);
}

static void nothing_is_sent_to_who_is_not_ready(void **state)
{
	uint32_t n = frame_to(MAC(1), 50);

	(void)state;
	send_frame(&g[0], (struct hdr){ 0 }, n);
	start(1, OFFER | ring_kind);
	give(&g[1], 0, 2, 1536);
	send_frame(&g[0], (struct hdr){ 0 }, n);
	virtio_set_status(&g[1].net.dev, 0);
	send_frame(&g[0], (struct hdr){ 0 }, n);
	assert_int_equal(stats(1).rx_drops[VSWITCH_DROP_FULL], 2);
	assert_int_equal(stats(1).rx_frames, 1);
}

/* ---- what no driver should do ---- */

static void lies_in_the_header_cost_the_frame(void **state)
{
	static const struct hdr lies[] = {
		{ 1, 1, 0, 0, 34, 16, 0 },           /* no size                         */
		{ 0, 1, 0, 1448, 34, 16, 0 },        /* segments, but no checksum       */
		{ 1, 2, 0, 1448, 34, 16, 0 },        /* no such kind                    */
		{ 1, 3, 0, 1448, 34, 16, 0 },        /* UDP, which was not agreed       */
		{ 1, 0x81, 0, 1448, 34, 16, 0 },     /* ECN, which was not agreed       */
		{ 1, 4, 0, 1448, 34, 16, 0 },        /* IPv6, which it is not           */
		{ 1, 0, 0, 0, 0xffff, 0xffff, 0 },
		{ 1, 1, 0, 1448, 0xffff, 16, 0 },
		{ 1, 0, 0, 0, 5000, 16, 0 },
	};
	uint32_t n = test_tcp(bytes, MAC(1), MAC(0), false, 3000);

	(void)state;
	start(1, OFFER | ring_kind);
	give(&g[1], 0, 8, 4096);
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++)
		send_frame(&g[0], lies[i], n);
	assert_int_equal(stats(0).tx_drops[VSWITCH_DROP_BAD], ARRAY_SIZE(lies));
	assert_int_equal(take(&g[1], 0), 0);
	/* hdr_len and what it said of buffers are of no account. */
	send_frame(&g[0], (struct hdr){ 1, 1, 0xffff, 1448, 34, 16, 0xffff }, n);
	assert_int_equal(take(&g[1], 0), n);
	assert_int_equal(g[1].hdr.hdr_len, 66);
	assert_int_equal(g[1].hdr.num_buffers, 1);
}

static void frames_too_short_or_too_long_are_refused(void **state)
{
	struct fake_seg half = { DATA, 5, false }, big[2] = {
		{ DATA, 0x8000, false }, { DATA, 0x8020, false },
	}, none = { DATA, 100, true };
	uint32_t written;
	uint16_t id;

	(void)state;
	start(1, OFFER | ring_kind);
	give(&g[1], 0, 8, 4096);
	fake_queue_add(&g[0].q[1], &half, 1);
	fake_queue_add(&g[0].q[1], big, 2);
	fake_queue_add(&g[0].q[1], &none, 1);
	frame_to(MAC(1), 0);
	post(&g[0], 1, (struct hdr){ 0 }, 13, 100);
	kick(&g[0], 1);
	assert_int_equal(stats(0).tx_drops[VSWITCH_DROP_BAD], 4);
	for (int i = 0; i < 4; i++) {
		assert_true(fake_queue_used(&g[0].q[1], &id, &written));
		assert_int_equal(written, 0);
	}
	frame_to(MAC(1), 0);
	send_frame(&g[0], (struct hdr){ 0 }, 14);
	assert_int_equal(take(&g[1], 0), 14);
}

static void buffers_that_are_not_memory_come_back_empty(void **state)
{
	struct fake_seg seg[2] = { { FAKE_RAM_BASE - 0x1000, 0x1000, true } };
	uint32_t n = frame_to(MAC(1), 1000), len;
	uint16_t id;

	(void)state;
	start(1, OFFER | ring_kind);
	/* Whole frames, and frames over several of which one is bad. */
	fake_queue_add(&g[1].q[0], seg, 1);
	send_frame(&g[0], (struct hdr){ 0 }, n);
	assert_true(fake_queue_used(&g[1].q[0], &id, &len));
	assert_int_equal(len, 0);
	give(&g[1], 0, 1, 512);
	fake_queue_add(&g[1].q[0], seg, 1);
	send_frame(&g[0], (struct hdr){ 0 }, n);
	for (int i = 0; i < 2; i++) {
		assert_true(fake_queue_used(&g[1].q[0], &id, &len));
		assert_int_equal(len, 0);
	}
	/* A sender whose frame's rest is not there. */
	give(&g[1], 0, 1, 4096);
	memcpy(fake_ram_at(&g[0].ram, g[0].data), &(struct hdr){ 0 }, 12);
	memcpy(fake_ram_at(&g[0].ram, g[0].data + 12), bytes, 200);
	seg[0] = (struct fake_seg){ g[0].data, 212, false };
	seg[1] = (struct fake_seg){ FAKE_RAM_BASE - 0x1000, 500, false };
	fake_queue_add(&g[0].q[1], seg, 2);
	kick(&g[0], 1);
	assert_true(fake_queue_used(&g[1].q[0], &id, &len));
	assert_int_equal(len, 0);
	assert_int_equal(atomic_load(&g[0].net.dev.status) & VIRTIO_S_NEEDS_RESET, 0);
	assert_int_equal(atomic_load(&g[1].net.dev.status) & VIRTIO_S_NEEDS_RESET, 0);
}

static void broken_receive_rings_hurt_only_their_owner(void **state)
{
	uint32_t n = frame_to(MAC(1), 1000);

	(void)state;
	start(1, OFFER | ring_kind);
	give(&g[1], 0, 1, 512);
	/* Memory to read where there should be some to write is no room. */
	fake_queue_add(&g[1].q[0], &(struct fake_seg){ DATA, 512, false }, 1);
	send_frame(&g[0], (struct hdr){ 0 }, n);
	fake_ram_take(&g[1].ram, RING(1), 0x1000);
	assert_true(atomic_load(&g[1].net.dev.status) & VIRTIO_S_NEEDS_RESET);
	send_frame(&g[0], (struct hdr){ 0 }, n);
	assert_int_equal(atomic_load(&g[0].net.dev.status) & VIRTIO_S_NEEDS_RESET, 0);
	assert_int_equal(fake_log_guest_lines, 1);
}

static void features_stand_on_others(void **state)
{
	static const uint64_t wrong[] = {
		NET_F_GUEST_TSO4, NET_F_HOST_TSO6, NET_F_MQ, NET_F_CTRL_RX,
		NET_F_CSUM | NET_F_HOST_ECN, NET_F_GUEST_ANNOUNCE,
		BIT(10),                             /* UFO is not offered */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(fake_driver_accept(&g[1].net.dev, wrong[i]));
	assert_true(fake_driver_accept(&g[1].net.dev, OFFER | NET_F_MQ | NET_F_MTU));
}

/* ---- the control queue ---- */

static int command(struct guest *v, uint8_t class, uint8_t cmd, const void *data, uint32_t size)
{
	uint64_t at = v->data;
	struct fake_seg seg[3] = {
		{ at, 2, false }, { at + 2, size, false }, { at + 2 + size, 1, true },
	};
	uint16_t ctrl = virtio_has(&v->net.dev, NET_F_MQ) ? 2 * PAIRS : 2, id;
	uint8_t *p = fake_ram_at(&v->ram, at);
	uint32_t len;

	v->data += 2 + size + 1;
	p[0] = class;
	p[1] = cmd;
	if (size)
		memcpy(p + 2, data, size);
	p[2 + size] = 0xaa;
	if (!size)
		seg[1] = seg[2];
	fake_queue_add(&v->q[ctrl], seg, size ? 3 : 2);
	kick(v, ctrl);
	assert_true(fake_queue_used(&v->q[ctrl], &id, &len));
	assert_int_equal(len, 1);
	return p[2 + size];
}

static bool gets(struct guest *v, uint64_t dst)
{
	send_frame(&g[0], (struct hdr){ 0 }, frame_to(dst, 50));
	return take(v, 0) != 0;
}

static void modes_of_reception(void **state)
{
	const uint64_t multi = UINT64_C(0x0100005e0001), other = MAC(9);
	const uint8_t on = 1, off = 0, bad = 2;
	struct guest *v = &g[1];

	(void)state;
	start(1, OFFER | ring_kind);
	give(v, 0, 32, 512);
	assert_true(gets(v, other) && gets(v, multi) && gets(v, NET_MAC_BROADCAST));
	assert_int_equal(command(v, 0, 0, &off, 1), 0);
	assert_false(gets(v, other) || gets(v, multi));
	assert_true(gets(v, NET_MAC_BROADCAST) && gets(v, MAC(1)));
	assert_int_equal(command(v, 0, 1, &on, 1), 0);
	assert_true(gets(v, multi));
	assert_int_equal(command(v, 0, 3, &on, 1), 0);
	assert_false(gets(v, multi));
	assert_int_equal(command(v, 0, 2, &on, 1), 0);
	assert_true(gets(v, other));
	assert_int_equal(command(v, 0, 5, &on, 1), 0);
	assert_false(gets(v, NET_MAC_BROADCAST));
	assert_int_equal(command(v, 0, 4, &on, 1), 0);
	assert_false(gets(v, MAC(1)));
	/* What is filtered is nobody's loss. */
	assert_int_equal(stats(1).rx_drops[VSWITCH_DROP_FULL], 0);
	assert_int_equal(command(v, 0, 6, &on, 1), 1);
	assert_int_equal(command(v, 0, 0, &bad, 1), 1);
	assert_int_equal(command(v, 0, 0, "\1\1", 2), 1);
	assert_int_equal(command(v, 0, 0, NULL, 0), 1);
	assert_int_equal(command(v, 9, 0, &on, 1), 1);
}

static uint32_t table(uint8_t *to, uint32_t uni, uint32_t multi)
{
	uint8_t *p = to;

	memcpy(p, &uni, 4);
	p += 4;
	for (uint32_t i = 0; i < uni; i++, p += 6)
		memcpy(p, &(uint64_t){ MAC(50 + i) }, 6);
	memcpy(p, &multi, 4);
	p += 4;
	for (uint32_t i = 0; i < multi; i++, p += 6)
		memcpy(p, &(uint64_t){ 1 | MAC(50 + i) }, 6);
	return (uint32_t)(p - to);
}

static void tables_of_addresses(void **state)
{
	struct guest *v = &g[1];
	const uint8_t off = 0;
	uint8_t t[800];
	uint32_t n;

	(void)state;
	start(1, OFFER | ring_kind);
	give(v, 0, 32, 512);
	command(v, 0, 0, &off, 1);
	n = table(t, 2, 3);
	assert_int_equal(command(v, 1, 0, t, n), 0);
	assert_true(gets(v, MAC(51)) && gets(v, 1 | MAC(52)));
	assert_false(gets(v, MAC(52)) || gets(v, 1 | MAC(53)));
	/* More than there is room for: all, until there are fewer. */
	assert_int_equal(command(v, 1, 0, t, table(t, VIRTIO_NET_UNICAST + 1, 1)), 0);
	assert_true(gets(v, MAC(99)));
	assert_false(gets(v, 1 | MAC(51)));
	assert_int_equal(command(v, 1, 0, t, table(t, 0, VIRTIO_NET_MULTICAST + 1)), 0);
	assert_true(gets(v, 1 | MAC(99)));
	assert_false(gets(v, MAC(51)));
	/* Lengths that lie change nothing. */
	n = table(t, 1, 1);
	assert_int_equal(command(v, 1, 0, t, n - 1), 1);
	assert_int_equal(command(v, 1, 0, t, n + 1), 1);
	assert_int_equal(command(v, 1, 0, t, 3), 1);
	memset(t, 0xff, 4);
	assert_int_equal(command(v, 1, 0, t, n), 1);
	assert_false(gets(v, MAC(50)));
}

static void addresses_are_changed_where_that_is_allowed(void **state)
{
	const uint64_t mine = MAC(77), group = MAC(77) | 1;
	struct guest *v = &g[1];
	const uint8_t off = 0;
	uint8_t config[6];

	(void)state;
	start(1, OFFER | ring_kind);
	give(v, 0, 32, 512);
	command(v, 0, 0, &off, 1);
	assert_int_equal(command(v, 1, 1, &mine, 6), 0);
	assert_true(gets(v, MAC(77)));
	assert_false(gets(v, MAC(1)));
	virtio_config_read(&v->net.dev, 0, config, 6);
	assert_memory_equal(config, &mine, 6);
	assert_int_equal(command(v, 1, 1, &group, 6), 1);
	assert_int_equal(command(v, 1, 1, &mine, 5), 1);
	v->net.port.cfg.check_mac = true;
	assert_int_equal(command(v, 1, 1, &(uint64_t){ MAC(78) }, 6), 1);
	/* A reset forgets it. */
	start(1, OFFER | ring_kind);
	virtio_config_read(&v->net.dev, 0, config, 6);
	assert_memory_equal(config, &(uint64_t){ MAC(1) }, 6);
}

static void pairs_of_queues_share_the_flows(void **state)
{
	struct guest *v = &g[1];
	uint32_t seen = 0, n;

	(void)state;
	start(1, OFFER | NET_F_MQ | ring_kind);
	for (uint16_t i = 0; i < PAIRS; i++)
		give(v, 2 * i, 1, 2048);
	assert_int_equal(command(v, 4, 0, &(uint16_t){ 0 }, 2), 1);
	assert_int_equal(command(v, 4, 0, &(uint16_t){ PAIRS + 1 }, 2), 1);
	assert_int_equal(command(v, 4, 0, &(uint16_t){ PAIRS }, 2), 0);
	for (uint32_t i = 0; i < 200; i++) {
		n = test_tcp(bytes, MAC(1), MAC(0), false, 10);
		net_put_be16(bytes + 34, 1000 + i);
		send_frame(&g[0], (struct hdr){ 0 }, n);
	}
	for (uint16_t i = 0; i < PAIRS; i++)
		seen += take(v, 2 * i) == n;
	assert_int_equal(seen, PAIRS);
	assert_int_equal(command(v, 4, 0, &(uint16_t){ 1 }, 2), 0);
	give(v, 0, 8, 2048);
	for (uint32_t i = 0; i < 8; i++) {
		net_put_be16(bytes + 34, 1000 + i);
		send_frame(&g[0], (struct hdr){ 0 }, n);
		assert_int_equal(take(v, 0), n);
	}
}

static void offloads_are_turned_off_and_on(void **state)
{
	uint32_t n = test_tcp(bytes, MAC(1), MAC(0), false, 4000);
	struct guest *v = &g[1];
	uint64_t csum = NET_F_GUEST_CSUM, tso = csum | NET_F_GUEST_TSO4;

	(void)state;
	start(1, OFFER | ring_kind);
	give(v, 0, 8, 8192);
	assert_int_equal(command(v, 5, 0, &csum, 8), 0);
	send_frame(&g[0], tso4, n);
	assert_int_equal(take(v, 0), 66 + 1448);
	assert_int_equal(v->hdr.flags, 1);
	assert_int_equal(take(v, 0), 66 + 1448);
	assert_int_equal(take(v, 0), 66 + 4000 - 2 * 1448);
	assert_int_equal(command(v, 5, 0, &tso, 8), 0);
	send_frame(&g[0], tso4, n);
	assert_int_equal(take(v, 0), n);
	assert_int_equal(command(v, 5, 0, &(uint64_t){ BIT(40) }, 8), 1);
}

/* ---- link and rate ---- */

static void the_link_goes_down_and_comes_back(void **state)
{
	struct guest *v = &g[1];
	uint16_t status;

	(void)state;
	start(1, OFFER | ring_kind);
	give(v, 0, 8, 512);
	fake_config_irqs = 0;
	assert_int_equal(vswitch_set_link(&sw, v->net.port.idx, false), 0);
	assert_int_equal(vswitch_set_link(&sw, 9, false), -ENOENT);
	assert_int_equal(fake_config_irqs, 1);
	virtio_config_read(&v->net.dev, 6, &status, 2);
	assert_int_equal(status, 0);
	assert_false(gets(v, MAC(1)));
	vswitch_set_link(&sw, v->net.port.idx, false);
	assert_int_equal(fake_config_irqs, 1);
	vswitch_set_link(&sw, v->net.port.idx, true);
	virtio_config_read(&v->net.dev, 6, &status, 2);
	assert_int_equal(status, 3);
	assert_int_equal(command(v, 3, 1, NULL, 0), 1);
	assert_int_equal(command(v, 3, 0, NULL, 0), 0);
	virtio_config_read(&v->net.dev, 6, &status, 2);
	assert_int_equal(status, 1);
	assert_true(gets(v, MAC(1)));
}

static void the_configuration_space_tells_the_limits(void **state)
{
	uint8_t c[12];

	(void)state;
	virtio_config_read(&g[1].net.dev, 0, c, 12);
	assert_memory_equal(c, "\x52\x54\0\0\0\x01\x01\0\x04\0\xdc\x05", 12);
}

static void over_its_rate_a_sender_waits(void **state)
{
	uint32_t n = frame_to(MAC(1), 50), arrived = 0, rounds = 0;

	(void)state;
	virtio_reset(&g[0].net.dev);
	virtio_net_fini(&g[0].net);
	fake_ram_fini(&g[0].ram);
	make(0, (struct vswitch_port_config){ .mac = MAC(0), .rate_bytes = 6400,
					      .burst_bytes = 64 });
	start(0, OFFER | ring_kind);
	start(1, OFFER | ring_kind);
	give(&g[1], 0, 20, 512);
	for (int i = 0; i < 20; i++)
		post(&g[0], 1, (struct hdr){ 0 }, n, 100);
	kick(&g[0], 1);
	while (timer_at) {
		assert_true(timer_at > fake_counter);
		fake_counter = timer_at;
		timer_at = 0;
		g[0].net.timer.fire(&g[0].net.timer);
		run(&g[0]);
		rounds++;
	}
	while (take(&g[1], 0))
		arrived++;
	assert_int_equal(arrived, 20);
	assert_true(rounds >= 18);
	/* A hundred a second. */
	assert_in_range(fake_counter - 5 * HZ, 18 * HZ / 100, 20 * HZ / 100);
}

static void rings_are_as_small_as_the_configuration_says(void **state)
{
	struct virtio_net_config c = {
		.port.mac = MAC(5), .name = "c", .pairs = 1, .queue_size = 16,
		.spare = g[1].spare,
	};
	static struct virtio_net net;
	static struct virtq queues[3];
	static struct virtq_seg segs[3 * VIRTQ_MAX_SIZE];
	struct virtio_setup s = {
		.vm = "c", .name = "net0", .ram = &g[1].ram.ram, .worker = &g[1].worker,
		.queues = queues, .segs = segs,
	};

	(void)state;
	assert_int_equal(virtio_net_init(&net, &c, &sw, &s), 0);
	virtio_init(&net.dev, &s);
	assert_true(fake_driver_accept(&net.dev, BASE));
	for (int i = 0; i < 3; i++)
		assert_int_equal(queues[i].max_size, 16);
	assert_int_equal(virtio_offered(&net.dev) & (NET_F_MQ | NET_F_MTU), 0);
	virtio_net_fini(&net);
	net.port.cfg.mac = MAC(1);
	c.port.mac = MAC(1);
	assert_int_equal(virtio_net_init(&net, &c, &sw, &s), -EEXIST);
}

int main(void)
{
	static uint64_t split, packed = VIRTIO_F_RING_PACKED,
		split_event = VIRTIO_F_EVENT_IDX,
		packed_event = VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX;
#define KIND(t, k) { #t " " #k, t, setup, teardown, &k }
#define BOTH(t) KIND(t, split), KIND(t, packed)
#define ALL4(t) BOTH(t), KIND(t, split_event), KIND(t, packed_event)
#define ONE(t) KIND(t, split)
	const struct CMUnitTest tests[] = {
		ALL4(small_frames_arrive_whole),
		ALL4(large_segments_are_copied_once_and_never_cut),
		BOTH(receivers_without_offloads_get_what_they_understand),
		ALL4(too_few_buffers_are_all_given_back),
		BOTH(small_buffers_are_no_room_without_merging),
		BOTH(nothing_is_sent_to_who_is_not_ready),
		ONE(lies_in_the_header_cost_the_frame),
		BOTH(frames_too_short_or_too_long_are_refused),
		BOTH(buffers_that_are_not_memory_come_back_empty),
		BOTH(broken_receive_rings_hurt_only_their_owner),
		ONE(features_stand_on_others),
		BOTH(modes_of_reception),
		ONE(tables_of_addresses),
		ONE(addresses_are_changed_where_that_is_allowed),
		BOTH(pairs_of_queues_share_the_flows),
		ONE(offloads_are_turned_off_and_on),
		ONE(the_link_goes_down_and_comes_back),
		ONE(the_configuration_space_tells_the_limits),
		BOTH(over_its_rate_a_sender_waits),
		ONE(rings_are_as_small_as_the_configuration_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
