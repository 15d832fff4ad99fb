/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the hypervisor's own functions, for crash reports. tools/symbols.py
 * writes the table after a first link. It is made small rather than fast.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lib/types.h"

#define SYMBOL_NAME_MAX 48  /* a buffer for the longest name, its NUL included */

#define SYMBOL_STEP_MORE 255

struct symbol_table {
	/* From one function's start to the next one's, in instructions; the first
	 * counts from __image_start. SYMBOL_STEP_MORE: that many, and the next step
	 * as well. */
	const uint8_t *steps;
	const uint8_t *steps_end;
	/* The names in the order of the functions, each ended by a NUL. A code below
	 * nr_chars is a character, NUL among them; any other stands for the pair
	 * pairs[code - nr_chars] of lower codes. A pair may reach into the next name. */
	const char *chars;
	size_t nr_chars;
	const uint8_t (*pairs)[2];
	const uint8_t *names;
};

/**
 * symbol_find() - name the function that covers an offset
 * @table: what to search
 * @at:    bytes from __image_start
 * @name:  set to the name, cut off where the buffer ends
 * @size:  bytes in @name, at least 1
 * @rest:  set to the distance from the function's start
 *
 * Return: true; false when @at is before the first function, nothing is set then.
 */
bool symbol_find(const struct symbol_table *table, uint64_t at, char *name, size_t size,
		 uint64_t *rest);

/**
 * symbol_lookup() - name the hypervisor function that an address is in
 * @pc:   an address as the running hypervisor sees it
 * @name: set to the name, cut off where the buffer ends
 * @size: bytes in @name, at least 1
 * @rest: set to the distance from the function's start
 *
 * Takes no lock, allocates nothing, reads only the image.
 *
 * Return: true; false when @pc is not in the hypervisor's text, nothing is set then.
 */
bool symbol_lookup(va_t pc, char *name, size_t size, uint64_t *rest);

/* Laid out by linker.ld and tools/symbols.py. */
extern const char __image_start[];
extern const char __text_start[];
extern const char __text_end[];
extern const uint8_t hyp_symsteps[];
extern const uint8_t hyp_symsteps_end[];
extern const char hyp_symchars[];
extern const char hyp_symchars_end[];
extern const uint8_t hyp_sympairs[][2];
extern const uint8_t hyp_symnames[];
