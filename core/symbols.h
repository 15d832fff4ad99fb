/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the hypervisor's own functions, for crash reports. tools/symbols.py
 * writes the table after a first link: the offsets of all functions from
 * __image_start, ascending, then as many NUL-terminated names in that order.
 * No index to the names: a lookup walks them, which a crash can afford.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/lib/types.h"

/* Laid out by linker.ld and tools/symbols.py. */
extern const char __image_start[];
extern const char __text_start[];
extern const char __text_end[];
extern const uint32_t hyp_symtab_start[];
extern const uint32_t hyp_symtab_end[];
extern const char hyp_symstr[];

/**
 * symbol_find() - name the function that covers an offset
 * @offsets: start of each function, ascending
 * @nr:      how many
 * @names:   nr strings, one after the other
 * @at:      the offset asked for
 * @rest:    set to the distance from the function's start; may not be NULL
 *
 * Return: the name, or NULL when at is before the first function.
 */
const char *symbol_find(const uint32_t *offsets, size_t nr, const char *names,
			uint64_t at, uint64_t *rest);

/**
 * symbol_lookup() - name the hypervisor function that an address is in
 * @pc:     an address as the running hypervisor sees it
 * @offset: set to the distance from the function's start; may not be NULL
 *
 * Takes no lock, allocates nothing, reads only the image.
 *
 * Return: the name, or NULL when pc is not in the hypervisor's text.
 */
const char *symbol_lookup(va_t pc, uint64_t *offset);
