/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/virtio.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/lib/options.h"
#include "core/log.h"
#include "mm/hyp_pool.h"
#include "vm/config_virtio.h"
#include "vm/vm.h"

#define SPI_FIRST 32

_Static_assert(CONFIG_SPARE_FEATURES == (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX |
					 VIRTIO_F_RING_PACKED | VIRTIO_F_RING_RESET), "features");

/* What one device has of the heap, beside what its kind takes; the state comes first. */
struct parts {
	struct virtio_device *dev;
	struct virtq *queues;
	struct virtq_seg *segs;
	char *name;
};

static void parts_free(const struct parts *p)
{
	hyp_free(p->name);
	hyp_free(p->segs);
	hyp_free(p->queues);
	hyp_free(p->dev);
}

static int parts_alloc(struct parts *p, const struct virtio_setup *s)
{
	p->queues = hyp_zalloc(s->nr_queues * sizeof(*p->queues));
	p->segs = hyp_zalloc(virtio_nr_segs(s->model, s->nr_queues) * sizeof(*p->segs));
	p->name = hyp_zalloc(CONFIG_NAME_LEN);
	return p->queues && p->segs && p->name ? 0 : -ENOMEM;
}

static int make(struct vm *vm, const struct config_virtio *c)
{
	const struct vm_virtio_kind *kind = vm_virtio_kinds[c->kind];
	struct vm_virtio *v = vm->virtio;
	struct virtio_setup s = {
		.vm = vm_name(vm), .ram = &vm->ram, .worker = &v->worker,
		.slot = (uint16_t)c->slot,
	};
	struct parts p = { .dev = hyp_zalloc(kind->size) };
	int err = p.dev ? kind->create(vm, c, p.dev, &s) : -ENOMEM;

	if (err) {
		hyp_free(p.dev);
		return err;
	}
	err = parts_alloc(&p, &s);
	if (err) {
		if (kind->destroy)
			kind->destroy(vm, p.dev);
		parts_free(&p);
		return err;
	}
	snprintf(p.name, CONFIG_NAME_LEN, "%s in slot %u", config_virtio_name(c->kind),
		 (unsigned int)c->slot);
	s.queues = p.queues;
	s.segs = p.segs;
	s.name = p.name;
	s.without = c->without;
	virtio_init(p.dev, &s);
	virtio_mmio_attach(&v->mmio, p.dev,
			   vgic_line(&vm->vgic, SPI_FIRST + CONFIG_VIRTIO_SPI + c->slot));
	v->config[c->slot] = c;
	v->dev[c->slot] = p.dev;
	return 0;
}

static void unmake(struct vm *vm, uint32_t slot)
{
	struct vm_virtio *v = vm->virtio;
	struct virtio_device *dev = v->dev[slot];
	const struct vm_virtio_kind *kind;
	struct parts p;

	if (!dev)
		return;
	kind = vm_virtio_kinds[v->config[slot]->kind];
	/* Its names are the VM's and ours; both are there for a while yet. */
	p = (struct parts){ dev, dev->queues, dev->queues[0].chain.seg, (char *)dev->name };
	virtio_reset(dev);
	if (kind->destroy)
		kind->destroy(vm, dev);
	v->dev[slot] = NULL;
	parts_free(&p);
}

static void devices_destroy(struct vm *vm)
{
	for (uint32_t i = VIRTIO_MAX_DEVICES; i-- > 0;)
		unmake(vm, i);
}

static int devices_create(struct vm *vm)
{
	int err = 0;

	for (uint32_t i = 0; i < vm->cfg->nr_virtio && !err; i++) {
		err = make(vm, &vm->cfg->virtio[i]);
		if (err)
			log_err("VM %s: no %s in slot %u (%d)", vm_name(vm),
				config_virtio_name(vm->cfg->virtio[i].kind),
				(unsigned int)vm->cfg->virtio[i].slot, err);
	}
	if (err)
		devices_destroy(vm);
	return err;
}

int vm_virtio_create(struct vm *vm)
{
	int err;

	if (!config_nr_virtio(vm->cfg))
		return 0;
	vm->virtio = hyp_zalloc(sizeof(*vm->virtio));
	if (!vm->virtio) {
		log_err("VM %s: no memory for its devices", vm_name(vm));
		return -ENOMEM;
	}
	vm->virtio->vm = vm;
	virtio_mmio_init(&vm->virtio->mmio, CONFIG_VIRTIO_BASE);
	err = devices_create(vm);
	if (!err)
		err = bus_add(&vm->bus, &vm->virtio->mmio.dev);
	if (!err)
		err = vm_io_create(vm);
	if (err) {
		devices_destroy(vm);
		hyp_free(vm->virtio);
		vm->virtio = NULL;
	}
	return err;
}

void vm_virtio_destroy(struct vm *vm)
{
	if (!CONFIG_VIRTIO || !vm->virtio)
		return;
	devices_destroy(vm);
	thread_destroy(&vm->virtio->thread);
	hyp_free(vm->virtio);
	vm->virtio = NULL;
}

void vm_virtio_reset(struct vm *vm)
{
	struct vm_virtio *v = vm->virtio;

	if (!CONFIG_VIRTIO || !v)
		return;
	for (uint32_t i = 0; i < VIRTIO_MAX_DEVICES; i++)
		if (v->dev[i] && vm_virtio_kinds[v->config[i]->kind]->restart)
			vm_virtio_kinds[v->config[i]->kind]->restart(vm, v->dev[i]);
}

struct virtio_device *vm_virtio_find(struct vm *vm, enum config_virtio_kind kind,
				     const char *name)
{
	if (!CONFIG_VIRTIO || !vm->virtio)
		return NULL;
	for (uint32_t i = 0; i < VIRTIO_MAX_DEVICES; i++) {
		const struct config_virtio *c = vm->virtio->config[i];

		if (vm->virtio->dev[i] && c->kind == kind &&
		    (!name || (c->name && strcmp(c->name, name) == 0)))
			return vm->virtio->dev[i];
	}
	return NULL;
}
