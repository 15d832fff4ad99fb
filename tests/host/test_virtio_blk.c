/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-blk on two back ends of RAM: one that moves data at once, one that takes a buffer
 * and its time, may refuse for want of room, and answers in any order.
 */
#include "devices/virtio_blk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include <arch/timer.h>
#include "tests/host/fake/log.h"
#include "tests/host/fake/virtio_driver.h"

#define RING(n) (FAKE_RAM_BASE + 0x10000 + (n) * 0x20000u)
#define HEAD    (FAKE_RAM_BASE + 0x100000)
#define DATA    (FAKE_RAM_BASE + 0x101000)
#define STATUS  (FAKE_RAM_BASE + 0x1ff000)
#define SIZE    64
#define DISK    0x200000u
#define BUF     0x2000u
#define HZ      UINT64_C(62500000)

#define F_RO           BIT(5)
#define F_FLUSH        BIT(9)
#define F_CONFIG_WCE   BIT(11)
#define F_MQ           BIT(12)
#define F_DISCARD      BIT(13)
#define F_WRITE_ZEROES BIT(14)

enum { T_IN, T_OUT, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { OK, IOERR, UNSUPP, NONE = 0xee };

static struct virtio_blk blk;
static struct block_backend backend;
static struct virtq queues[2];
static struct virtq_seg segs[2 * VIRTQ_MAX_SIZE];
static struct virtio_blk_slot slots[VIRTIO_BLK_SLOTS];
static struct virtq_seg slot_segs[VIRTIO_BLK_SLOTS * VIRTQ_MAX_SIZE];
static uint8_t bufs[VIRTIO_BLK_SLOTS * BUF];
static struct fake_ram ram;
static struct fake_queue f[2];
static uint8_t disk[DISK];

/* ---- the back ends ---- */

static struct block_request *held[VIRTIO_BLK_SLOTS];
static unsigned int nr_held, room_for, nr_submitted, nr_flushes, nr_unmapped;
static uint64_t longest;
static int direct_error;

static void note(const struct block_request *r)
{
	assert_true(r->pos <= DISK && r->len <= DISK - r->pos);
	nr_submitted++;
	longest = MAX(longest, r->len);
	nr_flushes += r->op == BLOCK_FLUSH;
	nr_unmapped += r->op == BLOCK_DISCARD || (r->op == BLOCK_WRITE_ZEROES && r->unmap);
}

static int submit_direct(struct block_backend *b, struct block_request *r)
{
	int err = direct_error;

	assert_ptr_equal(b, &backend);
	note(r);
	if (!err && r->op == BLOCK_READ)
		err = r->data->put(r, 0, disk + r->pos, (uint32_t)r->len);
	else if (!err && r->op == BLOCK_WRITE)
		err = r->data->get(r, 0, disk + r->pos, (uint32_t)r->len);
	else if (!err)
		memset(disk + r->pos, 0, r->len);
	r->done(r, err);
	return 0;
}

static int submit_slow(struct block_backend *b, struct block_request *r)
{
	assert_ptr_equal(b, &backend);
	if (nr_held == room_for)
		return -EAGAIN;
	note(r);
	if (r->op == BLOCK_READ || r->op == BLOCK_WRITE)
		assert_true(r->buf && r->len <= BUF);
	held[nr_held++] = r;
	return 0;
}

/* The request at i is done, as a disk would. */
static void finish(unsigned int i, int err)
{
	struct block_request *r = held[i];

	held[i] = held[--nr_held];
	if (!err && r->op == BLOCK_READ)
		memcpy(r->buf, disk + r->pos, r->len);
	else if (!err && r->op == BLOCK_WRITE)
		memcpy(disk + r->pos, r->buf, r->len);
	r->done(r, err);
}

static void finish_all(void)
{
	while (nr_held) {
		finish(0, 0);
		fake_worker_run(&blk.dev);
	}
}

static const struct block_ops direct_ops = { .submit = submit_direct };
static const struct block_ops slow_ops = { .submit = submit_slow };

/* ---- time ---- */

static uint64_t timer_at;

void timer_setup(struct timer *t, void (*fire)(struct timer *t))
{
	t->fire = fire;
	timer_at = 0;
}

void timer_start(struct timer *t, uint64_t deadline)
{
	assert_ptr_equal(t, &blk.timer);
	timer_at = deadline;
}

void timer_cancel_wait(struct timer *t)
{
	(void)t;
	timer_at = 0;
}

static bool time_goes_on(void)
{
	if (!timer_at)
		return false;
	fake_counter = MAX(fake_counter, timer_at);
	timer_at = 0;
	blk.timer.fire(&blk.timer);
	fake_worker_run(&blk.dev);
	return true;
}

/* ---- a driver ---- */

static void drive(uint64_t features)
{
	assert_true(fake_driver_accept(&blk.dev, features & blk.dev.offered));
	for (uint16_t i = 0; i < blk.dev.nr_queues; i++)
		fake_queue_init(&f[i], &blk.dev, &ram, i, SIZE, RING(i));
	fake_driver_ok(&blk.dev);
	fake_worker_run(&blk.dev);
}

#define ALL (BITS(23, 0))

static void start(struct block_backend kind, struct virtio_blk_limit limit, uint16_t nr_queues)
{
	struct virtio_setup s = {
		.vm = "test", .name = "disk0", .ram = &ram.ram, .worker = &fake_worker, .slot = 3,
		.queues = queues, .segs = segs,
	};

	backend = kind;
	backend.size = DISK;
	backend.block_size = backend.block_size ? backend.block_size : 512;
	backend.physical_size = 4096;
	backend.ops = kind.needs_buf ? &slow_ops : &direct_ops;
	memset(&blk, 0, sizeof(blk));
	memset(queues, 0, sizeof(queues));
	memset(slots, 0, sizeof(slots));
	for (uint32_t i = 0; i < DISK; i++)
		disk[i] = (uint8_t)(i * 7 + (i >> 9));
	nr_held = nr_submitted = nr_flushes = nr_unmapped = fake_log_guest_lines = 0;
	room_for = VIRTIO_BLK_SLOTS;
	longest = 0;
	direct_error = 0;
	fake_counter = 1000 * HZ;
	fake_ram_init(&ram);
	virtio_blk_init(&blk, &backend, "serial-0123456789abcdef", &limit, nr_queues, &s);
	virtio_init(&blk.dev, &s);
	if (kind.needs_buf)
		virtio_blk_give_slots(&blk, slots, slot_segs, bufs, BUF);
}

#define START(...) start((struct block_backend){ __VA_ARGS__ }, (struct virtio_blk_limit){ 0 }, 1)
#define ABLE .can_flush = true, .can_discard = true, .can_zero = true

static int teardown(void **state)
{
	(void)state;
	virtio_reset(&blk.dev);
	while (nr_held)
		finish(0, 0);
	assert_false(virtio_blk_busy(&blk));
	virtio_blk_fini(&blk);
	fake_ram_fini(&ram);
	return 0;
}

/* A request of `out` bytes of data to the device, or `in` from it. Not kicked. */
static void add_on(uint16_t q, uint32_t type, uint64_t sector, uint32_t out, uint32_t in)
{
	struct { uint32_t type, reserved; uint64_t sector; } h = { type, 0, sector };
	uint64_t at = HEAD + 16u * f[q].next + 0x800u * q;
	struct fake_seg seg[4] = { { at, 16, false } };
	unsigned int nr = 1;

	memcpy(fake_ram_at(&ram, at), &h, sizeof(h));
	if (out)
		seg[nr++] = (struct fake_seg){ DATA, out, false };
	if (in)
		seg[nr++] = (struct fake_seg){ DATA, in, true };
	*(uint8_t *)fake_ram_at(&ram, STATUS + f[q].next) = NONE;
	seg[nr++] = (struct fake_seg){ STATUS + f[q].next, 1, true };
	fake_queue_add(&f[q], seg, nr);
}

/* The status of the next that is answered, and its length. */
static uint8_t answer(uint16_t q, uint32_t *len)
{
	uint16_t id;
	uint32_t n;

	if (!fake_queue_used(&f[q], &id, &n))
		return NONE;
	if (len)
		*len = n;
	return *(uint8_t *)fake_ram_at(&ram, STATUS + id);
}

static uint8_t ask(uint32_t type, uint64_t sector, uint32_t out, uint32_t in)
{
	add_on(0, type, sector, out, in);
	fake_queue_kick(&f[0]);
	finish_all();
	return answer(0, NULL);
}

static uint8_t ask_range(uint32_t type, uint64_t sector, uint32_t nr, uint32_t flags)
{
	struct { uint64_t sector; uint32_t nr, flags; } r = { sector, nr, flags };

	memcpy(fake_ram_at(&ram, DATA), &r, sizeof(r));
	return ask(type, 0, sizeof(r), 0);
}

static uint8_t *data(void)
{
	return fake_ram_at(&ram, DATA);
}

/* Every test of what both do, on both. */
static const bool slow[] = { false, true };
#define BOTH(n) for (int n = 0; n < 2; n++)
#define NEXT() do { if (n == 0) teardown(state); } while (0)

/* ---- requests ---- */

static void what_is_written_is_read_again(void **state)
{
	BOTH(n) {
		uint32_t len;

		START(.needs_buf = slow[n], ABLE);
		drive(ALL);
		memset(data(), 0x5a, 0x6000);
		assert_int_equal(ask(T_OUT, 100, 0x6000, 0), OK);
		assert_int_equal(disk[100 * 512 - 1], (uint8_t)((100 * 512 - 1) * 7 + 99));
		assert_int_equal(disk[100 * 512], 0x5a);
		assert_int_equal(disk[100 * 512 + 0x5fff], 0x5a);
		memset(data(), 0, 0x6000);
		add_on(0, T_IN, 99, 0, 0x6200);
		fake_queue_kick(&f[0]);
		finish_all();
		assert_int_equal(answer(0, &len), OK);
		assert_int_equal(len, 0x6201);
		assert_memory_equal(data(), disk + 99 * 512, 0x6200);
		NEXT();
	}
	/* In pieces that fit a buffer. */
	assert_int_equal(longest, BUF);
}

static void a_long_request_lets_others_go_between(void **state)
{
	(void)state;
	START(ABLE);
	drive(ALL);
	assert_int_equal(ask(T_OUT, 0, 0xe0000, 0), OK);
	assert_int_equal(longest, VIRTIO_BATCH_BYTES);
	assert_int_equal(nr_submitted, 4);
}

static void beyond_the_end_is_an_error_and_nothing_is_asked(void **state)
{
	static const struct { uint64_t sector; uint32_t len; } bad[] = {
		{ DISK / 512, 512 }, { DISK / 512 - 1, 1024 }, { UINT64_MAX, 512 },
		{ UINT64_MAX / 512, 512 }, { UINT64_C(1) << 55, 512 }, { 0, DISK + 512 },
		{ 0, 511 }, { 0, 513 },
	};

	BOTH(n) {
		START(.needs_buf = slow[n], ABLE);
		drive(ALL);
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			assert_int_equal(ask(T_IN, bad[i].sector, 0, bad[i].len), IOERR);
			assert_int_equal(ask(T_OUT, bad[i].sector, bad[i].len, 0), IOERR);
		}
		assert_int_equal(nr_submitted, 0);
		assert_int_equal(ask(T_IN, DISK / 512 - 1, 0, 512), OK);
		NEXT();
	}
}

