/* SPDX-License-Identifier: Apache-2.0 */
/* Every register of GICD and GICR: values, widths, reserved space. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "irq/vgic_int.h"
#include "tests/host/fake/vgic_world.h"

#define SGI(off) (GICR_SGI_BASE + (off))

static void maps_are_sorted_and_do_not_overlap(void **state)
{
	(void)state;
	for (uint32_t n = 1; n < vgic_gicd_nr_regs; n++)
		assert_true(vgic_gicd_regs[n - 1].off + vgic_gicd_regs[n - 1].len <=
			    vgic_gicd_regs[n].off);
	for (uint32_t n = 1; n < vgic_gicr_nr_regs; n++)
		assert_true(vgic_gicr_regs[n - 1].off + vgic_gicr_regs[n - 1].len <=
			    vgic_gicr_regs[n].off);
}

/* No offset and no width does harm, and RWP is never set. */
static void every_offset_answers_at_every_width(void **state)
{
	(void)state;
	world_setup(3, 988, 4);
	for (uint8_t size = 1; size <= 8; size *= 2) {
		for (uint64_t off = 0; off < VGIC_GICD_SIZE; off += size) {
			world_gicd_write(off, size, ~UINT64_C(0));
			world_gicd_read(off, size);
		}
		for (uint64_t off = 0; off < 3 * VGIC_GICR_SIZE; off += size) {
			world_gicr_write(0, off, size, ~UINT64_C(0));
			world_gicr_read(0, off, size);
		}
	}
	/* beyond the last redistributor */
	world_gicr_write(3, 0, 4, 1);
	assert_int_equal(world_gicr_read(3, GICR_TYPER, 8), 0);
	assert_int_equal(world_gicd_read(GICD_CTLR, 4), 0x53);
	assert_int_equal(world_gicr_read(0, GICR_CTLR, 4), 0);
	world_run(0);
	world_enter();
}

/* Registers of 4 bytes answer no other width: RAZ/WI, and never an abort. */
static void wrong_widths_are_raz_wi(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	world_gicd_write(GICD_ISENABLER + 4, 1, 0xff);
	world_gicd_write(GICD_ISENABLER + 4, 2, 0xffff);
	world_gicd_write(GICD_ISENABLER + 8, 8, ~UINT64_C(0));
	assert_int_equal(world_gicd_read(GICD_ISENABLER + 4, 4), 0);
	assert_int_equal(world_gicd_read(GICD_ISENABLER + 8, 4), 0);
	assert_int_equal(world_gicd_read(GICD_TYPER, 1), 0);
	assert_int_equal(world_gicd_read(GICD_TYPER, 8), 0);
	assert_int_equal(world_gicd_read(GICD_IPRIORITYR + 32, 2), 0);
	assert_int_equal(world_gicd_read(GICD_IPRIORITYR + 32, 8), 0);
	assert_int_equal(world_gicr_read(0, GICR_TYPER, 1), 0);
	assert_int_equal(world_gicr_read(0, GICR_WAKER, 1), 0);
	world_gicr_write(0, SGI(GICR_ISENABLER0), 1, 0xff);
	assert_int_equal(world_gicr_read(0, SGI(GICR_ISENABLER0), 4), 0);
}

static void identification(void **state)
{
	(void)state;
	world_setup(3, 64, 4);
	assert_int_equal(world_gicd_read(GICD_TYPER, 4),
			 2 | BITS_VAL(GICD_TYPER_IDBITS, 9) | GICD_TYPER_A3V);
	assert_int_equal(world_gicd_read(GICD_IIDR, 4), 0x4300043b);
	assert_int_equal(world_gicd_read(GIC_PIDR2, 4), 0x3b);
	assert_int_equal(world_gicr_read(1, GIC_PIDR2, 4), 0x3b);
	assert_int_equal(world_gicd_read(0xfff0, 4), 0x0d);
	assert_int_equal(world_gicd_read(0xfffc, 4), 0xb1);
	for (uint32_t n = 0; n < 3; n++) {
		uint64_t typer = world_gicr_read(n, GICR_TYPER, 8);

		assert_int_equal(bits_get(GICR_TYPER_AFFINITY, typer), n);
		assert_int_equal(bits_get(GICR_TYPER_PROCESSOR, typer), n);
		assert_int_equal(!!(typer & GICR_TYPER_LAST), n == 2);
		assert_int_equal(typer & (GICR_TYPER_PLPIS | GICR_TYPER_VLPIS), 0);
		assert_int_equal(world_gicr_read(n, GICR_TYPER, 4), (uint32_t)typer);
		assert_int_equal(world_gicr_read(n, GICR_TYPER + 4, 4), typer >> 32);
	}
}

