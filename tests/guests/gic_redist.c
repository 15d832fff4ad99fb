/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The redistributors: one frame a CPU, found by affinity, with private interrupts of its own.
 * IHI 0069, "The Redistributor register descriptions".
 */
#include "lib/gic.h"
#include "lib/guest.h"

#define TYPER_LAST (1u << 4)

static uintptr_t frame(unsigned int i)
{
	return GICR_BASE + i * GICR_STRIDE;
}

static unsigned int nr_frames(void)
{
	unsigned int n = 0;

	while (n < 64) {
		if (mmio_r64(frame(n++) + GICR_TYPER) & TYPER_LAST)
			break;
	}
	return n;
}

static void every_cpu_has_one_and_the_last_says_so(void)
{
	CHECK_EQ(nr_frames(), smp_nr(), "redistributors up to Last");
	for (unsigned int i = 0; i < smp_nr(); i++)
		CHECK(gic_redist_of(cpus[i].mpidr), "no redistributor of cpu %u", i);
}

static void typer_is_whole_at_every_width(void)
{
	uint64_t seen = 0;

	for (unsigned int i = 0; i < nr_frames(); i++) {
		uint64_t t = mmio_r64(frame(i) + GICR_TYPER);

		CHECK_EQ(mmio_r32(frame(i) + GICR_TYPER), t & 0xffffffff, "lower half");
		CHECK_EQ(mmio_r32(frame(i) + GICR_TYPER + 4), t >> 32, "upper half");
		CHECK(!(seen >> (t >> 8 & 63) & 1), "Processor_Number %lu twice", t >> 8 & 0xffff);
		seen |= 1ul << (t >> 8 & 63);
		CHECK_EQ(t >> 1 & 1, 0, "GICR_TYPER.VLPIS without GICv4");
		mmio_w64(frame(i) + GICR_TYPER, 0);
		CHECK_EQ(mmio_r64(frame(i) + GICR_TYPER), t, "GICR_TYPER after a write");
	}
}

/* LPIs are offered by the distributor and the redistributors alike. */
static void lpi_support_agrees(void)
{
	bool dist = mmio_r32(GICD(GICD_TYPER)) >> 17 & 1;

	for (unsigned int i = 0; i < nr_frames(); i++)
		CHECK_EQ(mmio_r32(frame(i) + GICR_TYPER) & 1, dist, "GICR_TYPER.PLPIS");
}

static void waker_wakes(void)
{
	uintptr_t r = gic_redist();

	mmio_w32(r + GICR_WAKER, mmio_r32(r + GICR_WAKER) & ~WAKER_SLEEP);
	CHECK(WAIT_UNTIL(!(mmio_r32(r + GICR_WAKER) & WAKER_CHILDREN), LONG_MS),
	      "GICR_WAKER 0x%x", mmio_r32(r + GICR_WAKER));
	CHECK_EQ(mmio_r32(r + GICR_WAKER) & WAKER_SLEEP, 0, "GICR_WAKER.ProcessorSleep");
}

static void identification_says_gicv3(void)
{
	for (unsigned int i = 0; i < nr_frames(); i++) {
		CHECK_EQ(mmio_r32(frame(i) + GICR_PIDR2) >> 4 & 0xf, 3, "GICR_PIDR2.ArchRev");
		CHECK_EQ(mmio_r32(frame(i) + 0xfff0), 0x0d, "GICR_CIDR0");
		CHECK_EQ(mmio_r32(frame(i) + 0xfffc), 0xb1, "GICR_CIDR3");
		CHECK_EQ(mmio_r32(frame(i) + GICR_IIDR), mmio_r32(frame(0) + GICR_IIDR),
			 "GICR_IIDR");
	}
	CHECK_EQ(mmio_r32(gic_redist() + GICR_CTLR) >> 3 & 1, 0, "GICR_CTLR.RWP");
	CHECK_EQ(mmio_r32(gic_redist() + GICR_CTLR) >> 31 & 1, 0, "GICR_CTLR.UWP");
}

static void set_and_clear(uintptr_t s, uintptr_t c, uint32_t bits, const char *what)
{
	mmio_w32(c, 0xffffffff);
	CHECK((mmio_r32(s) & bits) == 0, "%s: 0x%x after clearing all", what, mmio_r32(s));
	mmio_w32(s, bits);
	CHECK((mmio_r32(s) & bits) == bits, "%s: 0x%x after setting", what, mmio_r32(s));
	mmio_w32(c, bits & ~0x8u);
	CHECK((mmio_r32(s) & bits) == (bits & 0x8), "%s: 0x%x after clearing", what, mmio_r32(s));
	mmio_w32(c, 0xffffffff);
}

