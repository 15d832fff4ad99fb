/* SPDX-License-Identifier: Apache-2.0 */
/* Device trees, generated and completed, read back with libfdt. */
#include "vm/guest_fdt.h"

#include <errno.h>
#include <libfdt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/board_fdt.h"
#include "core/lib/bits.h"
#include "vm/passthrough.h"

struct board board;

#define BUF_SIZE (GUEST_FDT_BUF_SIZE * 2)

static struct vm_config cfg;
static struct guest_fdt_desc desc;
static _Alignas(8) uint8_t buf[BUF_SIZE], user[0x10000];

static uint64_t mpidr_of(uint32_t idx)
{
	return (idx / 16) << 8 | idx % 16;
}

static int setup(void **state)
{
	(void)state;
	memset(&cfg, 0, sizeof(cfg));
	strcpy(cfg.name, "linux");
	cfg.nr_vcpus = 4;
	cfg.nr_regions = 1;
	cfg.regions[0] = (struct config_region){
		.ipa = IPA(0x40000000), .size = 0x20000000,
		.access = CONFIG_ACCESS_R | CONFIG_ACCESS_W | CONFIG_ACCESS_X,
	};
	cfg.cmdline = "console=ttyAMA0 quiet";
	cfg.gicd_base = CONFIG_GICD_BASE;
	cfg.gicr_base = CONFIG_GICR_BASE;
	cfg.pl011 = (struct config_device){ true, CONFIG_PL011_BASE, CONFIG_PL011_SPI };
	cfg.pl031 = (struct config_device){ true, CONFIG_PL031_BASE, CONFIG_PL031_SPI };
	desc = (struct guest_fdt_desc){
		.cfg = &cfg, .initrd = IPA(0x48000000), .initrd_size = 0x123456,
		.gicr_stride = CONFIG_GICR_STRIDE, .mpidr = mpidr_of, .seeded = true,
		.kaslr_seed = 0x0123456789abcdef,
	};
	memset(desc.rng_seed, 0x5a, sizeof(desc.rng_seed));
	memset(buf, 0, sizeof(buf));
	return 0;
}

/* ---- reading back ---- */

static int node_at(const char *path)
{
	int node = fdt_path_offset(buf, path);

	if (node < 0)
		fail_msg("%s: %s", path, fdt_strerror(node));
	return node;
}

static uint64_t number(const void *prop, int bytes)
{
	uint64_t v = 0;

	for (int i = 0; i < bytes; i++)
		v = v << 8 | ((const uint8_t *)prop)[i];
	return v;
}

/* The n-th number of 'bytes' bytes in a property. */
static uint64_t prop_num(const char *path, const char *prop, int n, int bytes)
{
	int len;
	const uint8_t *p = fdt_getprop(buf, node_at(path), prop, &len);

	if (!p || len < (n + 1) * bytes)
		fail_msg("%s/%s has no number %d", path, prop, n);
	return number(p + n * bytes, bytes);
}

static const char *prop_str(const char *path, const char *prop)
{
	const char *s = fdt_getprop(buf, node_at(path), prop, NULL);

	return s ? s : "";
}

static bool has_prop(const char *path, const char *prop)
{
	return fdt_getprop(buf, node_at(path), prop, NULL) != NULL;
}

static int count_type(const char *type)
{
	int nr = 0;

	for (int n = fdt_node_offset_by_prop_value(buf, -1, "device_type", type,
						   (int)strlen(type) + 1);
	     n >= 0;
	     n = fdt_node_offset_by_prop_value(buf, n, "device_type", type, (int)strlen(type) + 1))
		nr++;
	return nr;
}

static void generate(void)
{
	int used = guest_fdt_make(&desc, buf, sizeof(buf));

	assert_true(used > 0);
	assert_int_equal(fdt_check_full(buf, sizeof(buf)), 0);
	assert_int_equal(fdt_totalsize(buf), used);
}

/* ---- generated ---- */

