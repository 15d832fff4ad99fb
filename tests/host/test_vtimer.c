/* SPDX-License-Identifier: Apache-2.0 */
/* A vCPU's timers: offsets, ends of range, switches, CNTP once it is used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <arch/timer.h>
#include "irq/irq.h"
#include "tests/host/fake/cpu.h"
#include "tests/host/fake/vgic_world.h"

#define PIRQ 27u
#define PPHYS 30u
#define ON   CNT_CTL_ENABLE

static struct vtimer vt[2];
static irq_handler *virt_handler, *phys_handler;

int irq_link_percpu(uint32_t intid, irq_handler *handler, void *ctx)
{
	assert_true(intid == PIRQ || intid == PPHYS);
	assert_null(ctx);
	*(intid == PIRQ ? &virt_handler : &phys_handler) = handler;
	return 0;
}

static bool is_armed(const struct timer *t)
{
	return !list_empty(&t->node);
}

/* The counter gets there, and the soft timer fires. */
static void fire(struct timer *t)
{
	assert_true(is_armed(t));
	fake_counter = t->deadline;
	list_remove(&t->node);
	t->fire(t);
}

/* Two vCPUs that share pCPU 0; the first one is loaded. */
static void setup(uint64_t offset)
{
	world_setup(2, 32, 4);
	world_run(1);
	vgic_put(&world.vcpu[1]);
	world.cpu_of[1] = 0;
	world_run(0);
	memset(vt, 0, sizeof(vt));
	fake_counter = 1000000;
	assert_int_equal(vtimer_board_init(PIRQ, PPHYS), 0);
	vtimer_cpu_init();
	for (uint32_t n = 0; n < 2; n++) {
		vtimer_init(&vt[n], &world.vcpu[n], offset);
		world_irq(n, VTIMER_INTID_VIRT, 0x80, false);
		world_irq(n, VTIMER_INTID_PHYS, 0x80, false);
	}
	vtimer_load(&vt[0]);
}

static void switch_to(uint32_t n)
{
	vtimer_put(&vt[!n]);
	world_run(n);
	vtimer_load(&vt[n]);
}

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

static bool pending(uint32_t n, uint32_t intid)
{
	return world_gicr_read(n, GICR_SGI_BASE + GICR_ISPENDR0, 4) >> intid & 1;
}

static void registers_move_with_the_vcpu(void **state)
{
	(void)state;
	setup(0x5000);
	assert_int_equal(fake_cntvoff, 0x5000);
	assert_int_equal(fake_cnthctl, CNTHCTL_EL1PCTEN);
	fake_cntv_cval = 0x123456789;
	fake_cntv_ctl = ON | CNT_CTL_IMASK | CNT_CTL_ISTATUS;
	switch_to(1);
	assert_int_equal(fake_cntv_ctl, 0);
	assert_int_equal(fake_cntv_cval, 0);
	assert_false(is_armed(&vt[0].v_soft));       /* masked */
	switch_to(0);
	assert_int_equal(fake_cntv_ctl, ON | CNT_CTL_IMASK);
	assert_true(fake_cntv_cval == 0x123456789);
}

static void a_vcpu_that_lost_its_core_gets_its_deadline(void **state)
{
	(void)state;
	setup(0x5000);
	fake_cntv_cval = fake_counter - 0x5000 + 700;
	fake_cntv_ctl = ON;
	switch_to(1);
	assert_int_equal(vt[0].v_soft.deadline, fake_counter + 700);
	fire(&vt[0].v_soft);
	assert_int_not_equal(world.thread[0].requests & THREAD_REQ_IRQ, 0);
	switch_to(0);
	assert_false(is_armed(&vt[0].v_soft));
	/* Active in the GIC, so that the timer, still due, does not come twice. */
	assert_int_equal(fake_gic()->phys_ppi_active, BIT(PIRQ));
	assert_int_equal(take(), VTIMER_INTID_VIRT);
	assert_int_equal(fake_gic()->phys_ppi_active, 0);
}

static void all_ones_never_comes_even_with_an_offset(void **state)
{
	(void)state;
	setup(0x5000);
	fake_cntv_cval = UINT64_MAX;
	fake_cntv_ctl = ON;
	switch_to(1);
	assert_true(vt[0].v_soft.deadline == UINT64_MAX);
	switch_to(0);
	/* An offset that is negative: the guest's counter is ahead. */
	setup(UINT64_C(0) - 0x5000);
	fake_cntv_cval = fake_counter + 0x5000 + 9;
	fake_cntv_ctl = ON;
	switch_to(1);
	assert_int_equal(vt[0].v_soft.deadline, fake_counter + 9);
	switch_to(0);
}

