/* SPDX-License-Identifier: Apache-2.0 */
#include "vcpu/inject.h"

#include <errno.h>

#include "vcpu/vcpu.h"
#include "vcpu/walk.h"

static uint64_t vector_offset(uint64_t pstate)
{
	if (pstate & SPSR_M_A32)
		return VECTOR_LOW_A32;
	if (bits_get(SPSR_M_EL, pstate) == 0)
		return VECTOR_LOW_A64;
	return pstate & SPSR_M_SP ? VECTOR_CUR_SPX : VECTOR_CUR_SP0;
}

/*
 * Kept: NZCV, DIT, PAN, TCO. Cleared: UAO, SS, IL, BTYPE and all of AArch32.
 * Where an AArch32 state has other bits in a place (Q, IT, GE), they must go.
 */
static uint64_t kept_bits(uint64_t pstate)
{
	uint64_t keep = SPSR_NZCV | SPSR_DIT | SPSR_PAN;

	if (!(pstate & SPSR_M_A32))
		keep |= SPSR_TCO;
	return pstate & keep;
}

void exception_enter(struct exception_entry *out, uint64_t pstate, uint64_t vbar,
		     uint64_t sctlr, uint32_t bits)
{
	uint64_t p = kept_bits(pstate) | SPSR_DAIF | SPSR_EL1H;

	if ((bits & EXCEPTION_PAN) && !(sctlr & SCTLR_SPAN))
		p |= SPSR_PAN;
	if ((bits & EXCEPTION_SSBS) && (sctlr & SCTLR_DSSBS))
		p |= SPSR_SSBS;
	if (bits & EXCEPTION_TCO)
		p |= SPSR_TCO;
	if ((bits & EXCEPTION_ALLINT) && !(sctlr & SCTLR_SPINTMASK))
		p |= SPSR_ALLINT;
	out->pstate = p;
	out->pc = vbar + vector_offset(pstate);
}

uint32_t exception_bits(const uint64_t *idregs)
{
	uint32_t bits = 0;

	if (bits_get(A64MMFR1_PAN, idregs[IDREG_A64MMFR1]))
		bits |= EXCEPTION_PAN;
	if (bits_get(PFR1_SSBS, idregs[IDREG_A64PFR1]))
		bits |= EXCEPTION_SSBS;
	if (bits_get(PFR1_MTE, idregs[IDREG_A64PFR1]) >= 2)
		bits |= EXCEPTION_TCO;
	if (bits_get(PFR1_NMI, idregs[IDREG_A64PFR1]))
		bits |= EXCEPTION_ALLINT;
	return bits;
}

/* The registers are in the CPU or in memory; one of two ways to each of both. */
static void read_el1(struct vcpu *vcpu, struct el1_exception *e)
{
	if (vcpu_is_loaded(vcpu)) {
		arch_exception_read(e);
		return;
	}
	e->sctlr = vcpu->el1.sctlr;
	e->vbar = vcpu->el1.vbar;
}

static void write_el1(struct vcpu *vcpu, const struct el1_exception *e)
{
	if (vcpu_is_loaded(vcpu)) {
		arch_exception_write(e);
		return;
	}
	vcpu->el1.elr = e->elr;
	vcpu->el1.spsr = e->spsr;
	vcpu->el1.esr = e->esr;
	if (e->has_far)
		vcpu->el1.far = e->far;
}

/* False: it arose at EL1 in the very code that takes it, so it would come again for ever. */
static bool inject(struct vcpu *vcpu, struct el1_exception *e)
{
	struct arch_gpregs *regs = vcpu->regs;
	struct exception_entry to;
	bool ends;

	read_el1(vcpu, e);
	exception_enter(&to, regs->pstate, e->vbar, e->sctlr, vcpu->group->exception_bits);
	e->elr = regs->pc;
	e->spsr = regs->pstate;
	write_el1(vcpu, e);
	ends = regs->pc - to.pc >= VECTOR_SIZE || !(regs->pstate & SPSR_M_EL);
	regs->pc = to.pc;
	regs->pstate = to.pstate;
	return ends;
}

/* A read with op0 3, op1 0, 1 or 3, CRn 0, CRm 0 to 7: the identification space. */
static bool is_id_space_read(uint64_t esr)
{
	uint64_t op1 = bits_get(ISS_SYS_OP1, esr);

	return bits_get(ESR_EC, esr) == EC_SYS64 &&
	       (esr & ISS_SYS_SPACE) == (BITS_VAL(ISS_SYS_OP0, 3) | ISS_SYS_READ) &&
	       (op1 == 0 || op1 == 1 || op1 == 3) && bits_get(ISS_SYS_CRM, esr) < 8;
}

