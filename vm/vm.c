/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/vm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "mm/frames.h"
#include "mm/guest_copy.h"
#include "mm/guest_mem.h"
#include "mm/hyp_pool.h"
#include "vm/abort.h"
#include "vm/balloon.h"
#include "vm/guest_ram.h"
#include "vm/passthrough.h"
#include "vm/pvtime.h"
#include "vm/setway.h"
#include "vm/smccc.h"
#include "vm/virtio.h"

#define IPA_BITS_MIN   40      /* what QEMU's virt board gives its CPUs       */
#define IPA_BITS_MAX   48
#define SPI_FIRST      32      /* INTID of SPI 0                              */
#define NR_SPIS_MIN    64

const exit_table vm_exits = {
	[EC_HVC64]    = exit_hvc64,
	[EC_SMC64]    = exit_smc64,        /* HCR_EL2.TSC */
	[EC_SYS64]    = exit_setway,       /* HCR_EL2.TSW; all else stays in the vcpu layer */
	[EC_IABT_LOW] = exit_iabt_lower,
	[EC_DABT_LOW] = exit_dabt_lower,
};

/* --- memory -------------------------------------------------------------------- */

/* CONFIG_ACCESS_* and S2_* are one set of bits, by the assertions. */
_Static_assert(CONFIG_ACCESS_R == S2_R && CONFIG_ACCESS_W == S2_W && CONFIG_ACCESS_X == S2_X,
	       "access bits");

static uint32_t region_attr(const struct config_region *r)
{
	return S2_NORMAL | (r->access & S2_RWX);
}

bool vm_region_comes(const struct vm *vm, const struct config_region *r)
{
	return r->backend == BACKEND_TOUCH || vm_balloon_has(vm, r);
}

int vm_touch(struct vm *vm, ipa_t ipa)
{
	const struct config_region *r = vm_region(vm, ipa);

	if (!r || !vm_region_comes(vm, r))
		return -EFAULT;
	/* What is lent stays away, though its neighbour is touched. */
	if (vm_balloon_has(vm, r) && vm_balloon_touch(vm, r, ipa))
		return guest_mem_touch(&vm->s2, IPA(align_down(ipa.v, PAGE_SIZE)), PAGE_SIZE, ipa,
				       region_attr(r));
	return guest_mem_touch(&vm->s2, r->ipa, r->size, ipa, region_attr(r));
}

static int populate(void *ctx, ipa_t ipa)
{
	return vm_touch(ctx, ipa);
}

static int region_create(struct vm *vm, const struct config_region *r)
{
	int err = 0;

	if (r->backend == BACKEND_EAGER)
		err = guest_mem_populate_alloc(&vm->s2, r->ipa, r->size, region_attr(r));
	else if (r->backend == BACKEND_LINEAR)
		err = guest_mem_populate_linear(&vm->s2, r->ipa, r->pa, r->size, region_attr(r));
	if (err)
		log_err("VM %s: memory of %llu KiB at 0x%llx cannot be had (%d)", vm_name(vm),
			(unsigned long long)r->size >> 10, (unsigned long long)r->ipa.v, err);
	return err;
}

/* Give back the first nr regions. Their bounds are sound, so this does not fail. */
static void regions_destroy(struct vm *vm, uint32_t nr)
{
	while (nr--) {
		const struct config_region *r = &vm->cfg->regions[nr];
		int err = guest_mem_release(&vm->s2, r->ipa, r->size);

		if (err)
			log_err("VM %s: memory at 0x%llx is not released (%d)", vm_name(vm),
				(unsigned long long)r->ipa.v, err);
	}
}

static int regions_create(struct vm *vm)
{
	for (uint32_t i = 0; i < vm->cfg->nr_regions; i++) {
		int err = region_create(vm, &vm->cfg->regions[i]);

		if (err) {
			regions_destroy(vm, i);
			return err;
		}
	}
	return 0;
}

