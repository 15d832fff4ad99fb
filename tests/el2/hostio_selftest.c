/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disk "work" has the partitions "full", where every 8 bytes hold their own position, and
 * "empty"; disk "bad" fails in its second MiB; disk "ro" is read-only; disk "old" has a
 * damaged primary table. Network 0 answers ARP for 10.0.2.2.
 */
#include "tests/el2/hostio_selftest.h"

#include <errno.h>
#include <string.h>

#include <arch/timer.h>
#include "core/lib/bits.h"
#include "core/log.h"
#include "core/thread.h"
#include "core/vmm/hostio.h"
#include "mm/hyp_pool.h"

#define NR       48u                   /* requests at a time: more than the disk has slots */
#define ROUNDS   40u
#define LEN      0x10000u
#define WAIT_S   60

static struct hostblk_part part;
static struct block_request requests[NR];
static uint8_t *buffers[NR];
static _Atomic uint32_t nr_done;
static struct thread *tester;
static uint64_t random_state = 0x9e3779b97f4a7c15;

#define CHECK(x) do { if (!(x)) { \
	log_err("selftest: FAILED: line %d: %s", __LINE__, #x); return -1; } } while (0)

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	return random_state ^= random_state << 17;
}

static void on_done(struct block_request *r, int err)
{
	*(int *)r->ctx = err;
	atomic_fetch_add(&nr_done, 1);
	thread_request(tester, THREAD_REQ_VCPU);
}

static void wait_for(uint32_t nr)
{
	while (atomic_load(&nr_done) < nr) {
		thread_block(THREAD_REQ_VCPU);
		atomic_fetch_and(&tester->requests, ~(uint32_t)THREAD_REQ_VCPU);
	}
}

/* One request, and what became of it. */
static int ask(enum block_op op, uint64_t pos, uint64_t len, void *buf)
{
	struct block_request r = { .op = op, .pos = pos, .len = len, .buf = buf,
				   .done = on_done, .unmap = true };
	int err = 1;

	r.ctx = &err;
	atomic_store(&nr_done, 0);
	part.backend.ops->submit(&part.backend, &r);
	wait_for(1);
	return err;
}

static int use(const char *disk, const char *partition)
{
	char why[80];
	int err = hostio_disk_claim(&part, "selftest", disk, partition, why, sizeof(why));

	if (err)
		log_info("selftest: %s", why);
	return err;
}

static void fill(uint8_t *buf, uint64_t pos, uint64_t key)
{
	for (uint64_t i = 0; i < LEN; i += 8)
		*(uint64_t *)(buf + i) = (pos + i) ^ key;
}

static int holds(const uint8_t *buf, uint64_t pos, uint64_t key)
{
	for (uint64_t i = 0; i < LEN; i += 8)
		if (*(const uint64_t *)(buf + i) != ((pos + i) ^ key))
			return 0;
	return 1;
}

/* Many at once, all over the partition; each read must hold its own positions. */
static int round_of(enum block_op op, uint64_t key, uint64_t from)
{
	int errs[NR];

	atomic_store(&nr_done, 0);
	for (uint32_t i = 0; i < NR; i++) {
		uint64_t pos = op == BLOCK_WRITE ? from + i * LEN :
			       random_next() % (part.backend.size / LEN) * LEN;

		requests[i] = (struct block_request){ .op = op, .pos = pos, .len = LEN,
						      .buf = buffers[i], .done = on_done };
		requests[i].ctx = &errs[i];
		if (op == BLOCK_WRITE)
			fill(buffers[i], pos, key);
		else
			memset(buffers[i], 0, LEN);
		part.backend.ops->submit(&part.backend, &requests[i]);
	}
	wait_for(NR);
	for (uint32_t i = 0; i < NR; i++) {
		CHECK(errs[i] == 0);
		CHECK(op == BLOCK_WRITE || holds(buffers[i], requests[i].pos, key));
	}
	return 0;
}

static int reads(void)
{
	CHECK(use("work", "full") == 0);
	CHECK(part.backend.size >= NR * LEN);
	for (uint32_t i = 0; i < ROUNDS; i++)
		if (round_of(BLOCK_READ, 0, 0))
			return -1;
	hostio_disk_release(&part);
	return 0;
}

