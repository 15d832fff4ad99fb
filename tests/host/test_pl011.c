/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual PL011 against its manual, DDI 0183. */
#include "devices/pl011.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "core/lib/bits.h"

enum {
	DR = 0x00, RSR = 0x04, FR = 0x18, ILPR = 0x20, IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2c,
	CR = 0x30, IFLS = 0x34, IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44, DMACR = 0x48,
};
enum { BUSY = 0x08, RXFE = 0x10, TXFF = 0x20, RXFF = 0x40, TXFE = 0x80 };
enum { RX = 0x10, TX = 0x20, RT = 0x40, BE = 0x200, OE = 0x400 };
#define FEN  0x10
#define LBE  0x80

static struct {
	char out[256];
	unsigned int nr_out, room;           /* room: bytes the line still takes */
	const char *in;                      /* what is to be received           */
} line;

static struct pl011 uart;
static bool irq_level;
static unsigned int nr_irq_set;

static unsigned int line_write(void *ctx, const uint8_t *buf, unsigned int n)
{
	(void)ctx;
	n = MIN(n, line.room);
	memcpy(line.out + line.nr_out, buf, n);
	line.nr_out += n;
	line.room -= n;
	return n;
}

static unsigned int line_read(void *ctx, uint8_t *buf, unsigned int n)
{
	unsigned int i;

	(void)ctx;
	for (i = 0; i < n && *line.in; i++)
		buf[i] = (uint8_t)*line.in++;
	return i;
}

static const struct chardev_backend backend = { line_write, line_read, NULL };

static void irq_set(void *ctx, uint32_t intid, bool level)
{
	(void)ctx;
	assert_int_equal(intid, 33);
	assert_int_not_equal(level, irq_level);      /* only changes are told */
	irq_level = level;
	nr_irq_set++;
}

static int setup(void **state)
{
	(void)state;
	memset(&line, 0, sizeof(line));
	line.room = 200;
	line.in = "";
	irq_level = false;
	pl011_init(&uart, 0x09000000, (struct irq_line){ irq_set, NULL, 33 });
	pl011_connect(&uart, &backend);
	return 0;
}

static int access_size(uint64_t offset, uint8_t size, bool is_write, uint64_t *value)
{
	struct mmio_access acc = {
		.offset = offset, .size = size, .is_write = is_write, .value = *value,
	};
	int r = uart.dev.access(&uart.dev, &acc);

	*value = acc.value;
	return r;
}

static uint64_t rd(uint64_t offset)
{
	uint64_t v = ~UINT64_C(0);

	assert_int_equal(access_size(offset, 4, false, &v), 0);
	return v;
}

static void wr(uint64_t offset, uint64_t v)
{
	assert_int_equal(access_size(offset, 4, true, &v), 0);
}

static void receive(const char *text)
{
	line.in = text;
	pl011_rx_ready(&uart);
}

static void assert_out(const char *text)
{
	assert_int_equal(line.nr_out, strlen(text));
	assert_memory_equal(line.out, text, line.nr_out);
}

/* "Summary of registers": reset values. */
static void every_register_has_its_reset_value(void **state)
{
	static const struct { uint32_t off, value; } reset[] = {
		{ DR, 0 }, { RSR, 0 }, { FR, 0x90 }, { ILPR, 0 }, { IBRD, 0 }, { FBRD, 0 },
		{ LCR_H, 0 }, { CR, 0x300 }, { IFLS, 0x12 }, { IMSC, 0 }, { RIS, 0 }, { MIS, 0 },
		{ ICR, 0 }, { DMACR, 0 },
		{ 0xfe0, 0x11 }, { 0xfe4, 0x10 }, { 0xfe8, 0x14 }, { 0xfec, 0x00 },
		{ 0xff0, 0x0d }, { 0xff4, 0xf0 }, { 0xff8, 0x05 }, { 0xffc, 0xb1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reset); i++)
		assert_int_equal(rd(reset[i].off), reset[i].value);
}

