/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/tracing.h"

#include <arch/timer.h>
#include "core/percpu.h"
#include "core/trace.h"
#include "core/vmm/lifecycle.h"
#include "core/vmm/run.h"
#include "mm/hyp_pool.h"
#include "vm/vm.h"

#define RECORDS 1024
#define PAGES   ((RECORDS * sizeof(struct trace_record) + PAGE_SIZE - 1) / PAGE_SIZE)

static void *mem[MAX_PCPUS];
static uint64_t since;

static void trace_vm(struct vm *vm, bool on)
{
	for (uint32_t i = 0; i < vm->nr_vcpus; i++)
		vcpu_fast_paths(&vm->vcpus[i], !on);
}

/* Those that are not there yet look when they start. */
static void trace_exits(bool on)
{
	run_trace(on);
	for (uint32_t i = 0; i < vmm_nr_vms(); i++) {
		struct vm *vm = vmm_vm_get(i);

		if (!vm)
			continue;
		trace_vm(vm, on);
		vmm_vm_put(i);
	}
}

int tracing_start(void)
{
	tracing_stop();
	for (uint32_t cpu = 0; cpu < nr_pcpus; cpu++) {
		int err = mem[cpu] ? 0 : hyp_alloc_pages(PAGES, &mem[cpu]);

		if (err)
			return err;
		trace_init(cpu, mem[cpu], RECORDS);
	}
	since = arch_counter();
	trace_start();
	trace_exits(true);
	return 0;
}

void tracing_stop(void)
{
	trace_exits(false);
	trace_stop();
}

bool tracing_on(void)
{
	return atomic_load_explicit(&trace_on, memory_order_relaxed);
}

uint64_t tracing_since(void)
{
	return since;
}
