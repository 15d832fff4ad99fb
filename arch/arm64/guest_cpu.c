/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traps that are the same for every guest: what is not virtualized is refused by
 * the hardware as far as it can, and otherwise brought to EL2, which refuses it.
 */
#include <arch/el1_state.h>

#include <arch/regs.h>
#include <arch_impl/sysreg.h>

/* Registers of later versions, by encoding. */
#define HCRX_EL2       S3_4_C1_C2_2
#define HFGRTR_EL2     S3_4_C1_C1_4
#define HFGWTR_EL2     S3_4_C1_C1_5
#define HFGITR_EL2     S3_4_C1_C1_6
#define HDFGRTR_EL2    S3_4_C3_C1_4
#define HDFGWTR_EL2    S3_4_C3_C1_5
#define HAFGRTR_EL2    S3_4_C3_C1_6
#define HDFGRTR2_EL2   S3_4_C3_C1_0
#define HDFGWTR2_EL2   S3_4_C3_C1_1
#define HFGRTR2_EL2    S3_4_C3_C1_2
#define HFGWTR2_EL2    S3_4_C3_C1_3
#define HFGITR2_EL2    S3_4_C3_C1_7
#define MPAMIDR_EL1    S3_0_C10_C4_4
#define MPAMHCR_EL2    S3_4_C10_C4_0
#define MPAM2_EL2      S3_4_C10_C5_0
#define READ(reg)      read_sysreg(reg)
#define WRITE(reg, v)  write_sysreg(reg, v)

/*
 * CPTR_EL2: TZ, TSM: SVE and SME are not switched (RES1 without them). TTA: no
 * trace unit. TAM, only where there is one: no activity monitors. TFP: FP/SIMD
 * is loaded on first use; arch_fp_trap() moves it.
 */
#define CPTR_EL2_GUEST (CPTR_RES1 | CPTR_TZ | CPTR_TSM | CPTR_TTA | CPTR_TFP)

/*
 * MDCR_EL2: TDA: debug registers are kept in memory and their effect in the
 * CPU, see "vcpu/debug.h". TDOSA, TDRA: OS lock emulated, no debug ROM. TPM,
 * TPMCR: there is no PMU. TPMS, E2PB = 0, E2TB = 0, TTRF: neither profiling nor
 * trace. TDE is 0, so breakpoints of a guest are the guest's.
 */
#define MDCR_EL2_GUEST (MDCR_TDA | MDCR_TDOSA | MDCR_TDRA | MDCR_TPM | MDCR_TPMCR)

static void init_debug(uint64_t dfr0)
{
	uint64_t mdcr = MDCR_EL2_GUEST;
	uint64_t pmu = bits_get(DFR0_PMUVER, dfr0);

	if (pmu != 0 && pmu != 0xf) {
		uint64_t pmcr = read_sysreg(pmcr_el0);

		/* As out of reset: all counters count as EL1's. */
		mdcr |= BITS_VAL(MDCR_HPMN, bits_get(PMCR_N, pmcr));
		/* So that EL0's accesses come here too, not to EL1 as a trap. */
		write_sysreg(pmuserenr_el0, PMUSERENR_EN);
	}
	if (bits_get(DFR0_PMSVER, dfr0))
		mdcr |= MDCR_TPMS;
	if (bits_get(DFR0_TRACEFILT, dfr0))
		mdcr |= MDCR_TTRF;
	write_sysreg(mdcr_el2, mdcr);
}

/* Out of reset the enable bits are UNKNOWN. */
static void clear_debug_registers(uint64_t dfr0)
{
	write_sysreg(osdlr_el1, 0);
	write_sysreg(oslar_el1, 0);
	write_sysreg(mdscr_el1, 0);
	for (uint32_t n = 0; n <= bits_get(DFR0_BRPS, dfr0); n++)
		arch_debug_write(DEBUG_BCR, n, 0);
	for (uint32_t n = 0; n <= bits_get(DFR0_WRPS, dfr0); n++)
		arch_debug_write(DEBUG_WCR, n, 0);
}

/*
 * Fine-grained traps: 0 traps what later versions added (those bits say "no
 * trap" when 1) and leaves the rest as HCR_EL2 has it: just what is wanted.
 */
