/* SPDX-License-Identifier: Apache-2.0 */
/* Board trees made with libfdt, read back by core/board.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <libfdt.h>

#include "core/board_fdt.h"
#include "core/lib/bits.h"

#define OK(call) assert_true((call) >= 0)

#define BOOT_MPIDR 0x101
#define PHANDLE_GIC 1

/* What a test wants different from the ordinary board. */
struct variant {
	bool no_gic, no_memory, no_boot_cpu, no_timer;
	bool soc;             /* the UART lies behind a bus with ranges        */
	bool soc_unreachable; /* ... that has no ranges                        */
	uint32_t banks;
};

static uint8_t blob[16384];
static struct board b;

static void cells(const char *name, const uint32_t *v, int n)
{
	uint32_t be[32];

	for (int i = 0; i < n; i++)
		be[i] = cpu_to_fdt32(v[i]);
	OK(fdt_property(blob, name, be, n * 4));
}
#define CELLS(name, ...) do { \
	uint32_t v_[] = { __VA_ARGS__ }; \
	cells(name, v_, sizeof(v_) / 4); \
} while (0)

static void root_cells(uint32_t a, uint32_t s)
{
	CELLS("#address-cells", a);
	CELLS("#size-cells", s);
}

static void make_cpu(const char *name, uint32_t mpidr, const char *method)
{
	OK(fdt_begin_node(blob, name));
	OK(fdt_property_string(blob, "device_type", "cpu"));
	OK(fdt_property_string(blob, "enable-method", method));
	if (strcmp(method, "spin-table") == 0)
		CELLS("cpu-release-addr", 0x1, 0xd8);
	CELLS("reg", mpidr);
	OK(fdt_end_node(blob));
}

static void make_cpus(const struct variant *v)
{
	OK(fdt_begin_node(blob, "cpus"));
	root_cells(1, 0);
	make_cpu("cpu@0", 0x0, "psci");
	make_cpu("cpu@1", 0x1, "spin-table");
	make_cpu("cpu@2", 0x2, "magic");
	if (!v->no_boot_cpu)
		make_cpu("cpu@101", BOOT_MPIDR, "psci");
	OK(fdt_end_node(blob));
}

static void make_memory(const struct variant *v)
{
	char name[24];

	for (uint32_t i = 0; i < v->banks; i++) {
		snprintf(name, sizeof(name), "memory@%x", 0x40000000 + i * 0x10000000);
		OK(fdt_begin_node(blob, name));
		OK(fdt_property_string(blob, "device_type", "memory"));
		CELLS("reg", 0, 0x40000000 + i * 0x10000000, 0, 0x8000000);
		OK(fdt_end_node(blob));
	}
}

