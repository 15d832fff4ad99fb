/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where nothing is, an access or a fetch is a synchronous external abort in the guest, which
 * goes on. Arm ARM DDI 0487, "Synchronous External abort", "ISS encoding ... Data Abort".
 */
#include "lib/guest.h"
#include "lib/mmu.h"
#include "lib/uart.h"

#define HOLE        0x0b000000ul	/* between virtio-mmio and the platform bus    */
#define HOLE_HIGH   0x2000000000ul	/* 128 GiB: above RAM, below high PCIe         */
#define DFSC_SEA    0x10
#define DFSC_WALK3  0x17		/* external abort on the walk, level 3         */

static const uint64_t holes[] = { HOLE, HOLE + 0xffc, 0x0b123450, 0x09ff0000 };

static void check_abort(uint64_t addr, bool write)
{
	struct trap_log *t = &this_cpu()->trap;

	CHECK(t->count == 1, "0x%lx: %u exceptions", addr, t->count);
	CHECK(ESR_EC(t->esr) == EC_DABT_CUR, "0x%lx: ESR 0x%lx", addr, t->esr);
	CHECK((t->esr & 0x3f) == DFSC_SEA, "0x%lx: DFSC 0x%lx", addr, t->esr & 0x3f);
	CHECK((t->esr >> 6 & 1) == write, "0x%lx: WnR %lu", addr, t->esr >> 6 & 1);
	CHECK(!(t->esr >> 10 & 1), "0x%lx: FnV", addr);
	CHECK(ESR_IL(t->esr), "0x%lx: IL", addr);
	CHECK(t->far == addr, "0x%lx: FAR 0x%lx", addr, t->far);
}

static void reads_of_holes_abort(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(holes); i++) {
		uint64_t v = 0x77, pc = 0;

		trap_expect();
		__asm__ volatile("adr %1, 1f\n1: ldr %w0, [%2]"
				 : "+r"(v), "=&r"(pc) : "r"(holes[i]) : "memory");
		trap_end();
		check_abort(holes[i], false);
		CHECK_EQ(v, 0x77, "target of an aborted load");
		CHECK_EQ(this_cpu()->trap.elr, pc, "ELR_EL1");
	}
}

static void writes_to_holes_abort(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(holes); i++) {
		TRAPS(mmio_w32(holes[i], 1));
		check_abort(holes[i], true);
	}
}

static void every_width_aborts_in_a_hole(void)
{
	TRAPS(mmio_r8(HOLE + 3));
	check_abort(HOLE + 3, false);
	TRAPS(mmio_r16(HOLE + 2));
	check_abort(HOLE + 2, false);
	TRAPS(mmio_r64(HOLE + 8));
	check_abort(HOLE + 8, false);
	TRAPS(mmio_w64(HOLE + 8, 0));
	check_abort(HOLE + 8, true);
	TRAPS(mmio_w8(HOLE + 5, 0));
	check_abort(HOLE + 5, true);
}

/* Pairs and writeback forms carry no syndrome: an abort all the same, base unchanged. */
static void forms_without_syndrome_abort_in_a_hole(void)
{
	uint64_t base = HOLE;

	TRAPS(({ __asm__ volatile("ldr x9, [%0], #8" : "+r"(base) : : "x9", "memory"); }));
	check_abort(HOLE, false);
	CHECK_EQ(base, HOLE, "base after ldr with writeback");
	TRAPS(({ __asm__ volatile("stp x9, x10, [%0, #-16]!" : "+r"(base) : : "memory"); }));
	CHECK_EQ(ESR_EC(this_cpu()->trap.esr), EC_DABT_CUR, "EC of stp");
	CHECK_EQ(base, HOLE, "base after stp with writeback");
	TRAPS(({ __asm__ volatile("ldp x9, x10, [%0]" : "+r"(base) : : "x9", "x10", "memory"); }));
	check_abort(HOLE, false);
	TRAPS(({ __asm__ volatile("ldxr w9, [%0]" : "+r"(base) : : "x9", "memory"); }));
	check_abort(HOLE, false);
}

static volatile uint64_t *map(unsigned int page, uint64_t pte)
{
	uint64_t va = MMU_WINDOW_VA + page * 4096ul;

	*mmu_window_pte(page) = 0;
	mmu_inval_is(va);
	*mmu_window_pte(page) = pte;
	__asm__ volatile("dsb ishst; isb" ::: "memory");
	return (volatile uint64_t *)va;
}

static void high_holes_abort(void)
{
	volatile uint64_t *p = map(1, HOLE_HIGH | PTE_MMIO | PTE_PAGE);

	TRAPS((void)*p);
	check_abort((uintptr_t)p, false);
	p = map(1, HOLE_HIGH | PTE_RAM | PTE_XN | PTE_PAGE);
	TRAPS((void)*p);
	check_abort((uintptr_t)p, false);
	TRAPS(*p = 1);
	check_abort((uintptr_t)p, true);
}

static void ram_end_is_the_end(void)
{
	volatile uint64_t *p = map(2, 0x3000000000ul | PTE_RAM | PTE_XN | PTE_PAGE);

	TRAPS((void)p[511]);
	check_abort((uintptr_t)&p[511], false);
}

/* Jumps there; the exception goes on after the call. */
static void jump(uint64_t to)
{
	struct trap_log *t = trap_expect();
	uint64_t resume;

	__asm__ volatile("adr %0, 1f" : "=r"(resume));
	(void)resume;
	__asm__ volatile("adr x9, 1f\n str x9, [%0]\n br %1\n 1: nop"
			 : : "r"(&t->resume), "r"(to) : "x9", "x30", "memory");
	trap_end();
}

