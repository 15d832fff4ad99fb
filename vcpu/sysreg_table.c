/* SPDX-License-Identifier: Apache-2.0 */
/* Who answers a trapped system register. What is missing here is Undefined. */
#include "vcpu/sysreg.h"

#include <arch/el1_state.h>
#include "core/lib/bits.h"
#include "vcpu/debug.h"
#include "vcpu/vcpu.h"

#define ICC_SRE_EL1_VALUE 0x7u   /* SRE, DFB, DIB: system registers, no bypass */

static uint32_t enc_crm(uint32_t enc)
{
	return enc >> 3 & 0xf;
}

static enum exit_verdict raz(struct vcpu *vcpu, uint32_t enc, uint64_t *value)
{
	(void)vcpu;
	(void)enc;
	*value = 0;
	return EXIT_DONE;
}

static enum exit_verdict wi(struct vcpu *vcpu, uint32_t enc, uint64_t value)
{
	(void)vcpu;
	(void)enc;
	(void)value;
	return EXIT_DONE;
}

static enum exit_verdict id_read(struct vcpu *vcpu, uint32_t enc, uint64_t *value)
{
	*value = vcpu->group->idregs[enc & (IDREG_NR - 1)];
	return EXIT_DONE;
}

static enum exit_verdict revidr_read(struct vcpu *vcpu, uint32_t enc, uint64_t *value)
{
	(void)vcpu;
	(void)enc;
	*value = arch_revidr();
	return EXIT_DONE;
}

static enum exit_verdict aidr_read(struct vcpu *vcpu, uint32_t enc, uint64_t *value)
{
	(void)vcpu;
	(void)enc;
	*value = arch_aidr();
	return EXIT_DONE;
}

/* Set 0 of way 0 stands for all of a level: the VM's memory, see vm/setway.h. */
static enum exit_verdict setway_write(struct vcpu *vcpu, uint32_t enc, uint64_t value)
{
	(void)vcpu;
	(void)enc;
	return value & DC_SW_SETWAY ? EXIT_DONE : EXIT_UP;
}

/* op2 4 to 7 is the bank, CRm the number. */
static enum exit_verdict dbg_read(struct vcpu *vcpu, uint32_t enc, uint64_t *value)
{
	return debug_read(vcpu, (enum debug_bank)(enc & 3), enc_crm(enc), value) ? EXIT_DONE
										 : EXIT_UNDEF;
}

static enum exit_verdict dbg_write(struct vcpu *vcpu, uint32_t enc, uint64_t value)
{
	return debug_write(vcpu, (enum debug_bank)(enc & 3), enc_crm(enc), value) ? EXIT_DONE
										  : EXIT_UNDEF;
}

static enum exit_verdict mdscr_read(struct vcpu *vcpu, uint32_t enc, uint64_t *value)
{
	(void)enc;
	*value = vcpu->debug.mdscr;
	return EXIT_DONE;
}

static enum exit_verdict mdscr_write(struct vcpu *vcpu, uint32_t enc, uint64_t value)
{
	(void)enc;
	debug_write_mdscr(vcpu, value);
	return EXIT_DONE;
}

static enum exit_verdict oslar_write(struct vcpu *vcpu, uint32_t enc, uint64_t value)
{
	(void)enc;
	debug_write_oslar(vcpu, value);
	return EXIT_DONE;
}

static enum exit_verdict oslsr_read(struct vcpu *vcpu, uint32_t enc, uint64_t *value)
{
	(void)enc;
	*value = OSLSR_OSLM | (vcpu->debug.os_lock ? OSLSR_OSLK : 0);
	return EXIT_DONE;
}

static enum exit_verdict icc_dir_write(struct vcpu *vcpu, uint32_t enc, uint64_t value)
{
	(void)enc;
	vgic_dir(&vcpu->vgic, value);
	return EXIT_DONE;
}

