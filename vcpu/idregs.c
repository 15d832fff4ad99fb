/* SPDX-License-Identifier: Apache-2.0 */
#include "vcpu/idregs.h"

#include "core/lib/bits.h"

/* How a field of four bits is compared and cut. */
enum rule {
	LOW,      /* unsigned: the lesser of what CPUs have, at most max         */
	SIGNED,   /* the same, but 0b1xxx means less than 0                      */
	FIXED,    /* always max: the guest's, whatever the hardware has          */
};

struct field {
	uint8_t reg;     /* IDREG()                                              */
	uint8_t shift;
	uint8_t rule;
	uint8_t max;     /* the newest version whose state we switch             */
};

#define ANY 0xf          /* no state and no control of its own: all versions     */
#define ANY_SIGNED 0x7

/*
 * What a guest is shown. Not here, and so absent: SVE, SME, tagged memory, AMU,
 * MPAM, RME, EL2, EL3 and nesting (VH, NV, XNX, FWB, VMIDBits, *_2 granules),
 * PMU, SPE, TRBE, BRBE, trace, LORegions, FGT, HCX, EVT, TWED, WFxT, LS64, MOPS,
 * LPA2, and every extension of TCR, SCTLR and permissions that HCRX_EL2 keeps off.
 * What cannot be trapped but needs nothing of us is shown: the base of RAS, MTE,
 * ECV and NMI (DISR_EL1, PSTATE.TCO, CNTPCTSS_EL0, PSTATE.ALLINT).
 */
