/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by irq/vgic_*.c only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/options.h"
#include "irq/vgic.h"

/* What each interrupt runs through several times, which -Os would make calls of. */
#if CONFIG_FAST
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

/* ---- words: 32 interrupts at a time ---- */

/* Pending by any cause, wherever it is kept. */
INLINE uint32_t word_pending(const struct vgic_word *w)
{
	return w->latch | w->lr_pend | (w->line & ~w->edge);
}

/* Enabled, and of a group that the distributor forwards. */
INLINE uint32_t word_forwarded(const struct vgic_word *w, uint32_t ctlr)
{
	return w->enabled & (((ctlr & GICD_CTLR_ENABLE_G1) ? w->group : 0) |
			     ((ctlr & GICD_CTLR_ENABLE_G0) ? ~w->group : 0));
}

INLINE uint32_t word_ready(const struct vgic_word *w, uint32_t ctlr)
{
	return word_pending(w) & word_forwarded(w, ctlr);
}

static inline uint32_t vgic_ctlr(const struct vgic *g)
{
	return atomic_load_explicit(&g->ctlr, memory_order_relaxed);
}

/*
 * 32 interrupts of one owner: a vCPU's own (v set) or SPIs (v NULL, word idx
 * of g). What the register handlers and the devices' lines work on.
 */
struct vgic_bank {
	struct vgic *g;
	struct vgic_vcpu *v;
	struct vgic_word *w;
	uint32_t idx;
	uint32_t valid;          /* bits that are implemented */
};

INLINE struct vgic_bank vgic_bank_private(struct vgic_vcpu *v)
{
	return (struct vgic_bank){ v->vgic, v, &v->word, 0, ~0u };
}

/* idx below g->nr_words. The last word of 988 SPIs has 28. */
static inline uint32_t vgic_valid_spis(const struct vgic *g, uint32_t idx)
{
	uint32_t nr = g->nr_spis - idx * 32;

	return nr < 32 ? (1u << nr) - 1 : ~0u;
}

INLINE struct vgic_bank vgic_bank_spi(struct vgic *g, uint32_t idx)
{
	return (struct vgic_bank){ g, NULL, &g->word[idx], idx, vgic_valid_spis(g, idx) };
}

static inline struct spinlock *vgic_bank_lock(const struct vgic_bank *b)
{
	return b->v ? &b->v->lock : &b->g->lock;
}

static inline uint8_t *vgic_bank_prio(const struct vgic_bank *b, uint32_t bit)
{
	return b->v ? &b->v->prio[bit] : &b->g->prio[b->idx * 32 + bit];
}

/**
 * vgic_bank_lock_settled() - lock a bank with the truth about bits in memory
 * @b:    bank
 * @bits: interrupts whose pending or active state matters
 *
 * Where one of them is in a list register, the vCPU that has it folds and keeps
 * its list registers empty until vgic_bank_unlock_settled(). Masked, no lock held.
 *
 * Return: the vCPUs held, to be handed to the unlock.
 */
uint64_t vgic_bank_lock_settled(const struct vgic_bank *b, uint32_t bits);
void vgic_bank_unlock_settled(const struct vgic_bank *b, uint64_t held);

/*
 * vgic_sgis_sent() - take the SGIs that were sent to v out of its thread's requests
 *
 * Return: a bit each, for v's latch.
 */
uint32_t vgic_sgis_sent(struct vgic_vcpu *v);

/* After a change to bits: have their vCPUs look at them. Bank locked. */
void vgic_bank_attend(const struct vgic_bank *b, uint32_t bits);

/*
 * Physical interrupts that are active for a guest which neither has them pending
 * nor active (any more): deactivate. Bank locked. SPIs on any pCPU; a private
 * bank on v's own pCPU, where it does nothing unless loaded.
 */
void vgic_bank_release_phys(const struct vgic_bank *b);

/* ---- SPI routing (vgic_route.c); g->lock held ---- */

/* The vCPU that SPI spi's IROUTER means now. */
uint8_t vgic_route_owner(struct vgic *g, uint32_t spi);

/* Make owner the one who gets spi; not while it is in a list register. */
void vgic_route_set_owner(struct vgic *g, uint32_t spi, uint8_t owner);

/* Choose anew for those of bits that are 1-of-N or were routed while active. */
void vgic_route_renew(struct vgic *g, uint32_t idx, uint32_t bits);

/* vCPU with these affinity fields, or NULL. */
struct vgic_vcpu *vgic_by_affinity(const struct vgic *g, uint32_t aff);

/* ---- list registers (vgic_lr.c) ---- */

