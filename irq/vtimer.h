/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU's timers, the virtual (CNTV) and the physical one (CNTP): the hardware's, in the
 * guest's hands while the vCPU is loaded; their interrupts are linked. CNTP traps until a guest
 * touches it, so that switches cost nothing for the many that never do. Spec: Arm ARM DDI 0487,
 * "The Generic Timer in AArch64 state".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <arch/vtimer.h>
#include "core/spinlock.h"
#include "core/timer.h"

struct vgic_vcpu;

#define VTIMER_INTID_VIRT 27u        /* PPIs, as Arm's BSA gives them */
#define VTIMER_INTID_PHYS 30u

struct vtimer {
	struct vgic_vcpu *vgic;      /* fixed                                     */
	uint64_t offset;             /* CNTVCT = CNTPCT - offset; same for a VM   */
	/*
	 * Held over each change below and what follows from it, line and soft timers: one
	 * of these may fire on the pCPU that the vCPU has left. Rank 38, docs/locking.md.
	 */
	struct spinlock lock;
	uint64_t v_ctl, v_cval;      /* CNTV while not loaded                     */
	uint64_t p_ctl, p_cval;      /* CNTP, likewise                            */
	/* written on the vCPU's own pCPU only */
	bool     loaded;
	bool     phys;               /* CNTP is the guest's while loaded          */
	bool     v_armed, p_armed;   /* v_soft, p_soft may be in a queue          */
	/* armed while not loaded: stand in for CNTV and CNTP */
	struct timer v_soft, p_soft;
};

/* The board's PPIs of the timers. Fixed by vtimer_board_init(). */
extern uint32_t vtimer_virt_pintid, vtimer_phys_pintid;

/**
 * vtimer_board_init() - take the board's PPIs of the guests' timers; once, boot pCPU
 * @virt: board.intid_virt_timer
 * @phys: board.intid_phys_timer
 *
 * Return: as irq_link_percpu().
 */
int vtimer_board_init(uint32_t virt, uint32_t phys);

/* CNTHCTL_EL2 of the calling pCPU: CNTPCT direct, CNTP trapped; both timers off. */
void vtimer_cpu_init(void);

/**
 * vtimer_init() - join timers to a vCPU's interrupts
 * @t:      zeroed
 * @v:      after vgic_vcpu_init()
 * @offset: of the VM's virtual counter; the same for all its vCPUs
 */
void vtimer_init(struct vtimer *t, struct vgic_vcpu *v, uint64_t offset);

/*
 * Back to power-on: both timers disabled. vtimer_reset() is for a vCPU that does
 * not run; if it is loaded, the hardware's registers follow when it calls
 * vtimer_restart() on its own thread, before its first instruction.
 */
void vtimer_reset(struct vtimer *t, uint64_t offset);
void vtimer_restart(struct vtimer *t);

/* Around another vCPU's turn: load after vgic_load(), put before vgic_put(). Masked. */
void vtimer_load(struct vtimer *t);
void vtimer_put(struct vtimer *t);

/*
 * Around a pause, on the vCPU's own thread and not loaded. Frozen, no timer fires;
 * vtimer_thaw() sets the counter's new offset and moves the physical timer's
 * deadline by as many ticks as were slept.
 */
void vtimer_freeze(struct vtimer *t);
void vtimer_thaw(struct vtimer *t, uint64_t offset, uint64_t slept);

/*
 * CNTP was accessed and trapped: from now on it is the guest's own. The access is to be made
 * again. On the vCPU's pCPU, loaded, masked.
 */
void vtimer_take_phys(struct vtimer *t);