static enum exit_verdict icc_read(struct vcpu *vcpu, uint32_t enc, uint64_t *value)
{
	*value = vgic_icc_read(&vcpu->vgic, (enum vgic_icc)(enc & 7));
	return EXIT_DONE;
}

static enum exit_verdict icc_write(struct vcpu *vcpu, uint32_t enc, uint64_t value)
{
	vgic_icc_write(&vcpu->vgic, (enum vgic_icc)(enc & 7), value);
	return EXIT_DONE;
}

static enum exit_verdict icc_sgi_write(struct vcpu *vcpu, uint32_t enc, uint64_t value)
{
	static const enum vgic_sgi_reg by_op2[8] = {
		[5] = VGIC_SGI1R, [6] = VGIC_ASGI1R, [7] = VGIC_SGI0R,
	};

	vgic_sgi(&vcpu->vgic, value, by_op2[enc & 7]);
	return EXIT_DONE;
}

static enum exit_verdict icc_sre_read(struct vcpu *vcpu, uint32_t enc, uint64_t *value)
{
	(void)vcpu;
	(void)enc;
	*value = ICC_SRE_EL1_VALUE;
	return EXIT_DONE;
}

static enum exit_verdict cntp_read(struct vcpu *vcpu, uint32_t enc, uint64_t *value)
{
	(void)enc;
	(void)value;
	vtimer_take_phys(&vcpu->vtimer);
	return EXIT_RETRY;
}

static enum exit_verdict cntp_write(struct vcpu *vcpu, uint32_t enc, uint64_t value)
{
	return cntp_read(vcpu, enc, &value);
}

