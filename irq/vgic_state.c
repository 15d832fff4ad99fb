/* SPDX-License-Identifier: Apache-2.0 */
/* The vGIC as a whole: making it, power-on state, and interrupts that arrive. */
#include "irq/vgic_int.h"

#include <errno.h>
#include <string.h>

#include <arch/cpu.h>
#include <arch/gic.h>
#include "irq/gicv3.h"
#include "irq/vgic_direct.h"

/* ---- making ---- */

static void read_hw(void)
{
	uint64_t vtr = arch_ich_vtr();
	uint32_t pribits = (uint32_t)bits_get(ICH_VTR_PRIBITS, vtr) + 1;

	vgic_hw.nr_lrs = MIN((uint32_t)bits_get(ICH_VTR_LISTREGS, vtr) + 1, ICH_NR_LRS_MAX);
	vgic_hw.prebits = (uint32_t)bits_get(ICH_VTR_PREBITS, vtr) + 1;
	vgic_hw.nr_aprs = vgic_hw.prebits > 5 ? 1u << (vgic_hw.prebits - 5) : 1;
	vgic_hw.prio_mask = (uint8_t)(0xff00u >> pribits);
	vgic_hw.a3v = vtr & ICH_VTR_A3V;
	vgic_hw.trap_dir = vtr & ICH_VTR_TDS ? ICH_HCR_TDIR : ICH_HCR_TC;
}

int vgic_init(struct vgic *g, const struct vgic_config *cfg)
{
	if (!cfg->nr_spis || cfg->nr_spis > VGIC_MAX_SPIS || !cfg->spi ||
	    !cfg->nr_vcpus || cfg->nr_vcpus > VGIC_MAX_VCPUS)
		return -EINVAL;
	read_hw();
	g->spi = cfg->spi;
	g->nr_spis = VGIC_SPI_STORAGE(cfg->nr_spis);
	g->nr_words = (g->nr_spis + 31) / 32;
	g->nr_vcpus = cfg->nr_vcpus;
	g->prio_mask = vgic_hw.prio_mask;
	g->direct = cfg->direct;
	g->typer = BITS_VAL(GICD_TYPER_ITLINES, g->nr_words) | BITS_VAL(GICD_TYPER_IDBITS, 9) |
		   (vgic_hw.a3v ? GICD_TYPER_A3V : 0);
	g->iidr = VGIC_IIDR;
	g->gicd = (struct mmio_device){ "GICD", cfg->gicd_base, VGIC_GICD_SIZE,
					vgic_gicd_access, NULL };
	g->gicr = (struct mmio_device){ "GICR", cfg->gicr_base,
					VGIC_GICR_SIZE * cfg->nr_vcpus, vgic_gicr_access, NULL };
	return 0;
}

void vgic_vcpu_init(struct vgic_vcpu *v, struct vgic *g, uint32_t idx, uint64_t mpidr,
		    struct thread *t)
{
	v->vgic = g;
	v->idx = idx;
	v->thread = t;
	/* MPIDR_EL1 has Aff3 apart, at bit 32. */
	v->aff = (uint32_t)((mpidr & 0xffffff) | (mpidr >> 32 & 0xff) << 24);
	v->typer = BITS_VAL(GICR_TYPER_AFFINITY, v->aff) | BITS_VAL(GICR_TYPER_PROCESSOR, idx) |
		   (idx + 1 == g->nr_vcpus ? GICR_TYPER_LAST : 0);
	v->sgir_self = BITS_VAL(ICC_SGIR_AFF3, v->aff >> 24) |
		       BITS_VAL(ICC_SGIR_AFF2, v->aff >> 16) |
		       BITS_VAL(ICC_SGIR_AFF1, v->aff >> 8) |
		       BITS_VAL(ICC_SGIR_RS, (v->aff & 0xff) / 16) | BIT(v->aff % 16);
	if ((v->aff & 0xff) > 15)
		g->typer |= GICD_TYPER_RSS;
	g->vcpu[idx] = v;
	if (CONFIG_DIRECT && g->direct) {
		v->lr_told = ICH_LR_EOI;
		atomic_fetch_or(&t->requests, THREAD_REQ_DIRECT);
	}
}

/* ---- power-on state ---- */

static void reset_word(struct vgic_word *w, uint32_t edge)
{
	*w = (struct vgic_word){ .edge = edge, .linked = w->linked };
}

