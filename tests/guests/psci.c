/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI 1.1, DEN 0022: every function that a guest may call, and its errors. */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/smccc.h"

#define NO_SUCH_CPU 0x00990000ul

static void version_is_1_1(void)
{
	CHECK_EQ(psci_call(PSCI_VERSION, 0, 0, 0), 0x10001, "PSCI_VERSION");
}

static void features_names_what_is_there(void)
{
	static const uint32_t there[] = { PSCI_VERSION, PSCI_CPU_SUSPEND32, PSCI_CPU_SUSPEND64,
		PSCI_CPU_OFF, PSCI_CPU_ON32, PSCI_CPU_ON64, PSCI_AFFINITY_INFO32,
		PSCI_AFFINITY_INFO64, PSCI_MIGRATE_INFO_TYPE, PSCI_SYSTEM_OFF, PSCI_SYSTEM_RESET,
		PSCI_FEATURES };
	static const uint32_t absent[] = { 0x84000005, 0x84000007, 0x8400000b, 0x8400001f,
		0xc400000c + 0x100, 0x12345678, 0xffffffff };

	for (unsigned int i = 0; i < ARRAY_SIZE(there); i++)
		CHECK(psci_call(PSCI_FEATURES, there[i], 0, 0) >= 0, "0x%x: %d", there[i],
		      psci_call(PSCI_FEATURES, there[i], 0, 0));
	for (unsigned int i = 0; i < ARRAY_SIZE(absent); i++)
		CHECK(psci_call(PSCI_FEATURES, absent[i], 0, 0) == PSCI_NOT_SUPPORTED, "0x%x: %d",
		      absent[i], psci_call(PSCI_FEATURES, absent[i], 0, 0));
}

