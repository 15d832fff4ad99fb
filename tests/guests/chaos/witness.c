/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches that nothing of its own changes: the last vCPU computes what it can check, over memory
 * and all registers; the first keeps a timer and measures how late it is.
 *
 *     period_us=1000   between ticks
 *     report=100       ticks between two reports; 0: only when asked
 */
#include "chaos/witness.h"

#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/prompt.h"

#define PAGES      128u
#define PAGE_WORDS 512u
#define MAX_TOLD   20u

static uint64_t memory[PAGES][PAGE_WORDS] __attribute__((aligned(4096)));
static uint32_t age[PAGES];		/* how often each was written */
static volatile uint64_t rounds, nr_wrong;

/* Since the last report. */
static struct {
	uint64_t nr, max, lost;
} ticks;

static uint64_t due, period, nr_ticks;

static void wrong(const char *what, uint64_t got, uint64_t want)
{
	if (nr_wrong++ < MAX_TOLD)
		gprintf("witness: WRONG %s: %lx, not %lx\n", what, got, want);
}

/* ---- memory ---- */

static uint64_t mix(uint64_t v)
{
	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9ul;
	return v ^ v >> 27;
}

static void write_page(uint32_t p)
{
	for (uint32_t i = 0; i < PAGE_WORDS; i++)
		memory[p][i] = mix((uint64_t)p << 40 | (uint64_t)age[p] << 12 | i);
}

static void check_page(uint32_t p)
{
	for (uint32_t i = 0; i < PAGE_WORDS; i++) {
		uint64_t want = mix((uint64_t)p << 40 | (uint64_t)age[p] << 12 | i);

		if (memory[p][i] != want)
			wrong("memory", memory[p][i], want);
	}
	age[p]++;
	write_page(p);
}

static uint64_t image_sum(void)
{
	const uint64_t *p = (const uint64_t *)boot_state.pc;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < 1024; i++)
		sum = mix(sum ^ p[i]);
	return sum;
}

/* ---- a result that is known ---- */

#define LCG_A 6364136223846793005ul
#define LCG_C 1442695040888963407ul

/* x after n steps, by squaring the step. */
static uint64_t jump(uint64_t x, uint64_t n)
{
	uint64_t a = LCG_A, c = LCG_C;

	for (; n; n >>= 1) {
		if (n & 1)
			x = a * x + c;
		c = (a + 1) * c;
		a *= a;
	}
	return x;
}

static void check_chain(uint64_t start)
{
	const unsigned int steps = 1000;
	volatile uint64_t x = start;

	for (unsigned int i = 0; i < steps; i++)
		x = LCG_A * x + LCG_C;
	if (x != jump(start, steps))
		wrong("chain", x, jump(start, steps));
}

/* ---- registers ---- */

/* Of this vCPU, which nothing interrupts. */
#define OWN_PATTERN(X) X(ttbr1_el1) X(contextidr_el1) X(tpidr_el0) X(tpidrro_el0) X(amair_el1) \
	X(afsr0_el1) X(afsr1_el1) X(far_el1) X(elr_el1) X(sp_el0) X(csselr_el1) X(cntkctl_el1) \
	X(dbgbvr0_el1) X(dbgbvr1_el1) X(dbgbvr5_el1) X(dbgwvr0_el1) X(dbgwvr3_el1)             \
	X(cntp_cval_el0) X(cntv_cval_el0) X(esr_el1) X(spsr_el1)
#define OWN_AS_IT_IS(X) X(sctlr_el1) X(ttbr0_el1) X(tcr_el1) X(mair_el1) X(vbar_el1)         \
	X(cpacr_el1) X(tpidr_el1) X(mpidr_el1) X(midr_el1) X(par_el1) X(mdscr_el1)             \
	X(dbgbcr0_el1) X(dbgbcr5_el1) X(dbgwcr0_el1) X(dbgwcr3_el1) X(cntv_ctl_el0)            \
	X(cntp_ctl_el0) X(oslsr_el1) X(actlr_el1) X(cntfrq_el0) X(ctr_el0) X(id_aa64pfr0_el1) \
	X(ICC_PMR_EL1) X(ICC_BPR1_EL1) X(ICC_IGRPEN1_EL1) X(ICC_CTLR_EL1)

