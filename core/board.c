/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's device tree, read into struct board. The tree is the firmware's:
 * believed in what it says, but checked in how it says it. Devicetree
 * Specification v0.4; bindings arm,gic-v3, arm,armv8-timer, arm,psci, cpus.
 */
#include "core/board.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "core/board_fdt.h"
#include "core/lib/bits.h"
#include "core/log.h"

struct board board;

/* Position in /timer's interrupts. */
#define TIMER_IDX_PHYS 1
#define TIMER_IDX_VIRT 2
#define TIMER_IDX_HYP  3

static int range_push(struct board_range *r, uint32_t *nr, uint64_t base, uint64_t size)
{
	if (size == 0)
		return 0;
	if (base + (size - 1) < base || *nr == BOARD_MAX_RANGES)
		return -EINVAL;
	r[*nr].base = PA(base);
	r[*nr].size = size;
	(*nr)++;
	return 0;
}

static int read_memory(struct board *b)
{
	int node = -1;

	while ((node = fdt_node_offset_by_prop_value(b->fdt, node, "device_type",
						     "memory", 7)) >= 0) {
		struct board_range r;

		if (!fdt_node_enabled(b->fdt, node))
			continue;
		for (int i = 0; fdt_reg(b->fdt, node, i, &r) == 0; i++)
			if (range_push(b->mem, &b->nr_mem, r.base.v, r.size))
				return -EINVAL;
	}
	return b->nr_mem ? 0 : -ENOENT;
}

static int read_reserved(struct board *b)
{
	int parent = fdt_path_offset(b->fdt, "/reserved-memory");
	int node;

	for (int i = 0; i < fdt_num_mem_rsv(b->fdt); i++) {
		uint64_t base, size;

		if (fdt_get_mem_rsv(b->fdt, i, &base, &size) ||
		    range_push(b->reserved, &b->nr_reserved, base, size))
			return -EINVAL;
	}
	if (parent < 0)
		return 0;
	fdt_for_each_subnode(node, b->fdt, parent) {
		struct board_range r;

		for (int i = 0; fdt_reg(b->fdt, node, i, &r) == 0; i++)
			if (range_push(b->reserved, &b->nr_reserved, r.base.v, r.size))
				return -EINVAL;
	}
	return 0;
}

static int read_cpu(struct board *b, int node, struct board_cpu *cpu)
{
	const char *method = fdt_getprop(b->fdt, node, "enable-method", NULL);
	int cells = fdt_address_cells(b->fdt, fdt_parent_offset(b->fdt, node));

	if (fdt_cells(b->fdt, node, "reg", 0, cells, &cpu->mpidr))
		return -EINVAL;
	if (!method || strcmp(method, "psci") == 0)
		cpu->enable = BOARD_ENABLE_PSCI;
	else if (strcmp(method, "spin-table") == 0 &&
		 fdt_cells(b->fdt, node, "cpu-release-addr", 0, 2, &cpu->release_addr.v) == 0)
		cpu->enable = BOARD_ENABLE_SPIN_TABLE;
	else
		return -EINVAL;
	return 0;
}

static bool is_cpu(const void *fdt, int node)
{
	const char *type = fdt_getprop(fdt, node, "device_type", NULL);

	return type && strcmp(type, "cpu") == 0 && fdt_node_enabled(fdt, node);
}

/* The boot pCPU first, the others in the tree's order. */
static int read_cpus(struct board *b, uint64_t boot_mpidr)
{
	int parent = fdt_path_offset(b->fdt, "/cpus");
	bool found = false;
	int node;

	b->nr_cpus = 1;
	if (parent < 0)
		return -ENOENT;
	fdt_for_each_subnode(node, b->fdt, parent) {
		struct board_cpu cpu = { 0 };

		if (!is_cpu(b->fdt, node))
			continue;
		if (read_cpu(b, node, &cpu)) {
			log_warn("cpu node %s: not understood, left alone",
				 fdt_get_name(b->fdt, node, NULL));
			continue;
		}
		if (cpu.mpidr == boot_mpidr) {
			b->cpus[0] = cpu;
			found = true;
		} else if (b->nr_cpus < MAX_PCPUS) {
			b->cpus[b->nr_cpus++] = cpu;
		}
	}
	return found ? 0 : -ENOENT;
}

