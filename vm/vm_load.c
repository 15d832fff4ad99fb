/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a VM's memory: image, initrd and device tree; and emptying it for a reset. */
#include "vm/vm.h"

#include <errno.h>
#include <string.h>

#include <arch/cache.h>
#include <arch/mmu.h>
#include "core/log.h"
#include "core/thread.h"
#include "mm/guest_copy.h"
#include "mm/guest_mem.h"
#include "mm/hyp_pool.h"
#include "vm/guest_fdt.h"
#include "vm/virtio.h"

/* ID_AA64MMFR0_EL1: the granules of stage 1. */
#define MMFR0_TGRAN4   BITS(31, 28)
#define MMFR0_TGRAN64  BITS(27, 24)
#define MMFR0_TGRAN16  BITS(23, 20)

/* --- the files ---------------------------------------------------------------------- */

static int find_file(const struct vm *vm, const char *name, struct load_file *out)
{
	struct bundle_file f;

	*out = (struct load_file){ .name = name };
	if (!name)
		return 0;
	if (bundle_lookup(vm->host->bundle, name, &f)) {
		log_err("VM %s: %s is not in the bundle", vm_name(vm), name);
		return -ENOENT;
	}
	out->data = f.data;
	out->size = f.size;
	return 0;
}

/* Guests start with their caches off, so what is written goes to memory at once. */
static int sink_write(void *ctx, ipa_t ipa, const void *src, uint64_t size)
{
	struct vm *vm = ctx;
	int err = guest_load(&vm->s2, ipa, src, size);

	return err ? err : guest_clean_range(&vm->s2, ipa, size);
}

static int sink_zero(void *ctx, ipa_t ipa, uint64_t size)
{
	struct vm *vm = ctx;
	int err = guest_load_zero(&vm->s2, ipa, size);

	return err ? err : guest_clean_range(&vm->s2, ipa, size);
}

static void sink_pause(void *ctx)
{
	(void)ctx;
	thread_yield();
}

static int load_files(struct vm *vm)
{
	struct load_sink sink = {
		.write = sink_write, .zero = sink_zero, .pause = sink_pause, .ctx = vm,
	};
	struct load_file kernel, initrd;
	int err = find_file(vm, vm->cfg->kernel.file, &kernel);

	if (!err)
		err = find_file(vm, vm->cfg->initrd.file, &initrd);
	if (err)
		return err;
	err = loader_plan(&vm->plan, vm->cfg, &kernel, &initrd);
	if (!err)
		err = loader_run(&vm->plan, vm_name(vm), &sink);
	if (err)
		log_err("%s", vm->plan.error);
	return err;
}

/* A kernel for a granule that the CPU has not hangs without a word. */
static void warn_of_granule(const struct vm *vm)
{
	static const struct { uint32_t size; uint64_t field; uint64_t none; } granules[] = {
		{ 4096, MMFR0_TGRAN4, 0xf }, { 16384, MMFR0_TGRAN16, 0 },
		{ 65536, MMFR0_TGRAN64, 0xf },
	};
	uint64_t mmfr0 = vm->group.idregs[IDREG_A64MMFR0];

	for (size_t i = 0; i < ARRAY_SIZE(granules); i++)
		if (vm->plan.page_size == granules[i].size &&
		    bits_get(granules[i].field, mmfr0) == granules[i].none)
			log_warn("VM %s: %s is built for pages of %u KiB, which this CPU has not",
				 vm_name(vm), vm->cfg->kernel.file,
				 (unsigned int)(granules[i].size >> 10));
}

#define TREE_SMALL 8000            /* with the heap's header less than two pages   */

/* --- the device tree ----------------------------------------------------------------- */

static void describe(struct vm *vm, struct guest_fdt_desc *d)
{
	*d = (struct guest_fdt_desc){
		.cfg = vm->cfg, .initrd = vm->plan.initrd, .initrd_size = vm->plan.initrd_size,
		.gicr_stride = CONFIG_GICR_STRIDE, .mpidr = vm_vcpu_mpidr,
	};
	d->seeded = drbg_fill(&vm->rng, d->rng_seed, sizeof(d->rng_seed)) == 0 &&
		    drbg_fill(&vm->rng, &d->kaslr_seed, sizeof(d->kaslr_seed)) == 0;
}

