/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of virtio-mmio, of a device that answers nothing: what a driver finds, what
 * is refused, when the line is high, what waits for a thread that may sleep.
 */
#include "devices/virtio_mmio.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "tests/host/fake/log.h"
#include "tests/host/fake/virtio_driver.h"

#define SLOT  7u
#define INTID 123u
#define RING  (FAKE_RAM_BASE + 0x10000)
#define ACK_DRIVER (VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER)
#define ALL_OK (ACK_DRIVER | VIRTIO_S_FEATURES_OK | VIRTIO_S_DRIVER_OK)
#define F_OWN  BIT(5)

enum {
	MAGIC = 0x000, VERSION = 0x004, ID = 0x008, VENDOR = 0x00c, FEATURES = 0x010,
	FEATURES_SEL = 0x014, DRIVER = 0x020, DRIVER_SEL = 0x024, QUEUE_SEL = 0x030,
	SIZE_MAX_ = 0x034, SIZE = 0x038, READY = 0x044, NOTIFY = 0x050, INTERRUPT = 0x060,
	ACK = 0x064, STATUS = 0x070, DESC = 0x080, AVAIL = 0x090, USED = 0x0a0, SHM = 0x0b0,
	QUEUE_RESET = 0x0c0, GENERATION = 0x0fc, CONFIG = 0x100,
};

static struct virtio_mmio mmio;
static struct virtio_device dev;
static struct virtq queues[2];
static struct virtq_seg segs[2 * VIRTQ_MAX_SIZE];
static struct fake_ram ram;
static bool line, refuse;
static unsigned int nr_lines, nr_served, nr_resets;
static uint8_t space[10];

/* ---- the device ---- */

static void config(struct virtio_device *d, void *out)
{
	(void)d;
	memcpy(out, space, sizeof(space));
}

static void config_write(struct virtio_device *d, uint32_t off, const void *data, uint32_t size)
{
	(void)d;
	memcpy(space + off, data, size);
}

static bool accept(struct virtio_device *d)
{
	(void)d;
	return !refuse;
}

static enum virtio_serve serve(struct virtio_device *d, struct virtq *q)
{
	(void)d;
	nr_served++;
	while (virtq_pop(q, &q->chain) > 0)
		virtq_push(q, &q->chain, 0);
	return VIRTIO_IDLE;
}

static void reset(struct virtio_device *d)
{
	(void)d;
	nr_resets++;
}

static uint16_t queue_size(uint16_t queue)
{
	return queue ? 16 : 64;
}

static const struct virtio_model model = {
	.name = "thing", .id = 0x42, .config_size = sizeof(space), .queue_size = queue_size,
	.config = config, .config_write = config_write, .accept = accept, .serve = serve,
	.reset = reset,
};

static void set_line(void *ctx, uint32_t intid, bool level)
{
	assert_ptr_equal(ctx, &line);
	assert_int_equal(intid, INTID);
	assert_true(level != line);
	line = level;
	nr_lines++;
}

static int setup(void **state)
{
	const struct virtio_setup s = {
		.model = &model, .vm = "test", .name = "thing0", .ram = &ram.ram,
		.worker = &fake_worker, .slot = SLOT, .nr_queues = 2, .queues = queues,
		.segs = segs, .features = F_OWN,
	};

	(void)state;
	memset(queues, 0, sizeof(queues));
	for (uint32_t i = 0; i < sizeof(space); i++)
		space[i] = (uint8_t)(0x10 + i);
	line = refuse = false;
	nr_lines = nr_served = nr_resets = fake_log_guest_lines = 0;
	atomic_store(&fake_worker.work, 0);
	fake_ram_init(&ram);
	virtio_init(&dev, &s);
	virtio_mmio_init(&mmio, 0x0a000000);
	virtio_mmio_attach(&mmio, &dev, (struct irq_line){ set_line, &line, INTID });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mmio.dev.reset(&mmio.dev);
	assert_false(line);
	fake_ram_fini(&ram);
	return 0;
}

/* ---- accesses ---- */

static int access_slot(uint32_t slot, uint32_t off, uint8_t size, bool write, bool may_sleep,
		       uint64_t *value)
{
	struct mmio_access acc = {
		.offset = slot * VIRTIO_MMIO_SLOT_SIZE + off, .size = size, .is_write = write,
		.may_sleep = may_sleep, .value = *value,
	};
	int err = mmio.dev.access(&mmio.dev, &acc);

	assert_int_equal(fake_mutexes_held, 0);
	*value = acc.value;
	return err;
}

static uint32_t get(uint32_t off)
{
	uint64_t v = UINT64_MAX;

	assert_int_equal(access_slot(SLOT, off, 4, false, false, &v), 0);
	assert_true(v <= UINT32_MAX);
	return (uint32_t)v;
}

