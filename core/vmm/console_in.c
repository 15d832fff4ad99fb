/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way in: what is typed goes to the attached port. When it does not read,
 * the bytes wait in its ring and then in the UART, so nothing is lost; but after
 * a while they are dropped, as the escape key must always be heard.
 */
#include "core/vmm/console_impl.h"

#include <arch/timer.h>
#include <stdarg.h>
#include <stdio.h>

#define RECEIVE_MAX 64               /* bytes read per interrupt              */
#define CTRL_C      3
#define DEAF_S      10               /* a full ring unread for so long        */

static void say(struct console *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct console *c, const char *fmt, ...)
{
	char line[120];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	console_say(c, line, MIN((unsigned int)n, (unsigned int)sizeof(line) - 1));
}

uint32_t console_slot(const struct console *c, const struct console_port *p)
{
	uint32_t i = 0;

	while (i < CONSOLE_SLOTS && c->ports[i] != p)
		i++;
	return i;
}

void console_switch(struct console *c, struct console_port *p)
{
	c->unchosen = false;
	if (p != c->attached) {
		c->attached = p;
		c->may_break = true;
		if (p && p->dev)
			say(c, "corbel: console: input goes to %u %s", console_slot(c, p), p->name);
		else
			say(c, p ? "corbel: console: input goes to the hypervisor"
				 : "corbel: console: input goes nowhere");
	}
	console_receive_again(c);
}

/* ---- commands after the escape key ---- */

static void cmd_list(struct console *c)
{
	for (uint32_t i = 0; i < CONSOLE_MAX_PORTS; i++) {
		if (c->ports[i])
			say(c, "corbel: console: %u %s%s", i, c->ports[i]->name,
			    c->ports[i] == c->attached ? " (attached)" : "");
	}
}

static void cmd_help(struct console *c)
{
	say(c, "corbel: console: escape key, then 0-9: that VM, n: next, p: previous, l: list,");
	say(c, "corbel: console: c: the hypervisor's shell, ?: this, escape key again: send it");
}

/* The nearest VM port in direction step from the attached one. */
static void cmd_step(struct console *c, uint32_t step)
{
	uint32_t at = console_slot(c, c->attached);

	at = at < CONSOLE_MAX_PORTS ? at : CONSOLE_MAX_PORTS - step;
	for (uint32_t i = 0; i < CONSOLE_MAX_PORTS; i++) {
		at = (at + step) % CONSOLE_MAX_PORTS;
		if (c->ports[at]) {
			console_switch(c, c->ports[at]);
			return;
		}
	}
}

static void cmd_attach(struct console *c, uint32_t slot)
{
	if (c->ports[slot])
		console_switch(c, c->ports[slot]);
	else if (slot == CONSOLE_SHELL_SLOT)
		say(c, "corbel: console: there is no shell");
	else
		say(c, "corbel: console: there is no VM %u", slot);
}

static void command(struct console *c, uint8_t key)
{
	if (key >= '0' && key <= '9')
		cmd_attach(c, key - '0');
	else if (key == 'n')
		cmd_step(c, 1);
	else if (key == 'p')
		cmd_step(c, CONSOLE_MAX_PORTS - 1);
	else if (key == 'l')
		cmd_list(c);
	else if (key == 'c')
		cmd_attach(c, CONSOLE_SHELL_SLOT);
	else
		cmd_help(c);
}

/* ---- bytes ---- */

static void deliver(struct console *c, uint8_t b)
{
	struct console_port *p = c->attached;

	if (!p || ring_room(&p->in) == 0)
		return;
	ring_push(&p->in, b);
	p->rx_poke = c->poke = true;
	c->interrupt |= !p->dev && b == CTRL_C;
}

static void input_byte(struct console *c, uint8_t b)
{
	bool after_escape = c->escape;

	c->escape = b == c->escape_key && !after_escape;
	if (c->escape)
		return;
	if (after_escape && b != c->escape_key)
		command(c, b);
	else
		deliver(c, b);
}

/* What follows the escape key needs no room. */
static bool has_room(const struct console *c)
{
	return c->escape || !c->attached || c->attached->deaf || ring_room(&c->attached->in) > 0;
}

static void rx_stop(struct console *c, bool stop)
{
	c->rx_stopped = stop;
	c->uart->ops->rx_irq(c->uart, !stop);
	if (stop)
		timer_start(&c->deaf_timer, arch_counter() + DEAF_S * arch_counter_hz());
	else
		timer_cancel(&c->deaf_timer);
}

void console_receive(struct console *c)
{
	if (c->rx_stopped)
		return;
	for (int i = 0; i < RECEIVE_MAX; i++) {
		int b;

		if (!has_room(c)) {
			rx_stop(c, true);
			return;
		}
		b = c->uart->ops->rx(c->uart);
		if (b < 0)
			return;
		input_byte(c, (uint8_t)b);
	}
}

/* The UART still has its bytes and interrupts for them once it may. */
void console_receive_again(struct console *c)
{
	if (c->rx_stopped && has_room(c) && console_running(c))
		rx_stop(c, false);
}

void console_deafen(struct console *c)
{
	if (c->rx_stopped && c->attached)
		c->attached->deaf = true;
	console_receive_again(c);
}
