/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-vsock: two guests, one of which may be hostile, and Corbel. */
#include "devices/virtio_vsock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/host/fake/log.h"
#include "tests/host/fake/virtio_driver.h"
#include "tests/host/vsock_wire.h"

#define NR   3
#define RING(n) (FAKE_RAM_BASE + 0x10000 + (n) * 0x20000u)
#define DATA (FAKE_RAM_BASE + 0x100000)
#define IN   (FAKE_RAM_BASE + 0x140000)
#define SIZE 64

enum { RX, TX };
enum { REQUEST = 1, RESPONSE, RST, SHUTDOWN, RW, CREDIT, CREDIT_ASK };

static struct guest {
	struct virtio_vsock v;
	struct virtq queues[VSOCK_QUEUES];
	struct virtq_seg segs[VSOCK_QUEUES * VIRTQ_MAX_SIZE];
	struct fake_ram ram;
	struct fake_queue f[2];
} g[NR];
static struct vsock_hub hub;
static int nr_conns;
static unsigned int nr_calls;

static void *conn_alloc(size_t size)
{
	nr_conns++;
	return calloc(1, size);
}

static void conn_free(void *p)
{
	nr_conns--;
	free(p);
}

static void call(void *ctx, uint64_t *x)
{
	assert_ptr_equal(ctx, &g[0]);
	nr_calls++;
	x[0] = x[0] + 1;
	x[7] = 0x77;
}

/* Three VMs with CIDs 10, 11, 12. The first may connect to the second, and call. */
static void run(void)
{
	for (int i = 0; i < 1000; i++) {
		uint32_t bits = atomic_exchange(&fake_worker.work, 0);

		if (!bits)
			return;
		for (int n = 0; n < NR; n++)
			if ((bits & BIT(n)) && virtio_work(&g[n].v.dev))
				atomic_fetch_or(&fake_worker.work, (uint32_t)BIT(n));
	}
	fail_msg("the worker never rests");
}

static void guest_start(int n)
{
	assert_true(fake_driver_accept(&g[n].v.dev, VIRTIO_VSOCK_F_STREAM));
	for (uint16_t i = 0; i < 2; i++)
		fake_queue_init(&g[n].f[i], &g[n].v.dev, &g[n].ram, i, SIZE, RING(i));
	fake_driver_ok(&g[n].v.dev);
	run();
}

static int setup(void **state)
{
	(void)state;
	vsock_hub_init(&hub, conn_alloc, conn_free);
	atomic_store(&fake_worker.work, 0);
	nr_calls = fake_log_guest_lines = 0;
	nr_conns = 0;
	memset(g, 0, sizeof(g));
	for (int n = 0; n < NR; n++) {
		const struct virtio_setup s = {
			.model = &virtio_vsock_model, .vm = "test", .name = "vsock0",
			.ram = &g[n].ram.ram, .worker = &fake_worker, .slot = (uint16_t)n,
			.nr_queues = VSOCK_QUEUES, .queues = g[n].queues, .segs = g[n].segs,
			.features = VIRTIO_VSOCK_F_STREAM,
		};

		fake_ram_init(&g[n].ram);
		virtio_init(&g[n].v.dev, &s);
		g[n].v.hub = &hub;
		g[n].v.cid = 10u + (unsigned int)n;
		g[n].v.vm = (uint32_t)n;
		assert_int_equal(virtio_vsock_attach(&g[n].v), 0);
		guest_start(n);
	}
	g[0].v.peers = BIT(1);
	g[0].v.call = call;
	g[0].v.call_ctx = &g[0];
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int n = 0; n < NR; n++) {
		virtio_reset(&g[n].v.dev);
		virtio_vsock_detach(&g[n].v);
		fake_ram_fini(&g[n].ram);
	}
	assert_int_equal(nr_conns, 0);
	assert_true(list_empty(&hub.devs));
	return 0;
}

