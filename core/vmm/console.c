/* SPDX-License-Identifier: Apache-2.0 */
/* Ports come and go, the interrupt and the timer; console_out.c and console_in.c move bytes. */
#include "core/vmm/console.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <arch/cpu.h>
#include <arch/timer.h>
#include "core/vmm/console_impl.h"

#define DRAIN_S   2
#define REMOVE_S  1

struct console con;

static struct console_port shell_port;
static uint8_t shell_out[1024];

/* ---- in and out of the lock; kept out of the many callers for size ---- */

static __attribute__((noinline)) uint64_t enter(struct console *c)
{
	return spin_lock_irqsave(&c->lock);
}

/* ---- pokes: telling devices, without the console's lock ---- */

static void poke_port(struct console *c, uint32_t slot)
{
	uint64_t flags = enter(c);
	struct console_port *p = c->ports[slot];
	bool tx = p && p->tx_poke, rx = p && p->rx_poke, interrupt = c->interrupt;

	if (tx || rx) {
		p->tx_poke = p->rx_poke = false;
		if (!p->dev)
			c->interrupt = false;
		p->nr_users++;
		spin_unlock(&c->lock);
		for (int i = 0; i < 2; i++) {
			struct chardev *dev = p->ends[i].dev;

			if (tx && dev)
				dev->ops->tx_ready(dev);
			if (rx && dev)
				dev->ops->rx_ready(dev);
		}
		if (rx && !p->dev)
			c->shell_ready(interrupt);
		spin_lock(&c->lock);
		p->nr_users--;
	}
	spin_unlock_irqrestore(&c->lock, flags);
}

/*
 * Leave the console: drop its lock and tell the ports that wait. Only where no
 * lock of a device is held.
 */
static __attribute__((noinline)) void leave(struct console *c, uint64_t flags)
{
	bool poke = c->poke;

	c->poke = false;
	spin_unlock_irqrestore(&c->lock, flags);
	for (uint32_t i = 0; poke && i < CONSOLE_SLOTS; i++)
		poke_port(c, i);
}

/* Leave with a device's lock held: the timer's interrupt tells them. */
static __attribute__((noinline)) void leave_device(struct console *c, uint64_t flags)
{
	if (c->poke)
		console_timer_arm(c, 0);
	spin_unlock_irqrestore(&c->lock, flags);
}

void console_timer_arm(struct console *c, uint32_t ms)
{
	if (c->timer_armed)
		return;
	c->timer_armed = true;
	timer_start(&c->timer, arch_counter() + ms * arch_counter_hz() / 1000);
}

static void console_timer(struct timer *t)
{
	struct console *c = container_of(t, struct console, timer);
	uint64_t flags = enter(c);

	c->timer_armed = false;
	if (!c->resting)
		console_settle(c);
	c->resting = false;
	if (!c->tx_armed)
		console_pump(c);
	leave(c, flags);
}

static void deaf_timer(struct timer *t)
{
	struct console *c = container_of(t, struct console, deaf_timer);
	uint64_t flags = enter(c);

	console_deafen(c);
	leave(c, flags);
}

void console_irq(void)
{
	struct console *c = &con;
	uint64_t flags = enter(c);

	if (console_running(c)) {
		c->uart->ops->irq_ack(c->uart);
		console_receive(c);
		console_pump(c);
	}
	leave(c, flags);
}

/* ---- what stands behind a VM's UART; called with the UART's lock held ---- */

static unsigned int backend_write(void *ctx, const uint8_t *buf, unsigned int n)
{
	const struct console_end *e = ctx;
	struct console *c = &con;
	uint64_t flags = enter(c);

	n = console_take(c, e->port, buf, n);
	leave_device(c, flags);
	return n;
}

static unsigned int in_take(struct console *c, struct console_port *p, uint8_t *buf, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n && p->in.level > 0; i++)
		buf[i] = ring_pop(&p->in);
	p->deaf = false;
	console_receive_again(c);
	return i;
}

/* The second device is what the guest chose, if it did. */
static bool end_reads(const struct console_end *e)
{
	const struct chardev *second = e->port->ends[1].dev;

	return e->dev == second || !second || !second->ops->is_open(second);
}

static unsigned int backend_read(void *ctx, uint8_t *buf, unsigned int n)
{
	const struct console_end *e = ctx;
	struct console *c = &con;
	uint64_t flags;

	if (!end_reads(e))
		return 0;
	flags = enter(c);
	n = in_take(c, e->port, buf, n);
	leave_device(c, flags);
	return n;
}

/* ---- ports ---- */

