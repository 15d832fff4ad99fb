/* SPDX-License-Identifier: Apache-2.0 */
/* What the vGIC does in the few instructions of core/vmm/light.c; inlined there. */
#pragma once

#include <arch/gic.h>
#include "irq/vgic.h"

/* The first ones without a jump: a guest seldom has more in flight. */
static inline uint64_t vgic_lr_read(uint32_t n)
{
	return n == 0 ? arch_ich_lr_read(0) : n == 1 ? arch_ich_lr_read(1) : arch_ich_lr_read(n);
}

static inline void vgic_lr_write(uint32_t n, uint64_t lr)
{
	if (n == 0)
		arch_ich_lr_write(0, lr);
	else if (n == 1)
		arch_ich_lr_write(1, lr);
	else
		arch_ich_lr_write(n, lr);
}

/**
 * vgic_repend() - an interrupt comes again, and its list register is still there
 * @v:     loaded here, masked; no lock needed
 * @intid: SGI or PPI
 * @mask:  of ICH_LR_*: what the list register must have as @like has it
 *
 * Where nothing but pending was written, and the guest has ended that, writing it again
 * leaves hardware and words as folding and filling would. Anything that must be looked at
 * in between folds, and that forgets the place.
 *
 * Return: whether it is pending now.
 */
static inline __attribute__((always_inline))
bool vgic_repend(struct vgic_vcpu *v, uint32_t intid, uint64_t mask, uint64_t like)
{
	uint32_t n = v->lr_of[intid];
	uint64_t lr;

	if (!(v->fast >> intid & 1))
		return false;
	lr = vgic_lr_read(n);
	if ((lr ^ like) & (mask | ICH_LR_ACTIVE))
		return false;
	/* Two sendings of an SGI that is not acknowledged between them are one. */
	if (lr & ICH_LR_PENDING)
		return !(lr & ICH_LR_HW);
	vgic_lr_write(n, lr | ICH_LR_PENDING);
	v->injected++;
	return true;
}

/* ICC_SGI1R_EL1 written as for this vCPU alone. False: nothing done. As vgic_repend(). */
static inline bool vgic_sgi_self(struct vgic_vcpu *from, uint64_t val)
{
	return (val & ~ICC_SGIR_INTID) == from->sgir_self &&
	       vgic_repend(from, (uint32_t)bits_get(ICC_SGIR_INTID, val), ICH_LR_GROUP1,
			   ICH_LR_GROUP1);
}

/**
 * vgic_take_sgis() - the answer to THREAD_REQ_SGIS without a flush
 * @v: loaded here, masked; no lock held
 *
 * Takes them out of the requests. Return: false: some are latched and need a flush.
 */
bool vgic_take_sgis(struct vgic_vcpu *v);

/*
 * GICD_IPRIORITYR of SPIs, a word, without the lock: each byte is one interrupt's. False:
 * another register, or not aligned; the model shall answer.
 */
static inline bool vgic_light_prio(const struct vgic *g, uint64_t off, uint64_t *val)
{
	typedef uint32_t __attribute__((may_alias)) word;

	off -= GICD_IPRIORITYR + 32;
	if (off >= g->nr_spis || off & 3)
		return false;
	*val = __atomic_load_n((const word *)(const void *)(g->prio + off), __ATOMIC_RELAXED);
	return true;
}

/* GICD_ISENABLER written with what is set already. False: it must be looked at. */
static inline bool vgic_light_enable(const struct vgic *g, uint64_t off, uint64_t val)
{
	off -= GICD_ISENABLER + 4;
	return off < 4 * g->nr_words && !(off & 3) &&
	       !(val & ~__atomic_load_n(&g->word[off / 4].enabled, __ATOMIC_RELAXED));
}

/* The physical interrupt of the loaded vCPU's timer was taken and dropped its priority. */
static inline bool vgic_repend_timer(struct vgic_vcpu *v, uint32_t intid)
{
	return vgic_repend(v, intid, ICH_LR_HW, ICH_LR_HW);
}
