/* SPDX-License-Identifier: Apache-2.0 */
/* The vGIC as a guest meets it: delivery through list registers, SGIs, lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "irq/vgic_int.h"
#include "tests/host/chance.h"
#include "tests/host/fake/vgic_world.h"

#define SGI1R(aff1, rs, list, intid) \
	(BITS_VAL(ICC_SGIR_AFF1, aff1) | BITS_VAL(ICC_SGIR_RS, rs) | (list) | \
	 BITS_VAL(ICC_SGIR_INTID, intid))

/* The guest takes and ends the next interrupt of group 1; its INTID. */
static uint32_t take(void)
{
	uint32_t intid;

	world_enter();
	intid = fake_guest_ack(1);
	if (intid < INTID_SPI_END)
		fake_guest_eoi(1, intid);
	world_enter();
	return intid;
}

static uint32_t ack(void)
{
	world_enter();
	return fake_guest_ack(1);
}

static void eoi(uint32_t intid)
{
	world_enter();
	fake_guest_eoi(1, intid);
	world_enter();
}

static uint64_t pending(uint32_t intid)
{
	return world_gicd_read(GICD_ISPENDR + intid / 32 * 4, 4) >> (intid & 31) & 1;
}

static uint64_t active(uint32_t intid)
{
	return world_gicd_read(GICD_ISACTIVER + intid / 32 * 4, 4) >> (intid & 31) & 1;
}

/* ---- order and overflow ---- */

static void sixteen_raised_together_come_by_priority(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	for (uint32_t n = 0; n < 16; n++) {
		/* 40 is the least, 55 the most important */
		world_irq(0, 40 + n, (uint8_t)(0xf0 - 8 * n), true);
		vgic_set_line(&world.vgic, 40 + n, true);
	}
	for (uint32_t n = 16; n-- > 0;)
		assert_int_equal(take(), 40 + n);
	assert_int_equal(take(), INTID_SPURIOUS);
	/* Those that had to wait, and were put in again and again, count once. */
	assert_int_equal(world.vcpu[0].injected, 16);
}

static void more_than_list_registers_of_one_priority_all_come(void **state)
{
	uint64_t seen = 0;

	(void)state;
	world_setup(1, 64, 4);
	for (uint32_t n = 0; n < 64; n++) {
		world_irq(0, 32 + n, 0x80, true);
		vgic_set_line(&world.vgic, 32 + n, true);
	}
	for (uint32_t n = 0; n < 64; n++)
		seen |= BIT(take() - 32);
	assert_true(seen == ~UINT64_C(0));
	assert_int_equal(take(), INTID_SPURIOUS);
}

static void higher_priority_displaces_when_list_registers_are_full(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	for (uint32_t n = 0; n < 5; n++) {
		world_irq(0, 40 + n, 0xa0, true);
		vgic_set_line(&world.vgic, 40 + n, true);
	}
	world_irq(0, 90, 0x20, true);
	world_enter();
	vgic_set_line(&world.vgic, 90, true);
	assert_int_equal(take(), 90);
	for (uint32_t n = 0; n < 5; n++)
		assert_int_equal(take(), 40 + n);
}

#define DIR_TRAPS (ICH_HCR_TDIR | ICH_HCR_TC)

/* Each one preempts the one before, more deeply than there are list registers. */
static void nested(uint32_t nr_lrs, uint64_t vmcr)
{
	world_setup(1, 64, nr_lrs);
	fake_gic()->vmcr |= vmcr;
	for (uint32_t n = 0; n < 12; n++)
		world_irq(0, 40 + n, (uint8_t)(0xf0 - 16 * n), true);
	for (uint32_t n = 0; n < 12; n++) {
		vgic_set_line(&world.vgic, 40 + n, true);
		assert_int_equal(ack(), 40 + n);
	}
	for (uint32_t n = 12; n-- > 0;) {
		assert_int_equal(active(40 + n), 1);
		world_enter();
		fake_guest_eoi(1, 40 + n);
		if (vmcr) {
			world_enter();
			if (fake_gic()->hcr & DIR_TRAPS)
				vgic_dir(&world.vcpu[0], 40 + n);
			else
				fake_guest_dir(40 + n);
		}
		world_enter();
		assert_int_equal(active(40 + n), 0);
		world_enter();
	}
	assert_int_equal(fake_gic()->hcr, ICH_HCR_EN);
}

static void nesting_deeper_than_list_registers_ends_in_order(void **state)
{
	(void)state;
	nested(4, 0);
	nested(1, 0);
}

static void nesting_deeper_with_split_deactivation_ends_by_intid(void **state)
{
	(void)state;
	nested(4, ICH_VMCR_VEOIM);
	nested(2, ICH_VMCR_VEOIM);
	fake_gic_without_tdir = true;
	nested(4, ICH_VMCR_VEOIM);
	nested(2, ICH_VMCR_VEOIM);
	fake_gic_without_tdir = false;
}

static void pending_beside_many_active_is_not_kept_out(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	for (uint32_t n = 0; n < 4; n++) {
		world_irq(0, 40 + n, (uint8_t)(0xe0 - 16 * n), true);
		vgic_set_line(&world.vgic, 40 + n, true);
		assert_int_equal(ack(), 40 + n);
	}
	world_irq(0, 60, 0x20, true);
	world_irq(0, 61, 0x10, true);
	vgic_set_line(&world.vgic, 60, true);
	vgic_set_line(&world.vgic, 61, true);
	assert_int_equal(ack(), 61);
	eoi(61);
	assert_int_equal(ack(), 60);
	eoi(60);
	for (uint32_t n = 4; n-- > 0;)
		eoi(40 + n);
	for (uint32_t n = 0; n < 4; n++)
		assert_int_equal(active(40 + n), 0);
}

static void group_disabled_at_cpu_does_not_keep_others_out(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	for (uint32_t n = 0; n < 6; n++) {
		world_irq(0, 40 + n, 0x10, true);
		world_gicd_write(GICD_IGROUPR + 4, 4, 0);     /* group 0 */
		vgic_set_line(&world.vgic, 40 + n, true);
	}
	fake_gic()->vmcr &= ~ICH_VMCR_VENG0;
	world_irq(0, 70, 0x80, true);
	vgic_set_line(&world.vgic, 70, true);
	assert_int_equal(take(), 70);
	/* And they come when the guest lets them in. */
	fake_gic()->vmcr |= ICH_VMCR_VENG0;
	for (uint32_t n = 0; n < 6; n++) {
		world_enter();
		assert_int_equal(fake_guest_ack(0), 40 + n);
		fake_guest_eoi(0, 40 + n);
	}
}