static void large_blocks_are_not_cut(void **state)
{
	(void)state;
	START(.block_size = 4096, ABLE);
	drive(ALL);
	assert_int_equal(ask(T_IN, 0, 0, 512), IOERR);
	assert_int_equal(ask(T_IN, 1, 0, 4096), IOERR);
	assert_int_equal(ask(T_IN, 8, 0, 4096), OK);
	assert_int_equal(ask_range(T_WRITE_ZEROES, 8, 4, 0), IOERR);
	assert_int_equal(ask_range(T_WRITE_ZEROES, 8, 8, 0), OK);
}

static void a_read_only_disk_is_not_written(void **state)
{
	BOTH(n) {
		START(.needs_buf = slow[n], .read_only = true, ABLE);
		assert_true(blk.dev.offered & F_RO);
		drive(ALL);
		assert_int_equal(ask(T_OUT, 0, 512, 0), IOERR);
		assert_int_equal(ask_range(T_DISCARD, 0, 8, 0), IOERR);
		assert_int_equal(ask_range(T_WRITE_ZEROES, 0, 8, 0), IOERR);
		assert_int_equal(nr_submitted, 0);
		assert_int_equal(ask(T_IN, 0, 0, 512), OK);
		assert_int_equal(ask(T_FLUSH, 0, 0, 0), OK);
		NEXT();
	}
}

