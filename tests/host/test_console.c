/* SPDX-License-Identifier: Apache-2.0 */
/* Many consoles on one UART: what the user sees and what the guests get. */
#include "core/vmm/console.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arch/timer.h>
#include "core/lib/bits.h"
#include "core/timer.h"
#include "devices/pl011.h"

#define ESCAPE "\x1d"
#define LOG_SIZE 64
enum { DR = 0x00, FR = 0x18, LCR_H = 0x2c, RXFE = 0x10, TXFF = 0x20 };

/* ---- the physical UART ---- */

static struct {
	char out[65536];
	unsigned int nr_out, checked;
	unsigned int room;                   /* of its FIFO; UINT32_MAX: endless */
	const char *in;
	bool tx_irq, rx_irq;
} wire;

static void wire_init(struct uart_phys *u)
{
	(void)u;
}

static unsigned int wire_tx_room(struct uart_phys *u)
{
	(void)u;
	return MIN(wire.room, 16u);
}

static void wire_tx(struct uart_phys *u, uint8_t byte)
{
	(void)u;
	assert_true(wire.room > 0);
	assert_true(wire.nr_out < sizeof(wire.out) - 1);
	wire.room -= wire.room != UINT32_MAX;
	wire.out[wire.nr_out++] = (char)byte;
}

static bool wire_tx_idle(struct uart_phys *u)
{
	(void)u;
	return true;
}

static int wire_rx(struct uart_phys *u)
{
	(void)u;
	return *wire.in ? (uint8_t)*wire.in++ : -1;
}

static void wire_irq_ack(struct uart_phys *u)
{
	(void)u;
}

static void wire_tx_irq(struct uart_phys *u, bool on)
{
	(void)u;
	wire.tx_irq = on;
}

static void wire_rx_irq(struct uart_phys *u, bool on)
{
	(void)u;
	wire.rx_irq = on;
}

static const struct uart_ops wire_ops = {
	"test", wire_init, wire_tx_room, wire_tx, wire_tx_idle, wire_rx, wire_irq_ack,
	wire_tx_irq, wire_rx_irq,
};
static struct uart_phys wire_uart = { .ops = &wire_ops };

/* Let the wire take n bytes, with the interrupts that this brings. */
static void wire_drain(unsigned int n)
{
	while (n > 0) {
		wire.room = MIN(n, 16u);
		n -= wire.room;
		if (wire.tx_irq)
			console_irq();
	}
}

/* Type; what is not taken now stays in wire.in. */
static void type(const char *text)
{
	wire.in = text;
	for (int i = 0; i < 100 && wire.rx_irq && *wire.in; i++)
		console_irq();
}

static void run_timer(void)
{
	while (fake_hyp_timer_on && fake_hyp_timer_cval <= fake_counter)
		timer_interrupt();
}

static void pass_ms(uint64_t ms)
{
	for (uint64_t i = 0; i < ms; i++) {
		fake_counter += fake_counter_hz / 1000;
		run_timer();
	}
}

/* Everything put out since the last look. */
static void assert_shown(const char *text)
{
	wire.out[wire.nr_out] = '\0';
	assert_string_equal(wire.out + wire.checked, text);
	wire.checked = wire.nr_out;
}

/* ---- VMs ---- */

#define NR_VMS 3
static struct pl011 uart[NR_VMS];
static _Alignas(8) char mem[NR_VMS][4096];
static const char *const names[NR_VMS] = { "one", "two", "three" };
static unsigned int nr_vms;

static uint64_t reg(unsigned int vm, uint64_t offset, bool is_write, uint64_t value)
{
	struct mmio_access acc = {
		.offset = offset, .size = 4, .is_write = is_write, .value = value,
	};

	assert_int_equal(uart[vm].dev.access(&uart[vm].dev, &acc), 0);
	return acc.value;
}

/* As a driver does: wait for room. False: there is none. */
static bool guest_putc(unsigned int vm, char c)
{
	if (reg(vm, FR, false, 0) & TXFF)
		return false;
	reg(vm, DR, true, (uint8_t)c);
	return true;
}

static void guest_puts(unsigned int vm, const char *text)
{
	while (*text)
		assert_true(guest_putc(vm, *text++));
}

