/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket lock. Taken with interrupts masked (the _irqsave forms do it), so an
 * interrupt handler never spins on its own pCPU. Ranks: docs/locking.md; a lock
 * may be taken only while none of equal or higher rank is held.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include <arch/cpu.h>

/* Not inlined: copies are many, and the linker keeps one of those that are equal. */
#define SPIN_FN static __attribute__((noinline, unused))

struct spinlock {
	_Atomic uint16_t next;
	_Atomic uint16_t owner;
};

#define SPINLOCK_INIT { 0, 0 }

/* For the few places where a call counts. */
static inline __attribute__((always_inline)) void spin_lock_inline(struct spinlock *l)
{
	uint16_t me = atomic_fetch_add_explicit(&l->next, 1, memory_order_relaxed);

	while (atomic_load_explicit(&l->owner, memory_order_acquire) != me)
		arch_cpu_relax();
}

SPIN_FN void spin_lock(struct spinlock *l)
{
	spin_lock_inline(l);
}

static inline __attribute__((always_inline)) void spin_unlock_inline(struct spinlock *l)
{
	uint16_t me = atomic_load_explicit(&l->owner, memory_order_relaxed);

	atomic_store_explicit(&l->owner, (uint16_t)(me + 1), memory_order_release);
}

static inline void spin_unlock(struct spinlock *l)
{
	spin_unlock_inline(l);
}

SPIN_FN uint64_t spin_lock_irqsave(struct spinlock *l)
{
	uint64_t flags = arch_irq_save();

	spin_lock(l);
	return flags;
}

SPIN_FN void spin_unlock_irqrestore(struct spinlock *l, uint64_t flags)
{
	spin_unlock(l);
	arch_irq_restore(flags);
}