static void group_switched_off_after_the_flush_lets_the_other_in(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	for (uint32_t n = 0; n < 6; n++) {
		world_irq(0, 40 + n, 0x10, true);
		vgic_set_line(&world.vgic, 40 + n, true);
	}
	world_irq(0, 70, 0x80, true);
	world_gicd_write(GICD_IGROUPR + 4, 4, 0);
	vgic_set_line(&world.vgic, 70, true);
	world_enter();
	fake_gic()->vmcr &= ~ICH_VMCR_VENG0;
	assert_int_equal(take(), 70);
}

/* ---- level and edge ---- */

static void level_comes_again_while_its_line_is_high(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	world_irq(0, 33, 0x80, false);
	vgic_set_line(&world.vgic, 33, true);
	assert_int_equal(take(), 33);
	assert_int_equal(take(), 33);
	vgic_set_line(&world.vgic, 33, false);
	assert_int_equal(take(), INTID_SPURIOUS);
}

static void level_that_fell_before_the_acknowledge_does_not_come(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	world_irq(0, 33, 0x80, false);
	vgic_set_line(&world.vgic, 33, true);
	world_enter();
	vgic_set_line(&world.vgic, 33, false);
	assert_int_equal(take(), INTID_SPURIOUS);
	assert_int_equal(pending(33), 0);
}

static void level_dropped_in_the_handler_ends_without_maintenance(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	world_irq(0, 33, 0x80, false);
	vgic_set_line(&world.vgic, 33, true);
	assert_int_equal(ack(), 33);
	vgic_set_line(&world.vgic, 33, false);
	world_enter();
	fake_guest_eoi(1, 33);
	assert_false(fake_maintenance());
	assert_int_equal(take(), INTID_SPURIOUS);
}

static void level_raised_again_in_the_handler_comes_again(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	world_irq(0, 33, 0x80, false);
	vgic_set_line(&world.vgic, 33, true);
	assert_int_equal(ack(), 33);
	vgic_set_line(&world.vgic, 33, false);
	vgic_set_line(&world.vgic, 33, true);
	world_enter();
	assert_int_equal(pending(33), 1);
	assert_int_equal(active(33), 1);
	world_enter();
	eoi(33);
	assert_int_equal(ack(), 33);
}

static void edge_in_the_handler_makes_pending_and_active(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	world_irq(0, 33, 0x80, true);
	vgic_set_line(&world.vgic, 33, true);
	assert_int_equal(ack(), 33);
	vgic_set_line(&world.vgic, 33, false);
	vgic_set_line(&world.vgic, 33, true);
	assert_int_equal(ack(), INTID_SPURIOUS);
	eoi(33);
	assert_int_equal(take(), 33);
	assert_int_equal(take(), INTID_SPURIOUS);
}

static void edges_before_the_acknowledge_are_one(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	world_irq(0, 33, 0x80, true);
	for (int n = 0; n < 3; n++) {
		vgic_set_line(&world.vgic, 33, true);
		vgic_set_line(&world.vgic, 33, false);
		world_enter();
	}
	assert_int_equal(take(), 33);
	assert_int_equal(take(), INTID_SPURIOUS);
}

static void pending_set_by_software_on_a_level_is_used_up(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	world_irq(0, 33, 0x80, false);
	world_gicd_write(GICD_ISPENDR + 4, 4, BIT(1));
	assert_int_equal(take(), 33);
	assert_int_equal(take(), INTID_SPURIOUS);
}

/* ---- enables, and changes while in a list register ---- */

static void disable_takes_it_out_of_a_running_vcpus_list_register(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	world_irq(1, 40, 0x80, true);
	vgic_set_line(&world.vgic, 40, true);
	world_run(1);
	world_enter();
	assert_true(fake_guest_signalled(1));
	world_run(0);
	world_gicd_write(GICD_ICENABLER + 4, 4, BIT(8));
	world_run(1);
	assert_false(fake_guest_signalled(1));
	assert_int_equal(take(), INTID_SPURIOUS);
	assert_int_equal(pending(40), 1);
	world_gicd_write(GICD_ISENABLER + 4, 4, BIT(8));
	assert_int_equal(take(), 40);
}

static void clear_pending_reaches_a_running_vcpus_list_register(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	world_irq(1, 40, 0x80, true);
	vgic_set_line(&world.vgic, 40, true);
	world_run(1);
	world_enter();
	world_run(0);
	assert_int_equal(pending(40), 1);
	world_gicd_write(GICD_ICPENDR + 4, 4, BIT(8));
	assert_int_equal(pending(40), 0);
	world_run(1);
	assert_int_equal(take(), INTID_SPURIOUS);
}

static void active_of_a_running_vcpu_is_read_and_cleared(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	world_irq(1, 40, 0x80, true);
	world_run(1);
	vgic_set_line(&world.vgic, 40, true);
	assert_int_equal(ack(), 40);
	world_run(0);
	assert_int_equal(active(40), 1);
	assert_int_equal(pending(40), 0);
	assert_int_not_equal(world.nr_sgis, 0);
	world_run(1);
	world_enter();
	assert_int_equal(fake_gic()->lr[0] & ICH_LR_ACTIVE, ICH_LR_ACTIVE);
	world_run(0);
	world_gicd_write(GICD_ICACTIVER + 4, 4, BIT(8));
	assert_int_equal(active(40), 0);
	world_run(1);
	world_enter();
	assert_int_equal(fake_gic()->lr[0], 0);
}

static void an_end_while_others_look_is_not_lost(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	world_irq(1, 40, 0x80, true);
	world_irq(1, 41, 0x40, true);
	world_run(1);
	vgic_set_line(&world.vgic, 40, true);
	assert_int_equal(ack(), 40);
	vgic_set_line(&world.vgic, 41, true);
	assert_int_equal(ack(), 41);
	/* Active by a register, not by an acknowledge: no end of the guest's means it. */
	world_gicd_write(GICD_ISACTIVER + 4, 4, BIT(10));
	world_run(0);
	vgic_hold(&world.vcpu[1]);
	world_run(1);
	fake_guest_eoi(1, 41);
	assert_true(fake_maintenance());
	world_enter();
	fake_guest_eoi(1, 40);
	world_enter();
	world_run(0);
	vgic_release(&world.vcpu[1]);
	assert_int_equal(world_gicd_read(GICD_ISACTIVER + 4, 4), BIT(10));
}

