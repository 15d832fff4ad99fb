/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and judging the packed configuration. One sound tree is built; each
 * case changes one property of it and names the sentence that must come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lib/bits.h"
#include "newc_maker.h"
#include "vm/bundle.h"
#include "vm/config.h"

#define TREE_SIZE 8192
#define MiB       (UINT64_C(1) << 20)

static struct system_config cfg;
static struct newc_maker archive;
static struct bundle bundle;
static char tree[TREE_SIZE] __attribute__((aligned(8)));

static const struct config_range ram[] = { { "RAM", 0x40000000, 1024 * MiB } };
static const struct config_range taken[] = { { "hypervisor", 0x40200000, 2 * MiB } };
static const struct board_limits board = {
	.cpus = 0xf, .mem_size = 900 * MiB, .ipa_bits = 40,
	.ram = ram, .nr_ram = 1, .taken = taken, .nr_taken = 1,
};

/* --- the sound tree --------------------------------------------------------- */

static void add_region(const char *name, uint64_t ipa, uint64_t size)
{
	fdt_begin_node(tree, name);
	fdt_property_u64(tree, "ipa", ipa);
	fdt_property_u64(tree, "size", size);
	fdt_end_node(tree);
}

static void add_vm(const char *name, uint32_t id)
{
	fdt_begin_node(tree, name);
	fdt_property_u32(tree, "id", id);
	fdt_property_u32(tree, "vcpus", 2);
	add_region("memory", 0x40000000, 256 * MiB);
	fdt_begin_node(tree, "kernel");
	fdt_property_string(tree, "file", "Image");
	fdt_end_node(tree);
	fdt_end_node(tree);
}

/* Two VMs, "a" and "b", and room to change things. */
static void build_tree(void)
{
	memset(tree, 0, sizeof(tree));
	fdt_create(tree, sizeof(tree));
	fdt_finish_reservemap(tree);
	fdt_begin_node(tree, "");
	fdt_property_string(tree, "compatible", "corbel,system");
	fdt_property_u32(tree, "version", CONFIG_VERSION);
	fdt_begin_node(tree, "vms");
	add_vm("a", 0);
	add_vm("b", 1);
	fdt_end_node(tree);
	fdt_end_node(tree);
	assert_int_equal(fdt_finish(tree), 0);
	assert_int_equal(fdt_open_into(tree, tree, sizeof(tree)), 0);
}

static int node_of(const char *path)
{
	int node = path[0] ? fdt_path_offset(tree, path) : 0;
	char parent[64];
	const char *slash = strrchr(path, '/');

	if (node >= 0)
		return node;
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	node = fdt_add_subnode(tree, node_of(parent), slash + 1);
	assert_true(node >= 0);
	return node;
}

static void set(const char *path, const char *prop, const void *val, int len)
{
	assert_int_equal(fdt_setprop(tree, node_of(path), prop, val, len), 0);
}

static void set_u32(const char *path, const char *prop, uint32_t v)
{
	assert_int_equal(fdt_setprop_u32(tree, node_of(path), prop, v), 0);
}

static void set_u64(const char *path, const char *prop, uint64_t v)
{
	assert_int_equal(fdt_setprop_u64(tree, node_of(path), prop, v), 0);
}

static void set_str(const char *path, const char *prop, const char *s)
{
	assert_int_equal(fdt_setprop_string(tree, node_of(path), prop, s), 0);
}

static int setup(void **state)
{
	static char kernel[65536];

	(void)state;
	newc_add(&archive, "Image", kernel, sizeof(kernel));
	newc_add(&archive, "initrd", kernel, 4096);
	newc_add(&archive, "empty", NULL, 0);
	newc_end(&archive);
	return bundle_open(&bundle, archive.buf, archive.size);
}

static int teardown(void **state)
{
	(void)state;
	newc_free(&archive);
	return 0;
}

static int parse_and_check(void)
{
	int err = config_parse(&cfg, tree, sizeof(tree));

	return err ? err : config_check(&cfg, &board, &bundle);
}

/* --- what is right ------------------------------------------------------------ */