static const struct field fields[] = {
	/* ID_AA64PFR0_EL1 */
	{ IDREG_A64PFR0,   0, LOW,    2 },           /* EL0: AArch64, AArch32      */
	{ IDREG_A64PFR0,   4, LOW,    1 },           /* EL1: AArch64 only          */
	{ IDREG_A64PFR0,  16, SIGNED, ANY_SIGNED },  /* FP                         */
	{ IDREG_A64PFR0,  20, SIGNED, ANY_SIGNED },  /* AdvSIMD                    */
	{ IDREG_A64PFR0,  24, FIXED,  1 },           /* GIC: GICv3 CPU interface   */
	{ IDREG_A64PFR0,  28, LOW,    1 },           /* RAS, without error records */
	{ IDREG_A64PFR0,  48, LOW,    1 },           /* DIT                        */
	{ IDREG_A64PFR0,  56, LOW,    1 },           /* CSV2; 2 has SCXTNUM_ELx    */
	{ IDREG_A64PFR0,  60, LOW,    1 },           /* CSV3                       */
	/* ID_AA64PFR1_EL1 */
	{ IDREG_A64PFR1,   0, LOW,    1 },           /* BT                         */
	{ IDREG_A64PFR1,   4, LOW,    2 },           /* SSBS                       */
	{ IDREG_A64PFR1,   8, LOW,    1 },           /* MTE: instructions, no tags */
	{ IDREG_A64PFR1,  36, LOW,    1 },           /* NMI; the vGIC has none     */
	/* ID_AA64DFR0_EL1 */
	{ IDREG_A64DFR0,   0, LOW,    8 },           /* DebugVer: up to ARMv8.2    */
	{ IDREG_A64DFR0,  12, LOW,    ANY },         /* BRPs                       */
	{ IDREG_A64DFR0,  20, LOW,    ANY },         /* WRPs                       */
	{ IDREG_A64DFR0,  28, LOW,    ANY },         /* CTX_CMPs                   */
	{ IDREG_A64DFR0,  36, FIXED,  0xf },         /* DoubleLock: none           */
	/* ID_AA64ISAR0_EL1 */
	{ IDREG_A64ISAR0,  4, LOW,    ANY },         /* AES                        */
	{ IDREG_A64ISAR0,  8, LOW,    ANY },         /* SHA1                       */
	{ IDREG_A64ISAR0, 12, LOW,    ANY },         /* SHA2                       */
	{ IDREG_A64ISAR0, 16, LOW,    ANY },         /* CRC32                      */
	{ IDREG_A64ISAR0, 20, LOW,    2 },           /* Atomic, without LSE128     */
	{ IDREG_A64ISAR0, 28, LOW,    ANY },         /* RDM                        */
	{ IDREG_A64ISAR0, 32, LOW,    ANY },         /* SHA3                       */
	{ IDREG_A64ISAR0, 36, LOW,    ANY },         /* SM3                        */
	{ IDREG_A64ISAR0, 40, LOW,    ANY },         /* SM4                        */
	{ IDREG_A64ISAR0, 44, LOW,    ANY },         /* DP                         */
	{ IDREG_A64ISAR0, 48, LOW,    ANY },         /* FHM                        */
	{ IDREG_A64ISAR0, 52, LOW,    ANY },         /* TS                         */
	{ IDREG_A64ISAR0, 56, LOW,    2 },           /* TLB                        */
	{ IDREG_A64ISAR0, 60, LOW,    1 },           /* RNDR                       */
	/* ID_AA64ISAR1_EL1 */
	{ IDREG_A64ISAR1,  0, LOW,    2 },           /* DPB                        */
	{ IDREG_A64ISAR1,  4, LOW,    5 },           /* APA                        */
	{ IDREG_A64ISAR1,  8, LOW,    5 },           /* API                        */
	{ IDREG_A64ISAR1, 12, LOW,    ANY },         /* JSCVT                      */
	{ IDREG_A64ISAR1, 16, LOW,    ANY },         /* FCMA                       */
	{ IDREG_A64ISAR1, 20, LOW,    ANY },         /* LRCPC                      */
	{ IDREG_A64ISAR1, 24, LOW,    1 },           /* GPA                        */
	{ IDREG_A64ISAR1, 28, LOW,    1 },           /* GPI                        */
	{ IDREG_A64ISAR1, 32, LOW,    ANY },         /* FRINTTS                    */
	{ IDREG_A64ISAR1, 36, LOW,    1 },           /* SB                         */
	{ IDREG_A64ISAR1, 40, LOW,    1 },           /* SPECRES                    */
	{ IDREG_A64ISAR1, 44, LOW,    ANY },         /* BF16                       */
	{ IDREG_A64ISAR1, 48, LOW,    1 },           /* DGH                        */
	{ IDREG_A64ISAR1, 52, LOW,    ANY },         /* I8MM                       */
	/* ID_AA64ISAR2_EL1 */
	{ IDREG_A64ISAR2,  4, LOW,    1 },           /* RPRES                      */
	{ IDREG_A64ISAR2,  8, LOW,    1 },           /* GPA3                       */
	{ IDREG_A64ISAR2, 12, LOW,    5 },           /* APA3                       */
	{ IDREG_A64ISAR2, 20, LOW,    1 },           /* BC                         */
	{ IDREG_A64ISAR2, 24, LOW,    1 },           /* PAC_frac                   */
	{ IDREG_A64ISAR2, 28, LOW,    1 },           /* CLRBHB                     */
	{ IDREG_A64ISAR2, 52, LOW,    1 },           /* CSSC                       */
	/* ID_AA64MMFR0_EL1 */
	{ IDREG_A64MMFR0,  0, LOW,    5 },           /* PARange: to 48 bits        */
	{ IDREG_A64MMFR0,  4, LOW,    2 },           /* ASIDBits                   */
	{ IDREG_A64MMFR0,  8, LOW,    1 },           /* BigEnd                     */
	{ IDREG_A64MMFR0, 12, LOW,    1 },           /* SNSMem                     */
	{ IDREG_A64MMFR0, 16, LOW,    1 },           /* BigEndEL0                  */
	{ IDREG_A64MMFR0, 20, LOW,    1 },           /* TGran16                    */
	{ IDREG_A64MMFR0, 24, SIGNED, 0 },           /* TGran64                    */
	{ IDREG_A64MMFR0, 28, SIGNED, 0 },           /* TGran4                     */
	{ IDREG_A64MMFR0, 32, FIXED,  1 },           /* TGran16_2: none            */
	{ IDREG_A64MMFR0, 36, FIXED,  1 },           /* TGran64_2: none            */
	{ IDREG_A64MMFR0, 40, FIXED,  1 },           /* TGran4_2: none             */
	{ IDREG_A64MMFR0, 44, LOW,    1 },           /* ExS                        */
	{ IDREG_A64MMFR0, 60, LOW,    1 },           /* ECV, without CNTPOFF_EL2   */
	/* ID_AA64MMFR1_EL1 */
	{ IDREG_A64MMFR1,  0, LOW,    2 },           /* HAFDBS                     */
	{ IDREG_A64MMFR1, 12, LOW,    2 },           /* HPDS                       */
	{ IDREG_A64MMFR1, 20, LOW,    3 },           /* PAN                        */
	{ IDREG_A64MMFR1, 36, LOW,    2 },           /* ETS                        */
	{ IDREG_A64MMFR1, 44, LOW,    1 },           /* AFP                        */
	{ IDREG_A64MMFR1, 48, LOW,    1 },           /* nTLBPA                     */
	{ IDREG_A64MMFR1, 52, LOW,    1 },           /* TIDCP1                     */
	/* ID_AA64MMFR2_EL1 */
	{ IDREG_A64MMFR2,  0, LOW,    1 },           /* CnP                        */
	{ IDREG_A64MMFR2,  4, LOW,    1 },           /* UAO                        */
	{ IDREG_A64MMFR2,  8, LOW,    1 },           /* LSM                        */
	{ IDREG_A64MMFR2, 12, LOW,    1 },           /* IESB                       */
	{ IDREG_A64MMFR2, 16, LOW,    1 },           /* VARange                    */
	{ IDREG_A64MMFR2, 20, LOW,    1 },           /* CCIDX                      */
	{ IDREG_A64MMFR2, 28, LOW,    1 },           /* ST                         */
	{ IDREG_A64MMFR2, 32, LOW,    1 },           /* AT                         */
	{ IDREG_A64MMFR2, 36, LOW,    1 },           /* IDS                        */
	{ IDREG_A64MMFR2, 48, LOW,    1 },           /* TTL                        */
	{ IDREG_A64MMFR2, 52, LOW,    2 },           /* BBM                        */
	{ IDREG_A64MMFR2, 60, LOW,    1 },           /* E0PD                       */
};

