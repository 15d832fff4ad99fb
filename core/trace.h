/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of events per pCPU, always compiled in. Off, an event costs a load and a
 * branch. Each pCPU writes its own ring, without a lock; when it is full the oldest go.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/lib/options.h"

enum trace_kind {
	TRACE_SWITCH,      /* a: id of the thread that ran, b: of the one that runs */
	TRACE_WAKE,        /* a: id of a thread that is ready now, b: its pCPU      */
	TRACE_MOVE,        /* a: id of a thread that leaves, b: for which pCPU      */
	TRACE_EXIT,        /* a: exit class, b: PC                                  */
	TRACE_IRQ,         /* a: INTID                                              */
};

struct trace_record {
	uint64_t tick;
	uint32_t kind, a;
	uint64_t b;
};

extern _Atomic bool trace_on;

/**
 * trace_init() - give a pCPU its ring; while tracing is off
 * @cpu: index
 * @mem: kept; room for @nr records
 * @nr:  a power of two
 */
void trace_init(uint32_t cpu, struct trace_record *mem, uint32_t nr);

/* Starting forgets what there was. pCPUs without a ring are left out. */
void trace_start(void);
void trace_stop(void);

/**
 * trace_read() - the next record of a pCPU, oldest first; while tracing is off
 * @cpu: index
 * @pos: 0 at first, then as left by the last call
 *
 * Return: false when there are no more.
 */
bool trace_read(uint32_t cpu, uint32_t *pos, struct trace_record *out);

void trace_put(enum trace_kind kind, uint32_t a, uint64_t b);

static inline void trace_event(enum trace_kind kind, uint32_t a, uint64_t b)
{
	if (CONFIG_TRACE &&
	    __builtin_expect(atomic_load_explicit(&trace_on, memory_order_relaxed), false))
		trace_put(kind, a, b);
}
