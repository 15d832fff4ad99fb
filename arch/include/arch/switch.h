/* SPDX-License-Identifier: Apache-2.0 */
/* Switching EL2 threads and entering guests. */
#pragma once

#include <stdint.h>

struct thread;
struct arch_gpregs;

/* Saves what a call preserves on prev's stack, goes on next's; returns prev. */
struct thread *arch_switch(struct thread *prev, struct thread *next);

/**
 * arch_switch_frame() - lay out a new thread's stack
 * @top:   where it starts, 16-byte aligned
 * @entry: called with interrupts enabled
 * @arg:   handed to entry
 *
 * Return: what thread.sp must hold for the first switch to it.
 */
uint64_t arch_switch_frame(uint64_t top, void (*entry)(void *arg), void *arg);

/* Go to the guest. Interrupts masked; regs at the top of this thread's stack. */
void arch_guest_enter(struct arch_gpregs *regs) __attribute__((noreturn));
