/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes of the board's tree in a guest's: the devices that it has, and the fixed clocks they name.
 * What refers to a node that the guest has not is left out.
 */
#include "vm/guest_fdt_impl.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "core/lib/bits.h"
#include "vm/passthrough.h"

#define INTID_SPI_FIRST 32u
#define GIC_SPI         0u

struct copier {
	struct fdt_writer *w;
	const void *fdt;                         /* the board's                  */
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
static int follow(const struct copier *c, uint32_t old, const char *cells)
{
	int node = fdt_node_offset_by_phandle(c->fdt, old);
	const fdt32_t *v;
	int len;

	if (node < 0)
		return -1;
	if (!cells[0])
		return 0;
	v = fdt_getprop(c->fdt, node, cells, &len);
	return v && len == 4 && fdt32_ld(v) < 8 ? (int)fdt32_ld(v) : -1;
}

/* With the guest's phandles, if it has all that is referred to. */
static void copy_references(struct copier *c, const char *name, const fdt32_t *val, int len,
			    const char *cells)
{
	uint32_t out[FW_MAX_CELLS];
	int nr = len / 4;

	if (nr > FW_MAX_CELLS)
		return;
	for (int i = 0, more = 0; i < nr; i++, more--) {
		out[i] = fdt32_ld(&val[i]);
		if (more > 0)
			continue;
		more = follow(c, out[i], cells);
		out[i] = phandle_of(c, out[i]);
		if (more < 0 || !out[i])
			return;
		more++;
	}
	fw_cells(c->w, name, out, (size_t)nr);
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

static void copy_props(struct copier *c, int node)
{
	const void *names;
	int prop, len;

	fdt_for_each_property_offset(prop, c->fdt, node) {
		const char *name, *cells;
		const void *val = fdt_getprop_by_offset(c->fdt, prop, &name, &len);

		if (!val || is_ours(name))
			continue;
		cells = reference_cells(name);
		if (cells)
			copy_references(c, name, val, len, cells);
		else
			fw_bytes(c->w, name, val, (size_t)len);
	}
	/* Names without the clocks would mislead. */
	names = fdt_getprop(c->fdt, node, "clock-names", &len);
	if (names && !c->w->err && fdt_getprop(c->w->fdt, fw_offset(c->w), "clocks", NULL))
		fw_bytes(c->w, "clock-names", names, (size_t)len);
	if (phandle_of(c, fdt_get_phandle(c->fdt, node)))
		fw_u32(c->w, "phandle", phandle_of(c, fdt_get_phandle(c->fdt, node)));
}

/* --- nodes ------------------------------------------------------------------------ */

static void copy_children(struct copier *c, int node)
{
	int child;

	fdt_for_each_subnode(child, c->fdt, node) {
		int len;
		const fdt32_t *reg = fdt_getprop(c->fdt, child, "reg", &len);

		if (c->w->depth == FW_MAX_DEPTH - 1)
			return;
		fw_node(c->w, fdt_get_name(c->fdt, child, NULL));
		copy_props(c, child);
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
	fdt32_t cells[4 * PASS_MAX_RANGES], irqs[3 * PASS_MAX_IRQS];

	for (uint32_t i = 0; i < nr_ranges; i++) {
		fdt64_st(&cells[4 * i], r[i].base.v);
		fdt64_st(&cells[4 * i + 2], r[i].size);
	}
	fw_bytes(c->w, "reg", cells, nr_ranges * 16);
	for (uint32_t i = 0; i < nr_irqs; i++) {
		irqs[3 * i] = cpu_to_fdt32(GIC_SPI);
		irqs[3 * i + 1] = cpu_to_fdt32(irq[i].intid - INTID_SPI_FIRST);
		irqs[3 * i + 2] = cpu_to_fdt32(irq[i].flags);
	}
	if (nr_irqs)
		fw_bytes(c->w, "interrupts", irqs, nr_irqs * 12);
}

/* The fixed clocks that a device names: they have no registers, so anybody may know them. */
static void copy_clocks(struct copier *c, int node)
{
	char name[24];
	int len;
	const fdt32_t *val = fdt_getprop(c->fdt, node, "clocks", &len);

	for (int i = 0; val && i < len / 4; i++) {
		uint32_t old = fdt32_ld(&val[i]);
		int clock = fdt_node_offset_by_phandle(c->fdt, old);

		if (clock < 0 || fdt_node_check_compatible(c->fdt, clock, "fixed-clock") != 0)
			return;
		if (!phandle_add(c, old))
			continue;
		fw_node_at(c->w, "clock", phandle_of(c, old));
		copy_props(c, clock);
		/* Names of clocks are unique in Linux, and the guest's own have the board's. */
		snprintf(name, sizeof(name), "board-clock-%u", (unsigned int)phandle_of(c, old));
		fw_string(c->w, "clock-output-names", name);
		fw_end(c->w);
	}
}

void guest_fdt_devices(struct fdt_writer *w, const struct vm_config *cfg)
{
	const struct passthrough *set = CONFIG_PASSTHROUGH ? cfg->pass : NULL;
	struct copier c = { .w = w, .fdt = board.fdt };
	uint32_t range = 0, irq = 0;

	/* First all that can be referred to. */
	for (uint32_t i = 0; set && i < set->nr_devices; i++)
		phandle_add(&c, fdt_get_phandle(c.fdt, set->device[i].node));
	for (uint32_t i = 0; set && i < set->nr_devices; i++)
		copy_clocks(&c, set->device[i].node);
	for (uint32_t i = 0; set && i < set->nr_devices; i++) {
		const struct pass_device *d = &set->device[i];

		fw_node(w, fdt_get_name(c.fdt, d->node, NULL));
		copy_props(&c, d->node);
		put_resources(&c, &set->range[range], d->nr_ranges, &set->irq[irq], d->nr_irqs);
		copy_children(&c, d->node);
		fw_end(w);
		range += d->nr_ranges;
		irq += d->nr_irqs;
	}
}