static void generated_tree_describes_the_virt_machine(void **state)
{
	(void)state;
	generate();
	assert_int_equal(prop_num("/", "#address-cells", 0, 4), 2);
	assert_string_equal(prop_str("/chosen", "bootargs"), "console=ttyAMA0 quiet");
	assert_string_equal(prop_str("/chosen", "stdout-path"), "/pl011@9000000");
	assert_string_equal(prop_str("/aliases", "serial0"), "/pl011@9000000");
	assert_int_equal(prop_num("/chosen", "linux,initrd-start", 0, 8), 0x48000000);
	assert_int_equal(prop_num("/chosen", "linux,initrd-end", 0, 8), 0x48123456);
	assert_int_equal(prop_num("/chosen", "kaslr-seed", 0, 8), 0x0123456789abcdef);
	assert_int_equal(prop_num("/chosen", "rng-seed", 7, 8), 0x5a5a5a5a5a5a5a5a);
	assert_int_equal(prop_num("/memory@40000000", "reg", 0, 8), 0x40000000);
	assert_int_equal(prop_num("/memory@40000000", "reg", 1, 8), 0x20000000);
	assert_string_equal(prop_str("/psci", "method"), "hvc");
	assert_true(fdt_node_check_compatible(buf, node_at("/psci"), "arm,psci-1.0") == 0);
	assert_true(fdt_node_check_compatible(buf, node_at("/psci"), "arm,psci-0.2") == 0);
}

static void generated_cpus_have_the_affinity_of_the_vcpus(void **state)
{
	(void)state;
	cfg.nr_vcpus = 18;
	generate();
	assert_int_equal(count_type("cpu"), 18);
	assert_int_equal(prop_num("/cpus/cpu@f", "reg", 0, 8), 0xf);
	assert_int_equal(prop_num("/cpus/cpu@100", "reg", 0, 8), 0x100);
	assert_string_equal(prop_str("/cpus/cpu@101", "enable-method"), "psci");
	assert_int_equal(prop_num("/intc@8000000", "reg", 3, 8), 18 * 0x20000);
}

static void generated_interrupts_are_those_of_the_machine(void **state)
{
	static const uint32_t ppis[] = { 13, 14, 11, 10 };

	(void)state;
	generate();
	for (int i = 0; i < 4; i++) {
		assert_int_equal(prop_num("/timer", "interrupts", 3 * i, 4), 1);
		assert_int_equal(prop_num("/timer", "interrupts", 3 * i + 1, 4), ppis[i]);
		assert_int_equal(prop_num("/timer", "interrupts", 3 * i + 2, 4), 4);
	}
	assert_int_equal(prop_num("/pl011@9000000", "interrupts", 1, 4), 1);
	assert_int_equal(prop_num("/pl031@9010000", "interrupts", 1, 4), 2);
	assert_int_equal(prop_num("/", "interrupt-parent", 0, 4),
			 prop_num("/intc@8000000", "phandle", 0, 4));
	assert_int_equal(prop_num("/pl011@9000000", "clocks", 1, 4),
			 prop_num("/apb-pclk", "phandle", 0, 4));
	assert_int_equal(prop_num("/intc@8000000", "reg", 2, 8), CONFIG_GICR_BASE);
}

static void absent_things_are_absent(void **state)
{
	(void)state;
	cfg.pl011.present = cfg.pl031.present = false;
	cfg.cmdline = "";
	desc.initrd_size = 0;
	desc.seeded = false;
	generate();
	assert_true(fdt_path_offset(buf, "/pl011@9000000") < 0);
	assert_true(fdt_path_offset(buf, "/pl031@9010000") < 0);
	assert_true(fdt_path_offset(buf, "/aliases") < 0);
	assert_false(has_prop("/chosen", "bootargs"));
	assert_false(has_prop("/chosen", "stdout-path"));
	assert_false(has_prop("/chosen", "linux,initrd-start"));
	assert_false(has_prop("/chosen", "kaslr-seed"));
	assert_false(has_prop("/chosen", "rng-seed"));
}

static void several_regions_are_told_but_not_read_only_ones(void **state)
{
	(void)state;
	cfg.nr_regions = 3;
	cfg.regions[1] = (struct config_region){ .ipa = IPA(0x80000000), .size = 0x1000,
						 .access = CONFIG_ACCESS_R };
	cfg.regions[2] = (struct config_region){ .ipa = IPA(0x8000000000), .size = 0x40000000,
						 .access = CONFIG_ACCESS_R | CONFIG_ACCESS_W };
	generate();
	assert_int_equal(count_type("memory"), 2);
	assert_int_equal(prop_num("/memory@8000000000", "reg", 0, 8), 0x8000000000);
}

