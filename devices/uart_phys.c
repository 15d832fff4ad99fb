/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/uart_phys.h"

#include <errno.h>
#include <string.h>

#include "core/lib/bits.h"
#include "devices/uart_pl011.h"

/* Another UART is another file and another row. */
static const struct uart_ops *const drivers[] = { &uart_pl011_ops };

/* Reads of a status register before a byte is given up: at 1200 baud it takes 8 ms. */
#define POLL_MAX 1000000

static struct uart_phys early;

static const struct uart_ops *driver_lookup(const char *compatible)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		if (strcmp(drivers[i]->compatible, compatible) == 0)
			return drivers[i];
	}
	return NULL;
}

int uart_phys_init(struct uart_phys *u, va_t regs, const char *compatible)
{
	const struct uart_ops *ops = driver_lookup(compatible);

	if (!ops)
		return -ENODEV;
	*u = (struct uart_phys){ .ops = ops, .regs = regs };
	ops->init(u);
	return 0;
}

void uart_phys_putc_polled(struct uart_phys *u, char c)
{
	for (int i = 0; i < POLL_MAX; i++) {
		if (u->ops->tx_room(u) > 0) {
			u->ops->tx(u, (uint8_t)c);
			return;
		}
	}
}

void early_uart_init(va_t regs, const char *compatible)
{
	early = (struct uart_phys){ .ops = driver_lookup(compatible), .regs = regs };
}

void early_uart_putc(char c)
{
	if (!early.ops)
		return;
	if (c == '\n')
		uart_phys_putc_polled(&early, '\r');
	uart_phys_putc_polled(&early, c);
}

void early_uart_line(const char *line, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++)
		early_uart_putc(line[i]);
	early_uart_putc('\n');
}
