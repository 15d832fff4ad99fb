/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/prompt.h"

#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/smccc.h"
#include "lib/uart.h"

/* SBSA generic watchdog, DEN 0094; where Corbel puts it. */
#define WRR      0x090d0000ul
#define WCS      0x090e0000ul
#define WOR      0x090e0008ul
#define NOWHERE  0x30000000ul	/* on virt there is nothing below RAM but PCI's window */

static const char *prompt_name;
static void (*prompt_report)(void);
static char line[64];
static volatile unsigned int len;
static volatile bool complete;
static bool has_dog;

static void show(void)
{
	gprintf("%s> ", prompt_name);
}

void prompt_start(const char *name, void (*report)(void))
{
	uint64_t ms = guest_arg("watchdog", 0);

	prompt_name = name;
	prompt_report = report;
	if (ms) {
		mmio_w64(WOR, ms * ticks_per_ms());
		mmio_w32(WCS, 1);
		has_dog = true;
	}
	gic_route_set(UART_INTID, read_sysreg(mpidr_el1));
	mmio_w32(UARTIMSC, INT_RX | INT_RT);
	gic_bit_set(GICD_ISENABLER, UART_INTID);
	show();
}

void prompt_irq(uint32_t intid)
{
	if (intid != UART_INTID)
		return;
	while (!(mmio_r32(UARTFR) & FR_RXFE)) {
		char c = (char)mmio_r32(UARTDR);

		if (complete)
			continue;
		if (c == '\r' || c == '\n')
			complete = true;
		else if (len < sizeof(line) - 1)
			line[len++] = c;
	}
	mmio_w32(UARTICR, INT_RX | INT_RT);
}

/* With the MMU off an address is what stage 2 sees, and may be fetched from. */
static void __attribute__((noreturn)) vanish(uint64_t vectors, bool jump)
{
	write_sysreg(vbar_el1, vectors);
	write_sysreg(sctlr_el1, read_sysreg(sctlr_el1) & ~1ul);
	__asm__ volatile("isb" ::: "memory");
	if (jump)
		((void (*)(void))NOWHERE)();
	__asm__ volatile("svc #0");
	for (;;)
		;
}

static void wedge(void)
{
	for (;;)
		;
}

static void crash(void)   { vanish(NOWHERE, false); }
static void nowhere(void) { vanish(0, true); }
static void starve(void)  { has_dog = false; }
static void off(void)     { psci_call(PSCI_SYSTEM_OFF, 0, 0, 0); }
static void reset(void)   { psci_call(PSCI_SYSTEM_RESET, 0, 0, 0); }

static const struct { const char *name; void (*fn)(void); } words[] = {
	{ "off", off }, { "reset", reset }, { "starve", starve }, { "wedge", wedge },
	{ "crash", crash }, { "nowhere", nowhere },
};

static bool carry_out(const char *word)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(word, words[i].name) == 0) {
			words[i].fn();
			return true;
		}
	}
	if (strcmp(word, "stat") != 0)
		return false;
	prompt_report();
	return true;
}

const char *prompt_poll(void)
{
	static char word[sizeof(line)];

	if (has_dog)
		mmio_w32(WRR, 0);
	if (!complete)
		return "";
	line[len] = 0;
	memcpy(word, line, sizeof(word));
	len = 0;
	complete = false;
	if (carry_out(word))
		word[0] = 0;
	show();
	return word;
}

uint64_t prompt_number(const char **s)
{
	uint64_t v = 0;

	while (**s == ' ')
		(*s)++;
	for (; **s && **s != ' '; (*s)++)
		v = v * 16 + (uint64_t)(**s <= '9' ? **s - '0' : **s - 'a' + 10);
	return v;
}
