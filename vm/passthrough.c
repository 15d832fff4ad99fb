/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/passthrough.h"

#include <errno.h>
#include <string.h>

#include "core/board_fdt.h"
#include "core/lib/bits.h"
#include "core/log.h"
#include "irq/gicv3.h"
#include "irq/irq.h"
#include "mm/frames.h"
#include "mm/hyp_pool.h"
#include "mm/stage2.h"
#include "vm/config_keys.h"
#include "vm/vm.h"

#define GIC_EDGE 3             /* flags of an interrupt: rising, falling edge */

#define REFUSE(vm, ...) (config_reason((vm)->refused, __VA_ARGS__), -EINVAL)

/* --- what may be given away ----------------------------------------------------- */

/* Known to have no DMA of their own, so these need no IOMMU. */
static const char *const no_dma[] = {
	"arm,pl011", "arm,pl031", "arm,pl061", "arm,sp804", "arm,sp805", "arm,pl050",
	"ns16550a", "snps,dw-apb-uart",
};

/* Whatever it is compatible with: these say that it, or a DMA engine for it, reads memory. */
static const char *const dma_props[] = { "dma-coherent", "dmas", "iommus", "iommu-map",
					 "memory-region", "dma-ranges" };

static bool may_do_dma(const struct board *b, int node)
{
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(no_dma); i++)
		known = known || board_is(b, node, no_dma[i]);
	for (size_t i = 0; i < ARRAY_SIZE(dma_props); i++)
		known = known && !board_prop(b, node, dma_props[i], NULL);
	return !known;
}

static bool all_linear(const struct vm_config *vm)
{
	for (uint32_t i = 0; i < vm->nr_regions; i++)
		if (vm->regions[i].backend != BACKEND_LINEAR ||
		    vm->regions[i].ipa.v != vm->regions[i].pa.v)
			return false;
	return true;
}

static int check_dma(struct vm_config *vm, const char *path, const struct board *b, int node)
{
	if (!may_do_dma(b, node))
		return 0;
	if (vm->dma != DMA_UNPROTECTED)
		return REFUSE(vm, "devices: %.40s may do DMA, and nothing keeps it to the VM's "
			      "memory; dma = unprotected would allow it", path);
	if (!all_linear(vm))
		return REFUSE(vm, "devices: %.40s may do DMA, so memory must be linear with pa "
			      "equal to ipa", path);
	return 0;
}

/* --- registers -------------------------------------------------------------------- */

static bool meets(const struct board_range *a, const struct board_range *b)
{
	return a->size && b->size && range_overlap(a->base.v, a->size, b->base.v, b->size);
}

static bool is_ours(const struct board *b, const struct board_range *pages)
{
	bool ours = meets(pages, &b->uart) || meets(pages, &b->gicd);

	for (uint32_t i = 0; i < b->nr_gicr; i++)
		ours = ours || meets(pages, &b->gicr[i]);
	return ours;
}

static bool is_ram(const struct board *b, const struct board_range *pages)
{
	bool ram = false;

	for (uint32_t i = 0; i < b->nr_mem; i++)
		ram = ram || meets(pages, &b->mem[i]);
	for (uint32_t i = 0; i < b->nr_reserved; i++)
		ram = ram || meets(pages, &b->reserved[i]);
	return ram;
}

/* Another node with registers in these pages, or negative. */
static int sharer(const struct board *b, int self, const struct board_range *pages)
{
	for (int node = 0; node < b->nr_nodes; node++) {
		struct board_range r;

		for (int i = 0; node != self && board_reg(b, node, i, &r) == 0; i++)
			if (meets(pages, &r))
				return node;
	}
	return -ENOENT;
}

/* A VM before it that has one of these pages. */
static const struct vm_config *holder(const struct system_config *cfg, const struct vm_config *vm,
				      const struct board_range *pages)
{
	for (const struct vm_config *o = cfg->vms; o < vm; o++)
		for (uint32_t i = 0; o->pass && !o->refused[0] && i < o->pass->nr_ranges; i++) {
			struct board_range theirs = pass_pages(&o->pass->range[i]);

			if (meets(pages, &theirs))
				return o;
		}
	return NULL;
}

