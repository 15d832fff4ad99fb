/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stolen time by PVTIME (DEN 0057): the calls, the record of each CPU, and that it can only be
 * read. With fewer CPUs of the board than vCPUs time is stolen; the last case says whether.
 */
#include "lib/guest.h"
#include "lib/mmu.h"
#include "lib/smccc.h"

#define PV_TIME_FEATURES 0xc5000020u
#define PV_TIME_ST       0xc5000021u
#define PAGE             4096ul
#define NS_PER_S         1000000000ul

struct record {
	uint32_t revision, attributes;
	uint64_t stolen_ns;
	uint64_t reserved[6];
};

static uint64_t records[NR_CPUS_MAX];
static volatile uint32_t stop;

static bool there(void)
{
	bool is = hvc_call(SMCCC_ARCH_FEATURES, PV_TIME_FEATURES, 0, 0) == 0;

	CHECK(is || !running_under_corbel(), "Corbel tells stolen time");
	return is;
}

/* Mapped as a guest must: normal memory, write-back, inner shareable. */
static volatile struct record *map(uint64_t ipa, unsigned int page)
{
	uint64_t va = MMU_WINDOW_VA + page * PAGE;

	*mmu_window_pte(page) = (ipa & ~(PAGE - 1)) | PTE_PAGE | PTE_RAM;
	mmu_inval_is(va);
	return (volatile struct record *)(va + (ipa & (PAGE - 1)));
}

static void features_name_the_calls_there_are(void)
{
	int64_t want = there() ? 0 : -1;

	CHECK_EQ(hvc_call(PV_TIME_FEATURES, PV_TIME_FEATURES, 0, 0), want, "PV_TIME_FEATURES");
	CHECK_EQ(hvc_call(PV_TIME_FEATURES, PV_TIME_ST, 0, 0), want, "PV_TIME_ST");
	CHECK_EQ(hvc_call(PV_TIME_FEATURES, PV_TIME_ST + 1, 0, 0), -1, "the one after it");
	CHECK_EQ(hvc_call(PV_TIME_FEATURES, PV_TIME_ST & ~0x40000000u, 0, 0), -1, "SMC32");
	CHECK_EQ(hvc_call(PV_TIME_ST & ~0x40000000u, 0, 0, 0), -1, "a call by SMC32");
	if (want)
		CHECK_EQ(hvc_call(PV_TIME_ST, 0, 0, 0), -1, "PV_TIME_ST");
}

static void ask(void *arg)
{
	*(uint64_t *)arg = (uint64_t)hvc_call(PV_TIME_ST, 0, 0, 0);
}

static void every_cpu_has_a_record_of_its_own(void)
{
	SKIP_UNLESS(there(), "no stolen time");
	ask(&records[0]);
	for (unsigned int i = 1; i < smp_nr(); i++) {
		smp_start(i, ask, &records[i]);
		smp_wait_off(i);
	}
	for (unsigned int i = 0; i < smp_nr(); i++) {
		CHECK(records[i] && records[i] % 64 == 0, "CPU %u: 0x%lx", i, records[i]);
		for (unsigned int j = 0; j < i; j++)
			CHECK(records[i] - records[j] + 63 > 126, "CPUs %u and %u share one", i, j);
	}
}

static void records_are_revision_0_and_nothing_but_time(void)
{
	SKIP_UNLESS(there(), "no stolen time");
	for (unsigned int i = 0; i < smp_nr(); i++) {
		volatile struct record *r = map(records[i], i);

		CHECK_EQ(r->revision, 0, "revision");
		CHECK_EQ(r->attributes, 0, "attributes");
		for (unsigned int n = 0; n < ARRAY_SIZE(r->reserved); n++)
			CHECK_EQ(r->reserved[n], 0, "reserved");
	}
}

static void branch_to(uint64_t to)
{
	struct trap_log *t = trap_expect();

	__asm__ volatile("adr x9, 1f\n str x9, [%0]\n blr %1\n 1:"
			 : : "r"(&t->resume), "r"(to) : "x9", "x30", "memory");
}

static void records_can_only_be_read(void)
{
	volatile struct record *r;
	unsigned int traps;

	SKIP_UNLESS(there(), "no stolen time");
	r = map(records[0], 0);
	traps = TRAPS(r->reserved[5] = 1);
	CHECK_EQ(traps, 1, "exceptions by a store");
	CHECK_EQ(ESR_EC(this_cpu()->trap.esr), EC_DABT_CUR, "EC");
	CHECK_EQ(this_cpu()->trap.esr & 0x3f, 0x10, "fault status");
	CHECK_EQ(r->reserved[5], 0, "what was stored");
	branch_to((uintptr_t)r);
	CHECK_EQ(trap_end(), 1, "exceptions by a branch");
	CHECK_EQ(ESR_EC(this_cpu()->trap.esr), EC_IABT_CUR, "EC");
}

static void spin(void *arg)
{
	(void)arg;
	while (!stop)
		__asm__ volatile("yield");
}

/* Never back, never more than has passed since the VM started. */
static void stolen_time_is_part_of_the_time_that_passed(void)
{
	uint64_t hz = read_sysreg(cntfrq_el0), last = 0;
	volatile struct record *r;
	bool backward = false, more = false;

	SKIP_UNLESS(there(), "no stolen time");
	r = map(records[0], 0);
	for (unsigned int i = 1; i < smp_nr(); i++)
		smp_start(i, spin, NULL);
	for (uint64_t end = ticks_now() + hz / 4; ticks_now() < end;) {
		uint64_t ns = r->stolen_ns, t = ticks_now();

		backward |= ns < last;
		more |= ns > t / hz * NS_PER_S + t % hz * NS_PER_S / hz;
		last = ns;
	}
	stop = 1;
	for (unsigned int i = 1; i < smp_nr(); i++)
		smp_wait_off(i);
	CHECK(!backward, "it went back");
	CHECK(!more, "more than there was: %lu ns", last);
	gprintf("STOLEN %s: %lu ns of %lu\n", last > NS_PER_S / 16 ? "much" : "little", last,
		ticks_now() / (hz / 1000) * 1000000);
}

GUEST_CASES(
	CASE(features_name_the_calls_there_are),
	CASE(every_cpu_has_a_record_of_its_own),
	CASE(records_are_revision_0_and_nothing_but_time),
	CASE(records_can_only_be_read),
	CASE(stolen_time_is_part_of_the_time_that_passed));
