/* SPDX-License-Identifier: Apache-2.0 */
/* First instructions of functions, in words as an assembler makes them. */
#include "core/unwind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/lib/bits.h"

#define STP_FP_LR_PRE48 0xa9bd7bfd   /* stp x29, x30, [sp, #-48]! */
#define STP_LR_X19_PRE  0xa9bf4ffe   /* stp x30, x19, [sp, #-16]! */
#define STP_X19_LR_16   0xa9017bf3   /* stp x19, x30, [sp, #16]   */
#define STP_X19_X20_16  0xa90153f3   /* stp x19, x20, [sp, #16]   */
#define STP_LR_X0_160   0xa90a03fe   /* stp x30, x0, [sp, #160]   */
#define STR_LR_144      0xf9004bfe   /* str x30, [sp, #144]       */
#define STP_LR_X19_X0   0xa9004c1e   /* stp x30, x19, [x0]        */
#define LDP_LR_X19      0xa9404ffe   /* ldp x30, x19, [sp]        */
#define STR_LR_PRE      0xf81f0ffe   /* str x30, [sp, #-16]!      */
#define STR_LR_512      0xf90103fe   /* str x30, [sp, #512]       */
#define STR_W30_8       0xb9000bfe   /* str w30, [sp, #8]         */
#define SUB_SP_528      0xd10843ff   /* sub sp, sp, #528          */
#define SUB_SP_4096     0xd14007ff   /* sub sp, sp, #1, lsl #12   */
#define SUB_SP_176      0xd102c3ff   /* sub sp, sp, #176          */
#define SUB_X0_SP       0xd10043e0   /* sub x0, sp, #16           */
#define MRS_LR_ELR      0xd53c403e   /* mrs x30, elr_el2          */
#define NOP             0xd503201f
#define MOV_X0_X1       0xaa0103e0
#define CBZ_X0          0xb4000040
#define BL              0x94000001
#define RET             0xd65f03c0
#define TBNZ_X0         0x37000040
#define B_NE            0x54000041

static const struct {
	uint32_t code[8];
	unsigned int nr;
	struct unwind_frame want;
} known[] = {
	{ { MOV_X0_X1 }, 1, { 0, UNWIND_NONE, UNWIND_NONE } },
	{ { STP_FP_LR_PRE48, STP_X19_X20_16 }, 2, { 48, 8, 8 } },
	{ { STP_FP_LR_PRE48 }, 0, { 0, UNWIND_NONE, UNWIND_NONE } },
	{ { STP_LR_X19_PRE, MOV_X0_X1 }, 2, { 16, 0, 0 } },
	{ { STR_LR_PRE }, 1, { 16, 0, 0 } },
	{ { SUB_SP_528, STR_LR_512 }, 2, { 528, 512, 512 } },
	{ { SUB_SP_528 }, 1, { 528, UNWIND_NONE, UNWIND_NONE } },
	{ { STR_LR_PRE, SUB_SP_4096, SUB_SP_528 }, 3, { 4640, 4624, 4624 } },
	{ { SUB_SP_528, MOV_X0_X1, STP_X19_LR_16 }, 3, { 528, 24, 24 } },
	/* not the stack, not a store, not x30 */
	{ { SUB_X0_SP, STP_LR_X19_X0, LDP_LR_X19, STR_W30_8, STP_X19_X20_16 }, 5,
	  { 0, UNWIND_NONE, UNWIND_NONE } },
	/* el2_irq: the interrupted function's x30, then its PC */
	{ { SUB_SP_176, STR_LR_144, MRS_LR_ELR, STP_LR_X0_160 }, 4, { 176, 160, 144 } },
	{ { SUB_SP_176, STR_LR_144, MRS_LR_ELR, STP_LR_X0_160 }, 2, { 176, 144, 144 } },
	/* what follows a branch is no prologue; hints and barriers are no branches */
	{ { CBZ_X0, STR_LR_PRE }, 2, { 0, UNWIND_NONE, UNWIND_NONE } },
	{ { TBNZ_X0, STR_LR_PRE }, 2, { 0, UNWIND_NONE, UNWIND_NONE } },
	{ { B_NE, STR_LR_PRE }, 2, { 0, UNWIND_NONE, UNWIND_NONE } },
	{ { RET, STR_LR_PRE }, 2, { 0, UNWIND_NONE, UNWIND_NONE } },
	{ { STR_LR_PRE, BL, SUB_SP_528 }, 3, { 16, 0, 0 } },
	{ { NOP, STR_LR_PRE }, 2, { 16, 0, 0 } },
};

static void prologues_tell_where_the_return_address_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		struct unwind_frame got = { 1, 1, 1 };

		unwind_frame(known[i].code, known[i].code + known[i].nr, &got);
		if (got.size != known[i].want.size || got.pc_at != known[i].want.pc_at ||
		    got.lr_at != known[i].want.lr_at)
			fail_msg("%zu: %d, %d, %d", i, got.size, got.pc_at, got.lr_at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prologues_tell_where_the_return_address_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