/* What ICH_VTR_EL2 says of the virtual CPU interface; fixed by vgic_init(). */
struct vgic_hw {
	uint32_t nr_lrs, nr_aprs;
	uint32_t prebits;        /* preemption bits */
	uint32_t trap_dir;       /* of ICH_HCR_EL2: traps ICC_DIR_EL1       */
	uint8_t  prio_mask;
	bool     a3v;
};
extern struct vgic_hw vgic_hw;

static inline struct vgic_word *vgic_word_of(struct vgic_vcpu *v, uint32_t intid)
{
	return intid < 32 ? &v->word : &v->vgic->word[(intid - 32) / 32];
}

INLINE uint8_t vgic_prio_of(const struct vgic_vcpu *v, uint32_t intid)
{
	return intid < 32 ? v->prio[intid] : v->vgic->prio[intid - 32];
}

/*
 * v's lock, after the distributor's if v has to do with SPIs. v loaded here,
 * masked. Return: whether the distributor is locked.
 */
static inline bool vgic_lr_lock(struct vgic_vcpu *v)
{
	bool spis = v->lr_spi || atomic_load_explicit(&v->spi_hint, memory_order_relaxed);

	if (spis)
		spin_lock(&v->vgic->lock);
	spin_lock_inline(&v->lock);
	return spis;
}

static inline void vgic_lr_unlock(struct vgic_vcpu *v, bool spis)
{
	spin_unlock_inline(&v->lock);
	if (spis)
		spin_unlock(&v->vgic->lock);
}

/*
 * Read v's list registers back. They are to be written again: fill or clear.
 * Return: those that were in use.
 */
uint32_t vgic_lr_fold_locked(struct vgic_vcpu *v);

/*
 * Linked level PPIs of bits that came and were not acknowledged: is their line
 * still high? The guest may have reprogrammed its timer without an exit. Not
 * once the timer was taken from the guest.
 */
void vgic_lr_resample_locked(struct vgic_vcpu *v, uint32_t bits);
void vgic_lr_fill_locked(struct vgic_vcpu *v, bool spis, uint32_t stale);
void vgic_lr_clear_locked(struct vgic_vcpu *v, bool spis, uint32_t stale);

/* vgic_flush() under the lock. */
void vgic_lr_flush_locked(struct vgic_vcpu *v, bool spis);

/* All of v's list registers into memory, hardware's emptied. v loaded here, masked. */
void vgic_lr_empty(struct vgic_vcpu *v);

/* Call f for every word that may concern v; the first one is its private one. */
typedef void vgic_word_fn(struct vgic_vcpu *v, struct vgic_word *w, uint32_t first_intid,
			  uint32_t mine, void *arg);
void vgic_for_words(struct vgic_vcpu *v, bool spis, vgic_word_fn *f, void *arg);

/* The group priority that the vCPU loaded here is at (vgic_wfi.c); above 0xff: idle. */
uint32_t vgic_running_priority(void);

/* The lowest priority that is not 0, which is EL2's alone while a guest has the interface. */
static inline uint32_t vgic_first_step(void)
{
	return vgic_hw.prio_mask & -(uint32_t)vgic_hw.prio_mask;
}

/* v has the physical interface (lr_used says so): back to list registers, empty ones. Locked. */
void vgic_direct_fold_locked(struct vgic_vcpu *v);

/* What decides who gets linked ones of bits has changed, and they need not be pending. Locked. */
void vgic_direct_renew(const struct vgic_bank *b, uint32_t bits);

/* ---- loading (vgic_load.c) ---- */

/* Keep v's list registers empty, from now until release. No lock held, masked. */
void vgic_hold(struct vgic_vcpu *v);
void vgic_release(struct vgic_vcpu *v);

/* The CPU interface's registers of the pCPU as after power-on. */
void vgic_cpuif_clear(void);

/* ---- frames ---- */
extern const struct reg_desc vgic_gicd_regs[];
extern const uint32_t vgic_gicd_nr_regs;
extern const struct reg_desc vgic_gicr_regs[];
extern const uint32_t vgic_gicr_nr_regs;
int vgic_gicd_access(struct mmio_device *dev, struct mmio_access *acc);
int vgic_gicr_access(struct mmio_device *dev, struct mmio_access *acc);

#define VGIC_IIDR (BITS_VAL(GIC_IIDR_PRODUCT, 'C') | BITS_VAL(GIC_IIDR_IMPLEMENTER, 0x43b))

/* PIDR4..CIDR3 at GIC_ID_REGS: GICv3, by Arm; part is PIDR0. */
uint32_t vgic_id_reg(uint32_t off, uint8_t part);