/* Sends what h says with len bytes of payload; its own CID unless it says another. */
static void send_raw(int n, const struct vsock_wire *h, const void *payload, uint32_t len)
{
	const struct fake_seg seg[] = { { DATA, 44, false }, { DATA + 0x1000, len, false } };
	uint32_t used;
	uint16_t id;

	memcpy(fake_ram_at(&g[n].ram, DATA), h, 44);
	if (len)
		memcpy(fake_ram_at(&g[n].ram, DATA + 0x1000), payload, len);
	fake_queue_add(&g[n].f[TX], seg, len ? 2 : 1);
	virtio_kicked(&g[n].v.dev, TX);
	run();
	assert_true(fake_queue_used(&g[n].f[TX], &id, &used));
}

static struct vsock_wire packet(int n, uint64_t to, uint32_t from_port, uint32_t port, uint16_t op)
{
	return (struct vsock_wire){
		.src_cid = 10u + (unsigned int)n, .dst_cid = to, .src_port = from_port,
		.dst_port = port, .type = 1, .op = op, .buf_alloc = 0x10000,
	};
}

static void send_op(int n, uint64_t to, uint32_t from_port, uint32_t port, uint16_t op)
{
	const struct vsock_wire h = packet(n, to, from_port, port, op);

	send_raw(n, &h, NULL, 0);
}

static void send_data(int n, uint64_t to, uint32_t from_port, uint32_t port, const void *p,
		      uint32_t len)
{
	struct vsock_wire h = packet(n, to, from_port, port, RW);

	h.len = len;
	send_raw(n, &h, p, len);
}

/* The next packet for a guest, in a buffer of room bytes; false: there is none. */
static bool get(int n, struct vsock_wire *h, void *p, uint32_t room)
{
	const struct fake_seg seg = { IN, 44 + room, true };
	uint32_t len;
	uint16_t id;

	fake_queue_add(&g[n].f[RX], &seg, 1);
	virtio_kicked(&g[n].v.dev, RX);
	run();
	if (!fake_queue_used(&g[n].f[RX], &id, &len)) {
		/* The buffer stays for what comes later. */
		return false;
	}
	assert_true(len >= 44);
	memcpy(h, fake_ram_at(&g[n].ram, IN), 44);
	assert_int_equal(len, 44 + h->len);
	assert_int_equal(h->dst_cid, 10 + n);
	assert_int_equal(h->type, 1);
	if (p)
		memcpy(p, fake_ram_at(&g[n].ram, IN + 44), h->len);
	return true;
}

static void expect(int n, uint16_t op)
{
	struct vsock_wire h;

	assert_true(get(n, &h, NULL, 0x1000));
	assert_int_equal(h.op, op);
}

static void expect_nothing(int n)
{
	assert_int_equal(g[n].v.nr_strays, 0);
	assert_true(list_empty(&g[n].v.pending));
}

static void connected(uint32_t port)
{
	send_op(0, 11, port, 80, REQUEST);
	expect(1, REQUEST);
	send_op(1, 10, 80, port, RESPONSE);
	expect(0, RESPONSE);
}

static void bytes_go_both_ways(void **state)
{
	struct vsock_wire h;
	char buf[16];

	(void)state;
	connected(1000);
	send_data(0, 11, 1000, 80, "hello", 5);
	assert_true(get(1, &h, buf, 16));
	assert_int_equal(h.op, RW);
	assert_int_equal(h.src_cid, 10);
	assert_int_equal(h.src_port, 1000);
	assert_int_equal(h.dst_port, 80);
	assert_int_equal(h.len, 5);
	assert_int_equal(h.buf_alloc, VSOCK_BUF);
	assert_memory_equal(buf, "hello", 5);
	send_data(1, 10, 80, 1000, "world!", 6);
	assert_true(get(0, &h, buf, 4));
	assert_int_equal(h.len, 4);
	assert_int_equal(h.fwd_cnt, 5);
	assert_memory_equal(buf, "worl", 4);
	assert_true(get(0, &h, buf, 4));
	assert_memory_equal(buf, "d!", 2);
	send_op(0, 11, 1000, 80, RST);
	expect(1, RST);
	assert_int_equal(nr_conns, 0);
}