static void defaults_are_the_virt_board(void **state)
{
	const struct vm_config *vm = &cfg.vms[0];

	(void)state;
	build_tree();
	assert_int_equal(parse_and_check(), 2);
	assert_int_equal(cfg.when_all_off, ALL_OFF_POWEROFF);
	assert_int_equal(cfg.escape_key, 0x1d);
	assert_string_equal(vm->name, "a");
	assert_int_equal(vm->cpus[0], 0);
	assert_string_equal(vm->cmdline, "");
	assert_int_equal(vm->gicd_base, 0x08000000);
	assert_int_equal(vm->gicr_base, 0x080a0000);
	assert_true(vm->pl011.present && vm->pl011.base == 0x09000000 && vm->pl011.spi == 1);
	assert_true(vm->pl031.present && vm->pl031.base == 0x09010000 && vm->pl031.spi == 2);
	assert_true(vm->autostart);
	assert_int_equal(vm->on_crash, ACTION_STOP);
	assert_int_equal(vm->on_reboot, ACTION_RESTART);
	assert_int_equal(vm->priority, 8);
	assert_int_equal(vm->slice_us, 10000);
	assert_int_equal(vm->kernel_type, IMAGE_AUTO);
	assert_true(vm->kernel.load == CONFIG_ADDR_AUTO && vm->kernel_entry == CONFIG_ADDR_AUTO);
	assert_null(vm->initrd.file);
	assert_null(vm->dtb.file);
	assert_int_equal(vm->regions[0].backend, BACKEND_EAGER);
	assert_int_equal(vm->regions[0].access, 7);
}

static void set_everything(void)
{
	static const uint8_t masks[16] = { [7] = 1, [15] = 6 };

	build_tree();
	set_str("/", "when-all-off", "shell");
	set_u32("/", "escape-key", 1);
	set("/vms/a", "cpus", masks, sizeof(masks));
	set_str("/vms/a", "cmdline", "console=ttyAMA0");
	set_u32("/vms/a", "autostart", 0);
	set_str("/vms/a", "on-crash", "restart");
	set_str("/vms/a", "on-reboot", "stop");
	set_u32("/vms/a", "priority", 31);
	set_u32("/vms/a", "slice-us", 0);
	set_u32("/vms/a/memory-1", "ipa", 0x10000000);
	set_u32("/vms/a/memory-1", "size", 0x1000);
	set_u64("/vms/a/memory-1", "pa", 0x50000000);
	set_str("/vms/a/memory-1", "backend", "linear");
	set_str("/vms/a/memory-1", "access", "rx");
	set_str("/vms/a/kernel", "type", "raw");
	set_u32("/vms/a/kernel", "load", 0x40080000);
	set_u32("/vms/a/kernel", "entry", 0x40080004);
	set_str("/vms/a/initrd", "file", "initrd");
	set_u64("/vms/a/initrd", "load", 0x48000000);
	set_u32("/vms/a/dtb", "load", 0x40000000);
	set_u32("/vms/a/gic", "gicd", 0x20000000);
	set_u32("/vms/a/gic", "gicr", 0x20100000);
	set_u32("/vms/a/console", "base", 0x20200000);
	set_u32("/vms/a/console", "spi", 7);
	set_u32("/vms/a/rtc", "enabled", 0);
}

