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

static int parse(const void *dtb, size_t len)
{
	memset(&cfg, 0, sizeof(cfg));
	return config_parse(&cfg, dtb, len);
}

static int parse_and_check(void)
{
	int err = parse( tree, sizeof(tree));

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
	assert_true(vm->weight == 100 && !vm->cap && !vm->reservation && !vm->budget_us);
	assert_int_equal(vm->on_watchdog, ACTION_RESTART);
	assert_true(vm->restart_limit == 5 && vm->restart_backoff_us == 100000);
	assert_int_equal(vm->stop_timeout_us, 10000000);
	assert_true(vm->pl061.present && vm->pl061.base == 0x09030000 && vm->pl061.spi == 7);
	assert_false(vm->watchdog.present);
	assert_true(vm->stolen.present && vm->stolen.base == 0x090a0000);
	assert_true(!vm->manage_list && !vm->manage_control);
	assert_int_equal(vm->log_size, 0x3000);
	assert_true(!vm->mailbox.present && vm->mailbox.base == 0x090f0000);
	assert_int_equal(vm->pool, 0);
	assert_true(cfg.nr_pools == 1 && cfg.pools[0].cpus == 0xf && cfg.housekeeping == 0);
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
	set_u32("/vms/a/power-key", "base", 0x20300000);
	set_u32("/vms/a/power-key", "spi", 9);
	set_u32("/vms/a/watchdog", "enabled", 1);
	set_u64("/vms/a/watchdog", "refresh", 0x20400000);
	set_u32("/vms/a/watchdog", "control", 0x20500000);
	set_u32("/vms/a/watchdog", "spi", 3);
	set_str("/vms/a", "on-watchdog", "shutdown-machine");
	set_u64("/vms/a/manage", "list", UINT64_MAX);
	set_u32("/vms/a/manage", "control", 1);
	set_u32("/vms/a/mailbox", "enabled", 1);
	set_u32("/vms/a/mailbox", "base", 0x20700000);
	set_u32("/vms/a/stolen-time", "enabled", 0);
	set_u32("/vms/a/stolen-time", "base", 0x20600000);
	set_u32("/vms/a", "restart-limit", 0);
	set_u32("/vms/a", "restart-backoff-us", 5);
	set_u32("/vms/a", "stop-timeout-us", 3600000000u);
	set_u32("/vms/a", "console-log", 0x8000);
	set_u32("/", "housekeeping", 1);
	set_str("/pools/p", "policy", "pinned");
	set_u32("/pools/p", "cpus", 8);
	set_str("/vms/a", "pool", "default");
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
	assert_true(vm->pl061.base == 0x20300000 && vm->pl061.spi == 9);
	assert_true(vm->watchdog.present && vm->watchdog.refresh == 0x20400000);
	assert_true(vm->watchdog.control == 0x20500000 && vm->watchdog.spi == 3);
	assert_int_equal(vm->on_watchdog, ACTION_SHUTDOWN_MACHINE);
	assert_true(!vm->stolen.present && vm->stolen.base == 0x20600000);
	assert_true(vm->manage_list == UINT64_MAX && vm->manage_control == 1);
	assert_true(vm->mailbox.present && vm->mailbox.base == 0x20700000);
	assert_true(vm->restart_limit == 0 && vm->restart_backoff_us == 5);
	assert_true(vm->stop_timeout_us == 3600000000u && vm->log_size == 0x8000);
	assert_true(cfg.housekeeping == 1 && cfg.pools[1].policy == POLICY_PINNED);
}

static void one_mask_is_for_all_vcpus(void **state)
{
	(void)state;
	build_tree();
	set_u64("/vms/a", "cpus", 0xc);
	assert_int_equal(parse_and_check(), 2);
	assert_true(cfg.vms[0].cpus[0] == 0xc && cfg.vms[0].cpus[1] == 0xc);
}

/* --- pools ---------------------------------------------------------------------- */

static void set_pool(const char *path, const char *policy, uint64_t cpus)
{
	set_str(path, "policy", policy);
	set_u64(path, "cpus", cpus);
}

static void set_window(const char *path, const char *vm, uint32_t start, uint32_t duration)
{
	set_str(path, "vm", vm);
	set_u32(path, "start-us", start);
	set_u32(path, "duration-us", duration);
}

