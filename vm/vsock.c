/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's virtio-vsock. Corbel answers its calls as it does those by hypercall. */
#include "vm/vsock.h"

#include "core/lib/options.h"
#include "core/log.h"
#include "devices/virtio_vsock.h"
#include "mm/hyp_pool.h"
#include "vm/smccc.h"
#include "vm/virtio.h"
#include "vm/vm.h"

/* Where all VMs meet. */
static struct vsock_hub hub;

void vm_vsock_init(void)
{
	if (CONFIG_VIRTIO)
		vsock_hub_init(&hub, hyp_zalloc, hyp_free);
}

static void call(void *ctx, uint64_t *x)
{
	smccc_vendor_call(ctx, x);
}

static int create(struct vm *vm, const struct config_virtio *c, struct virtio_device *dev,
		  struct virtio_setup *s)
{
	struct virtio_vsock *v = (struct virtio_vsock *)dev;
	bool manages = vm->cfg->manage_list | vm->cfg->manage_control;
	int err;

	v->hub = &hub;
	v->cid = c->vsock.cid;
	v->vm = vm->slot;
	v->peers = c->vsock.peers;
	v->call = manages ? call : NULL;
	v->call_ctx = vm;
	s->model = &virtio_vsock_model;
	s->nr_queues = VSOCK_QUEUES;
	s->features = VIRTIO_VSOCK_F_STREAM;
	err = virtio_vsock_attach(v);
	if (err)
		log_err("VM %s: another VM has CID %u", vm_name(vm), (unsigned int)c->vsock.cid);
	return err;
}

static void destroy(struct vm *vm, struct virtio_device *dev)
{
	(void)vm;
	virtio_vsock_detach((struct virtio_vsock *)dev);
}

const struct vm_virtio_kind vm_virtio_vsock = {
	sizeof(struct virtio_vsock), create, destroy, NULL,
};
