/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's device tree, read into struct board. The tree is the firmware's:
 * believed in what it says, but checked in how it says it. Devicetree
 * Specification v0.4; bindings arm,gic-v3, arm,armv8-timer, arm,psci, cpus.
 */
#include "core/board.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/board_fdt.h"
#include "core/fdt_sound.h"
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

static bool has_type(const struct board *b, int node, const char *type)
{
	const char *s = board_string(b, node, "device_type");

	return s && strcmp(s, type) == 0;
}

static int read_memory(struct board *b)
{
	for (int node = 0; node < b->nr_nodes; node++) {
		struct board_range r;

		if (!has_type(b, node, "memory") || !board_node_enabled(b, node))
			continue;
		for (int i = 0; board_reg(b, node, i, &r) == 0; i++)
			if (range_push(b->mem, &b->nr_mem, r.base.v, r.size))
				return -EINVAL;
	}
	return b->nr_mem ? 0 : -ENOENT;
}

static int read_reserved(struct board *b)
{
	int parent = board_path(b, "/reserved-memory");
	const uint64_t *map = fdt_reservations(b->fdt);
	int node;

	for (; map[1]; map += 2)
		if (range_push(b->reserved, &b->nr_reserved, __builtin_bswap64(map[0]),
			       __builtin_bswap64(map[1])))
			return -EINVAL;
	if (parent < 0)
		return 0;
	board_for_each_child(node, b, parent) {
		struct board_range r;

		for (int i = 0; board_reg(b, node, i, &r) == 0; i++)
			if (range_push(b->reserved, &b->nr_reserved, r.base.v, r.size))
				return -EINVAL;
	}
	return 0;
}

static int read_cpu(struct board *b, int node, struct board_cpu *cpu)
{
	const char *method = board_string(b, node, "enable-method");
	int cells = b->node[b->node[node].parent].na;

	if (board_cells(b, node, "reg", 0, cells, &cpu->mpidr))
		return -EINVAL;
	if (!method || strcmp(method, "psci") == 0)
		cpu->enable = BOARD_ENABLE_PSCI;
	else if (strcmp(method, "spin-table") == 0 &&
		 board_cells(b, node, "cpu-release-addr", 0, 2, &cpu->release_addr.v) == 0)
		cpu->enable = BOARD_ENABLE_SPIN_TABLE;
	else
		return -EINVAL;
	return 0;
}

/* The boot pCPU first, the others in the tree's order. */
static int read_cpus(struct board *b, uint64_t boot_mpidr)
{
	int parent = board_path(b, "/cpus");
	bool found = false;
	int node;

	b->nr_cpus = 1;
	if (parent < 0)
		return -ENOENT;
	board_for_each_child(node, b, parent) {
		struct board_cpu cpu = { 0 };

		if (!has_type(b, node, "cpu") || !board_node_enabled(b, node))
			continue;
		if (read_cpu(b, node, &cpu)) {
			log_warn("cpu node %s: not understood, left alone",
				 board_node_name(b, node));
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
	int node = board_compatible(b, -1, "arm,gic-v3");
	uint32_t regions = 1;
	uint64_t v;

	if (node < 0)
		return -ENODEV;
	if (board_cells(b, node, "#redistributor-regions", 0, 1, &v) == 0)
		regions = (uint32_t)v;
	if (regions > ARRAY_SIZE(b->gicr) || board_reg(b, node, 0, &b->gicd))
		return -EINVAL;
	for (b->nr_gicr = 0; b->nr_gicr < regions; b->nr_gicr++)
		if (board_reg(b, node, (int)b->nr_gicr + 1, &b->gicr[b->nr_gicr]))
			return -EINVAL;
	board_cells(b, node, "redistributor-stride", 0, 2, &b->gicr_stride);
	return board_intid(b, node, 0, &b->intid_maintenance);
}

static int read_timer(struct board *b)
{
	int node = board_compatible(b, -1, "arm,armv8-timer");

	if (node < 0)
		return -ENODEV;
	if (board_intid(b, node, TIMER_IDX_PHYS, &b->intid_phys_timer) ||
	    board_intid(b, node, TIMER_IDX_VIRT, &b->intid_virt_timer))
		return -EINVAL;
	return board_intid(b, node, TIMER_IDX_HYP, &b->intid_hyp_timer);
}

static void read_psci(struct board *b)
{
	int node = board_path(b, "/psci");
	const char *method = node < 0 ? NULL : board_string(b, node, "method");

	b->psci_smc = method && strcmp(method, "smc") == 0;
	b->psci_hvc = method && strcmp(method, "hvc") == 0;
}

int board_read_uart(struct board *b)
{
	int node = board_stdout(b);
	const char *compatible;

	if (node < 0 || board_reg(b, node, 0, &b->uart))
		return -ENOENT;
	compatible = board_string(b, node, "compatible");
	if (!compatible)
		return -ENOENT;
	snprintf(b->uart_compatible, sizeof(b->uart_compatible), "%s", compatible);
	board_intid(b, node, 0, &b->uart_intid);
	return 0;
}

static int chosen_addr(const struct board *b, int node, const char *name, uint64_t *v)
{
	int len = 0;

	if (!board_prop(b, node, name, &len))
		return -ENOENT;
	return board_cells(b, node, name, 0, len / 4, v);
}

static void read_chosen(struct board *b)
{
	int node = board_path(b, "/chosen");
	uint64_t start, end;
	const void *seed;
	int len = 0;

	if (node < 0)
		return;
	if (chosen_addr(b, node, "linux,initrd-start", &start) == 0 &&
	    chosen_addr(b, node, "linux,initrd-end", &end) == 0 && end > start) {
		b->initrd.base = PA(start);
		b->initrd.size = end - start;
	}
	seed = board_prop(b, node, "rng-seed", &len);
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
