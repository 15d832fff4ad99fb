/* SPDX-License-Identifier: Apache-2.0 */
/* What linker.ld tells of the image: its parts and what was linked into it. */
#pragma once

#include <stdint.h>

extern char __image_start[], __image_end[], __text_start[], __text_end[];
extern char __rodata_start[], __rodata_end[], __data_start[];

/*
 * The bundle of `make BUNDLED=1`, behind __image_end, page aligned; size is 0
 * without one. Numbers, not symbols: it ends farther away than code can address.
 */
struct hyp_bundle {
	uint64_t offset;  /* bytes from __image_start */
	uint64_t size;
};
extern const struct hyp_bundle hyp_bundle;
