/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets an SPI. The owner follows IROUTER, but an active interrupt stays with
 * the vCPU that acknowledged it until it ends. Spec: GIC IHI 0069, "GICD_IROUTER".
 */
#include "irq/vgic_int.h"

/* By the usual numbering, 16 vCPUs to a cluster, the first try finds it. */
struct vgic_vcpu *vgic_by_affinity(const struct vgic *g, uint32_t aff)
{
	uint32_t guess = (aff >> 8) * 16 + (aff & 0xff);

	if (guess < g->nr_vcpus && g->vcpu[guess]->aff == aff)
		return g->vcpu[guess];
	for (uint32_t n = 0; n < g->nr_vcpus; n++)
		if (g->vcpu[n]->aff == aff)
			return g->vcpu[n];
	return NULL;
}

uint8_t vgic_route_owner(struct vgic *g, uint32_t spi)
{
	struct vgic_vcpu *v = vgic_by_affinity(g, g->spi[spi].route);

	return v ? (uint8_t)v->idx : VGIC_NO_OWNER;
}

void vgic_route_set_owner(struct vgic *g, uint32_t spi, uint8_t owner)
{
	uint32_t idx = spi / 32, bit = 1u << (spi & 31);
	uint8_t old = g->spi[spi].owner;

	if (old != VGIC_NO_OWNER)
		g->vcpu[old]->mine[idx] &= ~bit;
	if (owner != VGIC_NO_OWNER)
		g->vcpu[owner]->mine[idx] |= bit;
	g->spi[spi].owner = owner;
}

void vgic_route_renew(struct vgic *g, uint32_t idx, uint32_t bits)
{
	struct vgic_bank b = vgic_bank_spi(g, idx);
	uint32_t m = bits & g->moved[idx] & ~(b.w->active | b.w->in_lr);

	if (!m)
		return;
	g->moved[idx] &= ~m;
	for (uint32_t n = m; n; n &= n - 1) {
		uint32_t spi = idx * 32 + (uint32_t)__builtin_ctz(n);

		if (!(g->any[idx] & n & -n))
			vgic_route_set_owner(g, spi, vgic_route_owner(g, spi));
	}
	vgic_bank_attend(&b, m);
}