static void largest_vm_fits_the_buffer_and_a_small_one_is_refused(void **state)
{
	static char cmdline[CONFIG_CMDLINE_LEN];

	(void)state;
	memset(cmdline, 'x', sizeof(cmdline) - 1);
	cfg.cmdline = cmdline;
	cfg.nr_vcpus = CONFIG_MAX_VCPUS;
	cfg.nr_regions = CONFIG_MAX_REGIONS;
	for (uint32_t i = 0; i < CONFIG_MAX_REGIONS; i++) {
		cfg.regions[i] = cfg.regions[0];
		cfg.regions[i].ipa = IPA(0x40000000 + i * UINT64_C(0x40000000));
	}
	assert_true(guest_fdt_make(&desc, buf, GUEST_FDT_BUF_SIZE) > 0);
	for (size_t size = 8; size < 1024; size += 8)
		assert_int_equal(guest_fdt_make(&desc, buf, size), -ENOSPC);
}

/* ---- completed ---- */

/* A foreign board: one-cell memory, two-cell CPUs, spin-table, stale initrd. */
static size_t user_tree(int na, int ns, int cpu_cells)
{
	static const uint8_t zero[16];
	int err = fdt_create(user, sizeof(user));

	err |= fdt_finish_reservemap(user);
	err |= fdt_begin_node(user, "");
	err |= fdt_property_u32(user, "#address-cells", (uint32_t)na);
	err |= fdt_property_u32(user, "#size-cells", (uint32_t)ns);
	err |= fdt_property_string(user, "model", "foreign");
	err |= fdt_begin_node(user, "ram-without-a-usual-name");
	err |= fdt_property_string(user, "device_type", "memory");
	err |= fdt_property(user, "reg", zero, 4 * (na + ns));
	err |= fdt_end_node(user);
	err |= fdt_begin_node(user, "memory@99");
	err |= fdt_property_string(user, "device_type", "memory");
	err |= fdt_end_node(user);
	err |= fdt_begin_node(user, "cpus");
	err |= fdt_property_u32(user, "#address-cells", (uint32_t)cpu_cells);
	err |= fdt_property_u32(user, "#size-cells", 0);
	for (uint32_t i = 0; i < 3; i++) {
		static const uint32_t ids[] = { 1, 0, 0x100 };
		char name[16];

		snprintf(name, sizeof(name), "core%u", i);
		err |= fdt_begin_node(user, name);
		err |= fdt_property_string(user, "device_type", "cpu");
		err |= fdt_property_string(user, "compatible", "arm,cortex-a53");
		if (cpu_cells == 2)
			err |= fdt_property_u64(user, "reg", ids[i]);
		else
			err |= fdt_property_u32(user, "reg", ids[i]);
		err |= fdt_property_string(user, "enable-method", "spin-table");
		err |= fdt_property_u64(user, "cpu-release-addr", 0xd8);
		err |= fdt_property_u32(user, "phandle", 10 + i);
		err |= fdt_end_node(user);
	}
	err |= fdt_begin_node(user, "cpu-map");
	err |= fdt_property_u32(user, "cpu", 12);
	err |= fdt_end_node(user);
	err |= fdt_begin_node(user, "l2-cache");
	err |= fdt_property_u32(user, "phandle", 20);
	err |= fdt_end_node(user);
	err |= fdt_end_node(user);
	err |= fdt_begin_node(user, "chosen");
	err |= fdt_property_u32(user, "linux,initrd-start", 0x1000);
	err |= fdt_property_u32(user, "linux,initrd-end", 0x2000);
	err |= fdt_property_string(user, "stdout-path", "/uart");
	err |= fdt_property_string(user, "bootargs", "theirs");
	err |= fdt_end_node(user);
	err |= fdt_begin_node(user, "uart");
	err |= fdt_end_node(user);
	err |= fdt_end_node(user);
	err |= fdt_finish(user);
	assert_int_equal(err, 0);
	return fdt_totalsize(user);
}

/* What a tree must have for devices to be added. */
static int user_gic(uint32_t phandle, uint32_t cells)
{
	int gic, err;

	err = fdt_create_empty_tree(user, sizeof(user));
	err |= fdt_setprop_u32(user, 0, "#address-cells", 1);
	err |= fdt_setprop_u32(user, 0, "#size-cells", 1);
	gic = fdt_add_subnode(user, 0, "gic");
	err |= fdt_setprop_string(user, gic, "compatible", "arm,gic-v3");
	err |= fdt_setprop_u32(user, gic, "phandle", phandle);
	err |= fdt_setprop_u32(user, gic, "#interrupt-cells", cells);
	assert_int_equal(err, 0);
	return gic;
}

static void complete(size_t len)
{
	int used = guest_fdt_complete(&desc, user, len, buf, sizeof(buf));

	if (used < 0)
		fail_msg("guest_fdt_complete: %d", used);
	assert_int_equal(fdt_check_full(buf, sizeof(buf)), 0);
	assert_int_equal(fdt_totalsize(buf), used);
}