static void every_key_arrives(void **state)
{
	const struct vm_config *vm = &cfg.vms[0];

	(void)state;
	set_everything();
	assert_int_equal(parse_and_check(), 2);
	assert_int_equal(cfg.when_all_off, ALL_OFF_SHELL);
	assert_int_equal(cfg.escape_key, 1);
	assert_true(vm->cpus[0] == 1 && vm->cpus[1] == 6);
	assert_string_equal(vm->cmdline, "console=ttyAMA0");
	assert_false(vm->autostart);
	assert_true(vm->on_crash == ACTION_RESTART && vm->on_reboot == ACTION_STOP);
	assert_true(vm->priority == 31 && vm->slice_us == 0);
	assert_int_equal(vm->nr_regions, 2);
	assert_int_equal(vm->regions[0].ipa.v, 0x10000000);   /* sorted */
	assert_int_equal(vm->regions[0].pa.v, 0x50000000);
	assert_int_equal(vm->regions[0].backend, BACKEND_LINEAR);
	assert_int_equal(vm->regions[0].access, CONFIG_ACCESS_R | CONFIG_ACCESS_X);
	assert_int_equal(vm->kernel_type, IMAGE_RAW);
	assert_true(vm->kernel.load == 0x40080000 && vm->kernel_entry == 0x40080004);
	assert_string_equal(vm->initrd.file, "initrd");
	assert_int_equal(vm->initrd.load, 0x48000000);
	assert_true(vm->dtb.load == 0x40000000 && !vm->dtb.file);
	assert_true(vm->gicd_base == 0x20000000 && vm->gicr_base == 0x20100000);
	assert_true(vm->pl011.base == 0x20200000 && vm->pl011.spi == 7);
	assert_false(vm->pl031.present);
}

static void one_mask_is_for_all_vcpus(void **state)
{
	(void)state;
	build_tree();
	set_u64("/vms/a", "cpus", 0xc);
	assert_int_equal(parse_and_check(), 2);
	assert_true(cfg.vms[0].cpus[0] == 0xc && cfg.vms[0].cpus[1] == 0xc);
}

/* --- what is wrong with one VM --------------------------------------------------- */

enum { U32, U64, STR, RAW };
struct change {
	const char *path;
	const char *prop;
	int kind;
	uint64_t num;          /* U32, U64; RAW: bytes of str */
	const char *str;
};

struct refusal {
	struct change change[3];
	const char *reason;    /* of VM a, or of b where a change names b last */
};

#define A      "/vms/a"
#define MEM    A "/memory"
#define MEM1   A "/memory-1"
#define LINEAR { MEM, "backend", STR, 0, "linear" }

