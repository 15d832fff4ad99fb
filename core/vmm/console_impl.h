/* SPDX-License-Identifier: Apache-2.0 */
/* The console's own state, shared by console.c, console_out.c and console_in.c. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "core/lib/bits.h"
#include "core/spinlock.h"
#include "core/timer.h"
#include "core/vmm/console.h"

#define CONSOLE_NAME       32
#define CONSOLE_IN         256       /* bytes of input kept for a port          */
#define CONSOLE_PARTIAL    144       /* of an unfinished line, to show again    */
#define CONSOLE_STAGE      224       /* bytes on their way to the UART          */
#define CONSOLE_SLOTS      (CONSOLE_MAX_PORTS + 1)
#define CONSOLE_SHELL_SLOT CONSOLE_MAX_PORTS

struct ring {
	uint8_t *mem;
	uint32_t size;
	uint32_t head;               /* oldest byte                             */
	uint32_t level;
};

static inline uint32_t ring_room(const struct ring *r)
{
	return r->size - r->level;
}

static inline void ring_push(struct ring *r, uint8_t b)
{
	uint32_t tail = r->head + r->level++;

	r->mem[tail >= r->size ? tail - r->size : tail] = b;
}

static inline uint8_t ring_pop(struct ring *r)
{
	uint8_t b = r->mem[r->head];

	r->level--;
	r->head = r->head + 1 == r->size ? 0 : r->head + 1;
	return b;
}

struct console_port;

/* A device behind a port. */
struct console_end {
	struct console_port *port;
	struct chardev *dev;                 /* NULL: none                      */
	struct chardev_backend backend;
};

/* A source of lines: a VM, the shell, the hypervisor's messages. */
struct console_port {
	/* fixed while it is a port */
	char name[CONSOLE_NAME];
	char prefix[CONSOLE_NAME + 4];       /* "[name] ", or ""                */
	struct console_end ends[2];
	struct chardev *dev;                 /* the first's; NULL: not a VM     */
	/* under the console's lock */
	struct ring out, in;
	uint8_t *log;                        /* the last bytes it printed, a ring */
	uint32_t log_size;
	uint64_t log_end;                    /* ever printed; byte n is at n % log_size */
	uint32_t lines;                      /* newlines in out                 */
	bool tx_starved;                     /* was told there is no room       */
	bool tx_poke, rx_poke;               /* to be told that there is        */
	bool deaf;                           /* never reads: its input is dropped */
	bool closing;                        /* show what there is, line or not */
	uint32_t nr_users;                   /* pokes under way without the lock */
	uint8_t nr_partial;
	uint8_t partial[CONSOLE_PARTIAL];    /* of its line, already shown      */
	uint8_t in_mem[CONSOLE_IN];
};

struct console {
	struct spinlock lock;                /* rank 78, docs/locking.md        */
	_Atomic bool running;                /* the UART is the console's: not before
	                                      * console_init(), nor in a crash  */
	/* fixed after console_init() */
	struct uart_phys *uart;
	uint8_t escape_key;
	void (*shell_ready)(bool interrupt);
	/* under lock */
	struct console_port *ports[CONSOLE_SLOTS];
	struct console_port *attached;       /* gets the input; NULL: nobody    */
	struct console_port log;             /* the hypervisor's messages       */
	uint32_t nr_added;                   /* VM ports there are              */
	bool prefixed;                       /* every line carries a name       */
	bool unchosen;                       /* nobody has switched yet         */
	bool poke;                           /* some port has a poke to do      */
	/* under lock: output */
	uint8_t stage[CONSOLE_STAGE];
	uint32_t stage_pos, stage_len;
	struct console_port *line;           /* whose whole line is being shown */
	uint32_t line_left;                  /* its bytes still to come, at most */
	struct console_port *open;           /* whose unfinished line is on the screen */
	uint32_t turn;                       /* slot that was served last       */
	uint8_t escape_seq;                  /* state of console_plain()          */
	bool cr;                             /* a CR of open is held back       */
	bool tx_armed;                       /* the transmit interrupt goes on with it */
	bool resting;                        /* the timer goes on with it       */
	bool flushing;                       /* unfinished lines too            */
	/* under lock: an unfinished line in the way of others */
	bool timer_armed;
	bool may_break;
	uint32_t waits;                      /* times the timer has looked      */
	uint32_t shown, shown_before;        /* bytes of open, to see it stop   */
	struct timer timer;
	/* under lock: input */
	bool escape;                         /* the escape key came             */
	bool interrupt;                      /* Ctrl-C came for the shell       */
	bool rx_stopped;                     /* no room; the UART keeps the rest */
	struct timer deaf_timer;
	uint8_t log_mem[4096];
};

extern struct console con;               /* there is one UART */

/* Without a UART, or with a crash report on it, everything is dropped. */
static inline bool console_running(const struct console *c)
{
	return atomic_load_explicit(&c->running, memory_order_relaxed);
}

/* ---- console_out.c; all under the lock ---- */

/*
 * Move bytes to the UART while it has room; a bounded number, and no more before the
 * next millisecond: a UART that is always ready must not keep the pCPU from its threads.
 */
void console_pump(struct console *c);
/* The same, waiting for room. False: the UART does not move, or nothing was left. */
bool console_pump_wait(struct console *c);
/* Is there nothing left to show? Unfinished lines of others count when flushing. */
bool console_shown(const struct console *c);
/* Take up to n bytes of a port, and show what can be shown. */
unsigned int console_take(struct console *c, struct console_port *p, const uint8_t *buf,
			  unsigned int n);
/*
 * Does b belong into a line that must stay one line? Not if it is a control character
 * or part of an escape sequence; state: 0 at first.
 */
bool console_plain(uint8_t *state, uint8_t b);
/* A line of the hypervisor, whole or not at all. */
void console_say(struct console *c, const char *line, unsigned int len);
/* What the timer does: see whether an unfinished line has come to rest. */
void console_settle(struct console *c);

/* ---- console_in.c; all under the lock ---- */

/* Read the UART while whom it is for has room. */
void console_receive(struct console *c);
/* Room was made, or somebody else is attached. */
void console_receive_again(struct console *c);
/* Nobody read for long: drop input for the attached port, so the escape key works. */
void console_deafen(struct console *c);
/* Send input to p (NULL: nobody) and say so. */
void console_switch(struct console *c, struct console_port *p);
/* Slot of p, CONSOLE_SLOTS if it is none. */
uint32_t console_slot(const struct console *c, const struct console_port *p);

/* ---- console.c ---- */

/* Arm the soft timer ms from now, if it is not. Under the lock. */
void console_timer_arm(struct console *c, uint32_t ms);
