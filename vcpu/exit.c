/* SPDX-License-Identifier: Apache-2.0 */
#include "vcpu/exit.h"

#include <arch/el1_state.h>
#include "vcpu/vcpu.h"

static bool is_abort(uint32_t ec)
{
	return ec == EC_IABT_LOW || ec == EC_DABT_LOW;
}

/* Calls complete before they exit, so ELR points after them. */
static bool is_call(uint32_t ec)
{
	return ec == EC_HVC64 || ec == EC_HVC32;
}

bool exit_hpfar_valid(uint32_t iss)
{
	/* A permission fault has its IPA only if stage 1 walked a table. */
	switch (iss & ISS_ABT_FSC_TYPE) {
	case FSC_ADDRSIZE:
	case FSC_TRANSLATION:
	case FSC_ACCESS:
		return true;
	case FSC_PERMISSION:
		return iss & ISS_ABT_S1PTW;
	default:
		return false;
	}
}

static void decode_abort(struct exit_info *info, const struct exit_regs *r)
{
	info->far = r->far;
	info->ipa_valid = exit_hpfar_valid(info->iss);
	if (!info->ipa_valid)
		return;
	info->ipa = IPA(bits_get(HPFAR_FIPA, r->hpfar) << PAGE_SHIFT);
	/* FAR is of the access, not of the table its translation needed. */
	if (!(info->iss & ISS_ABT_S1PTW) && !(info->iss & ISS_ABT_FNV))
		info->ipa.v |= r->far & PAGE_MASK;
}

void exit_decode(struct exit_info *info, const struct exit_regs *r)
{
	info->ec = (uint8_t)bits_get(ESR_EC, r->esr);
	info->iss = (uint32_t)bits_get(ESR_ISS, r->esr);
	info->is32 = r->spsr & SPSR_M_A32;
	info->pc = r->elr;
	info->next = r->elr + (r->esr & ESR_IL ? 4 : 2);
	info->far = 0;
	info->ipa = IPA(0);
	info->ipa_valid = false;
	if (is_call(info->ec)) {
		info->pc = r->elr - 4;
		info->next = r->elr;
	}
	if (is_abort(info->ec))
		decode_abort(info, r);
}

/*
 * The address has passed stage 1 for this very access, so what EL1 may read
 * there need not be asked again: only where it leads. It fails when another
 * vCPU changed the tables meanwhile.
 */
static enum exit_verdict find_ipa(struct exit_info *info)
{
	uint64_t par = arch_translate_s1(info->far);

	if (par & PAR_F)
		return EXIT_RETRY;
	info->ipa = IPA((par & PAR_PA) | (info->far & PAGE_MASK));
	info->ipa_valid = true;
	return EXIT_UP;
}

enum exit_verdict exit_read(struct vcpu *vcpu, struct exit_info *info)
{
	struct exit_regs r = {
		.esr = vcpu->regs->esr, .elr = vcpu->regs->pc, .spsr = vcpu->regs->pstate,
	};

	if (is_abort((uint32_t)bits_get(ESR_EC, r.esr))) {
		r.far = arch_far();
		r.hpfar = arch_hpfar();
	}
	exit_decode(info, &r);
	if (is_abort(info->ec) && exit_fault_type(info) == FSC_PERMISSION && !info->ipa_valid)
		return find_ipa(info);
	return EXIT_UP;
}

/* Pairs of conditions: the odd one is the opposite of the even one before it. */
static bool condition_holds(uint32_t cond, uint64_t f)
{
	bool n = f & SPSR_N, z = f & SPSR_Z, c = f & SPSR_C, v = f & SPSR_V;
	const bool even[8] = { z, c, n, v, c && !z, n == v, n == v && !z, true };

	/* 0b1111 is not "never": it holds, as AL does. */
	if (cond >= 14)
		return true;
	return even[cond >> 1] != (cond & 1);
}

bool exit_condition(uint32_t iss, uint64_t pstate)
{
	uint64_t it;

	if (iss & ISS_CV)
		return condition_holds((uint32_t)bits_get(ISS_COND, iss), pstate);
	/* Only T32 leaves CV at 0; then the IT block tells. AArch64 has neither. */
	if (!(pstate & SPSR_M_A32) || !(pstate & SPSR_A32_T))
		return true;
	it = bits_get(SPSR_A32_IT_HIGH, pstate) << 2 | bits_get(SPSR_A32_IT_LOW, pstate);
	return it == 0 || condition_holds((uint32_t)(it >> 4), pstate);
}

bool exit_access_decode(const struct exit_info *info, struct exit_access *acc)
{
	if (!exit_is_data_abort(info) || !(info->iss & ISS_DABT_ISV))
		return false;
	acc->reg = (uint8_t)bits_get(ISS_DABT_SRT, info->iss);
	acc->size = (uint8_t)(1u << bits_get(ISS_DABT_SAS, info->iss));
	acc->is_write = info->iss & ISS_DABT_WnR;
	acc->sign_extend = info->iss & ISS_DABT_SSE;
	acc->is_64bit = info->iss & ISS_DABT_SF;
	return true;
}

uint64_t exit_access_extend(const struct exit_access *acc, uint64_t data)
{
	uint64_t mask = ~UINT64_C(0) >> (64 - 8 * acc->size);
	uint64_t sign = (mask >> 1) + 1;

	data &= mask;
	if (acc->sign_extend)
		data = (data ^ sign) - sign;
	return acc->is_64bit ? data : (uint32_t)data;
}
