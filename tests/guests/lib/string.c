/* SPDX-License-Identifier: Apache-2.0 */
/* What the compiler and the guests need of string.h; byte by byte, for any memory type. */
#include "lib/guest.h"

void *memset(void *p, int c, size_t n)
{
	uint8_t *b = p;

	while (n--)
		*b++ = (uint8_t)c;
	return p;
}

void *memcpy(void *d, const void *s, size_t n)
{
	uint8_t *to = d;
	const uint8_t *from = s;

	while (n--)
		*to++ = *from++;
	return d;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *p = a, *q = b;

	for (; n; n--, p++, q++) {
		if (*p != *q)
			return *p - *q;
	}
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, (size_t)-1);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b || !*a)
			return (uint8_t)*a - (uint8_t)*b;
	}
	return 0;
}
