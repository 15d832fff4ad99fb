/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2 threads and the scheduler's face. The scheduler knows nothing of VMs: a
 * vCPU is a thread whose owner set hooks.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/lib/list.h"
#include "core/lib/types.h"

struct thread;

/*
 * Called with interrupts masked and the run-queue lock free, on the pCPU that
 * switches. Both may be NULL: a plain EL2 thread.
 */
struct thread_hooks {
	void (*switch_in)(struct thread *t);   /* t is about to run            */
	void (*switch_out)(struct thread *t);  /* t has stopped running         */
};

enum thread_state { THREAD_NEW, THREAD_READY, THREAD_RUNNING, THREAD_BLOCKED, THREAD_DEAD };

/* Bits of thread.requests: what to look at before going back to the guest. */
#define THREAD_REQ_RESCHED BIT(0)  /* somebody else should run                */
#define THREAD_REQ_IRQ     BIT(1)  /* vGIC: state changed, flush               */
#define THREAD_REQ_VCPU    BIT(2)  /* vm/vmm floors: look at the vCPU's orders */
#define THREAD_REQ_TIMER   BIT(3)  /* an emulated timer's level must be looked at */

struct thread {
	uint64_t sp;                   /* saved EL2 stack pointer; known to switch.S */
	_Atomic uint32_t requests;     /* any pCPU sets, the thread clears           */
	/* under the run-queue lock of cpu */
	struct list_node rq_node;
	enum thread_state state;
	uint64_t slice_end;            /* counter tick at which an equal may take over */
	/* fixed once started */
	uint32_t cpu;                  /* pCPU index it runs on                       */
	uint32_t prio;                 /* 0 idle .. 31 highest                        */
	uint64_t slice;                /* ticks; 0: never pre-empted by an equal      */
	const struct thread_hooks *hooks;
	va_t stack_base;
	uint64_t stack_size;
	void (*entry)(void *arg);
	void *arg;
	char name[24];
	_Atomic bool off_cpu;          /* dead, and its stack is in use no more       */
	/* statistics, written by the thread's pCPU */
	uint64_t ran;                  /* ticks on a pCPU                             */
	uint64_t since;                /* counter when it was switched in             */
};

/**
 * thread_create() - make a thread, not yet running
 * @t:     caller's storage, zeroed
 * @name:  copied, cut to fit
 * @cpu:   pCPU index
 * @prio:  1..31
 * @entry: body, entered with interrupts enabled; returning ends the thread
 * @arg:   handed to entry
 *
 * Return: 0; -ENOMEM no stack.
 */
int thread_create(struct thread *t, const char *name, uint32_t cpu, uint32_t prio,
		  void (*entry)(void *arg), void *arg);

/* Make a new thread ready to run on its pCPU; kicks that pCPU. */
void thread_start(struct thread *t);

/* Free the stack of a thread that was never started or has ended; else -1. */
int thread_destroy(struct thread *t);

/* The highest address of the stack, 16-byte aligned. */
va_t thread_stack_top(const struct thread *t);

struct thread *thread_current(void);

/**
 * thread_request() - give a thread something to look at
 * @t:    any thread, may be the current one
 * @bits: THREAD_REQ_*
 *
 * Sets the bits (release), wakes t if it blocks, and makes its pCPU leave the
 * guest if it runs elsewhere. Safe with interrupts masked or not, from
 * interrupt handlers, and while holding locks of rank below the run queue's.
 */
void thread_request(struct thread *t, uint32_t bits);

/**
 * thread_block() - stop the current thread until a request comes
 * @mask: returns at once when requests & mask is non-zero
 *
 * No wake-up is lost between the caller's own check and the sleep, provided the
 * waker calls thread_request() with a bit of mask after making its change, and
 * the caller cleared that bit before its check.
 */
void thread_block(uint32_t mask);

/* Let threads of at least equal priority run, if there are any. */
void thread_yield(void);

/* Is anybody but t ready on its pCPU? A hint, read without the lock. */
bool thread_has_rivals(const struct thread *t);

/* Idle loop and per-pCPU run queue of the calling pCPU. Never returns. */
void sched_run(void) __attribute__((noreturn));
