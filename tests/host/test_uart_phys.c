/* SPDX-License-Identifier: Apache-2.0 */
/* The board's UART: the driver is found by name, and drives a PL011 of plain memory. */
#include "devices/uart_phys.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

enum { DR = 0x00, FR = 0x18, LCR_H = 0x2c, CR = 0x30, IMSC = 0x38, ICR = 0x44 };
enum { BUSY = 0x08, RXFE = 0x10, TXFF = 0x20, TXFE = 0x80 };

static uint32_t regs[0x400];
static struct uart_phys uart;

static int setup(void **state)
{
	(void)state;
	memset(regs, 0, sizeof(regs));
	regs[FR / 4] = TXFE | RXFE;
	regs[LCR_H / 4] = 0x60;
	regs[IMSC / 4] = 0x7ff;
	return uart_phys_init(&uart, va_of(regs), "arm,pl011");
}

static void unknown_uart_is_refused(void **state)
{
	struct uart_phys u;

	(void)state;
	assert_int_equal(uart_phys_init(&u, va_of(regs), "acme,uart"), -ENODEV);
	assert_int_equal(uart_phys_init(&u, va_of(regs), ""), -ENODEV);
	early_uart_init(va_of(regs), "acme,uart");
	early_uart_putc('x');                    /* nothing, and no crash */
	assert_int_equal(regs[DR / 4], 0);
}

static void init_keeps_the_format_and_masks_interrupts(void **state)
{
	(void)state;
	assert_int_equal(regs[LCR_H / 4], 0x70);
	assert_int_equal(regs[CR / 4], 0x301);
	assert_int_equal(regs[IMSC / 4], 0);
	uart.ops->rx_irq(&uart, true);
	assert_int_equal(regs[IMSC / 4], 0x50);
	uart.ops->tx_irq(&uart, true);
	assert_int_equal(regs[IMSC / 4], 0x70);
	uart.ops->rx_irq(&uart, false);
	assert_int_equal(regs[IMSC / 4], 0x20);
}

static void acknowledge_leaves_the_receive_interrupts(void **state)
{
	(void)state;
	regs[ICR / 4] = 0;
	uart.ops->irq_ack(&uart);
	assert_int_equal(regs[ICR / 4] & 0x50, 0);
	assert_int_equal(regs[ICR / 4] & 0x20, 0x20);
}

static void room_follows_the_flags(void **state)
{
	(void)state;
	assert_int_equal(uart.ops->tx_room(&uart), 16);
	assert_true(uart.ops->tx_idle(&uart));
	regs[FR / 4] = BUSY;
	assert_int_equal(uart.ops->tx_room(&uart), 1);
	assert_false(uart.ops->tx_idle(&uart));
	regs[FR / 4] = BUSY | TXFF;
	assert_int_equal(uart.ops->tx_room(&uart), 0);
	regs[FR / 4] = BUSY | TXFE;
	assert_false(uart.ops->tx_idle(&uart));
}

static void bytes_come_and_go(void **state)
{
	(void)state;
	assert_int_equal(uart.ops->rx(&uart), -1);
	regs[FR / 4] = TXFE;
	regs[DR / 4] = 0x1f0;                    /* with a framing error */
	assert_int_equal(uart.ops->rx(&uart), 0xf0);
	uart.ops->tx(&uart, 'q');
	assert_int_equal(regs[DR / 4], 'q');
	uart_phys_putc_polled(&uart, 'r');
	assert_int_equal(regs[DR / 4], 'r');
}

static void polled_output_gives_up_on_a_dead_uart(void **state)
{
	(void)state;
	regs[FR / 4] = TXFF;
	uart_phys_putc_polled(&uart, 'x');
	assert_int_equal(regs[DR / 4], 0);
}

static void early_output_needs_no_init(void **state)
{
	(void)state;
	early_uart_init(va_of(regs), "arm,pl011");
	early_uart_line("abc", 3);
	assert_int_equal(regs[DR / 4], '\n');
	early_uart_putc('z');
	assert_int_equal(regs[DR / 4], 'z');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(unknown_uart_is_refused, setup),
		cmocka_unit_test_setup(init_keeps_the_format_and_masks_interrupts, setup),
		cmocka_unit_test_setup(acknowledge_leaves_the_receive_interrupts, setup),
		cmocka_unit_test_setup(room_follows_the_flags, setup),
		cmocka_unit_test_setup(bytes_come_and_go, setup),
		cmocka_unit_test_setup(polled_output_gives_up_on_a_dead_uart, setup),
		cmocka_unit_test_setup(early_output_needs_no_init, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