static void unconcerned_accesses_disturb_nobody(void **state)
{
	uint32_t before;

	(void)state;
	world_setup(2, 96, 4);
	world_irq(1, 40, 0x80, true);
	world_irq(1, 70, 0x80, true);
	vgic_set_line(&world.vgic, 40, true);
	world_run(1);
	world_enter();
	world_run(0);
	world_enter();
	before = world.nr_wakes;
	world.nr_sgis = 0;
	world_gicd_read(GICD_ISPENDR + 8, 4);
	world_gicd_write(GICD_ISENABLER + 4, 4, BIT(8));
	world_gicd_write(GICD_ISENABLER + 8, 4, ~0u);
	world_gicd_write(GICD_ICPENDR + 8, 4, ~0u);
	world_gicd_write(GICD_ICACTIVER + 8, 4, ~0u);
	world_gicd_write(GICD_IPRIORITYR + 70, 1, 0x80);
	assert_int_equal(world.nr_sgis, 0);
	assert_int_equal(world.nr_wakes, before);
}

static void distributor_groups_off_and_on(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	world_irq(0, 40, 0x80, true);
	vgic_set_line(&world.vgic, 40, true);
	world_enter();
	world_gicd_write(GICD_CTLR, 4, GICD_CTLR_ENABLE_G0);
	assert_false(fake_guest_signalled(1));
	assert_int_equal(take(), INTID_SPURIOUS);
	world_gicd_write(GICD_CTLR, 4, GICD_CTLR_ENABLE_G1);
	assert_int_equal(take(), 40);
	assert_int_equal(world_gicd_read(GICD_CTLR, 4), 0x52);
}

/* ---- routing ---- */

static void spi_follows_its_route_while_pending(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	world_irq(0, 40, 0x80, true);
	vgic_set_line(&world.vgic, 40, true);
	world_enter();
	world_gicd_write(GICD_IROUTER + 8 * 40, 8, 1);
	assert_int_equal(take(), INTID_SPURIOUS);
	world_run(1);
	assert_int_equal(take(), 40);
}

static void active_spi_stays_until_it_ends_then_moves(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	world_irq(0, 40, 0x80, false);
	vgic_set_line(&world.vgic, 40, true);
	assert_int_equal(ack(), 40);
	world_gicd_write(GICD_IROUTER + 8 * 40, 8, 1);
	world_run(1);
	assert_int_equal(ack(), INTID_SPURIOUS);
	world_run(0);
	eoi(40);
	assert_int_equal(take(), INTID_SPURIOUS);
	world_run(1);
	assert_int_equal(take(), 40);
}

static void spi_routed_to_nobody_waits(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	world_irq(0, 40, 0x80, true);
	world_gicd_write(GICD_IROUTER + 8 * 40, 8, 0x77);
	vgic_set_line(&world.vgic, 40, true);
	assert_int_equal(take(), INTID_SPURIOUS);
	assert_int_equal(pending(40), 1);
	world_gicd_write(GICD_IROUTER + 8 * 40, 4, 1);
	world_run(1);
	assert_int_equal(take(), 40);
}

static void one_of_n_goes_to_exactly_one_that_is_awake(void **state)
{
	uint32_t got[4] = { 0 };

	(void)state;
	world_setup(4, 64, 4);
	world_gicr_write(1, GICR_WAKER, 4, 0);
	world_gicr_write(3, GICR_WAKER, 4, 0);
	world_irq(0, 40, 0x80, true);
	world_gicd_write(GICD_IROUTER + 8 * 40, 8, GICD_IROUTER_IRM);
	for (int round = 0; round < 8; round++) {
		uint32_t sum = 0;

		vgic_set_line(&world.vgic, 40, true);
		vgic_set_line(&world.vgic, 40, false);
		for (uint32_t n = 0; n < 4; n++) {
			world_run(n);
			if (take() == 40) {
				got[n]++;
				sum++;
			}
		}
		assert_int_equal(sum, 1);
	}
	assert_int_equal(got[0] + got[2], 0);
	assert_int_equal(got[1] + got[3], 8);
}

static void spis_up_to_the_last_one_work(void **state)
{
	(void)state;
	world_setup(1, 988, 4);
	for (uint32_t intid = 32; intid < 1020; intid += 247) {
		world_irq(0, intid, 0x80, true);
		vgic_set_line(&world.vgic, intid, true);
		assert_int_equal(take(), intid);
	}
	world_irq(0, 1019, 0x80, true);
	vgic_set_line(&world.vgic, 1019, true);
	assert_int_equal(take(), 1019);
	for (uint32_t intid = 1020; intid < 1100; intid++)
		vgic_set_line(&world.vgic, intid, true);
	vgic_set_line(&world.vgic, 0, true);
	vgic_set_line(&world.vgic, 31, true);
	vgic_set_line(&world.vgic, ~0u, true);
	assert_int_equal(take(), INTID_SPURIOUS);
}

/* ---- SGIs ---- */

static uint64_t who_got(uint32_t nr, uint32_t sgi)
{
	uint64_t who = 0;

	for (uint32_t n = 0; n < nr; n++) {
		world_run(n);
		if (take() == sgi)
			who |= BIT(n);
	}
	return who;
}

static void sgi_targets(void **state)
{
	(void)state;
	world_setup(40, 32, 4);
	for (uint32_t n = 0; n < 40; n++)
		world_irq(n, 5, 0x80, true);
	world_run(2);
	vgic_sgi(&world.vcpu[2], SGI1R(0, 0, 0x0015, 5), VGIC_SGI1R);
	assert_true(who_got(40, 5) == 0x15);
	vgic_sgi(&world.vcpu[2], SGI1R(2, 0, 0x0081, 5), VGIC_SGI1R);
	assert_true(who_got(40, 5) == 0x8100000000);
	vgic_sgi(&world.vcpu[2], SGI1R(1, 0, 0xffff, 5), VGIC_SGI1R);
	assert_true(who_got(40, 5) == 0xffff0000);
	/* targets that do not exist: by list, range and each affinity level */
	vgic_sgi(&world.vcpu[2], SGI1R(2, 0, 0xff00, 5), VGIC_SGI1R);
	vgic_sgi(&world.vcpu[2], SGI1R(0, 1, 0xffff, 5), VGIC_SGI1R);
	vgic_sgi(&world.vcpu[2], SGI1R(0, 0, 1, 5) | BITS_VAL(ICC_SGIR_AFF2, 1), VGIC_SGI1R);
	vgic_sgi(&world.vcpu[2], SGI1R(0, 0, 1, 5) | BITS_VAL(ICC_SGIR_AFF3, 1), VGIC_SGI1R);
	vgic_sgi(&world.vcpu[2], SGI1R(0xff, 0xf, 0xffff, 5), VGIC_SGI1R);
	assert_true(who_got(40, 5) == 0);
	vgic_sgi(&world.vcpu[2], ICC_SGIR_IRM | SGI1R(7, 3, 0x1, 5), VGIC_SGI1R);
	assert_true(who_got(40, 5) == (BITS(39, 0) & ~BIT(2)));
}

