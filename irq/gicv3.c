/* SPDX-License-Identifier: Apache-2.0 */
#include "irq/gicv3.h"

#include <errno.h>

#include <arch/cpu.h>
#include <arch/gic.h>
#include <arch/regs.h>
#include "core/lib/options.h"
#include "core/percpu.h"
#include "core/spinlock.h"
#include "irq/irq_int.h"

#define PRIO_ALL   0xa0u         /* one for all: EL2 handlers do not nest        */
#define PRIO_OWN   0u            /* in group 0: passes whatever a guest masks    */
#define WAIT_READS 1000000u      /* of a register that should change within a few */

static struct {
	/* fixed after boot */
	struct gicv3_map map;
	uint32_t nr_intids;
	bool group0;                        /* what is EL2's own is in group 0, an FIQ  */
	char __mmio *redist[MAX_PCPUS];     /* RD_base of each pCPU                     */
	struct spinlock lock;               /* rank 79: groups of SPIs, 32 to a register */
} gic;

static uint32_t read32(const char __mmio *frame, uint32_t off)
{
	return MMIO_READ(uint32_t, frame + off);
}

static void write32(char __mmio *frame, uint32_t off, uint32_t v)
{
	MMIO_WRITE(uint32_t, frame + off, v);
}

static uint64_t read64(const char __mmio *frame, uint32_t off)
{
	return MMIO_READ(uint64_t, frame + off);
}

static void write64(char __mmio *frame, uint32_t off, uint64_t v)
{
	MMIO_WRITE(uint64_t, frame + off, v);
}

static int wait_clear(const char __mmio *frame, uint32_t off, uint64_t bits)
{
	for (uint32_t n = 0; n < WAIT_READS; n++)
		if (!(read32(frame, off) & bits))
			return 0;
	return -ETIMEDOUT;
}

/* ---- distributor ---- */

/* Secure interrupts, if firmware kept some, ignore all of this. */
static void spis_quiet(char __mmio *gicd)
{
	for (uint32_t id = INTID_SPI_FIRST; id < gic.nr_intids; id += 32) {
		write32(gicd, GICD_ICENABLER + id / 8, ~0u);
		write32(gicd, GICD_ICPENDR + id / 8, ~0u);
		write32(gicd, GICD_ICACTIVER + id / 8, ~0u);
		write32(gicd, GICD_IGROUPR + id / 8, ~0u);
	}
	for (uint32_t id = INTID_SPI_FIRST; id < gic.nr_intids; id += 16)
		write32(gicd, GICD_ICFGR + id / 4, 0);
	for (uint32_t id = INTID_SPI_FIRST; id < gic.nr_intids; id += 4)
		write32(gicd, GICD_IPRIORITYR + id, PRIO_ALL * 0x01010101u);
}

static uint64_t route_of(uint64_t mpidr)
{
	return mpidr & (BITS(39, 32) | BITS(23, 0));
}

static void spis_route(char __mmio *gicd, uint64_t mpidr)
{
	for (uint32_t id = INTID_SPI_FIRST; id < gic.nr_intids; id++)
		write64(gicd, GICD_IROUTER + 8 * id, route_of(mpidr));
}

/* ARE and the enable of group 1 are the same bits in both views of the register. */
static int dist_start(char __mmio *gicd)
{
	int err;

	write32(gicd, GICD_CTLR, 0);
	err = wait_clear(gicd, GICD_CTLR, GICD_CTLR_RWP);
	if (err)
		return err;
	spis_quiet(gicd);
	err = wait_clear(gicd, GICD_CTLR, GICD_CTLR_RWP);
	if (err)
		return err;
	write32(gicd, GICD_CTLR, GICD_CTLR_ARE);
	err = wait_clear(gicd, GICD_CTLR, GICD_CTLR_RWP);
	if (err)
		return err;
	spis_route(gicd, arch_mpidr());
	write32(gicd, GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_ENABLE_G1 |
				 (gicv3_has_recall() ? GICD_CTLR_ENABLE_G0 : 0));
	return wait_clear(gicd, GICD_CTLR, GICD_CTLR_RWP);
}

int gicv3_init(const struct gicv3_map *map, const char **why)
{
	uint64_t rev;
	int err;

	*why = "This board has no GICv3 interrupt controller, which Corbel needs.";
	if (!map->gicd || !map->nr_gicr || map->nr_gicr > GICV3_MAX_REGIONS ||
	    !arch_gic_present())
		return -ENODEV;
	rev = bits_get(GIC_PIDR2_ARCHREV, read32(map->gicd, GIC_PIDR2));
	if (rev != 3 && rev != 4)
		return -ENODEV;
	gic.map = *map;
	gic.nr_intids = 32 * ((uint32_t)bits_get(GICD_TYPER_ITLINES,
						 read32(map->gicd, GICD_TYPER)) + 1);
	gic.nr_intids = MIN(gic.nr_intids, INTID_SPI_END);
	/* With EL3 it may be the firmware's to take, whoever made it one state. */
	gic.group0 = CONFIG_DIRECT && arch_gic_one_state() &&
		     (read32(map->gicd, GICD_CTLR) & GICD_CTLR_DS);
	err = dist_start(map->gicd);
	if (err)
		*why = "The GICv3 distributor does not complete writes (GICD_CTLR.RWP stays set).";
	return err;
}

