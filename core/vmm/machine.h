/* SPDX-License-Identifier: Apache-2.0 */
/* The whole machine: off, reset, giving up, what a crash does to it. */
#pragma once

#include <stddef.h>

/* Where crash reports go, and how they end. After the first log sink is set. */
void machine_init_crash(void);

/* Hand the scheduler what it needs of higher floors. After mm_late_init(). */
void machine_init_sched(void);

/* Remember the bytes of the bundle; size is 0 if this is never called. */
void machine_bundle(const void *base, size_t size);
const void *machine_bundle_get(size_t *size);

/* Say why, in one sentence, drain the console and power off. */
void machine_give_up(const char *why) __attribute__((noreturn));

/* All VMs are off, or the user wants it. Thread context. */
void machine_poweroff(void) __attribute__((noreturn));
void machine_reboot(void) __attribute__((noreturn));
