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

	for (uint32_t i = 0; work; i++, work >>= 1)
		if ((work & 1) && v->dev[i] && virtio_work(v->dev[i]))
			atomic_fetch_or(&v->worker.work, (uint32_t)BIT(i));
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
		if (atomic_load(&v->worker.work))
			thread_yield();
	}
}

/*
 * A vCPU that kicks where the I/O thread waits for the pCPU lets it go first: the request
 * is done when the vCPU goes on, in the VM's own time.
 */
static void wake(struct virtio_worker *w)
{
	struct vm_virtio *v = container_of(w, struct vm_virtio, worker);
	struct thread *cur = thread_current();

	thread_request(&v->thread, THREAD_REQ_IRQ);
	if (cur->hooks && cur->sched.group == v->vm->slot && cur->cpu == v->thread.cpu)
		atomic_fetch_or(&cur->requests, THREAD_REQ_IO);
}

void vm_io_first(struct vm *vm)
{
	if (CONFIG_VIRTIO && vm->virtio)
		thread_hand_over(&vm->virtio->thread);
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
	return err;
}