static void sgi_by_range_selector_and_upper_levels(void **state)
{
	(void)state;
	world_setup(3, 32, 4);
	/* As a board with many threads a core would have it. */
	vgic_vcpu_init(&world.vcpu[1], &world.vgic, 1, 0x23, &world.thread[1]);
	vgic_vcpu_init(&world.vcpu[2], &world.vgic, 2, 0x0900070501, &world.thread[2]);
	for (uint32_t n = 0; n < 3; n++)
		world_irq(n, 5, 0x80, true);
	vgic_sgi(&world.vcpu[0], SGI1R(0, 2, BIT(3), 5), VGIC_SGI1R);
	assert_true(who_got(3, 5) == BIT(1));
	vgic_sgi(&world.vcpu[0], SGI1R(5, 0, BIT(1), 5) | BITS_VAL(ICC_SGIR_AFF2, 7) |
		 BITS_VAL(ICC_SGIR_AFF3, 9), VGIC_SGI1R);
	assert_true(who_got(3, 5) == BIT(2));
	assert_int_equal(world_gicd_read(GICD_TYPER, 4) & GICD_TYPER_RSS, GICD_TYPER_RSS);
	assert_int_equal(world_gicr_read(2, GICR_TYPER, 8) >> 32, 0x09070501);
}

/* Until its target takes it, it is in the thread's requests; registers know it already. */
static void sgi_that_was_sent_is_pending_at_once(void **state)
{
	(void)state;
	world_setup(2, 32, 4);
	world_irq(1, 5, 0x80, true);
	world_irq(1, 6, 0x80, true);
	vgic_sgi(&world.vcpu[0], SGI1R(0, 0, 2, 5), VGIC_SGI1R);
	vgic_sgi(&world.vcpu[0], SGI1R(0, 0, 2, 6), VGIC_SGI1R);
	assert_int_equal(world_gicr_read(1, GICR_SGI_BASE + GICR_ISPENDR0, 4), BIT(5) | BIT(6));
	world_gicr_write(1, GICR_SGI_BASE + GICR_ICPENDR0, 4, BIT(6));
	vgic_sgi(&world.vcpu[0], SGI1R(0, 0, 2, 6), VGIC_SGI1R);
	world_gicr_write(1, GICR_SGI_BASE + GICR_ICPENDR0, 4, BIT(6));
	assert_true(who_got(2, 5) == BIT(1));
	assert_true(who_got(2, 6) == 0);
	vgic_sgi(&world.vcpu[0], SGI1R(0, 0, 2, 5), VGIC_SGI1R);
	vgic_reset(&world.vgic);
	assert_int_equal(world.thread[1].requests & THREAD_REQ_SGIS, 0);
	assert_int_equal(world_gicr_read(1, GICR_SGI_BASE + GICR_ISPENDR0, 4), 0);
}

static void sgi_goes_by_its_group(void **state)
{
	(void)state;
	world_setup(2, 32, 4);
	world_irq(1, 5, 0x80, true);         /* group 1 */
	world_irq(1, 6, 0x80, true);
	world_gicr_write(1, GICR_SGI_BASE + GICR_IGROUPR0, 4, BIT(5));
	vgic_sgi(&world.vcpu[0], SGI1R(0, 0, 2, 5), VGIC_SGI0R);
	vgic_sgi(&world.vcpu[0], SGI1R(0, 0, 2, 5), VGIC_ASGI1R);
	vgic_sgi(&world.vcpu[0], SGI1R(0, 0, 2, 6), VGIC_SGI1R);
	assert_int_equal(world_gicr_read(1, GICR_SGI_BASE + GICR_ISPENDR0, 4), 0);
	vgic_sgi(&world.vcpu[0], SGI1R(0, 0, 2, 6), VGIC_SGI0R);
	world_run(1);
	world_enter();
	assert_int_equal(fake_guest_ack(0), 6);
}

static void sgi_to_self_comes(void **state)
{
	(void)state;
	world_setup(2, 32, 4);
	world_irq(1, 0, 0x80, true);
	world_run(1);
	for (int n = 0; n < 3; n++) {
		vgic_sgi(&world.vcpu[1], SGI1R(0, 0, 2, 0), VGIC_SGI1R);
		assert_int_equal(take(), 0);
	}
	assert_int_equal(take(), INTID_SPURIOUS);
}

/* ---- hardware interrupts ---- */

static void linked_spi_is_deactivated_by_the_guests_end(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	world_irq(0, 40, 0x80, false);
	assert_int_equal(vgic_link(&world.vcpu[0], 40, 77), 0);
	fake_phys_spi_active[2] = BIT(13);
	vgic_inject_hw(&world.vcpu[0], 40, 77);
	assert_int_equal(ack(), 40);
	assert_int_equal(fake_phys_spi_active[2], BIT(13));
	fake_guest_eoi(1, 40);
	assert_int_equal(fake_phys_spi_active[2], 0);
	assert_false(fake_maintenance());
	/* It comes again before anybody looked at the list register. */
	fake_phys_spi_active[2] = BIT(13);
	vgic_inject_hw(&world.vcpu[0], 40, 77);
	assert_int_equal(take(), 40);
	assert_int_equal(fake_phys_spi_active[2], 0);
	assert_int_equal(take(), INTID_SPURIOUS);
}

static void linked_and_pended_by_software_is_never_both_with_the_hw_bit(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	world_irq(0, 40, 0x80, true);
	vgic_link(&world.vcpu[0], 40, 77);
	fake_phys_spi_active[2] = BIT(13);
	vgic_inject_hw(&world.vcpu[0], 40, 77);
	assert_int_equal(ack(), 40);
	world_gicd_write(GICD_ISPENDR + 4, 4, BIT(8));
	world_enter();
	assert_int_equal(fake_gic()->lr[0] & ICH_LR_HW, 0);
	eoi(40);
	assert_int_equal(take(), 40);
	assert_int_equal(fake_phys_spi_active[2], 0);
}

