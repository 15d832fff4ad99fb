/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interrupts = "direct": a vCPU that owns its pCPU has the physical CPU interface while all that
 * is enabled for it are physical interrupts, of its timers and of devices passed through; then
 * they reach it without an exit. For anything else, as the interrupt of an emulated device, it
 * goes back to list registers until the guest has ended that. What is EL2's own is in group 0
 * and comes as FIQ. docs/gic.md, "Direct interrupts"; docs/decisions/007.
 */
#pragma once

#include <stdbool.h>

#include "core/lib/options.h"
#include "irq/vgic.h"

/* In lr_used: what the words call in_lr is in no list register but in hardware's own hands. */
#define VGIC_LR_DIRECT 31u

/* Has v the physical interface? On the pCPU where it is loaded. */
static inline bool vgic_is_direct(const struct vgic_vcpu *v)
{
	return CONFIG_DIRECT &&
	       (atomic_load_explicit(&v->lr_used, memory_order_relaxed) & 1u << VGIC_LR_DIRECT);
}

/**
 * vgic_direct_begin() - give v the physical interface if nothing stands against it
 * @v: of a VM that is to have it; loaded here, masked, about to enter the guest
 *
 * THREAD_REQ_DIRECT is set in its thread's requests while it has not.
 */
void vgic_direct_begin(struct vgic_vcpu *v);

/*
 * Take it back; v must be flushed before it enters the guest, which is requested. On the pCPU
 * where it is loaded, masked, no lock held.
 */
void vgic_direct_end(struct vgic_vcpu *v);
