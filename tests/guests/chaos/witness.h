/* SPDX-License-Identifier: Apache-2.0 */
/* What the witness does in assembly. */
#pragma once

#include <stdint.h>

/**
 * witness_spin() - keep a pattern in all registers for a while
 * @pattern: general registers and both halves of the SIMD ones are made of it
 * @rounds:  of a loop of two instructions, not 0
 *
 * Return: bits that are not what they were, of all registers together; FPCR and FPSR too.
 */
uint64_t witness_spin(uint64_t pattern, uint64_t rounds);
