/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishes and subscribes as it is told on its console (docs/channels.md). Numbers are
 * hexadecimal; "-": all ones.
 *
 *     call FN X1 X2 X3 X4   makes call FN of docs/hypercalls.md's c6000100 on; prints x0 to x7. The
 *                           handle of a region that it got is h0, h1, ... for its slot then
 *     box FN X1 X2 X3 X4    the same by the mailbox
 *     peek A, poke A V      the word at A: "abort" if that faults
 *     fill A SIZE V         all words there; holds A SIZE V: how many are not V
 *     rung                  which slots' doorbells have rung, and how often; and by whom the last
 *     storm KEY N           publishes and unpublishes 64 KiB, N times; how often that did not do
 */
#include "lib/channel.h"
#include "lib/corbel_hvc.h"
#include "lib/fdt.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/prompt.h"

#define SLOTS 8
#define BOX   0x090f0000ul

static struct corbel_link hvc = { corbel_hvc };
static uintptr_t bells;
static uint32_t first;
static uint64_t handles[SLOTS];
static volatile unsigned int nr_rung, slots_rung, rung_by;

static void box_call(struct corbel_link *link, uint64_t x[8])
{
	(void)link;
	for (unsigned int i = 0; i < 8; i++)
		mmio_w64(BOX + 8 * i, x[i]);
	mmio_w64(BOX + 0x40, 1);
	for (unsigned int i = 0; i < 8; i++)
		x[i] = mmio_r64(BOX + 8 * i);
}

static struct corbel_link box = { box_call };

static bool find(void)
{
	const void *fdt = (const void *)boot_state.x[0];
	long node = fdt_ok(fdt) ? fdt_find_compatible(fdt, -1, "corbel,ivc") : -1;
	const void *reg, *irq;

	if (node < 0)
		return false;
	reg = fdt_prop(fdt, node, "reg", NULL);
	irq = fdt_prop(fdt, node, "interrupts", NULL);
	bells = fdt_u64(reg, 4);
	first = 32 + fdt_u32(irq, 1);
	return true;
}

static void on_irq(void)
{
	uint32_t id = gic_ack();

	if (bells && id - first < SLOTS) {
		uintptr_t bell = bells + (id - first) * 0x1000;

		rung_by = mmio_r32(bell + BELL_STATUS);
		nr_rung++;
		slots_rung |= 1u << (id - first);
		mmio_w32(bell + BELL_ACK, rung_by);
	}
	prompt_irq(id);
	if (id < 1020)
		gic_eoi(id);
}

static uint64_t number(const char **s)
{
	while (**s == ' ')
		(*s)++;
	if (**s == '-') {
		(*s)++;
		return ~0ul;
	}
	if (**s == 'h') {
		*s += 2;
		return handles[(*s)[-1] - '0'];
	}
	return prompt_number(s);
}

static void call(struct corbel_link *link, const char *s)
{
	uint64_t x[8] = { 0, 0, 0, 0, 0, 0x55, 0x66, 0x77 };

	for (unsigned int i = 0; i < 5; i++)
		x[i] = number(&s);
	x[0] += CORBEL_IVC_FEATURES;
	bool gets = x[0] == CORBEL_IVC_PUBLISH || x[0] == CORBEL_IVC_SUBSCRIBE;
	int code = corbel_call(link, x);

	if (gets && !code && x[4] - bells < SLOTS * 0x1000)
		handles[(x[4] - bells) / 0x1000] = x[1];
	gprintf("ivc: call %d 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx\n", code, x[1], x[2], x[3],
		x[4], x[5], x[6], x[7]);
}

static void peek(const char *s)
{
	uint64_t at = number(&s), v = 0;

	if (TRAPS(v = mmio_r64(at)))
		gprintf("ivc: peek abort\n");
	else
		gprintf("ivc: peek 0x%lx\n", v);
}

static void poke(const char *s)
{
	uint64_t at = number(&s), v = number(&s);

	gprintf("ivc: poke %s\n", TRAPS(mmio_w64(at, v)) ? "abort" : "done");
}

static void words(const char *s, bool fill)
{
	uint64_t at = number(&s), size = number(&s), v = number(&s), others = 0;

	for (uint64_t off = 0; off < size; off += 8) {
		if (fill)
			mmio_w64(at + off, v);
		others += mmio_r64(at + off) != v;
	}
	gprintf("ivc: %s %lu others\n", fill ? "fill" : "holds", others);
}

static void storm(const char *s)
{
	uint64_t key = number(&s), n = number(&s), failed = 0;

	while (n--) {
		uint64_t x[8] = { CORBEL_IVC_PUBLISH, key, 0x10000, ~0ul, 1 };
		uint64_t y[8] = { CORBEL_IVC_UNPUBLISH };

		failed += corbel_call(&hvc, x) != 0;
		failed += mmio_r64(x[2]) != 0;
		mmio_w64(x[2], key);
		y[1] = x[1];
		failed += corbel_call(&hvc, y) != 0;
	}
	gprintf("ivc: storm %lu\n", failed);
}

static void obey(const char *s)
{
	if (strncmp(s, "call", 4) == 0)
		call(&hvc, s + 4);
	else if (strncmp(s, "box", 3) == 0)
		call(&box, s + 3);
	else if (strncmp(s, "peek", 4) == 0)
		peek(s + 4);
	else if (strncmp(s, "poke", 4) == 0)
		poke(s + 4);
	else if (strncmp(s, "fill", 4) == 0)
		words(s + 4, true);
	else if (strncmp(s, "holds", 5) == 0)
		words(s + 5, false);
	else if (strncmp(s, "storm", 5) == 0)
		storm(s + 5);
	else if (strncmp(s, "rung", 4) == 0) {
		gprintf("ivc: rung %u at 0x%x by 0x%x\n", nr_rung, slots_rung, rung_by);
		nr_rung = slots_rung = rung_by = 0;
	}
}

static void report(void)
{
	gprintf("ivc: here\n");
}

static void ivc(void)
{
	bool there = find();

	gic_init();
	this_cpu()->irq_hook = on_irq;
	for (unsigned int i = 0; there && i < SLOTS; i++)
		gic_bit_set(GICD_ISENABLER, first + i);
	prompt_start("ivc", report);
	gprintf("ivc: ready, %s\n", there ? "has it" : "has it not");
	for (;;) {
		irq_disable();
		obey(prompt_poll());
		wfi();   /* wakes up for what is masked, too */
		irq_enable();
		__asm__ volatile("yield");
	}
}

GUEST_CASES(CASE(ivc));
