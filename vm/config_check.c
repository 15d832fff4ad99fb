/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second look at a configuration, on the board it is to run on. The tool
 * that packs makes the same checks, but what it packed need not be what came.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/lib/bits.h"
#include "vm/bundle.h"
#include "vm/config.h"
#include "vm/config_channels.h"
#include "vm/config_keys.h"
#include "vm/config_pools.h"
#include "vm/passthrough.h"
#include "vm/config_virtio.h"

/* What there is, and what VMs accepted so far have taken of it. */
struct check {
	struct system_config *cfg;
	const struct board_limits  *board;
	const struct bundle        *bundle;
	uint32_t idx;                        /* of the VM under the glass */
	uint64_t mem_left;
	struct config_sums sums;
};

/* A range of a VM's guest physical addresses, for overlap. */
struct window {
	const char *name;
	uint64_t base;
	uint64_t size;
	int spi;                             /* -1: none */
};

#define MAX_WINDOWS (11 + 2 * CONFIG_VM_CHANNELS + CONFIG_IVC_SLOTS + PASS_MAX_RANGES)

/* Those of the VM under the glass. Too much for a stack, and one config_check() runs at a time. */
static struct window windows[MAX_WINDOWS];
static uint32_t nr_windows;

#define REFUSE(vm, ...) (config_reason((vm)->refused, __VA_ARGS__), -EINVAL)

typedef unsigned long long ull;

/* --- names and numbers ---------------------------------------------------- */

/* Against all earlier VMs, refused ones too: a name must mean one thing. */
static int check_unique(const struct check *c, struct vm_config *vm)
{
	for (uint32_t i = 0; i < c->idx; i++) {
		if (strcmp(c->cfg->vms[i].name, vm->name) == 0)
			return REFUSE(vm, "name: another VM is called the same");
		if (c->cfg->vms[i].id == vm->id)
			return REFUSE(vm, "id: %u is already VM %s", (unsigned int)vm->id,
				      c->cfg->vms[i].name);
	}
	return 0;
}

static int check_numbers(struct vm_config *vm)
{
	if (vm->budget_us > vm->period_us)
		return REFUSE(vm, "budget-us: %u; the period is %u", (unsigned int)vm->budget_us,
			      (unsigned int)vm->period_us);
	if (vm->cap && vm->cap < vm->reservation)
		return REFUSE(vm, "cap: %u; the reservation is %u", (unsigned int)vm->cap,
			      (unsigned int)vm->reservation);
	return 0;
}

static bool has_window(const struct pool_config *pool, uint32_t idx)
{
	for (uint32_t i = 0; i < pool->nr_windows; i++)
		if (pool->windows[i].vm == idx)
			return true;
	return false;
}

static int check_pool(const struct check *c, struct vm_config *vm)
{
	const struct pool_config *pool = &c->cfg->pools[vm->pool];

	if (pool->refused[0])
		return REFUSE(vm, "pool: %s is refused: %s", pool->name, pool->refused);
	if (!pool->cpus)
		return REFUSE(vm, "pool: all CPUs are in other pools");
	if (pool->policy == POLICY_PARTITION && !has_window(pool, c->idx))
		return REFUSE(vm, "pool: %s has no window for it", pool->name);
	return 0;
}

static int check_cpus(const struct check *c, struct vm_config *vm)
{
	const struct pool_config *pool = &c->cfg->pools[vm->pool];

	for (uint32_t i = 0; i < vm->nr_vcpus; i++) {
		uint64_t missing = vm->cpus[i] & ~c->board->cpus;
		uint64_t outside = vm->cpus[i] & ~pool->cpus;

		if (missing)
			return REFUSE(vm, "cpus: the board has no CPU %d",
				      __builtin_ctzll(missing));
		if (outside)
			return REFUSE(vm, "cpus: CPU %d is not in pool %s",
				      __builtin_ctzll(outside), pool->name);
	}
	return 0;
}

/* A guest that keeps EL2's interrupts out must not be where all others need them. */
static int check_direct(const struct check *c, struct vm_config *vm)
{
	if (!config_is_direct(vm))
		return 0;
	if (c->board->no_direct)
		return REFUSE(vm, "interrupts: direct: %s", c->board->no_direct);
	if (c->cfg->pools[vm->pool].cpus & BIT(0))
		return REFUSE(vm, "interrupts: direct: CPU 0 takes the board's interrupts, so "
			      "it must not be in pool %s", c->cfg->pools[vm->pool].name);
	return 0;
}

