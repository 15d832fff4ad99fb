/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/smccc.h"

#include <string.h>

#include "vm/psci.h"
#include "vm/pvtime.h"
#include "vm/trng.h"
#include "vm/vm.h"

#define FN_VENDOR_COUNT  0xff00
#define VENDOR_MAJOR     1
#define VENDOR_MINOR     0

/* Corbel's, 8e9fcbf7-4e46-4f0c-a4c2-1d0f6a8b7c53: first byte in the low bits of word 0. */
static const uint32_t vendor_uid[4] = { 0xf7cb9f8e, 0x0c4f464e, 0x0f1dc2a4, 0x537c8b6a };

static enum exit_verdict not_supported(struct arch_gpregs *r)
{
	smccc_return(r, SMCCC_NOT_SUPPORTED);
	return EXIT_DONE;
}

/* --- architecture calls --------------------------------------------------- */

static enum exit_verdict arch_version(struct vcpu *v, struct arch_gpregs *r)
{
	(void)v;
	r->x[0] = SMCCC_VERSION_1_2;
	return EXIT_DONE;
}

/*
 * SSBD by firmware (WORKAROUND_2) is a switch of the pCPU, which is not moved
 * with the vCPU: where the firmware has it, it stays on, and nobody need call.
 */
static int32_t workaround_2_feature(const struct vm_host *host)
{
	int32_t fw = host->firmware_feature((uint32_t)SMCCC_WORKAROUND_2);

	return fw == SMCCC_NOT_SUPPORTED ? SMCCC_NOT_SUPPORTED : SMCCC_NOT_REQUIRED;
}

static int32_t arch_feature(const struct vm *vm, uint32_t fid)
{
	const struct vm_host *host = vm->host;

	if (fid == (uint32_t)PVTIME_FEATURES && vm->cfg->stolen.present)
		return SMCCC_SUCCESS;
	if (fid == SMCCC_VERSION || fid == SMCCC_ARCH_FEATURES)
		return SMCCC_SUCCESS;
	if (fid == SMCCC_WORKAROUND_1 || fid == SMCCC_WORKAROUND_3)
		return host->firmware_feature(fid);
	if (fid == SMCCC_WORKAROUND_2)
		return workaround_2_feature(host);
	return SMCCC_NOT_SUPPORTED;
}

static enum exit_verdict arch_features(struct vcpu *v, struct arch_gpregs *r)
{
	smccc_return(r, arch_feature(v->vm, (uint32_t)r->x[1]));
	return EXIT_DONE;
}

/* Of the firmware, its bare identifier and nothing else of what the guest passed. */
static enum exit_verdict arch_workaround(struct vcpu *v, struct arch_gpregs *r)
{
	const struct vm_host *host = v->vm->host;
	uint32_t fid = (uint32_t)r->x[0];

	if (host->firmware_feature(fid) < SMCCC_SUCCESS)
		return not_supported(r);
	host->firmware_call(fid);
	smccc_return(r, SMCCC_SUCCESS);
	return EXIT_DONE;
}

static enum exit_verdict arch_workaround_2(struct vcpu *v, struct arch_gpregs *r)
{
	int32_t feature = workaround_2_feature(v->vm->host);

	smccc_return(r, feature == SMCCC_NOT_REQUIRED ? SMCCC_SUCCESS : feature);
	return EXIT_DONE;
}

/* SOC_ID is absent: a guest is not on the board's chip, and we have no number. */
static const struct smccc_fn arch_fns[] = {
	{ arch_version, NULL }, { arch_features, NULL },
};
static const struct smccc_fn workaround_3_fns[] = { { arch_workaround, NULL } };
static const struct smccc_fn workaround_21_fns[] = {
	{ arch_workaround_2, NULL }, { arch_workaround, NULL },
};

/* --- the vendor's --------------------------------------------------------- */

/* How many functions there are beside these queries. */
static enum exit_verdict vendor_count(struct vcpu *v, struct arch_gpregs *r)
{
	const struct vm_config *cfg = v->vm->cfg;

	r->x[0] = cfg->manage_list | cfg->manage_control ? SMCCC_NR_MANAGE_FNS : 0;
	if (ivc_has(v->vm, IVC_FID))
		r->x[0] += IVC_NR_FNS;
	return EXIT_DONE;
}

static enum exit_verdict vendor_get_uid(struct vcpu *v, struct arch_gpregs *r)
{
	(void)v;
	for (int i = 0; i < 4; i++)
		r->x[i] = vendor_uid[i];
	return EXIT_DONE;
}

static enum exit_verdict vendor_revision(struct vcpu *v, struct arch_gpregs *r)
{
	(void)v;
	r->x[0] = VENDOR_MAJOR;
	r->x[1] = VENDOR_MINOR;
	return EXIT_DONE;
}

static const struct smccc_fn vendor_fns[] = {
	{ vendor_count, NULL }, { vendor_get_uid, NULL }, { NULL, NULL }, { vendor_revision, NULL },
};

