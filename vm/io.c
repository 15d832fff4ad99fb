/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's I/O thread: does the work of its virtio devices, where its vCPUs run and as they
 * do, so at the VM's expense. It is one of those that park: see vm/lifecycle.h.
 */
#include "vm/virtio.h"

#include <stdio.h>

#include "core/lib/options.h"
#include "core/log.h"
#include "vm/vm.h"

/* Device by device, a bounded piece of work each; more is left for the next pass. */
static void pass(struct vm_virtio *v)
{
	uint32_t work = atomic_exchange(&v->worker.work, 0);

	for (; work; work &= work - 1) {
		uint32_t i = (uint32_t)__builtin_ctz(work);

		if (v->dev[i] && virtio_work(v->dev[i]))
			atomic_fetch_or(&v->worker.work, (uint32_t)BIT(i));
	}
}

void vm_io_main(void *arg)
{
	struct vm *vm = arg;
	struct vm_virtio *v = vm->virtio;

	while (vm_io_orders(vm)) {
		/* Cleared before the work is looked at: see thread_block(). */
		atomic_fetch_and(&v->thread.requests, ~(uint32_t)THREAD_REQ_IRQ);
		if (!atomic_load(&v->worker.work)) {
			thread_block(THREAD_REQ_VCPU | THREAD_REQ_IRQ);
			continue;
		}
		pass(v);
	}
}

static void wake(struct virtio_worker *w)
{
	thread_request(&container_of(w, struct vm_virtio, worker)->thread, THREAD_REQ_IRQ);
}

int vm_io_create(struct vm *vm)
{
	struct thread *t = &vm->virtio->thread;
	struct sched_params p;
	char name[sizeof(t->name)];
	uint64_t cpus = 0;
	uint32_t cpu = vm->host->io_cpu(vm->cfg, &cpus);
	int err;

	vm->virtio->worker.wake = wake;
	snprintf(name, sizeof(name), "%.18s/io", vm_name(vm));
	err = thread_create(t, name, cpu, vm->cfg->priority, vm_io_main, vm);
	if (!err) {
		vm_sched_params(vm->cfg, vm->slot, &p);
		/* Nothing is promised to it: the vCPUs have it all. */
		p.budget = p.period = p.reservation_pct = 0;
		err = thread_set_params(t, &p);
		if (!err && cpus)
			err = thread_set_affinity(t, cpus);
		if (err)
			thread_destroy(t);
	}
	if (err)
		log_err("VM %s: no I/O thread (%d)", vm_name(vm), err);
	/* A vCPU that computes, or polls for what is used, does not keep it waiting. */
	for (uint32_t i = 0; !err && i < vm->nr_vcpus; i++)
		vm->vcpus[i].thread.helper = t;
	return err;
}
