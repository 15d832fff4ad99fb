/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU interface's registers that ICH_HCR_EL2.TC traps along with ICC_DIR_EL1,
 * on hardware that cannot trap that one alone. What they show is in ICH_VMCR_EL2.
 * Spec: GIC IHI 0069, "ICH_HCR_EL2", "ICV_CTLR_EL1", "ICV_RPR_EL1".
 */
#include "irq/vgic_int.h"

#include <arch/gic.h>
#include "irq/vgic_direct.h"

static uint64_t ctlr_read(uint64_t vmcr)
{
	uint64_t vtr = arch_ich_vtr();

	return BITS_VAL(ICC_CTLR_CBPR, bits_get(ICH_VMCR_VCBPR, vmcr)) |
	       BITS_VAL(ICC_CTLR_EOIMODE, bits_get(ICH_VMCR_VEOIM, vmcr)) |
	       BITS_VAL(ICC_CTLR_PRIBITS, bits_get(ICH_VTR_PRIBITS, vtr)) |
	       BITS_VAL(ICC_CTLR_IDBITS, bits_get(ICH_VTR_IDBITS, vtr)) |
	       BITS_VAL(ICC_CTLR_SEIS, bits_get(ICH_VTR_SEIS, vtr)) |
	       BITS_VAL(ICC_CTLR_A3V, bits_get(ICH_VTR_A3V, vtr));
}

uint64_t vgic_icc_read(const struct vgic_vcpu *v, enum vgic_icc reg)
{
	uint64_t vmcr = arch_ich_vmcr_read();
	uint32_t running;

	if (reg == VGIC_ICC_PMR)
		return bits_get(ICH_VMCR_VPMR, vmcr);
	if (reg == VGIC_ICC_CTLR)
		return ctlr_read(vmcr);
	if (vgic_is_direct(v))
		return arch_direct_rpr();
	running = vgic_running_priority();
	return MIN(running, 0xffu);
}

void vgic_icc_write(struct vgic_vcpu *v, enum vgic_icc reg, uint64_t val)
{
	uint64_t vmcr;

	/* A mask is the guest's at once; the rest when it has the interface again, as a mask that
	 * would tell the highest priority from the next. */
	if (vgic_is_direct(v) && reg == VGIC_ICC_PMR &&
	    ((uint32_t)val & vgic_hw.prio_mask) != vgic_first_step())
		arch_direct_pmr(MAX((uint32_t)val & vgic_hw.prio_mask, vgic_first_step()));
	else if (vgic_is_direct(v))
		vgic_direct_end(v);
	vmcr = arch_ich_vmcr_read();

	if (reg == VGIC_ICC_PMR) {
		vmcr = bits_set(ICH_VMCR_VPMR, vmcr, val & vgic_hw.prio_mask);
	} else {
		vmcr = bits_set(ICH_VMCR_VCBPR, vmcr, bits_get(ICC_CTLR_CBPR, val));
		vmcr = bits_set(ICH_VMCR_VEOIM, vmcr, bits_get(ICC_CTLR_EOIMODE, val));
	}
	arch_ich_vmcr_write(vmcr);
}