static void init_fine_grained(uint64_t mmfr0, uint64_t pfr0)
{
	uint64_t fgt = bits_get(A64MMFR0_FGT, mmfr0);

	if (fgt == 0)
		return;
	WRITE(HFGRTR_EL2, 0);
	WRITE(HFGWTR_EL2, 0);
	WRITE(HFGITR_EL2, 0);
	WRITE(HDFGRTR_EL2, 0);
	WRITE(HDFGWTR_EL2, 0);
	if (bits_get(PFR0_AMU, pfr0))
		WRITE(HAFGRTR_EL2, 0);
	if (fgt < 2)
		return;
	WRITE(HFGRTR2_EL2, 0);
	WRITE(HFGWTR2_EL2, 0);
	WRITE(HFGITR2_EL2, 0);
	WRITE(HDFGRTR2_EL2, 0);
	WRITE(HDFGWTR2_EL2, 0);
}

static void init_mpam(uint64_t pfr0, uint64_t pfr1)
{
	if (!bits_get(PFR0_MPAM, pfr0) && !bits_get(PFR1_MPAM_FRAC, pfr1))
		return;
	WRITE(MPAM2_EL2, MPAM2_TRAPMPAM0EL1 | MPAM2_TRAPMPAM1EL1 | MPAM2_TIDR);
	if (READ(MPAMIDR_EL1) & MPAMIDR_HAS_HCR)
		WRITE(MPAMHCR_EL2, MPAMHCR_TRAP_MPAMIDR_EL1);
}

void arch_guest_cpu_init(bool hcrx)
{
	uint64_t pfr0 = read_sysreg(id_aa64pfr0_el1);
	uint64_t pfr1 = read_sysreg(id_aa64pfr1_el1);
	uint64_t dfr0 = read_sysreg(id_aa64dfr0_el1);
	uint64_t midr = read_sysreg(midr_el1);

	/*
	 * Interrupts are EL2's from now on, also on a pCPU that never loads a vCPU:
	 * while they target EL1 they stay pending at EL2, whatever PSTATE masks.
	 */
	write_sysreg(hcr_el2, HCR_RW | HCR_AMO | HCR_IMO | HCR_FMO);
	write_sysreg(cptr_el2, CPTR_EL2_GUEST | (bits_get(PFR0_AMU, pfr0) ? CPTR_TAM : 0));
	init_debug(dfr0);
	clear_debug_registers(dfr0);
	init_fine_grained(read_sysreg(id_aa64mmfr0_el1), pfr0);
	/* 0 keeps every later feature off. */
	if (hcrx)
		WRITE(HCRX_EL2, 0);
	init_mpam(pfr0, pfr1);
	/* No AArch32 EL1, so nothing of CP15 to trap; EL0 has its own controls. */
	write_sysreg(hstr_el2, 0);
	write_sysreg(hacr_el2, 0);
	arch_el1_probe();
	/* A guest sees which CPU it runs on: errata are worked around by it. */
	write_sysreg(vpidr_el2, midr);
	__asm__ volatile("isb" ::: "memory");
}

uint64_t arch_midr(void)
{
	return read_sysreg(midr_el1);
}

uint64_t arch_revidr(void)
{
	return read_sysreg(revidr_el1);
}

uint64_t arch_aidr(void)
{
	return read_sysreg(aidr_el1);
}

#define RAW(crm, op2)  raw[IDREG(crm, op2)] = read_sysreg(S3_0_C0_C##crm##_##op2)
#define RAW4(crm) do { RAW(crm, 0); RAW(crm, 1); RAW(crm, 2); RAW(crm, 3); } while (0)

/*
 * What vcpu/idregs.c shows and vcpu/group.c asks; more are of no use, so they read
 * as zero. Of a register without a name in this CPU the architecture says that too.
 */
void arch_idregs_read(uint64_t *raw)
{
	for (uint32_t i = 0; i < IDREG_NR; i++)
		raw[i] = 0;
	RAW4(1);
	RAW(1, 4); RAW(1, 5); RAW(1, 6); RAW(1, 7);
	RAW4(2);
	RAW(2, 4); RAW(2, 5); RAW(2, 6); RAW(2, 7);
	RAW(3, 0); RAW(3, 1); RAW(3, 2); RAW(3, 4);
	RAW(4, 0); RAW(4, 1);
	RAW(5, 0);
	RAW(6, 0); RAW(6, 1); RAW(6, 2);
	RAW4(7);
}