static void fetch_from_a_hole_aborts(void)
{
	volatile uint64_t *p = map(3, HOLE | PTE_RAM | PTE_PAGE);
	struct trap_log *t = &this_cpu()->trap;

	jump((uintptr_t)p + 8);
	CHECK_EQ(t->count, 1, "exceptions");
	CHECK_EQ(ESR_EC(t->esr), EC_IABT_CUR, "EC");
	CHECK_EQ(t->esr & 0x3f, DFSC_SEA, "IFSC");
	CHECK_EQ(t->far, (uintptr_t)p + 8, "FAR_EL1");
	CHECK_EQ(t->elr, (uintptr_t)p + 8, "ELR_EL1");
}

static void fetch_from_a_high_hole_aborts(void)
{
	volatile uint64_t *p = map(3, HOLE_HIGH | PTE_RAM | PTE_PAGE);
	struct trap_log *t = &this_cpu()->trap;

	jump((uintptr_t)p);
	CHECK_EQ(t->count, 1, "exceptions");
	CHECK_EQ(ESR_EC(t->esr), EC_IABT_CUR, "EC");
	CHECK_EQ(t->esr & 0x3f, DFSC_SEA, "IFSC");
}

/*
 * A device may give the word there as an instruction (QEMU does: GICD_CTLR reads as UDF) or
 * refuse the fetch; either way one exception, here.
 */
static void fetch_from_a_device_stays_in_the_guest(void)
{
	volatile uint64_t *p = map(4, 0x08000000ul | PTE_DEVICE | PTE_AF | PTE_PAGE);
	struct trap_log *t = &this_cpu()->trap;

	jump((uintptr_t)p);
	CHECK_EQ(t->count, 1, "exceptions");
	CHECK(ESR_EC(t->esr) == EC_IABT_CUR || ESR_EC(t->esr) == EC_UNKNOWN, "ESR 0x%lx", t->esr);
	CHECK_EQ(t->elr, (uintptr_t)p, "ELR_EL1");
}

/* A stage 1 table where nothing is: an abort on the walk, level by level. */
static void table_in_a_hole_aborts_the_walk(void)
{
	uint64_t old = *mmu_window_block();
	struct trap_log *t = &this_cpu()->trap;

	*mmu_window_block() = 0;
	mmu_inval_is(MMU_WINDOW_VA);
	*mmu_window_block() = HOLE | PTE_PAGE;
	__asm__ volatile("dsb ishst; tlbi vmalle1; dsb ish; isb" ::: "memory");
	TRAPS((void)*(volatile uint32_t *)(MMU_WINDOW_VA + 0x123c));
	*mmu_window_block() = 0;
	__asm__ volatile("dsb ishst; tlbi vmalle1; dsb ish; isb" ::: "memory");
	*mmu_window_block() = old;
	__asm__ volatile("dsb ishst; isb" ::: "memory");
	CHECK_EQ(t->count, 1, "exceptions");
	CHECK_EQ(ESR_EC(t->esr), EC_DABT_CUR, "EC");
	CHECK_EQ(t->esr & 0x3f, DFSC_WALK3, "DFSC");
	CHECK_EQ(t->far, MMU_WINDOW_VA + 0x123c, "FAR_EL1");
}

/* Own stage 1 faults never leave the guest. */
static void own_translation_faults_are_reported_as_such(void)
{
	volatile uint64_t *p = map(5, 0);
	struct trap_log *t = &this_cpu()->trap;

	TRAPS((void)*p);
	CHECK_EQ(t->esr & 0x3f, 0x07, "DFSC of an unmapped page");
	p = map(5, 0x40000000ul | PTE_RAM | PTE_RO | PTE_XN | PTE_PAGE);
	TRAPS(*p = 0);
	CHECK_EQ(t->esr & 0x3f, 0x0f, "DFSC of a write to a read-only page");
	p = map(5, (0x40000000ul | PTE_RAM | PTE_XN | PTE_PAGE) & ~PTE_AF);
	TRAPS((void)*p);
	CHECK_EQ(t->esr & 0x3f, 0x0b, "DFSC without access flag");
	/* 2^47 does not fit into the 40 bits of TCR_EL1.IPS. */
	p = map(5, 1ul << 47 | PTE_RAM | PTE_XN | PTE_PAGE);
	TRAPS((void)*p);
	CHECK_EQ(t->esr & 0x3f, 0x03, "DFSC of an address beyond IPS");
}

static void a_thousand_aborts_later_all_is_well(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < 1000; i++)
		n += TRAPS((void)mmio_r32(HOLE + i * 4));
	CHECK_EQ(n, 1000, "aborts");
	CHECK_EQ(mmio_r32(UARTFR) & FR_TXFF, 0, "UARTFR.TXFF");
}

GUEST_CASES(
	CASE(reads_of_holes_abort),
	CASE(writes_to_holes_abort),
	CASE(every_width_aborts_in_a_hole),
	CASE(forms_without_syndrome_abort_in_a_hole),
	CASE(high_holes_abort),
	CASE(ram_end_is_the_end),
	CASE(fetch_from_a_hole_aborts),
	CASE(fetch_from_a_high_hole_aborts),
	CASE(fetch_from_a_device_stays_in_the_guest),
	CASE(table_in_a_hole_aborts_the_walk),
	CASE(own_translation_faults_are_reported_as_such),
	CASE(a_thousand_aborts_later_all_is_well));
