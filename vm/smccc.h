/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HVC and SMC of a guest, by function identifier: architecture calls, PSCI,
 * TRNG, the vendor's. What nobody implements answers NOT_SUPPORTED, silently.
 * SMCCC DEN 0028, "Function Identifiers"; TRNG DEN 0098.
 */
#pragma once

#include <stdint.h>

#include <arch/gpregs.h>
#include "core/lib/bits.h"
#include "vcpu/exit.h"

struct vcpu;
struct vm;

#define SMCCC_FAST           BIT(31)
#define SMCCC_SMC64          BIT(30)
#define SMCCC_OWNER          BITS(29, 24)
#define SMCCC_MBZ            BITS(23, 16)
#define SMCCC_FN             BITS(15, 0)
_Static_assert(BITS_DISJOINT4(SMCCC_FAST | SMCCC_SMC64, SMCCC_OWNER, SMCCC_MBZ, SMCCC_FN), "FID");

#define SMCCC_VERSION_1_2    0x10002
#define SMCCC_OWNER_ARCH     0
#define SMCCC_OWNER_STD      4       /* PSCI, TRNG                             */
#define SMCCC_OWNER_STD_HYP  5       /* any hypervisor's: PVTIME               */
#define SMCCC_OWNER_VENDOR   6       /* hypervisor's own                       */

#define SMCCC_FID32(owner, fn) (SMCCC_FAST | BITS_VAL(SMCCC_OWNER, owner) | (fn))
#define SMCCC_FID64(owner, fn) (SMCCC_FID32(owner, fn) | SMCCC_SMC64)

#define SMCCC_VERSION        SMCCC_FID32(SMCCC_OWNER_ARCH, 0)
#define SMCCC_ARCH_FEATURES  SMCCC_FID32(SMCCC_OWNER_ARCH, 1)
#define SMCCC_ARCH_SOC_ID    SMCCC_FID32(SMCCC_OWNER_ARCH, 2)
#define SMCCC_FN_WORKAROUND_3 0x3fff
#define SMCCC_FN_WORKAROUND_2 0x7fff
#define SMCCC_FN_WORKAROUND_1 0x8000
#define SMCCC_WORKAROUND_1   SMCCC_FID32(SMCCC_OWNER_ARCH, SMCCC_FN_WORKAROUND_1)
#define SMCCC_WORKAROUND_2   SMCCC_FID32(SMCCC_OWNER_ARCH, SMCCC_FN_WORKAROUND_2)
#define SMCCC_WORKAROUND_3   SMCCC_FID32(SMCCC_OWNER_ARCH, SMCCC_FN_WORKAROUND_3)

/* Of the vendor's, for a VM that manages others; core/vmm/manage.h. */
#define SMCCC_NR_MANAGE_FNS  7

enum {
	SMCCC_SUCCESS            = 0,
	SMCCC_NOT_SUPPORTED      = -1,
	SMCCC_NOT_REQUIRED       = -2,
	SMCCC_INVALID_PARAMETER  = -3,
};

/*
 * A call: reads its arguments from r->x[1..], leaves its results in r->x[0..3].
 * An SMC32 call's arguments are the low halves of the registers.
 */
typedef enum exit_verdict smccc_call(struct vcpu *v, struct arch_gpregs *r);

struct smccc_fn {
	smccc_call *smc32;
	smccc_call *smc64;
};

/**
 * smccc_dispatch() - carry out one call
 * @v: vCPU that calls
 * @r: its registers; x0 holds the function identifier
 *
 * Results are written even when the verdict is one that blocks or stops. Costs
 * a bounded time whatever is asked for. EXIT_UP: the call would have to sleep, nothing is
 * done; exit_hvc64() carries it out.
 */
enum exit_verdict smccc_dispatch(struct vcpu *v, struct arch_gpregs *r);

/**
 * smccc_vendor_call() - a call of the vendor's range by other means than a call
 * @vm: whose
 * @x:  x0 to x7, in and out
 *
 * All other identifiers are NOT_SUPPORTED, and so are calls that would sleep.
 */
void smccc_vendor_call(struct vm *vm, uint64_t *x);

/*
 * Handlers for the exit table. HVC #0 and SMC #0 are calls. HVC with another
 * immediate goes up; SMC with another immediate is Undefined.
 */
enum exit_verdict exit_hvc64(struct vcpu *v, const struct exit_info *info);
enum exit_verdict exit_smc64(struct vcpu *v, const struct exit_info *info);

/* A signed 32-bit result in x0, as both widths of call return it. */
static inline void smccc_return(struct arch_gpregs *r, int32_t result)
{
	r->x[0] = (uint64_t)(int64_t)result;
}