static void completed_memory_uses_the_cells_of_the_tree(void **state)
{
	(void)state;
	for (int na = 1; na <= 2; na++) {
		for (int ns = 1; ns <= 2; ns++) {
			const uint8_t *reg;
			int len;

			complete(user_tree(na, ns, 1));
			assert_int_equal(count_type("memory"), 1);
			reg = fdt_getprop(buf, node_at("/memory@40000000"), "reg", &len);
			assert_int_equal(len, 4 * (na + ns));
			assert_int_equal(number(reg, 4 * na), 0x40000000);
			assert_int_equal(number(reg + 4 * na, 4 * ns), 0x20000000);
		}
	}
	/* What does not fit the cells is refused, not cut. */
	cfg.regions[0].ipa = IPA(0x8000000000);
	assert_int_equal(guest_fdt_complete(&desc, user, user_tree(1, 1, 1), buf, sizeof(buf)),
			 -EINVAL);
}

static void completed_cpus_are_those_of_the_vm(void **state)
{
	(void)state;
	for (int cells = 1; cells <= 2; cells++) {
		complete(user_tree(2, 2, cells));
		assert_int_equal(count_type("cpu"), 4);
		/* Kept by its reg, whatever its name; its other properties stay. */
		assert_int_equal(prop_num("/cpus/core0", "reg", 0, 4 * cells), 1);
		assert_string_equal(prop_str("/cpus/core0", "compatible"), "arm,cortex-a53");
		assert_string_equal(prop_str("/cpus/core0", "enable-method"), "psci");
		assert_false(has_prop("/cpus/core0", "cpu-release-addr"));
		assert_true(fdt_path_offset(buf, "/cpus/core2") < 0);
		assert_int_equal(prop_num("/cpus/cpu@2", "reg", 0, 4 * cells), 2);
		assert_int_equal(prop_num("/cpus/cpu@3", "reg", 0, 4 * cells), 3);
		/* It named a CPU that has gone. */
		assert_true(fdt_path_offset(buf, "/cpus/cpu-map") < 0);
		node_at("/cpus/l2-cache");
	}
}

static void completed_chosen_keeps_what_is_not_ours(void **state)
{
	(void)state;
	complete(user_tree(2, 2, 1));
	assert_string_equal(prop_str("/chosen", "stdout-path"), "/uart");
	assert_string_equal(prop_str("/", "model"), "foreign");
	assert_string_equal(prop_str("/chosen", "bootargs"), "console=ttyAMA0 quiet");
	assert_int_equal(prop_num("/chosen", "linux,initrd-start", 0, 8), 0x48000000);
	assert_int_equal(prop_num("/chosen", "linux,initrd-end", 0, 8), 0x48123456);
	assert_true(has_prop("/chosen", "rng-seed"));
	assert_string_equal(prop_str("/psci", "method"), "hvc");

	cfg.cmdline = "";
	desc.initrd_size = 0;
	complete(user_tree(2, 2, 1));
	assert_string_equal(prop_str("/chosen", "bootargs"), "theirs");
	assert_false(has_prop("/chosen", "linux,initrd-start"));
	assert_false(has_prop("/chosen", "linux,initrd-end"));
}

static void empty_tree_gains_everything(void **state)
{
	(void)state;
	assert_int_equal(fdt_create_empty_tree(user, sizeof(user)), 0);
	complete(sizeof(user));
	assert_int_equal(count_type("cpu"), 4);
	assert_int_equal(count_type("memory"), 1);
	node_at("/psci");
	assert_true(has_prop("/chosen", "bootargs"));
}

static void generated_tree_can_be_completed(void **state)
{
	int used;

	(void)state;
	used = guest_fdt_make(&desc, user, sizeof(user));
	assert_true(used > 0);
	cfg.nr_vcpus = 2;
	desc.initrd_size = 0;
	complete((size_t)used);
	assert_int_equal(count_type("cpu"), 2);
	assert_false(has_prop("/chosen", "linux,initrd-end"));
	assert_int_equal(prop_num("/intc@8000000", "phandle", 0, 4), 1);
}

static bool is_ours_to_say(const char *name)
{
	static const char *const all[] = { "bootargs", "kaslr-seed", "rng-seed", "enable-method",
					   "cpu-release-addr", "linux,initrd-start",
					   "linux,initrd-end" };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (strcmp(name, all[i]) == 0)
			return true;
	return false;
}