static void put(uint32_t off, uint32_t value)
{
	uint64_t v = value;

	assert_int_equal(access_slot(SLOT, off, 4, true, true, &v), 0);
}

static void agree(uint64_t features)
{
	put(STATUS, ACK_DRIVER);
	put(DRIVER_SEL, 0);
	put(DRIVER, (uint32_t)features);
	put(DRIVER_SEL, 1);
	put(DRIVER, (uint32_t)(features >> 32));
	put(STATUS, ACK_DRIVER | VIRTIO_S_FEATURES_OK);
}

static void queue_set(uint32_t queue, uint32_t size, uint64_t at)
{
	const struct { uint32_t reg; uint64_t addr; } addrs[] = {
		{ DESC, at }, { AVAIL, at + 0x1000 }, { USED, at + 0x2000 },
	};

	put(QUEUE_SEL, queue);
	put(SIZE, size);
	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++) {
		put(addrs[i].reg, (uint32_t)addrs[i].addr);
		put(addrs[i].reg + 4, (uint32_t)(addrs[i].addr >> 32));
	}
}

static void bring_up(uint64_t features)
{
	agree(features | VIRTIO_F_VERSION_1);
	queue_set(0, 16, RING);
	put(READY, 1);
	put(STATUS, ALL_OK);
	fake_worker_run(&dev);
}

/* One empty chain, so that the device interrupts. */
static void one_request(void)
{
	uint16_t *avail = fake_ram_at(&ram, RING + 0x1000);

	avail[2 + avail[1] % 16] = 0;
	avail[1]++;
	put(NOTIFY, 0);
	fake_worker_run(&dev);
}

/* ---- tests ---- */

static void a_driver_finds_the_device_and_nothing_beside_it(void **state)
{
	(void)state;
	assert_int_equal(get(MAGIC), 0x74726976);
	assert_int_equal(get(VERSION), 2);
	assert_int_equal(get(ID), 0x42);
	for (uint32_t slot = 0; slot < VIRTIO_MAX_DEVICES; slot++)
		for (uint32_t off = 0; slot != SLOT && off < VIRTIO_MMIO_SLOT_SIZE; off += 4) {
			uint64_t v = UINT64_MAX;

			assert_int_equal(access_slot(slot, off, 4, false, false, &v), 0);
			assert_int_equal(v, off == MAGIC ? 0x74726976 : off == VERSION ? 2 : 0);
			assert_int_equal(access_slot(slot, off, 4, true, false, &v), 0);
		}
	assert_int_equal(nr_lines, 0);
}