static int check_cmdline(struct vm_config *vm)
{
	size_t len = strnlen(vm->cmdline, CONFIG_CMDLINE_LEN);

	if (len == CONFIG_CMDLINE_LEN)
		return REFUSE(vm, "cmdline: longer than %d bytes", CONFIG_CMDLINE_LEN - 1);
	return 0;
}

/* All of them, or some that there are. */
static int check_manage(const struct check *c, struct vm_config *vm)
{
	uint64_t there = UINT64_MAX >> (64 - c->cfg->nr_vms);
	uint64_t masks[] = { vm->manage_list, vm->manage_control };

	for (size_t i = 0; i < ARRAY_SIZE(masks); i++)
		if (masks[i] != UINT64_MAX && (masks[i] & ~there))
			return REFUSE(vm, "manage: there is no VM %d",
				      __builtin_ctzll(masks[i] & ~there));
	if (vm->mailbox.present && !(masks[0] | masks[1]))
		return REFUSE(vm, "mailbox: there is no VM to manage");
	return 0;
}

static int check_channels(struct vm_config *vm)
{
	for (uint32_t i = 0; i < config_nr_channels(vm); i++) {
		const struct channel_config *ch = vm->channels[i].channel;

		if (ch->refused[0])
			return REFUSE(vm, "channel: %s is refused: %s", ch->name, ch->refused);
	}
	return 0;
}

/* --- the guest's address space -------------------------------------------- */

static int check_range(const struct check *c, struct vm_config *vm, const struct window *w,
		       uint64_t align)
{
	uint64_t limit = UINT64_C(1) << c->board->ipa_bits;

	if (!is_aligned(w->base, align))
		return REFUSE(vm, "%s: 0x%llx is not a multiple of 0x%llx", w->name,
			      (ull)w->base, (ull)align);
	if (range_bad(w->base, w->size))
		return REFUSE(vm, "%s: 0x%llx bytes from 0x%llx wrap around or are none",
			      w->name, (ull)w->size, (ull)w->base);
	if (w->base + (w->size - 1) >= limit)
		return REFUSE(vm, "%s: ends beyond the board's %u-bit guest addresses", w->name,
			      (unsigned int)c->board->ipa_bits);
	return 0;
}

static void windows_get(const struct vm_config *vm)
{
	static const struct { const char *name; size_t offset; } simple[] = {
		{ "console/base",   offsetof(struct vm_config, pl011) },
		{ "rtc/base",       offsetof(struct vm_config, pl031) },
		{ "power-key/base", offsetof(struct vm_config, pl061) },
		{ "stolen-time/base", offsetof(struct vm_config, stolen) },
		{ "mailbox/base",   offsetof(struct vm_config, mailbox) },
	};
	const struct config_watchdog *wdt = &vm->watchdog;
	struct window *w = windows;
	uint32_t nr = 0;

	w[nr++] = (struct window){ "gic/gicd", vm->gicd_base, CONFIG_GICD_SIZE, -1 };
	w[nr++] = (struct window){ "gic/gicr", vm->gicr_base, CONFIG_GICR_STRIDE * vm->nr_vcpus,
				   -1 };
	for (size_t i = 0; i < ARRAY_SIZE(simple); i++) {
		const struct config_device *d = (const void *)((const char *)vm +
							       simple[i].offset);

		if (d->present)
			w[nr++] = (struct window){ simple[i].name, d->base, CONFIG_DEVICE_SIZE,
						   (int)d->spi };
	}
	if (wdt->present) {
		w[nr++] = (struct window){ "watchdog/refresh", wdt->refresh, CONFIG_DEVICE_SIZE,
					   -1 };
		w[nr++] = (struct window){ "watchdog/control", wdt->control, CONFIG_DEVICE_SIZE,
					   (int)wdt->spi };
	}
	for (uint32_t i = 0; i < config_nr_channels(vm); i++) {
		const struct channel_member *m = config_member(vm, i);

		w[nr++] = (struct window){ "channel/ipa", m->ipa, vm->channels[i].channel->size,
					   -1 };
		w[nr++] = (struct window){ "channel/doorbell", m->doorbell, CONFIG_DEVICE_SIZE,
					   (int)m->spi };
	}
	if (config_has_ivc(vm))
		w[nr++] = (struct window){ "ivc/ipa", vm->ivc.ipa, vm->ivc.window, -1 };
	for (uint32_t i = 0; config_has_ivc(vm) && i < CONFIG_IVC_SLOTS; i++)
		w[nr++] = (struct window){ "ivc/doorbell",
					   vm->ivc.doorbell + i * CONFIG_DEVICE_SIZE,
					   CONFIG_DEVICE_SIZE, (int)(vm->ivc.spi + i) };
	if (config_nr_virtio(vm))
		w[nr++] = (struct window){ "virtio", CONFIG_VIRTIO_BASE, CONFIG_VIRTIO_SIZE, -1 };
	for (uint32_t i = 0; config_pass(vm) && i < vm->pass->nr_ranges; i++) {
		struct board_range pages = pass_pages(&vm->pass->range[i]);

		w[nr++] = (struct window){ "devices", pages.base.v, pages.size, -1 };
	}
	nr_windows = nr;
}

