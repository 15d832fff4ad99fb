/* SPDX-License-Identifier: Apache-2.0 */
#include "vcpu/wfx.h"

#include "core/thread.h"
#include "vcpu/vcpu.h"

enum exit_verdict exit_wfx(struct vcpu *vcpu, const struct exit_info *info)
{
	if (!exit_condition(info->iss, vcpu->regs->pstate))
		return EXIT_DONE;
	if (bits_get(ISS_WFX_TI, info->iss) == WFX_TI_WFI)
		return EXIT_BLOCK;
	/*
	 * WFE may end at any time, and what ends it is often another vCPU's SEV,
	 * which nobody tells us: give way once, then look again. WFIT and WFET are
	 * not shown to guests; who uses them all the same gets this too.
	 */
	thread_yield();
	return EXIT_DONE;
}

void vcpu_update_wfx_trap(struct vcpu *vcpu)
{
	uint64_t want = thread_has_rivals(&vcpu->thread) ? HCR_WFX :
			thread_must_sleep(&vcpu->thread) || (CONFIG_DIRECT && vcpu->group->direct) ?
			HCR_TWI : 0;

	if ((vcpu->control.hcr & HCR_WFX) == want)
		return;
	vcpu->control.hcr = (vcpu->control.hcr & ~HCR_WFX) | want;
	arch_hcr_write((arch_hcr_read() & ~HCR_WFX) | want);
}