static void a_deadline_that_passed_fires_at_once(void **state)
{
	(void)state;
	setup(0);
	fake_cntv_cval = 5;
	fake_cntv_ctl = ON | CNT_CTL_ISTATUS;
	switch_to(1);
	assert_int_equal(vt[0].v_soft.deadline, fake_counter);
	switch_to(0);
}

static void the_physical_interrupt_is_the_loaded_vcpus(void **state)
{
	(void)state;
	setup(0);
	fake_gic()->phys_ppi_active = BIT(PIRQ);
	virt_handler(NULL, PIRQ);
	assert_true(pending(0, VTIMER_INTID_VIRT));
	assert_false(pending(1, VTIMER_INTID_VIRT));
	/* In flight: another deadline is not announced before this one has ended. */
	fake_cntv_ctl = ON;
	switch_to(1);
	assert_false(is_armed(&vt[0].v_soft));
	switch_to(0);
	assert_int_equal(take(), VTIMER_INTID_VIRT);
	/* Ended, though its list register was not looked at since. */
	fake_cntv_cval = fake_counter + 50;
	fake_cntv_ctl = ON;
	switch_to(1);
	assert_true(is_armed(&vt[0].v_soft));
	switch_to(0);
}

static void with_nobody_loaded_the_timer_is_silenced(void **state)
{
	(void)state;
	setup(0);
	vtimer_put(&vt[0]);
	vgic_put(&world.vcpu[0]);
	fake_cntv_ctl = ON;
	fake_gic()->phys_ppi_active = BIT(PIRQ);
	virt_handler(NULL, PIRQ);
	assert_int_equal(fake_cntv_ctl, 0);
	assert_int_equal(fake_gic()->phys_ppi_active, 0);
	world_run(0);
	vtimer_load(&vt[0]);
}

/* CNTP of the vCPU that is loaded, as its guest would set it. */
static void cntp(struct vtimer *t, uint64_t cval, uint64_t ctl)
{
	vtimer_take_phys(t);
	fake_cntp_cval = cval;
	fake_cntp_ctl = ctl;
}

static void cntp_traps_until_it_is_used(void **state)
{
	(void)state;
	setup(0x5000);
	fake_cntp_ctl = fake_cntp_cval = 99;
	switch_to(1);
	switch_to(0);
	/* Nobody has it, so nobody moved it. */
	assert_true(fake_cntp_ctl == 99 && fake_cntp_cval == 99);
	vtimer_take_phys(&vt[0]);
	assert_true(fake_cntp_ctl == 0 && fake_cntp_cval == 0);
	assert_int_equal(fake_cnthctl, CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN);
	fake_cntp_cval = 0x123456789;
	fake_cntp_ctl = ON | CNT_CTL_IMASK | CNT_CTL_ISTATUS;
	switch_to(1);
	assert_int_equal(fake_cnthctl, CNTHCTL_EL1PCTEN);
	assert_int_equal(fake_cntp_ctl, 0);
	assert_false(is_armed(&vt[0].p_soft));       /* masked */
	vtimer_take_phys(&vt[1]);
	assert_int_equal(fake_cntp_cval, 0);
	switch_to(0);
	assert_int_equal(fake_cntp_ctl, ON | CNT_CTL_IMASK);
	assert_true(fake_cntp_cval == 0x123456789);
}

static void cntp_has_no_offset_and_comes_to_who_lost_its_core(void **state)
{
	(void)state;
	setup(0x5000);
	cntp(&vt[0], fake_counter + 100, ON);
	switch_to(1);
	assert_int_equal(vt[0].p_soft.deadline, fake_counter + 100);
	fire(&vt[0].p_soft);
	switch_to(0);
	assert_false(is_armed(&vt[0].p_soft));
	assert_int_equal(fake_gic()->phys_ppi_active, BIT(PPHYS));
	assert_int_equal(take(), VTIMER_INTID_PHYS);
	assert_int_equal(fake_gic()->phys_ppi_active, 0);
}

static void the_physical_timers_interrupt_is_the_loaded_vcpus(void **state)
{
	(void)state;
	setup(0);
	cntp(&vt[0], 5, ON);
	fake_gic()->phys_ppi_active = BIT(PPHYS);
	phys_handler(NULL, PPHYS);
	assert_true(pending(0, VTIMER_INTID_PHYS));
	assert_false(pending(0, VTIMER_INTID_VIRT));
	assert_false(pending(1, VTIMER_INTID_PHYS));
	/* In flight: no second one while another vCPU runs. */
	switch_to(1);
	assert_false(is_armed(&vt[0].p_soft));
	switch_to(0);
	assert_int_equal(take(), VTIMER_INTID_PHYS);
	vtimer_put(&vt[0]);
	vgic_put(&world.vcpu[0]);
	fake_cntp_ctl = ON;
	fake_gic()->phys_ppi_active = BIT(PPHYS);
	phys_handler(NULL, PPHYS);
	assert_true(fake_cntp_ctl == 0 && !fake_gic()->phys_ppi_active);
	world_run(0);
	vtimer_load(&vt[0]);
}

