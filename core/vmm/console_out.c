/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way out: bytes of many sources become whole lines on one UART. The source
 * of the next bytes is chosen only at the start of a line; the attached port
 * alone may leave a line unfinished on the screen (a prompt), which is shown
 * again after lines of others have come in between.
 */
#include "core/vmm/console_impl.h"

#include <string.h>

#define PUMP_MAX   256               /* bytes moved in one go, and then          */
#define REST_MS    1                 /* so long none                             */
#define STEP_MAX   (CONSOLE_NAME + 8)/* bytes one step of attached_show() stages */
#define SETTLE_MS  20                /* an unfinished line rests: it may be broken */
#define SETTLE_MAX 10                /* times to wait for one that does not rest */
#define POLL_MAX   1000000           /* status reads before the UART counts as dead */

static void put(struct console *c, uint8_t b)
{
	c->stage[c->stage_len++] = b;
}

static void put_text(struct console *c, const char *s)
{
	while (*s != '\0')
		put(c, (uint8_t)*s++);
}

bool console_plain(uint8_t *state, uint8_t b)
{
	enum { TEXT, ESC, CSI };
	uint8_t before = *state;

	*state = TEXT;
	if (b == 0x1b) {
		*state = ESC;
		return false;
	}
	if (before == ESC) {
		*state = b == '[' ? CSI : TEXT;
		return false;
	}
	if (before == CSI) {
		*state = b >= 0x40 && b <= 0x7e ? TEXT : CSI;
		return false;
	}
	return b == '\t' || (b >= ' ' && b != 0x7f);
}

static uint8_t out_pop(struct console *c, struct console_port *p)
{
	uint8_t b = ring_pop(&p->out);

	if (b == '\n')
		p->lines--;
	if (p->tx_starved && p->out.level <= p->out.size / 2) {
		p->tx_starved = false;
		p->tx_poke = c->poke = true;
	}
	return b;
}

/* Begin a line of p on a fresh line of the screen, with what it had shown of it before. */
static void begin(struct console *c, struct console_port *p)
{
	if (c->open)
		put_text(c, "\r\n");
	c->open = NULL;
	c->cr = false;
	c->escape_seq = 0;
	if (c->prefixed || p != c->attached)
		put_text(c, p->prefix);
	for (unsigned int i = 0; i < p->nr_partial; i++) {
		if (console_plain(&c->escape_seq, p->partial[i]))
			put(c, p->partial[i]);
	}
	c->escape_seq = 0;
}

/* ---- whole lines of sources that are not attached ---- */

static bool has_line(const struct console *c, const struct console_port *p)
{
	return p->lines > 0 || ring_room(&p->out) == 0 ||
	       (p->out.level > 0 && p->dev && (p->closing || c->flushing));
}

static void line_begin(struct console *c, struct console_port *p)
{
	begin(c, p);
	p->nr_partial = 0;
	c->line = p;
	c->line_left = p->out.level;
}

/* Without a newline it ends where the ring ended when it began, so it does end. */
static void line_more(struct console *c)
{
	struct console_port *p = c->line;

	while (c->line_left > 0 && c->stage_len < CONSOLE_STAGE - 2) {
		uint8_t b = out_pop(c, p);

		c->line_left = b == '\n' ? 0 : c->line_left - 1;
		if (console_plain(&c->escape_seq, b))
			put(c, b);
	}
	if (c->line_left == 0) {
		put_text(c, "\r\n");
		c->line = NULL;
	}
}

/* ---- the attached port ---- */

static void partial_add(struct console *c, struct console_port *p, uint8_t b)
{
	c->shown++;
	if (p->nr_partial < CONSOLE_PARTIAL)
		p->partial[p->nr_partial++] = b;
}

static void line_ended(struct console *c, struct console_port *p)
{
	p->nr_partial = 0;
	c->open = NULL;
	c->cr = false;
	c->may_break = false;
	c->waits = 0;
}