static void ranges_are_discarded_and_zeroed(void **state)
{
	BOTH(n) {
		START(.needs_buf = slow[n], ABLE);
		drive(ALL);
		assert_int_equal(ask_range(T_DISCARD, 16, 8, 0), OK);
		assert_int_equal(nr_unmapped, 1);
		assert_int_equal(ask_range(T_WRITE_ZEROES, 32, 8, 0), OK);
		assert_int_equal(nr_unmapped, 1);
		assert_int_equal(ask_range(T_WRITE_ZEROES, 32, 8, 1), OK);
		assert_int_equal(nr_unmapped, 2);
		/* Flags that nobody knows; more than the driver was told; two ranges; none. */
		assert_int_equal(ask_range(T_DISCARD, 16, 8, 1), UNSUPP);
		assert_int_equal(ask_range(T_WRITE_ZEROES, 16, 8, 2), UNSUPP);
		assert_int_equal(ask_range(T_DISCARD, 0, 0x2001, 0), IOERR);
		assert_int_equal(ask_range(T_DISCARD, 0, UINT32_MAX, 0), IOERR);
		assert_int_equal(ask_range(T_DISCARD, UINT64_MAX, 1, 0), IOERR);
		assert_int_equal(ask_range(T_DISCARD, DISK / 512, 1, 0), IOERR);
		assert_int_equal(ask(T_DISCARD, 0, 32, 0), UNSUPP);
		assert_int_equal(ask(T_DISCARD, 0, 0, 0), UNSUPP);
		assert_int_equal(nr_submitted, 3);
		NEXT();
	}
}

