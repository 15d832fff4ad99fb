/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-balloon: lists of pages of all kinds, free pages, statistics. */
#include "devices/virtio_balloon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "tests/host/fake/log.h"
#include "tests/host/fake/virtio_driver.h"

#define RING(n) (FAKE_RAM_BASE + 0x10000 + (n) * 0x20000u)
#define DATA    (FAKE_RAM_BASE + 0x100000)
#define SIZE    16
#define ALL     VIRTIO_BALLOON_FEATURES
#define BASE    ((uint32_t)(FAKE_RAM_BASE / 4096))
#define NR_PAGES ((uint32_t)(FAKE_RAM_SIZE / 4096))

enum { INFLATE, DEFLATE, STATS, REPORT };

static struct virtio_balloon balloon;
static struct virtq queues[VIRTIO_BALLOON_QUEUES];
static struct virtq_seg segs[VIRTIO_BALLOON_QUEUES * VIRTQ_MAX_SIZE];
static struct fake_ram ram;
static struct fake_queue f[4];
static bool lent[NR_PAGES];
static unsigned int nr_calls, nr_forgets, nr_reported;
static bool take_ring;

static uint32_t each(ipa_t ipa, uint32_t nr, bool to)
{
	uint32_t done = 0;

	nr_calls++;
	assert_true((ipa.v & 4095) == 0);
	assert_true(nr > 0 && nr <= 1024);
	for (uint32_t i = 0; i < nr; i++) {
		uint64_t page = ipa.v / 4096 + i;

		if (page < BASE || page - BASE >= NR_PAGES || lent[page - BASE] == to)
			continue;
		lent[page - BASE] = to;
		done++;
	}
	return done;
}

static uint32_t inflate(void *ctx, ipa_t ipa, uint32_t nr)
{
	assert_ptr_equal(ctx, &ram);
	if (take_ring)
		fake_ram_take(&ram, RING(INFLATE), 4096);
	return each(ipa, nr, true);
}

static uint32_t deflate(void *ctx, ipa_t ipa, uint32_t nr)
{
	(void)ctx;
	return each(ipa, nr, false);
}

static uint32_t report(void *ctx, ipa_t ipa, uint32_t nr)
{
	(void)ctx;
	assert_true((ipa.v & 4095) == 0);
	assert_true(nr > 0 && nr <= 1024);
	nr_reported += nr;
	return ipa.v / 4096 >= BASE ? nr : 0;
}

static void forget(void *ctx)
{
	(void)ctx;
	memset(lent, 0, sizeof(lent));
	nr_forgets++;
}

static const struct virtio_balloon_ops ops = { inflate, deflate, report, forget };

static void start(uint64_t features, unsigned int nr)
{
	const struct virtio_setup s = {
		.model = &virtio_balloon_model, .vm = "test", .name = "balloon0", .ram = &ram.ram,
		.worker = &fake_worker, .slot = 3, .nr_queues = VIRTIO_BALLOON_QUEUES,
		.queues = queues, .segs = segs, .features = ALL,
	};

	memset(queues, 0, sizeof(queues));
	memset(lent, 0, sizeof(lent));
	nr_calls = nr_forgets = nr_reported = fake_config_irqs = fake_log_guest_lines = 0;
	take_ring = false;
	fake_ram_init(&ram);
	virtio_init(&balloon.dev, &s);
	virtio_balloon_init(&balloon, &ops, &ram, 7);
	assert_true(fake_driver_accept(&balloon.dev, features));
	for (uint16_t i = 0; i < nr; i++)
		fake_queue_init(&f[i], &balloon.dev, &ram, i, SIZE, RING(i));
	fake_driver_ok(&balloon.dev);
	fake_worker_run(&balloon.dev);
	nr_forgets = 0;
}

static int setup(void **state)
{
	(void)state;
	start(ALL, 4);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	virtio_reset(&balloon.dev);
	fake_ram_fini(&ram);
	return 0;
}

static void name(unsigned int queue, const uint32_t *pfn, unsigned int nr)
{
	const struct fake_seg seg = { DATA, nr * 4, false };
	uint32_t len;
	uint16_t id;

	memcpy(fake_ram_at(&ram, DATA), pfn, nr * 4u);
	fake_queue_add(&f[queue], &seg, 1);
	fake_queue_kick(&f[queue]);
	assert_true(fake_queue_used(&f[queue], &id, &len));
	assert_int_equal(len, 0);
}