/* Wide enough for all that lies in it. */
static unsigned int ipa_bits(const struct vm_config *cfg)
{
	uint64_t top = MAX(cfg->gicd_base + CONFIG_GICD_SIZE,
			   cfg->gicr_base + cfg->nr_vcpus * CONFIG_GICR_STRIDE);
	unsigned int bits = IPA_BITS_MIN;

	for (uint32_t i = 0; i < cfg->nr_regions; i++)
		top = MAX(top, cfg->regions[i].ipa.v + cfg->regions[i].size);
	top = MAX(top, MAX(cfg->pl011.base, cfg->pl031.base) + CONFIG_DEVICE_SIZE);
	top = MAX(top, MAX(cfg->watchdog.refresh, cfg->watchdog.control) + CONFIG_DEVICE_SIZE);
	top = MAX(top, MAX(cfg->pl061.base, cfg->stolen.base) + CONFIG_DEVICE_SIZE);
	top = MAX(top, cfg->mailbox.base + CONFIG_DEVICE_SIZE);
	for (uint32_t i = 0; config_pass(cfg) && i < cfg->pass->nr_ranges; i++)
		top = MAX(top, cfg->pass->range[i].base.v + cfg->pass->range[i].size + PAGE_SIZE);
	for (uint32_t i = 0; i < config_nr_channels(cfg); i++) {
		top = MAX(top, config_member(cfg, i)->ipa + cfg->channels[i].channel->size);
		top = MAX(top, config_member(cfg, i)->doorbell + CONFIG_DEVICE_SIZE);
	}
	if (config_has_ivc(cfg))
		top = MAX(top, MAX(cfg->ivc.ipa + cfg->ivc.window, cfg->ivc.doorbell +
				   CONFIG_IVC_SLOTS * CONFIG_DEVICE_SIZE));
	while (bits < IPA_BITS_MAX && top > BIT(bits))
		bits++;
	return bits;
}

/* Not told as memory, so no file is loaded there and no write of the guest allowed. */
static int stolen_create(struct vm *vm)
{
	const struct config_region r = {
		.ipa = IPA(vm->cfg->stolen.base), .size = PAGE_SIZE, .access = CONFIG_ACCESS_R,
	};

	return vm->cfg->stolen.present ? region_create(vm, &r) : 0;
}

static int memory_create(struct vm *vm)
{
	int err = stage2_init(&vm->s2, owner_vm(vm->slot), ipa_bits(vm->cfg));

	if (err) {
		log_err("VM %s: no stage-2 table (%d)", vm_name(vm), err);
		return err;
	}
	vm->s2.populate = populate;
	vm->s2.populate_ctx = vm;
	err = regions_create(vm);
	if (!err) {
		err = stolen_create(vm);
		if (err)
			regions_destroy(vm, vm->cfg->nr_regions);
	}
	if (err)
		stage2_fini(&vm->s2);
	return err;
}

static void memory_destroy(struct vm *vm)
{
	regions_destroy(vm, vm->cfg->nr_regions);
	if (vm->cfg->stolen.present)
		guest_mem_release(&vm->s2, IPA(vm->cfg->stolen.base), PAGE_SIZE);
	stage2_fini(&vm->s2);
}

/* --- interrupts and devices ----------------------------------------------------- */

static uint32_t nr_spis(const struct vm_config *cfg)
{
	uint32_t nr = NR_SPIS_MIN;

	if (cfg->pl011.present)
		nr = MAX(nr, cfg->pl011.spi + 1);
	if (cfg->pl031.present)
		nr = MAX(nr, cfg->pl031.spi + 1);
	if (cfg->pl061.present)
		nr = MAX(nr, cfg->pl061.spi + 1);
	if (cfg->watchdog.present)
		nr = MAX(nr, cfg->watchdog.spi + 1);
	for (uint32_t i = 0; config_pass(cfg) && i < cfg->pass->nr_irqs; i++)
		nr = MAX(nr, cfg->pass->irq[i].intid - SPI_FIRST + 1);
	for (uint32_t i = 0; i < config_nr_channels(cfg); i++)
		nr = MAX(nr, config_member(cfg, i)->spi + 1);
	if (config_has_ivc(cfg))
		nr = MAX(nr, cfg->ivc.spi + CONFIG_IVC_SLOTS);
	return nr;
}

static int gic_create(struct vm *vm)
{
	struct vgic_config c = {
		.nr_spis = nr_spis(vm->cfg), .gicd_base = vm->cfg->gicd_base,
		.gicr_base = vm->cfg->gicr_base, .nr_vcpus = vm->nr_vcpus,
		.direct = config_is_direct(vm->cfg),
	};
	int err;

	c.spi = hyp_zalloc(VGIC_SPI_STORAGE(c.nr_spis) * sizeof(*c.spi));
	err = c.spi ? vgic_init(&vm->vgic, &c) : -ENOMEM;
	if (err) {
		log_err("VM %s: no interrupt controller (%d)", vm_name(vm), err);
		hyp_free(c.spi);
	}
	return err;
}

static void gic_destroy(struct vm *vm)
{
	hyp_free(vm->vgic.spi);
}

static int bus_put(struct vm *vm, struct mmio_device *dev)
{
	int err = bus_add(&vm->bus, dev);

	if (err)
		log_err("VM %s: no place for %s at 0x%llx (%d)", vm_name(vm), dev->name,
			(unsigned long long)dev->base, err);
	return err;
}