static int check_spi(struct vm_config *vm, const struct window *w, const struct window *o)
{
	if (w->spi < 0 || w->spi != o->spi)
		return 0;
	return REFUSE(vm, "%.*s/spi: %d is that of %.*s", (int)strcspn(w->name, "/"), w->name,
		      w->spi, (int)strcspn(o->name, "/"), o->name);
}

/* Those of the board keep their numbers. */
static int check_pass_spi(struct vm_config *vm, const struct window *w)
{
	for (uint32_t i = 0; config_pass(vm) && w->spi >= 0 && i < vm->pass->nr_irqs; i++)
		if (vm->pass->irq[i].intid == (uint32_t)w->spi + 32)
			return REFUSE(vm, "%.*s/spi: %d is that of a device of the board",
				      (int)strcspn(w->name, "/"), w->name, w->spi);
	return 0;
}

static int check_devices(const struct check *c, struct vm_config *vm)
{
	const struct window *w = windows;

	windows_get(vm);
	for (uint32_t i = 0; i < nr_windows; i++) {
		/* GIC frames are 64 KiB pages apart, other devices 4 KiB. */
		uint64_t align = i < 2 ? CONFIG_GICD_SIZE : PAGE_SIZE;

		if (check_range(c, vm, &w[i], align) || check_pass_spi(vm, &w[i]))
			return -EINVAL;
		for (uint32_t j = 0; j < i; j++) {
			if (range_overlap(w[i].base, w[i].size, w[j].base, w[j].size))
				return REFUSE(vm, "%s: 0x%llx overlaps %s", w[i].name,
					      (ull)w[i].base, w[j].name);
			if (check_spi(vm, &w[i], &w[j]))
				return -EINVAL;
		}
		if (config_virtio_has_spi(vm, w[i].spi))
			return REFUSE(vm, "%.*s/spi: %d is that of a virtio device",
				      (int)strcspn(w[i].name, "/"), w[i].name, w[i].spi);
	}
	return 0;
}

static int region_vs_devices(struct vm_config *vm, const struct config_region *r)
{
	const struct window *w = windows;

	for (uint32_t i = 0; i < nr_windows; i++)
		if (range_overlap(r->ipa.v, r->size, w[i].base, w[i].size))
			return REFUSE(vm, "memory: 0x%llx overlaps %s at 0x%llx", (ull)r->ipa.v,
				      w[i].name, (ull)w[i].base);
	return 0;
}

/* --- memory --------------------------------------------------------------- */

static bool inside(const struct config_range *in, uint64_t base, uint64_t size)
{
	return base >= in->base && size <= in->size && base - in->base <= in->size - size;
}

/* Two VMs on the same frames would be no VMs. */
static int linear_vs_others(const struct check *c, struct vm_config *vm,
			    const struct config_region *r)
{
	for (uint32_t i = 0; i <= c->idx; i++) {
		const struct vm_config *o = &c->cfg->vms[i];

		for (uint32_t j = 0; o->refused[0] == '\0' && j < o->nr_regions; j++) {
			const struct config_region *q = &o->regions[j];

			if (q == r)    /* those after it are compared with it in their turn */
				break;
			if (q->backend == BACKEND_LINEAR &&
			    range_overlap(r->pa.v, r->size, q->pa.v, q->size))
				return REFUSE(vm, "memory: pa 0x%llx overlaps memory of VM %s",
					      (ull)r->pa.v, o->name);
		}
	}
	return 0;
}

