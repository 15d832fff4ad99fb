/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The distributor's registers, each at its legal widths, and the rest RAZ/WI.
 * IHI 0069, "The Distributor register descriptions".
 */
#include "lib/gic.h"
#include "lib/guest.h"

#define SPI 48			/* one without a device behind it */

static void ctlr_has_are_and_enables(void)
{
	uint32_t c;

	gic_init();
	c = mmio_r32(GICD(GICD_CTLR));
	CHECK(c & GICD_CTLR_ARE, "GICD_CTLR 0x%x: ARE", c);
	CHECK(c & GICD_CTLR_GRP1, "GICD_CTLR 0x%x: EnableGrp1", c);
	CHECK(!(c & GICD_CTLR_RWP), "GICD_CTLR 0x%x: RWP", c);
	mmio_w32(GICD(GICD_CTLR), GICD_CTLR_ARE);
	c = mmio_r32(GICD(GICD_CTLR));
	CHECK(!(c & GICD_CTLR_GRP1), "GICD_CTLR 0x%x after clearing EnableGrp1", c);
	CHECK(c & GICD_CTLR_ARE, "GICD_CTLR 0x%x: ARE", c);
}

static void typer_describes_the_machine(void)
{
	uint32_t t = mmio_r32(GICD(GICD_TYPER));

	gprintf("GICD_TYPER %08x IIDR %08x CTLR %08x\n", t, mmio_r32(GICD(GICD_IIDR)),
		mmio_r32(GICD(GICD_CTLR)));
	CHECK(gic_nr_intids() >= 64 && gic_nr_intids() <= 1020, "%u INTIDs", gic_nr_intids());
	CHECK((t >> 19 & 0x1f) >= 9, "IDbits %u", t >> 19 & 0x1f);
	CHECK_EQ(t >> 18 & 1, 0, "GICD_TYPER.DVIS without GICv4");
	if (mmio_r32(GICD(GICD_CTLR)) & GICD_CTLR_DS)
		CHECK_EQ(t >> 10 & 1, 0, "GICD_TYPER.SecurityExtn with GICD_CTLR.DS");
	mmio_w32(GICD(GICD_TYPER), 0);
	CHECK_EQ(mmio_r32(GICD(GICD_TYPER)), t, "GICD_TYPER after a write");
}

static void identification_says_gicv3(void)
{
	static const uint8_t cidr[] = { 0x0d, 0xf0, 0x05, 0xb1 };

	CHECK_EQ(mmio_r32(GICD(GICD_PIDR2)) >> 4 & 0xf, 3, "GICD_PIDR2.ArchRev");
	for (unsigned int i = 0; i < 4; i++)
		CHECK_EQ(mmio_r32(GICD(0xfff0 + i * 4)), cidr[i], "GICD_CIDRn");
	mmio_w32(GICD(GICD_PIDR2), 0);
	CHECK_EQ(mmio_r32(GICD(GICD_PIDR2)) >> 4 & 0xf, 3, "GICD_PIDR2 after a write");
}

static void set_and_clear(unsigned int set, unsigned int clear, const char *what)
{
	uint32_t bits = 0x80010001;
	uintptr_t s = GICD(set) + 4, c = GICD(clear) + 4;

	mmio_w32(c, 0xffffffff);
	CHECK(mmio_r32(s) == 0, "%s: 0x%x after clearing all", what, mmio_r32(s));
	mmio_w32(s, bits);
	CHECK(mmio_r32(s) == bits, "%s: 0x%x after setting 0x%x", what, mmio_r32(s), bits);
	CHECK(mmio_r32(c) == bits, "%s: clear register reads 0x%x", what, mmio_r32(c));
	mmio_w32(s, 0);
	CHECK(mmio_r32(s) == bits, "%s: writing 0 to the set register cleared", what);
	mmio_w32(c, 1);
	CHECK(mmio_r32(s) == (bits & ~1u), "%s: 0x%x after clearing bit 0", what, mmio_r32(s));
	mmio_w32(c, 0xffffffff);
	CHECK(mmio_r32(s) == 0, "%s: 0x%x at the end", what, mmio_r32(s));
}