static unsigned int nr_lent(void)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < NR_PAGES; i++)
		n += lent[i];
	return n;
}

static uint64_t ignored(void)
{
	return atomic_load(&balloon.counts.ignored);
}

static void neighbours_go_together(void **state)
{
	const uint32_t up[] = { BASE + 1, BASE + 2, BASE + 3 },
		       down[] = { BASE + 9, BASE + 8, BASE + 7, BASE + 100 };

	(void)state;
	name(INFLATE, up, 3);
	assert_int_equal(nr_calls, 1);
	assert_int_equal(nr_lent(), 3);
	name(INFLATE, down, 4);
	assert_int_equal(nr_calls, 3);
	assert_int_equal(nr_lent(), 7);
	assert_true(lent[7] && lent[9] && lent[100] && !lent[10]);
	name(DEFLATE, down, 3);
	assert_int_equal(nr_lent(), 4);
	assert_int_equal(ignored(), 0);
}

static void hostile_pages_are_counted(void **state)
{
	const uint32_t pfn[] = { 0, UINT32_MAX, 0, UINT32_MAX - 1, BASE, BASE, BASE - 1,
				 BASE + NR_PAGES };

	(void)state;
	name(INFLATE, pfn, 8);
	assert_int_equal(nr_lent(), 1);
	assert_int_equal(ignored(), 7);
	name(DEFLATE, pfn, 4);
	assert_int_equal(ignored(), 11);
	name(DEFLATE, &pfn[4], 2);
	assert_int_equal(ignored(), 12);
	assert_int_equal(nr_lent(), 0);
	assert_true(virtio_running(&balloon.dev));
}

/* More pages than one pass does: it goes on where it was, and ends. */
static void a_long_list_is_done_in_pieces(void **state)
{
	static uint32_t pfn[3000];

	(void)state;
	for (uint32_t i = 0; i < 3000; i++)
		pfn[i] = BASE + i % NR_PAGES;
	name(INFLATE, pfn, 3000);
	assert_int_equal(nr_lent(), NR_PAGES);
	assert_int_equal(ignored(), 3000 - NR_PAGES);
}

static void broken_lists_are_given_back(void **state)
{
	const struct fake_seg outside = { 0x1000, 64, false }, odd = { DATA, 7, false },
			      in = { DATA, 64, true }, none = { DATA, 3, false };
	const struct fake_seg *seg[] = { &outside, &odd, &in, &none };
	const uint32_t pfn[] = { BASE + 5, BASE + 6 };
	uint32_t len;
	uint16_t id;

	(void)state;
	memcpy(fake_ram_at(&ram, DATA), pfn, sizeof(pfn));
	for (int i = 0; i < 4; i++) {
		fake_queue_add(&f[INFLATE], seg[i], 1);
		fake_queue_kick(&f[INFLATE]);
		assert_true(fake_queue_used(&f[INFLATE], &id, &len));
	}
	assert_int_equal(nr_lent(), 1);
	assert_true(lent[5]);
}

static void free_pages_are_taken(void **state)
{
	const struct fake_seg seg[] = {
		{ FAKE_RAM_BASE, 0x100000, true }, { FAKE_RAM_BASE + 8, 0x1000, true },
		{ DATA, 0x1800, true }, { 0, 0x1000, true }, { UINT64_MAX - 0xfff, 0x2000, true },
	};
	uint32_t len;
	uint16_t id;

	(void)state;
	fake_queue_add(&f[REPORT], seg, 5);
	fake_queue_kick(&f[REPORT]);
	assert_true(fake_queue_used(&f[REPORT], &id, &len));
	assert_int_equal(nr_reported, 256 + 1 + 1);
	assert_int_equal(atomic_load(&balloon.counts.reported), 256 + 1);
	assert_true(virtio_running(&balloon.dev));
}