/* Its end must bring an exit, or the new owner does not hear of it. */
static void linked_routed_away_while_active_and_pended_goes_on_there(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	world_irq(0, 40, 0x80, true);
	vgic_link(&world.vcpu[0], 40, 77);
	fake_phys_spi_active[2] = BIT(13);
	vgic_inject_hw(&world.vcpu[0], 40, 77);
	assert_int_equal(ack(), 40);
	world_gicd_write(GICD_IROUTER + 8 * 40, 8, 1);
	world_gicd_write(GICD_ISPENDR + 4, 4, BIT(8));
	world_enter();
	assert_int_equal(fake_gic()->lr[0] & (ICH_LR_HW | ICH_LR_EOI), ICH_LR_EOI);
	fake_guest_eoi(1, 40);
	assert_true(fake_maintenance());
	world_enter();
	assert_false(vgic_deliverable(&world.vcpu[0]));
	world_run(1);
	assert_int_equal(take(), 40);
	assert_int_equal(fake_phys_spi_active[2], 0);
}

static void linked_pending_cleared_by_the_guest_frees_the_physical_one(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	vgic_link(&world.vcpu[0], 40, 77);
	vgic_link(&world.vcpu[0], 27, 27);
	fake_phys_spi_active[2] = BIT(13);
	fake_gic()->phys_ppi_active = BIT(27);
	vgic_inject_hw(&world.vcpu[0], 40, 77);
	vgic_inject_hw(&world.vcpu[0], 27, 27);
	world_gicd_write(GICD_ICPENDR + 4, 4, BIT(8));
	world_gicr_write(0, GICR_SGI_BASE + GICR_ICPENDR0, 4, BIT(27));
	world_enter();
	assert_int_equal(fake_phys_spi_active[2], 0);
	assert_int_equal(fake_gic()->phys_ppi_active, 0);
}

static void linked_ppi_cleared_from_another_cpu_is_freed_on_its_own(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	vgic_link(&world.vcpu[1], 27, 27);
	world_irq(1, 27, 0x80, false);
	world_run(1);
	fake_gic()->phys_ppi_active = BIT(27);
	vgic_inject_hw(&world.vcpu[1], 27, 27);
	assert_int_equal(ack(), 27);
	world_run(0);
	fake_gic()->phys_ppi_active = BIT(27);       /* somebody else's */
	world_gicr_write(1, GICR_SGI_BASE + GICR_ICACTIVER0, 4, BIT(27));
	assert_int_equal(fake_gic()->phys_ppi_active, BIT(27));
	world_run(1);
	world_enter();
	assert_int_equal(fake_gic()->phys_ppi_active, 0);
}

static void linked_level_that_fell_unacknowledged_does_not_come(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	vgic_link(&world.vcpu[0], 27, 27);
	vgic_link(&world.vcpu[0], 40, 77);
	world_irq(0, 27, 0x80, false);
	world_irq(0, 40, 0x80, false);
	for (int round = 0; round < 2; round++) {
		world_run(0);
		fake_phys_low[0] = fake_phys_low[2] = 0;
		fake_gic()->phys_ppi_active = BIT(27);
		fake_phys_spi_active[2] = BIT(13);
		vgic_inject_hw(&world.vcpu[0], 27, 27);
		vgic_inject_hw(&world.vcpu[0], 40, 77);
		if (round == 1)              /* in memory only */
			world_gicr_write(0, GICR_SGI_BASE + GICR_ICENABLER0, 4, BIT(27));
		world_enter();
		/* The guest reprograms its timer, which nobody sees. */
		fake_phys_low[0] = BIT(27);
		fake_phys_low[2] = BIT(13);
		world_run(1);
		assert_int_equal(world_gicr_read(0, GICR_SGI_BASE + GICR_ISPENDR0, 4), 0);
		if (round == 0)
			assert_int_equal(pending(40), 0);
		world_run(0);
		world_enter();
		assert_int_equal(fake_gic()->phys_ppi_active, 0);
		assert_int_equal(round ? 0 : fake_phys_spi_active[2], 0);
		take();
	}
}

static void switching_away_keeps_a_linked_interrupt(void **state)
{
	(void)state;
	world_setup(1, 64, 4);
	vgic_link(&world.vcpu[0], 27, 27);
	world_irq(0, 27, 0x80, false);
	fake_gic()->phys_ppi_active = BIT(27);
	vgic_inject_hw(&world.vcpu[0], 27, 27);
	world_enter();
	fake_phys_low[0] = BIT(27);          /* its timer was taken from it */
	vgic_put(&world.vcpu[0]);
	fake_phys_low[0] = 0;
	world_run(0);
	assert_int_equal(take(), 27);
}

static void split_deactivation(bool without_tdir)
{
	fake_gic_without_tdir = without_tdir;
	world_setup(1, 64, 4);
	fake_gic_without_tdir = false;
	fake_gic()->vmcr |= ICH_VMCR_VEOIM;
	for (uint32_t n = 0; n < 24; n++) {
		world_irq(0, 40 + n, 0xa0, true);
		vgic_set_line(&world.vgic, 40 + n, true);
	}
	for (uint32_t n = 0; n < 24; n++) {
		uint32_t intid = ack();

		assert_in_range(intid, 40, 63);
		world_enter();
		fake_guest_eoi(1, intid);
	}
	world_enter();
	assert_int_equal(world_gicd_read(GICD_ISACTIVER + 4, 4), 0xffffff00);
	for (uint32_t n = 0; n < 24; n++) {
		world_enter();
		if (fake_gic()->hcr & DIR_TRAPS)
			vgic_dir(&world.vcpu[0], 40 + n * 7 % 24);
		else
			fake_guest_dir(40 + n * 7 % 24);
	}
	world_enter();
	assert_int_equal(world_gicd_read(GICD_ISACTIVER + 4, 4), 0);
}

static void split_deactivation_in_any_order(void **state)
{
	(void)state;
	split_deactivation(false);
	split_deactivation(true);
}

