/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Software generated interrupts: trapped, as HCR_EL2.IMO or FMO make writes of
 * ICC_SGI*R_EL1 exit. Spec: GIC IHI 0069, "ICC_SGI1R_EL1", "Forwarding an SGI to
 * a target PE".
 */
#include "irq/vgic_fast.h"
#include "irq/vgic_int.h"

#define SGIS 0xffffu

static void sgi_send(struct vgic_vcpu *to, uint32_t bit, bool group1)
{
	bool news = false;

	spin_lock_inline(&to->lock);
	if (!(to->word.latch & bit) && !(to->word.group & bit) == !group1) {
		to->word.latch |= bit;
		news = word_forwarded(&to->word, vgic_ctlr(to->vgic)) & bit;
	}
	spin_unlock_inline(&to->lock);
	if (news)
		thread_request(to->thread, THREAD_REQ_SGI);
}

static void sgi_all_but(struct vgic_vcpu *from, uint32_t bit, bool group1)
{
	struct vgic *g = from->vgic;

	for (uint32_t n = 0; n < g->nr_vcpus; n++)
		if (g->vcpu[n] != from)
			sgi_send(g->vcpu[n], bit, group1);
}

/* Bits of the target list without a vCPU are ignored. */
static void sgi_list(struct vgic *g, uint64_t val, uint32_t bit, bool group1)
{
	uint32_t cluster = (uint32_t)(bits_get(ICC_SGIR_AFF3, val) << 24 |
				      bits_get(ICC_SGIR_AFF2, val) << 16 |
				      bits_get(ICC_SGIR_AFF1, val) << 8);
	uint32_t first = 16 * (uint32_t)bits_get(ICC_SGIR_RS, val);
	uint32_t list = (uint32_t)bits_get(ICC_SGIR_TARGETS, val);

	for (; list; list &= list - 1) {
		uint32_t aff = cluster | (first + (uint32_t)__builtin_ctz(list));
		struct vgic_vcpu *to = vgic_by_affinity(g, aff);

		if (to)
			sgi_send(to, bit, group1);
	}
}

/* The one vCPU that is meant, if it is of the sender's cluster as usual; or NULL. */
static struct vgic_vcpu *sgi_target(const struct vgic_vcpu *from, uint64_t val)
{
	uint32_t idx = (from->idx & ~15u) + (uint32_t)__builtin_ctz((uint32_t)val | 1u << 31);
	struct vgic_vcpu *to = idx < from->vgic->nr_vcpus ? from->vgic->vcpu[idx] : NULL;

	return to && to->sgir_self == (val & ~ICC_SGIR_INTID) ? to : NULL;
}

bool vgic_take_sgis(struct vgic_vcpu *v)
{
	uint32_t left;

	spin_lock_inline(&v->lock);
	for (uint32_t m = v->word.latch & v->fast & SGIS; m; m &= m - 1)
		if (vgic_repend(v, (uint32_t)__builtin_ctz(m), 0, 0))
			v->word.latch &= ~(m & -m);
	left = v->word.latch & SGIS;
	if (left)
		left &= word_forwarded(&v->word, vgic_ctlr(v->vgic));
	spin_unlock_inline(&v->lock);
	return !left;
}

void vgic_sgi(struct vgic_vcpu *from, uint64_t val, enum vgic_sgi_reg reg)
{
	uint32_t bit = 1u << bits_get(ICC_SGIR_INTID, val);
	struct vgic_vcpu *to = sgi_target(from, val);

	if (to)
		sgi_send(to, bit, reg == VGIC_SGI1R);
	else if (val & ICC_SGIR_IRM)
		sgi_all_but(from, bit, reg == VGIC_SGI1R);
	else
		sgi_list(from->vgic, val, bit, reg == VGIC_SGI1R);
}
