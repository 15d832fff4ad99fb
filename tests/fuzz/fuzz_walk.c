/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's own tables, walked by EL2: at most three descriptors are read. */
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include "vcpu/walk.h"

static struct fuzz_in in;
static unsigned int reads;

static int read_desc(void *ctx, ipa_t ipa, uint64_t *desc)
{
	(void)ctx;
	reads++;
	(void)ipa;
	*desc = fuzz_num(&in, 8);
	if (fuzz_num(&in, 1) & 3)
		*desc |= 3;
	return fuzz_num(&in, 1) == 0xff ? -EFAULT : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct walk_memory mem = { read_desc, NULL };
	struct el1_walk w;
	uint64_t va;

	in = (struct fuzz_in){ data, size };
	w.sctlr = fuzz_num(&in, 4);
	w.tcr = fuzz_num(&in, 8);
	w.ttbr0 = fuzz_num(&in, 8);
	w.ttbr1 = fuzz_num(&in, 8);
	va = fuzz_num(&in, 8);
	reads = 0;
	FUZZ_CHECK(walk_level(&w, va, IPA(fuzz_num(&in, 6) & ~UINT64_C(0xfff)), &mem) <= 3);
	FUZZ_CHECK(reads <= 3);
	return 0;
}
