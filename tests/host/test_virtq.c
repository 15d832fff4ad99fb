/* SPDX-License-Identifier: Apache-2.0 */
/* Rings of both formats, as a driver should use them and as it should not. */
#include "devices/virtq.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/host/fake/log.h"
#include "tests/host/fake/virtio_driver.h"

#define RING  (FAKE_RAM_BASE + 0x10000)
#define DATA  (FAKE_RAM_BASE + 0x100000)
#define SIZE  16

/* A device that answers with what it was sent, each byte plus one. */
static struct virtio_device dev;
static struct virtq queues[1];
static struct virtq_seg segs[VIRTQ_MAX_SIZE];
static struct fake_ram ram;
static struct fake_queue f;
static unsigned int served, hold;    /* requests; keep that many */
static struct virtq_chain held[SIZE];
static struct virtq_seg held_segs[SIZE][SIZE];
static unsigned int nr_held;
static int last_error;
static bool take_all;

static uint16_t queue_size(uint16_t queue)
{
	(void)queue;
	return SIZE;
}

static void answer(struct virtq *q, struct virtq_chain *c)
{
	unsigned char buf[256];
	uint32_t n = (uint32_t)MIN(MIN(c->out_len, c->in_len), sizeof(buf));

	last_error = chain_read(c, 0, buf, n);
	for (uint32_t i = 0; i < n; i++)
		buf[i]++;
	if (!last_error)
		last_error = chain_write(c, 0, buf, n);
	virtq_push(q, c, last_error ? 0 : n);
}

static enum virtio_serve serve(struct virtio_device *d, struct virtq *q)
{
	(void)d;
	while (virtq_pop(q, &q->chain) > 0) {
		served++;
		if (nr_held < hold) {
			struct virtq_chain *h = &held[nr_held];
			struct virtq_seg *seg = held_segs[nr_held++];

			memcpy(seg, q->chain.seg, sizeof(held_segs[0]));
			*h = q->chain;
			h->seg = seg;
			q->chain.q = NULL;
		} else {
			answer(q, &q->chain);
		}
	}
	return take_all ? VIRTIO_WAIT : VIRTIO_IDLE;
}

static void queue_reset(struct virtio_device *d, struct virtq *q)
{
	(void)d;
	while (nr_held)
		virtq_drop(q, &held[--nr_held]);
}

static const struct virtio_model model = {
	.name = "echo", .queue_size = queue_size, .serve = serve, .queue_reset = queue_reset,
};

struct kind {
	uint64_t features;
	bool indirect;
};

static void start(uint64_t features, bool indirect)
{
	const struct virtio_setup s = {
		.model = &model, .vm = "test", .name = "echo0", .ram = &ram.ram,
		.worker = &fake_worker, .slot = 3, .nr_queues = 1, .queues = queues, .segs = segs,
	};

	memset(queues, 0, sizeof(queues));
	memset(held, 0, sizeof(held));
	served = hold = nr_held = 0;
	take_all = false;
	fake_irqs = fake_config_irqs = fake_wakes = 0;
	fake_log_guest_lines = 0;
	fake_ram_init(&ram);
	virtio_init(&dev, &s);
	assert_true(fake_driver_accept(&dev, features | (indirect ? VIRTIO_F_INDIRECT_DESC : 0)));
	fake_queue_init(&f, &dev, &ram, 0, SIZE, RING);
	f.indirect = indirect;
	fake_driver_ok(&dev);
	fake_worker_run(&dev);
}

static int setup(void **state)
{
	const struct kind *k = *state;

	start(k->features, k->indirect);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	virtio_reset(&dev);
	fake_ram_fini(&ram);
	return 0;
}

static bool needs_reset(void)
{
	return atomic_load(&dev.status) & VIRTIO_S_NEEDS_RESET;
}