static void itlines_says_how_many_spis(void **state)
{
	static const struct { uint32_t asked, itlines; uint32_t last; } t[] = {
		{ 1, 1, 63 }, { 32, 1, 63 }, { 33, 2, 95 }, { 256, 8, 287 },
		{ 960, 30, 991 }, { 961, 31, 1019 }, { 988, 31, 1019 },
	};

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(t); n++) {
		world_setup(1, t[n].asked, 4);
		assert_int_equal(world_gicd_read(GICD_TYPER, 4) & 0x1f, t[n].itlines);
		for (uint32_t intid = 0; intid < 1024; intid++) {
			bool there = intid >= 32 && intid <= t[n].last;

			world_gicd_write(GICD_IPRIORITYR + intid, 1, 0xff);
			assert_int_equal(world_gicd_read(GICD_IPRIORITYR + intid, 1),
					 there ? 0xf8 : 0);
			world_gicd_write(GICD_IROUTER + 8 * intid, 8, 0xff80ffffff);
			assert_true(world_gicd_read(GICD_IROUTER + 8 * intid, 8) ==
				    (there ? 0xff80ffffff : 0));
		}
	}
}

static void the_last_word_of_988_has_28_bits(void **state)
{
	(void)state;
	world_setup(1, 988, 4);
	for (uint32_t off = GICD_IGROUPR; off < GICD_IPRIORITYR; off += 0x80)
		world_gicd_write(off + 31 * 4, 4, ~0u);
	assert_int_equal(world_gicd_read(GICD_IGROUPR + 31 * 4, 4), 0x0fffffff);
	world_gicd_write(GICD_ISENABLER + 31 * 4, 4, ~0u);
	assert_int_equal(world_gicd_read(GICD_ISENABLER + 31 * 4, 4), 0x0fffffff);
	world_gicd_write(GICD_ISPENDR + 31 * 4, 4, ~0u);
	assert_int_equal(world_gicd_read(GICD_ISPENDR + 31 * 4, 4), 0x0fffffff);
	world_gicd_write(GICD_ISACTIVER + 31 * 4, 4, ~0u);
	assert_int_equal(world_gicd_read(GICD_ICACTIVER + 31 * 4, 4), 0x0fffffff);
	world_gicd_write(GICD_ICFGR + 63 * 4, 4, ~0u);
	assert_int_equal(world_gicd_read(GICD_ICFGR + 63 * 4, 4), 0x00aaaaaa);
}

/* With affinity routing these are the redistributors'. */
static void first_32_in_the_distributor_are_raz_wi(void **state)
{
	static const uint32_t regs[] = { GICD_IGROUPR, GICD_ISENABLER, GICD_ISPENDR,
		GICD_ISACTIVER, GICD_IPRIORITYR, GICD_IPRIORITYR + 28, GICD_ICFGR,
		GICD_ICFGR + 4, GICD_ITARGETSR + 32, GICD_IGRPMODR + 4, GICD_NSACR + 8,
		GICD_SGIR, GICD_SPENDSGIR, GICD_IROUTER };

	(void)state;
	world_setup(1, 64, 4);
	for (size_t n = 0; n < ARRAY_SIZE(regs); n++) {
		world_gicd_write(regs[n], 4, ~0u);
		assert_int_equal(world_gicd_read(regs[n], 4), 0);
	}
}

static void set_and_clear_registers_are_two_views(void **state)
{
	static const uint32_t pairs[][2] = {
		{ GICD_ISENABLER, GICD_ICENABLER }, { GICD_ISPENDR, GICD_ICPENDR },
		{ GICD_ISACTIVER, GICD_ICACTIVER },
	};

	(void)state;
	world_setup(1, 64, 4);
	for (int n = 0; n < 3; n++) {
		uint32_t set = pairs[n][0], clr = pairs[n][1];

		world_gicd_write(set + 8, 4, 0xf0f0f0f0);
		world_gicd_write(set + 8, 4, 0x0000ffff);
		assert_int_equal(world_gicd_read(set + 8, 4), 0xf0f0ffff);
		world_gicd_write(clr + 8, 4, 0x0000ff00);
		assert_int_equal(world_gicd_read(clr + 8, 4), 0xf0f000ff);
		world_gicr_write(0, SGI(set), 4, 0xf0f0ffff);
		world_gicr_write(0, SGI(clr), 4, 0x0000ff00);
		assert_int_equal(world_gicr_read(0, SGI(set), 4), 0xf0f000ff);
		assert_int_equal(world_gicr_read(0, SGI(clr), 4), 0xf0f000ff);
		world_gicr_write(0, SGI(clr), 4, ~0u);
	}
}