/* Read all there is. */
static const char *guest_gets(unsigned int vm)
{
	static char got[4096];
	unsigned int n = 0;

	while (!(reg(vm, FR, false, 0) & RXFE) && n < sizeof(got) - 1)
		got[n++] = (char)reg(vm, DR, false, 0);
	got[n] = '\0';
	return got;
}

static void add_vm(void)
{
	unsigned int vm = nr_vms++;

	pl011_init(&uart[vm], 0, (struct irq_line){ 0 });
	reg(vm, LCR_H, true, 0x10);
	assert_int_equal(console_add((int)vm, names[vm], &uart[vm].chardev, NULL, mem[vm],
				     sizeof(mem[vm]) - LOG_SIZE, LOG_SIZE), 0);
}

static void start(unsigned int nr)
{
	/* What was on its way in the test before is out, and no timer of it armed. */
	wire.room = UINT32_MAX;
	wire.nr_out = 0;
	pass_ms(1000);
	fake_counter += 100 * fake_counter_hz;
	run_timer();
	memset(&wire, 0, sizeof(wire));
	wire.in = "";
	wire.room = UINT32_MAX;
	nr_vms = 0;
	console_init(&wire_uart, 0x1d, nr);
	while (nr_vms < nr)
		add_vm();
}

static int setup_one(void **state)
{
	(void)state;
	start(1);
	return 0;
}

static int setup_three(void **state)
{
	(void)state;
	start(3);
	return 0;
}

/* ---- one VM ---- */

static void one_vm_passes_through_byte_by_byte(void **state)
{
	char all[257], *p = all;

	(void)state;
	for (int i = 1; i < 256; i++)
		*p++ = (char)i;
	*p = '\0';
	guest_puts(0, "a");
	assert_shown("a");
	guest_puts(0, all);
	assert_shown(all);
	assert_false(wire.tx_irq);
	guest_puts(0, "no newline\rx\033[2J");
	assert_shown("no newline\rx\033[2J");
}

static void one_vm_on_a_slow_wire_loses_nothing(void **state)
{
	unsigned int sent = 0;

	(void)state;
	wire.room = 0;
	for (unsigned int round = 0; round < 2000; round++) {
		for (int i = 0; i < 50 && guest_putc(0, (char)('a' + sent % 26)); i++)
			sent++;
		wire_drain(3);
		run_timer();
	}
	assert_true(sent > 6000 && sent < 12000);       /* held back by the wire */
	wire_drain(20000);
	run_timer();
	wire_drain(20000);
	assert_int_equal(wire.nr_out, sent);
	for (unsigned int i = 0; i < sent; i++)
		assert_int_equal(wire.out[i], 'a' + i % 26);
}

static void log_line_does_not_break_a_line_that_moves(void **state)
{
	(void)state;
	guest_puts(0, "half ");
	console_log("corbel: hello", 13);
	assert_shown("half ");
	guest_puts(0, "whole\r\n");
	run_timer();
	pass_ms(25);
	assert_shown("whole\r\ncorbel: hello\r\n");
}

static void log_line_comes_through_a_prompt_which_is_shown_again(void **state)
{
	(void)state;
	guest_puts(0, "ok\r\n\033[1m~ #\033[m ");
	console_log("corbel: hello", 13);
	assert_shown("ok\r\n\033[1m~ #\033[m ");
	pass_ms(45);
	assert_shown("\r\ncorbel: hello\r\n~ # ");
	guest_puts(0, "ls\r\n");
	assert_shown("ls\r\n");
}

static void log_line_does_not_wait_for_ever(void **state)
{
	(void)state;
	guest_puts(0, "x");
	console_log("corbel: hello", 13);
	for (int i = 0; i < 500; i++) {
		guest_puts(0, "x");
		pass_ms(1);
	}
	wire.out[wire.nr_out] = '\0';
	assert_non_null(strstr(wire.out, "x\r\ncorbel: hello\r\nx"));
}

static void log_gets_through_though_the_wire_is_slow_and_the_ring_full(void **state)
{
	char line[64];

	(void)state;
	wire.room = 0;
	for (int i = 0; i < 200; i++) {
		wire.room = 64;                  /* a wire that moves while polled */
		console_log(line, (unsigned int)snprintf(line, sizeof(line), "corbel: line %d", i));
	}
	for (int i = 0; i < 100; i++)
		wire_drain(64);
	wire.out[wire.nr_out] = '\0';
	for (int i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), "corbel: line %d\r\n", i);
		assert_non_null(strstr(wire.out, line));
	}
}

