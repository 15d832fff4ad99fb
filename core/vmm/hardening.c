/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/hardening.h"

#include <string.h>

#include <arch/cpu.h>
#include <arch/el1_state.h>
#include <arch/entropy.h>
#include <arch/regs.h>
#include <arch/timer.h>
#include "core/board.h"
#include "core/firmware.h"
#include "core/lib/bits.h"
#include "core/lib/options.h"
#include "core/log.h"
#include "core/percpu.h"
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

/* 0: it must be called on this pCPU; 1: it may be, for nothing; else there is none. */
static const char *workaround(uint32_t fid)
{
	int32_t there = firmware_workaround(fid);

	if (there == 0)
		return "needed";
	return there == 1 || there == SMCCC_NOT_REQUIRED ? "not needed" : "none";
}

/* Which of two the firmware wants when a guest exits; the later one does the earlier's work. */
static uint32_t exit_workaround(void)
{
	if (firmware_workaround((uint32_t)SMCCC_WORKAROUND_3) == 0)
		return (uint32_t)SMCCC_WORKAROUND_3;
	if (firmware_workaround((uint32_t)SMCCC_WORKAROUND_1) == 0)
		return (uint32_t)SMCCC_WORKAROUND_1;
	return 0;
}

/* Spectre variant 2 and its kin by branch history (BHB). */
static const char *branches(const uint64_t *raw, uint32_t called)
{
	if (called)
		return "are cleared by the firmware in each exit";
	if (bits_get(PFR0_CSV2, raw[IDREG_A64PFR0]))
		return "do not reach EL2";
	return "may be used at EL2: the firmware knows no way";
}

static void tell_speculation(void)
{
	uint64_t raw[IDREG_NR];

	arch_idregs_read(raw);
	log_info("speculation: MIDR %llx, CSV2 %u, CSV3 %u, SSBS %u, ECBHB %u; "
		 "firmware's workarounds: 1 %s, 2 %s, 3 %s", (unsigned long long)arch_midr(),
		 (unsigned int)bits_get(PFR0_CSV2, raw[IDREG_A64PFR0]),
		 (unsigned int)bits_get(PFR0_CSV3, raw[IDREG_A64PFR0]),
		 (unsigned int)bits_get(PFR1_SSBS, raw[IDREG_A64PFR1]),
		 (unsigned int)bits_get(A64MMFR1_ECBHB, raw[IDREG_A64MMFR1]),
		 workaround((uint32_t)SMCCC_WORKAROUND_1), workaround((uint32_t)SMCCC_WORKAROUND_2),
		 workaround((uint32_t)SMCCC_WORKAROUND_3));
	log_info("speculation: branch predictions of guests %s", branches(raw, exit_workaround()));
}

bool hardening_checks_targets(void)
{
	uint64_t raw[IDREG_NR];

	arch_idregs_read(raw);
	return CONFIG_HARDENING && bits_get(PFR1_BT, raw[IDREG_A64PFR1]);
}

void hardening_cpu_init(void)
{
	if (!CONFIG_HARDENING)
		return;
	arch_percpu()->workaround = exit_workaround();
	arch_vectors_set(arch_percpu()->workaround != 0);
}

void hardening_init(void)
{
	guard_stacks();
	if (!CONFIG_HARDENING)
		return;
	log_info("branch targets %s", hardening_checks_targets() ?
		 "are checked" : "are not checked by this CPU");
	tell_speculation();
}
