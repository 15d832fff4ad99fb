/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's GICv3: distributor, redistributors, CPU interface of EL2. Works
 * with one security state (DS = 1) and as the Non-secure half behind firmware
 * that kept the other. Spec: GIC IHI 0069.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arch/regs_gic.h>
#include "core/lib/space.h"

#define GICV3_MAX_REGIONS 8

/* Where the caller mapped the board's GIC, as device memory. */
struct gicv3_map {
	void __mmio *gicd;                              /* NULL: the board has none       */
	void __mmio *gicr[GICV3_MAX_REGIONS];
	uint64_t gicr_size[GICV3_MAX_REGIONS];   /* bytes                          */
	uint32_t nr_gicr;
	uint64_t gicr_stride;                    /* bytes; 0: as GICR_TYPER tells  */
};

/* SGIs between pCPUs. */
#define IRQ_SGI_KICK 0u      /* leave the guest and look at the thread's requests */
#define IRQ_SGI_VGIC 1u      /* vGIC: fold the loaded vCPU's list registers       */

/**
 * gicv3_init() - take over the distributor; once, on the boot pCPU
 * @map:  copied
 * @why:  set to a sentence for the user on error
 *
 * Every SPI ends as group 1, level, disabled, not pending, not active, of one
 * priority, routed to the calling pCPU; affinity routing and group 1 are on. With one
 * security state and no EL3 group 0 is on too: what EL2 registers is in it, at the highest
 * priority, and comes as FIQ.
 *
 * Return: 0; -ENODEV no GICv3 here; -ETIMEDOUT it does not answer.
 */
int gicv3_init(const struct gicv3_map *map, const char **why);

/**
 * gicv3_cpu_init() - redistributor and CPU interface of the calling pCPU
 * @why: set to a sentence for the user on error
 *
 * Enables the SGIs and PPIs that irq_register() and irq_link_percpu() asked for
 * so far. percpus[].mpidr of this pCPU must be set. Leaves ICH_HCR_EL2 off.
 *
 * Return: 0; -ENODEV no redistributor has this pCPU's affinity, or no virtual
 *         CPU interface; -ETIMEDOUT.
 */
int gicv3_cpu_init(const char **why);

/* SPIs: for all; SGIs and PPIs: of the calling pCPU. Unknown INTIDs: nothing. */
void gicv3_enable(uint32_t intid);
void gicv3_disable(uint32_t intid);           /* complete on return */
void gicv3_set_priority(uint32_t intid, uint8_t prio);
void gicv3_set_edge(uint32_t intid, bool edge);     /* while disabled */
void gicv3_set_active(uint32_t intid, bool active);
void gicv3_set_pending(uint32_t intid, bool pending);

/*
 * Is there an interrupt that comes to EL2 though a guest has the CPU interface? Else all are
 * in group 1.
 */
bool gicv3_has_recall(void);

/*
 * Group 0 and the highest priority; or group 1, and the priority of all. Without
 * gicv3_has_recall() nothing. One that is on its way may still come as what it was.
 */
void gicv3_set_owned(uint32_t intid, bool own);

bool gicv3_is_active(uint32_t intid);
bool gicv3_is_edge(uint32_t intid);

/* Pending, by its line if it is level: also while it is active. */
bool gicv3_is_pending(uint32_t intid);

/* SPI only: send it to pCPU cpu. */
void gicv3_route(uint32_t intid, uint32_t cpu);

/* Send SGI sgi to pCPU cpu; what was stored before is visible to its handler. */
void gicv3_sgi(uint32_t cpu, uint32_t sgi);

/* IRQ_SGI_KICK. */
void gicv3_ipi(uint32_t cpu);

/* One more than the highest INTID of the distributor; 0 before gicv3_init(). */
uint32_t gicv3_nr_intids(void);