static void what_was_not_agreed_on_is_not_supported(void **state)
{
	BOTH(n) {
		START(.needs_buf = slow[n], ABLE);
		drive(0);
		assert_int_equal(ask(T_FLUSH, 0, 0, 0), UNSUPP);
		assert_int_equal(ask_range(T_DISCARD, 16, 8, 0), UNSUPP);
		assert_int_equal(ask_range(T_WRITE_ZEROES, 16, 8, 0), UNSUPP);
		for (uint32_t type = 14; type; type += type)
			assert_int_equal(ask(type, 0, 0, 0), UNSUPP);
		assert_int_equal(nr_submitted, 0);
		NEXT();
	}
}

static void the_serial_is_told_as_far_as_there_is_room(void **state)
{
	BOTH(n) {
		START(.needs_buf = slow[n]);
		drive(ALL);
		memset(data(), 0x5a, 64);
		assert_int_equal(ask(T_GET_ID, 0, 0, 20), OK);
		assert_memory_equal(data(), "serial-0123456789abc\x5a", 21);
		memset(data(), 0x5a, 64);
		assert_int_equal(ask(T_GET_ID, 0, 0, 6), OK);
		assert_memory_equal(data(), "serial\x5a", 7);
		assert_int_equal(ask(T_GET_ID, 0, 0, 40), OK);
		assert_int_equal(nr_submitted, 0);
		NEXT();
	}
}