#define READ(r)  read_sysreg(r),
#define WRITE(r) write_sysreg(r, mix(pattern += 2));
#define NAME(r)  #r,

static const char *const own_names[] = { OWN_PATTERN(NAME) OWN_AS_IT_IS(NAME) };

#define NR_OWN ARRAY_SIZE(own_names)

static void own_write(uint64_t pattern)
{
	OWN_PATTERN(WRITE)
	/* The value of a register that keeps all bits, whatever else is RES0 in others. */
	__asm__ volatile("at s1e1r, %0; isb" : : "r"(memory) : "memory");
}

static void own_read(uint64_t to[NR_OWN])
{
	const uint64_t now[] = { OWN_PATTERN(READ) OWN_AS_IT_IS(READ) };

	memcpy(to, now, sizeof(now));
}

static void check_registers(uint64_t pattern)
{
	uint64_t before[NR_OWN], after[NR_OWN], bits;

	own_write(pattern);
	own_read(before);
	if (before[2] != mix(pattern + 6))		/* TPIDR_EL0 */
		wrong("tpidr_el0", before[2], mix(pattern + 6));
	bits = witness_spin(pattern, 3000);
	if (bits)
		wrong("registers, bits", bits, 0);
	own_read(after);
	for (unsigned int i = 0; i < NR_OWN; i++)
		if (after[i] != before[i])
			wrong(own_names[i], after[i], before[i]);
}

static void compute(void *arg)
{
	uint64_t sum = image_sum();

	(void)arg;
	gic_cpu_init();
	write_sysreg(cntv_ctl_el0, 2);
	write_sysreg(cntp_ctl_el0, 2);
	write_sysreg(dbgbcr0_el1, 0x1e4);		/* as it is, but for E */
	write_sysreg(dbgwcr3_el1, 0x1ff4);
	for (uint32_t p = 0; p < PAGES; p++)
		write_page(p);
	for (;; rounds++) {
		check_page((uint32_t)rounds % PAGES);
		check_chain(rounds);
		check_registers(mix(rounds));
		if (rounds % 64 == 0 && image_sum() != sum)
			wrong("image", image_sum(), sum);
	}
}

/* ---- time ---- */

static void report(void)
{
	gprintf("witness: %lu ticks, late by %lu ns at most, %lu lost, %lu rounds, %lu wrong\n",
		nr_ticks, ticks.max * 1000000 / ticks_per_ms(), ticks.lost, rounds, nr_wrong);
	ticks.nr = ticks.max = ticks.lost = 0;
}

static void on_irq(void)
{
	uint64_t now = ticks_now();
	uint32_t id = gic_ack();

	if (id == INTID_VTIMER && now < due) {
		wrong("timer, early at", now, due);
	} else if (id == INTID_VTIMER) {
		ticks.max = now - due > ticks.max ? now - due : ticks.max;
		nr_ticks++;
		for (due += period; due <= now; due += period)
			ticks.lost++;
		write_sysreg(cntv_cval_el0, due);
		__asm__ volatile("isb" ::: "memory");
	}
	prompt_irq(id);
	if (id != INTID_VTIMER && id != 33 && id < 1020)
		wrong("interrupt", id, INTID_VTIMER);
	if (id < 1020)
		gic_eoi(id);
}

static void witness(void)
{
	uint64_t every = guest_arg("report", 100), next = every;

	gic_init();
	smp_start(smp_nr() - 1, compute, NULL);
	this_cpu()->irq_hook = on_irq;
	prompt_start("witness", report);
	period = guest_arg("period_us", 1000) * ticks_per_ms() / 1000;
	due = ticks_now() + period;
	write_sysreg(cntv_cval_el0, due);
	write_sysreg(cntv_ctl_el0, 1);
	gic_bit_set(GICD_ISENABLER, INTID_VTIMER);
	for (;;) {
		irq_disable();
		prompt_poll();
		if (every && nr_ticks >= next) {
			report();
			next = nr_ticks + every;
		}
		wfi();
		irq_enable();
	}
}

GUEST_CASES(CASE(witness));
