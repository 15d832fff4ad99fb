/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-rng: how much it gives, how fast, and what bad buffers do. */
#include "devices/virtio_rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include <arch/timer.h>
#include "tests/host/fake/log.h"
#include "tests/host/fake/virtio_driver.h"

#define RING (FAKE_RAM_BASE + 0x10000)
#define DATA (FAKE_RAM_BASE + 0x100000)
#define SIZE 16

static struct virtio_rng rng;
static struct virtq queues[VIRTIO_RNG_QUEUES];
static struct virtq_seg segs[VIRTQ_MAX_SIZE];
static struct fake_ram ram;
static struct fake_queue f;
static struct timer *armed;

void timer_setup(struct timer *t, void (*fire)(struct timer *t))
{
	t->fire = fire;
}

void timer_start(struct timer *t, uint64_t deadline)
{
	t->deadline = deadline;
	armed = t;
}

void timer_cancel_wait(struct timer *t)
{
	(void)t;
	armed = NULL;
}

/* "Random": 1, 2, 3, ... */
static void fill(void *ctx, void *out, size_t len)
{
	uint8_t *next = ctx;

	assert_true(len > 0 && len <= 64);
	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = ++*next;
}

static uint8_t next;

static int setup(void **state)
{
	const struct virtio_setup s = {
		.model = &virtio_rng_model, .vm = "test", .name = "rng0", .ram = &ram.ram,
		.worker = &fake_worker, .slot = 3, .nr_queues = VIRTIO_RNG_QUEUES,
		.queues = queues, .segs = segs,
	};

	(void)state;
	memset(queues, 0, sizeof(queues));
	fake_counter = 1000;
	fake_log_guest_lines = 0;
	armed = NULL;
	next = 0;
	fake_ram_init(&ram);
	virtio_init(&rng.dev, &s);
	virtio_rng_init(&rng, fill, &next);
	rng.period_end = rng.left = 0;
	assert_true(fake_driver_accept(&rng.dev, 0));
	fake_queue_init(&f, &rng.dev, &ram, 0, SIZE, RING);
	fake_driver_ok(&rng.dev);
	fake_worker_run(&rng.dev);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	virtio_reset(&rng.dev);
	virtio_rng_fini(&rng);
	fake_ram_fini(&ram);
	return 0;
}

/* Bytes given for a buffer of these; UINT32_MAX: it is not given back. */
static uint32_t ask(const struct fake_seg *seg, unsigned int nr)
{
	uint32_t len;
	uint16_t id;

	fake_queue_add(&f, seg, nr);
	fake_queue_kick(&f);
	return fake_queue_used(&f, &id, &len) ? len : UINT32_MAX;
}

static void a_buffer_is_filled(void **state)
{
	const struct fake_seg seg[] = { { DATA, 3, true }, { DATA + 0x100, 90, true } };
	const uint8_t *p = fake_ram_at(&ram, DATA);

	(void)state;
	assert_int_equal(ask(seg, 2), 93);
	assert_int_equal(p[0], 1);
	assert_int_equal(p[2], 3);
	assert_int_equal(p[3], 0);
	assert_int_equal(p[0x100], 4);
	assert_int_equal(p[0x100 + 89], 93);
	assert_int_equal(p[0x100 + 90], 0);
}

static void a_request_has_a_bound(void **state)
{
	const struct fake_seg seg = { DATA, 0x10000, true };

	(void)state;
	assert_int_equal(ask(&seg, 1), VIRTIO_RNG_MAX);
	assert_int_equal(*(uint8_t *)fake_ram_at(&ram, DATA + VIRTIO_RNG_MAX), 0);
}

static void more_has_to_wait_for_the_next_period(void **state)
{
	const struct fake_seg seg = { DATA, VIRTIO_RNG_MAX, true };
	unsigned int rounds = VIRTIO_RNG_PER_PERIOD / VIRTIO_RNG_MAX;
	uint16_t id;
	uint32_t len;

	(void)state;
	for (unsigned int i = 0; i < rounds; i++)
		assert_int_equal(ask(&seg, 1), VIRTIO_RNG_MAX);
	assert_int_equal(ask(&seg, 1), UINT32_MAX);
	assert_non_null(armed);
	assert_int_equal(armed->deadline, 1000 + VIRTIO_RNG_PERIOD_MS * arch_counter_hz() / 1000);
	fake_counter = armed->deadline;
	armed->fire(armed);
	fake_worker_run(&rng.dev);
	assert_true(fake_queue_used(&f, &id, &len));
	assert_int_equal(len, VIRTIO_RNG_MAX);
	/* Or for no period at all, should the counter have gone back. */
	for (unsigned int i = 1; i < rounds; i++)
		assert_int_equal(ask(&seg, 1), VIRTIO_RNG_MAX);
	fake_counter = 100;
	assert_int_equal(ask(&seg, 1), VIRTIO_RNG_MAX);
}

static void bad_buffers_get_nothing(void **state)
{
	const struct fake_seg outside = { 0x1000, 64, true }, empty = { DATA, 0, true },
			      out = { DATA, 64, false }, wraps = { UINT64_MAX - 3, 64, true };

	(void)state;
	assert_int_equal(ask(&outside, 1), 0);
	assert_int_equal(ask(&empty, 1), 0);
	assert_int_equal(ask(&out, 1), 0);
	assert_int_equal(ask(&wraps, 1), 0);
	assert_int_equal(fake_log_guest_lines, 0);
	assert_true(virtio_running(&rng.dev));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_buffer_is_filled, setup, teardown),
		cmocka_unit_test_setup_teardown(a_request_has_a_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(more_has_to_wait_for_the_next_period, setup,
						teardown),
		cmocka_unit_test_setup_teardown(bad_buffers_get_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
