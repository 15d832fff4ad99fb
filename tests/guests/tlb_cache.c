/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's own caches and translations: set/way maintenance goes on and harms nothing,
 * stage 1 changes by break-before-make are seen by all CPUs, ASIDs keep apart.
 * Arm ARM DDI 0487, "TLB maintenance requirements", "Using break-before-make".
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/mmu.h"

static uint64_t page_a[512] __attribute__((aligned(4096)));
static uint64_t page_b[512] __attribute__((aligned(4096)));

static void map(unsigned int page, const void *to, uint64_t attr)
{
	*mmu_window_pte(page) = 0;
	mmu_inval_is(MMU_WINDOW_VA + page * 4096ul);
	*mmu_window_pte(page) = (uintptr_t)to | attr | PTE_PAGE;
	__asm__ volatile("dsb ish; isb" ::: "memory");
}

static volatile uint64_t *window(unsigned int page)
{
	return (volatile uint64_t *)(MMU_WINDOW_VA + page * 4096ul);
}

/* As firmware and old kernels do before they turn caches off; trapped or not, data stays. */
static void set_way_maintenance_keeps_data(void)
{
	uint64_t clidr = read_sysreg(clidr_el1);

	for (unsigned int i = 0; i < 512; i++)
		page_a[i] = i * 0x0123456789abcdeful;
	for (unsigned int level = 0; level < 3 && (clidr >> (level * 3) & 7) >= 2; level++) {
		uint64_t c, sets, ways, line, way_shift;

		write_sysreg(csselr_el1, level << 1);
		__asm__ volatile("isb");
		c = read_sysreg(ccsidr_el1);
		line = (c & 7) + 4;
		ways = c >> 3 & 0x3ff;
		sets = c >> 13 & 0x7fff;
		way_shift = ways ? (uint64_t)__builtin_clz((unsigned int)ways) : 0;
		for (uint64_t w = 0; w <= ways; w++) {
			for (uint64_t s = 0; s <= sets && s < 256; s++) {
				uint64_t v = (ways ? w << way_shift : 0) | s << line | level << 1;

				__asm__ volatile("dc cisw, %0" : : "r"(v) : "memory");
			}
		}
	}
	__asm__ volatile("dsb sy" ::: "memory");
	for (unsigned int i = 0; i < 512; i++)
		CHECK_EQ(page_a[i], i * 0x0123456789abcdeful, "data after DC CISW");
	__asm__ volatile("dc csw, %0\n dc isw, %0\n dsb sy" : : "r"(0ul) : "memory");
	CHECK_EQ(page_a[1], 0x0123456789abcdef, "data after DC CSW, ISW of one line");
}

static volatile unsigned int nr_ticks;

static void tick(void)
{
	uint32_t id = gic_ack();

	if (id >= 1020)
		return;
	nr_ticks++;
	write_sysreg(cntv_tval_el0, read_sysreg(cntfrq_el0) / 1000);
	gic_eoi(id);
}

/* However long an operation takes, it ends, and interrupts do not wait for that. */
static void set_way_maintenance_lets_interrupts_in(void)
{
	unsigned int nr_ops = 0;

	gic_init();
	gic_bit_set(GICD_ISENABLER, 27);
	nr_ticks = 0;
	page_a[1] = 0x77;
	this_cpu()->irq_hook = tick;
	write_sysreg(cntv_tval_el0, read_sysreg(cntfrq_el0) / 1000);
	write_sysreg(cntv_ctl_el0, 1ul);
	irq_enable();
	for (; nr_ticks < 5; nr_ops++)
		__asm__ volatile("dc cisw, %0\n dsb sy" : : "r"(0ul) : "memory");
	irq_disable();
	write_sysreg(cntv_ctl_el0, 0ul);
	CHECK(nr_ops >= 1, "no operation ended");
	CHECK_EQ(page_a[1], 0x77, "data");
}

static void maintenance_by_address_works(void)
{
	page_b[0] = 0x55aa;
	__asm__ volatile("dc cvac, %0\n dsb sy" : : "r"(page_b) : "memory");
	__asm__ volatile("dc civac, %0\n dsb sy" : : "r"(page_b) : "memory");
	__asm__ volatile("dc ivac, %0\n dsb sy" : : "r"(page_b) : "memory");
	__asm__ volatile("ic ialluis\n dsb ish\n isb" ::: "memory");
	CHECK_EQ(page_b[0], 0x55aa, "data");
	if (!(read_sysreg(dczid_el0) & 0x10)) {
		unsigned int size = 4u << (read_sysreg(dczid_el0) & 0xf);

		memset(page_b, 0xff, sizeof(page_b));
		__asm__ volatile("dc zva, %0\n dsb sy" : : "r"(page_b) : "memory");
		CHECK_EQ(page_b[0], 0, "first word after DC ZVA");
		CHECK_EQ(page_b[size / 8 - 1], 0, "last word after DC ZVA");
		CHECK_EQ(page_b[size / 8], ~0ul, "word behind DC ZVA");
	}
}