static int check_linear(const struct check *c, struct vm_config *vm, const struct config_region *r)
{
	const struct board_limits *b = c->board;
	bool in_ram = false;

	if (!is_aligned(r->pa.v, PAGE_SIZE) || range_bad(r->pa.v, r->size))
		return REFUSE(vm, "memory: pa 0x%llx is not a multiple of 4 KiB or wraps around",
			      (ull)r->pa.v);
	for (uint32_t i = 0; i < b->nr_ram; i++)
		in_ram = in_ram || inside(&b->ram[i], r->pa.v, r->size);
	if (!in_ram)
		return REFUSE(vm, "memory: pa 0x%llx, 0x%llx bytes, is not RAM of this board",
			      (ull)r->pa.v, (ull)r->size);
	for (uint32_t i = 0; i < b->nr_taken; i++)
		if (range_overlap(r->pa.v, r->size, b->taken[i].base, b->taken[i].size))
			return REFUSE(vm, "memory: pa 0x%llx overlaps the %s", (ull)r->pa.v,
				      b->taken[i].name);
	return linear_vs_others(c, vm, r);
}

static int check_region(const struct check *c, struct vm_config *vm,
			const struct config_region *r, uint64_t *wanted)
{
	struct window w = { "memory", r->ipa.v, r->size, -1 };

	if (!is_aligned(r->size, PAGE_SIZE))
		return REFUSE(vm, "memory: size 0x%llx is not a multiple of 4 KiB", (ull)r->size);
	if (check_range(c, vm, &w, PAGE_SIZE) || region_vs_devices(vm, r))
		return -EINVAL;
	if (!(r->access & CONFIG_ACCESS_R))
		return REFUSE(vm, "memory: 0x%llx cannot be read", (ull)r->ipa.v);
	if (r->backend == BACKEND_LINEAR)
		return check_linear(c, vm, r);
	if (r->pa.v != 0)
		return REFUSE(vm, "memory: pa is for the linear backend only");
	if (r->size > c->mem_left - *wanted)
		return REFUSE(vm, "memory: %llu MiB more than the board has left",
			      (ull)(r->size - (c->mem_left - *wanted)) >> 20);
	*wanted += r->size;
	return 0;
}

/* What a disk or ivc may want is promised to it. */
static int promise(struct check *c, struct vm_config *vm, const char *what, uint64_t size)
{
	if (size > c->mem_left)
		return REFUSE(vm, "%s: %llu MiB more than the board has left", what,
			      (ull)(size - c->mem_left) >> 20);
	c->mem_left -= size;
	return 0;
}

static int check_memory(struct check *c, struct vm_config *vm)
{
	uint64_t wanted = 0, disks = config_virtio_memory(vm, c->bundle);

	if (vm->nr_regions == 0)
		return REFUSE(vm, "memory: there is none");
	/* What begins in the balloon is nobody's: others may be promised it. */
	c->mem_left += config_virtio_lent(vm);
	for (uint32_t i = 0; i < vm->nr_regions; i++) {
		const struct config_region *r = &vm->regions[i];

		if (check_region(c, vm, r, &wanted))
			return -EINVAL;
		for (uint32_t j = 0; j < i; j++) {
			const struct config_region *q = &vm->regions[j];

			if (range_overlap(r->ipa.v, r->size, q->ipa.v, q->size))
				return REFUSE(vm, "memory: 0x%llx overlaps the region at 0x%llx",
					      (ull)r->ipa.v, (ull)q->ipa.v);
		}
	}
	c->mem_left -= wanted;
	return promise(c, vm, "disk", disks) ||
	       promise(c, vm, "ivc/memory", config_has_ivc(vm) ? vm->ivc.memory : 0) ?
	       -EINVAL : 0;
}

/* --- files ---------------------------------------------------------------- */

static const struct config_region *region_of(const struct vm_config *vm, uint64_t ipa)
{
	for (uint32_t i = 0; i < vm->nr_regions; i++)
		if (ipa >= vm->regions[i].ipa.v &&
		    ipa - vm->regions[i].ipa.v < vm->regions[i].size)
			return &vm->regions[i];
	return NULL;
}