bool gicv3_has_recall(void)
{
	return CONFIG_DIRECT && gic.group0;
}

uint32_t gicv3_nr_intids(void)
{
	return gic.nr_intids;
}

/* ---- redistributor ---- */

static uint64_t frame_size(const char __mmio *rd)
{
	if (gic.map.gicr_stride)
		return gic.map.gicr_stride;
	return (read64(rd, GICR_TYPER) & GICR_TYPER_VLPIS) ? 2 * GICR_FRAME_SIZE :
							     GICR_FRAME_SIZE;
}

static char __mmio *find_in_region(char __mmio *base, uint64_t size, uint32_t aff)
{
	uint64_t off = 0;

	while (off + GICR_FRAME_SIZE <= size) {
		char __mmio *rd = base + off;
		uint64_t typer = read64(rd, GICR_TYPER);

		if (bits_get(GICR_TYPER_AFFINITY, typer) == aff)
			return rd;
		if (typer & GICR_TYPER_LAST)
			return NULL;
		off += frame_size(rd);
	}
	return NULL;
}

static char __mmio *find_redist(uint64_t mpidr)
{
	uint32_t aff = (uint32_t)((mpidr & 0xffffff) | (mpidr >> 32 & 0xff) << 24);

	for (uint32_t n = 0; n < gic.map.nr_gicr; n++) {
		char __mmio *rd = find_in_region(gic.map.gicr[n], gic.map.gicr_size[n], aff);

		if (rd)
			return rd;
	}
	return NULL;
}

static uint32_t private_prio(uint32_t own, uint32_t first)
{
	uint32_t prio = 0;

	for (uint32_t id = first + 4; id-- > first;)
		prio = prio << 8 | (own >> id & 1 ? PRIO_OWN : PRIO_ALL);
	return prio;
}

static int redist_start(char __mmio *rd)
{
	char __mmio *sgi = rd + GICR_SGI_BASE;
	uint32_t own = gicv3_has_recall() ? irq_private_own() : 0;
	int err;

	write32(rd, GICR_WAKER, read32(rd, GICR_WAKER) & ~(uint32_t)GICR_WAKER_PROCESSOR_SLEEP);
	err = wait_clear(rd, GICR_WAKER, GICR_WAKER_CHILDREN_ASLEEP);
	if (err)
		return err;
	/* Where they were on they may stay so, by their architecture: irq_look() ends them. */
	if (read32(rd, GICR_CTLR) & GICR_CTLR_ENABLE_LPIS)
		write32(rd, GICR_CTLR, read32(rd, GICR_CTLR) & ~(uint32_t)GICR_CTLR_ENABLE_LPIS);
	write32(sgi, GICR_ICENABLER0, ~0u);
	write32(sgi, GICR_ICPENDR0, ~0u);
	write32(sgi, GICR_ICACTIVER0, ~0u);
	write32(sgi, GICR_IGROUPR0, ~own);
	for (uint32_t id = 0; id < INTID_SPI_FIRST; id += 4)
		write32(sgi, GICR_IPRIORITYR + id, private_prio(own, id));
	err = wait_clear(rd, GICR_CTLR, GICR_CTLR_RWP);
	if (!err)
		write32(sgi, GICR_ISENABLER0, irq_private_enabled());
	return err;
}

/* ICC_SGI0R_EL1 or ICC_SGI1R_EL1 to a pCPU, INTID 0; and which, in a bit that both have not. */
static uint64_t sgir[MAX_PCPUS];
#define SGIR_GROUP1 BIT(63)

static void note_sgir(uint64_t mpidr)
{
	uint64_t aff0 = bits_get(MPIDR_AFF0, mpidr);

	sgir[cpu_self()] = (gicv3_has_recall() ? 0 : SGIR_GROUP1) |
			   BITS_VAL(ICC_SGIR_AFF3, bits_get(MPIDR_AFF3, mpidr)) |
			   BITS_VAL(ICC_SGIR_AFF2, bits_get(MPIDR_AFF2, mpidr)) |
			   BITS_VAL(ICC_SGIR_AFF1, bits_get(MPIDR_AFF1, mpidr)) |
			   BITS_VAL(ICC_SGIR_RS, aff0 / 16) | BIT(aff0 % 16);
}

