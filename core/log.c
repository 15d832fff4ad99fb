/* SPDX-License-Identifier: Apache-2.0 */
#include "core/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <arch/timer.h>
#include "core/lib/bits.h"
#include "core/spinlock.h"

#define LOG_SIZE   16384         /* bytes of lines kept */
#define LOG_PREFIX "corbel: "

typedef void (*log_sink)(const char *line, unsigned int len);

static struct {
	struct spinlock lock;        /* rank 95, docs/locking.md                */
	/* under lock */
	char text[LOG_SIZE];         /* lines with their newlines, a ring       */
	uint64_t head;               /* bytes ever written; byte n is at n % size */
	uint64_t second;             /* which one guest_lines counts            */
	uint32_t guest_lines;
	uint32_t left_out;
} lg;

static _Atomic log_sink sink;
static _Atomic int level_max = LOG_INFO;

static void keep(const char *line, unsigned int len)
{
	uint64_t flags = spin_lock_irqsave(&lg.lock);
	unsigned int at = lg.head % LOG_SIZE, first = MIN(len, LOG_SIZE - at);

	memcpy(lg.text + at, line, first);
	memcpy(lg.text, line + first, len - first);
	lg.head += len;
	lg.text[lg.head++ % LOG_SIZE] = '\n';
	spin_unlock_irqrestore(&lg.lock, flags);
}

/* vm NULL: not about a guest. */
static void print_line(const char *vm, const char *fmt, va_list ap)
{
	char line[LOG_LINE];
	log_sink out = atomic_load_explicit(&sink, memory_order_acquire);
	int n = vm ? snprintf(line, sizeof(line), LOG_PREFIX "vm %.31s: ", vm)
		   : snprintf(line, sizeof(line), LOG_PREFIX);
	unsigned int len;

	n += vsnprintf(line + n, sizeof(line) - (unsigned int)n, fmt, ap);
	len = MIN((unsigned int)n, (unsigned int)sizeof(line) - 1);
	keep(line, len);
	if (out)
		out(line, len);
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if ((int)level > atomic_load_explicit(&level_max, memory_order_relaxed))
		return;
	va_start(ap, fmt);
	print_line(NULL, fmt, ap);
	va_end(ap);
}

/* May one more line go out this second? And how many were left out before it? */
static bool guest_allowed(uint32_t *left_out)
{
	uint64_t second = arch_counter() / arch_counter_hz();
	uint64_t flags = spin_lock_irqsave(&lg.lock);
	bool allowed;

	if (second != lg.second) {
		lg.second = second;
		lg.guest_lines = 0;
	}
	allowed = lg.guest_lines < LOG_GUEST_BURST;
	*left_out = allowed ? lg.left_out : 0;
	if (allowed) {
		lg.guest_lines++;
		lg.left_out = 0;
	} else {
		lg.left_out++;
	}
	spin_unlock_irqrestore(&lg.lock, flags);
	return allowed;
}

void log_guest(const char *vm, const char *fmt, ...)
{
	uint32_t left_out;
	va_list ap;

	if (!guest_allowed(&left_out))
		return;
	if (left_out > 0)
		log_warn("%u lines about guests left out", left_out);
	va_start(ap, fmt);
	print_line(vm, fmt, ap);
	va_end(ap);
}

bool log_read(uint64_t *pos, char *buf, unsigned int len)
{
	uint64_t flags = spin_lock_irqsave(&lg.lock);
	uint64_t p = *pos;
	unsigned int n = 0;

	/* Overwritten in part: begin at the next whole line. */
	if (lg.head > LOG_SIZE && p < lg.head - LOG_SIZE) {
		p = lg.head - LOG_SIZE;
		while (p < lg.head && lg.text[p++ % LOG_SIZE] != '\n')
			;
	}
	*pos = p;
	while (*pos < lg.head && lg.text[*pos % LOG_SIZE] != '\n') {
		if (n + 1 < len)
			buf[n++] = lg.text[*pos % LOG_SIZE];
		(*pos)++;
	}
	buf[n] = '\0';
	if (*pos < lg.head)
		(*pos)++;
	spin_unlock_irqrestore(&lg.lock, flags);
	return *pos > p;
}

void log_set_sink(void (*to)(const char *text, unsigned int len))
{
	bool first = !atomic_exchange_explicit(&sink, to, memory_order_acq_rel);
	char line[LOG_LINE];
	uint64_t pos = 0;

	while (first && to && log_read(&pos, line, sizeof(line))) {
		unsigned int len = 0;

		while (line[len] != '\0')
			len++;
		to(line, len);
	}
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&level_max, (int)level, memory_order_relaxed);
}
