/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lock that its waiters sleep on, for EL2 threads. Who holds it runs as urgently as
 * the most urgent of those that wait for it, through chains of locks too.
 */
#pragma once

#include <stdbool.h>

#include "core/lib/list.h"

struct thread;

/* All zero: free. Under core/mutex.c's lock. */
struct mutex {
	struct thread *owner;
	struct mutex_wait *waiters;          /* in no order; on the waiters' stacks   */
	struct mutex *next_held;             /* of the owner's                        */
};

/**
 * mutex_lock() - take it, sleeping until it is free
 * @m: not held by the caller
 *
 * On a thread, interrupts enabled, no spin lock held. Unlocked by the same thread.
 */
void mutex_lock(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);

/* Does the calling thread hold it? */
bool mutex_is_mine(const struct mutex *m);