static void make_gic(void)
{
	OK(fdt_begin_node(blob, "gic"));
	OK(fdt_property_string(blob, "compatible", "arm,gic-v3"));
	CELLS("#interrupt-cells", 3);
	CELLS("phandle", PHANDLE_GIC);
	CELLS("interrupts", 1, 9, 4);
	CELLS("reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0xf60000);
	OK(fdt_end_node(blob));
}

static void make_uart(void)
{
	OK(fdt_begin_node(blob, "serial@9000000"));
	OK(fdt_property_string(blob, "compatible", "arm,pl011"));
	CELLS("interrupts", 0, 1, 4);
	CELLS("reg", 0, 0x9000000, 0, 0x1000);
	OK(fdt_end_node(blob));
}

static void make_soc(const struct variant *v)
{
	OK(fdt_begin_node(blob, "soc"));
	root_cells(2, 2);
	if (!v->soc_unreachable)
		CELLS("ranges", 0, 0x9000000, 0x1, 0x20000000, 0, 0x100000);
	make_uart();
	OK(fdt_end_node(blob));
}

static void make_timer(void)
{
	OK(fdt_begin_node(blob, "timer"));
	OK(fdt_property_string(blob, "compatible", "arm,armv8-timer"));
	CELLS("interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
	OK(fdt_end_node(blob));
}

static void make_rest(const struct variant *v)
{
	OK(fdt_begin_node(blob, "psci"));
	OK(fdt_property_string(blob, "method", "smc"));
	OK(fdt_end_node(blob));
	OK(fdt_begin_node(blob, "reserved-memory"));
	root_cells(2, 2);
	OK(fdt_property(blob, "ranges", NULL, 0));
	OK(fdt_begin_node(blob, "secure@44000000"));
	CELLS("reg", 0, 0x44000000, 0, 0x100000);
	OK(fdt_end_node(blob));
	OK(fdt_end_node(blob));
	OK(fdt_begin_node(blob, "chosen"));
	OK(fdt_property_string(blob, "stdout-path",
			       v->soc ? "/soc/serial@9000000:115200n8" : "/serial@9000000"));
	CELLS("linux,initrd-start", 0, 0x48000000);
	CELLS("linux,initrd-end", 0x48000100);
	OK(fdt_end_node(blob));
}

static void make(const struct variant *v)
{
	memset(&b, 0, sizeof(b));
	OK(fdt_create(blob, sizeof(blob)));
	OK(fdt_add_reservemap_entry(blob, 0x43000000, 0x1000));
	OK(fdt_finish_reservemap(blob));
	OK(fdt_begin_node(blob, ""));
	root_cells(2, 2);
	CELLS("interrupt-parent", PHANDLE_GIC);
	if (!v->no_memory)
		make_memory(v);
	make_cpus(v);
	if (!v->no_gic)
		make_gic();
	if (!v->no_timer)
		make_timer();
	if (v->soc)
		make_soc(v);
	else
		make_uart();
	make_rest(v);
	OK(fdt_end_node(blob));
	OK(fdt_finish(blob));
	b.fdt = blob;
	assert_int_equal(board_index(&b), 0);
}

static void ordinary_board_is_read_whole(void **state)
{
	const struct variant v = { .banks = 2 };

	(void)state;
	make(&v);
	assert_int_equal(board_init(&b, BOOT_MPIDR), 0);
	assert_int_equal(b.nr_mem, 2);
	assert_int_equal(b.mem[1].base.v, 0x50000000);
	assert_int_equal(b.mem[1].size, 0x8000000);
	assert_int_equal(b.gicd.base.v, 0x8000000);
	assert_int_equal(b.nr_gicr, 1);
	assert_int_equal(b.gicr[0].size, 0xf60000);
	assert_int_equal(b.intid_maintenance, 25);
	assert_int_equal(b.intid_virt_timer, 27);
	assert_int_equal(b.intid_phys_timer, 30);
	assert_int_equal(b.intid_hyp_timer, 26);
	assert_true(b.psci_smc);
	assert_int_equal(b.initrd.base.v, 0x48000000);
	assert_int_equal(b.initrd.size, 0x100);
}

static void boot_pcpu_comes_first_and_the_unknown_are_left_out(void **state)
{
	const struct variant v = { .banks = 1 };

	(void)state;
	make(&v);
	assert_int_equal(board_init(&b, BOOT_MPIDR), 0);
	assert_int_equal(b.nr_cpus, 3);
	assert_int_equal(b.cpus[0].mpidr, BOOT_MPIDR);
	assert_int_equal(b.cpus[1].mpidr, 0);
	assert_int_equal(b.cpus[2].enable, BOARD_ENABLE_SPIN_TABLE);
	assert_int_equal(b.cpus[2].release_addr.v, 0x1000000d8);
}

static void memreserve_and_reserved_memory_are_both_kept(void **state)
{
	const struct variant v = { .banks = 1 };

	(void)state;
	make(&v);
	assert_int_equal(board_init(&b, BOOT_MPIDR), 0);
	assert_int_equal(b.nr_reserved, 2);
	assert_int_equal(b.reserved[0].base.v, 0x43000000);
	assert_int_equal(b.reserved[1].base.v, 0x44000000);
}

static void uart_is_found_by_stdout_path(void **state)
{
	const struct variant v = { .banks = 1 };

	(void)state;
	make(&v);
	assert_int_equal(board_read_uart(&b), 0);
	assert_int_equal(b.uart.base.v, 0x9000000);
	assert_string_equal(b.uart_compatible, "arm,pl011");
	assert_int_equal(b.uart_intid, 33);
}

static void uart_by_an_alias_but_not_by_one_of_itself(void **state)
{
	static const struct { const char *to; int err; } aliases[] = {
		{ "/serial@9000000", 0 }, { "serial0", -ENOENT }, { "nobody", -ENOENT },
		{ "serial0/x", -ENOENT },
	};
	const struct variant v = { .banks = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		make(&v);
		OK(fdt_open_into(blob, blob, sizeof(blob)));
		OK(fdt_setprop_string(blob, fdt_path_offset(blob, "/chosen"), "stdout-path",
				      "serial0:115200n8"));
		OK(fdt_setprop_string(blob, fdt_add_subnode(blob, 0, "aliases"), "serial0",
				      aliases[i].to));
		assert_int_equal(board_index(&b), 0);
		assert_int_equal(board_read_uart(&b), aliases[i].err);
	}
}

static void bus_addresses_are_translated_by_ranges(void **state)
{
	const struct variant v = { .banks = 1, .soc = true };

	(void)state;
	make(&v);
	assert_int_equal(board_read_uart(&b), 0);
	assert_int_equal(b.uart.base.v, 0x120000000);
	assert_int_equal(b.uart_intid, 33);
}

static void device_behind_a_bus_without_ranges_is_not_reachable(void **state)
{
	const struct variant v = { .banks = 1, .soc = true, .soc_unreachable = true };

	(void)state;
	make(&v);
	assert_int_equal(board_read_uart(&b), -ENOENT);
}

static void what_is_missing_is_refused(void **state)
{
	const struct variant v[] = {
		{ .banks = 1, .no_gic = true },
		{ .no_memory = true },
		{ .banks = 1, .no_boot_cpu = true },
		{ .banks = 1, .no_timer = true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		make(&v[i]);
		assert_true(board_init(&b, BOOT_MPIDR) < 0);
	}
}

static void more_banks_than_fit_are_refused_not_cut(void **state)
{
	const struct variant v = { .banks = BOARD_MAX_RANGES + 1 };

	(void)state;
	make(&v);
	assert_int_equal(board_init(&b, BOOT_MPIDR), -EINVAL);
}

/* libfdt says what is where. */
static void all_nodes_are_noted_with_their_parents_cells_and_phandles(void **state)
{
	const struct variant v = { .banks = 2, .soc = true };
	int at = -1, parent, nr = 0;

	(void)state;
	make(&v);
	while ((at = fdt_next_node(blob, at, NULL)) >= 0) {
		parent = fdt_parent_offset(blob, at);
		assert_int_equal(b.node[nr].offset * 4, at);
		assert_string_equal(board_node_name(&b, nr), fdt_get_name(blob, at, NULL));
		assert_int_equal(b.node[nr].na, fdt_address_cells(blob, at));
		assert_int_equal(b.node[nr].ns, fdt_size_cells(blob, at));
		assert_int_equal(b.node[nr].phandle, fdt_get_phandle(blob, at));
		if (at > 0)
			assert_int_equal(b.node[b.node[nr].parent].offset * 4, parent);
		nr++;
	}
	assert_int_equal(b.nr_nodes, nr);
	assert_true(b.node[0].parent < 0);
}

static void cells_that_no_address_has_are_not_used(void **state)
{
	const struct variant v = { .banks = 1 };

	(void)state;
	for (uint32_t cells = 0; cells < 8; cells++) {
		make(&v);
		OK(fdt_setprop_inplace_u32(blob, 0, "#address-cells", cells));
		assert_int_equal(board_index(&b), 0);
		assert_int_equal(b.node[0].na, MAX(fdt_address_cells(blob, 0), -1));
		assert_int_equal(board_read_uart(&b), cells == 1 || cells == 2 ? 0 : -ENOENT);
	}
}

/* By name without the unit's address too; not by a part of a name. */
static void nodes_are_found_by_their_paths(void **state)
{
	static const struct { const char *path; const char *name; } paths[] = {
		{ "/", "" }, { "", "" }, { "//cpus//cpu@1/", "cpu@1" },
		{ "/memory", "memory@40000000" },
		{ "/soc/serial@9000000", "serial@9000000" }, { "/soc/serial", "serial@9000000" },
		{ "/soc/serial@900000", NULL }, { "/so", NULL }, { "/soc/serial@", NULL },
		{ "/cpus/cpu@3", NULL }, { "/timer/x", NULL }, { "/serial@9000000", NULL },
	};
	const struct variant v = { .banks = 2, .soc = true };

	(void)state;
	make(&v);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int node = board_path(&b, paths[i].path);

		if (paths[i].name)
			assert_string_equal(board_node_name(&b, node), paths[i].name);
		else
			assert_true(node < 0);
	}
}

static void compatible_is_any_whole_one_of_the_strings(void **state)
{
	const struct variant v = { .banks = 1 };
	int node;

	(void)state;
	make(&v);
	OK(fdt_open_into(blob, blob, sizeof(blob)));
	OK(fdt_setprop(blob, fdt_path_offset(blob, "/timer"), "compatible", "a,b\0c,dd\0e,f", 12));
	assert_int_equal(board_index(&b), 0);
	node = board_path(&b, "/timer");
	assert_true(board_is(&b, node, "a,b") && board_is(&b, node, "c,dd"));
	/* The last one has no end. */
	assert_false(board_is(&b, node, "e,f") || board_is(&b, node, "c,d") ||
		     board_is(&b, node, "b") || board_is(&b, node, ""));
	assert_int_equal(board_compatible(&b, -1, "c,dd"), node);
	assert_true(board_compatible(&b, node, "c,dd") < 0);
}

static void more_nodes_than_can_be_noted_are_refused(void **state)
{
	static _Alignas(8) uint8_t large[(BOARD_MAX_NODES + 16) * 12 + 256];
	struct board big = { .fdt = large };

	(void)state;
	for (int extra = 0; extra < 2; extra++) {
		OK(fdt_create(large, sizeof(large)));
		OK(fdt_finish_reservemap(large));
		OK(fdt_begin_node(large, ""));
		for (int i = 0; i < BOARD_MAX_NODES - 1 + extra; i++) {
			OK(fdt_begin_node(large, "x"));
			OK(fdt_end_node(large));
		}
		OK(fdt_end_node(large));
		OK(fdt_finish(large));
		assert_int_equal(board_index(&big), extra ? -E2BIG : 0);
	}
	assert_int_equal(big.nr_nodes, BOARD_MAX_NODES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_board_is_read_whole),
		cmocka_unit_test(boot_pcpu_comes_first_and_the_unknown_are_left_out),
		cmocka_unit_test(memreserve_and_reserved_memory_are_both_kept),
		cmocka_unit_test(uart_is_found_by_stdout_path),
		cmocka_unit_test(uart_by_an_alias_but_not_by_one_of_itself),
		cmocka_unit_test(bus_addresses_are_translated_by_ranges),
		cmocka_unit_test(device_behind_a_bus_without_ranges_is_not_reachable),
		cmocka_unit_test(what_is_missing_is_refused),
		cmocka_unit_test(more_banks_than_fit_are_refused_not_cut),
		cmocka_unit_test(all_nodes_are_noted_with_their_parents_cells_and_phandles),
		cmocka_unit_test(cells_that_no_address_has_are_not_used),
		cmocka_unit_test(nodes_are_found_by_their_paths),
		cmocka_unit_test(compatible_is_any_whole_one_of_the_strings),
		cmocka_unit_test(more_nodes_than_can_be_noted_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