const struct sysreg_desc vcpu_sysregs[] = {
	/* HCR_EL2.TSW */
	SYS(1, 0, 7, 6, 2,    "DC ISW",            NULL,         setway_write),
	SYS(1, 0, 7, 10, 2,   "DC CSW",            NULL,         setway_write),
	SYS(1, 0, 7, 14, 2,   "DC CISW",           NULL,         setway_write),
	/* MDCR_EL2.TDA; the communication channel leads nowhere */
	SYS(2, 0, 0, 0, 2,    "OSDTRRX_EL1",       raz,          wi),
	SYS(2, 0, 0, 0, 4,    "DBGBVR<n>_EL1",     dbg_read,     dbg_write),
	SYS(2, 0, 0, 0, 5,    "DBGBCR<n>_EL1",     dbg_read,     dbg_write),
	SYS(2, 0, 0, 0, 6,    "DBGWVR<n>_EL1",     dbg_read,     dbg_write),
	SYS(2, 0, 0, 0, 7,    "DBGWCR<n>_EL1",     dbg_read,     dbg_write),
	SYS(2, 0, 0, 2, 0,    "MDCCINT_EL1",       raz,          wi),
	SYS(2, 0, 0, 2, 2,    "MDSCR_EL1",         mdscr_read,   mdscr_write),
	SYS(2, 0, 0, 3, 2,    "OSDTRTX_EL1",       raz,          wi),
	SYS(2, 0, 0, 6, 2,    "OSECCR_EL1",        raz,          wi),
	/* MDCR_EL2.TDRA, TDOSA */
	SYS(2, 0, 1, 0, 0,    "MDRAR_EL1",         raz,          NULL),
	SYS(2, 0, 1, 0, 4,    "OSLAR_EL1",         NULL,         oslar_write),
	SYS(2, 0, 1, 1, 4,    "OSLSR_EL1",         oslsr_read,   NULL),
	SYS(2, 0, 1, 3, 4,    "OSDLR_EL1",         raz,          wi),
	SYS(2, 0, 1, 4, 4,    "DBGPRCR_EL1",       raz,          wi),
	/* MDCR_EL2.TDA */
	SYS(2, 0, 7, 8, 6,    "DBGCLAIMSET_EL1",   raz,          wi),
	SYS(2, 0, 7, 9, 6,    "DBGCLAIMCLR_EL1",   raz,          wi),
	SYS(2, 0, 7, 14, 6,   "DBGAUTHSTATUS_EL1", raz,          NULL),
	SYS(2, 3, 0, 1, 0,    "MDCCSR_EL0",        raz,          NULL),
	SYS(2, 3, 0, 4, 0,    "DBGDTR_EL0",        raz,          wi),
	SYS(2, 3, 0, 5, 0,    "DBGDTR[RT]X_EL0",   raz,          wi),
	/* HCR_EL2.TID1 */
	SYS(3, 0, 0, 0, 6,    "REVIDR_EL1",        revidr_read,  NULL),
	/* HCR_EL2.TID3: all of CRm 1 to 7 */
	SYS(3, 0, 0, 1, 0,    "ID_*_EL1",          id_read,      NULL),
	/* HCR_EL2.TACR */
	SYS(3, 0, 1, 0, 1,    "ACTLR_EL1",         raz,          wi),
	/* ICH_HCR_EL2.TC, as ICC_RPR_EL1 and ICC_CTLR_EL1 below */
	SYS(3, 0, 4, 6, 0,    "ICC_PMR_EL1",       icc_read,     icc_write),
	/* HCR_EL2.TERR: no error records; with that the rest of them is RAZ/WI */
	SYS(3, 0, 5, 3, 0,    "ERRIDR_EL1",        raz,          NULL),
	SYS(3, 0, 5, 3, 1,    "ERRSELR_EL1",       raz,          wi),
	SYS(3, 0, 5, 4, 0,    "ERXFR_EL1",         raz,          NULL),
	SYS(3, 0, 5, 4, 1,    "ERXCTLR_EL1",       raz,          wi),
	SYS(3, 0, 5, 4, 2,    "ERXSTATUS_EL1",     raz,          wi),
	SYS(3, 0, 5, 4, 3,    "ERXADDR_EL1",       raz,          wi),
	SYS(3, 0, 5, 5, 0,    "ERXMISC0_EL1",      raz,          wi),
	SYS(3, 0, 5, 5, 1,    "ERXMISC1_EL1",      raz,          wi),
	/* ICH_HCR_EL2.TDIR or TC; HCR_EL2.IMO and FMO; ICC_SRE_EL2.Enable */
	SYS(3, 0, 12, 11, 1,  "ICC_DIR_EL1",       NULL,         icc_dir_write),
	SYS(3, 0, 12, 11, 3,  "ICC_RPR_EL1",       icc_read,     NULL),
	SYS(3, 0, 12, 11, 5,  "ICC_SGI1R_EL1",     NULL,         icc_sgi_write),
	SYS(3, 0, 12, 11, 6,  "ICC_ASGI1R_EL1",    NULL,         icc_sgi_write),
	SYS(3, 0, 12, 11, 7,  "ICC_SGI0R_EL1",     NULL,         icc_sgi_write),
	SYS(3, 0, 12, 12, 4,  "ICC_CTLR_EL1",      icc_read,     icc_write),
	SYS(3, 0, 12, 12, 5,  "ICC_SRE_EL1",       icc_sre_read, wi),
	/* HCR_EL2.TID1 */
	SYS(3, 1, 0, 0, 7,    "AIDR_EL1",          aidr_read,    NULL),
	/* CNTHCTL_EL2.EL1PCEN, until the first access */
	SYS(3, 3, 14, 2, 0,   "CNTP_TVAL_EL0",     cntp_read,    cntp_write),
	SYS(3, 3, 14, 2, 1,   "CNTP_CTL_EL0",      cntp_read,    cntp_write),
	SYS(3, 3, 14, 2, 2,   "CNTP_CVAL_EL0",     cntp_read,    cntp_write),
};
const size_t vcpu_nr_sysregs = ARRAY_SIZE(vcpu_sysregs);