static int check_range(const struct system_config *cfg, struct vm_config *vm, const char *path,
		       const struct board *b, int node, const struct board_range *r)
{
	struct board_range pages = pass_pages(r);
	const struct vm_config *other;
	int share;

	if (!r->size || r->base.v + r->size < r->base.v || !pages.size)
		return REFUSE(vm, "devices: %.40s has registers of no size", path);
	if (is_ours(b, &pages))
		return REFUSE(vm, "devices: %.40s is the hypervisor's own", path);
	if (is_ram(b, &pages))
		return REFUSE(vm, "devices: %.40s is memory", path);
	other = holder(cfg, vm, &pages);
	if (other)
		return REFUSE(vm, "devices: %.40s is VM %s's", path, other->name);
	share = sharer(b, node, &pages);
	if (share >= 0)
		return REFUSE(vm, "devices: %.40s shares its page 0x%llx with %s", path,
			      (unsigned long long)pages.base.v, board_node_name(b, share));
	return 0;
}

static int add_ranges(const struct system_config *cfg, struct vm_config *vm,
		      struct passthrough *set, const char *path, const struct board *b)
{
	struct pass_device *dev = &set->device[set->nr_devices];
	struct board_range r;

	for (int i = 0; board_reg(b, dev->node, i, &r) == 0; i++) {
		if (set->nr_ranges == PASS_MAX_RANGES)
			return REFUSE(vm, "devices: more than %d ranges of registers",
				      PASS_MAX_RANGES);
		if (check_range(cfg, vm, path, b, dev->node, &r))
			return -EINVAL;
		set->range[set->nr_ranges++] = r;
		dev->nr_ranges++;
	}
	if (!dev->nr_ranges)
		return REFUSE(vm, "devices: %.40s has no registers", path);
	return 0;
}

/* --- interrupts ------------------------------------------------------------------- */

static bool has_irq(const struct passthrough *set, uint32_t intid)
{
	for (uint32_t i = 0; i < set->nr_irqs; i++)
		if (set->irq[i].intid == intid)
			return true;
	return false;
}

static bool irq_taken(const struct system_config *cfg, const struct vm_config *vm,
		      const struct passthrough *set, const struct board *b, uint32_t intid)
{
	bool taken = has_irq(set, intid) || intid == b->uart_intid;

	for (const struct vm_config *o = cfg->vms; o < vm; o++)
		taken = taken || (o->pass && !o->refused[0] && has_irq(o->pass, intid));
	return taken;
}

static int add_irqs(const struct system_config *cfg, struct vm_config *vm, struct passthrough *set,
		    const char *path, const struct board *b)
{
	struct pass_device *dev = &set->device[set->nr_devices];
	uint64_t flags;
	uint32_t intid;
	int len = 0;

	if (board_prop(b, dev->node, "interrupts-extended", NULL))
		return REFUSE(vm, "devices: %.40s has interrupts-extended, which is not known",
			      path);
	board_prop(b, dev->node, "interrupts", &len);
	if (len <= 0)
		return 0;
	for (int i = 0; board_intid(b, dev->node, i, &intid) == 0; i++) {
		if (intid < INTID_SPI_FIRST || irq_taken(cfg, vm, set, b, intid))
			return REFUSE(vm, "devices: interrupt %u of %.40s is not for it alone",
				      (unsigned int)intid, path);
		if (set->nr_irqs == PASS_MAX_IRQS)
			return REFUSE(vm, "devices: more than %d interrupts", PASS_MAX_IRQS);
		/* board_intid() has looked: three cells each, or four. */
		if (board_cells(b, dev->node, "interrupts", 3 * i + 2, 1, &flags))
			flags = 0;
		set->irq[set->nr_irqs++] = (struct pass_irq){ intid, (uint32_t)flags & 0xf };
		dev->nr_irqs++;
	}
	if ((int)dev->nr_irqs * 12 != len)
		return REFUSE(vm, "devices: interrupts of %.40s are not the GIC's", path);
	return 0;
}

/* --- one VM ------------------------------------------------------------------------- */

static int add_device(const struct system_config *cfg, struct vm_config *vm,
		      struct passthrough *set, const char *path, const struct board *b)
{
	int node = path[0] == '/' ? board_path(b, path) : -ENOENT;