/* Whatever else is in it, in nodes of any depth, comes out as it went in. */
static void what_is_not_ours_is_copied_as_it_is(void **state)
{
	char path[128];
	int deep, prop, seen = 0;

	(void)state;
	user_tree(2, 2, 1);
	assert_int_equal(fdt_open_into(user, user, sizeof(user)), 0);
	deep = 0;
	for (int i = 0; i < 12; i++) {
		deep = fdt_add_subnode(user, deep, "level");
		assert_int_equal(fdt_setprop_u32(user, deep, "depth", (uint32_t)i), 0);
	}
	assert_int_equal(fdt_add_mem_rsv(user, 0x1234000, 0x5000), 0);
	assert_int_equal(fdt_nop_property(user, fdt_path_offset(user, "/chosen"), "stdout-path"),
			 0);
	fdt_set_boot_cpuid_phys(user, 7);
	complete(sizeof(user));
	assert_int_equal(fdt_boot_cpuid_phys(buf), 7);
	assert_int_equal(fdt_num_mem_rsv(buf), 1);
	for (int n = 0; n >= 0; n = fdt_next_node(user, n, NULL)) {
		assert_int_equal(fdt_get_path(user, n, path, sizeof(path)), 0);
		if (strstr(path, "memory@") || strstr(path, "ram-") || strstr(path, "core2") ||
		    strstr(path, "cpu-map"))
			continue;
		fdt_for_each_property_offset(prop, user, n) {
			const char *name;
			int len, got;
			const void *was = fdt_getprop_by_offset(user, prop, &name, &len);

			if (is_ours_to_say(name))
				continue;
			assert_memory_equal(fdt_getprop(buf, node_at(path), name, &got), was,
					    (size_t)len);
			assert_int_equal(got, len);
			seen++;
		}
	}
	assert_true(seen > 20);
}

static void completing_needs_room_and_says_so(void **state)
{
	size_t len = user_tree(2, 2, 1);
	bool fitted = false;

	(void)state;
	for (size_t size = 8; size < len + 2048; size += 8) {
		int used = guest_fdt_complete(&desc, user, len, buf, size);

		assert_true(used == -ENOSPC || (used > 0 && (size_t)used <= size));
		assert_false(fitted && used < 0);
		fitted |= used > 0;
	}
	assert_true(fitted);
}

static void damaged_trees_are_refused_or_completed_within_bounds(void **state)
{
	size_t len = user_tree(2, 2, 1);
	uint8_t *copy;

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		copy = malloc(cut + 8);
		memcpy(copy, user, cut);
		assert_int_equal(guest_fdt_complete(&desc, copy, cut, buf, sizeof(buf)), -EINVAL);
		free(copy);
	}
	srand(2);
	for (int round = 0; round < 20000; round++) {
		/* Exactly as long as it says: a read past the end is seen. */
		copy = malloc(len);
		memcpy(copy, user, len);
		for (int i = rand() % 3; i >= 0; i--)
			copy[(size_t)rand() % len] = (uint8_t)rand();
		guest_fdt_complete(&desc, copy, len, buf, 0x4000);
		free(copy);
	}
}

static void power_key_and_watchdog_are_told_if_they_are_there(void **state)
{
	const char *gpio = "/pl061@9030000", *key = "/gpio-keys/poweroff";

	(void)state;
	assert_true(guest_fdt_make(&desc, buf, sizeof(buf)) > 0);
	assert_true(fdt_path_offset(buf, gpio) < 0);
	assert_true(fdt_path_offset(buf, "/gpio-keys") < 0);
	assert_true(fdt_node_offset_by_compatible(buf, -1, "arm,sbsa-gwdt") < 0);
	assert_true(fdt_node_offset_by_compatible(buf, -1, "corbel,mailbox") < 0);
	cfg.mailbox = (struct config_device){ true, CONFIG_MAILBOX_BASE, CONFIG_NO_SPI };
	cfg.pl061 = (struct config_device){ true, CONFIG_PL061_BASE, CONFIG_PL061_SPI };
	cfg.watchdog = (struct config_watchdog){
		true, CONFIG_WDT_REFRESH, CONFIG_WDT_CONTROL, CONFIG_WDT_SPI,
	};
	assert_true(guest_fdt_make(&desc, buf, sizeof(buf)) > 0);
	assert_int_equal(prop_num(gpio, "interrupts", 1, 4), 7);
	assert_int_equal(prop_num(gpio, "#gpio-cells", 0, 4), 2);
	/* KEY_POWER, at line 3 of that controller, active high. */
	assert_int_equal(prop_num(key, "linux,code", 0, 4), 116);
	assert_int_equal(prop_num(key, "gpios", 0, 4), prop_num(gpio, "phandle", 0, 4));
	assert_int_equal(prop_num(key, "gpios", 1, 4), 3);
	assert_int_equal(prop_num(key, "gpios", 2, 4), 0);
	/* The binding wants the control frame first. */
	assert_int_equal(prop_num("/watchdog@90e0000", "reg", 0, 8), CONFIG_WDT_CONTROL);
	assert_int_equal(prop_num("/watchdog@90e0000", "reg", 2, 8), CONFIG_WDT_REFRESH);
	assert_int_equal(prop_num("/watchdog@90e0000", "interrupts", 1, 4), CONFIG_WDT_SPI);
	assert_int_equal(prop_num("/mailbox@90f0000", "reg", 0, 8), CONFIG_MAILBOX_BASE);
}