static void pools_arrive(void **state)
{
	const struct pool_config *p;

	(void)state;
	build_tree();
	set_pool("/pools/time", "partition", 0x6);
	set_u32("/pools/time", "major-frame-us", 10000);
	set_window("/pools/time/window", "b", 4000, 6000);
	set_window("/pools/time/window-1", "a", 1000, 3000);
	set_window("/pools/time/window-2", "b", 0, 1000);
	set_str("/vms/a", "pool", "time");
	set_u64("/vms/a", "cpus", 4);
	set_str("/vms/b", "pool", "time");
	set_u32("/", "housekeeping", 3);
	assert_int_equal(parse_and_check(), 2);
	assert_int_equal(cfg.housekeeping, 3);
	assert_int_equal(cfg.nr_pools, 2);
	assert_string_equal(cfg.pools[0].name, "default");
	assert_true(cfg.pools[0].policy == POLICY_RR && cfg.pools[0].cpus == 0x9);
	assert_true(cfg.vms[0].pool == 1 && cfg.vms[1].pool == 1);
	p = &cfg.pools[1];
	assert_string_equal(p->name, "time");
	assert_true(p->policy == POLICY_PARTITION && p->cpus == 6 && p->major_frame_us == 10000);
	assert_int_equal(p->nr_windows, 3);                     /* sorted */
	assert_true(p->windows[0].vm == 1 && p->windows[0].start_us == 0);
	assert_true(p->windows[1].vm == 0 && p->windows[1].start_us == 1000);
	assert_true(p->windows[2].vm == 1 && p->windows[2].duration_us == 6000);
	assert_string_equal(p->windows[1].vm_name, "a");
}

static void set_member(const char *path, const char *vm, const char *access)
{
	set_str(path, "vm", vm);
	set_str(path, "access", access);
	set_u32(path, "ipa", 0x0c000000);
	set_u32(path, "doorbell", 0x0b000000);
	set_u32(path, "spi", 112);
}

static void ivc_arrives(void **state)
{
	const struct config_ivc *c = &cfg.vms[0].ivc;

	(void)state;
	build_tree();
	set_u32("/vms/a/ivc", "publish", 2);
	set_u64("/vms/a/ivc", "memory", 388 * MiB);
	set_u64("/vms/a/ivc", "read", 3);
	set_u64("/vms/a/ivc", "write", UINT64_MAX);
	set_u64("/vms/a/ivc", "ipa", 0x80000000);
	set_u64("/vms/a/ivc", "window", 512 * MiB);
	assert_int_equal(parse_and_check(), 2);
	assert_true(c->present && c->publish == 2 && c->memory == 388 * MiB && c->read == 3);
	assert_true(c->write == UINT64_MAX && c->ipa == 0x80000000 && c->window == 512 * MiB);
	assert_true(c->doorbell == CONFIG_IVC_DOORBELL && c->spi == CONFIG_IVC_SPI);
	assert_false(cfg.vms[1].ivc.present);
	/* It is promised: what is more, VMs after it cannot have. */
	set_u64("/vms/a/ivc", "memory", 389 * MiB);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[1].refused, "memory: 1 MiB more than the board has left");
}

static void channels_arrive(void **state)
{
	const struct channel_member *m;

	(void)state;
	build_tree();
	set_u64("/channels/ring", "size", 388 * MiB);
	/* libfdt puts a new node in front. */
	set_member("/channels/ring/member-1", "a", "rw");
	set_member("/channels/ring/member", "b", "ro");
	assert_int_equal(parse_and_check(), 2);
	assert_true(cfg.nr_channels == 1 && cfg.channels[0].size == 388 * MiB);
	assert_string_equal(cfg.channels[0].name, "ring");
	assert_true(cfg.vms[0].nr_channels == 1 && cfg.vms[1].nr_channels == 1);
	m = config_member(&cfg.vms[0], 0);
	assert_true(m == &cfg.channels[0].members[1] && m->rights == CHANNEL_RW);
	assert_true(m->ipa == 0x0c000000 && m->doorbell == 0x0b000000 && m->spi == 112);
	assert_int_equal(config_member(&cfg.vms[1], 0)->rights, CHANNEL_RO);
	/* It is counted before the VMs are. */
	set_u64("/channels/ring", "size", 389 * MiB);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[1].refused, "memory: 1 MiB more than the board has left");
	set_u64("/channels/ring", "size", 388 * MiB);
	/* Those that are named together are refused together. */
	set_member("/channels/ring/member-2", "a", "rw");
	assert_int_equal(parse_and_check(), -EINVAL);
	for (int i = 0; i < 2; i++)
		assert_string_equal(cfg.vms[i].refused,
				    "channel: ring is refused: member: VM a is named twice");
}

/* VM a alone is refused. */
static void expect_no_direct(const struct board_limits *b, const char *why)
{
	assert_int_equal(parse(tree, sizeof(tree)), 0);
	assert_int_equal(config_check(&cfg, b, &bundle), 1);
	assert_string_equal(cfg.vms[0].refused, why);
	assert_string_equal(cfg.vms[1].refused, "");
}

static void direct_interrupts_need_a_board_and_cpus_that_can(void **state)
{
	struct board_limits b = board;

	(void)state;
	build_tree();
	set_pool("/pools/own", "pinned", 0xc);
	set_str("/vms/a", "pool", "own");
	set_str("/vms/a", "interrupts", "virtual");
	assert_int_equal(parse_and_check(), 2);
	assert_false(config_is_direct(&cfg.vms[0]) || config_is_direct(&cfg.vms[1]));
	set_str("/vms/a", "interrupts", "direct");
	assert_int_equal(parse_and_check(), 2);
	assert_true(config_is_direct(&cfg.vms[0]) && !config_is_direct(&cfg.vms[1]));
	b.no_direct = "there is EL3";
	expect_no_direct(&b, "interrupts: direct: there is EL3");
	set_u32("/", "housekeeping", 1);
	set_pool("/pools/own", "pinned", 0xd);
	expect_no_direct(&board, "interrupts: direct: CPU 0 takes the board's interrupts, so it "
				 "must not be in pool own");
	set_pool("/pools/own", "fair", 0xc);
	expect_no_direct(&board, "interrupts: policy fair of pool own does not read it");
}

