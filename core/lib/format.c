/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snprintf() and vsnprintf() as far as EL2 uses them: %c %s %d %u %x %%, with l for 64 bits,
 * a width, '-' and '0', and a precision of strings. newlib's take four times the room.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/lib/bits.h"

struct out {
	char *buf;
	size_t size, nr;               /* nr: what there would be with room for all */
};

/* What is between % and the letter. */
struct spec {
	bool left, zeroes, wide;
	int width, precision;          /* precision negative: none               */
};

static void put(struct out *o, char c)
{
	if (o->nr + 1 < o->size)
		o->buf[o->nr] = c;
	o->nr++;
}

/* A stretch as it is. */
static void run(struct out *o, const char *p, size_t len)
{
	if (o->nr + 1 < o->size)
		memcpy(o->buf + o->nr, p, MIN(len, o->size - 1 - o->nr));
	o->nr += len;
}

static void pad(struct out *o, char c, int nr)
{
	while (nr-- > 0)
		put(o, c);
}

static void text(struct out *o, const struct spec *s, const char *p, int len)
{
	if (!s->left)
		pad(o, ' ', s->width - len);
	run(o, p, (size_t)len);
	if (s->left)
		pad(o, ' ', s->width - len);
}

static void number(struct out *o, const struct spec *s, uint64_t v, unsigned int base, bool minus)
{
	static const struct spec plain;
	char digits[24], *p = digits + sizeof(digits);
	int len;

	do
		*--p = "0123456789abcdef"[v % base];
	while (v /= base);
	if (minus && s->zeroes)
		put(o, '-');
	else if (minus)
		*--p = '-';
	len = (int)(digits + sizeof(digits) - p);
	if (s->zeroes)
		pad(o, '0', s->width - len - minus);
	text(o, s->zeroes ? &plain : s, p, len);
}

/* A number in the format, or an argument in place of it. */
static const char *amount(const char *f, va_list *args, int *v)
{
	*v = 0;
	if (*f == '*') {
		*v = va_arg(*args, int);
		return f + 1;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		*v = *v * 10 + (*f - '0');
	return f;
}

static const char *spec_read(struct spec *s, const char *f, va_list *args)
{
	*s = (struct spec){ .precision = -1 };
	for (; *f == '-' || *f == '0'; f++) {
		s->left |= *f == '-';
		s->zeroes |= *f == '0';
	}
	s->zeroes &= !s->left;
	f = amount(f, args, &s->width);
	if (*f == '.')
		f = amount(f + 1, args, &s->precision);
	for (; *f == 'l'; f++)
		s->wide = true;
	return f;
}

static void convert(struct out *o, const struct spec *s, char kind, va_list *args)
{
	const char *string;
	int64_t v;
	char c;

	switch (kind) {
	case 's':
		string = va_arg(*args, const char *);
		text(o, s, string, (int)strnlen(string, s->precision < 0 ? INT32_MAX :
						(size_t)s->precision));
		break;
	case 'c':
		c = (char)va_arg(*args, int);
		text(o, s, &c, 1);
		break;
	case 'd':
		v = s->wide ? va_arg(*args, long) : va_arg(*args, int);
		number(o, s, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0);
		break;
	case 'u':
	case 'x':
		number(o, s, s->wide ? va_arg(*args, unsigned long) : va_arg(*args, unsigned int),
		       kind == 'x' ? 16 : 10, false);
		break;
	default:
		put(o, kind);
		break;
	}
}

int vsnprintf(char *buf, size_t size, const char *f, va_list ap)
{
	struct out o = { buf, size, 0 };
	va_list args;

	va_copy(args, ap);
	while (*f) {
		const char *from = f;
		struct spec s;

		while (*f && *f != '%')
			f++;
		run(&o, from, (size_t)(f - from));
		if (*f)
			f = spec_read(&s, f + 1, &args);
		if (*f)
			convert(&o, &s, *f++, &args);
	}
	va_end(args);
	if (size)
		buf[o.nr < size ? o.nr : size - 1] = '\0';
	return (int)o.nr;
}

int snprintf(char *buf, size_t size, const char *f, ...)
{
	va_list args;
	int nr;

	va_start(args, f);
	nr = vsnprintf(buf, size, f, args);
	va_end(args);
	return nr;
}
