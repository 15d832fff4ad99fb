/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/psci.h"

#include "vm/vm.h"

/* Arguments of CPU_SUSPEND: the original format of DEN 0022, "power_state parameter". */
#define SUSPEND_MBZ       (BITS(31, 26) | BITS(23, 17))
#define SUSPEND_LEVEL     BITS(25, 24)   /* 0: the core alone                  */
#define SUSPEND_POWERDOWN BIT(16)

#define TOS_NOT_PRESENT   2              /* MIGRATE_INFO_TYPE: no need to migrate */
#define FEATURES_SUSPEND  0              /* original format, platform-coordinated */

#define RESET2_WARM       0
#define AFF_LEVELS        4

static enum exit_verdict done(struct arch_gpregs *r, int32_t result)
{
	smccc_return(r, result);
	return EXIT_DONE;
}

/* Can it be executed? An entry point elsewhere is refused, not tried. */
static bool entry_valid(const struct vm *vm, uint64_t entry)
{
	const struct config_region *r = vm_region(vm, IPA(entry));

	return r && (r->access & CONFIG_ACCESS_X) && is_aligned(entry, 4);
}

static enum exit_verdict psci_version(struct vcpu *v, struct arch_gpregs *r)
{
	(void)v;
	r->x[0] = PSCI_VERSION_1_1;
	return EXIT_DONE;
}

/* --- one CPU ---------------------------------------------------------------- */

struct cpu_on {
	uint64_t target, entry, context;
};

static int32_t cpu_on(struct vcpu *caller, const struct cpu_on *a)
{
	struct vm *vm = caller->vm;
	struct vcpu *target = vm_vcpu_by_mpidr(vm, a->target);
	struct power_start start = { .pc = a->entry, .x0 = a->context };
	struct el1_exception el1;

	if (!target)
		return PSCI_INVALID_PARAMETERS;
	if (!entry_valid(vm, a->entry))
		return PSCI_INVALID_ADDRESS;
	/* DEN 0022, "Initial core configuration": the endianness of the caller. */
	arch_exception_read(&el1);
	start.big_endian = el1.sctlr & SCTLR_EE;
	switch (power_turn_on(&vm->power[target->idx], &start)) {
	case POWER_OFF:
		thread_request(&target->thread, THREAD_REQ_VCPU);
		return PSCI_SUCCESS;
	case POWER_ON:
		return PSCI_ALREADY_ON;
	default:
		return PSCI_ON_PENDING;
	}
}

static enum exit_verdict psci_cpu_on32(struct vcpu *v, struct arch_gpregs *r)
{
	struct cpu_on a = { (uint32_t)r->x[1], (uint32_t)r->x[2], (uint32_t)r->x[3] };

	return done(r, cpu_on(v, &a));
}

static enum exit_verdict psci_cpu_on64(struct vcpu *v, struct arch_gpregs *r)
{
	struct cpu_on a = { r->x[1], r->x[2], r->x[3] };

	return done(r, cpu_on(v, &a));
}

/* The run loop finds the request, and there the thread waits for CPU_ON; till then it is on. */
static enum exit_verdict psci_cpu_off(struct vcpu *v, struct arch_gpregs *r)
{
	power_leave(&v->vm->power[v->idx]);
	thread_request(&v->thread, THREAD_REQ_VCPU);
	return done(r, PSCI_SUCCESS);
}

/*
 * Every state is stand-by here: the vCPU waits for an interrupt and goes on after
 * the call. DEN 0022 lets a power-down request be answered so.
 */
static enum exit_verdict cpu_suspend(struct vcpu *v, struct arch_gpregs *r, uint64_t entry)
{
	uint32_t power_state = (uint32_t)r->x[1];

	/* There is no power domain above the core. */
	if (power_state & (SUSPEND_MBZ | SUSPEND_LEVEL))
		return done(r, PSCI_INVALID_PARAMETERS);
	if ((power_state & SUSPEND_POWERDOWN) && !entry_valid(v->vm, entry))
		return done(r, PSCI_INVALID_ADDRESS);
	smccc_return(r, PSCI_SUCCESS);
	return EXIT_BLOCK;
}

static enum exit_verdict psci_cpu_suspend32(struct vcpu *v, struct arch_gpregs *r)
{
	return cpu_suspend(v, r, (uint32_t)r->x[2]);
}

static enum exit_verdict psci_cpu_suspend64(struct vcpu *v, struct arch_gpregs *r)
{
	return cpu_suspend(v, r, r->x[2]);
}

/* DEN 0022, "AFFINITY_INFO": 0 on, 1 off, 2 on its way. */
static int32_t affinity_answer(enum power_state s)
{
	return s == POWER_ON ? 0 : s == POWER_PENDING ? 2 : 1;
}

