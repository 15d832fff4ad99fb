/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An exit looked at in the CPU's own registers, for what is answered before the general
 * path has saved them (core/vmm/light.c).
 */
#pragma once

#include <stdbool.h>

#include "core/lib/types.h"

/*
 * bool arch_exit_is_plain(void)    going on behind the instruction changes the PC only:
 *	AArch64, no single step, no branch type to clear
 * void arch_exit_advance(void)     do so
 * bool arch_data_is_little(void)   SCTLR_EL1.EE and E0E are 0
 */
#include <arch_impl/light.h>
