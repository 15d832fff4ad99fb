/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identification registers tell the truth: what a field names works, what it does not name is
 * Undefined. Holds on a machine and in a VM alike, whatever the hypervisor hides.
 * Arm ARM DDI 0487, "The ID registers", "ID_AA64PFR0_EL1" and the features named below.
 */
#include "lib/guest.h"

/* A register that exists only with a feature; the read is one instruction. */
struct feature {
	const char *name;
	uint64_t  (*id)(void);
	unsigned int lsb;
	unsigned int min;       /* present from this value on      */
	unsigned int none;      /* this value also means absent    */
	void      (*use)(void);
};

#define ID_READER(name, reg) \
	static uint64_t name(void) { return read_sysreg(reg); }
#define USE_READ(name, reg)                                                    \
	static void name(void)                                                 \
	{                                                                      \
		__asm__ volatile("mrs x0, " reg ::: "x0", "memory");           \
	}
#define USE_INSN(name, word)                                                   \
	static void name(void)                                                 \
	{                                                                      \
		__asm__ volatile(".inst " word ::: "x0", "x1", "memory");      \
	}

ID_READER(pfr0, id_aa64pfr0_el1)
ID_READER(pfr1, id_aa64pfr1_el1)
ID_READER(dfr0, id_aa64dfr0_el1)
ID_READER(isar0, id_aa64isar0_el1)
ID_READER(isar1, id_aa64isar1_el1)
ID_READER(mmfr0, id_aa64mmfr0_el1)
ID_READER(mmfr1, id_aa64mmfr1_el1)
ID_READER(mmfr2, ID_AA64MMFR2_EL1)

USE_READ(use_zcr, "s3_0_c1_c2_0")
USE_INSN(use_rdvl, "0x04bf5020")                 /* rdvl x0, #1          */
USE_READ(use_smcr, "s3_0_c1_c2_6")
USE_READ(use_tpidr2, "s3_3_c13_c0_5")
USE_READ(use_gcr, "s3_0_c1_c0_6")
USE_READ(use_rgsr, "s3_0_c1_c0_5")
USE_READ(use_tfsr, "s3_0_c5_c6_0")
USE_READ(use_tco, "s3_3_c4_c2_7")
USE_READ(use_pmcr, "pmcr_el0")
USE_READ(use_pmccntr, "pmccntr_el0")
USE_READ(use_pmintenset, "pmintenset_el1")
USE_READ(use_pmevtyper, "pmxevtyper_el0")
USE_READ(use_pmscr, "s3_0_c9_c9_0")
USE_READ(use_pmblimitr, "s3_0_c9_c10_0")
USE_READ(use_trblimitr, "s3_0_c9_c11_0")
USE_READ(use_trfcr, "s3_0_c1_c2_1")
USE_READ(use_trcidr, "s2_1_c0_c8_7")             /* TRCIDR0              */
USE_READ(use_disr, "s3_0_c12_c1_1")
USE_READ(use_erridr, "s3_0_c5_c3_0")
USE_READ(use_lorid, "s3_0_c10_c4_7")
USE_READ(use_pan, "s3_0_c4_c2_3")
USE_READ(use_uao, "s3_0_c4_c2_4")
USE_READ(use_dit, "s3_3_c4_c2_5")
USE_READ(use_ssbs, "s3_3_c4_c2_6")
USE_READ(use_rndr, "s3_3_c2_c4_0")
USE_READ(use_amcr, "s3_3_c13_c2_0")
USE_READ(use_mpam1, "s3_0_c10_c5_0")
USE_READ(use_scxtnum, "s3_0_c13_c0_7")
USE_READ(use_cntpctss, "s3_3_c14_c0_5")
USE_READ(use_allint, "s3_0_c4_c3_0")
USE_READ(use_icc_sre, "s3_0_c12_c12_5")
USE_READ(use_apia, "s3_0_c2_c1_0")

static void use_ldadd(void)
{
	static uint64_t word;

	__asm__ volatile("mov x0, %0\n mov x1, xzr\n .inst 0xf8210001" /* ldadd x1, x1, [x0] */
			 : : "r"(&word) : "x0", "x1", "memory");
}