static const struct refusal refusals[] = {
	/* properties that cannot be read */
	{ { { A, "vcpu", U32, 2, NULL } }, "vcpu: no such key" },
	{ { { A "/knernel", "file", STR, 0, "x" } }, "knernel: no such section" },
	{ { { A "/kernel/sub", "x", U32, 0, NULL } }, "kernel: a section inside a section" },
	{ { { A "/kernel", "fiel", STR, 0, "x" } }, "kernel/fiel: no such key" },
	{ { { A, "vcpus", U64, 2, NULL } }, "vcpus: 8 bytes; it must be one cell" },
	{ { { A, "vcpus", RAW, 0, "" } }, "vcpus: 0 bytes; it must be one cell" },
	{ { { MEM, "size", RAW, 3, "abc" } }, "memory/size: 3 bytes; it must be one cell or two" },
	{ { { A, "autostart", U32, 2, NULL } },
	  "autostart: not a truth value; it must be <0> or <1>" },
	{ { { A, "on-crash", STR, 0, "panic" } }, "on-crash: \"panic\" is none of its values" },
	{ { { A, "on-crash", RAW, 4, "stop" } }, "on-crash: \"?\" is none of its values" },
	{ { { A, "cmdline", RAW, 3, "a\0b" } }, "cmdline: not a string" },
	{ { { A, "cmdline", RAW, 0, "" } }, "cmdline: not a string" },
	{ { { MEM, "access", STR, 0, "w" } },
	  "memory/access: must be \"r\", \"rw\", \"rx\" or \"rwx\"" },
	{ { { A, "cpus", U32, 1, NULL } }, "cpus: 4 bytes; it must be 64-bit masks" },
	{ { { A, "cpus", RAW, 24, "0123456701234567012345670" } }, "cpus: 3 masks for 2 vCPUs" },
	{ { { A "/kernel", "file", STR, 0, "x\x1b[2J" } }, "kernel/file: the bundle has no x?[2J" },
	/* numbers */
	{ { { A, "vcpus", U32, 0, NULL } }, "vcpus: 0; it must be 1 to 64" },
	{ { { A, "vcpus", U32, 65, NULL } }, "vcpus: 65; it must be 1 to 64" },
	{ { { A, "vcpus", U32, 0xffffffff, NULL } }, "vcpus: 4294967295; it must be 1 to 64" },
	{ { { A, "priority", U32, 0, NULL } }, "priority: 0; it must be 1 to 31" },
	{ { { A, "priority", U32, 32, NULL } }, "priority: 32; it must be 1 to 31" },
	{ { { A, "slice-us", U32, 1000001, NULL } },
	  "slice-us: 1000001; it must be at most 1000000" },
	{ { { A, "cpus", U64, 0x30, NULL } }, "cpus: the board has no CPU 4" },
	/* memory */
	{ { { MEM, "size", U32, 0, NULL } },
	  "memory: 0x0 bytes from 0x40000000 wrap around or are none" },
	{ { { MEM, "size", U32, 0x1001, NULL } },
	  "memory: size 0x1001 is not a multiple of 4 KiB" },
	{ { { MEM, "ipa", U32, 0x40000800, NULL } },
	  "memory: 0x40000800 is not a multiple of 0x1000" },
	{ { { MEM, "ipa", U64, UINT64_C(0xfffffffffffff000), NULL } },
	  "memory: 0x10000000 bytes from 0xfffffffffffff000 wrap around or are none" },
	{ { { MEM, "ipa", U64, UINT64_C(0xfff0001000), NULL } },
	  "memory: ends beyond the board's 40-bit guest addresses" },
	{ { { MEM, "size", U64, 901 * MiB, NULL } }, "memory: 1 MiB more than the board has left" },
	{ { { MEM1, "ipa", U32, 0x80000000, NULL }, { MEM1, "size", U32, 645 * MiB, NULL } },
	  "memory: 1 MiB more than the board has left" },
	{ { { MEM, "ipa", U32, 0x08000000, NULL } },
	  "memory: 0x8000000 overlaps gic/gicd at 0x8000000" },
	{ { { MEM, "ipa", U32, 0x090f0000, NULL }, { A "/rtc", "base", U32, 0x09100000, NULL } },
	  "memory: 0x90f0000 overlaps rtc/base at 0x9100000" },
	{ { { MEM1, "ipa", U32, 0x4ffff000, NULL }, { MEM1, "size", U32, 0x1000, NULL } },
	  "memory: 0x4ffff000 overlaps the region at 0x40000000" },
	{ { { MEM, "pa", U32, 0x50000000, NULL } }, "memory: pa is for the linear backend only" },
	{ { LINEAR }, "memory: pa 0x0, 0x10000000 bytes, is not RAM of this board" },
	{ { LINEAR, { MEM, "pa", U32, 0x50000001, NULL } },
	  "memory: pa 0x50000001 is not a multiple of 4 KiB or wraps around" },
	{ { LINEAR, { MEM, "pa", U64, UINT64_C(0xfffffffffffff000), NULL } },
	  "memory: pa 0xfffffffffffff000 is not a multiple of 4 KiB or wraps around" },
	{ { LINEAR, { MEM, "pa", U32, 0x7ffff000, NULL } },
	  "memory: pa 0x7ffff000, 0x10000000 bytes, is not RAM of this board" },
	{ { LINEAR, { MEM, "pa", U32, 0x40000000, NULL } },
	  "memory: pa 0x40000000 overlaps the hypervisor" },
	/* devices */
	{ { { A "/gic", "gicd", U32, 0x08001000, NULL } },
	  "gic/gicd: 0x8001000 is not a multiple of 0x10000" },
	{ { { A "/gic", "gicr", U32, 0x08000000, NULL } },
	  "gic/gicr: 0x8000000 overlaps gic/gicd" },
	{ { { A "/console", "base", U32, 0x09000004, NULL } },
	  "console/base: 0x9000004 is not a multiple of 0x1000" },
	{ { { A "/rtc", "base", U32, 0x09000000, NULL } },
	  "rtc/base: 0x9000000 overlaps console/base" },
	{ { { A "/rtc", "base", U64, UINT64_C(1) << 40, NULL } },
	  "rtc/base: ends beyond the board's 40-bit guest addresses" },
	{ { { A "/console", "spi", U32, 988, NULL } }, "console/spi: 988; it must be below 988" },
	{ { { A "/rtc", "spi", U32, 5000, NULL } }, "rtc/spi: 5000; it must be below 988" },
	{ { { A "/rtc", "spi", U32, 1, NULL } }, "rtc/spi: 1 is the console's" },
	/* files */
	{ { { A "/kernel", "file", STR, 0, "nix" } }, "kernel/file: the bundle has no nix" },
	{ { { A "/kernel", "file", STR, 0, "empty" } }, "kernel/file: empty is empty" },
	{ { { A "/initrd", "file", STR, 0, "nix" } }, "initrd/file: the bundle has no nix" },
	{ { { A "/dtb", "file", STR, 0, "nix" } }, "dtb/file: the bundle has no nix" },
	{ { { A "/initrd", "load", U32, 0x48000000, NULL } }, "initrd/load: without a file" },
	{ { { A "/kernel", "load", U32, 0x50000000, NULL } },
	  "kernel/load: 0x50000000 is outside the VM's memory" },
	{ { { A "/kernel", "load", U32, 0x4fff1000, NULL } },
	  "kernel/load: 65536 bytes at 0x4fff1000 end outside the region" },
	{ { { A "/kernel", "type", STR, 0, "elf" },
	    { A "/kernel", "load", U32, 0x48000000, NULL } },
	  "kernel/load: an ELF file is loaded where it says" },
	{ { { A "/kernel", "entry", U32, 0x40000002, NULL } },
	  "kernel/entry: 0x40000002 is not an address the VM can execute at" },
	{ { { A "/kernel", "entry", U32, 0x40000000, NULL }, { MEM, "access", STR, 0, "rw" } },
	  "kernel/entry: 0x40000000 is not an address the VM can execute at" },
};

