/* SPDX-License-Identifier: Apache-2.0 */
/* A vCPU between list registers and the physical CPU interface, which is the guest's meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/percpu.h"
#include "irq/gicv3.h"
#include "irq/vgic_direct.h"
#include "irq/vgic_int.h"
#include "tests/host/chance.h"
#include "tests/host/fake/cpu.h"
#include "tests/host/fake/vgic_world.h"

#define VTIMER     27u
#define PTIMER     30u
#define DEVICE     40u       /* of the board, by another number there */
#define BOARD_SPI  70u
#define EMULATED   50u
#define FIRST_STEP 8u        /* 5 bits of priority */

/* Two vCPUs; nothing is enabled. vCPU 0. */
static struct vgic_vcpu *setup(void)
{
	world.direct = true;
	world_setup(2, 64, 4);
	for (uint32_t n = 2; n-- > 0;) {
		assert_int_equal(vgic_link(&world.vcpu[n], VTIMER, VTIMER), 0);
		assert_int_equal(vgic_link(&world.vcpu[n], PTIMER, PTIMER), 0);
	}
	assert_int_equal(vgic_link(&world.vcpu[0], DEVICE, BOARD_SPI), 0);
	gicv3_set_owned(BOARD_SPI, true);
	return world_run(0);
}

/* The guest is entered; all that tells whether it has the interface says the same. */
static bool enters_direct(struct vgic_vcpu *v)
{
	bool is;

	world_enter();
	is = vgic_is_direct(v);
	assert_int_equal(fake_gic()->direct, is);
	assert_int_equal(arch_percpu()->aloof, is);
	assert_int_equal(!(v->thread->requests & THREAD_REQ_DIRECT), is);
	assert_int_equal(v->thread->requests & ~(uint32_t)THREAD_REQ_DIRECT, 0);
	return is;
}

static struct vgic_vcpu *setup_direct(void)
{
	struct vgic_vcpu *v = setup();

	assert_false(enters_direct(v));
	world_irq(0, VTIMER, 0x40, false);
	assert_true(enters_direct(v));
	return v;
}

static bool is_open(uint32_t pintid)
{
	return fake_phys_open[pintid / 32] >> (pintid & 31) & 1;
}

static uint64_t reg_bit(uint64_t off, uint32_t intid)
{
	if (intid < INTID_SPI_FIRST)
		return world_gicr_read(0, GICR_SGI_BASE + off, 4) >> intid & 1;
	return world_gicd_read(off + intid / 32 * 4, 4) >> (intid & 31) & 1;
}

/* The guest takes and ends the one that is in a list register. */
static void take(uint32_t intid)
{
	assert_int_equal(fake_guest_ack(1), intid);
	world_enter();
	fake_guest_eoi(1, intid);
	world_enter();
}

/* ---- given ---- */

static void given_are_its_registers_and_what_it_has_enabled(void **state)
{
	const struct direct_cpuif *c;
	struct vgic_vcpu *v = setup();

	(void)state;
	fake_gic()->vmcr = ICH_VMCR_VENG1 | ICH_VMCR_VEOIM | BITS_VAL(ICH_VMCR_VPMR, 0xb0) |
			   BITS_VAL(ICH_VMCR_VBPR1, 5) | BITS_VAL(ICH_VMCR_VBPR0, 2);
	world_irq(0, VTIMER, 0x40, false);
	world_irq(0, DEVICE, 0x58, false);
	assert_true(enters_direct(v));
	c = &fake_gic()->cpuif;
	assert_true(c->eoimode && c->igrpen1 == ICC_IGRPEN_ENABLE);
	assert_true(c->pmr == 0xb0 && c->bpr1 == 5);
	assert_int_equal(fake_gic()->hcr, ICH_HCR_EN | ICH_HCR_TC);
	assert_int_equal(fake_gic()->phys_shut, BIT(PTIMER));
	assert_int_equal(fake_phys_prio[VTIMER], 0x40);
	assert_true(is_open(BOARD_SPI) && world.phys_route[BOARD_SPI] == 0);
	assert_int_equal(fake_phys_prio[BOARD_SPI], 0x58);

	/* And back; the priority of what is taken at EL2 is that of all. */
	vgic_direct_end(v);
	assert_false(vgic_is_direct(v) || fake_gic()->direct || arch_percpu()->aloof);
	assert_int_equal(v->thread->requests, THREAD_REQ_IRQ | THREAD_REQ_DIRECT);
	assert_false(is_open(BOARD_SPI));
	assert_int_equal(fake_gic()->phys_shut, 0);
	assert_int_equal(fake_phys_prio[VTIMER], 0xa0);
	assert_int_equal(v->word.in_lr | world.vgic.word[0].in_lr, 0);
}