/* Around the ring many times, in odd pieces, with the receiver's credit as the only limit. */
static void a_stream_keeps_its_order(void **state)
{
	static uint8_t out[5000], in[5000];
	uint32_t sent = 0, got = 0, told = 0;
	struct vsock_wire h;

	(void)state;
	connected(1);
	while (got < 100000) {
		uint32_t n = 1 + (sent * 7) % 4999;

		n = MIN(n, (uint32_t)VSOCK_BUF - (sent - told));
		for (uint32_t i = 0; i < n; i++)
			out[i] = (uint8_t)((sent + i) % 251);
		if (n)
			send_data(0, 11, 1, 80, out, n);
		sent += n;
		assert_true(get(1, &h, in, 4000));
		assert_int_equal(h.op, RW);
		for (uint32_t i = 0; i < h.len; i++)
			assert_int_equal(in[i], (got + i) % 251);
		got += h.len;
		h = packet(1, 10, 80, 1, CREDIT);
		h.fwd_cnt = got;
		send_raw(1, &h, NULL, 0);
		while (!list_empty(&g[0].v.pending)) {
			assert_true(get(0, &h, NULL, 0));
			assert_int_equal(h.op, CREDIT);
			told = h.fwd_cnt;
		}
	}
}

static void a_sender_without_credit_is_cut_off(void **state)
{
	static const uint8_t zeroes[VSOCK_BUF + 1];

	(void)state;
	connected(5);
	send_data(0, 11, 5, 80, zeroes, VSOCK_BUF);
	expect_nothing(0);
	send_data(0, 11, 5, 80, zeroes, 1);
	expect(0, RST);
	assert_int_equal(g[0].v.nr_open, 0);
}

/* It keeps what it gets, but says it has no room: then nothing more is sent to it. */
static void a_receiver_without_room_is_left_alone(void **state)
{
	struct vsock_wire h = packet(1, 10, 80, 6, CREDIT);
	char buf[16];

	(void)state;
	connected(6);
	h.buf_alloc = 3;
	send_raw(1, &h, NULL, 0);
	send_data(0, 11, 6, 80, "hello", 5);
	assert_true(get(1, &h, buf, 16));
	assert_int_equal(h.len, 3);
	expect_nothing(1);
	/* It has read more than it ever got: that is no credit either. */
	h = packet(1, 10, 80, 6, CREDIT);
	h.buf_alloc = 1;
	h.fwd_cnt = 1000;
	send_raw(1, &h, NULL, 0);
	expect_nothing(1);
	h.buf_alloc = 100;
	h.fwd_cnt = 3;
	send_raw(1, &h, NULL, 0);
	assert_true(get(1, &h, buf, 16));
	assert_int_equal(h.len, 2);
}

static void the_end_comes_after_the_data(void **state)
{
	struct vsock_wire h;

	(void)state;
	connected(7);
	send_data(0, 11, 7, 80, "bye", 3);
	h = packet(0, 11, 7, 80, SHUTDOWN);
	h.flags = 3;
	send_raw(0, &h, NULL, 0);
	expect(1, RW);
	assert_true(get(1, &h, NULL, 0));
	assert_int_equal(h.op, SHUTDOWN);
	assert_int_equal(h.flags, 3);
	send_data(0, 11, 7, 80, "more", 4);
	expect(0, RST);
	expect(1, RST);
	assert_int_equal(nr_conns, 0);
}

