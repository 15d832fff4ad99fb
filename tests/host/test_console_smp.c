/* SPDX-License-Identifier: Apache-2.0 */
/* The console from many pCPUs at once: no deadlock, no race, no line lost. */
#include "core/vmm/console.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/lib/bits.h"
#include "core/timer.h"
#include "devices/pl011.h"
#include "tests/host/fake/cpu.h"

#define NR_GUESTS 3
#define NR_LINES  1500
#define NR_ROUNDS 60
enum { DR = 0x00, FR = 0x18, LCR_H = 0x2c, IMSC = 0x38, RXFE = 0x10, TXFF = 0x20 };

/* ---- timers: one that is armed fires soon, from the interrupt's thread ---- */

static _Atomic(struct timer *) armed;

void timer_setup(struct timer *t, void (*fire)(struct timer *t))
{
	t->fire = fire;
}

/* Only the console's first timer matters; nobody stays deaf for ten seconds here. */
void timer_start(struct timer *t, uint64_t deadline)
{
	if (deadline < 625000000)
		atomic_store(&armed, t);
}

void timer_cancel(struct timer *t)
{
	(void)t;
}

/* ---- the wire: moves a little with every interrupt ---- */

static struct {
	char out[1 << 22];
	unsigned int nr_out, room;
} wire;                                  /* under the console's lock */

static unsigned int wire_tx_room(struct uart_phys *u)
{
	(void)u;
	return wire.room;
}

static void wire_tx(struct uart_phys *u, uint8_t byte)
{
	(void)u;
	wire.room--;
	if (wire.nr_out < sizeof(wire.out) - 1)
		wire.out[wire.nr_out++] = (char)byte;
}

static bool wire_tx_idle(struct uart_phys *u)
{
	(void)u;
	wire.room = 32;                  /* polled: it moves as well */
	return true;
}

static int wire_rx(struct uart_phys *u)
{
	static unsigned int n;

	(void)u;
	return n++ % 4 == 0 ? 'i' : -1;
}

static void wire_irq_ack(struct uart_phys *u)
{
	(void)u;
	wire.room = 32;
}

static void wire_irq(struct uart_phys *u, bool on)
{
	(void)u;
	(void)on;
}

static const struct uart_ops wire_ops = {
	"test", NULL, wire_tx_room, wire_tx, wire_tx_idle, wire_rx, wire_irq_ack,
	wire_irq, wire_irq,
};
static struct uart_phys wire_uart = { .ops = &wire_ops };

/* ---- pCPUs ---- */

static struct pl011 uart[NR_GUESTS + 1];
static _Alignas(8) char mem[NR_GUESTS + 1][CONSOLE_MEM_MIN];
static _Atomic bool done;
static _Atomic unsigned int nr_irqs;

static void irq_set(void *ctx, uint32_t intid, bool level)
{
	(void)ctx;
	(void)intid;
	(void)level;
	atomic_fetch_add(&nr_irqs, 1);
}

static uint64_t reg(struct pl011 *u, uint64_t offset, bool is_write, uint64_t value)
{
	struct mmio_access acc = {
		.offset = offset, .size = 4, .is_write = is_write, .value = value,
	};

	u->dev.access(&u->dev, &acc);
	return acc.value;
}

static void guest_puts(struct pl011 *u, const char *text)
{
	while (*text) {
		if (!(reg(u, FR, false, 0) & RXFE))
			reg(u, DR, false, 0);
		if (reg(u, FR, false, 0) & TXFF)
			sched_yield();
		else
			reg(u, DR, true, (uint8_t)*text++);
	}
}

static void *guest(void *arg)
{
	unsigned int vm = (unsigned int)(uintptr_t)arg;
	char line[40];

	fake_cpu_enter(vm + 2);
	for (int i = 0; i < NR_LINES; i++) {
		snprintf(line, sizeof(line), "vm %u line %d\r\n", vm, i);
		guest_puts(&uart[vm], line);
	}
	return NULL;
}

static void *interrupts(void *arg)
{
	(void)arg;
	fake_cpu_enter(1);
	while (!atomic_load(&done)) {
		struct timer *t = atomic_exchange(&armed, NULL);

		if (t)
			t->fire(t);
		console_irq();
		sched_yield();
	}
	return NULL;
}

static void start_uart(unsigned int vm)
{
	static const char *const names[] = { "a", "b", "c", "short" };

	pl011_init(&uart[vm], 0, (struct irq_line){ irq_set, NULL, 33 });
	reg(&uart[vm], LCR_H, true, 0x10);
	reg(&uart[vm], IMSC, true, 0x70);
	assert_int_equal(console_add((int)vm, names[vm], &uart[vm].chardev, NULL, mem[vm],
				     sizeof(mem[vm]), 0), 0);
}

/* VMs that come and go, and a user who looks around. */
static void come_and_go(void)
{
	char line[40];

	for (int i = 0; i < NR_ROUNDS; i++) {
		int len = snprintf(line, sizeof(line), "corbel: round %d", i);

		start_uart(NR_GUESTS);
		console_attach(i % (NR_GUESTS + 1));
		snprintf(line, sizeof(line), "short life %d", i);
		guest_puts(&uart[NR_GUESTS], line);
		snprintf(line, sizeof(line), "corbel: round %d", i);
		console_log(line, (unsigned int)len);
		console_remove(NR_GUESTS);
	}
}

/* How many of the lines fmt % 0, 1, 2 ... were shown, each whole and in order. */
static int count_lines(const char *all, const char *fmt, int max)
{
	const char *p = all;
	char line[64];
	int n = 0;

	while (n < max) {
		char *at;

		snprintf(line, sizeof(line), fmt, n);
		at = strstr(p, line);
		if (!at)
			break;
		p = at + 1;
		n++;
	}
	return n;
}

static void many_pcpus_lose_no_line(void **state)
{
	pthread_t irq, guests[NR_GUESTS];

	(void)state;
	console_init(&wire_uart, 0x1d, NR_GUESTS);
	for (unsigned int i = 0; i < NR_GUESTS; i++)
		start_uart(i);
	pthread_create(&irq, NULL, interrupts, NULL);
	for (unsigned int i = 0; i < NR_GUESTS; i++)
		pthread_create(&guests[i], NULL, guest, (void *)(uintptr_t)i);
	come_and_go();
	for (unsigned int i = 0; i < NR_GUESTS; i++)
		pthread_join(guests[i], NULL);
	console_drain();
	atomic_store(&done, true);
	pthread_join(irq, NULL);

	wire.out[wire.nr_out] = '\0';
	assert_int_equal(count_lines(wire.out, "[a] vm 0 line %d\r\n", NR_LINES), NR_LINES);
	assert_int_equal(count_lines(wire.out, "[b] vm 1 line %d\r\n", NR_LINES), NR_LINES);
	assert_int_equal(count_lines(wire.out, "[c] vm 2 line %d\r\n", NR_LINES), NR_LINES);
	assert_int_equal(count_lines(wire.out, "[short] short life %d\r\n", NR_ROUNDS), NR_ROUNDS);
	assert_int_equal(count_lines(wire.out, "corbel: round %d\r\n", NR_ROUNDS), NR_ROUNDS);
	assert_true(atomic_load(&nr_irqs) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_pcpus_lose_no_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
