/* SPDX-License-Identifier: Apache-2.0 */
/* Device trees of others: what is looked at before libfdt is trusted with one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/**
 * fdt_sound() - can libfdt read and edit this without leaving it?
 * @fdt:  any bytes
 * @size: how many may be read
 *
 * libfdt checks where it reads, but trusts the structure it edits, and reads words
 * where the header's offsets lead, aligned or not. So all of it is walked once: blocks
 * inside and aligned, every tag inside the structure, every name inside the strings,
 * nodes that end where they began. Version 17 at least.
 */
bool fdt_sound(const void *fdt, size_t size);
