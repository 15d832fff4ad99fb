/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers of the CPU: fields as the manual prints them. No assembly
 * here, so this builds on the host. Arm ARM DDI 0487, by register name.
 */
#pragma once

#include "core/lib/bits.h"

/* MPIDR_EL1, Multiprocessor Affinity Register. */
#define MPIDR_AFF3      BITS(39, 32)
#define MPIDR_AFF2      BITS(23, 16)
#define MPIDR_AFF1      BITS(15, 8)
#define MPIDR_AFF0      BITS(7, 0)
#define MPIDR_AFF       (MPIDR_AFF3 | MPIDR_AFF2 | MPIDR_AFF1 | MPIDR_AFF0)
