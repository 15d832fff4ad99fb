/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Around the vGIC in host tests: a VM with vCPUs on pCPUs, the GIC driver, the
 * threads and the soft timers, all as plain models. One thread plays all pCPUs,
 * unless the test says smp.
 */
#pragma once

#include "irq/vgic.h"
#include "irq/vtimer.h"
#include "tests/host/fake/gic.h"

#define WORLD_MAX_VCPUS 40u

struct world {
	struct vgic vgic;
	struct vgic_vcpu vcpu[WORLD_MAX_VCPUS];
	struct thread thread[WORLD_MAX_VCPUS];
	struct vgic_spi spi[VGIC_MAX_SPIS];
	uint32_t cpu_of[WORLD_MAX_VCPUS];    /* pCPU each vCPU runs on           */
	_Atomic uint32_t nr_sgis;            /* folding asked of other pCPUs     */
	_Atomic uint32_t nr_wakes;           /* requests made                    */
	_Atomic uint32_t nr_repends, nr_takes;   /* light paths that did the work */
	uint32_t phys_edge[32], set_pending; /* gicv3_is_edge(), gicv3_set_pending() */
	uint8_t phys_route[1024];
	bool timers;                         /* timer_any_here()                 */
	bool direct;                         /* for the next world_setup()       */
	bool smp;                            /* pCPUs are threads: only note SGIs */
	_Atomic bool sgi[MAX_PCPUS];
};

extern struct world world;

/* nr_vcpus vCPUs, vCPU n loaded on pCPU n while there are such, CPU interfaces open. */
void world_setup(uint32_t nr_vcpus, uint32_t nr_spis, uint32_t nr_lrs);

/* Play the pCPU of vCPU n from now on, loading it if another is loaded there. */
struct vgic_vcpu *world_run(uint32_t n);

/* What the run loop does before the guest goes on: requests, maintenance. */
void world_enter(void);

/* ICC_SGI1R_EL1 written by vCPU n where it is loaded, as the light exit does it. */
void world_sgi1r(uint32_t n, uint64_t val);

uint64_t world_gicd_read(uint64_t off, uint8_t size);
void world_gicd_write(uint64_t off, uint8_t size, uint64_t val);
uint64_t world_gicr_read(uint32_t n, uint64_t off, uint8_t size);
void world_gicr_write(uint32_t n, uint64_t off, uint8_t size, uint64_t val);

/* Group 1, enabled, of this priority; an SPI is routed to vCPU n. */
void world_irq(uint32_t n, uint32_t intid, uint8_t prio, bool edge);
