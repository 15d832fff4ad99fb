/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/lib/bits.h"
#include "vcpu/idregs.h"

#define FIELD(v, lsb) ((v) >> (lsb) & 0xf)

static uint64_t raw[IDREG_NR], view[IDREG_NR];

static void filter_all_ones(void)
{
	memset(raw, 0xff, sizeof(raw));
	/* signed: 0xf means absent, so take the greatest there is */
	raw[IDREG_A64PFR0] = 0xffffffffff77ffff;
	raw[IDREG_A64MMFR0] = 0xffffffff77ffffff;
	memset(view, 0xa5, sizeof(view));
	idregs_filter(view, raw, 48);
}

/* On a CPU that has everything: each feature nobody virtualizes reads as absent. */
static void what_is_not_virtualized_is_hidden(void **state)
{
	static const struct { uint8_t reg, lsb; const char *what; } hidden[] = {
		{ IDREG_A64PFR0, 8, "EL2" }, { IDREG_A64PFR0, 12, "EL3" },
		{ IDREG_A64PFR0, 32, "SVE" },
		{ IDREG_A64PFR0, 36, "SEL2" }, { IDREG_A64PFR0, 40, "MPAM" },
		{ IDREG_A64PFR0, 44, "AMU" }, { IDREG_A64PFR0, 52, "RME" },
		{ IDREG_A64PFR1, 12, "RAS_frac" },
		{ IDREG_A64PFR1, 16, "MPAM_frac" }, { IDREG_A64PFR1, 24, "SME" },
		{ IDREG_A64PFR1, 44, "GCS" },
		{ IDREG_A64DFR0, 4, "TraceVer" }, { IDREG_A64DFR0, 8, "PMUVer" },
		{ IDREG_A64DFR0, 32, "PMSVer" }, { IDREG_A64DFR0, 40, "TraceFilt" },
		{ IDREG_A64DFR0, 44, "TraceBuffer" }, { IDREG_A64DFR0, 52, "BRBE" },
		{ IDREG_A64ISAR0, 24, "TME" }, { IDREG_A64ISAR1, 60, "LS64" },
		{ IDREG_A64ISAR2, 0, "WFxT" }, { IDREG_A64ISAR2, 16, "MOPS" },
		{ IDREG_A64MMFR0, 56, "FGT" },
		{ IDREG_A64MMFR0, 28, "LPA2" },
		{ IDREG_A64MMFR1, 4, "VMIDBits" }, { IDREG_A64MMFR1, 8, "VH" },
		{ IDREG_A64MMFR1, 16, "LO" }, { IDREG_A64MMFR1, 28, "XNX" },
		{ IDREG_A64MMFR1, 32, "TWED" }, { IDREG_A64MMFR1, 40, "HCX" },
		{ IDREG_A64MMFR2, 24, "NV" },
		{ IDREG_A64MMFR2, 40, "FWB" }, { IDREG_A64MMFR2, 56, "EVT" },
		{ IDREG_DFR0, 24, "PerfMon" }, { IDREG_PFR0, 28, "RAS" },
		{ IDREG_PFR0, 20, "AMU" }, { IDREG_PFR1, 12, "Virtualization" },
	};

	(void)state;
	filter_all_ones();
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		if (FIELD(view[hidden[i].reg], hidden[i].lsb) != 0)
			fail_msg("%s is shown", hidden[i].what);
	assert_int_equal(view[IDREG_A64ZFR0], 0);
	assert_int_equal(view[IDREG_A64SMFR0], 0);
	assert_int_equal(view[IDREG(5, 1)], 0);   /* ID_AA64DFR1_EL1  */
	assert_int_equal(view[IDREG(7, 3)], 0);   /* ID_AA64MMFR3_EL1 */
	assert_int_equal(view[IDREG(7, 4)], 0);   /* ID_AA64MMFR4_EL1 */
}

static void unallocated_space_reads_as_zero(void **state)
{
	static const uint8_t unallocated[] = {
		IDREG(3, 3), IDREG(3, 7), IDREG(4, 3), IDREG(4, 6), IDREG(5, 2), IDREG(5, 3),
		IDREG(5, 6), IDREG(6, 4), IDREG(6, 7), IDREG(7, 5), IDREG(7, 7),
	};

	(void)state;
	filter_all_ones();
	for (size_t i = 0; i < ARRAY_SIZE(unallocated); i++)
		assert_int_equal(view[unallocated[i]], 0);
	for (uint32_t i = 0; i < IDREG(1, 0); i++)
		assert_int_equal(view[i], 0);
}

static void what_is_switched_is_shown(void **state)
{
	(void)state;
	filter_all_ones();
	assert_int_equal(FIELD(view[IDREG_A64PFR0], 0), 2);    /* AArch32 at EL0 */
	assert_int_equal(FIELD(view[IDREG_A64PFR0], 4), 1);    /* not at EL1     */
	assert_int_equal(FIELD(view[IDREG_A64PFR0], 24), 1);   /* GICv3          */
	assert_int_equal(FIELD(view[IDREG_A64PFR0], 56), 1);   /* CSV2, no more  */
	assert_int_equal(FIELD(view[IDREG_A64PFR1], 4), 2);    /* SSBS           */
	assert_int_equal(FIELD(view[IDREG_A64PFR0], 28), 1);   /* RAS            */
	assert_int_equal(FIELD(view[IDREG_A64PFR1], 8), 1);    /* MTE, no tags   */
	assert_int_equal(FIELD(view[IDREG_A64MMFR0], 60), 1);  /* ECV            */
	assert_int_equal(FIELD(view[IDREG_A64DFR0], 0), 8);
	assert_int_equal(FIELD(view[IDREG_A64DFR0], 12), 15);
	assert_int_equal(FIELD(view[IDREG_A64ISAR1], 4), 5);   /* APA            */
	assert_int_equal(FIELD(view[IDREG_A64MMFR0], 0), 5);   /* 48 bits        */
	assert_int_equal(FIELD(view[IDREG_A64MMFR1], 20), 3);  /* PAN            */
}

