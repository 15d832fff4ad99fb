/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows a stage-1 table walk of a guest to the table that could not be read,
 * for a fault whose level the hardware does not tell EL2.
 * Spec: Arm ARM DDI 0487, "Translation table walk properties"; TCR_EL1.
 */
#pragma once

#include <stdint.h>

#include <arch/el1_state.h>
#include "core/lib/types.h"

/* Reads a descriptor of the guest, as it lies in memory. 0, or an errno. */
struct walk_memory {
	int (*read)(void *ctx, ipa_t ipa, uint64_t *desc);
	void *ctx;
};

/**
 * walk_level() - at which level did the walk of va need this page?
 * @w:    how EL1 translates
 * @va:   what was translated
 * @page: of the descriptor that could not be read, 4 KiB aligned
 * @mem:  the guest's memory
 *
 * Reads at most three descriptors. When the tables have changed meanwhile and
 * do not lead to that page any more: the level at which they end.
 *
 * Return: 0..3.
 */
uint32_t walk_level(const struct el1_walk *w, uint64_t va, ipa_t page,
		    const struct walk_memory *mem);
