/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends and receives messages through its first channel, with doorbells; the example of
 * lib/msgring.h for the bare machine. The other end is member peer: this program again, or
 * tests/guests/linux/messages.c.
 *
 *     nr=10000   messages each way
 *     peer=0     who is rung for
 */
#include "lib/channel.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/messages.h"

static struct channel ch;
static volatile unsigned int nr_rung;

static void on_irq(void)
{
	uint32_t id = gic_ack();

	if (id == ch.intid) {
		mmio_w32(ch.bell + BELL_ACK, ~0u);
		nr_rung++;
	}
	if (id < 1020)
		gic_eoi(id);
}

static void ring(uint32_t peer)
{
	__asm__ volatile("dsb ish" ::: "memory");
	mmio_w32(ch.bell + BELL_RING, peer);
}

/* Acknowledged first, looked at then: so what comes in between rings again. */
static void all_messages_arrive(void)
{
	uint32_t peer = (uint32_t)guest_arg("peer", 0), nr = (uint32_t)guest_arg("nr", 10000);
	struct talk t;

	if (!channel_find(&ch, 0)) {
		CHECK(false, "there is no channel");
		return;
	}
	talk_init(&t, (void *)ch.mem, ch.size, ch.id, nr);
	gic_init();
	this_cpu()->irq_hook = on_irq;
	gic_bit_set(GICD_ISENABLER, ch.intid);
	gprintf("messages: member %u, begins\n", ch.id);
	while (t.to_send || t.to_get) {
		irq_disable();
		if (talk_send(&t) + talk_get(&t))
			ring(peer);
		else
			wfi();
		irq_enable();
	}
	CHECK_EQ(t.got, nr, "messages");
	CHECK_EQ(t.wrong, 0, "wrong messages");
	CHECK(nr_rung > 0, "nobody rang");
	gprintf("messages: %u sent, %u received, %u wrong, %u doorbells\n", t.sent, t.got, t.wrong,
		nr_rung);
}

GUEST_CASES(CASE(all_messages_arrive));
