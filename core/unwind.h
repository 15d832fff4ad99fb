/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way from a function to its caller, for crash reports. No register is spent
 * on frame pointers: the first instructions of a function, up to its first branch,
 * tell how far it lowers SP and where it stores the return address, x30. That all
 * of it stands there is what -fno-shrink-wrap is for; tests/check/unwind.py looks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define UNWIND_NONE (-1)

struct unwind_frame {
	int32_t size;    /* bytes that SP was lowered by                              */
	int32_t pc_at;   /* where the return address is, from SP; UNWIND_NONE: in x30 */
	int32_t lr_at;   /* the same, but where x30 was stored twice: the first place */
};

/**
 * unwind_frame() - what a function did to the stack so far
 * @from:  its first instruction
 * @to:    the one it has come to, not executed yet
 * @frame: filled in
 *
 * el2_irq stores x30 twice: as it was, and as the address it returns to.
 */
void unwind_frame(const uint32_t *from, const uint32_t *to, struct unwind_frame *frame);