static void completed_tree_gains_power_key_and_watchdog(void **state)
{
	const char *gpio = "/corbel/pl061@9030000", *key = "/corbel/gpio-keys/poweroff";

	(void)state;
	cfg.pl061 = (struct config_device){ true, CONFIG_PL061_BASE, CONFIG_PL061_SPI };
	cfg.watchdog = (struct config_watchdog){
		true, CONFIG_WDT_REFRESH, CONFIG_WDT_CONTROL, CONFIG_WDT_SPI,
	};
	/* The phandles of a generated tree would be 1 to 3. */
	user_gic(3, 3);
	complete(sizeof(user));
	assert_int_equal(prop_num("/corbel", "interrupt-parent", 0, 4), 3);
	assert_int_equal(prop_num("/corbel", "#address-cells", 0, 4), 2);
	assert_int_equal(prop_num("/corbel", "#size-cells", 0, 4), 2);
	assert_true(has_prop("/corbel", "ranges"));
	assert_int_equal(prop_num(gpio, "reg", 0, 8), CONFIG_PL061_BASE);
	assert_int_equal(prop_num(gpio, "interrupts", 1, 4), CONFIG_PL061_SPI);
	assert_int_equal(prop_num(gpio, "clocks", 0, 4),
			 prop_num("/corbel/apb-pclk", "phandle", 0, 4));
	assert_int_equal(prop_num(key, "gpios", 0, 4), prop_num(gpio, "phandle", 0, 4));
	assert_true(prop_num(gpio, "phandle", 0, 4) > 3);
	assert_true(prop_num("/corbel/apb-pclk", "phandle", 0, 4) > 3);
	assert_int_equal(prop_num("/corbel/watchdog@90e0000", "reg", 2, 8), CONFIG_WDT_REFRESH);
}

static void completed_tree_keeps_its_own_devices(void **state)
{
	int used;

	(void)state;
	cfg.pl061 = (struct config_device){ true, CONFIG_PL061_BASE, CONFIG_PL061_SPI };
	/* Without a watchdog in the VM and with a key of its own. */
	used = guest_fdt_make(&desc, user, sizeof(user));
	assert_true(used > 0);
	complete((size_t)used);
	assert_true(fdt_path_offset(buf, "/corbel") < 0);
	node_at("/pl061@9030000");
	/* Nobody to whom the interrupts could go, or of another form. */
	assert_int_equal(fdt_create_empty_tree(user, sizeof(user)), 0);
	complete(sizeof(user));
	assert_true(fdt_path_offset(buf, "/corbel") < 0);
	user_gic(7, 4);
	complete(sizeof(user));
	assert_true(fdt_path_offset(buf, "/corbel") < 0);
	/* Only what is missing. */
	user_gic(7, 3);
	cfg.watchdog.present = true;
	assert_int_equal(fdt_setprop_string(user, fdt_add_subnode(user, 0, "dog"), "compatible",
					    "arm,sbsa-gwdt"), 0);
	complete(sizeof(user));
	node_at("/corbel/gpio-keys");
	assert_true(fdt_path_offset(buf, "/corbel/watchdog@0") < 0);
}

static const struct channel_config channel = {
	.name = "ring", .size = UINT64_C(0x180000000), .nr_members = 2,
	.members = { [1] = { .rights = CHANNEL_RO, .ipa = UINT64_C(0x4500000000),
			     .doorbell = 0x0b000000, .spi = 113 } },
};