static void without_the_other_group_it_has_nothing(void **state)
{
	struct vgic_vcpu *v = setup_direct();

	(void)state;
	fake_gic()->cpuif.igrpen1 = 0;
	vgic_direct_end(v);
	assert_int_equal(fake_gic()->vmcr & (ICH_VMCR_VENG0 | ICH_VMCR_VENG1), ICH_VMCR_VENG0);
	assert_true(enters_direct(v));
	assert_int_equal(fake_gic()->cpuif.igrpen1, 0);
}

/* The highest is the hypervisor's: neither a mask nor an interrupt gets there. */
static void the_highest_priority_is_not_the_guests(void **state)
{
	struct vgic_vcpu *v = setup();

	(void)state;
	world_irq(0, VTIMER, 0, false);
	world_irq(0, DEVICE, 0, false);
	fake_gic()->vmcr = bits_set(ICH_VMCR_VPMR, fake_gic()->vmcr, 0);
	assert_true(enters_direct(v));
	assert_int_equal(fake_gic()->cpuif.pmr, FIRST_STEP);
	assert_int_equal(fake_phys_prio[VTIMER], FIRST_STEP);
	assert_int_equal(fake_phys_prio[BOARD_SPI], FIRST_STEP);
	vgic_direct_end(v);
	assert_int_equal(bits_get(ICH_VMCR_VPMR, fake_gic()->vmcr), 0);
	/* A mask of just that step would let priority 0 in and no other. */
	fake_gic()->vmcr = bits_set(ICH_VMCR_VPMR, fake_gic()->vmcr, FIRST_STEP);
	assert_false(enters_direct(v));
	fake_gic()->vmcr = bits_set(ICH_VMCR_VPMR, fake_gic()->vmcr, 2 * FIRST_STEP);
	assert_true(enters_direct(v));
}

/* Taken at EL2 before, unseen by the guest: it comes again, now to the guest. */
static void what_el2_took_goes_back_to_the_hardware(void **state)
{
	struct vgic_vcpu *v = setup();

	(void)state;
	world_irq(0, VTIMER, 0x40, false);
	world_irq(0, DEVICE, 0x40, true);
	world.phys_edge[BOARD_SPI / 32] = BIT(BOARD_SPI & 31);
	gicv3_set_active(VTIMER, true);
	vgic_inject_hw(v, VTIMER, VTIMER);
	gicv3_set_active(BOARD_SPI, true);
	vgic_inject_hw(v, DEVICE, BOARD_SPI);
	assert_true(enters_direct(v));
	assert_false(gicv3_is_active(VTIMER) || gicv3_is_active(BOARD_SPI));
	/* A level is there by itself. */
	assert_int_equal(world.set_pending, BOARD_SPI);
	vgic_direct_end(v);
	assert_int_equal(v->word.latch | v->word.phys_active | world.vgic.word[0].latch, 0);
}

/* ---- not given ---- */

static void stand(struct vgic_vcpu *v, bool yes)
{
	assert_int_equal(enters_direct(v), !yes);
	if (!yes)
		vgic_direct_end(v);
}