static void port_init(struct console_port *p, const char *name, void *out, size_t out_size)
{
	memset(p, 0, sizeof(*p));
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->out = (struct ring){ .mem = out, .size = (uint32_t)out_size };
	p->in = (struct ring){ .mem = p->in_mem, .size = CONSOLE_IN };
}

void console_init(struct uart_phys *uart, uint8_t escape_key, uint32_t nr_vms)
{
	struct console *c = &con;

	memset(c, 0, sizeof(*c));
	c->uart = uart;
	c->escape_key = escape_key;
	c->prefixed = nr_vms > 1;
	c->unchosen = true;
	c->turn = CONSOLE_SLOTS - 1;
	timer_setup(&c->timer, console_timer);
	timer_setup(&c->deaf_timer, deaf_timer);
	port_init(&c->log, "log", c->log_mem, sizeof(c->log_mem));
	/* Until somebody is attached, the UART keeps what comes. */
	c->rx_stopped = true;
	atomic_store(&c->running, true);
}

/* Until somebody chooses, the VM of the lowest number is attached, without a word. */
static int port_put(struct console *c, uint32_t slot, struct console_port *p)
{
	uint64_t flags = enter(c);
	int r = c->ports[slot] ? -EEXIST : 0;

	if (r == 0)
		c->ports[slot] = p;
	if (r == 0 && p->dev) {
		c->prefixed |= ++c->nr_added > 1;
		if (!c->attached || (c->unchosen && slot < console_slot(c, c->attached)))
			c->attached = p;
		console_receive_again(c);
	}
	leave(c, flags);
	return r;
}

static void port_connect(struct console_port *p, bool on)
{
	for (int i = 0; i < 2; i++) {
		struct chardev *dev = p->ends[i].dev;

		if (dev)
			dev->ops->connect(dev, on ? &p->ends[i].backend : NULL);
	}
}

int console_add(int idx, const char *name, struct chardev *dev, struct chardev *dev2, void *mem,
		size_t size, size_t log_size)
{
	struct chardev *const devs[] = { dev, dev2 };
	struct console_port *p = mem;
	int r;

	if (idx < 0 || idx >= CONSOLE_MAX_PORTS || size < CONSOLE_MEM_MIN)
		return -EINVAL;
	port_init(p, name, p + 1, size - sizeof(*p));
	snprintf(p->prefix, sizeof(p->prefix), "[%s] ", p->name);
	p->log = (uint8_t *)mem + size;
	p->log_size = (uint32_t)log_size;
	p->dev = dev;
	for (int i = 0; i < 2; i++)
		p->ends[i] = (struct console_end){
			p, devs[i], { backend_write, backend_read, &p->ends[i] },
		};
	r = port_put(&con, (uint32_t)idx, p);
	if (r == 0)
		port_connect(p, true);
	return r;
}

static struct console_port *port_of(const struct console *c, int idx)
{
	if (idx == CONSOLE_SHELL)
		return c->ports[CONSOLE_SHELL_SLOT];
	return idx >= 0 && idx < CONSOLE_MAX_PORTS ? c->ports[idx] : NULL;
}

/* Whom to attach when p goes: the shell, if it is there, comes last. */
static struct console_port *successor(const struct console *c, const struct console_port *p)
{
	for (uint32_t i = 0; i < CONSOLE_SLOTS; i++) {
		if (c->ports[i] && c->ports[i] != p)
			return c->ports[i];
	}
	return NULL;
}

static void port_close(struct console *c, struct console_port *p)
{
	uint64_t flags = enter(c);

	p->closing = true;
	if (c->open == p)
		c->open = &c->log;       /* nobody's any more, but still in the way */
	if (c->attached == p)
		console_switch(c, successor(c, p));
	leave(c, flags);
}

/* Everything that p had to say is out? */
static bool port_drain(struct console *c, struct console_port *p)
{
	uint64_t flags = enter(c);
	bool done;

	c->may_break = true;
	console_pump(c);
	done = p->out.level == 0 && c->line != p;
	leave(c, flags);
	for (int i = 0; i < 2; i++) {
		struct chardev *dev = p->ends[i].dev;

		if (!dev)
			continue;
		dev->ops->tx_ready(dev);
		done = done && !dev->ops->tx_busy(dev);
	}
	return done;
}

/* Take p out of the table; true once nobody uses it. */
static bool port_take(struct console *c, struct console_port *p)
{
	uint64_t flags = enter(c);
	uint32_t slot = console_slot(c, p);
	bool unused = p->nr_users == 0;

	if (slot < CONSOLE_SLOTS) {
		c->ports[slot] = NULL;
		c->nr_added--;
	}
	if (c->line == p)
		c->line = NULL;
	leave(c, flags);
	return unused;
}

