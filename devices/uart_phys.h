/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's UART behind a table of functions, chosen by the device tree's
 * compatible string. Speed and format stay as the firmware left them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/types.h"

struct uart_phys;

/*
 * One kind of UART. No function waits. Callers keep them apart by a lock of
 * their own (the console's), but for tx_room and tx, which a crash report calls
 * while others may be inside.
 */
struct uart_ops {
	const char *compatible;
	void (*init)(struct uart_phys *u);              /* FIFOs on, interrupts off     */
	unsigned int (*tx_room)(struct uart_phys *u);   /* bytes that tx takes now      */
	void (*tx)(struct uart_phys *u, uint8_t byte);  /* only while there is room     */
	bool (*tx_idle)(struct uart_phys *u);           /* the last bit is on the wire  */
	int  (*rx)(struct uart_phys *u);                /* a byte, or -1: none          */
	void (*irq_ack)(struct uart_phys *u);           /* first thing in the interrupt */
	void (*tx_irq)(struct uart_phys *u, bool on);   /* interrupt when room appears  */
	void (*rx_irq)(struct uart_phys *u, bool on);   /* interrupt while there is input */
};

struct uart_phys {
	const struct uart_ops *ops;
	va_t regs;
	uint32_t imsc;       /* copy of the mask register */
};

/**
 * uart_phys_init() - take the board's UART into use, all its interrupts off
 * @u:          storage
 * @regs:       registers, mapped as device memory
 * @compatible: board.uart_compatible
 *
 * Return: 0; -ENODEV no driver answers to that name.
 */
int uart_phys_init(struct uart_phys *u, va_t regs, const char *compatible);

/* Polled, for lines before interrupts work and for crash reports: waits, at most ~0.1 s a byte. */
void uart_phys_putc_polled(struct uart_phys *u, char c);

/*
 * The same with a UART of its own for what comes before uart_phys_init() and
 * for what must not trust anything: early_uart_init() with any mapping, then
 * early_uart_putc(), which adds CR before LF. Without a known UART: nothing.
 */
void early_uart_init(va_t regs, const char *compatible);
void early_uart_putc(char c);

/* A log sink (core/log.h): the line and a newline, polled. */
void early_uart_line(const char *line, unsigned int len);