static void log_on_a_dead_wire_returns(void **state)
{
	(void)state;
	wire.room = 0;
	for (int i = 0; i < 400; i++)
		console_log("corbel: nobody will ever see this line", 38);
	assert_int_equal(wire.nr_out, 0);
}

/* ---- more VMs ---- */

static void lines_carry_names_and_are_never_mixed(void **state)
{
	(void)state;
	guest_puts(1, "from ");
	guest_puts(0, "first ");
	guest_puts(2, "three\n");
	guest_puts(1, "two\r\n");
	guest_puts(0, "line\r\n");
	guest_puts(0, "second line\r\n");
	pass_ms(50);
	assert_shown("[one] first line\r\n[two] from two\r\n[three] three\r\n"
		     "[one] second line\r\n");
}

static void prompt_is_shown_at_once_and_again_after_others(void **state)
{
	(void)state;
	guest_puts(0, "login: ");
	assert_shown("[one] login: ");
	guest_puts(1, "busy\r\n");
	assert_shown("");
	pass_ms(45);
	assert_shown("\r\n[two] busy\r\n[one] login: ");
	guest_puts(1, "again\r\n");
	pass_ms(45);
	assert_shown("\r\n[two] again\r\n[one] login: ");
	guest_puts(0, "root\r\n");
	assert_shown("root\r\n");
}

static void line_written_over_keeps_its_name(void **state)
{
	(void)state;
	guest_puts(0, "10%\r20%\rdone\r\n");
	assert_shown("[one] 10%\r[one] 20%\r[one] done\r\n");
}

static void detached_vm_cannot_leave_its_line(void **state)
{
	(void)state;
	guest_puts(1, "\r[one] fake\033[2K\033[1A\b\x7f\x01 \033[31mred\033[m\n");
	assert_shown("[two] [one] fake red\r\n");
}

static void line_without_end_is_cut(void **state)
{
	char *p;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		guest_putc(1, 'x');
		fake_counter += fake_counter_hz / 50000;
		run_timer();
		if (wire.tx_irq)
			console_irq();
	}
	wire.out[wire.nr_out] = '\0';
	assert_true(wire.nr_out > 10000);
	for (p = wire.out; (p = strstr(p, "\r\n")) != NULL; p += 2)
		assert_true(p[2] == '\0' || strncmp(p + 2, "[two] x", 7) == 0);
}

/*
 * A UART that takes all at once, as emulators' do: what has gathered behind an unfinished
 * line goes out in pieces, for in between the pCPU is its threads'.
 */
static void a_fast_wire_gets_so_much_a_millisecond(void **state)
{
	unsigned int before, most = 0, sent = 0;

	(void)state;
	guest_puts(0, "prompt");
	for (int i = 0; i < 60; i++) {
		guest_puts(1, "some line or other\n");
		guest_puts(2, "some line or other\n");
		sent += 2;
	}
	assert_string_equal(wire.out, "[one] prompt");
	for (int i = 0; i < 200; i++) {
		before = wire.nr_out;
		pass_ms(1);
		for (int irq = 0; wire.tx_irq && irq < 100; irq++)
			console_irq();
		/* Whoever writes meanwhile does not bring it out sooner. */
		guest_puts(1, "x");
		most = MAX(most, wire.nr_out - before);
	}
	assert_in_range(most, 200, 300);
	wire.out[wire.nr_out] = '\0';
	for (char *l = wire.out; (l = strstr(l, "] some line or other\r\n")) != NULL; l++)
		sent--;
	assert_int_equal(sent, 0);
}

/* A board without a UART, or before there is one. */
static void without_a_uart_all_is_dropped(void **state)
{
	(void)state;
	console_crash_write("x", 1);             /* ends the console */
	wire.checked = wire.nr_out;
	add_vm();
	guest_puts(1, "x\r\n");
	assert_string_equal(guest_gets(1), "");
	assert_int_equal(console_attach(1), 0);
	console_log("x", 1);
	console_drain();
	console_irq();
	console_remove(1);
	assert_shown("");
}