void console_remove(int idx)
{
	struct console *c = &con;
	struct console_port *p = port_of(c, idx);
	uint64_t begin = arch_counter(), most = REMOVE_S * arch_counter_hz();

	if (!p || !p->dev)
		return;
	port_close(c, p);
	while (console_running(c) && !port_drain(c, p) && arch_counter() - begin < most)
		arch_cpu_relax();
	port_connect(p, false);
	while (!port_take(c, p))
		arch_cpu_relax();
}

int console_attach(int idx)
{
	struct console *c = &con;
	uint64_t flags = enter(c);
	struct console_port *p = port_of(c, idx);

	if (p)
		console_switch(c, p);
	leave(c, flags);
	return p ? 0 : -ENOENT;
}

const char *console_name(int idx)
{
	const struct console_port *p = port_of(&con, idx);

	return p ? p->name : NULL;
}

uint8_t console_escape_key(void)
{
	return con.escape_key;
}

int console_attached(void)
{
	const struct console_port *p = con.attached;

	if (!p)
		return -ENOENT;
	return p->dev ? (int)console_slot(&con, p) : CONSOLE_SHELL;
}

int console_read_log(int idx, uint64_t *pos, uint8_t *buf, unsigned int n)
{
	struct console *c = &con;
	uint64_t flags = enter(c);
	const struct console_port *p = port_of(c, idx);
	int got = -ENOENT;

	if (p) {
		if (p->log_end - *pos > p->log_size)
			*pos = p->log_end - p->log_size;
		for (got = 0; (unsigned int)got < n && *pos < p->log_end; got++)
			buf[got] = p->log[(*pos)++ % p->log_size];
	}
	leave(c, flags);
	return got;
}

/* ---- the hypervisor's own ---- */

void console_log(const char *line, unsigned int len)
{
	struct console *c = &con;
	uint64_t flags = enter(c);

	console_say(c, line, len);
	leave_device(c, flags);
}

/* One round of console_drain(): true when all is on the wire. */
static bool drain_step(struct console *c)
{
	uint64_t flags = enter(c);
	bool done;

	c->flushing = true;
	c->resting = false;
	console_pump(c);
	done = console_shown(c) && c->uart->ops->tx_idle(c->uart);
	leave(c, flags);
	return done;
}

void console_drain(void)
{
	uint64_t begin = arch_counter(), most = DRAIN_S * arch_counter_hz();

	while (console_running(&con) && !drain_step(&con) && arch_counter() - begin < most)
		arch_cpu_relax();
}

static void crash_putc(char ch)
{
	if (ch == '\n')
		uart_phys_putc_polled(con.uart, '\r');
	uart_phys_putc_polled(con.uart, ch);
}

/*
 * The lock, if it is held, may be held for ever, and what it guards be half
 * changed: then the messages are read no more. The log's ring has them.
 */
void console_seize(void)
{
	struct console *c = &con;
	bool free = !spin_is_locked(&c->lock);

	if (!atomic_exchange(&c->running, false))
		return;
	crash_putc('\n');
	while (free && c->log.out.level > 0)
		crash_putc((char)ring_pop(&c->log.out));
}

void console_crash_write(const char *text, unsigned int len)
{
	console_seize();
	for (unsigned int i = 0; con.uart && i < len; i++)
		crash_putc(text[i]);
}

/* ---- the shell ---- */

void console_shell_open(void (*input_ready)(bool interrupt))
{
	con.shell_ready = input_ready;
	port_init(&shell_port, "corbel", shell_out, sizeof(shell_out));
	port_put(&con, CONSOLE_SHELL_SLOT, &shell_port);
}

int console_shell_getc(void)
{
	uint64_t flags = enter(&con);
	uint8_t b;
	unsigned int n = in_take(&con, &shell_port, &b, 1);

	leave(&con, flags);
	return n ? b : -1;
}

static unsigned int shell_put(const char *text, size_t len)
{
	uint64_t flags = enter(&con);
	unsigned int n = console_take(&con, &shell_port, (const uint8_t *)text, (unsigned int)len);

	leave(&con, flags);
	return n;
}

void console_shell_write(const char *text, size_t len)
{
	while (len > 0) {
		unsigned int n = shell_put(text, MIN(len, sizeof(shell_out)));

		text += n;
		len -= n;
		if (n == 0)
			arch_cpu_relax();
	}
}