int gicv3_cpu_init(const char **why)
{
	char __mmio *rd = find_redist(arch_mpidr());
	int err;

	note_sgir(arch_mpidr());

	*why = "No GICv3 redistributor has this CPU's affinity.";
	if (!rd)
		return -ENODEV;
	gic.redist[cpu_self()] = rd;
	err = redist_start(rd);
	if (err) {
		*why = "A GICv3 redistributor does not wake up or complete writes.";
		return err;
	}
	arch_icc_init(gicv3_has_recall());
	arch_ich_hcr_write(0);
	for (unsigned int n = 0; n <= bits_get(ICH_VTR_LISTREGS, arch_ich_vtr()); n++)
		arch_ich_lr_write(n, 0);
	return 0;
}

/* ---- single interrupts ---- */

/* The frame that has an interrupt's registers, at the distributor's offsets. */
static char __mmio *frame_of(uint32_t intid)
{
	if (intid < INTID_SPI_FIRST)
		return gic.redist[cpu_self()] ? gic.redist[cpu_self()] + GICR_SGI_BASE : NULL;
	return intid < gic.nr_intids ? gic.map.gicd : NULL;
}

static void write_bit(uint32_t off, uint32_t intid)
{
	char __mmio *frame = frame_of(intid);

	if (frame)
		write32(frame, off + intid / 32 * 4, 1u << (intid & 31));
}

void gicv3_enable(uint32_t intid)
{
	write_bit(GICD_ISENABLER, intid);
}

void gicv3_disable(uint32_t intid)
{
	char __mmio *frame = frame_of(intid);

	if (!frame)
		return;
	write_bit(GICD_ICENABLER, intid);
	if (intid < INTID_SPI_FIRST)
		(void)wait_clear(gic.redist[cpu_self()], GICR_CTLR, GICR_CTLR_RWP);
	else
		(void)wait_clear(frame, GICD_CTLR, GICD_CTLR_RWP);
}

void gicv3_set_active(uint32_t intid, bool active)
{
	write_bit(active ? GICD_ISACTIVER : GICD_ICACTIVER, intid);
}

void gicv3_set_pending(uint32_t intid, bool pending)
{
	write_bit(pending ? GICD_ISPENDR : GICD_ICPENDR, intid);
}

bool gicv3_is_pending(uint32_t intid)
{
	const char __mmio *frame = frame_of(intid);

	return frame && (read32(frame, GICD_ISPENDR + intid / 32 * 4) >> (intid & 31) & 1);
}

bool gicv3_is_active(uint32_t intid)
{
	const char __mmio *frame = frame_of(intid);

	return frame && (read32(frame, GICD_ISACTIVER + intid / 32 * 4) >> (intid & 31) & 1);
}

bool gicv3_is_edge(uint32_t intid)
{
	const char __mmio *frame = frame_of(intid);

	return frame && (read32(frame, GICD_ICFGR + intid / 16 * 4) >> 2 * (intid & 15) & 2);
}

void gicv3_set_owned(uint32_t intid, bool own)
{
	uint32_t off = GICD_IGROUPR + intid / 32 * 4, bit = 1u << (intid & 31);
	char __mmio *frame = frame_of(intid);
	uint64_t flags;

	if (!frame || !gicv3_has_recall())
		return;
	gicv3_set_priority(intid, own ? PRIO_OWN : PRIO_ALL);
	flags = spin_lock_irqsave(&gic.lock);
	write32(frame, off, (read32(frame, off) & ~bit) | (own ? 0 : bit));
	spin_unlock_irqrestore(&gic.lock, flags);
}

void gicv3_set_priority(uint32_t intid, uint8_t prio)
{
	char __mmio *frame = frame_of(intid);

	if (frame)
		MMIO_WRITE(uint8_t, frame + GICD_IPRIORITYR + intid, prio);
}

void gicv3_set_edge(uint32_t intid, bool edge)
{
	uint32_t off = GICD_ICFGR + intid / 16 * 4, bit = 2u << 2 * (intid & 15);
	char __mmio *frame = frame_of(intid);

	if (frame)
		write32(frame, off, (read32(frame, off) & ~bit) | (edge ? bit : 0));
}

void gicv3_route(uint32_t intid, uint32_t cpu)
{
	if (intid >= INTID_SPI_FIRST && intid < gic.nr_intids)
		write64(gic.map.gicd, GICD_IROUTER + 8 * intid, route_of(percpus[cpu].mpidr));
}

/* ---- between pCPUs ---- */

void gicv3_sgi(uint32_t cpu, uint32_t sgi)
{
	uint64_t val = sgir[cpu] | BITS_VAL(ICC_SGIR_INTID, sgi);

	if (CONFIG_DIRECT && __builtin_expect(!(val & SGIR_GROUP1), true))
		arch_icc_sgi0r(val);
	else
		arch_icc_sgi1r(val & ~SGIR_GROUP1);
}

void gicv3_ipi(uint32_t cpu)
{
	gicv3_sgi(cpu, IRQ_SGI_KICK);
}
