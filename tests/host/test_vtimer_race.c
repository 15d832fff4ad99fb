/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU that moved writes CNTP on its new pCPU while the soft timer that it left
 * behind fires on the old one. The queues of soft timers are the real ones.
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

static struct vtimer vt;
static struct vgic_vcpu vcpu;
static _Atomic bool line, stop, written;
static _Atomic uint32_t nr_virt;
static bool hold_up;          /* the old pCPU stops halfway, at the line */
static _Atomic bool halfway;

/* ---- the vGIC ---- */

void vgic_set_ppi(struct vgic_vcpu *v, uint32_t intid, bool level)
{
	assert_ptr_equal(v, &vcpu);
	assert_int_equal(intid, VTIMER_INTID_PHYS);
	assert_true(fake_irqs_masked());
	if (hold_up && level) {
		halfway = true;
		/* As long as the other one needs to be done, were it not kept out. */
		for (int ms = 0; ms < 100 && !written; ms++)
			usleep(1000);
	}
	line = level;
}

void vgic_inject_hw(struct vgic_vcpu *v, uint32_t intid, uint32_t pintid)
{
	(void)v, (void)intid, (void)pintid;
	nr_virt++;
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

/* Armed on pCPU 0, with a deadline that is near; the caller becomes pCPU 1. */
static void setup(uint64_t ahead)
{
	alarm(120);                          /* a list that has become a ring of its own */
	memset(&vt, 0, sizeof(vt));
	line = stop = written = halfway = hold_up = false;
	fake_counter = 1000;
	enter(0);
	vtimer_init(&vt, &vcpu, 0);
	vtimer_load(&vt);
	vtimer_phys_write(&vt, VTIMER_CVAL, fake_counter + ahead);
	vtimer_phys_write(&vt, VTIMER_CTL, ON);
	vtimer_put(&vt);
	enter(1);
	vtimer_load(&vt);
}

static void a_line_that_was_lowered_stays_low(void **state)
{
	pthread_t old;

	(void)state;
	setup(10);
	/* Loading it has taken its timer along: have it on the old pCPU again. */
	enter(0);
	vtimer_phys_write(&vt, VTIMER_CVAL, fake_counter + 10);
	enter(1);
	fake_counter += 10;
	hold_up = stop = true;
	assert_int_equal(pthread_create(&old, NULL, old_cpu, NULL), 0);
	while (!halfway)
		usleep(100);
	vtimer_phys_write(&vt, VTIMER_CTL, 0);
	written = true;
	pthread_join(old, NULL);
	assert_false(line);
	assert_true(list_empty(&vt.p_soft.node));
}

static void a_timer_is_in_one_queue_at_most(void **state)
{
	pthread_t old;

	(void)state;
	setup(0);
	assert_int_equal(pthread_create(&old, NULL, old_cpu, NULL), 0);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		/* Due at once, or a moment later: the old pCPU arms it again, or not. */
		vtimer_phys_write(&vt, VTIMER_CVAL, fake_counter + i % 3);
		if (i % 2)
			__atomic_fetch_add(&fake_counter, 1, __ATOMIC_SEQ_CST);
		timer_interrupt();
		if (i % 64 == 0) {           /* back and forth, so that it is armed there */
			enter(0);
			vtimer_phys_write(&vt, VTIMER_CVAL, fake_counter + 1);
			enter(1);
		}
	}
	vtimer_phys_write(&vt, VTIMER_CTL, 0);
	stop = true;
	pthread_join(old, NULL);
	assert_true(list_empty(&vt.p_soft.node));
	assert_false(line);
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
	setup(100);
	nr_virt = 0;
	fake_cntv_cval = fake_counter + 50;
	fake_cntv_ctl = ON;
	vtimer_put(&vt);
	/* On its way for the deadline before this one. */
	vt.v_soft.fire(&vt.v_soft);
	assert_int_equal(nr_virt, 0);
	fake_counter += 50;
	timer_interrupt();
	assert_int_equal(nr_virt, 1);
	vtimer_reset(&vt, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_that_was_lowered_stays_low),
		cmocka_unit_test(a_timer_is_in_one_queue_at_most),
		cmocka_unit_test(a_late_soft_timer_knows_the_new_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
