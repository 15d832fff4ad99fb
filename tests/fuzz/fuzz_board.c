/* SPDX-License-Identifier: Apache-2.0 */
/* Any board's device tree: what is noted of it is within bounds. */
#include "tests/fuzz/fuzz.h"

#include "core/board_fdt.h"
#include "core/fdt_sound.h"

static void check(const struct board *b)
{
	FUZZ_CHECK(b->nr_mem <= BOARD_MAX_RANGES && b->nr_reserved <= BOARD_MAX_RANGES);
	FUZZ_CHECK(b->nr_cpus <= MAX_PCPUS && b->nr_gicr <= 8);
	FUZZ_CHECK(b->rng_seed_len <= sizeof(b->rng_seed));
	FUZZ_CHECK(memchr(b->uart_compatible, 0, sizeof(b->uart_compatible)));
	for (uint32_t i = 0; i < b->nr_mem; i++)
		FUZZ_CHECK(b->mem[i].base.v + b->mem[i].size >= b->mem[i].base.v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *copy = fuzz_copy(data, size);
	struct board b = { .fdt = copy };

	/* As the boot code does before it maps the tree. */
	if (fdt_sound(copy, size) && board_index(&b) == 0) {
		int err = board_read_uart(&b);

		FUZZ_CHECK(err <= 0);
		if (board_init(&b, 0) == 0)
			FUZZ_CHECK(b.nr_cpus > 0 && b.cpus[0].mpidr == 0);
		check(&b);
	}
	free(copy);
	return 0;
}