static struct irq_line spi_line(struct vm *vm, uint32_t spi)
{
	return vgic_line(&vm->vgic, SPI_FIRST + spi);
}

static void bite(void *vm)
{
	vm_order(vm, VM_ORDER_WATCHDOG);
}

static void mailbox_call(void *vm, uint64_t *x)
{
	if (ivc_has(vm, (uint32_t)x[0]))
		ivc_call(vm, x);
	else
		smccc_vendor_call(vm, x);
}

static void devices_init(struct vm *vm)
{
	const struct vm_config *cfg = vm->cfg;

	pl011_init(&vm->pl011, cfg->pl011.base, spi_line(vm, cfg->pl011.spi));
	pl031_init(&vm->pl031, cfg->pl031.base, spi_line(vm, cfg->pl031.spi), vm->host->clock);
	pl061_init(&vm->pl061, cfg->pl061.base, spi_line(vm, cfg->pl061.spi));
	sbsa_wdt_init(&vm->watchdog, cfg->watchdog.refresh, cfg->watchdog.control,
		      spi_line(vm, cfg->watchdog.spi), bite, vm);
	mailbox_init(&vm->mailbox, cfg->mailbox.base, mailbox_call, vm);
}

static void devices_destroy(struct vm *vm)
{
	pl031_fini(&vm->pl031);
	sbsa_wdt_fini(&vm->watchdog);
}

static int devices_create(struct vm *vm)
{
	const struct vm_config *cfg = vm->cfg;
	const struct { bool present; struct mmio_device *dev; } devs[] = {
		{ true, &vm->vgic.gicd }, { true, &vm->vgic.gicr },
		{ cfg->pl011.present, &vm->pl011.dev }, { cfg->pl031.present, &vm->pl031.dev },
		{ cfg->pl061.present, &vm->pl061.dev },
		{ cfg->watchdog.present, &vm->watchdog.refresh },
		{ cfg->watchdog.present, &vm->watchdog.control },
		{ cfg->mailbox.present, &vm->mailbox.dev },
	};
	int err = 0;

	devices_init(vm);
	bus_init(&vm->bus);
	for (size_t i = 0; i < ARRAY_SIZE(devs) && !err; i++)
		if (devs[i].present)
			err = bus_put(vm, devs[i].dev);
	if (err)
		devices_destroy(vm);
	return err;
}

/* --- vCPUs ------------------------------------------------------------------------ */

/* Where in the board's memory the record is. */
static void stolen_find(struct vcpu *v)
{
	const struct config_device *c = &v->vm->cfg->stolen;
	struct stage2_leaf leaf;

	if (c->present && stage2_lookup(&v->vm->s2, IPA(c->base), &leaf) == 0 && leaf.mapped)
		v->stolen.record = pa_add(leaf.pa, v->idx * PVTIME_RECORD_SIZE);
}

static int vcpu_add(struct vm *vm, uint32_t idx)
{
	struct vcpu *v = &vm->vcpus[idx];
	char name[sizeof(v->thread.name)];
	struct vcpu_config c = {
		.name = name, .vm = vm, .group = &vm->group, .idx = (uint16_t)idx,
		.mpidr = vm_vcpu_mpidr(idx), .cpu = vm->host->pick_cpu(vm->cfg, idx),
		.prio = vm->cfg->priority, .entry = vm->host->vcpu_main,
	};
	int err;

	snprintf(name, sizeof(name), "%.18s/%u", vm_name(vm),
		 (unsigned int)(idx % CONFIG_MAX_VCPUS));
	err = vcpu_create(v, &c);
	if (err)
		return err;
	err = vm_sched_vcpu(v, vm->host->cpus(vm->cfg, idx));
	if (err) {
		vcpu_destroy(v);
		return err;
	}
	vgic_vcpu_init(&v->vgic, &vm->vgic, idx, c.mpidr, &v->thread);
	vtimer_init(&v->vtimer, &v->vgic, 0);
	vcpu_publish(&vm->group, IPA(vm->vgic.gicr.base + idx * VGIC_GICR_SIZE + GICR_TYPER), 3,
		     &v->vgic.typer);
	stolen_find(v);
	return 0;
}

static void vcpus_remove(struct vm *vm, uint32_t nr)
{
	while (nr--) {
		timer_cancel_wait(&vm->vcpus[nr].vtimer.v_soft);
		timer_cancel_wait(&vm->vcpus[nr].vtimer.p_soft);
		vcpu_destroy(&vm->vcpus[nr]);
	}
	hyp_free(vm->vcpus);
}

