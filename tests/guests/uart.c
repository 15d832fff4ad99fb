/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PL011, DDI 0183, as Linux and U-Boot use it. The runner types what a case asks for in a
 * line "SEND text".
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/uart.h"

static unsigned int fifo_depth(void)
{
	return (mmio_r32(UARTID + 8) >> 4) >= 3 ? 32 : 16;	/* r1p5 doubled it */
}

static void drain(void)
{
	while (!(mmio_r32(UARTFR) & FR_RXFE))
		(void)mmio_r32(UARTDR);
	mmio_w32(UARTICR, 0x7ff);
}

static void identification_says_pl011(void)
{
	static const uint8_t ids[] = { 0x11, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	for (unsigned int i = 0; i < 8; i++) {
		uint8_t mask = i == 2 ? 0x0f : 0xff;	/* the revision is free */

		CHECK_EQ(mmio_r32(UARTID + i * 4) & mask, ids[i] & mask, "ID register");
	}
}

static void flags_of_an_idle_uart(void)
{
	uint32_t fr;

	drain();
	CHECK(WAIT_UNTIL(mmio_r32(UARTFR) & FR_TXFE, LONG_MS), "UARTFR.TXFE");
	fr = mmio_r32(UARTFR);
	CHECK_EQ(fr & (FR_TXFE | FR_RXFE | FR_TXFF | FR_RXFF | FR_BUSY), FR_TXFE | FR_RXFE,
		 "UARTFR");
}

static void registers_store(void)
{
	static const struct { uintptr_t reg; uint32_t value; } regs[] = {
		{ UARTIBRD, 0x1234 }, { UARTFBRD, 0x2a }, { UARTIFLS, 0x1b }, { UARTIFLS, 0x12 },
		{ UARTLCR_H, 0x70 }, { UARTCR, 0x301 }, { UARTIMSC, 0x50 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(regs); i++) {
		uint32_t old = mmio_r32(regs[i].reg);

		mmio_w32(regs[i].reg, regs[i].value);
		CHECK(mmio_r32(regs[i].reg) == regs[i].value, "0x%lx: 0x%x, want 0x%x",
		      regs[i].reg, mmio_r32(regs[i].reg), regs[i].value);
		mmio_w32(regs[i].reg, old);
	}
}

static void read_only_registers_ignore_writes(void)
{
	uint32_t fr = mmio_r32(UARTFR);

	mmio_w32(UARTFR, 0);
	CHECK_EQ(mmio_r32(UARTFR), fr, "UARTFR");
	mmio_w32(UARTID, 0);
	CHECK_EQ(mmio_r32(UARTID), 0x11, "UARTPeriphID0");
	CHECK_EQ(mmio_r32(UARTRSR) & 0xf, 0, "UARTRSR");
}

static void unused_offsets_do_not_abort(void)
{
	unsigned int n = 0;

	for (uintptr_t a = UART_BASE + 0x4c; a < UART_BASE + 0x1000; a += 4)
		n += TRAPS((void)mmio_r32(a));
	CHECK_EQ(n, 0, "exceptions");
}

/* Narrow accesses: the driver of Linux with reg-io-width absent uses 16 bits, U-Boot 32. */
static void narrow_accesses_work(void)
{
	CHECK_EQ(mmio_r16(UARTFR), mmio_r32(UARTFR) & 0xffff, "UARTFR, 16 bits");
	CHECK_EQ(mmio_r8(UARTFR), mmio_r32(UARTFR) & 0xff, "UARTFR, 8 bits");
	mmio_w8(UARTDR, '8');
	__asm__ volatile("strh %w0, [%1]" : : "r"((uint32_t)'6'), "r"(UARTDR) : "memory");
	uart_putc('\n');
}

/* The interrupt says that there is room again: after sending it is set, and ICR clears it. */
static void transmit_interrupt_follows_sending(void)
{
	mmio_w32(UARTIMSC, 0);
	mmio_w32(UARTICR, INT_TX);
	CHECK_EQ(mmio_r32(UARTRIS) & INT_TX, 0, "UARTRIS.TX after UARTICR");
	/* Up over the trigger level and down again (DDI 0183, "UARTTXINTR"). */
	for (unsigned int i = 0; i < fifo_depth(); i++)
		uart_putc('t');
	uart_putc('\n');
	CHECK(WAIT_UNTIL(mmio_r32(UARTRIS) & INT_TX, LONG_MS), "no UARTRIS.TX after sending");
	CHECK_EQ(mmio_r32(UARTMIS), 0, "UARTMIS behind the mask");
	mmio_w32(UARTIMSC, INT_TX);
	CHECK_EQ(mmio_r32(UARTMIS), INT_TX, "UARTMIS");
	mmio_w32(UARTICR, INT_TX);
	CHECK_EQ(mmio_r32(UARTRIS) & INT_TX, 0, "UARTRIS.TX after UARTICR");
	mmio_w32(UARTIMSC, 0);
}

/* Waits for the runner: text without a newline. */
static bool ask(const char *text)
{
	drain();
	gprintf("SEND %s\n", text);
	return WAIT_UNTIL(uart_readable(), LONG_MS);
}

static void received_characters_come_in_order(void)
{
	const char *text = "The quick brown fox jumps over the lazy dog 0123456789";
	unsigned int n = strlen(text);

	SKIP_UNLESS(ask(text), "no input");
	for (unsigned int i = 0; i < n; i++) {
		int c = uart_getc(LONG_MS);

		CHECK(c == text[i], "character %u is 0x%x", i, (unsigned int)c);
		if (c < 0)
			return;
	}
	CHECK(mmio_r32(UARTFR) & FR_RXFE, "more than was sent");
}

/* One character: by time-out (or by level, as QEMU does with a level of one). */
static void one_character_interrupts(void)
{
	gic_init();
	gic_quiet(32, 32);
	gic_edge_set(UART_INTID, false);
	mmio_w32(UARTIFLS, 0x12);
	SKIP_UNLESS(ask("x"), "no input");
	mmio_w32(UARTIMSC, INT_RX | INT_RT);
	CHECK(WAIT_UNTIL(mmio_r32(UARTMIS) & (INT_RX | INT_RT), LONG_MS), "UARTMIS 0x%x",
	      mmio_r32(UARTMIS));
	gic_bit_set(GICD_ISENABLER, UART_INTID);
	CHECK_EQ(gic_wait_ack(LONG_MS), UART_INTID, "interrupt");
	CHECK_EQ(mmio_r32(UARTDR) & 0xfff, 'x', "UARTDR");
	CHECK(!(mmio_r32(UARTRIS) & INT_RT), "UARTRIS.RT with an empty FIFO");
	mmio_w32(UARTICR, INT_RX | INT_RT);
	gic_eoi(UART_INTID);
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "interrupt after the FIFO was emptied");
	mmio_w32(UARTIMSC, 0);
}

static void full_fifo_says_so(void)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	unsigned int depth = fifo_depth();

	mmio_w32(UARTIFLS, 0x12);			/* receive: half full */
	SKIP_UNLESS(ask(text), "no input");
	CHECK(WAIT_UNTIL(uart_readable() && (mmio_r32(UARTFR) & FR_RXFF), LONG_MS),
	      "UARTFR.RXFF never set");
	CHECK(mmio_r32(UARTRIS) & INT_RX, "UARTRIS.RX with a full FIFO");
	for (unsigned int i = 0; i < depth; i++)
		CHECK_EQ(mmio_r32(UARTDR) & 0xff, (uint8_t)text[i], "UARTDR");
	/* The sender waits while the FIFO is full, so the rest comes now. */
	for (unsigned int i = depth; i < sizeof(text) - 1; i++)
		CHECK_EQ(uart_getc(LONG_MS), text[i], "after the first FIFO");
	CHECK(mmio_r32(UARTFR) & FR_RXFE, "UARTFR.RXFE");
	CHECK(!(mmio_r32(UARTRIS) & INT_RX), "UARTRIS.RX with an empty FIFO");
}