/* Two VMs flood a slow wire, a third says something now and then. */
static void no_vm_floods_another_away(void **state)
{
	unsigned int flood = 0, said = 0, seen = 0;
	char line[64];

	(void)state;
	wire.room = 0;
	for (unsigned int round = 0; round < 400; round++) {
		while (guest_putc(0, "flood of the attached one\n"[flood % 26]))
			flood++;
		for (int i = 0; i < 100; i++)
			guest_putc(1, "flood\n"[i % 6]);
		if (round % 20 == 0) {
			snprintf(line, sizeof(line), "line %u of the quiet one\r\n", said++);
			guest_puts(2, line);
		}
		wire_drain(120);
		run_timer();
	}
	for (int i = 0; i < 200; i++) {
		wire_drain(64);
		pass_ms(1);
	}
	wire.out[wire.nr_out] = '\0';
	for (unsigned int i = 0; i < said; i++) {
		snprintf(line, sizeof(line), "[three] line %u of the quiet one\r\n", i);
		seen += strstr(wire.out, line) != NULL;
	}
	assert_int_equal(seen, said);
	/* The floods share what is left: neither starves. */
	assert_non_null(strstr(wire.out + wire.nr_out / 2, "[two] "));
	assert_non_null(strstr(wire.out + wire.nr_out / 2, "[one] flood of the attached one\r\n"));
}

static void many_vms_lose_no_line_on_a_slow_wire(void **state)
{
	unsigned int sent[NR_VMS] = { 0 }, at[NR_VMS] = { 0 }, got[NR_VMS] = { 0 };
	char line[NR_VMS][40], *save = NULL;

	(void)state;
	for (unsigned int round = 0; round < 3000; round++) {
		for (unsigned int vm = 0; vm < NR_VMS; vm++) {
			snprintf(line[vm], sizeof(line[vm]), "number %u\n", sent[vm]);
			while (line[vm][at[vm]] && guest_putc(vm, line[vm][at[vm]]))
				at[vm]++;
			if (!line[vm][at[vm]]) {
				sent[vm]++;
				at[vm] = 0;
			}
		}
		wire_drain(12);
		pass_ms(1);
	}
	for (int i = 0; i < 20; i++) {
		wire_drain(1000);
		pass_ms(1);
	}
	wire.out[wire.nr_out] = '\0';
	for (char *l = strtok_r(wire.out, "\r\n", &save); l; l = strtok_r(NULL, "\r\n", &save)) {
		for (unsigned int vm = 0; vm < NR_VMS; vm++) {
			char expect[64];

			snprintf(expect, sizeof(expect), "[%s] number %u", names[vm], got[vm]);
			got[vm] += strcmp(l, expect) == 0;
		}
	}
	for (unsigned int vm = 0; vm < NR_VMS; vm++) {
		assert_int_equal(got[vm], sent[vm]);
		assert_true(sent[vm] > 300);
	}
}

/* ---- input ---- */

static void input_goes_to_the_attached_vm(void **state)
{
	(void)state;
	type("hello\r");
	assert_string_equal(guest_gets(0), "hello\r");
	assert_string_equal(guest_gets(1), "");
	type(ESCAPE "1abc");
	assert_string_equal(guest_gets(0), "");
	assert_string_equal(guest_gets(1), "abc");
	assert_shown("corbel: console: input goes to 1 two\r\n");
	assert_int_equal(console_attached(), 1);
}

static void escape_key_twice_is_the_key(void **state)
{
	(void)state;
	type("a" ESCAPE ESCAPE "b");
	assert_string_equal(guest_gets(0), "a\x1d" "b");
	type(ESCAPE ESCAPE ESCAPE ESCAPE "1");
	assert_string_equal(guest_gets(0), "\x1d\x1d" "1");
}

