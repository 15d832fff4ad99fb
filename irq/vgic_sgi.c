/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Software generated interrupts: trapped, as HCR_EL2.IMO or FMO make writes of
 * ICC_SGI*R_EL1 exit. Spec: GIC IHI 0069, "ICC_SGI1R_EL1", "Forwarding an SGI to
 * a target PE".
 */
#include "irq/vgic_fast.h"
#include "irq/vgic_int.h"

/*
 * It is latched in the thread's requests, with one atomic instruction, until the target, or who
 * looks at its registers, takes it out. Nobody waits for a lock.
 */
static void sgi_send(struct vgic_vcpu *to, uint32_t bit, bool group1)
{
	if (!(__atomic_load_n(&to->word.group, __ATOMIC_RELAXED) & bit) == !group1)
		thread_request(to->thread, bit * (uint32_t)THREAD_REQ_SGI(0));
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

uint32_t vgic_sgis_sent(struct vgic_vcpu *v)
{
	/* Acquire, and before they are looked at: who sends one again is not missed. */
	return atomic_fetch_and_explicit(&v->thread->requests, ~(uint32_t)THREAD_REQ_SGIS,
					 memory_order_seq_cst) >> 16;
}

bool vgic_take_sgis(struct vgic_vcpu *v)
{
	uint32_t left = vgic_sgis_sent(v);

	for (uint32_t m = left & v->fast; m; m &= m - 1)
		if (vgic_repend(v, (uint32_t)__builtin_ctz(m), 0, 0))
			left &= ~(m & -m);
	if (!left)
		return true;
	spin_lock(&v->lock);
	v->word.latch |= left;
	spin_unlock(&v->lock);
	return false;
}

static __attribute__((cold, noinline))
void sgi_many(struct vgic_vcpu *from, uint64_t val, uint32_t bit, bool group1)
{
	if (val & ICC_SGIR_IRM)
		sgi_all_but(from, bit, group1);
	else
		sgi_list(from->vgic, val, bit, group1);
}

void vgic_sgi(struct vgic_vcpu *from, uint64_t val, enum vgic_sgi_reg reg)
{
	uint32_t bit = 1u << bits_get(ICC_SGIR_INTID, val);
	struct vgic_vcpu *to = sgi_target(from, val);

	if (to)
		sgi_send(to, bit, reg == VGIC_SGI1R);
	else
		sgi_many(from, val, bit, reg == VGIC_SGI1R);
}
