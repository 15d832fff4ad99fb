/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gic.h"

uintptr_t gic_redist_of(uint64_t mpidr)
{
	uint32_t want = (uint32_t)((mpidr & 0xffffff) | ((mpidr >> 32) & 0xff) << 24);
	uintptr_t r = GICR_BASE;

	for (unsigned int i = 0; i < 64; i++, r += GICR_STRIDE) {
		uint64_t typer = mmio_r64(r + GICR_TYPER);

		if (typer >> 32 == want)
			return r;
		if (typer & (1u << 4))
			break;
	}
	return 0;
}

uintptr_t gic_redist(void)
{
	static uintptr_t cache[NR_CPUS_MAX];
	uintptr_t *r = &cache[this_cpu()->idx];

	if (!*r)
		*r = gic_redist_of(read_sysreg(mpidr_el1));
	return *r;
}

static void wait_rwp(void)
{
	CHECK(WAIT_UNTIL(!(mmio_r32(GICD(GICD_CTLR)) & GICD_CTLR_RWP), LONG_MS), "RWP stays");
}

void gic_init(void)
{
	mmio_w32(GICD(GICD_CTLR), 0);
	wait_rwp();
	mmio_w32(GICD(GICD_CTLR), GICD_CTLR_ARE);
	wait_rwp();
	for (unsigned int i = 32; i < gic_nr_intids(); i += 32)
		mmio_w32(GICD(GICD_IGROUPR) + i / 8, 0xffffffff);
	mmio_w32(GICD(GICD_CTLR), GICD_CTLR_ARE | GICD_CTLR_GRP1);
	wait_rwp();
	gic_cpu_init();
}

void gic_cpu_init(void)
{
	uintptr_t r = gic_redist();

	CHECK(r, "no redistributor for MPIDR 0x%lx", read_sysreg(mpidr_el1));
	mmio_w32(r + GICR_WAKER, mmio_r32(r + GICR_WAKER) & ~WAKER_SLEEP);
	CHECK(WAIT_UNTIL(!(mmio_r32(r + GICR_WAKER) & WAKER_CHILDREN), LONG_MS), "asleep");
	mmio_w32(r + GICR_SGI + GICD_ICENABLER, 0xffffffff);
	mmio_w32(r + GICR_SGI + GICD_ICPENDR, 0xffffffff);
	mmio_w32(r + GICR_SGI + GICD_ICACTIVER, 0xffffffff);
	mmio_w32(r + GICR_SGI + GICD_IGROUPR, 0xffffffff);
	for (unsigned int i = 0; i < 32; i += 4)
		mmio_w32(r + GICR_SGI + GICD_IPRIORITYR + i, 0xa0a0a0a0);
	write_sysreg(ICC_SRE_EL1, read_sysreg(ICC_SRE_EL1) | 1);
	__asm__ volatile("isb" ::: "memory");
	gic_pmr(0xff);
	write_sysreg(ICC_BPR1_EL1, 0);
	write_sysreg(ICC_CTLR_EL1, read_sysreg(ICC_CTLR_EL1) & ~3ul);	/* EOImode 0 */
	write_sysreg(ICC_IGRPEN1_EL1, 1);
	__asm__ volatile("isb" ::: "memory");
}

uintptr_t gic_frame(unsigned int intid)
{
	return intid < 32 ? gic_redist() + GICR_SGI : GICD_BASE;
}

void gic_bit_set(unsigned int reg, unsigned int intid)
{
	mmio_w32(gic_frame(intid) + reg + intid / 32 * 4, 1u << (intid % 32));
}

bool gic_bit_get(unsigned int reg, unsigned int intid)
{
	return mmio_r32(gic_frame(intid) + reg + intid / 32 * 4) >> (intid % 32) & 1;
}

void gic_prio_set(unsigned int intid, uint8_t prio)
{
	mmio_w8(gic_frame(intid) + GICD_IPRIORITYR + intid, prio);
}

uint8_t gic_prio_get(unsigned int intid)
{
	return mmio_r8(gic_frame(intid) + GICD_IPRIORITYR + intid);
}

void gic_edge_set(unsigned int intid, bool edge)
{
	uintptr_t a = gic_frame(intid) + GICD_ICFGR + intid / 16 * 4;
	uint32_t bit = 2u << (intid % 16 * 2);

	mmio_w32(a, edge ? mmio_r32(a) | bit : mmio_r32(a) & ~bit);
}

void gic_route_set(unsigned int spi, uint64_t mpidr)
{
	mmio_w64(GICD(GICD_IROUTER) + spi * 8ul, mpidr & 0xff00fffffful);
}

unsigned int gic_nr_intids(void)
{
	unsigned int n = 32 * ((mmio_r32(GICD(GICD_TYPER)) & 0x1f) + 1);

	return n > 1020 ? 1020 : n;
}

void gic_quiet(unsigned int first, unsigned int nr)
{
	for (unsigned int i = first; i < first + nr; i++) {
		gic_bit_set(GICD_ICENABLER, i);
		gic_edge_set(i, true);
		gic_bit_set(GICD_ICPENDR, i);
		gic_bit_set(GICD_ICACTIVER, i);
		gic_prio_set(i, 0xa0);
		gic_route_set(i, read_sysreg(mpidr_el1));
	}
}

uint64_t gic_sgi_to(unsigned int sgi, uint64_t mpidr)
{
	uint64_t aff0 = mpidr & 0xff;

	return (uint64_t)sgi << 24 | 1ull << (aff0 & 0xf) | (aff0 >> 4) << 44 |
	       (mpidr >> 8 & 0xff) << 16 | (mpidr >> 16 & 0xff) << 32 | (mpidr >> 32 & 0xff) << 48;
}

uint32_t gic_wait_ack(unsigned int ms)
{
	uint32_t id = INTID_NONE;

	WAIT_UNTIL((id = gic_ack()) != INTID_NONE, ms);
	return id;
}
