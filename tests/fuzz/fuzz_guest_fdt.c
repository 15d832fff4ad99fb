/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a user's device tree: refused, or completed to a tree that libfdt
 * can walk from end to end and that tells the VM's memory.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <libfdt.h>

#include "core/board.h"
#include "core/lib/bits.h"
#include "vm/guest_fdt.h"

struct board board;              /* nothing is passed through */

static struct vm_config cfg;

static uint64_t mpidr_of(uint32_t idx)
{
	return idx % 16 | (idx / 16) << 8;
}

static void configure(struct guest_fdt_desc *d, struct fuzz_in *in)
{
	uint32_t what = fuzz_below(in, 256);

	memset(&cfg, 0, sizeof(cfg));
	memset(d, 0, sizeof(*d));
	strcpy(cfg.name, "fuzz");
	cfg.nr_vcpus = 1 + (what & 3) * 5;
	cfg.cmdline = what & 4 ? "console=ttyAMA0" : "";
	cfg.nr_regions = 1 + (what >> 3 & 1);
	for (uint32_t i = 0; i < cfg.nr_regions; i++)
		cfg.regions[i] = (struct config_region){
			.ipa = IPA(i ? 0x880000000 : CONFIG_RAM_BASE), .size = 0x10000000,
			.access = CONFIG_ACCESS_R | CONFIG_ACCESS_W | CONFIG_ACCESS_X };
	cfg.gicd_base = CONFIG_GICD_BASE;
	cfg.gicr_base = CONFIG_GICR_BASE;
	cfg.pl011 = (struct config_device){ true, CONFIG_PL011_BASE, CONFIG_PL011_SPI };
	cfg.pl031 = (struct config_device){ what & 16, CONFIG_PL031_BASE, CONFIG_PL031_SPI };
	cfg.pl061 = (struct config_device){ what & 32, CONFIG_PL061_BASE, CONFIG_PL061_SPI };
	cfg.watchdog = (struct config_watchdog){ what & 64, CONFIG_WDT_REFRESH,
						 CONFIG_WDT_CONTROL, CONFIG_WDT_SPI };
	d->cfg = &cfg;
	d->initrd = IPA(0x48000000);
	d->initrd_size = what & 128 ? 0x1234 : 0;
	d->gicr_stride = CONFIG_GICR_STRIDE;
	d->mpidr = mpidr_of;
	d->seeded = what & 4;
}

/* Every node and property, as a kernel would meet them. */
static void walk(const void *dtb, size_t size)
{
	int node, prop, depth = 0, len;
	uint32_t sum = 0;

	FUZZ_CHECK(fdt_check_header(dtb) == 0 && fdt_totalsize(dtb) <= size);
	for (node = 0; node >= 0 && depth >= 0; node = fdt_next_node(dtb, node, &depth)) {
		fdt_for_each_property_offset(prop, dtb, node) {
			const char *name;
			const uint8_t *p = fdt_getprop_by_offset(dtb, prop, &name, &len);

			FUZZ_CHECK(p && name);
			for (int i = 0; i < len; i++)
				sum += p[i];
		}
		FUZZ_CHECK(prop == -FDT_ERR_NOTFOUND);
	}
	FUZZ_CHECK(node == -FDT_ERR_NOTFOUND || depth < 0);
	FUZZ_CHECK(fdt_path_offset(dtb, "/chosen") > 0 && fdt_path_offset(dtb, "/cpus") > 0);
	*(volatile uint32_t *)&sum = sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct guest_fdt_desc d;
	size_t room;
	void *tree, *buf;
	int used;

	configure(&d, &in);
	room = in.left + (fuzz_num(&in, 1) & 1 ? 64 : GUEST_FDT_BUF_SIZE);
	tree = fuzz_copy(in.next, in.left);
	buf = calloc(1, room);
	FUZZ_CHECK(buf);
	used = guest_fdt_complete(&d, tree, in.left, buf, room);
	FUZZ_CHECK(used > 0 || used == -EINVAL || used == -ENOSPC);
	if (used > 0) {
		FUZZ_CHECK((size_t)used <= room);
		walk(buf, (size_t)used);
	}
	free(buf);
	free(tree);
	return 0;
}
