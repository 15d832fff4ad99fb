/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's virtio-console. What stands behind it, the floor above connects. */
#include "devices/virtio_console.h"

#include "vm/virtio.h"
#include "vm/vm.h"

static int create(struct vm *vm, const struct config_virtio *c, struct virtio_device *dev,
		  struct virtio_setup *s)
{
	(void)vm;
	(void)c;
	virtio_console_init((struct virtio_console *)dev);
	s->model = &virtio_console_model;
	s->nr_queues = VIRTIO_CONSOLE_QUEUES;
	s->features = VIRTIO_CONSOLE_FEATURES;
	return 0;
}

struct chardev *vm_hvc(struct vm *vm)
{
	struct virtio_device *dev = vm_virtio_find(vm, CONFIG_VIRTIO_CONSOLE, NULL);

	return dev ? &((struct virtio_console *)dev)->chardev : NULL;
}

const struct vm_virtio_kind vm_virtio_console = {
	sizeof(struct virtio_console), create, NULL, NULL,
};