/* What FEATURES names answers something else than NOT_SUPPORTED when called, and vice versa. */
static void features_tell_the_truth(void)
{
	static const struct { uint32_t fid; uint64_t a; } harmless[] = {
		{ PSCI_VERSION, 0 }, { PSCI_AFFINITY_INFO32, NO_SUCH_CPU },
		{ PSCI_AFFINITY_INFO64, NO_SUCH_CPU }, { PSCI_CPU_ON32, NO_SUCH_CPU },
		{ PSCI_CPU_ON64, NO_SUCH_CPU }, { PSCI_MIGRATE_INFO_TYPE, 0 },
		{ 0x84000005, 0 }, { 0x84000007, 0 }, { 0x84000015, 0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(harmless); i++) {
		bool named = psci_call(PSCI_FEATURES, harmless[i].fid, 0, 0) >= 0;
		int rc = psci_call(harmless[i].fid, harmless[i].a, 0, 0);

		if (named)
			CHECK(rc != PSCI_NOT_SUPPORTED, "0x%x is named, gives %d",
			      harmless[i].fid, rc);
		else
			CHECK(rc == PSCI_NOT_SUPPORTED || rc == PSCI_INVALID_PARAMETERS,
			      "0x%x is not named, gives %d", harmless[i].fid, rc);
	}
}

/* 2: no trusted OS, or one that needs no migration. */
static void no_trusted_os_to_migrate(void)
{
	CHECK_EQ(psci_call(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2, "MIGRATE_INFO_TYPE");
}

static void affinity_info_tells_on_and_off(void)
{
	CHECK_EQ(psci_call(PSCI_AFFINITY_INFO64, cpus[0].mpidr, 0, 0), PSCI_AFF_ON, "own CPU");
	CHECK_EQ(psci_call(PSCI_AFFINITY_INFO32, cpus[0].mpidr, 0, 0), PSCI_AFF_ON, "32-bit call");
	for (unsigned int i = 1; i < smp_nr(); i++)
		CHECK_EQ(psci_call(PSCI_AFFINITY_INFO64, cpus[i].mpidr, 0, 0), PSCI_AFF_OFF,
			 "a secondary that was never on");
	CHECK_EQ(psci_call(PSCI_AFFINITY_INFO64, NO_SUCH_CPU, 0, 0), PSCI_INVALID_PARAMETERS,
		 "no such CPU");
}

static void cpu_on_refuses_what_it_must(void)
{
	CHECK_EQ(psci_call(PSCI_CPU_ON64, cpus[0].mpidr, (uintptr_t)secondary_entry, 0),
		 PSCI_ALREADY_ON, "the running CPU");
	CHECK_EQ(psci_call(PSCI_CPU_ON64, NO_SUCH_CPU, (uintptr_t)secondary_entry, 0),
		 PSCI_INVALID_PARAMETERS, "no such CPU");
	CHECK_EQ(psci_call(PSCI_CPU_ON64, 0xff0000000000ul, (uintptr_t)secondary_entry, 0),
		 PSCI_INVALID_PARAMETERS, "bits outside of the affinity fields");
}

static volatile unsigned int ran[NR_CPUS_MAX];
static volatile bool stop;

static void count_me(void *arg)
{
	ran[this_cpu()->idx] += (unsigned int)(uintptr_t)arg;
}

static void stay(void *arg)
{
	(void)arg;
	ran[this_cpu()->idx]++;
	while (!stop)
		;
}

static void every_secondary_comes_and_goes(void)
{
	SKIP_UNLESS(smp_nr() > 1, "one CPU");
	for (unsigned int round = 0; round < 10; round++) {
		for (unsigned int i = 1; i < smp_nr(); i++) {
			unsigned int before = ran[i];

			if (!smp_start(i, count_me, (void *)1ul))
				return;
			CHECK(smp_wait_off(i), "cpu %u stays on", i);
			CHECK_EQ(ran[i], before + 1, "runs");
		}
	}
}

static void a_running_cpu_is_already_on(void)
{
	SKIP_UNLESS(smp_nr() > 1, "one CPU");
	stop = false;
	if (!smp_start(1, stay, NULL))
		return;
	CHECK_EQ(psci_call(PSCI_AFFINITY_INFO64, cpus[1].mpidr, 0, 0), PSCI_AFF_ON,
		 "AFFINITY_INFO");
	CHECK_EQ(psci_call(PSCI_CPU_ON64, cpus[1].mpidr, (uintptr_t)secondary_entry,
			   (uintptr_t)&cpus[1]), PSCI_ALREADY_ON, "CPU_ON of a running CPU");
	stop = true;
	CHECK(smp_wait_off(1), "cpu 1 stays on");
}

/* ---- the race: all other CPUs turn on the last one at the same moment ---- */

#define RACES 50

static volatile unsigned int start_gate, at_gate;
static unsigned int winners, answers_wrong;

static void race(void *arg)
{
	unsigned int last = smp_nr() - 1;

	(void)arg;
	for (unsigned int round = 1; round <= RACES; round++) {
		int rc;

		__atomic_add_fetch(&at_gate, 1, __ATOMIC_ACQ_REL);
		while (__atomic_load_n(&start_gate, __ATOMIC_ACQUIRE) < round)
			;
		rc = psci_call(PSCI_CPU_ON64, cpus[last].mpidr, (uintptr_t)secondary_entry,
			       (uintptr_t)&cpus[last]);
		if (rc == PSCI_SUCCESS)
			__atomic_add_fetch(&winners, 1, __ATOMIC_ACQ_REL);
		else if (rc != PSCI_ALREADY_ON && rc != PSCI_ON_PENDING)
			__atomic_add_fetch(&answers_wrong, 1, __ATOMIC_ACQ_REL);
	}
}

static void one_round(unsigned int round, unsigned int last)
{
	struct cpu *c = &cpus[last];

	/* All but this CPU wait at the gate; then everybody calls. */
	CHECK(WAIT_UNTIL(at_gate == round * (last - 1), LONG_MS), "racers at the gate");
	stop = false;
	winners = 0;
	c->fn = stay;
	c->online = 0;
	dcache_civac(c, sizeof(*c));
	__atomic_store_n(&start_gate, round, __ATOMIC_RELEASE);
	if (psci_call(PSCI_CPU_ON64, c->mpidr, (uintptr_t)secondary_entry, (uintptr_t)c) ==
	    PSCI_SUCCESS)
		__atomic_add_fetch(&winners, 1, __ATOMIC_ACQ_REL);
	CHECK(WAIT_UNTIL(c->online, LONG_MS), "round %u: nobody turned it on", round);
	/* The others are through when they are back at the gate, or done. */
	if (round < RACES)
		CHECK(WAIT_UNTIL(at_gate == (round + 1) * (last - 1), LONG_MS), "racers back");
	else
		for (unsigned int i = 1; i < last; i++)
			CHECK(smp_wait_off(i), "cpu %u stays on", i);
	/* QEMU's own PSCI marks the CPU only when it runs: it may tell several SUCCESS. */
	if (running_under_corbel())
		CHECK_EQ(winners, 1, "winners");
	else
		CHECK(winners >= 1, "nobody won");
	stop = true;
	CHECK(smp_wait_off(last), "cpu %u stays on", last);
}

static void exactly_one_caller_wins(void)
{
	unsigned int last = smp_nr() - 1;

	SKIP_UNLESS(smp_nr() >= 3, "fewer than three CPUs");
	start_gate = at_gate = answers_wrong = 0;
	for (unsigned int i = 1; i < last; i++)
		smp_start(i, race, NULL);
	for (unsigned int round = 1; round <= RACES; round++)
		one_round(round, last);
	CHECK_EQ(answers_wrong, 0, "answers other than SUCCESS, ALREADY_ON, ON_PENDING");
}

/* A CPU that is off stays off, whatever events and interrupts come its way. */
static void off_is_off(void)
{
	unsigned int before;

	SKIP_UNLESS(smp_nr() > 1, "one CPU");
	gic_init();
	if (!smp_start(1, count_me, (void *)1ul) || !smp_wait_off(1))
		return;
	before = ran[1];
	for (unsigned int i = 0; i < 20; i++) {
		gic_sgi_send(gic_sgi_to(1, cpus[1].mpidr));
		__asm__ volatile("sev");
		delay_ms(1);
	}
	CHECK_EQ(ran[1], before, "runs");
	CHECK_EQ(psci_call(PSCI_AFFINITY_INFO64, cpus[1].mpidr, 0, 0), PSCI_AFF_OFF,
		 "AFFINITY_INFO");
}

/* Standby (power state 0, StateID 0): wakes on an interrupt and returns to its caller. */
static void suspend_to_standby_wakes_and_returns(void)
{
	uint64_t due;
	int rc;

	gic_init();
	for (unsigned int i = 0; i < 10; i++) {
		due = ticks_now() + ticks_per_ms();
		write_sysreg(cntv_cval_el0, due);
		write_sysreg(cntv_ctl_el0, 1);
		gic_bit_set(GICD_ISENABLER, INTID_VTIMER);
		rc = 0;
		while (!(read_sysreg(isr_el1) & 0x80) && rc == 0)
			rc = psci_call(PSCI_CPU_SUSPEND64, 0, 0, 0);
		CHECK_EQ(rc, PSCI_SUCCESS, "CPU_SUSPEND");
		CHECK(ticks_now() >= due, "woke early");
		CHECK_EQ(gic_ack(), INTID_VTIMER, "interrupt");
		write_sysreg(cntv_ctl_el0, 0);
		__asm__ volatile("isb");
		gic_eoi(INTID_VTIMER);
	}
}

/* A power level that nothing has (DEN 0022, "power_state"); the timer ends a wrong sleep. */
static void suspend_refuses_unknown_states(void)
{
	int rc;

	gic_init();
	gic_bit_set(GICD_ISENABLER, INTID_VTIMER);
	write_sysreg(cntv_cval_el0, ticks_now() + 100 * ticks_per_ms());
	write_sysreg(cntv_ctl_el0, 1);
	rc = psci_call(PSCI_CPU_SUSPEND64, 0x03000000 | 0xff, (uintptr_t)secondary_entry, 0);
	write_sysreg(cntv_ctl_el0, 0);
	CHECK(rc == PSCI_INVALID_PARAMETERS || rc == PSCI_DENIED, "power level 3: %d", rc);
}

static void smc_serves_the_same(void)
{
	struct smccc s = { { PSCI_VERSION, 0, 0, 0 } };

	SKIP_UNLESS(smc_available(), "no EL3 behind SMC");
	smccc_smc(&s);
	CHECK_EQ(s.x[0], 0x10001, "PSCI_VERSION by SMC");
	s = (struct smccc){ { PSCI_AFFINITY_INFO64, cpus[0].mpidr, 0, 0 } };
	smccc_smc(&s);
	CHECK_EQ(s.x[0], PSCI_AFF_ON, "AFFINITY_INFO by SMC");
	s = (struct smccc){ { PSCI_CPU_ON64, NO_SUCH_CPU, 0, 0 } };
	smccc_smc(&s);
	CHECK_EQ((int32_t)s.x[0], PSCI_INVALID_PARAMETERS, "CPU_ON by SMC");
}

GUEST_CASES(
	CASE(version_is_1_1),
	CASE(features_names_what_is_there),
	CASE(features_tell_the_truth),
	CASE(no_trusted_os_to_migrate),
	CASE(affinity_info_tells_on_and_off),
	CASE(cpu_on_refuses_what_it_must),
	CASE(every_secondary_comes_and_goes),
	CASE(a_running_cpu_is_already_on),
	CASE(exactly_one_caller_wins),
	CASE(off_is_off),
	CASE(suspend_to_standby_wakes_and_returns),
	CASE(suspend_refuses_unknown_states),
	CASE(smc_serves_the_same));