static uint64_t undef_syndrome(const struct vcpu *vcpu)
{
	uint64_t esr = vcpu->regs->esr;

	if (bits_get(A64MMFR2_IDS, vcpu->group->idregs[IDREG_A64MMFR2]) && is_id_space_read(esr))
		return esr & (ESR_EC | ESR_IL | ESR_ISS);
	/* IL is 1 for this class, whatever the length of the instruction. */
	return BITS_VAL(ESR_EC, EC_UNKNOWN) | ESR_IL;
}

bool vcpu_inject_undef(struct vcpu *vcpu)
{
	struct el1_exception e = { .esr = undef_syndrome(vcpu) };

	return inject(vcpu, &e);
}

/* From EL0 it is an abort from a lower EL, from EL1 one of the same. */
static uint64_t abort_class(const struct vcpu *vcpu, const struct exit_info *info)
{
	uint64_t pstate = vcpu->regs->pstate;
	bool from_el0 = (pstate & SPSR_M_A32) || bits_get(SPSR_M_EL, pstate) == 0;

	if (info->ec == EC_IABT_LOW)
		return from_el0 ? EC_IABT_LOW : EC_IABT_CUR;
	return from_el0 ? EC_DABT_LOW : EC_DABT_CUR;
}

static void read_walk(struct vcpu *vcpu, struct el1_walk *w)
{
	if (vcpu_is_loaded(vcpu)) {
		arch_walk_read(w);
		return;
	}
	w->sctlr = vcpu->el1.sctlr;
	w->tcr = vcpu->el1.tcr;
	w->ttbr0 = vcpu->el1.ttbr0;
	w->ttbr1 = vcpu->el1.ttbr1;
}

static int read_descriptor(void *ctx, ipa_t ipa, uint64_t *desc)
{
	struct vcpu *vcpu = ctx;

	if (!vcpu->group->read_guest)
		return -EFAULT;
	return vcpu->group->read_guest(vcpu, ipa, desc, sizeof(*desc));
}

static uint64_t abort_status(struct vcpu *vcpu, const struct exit_info *info)
{
	const struct walk_memory mem = { read_descriptor, vcpu };
	struct el1_walk w;

	if (!(info->iss & ISS_ABT_S1PTW))
		return FSC_SEA;
	read_walk(vcpu, &w);
	return FSC_SEA_WALK + walk_level(&w, info->far, info->ipa, &mem);
}

bool vcpu_inject_abort(struct vcpu *vcpu, const struct exit_info *info)
{
	/* FNV, CM and WnR are the access's own; for a fetch they are RES0. */
	uint64_t iss = info->iss & ISS_ABT_FNV;
	struct el1_exception e = { .far = info->far, .has_far = true };

	if (info->ec != EC_IABT_LOW && info->ec != EC_DABT_LOW)
		return vcpu_inject_undef(vcpu);
	if (info->ec == EC_DABT_LOW)
		iss |= info->iss & (ISS_DABT_CM | ISS_DABT_WnR);
	/* IL is 1: always for a fetch, and for data when ISV is 0. */
	e.esr = BITS_VAL(ESR_EC, abort_class(vcpu, info)) | ESR_IL | iss |
		abort_status(vcpu, info);
	return inject(vcpu, &e);
}

void vcpu_inject_serror(struct vcpu *vcpu, uint32_t iss)
{
	vcpu->el1.vsesr = iss & ESR_ISS;
	if (!vcpu_is_loaded(vcpu)) {
		vcpu->control.hcr |= HCR_VSE;
		return;
	}
	arch_vsesr_write(vcpu->el1.vsesr);
	arch_hcr_write(arch_hcr_read() | HCR_VSE);
}

/* The IT block goes on: its last instruction clears it. */
static uint64_t it_advance(uint64_t pstate)
{
	uint64_t it = bits_get(SPSR_A32_IT_HIGH, pstate) << 2 | bits_get(SPSR_A32_IT_LOW, pstate);

	it = it & 7 ? (it & 0xe0) | ((it << 1) & 0x1f) : 0;
	pstate = bits_set(SPSR_A32_IT_LOW, pstate, it & 3);
	return bits_set(SPSR_A32_IT_HIGH, pstate, it >> 2);
}

void vcpu_advance(struct vcpu *vcpu, const struct exit_info *info)
{
	struct arch_gpregs *regs = vcpu->regs;

	regs->pc = info->next;
	/* The step that was to cover this instruction is over. */
	regs->pstate &= ~SPSR_SS;
	if (!info->is32)
		regs->pstate &= ~SPSR_BTYPE;
	else if (regs->pstate & SPSR_A32_T)
		regs->pstate = it_advance(regs->pstate);
}