static void each_policy_takes_its_own_keys(void **state)
{
	const struct vm_config *a = &cfg.vms[0], *b = &cfg.vms[1];

	(void)state;
	build_tree();
	set_pool("/pools/f", "fair", 0xc);
	set_pool("/pools/e", "edf", 0x2);
	set_str("/vms/a", "pool", "f");
	set_u32("/vms/a", "weight", 10000);
	set_u32("/vms/a", "cap", 100);
	set_u32("/vms/a", "reservation", 100);
	set_u32("/vms/a", "slice-us", 500);
	set_str("/vms/b", "pool", "e");
	set_u32("/vms/b", "budget-us", 2500);
	set_u32("/vms/b", "period-us", 5000);
	assert_int_equal(parse_and_check(), 2);
	assert_true(a->weight == 10000 && a->cap == 100 && a->reservation == 100);
	assert_int_equal(a->slice_us, 500);
	assert_true(a->home[0] == 3 && a->home[1] == 4);        /* 1 + pCPU */
	assert_true(b->budget_us == 2500 && b->period_us == 5000);
	assert_true(b->cpus[0] == 2 && b->cpus[1] == 2);        /* 100 % of pCPU 1 */
	assert_true(a->priority == CONFIG_DEFAULT_PRIORITY && b->weight == CONFIG_DEFAULT_WEIGHT);
}

/* VM a takes what b alone needs, unless it is moved. */
static void pinned_vcpus_make_room_for_each_other(void **state)
{
	static const uint8_t masks[16] = { [7] = 2, [15] = 4 };

	(void)state;
	build_tree();
	set_pool("/pools/rt", "pinned", 0xe);
	set_str("/vms/a", "pool", "rt");
	set_u32("/vms/a", "vcpus", 1);
	set_str("/vms/b", "pool", "rt");
	set("/vms/b", "cpus", masks, sizeof(masks));
	assert_int_equal(parse_and_check(), 2);
	assert_int_equal(cfg.vms[0].cpus[0], 8);
	assert_true(cfg.vms[1].cpus[0] == 2 && cfg.vms[1].cpus[1] == 4);

	set_u64("/vms/a", "cpus", 0x6);       /* three for two pCPUs */
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[1].refused,
			    "cpus: no CPU is left for vCPU 1 alone in pool rt, which has 3");
	assert_true(cfg.vms[0].cpus[0] == 2 || cfg.vms[0].cpus[0] == 4);
}

static void budgets_are_added_up_for_each_pcpu(void **state)
{
	(void)state;
	build_tree();
	set_pool("/pools/e", "edf", 0xc);
	for (const char *vm = "a"; vm; vm = *vm == 'a' ? "b" : NULL) {
		char path[16];

		snprintf(path, sizeof(path), "/vms/%s", vm);
		set_str(path, "pool", "e");
		set_u32(path, "budget-us", 475);
		set_u32(path, "period-us", 1000);
	}
	assert_int_equal(parse_and_check(), 2);                 /* 95 % on both */
	assert_int_equal(cfg.vms[0].cpus[0] | cfg.vms[0].cpus[1], 0xc);
	assert_int_equal(cfg.vms[1].cpus[0] | cfg.vms[1].cpus[1], 0xc);

	set_u32("/vms/b", "vcpus", 3);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[1].refused, "budget-us: vCPU 2 asks for 47.5000 % of a CPU, "
			    "CPU 2 has 5.0000 % left");
	/* What the first does not get, the second may have. */
	set_str("/vms/a/kernel", "file", "nix");
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[1].refused, "");
	/* Without a budget there is nothing to promise, nor to stay for. */
	build_tree();
	set_pool("/pools/e", "edf", 0xc);
	set_str("/vms/a", "pool", "e");
	assert_int_equal(parse_and_check(), 2);
	assert_int_equal(cfg.vms[0].cpus[0], 0);
}

