/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host/fake/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/log.h"

unsigned int fake_log_lines;
unsigned int fake_log_guest_lines;
char fake_log_last[256];

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void keep(unsigned int *count, const char *fmt, va_list ap)
{
	pthread_mutex_lock(&mutex);
	++*count;
	vsnprintf(fake_log_last, sizeof(fake_log_last), fmt, ap);
	if (getenv("FAKE_LOG"))
		fprintf(stderr, "log: %s\n", fake_log_last);
	pthread_mutex_unlock(&mutex);
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	keep(&fake_log_lines, fmt, ap);
	va_end(ap);
}

void log_guest(const char *vm, const char *fmt, ...)
{
	va_list ap;

	(void)vm;
	va_start(ap, fmt);
	keep(&fake_log_guest_lines, fmt, ap);
	va_end(ap);
}
