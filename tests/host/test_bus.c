/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/bus.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "core/lib/bits.h"

struct dev {
	struct mmio_device dev;
	struct mmio_access seen;
	int answer;
	unsigned int accesses, resets;
};

static int dev_access(struct mmio_device *m, struct mmio_access *acc)
{
	struct dev *d = container_of(m, struct dev, dev);

	d->seen = *acc;
	d->accesses++;
	acc->value = 0x1122334455667788;
	return d->answer;
}

static void dev_reset(struct mmio_device *m)
{
	container_of(m, struct dev, dev)->resets++;
}

static struct dev make(uint64_t base, uint64_t size)
{
	return (struct dev){
		.dev = { .name = "d", .base = base, .size = size, .access = dev_access,
			.reset = dev_reset },
	};
}

static void bus_finds_each_device_at_its_ends(void **state)
{
	static struct dev d[BUS_MAX_DEVICES], extra;
	struct bus bus;

	(void)state;
	bus_init(&bus);
	/* Added in an order that is neither up nor down. */
	for (uint32_t i = 0; i < BUS_MAX_DEVICES; i++) {
		uint32_t n = (i * 7) % BUS_MAX_DEVICES;

		d[n] = make(0x1000 * (2 * n + 1), 0x1000);
		assert_int_equal(bus_add(&bus, &d[n].dev), 0);
	}
	for (uint32_t i = 0; i < BUS_MAX_DEVICES; i++) {
		uint64_t base = d[i].dev.base;

		assert_ptr_equal(bus_lookup(&bus, IPA(base)), &d[i].dev);
		assert_ptr_equal(bus_lookup(&bus, IPA(base + 0xfff)), &d[i].dev);
		assert_null(bus_lookup(&bus, IPA(base - 1)));
		assert_null(bus_lookup(&bus, IPA(base + 0x1000)));
	}
	assert_null(bus_lookup(&bus, IPA(UINT64_MAX)));
	extra = make(0x10000000, 0x1000);
	assert_int_equal(bus_add(&bus, &extra.dev), -ENOSPC);
}

static void bus_refuses_overlap_and_wrap(void **state)
{
	struct dev a = make(0x1000, 0x1000), b = make(0x1fff, 1), c = make(UINT64_MAX, 2);
	struct dev top = make(UINT64_MAX - 0xfff, 0x1000), none = make(0x5000, 0);
	struct bus bus;

	(void)state;
	bus_init(&bus);
	assert_int_equal(bus_add(&bus, &a.dev), 0);
	assert_int_equal(bus_add(&bus, &b.dev), -EEXIST);
	assert_int_equal(bus_add(&bus, &c.dev), -EINVAL);
	assert_int_equal(bus_add(&bus, &none.dev), -EINVAL);
	assert_int_equal(bus.nr_devs, 1);
	assert_int_equal(bus_add(&bus, &top.dev), 0);
	assert_ptr_equal(bus_lookup(&bus, IPA(UINT64_MAX)), &top.dev);
}

static void access_gets_offset_and_keeps_inside(void **state)
{
	struct dev a = make(0x1000, 0x1004);
	struct mmio_access acc = { .size = 4, .vcpu_idx = 3 };
	struct bus bus;

	(void)state;
	bus_init(&bus);
	assert_int_equal(bus_add(&bus, &a.dev), 0);
	assert_int_equal(bus_access(&bus, IPA(0x1008), &acc), 0);
	assert_int_equal(a.seen.offset, 8);
	assert_int_equal(a.seen.vcpu_idx, 3);

	/* Not aligned; past the end; the device's own refusal; nobody there. */
	assert_int_equal(bus_access(&bus, IPA(0x1002), &acc), -EFAULT);
	acc.size = 8;
	assert_int_equal(bus_access(&bus, IPA(0x2000), &acc), -EFAULT);
	assert_int_equal(a.accesses, 1);
	a.answer = -EFAULT;
	assert_int_equal(bus_access(&bus, IPA(0x1008), &acc), -EFAULT);
	assert_int_equal(bus_access(&bus, IPA(0x4000), &acc), -ENXIO);
	assert_int_equal(a.accesses, 2);
}

static void reset_reaches_who_can_be_reset(void **state)
{
	struct dev a = make(0x1000, 0x1000), b = make(0x3000, 0x1000);
	struct bus bus;

	(void)state;
	b.dev.reset = NULL;
	bus_init(&bus);
	bus_add(&bus, &a.dev);
	bus_add(&bus, &b.dev);
	bus_reset(&bus);
	assert_int_equal(a.resets, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bus_finds_each_device_at_its_ends),
		cmocka_unit_test(bus_refuses_overlap_and_wrap),
		cmocka_unit_test(access_gets_offset_and_keeps_inside),
		cmocka_unit_test(reset_reaches_who_can_be_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