/* The file is there, and where it shall go there is memory for all of it. */
static int check_file(const struct check *c, struct vm_config *vm, const char *what,
		      const struct config_file *f)
{
	const struct config_region *r;
	struct bundle_file file = { NULL, NULL, 0 };

	if (f->file && bundle_lookup(c->bundle, f->file, &file))
		return REFUSE(vm, "%s/file: the bundle has no %.80s", what, f->file);
	if (f->file && file.size == 0)
		return REFUSE(vm, "%s/file: %.80s is empty", what, f->file);
	if (f->load == CONFIG_ADDR_AUTO)
		return 0;
	r = region_of(vm, f->load);
	if (!r)
		return REFUSE(vm, "%s/load: 0x%llx is outside the VM's memory", what,
			      (ull)f->load);
	if (file.size > r->size - (f->load - r->ipa.v))
		return REFUSE(vm, "%s/load: %llu bytes at 0x%llx end outside the region", what,
			      (ull)file.size, (ull)f->load);
	return 0;
}

static int check_entry(struct vm_config *vm)
{
	const struct config_region *r;

	if (vm->kernel_entry == CONFIG_ADDR_AUTO)
		return 0;
	r = region_of(vm, vm->kernel_entry);
	if (!r || !(r->access & CONFIG_ACCESS_X) || !is_aligned(vm->kernel_entry, 4))
		return REFUSE(vm, "kernel/entry: 0x%llx is not an address the VM can execute at",
			      (ull)vm->kernel_entry);
	return 0;
}

/* An ELF file says itself where it goes. */
static int check_files(const struct check *c, struct vm_config *vm)
{
	if (!vm->kernel.file)
		return REFUSE(vm, "kernel/file: there is none");
	if (vm->kernel_type == IMAGE_ELF && vm->kernel.load != CONFIG_ADDR_AUTO)
		return REFUSE(vm, "kernel/load: an ELF file is loaded where it says");
	if (!vm->initrd.file && vm->initrd.load != CONFIG_ADDR_AUTO)
		return REFUSE(vm, "initrd/load: without a file");
	if (check_file(c, vm, "kernel", &vm->kernel) || check_entry(vm) ||
	    check_file(c, vm, "initrd", &vm->initrd) || check_file(c, vm, "dtb", &vm->dtb))
		return -EINVAL;
	return 0;
}

/* --- all of it ------------------------------------------------------------ */

static bool vm_fits(struct check *c, struct vm_config *vm)
{
	uint64_t mem_left = c->mem_left;

	if (vm->refused[0] == '\0' && !check_unique(c, vm) && !check_numbers(vm) &&
	    !check_pool(c, vm) && !check_cpus(c, vm) && !check_direct(c, vm) &&
	    !check_cmdline(vm) && !check_manage(c, vm) && !check_channels(vm) &&
	    !config_ivc_check(vm, c->cfg->nr_vms) && !check_devices(c, vm) &&
	    !config_virtio_check(vm, c->bundle) && !check_memory(c, vm) && !check_files(c, vm) &&
	    !config_sums_admit(&c->sums, c->cfg, c->idx))
		return true;
	c->mem_left = mem_left;
	return false;
}

/* The escape key must leave Enter, Tab, Escape and Backspace to the guests. */
static bool escape_key_ok(uint32_t key)
{
	return key >= 1 && key < 0x20 && key != '\b' && key != '\t' && key != '\n' &&
	       key != '\r' && key != 0x1b;
}

int config_check(struct system_config *cfg, const struct board_limits *limits,
		 const struct bundle *bundle)
{
	struct check c = { .cfg = cfg, .board = limits, .bundle = bundle,
			   .mem_left = limits->mem_size };
	int accepted = 0;

	if (!escape_key_ok(cfg->escape_key)) {
		config_reason(cfg->error, "escape-key: 0x%x is not a control key to spare",
			      (unsigned int)cfg->escape_key);
		return -EINVAL;
	}
	if (!(limits->cpus & BIT(cfg->housekeeping))) {
		config_reason(cfg->error, "housekeeping: the board has no CPU %u",
			      (unsigned int)cfg->housekeeping);
		return -EINVAL;
	}
	config_pools_check(cfg, limits->cpus);
	c.mem_left -= config_channels_check(cfg, limits->mem_size);
	for (c.idx = 0; c.idx < cfg->nr_vms; c.idx++)
		accepted += vm_fits(&c, &cfg->vms[c.idx]);
	config_sums_seal(&c.sums, cfg);
	if (accepted == 0)
		config_reason(cfg->error, "every VM is refused");
	return accepted ? accepted : -EINVAL;
}
