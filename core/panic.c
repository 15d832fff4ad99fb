/* SPDX-License-Identifier: Apache-2.0 */
#include "core/panic.h"

#include <stdarg.h>
#include <stdio.h>

#include <arch/cpu.h>
#include "core/crash.h"
#include "core/log.h"

void panic(const char *fmt, ...)
{
	char line[160];
	va_list ap;

	arch_irq_disable();
	crash_begin();
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	crash_print("PANIC on pCPU %u: %s", crash_cpu(), line);
	crash_backtrace(__builtin_return_address(0), __builtin_frame_address(0));
	crash_end();
}

/* Its own frame is kept, so that the chain begins with who found the bug. */
void __attribute__((noinline)) bug(void)
{
	panic("BUG_ON, at the second address below");
}
