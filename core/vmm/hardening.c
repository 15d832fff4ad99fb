/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/hardening.h"

#include <string.h>

#include <arch/el1_state.h>
#include <arch/entropy.h>
#include <arch/regs.h>
#include <arch/timer.h>
#include "core/board.h"
#include "core/firmware.h"
#include "core/lib/bits.h"
#include "core/log.h"
#include "core/stack_guard.h"
#include "vm/smccc.h"

static void guard_stacks(void)
{
	uint64_t seed = arch_counter(), word = 0;
	const char *from = "the time alone";

	/* A few bytes of what seeds the guests' random numbers; of the others nobody learns. */
	if (board.rng_seed_len >= sizeof(word)) {
		memcpy(&word, board.rng_seed + board.rng_seed_len - sizeof(word), sizeof(word));
		seed ^= word;
		from = "the board's seed";
	}
	if (arch_entropy(&word)) {
		seed ^= word;
		from = "the CPU";
	}
	stack_guard_init(seed);
	log_info("stack guard by %s", from);
}

static const char *workaround(uint32_t fid)
{
	int32_t there = firmware_workaround(fid);

	return there < 0 ? there == SMCCC_NOT_REQUIRED ? "not needed" : "none" : "there";
}

static void tell_speculation(void)
{
	uint64_t raw[IDREG_NR];

	arch_idregs_read(raw);
	log_info("speculation: CSV2 %u, CSV3 %u, SSBS %u; firmware's workarounds: 1 %s, 2 %s, 3 %s",
		 (unsigned int)bits_get(PFR0_CSV2, raw[IDREG_A64PFR0]),
		 (unsigned int)bits_get(PFR0_CSV3, raw[IDREG_A64PFR0]),
		 (unsigned int)bits_get(PFR1_SSBS, raw[IDREG_A64PFR1]),
		 workaround((uint32_t)SMCCC_WORKAROUND_1), workaround((uint32_t)SMCCC_WORKAROUND_2),
		 workaround((uint32_t)SMCCC_WORKAROUND_3));
}

void hardening_init(void)
{
	guard_stacks();
	tell_speculation();
}
