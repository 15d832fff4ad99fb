/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket lock. Taken with interrupts masked (the _irqsave forms do it), so an
 * interrupt handler never spins on its own pCPU. Ranks: docs/locking.md; a lock
 * may be taken only while none of equal or higher rank is held.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <arch/cpu.h>

/* Not inlined: copies are many, and the linker keeps one of those that are equal. */
#define SPIN_FN static __attribute__((noinline, unused))

/* Little-endian: owner is the low half of tickets. A ticket past the last wraps out of it. */
struct spinlock {
	union {
		_Atomic uint32_t tickets;
		uint16_t owner;          /* whose turn it is; written by who has it */
	};
};

#define SPINLOCK_NEXT  0x10000u
#define SPINLOCK_INIT  { { 0 } }

SPIN_FN void spin_wait(struct spinlock *l, uint16_t me)
{
	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != me)
		arch_cpu_relax();
}

/* For the few places where a call counts. Drawing the ticket tells whose turn it is. */
static inline __attribute__((always_inline)) void spin_lock_inline(struct spinlock *l)
{
	uint32_t was = atomic_fetch_add_explicit(&l->tickets, SPINLOCK_NEXT,
						 memory_order_acquire);

	if (__builtin_expect((uint16_t)was != was >> 16, false))
		spin_wait(l, (uint16_t)(was >> 16));
}

/* Of interest to who will not wait for it: a crash report. */
static inline bool spin_is_locked(struct spinlock *l)
{
	uint32_t t = atomic_load_explicit(&l->tickets, memory_order_acquire);

	return (uint16_t)t != t >> 16;
}

SPIN_FN void spin_lock(struct spinlock *l)
{
	spin_lock_inline(l);
}

static inline __attribute__((always_inline)) void spin_unlock_inline(struct spinlock *l)
{
	uint16_t me = __atomic_load_n(&l->owner, __ATOMIC_RELAXED);

	__atomic_store_n(&l->owner, (uint16_t)(me + 1), __ATOMIC_RELEASE);
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
