/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a kernel, for VMs of several shapes: nothing is written outside RAM, no
 * byte twice, and the guest starts where it may execute.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include "core/lib/bits.h"
#include "vm/loader.h"

#define MIB UINT64_C(0x100000)
#define RWX (CONFIG_ACCESS_R | CONFIG_ACCESS_W | CONFIG_ACCESS_X)

static struct vm_config cfg;
static struct load_plan plan;
static uint64_t written, zeroed;

static const struct config_region *region_of(uint64_t ipa, uint64_t size)
{
	for (uint32_t i = 0; i < cfg.nr_regions; i++) {
		const struct config_region *r = &cfg.regions[i];

		if (ipa >= r->ipa.v && size <= r->size && ipa - r->ipa.v <= r->size - size)
			return r;
	}
	return NULL;
}

static int put(void *ctx, ipa_t ipa, const void *src, uint64_t size)
{
	(void)ctx;
	FUZZ_CHECK(size && size <= LOAD_CHUNK && region_of(ipa.v, size));
	for (uint64_t i = 0; i < size; i += 256)
		written += ((const volatile uint8_t *)src)[i] | 1u;
	written += ((const volatile uint8_t *)src)[size - 1];
	return 0;
}

/* Counted, not carried out: a bss may be as large as the VM. */
static int zero(void *ctx, ipa_t ipa, uint64_t size)
{
	(void)ctx;
	FUZZ_CHECK(size && size <= LOAD_CHUNK && region_of(ipa.v, size));
	zeroed += size;
	return 0;
}

static const struct load_sink sink = { .write = put, .zero = zero };

static void shape(struct fuzz_in *in)
{
	uint32_t what = fuzz_below(in, 256);

	memset(&cfg, 0, sizeof(cfg));
	strcpy(cfg.name, "fuzz");
	cfg.kernel.file = "kernel";
	cfg.kernel_type = (enum config_image)(what & 3);
	cfg.kernel.load = cfg.initrd.load = cfg.dtb.load = cfg.kernel_entry = CONFIG_ADDR_AUTO;
	cfg.nr_regions = 1 + (what >> 2 & 1);
	cfg.regions[0] = (struct config_region){ IPA(CONFIG_RAM_BASE), 8 * MIB, PA(0),
						 BACKEND_EAGER, RWX };
	cfg.regions[1] = (struct config_region){
		IPA(CONFIG_RAM_BASE + 9 * MIB), 4 * MIB, PA(0), BACKEND_TOUCH,
		what & 8 ? CONFIG_ACCESS_R | CONFIG_ACCESS_W : RWX };
	if (what & 16)
		cfg.kernel.load = CONFIG_RAM_BASE + fuzz_num(in, 4);
	if (what & 32)
		cfg.kernel_entry = CONFIG_RAM_BASE + fuzz_num(in, 4);
	if (what & 64)
		cfg.dtb.load = CONFIG_RAM_BASE + (fuzz_num(in, 3) & ~UINT64_C(7));
	if (what & 128)
		cfg.initrd.load = CONFIG_RAM_BASE + fuzz_num(in, 3);
}

static void check_plan(const struct load_file *kernel)
{
	const struct config_region *r = region_of(plan.entry.v, 4);

	FUZZ_CHECK(plan.nr_pieces <= LOAD_MAX_PIECES);
	FUZZ_CHECK(r && (r->access & CONFIG_ACCESS_X));
	FUZZ_CHECK(!(plan.dtb.v & 7) && region_of(plan.dtb.v, plan.dtb_room));
	for (uint32_t i = 0; i < plan.nr_pieces; i++) {
		const struct load_piece *p = &plan.piece[i];
		const uint8_t *data = kernel->data;

		FUZZ_CHECK(p->size <= p->room && (!p->room || region_of(p->ipa.v, p->room)));
		if (strcmp(p->file, "kernel") == 0 && p->size)
			FUZZ_CHECK(p->src >= data && p->size <= kernel->size &&
				   (uint64_t)(p->src - data) <= kernel->size - p->size);
		for (uint32_t j = 0; j < i; j++)
			FUZZ_CHECK(!p->room || !plan.piece[j].room ||
				   !range_overlap(p->ipa.v, p->room, plan.piece[j].ipa.v,
						  plan.piece[j].room));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t rd[4096] = { 1 };
	struct fuzz_in in = { data, size };
	struct load_file kernel = { .name = "kernel" }, initrd = { .name = "initrd" };
	void *copy;

	shape(&in);
	if (fuzz_num(&in, 1) & 1)
		initrd = (struct load_file){ "initrd", rd, sizeof(rd) };
	copy = fuzz_copy(in.next, in.left);
	kernel.data = copy;
	kernel.size = in.left;
	if (loader_plan(&plan, &cfg, &kernel, &initrd) == 0) {
		check_plan(&kernel);
		FUZZ_CHECK(loader_run(&plan, "fuzz", &sink) == 0);
	} else {
		FUZZ_CHECK(strstr(plan.error, "fuzz"));
	}
	free(copy);
	return 0;
}