/* The queue broke: said once, and all of its memory is let go. */
static void assert_broken(void)
{
	assert_true(needs_reset());
	assert_int_equal(fake_log_guest_lines, 1);
	assert_int_equal(fake_config_irqs, 1);
	assert_int_equal(ram.nr_views, 0);
	assert_int_equal(served, 0);
}

/* ---- as it should be ---- */

static void round_trip(unsigned int n)
{
	unsigned char *out = fake_ram_at(&ram, DATA), *in = fake_ram_at(&ram, DATA + 0x1000);
	const struct fake_seg seg[] = {
		{ DATA, 3, false }, { DATA + 3, 5, false }, { DATA + 0x1000, 1, true },
		{ DATA + 0x1001, 9, true },
	};
	uint16_t id, want;
	uint32_t len;

	memset(in, 0, 16);
	for (int i = 0; i < 8; i++)
		out[i] = (unsigned char)(n + (unsigned int)i);
	want = fake_queue_add(&f, seg, ARRAY_SIZE(seg));
	fake_queue_kick(&f);
	assert_true(fake_queue_used(&f, &id, &len));
	assert_int_equal(id, want);
	assert_int_equal(len, 8);
	for (int i = 0; i < 8; i++)
		assert_int_equal(in[i], (unsigned char)(out[i] + 1));
	assert_int_equal(in[8], 0);
	assert_false(fake_queue_used(&f, &id, &len));
}

/* Often enough for 16-bit indices to wrap, and packed rings at any slot. */
static void chains_come_back_answered(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 70000; i++)
		round_trip(i);
	assert_int_equal(served, 70000);
	assert_int_equal(fake_irqs, 70000);
	assert_false(needs_reset());
	assert_int_equal(queues[0].in_flight, 0);
}

static void add(void)
{
	const struct fake_seg seg[] = { { DATA, 8, false }, { DATA + 0x1000, 8, true } };

	fake_queue_add(&f, seg, 2);
}

/* Each of a batch is used, with one interrupt. */
static void batch_has_one_interrupt(void **state)
{
	uint16_t id;
	uint32_t len;

	(void)state;
	for (int round = 0; round < 100; round++) {
		fake_irqs = 0;
		for (int i = 0; i < SIZE / 2; i++)
			add();
		fake_queue_kick(&f);
		assert_int_equal(fake_irqs, 1);
		for (int i = 0; i < SIZE / 2; i++)
			assert_true(fake_queue_used(&f, &id, &len));
		assert_false(fake_queue_used(&f, &id, &len));
	}
}

/* Given back in another order than they came. */
static void order_of_completion_is_free(void **state)
{
	uint16_t ids[3], id;
	uint32_t len;
	const struct fake_seg seg[] = { { DATA, 8, false }, { DATA + 0x1000, 8, true } };

	(void)state;
	hold = 3;
	for (int i = 0; i < 3; i++)
		ids[i] = fake_queue_add(&f, seg, 2);
	fake_queue_kick(&f);
	assert_int_equal(nr_held, 3);
	assert_false(fake_queue_used(&f, &id, &len));
	mutex_lock(&queues[0].lock);
	for (int i = 2; i >= 0; i--)
		virtq_push(&queues[0], &held[i], (uint32_t)(i + 1));
	nr_held = 0;
	virtq_flush(&queues[0]);
	mutex_unlock(&queues[0].lock);
	for (int i = 2; i >= 0; i--) {
		assert_true(fake_queue_used(&f, &id, &len));
		assert_int_equal(id, ids[i]);
		assert_int_equal(len, i + 1);
	}
	assert_int_equal(queues[0].in_flight, 0);
}