static volatile unsigned int nr_got;
static char got[64];

static void take_input(void)
{
	uint32_t id = gic_ack();

	if (id >= 1020)
		return;
	while (!(mmio_r32(UARTFR) & FR_RXFE) && nr_got < sizeof(got))
		got[nr_got++] = (char)mmio_r32(UARTDR);
	gic_eoi(id);		/* no UARTICR: it would hide what came after the last read */
}

/* As a driver does it. */
static void input_by_interrupts_is_whole(void)
{
	const char *text = "a line typed while the CPU is busy, longer than the FIFO";
	unsigned int n = strlen(text);

	gic_init();
	gic_quiet(32, 32);
	gic_edge_set(UART_INTID, false);
	gic_bit_set(GICD_ISENABLER, UART_INTID);
	drain();
	nr_got = 0;
	this_cpu()->irq_hook = take_input;
	mmio_w32(UARTIMSC, INT_RX | INT_RT);
	gprintf("SEND %s\n", text);
	irq_enable();
	CHECK(WAIT_UNTIL((uart_readable(), nr_got >= n), LONG_MS), "%u of %u characters", nr_got,
	      n);
	irq_disable();
	mmio_w32(UARTIMSC, 0);
	CHECK(memcmp(got, text, nr_got < n ? nr_got : n) == 0, "other characters than typed");
}

/* FEN 0: a FIFO of one. */
static void without_fifo_one_character_fills_it(void)
{
	mmio_w32(UARTLCR_H, LCR_H_8BIT);
	SKIP_UNLESS(ask("z"), "no input");
	CHECK(mmio_r32(UARTFR) & FR_RXFF, "UARTFR.RXFF");
	CHECK(mmio_r32(UARTRIS) & INT_RX, "UARTRIS.RX");
	CHECK_EQ(mmio_r32(UARTDR) & 0xff, 'z', "UARTDR");
	CHECK(mmio_r32(UARTFR) & FR_RXFE, "UARTFR.RXFE");
	mmio_w32(UARTLCR_H, LCR_H_8BIT | LCR_H_FEN);
}

GUEST_CASES(
	CASE(identification_says_pl011),
	CASE(flags_of_an_idle_uart),
	CASE(registers_store),
	CASE(read_only_registers_ignore_writes),
	CASE(unused_offsets_do_not_abort),
	CASE(narrow_accesses_work),
	CASE(transmit_interrupt_follows_sending),
	CASE(received_characters_come_in_order),
	CASE(one_character_interrupts),
	CASE(full_fifo_says_so),
	CASE(input_by_interrupts_is_whole),
	CASE(without_fifo_one_character_fills_it));
