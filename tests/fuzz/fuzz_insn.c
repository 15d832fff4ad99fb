/* SPDX-License-Identifier: Apache-2.0 */
/* Any instruction words: what is understood is what a device can carry out. */
#include "tests/fuzz/fuzz.h"

#include "vm/insn.h"

static void check(uint32_t op)
{
	struct insn i;

	if (!insn_decode(op, &i))
		return;
	FUZZ_CHECK(i.nr == 1 || i.nr == 2);
	FUZZ_CHECK(i.rn < 32 && i.rn == (op >> 5 & 31));
	FUZZ_CHECK(!(op & 1u << 26));                /* no SIMD register */
	FUZZ_CHECK(i.offset >= -0x8000 && i.offset <= 0x8000);
	FUZZ_CHECK(i.writeback || !i.step);
	for (int n = 0; n < i.nr; n++) {
		const struct insn_access *a = &i.access[n];

		FUZZ_CHECK(a->rt < 32);
		FUZZ_CHECK(a->size == 1 || a->size == 2 || a->size == 4 || a->size == 8);
		FUZZ_CHECK(a->size == i.access[0].size && a->is_write == i.access[0].is_write);
		FUZZ_CHECK(!(a->is_write && a->sign_extend));
		FUZZ_CHECK(!(i.writeback && a->rt == i.rn && i.rn != 31));
	}
	FUZZ_CHECK(i.nr == 1 || i.access[0].is_write || i.access[0].rt != i.access[1].rt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };

	while (fuzz_more(&in)) {
		uint32_t op = (uint32_t)fuzz_num(&in, 4);

		check(op);
		/* Loads and stores are a sixteenth of all words: more of those. */
		check((op & ~0x0a000000u) | 0x08000000u);
	}
	return 0;
}
