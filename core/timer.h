/* SPDX-License-Identifier: Apache-2.0 */
/* Soft timers of EL2, per pCPU, on the hypervisor physical timer (CNTHP). */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/lib/list.h"

struct timer {
	struct list_node node;      /* under the queue's lock; linked while armed */
	uint64_t deadline;          /* CNTPCT tick                                */
	_Atomic uint32_t cpu;       /* which queue it is in; under its lock       */
	void (*fire)(struct timer *t);
};

/* fire is called on the arming pCPU with interrupts masked, no lock held. */
void timer_setup(struct timer *t, void (*fire)(struct timer *t));

/**
 * timer_start() - arm on the calling pCPU, or move the deadline
 * @t:        a timer that was set up; the caller sees to it that no other start of it
 *            runs meanwhile
 * @deadline: CNTPCT tick; one that has passed fires at once, from the interrupt
 *
 * Where percpu.aloof is set the current thread is given THREAD_REQ_TIMER, so that its guest
 * does not keep the interrupt out.
 */
void timer_start(struct timer *t, uint64_t deadline);

/* Disarm, from any pCPU. May return while fire still runs elsewhere. */
void timer_cancel(struct timer *t);

/* Disarm, and wait for fire where it runs: then the timer may be freed. Holding no
 * lock that fire takes, and not armed by anybody else meanwhile. */
void timer_cancel_wait(struct timer *t);

/* Is any armed on the calling pCPU, the tick apart? Masked. */
bool timer_any_here(void);

/**
 * timer_tick() - set the pCPU's tick, which is the scheduler's: no timer in a list, no lock
 * @at: CNTPCT tick, not 0; in the place of the one that was set before
 *
 * Own pCPU, interrupts masked.
 */
void timer_tick(uint64_t at);

enum timer_event {
	TIMER_NO_TICK,
	TIMER_TICK,        /* the pCPU's has come, and is off                          */
	TIMER_JUMP,        /* the same, early: the counter jumped, and deadlines mean nothing */
};

/*
 * From the interrupt of CNTHP. All timers fire when the counter has jumped: what they are for
 * must be looked at.
 */
enum timer_event timer_interrupt(void);