static void reset_spis(struct vgic *g)
{
	for (uint32_t idx = 0; idx < g->nr_words; idx++) {
		struct vgic_bank b = vgic_bank_spi(g, idx);

		b.w->latch = b.w->active = b.w->in_lr = b.w->lr_pend = 0;
		vgic_bank_release_phys(&b);
		reset_word(b.w, 0);
		g->any[idx] = g->moved[idx] = 0;
	}
	for (uint32_t spi = 0; spi < g->nr_spis; spi++) {
		g->spi[spi].route = 0;
		g->prio[spi] = 0;
		g->spi[spi].owner = vgic_route_owner(g, spi);
	}
	g->next_any = 0;
	atomic_store_explicit(&g->ctlr, 0, memory_order_relaxed);
}

/* After reset_spis(): every SPI has the owner that route 0 means. */
static void reset_vcpu(struct vgic_vcpu *v)
{
	struct vgic *g = v->vgic;

	reset_word(&v->word, 0xffff);        /* SGIs are edge */
	memset(v->prio, 0, sizeof(v->prio));
	memset(v->mine, 0, sizeof(v->mine));
	for (uint32_t idx = 0; g->spi[0].owner == v->idx && idx < g->nr_words; idx++)
		v->mine[idx] = vgic_bank_spi(g, idx).valid;
	atomic_store_explicit(&v->spi_hint, 0, memory_order_relaxed);
	v->asleep = true;
	v->vmcr = 0;
	memset(v->ap0r, 0, sizeof(v->ap0r));
	memset(v->ap1r, 0, sizeof(v->ap1r));
	(void)vgic_sgis_sent(v);
	v->discard = atomic_load_explicit(&v->loaded, memory_order_relaxed);
	v->fast = 0;
}

void vgic_reset(struct vgic *g)
{
	uint64_t flags = spin_lock_irqsave(&g->lock);

	reset_spis(g);
	for (uint32_t n = 0; n < g->nr_vcpus; n++) {
		spin_lock(&g->vcpu[n]->lock);
		reset_vcpu(g->vcpu[n]);
		spin_unlock(&g->vcpu[n]->lock);
	}
	spin_unlock_irqrestore(&g->lock, flags);
}

/* ---- arrivals ---- */

/* Bank locked. A level that falls matters only while a list register says pending. */
static void line_change(const struct vgic_bank *b, uint32_t bit, bool level)
{
	struct vgic_word *w = b->w;

	if (!(w->line & bit) == !level)
		return;
	w->line ^= bit;
	if (level)
		w->latch |= w->edge & bit;
	else if (!(w->in_lr & bit))
		return;
	vgic_bank_attend(b, bit);
}

void vgic_set_line(struct vgic *g, uint32_t intid, bool level)
{
	uint32_t spi = intid - INTID_SPI_FIRST;
	struct vgic_bank b;
	uint64_t flags;

	if (intid < INTID_SPI_FIRST || spi >= g->nr_spis)
		return;
	b = vgic_bank_spi(g, spi / 32);
	flags = spin_lock_irqsave(&g->lock);
	line_change(&b, 1u << (spi & 31), level);
	spin_unlock_irqrestore(&g->lock, flags);
}

void vgic_set_ppi(struct vgic_vcpu *v, uint32_t intid, bool level)
{
	struct vgic_bank b = vgic_bank_private(v);
	uint64_t flags;

	if (intid < INTID_PPI_FIRST || intid >= INTID_SPI_FIRST)
		return;
	flags = spin_lock_irqsave(&v->lock);
	line_change(&b, 1u << intid, level);
	spin_unlock_irqrestore(&v->lock, flags);
}

static void line_set(void *ctx, uint32_t intid, bool level)
{
	vgic_set_line(ctx, intid, level);
}

struct irq_line vgic_line(struct vgic *g, uint32_t intid)
{
	return (struct irq_line){ line_set, g, intid };
}

/* ---- physical interrupts ---- */

static bool bank_of(struct vgic_vcpu *v, uint32_t intid, struct vgic_bank *b)
{
	if (intid < INTID_PPI_FIRST ||
	    (intid >= INTID_SPI_FIRST && intid - INTID_SPI_FIRST >= v->vgic->nr_spis))
		return false;
	*b = intid < INTID_SPI_FIRST ? vgic_bank_private(v) :
	     vgic_bank_spi(v->vgic, (intid - INTID_SPI_FIRST) / 32);
	return true;
}