/* A byte as it is. True: its line has ended. */
static bool show_raw(struct console *c, struct console_port *p, uint8_t b)
{
	put(c, b);
	c->open = p;
	if (b == '\n')
		line_ended(c, p);
	else if (b == '\r')
		p->nr_partial = 0;
	else
		partial_add(c, p, b);
	return b == '\n';
}

/*
 * A byte of a line that carries a prefix. A CR is held back until it is known
 * whether a newline follows: if not, the line is written over, prefix and all.
 */
static bool show_prefixed(struct console *c, struct console_port *p, uint8_t b)
{
	if (b == '\n') {
		put_text(c, "\r\n");
		line_ended(c, p);
		return true;
	}
	if (c->cr) {
		put(c, '\r');
		put_text(c, p->prefix);
		p->nr_partial = 0;
	}
	c->cr = b == '\r';
	if (b != '\r') {
		put(c, b);
		partial_add(c, p, b);
	}
	return false;
}

/* Do the bytes of p, attached, go out as they are? The shell's need CRs. */
static bool is_raw(const struct console *c, const struct console_port *p)
{
	return !c->prefixed && p->dev;
}

static void attached_show(struct console *c, struct console_port *p)
{
	bool (*show)(struct console *, struct console_port *, uint8_t) =
		is_raw(c, p) ? show_raw : show_prefixed;

	if (c->open != p) {
		begin(c, p);
		c->open = p;
		c->may_break = false;
		c->waits = 0;
	}
	while (p->out.level > 0 && c->stage_len <= CONSOLE_STAGE - STEP_MAX) {
		if (show(c, p, out_pop(c, p)))
			break;
	}
}

/* ---- whose turn it is ---- */

static bool wants_turn(const struct console *c, const struct console_port *p)
{
	return p && (p == c->attached ? p->out.level > 0 : has_line(c, p));
}

/* The next port in the round, by lines, with something to show; NULL: none. */
static struct console_port *next_port(const struct console *c, uint32_t *slot)
{
	for (uint32_t i = 1; i <= CONSOLE_SLOTS; i++) {
		*slot = (c->turn + i) % CONSOLE_SLOTS;
		if (wants_turn(c, c->ports[*slot]))
			return c->ports[*slot];
	}
	return NULL;
}

/* An unfinished line is on the screen: others wait until it rests, the timer looks. */
static bool must_wait(const struct console *c)
{
	return c->open && c->open == c->attached && !c->may_break && !c->flushing;
}

/* Fill the empty stage. False: nothing to show now. */
static bool refill(struct console *c)
{
	struct console_port *p, *a = c->attached;
	uint32_t slot;

	c->stage_pos = c->stage_len = 0;
	if (c->line) {
		line_more(c);
		return true;
	}
	if (must_wait(c) && a->out.level > 0) {
		attached_show(c, a);
		return true;
	}
	p = has_line(c, &c->log) ? &c->log : next_port(c, &slot);
	if (!p) {
		/* All is quiet: show again what the attached port had begun. */
		if (!a || a->nr_partial == 0 || c->open == a)
			return false;
		attached_show(c, a);
		return true;
	}
	if (must_wait(c)) {
		console_timer_arm(c, SETTLE_MS);
		return false;
	}
	if (p != &c->log)
		c->turn = slot;
	if (p == a)
		attached_show(c, a);
	else
		line_begin(c, p);
	return true;
}

void console_settle(struct console *c)
{
	bool rests = c->shown == c->shown_before;

	c->shown_before = c->shown;
	if (rests || ++c->waits >= SETTLE_MAX)
		c->may_break = true;
}

static void tx_irq(struct console *c, bool on)
{
	if (c->tx_armed != on)
		c->uart->ops->tx_irq(c->uart, on);
	c->tx_armed = on;
}

