/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of virtio devices, one row each. */
#include "vm/virtio.h"

const struct vm_virtio_kind *const vm_virtio_kinds[CONFIG_VIRTIO_KINDS] = {
	[CONFIG_VIRTIO_DISK] = &vm_virtio_disk,
	[CONFIG_VIRTIO_RNG] = &vm_virtio_rng,
	[CONFIG_VIRTIO_BALLOON] = &vm_virtio_balloon,
	[CONFIG_VIRTIO_CONSOLE] = &vm_virtio_console,
	[CONFIG_VIRTIO_VSOCK] = &vm_virtio_vsock,
	[CONFIG_VIRTIO_NET] = &vm_virtio_net,
};