static void unpopped_chains_come_again(void **state)
{
	struct virtq *q = &queues[0];
	struct virtq_chain c[3];
	struct virtq_seg seg[3][SIZE];

	(void)state;
	for (int round = 0; round < 40; round++) {
		uint16_t id;
		uint32_t len;

		for (int i = 0; i < 3; i++)
			add();
		mutex_lock(&q->lock);
		for (int i = 0; i < 3; i++) {
			virtq_chain_init(&c[i], seg[i], SIZE);
			assert_int_equal(virtq_pop(q, &c[i]), 1);
		}
		for (int i = 2; i >= 1; i--)
			virtq_unpop(q, &c[i]);
		virtq_push(q, &c[0], 0);
		mutex_unlock(&q->lock);
		fake_queue_kick(&f);
		for (int i = 0; i < 3; i++)
			assert_true(fake_queue_used(&f, &id, &len));
		assert_false(fake_queue_used(&f, &id, &len));
	}
	assert_int_equal(q->in_flight, 0);
	assert_int_equal(served, 80);
}

/* An access past a chain, or to memory that is not there, is an error and no more. */
static void bad_buffers_are_the_models_affair(void **state)
{
	const struct fake_seg bad[][2] = {
		{ { 0, 8, false }, { DATA, 8, true } },
		{ { DATA, 8, false }, { FAKE_RAM_BASE + FAKE_RAM_SIZE - 4, 8, true } },
		{ { UINT64_MAX - 3, 8, false }, { DATA, 8, true } },
		{ { DATA, 8, false }, { UINT64_MAX, 2, true } },
	};
	uint16_t id;
	uint32_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		fake_queue_add(&f, bad[i], 2);
		fake_queue_kick(&f);
		assert_true(fake_queue_used(&f, &id, &len));
		assert_int_equal(len, 0);
		assert_true(last_error == -EFAULT || last_error == -EINVAL);
	}
	assert_false(needs_reset());
}

static void offsets_beyond_a_chain_are_refused(void **state)
{
	struct virtq *q = &queues[0];
	char buf[16];

	(void)state;
	hold = 1;
	add();
	fake_queue_kick(&f);
	assert_int_equal(chain_read(&held[0], 0, buf, 9), -ERANGE);
	assert_int_equal(chain_read(&held[0], 8, buf, 1), -ERANGE);
	assert_int_equal(chain_read(&held[0], UINT64_MAX, buf, 2), -ERANGE);
	assert_int_equal(chain_write(&held[0], 1, buf, UINT64_MAX), -ERANGE);
	assert_int_equal(chain_copy(&held[0], 0, &held[0], 4, 5), -ERANGE);
	assert_int_equal(chain_read(&held[0], 8, buf, 0), 0);
	assert_int_equal(chain_zero(&held[0], 4, 4), 0);
	memcpy(fake_ram_at(&ram, DATA), "abcdefgh", 8);
	assert_int_equal(chain_copy(&held[0], 2, &held[0], 3, 5), 0);
	assert_memory_equal(fake_ram_at(&ram, DATA + 0x1002), "defgh", 5);
	mutex_lock(&q->lock);
	virtq_push(q, &held[0], 8);
	mutex_unlock(&q->lock);
	nr_held = 0;
}

/* Accesses go to and fro in a chain of many segments. */
static void any_offset_is_found(void **state)
{
	struct fake_seg seg[SIZE];
	unsigned char buf[64];
	uint32_t total = 0;

	(void)state;
	hold = 1;
	for (uint32_t i = 0; i < SIZE - 2; i++) {
		seg[i] = (struct fake_seg){ DATA + total, i % 4, false };
		total += i % 4;
	}
	seg[SIZE - 2] = (struct fake_seg){ DATA + 0x1000, 1, true };
	for (uint32_t i = 0; i < total; i++)
		*(unsigned char *)fake_ram_at(&ram, DATA + i) = (unsigned char)(i * 7);
	fake_queue_add(&f, seg, SIZE - 1);
	fake_queue_kick(&f);
	assert_int_equal(nr_held, 1);
	assert_int_equal(held[0].out_len, total);
	for (uint32_t n = 0; n < 500; n++) {
		uint32_t off = n * 31 % total, len = n * 17 % (total - off) + 1;

		assert_int_equal(chain_read(&held[0], off, buf, len), 0);
		for (uint32_t i = 0; i < len; i++)
			assert_int_equal(buf[i], (unsigned char)((off + i) * 7));
	}
}

