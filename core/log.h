/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's own messages: one line a call, without the newline. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Prints when level is at or below the threshold; any context but NMI-like. */
void log_printf(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define LOG_LINE        200   /* bytes of a line, prefix included; the rest is cut */
#define LOG_GUEST_BURST 10

/*
 * For what a guest can cause: at most LOG_GUEST_BURST lines a second over all
 * guests; what was left out is counted and told in the next line.
 */
void log_guest(const char *vm, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Where finished lines go, without a newline: the polled UART at first, the
 * console once it runs. Called without locks of the log. The first sink is
 * given all that was said before it.
 */
void log_set_sink(void (*sink)(const char *line, unsigned int len));

/**
 * log_read() - lines that were logged, the last few KiB of them
 * @pos: where to begin; 0 for the oldest kept; moved on to the line after
 * @buf: one line, NUL-terminated, cut to fit
 * @len: size of buf, at least 1
 *
 * Return: true; false when there is none at or after *pos.
 */
bool log_read(uint64_t *pos, char *buf, unsigned int len);

void log_set_level(enum log_level level);

#define log_err(...)   log_printf(LOG_ERR, __VA_ARGS__)
#define log_warn(...)  log_printf(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_printf(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_printf(LOG_DEBUG, __VA_ARGS__)
