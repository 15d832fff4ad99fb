/* SPDX-License-Identifier: Apache-2.0 */
/* PL011 output, and as much of printf as the guests need. */
#include "lib/guest.h"
#include "lib/uart.h"

static volatile uint32_t print_lock;

void uart_init(void)
{
	mmio_w32(UARTLCR_H, LCR_H_FEN | LCR_H_8BIT);
	mmio_w32(UARTCR, CR_UARTEN | CR_TXE | CR_RXE);
}

void uart_putc(char c)
{
	while (mmio_r32(UARTFR) & FR_TXFF)
		;
	mmio_w32(UARTDR, (uint8_t)c);
}

/*
 * QEMU 7.2 sometimes forgets to look at its input again after the FIFO was full, until any
 * event wakes its main loop; a machine that only polls has none. A masked timer makes some.
 */
bool uart_readable(void)
{
	write_sysreg(cntv_cval_el0, ticks_now() + ticks_per_ms());
	write_sysreg(cntv_ctl_el0, 3);
	return !(mmio_r32(UARTFR) & FR_RXFE);
}

int uart_getc(unsigned int ms)
{
	bool there = WAIT_UNTIL(uart_readable(), ms);

	write_sysreg(cntv_ctl_el0, 0);
	if (!there)
		return -1;
	return (int)(mmio_r32(UARTDR) & 0xff);
}

static void put_str(const char *s)
{
	for (; *s; s++)
		uart_putc(*s);
}

static void put_num(uint64_t v, unsigned int base, unsigned int width, char fill)
{
	char buf[24];
	unsigned int n = 0;

	do {
		buf[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	for (; width > n; width--)
		uart_putc(fill);
	while (n)
		uart_putc(buf[--n]);
}

static void put_signed(int64_t v, unsigned int width)
{
	if (v < 0) {
		uart_putc('-');
		v = -v;
	}
	put_num((uint64_t)v, 10, width, ' ');
}

/* One conversion; returns the character after it. */
static const char *put_conversion(const char *f, va_list *ap)
{
	unsigned int width = 0, nr_long = 0;
	char fill = ' ';

	if (*f == '0')
		fill = *f++;
	while (*f >= '0' && *f <= '9')
		width = width * 10 + (unsigned int)(*f++ - '0');
	for (; *f == 'l'; f++)
		nr_long++;
	switch (*f) {
	case 's':
		put_str(va_arg(*ap, const char *));
		break;
	case 'c':
		uart_putc((char)va_arg(*ap, int));
		break;
	case 'd':
		put_signed(nr_long ? va_arg(*ap, long) : va_arg(*ap, int), width);
		break;
	case 'p':
		put_num((uintptr_t)va_arg(*ap, void *), 16, width, fill);
		break;
	case 'u':
	case 'x':
		put_num(nr_long ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned int),
			*f == 'u' ? 10 : 16, width, fill);
		break;
	default:
		uart_putc(*f);
	}
	return f + 1;
}

void gvprintf(const char *fmt, va_list ap_in)
{
	uint64_t daif = read_sysreg(daif);
	va_list ap;

	va_copy(ap, ap_in);
	__asm__ volatile("msr daifset, #0xf" ::: "memory");
	while (__atomic_exchange_n(&print_lock, 1, __ATOMIC_ACQUIRE))
		;
	while (*fmt) {
		if (*fmt == '\n')
			uart_putc('\r');
		if (*fmt != '%')
			uart_putc(*fmt++);
		else
			fmt = put_conversion(fmt + 1, &ap);
	}
	__atomic_store_n(&print_lock, 0, __ATOMIC_RELEASE);
	write_sysreg(daif, daif);
	va_end(ap);
}

void gprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	gvprintf(fmt, ap);
	va_end(ap);
}