/* ---- when the guest wants to be told, and when not ---- */

static void interrupts_can_be_suppressed(void **state)
{
	const struct kind *k = *state;
	uint16_t *flags = fake_ram_at(&ram, f.driver + (f.packed ? 2 : 0));
	uint16_t *event = fake_ram_at(&ram, f.packed ? f.driver : f.driver + 4 + 2 * SIZE);

	if (k->features & VIRTIO_F_EVENT_IDX) {
		if (f.packed)
			*flags = 2;
		/* The third one of those that come, whatever its slots are. */
		*event = (uint16_t)(f.packed ? (2 * (k->indirect ? 1 : 2)) | 0x8000 : 2);
		for (int i = 0; i < 4; i++) {
			add();
			fake_queue_kick(&f);
			assert_int_equal(fake_irqs, i < 2 ? 0 : 1);
		}
	} else {
		*flags = 1;
		add();
		fake_queue_kick(&f);
		assert_int_equal(fake_irqs, 0);
		*flags = 0;
		add();
		fake_queue_kick(&f);
		assert_int_equal(fake_irqs, 1);
	}
}

static void kicks_are_asked_for_when_idle(void **state)
{
	const struct kind *k = *state;
	uint16_t *flags = fake_ram_at(&ram, f.device + (f.packed ? 2 : 0));
	uint16_t *event = fake_ram_at(&ram, f.packed ? f.device : f.device + 4 + 8 * SIZE);
	bool ev = k->features & VIRTIO_F_EVENT_IDX;
	uint16_t step = f.packed && !k->indirect ? 2 : 1;

	add();
	fake_queue_kick(&f);
	if (ev)
		assert_int_equal(*event, f.packed ? step | 0x8000 : 1);
	assert_int_equal(*flags, f.packed && ev ? 2 : 0);
	/* A model that goes on by itself leaves them disarmed. */
	take_all = true;
	add();
	fake_queue_kick(&f);
	assert_int_equal(*flags, f.packed || !ev ? 1 : 0);
}

static void a_buffer_that_comes_while_arming_is_served(void **state)
{
	(void)state;
	add();
	mutex_lock(&queues[0].lock);
	assert_true(virtq_arm(&queues[0]));
	mutex_unlock(&queues[0].lock);
}

static void kicks_of_no_queue_are_ignored(void **state)
{
	(void)state;
	fake_wakes = 0;
	virtio_kicked(&dev, 1);
	virtio_kicked(&dev, UINT32_MAX);
	assert_int_equal(fake_wakes, 0);
	virtio_kicked(&dev, 0);
	virtio_kicked(&dev, 0);
	assert_int_equal(fake_wakes, 1);
	fake_worker_run(&dev);
}

/* ---- as it should not be ---- */

static void memory_taken_away_breaks_the_queue(void **state)
{
	(void)state;
	fake_ram_take(&ram, f.driver & ~0xfffull, 0x1000);
	assert_broken();
	add();
	fake_queue_kick(&f);
	assert_broken();
	/* After a reset, elsewhere, it works. */
	ram.hole_size = 0;
	assert_true(fake_driver_accept(&dev, ((const struct kind *)*state)->features));
	fake_queue_init(&f, &dev, &ram, 0, SIZE, RING);
	fake_driver_ok(&dev);
	round_trip(1);
}

/* By what it does while it serves the queue: it holds the lock already. */
static void memory_taken_away_while_serving(void **state)
{
	struct virtq *q = &queues[0];

	(void)state;
	hold = 1;
	add();
	fake_queue_kick(&f);
	mutex_lock(&q->lock);
	fake_ram_take(&ram, f.desc & ~0xfffull, 0x1000);
	assert_int_equal(virtq_pop(q, &q->chain), -EPROTO);
	virtq_push(q, &held[0], 8);
	virtq_flush(q);
	assert_false(virtq_has(q));
	assert_false(virtq_arm(q));
	virtq_disarm(q);
	mutex_unlock(&q->lock);
	nr_held = 0;
	assert_true(needs_reset());
	assert_int_equal(q->in_flight, 0);
}

