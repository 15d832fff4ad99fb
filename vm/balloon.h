/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that a VM has lent back, and that comes again when it is touched: a bit for each page
 * of RAM that is not fixed. docs/memory.md, "Balloon".
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/lib/types.h"
#include "vm/config.h"

struct vm;

struct vm_balloon;

/* May pages of this region have gone, and so come back when they are touched? */
bool vm_balloon_has(const struct vm *vm, const struct config_region *r);

/*
 * A page of such a region is touched, and about to be backed. True: alone, since it or
 * neighbours are lent.
 */
bool vm_balloon_touch(struct vm *vm, const struct config_region *r, ipa_t ipa);

/* What there is to see of it. All in bytes, but the statistics: as the guest told them. */
struct vm_balloon_info {
	uint64_t target, lent;
	uint64_t free, available;            /* 0: it has not said                 */
	uint64_t ignored;                    /* pages that were no pages to lend   */
};

/* -ENOENT: the VM has no balloon. Has the guest tell its statistics anew, for the next time. */
int vm_balloon_look(struct vm *vm, struct vm_balloon_info *out);

/* Ask the guest to have so much in the balloon. 0; -ENOENT; -ERANGE more than its memory. */
int vm_balloon_set(struct vm *vm, uint64_t size);