/* A Cortex-A53: what it has passes unchanged. */
static void an_old_cpu_is_shown_as_it_is(void **state)
{
	(void)state;
	memset(raw, 0, sizeof(raw));
	raw[IDREG_A64PFR0] = 0x00002222 | 1 << 24;
	raw[IDREG_A64DFR0] = 0x10305106;
	raw[IDREG_A64ISAR0] = 0x00011120;
	raw[IDREG_A64MMFR0] = 0x00001122;
	raw[IDREG_ISAR0] = 0x02101110;
	raw[IDREG_MVFR0] = 0x10110222;
	raw[IDREG_PFR0] = 0x131;
	idregs_filter(view, raw, 40);
	assert_int_equal(view[IDREG_A64PFR0], 0x01000012);
	assert_int_equal(view[IDREG_A64DFR0], 0xf010305006);
	assert_int_equal(view[IDREG_A64ISAR0], 0x00011120);
	assert_int_equal(view[IDREG_A64MMFR0], 0x11100001122);
	assert_int_equal(view[IDREG_ISAR0], 0x02101110);
	assert_int_equal(view[IDREG_MVFR0], 0x10110222);
	assert_int_equal(view[IDREG_PFR0], 0x131);
}

static void without_aarch32_its_registers_are_zero(void **state)
{
	(void)state;
	memset(raw, 0xff, sizeof(raw));
	raw[IDREG_A64PFR0] = 0x11;
	idregs_filter(view, raw, 48);
	for (uint32_t i = IDREG(1, 0); i < IDREG(4, 0); i++)
		assert_int_equal(view[i], 0);
}

static void fp_absent_stays_absent(void **state)
{
	(void)state;
	memset(raw, 0, sizeof(raw));
	raw[IDREG_A64PFR0] = 0x00ff0011;
	raw[IDREG_A64MMFR0] = 0xff000000;
	idregs_filter(view, raw, 48);
	assert_int_equal(view[IDREG_A64PFR0] >> 16 & 0xff, 0xff);
	assert_int_equal(view[IDREG_A64MMFR0] >> 24 & 0xff, 0xff);
}

static void pa_range_is_what_stage_2_offers(void **state)
{
	static const struct { uint32_t bits, range; } t[] = {
		{ 52, 5 }, { 48, 5 }, { 47, 4 }, { 44, 4 }, { 42, 3 }, { 40, 2 }, { 39, 1 },
		{ 36, 1 }, { 33, 0 }, { 32, 0 }, { 20, 0 },
	};

	(void)state;
	memset(raw, 0, sizeof(raw));
	raw[IDREG_A64MMFR0] = 6;   /* 52 bits */
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		idregs_filter(view, raw, t[i].bits);
		assert_int_equal(view[IDREG_A64MMFR0] & 0xf, t[i].range);
	}
	raw[IDREG_A64MMFR0] = 1;
	idregs_filter(view, raw, 48);
	assert_int_equal(view[IDREG_A64MMFR0] & 0xf, 1);
}

/* Big and little cores: a guest sees what both have. */
static void unequal_cpus_show_what_both_have(void **state)
{
	uint64_t other[IDREG_NR] = { 0 };

	(void)state;
	memset(raw, 0, sizeof(raw));
	raw[IDREG_A64PFR0] = 0xf0011;      /* no FP here */
	other[IDREG_A64PFR0] = 0x10000012;
	raw[IDREG_A64ISAR0] = 0x00211120;
	other[IDREG_A64ISAR0] = 0x1000000000010020;
	raw[IDREG_ISAR5] = 0x00011121;
	other[IDREG_ISAR5] = 0x01010020;
	idregs_combine(raw, other);
	assert_int_equal(raw[IDREG_A64PFR0] & 0xf00fffff, 0xf0011);
	assert_int_equal(raw[IDREG_A64ISAR0], 0x00010020);
	assert_int_equal(raw[IDREG_ISAR5], 0x00010020);
}

static void combining_equal_cpus_changes_nothing(void **state)
{
	uint64_t before[IDREG_NR];

	(void)state;
	memset(raw, 0x51, sizeof(raw));
	memcpy(before, raw, sizeof(raw));
	idregs_combine(raw, before);
	assert_memory_equal(raw, before, sizeof(raw));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_virtualized_is_hidden),
		cmocka_unit_test(unallocated_space_reads_as_zero),
		cmocka_unit_test(what_is_switched_is_shown),
		cmocka_unit_test(an_old_cpu_is_shown_as_it_is),
		cmocka_unit_test(without_aarch32_its_registers_are_zero),
		cmocka_unit_test(fp_absent_stays_absent),
		cmocka_unit_test(pa_range_is_what_stage_2_offers),
		cmocka_unit_test(unequal_cpus_show_what_both_have),
		cmocka_unit_test(combining_equal_cpus_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