static void tell_channel(const char *node)
{
	assert_string_equal(prop_str(node, "compatible"), "corbel,channel");
	assert_string_equal(prop_str(node, "linux,uio-name"), "ring");
	assert_string_equal(prop_str(node, "corbel,access"), "ro");
	assert_int_equal(prop_num(node, "corbel,member", 0, 4), 1);
	assert_int_equal(prop_num(node, "reg", 0, 8), channel.members[1].ipa);
	assert_int_equal(prop_num(node, "reg", 1, 8), channel.size);
	assert_int_equal(prop_num(node, "reg", 2, 8), 0x0b000000);
	assert_int_equal(prop_num(node, "reg", 3, 8), 0x1000);
	assert_int_equal(prop_num(node, "interrupts", 1, 4), 113);
	assert_int_equal(prop_num(node, "interrupts", 2, 4), 4);
	node = "/reserved-memory/channel@4500000000";
	assert_int_equal(prop_num(node, "reg", 0, 8), channel.members[1].ipa);
	assert_int_equal(prop_num(node, "reg", 1, 8), channel.size);
	assert_true(has_prop(node, "no-map") && has_prop("/reserved-memory", "ranges"));
}

static void channels_are_told_in_any_tree(void **state)
{
	(void)state;
	cfg.nr_channels = 1;
	cfg.channels[0] = (struct config_vm_channel){ &channel, 0, 1 };
	assert_true(guest_fdt_make(&desc, buf, sizeof(buf)) > 0);
	tell_channel("/channel@4500000000");
	user_gic(7, 3);
	assert_int_equal(fdt_setprop_u32(user, 0, "#address-cells", 2), 0);
	assert_int_equal(fdt_setprop_u32(user, 0, "#size-cells", 2), 0);
	complete(sizeof(user));
	tell_channel("/corbel/channel@4500000000");
}

static void tell_ivc(const char *node)
{
	assert_string_equal(prop_str(node, "compatible"), "corbel,ivc");
	assert_int_equal(prop_num(node, "reg", 0, 8), 0x4600000000);
	assert_int_equal(prop_num(node, "reg", 1, 8), 0x180000000);
	assert_int_equal(prop_num(node, "reg", 2, 8), 0x0b010000);
	assert_int_equal(prop_num(node, "reg", 3, 8), 0x8000);
	for (int i = 0; i < 8; i++)
		assert_int_equal(prop_num(node, "interrupts", 3 * i + 1, 4), 130 + i);
}

static void ivc_is_told_in_any_tree(void **state)
{
	(void)state;
	assert_true(guest_fdt_make(&desc, buf, sizeof(buf)) > 0);
	assert_true(fdt_node_offset_by_compatible(buf, -1, "corbel,ivc") < 0);
	cfg.ivc = (struct config_ivc){
		.present = true, .ipa = 0x4600000000, .window = 0x180000000,
		.doorbell = 0x0b010000, .spi = 130,
	};
	assert_true(guest_fdt_make(&desc, buf, sizeof(buf)) > 0);
	tell_ivc("/ivc@4600000000");
	user_gic(7, 3);
	assert_int_equal(fdt_setprop_u32(user, 0, "#address-cells", 2), 0);
	assert_int_equal(fdt_setprop_u32(user, 0, "#size-cells", 2), 0);
	complete(sizeof(user));
	tell_ivc("/corbel/ivc@4600000000");
}

/* ---- devices of the board ---- */

static uint8_t boards[8192];

/* On a bus of its own cells, with two clocks of which one is fixed, a child and references. */
static int board_device(void)
{
	int dev, child, bus, clk;
	const fdt32_t clocks[] = { cpu_to_fdt32(7), cpu_to_fdt32(7) }, gpio[] = {
		cpu_to_fdt32(9), cpu_to_fdt32(3), cpu_to_fdt32(0),
	}, irq[] = { cpu_to_fdt32(0), cpu_to_fdt32(40), cpu_to_fdt32(1) };

	assert_int_equal(fdt_create_empty_tree(boards, sizeof(boards)), 0);
	clk = fdt_add_subnode(boards, 0, "osc");
	fdt_setprop_string(boards, clk, "compatible", "fixed-clock");
	fdt_setprop_u32(boards, clk, "phandle", 7);
	fdt_setprop_u32(boards, clk, "#clock-cells", 0);
	fdt_setprop_u32(boards, clk, "clock-frequency", 5000);
	fdt_setprop_string(boards, clk, "clock-output-names", "clk24mhz");
	bus = fdt_add_subnode(boards, 0, "bus");
	dev = fdt_add_subnode(boards, bus, "gpio@10");
	fdt_setprop_string(boards, dev, "compatible", "acme,gpio");
	fdt_setprop_u32(boards, dev, "phandle", 9);
	fdt_setprop_u32(boards, dev, "#gpio-cells", 2);
	fdt_setprop(boards, dev, "clocks", clocks, sizeof(clocks));
	fdt_setprop_string(boards, dev, "clock-names", "a");
	fdt_setprop_u32(boards, dev, "interrupt-parent", 1);
	fdt_setprop(boards, dev, "interrupts", irq, sizeof(irq));
	fdt_setprop_u32(boards, dev, "resets", 1234);
	child = fdt_add_subnode(boards, dev, "key");
	fdt_setprop(boards, child, "gpios", gpio, sizeof(gpio));
	fdt_setprop_u32(boards, child, "reg", 5);
	board.fdt = boards;
	assert_int_equal(board_index(&board), 0);
	return board_path(&board, "/bus/gpio@10");
}