USE_INSN(use_crc32, "0x1ac04000")                /* crc32b w0, w0, w0    */
USE_INSN(use_aese, "0x4e284800")                 /* aese v0.16b, v0.16b  */
USE_INSN(use_sha1h, "0x5e280800")                /* sha1h s0, s0         */
USE_INSN(use_sqrdmlah, "0x6e428420")             /* sqrdmlah v0.8h, ...  */
USE_INSN(use_udot, "0x6e829420")                 /* udot v0.4s, ...      */
USE_INSN(use_cfinv, "0xd500401f")
USE_INSN(use_fjcvtzs, "0x1e7e0000")              /* fjcvtzs w0, d0       */
USE_INSN(use_sb, "0xd50330ff")

static void use_ldapr(void)
{
	static uint64_t word;

	__asm__ volatile("mov x0, %0\n .inst 0xf8bfc001"  /* ldapr x1, [x0] */
			 : : "r"(&word) : "x0", "x1", "memory");
}

static void use_dc_cvap(void)
{
	static uint64_t word;

	__asm__ volatile("mov x0, %0\n .inst 0xd50b7c20" : : "r"(&word) : "x0", "memory");
}

static const struct feature features[] = {
	{ "SVE: ZCR_EL1",            pfr0,  32, 1, 16, use_zcr },
	{ "SVE: RDVL",               pfr0,  32, 1, 16, use_rdvl },
	{ "SME: SMCR_EL1",           pfr1,  24, 1, 16, use_smcr },
	{ "SME: TPIDR2_EL0",         pfr1,  24, 1, 16, use_tpidr2 },
	{ "MTE2: GCR_EL1",           pfr1,   8, 2, 16, use_gcr },
	{ "MTE2: RGSR_EL1",          pfr1,   8, 2, 16, use_rgsr },
	{ "MTE2: TFSR_EL1",          pfr1,   8, 2, 16, use_tfsr },
	{ "MTE: PSTATE.TCO",         pfr1,   8, 1, 16, use_tco },
	{ "PMU: PMCR_EL0",           dfr0,   8, 1, 15, use_pmcr },
	{ "PMU: PMCCNTR_EL0",        dfr0,   8, 1, 15, use_pmccntr },
	{ "PMU: PMINTENSET_EL1",     dfr0,   8, 1, 15, use_pmintenset },
	{ "PMU: PMXEVTYPER_EL0",     dfr0,   8, 1, 15, use_pmevtyper },
	{ "SPE: PMSCR_EL1",          dfr0,  32, 1, 16, use_pmscr },
	{ "SPE: PMBLIMITR_EL1",      dfr0,  32, 1, 16, use_pmblimitr },
	{ "TRBE: TRBLIMITR_EL1",     dfr0,  44, 1, 16, use_trblimitr },
	{ "trace filter: TRFCR_EL1", dfr0,  40, 1, 16, use_trfcr },
	{ "trace: TRCIDR0",          dfr0,   4, 1, 16, use_trcidr },
	{ "RAS: DISR_EL1",           pfr0,  28, 1, 16, use_disr },
	{ "RAS: ERRIDR_EL1",         pfr0,  28, 1, 16, use_erridr },
	{ "LORegions: LORID_EL1",    mmfr1, 16, 1, 16, use_lorid },
	{ "PAN",                     mmfr1, 20, 1, 16, use_pan },
	{ "UAO",                     mmfr2,  4, 1, 16, use_uao },
	{ "DIT",                     pfr0,  48, 1, 16, use_dit },
	{ "SSBS2",                   pfr1,   4, 2, 16, use_ssbs },
	{ "RNG: RNDR",               isar0, 60, 1, 16, use_rndr },
	{ "AMU: AMCR_EL0",           pfr0,  44, 1, 16, use_amcr },
	{ "MPAM: MPAM1_EL1",         pfr0,  40, 1, 16, use_mpam1 },
	{ "CSV2_2: SCXTNUM_EL1",     pfr0,  56, 2, 16, use_scxtnum },
	{ "ECV: CNTPCTSS_EL0",       mmfr0, 60, 1, 16, use_cntpctss },
	{ "NMI: ALLINT",             pfr1,  36, 1, 16, use_allint },
	{ "GIC: ICC_SRE_EL1",        pfr0,  24, 1, 16, use_icc_sre },
	{ "atomics: LDADD",          isar0, 20, 2, 16, use_ldadd },
	{ "CRC32",                   isar0, 16, 1, 16, use_crc32 },
	{ "AES",                     isar0,  4, 1, 16, use_aese },
	{ "SHA1",                    isar0,  8, 1, 16, use_sha1h },
	{ "RDM",                     isar0, 28, 1, 16, use_sqrdmlah },
	{ "dot product",             isar0, 44, 1, 16, use_udot },
	{ "flag manipulation",       isar0, 52, 1, 16, use_cfinv },
	{ "JSCVT",                   isar1, 12, 1, 16, use_fjcvtzs },
	{ "LRCPC",                   isar1, 20, 1, 16, use_ldapr },
	{ "DPB: DC CVAP",            isar1,  0, 1, 16, use_dc_cvap },
	{ "SB",                      isar1, 36, 1, 16, use_sb },
};

