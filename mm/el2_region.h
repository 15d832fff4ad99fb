/* SPDX-License-Identifier: Apache-2.0 */
/* The start of what el2_map_io(), _blob() and el2_stack_alloc() hand out. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/types.h"

/* Nothing handed out yet. For mm_early_init(). */
void el2_region_init(void);

/* Addresses for a view of guest pages, after an unmapped one. 0; -ENOSPC. For mm/guest_view.c. */
int el2_view_take(uint32_t nr_pages, va_t *va);
void el2_view_give(va_t va, uint32_t nr_pages);

/* For the audit: is it in a view? */
bool el2_view_has(va_t va);
