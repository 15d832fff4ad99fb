/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU is loaded on a pCPU, and put again, while the soft timers that it left behind fire on
 * another one. The queues of soft timers are the real ones.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <arch/timer.h>
#include "irq/gicv3.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "irq/vtimer.h"
#include "tests/host/fake/cpu.h"

#define ON     CNT_CTL_ENABLE
#define ROUNDS 100000u

uint64_t fake_cntv_ctl, fake_cntv_cval, fake_cntvoff, fake_cnthctl;
uint64_t fake_cntp_ctl, fake_cntp_cval;

static struct vtimer vt;
static struct vgic_vcpu vcpu;
static _Atomic bool stop;
static _Atomic uint32_t nr_injected;

/* ---- the vGIC ---- */

void vgic_inject_hw(struct vgic_vcpu *v, uint32_t intid, uint32_t pintid)
{
	(void)pintid;
	assert_ptr_equal(v, &vcpu);
	assert_true(intid == VTIMER_INTID_VIRT || intid == VTIMER_INTID_PHYS);
	assert_true(fake_irqs_masked());
	nr_injected++;
}

bool vgic_hw_in_flight(struct vgic_vcpu *v, uint32_t intid)
{
	(void)v, (void)intid;
	return false;
}

void vgic_retract_hw(struct vgic_vcpu *v, uint32_t intid)
{
	(void)v, (void)intid;
}

int vgic_link(struct vgic_vcpu *v, uint32_t intid, uint32_t pintid)
{
	(void)v, (void)intid, (void)pintid;
	return 0;
}

struct vgic_vcpu *vgic_loaded(void)
{
	return &vcpu;
}

int irq_link_percpu(uint32_t intid, irq_handler *handler, void *ctx)
{
	(void)intid, (void)handler, (void)ctx;
	return 0;
}

void gicv3_set_active(uint32_t intid, bool active)
{
	(void)intid, (void)active;
}

/* ---- the pCPUs ---- */

static void enter(uint32_t cpu)
{
	fake_cpu_enter(cpu);
	arch_irq_disable();
}

static void *old_cpu(void *arg)
{
	(void)arg;
	enter(0);
	do
		timer_interrupt();
	while (!stop);
	return NULL;
}

static void setup(void)
{
	alarm(120);                          /* a list that has become a ring of its own */
	memset(&vt, 0, sizeof(vt));
	fake_counter = 1000;
	nr_injected = 0;
	enter(0);
	vtimer_init(&vt, &vcpu, 0);
	vtimer_load(&vt);
	vtimer_take_phys(&vt);
}

static void load_and_put_while_they_fire(void **state)
{
	pthread_t old;

	(void)state;
	setup();
	assert_int_equal(pthread_create(&old, NULL, old_cpu, NULL), 0);
	/* On a busy host the other one may not run at all for long. */
	for (uint32_t i = 0; i < ROUNDS || !nr_injected; i++) {
		uint32_t before;

		/* Due at once, or a moment later, where it was last: pCPU 0 fires them. */
		fake_cntv_cval = fake_cntp_cval = fake_counter + i % 3;
		fake_cntv_ctl = fake_cntp_ctl = ON;
		enter(0);
		vtimer_put(&vt);
		enter(1);
		__atomic_fetch_add(&fake_counter, i % 4, __ATOMIC_SEQ_CST);
		vtimer_load(&vt);
		/* The registers are there again, and nobody stands in for them. */
		before = nr_injected;
		assert_true(list_empty(&vt.v_soft.node) && list_empty(&vt.p_soft.node));
		__atomic_fetch_add(&fake_counter, 3, __ATOMIC_SEQ_CST);
		assert_int_equal(nr_injected, before);
	}
	stop = true;
	pthread_join(old, NULL);
	/* Both queues are empty: no deadline is left to program. */
	for (uint32_t cpu = 0; cpu < 2; cpu++) {
		enter(cpu);
		fake_hyp_timer_on = true;
		timer_interrupt();
		assert_false(fake_hyp_timer_on);
	}
}

static void a_late_soft_timer_knows_the_new_deadline(void **state)
{
	(void)state;
	setup();
	fake_cntv_cval = fake_cntp_cval = fake_counter + 50;
	fake_cntv_ctl = fake_cntp_ctl = ON;
	vtimer_put(&vt);
	/* On their way for the deadline before this one. */
	vt.v_soft.fire(&vt.v_soft);
	vt.p_soft.fire(&vt.p_soft);
	assert_int_equal(nr_injected, 0);
	fake_counter += 50;
	timer_interrupt();
	assert_int_equal(nr_injected, 2);
	vtimer_reset(&vt, 0);
}

/* core/timer.c fires all that is armed: a vCPU asleep still wakes at its time, and not before. */
static void a_counter_that_went_back_loses_no_deadline(void **state)
{
	(void)state;
	setup();
	fake_counter = 100 * fake_counter_hz;
	fake_cntv_cval = fake_cntp_cval = fake_counter + 50;
	fake_cntv_ctl = fake_cntp_ctl = ON;
	vtimer_put(&vt);
	fake_counter -= 10 * fake_counter_hz;
	assert_int_equal(timer_interrupt(), TIMER_JUMP);
	assert_int_equal(nr_injected, 0);
	for (int i = 0; i < 10 && !nr_injected; i++) {
		fake_counter = fake_hyp_timer_cval;
		timer_interrupt();
	}
	assert_int_equal(fake_counter, 100 * fake_counter_hz + 50);
	assert_int_equal(nr_injected, 2);
	vtimer_reset(&vt, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(load_and_put_while_they_fire),
		cmocka_unit_test(a_counter_that_went_back_loses_no_deadline),
		cmocka_unit_test(a_late_soft_timer_knows_the_new_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