static void without_a_header_or_a_status_the_queue_breaks(void **state)
{
	const struct fake_seg bad[][2] = {
		{ { HEAD, 15, false }, { STATUS, 1, true } },
		{ { HEAD, 16, false }, { HEAD, 0, false } },
	};

	BOTH(n) {
		for (int i = 0; i < 2; i++) {
			START(.needs_buf = slow[n]);
			drive(ALL);
			fake_queue_add(&f[0], bad[i], 2);
			fake_queue_kick(&f[0]);
			assert_true(atomic_load(&blk.dev.status) & VIRTIO_S_NEEDS_RESET);
			assert_int_equal(fake_log_guest_lines, 1);
			if (n == 0 || i == 0)
				teardown(state);
		}
	}
}

static void bad_buffers_are_errors_of_their_requests_only(void **state)
{
	BOTH(n) {
		START(.needs_buf = slow[n], ABLE);
		drive(ALL);
		ram.hole = DATA & ~UINT64_C(0xfff);
		ram.hole_size = 0x1000;
		assert_int_equal(ask(T_IN, 0, 0, 512), IOERR);
		assert_int_equal(ask(T_OUT, 0, 512, 0), IOERR);
		assert_int_equal(ask_range(T_DISCARD, 0, 8, 0), IOERR);
		ram.hole_size = 0;
		assert_int_equal(ask(T_IN, 0, 0, 512), OK);
		assert_false(atomic_load(&blk.dev.status) & VIRTIO_S_NEEDS_RESET);
		NEXT();
	}
}