/* Without TDIR they trap together with ICC_DIR_EL1. */
static void trapped_common_registers_are_the_interfaces(void **state)
{
	(void)state;
	fake_gic_without_tdir = true;
	world_setup(1, 64, 2);
	fake_gic_without_tdir = false;
	assert_int_equal(vgic_icc_read(vgic_loaded(), VGIC_ICC_RPR), 0xff);
	for (uint32_t n = 0; n < 4; n++) {
		world_irq(0, 40 + n, (uint8_t)(0x80 - 16 * n), true);
		vgic_set_line(&world.vgic, 40 + n, true);
		assert_int_equal(ack(), 40 + n);
		assert_int_equal(vgic_icc_read(vgic_loaded(), VGIC_ICC_RPR), 0x80 - 16 * n);
	}
	world_enter();
	assert_int_equal(fake_gic()->hcr & DIR_TRAPS, ICH_HCR_TC);
	vgic_icc_write(vgic_loaded(), VGIC_ICC_PMR, 0xa7);
	assert_int_equal(vgic_icc_read(vgic_loaded(), VGIC_ICC_PMR), 0xa0);
	assert_int_equal(bits_get(ICH_VMCR_VPMR, fake_gic()->vmcr), 0xa0);
	assert_int_equal(vgic_icc_read(vgic_loaded(), VGIC_ICC_CTLR),
			 ICC_CTLR_A3V | BITS_VAL(ICC_CTLR_PRIBITS, 4));
	vgic_icc_write(vgic_loaded(), VGIC_ICC_CTLR, ICC_CTLR_EOIMODE | ICC_CTLR_SEIS);
	assert_int_equal(fake_gic()->vmcr & (ICH_VMCR_VCBPR | ICH_VMCR_VEOIM), ICH_VMCR_VEOIM);
	vgic_icc_write(vgic_loaded(), VGIC_ICC_CTLR, ICC_CTLR_CBPR);
	assert_int_equal(fake_gic()->vmcr & (ICH_VMCR_VCBPR | ICH_VMCR_VEOIM), ICH_VMCR_VCBPR);
	assert_int_equal(vgic_icc_read(vgic_loaded(), VGIC_ICC_CTLR),
			 ICC_CTLR_A3V | BITS_VAL(ICC_CTLR_PRIBITS, 4) | ICC_CTLR_CBPR);
}

static void evicted_linked_interrupt_is_deactivated_at_its_end(void **state)
{
	(void)state;
	world_setup(1, 64, 2);
	vgic_link(&world.vcpu[0], 40, 77);
	world_irq(0, 40, 0xf0, true);
	fake_phys_spi_active[2] = BIT(13);
	vgic_inject_hw(&world.vcpu[0], 40, 77);
	assert_int_equal(ack(), 40);
	for (uint32_t n = 1; n < 5; n++) {
		world_irq(0, 40 + n, (uint8_t)(0xf0 - 16 * n), true);
		vgic_set_line(&world.vgic, 40 + n, true);
		assert_int_equal(ack(), 40 + n);
	}
	for (uint32_t n = 5; n-- > 0;) {
		assert_int_equal(fake_phys_spi_active[2], BIT(13));
		eoi(40 + n);
	}
	world_enter();
	world_gicd_read(GICD_ISACTIVER + 4, 4);
	assert_int_equal(fake_phys_spi_active[2], 0);
}

static void physical_ppi_is_active_only_for_the_loaded_vcpu(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	world.cpu_of[1] = 0;
	for (uint32_t n = 0; n < 2; n++) {
		vgic_link(&world.vcpu[n], 27, 27);
		world_irq(n, 27, 0x80, false);
	}
	/* vCPU 1 was loaded on pCPU 1 by the set-up. */
	world.cpu_of[1] = 1;
	world_run(1);
	vgic_put(&world.vcpu[1]);
	world.cpu_of[1] = 0;
	world_run(0);
	fake_gic()->phys_ppi_active = BIT(27);
	vgic_inject_hw(&world.vcpu[0], 27, 27);
	assert_int_equal(ack(), 27);
	world_run(1);
	assert_int_equal(fake_gic()->phys_ppi_active, 0);
	/* Injected while not loaded, as its soft timer does. */
	world_run(0);
	assert_int_equal(fake_gic()->phys_ppi_active, BIT(27));
	vgic_inject_hw(&world.vcpu[1], 27, 27);
	eoi(27);
	assert_int_equal(fake_gic()->phys_ppi_active, 0);
	world_run(1);
	assert_int_equal(fake_gic()->phys_ppi_active, BIT(27));
	assert_int_equal(take(), 27);
	assert_int_equal(fake_gic()->phys_ppi_active, 0);
}

/* ---- switching, sleeping, reset ---- */

static void state_survives_a_switch(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	world_run(1);
	vgic_put(&world.vcpu[1]);
	world.cpu_of[1] = 0;
	world_irq(0, 40, 0x80, true);
	world_irq(0, 41, 0xa0, true);
	world_run(0);
	vgic_set_line(&world.vgic, 40, true);
	vgic_set_line(&world.vgic, 41, true);
	assert_int_equal(ack(), 40);
	fake_gic()->vmcr = bits_set(ICH_VMCR_VPMR, fake_gic()->vmcr, 0xb0);
	world_run(1);
	assert_int_equal(fake_gic()->ap1r[0], 0);
	assert_int_equal(take(), INTID_SPURIOUS);
	/* Read while its vCPU is nowhere: no other pCPU is needed. */
	world.nr_sgis = 0;
	assert_int_equal(active(40), 1);
	assert_int_equal(pending(41), 1);
	assert_int_equal(world.nr_sgis, 0);
	world_run(0);
	assert_int_equal(bits_get(ICH_VMCR_VPMR, fake_gic()->vmcr), 0xb0);
	assert_int_equal(ack(), INTID_SPURIOUS);
	eoi(40);
	assert_int_equal(take(), 41);
}

static void deliverable_is_what_the_cpu_interface_would_signal(void **state)
{
	struct vgic_vcpu *v;

	(void)state;
	world_setup(1, 64, 4);
	v = world_run(0);
	world_irq(0, 40, 0x80, true);
	world_enter();
	assert_false(vgic_deliverable(v));
	vgic_set_line(&world.vgic, 40, true);
	assert_true(vgic_deliverable(v));            /* before the flush */
	world_enter();
	assert_true(vgic_deliverable(v));            /* and after */
	fake_gic()->vmcr = bits_set(ICH_VMCR_VPMR, fake_gic()->vmcr, 0x80);
	assert_false(vgic_deliverable(v));
	fake_gic()->vmcr = bits_set(ICH_VMCR_VPMR, fake_gic()->vmcr, 0x88);
	assert_true(vgic_deliverable(v));
	fake_gic()->vmcr &= ~ICH_VMCR_VENG1;
	assert_false(vgic_deliverable(v));
	fake_gic()->vmcr |= ICH_VMCR_VENG1;
	assert_int_equal(fake_guest_ack(1), 40);
	vgic_set_line(&world.vgic, 40, false);
	vgic_set_line(&world.vgic, 40, true);
	assert_false(vgic_deliverable(v));           /* active */
	world_irq(0, 41, 0x80, true);
	vgic_set_line(&world.vgic, 41, true);
	assert_false(vgic_deliverable(v));           /* does not preempt */
	world_gicd_write(GICD_IPRIORITYR + 41, 1, 0x78);
	assert_true(vgic_deliverable(v));
}

