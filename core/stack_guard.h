/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value that functions with buffers keep between these and their return address, and look
 * at before they return. One for all pCPUs, new at each boot. docs/decisions/008-hardening.md
 */
#pragma once

#include <stdint.h>

/**
 * stack_guard_init() - choose it
 * @seed: as random as the board has it; mixed, and its low byte made 0, which ends strings
 *
 * Once, on the boot pCPU, from a function that does not return.
 */
void stack_guard_init(uint64_t seed);

/* What the compiler refers to. */
extern uintptr_t __stack_chk_guard;
void __stack_chk_fail(void) __attribute__((noreturn));