/*
 * AArch32, which is for EL0 only: instruction sets and FP as they are, and of
 * the rest what a 64-bit kernel tells its 32-bit programs. All 0 without it.
 */
static const struct field fields32[] = {
	{ IDREG_PFR0,   0, LOW, ANY },               /* State0: A32                */
	{ IDREG_PFR0,   4, LOW, ANY },               /* State1: T32                */
	{ IDREG_PFR0,   8, LOW, ANY },               /* State2                     */
	{ IDREG_PFR0,  16, LOW, 1 },                 /* CSV2                       */
	{ IDREG_PFR0,  24, LOW, 1 },                 /* DIT                        */
	{ IDREG_PFR1,   0, LOW, 1 },                 /* ProgMod                    */
	{ IDREG_PFR1,  16, LOW, 1 },                 /* GenTimer                   */
	{ IDREG_PFR1,  28, FIXED, 1 },               /* GIC                        */
	{ IDREG_PFR2,   0, LOW, 1 },                 /* CSV3                       */
	{ IDREG_PFR2,   4, LOW, 1 },                 /* SSBS                       */
	{ IDREG_DFR0,   0, LOW, 8 },                 /* CopDbg                     */
	{ IDREG_MMFR0,  0, LOW, ANY },               /* VMSA                       */
	{ IDREG_MMFR0,  8, LOW, ANY },               /* OuterShr                   */
	{ IDREG_MMFR0, 12, LOW, ANY },               /* ShareLvl                   */
	{ IDREG_MMFR0, 20, LOW, ANY },               /* AuxReg                     */
	{ IDREG_MMFR0, 28, LOW, ANY },               /* InnerShr                   */
	{ IDREG_MMFR1, 28, LOW, ANY },               /* BPred                      */
	{ IDREG_MMFR2, 16, LOW, ANY },               /* UniTLB                     */
	{ IDREG_MMFR2, 20, LOW, ANY },               /* MemBarr                    */
	{ IDREG_MMFR2, 24, LOW, ANY },               /* WFIStall                   */
	{ IDREG_MMFR3,  0, LOW, ANY },               /* CMaintVA                   */
	{ IDREG_MMFR3,  4, LOW, ANY },               /* CMaintSW                   */
	{ IDREG_MMFR3,  8, LOW, ANY },               /* BPMaint                    */
	{ IDREG_MMFR3, 12, LOW, ANY },               /* MaintBcst                  */
	{ IDREG_MMFR3, 16, LOW, ANY },               /* PAN                        */
	{ IDREG_MMFR4,  4, LOW, ANY },               /* AC2                        */
	{ IDREG_MMFR4, 12, LOW, ANY },               /* CnP                        */
	{ IDREG_MMFR4, 16, LOW, ANY },               /* HPDS                       */
	{ IDREG_MMFR4, 20, LOW, ANY },               /* LSM                        */
	{ IDREG_MMFR4, 24, LOW, ANY },               /* CCIDX                      */
};