/* Written with caches off (a non-cacheable alias), read with caches on, and back. */
static void aliases_agree_after_maintenance(void)
{
	page_a[7] = 1;
	dcache_civac(page_a, sizeof(page_a));
	map(1, page_a, PTE_DEVICE | PTE_AF | PTE_XN);
	CHECK_EQ(window(1)[7], 1, "cached data by the uncached alias");
	window(1)[7] = 2;
	dcache_civac(page_a, sizeof(page_a));
	CHECK_EQ(*(volatile uint64_t *)&page_a[7], 2, "uncached data by the cached alias");
}

static void remapped_page_shows_the_new_frame(void)
{
	page_a[0] = 0xa;
	page_b[0] = 0xb;
	for (unsigned int i = 0; i < 200; i++) {
		map(2, i & 1 ? page_a : page_b, PTE_RAM | PTE_XN);
		CHECK_EQ(window(2)[0], i & 1 ? 0xa : 0xb, "word seen");
	}
}

static volatile unsigned int seen_turn, turn;
static volatile uint64_t seen_value;

static void look(void *arg)
{
	(void)arg;
	while (turn != ~0u) {
		if (turn == seen_turn)
			continue;
		__asm__ volatile("dmb ish; isb" ::: "memory");
		seen_value = window(3)[0];
		__asm__ volatile("dmb ish" ::: "memory");
		seen_turn = turn;
	}
}

/* The change is made here and broadcast: the other CPU must not use its old entry. */
static void other_cpus_see_the_change(void)
{
	SKIP_UNLESS(smp_nr() > 1, "one CPU");
	page_a[0] = 0xa;
	page_b[0] = 0xb;
	map(3, page_a, PTE_RAM | PTE_XN);
	turn = seen_turn = 0;
	if (!smp_start(1, look, NULL))
		return;
	for (unsigned int i = 1; i < 500; i++) {
		map(3, i & 1 ? page_b : page_a, PTE_RAM | PTE_XN);
		turn = i;
		if (!WAIT_UNTIL(seen_turn == i, LONG_MS)) {
			CHECK(false, "turn %u: the other CPU does not answer", i);
			break;
		}
		CHECK_EQ(seen_value, i & 1 ? 0xb : 0xa, "word seen by the other CPU");
	}
	turn = ~0u;
	CHECK(smp_wait_off(1), "cpu 1 stays on");
}

/* Code changed in place runs as written, after the maintenance that is due. */
static void changed_code_runs_as_written(void)
{
	static uint32_t code[16] __attribute__((aligned(64)));

	for (uint32_t i = 0; i < 200; i++) {
		code[0] = 0xd2800000 | i << 5;		/* mov x0, #i */
		code[1] = 0xd65f03c0;			/* ret        */
		code_sync(code, sizeof(code));
		CHECK_EQ(((uint64_t (*)(void))(uintptr_t)code)(), i, "result");
	}
}

/* Stage 1 off and on again: the same memory under the same addresses. */
static void mmu_off_and_on_again(void)
{
	uint64_t sctlr = read_sysreg(sctlr_el1), v;

	page_a[3] = 0x1234;
	dcache_civac(page_a, sizeof(page_a));
	__asm__ volatile("msr sctlr_el1, %1\n isb\n"
			 "ldr %0, [%3]\n"
			 "mov x9, #0x5678\n str x9, [%3]\n dsb sy\n"
			 "msr sctlr_el1, %2\n isb\n"
			 : "=&r"(v) : "r"(sctlr & ~5ul), "r"(sctlr), "r"(&page_a[3])
			 : "x9", "memory");
	CHECK_EQ(v, 0x1234, "word read with the MMU off");
	dcache_civac(page_a, sizeof(page_a));
	CHECK_EQ(*(volatile uint64_t *)&page_a[3], 0x5678, "word written with the MMU off");
}

GUEST_CASES(
	CASE(set_way_maintenance_keeps_data),
	CASE(set_way_maintenance_lets_interrupts_in),
	CASE(maintenance_by_address_works),
	CASE(aliases_agree_after_maintenance),
	CASE(remapped_page_shows_the_new_frame),
	CASE(other_cpus_see_the_change),
	CASE(changed_code_runs_as_written),
	CASE(mmu_off_and_on_again));
