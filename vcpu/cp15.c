/* SPDX-License-Identifier: Apache-2.0 */
#include "vcpu/cp15.h"

#include "vcpu/sysreg.h"
#include "vcpu/vcpu.h"

/* A coprocessor register and its name in AArch64. */
struct cp_reg {
	uint32_t cp;     /* CP(): the encoding, within CP14 or CP15 */
	uint32_t enc;    /* SYSREG()                                */
};

#define CP(opc1, crn, crm, opc2) \
	(BITS_VAL(ISS_CP32_OPC1, opc1) | BITS_VAL(ISS_CP32_CRN, crn) | \
	 BITS_VAL(ISS_CP32_CRM, crm) | BITS_VAL(ISS_CP32_OPC2, opc2))
#define CP_MASK (ISS_CP32_OPC1 | ISS_CP32_CRN | ISS_CP32_CRM | ISS_CP32_OPC2)

static const struct cp_reg cp15_regs[] = {
	{ CP(0, 14, 2, 0), SYSREG(3, 3, 14, 2, 0) },  /* CNTP_TVAL   */
	{ CP(0, 14, 2, 1), SYSREG(3, 3, 14, 2, 1) },  /* CNTP_CTL    */
};

static const struct cp_reg cp14_regs[] = {
	{ CP(0, 0, 1, 0),  SYSREG(2, 3, 0, 1, 0) },   /* DBGDSCRint  */
	{ CP(0, 0, 5, 0),  SYSREG(2, 3, 0, 5, 0) },   /* DBGDTR[RT]Xint */
};

/* MCRR and MRRC have other fields; one register of them can trap. */
#define CP64(opc1, crm) (BITS_VAL(ISS_CP64_OPC1, opc1) | BITS_VAL(ISS_CP64_CRM, crm))
#define CP64_MASK       (ISS_CP64_OPC1 | ISS_CP64_CRM)
#define CP64_CNTP_CVAL  CP64(2, 14)

static uint32_t find(const struct cp_reg *r, size_t nr, uint32_t iss)
{
	for (; nr--; r++)
		if (r->cp == (iss & CP_MASK))
			return r->enc;
	return UINT32_MAX;   /* no register: refused by the table */
}

/* In user mode r0 to r14 are x0 to x14; the upper halves become zero. */
static enum exit_verdict access32(struct vcpu *vcpu, uint32_t enc, uint32_t iss)
{
	uint32_t rt = (uint32_t)bits_get(ISS_CP32_RT, iss);
	enum exit_verdict verdict;
	uint64_t value;

	if (!(iss & ISS_CP32_READ))
		return sysreg_write(vcpu, enc, (uint32_t)vcpu_gpr_read(vcpu, rt));
	verdict = sysreg_read(vcpu, enc, &value);
	if (verdict == EXIT_DONE)
		vcpu_gpr_write(vcpu, rt, (uint32_t)value);
	return verdict;
}

enum exit_verdict exit_cp15_32(struct vcpu *vcpu, const struct exit_info *info)
{
	if (!exit_condition(info->iss, vcpu->regs->pstate))
		return EXIT_DONE;
	return access32(vcpu, find(cp15_regs, ARRAY_SIZE(cp15_regs), info->iss), info->iss);
}

enum exit_verdict exit_cp14_32(struct vcpu *vcpu, const struct exit_info *info)
{
	if (!exit_condition(info->iss, vcpu->regs->pstate))
		return EXIT_DONE;
	return access32(vcpu, find(cp14_regs, ARRAY_SIZE(cp14_regs), info->iss), info->iss);
}

enum exit_verdict exit_cp15_64(struct vcpu *vcpu, const struct exit_info *info)
{
	if (!exit_condition(info->iss, vcpu->regs->pstate))
		return EXIT_DONE;
	if ((info->iss & CP64_MASK) != CP64_CNTP_CVAL)
		return EXIT_UNDEF;
	/* The access is made again, then with the guest's own registers. */
	vtimer_take_phys(&vcpu->vtimer);
	return EXIT_RETRY;
}

enum exit_verdict exit_cp_refused(struct vcpu *vcpu, const struct exit_info *info)
{
	return exit_condition(info->iss, vcpu->regs->pstate) ? EXIT_UNDEF : EXIT_DONE;
}