static int read_guest(struct vcpu *v, ipa_t ipa, void *to, size_t size)
{
	return guest_copy_from(&v->vm->s2, to, ipa, size);
}

/* What drivers poll, and what the cost of an exit is measured with. */
static void publish(struct vm *vm)
{
	uint64_t gicd = vm->vgic.gicd.base, uartfr = vm->pl011.dev.base + PL011_UARTFR;

	vcpu_publish(&vm->group, IPA(gicd + GICD_TYPER), 2, &vm->vgic.typer);
	vcpu_publish(&vm->group, IPA(gicd + GICD_IIDR), 2, &vm->vgic.iidr);
	if (vm->cfg->pl011.present) {
		vcpu_publish(&vm->group, IPA(uartfr), 1, &vm->pl011.fr);
		vcpu_publish(&vm->group, IPA(uartfr), 2, &vm->pl011.fr);
	}
}

static int vcpus_create(struct vm *vm)
{
	int err = -ENOMEM;

	vcpu_group_init(&vm->group, vm->s2.vttbr, vm->s2.vtcr,
			stage2_ipa_bits(&vm->s2));
	vm->group.read_guest = read_guest;
	vm->group.direct = config_is_direct(vm->cfg);
	publish(vm);
	vm->vcpus = hyp_zalloc(vm->nr_vcpus * sizeof(*vm->vcpus));
	for (uint32_t i = 0; vm->vcpus && i < vm->nr_vcpus; i++) {
		err = vcpu_add(vm, i);
		if (err) {
			vcpus_remove(vm, i);
			break;
		}
	}
	if (err)
		log_err("VM %s: no memory or time for %u vCPUs (%d)", vm_name(vm),
			(unsigned int)vm->nr_vcpus, err);
	return err;
}

/* --- all of it -------------------------------------------------------------------- */

static void rng_create(struct vm *vm)
{
	uint8_t seed[32];
	int err = drbg_fill(vm->host->rng, seed, sizeof(seed));

	drbg_init(&vm->rng);
	drbg_seed(&vm->rng, seed, sizeof(seed), err == 0);
	memset(seed, 0, sizeof(seed));
}

int vm_create(struct vm *vm, uint32_t slot, const struct vm_config *cfg, const struct vm_host *host)
{
	int err;

	vm->slot = slot;
	vm->cfg = cfg;
	vm->host = host;
	vm->nr_vcpus = cfg->nr_vcpus;
	vm_life_init(vm);
	rng_create(vm);
	if (CONFIG_VIRTIO)
		vm_ram_init(&vm->ram);

	err = memory_create(vm);
	if (err)
		return err;
	err = gic_create(vm);
	if (err)
		goto destroy_memory;
	err = devices_create(vm);
	if (err)
		goto destroy_gic;
	err = channels_create(vm);
	if (err)
		goto destroy_devices;
	err = ivc_create(vm);
	if (err)
		goto destroy_channels;
	err = vcpus_create(vm);
	if (err)
		goto destroy_ivc;
	err = vm_virtio_create(vm);
	if (err)
		goto destroy_vcpus;
	vgic_reset(&vm->vgic);
	err = pass_create(vm);
	if (err)
		goto destroy_virtio;
	return 0;

destroy_virtio:
	vm_virtio_destroy(vm);
destroy_vcpus:
	vcpus_remove(vm, vm->nr_vcpus);
destroy_ivc:
	ivc_destroy(vm);
destroy_channels:
	channels_destroy(vm);
destroy_devices:
	devices_destroy(vm);
destroy_gic:
	gic_destroy(vm);
destroy_memory:
	memory_destroy(vm);
	return err;
}

/* Threads that have ended are off their pCPU; the others were never started. */
static bool threads_ended(const struct vm *vm)
{
	if (vm->nr_starts == 0)
		return true;
	for (uint32_t i = 0; i < vm->nr_vcpus; i++)
		if (!atomic_load(&vm->vcpus[i].thread.off_cpu))
			return false;
	return !vm->virtio || atomic_load(&vm->virtio->thread.off_cpu);
}

int vm_destroy(struct vm *vm)
{
	if (!threads_ended(vm))
		return -EBUSY;
	vm_virtio_destroy(vm);
	pass_destroy(vm);
	vcpus_remove(vm, vm->nr_vcpus);
	ivc_destroy(vm);
	channels_destroy(vm);
	devices_destroy(vm);
	gic_destroy(vm);
	memory_destroy(vm);
	memset(vm, 0, sizeof(*vm));
	return 0;
}