int vgic_link(struct vgic_vcpu *v, uint32_t intid, uint32_t pintid)
{
	struct vgic_bank b;
	uint64_t flags;

	if (!bank_of(v, intid, &b) || pintid < INTID_PPI_FIRST || pintid >= INTID_SPI_END)
		return -EINVAL;
	flags = spin_lock_irqsave(vgic_bank_lock(&b));
	if (b.v)
		b.v->pintid[intid] = (uint16_t)pintid;
	else
		b.g->spi[intid - INTID_SPI_FIRST].pintid = (uint16_t)pintid;
	b.w->linked |= 1u << (intid & 31);
	spin_unlock_irqrestore(vgic_bank_lock(&b), flags);
	return 0;
}

/* Forget that the physical interrupt came; it may come again. */
void vgic_retract_hw(struct vgic_vcpu *v, uint32_t intid)
{
	uint32_t bit = 1u << (intid & 31);
	struct vgic_bank b;
	uint64_t flags, held;

	if (!bank_of(v, intid, &b))
		return;
	flags = arch_irq_save();
	held = vgic_bank_lock_settled(&b, bit);
	b.w->latch &= ~bit;
	vgic_bank_release_phys(&b);
	vgic_bank_unlock_settled(&b, held);
	arch_irq_restore(flags);
}

void vgic_unlink(struct vgic_vcpu *v, uint32_t intid)
{
	struct vgic_bank b;
	uint64_t flags;

	if (!bank_of(v, intid, &b))
		return;
	vgic_retract_hw(v, intid);
	flags = spin_lock_irqsave(vgic_bank_lock(&b));
	b.w->linked &= ~(1u << (intid & 31));
	if (!b.v && (b.w->phys_active >> (intid & 31) & 1)) {
		b.w->phys_active &= ~(1u << (intid & 31));
		gicv3_set_active(b.g->spi[intid - INTID_SPI_FIRST].pintid, false);
	}
	spin_unlock_irqrestore(vgic_bank_lock(&b), flags);
}

void vgic_inject_hw(struct vgic_vcpu *v, uint32_t intid, uint32_t pintid)
{
	uint32_t bit = 1u << (intid & 31);
	struct vgic_bank b;
	uint64_t flags;

	(void)pintid;
	if (!bank_of(v, intid, &b))
		return;
	flags = spin_lock_irqsave(vgic_bank_lock(&b));
	b.w->latch |= bit;
	b.w->phys_active |= bit;
	b.w->phys_again |= b.w->in_lr & bit;
	vgic_bank_attend(&b, bit);
	spin_unlock_irqrestore(vgic_bank_lock(&b), flags);
}

/* In a list register only hardware knows whether the guest has ended it. */
static bool lr_in_flight(const struct vgic_vcpu *v, uint32_t intid)
{
	uint32_t used = atomic_load_explicit(&v->lr_used, memory_order_relaxed);

	for (; used; used &= used - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(used);

		if (v->lr_intid[n] == intid)
			return arch_ich_lr_read(n) & (ICH_LR_PENDING | ICH_LR_ACTIVE);
	}
	return false;
}

bool vgic_hw_in_flight(struct vgic_vcpu *v, uint32_t intid)
{
	uint32_t bit = 1u << (intid & 31);
	const struct vgic_word *w = &v->word;
	bool yes;

	spin_lock(&v->lock);
	if (w->in_lr & bit)
		yes = (w->phys_again & bit) || lr_in_flight(v, intid);
	else
		yes = w->phys_active & bit;
	spin_unlock(&v->lock);
	return yes;
}

void vgic_dir(struct vgic_vcpu *v, uint64_t val)
{
	uint32_t intid = (uint32_t)(val & INTID_MASK), bit = 1u << (intid & 31);
	struct vgic_bank b = vgic_bank_private(v);
	uint64_t held;

	/* Without a priority drop of its own it is not the end of anything. */
	if (!(arch_ich_vmcr_read() & ICH_VMCR_VEOIM))
		return;
	if (intid >= INTID_PPI_FIRST && !bank_of(v, intid, &b))
		return;
	held = vgic_bank_lock_settled(&b, bit);
	b.w->active &= ~bit;
	b.w->set_active &= ~bit;
	vgic_bank_release_phys(&b);
	if (!b.v)
		vgic_route_renew(b.g, b.idx, bit);
	vgic_bank_attend(&b, bit);
	vgic_bank_unlock_settled(&b, held);
	thread_request(v->thread, THREAD_REQ_IRQ);
}