static void wrong_pools_are_refused_and_the_others_stay(void **state)
{
	(void)state;
	build_tree();
	set_pool("/pools/y", "fair", 0xc);        /* each new node becomes the first */
	set_pool("/pools/x", "fair", 0x6);
	assert_int_equal(parse_and_check(), 2);
	assert_string_equal(cfg.pools[1].refused, "");
	assert_string_equal(cfg.pools[2].refused, "cpus: CPU 2 is in pool x");
	assert_int_equal(cfg.pools[0].cpus, 0x9);

	build_tree();
	set_pool("/pools/a b", "fair", 0x8);
	set_pool("/pools/default", "fair", 0x6);
	assert_int_equal(parse_and_check(), 2);
	assert_string_equal(cfg.pools[1].refused, "name: that is the pool of all other CPUs");
	assert_string_equal(cfg.pools[2].refused,
			    "name: it must be 1 to 31 letters, digits, '-', '_' and '.'");
	assert_int_equal(cfg.pools[0].cpus, 0xf);

	build_tree();
	set_pool("/pools/x", "fair", 0x6);
	set_pool("/pools/y", "fair", 0x8);
	assert_int_equal(fdt_set_name(tree, node_of("/pools/x"), "y"), 0);
	assert_int_equal(parse_and_check(), 2);
	assert_string_equal(cfg.pools[1].refused, "");
	assert_string_equal(cfg.pools[2].refused, "name: another pool is called the same");

	build_tree();
	set_pool("/pools/x", "fair", 0xf);
	assert_int_equal(parse_and_check(), -EINVAL);
	assert_string_equal(cfg.vms[0].refused, "pool: all CPUs are in other pools");

	build_tree();
	set_pool("/pools/p", "partition", 0xc);
	set_u32("/pools/p", "major-frame-us", 10000);
	set_window("/pools/p/window", "a", 0, 10000);
	set_str("/vms/a", "pool", "p");
	set_str("/vms/b", "pool", "p");
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[1].refused, "pool: p has no window for it");
}

static void windows_and_pools_have_a_limit(void **state)
{
	char path[32];

	(void)state;
	build_tree();
	set_pool("/pools/p", "partition", 0xc);
	set_u32("/pools/p", "major-frame-us", 10000);
	set_str("/vms/a", "pool", "p");
	for (uint32_t i = 0; i <= CONFIG_MAX_WINDOWS; i++) {
		snprintf(path, sizeof(path), "/pools/p/window-%u", (unsigned int)i);
		set_window(path, "a", 100 * i, 100);
		assert_int_equal(parse_and_check(), i < CONFIG_MAX_WINDOWS ? 2 : 1);
	}
	assert_non_null(strstr(cfg.pools[1].refused, ": more than 32 windows"));

	build_tree();
	for (int i = 1; i <= CONFIG_MAX_POOLS; i++) {
		snprintf(path, sizeof(path), "/pools/p%d", i);
		set_pool(path, "rr", 8);
		assert_int_equal(parse_and_check(), i < CONFIG_MAX_POOLS ? 2 : -EINVAL);
	}
	assert_string_equal(cfg.error, "pools: more than 7");
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
	struct change change[10];
	const char *reason;    /* of VM a, or of b where a change names b last */
};

#define A      "/vms/a"
#define MEM    A "/memory"
#define MEM1   A "/memory-1"
#define LINEAR { MEM, "backend", STR, 0, "linear" }

#define P         "/pools/p"
#define POOL(pol) { P, "policy", STR, 0, pol }, { P, "cpus", U64, 0xc, NULL }
#define IN_POOL   { A, "pool", STR, 0, "p" }
#define EDF(b, p) { A, "budget-us", U32, b, NULL }, { A, "period-us", U32, p, NULL }
#define PARTITION POOL("partition"), { P, "major-frame-us", U32, 1000, NULL }, IN_POOL
#define WINDOW(node, vm, start, duration) \
	{ P "/" node, "vm", STR, 0, vm }, { P "/" node, "start-us", U32, start, NULL }, \
	{ P "/" node, "duration-us", U32, duration, NULL }

#define C         "/channels/c"
#define M         C "/member"
#define CHANNEL   { C, "size", U32, 0x2000, NULL }
#define MEMBER(name) { M, "vm", STR, 0, name }, { M, "ipa", U32, 0x0c000000, NULL }, \
	{ M, "doorbell", U32, 0x0b000000, NULL }, { M, "spi", U32, 112, NULL }