static void who_may_not_is_refused(void **state)
{
	static const uint64_t wrong[] = { 12, 10, 2, 0, 1, UINT32_MAX, UINT64_MAX };
	struct vsock_wire h;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		send_op(0, wrong[i], 9, 80, REQUEST);
		assert_true(get(0, &h, NULL, 0));
		assert_int_equal(h.op, RST);
		assert_true(h.src_cid == wrong[i]);
		assert_int_equal(h.src_port, 80);
		assert_int_equal(h.dst_port, 9);
	}
	/* The right has a direction. */
	send_op(1, 10, 9, 80, REQUEST);
	expect(1, RST);
	send_op(1, 2, 9, VSOCK_PORT_CALLS, REQUEST);
	expect(1, RST);
	assert_int_equal(nr_conns, 0);
	expect_nothing(0);
	expect_nothing(2);
}

static void nonsense_belongs_to_nothing(void **state)
{
	struct vsock_wire h = packet(0, 11, 1, 2, RW);
	const struct fake_seg shrt = { DATA, 43, false }, outside = { 0x1000, 44, false };
	const struct fake_seg *seg[] = { &shrt, &outside };
	uint32_t len;
	uint16_t id;

	(void)state;
	for (uint16_t op = 0; op < 20; op++) {
		if (op == REQUEST)
			continue;
		send_op(0, 11, 1, 2, op);
		if (op != RST)
			expect(0, RST);
	}
	h.src_cid = 11;
	send_raw(0, &h, NULL, 0);
	expect_nothing(0);
	expect_nothing(1);
	h.src_cid = 10;
	h.type = 2;
	h.op = REQUEST;
	send_raw(0, &h, NULL, 0);
	expect(0, RST);
	for (int i = 0; i < 2; i++) {
		fake_queue_add(&g[0].f[TX], seg[i], 1);
		virtio_kicked(&g[0].v.dev, TX);
		run();
		assert_true(fake_queue_used(&g[0].f[TX], &id, &len));
	}
	expect_nothing(0);
	/* A flood of them is answered in part, and holds nothing. */
	for (uint32_t i = 0; i < 100; i++)
		send_op(0, 11, i, 2, RW);
	assert_int_equal(g[0].v.nr_strays, VSOCK_MAX_STRAYS);
	assert_int_equal(nr_conns, 0);
}

static void a_connection_broken_by_its_own(void (*wrong)(void))
{
	connected(20);
	wrong();
	expect(0, RST);
	expect(1, RST);
	assert_int_equal(nr_conns, 0);
}

static void ask_again(void)
{
	send_op(0, 11, 20, 80, REQUEST);
}

static void answer_again(void)
{
	send_op(1, 10, 80, 20, RESPONSE);
}

static void answer_oneself(void)
{
	send_op(0, 11, 20, 80, RESPONSE);
}

static void unknown_op(void)
{
	send_op(0, 11, 20, 80, 77);
}

static void longer_than_it_is(void)
{
	struct vsock_wire h = packet(0, 11, 20, 80, RW);

	h.len = 100;
	send_raw(0, &h, "abc", 3);
}

static void rules_broken_end_it(void **state)
{
	void (*const wrong[])(void) = {
		ask_again, answer_again, answer_oneself, unknown_op, longer_than_it_is,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		a_connection_broken_by_its_own(wrong[i]);
	send_op(0, 11, 21, 80, REQUEST);
	send_data(0, 11, 21, 80, "early", 5);
	expect(0, RST);
}

/* Who never reads its queue keeps a bounded number of dead connections, the sender none. */
static void a_table_has_an_end(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2 * VSOCK_MAX_OPEN; i++)
		send_op(0, 11, 100 + i, 80, REQUEST);
	assert_int_equal(nr_conns, VSOCK_MAX_OPEN);
	for (uint32_t i = 0; i < VSOCK_MAX_STRAYS; i++)
		expect(0, RST);
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < VSOCK_MAX_OPEN; i++) {
			send_op(0, 11, 100 + i, 80, RST);
			send_op(0, 11, 100 + i, 80, REQUEST);
		}
		assert_true(nr_conns <= VSOCK_MAX_OPEN + VSOCK_MAX_LONE);
	}
	assert_int_equal(g[0].v.nr_open, VSOCK_MAX_OPEN);
}