static void only_the_bits_of_a_register_are_kept(void **state)
{
	static const struct { uint32_t off, mask; } bits[] = {
		{ IBRD, 0xffff }, { FBRD, 0x3f }, { LCR_H, 0xff }, { IFLS, 0x3f }, { IMSC, 0x7ff },
		{ DMACR, 7 }, { ILPR, 0 }, { FR, 0 }, { RIS, 0 }, { MIS, 0 }, { 0x80, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		uint64_t before = bits[i].mask ? 0 : rd(bits[i].off);

		wr(bits[i].off, 0xffffffff);
		assert_int_equal(rd(bits[i].off), bits[i].mask | before);
	}
	setup(NULL);
	wr(CR, 0xffffffff);
	assert_int_equal(rd(CR), 0xff87);
}

static void every_width_reads_the_same_bits(void **state)
{
	uint64_t v = 0x1234;

	(void)state;
	wr(IBRD, 0x1234);
	assert_int_equal(access_size(IBRD, 1, false, &v), 0);
	assert_int_equal(v, 0x34);
	assert_int_equal(access_size(IBRD + 1, 1, false, &v), 0);
	assert_int_equal(v, 0x12);
	assert_int_equal(access_size(IBRD, 2, false, &v), 0);
	assert_int_equal(v, 0x1234);
	assert_int_equal(access_size(FR, 1, false, &v), 0);
	assert_int_equal(v, 0x90);
	assert_int_equal(access_size(FR, 2, false, &v), 0);
	assert_int_equal(v, 0x90);
	assert_int_equal(access_size(IBRD, 8, false, &v), -EFAULT);
	v = 0xff;
	assert_int_equal(access_size(IBRD + 1, 1, true, &v), 0);
	assert_int_equal(rd(IBRD), 0x1234);
}

static void bytes_of_all_widths_are_sent(void **state)
{
	uint64_t v = 'a';

	(void)state;
	assert_int_equal(access_size(DR, 1, true, &v), 0);
	v = 'b' | 0x4100;
	assert_int_equal(access_size(DR, 2, true, &v), 0);
	wr(DR, 'c');
	v = 'x';
	assert_int_equal(access_size(DR + 1, 1, true, &v), 0);   /* no data there */
	assert_out("abc");
	assert_int_equal(rd(FR), 0x90);
}

static void without_a_back_end_output_is_dropped(void **state)
{
	(void)state;
	pl011_connect(&uart, NULL);
	for (int i = 0; i < 100; i++)
		wr(DR, 'x');
	assert_int_equal(rd(FR), 0x90);
	pl011_rx_ready(&uart);
	assert_int_equal(rd(FR), 0x90);
	assert_out("");
}

static void a_slow_line_fills_the_fifo_and_loses_nothing(void **state)
{
	(void)state;
	wr(LCR_H, FEN);
	line.room = 1;
	for (int i = 0; i < 17; i++) {
		assert_false(rd(FR) & TXFF);
		wr(DR, (uint64_t)('a' + i));
	}
	assert_int_equal(rd(FR), TXFF | BUSY | RXFE);
	wr(DR, '!');                                    /* no room: lost, as on hardware */
	line.room = 1;
	pl011_tx_ready(&uart);
	assert_int_equal(rd(FR), BUSY | RXFE);
	line.room = 100;
	pl011_tx_ready(&uart);
	assert_int_equal(rd(FR), 0x90);
	assert_out("abcdefghijklmnopq");
}

static void without_fifos_the_depth_is_one(void **state)
{
	(void)state;
	line.room = 0;
	wr(DR, 'a');
	assert_int_equal(rd(FR), TXFF | BUSY | RXFE);
	line.room = 9;
	pl011_tx_ready(&uart);
	receive("xyz");
	assert_int_equal(rd(FR), TXFE | RXFF);
	assert_int_equal(rd(DR), 'x');
	assert_int_equal(rd(FR), TXFE | RXFF);          /* the next is there at once */
	assert_int_equal(rd(DR), 'y');
	assert_int_equal(rd(DR), 'z');
	assert_int_equal(rd(FR), 0x90);
	assert_int_equal(rd(RIS) & RT, 0);
}

/* "UARTIFLS": the transmit interrupt comes when the level falls to the chosen one. */
static void transmit_interrupt_at_each_level(void **state)
{
	static const unsigned int levels[] = { 2, 4, 8, 12, 14, 14, 14, 14 };

	for (unsigned int sel = 0; sel < 8; sel++) {
		setup(state);
		wr(LCR_H, FEN);
		wr(IFLS, sel);
		line.room = 0;
		for (int i = 0; i < 16; i++)
			wr(DR, 'x');
		for (unsigned int level = 16; level-- > 0;) {
			assert_int_equal(rd(RIS) & TX, 0);
			line.room = 1;
			pl011_tx_ready(&uart);
			if (level == levels[sel])
				break;
		}
		assert_int_equal(rd(RIS) & TX, TX);
		wr(ICR, TX);
		assert_int_equal(rd(RIS) & TX, 0);
	}
}

static void writing_above_the_level_clears_the_transmit_interrupt(void **state)
{
	(void)state;
	wr(LCR_H, FEN);
	wr(DR, 'x');
	assert_int_equal(rd(RIS), TX);
	line.room = 0;
	for (int i = 0; i < 8; i++) {
		wr(DR, 'x');
		assert_int_equal(rd(RIS), TX);
	}
	wr(DR, 'x');
	assert_int_equal(rd(RIS), 0);
}

static void receive_interrupt_at_each_level(void **state)
{
	static const unsigned int levels[] = { 2, 4, 8, 12, 14, 14, 14, 14 };

	for (unsigned int sel = 0; sel < 8; sel++) {
		setup(state);
		wr(LCR_H, FEN);
		wr(IFLS, sel << 3);
		for (unsigned int level = 1; level <= levels[sel]; level++) {
			assert_int_equal(rd(RIS) & RX, 0);
			receive("x");
		}
		assert_int_equal(rd(RIS), RX | RT);
		assert_int_equal(rd(DR), 'x');
		assert_int_equal(rd(RIS), RT);
	}
}

static void receive_timeout_ends_when_all_is_read(void **state)
{
	(void)state;
	wr(LCR_H, FEN);
	wr(IMSC, RX | RT);
	receive("ab");
	assert_true(irq_level);
	assert_int_equal(rd(MIS), RT);
	rd(DR);
	assert_true(irq_level);
	rd(DR);
	assert_false(irq_level);
	receive("c");
	wr(ICR, RT);
	assert_false(irq_level);
	assert_int_equal(rd(DR), 'c');
}

static void input_waits_in_the_back_end_when_the_fifo_is_full(void **state)
{
	const char *text = "0123456789abcdefghijklmnopqrstuvwxyz";

	(void)state;
	wr(LCR_H, FEN);
	receive(text);
	assert_int_equal(rd(FR), TXFE | RXFF);
	assert_int_equal(strlen(line.in), 20);
	for (size_t i = 0; i < strlen(text); i++) {
		assert_false(rd(FR) & RXFE);
		assert_int_equal(rd(DR), text[i]);      /* and no overrun bit */
	}
	assert_int_equal(rd(FR), 0x90);
	assert_int_equal(rd(RIS) & OE, 0);
	assert_int_equal(rd(DR), 0);                    /* empty: nothing */
}

static void input_survives_a_change_of_the_fifo_enable(void **state)
{
	(void)state;
	wr(LCR_H, FEN);
	receive("abc");
	wr(LCR_H, 0);
	assert_int_equal(rd(FR), TXFE | RXFF);
	assert_int_equal(rd(DR), 'a');
	wr(LCR_H, FEN);
	assert_int_equal(rd(DR), 'b');
	assert_int_equal(rd(DR), 'c');
}

static void the_line_follows_masked_status(void **state)
{
	(void)state;
	nr_irq_set = 0;
	wr(LCR_H, FEN);
	wr(DR, 'x');
	assert_int_equal(rd(RIS), TX);
	assert_int_equal(rd(MIS), 0);
	assert_false(irq_level);
	wr(IMSC, TX);
	assert_true(irq_level);
	assert_int_equal(rd(MIS), TX);
	wr(DR, 'x');
	assert_int_equal(nr_irq_set, 1);
	wr(IMSC, 0);
	assert_false(irq_level);
	wr(IMSC, TX);
	wr(ICR, 0x7ff);
	assert_false(irq_level);
	assert_int_equal(rd(RIS), 0);
}

/* "Loopback testing". */
static void loopback_receives_what_is_sent_and_no_input(void **state)
{
	(void)state;
	wr(LCR_H, FEN);
	wr(CR, 0x301 | LBE);
	receive("zz");
	wr(DR, 'a');
	wr(DR, 'b');
	assert_int_equal(rd(DR), 'a');
	assert_int_equal(rd(DR), 'b');
	assert_int_equal(rd(FR) & RXFE, RXFE);
	wr(CR, 0x301);
	assert_int_equal(rd(DR), 'z');                  /* it had waited */
}

static void overrun_is_told_with_the_next_byte(void **state)
{
	(void)state;
	wr(LCR_H, FEN);
	wr(CR, 0x301 | LBE);
	for (int i = 0; i < 17; i++)
		wr(DR, (uint64_t)('a' + i));
	assert_int_equal(rd(RIS) & OE, OE);
	assert_int_equal(rd(RSR), 8);
	for (int i = 0; i < 16; i++)
		assert_int_equal(rd(DR), 'a' + i);
	wr(DR, 'z');
	assert_int_equal(rd(DR), 'z' | 0x800);
	assert_int_equal(rd(RSR), 8);
	wr(RSR, 0);
	assert_int_equal(rd(RSR), 0);
	wr(ICR, OE);
	assert_int_equal(rd(RIS) & OE, 0);
}

static void loopback_break_is_received(void **state)
{
	(void)state;
	wr(CR, 0x301 | LBE);
	wr(LCR_H, FEN | 1);
	assert_int_equal(rd(RIS) & BE, BE);
	assert_int_equal(rd(DR), 0x400);
	assert_int_equal(rd(RSR), 4);
}

static void loopback_connects_the_modem_lines(void **state)
{
	(void)state;
	wr(CR, 0x301 | 0x3c00);
	assert_int_equal(rd(FR) & 0x107, 0);
	wr(CR, 0x301 | LBE | 0x3c00);
	assert_int_equal(rd(FR) & 0x107, 0x107);
	assert_int_equal(rd(RIS) & 0xf, 0xf);
	wr(ICR, 0xf);
	wr(CR, 0x301 | LBE | 0x0800);                   /* RTS alone: CTS stays */
	assert_int_equal(rd(FR) & 0x107, 0x001);
	assert_int_equal(rd(RIS) & 0xf, 0xd);
}

static void reset_lowers_the_line_and_empties_the_fifos(void **state)
{
	(void)state;
	wr(LCR_H, FEN);
	wr(IMSC, 0x7ff);
	wr(CR, 0x301 | LBE | 0x3c00);
	wr(DR, 'x');
	assert_true(irq_level);
	uart.dev.reset(&uart.dev);
	assert_false(irq_level);
	every_register_has_its_reset_value(state);
	receive("a");
	assert_int_equal(rd(DR), 'a');
}

static void unlisted_offsets_read_zero(void **state)
{
	(void)state;
	for (uint32_t off = 0; off < PL011_MMIO_SIZE; off += 4) {
		if ((off > DMACR && off < 0xfe0) || (off > RSR && off < FR)) {
			wr(off, ~0u);
			assert_int_equal(rd(off), 0);
		}
	}
}

#define UART_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UART_TEST(every_register_has_its_reset_value),
		UART_TEST(only_the_bits_of_a_register_are_kept),
		UART_TEST(every_width_reads_the_same_bits),
		UART_TEST(bytes_of_all_widths_are_sent),
		UART_TEST(without_a_back_end_output_is_dropped),
		UART_TEST(a_slow_line_fills_the_fifo_and_loses_nothing),
		UART_TEST(without_fifos_the_depth_is_one),
		UART_TEST(transmit_interrupt_at_each_level),
		UART_TEST(writing_above_the_level_clears_the_transmit_interrupt),
		UART_TEST(receive_interrupt_at_each_level),
		UART_TEST(receive_timeout_ends_when_all_is_read),
		UART_TEST(input_waits_in_the_back_end_when_the_fifo_is_full),
		UART_TEST(input_survives_a_change_of_the_fifo_enable),
		UART_TEST(the_line_follows_masked_status),
		UART_TEST(loopback_receives_what_is_sent_and_no_input),
		UART_TEST(overrun_is_told_with_the_next_byte),
		UART_TEST(loopback_break_is_received),
		UART_TEST(loopback_connects_the_modem_lines),
		UART_TEST(reset_lowers_the_line_and_empties_the_fifos),
		UART_TEST(unlisted_offsets_read_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