#define I         A "/ivc"
#define IVC       { I, "publish", U32, 1, NULL }, { I, "memory", U32, 0x2000, NULL }, \
	{ I, "ipa", U32, 0x50000000, NULL }, { I, "window", U32, 0x200000, NULL }

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
	  "slice-us: 1000001; it must be 0 to 1000000" },
	{ { { A, "stop-timeout-us", U32, 3600000001u, NULL } },
	  "stop-timeout-us: 3600000001; it must be 0 to 3600000000" },
	{ { { A, "restart-limit", U32, 1000001, NULL } },
	  "restart-limit: 1000001; it must be 0 to 1000000" },
	{ { { A, "console-log", U32, 0x100001, NULL } },
	  "console-log: 1048577; it must be 0 to 1048576" },
	{ { { A, "on-crash", STR, 0, "reboot" } }, "on-crash: \"reboot\" is none of its values" },
	{ { { A, "cpus", U64, 0x30, NULL } }, "cpus: the board has no CPU 4" },
	/* keys that nothing would read */
	{ { { A, "on-watchdog", STR, 0, "pause" } }, "on-watchdog: there is no watchdog" },
	{ { { A, "restart-limit", U32, 1, NULL } }, "restart-limit: nothing restarts it" },
	{ { { A, "restart-backoff-us", U32, 1, NULL }, { A "/watchdog", "enabled", U32, 1, NULL },
	    { A, "on-watchdog", STR, 0, "pause" } },
	  "restart-backoff-us: nothing restarts it" },
	{ { { A, "stop-timeout-us", U32, 1, NULL }, { A "/power-key", "enabled", U32, 0, NULL } },
	  "stop-timeout-us: there is no power key" },
	{ { { A, "console-log", U32, 0x1000, NULL }, { A "/console", "enabled", U32, 0, NULL } },
	  "console-log: there is no console" },
	{ { { A, "weight", U32, 1, NULL } },
	  "weight: policy rr of pool default does not read it" },
	{ { POOL("fair"), IN_POOL, { A, "priority", U32, 1, NULL } },
	  "priority: policy fair of pool p does not read it" },
	{ { POOL("fifo"), IN_POOL, { A, "slice-us", U32, 1, NULL } },
	  "slice-us: policy fifo of pool p does not read it" },
	{ { POOL("edf"), IN_POOL, { A, "cap", U32, 1, NULL } },
	  "cap: policy edf of pool p does not read it" },
	{ { POOL("pinned"), IN_POOL, { A, "slice-us", U32, 0, NULL } },
	  "slice-us: policy pinned of pool p does not read it" },
	{ { POOL("fair"), IN_POOL, { A, "budget-us", U32, 10, NULL } },
	  "budget-us: policy fair of pool p does not read it" },
	{ { POOL("rr"), IN_POOL, { A, "reservation", U32, 0, NULL } },
	  "reservation: policy rr of pool p does not read it" },
	{ { POOL("edf"), IN_POOL, { A, "budget-us", U32, 10, NULL } },
	  "budget-us: without a period" },
	{ { POOL("edf"), IN_POOL, { A, "period-us", U32, 100, NULL } },
	  "period-us: without a budget" },
	{ { POOL("edf"), IN_POOL, EDF(1000, 10000), { A, "slice-us", U32, 1000, NULL } },
	  "slice-us: not with a budget" },
	/* pools */
	{ { { A, "pool", STR, 0, "p" } }, "pool: there is no p" },
	{ { POOL("fair"), IN_POOL, { A, "cpus", U64, 0x6, NULL } },
	  "cpus: CPU 1 is not in pool p" },
	{ { POOL("fair"), { A, "cpus", U64, 0x4, NULL } }, "cpus: CPU 2 is not in pool default" },
	{ { POOL("fair"), IN_POOL, { A, "weight", U32, 0, NULL } },
	  "weight: 0; it must be 1 to 10000" },
	{ { POOL("fair"), IN_POOL, { A, "cap", U32, 101, NULL } },
	  "cap: 101; it must be 0 to 100" },
	{ { POOL("fair"), IN_POOL, { A, "cap", U32, 10, NULL },
	    { A, "reservation", U32, 11, NULL } }, "cap: 10; the reservation is 11" },
	{ { POOL("edf"), IN_POOL, EDF(9, 100) }, "budget-us: 9; it must be 10 to 10000000" },
	{ { POOL("edf"), IN_POOL, EDF(10, 99) }, "period-us: 99; it must be 100 to 10000000" },
	{ { POOL("edf"), IN_POOL, EDF(101, 100) }, "budget-us: 101; the period is 100" },
	{ { POOL("edf"), IN_POOL, EDF(5000, 9999), { A, "cpus", U64, 0x4, NULL } },
	  "budget-us: vCPU 1 asks for 50.0051 % of a CPU, CPU 2 has 49.9949 % left" },
	{ { POOL("fair"), IN_POOL, { A, "reservation", U32, 51, NULL },
	    { A, "cpus", U64, 0x8, NULL } },
	  "reservation: vCPU 1 asks for 51.0000 % of a CPU, CPU 3 has 49.0000 % left" },
	{ { POOL("pinned"), IN_POOL, { A, "vcpus", U32, 3, NULL } },
	  "cpus: no CPU is left for vCPU 2 alone in pool p, which has 2" },
	{ { POOL("pinned"), IN_POOL, { A, "cpus", U64, 0x8, NULL } },
	  "cpus: no CPU is left for vCPU 1 alone in pool p, which has 2" },
	{ { POOL("partition"), { P, "major-frame-us", U32, 1000, NULL }, IN_POOL },
	  "pool: p is refused: window: a partition pool needs it" },
	{ { POOL("partition"), WINDOW("window", "a", 0, 10), IN_POOL },
	  "pool: p is refused: major-frame-us: a partition pool needs it" },
	{ { POOL("rr"), { P, "major-frame-us", U32, 1000, NULL }, IN_POOL },
	  "pool: p is refused: major-frame-us: only for a partition pool" },
	{ { POOL("rr"), WINDOW("window", "a", 0, 10), IN_POOL },
	  "pool: p is refused: window: only for a partition pool" },
	{ { POOL("partition"), { P, "major-frame-us", U32, 0, NULL }, IN_POOL },
	  "pool: p is refused: major-frame-us: 0; it must be 1 to 10000000" },
	{ { PARTITION, WINDOW("window", "a", 991, 10) },
	  "pool: p is refused: window: one ends at 1001 us, the frame at 1000 us" },
	{ { PARTITION, WINDOW("window", "a", 0, 0) },
	  "pool: p is refused: window/duration-us: 0; it must be 1 to 10000000" },
	{ { PARTITION, WINDOW("window", "a", 500, 100), WINDOW("window-1", "a", 0, 501) },
	  "pool: p is refused: window: at 500 us the one before it runs until 501 us" },
	{ { PARTITION, WINDOW("window", "x", 0, 10) },
	  "pool: p is refused: window: there is no VM x" },
	{ { PARTITION, WINDOW("window", "b", 0, 10) },
	  "pool: p is refused: window: VM b is in another pool" },
	{ { PARTITION, { P "/window", "start-us", U32, 0, NULL } },
	  "pool: p is refused: window: vm or duration-us is missing" },
	{ { PARTITION, WINDOW("widow", "a", 0, 10) },
	  "pool: p is refused: widow: no such section" },
	{ { POOL("rr"), IN_POOL, { P, "windows", U32, 0, NULL } },
	  "pool: p is refused: windows: no such key" },
	{ { POOL("fare"), IN_POOL },
	  "pool: p is refused: policy: \"fare\" is none of its values" },
	{ { POOL("rr"), IN_POOL, { P, "cpus", U64, 0, NULL } },
	  "pool: p is refused: cpus: there is none" },
	{ { POOL("rr"), IN_POOL, { P, "cpus", U64, 0x24, NULL } },
	  "pool: p is refused: cpus: the board has no CPU 5" },
	{ { POOL("pinned"), IN_POOL, { "/", "housekeeping", U32, 3, NULL } },
	  "pool: p is refused: cpus: CPU 3 does the housekeeping, so no pinned pool can have it" },
	{ { PARTITION, WINDOW("window", "a", 0, 10), { P, "cpus", U32, 1, NULL } },
	  "pool: p is refused: cpus: CPU 0 does the housekeeping, so no partition pool can have "
	  "it" },
	/* channels */
	{ { CHANNEL, MEMBER("a"), { C, "size", U32, 0x1800, NULL } },
	  "channel: c is refused: size: 0x1800 is not a multiple of 4 KiB up to 1 GiB" },
	{ { CHANNEL, MEMBER("a"), { C, "size", U64, UINT64_C(0x40001000), NULL } },
	  "channel: c is refused: size: 0x40001000 is not a multiple of 4 KiB up to 1 GiB" },
	{ { CHANNEL, MEMBER("a"), { C, "size", U64, UINT64_C(0x40000000), NULL } },
	  "channel: c is refused: size: more than the board has left" },
	{ { CHANNEL, MEMBER("nobody"), { M "-1", "vm", STR, 0, "a" } },
	  "channel: c is refused: member-1: vm, ipa, doorbell or spi is missing" },
	{ { CHANNEL, MEMBER("a"), { M, "access", STR, 0, "wx" } },
	  "channel: c is refused: member/access: \"wx\" is none of its values" },
	{ { CHANNEL, MEMBER("a"), { M, "rights", STR, 0, "rw" } },
	  "channel: c is refused: member/rights: no such key" },
	{ { CHANNEL, MEMBER("a"), { C "/mender", "vm", STR, 0, "a" } },
	  "channel: c is refused: mender: no such section" },
	{ { CHANNEL, MEMBER("a"), { C "/member-1", "vm", STR, 0, "x" } },
	  "channel: c is refused: member-1: vm, ipa, doorbell or spi is missing" },
	{ { CHANNEL, MEMBER("a"), { M, "ipa", U32, 0x09000000, NULL } },
	  "channel/ipa: 0x9000000 overlaps console/base" },
	{ { CHANNEL, MEMBER("a"), { M, "ipa", U32, 0x0c000010, NULL } },
	  "channel/ipa: 0xc000010 is not a multiple of 0x1000" },
	{ { CHANNEL, MEMBER("a"), { M, "doorbell", U32, 0x0c000000, NULL } },
	  "channel/doorbell: 0xc000000 overlaps channel/ipa" },
	{ { CHANNEL, MEMBER("a"), { M, "ipa", U32, 0x40000000, NULL } },
	  "memory: 0x40000000 overlaps channel/ipa at 0x40000000" },
	{ { CHANNEL, MEMBER("a"), { M, "spi", U32, 1, NULL } },
	  "channel/spi: 1 is that of console" },
	/* ivc */
	{ { { I, "publish", U32, 1, NULL } }, "ivc: ipa or window is missing" },
	{ { IVC, { I, "window", U32, 0, NULL } }, "ivc: ipa or window is missing" },
	{ { IVC, { I, "publish", U32, 9, NULL } }, "ivc/publish: 9; it must be 0 to 8" },
	{ { IVC, { I, "spi", U32, 981, NULL } }, "ivc/spi: 981; it must be 0 to 980" },
	{ { IVC, { I, "key", U32, 1, NULL } }, "ivc/key: no such key" },
	{ { IVC, { I "-1", "read", U64, 2, NULL } }, "ivc-1: no such section" },
	{ { IVC, { I, "memory", U32, 0, NULL } },
	  "ivc/memory: 0x0 for what it publishes, in multiples of 4 KiB" },
	{ { IVC, { I, "publish", U32, 0, NULL } }, "ivc: it may neither publish nor subscribe" },
	{ { IVC, { I, "publish", U32, 0, NULL }, { I, "read", U64, 2, NULL } },
	  "ivc/memory: 0x2000 for what it publishes, in multiples of 4 KiB" },
	{ { IVC, { I, "memory", U32, 0x1800, NULL } },
	  "ivc/memory: 0x1800 for what it publishes, in multiples of 4 KiB" },
	{ { IVC, { I, "memory", U64, 645 * MiB, NULL } },
	  "ivc/memory: 1 MiB more than the board has left" },
	{ { IVC, { I, "window", U32, 0x1800, NULL } },
	  "ivc/window: 0x1800 is not a multiple of 4 KiB" },
	{ { IVC, { I, "read", U64, 4, NULL } }, "ivc: there is no VM 2" },
	{ { IVC, { I, "write", U64, UINT64_C(1) << 63, NULL } }, "ivc: there is no VM 63" },
	{ { IVC, { I, "ipa", U32, 0x50000800, NULL } },
	  "ivc/ipa: 0x50000800 is not a multiple of 0x1000" },
	{ { IVC, { I, "ipa", U32, 0x4ff00000, NULL } },
	  "memory: 0x40000000 overlaps ivc/ipa at 0x4ff00000" },
	{ { IVC, { I, "window", U64, UINT64_C(1) << 40, NULL } },
	  "ivc/ipa: ends beyond the board's 40-bit guest addresses" },
	{ { IVC, { I, "doorbell", U32, 0x08ffa000, NULL } },
	  "ivc/doorbell: 0x9000000 overlaps console/base" },
	{ { IVC, { I, "doorbell", U64, UINT64_MAX - 0xfff, NULL } },
	  "ivc/doorbell: ends beyond the board's 40-bit guest addresses" },
	{ { IVC, CHANNEL, MEMBER("a"), { I, "spi", U32, 105, NULL } },
	  "ivc/spi: 112 is that of channel" },
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
	{ { { A "/console", "spi", U32, 988, NULL } }, "console/spi: 988; it must be 0 to 987" },
	{ { { A "/rtc", "spi", U32, 5000, NULL } }, "rtc/spi: 5000; it must be 0 to 987" },
	{ { { A "/rtc", "spi", U32, 1, NULL } }, "rtc/spi: 1 is that of console" },
	{ { { A "/power-key", "base", U32, 0x09010000, NULL } },
	  "power-key/base: 0x9010000 overlaps rtc/base" },
	{ { { A "/watchdog", "enabled", U32, 1, NULL },
	    { A "/watchdog", "control", U32, 0x090d0000, NULL } },
	  "watchdog/control: 0x90d0000 overlaps watchdog/refresh" },
	{ { { A "/watchdog", "enabled", U32, 1, NULL }, { A "/watchdog", "spi", U32, 7, NULL } },
	  "watchdog/spi: 7 is that of power-key" },
	{ { { A "/watchdog", "enabled", U32, 1, NULL },
	    { A "/watchdog", "refresh", U32, 0x100, NULL } },
	  "watchdog/refresh: 0x100 is not a multiple of 0x1000" },
	{ { { A "/stolen-time", "base", U32, 0x09000000, NULL } },
	  "stolen-time/base: 0x9000000 overlaps console/base" },
	{ { { A "/stolen-time", "base", U32, 0x100, NULL } },
	  "stolen-time/base: 0x100 is not a multiple of 0x1000" },
	{ { { A "/stolen-time", "base", U32, 0x40000000, NULL } },
	  "memory: 0x40000000 overlaps stolen-time/base at 0x40000000" },
	{ { { A "/stolen-time", "spi", U32, 3, NULL } }, "stolen-time/spi: no such key" },
	{ { { A "/manage", "list", U64, UINT64_C(1) << 40, NULL } }, "manage: there is no VM 40" },
	{ { { A "/manage", "control", U64, UINT64_MAX - 1, NULL } }, "manage: there is no VM 2" },
	{ { { A "/mailbox", "enabled", U32, 1, NULL } }, "mailbox: there is no VM to manage" },
	{ { { A "/mailbox", "enabled", U32, 1, NULL }, { A "/manage", "list", U32, 1, NULL },
	    { A "/mailbox", "base", U32, 0x09000000, NULL } },
	  "mailbox/base: 0x9000000 overlaps console/base" },
	{ { { A "/manage", "destroy", U32, 1, NULL } }, "manage/destroy: no such key" },
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