static bool has(const struct feature *f)
{
	unsigned int v = SYSREG_FIELD(f->id(), f->lsb);

	return v >= f->min && v != f->none;
}

static void every_feature_is_whole_or_absent(void)
{
	/* All of SVE's and SME's enables on, so that only absence can trap. */
	write_sysreg(cpacr_el1, 0xful << 16 | 3ul << 20 | 3ul << 24);
	__asm__ volatile("isb");
	for (unsigned int i = 0; i < ARRAY_SIZE(features); i++) {
		const struct feature *f = &features[i];
		unsigned int n;

		/* Without FEAT_FGT nothing traps TPIDR2_EL0: SME can be hidden, this cannot. */
		if (f->use == use_tpidr2 && running_under_corbel())
			continue;
		/* Value 1 means PSTATE.SSBS without its MRS; QEMU's cortex-a76 has that too. */
		if (f->use == use_ssbs && SYSREG_FIELD(pfr1(), 4) == 1)
			continue;
		n = TRAPS(f->use());
		CHECK(n == !has(f), "%s: ID field 0x%lx, %s", f->name,
		      SYSREG_FIELD(f->id(), f->lsb), n ? "trapped" : "worked");
		if (n)
			CHECK(ESR_EC(this_cpu()->trap.esr) == EC_UNKNOWN, "%s: ESR 0x%lx", f->name,
			      this_cpu()->trap.esr);
	}
	write_sysreg(cpacr_el1, 3ul << 20);
	__asm__ volatile("isb");
}

static bool has_pauth(void)
{
	uint64_t isar1_v = read_sysreg(id_aa64isar1_el1), isar2 = read_sysreg(ID_AA64ISAR2_EL1);

	return SYSREG_FIELD(isar1_v, 4) || SYSREG_FIELD(isar1_v, 8) || SYSREG_FIELD(isar2, 12);
}

static void pauth_keys_go_with_its_field(void)
{
	CHECK_EQ(TRAPS(use_apia()), !has_pauth(), "exceptions from APIAKeyLo_EL1");
}

static void exception_levels_above_are_not_shown(void)
{
	uint64_t p = pfr0();

	CHECK_EQ(SYSREG_FIELD(p, 12), 0, "ID_AA64PFR0_EL1.EL3");
	CHECK_EQ(SYSREG_FIELD(p, 8), 0, "ID_AA64PFR0_EL1.EL2");
	CHECK(SYSREG_FIELD(p, 4) >= 1, "EL1 is not AArch64");
	CHECK(SYSREG_FIELD(p, 0) >= 1, "EL0 is not AArch64");
}

/* The debug features every ARMv8-A core has. */
static void debug_resources_are_named(void)
{
	uint64_t d = dfr0();

	CHECK(SYSREG_FIELD(d, 0) >= 6, "DebugVer %lu", SYSREG_FIELD(d, 0));
	CHECK(SYSREG_FIELD(d, 12) >= 1, "BRPs %lu", SYSREG_FIELD(d, 12));
	CHECK(SYSREG_FIELD(d, 20) >= 1, "WRPs %lu", SYSREG_FIELD(d, 20));
	CHECK(SYSREG_FIELD(d, 28) <= SYSREG_FIELD(d, 12), "more context than all breakpoints");
}

static void mpidr_is_multiprocessor(void)
{
	uint64_t m = read_sysreg(mpidr_el1);

	CHECK_EQ(m >> 31 & 1, 1, "MPIDR_EL1 bit 31");
	CHECK_EQ(m >> 30 & 1, 0, "MPIDR_EL1.U");
	CHECK(read_sysreg(midr_el1) != 0, "MIDR_EL1 is 0");
}