/* All of "empty" is written, flushed and read; then a part of it is zeroed and discarded. */
static int writes(void)
{
	uint64_t key = 0x5a5a << 16;
	uint64_t size;

	CHECK(use("work", "empty") == 0);
	size = align_down(part.backend.size, NR * LEN);
	for (uint64_t at = 0; at < size; at += NR * LEN)
		if (round_of(BLOCK_WRITE, key, at))
			return -1;
	CHECK(ask(BLOCK_FLUSH, 0, 0, NULL) == 0);
	for (uint64_t at = 0; at < size; at += LEN) {
		CHECK(ask(BLOCK_READ, at, LEN, buffers[0]) == 0);
		CHECK(holds(buffers[0], at, key));
	}
	CHECK(part.backend.can_discard && part.backend.can_zero);
	CHECK(ask(BLOCK_DISCARD, LEN, LEN, NULL) == 0);
	CHECK(ask(BLOCK_WRITE_ZEROES, 2 * LEN, LEN, NULL) == 0);
	CHECK(ask(BLOCK_READ, 2 * LEN, LEN, buffers[0]) == 0);
	memset(buffers[1], 0, LEN);
	CHECK(memcmp(buffers[0], buffers[1], LEN) == 0);
	CHECK(ask(BLOCK_READ, 3 * LEN, LEN, buffers[0]) == 0 &&
	      holds(buffers[0], 3 * LEN, key));
	CHECK(ask(BLOCK_READ, part.backend.size, 512, buffers[0]) == -EINVAL);
	CHECK(ask(BLOCK_READ, part.backend.size - 512, 1024, buffers[0]) == -EINVAL);
	CHECK(ask(BLOCK_WRITE, 100, 512, buffers[0]) == -EINVAL);
	CHECK(ask(BLOCK_READ, 0, UINT64_MAX - 511, buffers[0]) == -EINVAL);
	CHECK(ask(BLOCK_DISCARD, 512, UINT64_MAX - 511, NULL) == -EINVAL);
	hostio_disk_release(&part);
	return 0;
}

/* What the device reports arrives, and the disk goes on. */
static int errors(void)
{
	CHECK(use("bad", "") == 0);
	CHECK(ask(BLOCK_READ, 0, LEN, buffers[0]) == 0);
	CHECK(ask(BLOCK_READ, 0x100000, LEN, buffers[0]) == -EIO);
	CHECK(ask(BLOCK_READ, 0x300000, LEN, buffers[0]) == 0);
	hostio_disk_release(&part);
	CHECK(use("ro", "") == 0 && part.backend.read_only);
	CHECK(ask(BLOCK_WRITE, 0, LEN, buffers[0]) == -EROFS);
	CHECK(ask(BLOCK_READ, 0, LEN, buffers[0]) == 0);
	hostio_disk_release(&part);
	return 0;
}

static int claims(void)
{
	struct hostblk_part other;
	char why[80];

	CHECK(use("none", "") == -ENOENT);
	CHECK(use("work", "none") == -ENOENT);
	CHECK(use("ro", "full") == -EIO);
	CHECK(use("old", "kept") == 0);
	hostio_disk_release(&part);
	CHECK(use("work", "full") == 0);
	CHECK(hostio_disk_claim(&other, "b", "work", "full", why, sizeof(why)) == -EBUSY);
	CHECK(strstr(why, "VM selftest has it"));
	CHECK(hostio_disk_claim(&other, "b", "work", "", why, sizeof(why)) == -EBUSY);
	CHECK(hostio_disk_claim(&other, "b", "work", "empty", why, sizeof(why)) == 0);
	hostio_disk_release(&other);
	hostio_disk_release(&part);
	CHECK(hostio_disk_claim(&other, "b", "work", "", why, sizeof(why)) == 0);
	hostio_disk_release(&other);
	return 0;
}

/* ---- network ---- */

static _Atomic uint32_t nr_replies;

static void on_rx(void *ctx, const void *frame, uint32_t len)
{
	static const uint8_t arp_reply[] = { 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 2 };
	const uint8_t *f = frame;

	if (len >= 42 && memcmp(f, ((struct hostnet *)ctx)->mac, 6) == 0 &&
	    memcmp(f + 12, arp_reply, sizeof(arp_reply)) == 0 && f[31] == 2) {
		atomic_fetch_add(&nr_replies, 1);
		thread_request(tester, THREAD_REQ_VCPU);
	}
}

/* Who has 10.0.2.2? Asked more often than there are buffers, one question at a time. */
static int network(void)
{
	struct hostnet *n = hostio_nic(0);
	uint8_t frame[60] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0x08, 0x06,
		0, 1, 8, 0, 6, 4, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 2, 15,
		0, 0, 0, 0, 0, 0, 10, 0, 2, 2,
	};
	struct hostnet_seg segs[2] = { { frame, 14 }, { frame + 14, sizeof(frame) - 14 } };

	CHECK(n && hostnet_link(n) && n->mtu == 1500);
	memcpy(frame + 6, n->mac, 6);
	memcpy(frame + 22, n->mac, 6);
	n->ctx = n;
	n->on_rx = on_rx;
	segs[1].len = 2000;
	CHECK(hostnet_tx(n, segs, 2) == -EMSGSIZE);
	CHECK(hostnet_tx(n, segs, 0) == -EMSGSIZE);
	segs[1].len = sizeof(frame) - 14;
	for (uint32_t i = 1; i <= 3 * HOSTNET_BUFFERS; i++) {
		CHECK(hostnet_tx(n, segs, 2) == 0);
		while (atomic_load(&nr_replies) < i) {
			thread_block(THREAD_REQ_VCPU);
			atomic_fetch_and(&tester->requests, ~(uint32_t)THREAD_REQ_VCPU);
		}
	}
	return 0;
}

int hostio_selftest_run(void)
{
	tester = thread_current();
	for (uint32_t i = 0; i < NR; i++) {
		buffers[i] = hyp_zalloc(LEN);
		CHECK(buffers[i]);
	}
	if (claims() || reads() || writes() || errors() || network())
		return -1;
	for (uint32_t i = 0; i < NR; i++)
		hyp_free(buffers[i]);
	return 0;
}
