/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes of the board's tree in a guest's: the devices that it has, and the fixed clocks they name.
 * What refers to a node that the guest has not is left out.
 */
#include "vm/guest_fdt_impl.h"

#include <stdio.h>
#include <string.h>

#include "core/board_fdt.h"
#include "core/fdt_sound.h"
#include "core/lib/bits.h"
#include "vm/passthrough.h"

#define INTID_SPI_FIRST 32u
#define GIC_SPI         0u

struct copier {
	struct fdt_writer *w;
	uint32_t nr;                             /* nodes with phandles of ours  */
	uint32_t old[GUEST_FDT_PASS_PHANDLES];
};

/* The guest's number for a node that is copied; 0: it is not. */
static uint32_t phandle_of(const struct copier *c, uint32_t old)
{
	for (uint32_t i = 0; i < c->nr; i++)
		if (c->old[i] == old)
			return c->w->phandles + GUEST_FDT_PASS_FIRST + i;
	return 0;
}

static bool phandle_add(struct copier *c, uint32_t old)
{
	if (!old || old == UINT32_MAX || phandle_of(c, old) || c->nr == ARRAY_SIZE(c->old))
		return false;
	c->old[c->nr++] = old;
	return true;
}

/* --- properties ------------------------------------------------------------------- */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* The property that says how many cells follow a reference; "": none do; NULL: no references. */
static const char *reference_cells(const char *name)
{
	static const struct { const char *end, *cells; } known[] = {
		{ "clocks", "#clock-cells" }, { "gpios", "#gpio-cells" },
		{ "gpio", "#gpio-cells" }, { "resets", "#reset-cells" },
		{ "power-domains", "#power-domain-cells" }, { "phys", "#phy-cells" },
		{ "dmas", "#dma-cells" }, { "iommus", "#iommu-cells" },
		{ "mboxes", "#mbox-cells" }, { "pwms", "#pwm-cells" }, { "-supply", "" },
		{ "msi-parent", "" }, { "memory-region", "" }, { "pinctrl-0", "" },
		{ "assigned-clocks", "#clock-cells" }, { "-handle", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (ends_with(name, known[i].end))
			return known[i].cells;
	return NULL;
}

/* How many cells after the reference to the node old; -1: it cannot be followed. */
static int follow(uint32_t old, const char *cells)
{
	int node = board_by_phandle(&board, old);
	uint64_t v;

	if (node < 0)
		return -1;
	if (!cells[0])
		return 0;
	return board_cells(&board, node, cells, 0, 1, &v) == 0 && v < 8 ? (int)v : -1;
}

/* With the guest's phandles, if it has all that is referred to: whether it has. */
static bool copy_references(struct copier *c, const char *name, const uint32_t *val, int len,
			    const char *cells)
{
	uint32_t out[FW_MAX_CELLS];
	int nr = len / 4;

	if (nr > FW_MAX_CELLS)
		return false;
	for (int i = 0, more = 0; i < nr; i++, more--) {
		out[i] = fdt_be(&val[i]);
		if (more > 0)
			continue;
		more = follow(out[i], cells);
		out[i] = phandle_of(c, out[i]);
		if (more < 0 || !out[i])
			return false;
		more++;
	}
	fw_cells(c->w, name, out, (size_t)nr);
	return true;
}

/* Written in our own way, or of the board's tree only. */
static bool is_ours(const char *name)
{
	static const char *const names[] = { "reg", "interrupts", "interrupt-parent", "phandle",
					     "linux,phandle", "status", "interrupt-map",
					     "clock-names" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* All but one, which is told anew. */
static void copy_props(struct copier *c, int node, const char *but)
{
	const uint32_t *prop = board_node_tag(&board, node);
	const void *names;
	bool clocks = false;
	int len;

	while ((prop = fdt_prop_next(prop))) {
		const char *name = fdt_prop_name(board.fdt, prop), *cells;

		len = (int)fdt_be(prop + 1);
		if (is_ours(name) || (but && strcmp(name, but) == 0))
			continue;
		cells = reference_cells(name);
		if (cells)
			clocks |= copy_references(c, name, prop + 3, len, cells) &&
				  strcmp(name, "clocks") == 0;
		else
			fw_bytes(c->w, name, prop + 3, (size_t)len);
	}
	/* Names without the clocks would mislead. */
	names = board_prop(&board, node, "clock-names", &len);
	if (names && clocks)
		fw_bytes(c->w, "clock-names", names, (size_t)len);
	if (phandle_of(c, board.node[node].phandle))
		fw_u32(c->w, "phandle", phandle_of(c, board.node[node].phandle));
}

/* --- nodes ------------------------------------------------------------------------ */

static void copy_children(struct copier *c, int node)
{
	int child;

	board_for_each_child(child, &board, node) {
		int len;
		const void *reg = board_prop(&board, child, "reg", &len);

		if (c->w->depth == FW_MAX_DEPTH)
			return;
		fw_node(c->w, board_node_name(&board, child));
		copy_props(c, child, NULL);
		if (reg)           /* of the device's own bus */
			fw_bytes(c->w, "reg", reg, (size_t)len);
		copy_children(c, child);
		fw_end(c->w);
	}
}

/* Registers in cells of ours, as the CPU sees them; interrupts as the GIC's, three cells each. */
static void put_resources(struct copier *c, const struct board_range *r, uint32_t nr_ranges,
			  const struct pass_irq *irq, uint32_t nr_irqs)
{
	uint64_t regs[2 * PASS_MAX_RANGES];
	uint32_t irqs[3 * PASS_MAX_IRQS];

	for (uint32_t i = 0; i < nr_ranges; i++) {
		regs[2 * i] = __builtin_bswap64(r[i].base.v);
		regs[2 * i + 1] = __builtin_bswap64(r[i].size);
	}
	fw_bytes(c->w, "reg", regs, nr_ranges * 16);
	for (uint32_t i = 0; i < nr_irqs; i++) {
		irqs[3 * i] = __builtin_bswap32(GIC_SPI);
		irqs[3 * i + 1] = __builtin_bswap32(irq[i].intid - INTID_SPI_FIRST);
		irqs[3 * i + 2] = __builtin_bswap32(irq[i].flags);
	}
	if (nr_irqs)
		fw_bytes(c->w, "interrupts", irqs, nr_irqs * 12);
}

/* The fixed clocks that a device names: they have no registers, so anybody may know them. */
static void copy_clocks(struct copier *c, int node)
{
	char name[24];
	int len;
	const uint32_t *val = board_prop(&board, node, "clocks", &len);

	for (int i = 0; val && i < len / 4; i++) {
		uint32_t old = fdt_be(&val[i]);
		int clock = board_by_phandle(&board, old);

		if (clock < 0 || !board_is(&board, clock, "fixed-clock"))
			return;
		if (!phandle_add(c, old))
			continue;
		fw_node_at(c->w, "clock", phandle_of(c, old));
		copy_props(c, clock, "clock-output-names");
		/* Names of clocks are unique in Linux, and the guest's own have the board's. */
		snprintf(name, sizeof(name), "board-clock-%u", (unsigned int)phandle_of(c, old));
		fw_string(c->w, "clock-output-names", name);
		fw_end(c->w);
	}
}

void guest_fdt_devices(struct fdt_writer *w, const struct vm_config *cfg)
{
	const struct passthrough *set = CONFIG_PASSTHROUGH ? cfg->pass : NULL;
	struct copier c = { .w = w };
	uint32_t range = 0, irq = 0;

	/* First all that can be referred to. */
	for (uint32_t i = 0; set && i < set->nr_devices; i++)
		phandle_add(&c, board.node[set->device[i].node].phandle);
	for (uint32_t i = 0; set && i < set->nr_devices; i++)
		copy_clocks(&c, set->device[i].node);
	for (uint32_t i = 0; set && i < set->nr_devices; i++) {
		const struct pass_device *d = &set->device[i];

		fw_node(w, board_node_name(&board, d->node));
		copy_props(&c, d->node, NULL);
		put_resources(&c, &set->range[range], d->nr_ranges, &set->irq[irq], d->nr_irqs);
		copy_children(&c, d->node);
		fw_end(w);
		range += d->nr_ranges;
		irq += d->nr_irqs;
	}
}
