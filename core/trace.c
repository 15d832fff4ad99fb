/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trace.h"

#include <arch/cpu.h>
#include <arch/timer.h>
#include "core/percpu.h"

_Atomic bool trace_on;

static struct ring {
	struct trace_record *mem;    /* fixed while tracing                          */
	uint32_t nr;
	_Atomic uint32_t next;       /* written by its own pCPU; wraps               */
	bool wrapped;
} rings[MAX_PCPUS];

void trace_init(uint32_t cpu, struct trace_record *mem, uint32_t nr)
{
	rings[cpu].mem = mem;
	rings[cpu].nr = nr;
}

void trace_start(void)
{
	trace_stop();
	for (uint32_t cpu = 0; cpu < MAX_PCPUS; cpu++) {
		rings[cpu].next = 0;
		rings[cpu].wrapped = false;
	}
	atomic_store_explicit(&trace_on, true, memory_order_release);
}

void trace_stop(void)
{
	atomic_store_explicit(&trace_on, false, memory_order_release);
}

/* Interrupts masked between taking a place and filling it, for a handler may trace. */
void trace_put(enum trace_kind kind, uint32_t a, uint64_t b)
{
	uint64_t flags = arch_irq_save();
	struct ring *r = &rings[cpu_self()];
	uint32_t at = atomic_load_explicit(&r->next, memory_order_relaxed);

	if (r->mem) {
		r->mem[at & (r->nr - 1)] = (struct trace_record){ arch_counter(), kind, a, b };
		r->wrapped |= at + 1 >= r->nr;
		atomic_store_explicit(&r->next, at + 1, memory_order_release);
	}
	arch_irq_restore(flags);
}

bool trace_read(uint32_t cpu, uint32_t *pos, struct trace_record *out)
{
	struct ring *r = &rings[cpu];
	uint32_t end = atomic_load_explicit(&r->next, memory_order_acquire);
	uint32_t held = r->wrapped ? r->nr : end;

	if (*pos >= held)
		return false;
	*out = r->mem[(end - held + (*pos)++) & (r->nr - 1)];
	return true;
}
