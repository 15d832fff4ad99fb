/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's virtio-rng: bytes of the VM's own generator. */
#include "devices/virtio_rng.h"

#include "vm/virtio.h"
#include "vm/vm.h"

static void fill(void *ctx, void *out, size_t len)
{
	struct vm *vm = ctx;
	uint64_t fresh;

	if (vm->host->entropy && vm->host->entropy(&fresh))
		drbg_seed(&vm->rng, &fresh, sizeof(fresh), true);
	/* Never seeded: as unpredictable as this board can make it. It was said at boot. */
	if (drbg_fill(&vm->rng, out, len))
		return;
}

static int create(struct vm *vm, const struct config_virtio *c, struct virtio_device *dev,
		  struct virtio_setup *s)
{
	(void)c;
	virtio_rng_init((struct virtio_rng *)dev, fill, vm);
	s->model = &virtio_rng_model;
	s->nr_queues = VIRTIO_RNG_QUEUES;
	return 0;
}

static void destroy(struct vm *vm, struct virtio_device *dev)
{
	(void)vm;
	virtio_rng_fini((struct virtio_rng *)dev);
}

const struct vm_virtio_kind vm_virtio_rng = { sizeof(struct virtio_rng), create, destroy, NULL };