/* What begins in the balloon is nobody's; but it must be memory that need not be there. */
static void lent_memory_may_be_promised_to_another(void **state)
{
	(void)state;
	build_tree();
	set_u64(MEM, "size", 500 * MiB);
	set_u64("/vms/b/memory", "size", 500 * MiB);
	set_str("/vms/b/memory", "backend", "touch");
	set_u64("/vms/b/balloon", "size", 100 * MiB);
	assert_int_equal(parse_and_check(), 2);
	assert_string_equal(cfg.vms[1].refused, "");

	set_u64("/vms/b/balloon", "size", 99 * MiB);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[1].refused, "memory: 1 MiB more than the board has left");

	set_u64("/vms/b/balloon", "size", 501 * MiB);
	assert_int_equal(parse_and_check(), 1);
	assert_non_null(strstr(cfg.vms[1].refused, "balloon/size: 0x1f500000 is no multiple"));

	build_tree();
	set_u64("/vms/b/balloon", "size", 4096);
	assert_int_equal(parse_and_check(), 1);
	assert_non_null(strstr(cfg.vms[1].refused, "balloon/size: 0x1000 is no multiple"));
}

static void of_some_devices_there_is_one(void **state)
{
	static const char *const kinds[] = { "rng", "balloon", "virtio-console", "vsock" };
	char first[40], second[40], want[80];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(first, sizeof(first), "/vms/b/%s", kinds[i]);
		snprintf(second, sizeof(second), "/vms/b/%s-1", kinds[i]);
		snprintf(want, sizeof(want), "%s: there can be only one", kinds[i]);
		build_tree();
		set_u32(first, "slot", 3);
		set_u32(second, "slot", 4);
		if (i == 3) {
			assert_int_equal(parse_and_check(), 1);
			assert_string_equal(cfg.vms[1].refused, "vsock/cid: there is none");
			set_u32(first, "cid", 3);
			set_u32(second, "cid", 4);
		}
		assert_int_equal(parse_and_check(), 1);
		assert_string_equal(cfg.vms[1].refused, want);
	}
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
			    "name: it must be 1 to 31 letters, digits, '-', '_' and '.'");

	build_tree();
	assert_int_equal(fdt_set_name(tree, node_of("/vms/b"), "a"), 0);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[1].refused, "name: another VM is called the same");

	build_tree();
	assert_int_equal(fdt_set_name(tree, node_of("/vms/a"),
				      "a-name-of-thirty-two-characters-x"), 0);
	assert_int_equal(parse_and_check(), 1);
	assert_string_equal(cfg.vms[0].refused,
			    "name: it must be 1 to 31 letters, digits, '-', '_' and '.'");
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
	set_u32("/", "housekeeping", 64);
	expect_error("housekeeping: 64; it must be 0 to 63");
	build_tree();
	set_u32("/", "housekeeping", 4);
	expect_error("housekeeping: the board has no CPU 4");
	build_tree();
	set_u32("/vms", "x", 4);
	expect_error("vms/x: no such key");
	build_tree();
	set_u32("/pools", "x", 4);
	expect_error("pools/x: no such key");
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
	assert_int_equal(parse( big, sizeof(big)), -EINVAL);
	assert_string_equal(cfg.error, "system.dtb describes more VMs than Corbel can hold");
}

