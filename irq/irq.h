/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical interrupts are taken at EL2 and go to the owner of their INTID: a
 * handler of the hypervisor, or a VM whose interrupt is linked to it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <arch/regs_gic.h>
#include "core/percpu.h"

struct vgic_vcpu;

/* Interrupts masked, no lock held, on the pCPU that took it. */
typedef void irq_handler(void *ctx, uint32_t intid);

/**
 * irq_register() - the hypervisor's own interrupt
 * @intid:   SGI, PPI or SPI without an owner
 * @handler: must make a level interrupt drop; the interrupt is deactivated
 *           when it returns. NULL, for IRQ_SGI_KICK alone: the thread's requests
 *           are looked at on the way out, so who takes it ends it at once
 * @ctx:     handed to handler
 *
 * Enables it: an SPI for all, an SGI or PPI on this pCPU and on every pCPU that
 * runs gicv3_cpu_init() later. Register those before other pCPUs start.
 *
 * Return: 0; -EINVAL not an INTID of this GIC; -EBUSY it has an owner.
 */
int irq_register(uint32_t intid, irq_handler *handler, void *ctx);

/**
 * irq_link_percpu() - a PPI that belongs to whichever vCPU is loaded
 * @intid:   PPI without an owner
 * @handler: takes the interrupt, which stays active: whoever ends it on behalf
 *           of the guest (the HW bit, or gicv3_set_active()) deactivates it
 * @ctx:     handed to handler
 *
 * Return: as irq_register().
 */
int irq_link_percpu(uint32_t intid, irq_handler *handler, void *ctx);

/**
 * irq_link_vm() - give a physical SPI to a VM
 * @pintid: SPI without an owner
 * @v:      any vCPU of the VM; the interrupt follows the guest's routing
 * @vintid: SPI in the VM
 * @who:    its name for the log; stays
 *
 * The guest's end-of-interrupt deactivates the physical one without an exit.
 * Set configuration and route first. It is masked until irq_want().
 *
 * Return: as irq_register().
 */
int irq_link_vm(uint32_t pintid, struct vgic_vcpu *v, uint32_t vintid, const char *who);

/* Let one that is linked come, unless it storms, or not; off, that is complete on return. */
void irq_want(uint32_t pintid, bool wanted);

/* Disable, deactivate and forget an owner; when its VM ends. */
void irq_unlink(uint32_t pintid);

/**
 * irq_dispatch() - take what is pending
 *
 * From the IRQ vectors of guest and EL2, interrupts masked. Acknowledges, drops
 * the priority, calls the owner, deactivates what is the hypervisor's own; goes
 * on while more is pending, up to a bound or a kick. What nobody owns is masked and named,
 * as is an SPI that comes too often (IRQ_STORM_PER_S), a VM's too; that one is tried
 * again after a while, which doubles with each storm until a second was quiet.
 */
void irq_dispatch(void);

/* The same from the FIQ vector: where gicv3_has_recall(), what is EL2's own comes there. */
void irq_dispatch_own(void);

/* Into the trace with it; true: there is none, or one of no kind that is used, which is ended. */
bool irq_look(uint32_t intid);

/* Was there nothing to acknowledge? Tracing makes every INTID one that is looked at closer. */
static inline __attribute__((always_inline)) bool irq_is_none(uint32_t intid)
{
	return (intid | (uint32_t)cpu_traced()) >= INTID_SPI_END && irq_look(intid);
}

/* The part of irq_dispatch() for one that was acknowledged and dropped its priority. */
void irq_handle(uint32_t intid);

#define IRQ_STORM_PER_S 100000u
#define IRQ_STORM_FIRST 128u         /* masked for this part of a second at first */
#define IRQ_STORM_SHIFT 10           /* and at most 1 << this as long             */
