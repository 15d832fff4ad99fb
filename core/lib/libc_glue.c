/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lib/libc_glue.h"

#include <locale.h>
#include <malloc.h>
#include <reent.h>
#include <stddef.h>

static struct _reent boot_reent;

static struct _reent *get_boot_reent(void)
{
	return &boot_reent;
}

static struct _reent *(*get_reent)(void) = get_boot_reent;

void libc_set_reent(struct _reent *(*get)(void))
{
	get_reent = get;
}

/* newlib calls it wherever it needs errno. */
struct _reent *__getreent(void);
struct _reent *__getreent(void)
{
	return get_reent();
}

/*
 * The printf family allocates only for asprintf() and for open streams, which
 * EL2 does not have: it is told that there is no memory.
 */
void *_malloc_r(struct _reent *r, size_t size)
{
	(void)r;
	(void)size;
	return NULL;
}

void *_realloc_r(struct _reent *r, void *p, size_t size)
{
	(void)r;
	(void)p;
	(void)size;
	return NULL;
}

void _free_r(struct _reent *r, void *p)
{
	(void)r;
	(void)p;
}

/* Only the grouping flag of printf looks at the locale: there is no grouping. */
struct lconv *_localeconv_r(struct _reent *r)
{
	static char empty[] = "";
	static char point[] = ".";
	static struct lconv c_locale = {
		.decimal_point = point, .thousands_sep = empty, .grouping = empty,
	};

	(void)r;
	return &c_locale;
}