static void tell_device(const char *dev, const char *clock)
{
	char key[64];
	uint64_t own = prop_num(dev, "phandle", 0, 4);

	assert_string_equal(prop_str(dev, "compatible"), "acme,gpio");
	assert_int_equal(prop_num(dev, "reg", 0, 8), 0x9100000010);
	assert_int_equal(prop_num(dev, "reg", 1, 8), 0x20);
	assert_int_equal(prop_num(dev, "interrupts", 1, 4), 40);
	assert_int_equal(prop_num(dev, "interrupts", 2, 4), 1);
	assert_int_equal(prop_num(dev, "clocks", 0, 4), prop_num(clock, "phandle", 0, 4));
	assert_int_equal(prop_num(dev, "clocks", 1, 4), prop_num(clock, "phandle", 0, 4));
	assert_string_equal(prop_str(dev, "clock-names"), "a");
	assert_int_equal(prop_num(clock, "clock-frequency", 0, 4), 5000);
	assert_string_not_equal(prop_str(clock, "clock-output-names"), "clk24mhz");
	/* Neither the board's interrupt controller nor what is not there. */
	assert_false(has_prop(dev, "interrupt-parent"));
	assert_false(has_prop(dev, "resets"));
	snprintf(key, sizeof(key), "%s/key", dev);
	assert_int_equal(prop_num(key, "gpios", 0, 4), own);
	assert_int_equal(prop_num(key, "gpios", 1, 4), 3);
	assert_int_equal(prop_num(key, "reg", 0, 4), 5);
	/* One node for each number. */
	for (int n = fdt_next_node(buf, -1, NULL); n >= 0; n = fdt_next_node(buf, n, NULL))
		if (fdt_get_phandle(buf, n))
			assert_int_equal(fdt_node_offset_by_phandle(buf, fdt_get_phandle(buf, n)),
					 n);
}

static void devices_of_the_board_are_copied(void **state)
{
	static struct passthrough set;

	(void)state;
	set = (struct passthrough){
		.nr_devices = 1, .nr_ranges = 1, .nr_irqs = 1,
		.device = { { .node = board_device(), .nr_ranges = 1, .nr_irqs = 1 } },
		.range = { { PA(0x9100000010), 0x20 } }, .irq = { { 72, 1 } },
	};
	cfg.pass = &set;
	assert_true(guest_fdt_make(&desc, buf, sizeof(buf)) > 0);
	tell_device("/gpio@10", "/clock@5");
	user_gic(7, 3);
	complete(sizeof(user));
	tell_device("/corbel/gpio@10", "/corbel/clock@c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup(f, setup)
		TEST(generated_tree_describes_the_virt_machine),
		TEST(power_key_and_watchdog_are_told_if_they_are_there),
		TEST(generated_cpus_have_the_affinity_of_the_vcpus),
		TEST(generated_interrupts_are_those_of_the_machine),
		TEST(absent_things_are_absent),
		TEST(several_regions_are_told_but_not_read_only_ones),
		TEST(largest_vm_fits_the_buffer_and_a_small_one_is_refused),
		TEST(completed_memory_uses_the_cells_of_the_tree),
		TEST(completed_cpus_are_those_of_the_vm),
		TEST(completed_chosen_keeps_what_is_not_ours),
		TEST(empty_tree_gains_everything),
		TEST(generated_tree_can_be_completed),
		TEST(completed_tree_gains_power_key_and_watchdog),
		TEST(completed_tree_keeps_its_own_devices),
		TEST(channels_are_told_in_any_tree),
		TEST(ivc_is_told_in_any_tree),
		TEST(devices_of_the_board_are_copied),
		TEST(what_is_not_ours_is_copied_as_it_is),
		TEST(completing_needs_room_and_says_so),
		TEST(damaged_trees_are_refused_or_completed_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
