/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointer authentication: keys are the CPU's own and survive exits, sleep and other CPUs.
 * Arm ARM DDI 0487, "Pointer authentication".
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/smccc.h"

#define SCTLR_PAUTH (1ul << 31 | 1ul << 30 | 1ul << 27 | 1ul << 13)  /* EnIA, IB, DA, DB */

#define KEYS(op)                                                               \
	op(s3_0_c2_c1_0, 0) op(s3_0_c2_c1_1, 1) op(s3_0_c2_c1_2, 2) op(s3_0_c2_c1_3, 3) \
	op(s3_0_c2_c2_0, 4) op(s3_0_c2_c2_1, 5) op(s3_0_c2_c2_2, 6) op(s3_0_c2_c2_3, 7) \
	op(s3_0_c2_c3_0, 8) op(s3_0_c2_c3_1, 9)

static bool has_pauth(void)
{
	uint64_t isar1 = read_sysreg(id_aa64isar1_el1), isar2 = read_sysreg(ID_AA64ISAR2_EL1);

	return SYSREG_FIELD(isar1, 4) || SYSREG_FIELD(isar1, 8) || SYSREG_FIELD(isar2, 12);
}

static uint64_t key_value(uint64_t seed, unsigned int n)
{
	return (seed + n + 1) * 0x9e3779b97f4a7c15ul;
}

static void keys_set(uint64_t seed)
{
#define SET(reg, n) write_sysreg(reg, key_value(seed, n));
	KEYS(SET)
	__asm__ volatile("isb");
}

static unsigned int keys_wrong(uint64_t seed)
{
	unsigned int bad = 0;

#define GET(reg, n) bad += read_sysreg(reg) != key_value(seed, n);
	KEYS(GET)
	return bad;
}

static void pauth_on(void)
{
	write_sysreg(sctlr_el1, read_sysreg(sctlr_el1) | SCTLR_PAUTH);
	__asm__ volatile("isb");
}

static uint64_t pacia(uint64_t p, uint64_t mod)
{
	register uint64_t x0 __asm__("x0") = p;
	register uint64_t x1 __asm__("x1") = mod;

	__asm__ volatile(".inst 0xdac10020" : "+r"(x0) : "r"(x1));	/* pacia x0, x1 */
	return x0;
}

static uint64_t autia(uint64_t p, uint64_t mod)
{
	register uint64_t x0 __asm__("x0") = p;
	register uint64_t x1 __asm__("x1") = mod;

	__asm__ volatile(".inst 0xdac11020" : "+r"(x0) : "r"(x1));	/* autia x0, x1 */
	return x0;
}

static void all_keys_store(void)
{
	SKIP_UNLESS(has_pauth(), "no pointer authentication");
	keys_set(1);
	CHECK_EQ(keys_wrong(1), 0, "keys wrong");
	hvc_call(PSCI_VERSION, 0, 0, 0);
	(void)read_sysreg(id_aa64pfr0_el1);
	gprintf("exits in between\n");
	CHECK_EQ(keys_wrong(1), 0, "keys wrong after exits");
}

static void signed_pointers_authenticate(void)
{
	uint64_t p = (uintptr_t)signed_pointers_authenticate, s;

	SKIP_UNLESS(has_pauth(), "no pointer authentication");
	pauth_on();
	keys_set(2);
	s = pacia(p, 5);
	CHECK(s != p, "the pointer 0x%lx was not signed", p);
	hvc_call(PSCI_VERSION, 0, 0, 0);
	gprintf("signed %lx\n", s);
	CHECK_EQ(pacia(p, 5), s, "signature after exits");
	CHECK_EQ(autia(s, 5), p, "authenticated pointer");
	keys_set(3);
	CHECK(pacia(p, 5) != s, "another key gives the same signature");
}

static unsigned int bad_there, bad_here;

static void other_cpu(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < 200; i++) {
		keys_set(i + 100);
		hvc_call(PSCI_AFFINITY_INFO64, cpus[0].mpidr, 0, 0);
		bad_there += keys_wrong(i + 100);
	}
}

static void keys_are_per_cpu(void)
{
	SKIP_UNLESS(has_pauth(), "no pointer authentication");
	SKIP_UNLESS(smp_nr() > 1, "one CPU");
	keys_set(9);
	if (!smp_start(1, other_cpu, NULL))
		return;
	while (psci_call(PSCI_AFFINITY_INFO64, cpus[1].mpidr, 0, 0) != PSCI_AFF_OFF)
		bad_here += keys_wrong(9);
	CHECK_EQ(bad_here + keys_wrong(9), 0, "keys wrong here");
	CHECK_EQ(bad_there, 0, "keys wrong there");
}

static void keys_survive_sleep(void)
{
	SKIP_UNLESS(has_pauth(), "no pointer authentication");
	gic_init();
	keys_set(11);
	for (unsigned int i = 0; i < 20; i++) {
		write_sysreg(cntv_cval_el0, ticks_now() + ticks_per_ms());
		write_sysreg(cntv_ctl_el0, 1);
		gic_bit_set(GICD_ISENABLER, INTID_VTIMER);
		wfi();
		write_sysreg(cntv_ctl_el0, 0);
	}
	CHECK_EQ(keys_wrong(11), 0, "keys wrong after sleep");
}

GUEST_CASES(
	CASE(all_keys_store),
	CASE(signed_pointers_authenticate),
	CASE(keys_are_per_cpu),
	CASE(keys_survive_sleep));
