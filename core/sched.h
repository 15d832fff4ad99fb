/* SPDX-License-Identifier: Apache-2.0 */
/* What boot and interrupt entry need of the scheduler; threads use core/thread.h. */
#pragma once

#include <stdint.h>

#include "core/lib/types.h"

struct thread;

/* What the scheduler needs of higher floors. */
struct sched_ops {
	void (*kick)(uint32_t cpu);          /* make that pCPU take an interrupt */
	int  (*stack_alloc)(uint64_t size, va_t *base);  /* between guard pages  */
	void (*stack_free)(va_t base, uint64_t size);
};

/* Before the first thread is made. */
void sched_init(const struct sched_ops *ops);

/* The calling flow becomes pCPU cpu's idle thread; once per pCPU, at boot. */
void sched_cpu_init(uint32_t cpu, va_t stack_base, uint64_t stack_size);

/* Switch if the current thread was asked to give way. Interrupts masked. */
void sched_point(void);

/* End the current thread. */
void thread_exit(void) __attribute__((noreturn));

/* Ticks for which a pCPU had nothing to do. */
uint64_t sched_idle_ticks(uint32_t cpu);

/* From switch.S, on the new thread's stack. */
void sched_switched(struct thread *prev);
