/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who answers an exit, by class, as far as only this vCPU is touched. The rest
 * goes up: aborts, calls. Right column: the trap that brings it.
 */
#include "vcpu/exit.h"

#include "vcpu/cp15.h"
#include "vcpu/fp.h"
#include "vcpu/sysreg.h"
#include "vcpu/vcpu.h"
#include "vcpu/wfx.h"

/* First use of FP since another vCPU had the registers; it may happen in EL0. */
static enum exit_verdict exit_fp(struct vcpu *vcpu, const struct exit_info *info)
{
	(void)info;
	fp_take(vcpu);
	return EXIT_RETRY;
}

/* A feature that the identification registers do not show. */
static enum exit_verdict exit_refused(struct vcpu *vcpu, const struct exit_info *info)
{
	(void)vcpu;
	(void)info;
	return EXIT_UNDEF;
}

const exit_table vcpu_exits = {
	[EC_UNKNOWN] = exit_refused,     /* what has no class of its own             */
	[EC_WFX]     = exit_wfx,         /* HCR_EL2.TWI, TWE                         */
	[EC_CP15_32] = exit_cp15_32,     /* CNTHCTL_EL2.EL1PCEN; MDCR_EL2.TPM        */
	[EC_CP15_64] = exit_cp15_64,     /* the same                                 */
	[EC_CP14_32] = exit_cp14_32,     /* MDCR_EL2.TDA; CPTR_EL2.TTA               */
	[EC_CP14_LS] = exit_cp_refused,  /* MDCR_EL2.TDA                             */
	[EC_FP]      = exit_fp,          /* CPTR_EL2.TFP                             */
	[EC_CP10_ID] = exit_cp_refused,  /* HCR_EL2.TID3                             */
	[EC_PAC]     = exit_refused,     /* HCR_EL2.API, where not all CPUs have it  */
	[EC_LS64]    = exit_refused,     /* HCRX_EL2.EnALS                           */
	[EC_CP14_64] = exit_cp_refused,  /* MDCR_EL2.TDRA                            */
	[EC_SYS64]   = exit_sysreg,      /* sysreg_table.c says which                */
	[EC_SVE]     = exit_refused,     /* CPTR_EL2.TZ                              */
	[EC_ERET]    = exit_refused,     /* HCR_EL2.NV, never set                    */
	[EC_TSTART]  = exit_refused,     /* HCR_EL2.TME                              */
	[EC_SME]     = exit_refused,     /* CPTR_EL2.TSM                             */
	[EC_MOPS]    = exit_refused,     /* HCRX_EL2.MSCEn                           */
	[EC_GCS]     = exit_refused,     /* HCRX_EL2.GCSEn                           */
};