/* Without statistics the next queue is the one for free pages, for drivers that count so. */
static void queues_move_up(void **state)
{
	const struct fake_seg seg = { DATA, 0x2000, true };
	uint32_t len;
	uint16_t id;

	(void)state;
	start(ALL & ~VIRTIO_BALLOON_F_STATS_VQ, 3);
	fake_queue_add(&f[2], &seg, 1);
	fake_queue_kick(&f[2]);
	assert_true(fake_queue_used(&f[2], &id, &len));
	assert_int_equal(nr_reported, 2);
}

static void give_stats(uint16_t tag, uint64_t val)
{
	uint8_t entry[20] = { 0 };
	const struct fake_seg seg = { DATA, sizeof(entry), false };
	uint16_t wild = 0xffff;

	memcpy(entry, &tag, 2);
	memcpy(entry + 2, &val, 8);
	memcpy(entry + 10, &wild, 2);
	memcpy(fake_ram_at(&ram, DATA), entry, sizeof(entry));
	fake_queue_add(&f[STATS], &seg, 1);
	fake_queue_kick(&f[STATS]);
}

static void statistics_come_when_asked(void **state)
{
	uint32_t len;
	uint16_t id;

	(void)state;
	give_stats(4, 1234);
	assert_false(fake_queue_used(&f[STATS], &id, &len));
	assert_int_equal(atomic_load(&balloon.counts.stats[4]), 1234);
	assert_true(atomic_load(&balloon.counts.stats[5]) == UINT64_MAX);
	/* A second one, unasked, waits. */
	give_stats(4, 99);
	assert_int_equal(atomic_load(&balloon.counts.stats[4]), 1234);
	virtio_balloon_ask(&balloon);
	fake_worker_run(&balloon.dev);
	assert_true(fake_queue_used(&f[STATS], &id, &len));
	assert_int_equal(atomic_load(&balloon.counts.stats[4]), 99);
}

static void size_is_told(void **state)
{
	uint32_t v[2];

	(void)state;
	virtio_config_read(&balloon.dev, 0, v, 8);
	assert_int_equal(v[0], 7);
	virtio_balloon_set(&balloon, 0x8000);
	assert_int_equal(fake_config_irqs, 1);
	virtio_config_read(&balloon.dev, 0, v, 8);
	assert_int_equal(v[0], 0x8000);
	v[1] = 0x123;
	virtio_config_write(&balloon.dev, 4, &v[1], 4);
	virtio_config_write(&balloon.dev, 0, &v[1], 4);
	virtio_config_write(&balloon.dev, 6, &v[1], 2);
	assert_int_equal(atomic_load(&balloon.counts.told), 0x123);
	assert_int_equal(atomic_load(&balloon.counts.target), 0x8000);
}

static void reset_gives_all_back(void **state)
{
	const uint32_t pfn[] = { BASE + 1 };

	(void)state;
	name(INFLATE, pfn, 1);
	virtio_set_status(&balloon.dev, 0);
	assert_int_equal(nr_forgets, 1);
	assert_int_equal(nr_lent(), 0);
	assert_int_equal(atomic_load(&balloon.counts.target), 7);
}

/* The page with the queue's own ring is given away: the queue breaks, nothing else. */
static void a_ring_in_the_balloon_breaks_its_queue(void **state)
{
	const uint32_t pfn[] = { (uint32_t)(RING(INFLATE) / 4096), BASE + 1 };
	const struct fake_seg seg = { DATA, 8, false };

	(void)state;
	take_ring = true;
	memcpy(fake_ram_at(&ram, DATA), pfn, sizeof(pfn));
	fake_queue_add(&f[INFLATE], &seg, 1);
	fake_queue_kick(&f[INFLATE]);
	assert_true(atomic_load(&balloon.dev.status) & VIRTIO_S_NEEDS_RESET);
	assert_int_equal(fake_log_guest_lines, 1);
	assert_int_equal(nr_lent(), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(neighbours_go_together), TEST(hostile_pages_are_counted),
		TEST(a_long_list_is_done_in_pieces), TEST(broken_lists_are_given_back),
		TEST(free_pages_are_taken), TEST(statistics_come_when_asked), TEST(size_is_told),
		TEST(reset_gives_all_back), TEST(a_ring_in_the_balloon_breaks_its_queue),
		cmocka_unit_test_teardown(queues_move_up, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
