/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and stores that an abort does not describe (ISV = 0), read from the
 * instruction itself. Arm ARM DDI 0487, "Loads and stores" in the encoding index.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* One access of an instruction, as an MMIO device can carry it out. */
struct insn_access {
	uint8_t rt;          /* register loaded or stored; 31: XZR          */
	uint8_t size;        /* bytes: 1, 2, 4, 8                           */
	bool    is_write;
	bool    sign_extend; /* loads: to 64 bits, or to 32 if !wide        */
	bool    wide;        /* the destination is an X register            */
};

struct insn {
	struct insn_access access[2];   /* at ascending addresses               */
	uint8_t nr;                     /* accesses: 1, or 2 for a pair         */
	uint8_t rn;                     /* base; 31: SP                         */
	bool    writeback;
	int32_t offset;                 /* of the first access from the base    */
	int32_t step;                   /* what writeback adds to the base      */
};

/**
 * insn_decode() - understand a load or store of general registers
 * @op:  the instruction word
 * @out: filled in
 *
 * Knows LDR/STR in all widths with immediate offset, pre- and post-index, and
 * LDP/STP/LDPSW of general registers. Everything else (SIMD, exclusive, acquire,
 * atomic, prefetch, unprivileged, register offset) is the caller's to refuse,
 * and so is what the architecture calls unpredictable: writeback into a register
 * that is also transferred, a pair loaded into one register.
 *
 * Return: true if @out describes all that the instruction does.
 */
bool insn_decode(uint32_t op, struct insn *out);