/* The user's tree, copied: in the bundle it need not be aligned. */
static int complete_tree(struct vm *vm, const struct guest_fdt_desc *d, const struct load_file *f,
			 void *buf, size_t size)
{
	void *copy = hyp_zalloc(f->size);
	int used;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, f->data, f->size);
	used = guest_fdt_complete(d, copy, f->size, buf, size);
	hyp_free(copy);
	if (used == -EINVAL)
		log_err("VM %s: %s is no sound device tree, or its cells do not hold our addresses",
			vm_name(vm), f->name);
	return used;
}

static int write_tree(struct vm *vm, const void *tree, int used)
{
	if ((uint64_t)used > vm->plan.dtb_room) {
		log_err("VM %s: the device tree has %d bytes, at 0x%llx there is room for %llu",
			vm_name(vm), used, (unsigned long long)vm->plan.dtb.v,
			(unsigned long long)vm->plan.dtb_room);
		return -E2BIG;
	}
	return sink_write(vm, vm->plan.dtb, tree, (uint64_t)used);
}

/* Made in a buffer of that size, and written; -ENOSPC: it is larger. */
static int load_tree_in(struct vm *vm, const struct guest_fdt_desc *d, const struct load_file *f,
			size_t size)
{
	void *buf = hyp_zalloc(size);
	int used, err;

	if (!buf)
		return -ENOMEM;
	used = f->data ? complete_tree(vm, d, f, buf, size) : guest_fdt_make(d, buf, size);
	err = used < 0 ? used : write_tree(vm, buf, used);
	hyp_free(buf);
	return err;
}

static int load_tree(struct vm *vm)
{
	struct guest_fdt_desc d;
	struct load_file f;
	int err = find_file(vm, vm->cfg->dtb.file, &f);

	if (err)
		return err;
	if (f.size > LOAD_DTB_ROOM) {
		log_err("VM %s: %s has more than 2 MiB", vm_name(vm), f.name);
		return -E2BIG;
	}
	describe(vm, &d);
	/* Most are small, and all of the buffer is cleared twice. */
	err = load_tree_in(vm, &d, &f, TREE_SMALL + f.size);
	return err == -ENOSPC ? load_tree_in(vm, &d, &f, GUEST_FDT_BUF_SIZE + f.size) : err;
}

/* --- all of it -------------------------------------------------------------------------- */

int vm_load(struct vm *vm)
{
	int err = load_files(vm);

	if (!err) {
		warn_of_granule(vm);
		err = load_tree(vm);
		if (err)
			log_err("VM %s: no device tree (%d)", vm_name(vm), err);
	}
	/* What a pCPU fetched there before, it must not fetch again. */
	arch_icache_inval_all();
	return err;
}

static int region_empty(struct vm *vm, const struct config_region *r)
{
	if (r->backend == BACKEND_TOUCH)
		return guest_mem_release(&vm->s2, r->ipa, r->size);
	return guest_mem_scrub(&vm->s2, r->ipa, r->size);
}

int vm_reset(struct vm *vm)
{
	vgic_reset(&vm->vgic);
	bus_reset(&vm->bus);
	vm_virtio_reset(vm);
	for (uint32_t i = 0; i < vm->cfg->nr_regions; i++) {
		int err = region_empty(vm, &vm->cfg->regions[i]);

		if (err) {
			log_err("VM %s: memory at 0x%llx cannot be cleared (%d)", vm_name(vm),
				(unsigned long long)vm->cfg->regions[i].ipa.v, err);
			return err;
		}
	}
	ivc_reset(vm);
	if (channels_reset(vm))
		return -ENOMEM;
	/* Translations of the former life are of no use to the next. */
	arch_tlb_s2_vmid(vm->s2.vttbr);
	return vm_load(vm);
}
