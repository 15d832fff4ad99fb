/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices of the board that a VM has for itself: found in the board's tree, judged, mapped, and
 * their interrupts linked. docs/passthrough.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/board.h"

#define PASS_MAX_DEVICES 8     /* of a VM                                        */
#define PASS_MAX_RANGES  16    /* of registers, of all its devices               */
#define PASS_MAX_IRQS    32

struct system_config;
struct vm;
struct vm_config;

struct pass_irq {
	uint32_t intid;              /* an SPI; the guest has the same           */
	uint32_t flags;              /* third cell of the binding: 1, 2 edge     */
};

struct pass_device {
	int node;                    /* of the board's tree                      */
	uint32_t nr_ranges, nr_irqs; /* of the set's                             */
};

/* All devices of one VM; addresses in the guest are the board's. */
struct passthrough {
	uint32_t nr_devices, nr_ranges, nr_irqs;
	struct pass_device device[PASS_MAX_DEVICES];
	struct board_range range[PASS_MAX_RANGES];   /* as in the tree       */
	struct pass_irq irq[PASS_MAX_IRQS];
};

/* The pages that hold a range. */
static inline struct board_range pass_pages(const struct board_range *r)
{
	uint64_t base = r->base.v & ~PAGE_MASK;

	return (struct board_range){
		PA(base), ((r->base.v + r->size + PAGE_MASK) & ~PAGE_MASK) - base,
	};
}

/**
 * pass_check() - judge the devices that VMs ask for
 * @cfg: read, not checked yet; of each VM pass is set, or refused with the reason
 * @b:   the board
 */
void pass_check(struct system_config *cfg, const struct board *b);

/* For vm_create(), once it has vCPUs: 0, or negative errno with a log line and nothing done. */
int pass_create(struct vm *vm);
/* Unlinked and deactivated, unmapped, given back. */
void pass_destroy(struct vm *vm);

/* Whether its interrupts may come: while the VM runs. */
void pass_enable(struct vm *vm, bool enable);