void console_pump(struct console *c)
{
	const struct uart_ops *ops = c->uart->ops;
	unsigned int room = 0;

	if (!console_running(c) || c->resting)
		return;
	for (unsigned int i = 0; i < PUMP_MAX; i++) {
		if (c->stage_pos == c->stage_len && !refill(c)) {
			tx_irq(c, false);
			return;
		}
		/* A step may stage nothing: a CR held back, an escape dropped. */
		if (c->stage_pos == c->stage_len)
			continue;
		if (room == 0 && (room = ops->tx_room(c->uart)) == 0) {
			/* The FIFO is full: it will interrupt. */
			tx_irq(c, true);
			return;
		}
		ops->tx(c->uart, c->stage[c->stage_pos++]);
		room--;
	}
	tx_irq(c, false);
	c->resting = true;
	console_timer_arm(c, REST_MS);
}

bool console_pump_wait(struct console *c)
{
	for (int i = 0; i < POLL_MAX; i++) {
		if (c->uart->ops->tx_room(c->uart) > 0) {
			c->resting = false;
			console_pump(c);
			return !console_shown(c);
		}
	}
	return false;
}

bool console_shown(const struct console *c)
{
	uint32_t slot;

	return c->stage_pos == c->stage_len && !c->line && !has_line(c, &c->log) &&
	       !next_port(c, &slot);
}

/* Nothing but the port p has anything on the way, and p's bytes go as they are. */
static bool passes_through(const struct console *c, const struct console_port *p)
{
	return p == c->attached && is_raw(c, p) && !c->tx_armed && !c->line &&
	       p->out.level == 0 && c->log.out.level == 0 && c->stage_pos == c->stage_len &&
	       (c->open == p || (!c->open && p->nr_partial == 0));
}

/* Straight into the UART's FIFO, as far as it has room: the way of a VM alone. */
static unsigned int pass_through(struct console *c, struct console_port *p, const uint8_t *buf,
				 unsigned int n)
{
	unsigned int i, room = c->uart->ops->tx_room(c->uart);

	n = MIN(n, room);
	c->stage_pos = c->stage_len = 0;
	for (i = 0; i < n; i++) {
		show_raw(c, p, buf[i]);
		c->uart->ops->tx(c->uart, buf[i]);
		c->stage_len = 0;
	}
	return n;
}

/* Into the ring, and on to the UART unless its interrupt does that already. */
static unsigned int queue(struct console *c, struct console_port *p, const uint8_t *buf,
			  unsigned int n)
{
	unsigned int i;

	n = MIN(n, ring_room(&p->out));
	for (i = 0; i < n; i++) {
		ring_push(&p->out, buf[i]);
		p->lines += buf[i] == '\n';
	}
	if (!c->tx_armed)
		console_pump(c);
	return n;
}

unsigned int console_take(struct console *c, struct console_port *p, const uint8_t *buf,
			  unsigned int n)
{
	unsigned int done = 0, got;

	if (!console_running(c))
		return n;
	if (passes_through(c, p))
		done = pass_through(c, p, buf, n);
	while (done < n && (got = queue(c, p, buf + done, n - done)) > 0)
		done += got;
	for (unsigned int i = 0; p->log_size && i < done; i++)
		p->log[p->log_end++ % p->log_size] = buf[i];
	p->tx_starved |= done < n;
	return done;
}

void console_say(struct console *c, const char *line, unsigned int len)
{
	struct ring *r = &c->log.out;

	if (!console_running(c))
		return;
	while (ring_room(r) < len + 1) {
		c->may_break = true;
		if (!console_pump_wait(c))
			break;
	}
	if (ring_room(r) < len + 1)
		return;         /* the log's own ring still has it */
	for (unsigned int i = 0; i < len; i++)
		ring_push(r, line[i] == '\n' ? ' ' : (uint8_t)line[i]);
	ring_push(r, '\n');
	c->log.lines++;
	if (!c->tx_armed)
		console_pump(c);
}