static void apply(const struct change *c)
{
	if (c->kind == U32)
		set_u32(c->path, c->prop, (uint32_t)c->num);
	else if (c->kind == U64)
		set_u64(c->path, c->prop, c->num);
	else if (c->kind == STR)
		set_str(c->path, c->prop, c->str);
	else
		set(c->path, c->prop, c->str, (int)c->num);
}

static void apply_all(const struct refusal *r)
{
	build_tree();
	for (size_t j = 0; j < ARRAY_SIZE(r->change) && r->change[j].path; j++)
		apply(&r->change[j]);
}

static void a_wrong_vm_is_refused_and_the_other_starts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		apply_all(&refusals[i]);
		assert_int_equal(parse_and_check(), 1);
		assert_string_equal(cfg.vms[0].refused, refusals[i].reason);
		assert_string_equal(cfg.vms[1].refused, "");
		assert_string_equal(cfg.error, "");
	}
}

static void a_refused_vm_uses_nothing_up(void **state)
{
	(void)state;
	build_tree();
	set_u64(MEM, "size", 800 * MiB);
	set_str(A "/kernel", "file", "nix");
	set_u64("/vms/b/memory", "size", 800 * MiB);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[1].refused, "");
}

static void of_two_that_clash_the_later_is_refused(void **state)
{
	(void)state;
	build_tree();
	set_u32("/vms/b", "id", 0);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[1].refused, "id: 0 is already VM a");

	build_tree();
	set_u64(MEM, "size", 500 * MiB);
	set_u64("/vms/b/memory", "size", 500 * MiB);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[1].refused, "memory: 100 MiB more than the board has left");
}

static void linear_frames_belong_to_one_vm(void **state)
{
	(void)state;
	build_tree();
	set_str(MEM, "backend", "linear");
	set_u32(MEM, "pa", 0x50000000);
	set_str("/vms/b/memory", "backend", "linear");
	set_u32("/vms/b/memory", "pa", 0x5ffff000);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[1].refused, "memory: pa 0x5ffff000 overlaps memory of VM a");

	set_u32("/vms/b/memory", "pa", 0x60000000);
	assert_int_equal(parse_and_check(), 2);
	/* The first is refused for another reason: its frames are free again. */
	set_u32("/vms/b/memory", "pa", 0x5ffff000);
	set_str(A "/kernel", "file", "nix");
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[1].refused, "");
}