	if (node <= 0)
		return REFUSE(vm, "devices: the board has no %.60s", path);
	if (!board_node_enabled(b, node))
		return REFUSE(vm, "devices: %.40s is disabled on the board", path);
	if (board_prop(b, node, "interrupt-controller", NULL) &&
	    !board_is(b, node, "arm,pl061"))
		return REFUSE(vm, "devices: %.40s is an interrupt controller", path);
	if (set->nr_devices == PASS_MAX_DEVICES)
		return REFUSE(vm, "devices: more than %d", PASS_MAX_DEVICES);
	set->device[set->nr_devices] = (struct pass_device){ .node = node };
	if (check_dma(vm, path, b, node) || add_ranges(cfg, vm, set, path, b) ||
	    add_irqs(cfg, vm, set, path, b))
		return -EINVAL;
	set->nr_devices++;
	return 0;
}

static void check_vm(const struct system_config *cfg, struct vm_config *vm, const struct board *b)
{
	struct passthrough *set = hyp_zalloc(sizeof(*set));

	if (!set) {
		config_reason(vm->refused, "devices: no memory");
		return;
	}
	vm->pass = set;
	for (uint32_t at = 0; at < vm->devices.len; at += strlen(vm->devices.first + at) + 1)
		if (add_device(cfg, vm, set, vm->devices.first + at, b))
			return;
}

void pass_check(struct system_config *cfg, const struct board *b)
{
	for (uint32_t i = 0; CONFIG_PASSTHROUGH && i < cfg->nr_vms; i++)
		if (cfg->vms[i].devices.len && !cfg->vms[i].refused[0])
			check_vm(cfg, &cfg->vms[i], b);
}

/* --- a VM that runs ------------------------------------------------------------------ */

static void range_destroy(struct vm *vm, uint32_t n)
{
	struct board_range pages = pass_pages(&vm->cfg->pass->range[n]);

	stage2_unmap(&vm->s2, IPA(pages.base.v), pages.size);
	frames_device_release(owner_vm(vm->slot), pages.base, pages.size);
}

static int range_create(struct vm *vm, uint32_t n)
{
	struct board_range pages = pass_pages(&vm->cfg->pass->range[n]);
	int err = frames_device_claim(owner_vm(vm->slot), pages.base, pages.size);

	if (err)
		return err;
	err = stage2_map(&vm->s2, IPA(pages.base.v), pages.base, pages.size,
			 S2_DEVICE | S2_R | S2_W);
	if (err)
		frames_device_release(owner_vm(vm->slot), pages.base, pages.size);
	return err;
}

static int irq_create(struct vm *vm, const struct pass_irq *irq)
{
	gicv3_set_edge(irq->intid, irq->flags & GIC_EDGE);
	/* Of a VM with direct interrupts it is EL2's until the guest has the interface. */
	gicv3_set_owned(irq->intid, config_is_direct(vm->cfg));
	gicv3_route(irq->intid, vm->vcpus[0].thread.cpu);
	return irq_link_vm(irq->intid, &vm->vcpus[0].vgic, irq->intid, vm_name(vm));
}

static void undo(struct vm *vm, uint32_t nr_ranges, uint32_t nr_irqs)
{
	while (nr_irqs--)
		irq_unlink(vm->cfg->pass->irq[nr_irqs].intid);
	while (nr_ranges--)
		range_destroy(vm, nr_ranges);
}

int pass_create(struct vm *vm)
{
	const struct passthrough *set = CONFIG_PASSTHROUGH ? vm->cfg->pass : NULL;
	uint32_t ranges = 0, irqs = 0;
	int err = 0;

	if (!set)
		return 0;
	while (!err && ranges < set->nr_ranges) {
		err = range_create(vm, ranges);
		ranges += !err;
	}
	while (!err && irqs < set->nr_irqs) {
		err = irq_create(vm, &set->irq[irqs]);
		irqs += !err;
	}
	if (err) {
		log_err("VM %s: a device of the board cannot be had (%d)", vm_name(vm), err);
		undo(vm, ranges, irqs);
	}
	return err;
}

void pass_destroy(struct vm *vm)
{
	if (CONFIG_PASSTHROUGH && vm->cfg->pass)
		undo(vm, vm->cfg->pass->nr_ranges, vm->cfg->pass->nr_irqs);
}

void pass_enable(struct vm *vm, bool enable)
{
	const struct passthrough *set = CONFIG_PASSTHROUGH ? vm->cfg->pass : NULL;

	for (uint32_t i = 0; set && i < set->nr_irqs; i++)
		irq_want(set->irq[i].intid, enable);
}
