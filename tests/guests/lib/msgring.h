/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages through shared memory: a ring with one writer and one reader, who need not trust
 * each other. For any freestanding or hosted C; both sides of a channel use this file.
 *
 * In memory: a cache line with the writer's count of bytes, one with the reader's, then the
 * bytes. A message is its length in 8 bytes and its contents, filled up to 8. All accesses are
 * of 8 aligned bytes, so the memory may be mapped as Device, as Linux's UIO does.
 *
 *     struct msgring out, in;
 *     msgring_init(&out, base, size / 2);
 *     msgring_init(&in, base + size / 2, size / 2);
 *     while (!msgring_put(&out, text, len)) wait for the doorbell;
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MSGRING_HEAD 128u            /* bytes before the contents           */

struct msgring {
	volatile uint64_t *head;     /* bytes ever written; the writer's    */
	volatile uint64_t *tail;     /* bytes ever read; the reader's       */
	volatile uint64_t *data;
	uint64_t size;               /* of data; a power of two             */
	uint64_t mine;               /* head or tail, whichever we write    */
};

#define MSGRING_BROKEN (-1)          /* what the other side wrote makes no sense */

/* At base, 8-byte aligned, in size bytes of memory that was zero before either side began. */
static inline void msgring_init(struct msgring *r, void *base, uint64_t size)
{
	r->head = base;
	r->tail = r->head + 8;
	r->data = r->head + MSGRING_HEAD / 8;
	r->size = 8;
	r->mine = 0;
	while (r->size * 2 <= size - MSGRING_HEAD)
		r->size *= 2;
}

static inline uint64_t msgring_space(uint64_t len)
{
	return 8 + ((len + 7) & ~7ull);
}

static inline volatile uint64_t *msgring_at(const struct msgring *r, uint64_t pos)
{
	return &r->data[(pos & (r->size - 1)) / 8];
}

/* Bytes 0 to 8 of a message as one number; memcpy() might use what Device memory has not. */
static inline uint64_t msgring_load(const uint8_t *from, uint64_t left)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < 8 && i < left; i++)
		v |= (uint64_t)from[i] << (8 * i);
	return v;
}

static inline void msgring_store(uint8_t *to, uint64_t left, uint64_t v)
{
	for (unsigned int i = 0; i < 8 && i < left; i++)
		to[i] = (uint8_t)(v >> (8 * i));
}

/**
 * msgring_put() - send a message
 * @r: this side writes it
 *
 * Return: true; false: there is no room now, or never if it is longer than size - 8.
 */
static inline bool msgring_put(struct msgring *r, const void *msg, uint64_t len)
{
	/* What was read may be overwritten: pairs with the release in msgring_get(). */
	uint64_t used = r->mine - __atomic_load_n(r->tail, __ATOMIC_ACQUIRE);
	uint64_t pos = r->mine;

	if (len > r->size || used > r->size || msgring_space(len) > r->size - used)
		return false;
	*msgring_at(r, pos) = len;
	for (uint64_t off = 0; off < len; off += 8)
		*msgring_at(r, pos + 8 + off) = msgring_load((const uint8_t *)msg + off, len - off);
	r->mine += msgring_space(len);
	/* First the bytes, then the count: pairs with the acquire in msgring_get(). */
	__atomic_store_n(r->head, r->mine, __ATOMIC_RELEASE);
	return true;
}

/**
 * msgring_get() - take a message
 * @r:   this side reads it
 * @msg: at most max bytes of it
 *
 * Return: its length; 0 there is none; MSGRING_BROKEN.
 */
static inline int64_t msgring_get(struct msgring *r, void *msg, uint64_t max)
{
	uint64_t there = __atomic_load_n(r->head, __ATOMIC_ACQUIRE) - r->mine;
	uint64_t len, pos = r->mine;

	if (!there)
		return 0;
	len = *msgring_at(r, pos);
	if (there > r->size || len == 0 || len > max || msgring_space(len) > there)
		return MSGRING_BROKEN;
	for (uint64_t off = 0; off < len; off += 8)
		msgring_store((uint8_t *)msg + off, len - off, *msgring_at(r, pos + 8 + off));
	r->mine += msgring_space(len);
	__atomic_store_n(r->tail, r->mine, __ATOMIC_RELEASE);
	return (int64_t)len;
}
