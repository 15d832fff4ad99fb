/* SPDX-License-Identifier: Apache-2.0 */
/* Words as an assembler makes them; expectations by the manual's pseudocode. */
#include "vm/insn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/lib/bits.h"

#define R false     /* load  */
#define W true      /* store */

struct want {
	uint32_t op;
	const char *text;
	uint8_t nr, rn, rt, rt2, size;
	bool is_write, sign, wide, writeback;
	int32_t offset, step;
};

static const struct want known[] = {
	{ 0x38401441, "ldrb w1, [x2], #1",      1, 2, 1, 0, 1, R, 0, 0, 1, 0, 1 },
	{ 0x385ffc41, "ldrb w1, [x2, #-1]!",    1, 2, 1, 0, 1, R, 0, 0, 1, -1, -1 },
	{ 0x38801441, "ldrsb x1, [x2], #1",     1, 2, 1, 0, 1, R, 1, 1, 1, 0, 1 },
	{ 0x38c01441, "ldrsb w1, [x2], #1",     1, 2, 1, 0, 1, R, 1, 0, 1, 0, 1 },
	{ 0x78402c83, "ldrh w3, [x4, #2]!",     1, 4, 3, 0, 2, R, 0, 0, 1, 2, 2 },
	{ 0x78900483, "ldrsh x3, [x4], #-256",  1, 4, 3, 0, 2, R, 1, 1, 1, 0, -256 },
	{ 0x78cff483, "ldrsh w3, [x4], #255",   1, 4, 3, 0, 2, R, 1, 0, 1, 0, 255 },
	{ 0xb84044c5, "ldr w5, [x6], #4",       1, 6, 5, 0, 4, R, 0, 0, 1, 0, 4 },
	{ 0xf8408cc5, "ldr x5, [x6, #8]!",      1, 6, 5, 0, 8, R, 0, 1, 1, 8, 8 },
	{ 0xb88044c5, "ldrsw x5, [x6], #4",     1, 6, 5, 0, 4, R, 1, 1, 1, 0, 4 },
	{ 0x380014ff, "strb wzr, [x7], #1",     1, 7, 31, 0, 1, W, 0, 0, 1, 0, 1 },
	{ 0x780024e8, "strh w8, [x7], #2",      1, 7, 8, 0, 2, W, 0, 0, 1, 0, 2 },
	{ 0xb81fcce8, "str w8, [x7, #-4]!",     1, 7, 8, 0, 4, W, 0, 0, 1, -4, -4 },
	{ 0xf80084e8, "str x8, [x7], #8",       1, 7, 8, 0, 8, W, 0, 1, 1, 0, 8 },
	{ 0xf80084ff, "str xzr, [x7], #8",      1, 7, 31, 0, 8, W, 0, 1, 1, 0, 8 },
	{ 0xb97ffd49, "ldr w9, [x10, #16380]",  1, 10, 9, 0, 4, R, 0, 0, 0, 16380, 0 },
	{ 0xf97ffd49, "ldr x9, [x10, #32760]",  1, 10, 9, 0, 8, R, 0, 1, 0, 32760, 0 },
	{ 0x393ffd49, "strb w9, [x10, #4095]",  1, 10, 9, 0, 1, W, 0, 0, 0, 4095, 0 },
	{ 0xb8500149, "ldur w9, [x10, #-256]",  1, 10, 9, 0, 4, R, 0, 0, 0, -256, 0 },
	{ 0xf80ff149, "stur x9, [x10, #255]",   1, 10, 9, 0, 8, W, 0, 1, 0, 255, 0 },
	{ 0x29400861, "ldp w1, w2, [x3]",       2, 3, 1, 2, 4, R, 0, 0, 0, 0, 0 },
	{ 0xa9600861, "ldp x1, x2, [x3, #-512]", 2, 3, 1, 2, 8, R, 0, 1, 0, -512, 0 },
	{ 0xa8df8861, "ldp x1, x2, [x3], #504", 2, 3, 1, 2, 8, R, 0, 1, 1, 0, 504 },
	{ 0x29a07c61, "stp w1, wzr, [x3, #-256]!", 2, 3, 1, 31, 4, W, 0, 0, 1, -256, -256 },
	{ 0xa8817c7f, "stp xzr, xzr, [x3], #16", 2, 3, 31, 31, 8, W, 0, 1, 1, 0, 16 },
	{ 0x68c10861, "ldpsw x1, x2, [x3], #8", 2, 3, 1, 2, 4, R, 1, 1, 1, 0, 8 },
	{ 0xa8410861, "ldnp x1, x2, [x3, #16]", 2, 3, 1, 2, 8, R, 0, 1, 0, 16, 0 },
	{ 0x28000861, "stnp w1, w2, [x3]",      2, 3, 1, 2, 4, W, 0, 0, 0, 0, 0 },
	{ 0xb84107e1, "ldr w1, [sp], #16",      1, 31, 1, 0, 4, R, 0, 0, 1, 0, 16 },
};

