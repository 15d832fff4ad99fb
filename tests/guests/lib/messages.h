/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two examples of lib/msgring.h send each other: numbered messages of all lengths up
 * to a limit, each byte of which follows from the number. Member 0 writes the lower half.
 */
#pragma once

#include "lib/msgring.h"

#define MESSAGE_MAX 200u

struct talk {
	struct msgring out, in;
	uint32_t to_send, to_get;        /* so many are missing              */
	uint32_t sent, got, wrong;
};

static inline void talk_init(struct talk *t, void *mem, uint64_t size, unsigned int id,
			     uint32_t nr)
{
	char *half[2] = { mem, (char *)mem + size / 2 };

	*t = (struct talk){ .to_send = nr, .to_get = nr };
	msgring_init(&t->out, half[id & 1], size / 2);
	msgring_init(&t->in, half[~id & 1], size / 2);
}

static inline uint64_t message_len(uint32_t nr)
{
	return 4 + nr * 7 % (MESSAGE_MAX - 4);
}

static inline uint8_t message_byte(uint32_t nr, uint64_t at)
{
	return at < 4 ? (uint8_t)(nr >> (8 * at)) : (uint8_t)(nr * 31 + at);
}

/* As many as there is room for. Returns how many. */
static inline uint32_t talk_send(struct talk *t)
{
	uint32_t before = t->sent;
	uint8_t msg[MESSAGE_MAX];

	while (t->to_send) {
		uint64_t len = message_len(t->sent);

		for (uint64_t i = 0; i < len; i++)
			msg[i] = message_byte(t->sent, i);
		if (!msgring_put(&t->out, msg, len))
			break;
		t->sent++;
		t->to_send--;
	}
	return t->sent - before;
}

/* All that are there. Returns how many; lost, doubled and damaged ones are counted as wrong. */
static inline uint32_t talk_get(struct talk *t)
{
	uint32_t before = t->got;
	uint8_t msg[MESSAGE_MAX];
	int64_t len;

	while ((len = msgring_get(&t->in, msg, sizeof(msg))) != 0) {
		uint64_t want = message_len(t->got);
		uint32_t bad = len != (int64_t)want;

		for (uint64_t i = 0; !bad && i < want; i++)
			bad = msg[i] != message_byte(t->got, i);
		t->wrong += bad;
		t->got++;
		t->to_get -= t->to_get != 0;
		if (len < 0)
			break;
	}
	return t->got - before;
}
