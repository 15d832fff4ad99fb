/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtio devices of a VM: made from its configuration, each kind by a row of a table;
 * and the thread that does their work. docs/virtio.md
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/thread.h"
#include "devices/chardev.h"
#include "devices/virtio.h"
#include "devices/virtio_mmio.h"
#include "vm/config.h"

struct vm;

/*
 * How one kind of device comes to a VM. size: of the state, which begins with its
 * struct virtio_device; zeroed.
 * create:  set s->model, nr_queues and features by the configuration, and whatever else the
 *          state has, but not the struct virtio_device, which is made after it. Must log why
 *          it fails, but for -ENOMEM, which the caller says: nothing is left then.
 * destroy: what create() has taken. Queues are down. May be NULL.
 * restart: the VM is reset, its threads do not run, queues are down. May be NULL.
 */
struct vm_virtio_kind {
	size_t size;
	int  (*create)(struct vm *vm, const struct config_virtio *c, struct virtio_device *dev,
		       struct virtio_setup *s);
	void (*destroy)(struct vm *vm, struct virtio_device *dev);
	void (*restart)(struct vm *vm, struct virtio_device *dev);
};

/* One for each kind, in a file of its own. */
extern const struct vm_virtio_kind vm_virtio_disk, vm_virtio_rng, vm_virtio_balloon,
	vm_virtio_console, vm_virtio_vsock, vm_virtio_net;

/* By enum config_virtio_kind; vm/virtio_kinds.c. */
extern const struct vm_virtio_kind *const vm_virtio_kinds[CONFIG_VIRTIO_KINDS];

/* Of a VM that has such devices. */
struct vm_virtio {
	struct vm *vm;
	struct virtio_mmio mmio;
	struct virtio_worker worker;
	struct thread thread;
	/* fixed once the VM runs */
	struct virtio_device *dev[VIRTIO_MAX_DEVICES];   /* by slot; NULL: none        */
	const struct config_virtio *config[VIRTIO_MAX_DEVICES];
};

/**
 * vm_virtio_create() - make all virtio devices of a VM and its I/O thread, not started
 * @vm: has memory, interrupt controller and bus; its vCPUs have their places
 *
 * Return: 0, also if there are none: vm->virtio stays NULL; negative errno with a line of log.
 */
int vm_virtio_create(struct vm *vm);

/* All its threads have ended or never began. Before the VM's memory goes. */
void vm_virtio_destroy(struct vm *vm);

/* The VM is reset, nothing of it runs. After bus_reset(), before its memory goes. */
void vm_virtio_reset(struct vm *vm);

/* The first device of a kind, or the one with this name if @name is not NULL; or NULL. */
struct virtio_device *vm_virtio_find(struct vm *vm, enum config_virtio_kind kind,
				     const char *name);

/* Its virtio-console, or NULL. Until the VM is destroyed. */
struct chardev *vm_hvc(struct vm *vm);

/* ---- the I/O thread: vm/io.c ---- */

/* Its body; arg: the VM. Parks with the vCPUs, ends with them. */
void vm_io_main(void *vm);

/* 0; -errno with a line of log. */
int vm_io_create(struct vm *vm);