/* Registers of AArch32 shown whole: instructions and FP; all fields unsigned. */
static const uint8_t whole32[] = {
	IDREG_ISAR0, IDREG_ISAR1, IDREG_ISAR2, IDREG_ISAR3, IDREG_ISAR4, IDREG_ISAR5,
	IDREG_ISAR6, IDREG_MVFR0, IDREG_MVFR1, IDREG_MVFR2,
};

#define FIELD UINT64_C(0xf)

static uint64_t get(uint64_t reg, uint32_t shift)
{
	return reg >> shift & FIELD;
}

static uint64_t lesser(uint8_t rule, uint64_t a, uint64_t b)
{
	/* Turning the top bit over makes signed order unsigned. */
	uint64_t flip = rule == SIGNED ? 8 : 0;

	return (a ^ flip) < (b ^ flip) ? a : b;
}

static void combine_fields(uint64_t *common, const uint64_t *raw, const struct field *f,
			   uint32_t nr)
{
	for (; nr--; f++) {
		uint64_t *r = &common[f->reg];
		uint64_t v = lesser(f->rule, get(*r, f->shift), get(raw[f->reg], f->shift));

		*r = (*r & ~(FIELD << f->shift)) | v << f->shift;
	}
}

static void combine_whole(uint64_t *common, const uint64_t *raw, uint8_t reg)
{
	for (uint32_t shift = 0; shift < 32; shift += 4) {
		struct field f = { reg, (uint8_t)shift, LOW, ANY };

		combine_fields(common, raw, &f, 1);
	}
}

void idregs_combine(uint64_t *common, const uint64_t *raw)
{
	/* What guests do not see decides on traps only, and follows the boot CPU. */
	combine_fields(common, raw, fields, ARRAY_SIZE(fields));
	combine_fields(common, raw, fields32, ARRAY_SIZE(fields32));
	for (uint32_t i = 0; i < ARRAY_SIZE(whole32); i++)
		combine_whole(common, raw, whole32[i]);
}

static void filter_fields(uint64_t *view, const uint64_t *common, const struct field *f,
			  uint32_t nr)
{
	for (; nr--; f++) {
		uint64_t v = f->max;

		if (f->rule != FIXED)
			v = lesser(f->rule, get(common[f->reg], f->shift), f->max);
		view[f->reg] |= v << f->shift;
	}
}

/* ID_AA64MMFR0_EL1.PARange as a number of bits. */
static const uint8_t pa_range_bits[] = { 32, 36, 40, 42, 44, 48 };

static void limit_pa_range(uint64_t *view, uint32_t ipa_bits)
{
	uint64_t *r = &view[IDREG_A64MMFR0];
	uint64_t v = *r & FIELD;

	while (v > 0 && pa_range_bits[v] > ipa_bits)
		v--;
	*r = (*r & ~FIELD) | v;
}

void idregs_filter(uint64_t *view, const uint64_t *common, uint32_t ipa_bits)
{
	for (uint32_t i = 0; i < IDREG_NR; i++)
		view[i] = 0;
	filter_fields(view, common, fields, ARRAY_SIZE(fields));
	limit_pa_range(view, ipa_bits);
	if (bits_get(PFR0_EL0, view[IDREG_A64PFR0]) < 2)
		return;
	filter_fields(view, common, fields32, ARRAY_SIZE(fields32));
	for (uint32_t i = 0; i < ARRAY_SIZE(whole32); i++)
		view[whole32[i]] = common[whole32[i]] & UINT32_MAX;
}