/* --- who answers ----------------------------------------------------------- */

#define KEY(owner, fn) ((uint32_t)((owner) << 16 | (fn)))

/* A run of function numbers of one owner. The ones asked most come first. */
static const struct fn_range {
	uint32_t first;
	uint32_t nr;
	const struct smccc_fn *fns;
} fn_ranges[] = {
	{ KEY(SMCCC_OWNER_ARCH, 0),               ARRAY_SIZE(arch_fns),          arch_fns },
	{ KEY(SMCCC_OWNER_STD, 0),                PSCI_NR_FNS,                   psci_fns },
	{ KEY(SMCCC_OWNER_STD, TRNG_FN_BASE),     TRNG_NR_FNS,                   trng_fns },
	{ KEY(SMCCC_OWNER_STD_HYP, PVTIME_FN_FEATURES), PVTIME_NR_FNS,           pvtime_fns },
	{ KEY(SMCCC_OWNER_ARCH, SMCCC_FN_WORKAROUND_3), ARRAY_SIZE(workaround_3_fns),
		workaround_3_fns },
	{ KEY(SMCCC_OWNER_ARCH, SMCCC_FN_WORKAROUND_2), ARRAY_SIZE(workaround_21_fns),
		workaround_21_fns },
	{ KEY(SMCCC_OWNER_VENDOR, FN_VENDOR_COUNT), ARRAY_SIZE(vendor_fns),      vendor_fns },
};
_Static_assert(SMCCC_FN_WORKAROUND_1 == SMCCC_FN_WORKAROUND_2 + 1, "one run");

static smccc_call *call_lookup(uint32_t fid)
{
	uint32_t key = KEY((uint32_t)bits_get(SMCCC_OWNER, fid), (uint32_t)bits_get(SMCCC_FN, fid));

	for (size_t i = 0; i < ARRAY_SIZE(fn_ranges); i++) {
		const struct fn_range *range = &fn_ranges[i];

		if (key - range->first >= range->nr)
			continue;
		return fid & SMCCC_SMC64 ? range->fns[key - range->first].smc64
					 : range->fns[key - range->first].smc32;
	}
	return NULL;
}

static enum exit_verdict vendor_dispatch(struct vcpu *v, struct arch_gpregs *r)
{
	const struct vm_host *host = v->vm->host;

	if (ivc_has(v->vm, (uint32_t)r->x[0]))
		return ivc_quick(v->vm, r->x);
	if (!host->vendor_call || !host->vendor_call(v->vm, r->x))
		return not_supported(r);
	return EXIT_DONE;
}

enum exit_verdict smccc_dispatch(struct vcpu *v, struct arch_gpregs *r)
{
	uint32_t fid = (uint32_t)r->x[0];
	smccc_call *call;

	/* Guests ask for the version to measure an exit; no search for that. */
	if (fid - (uint32_t)SMCCC_VERSION < ARRAY_SIZE(arch_fns))
		return arch_fns[fid - (uint32_t)SMCCC_VERSION].smc32(v, r);
	/* Yielding calls are a trusted OS's; there is none. */
	if ((fid & (SMCCC_FAST | SMCCC_MBZ)) != SMCCC_FAST)
		return not_supported(r);
	call = call_lookup(fid);
	if (call)
		return call(v, r);
	if (bits_get(SMCCC_OWNER, fid) == SMCCC_OWNER_VENDOR)
		return vendor_dispatch(v, r);
	return not_supported(r);
}

/* Also what smccc_dispatch() leaves to a thread that may sleep. */
static enum exit_verdict may_sleep(struct vcpu *v, struct arch_gpregs *r)
{
	enum exit_verdict verdict = smccc_dispatch(v, r);

	return verdict == EXIT_UP ? ivc_call(v->vm, r->x) : verdict;
}

void smccc_vendor_call(struct vm *vm, uint64_t *x)
{
	enum exit_verdict verdict = EXIT_UP;
	struct arch_gpregs r;

	memcpy(r.x, x, MAILBOX_REGS * sizeof(*x));
	/* These ask the vCPU for its VM only. */
	if (bits_get(SMCCC_OWNER, x[0]) == SMCCC_OWNER_VENDOR)
		verdict = smccc_dispatch(vm->vcpus, &r);
	if (verdict == EXIT_UP)
		not_supported(&r);
	memcpy(x, r.x, MAILBOX_REGS * sizeof(*x));
}

enum exit_verdict exit_hvc64(struct vcpu *v, const struct exit_info *info)
{
	if (info->iss & ISS_CALL_IMM16)
		return EXIT_UP;
	return may_sleep(v, v->regs);
}

enum exit_verdict exit_smc64(struct vcpu *v, const struct exit_info *info)
{
	if (info->iss & ISS_CALL_IMM16)
		return EXIT_UNDEF;
	return may_sleep(v, v->regs);
}
