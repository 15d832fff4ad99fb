/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The distributor's frame, GICD, of a system with one security state and
 * affinity routing only. Spec: GIC IHI 0069, "The Distributor register map".
 */
#include "irq/vgic_regs.h"

static uint64_t ctlr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	const struct vgic_frame *f = ctx;

	(void)acc;
	(void)off;
	return vgic_ctlr(f->g) | GICD_CTLR_ARE | GICD_CTLR_DS;
}

/* Everybody folds and fills anew, and looks at all SPIs. */
static void ctlr_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct vgic *g = ((const struct vgic_frame *)ctx)->g;
	uint32_t val = (uint32_t)acc->value & (GICD_CTLR_ENABLE_G0 | GICD_CTLR_ENABLE_G1);

	(void)off;
	if (val == vgic_ctlr(g))
		return;
	for (uint32_t n = 0; n < g->nr_vcpus; n++)
		vgic_hold(g->vcpu[n]);
	spin_lock(&g->lock);
	atomic_store_explicit(&g->ctlr, val, memory_order_relaxed);
	for (uint32_t n = 0; n < g->nr_vcpus; n++)
		atomic_store_explicit(&g->vcpu[n]->spi_hint, (uint32_t)BITS(g->nr_words - 1, 0),
				      memory_order_relaxed);
	spin_unlock(&g->lock);
	for (uint32_t n = 0; n < g->nr_vcpus; n++)
		vgic_release(g->vcpu[n]);
}

static uint64_t typer_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return ((const struct vgic_frame *)ctx)->g->typer;
}

static uint64_t iidr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return ((const struct vgic_frame *)ctx)->g->iidr;
}

static uint64_t id_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)ctx;
	(void)acc;
	return vgic_id_reg(off, 0x92);
}

uint32_t vgic_id_reg(uint32_t off, uint8_t part)
{
	/* PIDR4-7, PIDR0-3, CIDR0-3: JEP106 code of Arm, architecture 3. */
	static const uint8_t ids[12] = {
		0x44, 0, 0, 0, 0, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1,
	};

	return off / 4 == 4 ? part : ids[off / 4];
}

/* ---- routing: 64 bits, also by halves ---- */

static bool spi_at(const struct vgic *g, uint32_t off, uint32_t *spi)
{
	*spi = off / 8 - INTID_SPI_FIRST;
	return off / 8 >= INTID_SPI_FIRST && *spi < g->nr_spis;
}

static uint64_t route_get(const struct vgic *g, uint32_t spi)
{
	uint64_t aff = g->spi[spi].route;

	return (aff & 0xffffff) | (aff >> 24) << 32 |
	       ((g->any[spi / 32] >> (spi & 31) & 1) ? GICD_IROUTER_IRM : 0);
}

static uint64_t irouter_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct vgic *g = ((const struct vgic_frame *)ctx)->g;
	uint64_t route;
	uint32_t spi;

	if (!spi_at(g, off, &spi))
		return 0;
	spin_lock(&g->lock);
	route = route_get(g, spi);
	spin_unlock(&g->lock);
	return acc->size == 4 ? route >> 8 * (off & 4) & 0xffffffff : route;
}

static uint64_t route_merge(uint64_t old, const struct mmio_access *acc, uint32_t off)
{
	if (acc->size == 8)
		return acc->value;
	return (off & 4) ? bits_set(BITS(63, 32), old, acc->value) :
			   bits_set(BITS(31, 0), old, acc->value);
}

static void route_set(struct vgic *g, uint32_t spi, uint64_t val)
{
	uint32_t bit = 1u << (spi & 31);

	g->spi[spi].route = (uint32_t)((val & 0xffffff) |
				       (vgic_hw.a3v ? (val >> 32 & 0xff) << 24 : 0));
	g->any[spi / 32] = (g->any[spi / 32] & ~bit) | ((val & GICD_IROUTER_IRM) ? bit : 0);
	g->moved[spi / 32] |= bit;
}

static void irouter_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct vgic *g = ((const struct vgic_frame *)ctx)->g;
	struct vgic_bank b;
	uint64_t held, old, val;
	uint32_t spi;

	if (!spi_at(g, off, &spi))
		return;
	b = vgic_bank_spi(g, spi / 32);
	held = vgic_bank_lock_settled(&b, 1u << (spi & 31));
	old = route_get(g, spi);
	val = route_merge(old, acc, off);
	if (val != old) {
		route_set(g, spi, val);
		vgic_route_renew(g, b.idx, 1u << (spi & 31));   /* later if it is active */
		vgic_direct_renew(&b, 1u << (spi & 31));
	}
	vgic_bank_unlock_settled(&b, held);
}

/* ---- the map ---- */