/* SGI 3 and 5, and PPI 22 which no device of virt drives. */
static void private_interrupts_have_their_registers(void)
{
	const uint32_t sgis = 1u << 3 | 1u << 5, ppi = 1u << 22;
	uintptr_t r;

	gic_init();
	mmio_w32(GICD(GICD_CTLR), GICD_CTLR_ARE);
	r = gic_redist() + GICR_SGI;
	set_and_clear(r + GICD_ISENABLER, r + GICD_ICENABLER, sgis | ppi, "enable");
	set_and_clear(r + GICD_ISPENDR, r + GICD_ICPENDR, sgis, "pending");
	set_and_clear(r + GICD_ISACTIVER, r + GICD_ICACTIVER, sgis | ppi, "active");
	mmio_w32(r + GICD_IPRIORITYR + 4, 0x40302010);
	CHECK_EQ(mmio_r32(r + GICD_IPRIORITYR + 4), 0x40302010, "GICR_IPRIORITYR1");
	mmio_w8(r + GICD_IPRIORITYR + 5, 0x80);
	CHECK_EQ(mmio_r32(r + GICD_IPRIORITYR + 4), 0x40308010, "after a byte write");
}

static void sgis_are_edge(void)
{
	uintptr_t r = gic_redist() + GICR_SGI;

	CHECK_EQ(mmio_r32(r + GICD_ICFGR) & 0xaaaaaaaa, 0xaaaaaaaa, "GICR_ICFGR0");
	mmio_w32(r + GICD_ICFGR, 0);
	CHECK_EQ(mmio_r32(r + GICD_ICFGR) & 0xaaaaaaaa, 0xaaaaaaaa, "GICR_ICFGR0 after a write");
}

/* Another CPU's frame is as good as one's own. */
static void frames_of_others_are_separate(void)
{
	uintptr_t mine, other;

	SKIP_UNLESS(smp_nr() > 1, "one CPU");
	gic_init();
	mine = gic_redist() + GICR_SGI;
	other = gic_redist_of(cpus[1].mpidr) + GICR_SGI;
	mmio_w32(mine + GICD_ICENABLER, 0xffffffff);
	mmio_w32(other + GICD_ICENABLER, 0xffffffff);
	mmio_w32(other + GICD_ISENABLER, 1u << 7);
	CHECK_EQ(mmio_r32(other + GICD_ISENABLER), 1u << 7, "enabled there");
	CHECK_EQ(mmio_r32(mine + GICD_ISENABLER), 0, "enabled here");
	mmio_w8(other + GICD_IPRIORITYR + 7, 0x50);
	mmio_w8(mine + GICD_IPRIORITYR + 7, 0x90);
	CHECK_EQ(mmio_r8(other + GICD_IPRIORITYR + 7), 0x50, "priority there");
	mmio_w32(other + GICD_ICENABLER, 0xffffffff);
}

static void reserved_offsets_are_raz_wi(void)
{
	static const struct { unsigned int from, to; } reserved[] = {
		{ 0x0018, 0x0020 }, { 0x0200, 0x0300 }, { 0x8000, 0x8100 },
		{ GICR_SGI + 0x0000, GICR_SGI + 0x0080 }, { GICR_SGI + 0x8000, GICR_SGI + 0x8100 },
		{ GICR_SGI + 0xff00, GICR_SGI + 0xffd0 },
	};
	uintptr_t r = gic_redist();

	for (unsigned int i = 0; i < ARRAY_SIZE(reserved); i++) {
		for (unsigned int o = reserved[i].from; o < reserved[i].to; o += 4) {
			mmio_w32(r + o, 0xffffffff);
			CHECK(mmio_r32(r + o) == 0, "offset 0x%x reads 0x%x", o, mmio_r32(r + o));
		}
	}
}

static void every_offset_can_be_read(void)
{
	unsigned int n = 0;

	for (uintptr_t a = GICR_BASE; a < frame(nr_frames()); a += 4)
		n += TRAPS((void)mmio_r32(a));
	CHECK_EQ(n, 0, "exceptions");
}

GUEST_CASES(
	CASE(every_cpu_has_one_and_the_last_says_so),
	CASE(typer_is_whole_at_every_width),
	CASE(lpi_support_agrees),
	CASE(waker_wakes),
	CASE(identification_says_gicv3),
	CASE(private_interrupts_have_their_registers),
	CASE(sgis_are_edge),
	CASE(frames_of_others_are_separate),
	CASE(reserved_offsets_are_raz_wi),
	CASE(every_offset_can_be_read));