static void reset_drops_what_is_in_flight(void **state)
{
	uint32_t epoch = queues[0].epoch;

	hold = 4;
	for (int i = 0; i < 4; i++)
		add();
	fake_queue_kick(&f);
	assert_int_equal(nr_held, 4);
	virtio_set_status(&dev, 0);
	assert_int_equal(nr_held, 0);
	assert_int_equal(ram.nr_views, 0);
	assert_int_not_equal(queues[0].epoch, epoch);
	assert_int_equal(fake_irqs, 0);
	hold = 0;
	assert_true(fake_driver_accept(&dev, ((const struct kind *)*state)->features));
	fake_queue_init(&f, &dev, &ram, 0, SIZE, RING);
	fake_driver_ok(&dev);
	round_trip(5);
}

static void one_queue_can_be_reset(void **state)
{
	(void)state;
	add();
	virtio_queue_disable(&dev, 0);
	assert_int_equal(ram.nr_views, 0);
	fake_queue_kick(&f);
	assert_int_equal(served, 0);
	fake_queue_init(&f, &dev, &ram, 0, SIZE / 2, RING);
	for (unsigned int i = 0; i < 30; i++)
		round_trip(i);
	assert_false(needs_reset());
}

static void rings_that_cannot_be_are_not_enabled(void **state)
{
	struct virtq *q = &queues[0];
	const struct virtq_setup bad[] = {
		{ f.desc, f.driver, f.device, 0 }, { f.desc, f.driver, f.device, SIZE + 1 },
		{ f.desc, f.driver, f.device, SIZE * 2 }, { f.desc + 8, f.driver, f.device, SIZE },
		{ f.desc, f.driver + 1, f.device, SIZE }, { f.desc, f.driver, f.device + 2, SIZE },
		{ 0, f.driver, f.device, SIZE }, { f.desc, UINT64_MAX - 3, f.device, SIZE },
		{ f.desc, f.driver, FAKE_RAM_BASE + FAKE_RAM_SIZE, SIZE },
	};

	(void)state;
	virtio_queue_disable(&dev, 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		q->setup = bad[i];
		assert_true(virtio_queue_enable(&dev, 0) < 0);
		assert_false(atomic_load(&q->live));
		assert_int_equal(ram.nr_views, 0);
	}
	fake_queue_kick(&f);
	assert_false(needs_reset());
}

/* Raw descriptors that no driver would write: each breaks the queue. */
static void make_avail(uint16_t slot, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	if (f.packed)
		flags |= 0x80;
	fake_desc_set(&f, slot, addr, len, flags, next);
}

static void go(void)
{
	if (!f.packed)
		fake_avail_put(&f, 0);
	fake_queue_kick(&f);
}

static void loops_break_the_queue(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < SIZE; i++)
		make_avail(i, DATA, 4, FAKE_DESC_NEXT, (uint16_t)((i + 1) % 2));
	go();
	assert_broken();
}

static void reading_after_writing_breaks_the_queue(void **state)
{
	(void)state;
	make_avail(0, DATA, 4, FAKE_DESC_NEXT | FAKE_DESC_WRITE, 1);
	make_avail(1, DATA, 4, 0, 0);
	go();
	assert_broken();
}

static void too_many_bytes_break_the_queue(void **state)
{
	(void)state;
	make_avail(0, DATA, UINT32_MAX, FAKE_DESC_NEXT, 1);
	make_avail(1, DATA, 1, 0, 0);
	go();
	assert_broken();
}