static void what_stands_against_it_ends_with_it(void **state)
{
	struct vgic_vcpu *v = setup_direct();
	uint64_t vmcr;

	(void)state;
	vgic_direct_end(v);
	world.timers = true;                 /* others may wait for it */
	stand(v, true);
	world.timers = false;
	stand(v, false);

	vmcr = fake_gic()->vmcr;             /* the binary point of group 0 is virtual */
	fake_gic()->vmcr = vmcr | ICH_VMCR_VCBPR;
	stand(v, true);
	fake_gic()->vmcr = vmcr;
	stand(v, false);

	fake_gic()->ap1r[0] = 2;             /* some priority is active */
	stand(v, true);
	fake_gic()->ap1r[0] = 0;
	fake_gic()->ap0r[0] = 2;
	stand(v, true);
	fake_gic()->ap0r[0] = 0;
	stand(v, false);

	vgic_hold(v);
	stand(v, true);
	vgic_release(v);
	stand(v, false);

	world_gicd_write(GICD_CTLR, 4, GICD_CTLR_ENABLE_G0);
	stand(v, true);
	world_gicd_write(GICD_CTLR, 4, GICD_CTLR_ENABLE_G0 | GICD_CTLR_ENABLE_G1);
	stand(v, false);

	world_gicr_write(0, GICR_SGI_BASE + GICR_IGROUPR0, 4, 0);   /* as FIQ, which is EL2's */
	stand(v, true);
	world_gicr_write(0, GICR_SGI_BASE + GICR_IGROUPR0, 4, ~0u);
	stand(v, false);

	world_gicr_write(0, GICR_SGI_BASE + GICR_ISACTIVER0, 4, BIT(VTIMER));
	stand(v, true);
	world_gicr_write(0, GICR_SGI_BASE + GICR_ICACTIVER0, 4, BIT(VTIMER));
	stand(v, false);
}

static void what_is_not_physical_takes_it_away_until_it_has_ended(void **state)
{
	struct vgic_vcpu *v = setup_direct();

	(void)state;
	world_irq(0, EMULATED, 0x60, true);
	world_irq(0, 5, 0x60, true);
	assert_true(enters_direct(v));
	vgic_set_line(&world.vgic, EMULATED, true);
	assert_false(enters_direct(v));
	/* Its end is told: nothing else would bring the guest back. */
	assert_true(fake_gic()->lr[0] & ICH_LR_EOI);
	take(EMULATED);
	assert_true(enters_direct(v));

	world_sgi1r(0, BITS_VAL(ICC_SGIR_INTID, 5) | 1);
	assert_false(enters_direct(v));
	take(5);
	assert_true(enters_direct(v));

	/* Of its own timer, made pending by a register. */
	world_gicr_write(0, GICR_SGI_BASE + GICD_ISPENDR, 4, BIT(VTIMER));
	assert_false(enters_direct(v));
	take(VTIMER);
	assert_true(enters_direct(v));
}

/* ---- taken back ---- */

/* The guest has taken one from the hardware; how it ends it is EOImode's. */
static void acked_goes_on_in_a_list_register(uint32_t intid, uint32_t pintid, bool eoimode)
{
	struct vgic_vcpu *v = setup();

	fake_gic()->vmcr |= eoimode ? ICH_VMCR_VEOIM : 0;
	world_irq(0, intid, 0x40, false);
	assert_true(enters_direct(v));
	fake_gic()->cpuif.ap1r[0] = BIT(0x40 >> 3);
	gicv3_set_active(pintid, true);
	/* Looked at by a register. */
	assert_int_equal(reg_bit(GICD_ISACTIVER, intid), 1);
	assert_false(enters_direct(v));
	assert_int_equal(fake_gic()->ap1r[0], BIT(0x40 >> 3));
	assert_true(fake_gic()->vmcr & ICH_VMCR_VENG1);
	fake_guest_eoi(1, intid);
	if (eoimode) {
		assert_false(enters_direct(v));
		fake_guest_dir(intid);
	}
	assert_false(gicv3_is_active(pintid));
	/* With the HW bit no exit brings it back, but the next that there is. */
	vgic_release((vgic_hold(v), v));
	assert_true(enters_direct(v));
	assert_int_equal(reg_bit(GICD_ISACTIVER, intid), 0);
}

