/* SPDX-License-Identifier: Apache-2.0 */
/* What the board's device tree says, read once at boot. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <arch/layout.h>
#include "core/lib/types.h"

#define BOARD_MAX_RANGES 32

struct board_range {
	pa_t base;
	uint64_t size;
};

enum board_enable { BOARD_ENABLE_PSCI, BOARD_ENABLE_SPIN_TABLE };

struct board_cpu {
	uint64_t mpidr;
	enum board_enable enable;
	pa_t release_addr;           /* spin-table only */
};

/* A node of the tree; what its children's addresses look like. */
struct board_node {
	uint32_t offset;             /* of its tag, in words from the first       */
	uint32_t phandle;            /* 0: none                                   */
	uint32_t irq_parent;         /* phandle, its own or inherited; 0: none    */
	int16_t parent;              /* a node before it; of the root: negative   */
	uint16_t props, compatible;  /* words from the tag on; 0: it has none     */
	int8_t na, ns;               /* cells; negative: more than there can be   */
	int8_t irq_cells;            /* the same of interrupts; 0: none           */
};

struct board {
	const void *fdt;             /* whole tree, mapped read-only at EL2       */
	const struct board_node *node;
	int nr_nodes;
	pa_t fdt_pa;
	uint32_t nr_mem, nr_reserved, nr_cpus, nr_gicr;
	struct board_range mem[BOARD_MAX_RANGES];
	struct board_range reserved[BOARD_MAX_RANGES]; /* reserved-memory and memreserve */
	struct board_cpu cpus[MAX_PCPUS];              /* [0] is the boot pCPU    */
	struct board_range gicd;
	struct board_range gicr[8];
	uint64_t gicr_stride;        /* bytes; 0: architected                     */
	struct board_range uart;
	char uart_compatible[32];
	uint32_t uart_intid;
	uint32_t intid_hyp_timer;    /* CNTHP PPI                                 */
	uint32_t intid_virt_timer;   /* CNTV PPI                                  */
	uint32_t intid_phys_timer;   /* CNTP PPI, Non-secure                      */
	uint32_t intid_maintenance;  /* GIC maintenance PPI                       */
	bool psci_smc, psci_hvc;     /* conduit                                   */
	struct board_range initrd;   /* the bundle; size 0 if there is none       */
	uint8_t rng_seed[64];
	uint32_t rng_seed_len;
};

extern struct board board;           /* fixed after boot */