static const struct { uint32_t op; const char *text; } refused[] = {
	{ 0x3cc10420, "ldr q0, [x1], #16" },   { 0xfd400020, "ldr d0, [x1]" },
	{ 0xad400440, "ldp q0, q1, [x2]" },    { 0x2d000440, "stp s0, s1, [x2]" },
	{ 0x885f7c41, "ldxr w1, [x2]" },       { 0x88037c41, "stxr w3, w1, [x2]" },
	{ 0x88dffc41, "ldar w1, [x2]" },       { 0x889ffc41, "stlr w1, [x2]" },
	{ 0xb8210062, "ldadd w1, w2, [x3]" },  { 0x88a17c62, "cas w1, w2, [x3]" },
	{ 0xf9800020, "prfm pldl1keep, [x1]" }, { 0xb8400841, "ldtr w1, [x2]" },
	{ 0x38000841, "sttrb w1, [x2]" },      { 0xb8636841, "ldr w1, [x2, x3]" },
	{ 0x18000041, "ldr w1, literal" },     { 0xd50b7421, "dc zva, x1" },
	{ 0xd50b7521, "ic ivau, x1" },         { 0xd503201f, "nop" },
	{ 0x887f0861, "ldxp w1, w2, [x3]" },   { 0xb8404421, "ldr w1, [x1], #4" },
	{ 0xf81f8c21, "str x1, [x1, #-8]!" },  { 0x28c10420, "ldp w0, w1, [x1], #8" },
	{ 0x29400c63, "ldp w3, w3, [x3]" },    { 0x69000861, "stgp" },
	{ 0xe9400861, "ldp, opc 3" },          { 0, "udf" }, { 0xffffffff, "unallocated" },
};

static void loads_and_stores_are_read_as_the_manual_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const struct want *w = &known[i];
		struct insn in;

		if (!insn_decode(w->op, &in))
			fail_msg("%s is not known", w->text);
		if (in.nr != w->nr || in.rn != w->rn || in.writeback != w->writeback ||
		    in.offset != w->offset || in.step != w->step)
			fail_msg("%s: nr %u rn %u writeback %d offset %d step %d", w->text, in.nr,
				 in.rn, in.writeback, in.offset, in.step);
		for (int n = 0; n < in.nr; n++) {
			const struct insn_access *a = &in.access[n];

			if (a->rt != (n ? w->rt2 : w->rt) || a->size != w->size ||
			    a->is_write != w->is_write || a->sign_extend != w->sign ||
			    a->wide != w->wide)
				fail_msg("%s: access %d: rt %u size %u write %d sign %d wide %d",
					 w->text,
					 n, a->rt, a->size, a->is_write, a->sign_extend, a->wide);
		}
	}
}

static void what_no_device_can_carry_out_is_refused(void **state)
{
	struct insn in;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (insn_decode(refused[i].op, &in))
			fail_msg("%s is taken for something else", refused[i].text);
}

/* All words of the classes, coarsely: whatever is decoded must make sense. */
static void any_word_gives_sane_accesses(void **state)
{
	(void)state;
	for (uint64_t op = 0; op < UINT32_MAX; op += 0x1357) {
		struct insn in;

		if (!insn_decode((uint32_t)op, &in))
			continue;
		assert_in_range(in.nr, 1, 2);
		for (int n = 0; n < in.nr; n++) {
			const struct insn_access *a = &in.access[n];

			assert_true(a->size == 1 || a->size == 2 || a->size == 4 || a->size == 8);
			assert_false(a->sign_extend && (a->is_write || a->size == 8));
			assert_false(in.writeback && a->rt == in.rn);
		}
		if (!in.writeback)
			assert_int_equal(in.step, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_and_stores_are_read_as_the_manual_says),
		cmocka_unit_test(what_no_device_can_carry_out_is_refused),
		cmocka_unit_test(any_word_gives_sane_accesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