static void linear_regions_of_one_vm_share_no_frame(void **state)
{
	(void)state;
	build_tree();
	set_str(MEM, "backend", "linear");
	set_u32(MEM, "pa", 0x50000000);
	set_u32(MEM1, "ipa", 0x80000000);
	set_u32(MEM1, "size", 0x1000);
	set_u32(MEM1, "pa", 0x50001000);
	set_str(MEM1, "backend", "linear");
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[0].refused, "memory: pa 0x50001000 overlaps memory of VM a");
}

static void names_are_plain_and_unique(void **state)
{
	(void)state;
	build_tree();
	assert_int_equal(fdt_set_name(tree, node_of("/vms/a"), "a b"), 0);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[0].refused,
			    "name: only letters, digits, '-', '_' and '.' are allowed");

	build_tree();
	assert_int_equal(fdt_set_name(tree, node_of("/vms/b"), "a"), 0);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[1].refused, "name: another VM is called the same");

	build_tree();
	assert_int_equal(fdt_set_name(tree, node_of("/vms/a"),
				      "a-name-of-thirty-two-characters-x"), 0);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[0].refused, "name: more than 31 characters");
}

static void missing_sections_are_refused(void **state)
{
	(void)state;
	build_tree();
	assert_int_equal(fdt_del_node(tree, node_of("/vms/a/kernel")), 0);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[0].refused, "kernel/file: there is none");

	build_tree();
	assert_int_equal(fdt_del_node(tree, node_of(MEM)), 0);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[0].refused, "memory: there is none");
}

static void a_long_command_line_is_refused_not_cut(void **state)
{
	char line[CONFIG_CMDLINE_LEN + 1];

	(void)state;
	memset(line, 'x', sizeof(line));
	line[CONFIG_CMDLINE_LEN - 1] = '\0';
	build_tree();
	set_str(A, "cmdline", line);
	assert_int_equal(parse_and_check(), 2);
	line[CONFIG_CMDLINE_LEN - 1] = 'x';
	line[CONFIG_CMDLINE_LEN] = '\0';
	set_str(A, "cmdline", line);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[0].refused, "cmdline: longer than 2047 bytes");
}

static void regions_have_a_limit(void **state)
{
	char path[32];

	(void)state;
	build_tree();
	for (int i = 1; i <= CONFIG_MAX_REGIONS; i++) {
		snprintf(path, sizeof(path), MEM "-%d", i);
		set_u32(path, "ipa", 0x80000000u + 0x1000u * (unsigned int)i);
		set_u32(path, "size", 0x1000);
		assert_int_equal(parse_and_check(), i < CONFIG_MAX_REGIONS ? 2 : 1);
	}
	assert_string_equal(strstr(cfg.vms[0].refused, ": "), ": more than 16 memory regions");
}

/* --- what is wrong with all of it ------------------------------------------------- */

static void expect_error(const char *text)
{
	assert_int_equal(parse_and_check(), -EINVAL);
	assert_string_equal(cfg.error, text);
}

static void a_wrong_system_is_refused_as_a_whole(void **state)
{
	(void)state;
	build_tree();
	set_str("/", "compatible", "linux,dummy-virt");
	expect_error("system.dtb is a device tree, but not one of a Corbel system");
	build_tree();
	set_u32("/", "version", CONFIG_VERSION + 1);
	expect_error("system.dtb was packed for another version of Corbel: pack it again");
	build_tree();
	set_u32("/", "sheduler", 1);
	expect_error("sheduler: no such key");
	build_tree();
	set_str("/", "when-all-off", "reboot");
	expect_error("when-all-off: \"reboot\" is none of its values");
	build_tree();
	set_u32("/", "escape-key", '\r');
	expect_error("escape-key: 0xd is not a control key to spare");
	build_tree();
	set_u32("/chosen", "x", 1);
	expect_error("chosen: no such section");
	build_tree();
	fdt_del_node(tree, node_of("/vms"));
	expect_error("system.dtb describes no VM");
	set_u32("/vms/x", "vcpus", 0);
	expect_error("every VM is refused");
	fdt_del_node(tree, node_of("/vms/x"));
	expect_error("system.dtb describes no VM");
}