/* --- bytes from anywhere -------------------------------------------------------------- */

/* Parse and check a copy that ends where its allocation does. */
static void try_bytes(const void *data, size_t size)
{
	char *copy = malloc(size + 8);   /* malloc() aligns to 16 */

	memcpy(copy, data, size);
	copy = realloc(copy, size ? size : 1);
	if (parse( copy, size) == 0)
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
		assert_int_equal(parse( copy, n), -EINVAL);
		assert_string_equal(cfg.error,
				    "system.dtb is damaged or cut off: it is not a device tree");
	}
	assert_int_equal(parse( copy, size), 0);
	assert_int_equal(parse( copy + 4, size - 4), -EINVAL);
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
		cmocka_unit_test(pools_arrive),
		cmocka_unit_test(channels_arrive),
		cmocka_unit_test(ivc_arrives),
		cmocka_unit_test(direct_interrupts_need_a_board_and_cpus_that_can),
		cmocka_unit_test(each_policy_takes_its_own_keys),
		cmocka_unit_test(pinned_vcpus_make_room_for_each_other),
		cmocka_unit_test(budgets_are_added_up_for_each_pcpu),
		cmocka_unit_test(wrong_pools_are_refused_and_the_others_stay),
		cmocka_unit_test(windows_and_pools_have_a_limit),
		cmocka_unit_test(a_wrong_vm_is_refused_and_the_other_starts),
		cmocka_unit_test(a_refused_vm_uses_nothing_up),
		cmocka_unit_test(of_two_that_clash_the_later_is_refused),
		cmocka_unit_test(lent_memory_may_be_promised_to_another),
		cmocka_unit_test(of_some_devices_there_is_one),
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