static void registers_take_words_only_and_configuration_any_width(void **state)
{
	static const uint8_t sizes[] = { 1, 2, 8 };
	uint64_t v = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (uint32_t off = 0; off < CONFIG; off += 8) {
			assert_int_equal(access_slot(SLOT, off, sizes[i], false, true, &v),
					 -EFAULT);
			assert_int_equal(access_slot(SLOT, off, sizes[i], true, true, &v),
					 -EFAULT);
			assert_int_equal(access_slot(3, off, sizes[i], false, true, &v), -EFAULT);
		}
	assert_int_equal(access_slot(SLOT, CONFIG, 8, false, false, &v), 0);
	assert_int_equal(v, UINT64_C(0x1716151413121110));
	assert_int_equal(access_slot(SLOT, CONFIG + 2, 2, false, false, &v), 0);
	assert_int_equal(v, 0x1312);
	assert_int_equal(access_slot(SLOT, CONFIG + 9, 1, false, false, &v), 0);
	assert_int_equal(v, 0x19);
	/* What lies across the end, or beyond, is not there. */
	assert_int_equal(access_slot(SLOT, CONFIG + 8, 4, false, false, &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(access_slot(SLOT, 0x1f8, 8, false, false, &v), 0);
	assert_int_equal(v, 0);
	v = UINT64_MAX;
	assert_int_equal(access_slot(SLOT, CONFIG + 8, 4, true, false, &v), 0);
	assert_int_equal(access_slot(SLOT, CONFIG + 8, 2, true, false, &v), 0);
	assert_int_equal(space[7], 0x17);
	assert_int_equal(space[8], 0xff);
}

static void features_are_read_and_accepted_by_halves(void **state)
{
	(void)state;
	put(FEATURES_SEL, 0);
	assert_int_equal(get(FEATURES), F_OWN | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX);
	put(FEATURES_SEL, 1);
	assert_int_equal(get(FEATURES), (VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED |
					 VIRTIO_F_RING_RESET) >> 32);
	put(FEATURES_SEL, 2);
	assert_int_equal(get(FEATURES), 0);
	put(DRIVER_SEL, 2);
	put(DRIVER, UINT32_MAX);
	agree(VIRTIO_F_VERSION_1 | F_OWN);
	assert_int_equal(get(STATUS), ACK_DRIVER | VIRTIO_S_FEATURES_OK);
	assert_int_equal(dev.features, VIRTIO_F_VERSION_1 | F_OWN);
}

static void features_that_will_not_do_are_not_ok(void **state)
{
	static const uint64_t bad[] = {
		0, F_OWN, VIRTIO_F_VERSION_1 | BIT(6), VIRTIO_F_VERSION_1 | BIT(63),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		agree(bad[i]);
		assert_int_equal(get(STATUS), ACK_DRIVER);
		put(STATUS, ALL_OK & ~VIRTIO_S_FEATURES_OK);
		assert_int_equal(get(STATUS), ACK_DRIVER);
		put(STATUS, 0);
	}
	refuse = true;
	agree(VIRTIO_F_VERSION_1);
	assert_int_equal(get(STATUS), ACK_DRIVER);
	assert_int_equal(dev.features, 0);
}

static void a_queue_is_ready_if_it_can_be(void **state)
{
	static const uint32_t sizes[] = { 0, 3, 128, 0x10010, UINT32_MAX };

	(void)state;
	put(QUEUE_SEL, 0);
	assert_int_equal(get(SIZE_MAX_), 64);
	put(QUEUE_SEL, 1);
	assert_int_equal(get(SIZE_MAX_), 16);
	put(QUEUE_SEL, 2);
	assert_int_equal(get(SIZE_MAX_), 0);
	/* Not before the features are agreed on. */
	queue_set(0, 16, RING);
	put(READY, 1);
	assert_int_equal(get(READY), 0);
	agree(VIRTIO_F_VERSION_1);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		queue_set(0, sizes[i], RING);
		put(READY, 1);
		assert_int_equal(get(READY), 0);
	}
	queue_set(0, 16, FAKE_RAM_BASE + FAKE_RAM_SIZE - 0x1000);
	put(READY, 1);
	assert_int_equal(get(READY), 0);
	queue_set(0, 16, RING | UINT64_C(1) << 40);
	put(READY, 1);
	assert_int_equal(get(READY), 0);
	assert_int_equal(ram.nr_views, 0);
	queue_set(0, 16, RING);
	put(READY, 2);
	assert_int_equal(get(READY), 0);
	put(READY, 1);
	assert_int_equal(get(READY), 1);
	/* While it is, writes to its addresses are for the next time. */
	queue_set(0, 16, 0);
	assert_int_equal(get(READY), 1);
	assert_true(queues[0].desc.ipa.v == RING);
	put(QUEUE_SEL, 1);
	assert_int_equal(get(READY), 0);
	put(QUEUE_SEL, 77);
	put(READY, 1);
	assert_int_equal(get(READY), 0);
	put(QUEUE_SEL, 0);
	put(READY, 0);
	assert_int_equal(get(READY), 0);
	assert_int_equal(ram.nr_views, 0);
}

static void one_queue_is_reset_where_that_was_agreed_on(void **state)
{
	(void)state;
	bring_up(0);
	put(QUEUE_RESET, 1);
	assert_int_equal(get(READY), 1);
	put(STATUS, 0);
	bring_up(VIRTIO_F_RING_RESET);
	put(QUEUE_RESET, 0);
	assert_int_equal(get(READY), 1);
	put(QUEUE_RESET, 1);
	assert_int_equal(get(QUEUE_RESET), 0);
	assert_int_equal(get(READY), 0);
	assert_int_equal(get(STATUS), ALL_OK);
	memset(fake_ram_at(&ram, RING), 0, 0x3000);
	queue_set(0, 8, RING);
	put(READY, 1);
	assert_int_equal(get(READY), 1);
}

static void the_line_is_high_until_all_is_acknowledged(void **state)
{
	(void)state;
	bring_up(0);
	assert_int_equal(get(INTERRUPT), 0);
	one_request();
	assert_true(line);
	assert_int_equal(get(INTERRUPT), 1);
	one_request();
	assert_int_equal(nr_lines, 1);
	virtio_config_changed(&dev);
	assert_int_equal(get(INTERRUPT), 3);
	put(ACK, 4);
	assert_true(line);
	put(ACK, 1);
	assert_int_equal(get(INTERRUPT), 2);
	assert_true(line);
	put(ACK, UINT32_MAX);
	assert_false(line);
	assert_int_equal(nr_lines, 2);
	put(INTERRUPT, 3);
	assert_false(line);
}

static void the_generation_changes_with_the_configuration(void **state)
{
	uint32_t before = get(GENERATION);

	(void)state;
	/* Who has not started yet is not told, but can see it. */
	virtio_config_changed(&dev);
	assert_int_not_equal(get(GENERATION), before);
	assert_false(line);
	bring_up(0);
	before = get(GENERATION);
	assert_int_equal(get(GENERATION), before);
	virtio_config_changed(&dev);
	assert_int_not_equal(get(GENERATION), before);
	assert_true(line);
	put(GENERATION, before);
	assert_int_not_equal(get(GENERATION), before);
}

static void a_reset_is_a_reset_of_everything(void **state)
{
	(void)state;
	bring_up(VIRTIO_F_RING_PACKED);
	put(QUEUE_SEL, 1);
	put(FEATURES_SEL, 1);
	virtio_broken(&dev, "by itself");
	assert_true(get(STATUS) & VIRTIO_S_NEEDS_RESET);
	assert_true(line);
	put(STATUS, 0);
	assert_int_equal(get(STATUS), 0);
	assert_false(line);
	assert_int_equal(get(INTERRUPT), 0);
	assert_int_equal(nr_resets, 1);
	assert_int_equal(dev.features, 0);
	assert_int_equal(ram.nr_views, 0);
	assert_int_equal(get(SIZE_MAX_), 64);
	assert_true(get(FEATURES) & F_OWN);
	/* Of the former life not even an address is left. */
	agree(VIRTIO_F_VERSION_1);
	put(READY, 1);
	assert_int_equal(get(READY), 0);
	/* Bits are only added, until the next one. */
	put(STATUS, 0);
	put(STATUS, VIRTIO_S_ACKNOWLEDGE);
	put(STATUS, VIRTIO_S_DRIVER | VIRTIO_S_NEEDS_RESET | 0xffffff00u);
	assert_int_equal(get(STATUS), ACK_DRIVER);
	put(STATUS, VIRTIO_S_FAILED);
	assert_int_equal(get(STATUS), ACK_DRIVER | VIRTIO_S_FAILED);
}

static void kicks_before_the_driver_is_ready_do_nothing(void **state)
{
	(void)state;
	put(NOTIFY, 0);
	fake_worker_run(&dev);
	agree(VIRTIO_F_VERSION_1);
	queue_set(0, 16, RING);
	put(READY, 1);
	put(NOTIFY, 0);
	fake_worker_run(&dev);
	assert_int_equal(nr_served, 0);
	put(STATUS, ALL_OK);
	fake_worker_run(&dev);
	assert_int_equal(nr_served, 1);
	put(NOTIFY, 1);
	put(NOTIFY, 2);
	put(NOTIFY, UINT32_MAX);
	fake_worker_run(&dev);
	assert_int_equal(nr_served, 1);
	put(NOTIFY, 0);
	fake_worker_run(&dev);
	assert_int_equal(nr_served, 2);
}

/* Where no thread can wait nothing is done, and the same access comes again. */
static void what_may_sleep_is_done_where_one_may(void **state)
{
	static const struct { uint32_t off; uint64_t value; } may[] = {
		{ STATUS, 0 }, { STATUS, VIRTIO_S_FAILED }, { READY, 0 }, { QUEUE_RESET, 1 },
	};

	(void)state;
	bring_up(VIRTIO_F_RING_RESET);
	for (size_t i = 0; i < ARRAY_SIZE(may); i++) {
		uint64_t v = may[i].value;

		assert_int_equal(access_slot(SLOT, may[i].off, 4, true, false, &v), -EAGAIN);
		assert_int_equal(get(STATUS), ALL_OK);
		assert_int_equal(get(READY), 1);
		assert_int_equal(access_slot(SLOT, may[i].off, 4, false, false, &v), 0);
	}
}

static void there_is_no_shared_memory(void **state)
{
	(void)state;
	for (uint32_t off = SHM; off < SHM + 16; off += 4)
		assert_int_equal(get(off), UINT32_MAX);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_driver_finds_the_device_and_nothing_beside_it),
		T(registers_take_words_only_and_configuration_any_width),
		T(features_are_read_and_accepted_by_halves),
		T(features_that_will_not_do_are_not_ok),
		T(a_queue_is_ready_if_it_can_be),
		T(one_queue_is_reset_where_that_was_agreed_on),
		T(the_line_is_high_until_all_is_acknowledged),
		T(the_generation_changes_with_the_configuration),
		T(a_reset_is_a_reset_of_everything),
		T(kicks_before_the_driver_is_ready_do_nothing),
		T(what_may_sleep_is_done_where_one_may),
		T(there_is_no_shared_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