static void a_guest_that_resets_is_gone(void **state)
{
	(void)state;
	connected(30);
	send_data(0, 11, 30, 80, "lost", 4);
	virtio_set_status(&g[1].v.dev, 0);
	run();
	expect(0, RST);
	assert_int_equal(nr_conns, 0);
	send_op(0, 11, 31, 80, REQUEST);
	expect(0, RST);
	guest_start(1);
	connected(32);
}

static void a_call(uint32_t port, uint64_t n)
{
	uint64_t x[8] = { n };
	struct vsock_wire h;

	send_data(0, 2, port, VSOCK_PORT_CALLS, x, 24);
	send_data(0, 2, port, VSOCK_PORT_CALLS, &x[3], 40);
	assert_true(get(0, &h, x, 64));
	assert_int_equal(h.len, 64);
	assert_int_equal(x[0], n + 1);
	assert_int_equal(x[7], 0x77);
}

static void corbel_answers_calls(void **state)
{
	static uint64_t many[VSOCK_CALLS_BUF / 8];
	struct vsock_wire h;

	(void)state;
	send_op(0, 2, 40, VSOCK_PORT_CALLS, REQUEST);
	expect(0, RESPONSE);
	for (uint64_t n = 0; n < 5; n++)
		a_call(40, n);
	assert_int_equal(nr_calls, 5);
	send_data(0, 2, 40, VSOCK_PORT_CALLS, many, sizeof(many));
	assert_int_equal(nr_calls, 5 + VSOCK_CALLS_BUF / 64);
	expect(0, CREDIT);
	assert_true(get(0, &h, NULL, 0x1000));
	assert_int_equal(h.len, sizeof(many));
	send_data(0, 2, 40, VSOCK_PORT_CALLS, "half", 4);
	send_op(0, 2, 40, VSOCK_PORT_CALLS, SHUTDOWN);
	expect(0, RST);
	assert_int_equal(nr_conns, 0);
}

/* Results that are not read stop the calls; more than that is not taken. */
static void a_caller_that_does_not_read_waits(void **state)
{
	static uint64_t many[VSOCK_CALLS_BUF / 8];

	(void)state;
	send_op(0, 2, 41, VSOCK_PORT_CALLS, REQUEST);
	expect(0, RESPONSE);
	for (int i = 0; i < 20; i++)
		send_data(0, 2, 41, VSOCK_PORT_CALLS, many, sizeof(many));
	assert_int_equal(nr_calls, VSOCK_BUF / 64);
	while (nr_conns) {
		struct vsock_wire h;

		assert_true(get(0, &h, NULL, 0x1000));
	}
	assert_true(nr_calls <= (VSOCK_BUF + VSOCK_CALLS_BUF) / 64);
}

static void small_buffers_end_connections_only(void **state)
{
	const struct fake_seg seg = { IN, 20, true };
	uint32_t len;
	uint16_t id;

	(void)state;
	connected(50);
	send_data(0, 11, 50, 80, "x", 1);
	fake_queue_add(&g[1].f[RX], &seg, 1);
	virtio_kicked(&g[1].v.dev, RX);
	run();
	assert_true(fake_queue_used(&g[1].f[RX], &id, &len));
	assert_int_equal(len, 0);
	expect(0, RST);
	assert_int_equal(nr_conns, 0);
	assert_true(virtio_running(&g[1].v.dev));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(bytes_go_both_ways), TEST(a_stream_keeps_its_order),
		TEST(a_sender_without_credit_is_cut_off),
		TEST(a_receiver_without_room_is_left_alone),
		TEST(the_end_comes_after_the_data), TEST(who_may_not_is_refused),
		TEST(nonsense_belongs_to_nothing), TEST(rules_broken_end_it),
		TEST(a_table_has_an_end), TEST(a_guest_that_resets_is_gone),
		TEST(corbel_answers_calls), TEST(a_caller_that_does_not_read_waits),
		TEST(small_buffers_end_connections_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