static void set_and_clear_registers_pair_up(void)
{
	gic_init();
	mmio_w32(GICD(GICD_CTLR), GICD_CTLR_ARE);	/* nothing is to be delivered */
	/* Pending: edge, so that a write makes the state. */
	for (unsigned int i = 32; i < 64; i++)
		gic_edge_set(i, true);
	set_and_clear(GICD_ISENABLER, GICD_ICENABLER, "enable");
	set_and_clear(GICD_ISPENDR, GICD_ICPENDR, "pending");
	set_and_clear(GICD_ISACTIVER, GICD_ICACTIVER, "active");
}

static void priorities_take_bytes_and_words(void)
{
	uintptr_t a = GICD(GICD_IPRIORITYR) + SPI;
	uint8_t mask;

	mmio_w32(a, 0xffffffff);
	mask = mmio_r8(a);
	CHECK(mask >= 0xf0 || mask == 0xe0 || mask == 0xc0, "implemented priority bits 0x%x", mask);
	CHECK_EQ(mmio_r32(a), mask * 0x01010101u, "the same bits in all four");
	mmio_w32(a, 0x40302010);
	CHECK_EQ(mmio_r8(a + 0), 0x10, "byte 0");
	CHECK_EQ(mmio_r8(a + 3), 0x40, "byte 3");
	mmio_w8(a + 2, 0x90);
	CHECK_EQ(mmio_r32(a), 0x40902010, "after a byte write");
}

/* With affinity routing the private INTIDs live in the redistributors. */
static void private_part_is_raz_wi(void)
{
	static const unsigned int regs[] = { GICD_IGROUPR, GICD_ISENABLER, GICD_ICENABLER,
		GICD_ISPENDR, GICD_ICPENDR, GICD_ISACTIVER, GICD_ICACTIVER, GICD_IPRIORITYR,
		GICD_IPRIORITYR + 28, GICD_ICFGR, GICD_ICFGR + 4, GICD_ITARGETSR,
		GICD_ITARGETSR + SPI, GICD_SGIR, 0xf10, 0xf20, GICD_IGRPMODR };

	gic_init();
	for (unsigned int i = 0; i < ARRAY_SIZE(regs); i++) {
		mmio_w32(GICD(regs[i]), 0xffffffff);
		CHECK(mmio_r32(GICD(regs[i])) == 0, "offset 0x%x reads 0x%x", regs[i],
		      mmio_r32(GICD(regs[i])));
	}
	CHECK_EQ(gic_wait_ack(1), INTID_NONE, "an interrupt from GICD_SGIR");
}

static void config_bits_store(void)
{
	uintptr_t a = GICD(GICD_ICFGR) + SPI / 16 * 4;

	mmio_w32(a, 0xaaaaaaaa);
	CHECK_EQ(mmio_r32(a) & 0xaaaaaaaa, 0xaaaaaaaa, "all edge");
	mmio_w32(a, 0);
	CHECK_EQ(mmio_r32(a) & 0xaaaaaaaa, 0, "all level");
	mmio_w32(a, 0x08080808);
	CHECK_EQ(mmio_r32(a) & 0xaaaaaaaa, 0x08080808, "mixed");
	mmio_w32(a, 0xaaaaaaaa);
}

static void group_bits_store(void)
{
	uintptr_t a = GICD(GICD_IGROUPR) + 4;

	SKIP_UNLESS(mmio_r32(GICD(GICD_CTLR)) & GICD_CTLR_DS, "two security states");
	mmio_w32(a, 0x0f0f0f0f);
	CHECK_EQ(mmio_r32(a), 0x0f0f0f0f, "GICD_IGROUPR1");
	mmio_w32(a, 0xffffffff);
	CHECK_EQ(mmio_r32(a), 0xffffffff, "GICD_IGROUPR1");
}

static void routes_take_words_and_doublewords(void)
{
	uintptr_t a = GICD(GICD_IROUTER) + SPI * 8;
	bool no1n = mmio_r32(GICD(GICD_TYPER)) >> 25 & 1;

	mmio_w64(a, 0x0000000000000001);
	CHECK_EQ(mmio_r64(a), 1, "GICD_IROUTER");
	mmio_w32(a, 0x00000002);
	CHECK_EQ(mmio_r64(a), 2, "after a write to the lower half");
	/* QEMU stores all 64 bits, RES0 ones and IRM with GICD_TYPER.No1N too. */
	if (running_under_corbel()) {
		mmio_w32(a, 0x80000000);
		CHECK_EQ(mmio_r32(a), no1n ? 0 : 0x80000000, "Interrupt_Routing_Mode");
		mmio_w64(a, ~0ul);
		CHECK_EQ(mmio_r64(a) & 0xffffff007f000000, 0, "RES0 bits of GICD_IROUTER");
	}
	mmio_w64(a, 0);
	/* INTIDs below 32 have no route. */
	mmio_w64(GICD(GICD_IROUTER) + 16 * 8, ~0ul);
	CHECK_EQ(mmio_r64(GICD(GICD_IROUTER) + 16 * 8), 0, "GICD_IROUTER16");
}

