/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that come and go while others send to them: nobody delivers to one that is gone. */
#include "devices/vswitch.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/thread.h"
#include "fake/cpu.h"
#include "net_ports.h"

#define SENDERS 3
#define ROUNDS  3000
#define MAC(n)  (UINT64_C(0x000000005452) | (uint64_t)(n) << 40)

static struct vswitch sw;
static _Atomic bool done;
static _Thread_local struct thread self;
static struct vswitch_port senders[SENDERS];
static _Atomic uint32_t arrived;

struct thread *thread_current(void)
{
	return &self;
}

void thread_request(struct thread *t, uint32_t bits)
{
	atomic_fetch_or(&t->requests, bits);
}

void thread_block(uint32_t mask)
{
	while (!(atomic_load(&thread_current()->requests) & mask))
		sched_yield();
}

/* A port with memory of its own, which is freed when it is gone. */
struct guest {
	struct vswitch_port port;
	uint32_t *alive;
};

static enum vswitch_taken count(struct vswitch_port *p, struct net_frame *f)
{
	const struct guest *g = container_of(p, struct guest, port);

	(void)f;
	sched_yield();
	assert_int_equal(*g->alive, 0x600d);
	atomic_fetch_add(&arrived, 1);
	return VSWITCH_TAKEN;
}

static enum vswitch_taken ignore(struct vswitch_port *p, struct net_frame *f)
{
	(void)p;
	(void)f;
	return VSWITCH_FILTERED;
}

static const struct vswitch_port_ops guest_ops = { .deliver = count };
static const struct vswitch_port_ops sender_ops = { .deliver = ignore };

static void *sender(void *arg)
{
	uint32_t n = (uint32_t)(uintptr_t)arg;
	uint8_t bytes[64];

	fake_cpu_enter(n);
	while (!atomic_load(&done)) {
		struct test_source s;
		struct net_frame f;
		uint32_t len = test_eth(bytes, n ? MAC(9) : NET_MAC_BROADCAST, MAC(n), 0x88b5, 46);

		test_source(&s, bytes, len);
		net_frame_begin(&f, &s.src, len);
		vswitch_send(&senders[n], &f, 1);
	}
	return NULL;
}

static void ports_leave_while_others_send_to_them(void **state)
{
	pthread_t thread[SENDERS];
	uint32_t before;

	(void)state;
	fake_cpu_enter(SENDERS);
	vswitch_init(&sw, "lan", false, 1000);
	for (uint32_t i = 0; i < SENDERS; i++) {
		senders[i].ops = &sender_ops;
		senders[i].cfg.mac = MAC(i);
		assert_int_equal(vswitch_attach(&sw, &senders[i]), 0);
	}
	for (uint32_t i = 0; i < SENDERS; i++)
		pthread_create(&thread[i], NULL, sender, (void *)(uintptr_t)i);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct guest *g = calloc(1, sizeof(*g));

		g->port.ops = &guest_ops;
		g->port.cfg.mac = MAC(9);
		g->alive = malloc(sizeof(*g->alive));
		*g->alive = 0x600d;
		before = atomic_load(&arrived);
		assert_int_equal(vswitch_attach(&sw, &g->port), 0);
		while (atomic_load(&arrived) == before)
			sched_yield();
		vswitch_detach(&g->port);
		before = atomic_load(&arrived);
		free(g->alive);
		free(g);
		assert_int_equal(atomic_load(&arrived), before);
	}
	atomic_store(&done, true);
	for (uint32_t i = 0; i < SENDERS; i++)
		pthread_join(thread[i], NULL);
	for (uint32_t i = 0; i < SENDERS; i++)
		assert_int_equal(atomic_load(&sw.slot[i].users), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_leave_while_others_send_to_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
