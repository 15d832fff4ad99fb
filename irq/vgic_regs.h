/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers that distributor and redistributor have alike: 32 (or 16, or 4)
 * interrupts each, at the same offsets of their frames. irq/vgic_*.c only.
 */
#pragma once

#include "irq/vgic_int.h"

/* ctx of the register functions: whose registers are accessed. */
struct vgic_frame {
	struct vgic *g;
	struct vgic_vcpu *v;     /* redistributor of; NULL: the distributor */
};

#define VGIC_REG_RW(name) \
	uint64_t vgic_##name##_read(void *ctx, const struct mmio_access *acc, uint32_t off); \
	void vgic_##name##_write(void *ctx, const struct mmio_access *acc, uint32_t off)

VGIC_REG_RW(igroupr);
VGIC_REG_RW(isenabler);
VGIC_REG_RW(icenabler);
VGIC_REG_RW(ispendr);
VGIC_REG_RW(icpendr);
VGIC_REG_RW(isactiver);
VGIC_REG_RW(icactiver);
VGIC_REG_RW(ipriorityr);
VGIC_REG_RW(icfgr);