static void cache_registers_are_sane(void)
{
	uint64_t ctr = read_sysreg(ctr_el0), clidr = read_sysreg(clidr_el1);

	CHECK_EQ(ctr >> 31 & 1, 1, "CTR_EL0 bit 31");
	CHECK((ctr >> 16 & 0xf) >= 2 && (ctr >> 16 & 0xf) <= 7, "DminLine");
	CHECK((ctr & 0xf) >= 2 && (ctr & 0xf) <= 7, "IminLine");
	for (unsigned int level = 0; level < 7 && (clidr >> (level * 3) & 7); level++) {
		uint64_t ccsidr;

		write_sysreg(csselr_el1, level << 1);
		__asm__ volatile("isb");
		CHECK_EQ(read_sysreg(csselr_el1), level << 1, "CSSELR_EL1");
		ccsidr = read_sysreg(ccsidr_el1);
		CHECK((ccsidr & 7) <= 3, "CCSIDR_EL1 0x%lx: line of %lu bytes", ccsidr,
		      16ul << (ccsidr & 7));
	}
	CHECK((read_sysreg(dczid_el0) & 0xf) <= 9, "DCZID_EL0 0x%lx", read_sysreg(dczid_el0));
}

/* CRn 0, CRm 4 to 7 is the ID space: RAZ where nothing is allotted (ARM DDI 0487 D17.3.1). */
static uint32_t id_code[2] __attribute__((aligned(64)));

static uint64_t read_id(unsigned int crm, unsigned int op2)
{
	id_code[0] = 0xd5380000 | crm << 8 | op2 << 5;	/* mrs x0, s3_0_c0_crm_op2 */
	id_code[1] = 0xd65f03c0;
	code_sync(id_code, sizeof(id_code));
	return ((uint64_t (*)(void))(uintptr_t)id_code)();
}

static void id_space_reads_without_trap(void)
{
	for (unsigned int crm = 1; crm < 8; crm++) {
		for (unsigned int op2 = 0; op2 < 8; op2++)
			CHECK_EQ(TRAPS(read_id(crm, op2)), 0, "exceptions in the ID space");
	}
}

static uint64_t all_ids[7][8];
static unsigned int nr_different;

static void compare_ids(void *arg)
{
	(void)arg;
	for (unsigned int crm = 1; crm < 8; crm++) {
		for (unsigned int op2 = 0; op2 < 8; op2++) {
			if (read_id(crm, op2) != all_ids[crm - 1][op2])
				nr_different++;
		}
	}
	if (read_sysreg(ctr_el0) != cpus[0].trap.esr)
		nr_different++;
}

static void all_cpus_show_the_same(void)
{
	SKIP_UNLESS(smp_nr() > 1, "one CPU");
	for (unsigned int crm = 1; crm < 8; crm++) {
		for (unsigned int op2 = 0; op2 < 8; op2++)
			all_ids[crm - 1][op2] = read_id(crm, op2);
	}
	cpus[0].trap.esr = read_sysreg(ctr_el0);
	for (unsigned int i = 1; i < smp_nr(); i++) {
		if (smp_start(i, compare_ids, NULL))
			CHECK(smp_wait_off(i), "cpu %u stays on", i);
		CHECK_EQ(nr_different, 0, "different ID registers");
	}
}

/* Reports only: what this machine offers. */
static void report(void)
{
	gprintf("MIDR %lx PFR0 %lx PFR1 %lx DFR0 %lx\n", read_sysreg(midr_el1), pfr0(), pfr1(),
		dfr0());
	gprintf("ISAR0 %lx ISAR1 %lx MMFR0 %lx MMFR1 %lx MMFR2 %lx\n", isar0(), isar1(), mmfr0(),
		mmfr1(), mmfr2());
}

GUEST_CASES(
	CASE(report),
	CASE(every_feature_is_whole_or_absent),
	CASE(pauth_keys_go_with_its_field),
	CASE(exception_levels_above_are_not_shown),
	CASE(debug_resources_are_named),
	CASE(mpidr_is_multiprocessor),
	CASE(cache_registers_are_sane),
	CASE(id_space_reads_without_trap),
	CASE(all_cpus_show_the_same));
