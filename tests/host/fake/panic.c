/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host/fake/panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/panic.h"

_Thread_local jmp_buf fake_panic_jmp;
_Thread_local bool fake_panic_armed;
_Thread_local char fake_panic_text[256];

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fake_panic_text, sizeof(fake_panic_text), fmt, ap);
	va_end(ap);
	if (fake_panic_armed)
		longjmp(fake_panic_jmp, 1);
	fprintf(stderr, "panic: %s\n", fake_panic_text);
	abort();
}

void bug(void)
{
	panic("BUG_ON");
}