static void nothing_is_left_of_timers_after_a_reset(void **state)
{
	(void)state;
	setup(0);
	fake_cntv_cval = fake_counter - 1;
	fake_cntv_ctl = ON;
	fake_gic()->phys_ppi_active = BIT(PIRQ);
	virt_handler(NULL, PIRQ);
	cntp(&vt[0], fake_counter, ON);
	fake_gic()->phys_ppi_active |= BIT(PPHYS);
	phys_handler(NULL, PPHYS);
	vtimer_reset(&vt[0], 77);
	vtimer_restart(&vt[0]);
	assert_int_equal(fake_cntv_ctl, 0);
	assert_int_equal(fake_cntp_ctl, 0);
	assert_int_equal(fake_cnthctl, CNTHCTL_EL1PCTEN);
	assert_int_equal(fake_cntvoff, 77);
	assert_int_equal(fake_gic()->phys_ppi_active, 0);
	assert_false(is_armed(&vt[0].p_soft));
	assert_int_equal(take(), INTID_SPURIOUS);
	/* A soft timer that was on its way changes nothing. */
	vt[0].v_soft.fire(&vt[0].v_soft);
	vt[0].p_soft.fire(&vt[0].p_soft);
	assert_int_equal(take(), INTID_SPURIOUS);
}

static void a_pause_moves_both_deadlines(void **state)
{
	(void)state;
	setup(1000);
	fake_cntv_ctl = ON;
	fake_cntv_cval = fake_counter - 1000 + 500;
	cntp(&vt[0], fake_counter + 700, ON);
	vtimer_put(&vt[0]);
	vtimer_freeze(&vt[0]);
	assert_false(is_armed(&vt[0].v_soft));
	assert_false(is_armed(&vt[0].p_soft));
	fake_counter += 1000000;
	vtimer_thaw(&vt[0], 1000 + 1000000, 1000000);
	vtimer_load(&vt[0]);
	/* As far away as before, in the counter that the guest sees. */
	assert_int_equal(fake_cntvoff, 1001000);
	assert_int_equal(fake_cntv_cval - (fake_counter - fake_cntvoff), 500);
	assert_int_equal(fake_cntp_cval - fake_counter, 700);
	assert_int_equal(fake_cntp_ctl, ON);
	assert_int_equal(take(), INTID_SPURIOUS);
	switch_to(1);
	fire(&vt[0].p_soft);
	switch_to(0);
	assert_int_equal(take(), VTIMER_INTID_PHYS);
}

static void what_came_before_a_pause_is_there_after_it(void **state)
{
	(void)state;
	setup(0);
	cntp(&vt[0], fake_counter - 1, ON);
	vtimer_put(&vt[0]);
	fire(&vt[0].p_soft);
	vtimer_freeze(&vt[0]);
	fake_counter += 10;
	vtimer_thaw(&vt[0], 10, 10);
	vtimer_load(&vt[0]);
	assert_int_equal(take(), VTIMER_INTID_PHYS);
	/* A deadline at the end of time does not wrap. */
	fake_cntp_cval = UINT64_MAX - 5;
	vtimer_put(&vt[0]);
	vtimer_thaw(&vt[0], 10, 10);
	vtimer_load(&vt[0]);
	assert_true(fake_cntp_cval == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_move_with_the_vcpu),
		cmocka_unit_test(a_vcpu_that_lost_its_core_gets_its_deadline),
		cmocka_unit_test(all_ones_never_comes_even_with_an_offset),
		cmocka_unit_test(a_deadline_that_passed_fires_at_once),
		cmocka_unit_test(the_physical_interrupt_is_the_loaded_vcpus),
		cmocka_unit_test(with_nobody_loaded_the_timer_is_silenced),
		cmocka_unit_test(cntp_traps_until_it_is_used),
		cmocka_unit_test(cntp_has_no_offset_and_comes_to_who_lost_its_core),
		cmocka_unit_test(the_physical_timers_interrupt_is_the_loaded_vcpus),
		cmocka_unit_test(nothing_is_left_of_timers_after_a_reset),
		cmocka_unit_test(a_pause_moves_both_deadlines),
		cmocka_unit_test(what_came_before_a_pause_is_there_after_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
