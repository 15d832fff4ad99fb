/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The redistributors' frames, GICR: two of 64 KiB for each vCPU, one after the
 * other. No LPIs. Spec: GIC IHI 0069, "The Redistributor register map".
 */
#include "irq/vgic_regs.h"

static uint64_t iidr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return ((const struct vgic_frame *)ctx)->g->iidr;
}

static uint64_t typer_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	uint64_t typer = ((const struct vgic_frame *)ctx)->v->typer;

	return acc->size == 8 ? typer : typer >> 8 * (off & 4) & 0xffffffff;
}

static uint64_t waker_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return ((const struct vgic_frame *)ctx)->v->asleep ?
	       GICR_WAKER_PROCESSOR_SLEEP | GICR_WAKER_CHILDREN_ASLEEP : 0;
}

static void waker_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)off;
	((const struct vgic_frame *)ctx)->v->asleep = acc->value & GICR_WAKER_PROCESSOR_SLEEP;
}

static uint64_t id_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)ctx;
	(void)acc;
	return vgic_id_reg(off, 0x93);
}

/* RD_base, then SGI_base at 0x10000. */
const struct reg_desc vgic_gicr_regs[] = {
	/*   off    len   sizes  name               read                write */
	REG(0x00000, 4,    4,   "GICR_CTLR",        reg_raz,            reg_wi),  /* no LPIs */
	REG(0x00004, 4,    4,   "GICR_IIDR",        iidr_read,          reg_wi),
	REG(0x00008, 8,    4|8, "GICR_TYPER",       typer_read,         reg_wi),
	REG(0x00010, 4,    4,   "GICR_STATUSR",     reg_raz,            reg_wi),
	REG(0x00014, 4,    4,   "GICR_WAKER",       waker_read,         waker_write),
	REG(0x00018, 4,    4,   "GICR_MPAMIDR",     reg_raz,            reg_wi),
	REG(0x0001c, 4,    4,   "GICR_PARTIDR",     reg_raz,            reg_wi),
	REG(0x00020, 0x20, 4,   "implementation",   reg_raz,            reg_wi),
	REG(0x00040, 8,    4|8, "GICR_SETLPIR",     reg_raz,            reg_wi),  /* no LPIs */
	REG(0x00048, 8,    4|8, "GICR_CLRLPIR",     reg_raz,            reg_wi),
	REG(0x00070, 8,    4|8, "GICR_PROPBASER",   reg_raz,            reg_wi),
	REG(0x00078, 8,    4|8, "GICR_PENDBASER",   reg_raz,            reg_wi),
	REG(0x000a0, 8,    4|8, "GICR_INVLPIR",     reg_raz,            reg_wi),
	REG(0x000b0, 8,    4|8, "GICR_INVALLR",     reg_raz,            reg_wi),
	REG(0x000c0, 4,    4,   "GICR_SYNCR",       reg_raz,            reg_wi),  /* never busy */
	REG(0x00100, 8,    4|8, "implementation",   reg_raz,            reg_wi),
	REG(0x00110, 8,    4|8, "implementation",   reg_raz,            reg_wi),
	REG(GIC_ID_REGS, 0x30, 4, "GICR_PIDR, CIDR", id_read,           reg_wi),
	REG(0x10080, 4,    4,   "GICR_IGROUPR0",    vgic_igroupr_read,   vgic_igroupr_write),
	REG(0x10084, 8,    4,   "GICR_IGROUPRnE",   reg_raz,            reg_wi),  /* no ePPIs */
	REG(0x10100, 4,    4,   "GICR_ISENABLER0",  vgic_isenabler_read, vgic_isenabler_write),
	REG(0x10104, 8,    4,   "GICR_ISENABLERnE", reg_raz,            reg_wi),
	REG(0x10180, 4,    4,   "GICR_ICENABLER0",  vgic_icenabler_read, vgic_icenabler_write),
	REG(0x10184, 8,    4,   "GICR_ICENABLERnE", reg_raz,            reg_wi),
	REG(0x10200, 4,    4,   "GICR_ISPENDR0",    vgic_ispendr_read,   vgic_ispendr_write),
	REG(0x10204, 8,    4,   "GICR_ISPENDRnE",   reg_raz,            reg_wi),
	REG(0x10280, 4,    4,   "GICR_ICPENDR0",    vgic_icpendr_read,   vgic_icpendr_write),
	REG(0x10284, 8,    4,   "GICR_ICPENDRnE",   reg_raz,            reg_wi),
	REG(0x10300, 4,    4,   "GICR_ISACTIVER0",  vgic_isactiver_read, vgic_isactiver_write),
	REG(0x10304, 8,    4,   "GICR_ISACTIVERnE", reg_raz,            reg_wi),
	REG(0x10380, 4,    4,   "GICR_ICACTIVER0",  vgic_icactiver_read, vgic_icactiver_write),
	REG(0x10384, 8,    4,   "GICR_ICACTIVERnE", reg_raz,            reg_wi),
	REG(0x10400, 0x20, 1|4, "GICR_IPRIORITYR",  vgic_ipriorityr_read, vgic_ipriorityr_write),
	REG(0x10420, 0x40, 1|4, "GICR_IPRIORITYRnE", reg_raz,           reg_wi),
	REG(0x10c00, 8,    4,   "GICR_ICFGR0, 1",   vgic_icfgr_read,    vgic_icfgr_write),
	REG(0x10c08, 0x10, 4,   "GICR_ICFGRnE",     reg_raz,            reg_wi),
	REG(0x10d00, 0xc,  4,   "GICR_IGRPMODR0",   reg_raz,            reg_wi),  /* DS */
	REG(0x10e00, 4,    4,   "GICR_NSACR",       reg_raz,            reg_wi),  /* DS */
	REG(0x10f80, 0xc,  4,   "GICR_INMIR0",      reg_raz,            reg_wi),  /* no NMI */
};
const uint32_t vgic_gicr_nr_regs = ARRAY_SIZE(vgic_gicr_regs);

/* Wrong sizes: RAZ/WI, as in the distributor. */
int vgic_gicr_access(struct mmio_device *dev, struct mmio_access *acc)
{
	struct vgic *g = container_of(dev, struct vgic, gicr);
	uint64_t idx = acc->offset / VGIC_GICR_SIZE;
	struct mmio_access sub = *acc;
	struct vgic_frame f;

	acc->value = 0;
	if (idx >= g->nr_vcpus)
		return 0;
	f = (struct vgic_frame){ g, g->vcpu[idx] };
	sub.offset = acc->offset % VGIC_GICR_SIZE;
	if (!reg_table_access(vgic_gicr_regs, vgic_gicr_nr_regs, 0, &f, &sub) && !acc->is_write)
		acc->value = sub.value;
	return 0;
}