static void what_it_has_taken_is_active_until_it_ends_it(void **state)
{
	(void)state;
	for (int eoimode = 0; eoimode < 2; eoimode++) {
		acked_goes_on_in_a_list_register(VTIMER, VTIMER, eoimode);
		acked_goes_on_in_a_list_register(DEVICE, BOARD_SPI, eoimode);
	}
}

/* EOImode 1: the priority is dropped, and nothing deactivated yet. */
static void an_end_in_two_steps_may_be_in_between(void **state)
{
	struct vgic_vcpu *v = setup();

	(void)state;
	fake_gic()->vmcr |= ICH_VMCR_VEOIM;
	world_irq(0, VTIMER, 0x40, false);
	assert_true(enters_direct(v));
	gicv3_set_active(VTIMER, true);
	vgic_dir(v, VTIMER);                 /* traps */
	assert_false(gicv3_is_active(VTIMER));
	assert_true(enters_direct(v));
	vgic_dir(v, 1023);                   /* nothing that it has */
	vgic_dir(v, DEVICE);
	vgic_dir(v, PTIMER);
	assert_true(enters_direct(v));
}

static void a_guest_can_write_anything_into_what_it_has(void **state)
{
	struct vgic_vcpu *v = setup_direct();
	uint64_t vmcr = fake_gic()->vmcr & ~(ICH_VMCR_VBPR1 | ICH_VMCR_VENG1);

	(void)state;
	seed = 7;
	for (int round = 0; round < 200; round++) {
		struct direct_cpuif *c = &fake_gic()->cpuif;

		c->bpr1 = rnd(UINT32_MAX);
		c->igrpen1 = rnd(UINT32_MAX);
		for (uint32_t n = 0; n < ICH_NR_APRS_MAX; n++)
			c->ap1r[n] = round & 1 ? rnd(UINT32_MAX) | 1 : 0;
		vgic_direct_end(v);
		assert_int_equal(fake_gic()->vmcr & ~(ICH_VMCR_VBPR1 | ICH_VMCR_VENG1), vmcr);
		/* A priority without an interrupt is its own affair, as with list registers. */
		assert_int_equal(enters_direct(v), !(round & 1));
		fake_gic()->ap1r[0] = 0;
		vgic_release((vgic_hold(v), v));
		assert_true(enters_direct(v));
	}
}

static void a_vcpu_that_leaves_takes_all_with_it(void **state)
{
	struct vgic_vcpu *v = setup_direct();

	(void)state;
	fake_gic()->cpuif.ap1r[0] = BIT(8);
	fake_gic()->cpuif.bpr1 = 6;
	gicv3_set_active(VTIMER, true);
	/* As vcpu_unload() does; and as if it had forgotten. */
	vgic_direct_end(v);
	vgic_put(v);
	assert_int_equal(v->ap1r[0], BIT(8));
	assert_int_equal(bits_get(ICH_VMCR_VBPR1, v->vmcr), 6);
	assert_int_equal(v->word.active, BIT(VTIMER));
	assert_false(enters_direct(world_run(0)));
	assert_int_equal(fake_gic()->ap1r[0], BIT(8));
	assert_true(fake_gic()->lr[0] & ICH_LR_ACTIVE);
	fake_guest_eoi(1, VTIMER);
	vgic_release((vgic_hold(v), v));
	assert_true(enters_direct(v));
	vgic_put(v);
	assert_false(fake_gic()->direct || arch_percpu()->aloof || vgic_is_direct(v));
}