static void setspi_registers_go_with_mbis(void)
{
	bool mbis = mmio_r32(GICD(GICD_TYPER)) >> 16 & 1;

	gic_init();
	gic_quiet(SPI, 1);
	mmio_w32(GICD(GICD_SETSPI_NSR), SPI);
	CHECK_EQ(gic_bit_get(GICD_ISPENDR, SPI), mbis, "pending after GICD_SETSPI_NSR");
	mmio_w32(GICD(GICD_CLRSPI_NSR), SPI);
	CHECK_EQ(gic_bit_get(GICD_ISPENDR, SPI), 0, "pending after GICD_CLRSPI_NSR");
	CHECK_EQ(mmio_r32(GICD(GICD_SETSPI_NSR)), 0, "GICD_SETSPI_NSR is write-only");
}

/* INTIDs the machine does not have, and every offset nothing is at. */
static void interrupts_that_are_not_there_are_raz_wi(void)
{
	unsigned int n = gic_nr_intids();

	/* GICD_TYPER.ITLinesNumber of QEMU 7.2 is one too small. */
	if (!running_under_corbel())
		n += 32;
	for (unsigned int i = n; i + 31 < 1024; i += 32) {
		mmio_w32(GICD(GICD_ISENABLER) + i / 8, 0xffffffff);
		CHECK(mmio_r32(GICD(GICD_ISENABLER) + i / 8) == 0, "INTID %u can be enabled", i);
		mmio_w32(GICD(GICD_ISPENDR) + i / 8, 0xffffffff);
		CHECK(mmio_r32(GICD(GICD_ISPENDR) + i / 8) == 0, "INTID %u can be pending", i);
		mmio_w32(GICD(GICD_IPRIORITYR) + i, 0xffffffff);
		CHECK(mmio_r32(GICD(GICD_IPRIORITYR) + i) == 0, "INTID %u has a priority", i);
		mmio_w64(GICD(GICD_IROUTER) + i * 8ul, 1);
		CHECK(mmio_r64(GICD(GICD_IROUTER) + i * 8ul) == 0, "INTID %u has a route", i);
	}
}

static void reserved_offsets_are_raz_wi(void)
{
	static const struct { unsigned int from, to; } reserved[] = {
		{ 0x0014, 0x0040 }, { 0x0060, 0x0080 }, { 0x1000, 0x1100 }, { 0x4000, 0x4100 },
		{ 0x8000, 0x8100 }, { 0xc000, 0xc100 }, { 0xff00, 0xffd0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(reserved); i++) {
		for (unsigned int o = reserved[i].from; o < reserved[i].to; o += 4) {
			mmio_w32(GICD(o), 0xffffffff);
			CHECK(mmio_r32(GICD(o)) == 0, "offset 0x%x reads 0x%x", o,
			      mmio_r32(GICD(o)));
		}
	}
}

static void every_offset_can_be_read(void)
{
	unsigned int n = 0;

	for (unsigned int o = 0; o < 0x10000; o += 4)
		n += TRAPS((void)mmio_r32(GICD(o)));
	CHECK_EQ(n, 0, "exceptions");
}

GUEST_CASES(
	CASE(ctlr_has_are_and_enables),
	CASE(typer_describes_the_machine),
	CASE(identification_says_gicv3),
	CASE(set_and_clear_registers_pair_up),
	CASE(priorities_take_bytes_and_words),
	CASE(private_part_is_raz_wi),
	CASE(config_bits_store),
	CASE(group_bits_store),
	CASE(routes_take_words_and_doublewords),
	CASE(setspi_registers_go_with_mbis),
	CASE(interrupts_that_are_not_there_are_raz_wi),
	CASE(reserved_offsets_are_raz_wi),
	CASE(every_offset_can_be_read));
