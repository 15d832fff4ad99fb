/* SPDX-License-Identifier: Apache-2.0 */
#include "core/unwind.h"

#include "core/lib/bits.h"

#define LR 30

/* The instructions that matter, X registers and SP as the base. Arm ARM DDI 0487, C4.1. */
#define IS(op, mask, value) (((op) & (mask)) == (value))
#define IS_SUB_SP(op)  IS(op, 0xff8003ff, 0xd10003ff)
#define IS_STP(op)     IS(op, 0xff4003e0, 0xa90003e0)   /* with offset or pre-index    */
#define STP_PRE        BIT(23)
#define IS_STR(op)     IS(op, 0xffc003e0, 0xf90003e0)   /* with unsigned offset        */
#define IS_STR_PRE(op) IS(op, 0xffe00fe0, 0xf8000fe0)
#define IS_SYSTEM(op)  IS(op, 0xff000000, 0xd5000000)   /* MRS, barriers: no branches  */
#define IS_BRANCH(op)  (IS(op, 0x1c000000, 0x14000000) && !IS_SYSTEM(op))

static int32_t field(uint32_t op, unsigned int low, unsigned int width)
{
	return (int32_t)(op << (32 - low - width)) >> (32 - width);
}

static void lower(struct unwind_frame *f, int32_t by)
{
	f->size += by;
	if (f->pc_at != UNWIND_NONE) {
		f->pc_at += by;
		f->lr_at += by;
	}
}

static void store(struct unwind_frame *f, uint32_t rt, int32_t at)
{
	if (rt != LR)
		return;
	if (f->pc_at == UNWIND_NONE)
		f->lr_at = at;
	f->pc_at = at;
}

void unwind_frame(const uint32_t *from, const uint32_t *to, struct unwind_frame *f)
{
	*f = (struct unwind_frame){ 0, UNWIND_NONE, UNWIND_NONE };
	for (; from < to && !IS_BRANCH(*from); from++) {
		uint32_t op = *from, rt = op & 31;
		int32_t at;

		if (IS_SUB_SP(op)) {
			lower(f, (int32_t)(op >> 10 & 0xfff) << (op & BIT(22) ? 12 : 0));
		} else if (IS_STP(op)) {
			at = 8 * field(op, 15, 7);
			if (op & STP_PRE) {
				lower(f, -at);
				at = 0;
			}
			store(f, rt, at);
			store(f, op >> 10 & 31, at + 8);
		} else if (IS_STR(op)) {
			store(f, rt, 8 * (int32_t)(op >> 10 & 0xfff));
		} else if (IS_STR_PRE(op)) {
			lower(f, -field(op, 12, 9));
			store(f, rt, 0);
		}
	}
}
