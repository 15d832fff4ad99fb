/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUs that interrupt each other as fast as they can: no interrupt is lost, none comes twice.
 * Each CPU asks its right neighbour, which answers; one question is under way at a time.
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/smccc.h"

#define NR_IPIS 100000u		/* all CPUs together; "ipis=N" on the command line overrides */
#define SGI_ASK 4
#define SGI_ANSWER 5

struct stress {
	volatile uint32_t asked, answers, questions_seen;
	volatile bool stuck;
	uint32_t pad[12];
};

static struct stress stress[NR_CPUS_MAX] __attribute__((aligned(64)));
static unsigned int rounds, nr_ready;
static unsigned int nr_finished;

static unsigned int left_of(unsigned int i)
{
	return (i + smp_nr() - 1) % smp_nr();
}

static void take(void)
{
	unsigned int me = this_cpu()->idx;
	uint32_t id = gic_ack();

	if (id >= 1020)
		return;
	if (id == SGI_ASK) {
		stress[me].questions_seen++;
		gic_sgi_send(gic_sgi_to(SGI_ANSWER, cpus[left_of(me)].mpidr));
	} else if (id == SGI_ANSWER) {
		stress[me].answers++;
	}
	gic_eoi(id);
}

/* Half of the rounds by spinning, half by sleeping. */
static void wait_answer(unsigned int me, uint32_t nr)
{
	if (nr & 1) {
		if (!WAIT_UNTIL(stress[me].answers == nr, LONG_MS))
			stress[me].stuck = true;
		return;
	}
	/* The limit of a sleep: the timer, far away. */
	write_sysreg(cntv_cval_el0, ticks_now() + LONG_MS * ticks_per_ms());
	write_sysreg(cntv_ctl_el0, 1);
	for (;;) {
		irq_disable();
		if (stress[me].answers == nr)
			break;
		if (read_sysreg(cntv_ctl_el0) & 4) {
			stress[me].stuck = true;
			break;
		}
		wfi();
		irq_enable();
	}
	write_sysreg(cntv_ctl_el0, 0);
	__asm__ volatile("isb");
	irq_enable();
}

static void run(void *arg)
{
	unsigned int me = this_cpu()->idx, right = (me + 1) % smp_nr();

	(void)arg;
	gic_cpu_init();
	mmio_w32(gic_redist() + GICR_SGI + GICD_ISENABLER,
		 1u << SGI_ASK | 1u << SGI_ANSWER | 1u << INTID_VTIMER);
	this_cpu()->irq_hook = take;
	irq_enable();
	__atomic_add_fetch(&nr_ready, 1, __ATOMIC_ACQ_REL);
	WAIT_UNTIL(__atomic_load_n(&nr_ready, __ATOMIC_ACQUIRE) == smp_nr(), LONG_MS);
	for (uint32_t i = 1; i <= rounds && !stress[me].stuck; i++) {
		stress[me].asked = i;
		gic_sgi_send(gic_sgi_to(SGI_ASK, cpus[right].mpidr));
		wait_answer(me, i);
	}
	__atomic_add_fetch(&nr_finished, 1, __ATOMIC_ACQ_REL);
	/* Stays to answer until everybody is through. */
	WAIT_UNTIL(__atomic_load_n(&nr_finished, __ATOMIC_ACQUIRE) == smp_nr(), 10 * LONG_MS);
	irq_disable();
}

static void no_ipi_is_lost(void)
{
	unsigned int nr = smp_nr();

	SKIP_UNLESS(nr > 1, "one CPU");
	rounds = (unsigned int)guest_arg("ipis", NR_IPIS) / nr / 2;
	gic_init();
	for (unsigned int i = 1; i < nr; i++)
		smp_start(i, run, NULL);
	run(NULL);
	for (unsigned int i = 0; i < nr; i++) {
		CHECK(i == 0 || smp_wait_off(i), "cpu %u stays on", i);
		CHECK(!stress[i].stuck, "cpu %u got no answer to question %u", i, stress[i].asked);
		CHECK_EQ(stress[i].answers, rounds, "answers");
		CHECK_EQ(stress[i].questions_seen, rounds, "questions");
	}
}

/* ---- exclusives and barriers between CPUs ---- */

static uint64_t lock_word, counter;

static void add_locked(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < 5000; i++) {
		while (__atomic_exchange_n(&lock_word, 1, __ATOMIC_ACQUIRE))
			;
		counter++;
		__atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE);
		if (i % 64 == 0)
			hvc_call(PSCI_VERSION, 0, 0, 0);
	}
}

static void locks_hold_between_cpus(void)
{
	SKIP_UNLESS(smp_nr() > 1, "one CPU");
	counter = 0;
	for (unsigned int i = 1; i < smp_nr(); i++)
		smp_start(i, add_locked, NULL);
	add_locked(NULL);
	for (unsigned int i = 1; i < smp_nr(); i++)
		CHECK(smp_wait_off(i), "cpu %u stays on", i);
	CHECK_EQ(counter, 5000ul * smp_nr(), "count");
}

GUEST_CASES(
	CASE(no_ipi_is_lost),
	CASE(locks_hold_between_cpus));