static void a_reset_leaves_nothing(void **state)
{
	struct vgic_vcpu *v = setup_direct();

	(void)state;
	world_irq(0, DEVICE, 0x40, false);
	assert_true(enters_direct(v));
	fake_gic()->cpuif.ap1r[0] = 1;
	gicv3_set_active(BOARD_SPI, true);
	/* Its thread has stopped: vcpu.c, switch_out(). */
	vgic_direct_end(v);
	vgic_reset(&world.vgic);
	vgic_vcpu_reset(v);
	assert_false(enters_direct(v));
	assert_true(vgic_vcpu_is_reset(v));
	assert_false(gicv3_is_active(BOARD_SPI) || is_open(BOARD_SPI));
	assert_int_equal(fake_gic()->ap1r[0], 0);
}

/* ---- what traps meanwhile ---- */

static void a_mask_is_the_guests_at_once_and_never_shuts_el2_out(void **state)
{
	struct vgic_vcpu *v = setup_direct();

	(void)state;
	vgic_icc_write(v, VGIC_ICC_PMR, 0x80);
	assert_true(vgic_is_direct(v));
	assert_int_equal(fake_gic()->cpuif.pmr, 0x80);
	assert_int_equal(vgic_icc_read(v, VGIC_ICC_PMR), 0x80);
	for (uint64_t mask = 0; mask < FIRST_STEP; mask++) {
		vgic_icc_write(v, VGIC_ICC_PMR, mask | ~UINT64_C(0xff));
		assert_true(vgic_is_direct(v));
		assert_int_equal(fake_gic()->cpuif.pmr, FIRST_STEP);
		assert_int_equal(vgic_icc_read(v, VGIC_ICC_PMR), 0);
	}
	vgic_icc_write(v, VGIC_ICC_PMR, FIRST_STEP);
	assert_false(vgic_is_direct(v) || enters_direct(v));
	assert_int_equal(vgic_icc_read(v, VGIC_ICC_PMR), FIRST_STEP);
}

static void control_and_running_priority_are_the_interfaces(void **state)
{
	struct vgic_vcpu *v = setup_direct();

	(void)state;
	assert_int_equal(vgic_icc_read(v, VGIC_ICC_RPR), 0xff);
	fake_gic()->cpuif.ap1r[0] = BIT(5);
	assert_int_equal(vgic_icc_read(v, VGIC_ICC_RPR), 5 << 3);
	fake_gic()->cpuif.ap1r[0] = 0;
	vgic_icc_write(v, VGIC_ICC_CTLR, ICC_CTLR_EOIMODE);
	assert_true(enters_direct(v));
	assert_true(fake_gic()->cpuif.eoimode);
	vgic_icc_write(v, VGIC_ICC_CTLR, ICC_CTLR_CBPR);
	assert_false(enters_direct(v));
	assert_int_equal(vgic_icc_read(v, VGIC_ICC_CTLR) & (ICC_CTLR_CBPR | ICC_CTLR_EOIMODE),
			 ICC_CTLR_CBPR);
}

/* ---- what the distributor is told meanwhile ---- */

static void enabled_and_disabled_it_comes_and_does_not(void **state)
{
	struct vgic_vcpu *v = setup_direct();

	(void)state;
	assert_int_equal(fake_gic()->phys_shut, BIT(PTIMER));
	world_irq(0, PTIMER, 0x40, false);
	assert_true(enters_direct(v));
	assert_int_equal(fake_gic()->phys_shut, 0);
	world_gicr_write(0, GICR_SGI_BASE + GICR_ICENABLER0, 4, BIT(VTIMER));
	assert_true(enters_direct(v));
	assert_int_equal(fake_gic()->phys_shut, BIT(VTIMER));
	world_gicr_write(0, GICR_SGI_BASE + GICR_ICENABLER0, 4, BIT(PTIMER));
	assert_false(enters_direct(v));
	assert_int_equal(fake_gic()->phys_shut, 0);
}

