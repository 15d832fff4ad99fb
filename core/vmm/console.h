/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One physical UART for the consoles of all VMs, the hypervisor's messages and
 * its shell. docs/console.md says what the user sees.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/chardev.h"
#include "devices/uart_phys.h"

#define CONSOLE_MAX_PORTS 64          /* VMs                                   */
#define CONSOLE_SHELL     (-1)        /* "index" of the hypervisor's own shell */
#define CONSOLE_MEM_MIN   2048        /* bytes a port needs                    */

/**
 * console_init() - take over the UART
 * @uart:       initialised; belongs to the console from here on
 * @escape_key: byte that starts a console command, 0x1d for Ctrl-]
 * @nr_vms:     how many will have a console: with one its bytes pass through as
 *              they are; with more, now or later, every line carries a name
 *
 * What is typed waits in the UART until somebody is attached: the first VM that
 * gets a console, or whom console_attach() names. The caller routes the UART's
 * interrupt to console_irq(). The soft timers must work. Called once.
 * Everything below may be called without it: what is shown then is dropped.
 */
void console_init(struct uart_phys *uart, uint8_t escape_key, uint32_t nr_vms);

/**
 * console_add() - give a VM a console
 * @idx:  its number, 0 .. CONSOLE_MAX_PORTS - 1
 * @name: copied, cut to 31 bytes
 * @dev:  the VM's UART; connected to the console here
 * @dev2: NULL, or another device of it: both print, and once the guest has opened this one
 *        it alone gets the input
 * @mem:  8-byte aligned, for the port and its output ring
 * @size: bytes for these, at least CONSOLE_MEM_MIN; a page is reasonable
 * @log_size: bytes behind them, to keep what it printed last; 0: nothing is kept
 *
 * Until somebody switches, the lowest number is attached: it gets the input.
 *
 * Return: 0; -EINVAL idx or size; -EEXIST that number has a console.
 */
int console_add(int idx, const char *name, struct chardev *dev, struct chardev *dev2, void *mem,
		size_t size, size_t log_size);

/**
 * console_read_log() - what a VM printed, as much of it as is kept
 * @idx: as given to console_add()
 * @pos: where to begin; 0 for the oldest kept; moved on behind what is given
 * @buf: up to @n bytes, as the guest wrote them
 *
 * Return: how many; 0: no more; -ENOENT no such port.
 */
int console_read_log(int idx, uint64_t *pos, uint8_t *buf, unsigned int n);

/**
 * console_remove() - take a VM's console away
 * @idx: as given to console_add(); without a console: nothing happens
 *
 * Shows what is still in its ring (waits for the line, at most a second) and
 * disconnects the UART. If it was attached, the next one is. @mem is the
 * caller's again. From a thread, holding no lock.
 */
void console_remove(int idx);

/* Send input to port idx or to CONSOLE_SHELL. 0; -ENOENT no such port. Holding no lock. */
int console_attach(int idx);

/* Name of port idx, NULL if there is none. Valid until it is removed. */
const char *console_name(int idx);

/* The escape key: a control character. */
uint8_t console_escape_key(void);

/* The index attached: a port, CONSOLE_SHELL, or -ENOENT: nobody. */
int console_attached(void);

/* Interrupt of the UART. Interrupts masked, no lock held. */
void console_irq(void);

/* A log sink (core/log.h). Any context, any lock of rank below the console's. */
void console_log(const char *line, unsigned int len);

/* Before power-off: wait until all is on the wire, at most two seconds. */
void console_drain(void);

/*
 * Crash: push out what the hypervisor had to say and leave the UART to polled
 * writers for ever. Takes no lock.
 */
void console_seize(void);

/* For crash reports: seizes the UART, then writes polled, CR before LF. */
void console_crash_write(const char *text, unsigned int len);

/* ---- the shell's side (core/vmm/shell.c) ---- */

/* Make CONSOLE_SHELL exist; input_ready is called without locks when input came;
 * interrupt: Ctrl-C is among it. */
void console_shell_open(void (*input_ready)(bool interrupt));
/* A byte of the shell's input, or -1. */
int console_shell_getc(void);
/* Text of the shell; waits for room, so from its thread only. */
void console_shell_write(const char *text, size_t len);