/* Affinity fields from a level up. */
static uint64_t affinity_mask(uint64_t level)
{
	static const uint64_t mask[AFF_LEVELS] = {
		MPIDR_AFF, MPIDR_AFF & ~MPIDR_AFF0,
		MPIDR_AFF3 | MPIDR_AFF2, MPIDR_AFF3,
	};

	return mask[level];
}

/* A level above 0 stands for several CPUs: on if one is, else pending if one is. */
static int32_t affinity_info(struct vm *vm, uint64_t target, uint64_t level)
{
	bool found = false, pending = false;
	uint64_t mask;

	if (level >= AFF_LEVELS || (target & ~MPIDR_AFF))
		return PSCI_INVALID_PARAMETERS;
	mask = affinity_mask(level);
	for (uint32_t i = 0; i < vm->nr_vcpus; i++) {
		enum power_state s;

		if ((vm_vcpu_mpidr(i) ^ target) & mask)
			continue;
		s = power_get(&vm->power[i]);
		if (s == POWER_ON)
			return affinity_answer(s);
		found = true;
		pending |= s == POWER_PENDING;
	}
	if (!found)
		return PSCI_INVALID_PARAMETERS;
	return affinity_answer(pending ? POWER_PENDING : POWER_OFF);
}

static enum exit_verdict psci_affinity_info32(struct vcpu *v, struct arch_gpregs *r)
{
	return done(r, affinity_info(v->vm, (uint32_t)r->x[1], (uint32_t)r->x[2]));
}

static enum exit_verdict psci_affinity_info64(struct vcpu *v, struct arch_gpregs *r)
{
	return done(r, affinity_info(v->vm, r->x[1], (uint32_t)r->x[2]));
}

static enum exit_verdict psci_migrate_info_type(struct vcpu *v, struct arch_gpregs *r)
{
	(void)v;
	return done(r, TOS_NOT_PRESENT);
}

/* --- the machine -------------------------------------------------------------- */

/* These do not return to the guest: its vCPUs park when they see the order. */
static enum exit_verdict psci_system_off(struct vcpu *v, struct arch_gpregs *r)
{
	vm_order(v->vm, VM_ORDER_OFF);
	return done(r, PSCI_INTERNAL_FAILURE);
}

static enum exit_verdict psci_system_reset(struct vcpu *v, struct arch_gpregs *r)
{
	vm_order(v->vm, VM_ORDER_RESET);
	return done(r, PSCI_INTERNAL_FAILURE);
}

static enum exit_verdict psci_system_reset2(struct vcpu *v, struct arch_gpregs *r)
{
	/* The vendor's own types (bit 31) are none of ours. */
	if ((uint32_t)r->x[1] != RESET2_WARM)
		return done(r, PSCI_INVALID_PARAMETERS);
	return psci_system_reset(v, r);
}

static bool psci_has(uint32_t fid)
{
	uint32_t fn = (uint32_t)bits_get(SMCCC_FN, fid);

	if (fid == SMCCC_VERSION)
		return true;
	if ((fid & ~(SMCCC_SMC64 | SMCCC_FN)) != SMCCC_FID32(SMCCC_OWNER_STD, 0) ||
	    fn >= PSCI_NR_FNS)
		return false;
	return fid & SMCCC_SMC64 ? psci_fns[fn].smc64 : psci_fns[fn].smc32;
}

static enum exit_verdict psci_features(struct vcpu *v, struct arch_gpregs *r)
{
	(void)v;
	return done(r, psci_has((uint32_t)r->x[1]) ? FEATURES_SUSPEND : PSCI_NOT_SUPPORTED);
}

const struct smccc_fn psci_fns[PSCI_NR_FNS] = {
	[PSCI_FN_VERSION]           = { psci_version,           NULL },
	[PSCI_FN_CPU_SUSPEND]       = { psci_cpu_suspend32,     psci_cpu_suspend64 },
	[PSCI_FN_CPU_OFF]           = { psci_cpu_off,           NULL },
	[PSCI_FN_CPU_ON]            = { psci_cpu_on32,          psci_cpu_on64 },
	[PSCI_FN_AFFINITY_INFO]     = { psci_affinity_info32,   psci_affinity_info64 },
	[PSCI_FN_MIGRATE_INFO_TYPE] = { psci_migrate_info_type, NULL },
	[PSCI_FN_SYSTEM_OFF]        = { psci_system_off,        NULL },
	[PSCI_FN_SYSTEM_RESET]      = { psci_system_reset,      NULL },
	[PSCI_FN_FEATURES]          = { psci_features,          NULL },
	[PSCI_FN_SYSTEM_RESET2]     = { psci_system_reset2,     psci_system_reset2 },
};