const struct reg_desc vgic_gicd_regs[] = {
	/*   off   len    sizes  name                read               write */
	REG(0x0000, 4,     4,   "GICD_CTLR",         ctlr_read,          ctlr_write),
	REG(0x0004, 4,     4,   "GICD_TYPER",        typer_read,         reg_wi),
	REG(0x0008, 4,     4,   "GICD_IIDR",         iidr_read,          reg_wi),
	REG(0x000c, 4,     4,   "GICD_TYPER2",       reg_raz,            reg_wi),
	REG(0x0010, 4,     4,   "GICD_STATUSR",      reg_raz,            reg_wi),  /* no reports */
	REG(0x0020, 0x20,  4,   "implementation",    reg_raz,            reg_wi),
	REG(0x0040, 4,     4,   "GICD_SETSPI_NSR",   reg_raz,            reg_wi),  /* no MBIS */
	REG(0x0048, 4,     4,   "GICD_CLRSPI_NSR",   reg_raz,            reg_wi),
	REG(0x0050, 4,     4,   "GICD_SETSPI_SR",    reg_raz,            reg_wi),
	REG(0x0058, 4,     4,   "GICD_CLRSPI_SR",    reg_raz,            reg_wi),
	REG(0x0080, 0x80,  4,   "GICD_IGROUPR",      vgic_igroupr_read,   vgic_igroupr_write),
	REG(0x0100, 0x80,  4,   "GICD_ISENABLER",    vgic_isenabler_read, vgic_isenabler_write),
	REG(0x0180, 0x80,  4,   "GICD_ICENABLER",    vgic_icenabler_read, vgic_icenabler_write),
	REG(0x0200, 0x80,  4,   "GICD_ISPENDR",      vgic_ispendr_read,   vgic_ispendr_write),
	REG(0x0280, 0x80,  4,   "GICD_ICPENDR",      vgic_icpendr_read,   vgic_icpendr_write),
	REG(0x0300, 0x80,  4,   "GICD_ISACTIVER",    vgic_isactiver_read, vgic_isactiver_write),
	REG(0x0380, 0x80,  4,   "GICD_ICACTIVER",    vgic_icactiver_read, vgic_icactiver_write),
	REG(0x0400, 0x3fc, 1|4, "GICD_IPRIORITYR",   vgic_ipriorityr_read, vgic_ipriorityr_write),
	REG(0x0800, 0x3fc, 1|4, "GICD_ITARGETSR",    reg_raz,            reg_wi),  /* ARE */
	REG(0x0c00, 0x100, 4,   "GICD_ICFGR",        vgic_icfgr_read,    vgic_icfgr_write),
	REG(0x0d00, 0x80,  4,   "GICD_IGRPMODR",     reg_raz,            reg_wi),  /* DS */
	REG(0x0e00, 0x100, 4,   "GICD_NSACR",        reg_raz,            reg_wi),  /* DS */
	REG(0x0f00, 4,     4,   "GICD_SGIR",         reg_raz,            reg_wi),  /* ARE */
	REG(0x0f10, 0x10,  1|4, "GICD_CPENDSGIR",    reg_raz,            reg_wi),  /* ARE */
	REG(0x0f20, 0x10,  1|4, "GICD_SPENDSGIR",    reg_raz,            reg_wi),  /* ARE */
	REG(0x0f80, 0x80,  4,   "GICD_INMIR",        reg_raz,            reg_wi),  /* no NMI */
	/* 0x1000-0x3fff: extended SPIs, which GICD_TYPER.ESPI says are not there. */
	REG(0x1000, 0x3000, 4,  "GICD_IGROUPRnE..",  reg_raz,            reg_wi),
	REG(0x6000, 0x1fe0, 4|8, "GICD_IROUTER",     irouter_read,       irouter_write),
	REG(0x8000, 0x2000, 4|8, "GICD_IROUTERnE",   reg_raz,            reg_wi),
	REG(0xc000, 0x3fd0, 4,  "implementation",    reg_raz,            reg_wi),
	REG(GIC_ID_REGS, 0x30, 4, "GICD_PIDR, CIDR", id_read,            reg_wi),
};
const uint32_t vgic_gicd_nr_regs = ARRAY_SIZE(vgic_gicd_regs);

#define ROW_IGROUPR    10     /* the first of those at 0x80, 0x100, .. 0x380 */
#define ROW_IPRIORITYR 17

/* Where the registers with a bit or a byte for each interrupt are; others are searched. */
static size_t row_guess(uint64_t offset)
{
	return offset < 0x400 ? ROW_IGROUPR - 1 + offset / 0x80 : ROW_IPRIORITYR;
}

/*
 * An access of a size that the register has not is reserved as an access to no
 * register is: RAZ/WI, as the GICs in the field do. Not an abort.
 */
int vgic_gicd_access(struct mmio_device *dev, struct mmio_access *acc)
{
	struct vgic_frame f = { container_of(dev, struct vgic, gicd), NULL };

	if (reg_table_access(vgic_gicd_regs, vgic_gicd_nr_regs, row_guess(acc->offset), &f, acc) &&
	    !acc->is_write)
		acc->value = 0;
	return 0;
}