static void reset_voids_what_list_registers_hold(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	vgic_link(&world.vcpu[0], 27, 27);
	world_irq(0, 27, 0x80, false);
	world_irq(0, 40, 0x60, false);
	fake_gic()->phys_ppi_active = BIT(27);
	vgic_inject_hw(&world.vcpu[0], 27, 27);
	assert_int_equal(ack(), 27);
	vgic_set_line(&world.vgic, 40, true);
	world_enter();
	vgic_reset(&world.vgic);
	assert_false(vgic_deliverable(&world.vcpu[0]));
	vgic_vcpu_reset(&world.vcpu[0]);
	for (uint32_t n = 0; n < 4; n++)
		assert_int_equal(fake_gic()->lr[n], 0);
	assert_int_equal(fake_gic()->phys_ppi_active, 0);
	assert_int_equal(fake_gic()->ap1r[0], 0);
	assert_int_equal(fake_gic()->vmcr & (ICH_VMCR_VPMR | ICH_VMCR_VENG1), 0);
	assert_int_equal(world_gicd_read(GICD_ISENABLER + 4, 4), 0);
	assert_int_equal(world_gicd_read(GICD_ISPENDR + 4, 4), 0);
	assert_int_equal(world_gicd_read(GICD_CTLR, 4), 0x50);
	/* The link is of the machine, not of its state. */
	fake_guest_enable();
	world_gicd_write(GICD_CTLR, 4, GICD_CTLR_ENABLE_G1);
	world_irq(0, 27, 0x80, false);
	vgic_inject_hw(&world.vcpu[0], 27, 27);
	world_enter();
	assert_int_equal(fake_gic()->lr[0] & ICH_LR_HW, ICH_LR_HW);
}

static void one_that_rests_is_as_reset_until_others_write_to_it(void **state)
{
	struct vgic_vcpu *v = &world.vcpu[1];

	(void)state;
	world_setup(2, 32, 4);
	world_irq(1, 3, 0x80, true);
	world_run(1);
	vgic_vcpu_reset(v);
	assert_true(vgic_vcpu_is_reset(v));
	world_run(0);
	world_sgi1r(0, SGI1R(0, 0, 2, 3));           /* pending stays over a reset */
	assert_true(vgic_vcpu_is_reset(v));
	world_gicr_write(1, GICR_WAKER, 4, 0);
	assert_false(vgic_vcpu_is_reset(v));
	world_gicr_write(1, GICR_WAKER, 4, GICR_WAKER_PROCESSOR_SLEEP);
	assert_true(vgic_vcpu_is_reset(v));
	world_gicr_write(1, GICR_SGI_BASE + GICD_ISACTIVER, 4, BIT(3));
	assert_false(vgic_vcpu_is_reset(v));
	world_run(1);
	vgic_vcpu_reset(v);
	assert_true(vgic_vcpu_is_reset(v));
	vgic_reset(&world.vgic);
	assert_false(vgic_vcpu_is_reset(v));
}

static void reset_before_a_switch_is_kept(void **state)
{
	(void)state;
	world_setup(2, 64, 4);
	world_irq(0, 40, 0x60, true);
	vgic_set_line(&world.vgic, 40, true);
	world_enter();
	vgic_reset(&world.vgic);
	vgic_put(&world.vcpu[0]);
	world_run(0);
	assert_int_equal(fake_gic()->lr[0], 0);
	assert_int_equal(pending(40), 0);
	assert_int_equal(fake_gic()->vmcr & ICH_VMCR_VENG1, 0);
}

static void bad_configurations_are_refused(void **state)
{
	static struct vgic_spi spi[32];
	static struct vgic g;
	struct vgic_config c = { .nr_spis = 32, .nr_vcpus = 1, .spi = spi };

	(void)state;
	c.nr_spis = 989;
	assert_int_not_equal(vgic_init(&g, &c), 0);
	c.nr_spis = 0;
	assert_int_not_equal(vgic_init(&g, &c), 0);
	c.nr_spis = 32;
	c.nr_vcpus = VGIC_MAX_VCPUS + 1;
	assert_int_not_equal(vgic_init(&g, &c), 0);
	c.nr_vcpus = 1;
	assert_int_equal(vgic_init(&g, &c), 0);
}

/* ---- short ways ---- */

#define SHORT_ROUNDS 3000u

/* What loading, putting and the question before a sleep go by, and leave behind. */
struct shot {
	struct vgic_vcpu v;
	struct fake_gic hw;
	uint32_t requests;
	bool deliverable;
};

static struct shot shot_take(const struct vgic_vcpu *v)
{
	return (struct shot){ .v = *v, .hw = fake_gics[0], .requests = v->thread->requests };
}

static void shot_restore(struct vgic_vcpu *v, const struct shot *s)
{
	*v = s->v;
	fake_gics[0] = s->hw;
	v->thread->requests = s->requests;
}

/* vCPU 0 has something of everything, in all states, but not much. */
static void shot_setup(struct vgic_vcpu *v)
{
	static const uint32_t intids[] = { 0, 1, 5, 15, 20, 27 };

	world_setup(2, 32, 2 + rnd(3));
	world.cpu_of[1] = 0;
	for (uint32_t i = 0; i < ARRAY_SIZE(intids); i++)
		if (rnd(4))
			world_irq(0, intids[i], (uint8_t)(0x80 + 0x20 * rnd(4)), rnd(2));
	world_run(0);
	for (uint32_t n = rnd(6), last = INTID_SPURIOUS; n; n--) {
		world_sgi1r(0, SGI1R(0, 0, 1, rnd(2) ? 0 : rnd(16)));
		if (!rnd(4))
			vgic_set_ppi(v, rnd(2) ? 20 : 27, rnd(2));
		if (rnd(3))
			world_enter();
		if (last != INTID_SPURIOUS && rnd(2)) {
			fake_guest_eoi(1, last);
			last = INTID_SPURIOUS;
		}
		if (last == INTID_SPURIOUS && rnd(3))
			last = fake_guest_ack(1);
	}
	if (!rnd(8))
		world_gicd_write(GICD_CTLR, 4, rnd(4));
	if (!rnd(8))
		arch_ich_vmcr_write((arch_ich_vmcr_read() & ~ICH_VMCR_VPMR) |
				    BITS_VAL(ICH_VMCR_VPMR, 0x20 * rnd(8)));
}

/* Another vCPU has the core for a while, sends SGIs, and lines change. long_way: never briefly. */
static struct shot shot_after(struct vgic_vcpu *v, bool long_way, uint32_t sgis, uint32_t lines)
{
	const uint32_t unused = 1u << 31;
	struct shot s;