static void escape_n_and_p_go_round(void **state)
{
	static const struct { const char *keys; int at; } steps[] = {
		{ ESCAPE "n", 1 }, { ESCAPE "n", 2 }, { ESCAPE "n", 0 }, { ESCAPE "p", 2 },
		{ ESCAPE "p", 1 }, { ESCAPE "0", 0 }, { ESCAPE "7", 0 }, { ESCAPE "c", 0 },
		{ ESCAPE "?", 0 }, { ESCAPE "l", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		type(steps[i].keys);
		assert_int_equal(console_attached(), steps[i].at);
	}
	wire.out[wire.nr_out] = '\0';
	assert_non_null(strstr(wire.out, "there is no VM 7\r\n"));
	assert_non_null(strstr(wire.out, "there is no shell\r\n"));
	assert_non_null(strstr(wire.out, "escape key again: send it\r\n"));
	assert_non_null(strstr(wire.out, "console: 0 one (attached)\r\n"));
	assert_non_null(strstr(wire.out, "console: 2 three\r\n"));
	for (unsigned int vm = 0; vm < NR_VMS; vm++)
		assert_string_equal(guest_gets(vm), "");
}

static void input_that_is_not_read_waits_and_is_not_lost(void **state)
{
	static char text[2001];
	char got[2001] = "";

	(void)state;
	for (unsigned int i = 0; i < 2000; i++)
		text[i] = (char)('a' + i % 26);
	type(text);
	assert_false(wire.rx_irq);               /* left in the UART */
	assert_true(strlen(wire.in) > 1500);
	for (int i = 0; i < 2000 && strlen(got) < 2000; i++) {
		strcat(got, guest_gets(0));
		if (wire.rx_irq)
			console_irq();
	}
	assert_string_equal(got, text);
}

static void escape_key_is_heard_though_the_vm_never_reads(void **state)
{
	static char text[1001];

	(void)state;
	memset(text, 'x', 998);
	strcpy(text + 998, ESCAPE "2");
	type(text);
	assert_false(wire.rx_irq);
	pass_ms(10100);
	assert_true(wire.rx_irq);
	type(wire.in);
	assert_int_equal(console_attached(), 2);
	assert_int_equal(strlen(guest_gets(0)), 16 + 256);     /* the rest was dropped */
}

static void what_was_typed_before_a_switch_stays_with_its_vm(void **state)
{
	(void)state;
	type("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" ESCAPE "1bbb" ESCAPE "0cc");
	assert_string_equal(guest_gets(0), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaacc");
	assert_string_equal(guest_gets(1), "bbb");
}

static void attaching_shows_the_prompt(void **state)
{
	(void)state;
	guest_puts(1, "held back: ");
	assert_shown("");
	assert_int_equal(console_attach(1), 0);
	assert_shown("corbel: console: input goes to 1 two\r\n[two] held back: ");
	assert_int_equal(console_attach(0), 0);
	assert_shown("\r\ncorbel: console: input goes to 0 one\r\n");
	assert_int_equal(console_attach(1), 0);
	assert_shown("corbel: console: input goes to 1 two\r\n[two] held back: ");
	assert_int_equal(console_attach(5), -ENOENT);
	assert_int_equal(console_attach(CONSOLE_SHELL), -ENOENT);
}

static void a_line_finished_when_detached_is_shown_whole(void **state)
{
	(void)state;
	guest_puts(0, "started here ");
	assert_shown("[one] started here ");
	console_attach(1);
	assert_shown("\r\ncorbel: console: input goes to 1 two\r\n");
	guest_puts(0, "and finished\r\n");
	assert_shown("[one] started here and finished\r\n");
}

/* ---- coming and going ---- */

static bool shell_told;

static bool interrupted;

static void shell_ready(bool interrupt)
{
	interrupted |= interrupt;
	shell_told = true;
}

static void input_before_the_first_vm_waits(void **state)
{
	(void)state;
	start(0);
	assert_false(wire.rx_irq);
	wire.in = "early";
	add_vm();
	assert_true(wire.rx_irq);
	console_irq();
	assert_string_equal(guest_gets(0), "early");
}

static void shell_alone_is_attached_when_asked(void **state)
{
	(void)state;
	start(0);
	console_shell_open(shell_ready);
	console_shell_write("corbel> ", 8);
	assert_false(wire.rx_irq);
	assert_int_equal(console_attach(CONSOLE_SHELL), 0);
	assert_shown("corbel: console: input goes to the hypervisor\r\ncorbel> ");
	type("q");
	assert_int_equal(console_shell_getc(), 'q');
}

static void removed_vm_says_its_last_words(void **state)
{
	(void)state;
	guest_puts(1, "last words");
	guest_puts(0, "# ");
	console_remove(1);
	assert_shown("[one] # \r\n[two] last words\r\n[one] # ");
	guest_puts(1, "from the grave\r\n");
	guest_puts(0, "x\r\n");
	assert_shown("x\r\n");                   /* a prefix once, a prefix for ever */
	assert_null(console_name(1));
	console_remove(1);
	console_remove(-5);
	console_remove(64);
}

static void removing_the_attached_vm_attaches_the_next(void **state)
{
	(void)state;
	guest_puts(0, "bye");
	console_remove(0);
	assert_int_equal(console_attached(), 1);
	assert_shown("[one] bye\r\ncorbel: console: input goes to 1 two\r\n");
	console_remove(1);
	console_remove(2);
	assert_int_equal(console_attached(), -ENOENT);
	type("nobody" ESCAPE "l");
	assert_int_equal(console_add(0, "new", &uart[0].chardev, NULL, mem[0], sizeof(mem[0]), 0),
			 0);
	assert_int_equal(console_attached(), 0);
}

static void bad_ports_are_refused(void **state)
{
	(void)state;
	assert_int_equal(console_add(3, "x", &uart[0].chardev, NULL, mem[0], 64, 0), -EINVAL);
	assert_int_equal(console_add(-1, "x", &uart[0].chardev, NULL, mem[0], 4096, 0), -EINVAL);
	assert_int_equal(console_add(64, "x", &uart[0].chardev, NULL, mem[0], 4096, 0), -EINVAL);
	start(0);
	add_vm();
	assert_int_equal(console_add(0, "x", &uart[1].chardev, NULL, mem[1], 4096, 0), -EEXIST);
}

static void the_lowest_number_is_attached_until_somebody_chooses(void **state)
{
	(void)state;
	start(0);
	assert_int_equal(console_add(2, "x", &uart[2].chardev, NULL, mem[2], 4096, 0), 0);
	assert_int_equal(console_add(1, "y", &uart[1].chardev, NULL, mem[1], 4096, 0), 0);
	assert_int_equal(console_attached(), 1);
	type(ESCAPE "2");
	assert_int_equal(console_add(0, "z", &uart[0].chardev, NULL, mem[0], 4096, 0), 0);
	assert_int_equal(console_attached(), 2);
}

static void drain_shows_all_there_is(void **state)
{
	(void)state;
	console_shell_open(shell_ready);
	console_shell_write("corbel> ", 8);      /* a prompt nobody asked for is not */
	guest_puts(0, "prompt");
	guest_puts(1, "half");
	console_log("corbel: bye", 11);
	console_drain();
	assert_shown("[one] prompt\r\ncorbel: bye\r\n[two] half\r\n[one] prompt");
}

static void crash_report_takes_the_line(void **state)
{
	(void)state;
	guest_puts(0, "prompt");
	console_log("corbel: cause", 13);
	console_crash_write("PANIC\n", 6);
	assert_shown("[one] prompt\r\ncorbel: cause\r\nPANIC\r\n");
	guest_puts(0, "more\r\n");
	guest_puts(1, "more\r\n");
	console_log("corbel: more", 12);
	console_irq();
	pass_ms(50);
	console_drain();
	console_remove(1);
	assert_shown("");
}

static void shell_is_a_port_like_others(void **state)
{
	(void)state;
	shell_told = false;
	console_shell_open(shell_ready);
	assert_int_equal(console_attached(), 0); /* not by coming up */
	console_shell_write("corbel> ", 8);
	assert_shown("");
	type(ESCAPE "c");
	assert_shown("corbel: console: input goes to the hypervisor\r\ncorbel> ");
	assert_int_equal(console_attached(), CONSOLE_SHELL);
	type("vm");
	assert_true(shell_told);
	assert_int_equal(console_shell_getc(), 'v');
	assert_int_equal(console_shell_getc(), 'm');
	assert_int_equal(console_shell_getc(), -1);
	guest_puts(0, "hello\r\n");
	pass_ms(45);
	assert_shown("\r\n[one] hello\r\ncorbel> ");
	console_shell_write("help\nx", 6);
	assert_shown("help\r\nx");                /* a terminal needs the CR */
	assert_false(interrupted);
	type("a\x03");
	assert_true(interrupted);
	interrupted = false;
	type("b");
	assert_false(interrupted);
	type(ESCAPE "0");
	assert_int_equal(console_attached(), 0);
	/* In a VM it is a byte like others. */
	type("\x03");
	assert_false(interrupted);
}

static const char *read_log(int vm)
{
	static char text[2 * LOG_SIZE];
	uint64_t pos = 0;
	int n, len = 0;

	while ((n = console_read_log(vm, &pos, (uint8_t *)text + len, 10)) > 0)
		len += n;
	text[len] = '\0';
	return text;
}

static void what_a_vm_printed_last_is_kept(void **state)
{
	uint64_t pos = 0;
	uint8_t b[8];

	(void)state;
	assert_string_equal(read_log(1), "");
	guest_puts(1, "one\r\ntwo");
	assert_string_equal(read_log(1), "one\r\ntwo");
	assert_string_equal(read_log(0), "");
	for (int i = 0; i < 20; i++)
		guest_puts(1, "0123456789");
	assert_int_equal(strlen(read_log(1)), LOG_SIZE);
	assert_string_equal(read_log(1) + LOG_SIZE - 12, "890123456789");
	/* A reader that was overtaken goes on with the oldest there is. */
	assert_int_equal(console_read_log(1, &pos, b, 4), 4);
	assert_memory_equal(b, "6789", 4);
	for (int i = 0; i < LOG_SIZE; i++)
		guest_puts(1, "z");
	assert_int_equal(console_read_log(1, &pos, b, 4), 4);
	assert_memory_equal(b, "zzzz", 4);
	assert_int_equal(console_read_log(9, &pos, b, 4), -ENOENT);
}

static void what_a_vm_alone_printed_is_kept(void **state)
{
	(void)state;
	guest_puts(0, "boot\r\n");
	assert_shown("boot\r\n");
	wire.room = 0;
	guest_puts(0, "slow");
	assert_string_equal(read_log(0), "boot\r\nslow");
	wire.room = UINT32_MAX;
}

#define ONE(name)   cmocka_unit_test_setup(name, setup_one)
#define THREE(name) cmocka_unit_test_setup(name, setup_three)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(one_vm_passes_through_byte_by_byte),
		ONE(one_vm_on_a_slow_wire_loses_nothing),
		ONE(log_line_does_not_break_a_line_that_moves),
		ONE(log_line_comes_through_a_prompt_which_is_shown_again),
		ONE(log_line_does_not_wait_for_ever),
		ONE(log_gets_through_though_the_wire_is_slow_and_the_ring_full),
		ONE(log_on_a_dead_wire_returns),
		ONE(what_a_vm_alone_printed_is_kept),
		THREE(what_a_vm_printed_last_is_kept),
		THREE(lines_carry_names_and_are_never_mixed),
		THREE(prompt_is_shown_at_once_and_again_after_others),
		THREE(line_written_over_keeps_its_name),
		THREE(detached_vm_cannot_leave_its_line),
		THREE(line_without_end_is_cut),
		THREE(a_fast_wire_gets_so_much_a_millisecond),
		ONE(without_a_uart_all_is_dropped),
		THREE(no_vm_floods_another_away),
		THREE(many_vms_lose_no_line_on_a_slow_wire),
		THREE(input_goes_to_the_attached_vm),
		THREE(escape_key_twice_is_the_key),
		THREE(escape_n_and_p_go_round),
		THREE(input_that_is_not_read_waits_and_is_not_lost),
		THREE(escape_key_is_heard_though_the_vm_never_reads),
		THREE(what_was_typed_before_a_switch_stays_with_its_vm),
		THREE(attaching_shows_the_prompt),
		THREE(a_line_finished_when_detached_is_shown_whole),
		ONE(input_before_the_first_vm_waits),
		ONE(shell_alone_is_attached_when_asked),
		THREE(removed_vm_says_its_last_words),
		THREE(removing_the_attached_vm_attaches_the_next),
		THREE(bad_ports_are_refused),
		ONE(the_lowest_number_is_attached_until_somebody_chooses),
		THREE(drain_shows_all_there_is),
		THREE(crash_report_takes_the_line),
		ONE(shell_is_a_port_like_others),
		THREE(shell_is_a_port_like_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