static int read_gic(struct board *b)
{
	int node = fdt_node_offset_by_compatible(b->fdt, -1, "arm,gic-v3");
	uint32_t regions = 1;
	uint64_t v;

	if (node < 0)
		return -ENODEV;
	if (fdt_cells(b->fdt, node, "#redistributor-regions", 0, 1, &v) == 0)
		regions = (uint32_t)v;
	if (regions > ARRAY_SIZE(b->gicr) || fdt_reg(b->fdt, node, 0, &b->gicd))
		return -EINVAL;
	for (b->nr_gicr = 0; b->nr_gicr < regions; b->nr_gicr++)
		if (fdt_reg(b->fdt, node, (int)b->nr_gicr + 1, &b->gicr[b->nr_gicr]))
			return -EINVAL;
	fdt_cells(b->fdt, node, "redistributor-stride", 0, 2, &b->gicr_stride);
	return fdt_gic_intid(b->fdt, node, 0, &b->intid_maintenance);
}

static int read_timer(struct board *b)
{
	int node = fdt_node_offset_by_compatible(b->fdt, -1, "arm,armv8-timer");

	if (node < 0)
		return -ENODEV;
	if (fdt_gic_intid(b->fdt, node, TIMER_IDX_PHYS, &b->intid_phys_timer) ||
	    fdt_gic_intid(b->fdt, node, TIMER_IDX_VIRT, &b->intid_virt_timer))
		return -EINVAL;
	return fdt_gic_intid(b->fdt, node, TIMER_IDX_HYP, &b->intid_hyp_timer);
}

static void read_psci(struct board *b)
{
	int node = fdt_path_offset(b->fdt, "/psci");
	const char *method = node < 0 ? NULL : fdt_getprop(b->fdt, node, "method", NULL);

	b->psci_smc = method && strcmp(method, "smc") == 0;
	b->psci_hvc = method && strcmp(method, "hvc") == 0;
}

int board_read_uart(struct board *b)
{
	int node = fdt_stdout_node(b->fdt);
	const char *compatible;

	if (node < 0 || fdt_reg(b->fdt, node, 0, &b->uart))
		return -ENOENT;
	compatible = fdt_getprop(b->fdt, node, "compatible", NULL);
	if (!compatible)
		return -ENOENT;
	snprintf(b->uart_compatible, sizeof(b->uart_compatible), "%s", compatible);
	fdt_gic_intid(b->fdt, node, 0, &b->uart_intid);
	return 0;
}

static int chosen_addr(const void *fdt, int node, const char *name, uint64_t *v)
{
	int len = 0;

	if (!fdt_getprop(fdt, node, name, &len))
		return -ENOENT;
	return fdt_cells(fdt, node, name, 0, len / 4, v);
}

static void read_chosen(struct board *b)
{
	int node = fdt_path_offset(b->fdt, "/chosen");
	uint64_t start, end;
	const void *seed;
	int len = 0;

	if (node < 0)
		return;
	if (chosen_addr(b->fdt, node, "linux,initrd-start", &start) == 0 &&
	    chosen_addr(b->fdt, node, "linux,initrd-end", &end) == 0 && end > start) {
		b->initrd.base = PA(start);
		b->initrd.size = end - start;
	}
	seed = fdt_getprop(b->fdt, node, "rng-seed", &len);
	if (seed && len > 0) {
		b->rng_seed_len = MIN((uint32_t)len, sizeof(b->rng_seed));
		memcpy(b->rng_seed, seed, b->rng_seed_len);
	}
}

int board_init(struct board *b, uint64_t boot_mpidr)
{
	static const struct { const char *what; int (*read)(struct board *b); } parts[] = {
		{ "memory", read_memory },
		{ "reserved memory", read_reserved },
		{ "GICv3 interrupt controller", read_gic },
		{ "timer with virtual and hypervisor interrupts", read_timer },
	};

	/* First: it says how to power off when something below is missing. */
	read_psci(b);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int err = parts[i].read(b);

		if (err) {
			log_err("the board's device tree has no usable %s (%d)",
				parts[i].what, err);
			return err;
		}
	}
	if (read_cpus(b, boot_mpidr)) {
		log_err("the board's device tree does not name this pCPU (MPIDR %llx)",
			(unsigned long long)boot_mpidr);
		return -ENOENT;
	}
	read_chosen(b);
	return 0;
}
