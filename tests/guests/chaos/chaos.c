/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chaos guest: makes blocks, runs them, and starts anew when its time is over.
 *
 *     seed=1        what all chance comes from
 *     exact=0       1: the seed is this life's own; else it is mixed with the time of the start
 *     blocks=2000   all vCPUs together, then it tells what it has seen and resets itself
 *     mark=0        after so many blocks it tells that as well; 0: never
 */
#include "chaos/chaos.h"

#include "lib/gic.h"
#include "lib/smccc.h"
#include "lib/uart.h"

#define MAX_TRAPS 200u			/* of a block, then it is over */
#define MAX_IRQS  50u			/* likewise */
#define BLOCK_ACTS 12u
#define SWEEP_ONE_IN 8u			/* so many blocks */
#define DOG_REFRESH 0x090d0000ul
#define DOG_CONTROL 0x090e0000ul
#define DOG_MS 4

struct chaos_seen seen;
static uint64_t seed, dog;
static volatile uint64_t blocks_left;
static uint64_t blocks, mark;
static volatile uint32_t is_over;

/* ---- exceptions ---- */

/* The register that an instruction wanted, if it is such a one. */
static void note_refused(uint64_t pc)
{
	uint32_t insn, enc;

	if (pc - ARENA >= ARENA_SIZE)
		return;
	insn = *(volatile uint32_t *)(pc & ~3ul);
	enc = insn >> 5 & 0xffff;
	if (insn >> 22 == 0xd5000000 >> 22 && enc >> 15)
		__atomic_fetch_or(&seen.refused[insn >> 21 & 1][enc % ENCODINGS / 64],
				  1ul << enc % 64, __ATOMIC_RELAXED);
}

static uint64_t sync(struct chaos_cpu *c)
{
	uint64_t ec = ESR_EC(c->esr);

	if (++c->nr_traps > MAX_TRAPS)
		return 1;
	if (ec == EC_UNKNOWN)
		note_refused(c->elr);
	/* EL0's way out; and where there is nothing to go on with. */
	if (ec == EC_SVC64 || ec == EC_SVC32 || ec == EC_IABT_LOW || ec == EC_IABT_CUR ||
	    ec == EC_PC_ALIGN)
		return 1;
	c->elr += 4;
	c->spsr &= ~(1ul << 20);		/* IL */
	if (ec == EC_STEP_CUR || ec == EC_STEP_LOW)
		c->spsr &= ~(1ul << 21);
	return 0;
}

static uint64_t irq(struct chaos_cpu *c)
{
	uint32_t id = gic_ack();

	c->irqs++;
	if (id == INTID_VTIMER && one_in(c, 2))
		write_sysreg(cntv_tval_el0, 1000);
	if (id == INTID_PTIMER && one_in(c, 2))
		write_sysreg(cntp_ctl_el0, 0);
	/* Some are left active, some ended twice. */
	for (unsigned int i = below(c, 16); i > 0; i = i > 14 ? 1 : 0)
		gic_eoi(id);
	return ++c->nr_irqs > MAX_IRQS;
}

static void reset(void) __attribute__((noreturn));
static void reset(void)
{
	for (;;)
		psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
}

/* 1: back to who ran the block; 0: go on in it. */
uint64_t chaos_trap(struct chaos_cpu *c)
{
	if (!c->in_block) {
		/* The guest has done something to itself that it did not mean. */
		uart_init();
		gprintf("\nchaos: lost at %lx, vector %lu, ESR %lx FAR %lx\n",
			c->elr - boot_state.pc, c->kind, c->esr, c->far);
		reset();
	}
	c->traps++;
	if (c->kind == KIND_END)
		return 1;
	switch (c->kind & 3) {
	case 0:
		return sync(c);
	case 3:
		c->serrors++;
		return ++c->nr_traps > MAX_TRAPS;
	default:
		return irq(c);
	}
}

/* ---- a life ---- */

/* Words of a map that are not 0, for who joins those of many lives. */
static void tell_map(const char *what, const uint64_t *map, const uint64_t *without, size_t nr)
{
	unsigned int n = 0;

	for (size_t i = 0; i < nr; i++) {
		uint64_t w = map[i] & ~(without ? without[i] : 0);

		if (!w)
			continue;
		if (n++ % 8 == 0)
			gprintf("\nchaos: %s", what);
		gprintf(" %lx:%lx", i, w);
	}
}

static unsigned int count(const uint64_t *map, size_t nr)
{
	unsigned int n = 0;

	for (size_t i = 0; i < nr; i++)
		for (uint64_t w = map[i]; w; w &= w - 1)
			n++;
	return n;
}

static void tell_maps(void)
{
	uart_init();
	for (unsigned int i = 0; i < 2; i++)
		tell_map(i ? "read" : "written", seen.tried[i], seen.refused[i], ENCODINGS / 64);
	tell_map("swept", seen.swept, NULL, ARRAY_SIZE(seen.swept));
	tell_map("devices", seen.devices[0], NULL, sizeof(seen.devices) / 8);
	tell_map("accesses", seen.accesses, NULL, ARRAY_SIZE(seen.accesses));
}

static void tell(void)
{
	uint64_t done = 0, traps = 0, irqs = 0, serrors = 0;

	for (unsigned int i = 0; i < CHAOS_CPUS; i++) {
		done += chaos_cpus[i].blocks;
		traps += chaos_cpus[i].traps;
		irqs += chaos_cpus[i].irqs;
		serrors += chaos_cpus[i].serrors;
	}
	tell_maps();
	gprintf("\nchaos: done seed %lu: %lu blocks, %lu traps, %lu interrupts, %lu SErrors, "
		"%lu calls, %u registers tried\n", seed, done, traps, irqs, serrors, seen.calls,
		count(seen.tried[0], 2 * ENCODINGS / 64));
}

