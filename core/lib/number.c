/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lib/number.h"

#include <stddef.h>

const char *number_parse(const char *s, uint64_t *value)
{
	const char *p = s;

	*value = 0;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (*value > (UINT64_MAX - 9) / 10)
			return NULL;
		*value = *value * 10 + (uint64_t)(*p - '0');
	}
	return p == s ? NULL : p;
}