static void tables_nobody_agreed_on_break_the_queue(void **state)
{
	const struct kind *k = *state;

	make_avail(0, DATA, 16, FAKE_DESC_INDIRECT, 0);
	go();
	if (k->indirect) {
		/* One descriptor of zeroes: an empty chain. */
		assert_false(needs_reset());
		return;
	}
	assert_broken();
}

static void table(uint64_t addr, uint32_t len, uint16_t flags)
{
	const struct kind *k = &(struct kind){ f.packed ? VIRTIO_F_RING_PACKED : 0, true };

	virtio_reset(&dev);
	fake_ram_fini(&ram);
	start(k->features, true);
	make_avail(0, addr, len, (uint16_t)(FAKE_DESC_INDIRECT | flags), 1);
	go();
	assert_broken();
}

static void bad_tables_break_the_queue(void **state)
{
	(void)state;
	table(DATA, 0, 0);
	table(DATA, 24, 0);
	table(DATA, 16 * (SIZE + 1), 0);
	table(DATA, 0xfffffff0u, 0);
	table(DATA, 16, FAKE_DESC_NEXT);
	table(0, 32, 0);
	table(UINT64_MAX - 15, 32, 0);
	table(FAKE_RAM_BASE + FAKE_RAM_SIZE - 16, 32, 0);
}

static void tables_in_tables_break_the_queue(void **state)
{
	uint16_t *at;

	(void)state;
	virtio_reset(&dev);
	fake_ram_fini(&ram);
	start(f.packed ? VIRTIO_F_RING_PACKED : 0, true);
	at = fake_ram_at(&ram, DATA);
	at[f.packed ? 7 : 6] = FAKE_DESC_INDIRECT;
	make_avail(0, DATA, 16, FAKE_DESC_INDIRECT, 0);
	go();
	assert_broken();
}

/* ---- split rings alone ---- */

static void avail_index_that_jumps_breaks_the_queue(void **state)
{
	(void)state;
	f.avail = SIZE;
	go();
	assert_broken();
}

static void heads_and_links_beyond_the_table_break_the_queue(void **state)
{
	(void)state;
	fake_avail_put(&f, SIZE);
	fake_queue_kick(&f);
	assert_broken();
	virtio_reset(&dev);
	fake_ram_fini(&ram);
	start(0, false);
	make_avail(0, DATA, 4, FAKE_DESC_NEXT, 0xffff);
	go();
	assert_broken();
}

static void a_head_in_use_breaks_the_queue(void **state)
{
	(void)state;
	hold = SIZE;
	make_avail(0, DATA, 4, 0, 0);
	for (int i = 0; i <= SIZE; i++)
		fake_avail_put(&f, 0);
	f.avail--;
	fake_queue_kick(&f);
	assert_true(needs_reset());
	assert_int_equal(fake_log_guest_lines, 1);
}

static void loops_in_a_table_break_the_queue(void **state)
{
	uint16_t *at;

	(void)state;
	virtio_reset(&dev);
	fake_ram_fini(&ram);
	start(0, true);
	at = fake_ram_at(&ram, DATA);
	for (int i = 0; i < 4; i++) {
		at[8 * i + 4] = 1;
		at[8 * i + 6] = FAKE_DESC_NEXT;
		at[8 * i + 7] = (uint16_t)((i + 1) % 4);
	}
	make_avail(0, DATA, 64, FAKE_DESC_INDIRECT, 0);
	go();
	assert_broken();
}

static void links_out_of_a_table_break_the_queue(void **state)
{
	uint16_t *at;

	(void)state;
	virtio_reset(&dev);
	fake_ram_fini(&ram);
	start(0, true);
	at = fake_ram_at(&ram, DATA);
	at[6] = FAKE_DESC_NEXT;
	at[7] = 5;
	make_avail(0, DATA, 64, FAKE_DESC_INDIRECT, 0);
	go();
	assert_broken();
}

