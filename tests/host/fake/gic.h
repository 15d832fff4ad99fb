/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of the GIC CPU interface for host tests, one for each pCPU: what EL2
 * writes to ICH_* is what the guest's acknowledge and end-of-interrupt act on,
 * as GIC IHI 0069 tells. Physical interrupts are a list that a test fills.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <arch/gic.h>
#include <arch/layout.h>

#define FAKE_NR_ACKS 64

struct fake_gic {
	uint64_t vtr, hcr, vmcr, lr[ICH_NR_LRS_MAX];
	uint32_t ap0r[ICH_NR_APRS_MAX], ap1r[ICH_NR_APRS_MAX];
	uint32_t phys_ppi_active;
	/* physical interrupts to be acknowledged, and what was done with them */
	uint32_t acks[FAKE_NR_ACKS], nr_acks, next_ack;
	uint32_t last_eoi, last_dir, nr_eoi, nr_dir;
	uint64_t last_sgi1r;
	uint32_t nr_lr_writes, nr_hcr_writes;
	uint64_t last_sgi0r;
	/* the physical interface, while the guest has it */
	bool     direct;
	struct direct_cpuif cpuif;
	uint32_t phys_shut;          /* PPIs that are disabled                     */
};

extern struct fake_gic fake_gics[MAX_PCPUS];
extern bool fake_gic_present;
extern bool fake_gic_one_state;
extern bool fake_gic_without_tdir;           /* for the next reset         */
extern uint32_t fake_phys_spi_active[32];    /* a bit each, by INTID */
extern uint32_t fake_phys_open[32];          /* in group 1, of those that are EL2's else */
extern uint8_t  fake_phys_prio[1024];

extern uint32_t fake_phys_low[32];           /* lines that fell, by INTID  */

/* The calling thread's pCPU. */
struct fake_gic *fake_gic(void);

/* Power on: nr_lrs list registers, 5 bits of priority. */
void fake_gic_reset(uint32_t nr_lrs);

/* The guest on this pCPU. group: 0 or 1. */
uint32_t fake_guest_ack(int group);          /* ICC_IAR<group>_EL1 */
void fake_guest_eoi(int group, uint32_t intid);
void fake_guest_dir(uint32_t intid);
bool fake_guest_signalled(int group);        /* vIRQ or vFIQ       */

/* Open the CPU interface: both groups, all priorities, finest binary point. */
void fake_guest_enable(void);

bool fake_maintenance(void);
