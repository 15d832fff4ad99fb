/* SPDX-License-Identifier: Apache-2.0 */
/* The start of what el2_map_io(), _blob() and el2_stack_alloc() hand out. */
#pragma once

/* Nothing handed out yet. For mm_early_init(). */
void el2_region_init(void);
