/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that people write. */
#pragma once

#include <stdint.h>

/**
 * number_parse() - the decimal number that a text begins with
 *
 * Return: what follows its last digit; NULL: there is no digit, or it does not fit.
 */
const char *number_parse(const char *s, uint64_t *value);