/* The table changes as soon as it has been read: what was read counts. */
static bool changed;
static void change(struct fake_ram *r, ipa_t from, uint64_t size)
{
	uint16_t *at = fake_ram_at(r, DATA + 0x2000);

	(void)from;
	(void)size;
	if (changed)
		at[6] = at[7] = 0xffff;
	changed = true;
}

static void what_changes_between_reads_is_read_once(void **state)
{
	struct fake_seg two[] = { { DATA, 4, false }, { DATA + 0x1000, 4, true } };
	uint16_t id;
	uint32_t len;

	(void)state;
	virtio_reset(&dev);
	fake_ram_fini(&ram);
	start(0, true);
	changed = false;
	f.table = DATA + 0x2000;
	fake_queue_add(&f, two, 2);
	ram.on_read = change;
	fake_queue_kick(&f);
	assert_true(fake_queue_used(&f, &id, &len));
	assert_int_equal(len, 4);
	assert_false(needs_reset());
}

/* ---- status ---- */

static void features_that_were_not_offered_are_refused(void **state)
{
	(void)state;
	assert_false(fake_driver_accept(&dev, BIT(63)));
	assert_int_equal(dev.features, 0);
	/* Nor does it run without them. */
	fake_driver_ok(&dev);
	dev.driver_features = BIT(63);
	assert_false(virtio_running(&dev));
	virtio_set_status(&dev, 0);
	virtio_set_status(&dev, VIRTIO_S_DRIVER_OK);
	assert_false(virtio_running(&dev));
	/* The legacy interface is not there. */
	dev.driver_features = 0;
	virtio_set_status(&dev, VIRTIO_S_FEATURES_OK);
	assert_int_equal(atomic_load(&dev.status), 0);
}

#define P VIRTIO_F_RING_PACKED
#define E VIRTIO_F_EVENT_IDX

static struct kind kinds[] = {
	{ 0, false }, { P, false }, { E, false }, { P | E, false },
	{ 0, true }, { P, true }, { E, true }, { P | E, true },
};

#define T(fn, kind) { #fn " (" #kind ")", fn, setup, teardown, &kinds[kind] }
#define ALL(fn) T(fn, 0), T(fn, 1), T(fn, 2), T(fn, 3), T(fn, 4), T(fn, 5), T(fn, 6), T(fn, 7)
#define BOTH(fn) T(fn, 0), T(fn, 1)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALL(chains_come_back_answered),
		ALL(batch_has_one_interrupt),
		ALL(order_of_completion_is_free),
		ALL(unpopped_chains_come_again),
		ALL(bad_buffers_are_the_models_affair),
		ALL(offsets_beyond_a_chain_are_refused),
		ALL(any_offset_is_found),
		ALL(interrupts_can_be_suppressed),
		ALL(kicks_are_asked_for_when_idle),
		ALL(a_buffer_that_comes_while_arming_is_served),
		BOTH(kicks_of_no_queue_are_ignored),
		BOTH(memory_taken_away_breaks_the_queue),
		BOTH(memory_taken_away_while_serving),
		BOTH(reset_drops_what_is_in_flight),
		BOTH(one_queue_can_be_reset),
		T(rings_that_cannot_be_are_not_enabled, 0),
		BOTH(loops_break_the_queue),
		BOTH(reading_after_writing_breaks_the_queue),
		BOTH(too_many_bytes_break_the_queue),
		ALL(tables_nobody_agreed_on_break_the_queue),
		BOTH(bad_tables_break_the_queue),
		BOTH(tables_in_tables_break_the_queue),
		T(avail_index_that_jumps_breaks_the_queue, 0),
		T(heads_and_links_beyond_the_table_break_the_queue, 0),
		T(a_head_in_use_breaks_the_queue, 0),
		T(loops_in_a_table_break_the_queue, 0),
		T(links_out_of_a_table_break_the_queue, 0),
		T(what_changes_between_reads_is_read_once, 0),
		T(features_that_were_not_offered_are_refused, 0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