static void calm(struct chaos_cpu *c)
{
	static const uint64_t zero;

	c->in_block = false;
	write_sysreg(vbar_el1, (uintptr_t)chaos_vectors);
	write_sysreg(mdscr_el1, zero);
	write_sysreg(cpacr_el1, 3ul << 20);
	/* Who sleeps is woken by its timer, unless chance takes that away again. */
	if (!one_in(c, 64)) {
		uintptr_t r = GICR_BASE + c->idx * GICR_STRIDE;

		mmio_w32(GICD(GICD_CTLR), GICD_CTLR_ARE | GICD_CTLR_GRP1);
		mmio_w32(r + GICR_WAKER, 0);
		mmio_w32(r + GICR_SGI + GICD_IGROUPR, ~0u);
		mmio_w32(r + GICR_SGI + GICD_ISENABLER, 1u << INTID_VTIMER);
		mmio_w32(r + GICR_SGI + GICD_ICACTIVER, 1u << INTID_VTIMER);
		mmio_w8(r + GICR_SGI + GICD_IPRIORITYR + INTID_VTIMER, 0);
		write_sysreg(ICC_AP0R0_EL1, 0);
		write_sysreg(ICC_AP1R0_EL1, 0);
		write_sysreg(ICC_PMR_EL1, 0xff);
		write_sysreg(ICC_IGRPEN1_EL1, 1);
	}
	__asm__ volatile("isb" ::: "memory");
}

static void feed(void)
{
	if (!dog)
		return;
	mmio_w64(DOG_CONTROL + 8, DOG_MS * ticks_per_ms());
	mmio_w32(DOG_CONTROL, 1);
	mmio_w32(DOG_REFRESH, 0);
}

static void make_block(struct chaos_cpu *c)
{
	c->code = (uint32_t *)(ARENA + c->idx * CODE_SIZE);
	c->nr = c->nr_tried = 0;
	c->in_sweep = one_in(c, SWEEP_ONE_IN);
	c->sctlr = c->in_sweep || one_in(c, 4) ? CHAOS_SCTLR_OFF : CHAOS_SCTLR_ON;
	if (mmu_off(c)) {
		emit_load(c, 9, c->sctlr);
		emit(c, INSN_MSR(ENC_SCTLR, 9));
		emit(c, INSN_ISB);
	}
	for (unsigned int i = 0; i < BLOCK_ACTS && !c->in_sweep; i++)
		chaos_act(c);
	if (c->in_sweep)
		chaos_sweep(c);
	/* A branch of 128 MiB at most: the image is near. */
	emit(c, 0x14000000 | (((uintptr_t)chaos_end - (uintptr_t)&c->code[c->nr]) / 4 & 0x3ffffff));
	code_sync(c->code, c->nr * 4);
}

static void note_tried(struct chaos_cpu *c)
{
	for (unsigned int i = 0; i < c->nr_tried; i++) {
		uint32_t t = c->tried[i], enc = t % ENCODINGS;

		__atomic_fetch_or(&seen.tried[t >> 15][enc / 64], 1ul << enc % 64,
				  __ATOMIC_RELAXED);
	}
	if (c->in_sweep)
		__atomic_fetch_or(&seen.swept[c->sweep / 64], 1ul << c->sweep % 64,
				  __ATOMIC_RELAXED);
}

static void finish(void)
{
	if (!__atomic_exchange_n(&is_over, 1, __ATOMIC_ACQ_REL)) {
		tell();
		reset();
	}
	for (;;)
		psci_call(PSCI_CPU_OFF, 0, 0, 0);
}

void chaos_main(struct chaos_cpu *c)
{
	uint64_t left;

	c->idx = (uint32_t)(read_sysreg(mpidr_el1) & (CHAOS_CPUS - 1));
	/* Whoever comes again goes on where chance was. */
	if (!c->rng) {
		c->rng = (seed + c->idx + 1) * 0x9e3779b97f4a7c15ul;
		c->sweep = below(c, ENCODINGS / SWEEP);
	}
	for (;; c->blocks++) {
		calm(c);
		feed();
		left = __atomic_fetch_sub(&blocks_left, 1, __ATOMIC_RELAXED) - 1;
		if (left > 1ul << 40)
			finish();
		if (mark && (blocks - left) % mark == 0) {
			tell_maps();
			gprintf("\nchaos: at %lu of seed %lu\n", blocks - left, seed);
		}
		make_block(c);
		c->nr_traps = c->nr_irqs = 0;
		c->in_block = true;
		chaos_run(c, c->code);
		if (c->kind == KIND_END)
			note_tried(c);
		if (c->in_sweep)
			c->sweep = (c->sweep + 1) % (ENCODINGS / SWEEP);
	}
}

static void chaos(void)
{
	struct chaos_cpu *c = chaos_self();

	seed = guest_arg("seed", 1);
	if (!guest_arg("exact", 0))
		seed = (seed * 0x9e3779b97f4a7c15ul ^
			boot_state.count * 0xbf58476d1ce4e5b9ul) >> 16;
	blocks = blocks_left = guest_arg("blocks", 2000);
	mark = guest_arg("mark", 0);
	dog = guest_arg("dog", 1);
	gprintf("chaos: seed %lu\n", seed);
	chaos_world_init();
	write_sysreg(vbar_el1, (uintptr_t)chaos_vectors);
	for (unsigned int i = 1; i < smp_nr(); i++)
		psci_call(PSCI_CPU_ON64, i, (uintptr_t)chaos_entry, 0);
	chaos_main(c);
}

GUEST_CASES(CASE(chaos));
