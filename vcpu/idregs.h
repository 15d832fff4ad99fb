/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identification registers as guests see them: what every pCPU has, cut down to
 * what is virtualized. A field that is not listed in idregs.c reads as absent.
 */
#pragma once

#include <stdint.h>

#include <arch/regs.h>

/**
 * idregs_combine() - cut a set of registers down to what another pCPU has too
 * @common: registers of the pCPUs seen so far, indexed by IDREG()
 * @raw:    those of one more pCPU
 *
 * Field by field the lesser; signed fields and fixed ones as the manual says.
 * Spec: Arm ARM DDI 0487, "Principles of the ID scheme for fields in ID registers".
 */
void idregs_combine(uint64_t *common, const uint64_t *raw);

/**
 * idregs_filter() - what a guest shall see
 * @view:     IDREG_NR registers, filled in; unallocated ones are 0 (RAZ)
 * @common:   what the hardware has
 * @ipa_bits: size of the guest's physical address space; PARange says no more
 *            than that
 */
void idregs_filter(uint64_t *view, const uint64_t *common, uint32_t ipa_bits);