static void what_the_back_end_says_is_the_answer(void **state)
{
	static const struct { int err; uint8_t status; } said[] = {
		{ -EIO, IOERR }, { -ENOSPC, IOERR }, { -EROFS, IOERR }, { -ENOTSUP, UNSUPP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
		uint32_t len;

		START(ABLE);
		drive(ALL);
		direct_error = said[i].err;
		assert_int_equal(ask(T_OUT, 0, 512, 0), said[i].status);
		teardown(state);
		START(.needs_buf = true, ABLE);
		drive(ALL);
		add_on(0, T_IN, 0, 0, 512);
		fake_queue_kick(&f[0]);
		finish(0, said[i].err);
		fake_worker_run(&blk.dev);
		assert_int_equal(answer(0, &len), said[i].status);
		/* None of the data counts. */
		assert_int_equal(len, 0);
		if (i + 1 < ARRAY_SIZE(said))
			teardown(state);
	}
}

/* ---- the cache ---- */

static void without_a_cache_writes_are_flushed_before_they_are_done(void **state)
{
	(void)state;
	START(.needs_buf = true, ABLE);
	drive(ALL & ~(F_FLUSH | F_CONFIG_WCE));
	add_on(0, T_OUT, 0, 512, 0);
	fake_queue_kick(&f[0]);
	finish(0, 0);
	fake_worker_run(&blk.dev);
	assert_int_equal(answer(0, NULL), NONE);
	assert_int_equal(nr_flushes, 1);
	finish(0, 0);
	fake_worker_run(&blk.dev);
	assert_int_equal(answer(0, NULL), OK);
}

static void the_cache_mode_is_the_drivers_to_choose(void **state)
{
	uint8_t mode = 0, was;

	(void)state;
	START(.needs_buf = true, ABLE);
	drive(ALL);
	virtio_config_read(&blk.dev, 32, &was, 1);
	assert_int_equal(was, 1);
	assert_int_equal(ask(T_OUT, 0, 512, 0), OK);
	assert_int_equal(nr_flushes, 0);
	virtio_config_write(&blk.dev, 32, &mode, 1);
	virtio_config_read(&blk.dev, 32, &was, 1);
	assert_int_equal(was, 0);
	assert_int_equal(ask(T_OUT, 0, 512, 0), OK);
	assert_int_equal(nr_flushes, 1);
	/* Nothing else of it is the driver's; nor this, unless agreed on. */
	mode = 1;
	virtio_config_write(&blk.dev, 33, &mode, 1);
	virtio_config_write(&blk.dev, 0, &mode, 1);
	virtio_config_read(&blk.dev, 32, &was, 1);
	assert_int_equal(was, 0);
	virtio_reset(&blk.dev);
	drive(ALL & ~F_CONFIG_WCE);
	mode = 0;
	virtio_config_write(&blk.dev, 32, &mode, 1);
	virtio_config_read(&blk.dev, 32, &was, 1);
	assert_int_equal(was, 1);
}

/* ---- time and order ---- */

static void requests_are_answered_in_the_order_they_are_done(void **state)
{
	(void)state;
	START(.needs_buf = true, ABLE);
	drive(ALL);
	for (uint64_t i = 0; i < 3; i++)
		add_on(0, T_IN, i, 0, 512);
	fake_queue_kick(&f[0]);
	assert_int_equal(nr_held, 3);
	for (unsigned int i = 3; i; i--) {
		uint16_t id;
		uint32_t len;

		assert_int_equal(answer(0, NULL), NONE);
		finish(nr_held - 1, 0);
		fake_worker_run(&blk.dev);
		assert_true(fake_queue_used(&f[0], &id, &len));
		assert_int_equal(id, 3 * (i - 1));
	}
}

static void without_room_requests_wait_and_none_is_lost(void **state)
{
	unsigned int done = 0;

	(void)state;
	START(.needs_buf = true, ABLE);
	drive(ALL);
	room_for = 2;
	for (uint64_t i = 0; i < 20; i++)
		add_on(0, T_IN, i, 0, 512);
	fake_queue_kick(&f[0]);
	assert_int_equal(nr_held, 2);
	while (nr_held) {
		finish(0, 0);
		backend.room(backend.room_ctx);
		fake_worker_run(&blk.dev);
		while (answer(0, NULL) == OK)
			done++;
	}
	assert_int_equal(done, 20);
	assert_int_equal(nr_submitted, 20);
}

static void a_reset_in_flight_leaves_the_guest_alone(void **state)
{
	(void)state;
	START(.needs_buf = true, ABLE);
	drive(ALL);
	room_for = 2;
	memset(data(), 0x5a, 512);
	for (int i = 0; i < 4; i++)
		add_on(0, T_IN, 0, 0, 512);
	fake_queue_kick(&f[0]);
	virtio_set_status(&blk.dev, 0);
	assert_true(virtio_blk_busy(&blk));
	drive(ALL);
	/* Those of the former life come back; this one's are others. */
	add_on(0, T_FLUSH, 0, 0, 0);
	fake_queue_kick(&f[0]);
	assert_int_equal(nr_held, 2);
	finish(0, 0);
	finish(0, -EIO);
	backend.room(backend.room_ctx);
	fake_worker_run(&blk.dev);
	assert_int_equal(data()[0], 0x5a);
	assert_int_equal(answer(0, NULL), NONE);
	finish_all();
	assert_int_equal(answer(0, NULL), OK);
	assert_int_equal(answer(0, NULL), NONE);
	assert_false(virtio_blk_busy(&blk));
}

static void queues_complete_each_by_itself(void **state)
{
	(void)state;
	start((struct block_backend){ .needs_buf = true, ABLE }, (struct virtio_blk_limit){ 0 }, 2);
	assert_true(blk.dev.offered & F_MQ);
	drive(ALL);
	add_on(0, T_IN, 1, 0, 512);
	add_on(1, T_IN, 2, 0, 512);
	fake_queue_kick(&f[0]);
	fake_queue_kick(&f[1]);
	assert_int_equal(nr_held, 2);
	finish(1, 0);
	fake_worker_run(&blk.dev);
	assert_int_equal(answer(0, NULL), NONE);
	assert_int_equal(answer(1, NULL), OK);
	/* One is reset, the other goes on. */
	virtio_queue_disable(&blk.dev, 1);
	finish(0, 0);
	fake_worker_run(&blk.dev);
	assert_int_equal(answer(0, NULL), OK);
}

/* ---- limits ---- */

/* Ticks that n requests of `len` bytes take, all there from the start. */
static uint64_t duration(unsigned int n, uint32_t len)
{
	uint64_t begin = fake_counter;
	unsigned int done = 0;

	for (unsigned int i = 0; i < n; i++) {
		add_on(0, T_IN, 0, 0, len);
		fake_queue_kick(&f[0]);
		while (answer(0, NULL) == NONE)
			assert_true(time_goes_on());
		done++;
	}
	assert_int_equal(done, n);
	return fake_counter - begin;
}

static void limits_hold_on_average(void **state)
{
	uint64_t took;

	start((struct block_backend){ ABLE }, (struct virtio_blk_limit){ .iops = 100 }, 1);
	drive(ALL);
	took = duration(300, 512);
	/* But for a tenth of a second's worth. */
	assert_true(took >= 3 * HZ - HZ / 10 - HZ / 50 && took <= 3 * HZ);
	teardown(state);
	start((struct block_backend){ ABLE }, (struct virtio_blk_limit){ .bytes = 0x100000 }, 1);
	drive(ALL);
	took = duration(64, 0x10000);
	assert_true(took >= 4 * HZ - HZ / 5 && took <= 4 * HZ);
	/* What was not used is not saved up. */
	fake_counter += 100 * HZ;
	took = duration(64, 0x10000);
	assert_true(took >= 4 * HZ - HZ / 5);
	teardown(state);
	start((struct block_backend){ ABLE }, (struct virtio_blk_limit){ 0 }, 1);
	drive(ALL);
	assert_int_equal(duration(300, 512), 0);
}

/* ---- configuration space ---- */

static void the_configuration_space_tells_what_the_disk_is(void **state)
{
	struct {
		uint64_t capacity;
		uint32_t size_max, seg_max, geometry, blk_size;
		uint8_t exp, alignment;
		uint16_t min_io;
		uint32_t opt_io;
		uint8_t writeback, unused;
		uint16_t queues;
		uint32_t discard_max, discard_seg, discard_align, zeroes_max, zeroes_seg;
		uint8_t may_unmap, unused1[3];
	} c;

	start((struct block_backend){ ABLE }, (struct virtio_blk_limit){ 0 }, 2);
	memset(&c, 0xff, sizeof(c));
	virtio_config_read(&blk.dev, 0, &c, 60);
	assert_int_equal(c.capacity, DISK / 512);
	assert_int_equal(c.blk_size, 512);
	assert_int_equal(c.exp, 3);
	assert_int_equal(c.min_io, 8);
	assert_int_equal(c.queues, 2);
	assert_int_equal(c.discard_max, 0x2000);
	assert_int_equal(c.discard_seg, 1);
	assert_int_equal(c.discard_align, 8);
	assert_int_equal(c.zeroes_max, 0x2000);
	assert_int_equal(c.may_unmap, 1);
	/* What the back end cannot is not offered. */
	assert_true((blk.dev.offered & (F_FLUSH | F_CONFIG_WCE | F_DISCARD | F_WRITE_ZEROES)) ==
		    (F_FLUSH | F_CONFIG_WCE | F_DISCARD | F_WRITE_ZEROES));
	drive(ALL);
	teardown(state);
	START(.read_only = false);
	assert_false(blk.dev.offered & (F_FLUSH | F_CONFIG_WCE | F_DISCARD | F_WRITE_ZEROES |
					F_RO | F_MQ));
	drive(ALL);
}

#define T(fn) cmocka_unit_test_teardown(fn, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_written_is_read_again),
		T(a_long_request_lets_others_go_between),
		T(beyond_the_end_is_an_error_and_nothing_is_asked),
		T(large_blocks_are_not_cut),
		T(a_read_only_disk_is_not_written),
		T(ranges_are_discarded_and_zeroed),
		T(what_was_not_agreed_on_is_not_supported),
		T(the_serial_is_told_as_far_as_there_is_room),
		T(without_a_header_or_a_status_the_queue_breaks),
		T(bad_buffers_are_errors_of_their_requests_only),
		T(what_the_back_end_says_is_the_answer),
		T(without_a_cache_writes_are_flushed_before_they_are_done),
		T(the_cache_mode_is_the_drivers_to_choose),
		T(requests_are_answered_in_the_order_they_are_done),
		T(without_room_requests_wait_and_none_is_lost),
		T(a_reset_in_flight_leaves_the_guest_alone),
		T(queues_complete_each_by_itself),
		T(limits_hold_on_average),
		T(the_configuration_space_tells_what_the_disk_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
