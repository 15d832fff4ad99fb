/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member of channels that does what it is told on its console. NUMBER is hexadecimal.
 *
 *     channels         how many there are, and the first one's size and rights
 *     peek N           the word at N of the first one's memory; "abort" if that faults
 *     poke N VALUE     writes it; likewise
 *     fill VALUE       all words of it
 *     holds VALUE      how many of its words are not VALUE
 *     ring N           rings for member N
 *     present          which members are there
 *     rung             how often it was rung for, and by whom
 *     awake            does not sleep any more
 *     cost N           rings for member N, which does not sleep, again and again; how many ticks
 *                      it takes on average to its handler
 *     width            tries accesses that the doorbell has not; how many of 4 faulted
 */
#include "lib/channel.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/prompt.h"

static struct channel ch;
static volatile unsigned int nr_rung, rung_by;
static bool awake;

/* In the channel's memory: who measures writes MEASURE, who is rung for the time. */
#define MEASURE 0x434f5354ul
#define ROUNDS  64u

static uint64_t count_now(void)
{
	__asm__ volatile("isb" ::: "memory");
	return read_sysreg(cntpct_el0);
}

static void on_irq(void)
{
	uint64_t now = count_now();
	uint32_t id = gic_ack();

	if (id == ch.intid) {
		if (mmio_r64(ch.mem) == MEASURE)
			mmio_w64(ch.mem + 8, now);
		uint32_t who = mmio_r32(ch.bell + BELL_STATUS);

		nr_rung++;
		rung_by |= who;
		mmio_w32(ch.bell + BELL_ACK, who);
	}
	prompt_irq(id);
	if (id < 1020)
		gic_eoi(id);
}

static void peek(uint64_t off)
{
	uint64_t v = 0;

	if (TRAPS(v = mmio_r64(ch.mem + off)))
		gprintf("channel: peek abort\n");
	else
		gprintf("channel: peek 0x%lx\n", v);
}

static void poke(uint64_t off, uint64_t v)
{
	gprintf("channel: poke %s\n", TRAPS(mmio_w64(ch.mem + off, v)) ? "abort" : "done");
}

static void fill(uint64_t v)
{
	for (uint64_t off = 0; off < ch.size; off += 8)
		mmio_w64(ch.mem + off, v);
	gprintf("channel: fill done\n");
}

static void holds(uint64_t v)
{
	uint64_t others = 0;

	for (uint64_t off = 0; off < ch.size; off += 8)
		others += mmio_r64(ch.mem + off) != v;
	gprintf("channel: holds %lu others\n", others);
}

/* By a register that a function may change: as a driver does in its function that rings. */
static inline void ring_now(uint32_t who)
{
	register uint64_t x0 __asm__("x0") = ch.bell + BELL_RING;
	register uint32_t w1 __asm__("w1") = who;

	__asm__ volatile("str %w1, [%0]" : : "r"(x0), "r"(w1) : "memory");
}

/* The first rounds are not counted: what is lazy is done in them. */
static void cost(uint32_t who)
{
	uint64_t sum = 0;

	mmio_w64(ch.mem, MEASURE);
	irq_enable();
	for (unsigned int i = 0; i < ROUNDS + 8; i++) {
		uint64_t start;

		mmio_w64(ch.mem + 8, 0);
		delay_ms(1);
		start = count_now();
		ring_now(who);
		while (!mmio_r64(ch.mem + 8))
			__asm__ volatile("yield");
		sum += i < 8 ? 0 : mmio_r64(ch.mem + 8) - start;
	}
	irq_disable();
	mmio_w64(ch.mem, 0);
	gprintf("channel: cost %lu\n", sum / ROUNDS);
}

static void width(void)
{
	unsigned int n = TRAPS(mmio_r8(ch.bell)) + TRAPS(mmio_r64(ch.bell + BELL_RING)) +
			 TRAPS(mmio_w64(ch.bell + BELL_RING, 0)) +
			 TRAPS(mmio_r16(ch.bell + BELL_ACK));

	gprintf("channel: width %u\n", n);
}

static void obey(const char *s)
{
	struct channel more;
	unsigned int n = 0;
	uint64_t off;

	if (strncmp(s, "channels", 8) == 0) {
		while (channel_find(&more, n))
			n++;
		gprintf("channel: channels %u size 0x%lx member %u %s\n", n, ch.size, ch.id,
			ch.writable ? "rw" : "ro");
	} else if (strncmp(s, "peek", 4) == 0) {
		s += 4;
		peek(prompt_number(&s));
	} else if (strncmp(s, "poke", 4) == 0) {
		s += 4;
		off = prompt_number(&s);
		poke(off, prompt_number(&s));
	} else if (strncmp(s, "fill", 4) == 0) {
		s += 4;
		fill(prompt_number(&s));
	} else if (strncmp(s, "holds", 5) == 0) {
		s += 5;
		holds(prompt_number(&s));
	} else if (strncmp(s, "ring", 4) == 0) {
		s += 4;
		mmio_w32(ch.bell + BELL_RING, (uint32_t)prompt_number(&s));
		gprintf("channel: ring done\n");
	} else if (strncmp(s, "present", 7) == 0) {
		gprintf("channel: present 0x%x\n", mmio_r32(ch.bell + BELL_PRESENT));
	} else if (strncmp(s, "rung", 4) == 0) {
		gprintf("channel: rung %u by 0x%x\n", nr_rung, rung_by);
		nr_rung = rung_by = 0;
	} else if (strncmp(s, "cost", 4) == 0) {
		s += 4;
		cost((uint32_t)prompt_number(&s));
	} else if (strncmp(s, "awake", 5) == 0) {
		awake = true;
	} else if (strncmp(s, "width", 5) == 0) {
		width();
	}
}

static void report(void)
{
	gprintf("channel: member %u\n", ch.id);
}

static void channel(void)
{
	bool there = channel_find(&ch, 0);

	gic_init();
	this_cpu()->irq_hook = on_irq;
	if (there)
		gic_bit_set(GICD_ISENABLER, ch.intid);
	prompt_start("channel", report);
	gprintf("channel: ready, %s\n", there ? "a member" : "no channel");
	for (;;) {
		irq_disable();
		obey(prompt_poll());
		if (!awake)
			wfi();   /* wakes up for what is masked, too */
		irq_enable();
		__asm__ volatile("yield");
	}
}

GUEST_CASES(CASE(channel));