	v->word.phys_again |= long_way ? unused : 0;
	vgic_put(v);
	v->word.phys_again &= ~unused;
	for (; sgis; sgis &= sgis - 1)
		world_sgi1r(1, SGI1R(0, 0, 1, __builtin_ctz(sgis)));
	if (lines & 1)
		vgic_set_ppi(v, 20, lines >> 1 & 1);
	if (long_way)
		v->spi_hint |= 1;
	vgic_load(v);
	if (long_way)
		v->spi_hint |= 1;
	s.deliverable = vgic_deliverable(v);
	v->spi_hint = 0;
	s = (struct shot){ *v, fake_gics[0], v->thread->requests, s.deliverable };
	/* What is used of these is below. */
	memset(s.v.lr_of, 0, sizeof(s.v.lr_of));
	memset(s.v.lr_intid, 0, sizeof(s.v.lr_intid));
	s.v.refolded = 0;
	s.v.lock = (struct spinlock)SPINLOCK_INIT;
	s.hw.nr_lr_writes = s.hw.nr_hcr_writes = 0;
	for (uint32_t n = 0; n < ICH_NR_LRS_MAX; n++) {
		if (!(v->lr_used >> n & 1)) {
			assert_false(s.hw.lr[n] & (ICH_LR_PENDING | ICH_LR_ACTIVE | ICH_LR_EOI));
			s.hw.lr[n] = 0;
			continue;
		}
		s.v.lr_intid[n] = v->lr_intid[n];
		if (v->lr_intid[n] < 32)
			s.v.lr_of[v->lr_intid[n]] = v->lr_of[v->lr_intid[n]];
	}
	return s;
}

static void short_ways_leave_what_the_long_ones_do(void **state)
{
	struct vgic_vcpu *v = &world.vcpu[0];
	uint32_t loaded = 0, deliverable = 0;

	(void)state;
	seed = 4711;
	for (uint32_t round = 0; round < SHORT_ROUNDS; round++) {
		uint32_t sgis = rnd(3) ? 0 : 1u << rnd(16), lines = rnd(4) ? 0 : rnd(4);
		struct shot before, brief, full;

		shot_setup(v);
		sgis |= rnd(6) ? 0 : rnd(0x10000);
		before = shot_take(v);
		brief = shot_after(v, false, sgis, lines);
		shot_restore(v, &before);
		full = shot_after(v, true, sgis, lines);
		assert_memory_equal(&brief.v, &full.v, sizeof(full.v));
		assert_memory_equal(&brief.hw, &full.hw, sizeof(full.hw));
		assert_int_equal(brief.requests, full.requests);
		assert_int_equal(brief.deliverable, full.deliverable);
		loaded += brief.v.lr_used == 1;
		deliverable += brief.deliverable;
	}
	/* All of it has been seen, often. */
	assert_in_range(loaded, SHORT_ROUNDS / 10, SHORT_ROUNDS);
	assert_in_range(deliverable, SHORT_ROUNDS / 10, SHORT_ROUNDS * 9 / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixteen_raised_together_come_by_priority),
		cmocka_unit_test(more_than_list_registers_of_one_priority_all_come),
		cmocka_unit_test(higher_priority_displaces_when_list_registers_are_full),
		cmocka_unit_test(nesting_deeper_than_list_registers_ends_in_order),
		cmocka_unit_test(nesting_deeper_with_split_deactivation_ends_by_intid),
		cmocka_unit_test(pending_beside_many_active_is_not_kept_out),
		cmocka_unit_test(group_disabled_at_cpu_does_not_keep_others_out),
		cmocka_unit_test(group_switched_off_after_the_flush_lets_the_other_in),
		cmocka_unit_test(level_comes_again_while_its_line_is_high),
		cmocka_unit_test(level_that_fell_before_the_acknowledge_does_not_come),
		cmocka_unit_test(level_dropped_in_the_handler_ends_without_maintenance),
		cmocka_unit_test(level_raised_again_in_the_handler_comes_again),
		cmocka_unit_test(edge_in_the_handler_makes_pending_and_active),
		cmocka_unit_test(edges_before_the_acknowledge_are_one),
		cmocka_unit_test(pending_set_by_software_on_a_level_is_used_up),
		cmocka_unit_test(disable_takes_it_out_of_a_running_vcpus_list_register),
		cmocka_unit_test(clear_pending_reaches_a_running_vcpus_list_register),
		cmocka_unit_test(active_of_a_running_vcpu_is_read_and_cleared),
		cmocka_unit_test(an_end_while_others_look_is_not_lost),
		cmocka_unit_test(unconcerned_accesses_disturb_nobody),
		cmocka_unit_test(distributor_groups_off_and_on),
		cmocka_unit_test(spi_follows_its_route_while_pending),
		cmocka_unit_test(active_spi_stays_until_it_ends_then_moves),
		cmocka_unit_test(spi_routed_to_nobody_waits),
		cmocka_unit_test(one_of_n_goes_to_exactly_one_that_is_awake),
		cmocka_unit_test(spis_up_to_the_last_one_work),
		cmocka_unit_test(sgi_targets),
		cmocka_unit_test(sgi_by_range_selector_and_upper_levels),
		cmocka_unit_test(sgi_that_was_sent_is_pending_at_once),
		cmocka_unit_test(sgi_goes_by_its_group),
		cmocka_unit_test(sgi_to_self_comes),
		cmocka_unit_test(linked_spi_is_deactivated_by_the_guests_end),
		cmocka_unit_test(linked_and_pended_by_software_is_never_both_with_the_hw_bit),
		cmocka_unit_test(linked_routed_away_while_active_and_pended_goes_on_there),
		cmocka_unit_test(linked_pending_cleared_by_the_guest_frees_the_physical_one),
		cmocka_unit_test(linked_ppi_cleared_from_another_cpu_is_freed_on_its_own),
		cmocka_unit_test(linked_level_that_fell_unacknowledged_does_not_come),
		cmocka_unit_test(switching_away_keeps_a_linked_interrupt),
		cmocka_unit_test(split_deactivation_in_any_order),
		cmocka_unit_test(trapped_common_registers_are_the_interfaces),
		cmocka_unit_test(evicted_linked_interrupt_is_deactivated_at_its_end),
		cmocka_unit_test(physical_ppi_is_active_only_for_the_loaded_vcpu),
		cmocka_unit_test(state_survives_a_switch),
		cmocka_unit_test(deliverable_is_what_the_cpu_interface_would_signal),
		cmocka_unit_test(reset_voids_what_list_registers_hold),
		cmocka_unit_test(one_that_rests_is_as_reset_until_others_write_to_it),
		cmocka_unit_test(reset_before_a_switch_is_kept),
		cmocka_unit_test(short_ways_leave_what_the_long_ones_do),
		cmocka_unit_test(bad_configurations_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