static void too_many_vms_are_refused_as_a_whole(void **state)
{
	char path[32];
	static char big[65536] __attribute__((aligned(8)));

	(void)state;
	build_tree();
	assert_int_equal(fdt_open_into(tree, big, sizeof(big)), 0);
	for (int i = 0; i < CONFIG_MAX_VMS - 1; i++) {
		snprintf(path, sizeof(path), "vm%d", i);
		fdt_add_subnode(big, fdt_path_offset(big, "/vms"), path);
	}
	assert_int_equal(config_parse(&cfg, big, sizeof(big)), -EINVAL);
	assert_string_equal(cfg.error, "system.dtb describes more VMs than Corbel can hold");
}

/* --- bytes from anywhere -------------------------------------------------------------- */

/* Parse and check a copy that ends where its allocation does. */
static void try_bytes(const void *data, size_t size)
{
	char *copy = malloc(size + 8);   /* malloc() aligns to 16 */

	memcpy(copy, data, size);
	copy = realloc(copy, size ? size : 1);
	if (config_parse(&cfg, copy, size) == 0)
		(void)config_check(&cfg, &board, &bundle);
	assert_true(memchr(cfg.error, '\0', sizeof(cfg.error)) != NULL);
	free(copy);
}

static size_t packed_tree(void)
{
	set_everything();
	assert_int_equal(fdt_pack(tree), 0);
	return fdt_totalsize(tree);
}

static void cut_at_any_length_is_refused(void **state)
{
	size_t size = packed_tree();
	char *copy = malloc(size);

	(void)state;
	memcpy(copy, tree, size);
	for (size_t n = 0; n < size; n++) {
		assert_int_equal(config_parse(&cfg, copy, n), -EINVAL);
		assert_string_equal(cfg.error,
				    "system.dtb is damaged or cut off: it is not a device tree");
	}
	assert_int_equal(config_parse(&cfg, copy, size), 0);
	assert_int_equal(config_parse(&cfg, copy + 4, size - 4), -EINVAL);
	free(copy);
}

static void any_byte_may_be_wrong(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0xff, 0x01, 0x80, 0x7f, 0x03 };
	size_t size = packed_tree();

	(void)state;
	for (size_t at = 0; at < size; at++) {
		char was = tree[at];

		for (size_t i = 0; i < sizeof(bytes); i++) {
			tree[at] = (char)bytes[i];
			try_bytes(tree, size);
		}
		tree[at] = was;
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void many_bytes_may_be_wrong(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t size = packed_tree();

		for (uint32_t n = next_random(&seed) % 12; n > 0; n--)
			tree[next_random(&seed) % size] = (char)next_random(&seed);
		try_bytes(tree, size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_the_virt_board),
		cmocka_unit_test(every_key_arrives),
		cmocka_unit_test(one_mask_is_for_all_vcpus),
		cmocka_unit_test(a_wrong_vm_is_refused_and_the_other_starts),
		cmocka_unit_test(a_refused_vm_uses_nothing_up),
		cmocka_unit_test(of_two_that_clash_the_later_is_refused),
		cmocka_unit_test(linear_frames_belong_to_one_vm),
		cmocka_unit_test(linear_regions_of_one_vm_share_no_frame),
		cmocka_unit_test(names_are_plain_and_unique),
		cmocka_unit_test(missing_sections_are_refused),
		cmocka_unit_test(a_long_command_line_is_refused_not_cut),
		cmocka_unit_test(regions_have_a_limit),
		cmocka_unit_test(a_wrong_system_is_refused_as_a_whole),
		cmocka_unit_test(too_many_vms_are_refused_as_a_whole),
		cmocka_unit_test(cut_at_any_length_is_refused),
		cmocka_unit_test(any_byte_may_be_wrong),
		cmocka_unit_test(many_bytes_may_be_wrong),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