static void priorities_by_byte_and_word(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	world_gicd_write(GICD_IPRIORITYR + 40, 4, 0x11223344);
	assert_int_equal(world_gicd_read(GICD_IPRIORITYR + 40, 4), 0x10203040);
	assert_int_equal(world_gicd_read(GICD_IPRIORITYR + 42, 1), 0x20);
	world_gicd_write(GICD_IPRIORITYR + 41, 1, 0xff);
	assert_int_equal(world_gicd_read(GICD_IPRIORITYR + 40, 4), 0x1020f840);
	world_gicr_write(1, SGI(GICR_IPRIORITYR + 28), 4, 0xa0b0c0d0);
	assert_int_equal(world_gicr_read(1, SGI(GICR_IPRIORITYR + 30), 1), 0xb0);
	assert_int_equal(world_gicr_read(0, SGI(GICR_IPRIORITYR + 28), 4), 0);
}

static void configuration(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	assert_int_equal(world_gicr_read(0, SGI(GICR_ICFGR0), 4), 0xaaaaaaaa);
	world_gicr_write(0, SGI(GICR_ICFGR0), 4, 0);
	assert_int_equal(world_gicr_read(0, SGI(GICR_ICFGR0), 4), 0xaaaaaaaa);
	world_gicr_write(0, SGI(GICR_ICFGR0 + 4), 4, 0xffff1234);
	assert_int_equal(world_gicr_read(0, SGI(GICR_ICFGR0 + 4), 4), 0xaaaa0220);
	world_gicd_write(GICD_ICFGR + 20, 4, 0x80000002);
	assert_int_equal(world_gicd_read(GICD_ICFGR + 20, 4), 0x80000002);
	assert_int_equal(world_gicd_read(GICD_ICFGR + 16, 4), 0);
	assert_int_equal(world_gicr_read(0, SGI(GICR_ICFGR0), 4), 0xaaaaaaaa);
}

static void routes_by_halves(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	world_gicd_write(GICD_IROUTER + 8 * 50, 4, 0x80010203);
	world_gicd_write(GICD_IROUTER + 8 * 50 + 4, 4, 0xffffff04);
	assert_true(world_gicd_read(GICD_IROUTER + 8 * 50, 8) == 0x0480010203);
	assert_int_equal(world_gicd_read(GICD_IROUTER + 8 * 50, 4), 0x80010203);
	assert_int_equal(world_gicd_read(GICD_IROUTER + 8 * 50 + 4, 4), 0x04);
}

static void waker(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	assert_int_equal(world_gicr_read(1, GICR_WAKER, 4), 6);
	world_gicr_write(1, GICR_WAKER, 4, 0);
	assert_int_equal(world_gicr_read(1, GICR_WAKER, 4), 0);
	assert_int_equal(world_gicr_read(0, GICR_WAKER, 4), 6);
}

static void no_lpis(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	world_gicr_write(0, GICR_CTLR, 4, ~0u);
	world_gicr_write(0, GICR_PROPBASER, 8, ~UINT64_C(0));
	world_gicr_write(0, GICR_PENDBASER, 8, ~UINT64_C(0));
	assert_int_equal(world_gicr_read(0, GICR_CTLR, 4), 0);
	assert_int_equal(world_gicr_read(0, GICR_PROPBASER, 8), 0);
	assert_int_equal(world_gicr_read(0, GICR_PENDBASER, 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_are_sorted_and_do_not_overlap),
		cmocka_unit_test(every_offset_answers_at_every_width),
		cmocka_unit_test(wrong_widths_are_raz_wi),
		cmocka_unit_test(identification),
		cmocka_unit_test(itlines_says_how_many_spis),
		cmocka_unit_test(the_last_word_of_988_has_28_bits),
		cmocka_unit_test(first_32_in_the_distributor_are_raz_wi),
		cmocka_unit_test(set_and_clear_registers_are_two_views),
		cmocka_unit_test(priorities_by_byte_and_word),
		cmocka_unit_test(configuration),
		cmocka_unit_test(routes_by_halves),
		cmocka_unit_test(waker),
		cmocka_unit_test(no_lpis),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