/* Both vCPUs have the interface of their pCPU; the device is one's at a time. */
static void a_device_follows_its_route(void **state)
{
	struct vgic_vcpu *one = &world.vcpu[1], *v = setup_direct();

	(void)state;
	world_irq(1, VTIMER, 0x40, false);
	world_run(1);
	assert_true(enters_direct(one));
	world_run(0);
	world_irq(0, DEVICE, 0x40, false);
	assert_true(enters_direct(v));
	assert_true(is_open(BOARD_SPI) && world.phys_route[BOARD_SPI] == world.cpu_of[0]);
	world_gicd_write(GICD_IROUTER + 8 * DEVICE, 8, 1);
	assert_false(is_open(BOARD_SPI));
	world_run(1);
	assert_true(one->thread->requests & THREAD_REQ_IRQ);
	assert_true(enters_direct(one));
	assert_true(is_open(BOARD_SPI) && world.phys_route[BOARD_SPI] == world.cpu_of[1]);
	world_run(0);
	assert_true(enters_direct(v));
	assert_true(is_open(BOARD_SPI) && world.phys_route[BOARD_SPI] == world.cpu_of[1]);
	/* Who has it gives it back; the other has nothing to do with it. */
	vgic_direct_end(v);
	assert_true(is_open(BOARD_SPI));
	world_run(1);
	vgic_direct_end(one);
	assert_false(is_open(BOARD_SPI));
}

static void before_a_sleep_it_is_given_back(void **state)
{
	struct vgic_vcpu *v = setup_direct();

	(void)state;
	assert_false(vgic_deliverable(v));
	assert_false(vgic_is_direct(v) || arch_percpu()->aloof);
	assert_true(enters_direct(v));
	assert_false(vgic_deliverable(v));
	gicv3_set_active(VTIMER, true);      /* comes to EL2 while it sleeps */
	vgic_inject_hw(v, VTIMER, VTIMER);
	assert_true(vgic_deliverable(v));
}

static void other_vms_never_have_it(void **state)
{
	(void)state;
	world.direct = false;
	world_setup(1, 64, 4);
	assert_int_equal(vgic_link(&world.vcpu[0], VTIMER, VTIMER), 0);
	world_irq(0, VTIMER, 0x40, false);
	world_enter();
	assert_false(vgic_is_direct(&world.vcpu[0]) || fake_gic()->direct);
	assert_int_equal(world.thread[0].requests, 0);
	world_irq(0, EMULATED, 0x60, true);
	vgic_set_line(&world.vgic, EMULATED, true);
	world_enter();
	assert_false(fake_gic()->lr[0] & ICH_LR_EOI);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(given_are_its_registers_and_what_it_has_enabled),
		cmocka_unit_test(without_the_other_group_it_has_nothing),
		cmocka_unit_test(the_highest_priority_is_not_the_guests),
		cmocka_unit_test(what_el2_took_goes_back_to_the_hardware),
		cmocka_unit_test(what_stands_against_it_ends_with_it),
		cmocka_unit_test(what_is_not_physical_takes_it_away_until_it_has_ended),
		cmocka_unit_test(what_it_has_taken_is_active_until_it_ends_it),
		cmocka_unit_test(an_end_in_two_steps_may_be_in_between),
		cmocka_unit_test(a_guest_can_write_anything_into_what_it_has),
		cmocka_unit_test(a_vcpu_that_leaves_takes_all_with_it),
		cmocka_unit_test(a_reset_leaves_nothing),
		cmocka_unit_test(a_mask_is_the_guests_at_once_and_never_shuts_el2_out),
		cmocka_unit_test(control_and_running_priority_are_the_interfaces),
		cmocka_unit_test(enabled_and_disabled_it_comes_and_does_not),
		cmocka_unit_test(a_device_follows_its_route),
		cmocka_unit_test(before_a_sleep_it_is_given_back),
		cmocka_unit_test(other_vms_never_have_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
