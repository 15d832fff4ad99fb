/* SPDX-License-Identifier: Apache-2.0 */
#include "vcpu/sysreg.h"

#include "vcpu/vcpu.h"

/* Where a family of registers has one row: ID_*, and DBGB/DBGW numbered by CRm. */
#define ID_FAMILY      SYSREG(3, 0, 0, 1, 0)
#define ENC_CRM        (0xfu << 3)
#define ENC_OP2        0x7u

uint32_t sysreg_of_iss(uint32_t iss)
{
	return SYSREG((uint32_t)bits_get(ISS_SYS_OP0, iss), (uint32_t)bits_get(ISS_SYS_OP1, iss),
		      (uint32_t)bits_get(ISS_SYS_CRN, iss), (uint32_t)bits_get(ISS_SYS_CRM, iss),
		      (uint32_t)bits_get(ISS_SYS_OP2, iss));
}

/* op0 3, op1 0, CRn 0, CRm 1 to 7. */
static bool is_idreg(uint32_t enc)
{
	return enc >= SYSREG(3, 0, 0, 1, 0) && enc <= SYSREG(3, 0, 0, 7, 7);
}

/* op0 2, op1 0, CRn 0, any CRm, op2 4 to 7. */
static bool is_numbered_debug(uint32_t enc)
{
	return (enc & ~(ENC_CRM | 3)) == SYSREG(2, 0, 0, 0, 4);
}

static uint32_t family_of(uint32_t enc)
{
	if (is_idreg(enc))
		return ID_FAMILY;
	if (is_numbered_debug(enc))
		return enc & ~ENC_CRM;
	return enc;
}

const struct sysreg_desc *sysreg_lookup(uint32_t enc)
{
	size_t lo = 0, hi = vcpu_nr_sysregs;

	enc = family_of(enc);
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (vcpu_sysregs[mid].enc == enc)
			return &vcpu_sysregs[mid];
		if (vcpu_sysregs[mid].enc < enc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static enum exit_verdict refuse(struct vcpu *vcpu)
{
	vcpu->stats.sysreg_refused++;
	return EXIT_UNDEF;
}

enum exit_verdict sysreg_read(struct vcpu *vcpu, uint32_t enc, uint64_t *value)
{
	const struct sysreg_desc *d = sysreg_lookup(enc);

	return d && d->read ? d->read(vcpu, enc, value) : refuse(vcpu);
}

enum exit_verdict sysreg_write(struct vcpu *vcpu, uint32_t enc, uint64_t value)
{
	const struct sysreg_desc *d = sysreg_lookup(enc);

	return d && d->write ? d->write(vcpu, enc, value) : refuse(vcpu);
}

enum exit_verdict exit_sysreg(struct vcpu *vcpu, const struct exit_info *info)
{
	uint32_t enc = sysreg_of_iss(info->iss);
	uint32_t rt = (uint32_t)bits_get(ISS_SYS_RT, info->iss);
	enum exit_verdict verdict;
	uint64_t value;

	if (!(info->iss & ISS_SYS_READ))
		return sysreg_write(vcpu, enc, vcpu_gpr_read(vcpu, rt));
	/* Identification registers first: they are read in loops at boot. */
	if (is_idreg(enc)) {
		vcpu_gpr_write(vcpu, rt, vcpu->group->idregs[enc & (ENC_CRM | ENC_OP2)]);
		return EXIT_DONE;
	}
	verdict = sysreg_read(vcpu, enc, &value);
	if (verdict == EXIT_DONE)
		vcpu_gpr_write(vcpu, rt, value);
	return verdict;
}
