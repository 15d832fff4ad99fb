/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partition of the board's disk behind a guest's: from the guest's rings to the rings of a
 * device that the test plays, through vm/disk_phys.c, devices/virtio_blk.c and
 * devices/hostblk.c. docs/storage.md
 */
#include "vm/disk_phys.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arch/timer.h>
#include "core/lib/bits.h"
#include "core/thread.h"
#include "mm/hyp_pool.h"
#include "tests/host/fake/log.h"
#include "tests/host/fake/virtio_driver.h"
#include "vm/config.h"
#include "vm/vm.h"

/* Of the board's disk, in bytes: what is before and behind the partition is another's. */
#define DISK     0x180000u
#define START    0x40000u
#define SIZE     0x100000u
#define SECTOR   512u
#define LAST     (SIZE / SECTOR - 1)
#define BUF      0x10000u                    /* of one request to the device          */

/* The guest's memory. */
#define RING     (FAKE_RAM_BASE + 0x10000)
#define HEADS    (FAKE_RAM_BASE + 0x30000)
#define STATUSES (FAKE_RAM_BASE + 0x38000)
#define DATA     (FAKE_RAM_BASE + 0x40000)

#define F_RO           BIT(5)
#define F_FLUSH        BIT(9)
#define F_DISCARD      BIT(13)
#define F_WRITE_ZEROES BIT(14)
#define ALL            BITS(23, 0)

enum { T_IN, T_OUT, T_FLUSH = 4, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { OK, IOERR, UNSUPP, NONE = 0xee };

/* ---- heap ---- */

static unsigned int nr_heap, nr_pages, heap_left;    /* heap_left: that may still succeed */

void *hyp_zalloc(size_t size)
{
	if (!heap_left)
		return NULL;
	heap_left--;
	nr_heap++;
	return calloc(1, size);
}

void hyp_free(void *p)
{
	nr_heap -= p != NULL;
	free(p);
}

int hyp_alloc_pages(unsigned int nr, void **p)
{
	if (!heap_left || nr > HYP_ALLOC_MAX_PAGES)
		return -ENOMEM;
	heap_left--;
	nr_pages += nr;
	*p = calloc(nr, PAGE_SIZE);
	return 0;
}

void hyp_free_pages(void *p, unsigned int nr)
{
	nr_pages -= nr;
	free(p);
}

/* ---- the board's device ---- */

enum { MAGIC = 0, VERSION = 4, DEVICE_ID = 8, FEATURES = 0x10, QUEUE_NUM_MAX = 0x34,
       STATUS = 0x70, CONFIG = 0x100 };
enum { NEEDS_RESET = 0x40 };

struct used { uint16_t flags, idx; struct { uint32_t id, len; } ring[]; };
struct avail { uint16_t flags, idx, ring[]; };

static uint32_t regs[0x200];
static uint8_t memory[1 << 16] __attribute__((aligned(4096)));
static struct hostblk disk;
static uint8_t store[DISK];
static uint16_t seen;                /* of the available ring                        */
static bool stopped;                 /* it takes no request                          */
static struct { uint32_t type, status; } answers[64];        /* other than OK        */
static unsigned int nr_answers;
static uint32_t cut;                 /* bytes by which reads are too short           */
static char history[256];            /* what it was asked: letters of types          */
static uint64_t longest, flags_of_range;

static pa_t pa_of(const void *p)
{
	return PA((uintptr_t)p);
}

static void *at(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

static void note(char what)
{
	size_t n = strlen(history);

	assert_true(n + 1 < sizeof(history));
	history[n] = what;
}

/* What the next request of that type is answered with. */
static void will_answer(uint32_t type, uint32_t status)
{
	answers[nr_answers].type = type;
	answers[nr_answers++].status = status;
}

static uint8_t status_for(uint32_t type)
{
	for (unsigned int i = 0; i < nr_answers; i++)
		if (answers[i].type == type) {
			answers[i].type = ~0u;
			return (uint8_t)answers[i].status;
		}
	return OK;
}

static uint8_t *stored(uint64_t sector, uint64_t len)
{
	/* Never but in the partition. */
	assert_in_range(sector * SECTOR, START, START + SIZE);
	assert_true(len <= START + SIZE - sector * SECTOR);
	longest = MAX(longest, len);
	return store + sector * SECTOR;
}

static void carry_out(uint32_t type, uint64_t sector, const struct virtio_host_desc *d)
{
	const struct { uint64_t sector; uint32_t nr, flags; } *range = at(d->addr);

	switch (type) {
	case T_IN:
		memcpy(at(d->addr), stored(sector, d->len), d->len);
		break;
	case T_OUT:
		memcpy(stored(sector, d->len), at(d->addr), d->len);
		break;
	case T_DISCARD:
	case T_WRITE_ZEROES:
		memset(stored(range->sector, (uint64_t)range->nr * SECTOR), 0, range->nr * SECTOR);
		flags_of_range = range->flags;
		break;
	default:
		assert_int_equal(type, T_FLUSH);
		assert_int_equal(d->len, 1);
	}
}

/* The chain that begins there; bytes that were written. */
static uint32_t serve(uint16_t head)
{
	static const char letters[] = { [T_IN] = 'r', [T_OUT] = 'w', [T_FLUSH] = 'f',
					[T_DISCARD] = 'd', [T_WRITE_ZEROES] = 'z' };
	const struct virtio_host_desc *d = &disk.ring.desc[head], *last;
	const struct { uint32_t type, reserved; uint64_t sector; } *h = at(d->addr);
	uint8_t status = status_for(h->type);

	d = last = &disk.ring.desc[d->next];
	while (last->flags & VIRTIO_DESC_NEXT)
		last = &disk.ring.desc[last->next];
	note(letters[h->type]);
	if (status == OK)
		carry_out(h->type, h->sector, d);
	*(uint8_t *)at(last->addr) = status;
	return h->type == T_IN ? d->len + 1 - cut : 1;
}

/* The next request, if there is one, and the interrupt for it. */
static bool device_step(void)
{
	const struct avail *a = at((uintptr_t)disk.ring.avail);
	struct used *u = at((uintptr_t)disk.ring.used);
	uint16_t head;

	if (stopped || disk.dead || seen == a->idx)
		return false;
	head = a->ring[seen++ % disk.ring.size];
	u->ring[u->idx % disk.ring.size].id = head;
	u->ring[u->idx % disk.ring.size].len = serve(head);
	u->idx++;
	hostblk_interrupt(&disk);
	return true;
}

static unsigned int in_flight(void)
{
	return (uint16_t)(((const struct avail *)at((uintptr_t)disk.ring.avail))->idx - seen);
}

static void device_start(uint64_t features, bool read_only)
{
	struct dma_area mem = { memory, PA((uintptr_t)memory), sizeof(memory) };

	memset(regs, 0, sizeof(regs));
	memset(memory, 0, sizeof(memory));
	memset(&disk, 0, sizeof(disk));
	regs[MAGIC / 4] = 0x74726976;
	regs[VERSION / 4] = 2;
	regs[DEVICE_ID / 4] = VIRTIO_HOST_BLOCK;
	/* One word for both halves: bit 32 is bit 0. */
	regs[FEATURES / 4] = (uint32_t)features | (read_only ? F_RO : 0) | 1;
	regs[QUEUE_NUM_MAX / 4] = 1024;
	regs[CONFIG / 4] = DISK / SECTOR;
	regs[(CONFIG + 36) / 4] = regs[(CONFIG + 48) / 4] = 0x100;
	regs[(CONFIG + 56) / 4] = 1;
	assert_int_equal(virtio_host_probe(&disk.dev, va_of(regs)), 0);
	/* Nobody answers yet, so there is no time for the serial number. */
	fake_counter_hz = 0;
	assert_int_equal(hostblk_start(&disk, &mem, pa_of), -EIO);
	memset(disk.slots, 0, sizeof(disk.slots));
	disk.dead = false;
	disk.ring.avail_idx = disk.ring.used_idx = 0;
	((struct avail *)at((uintptr_t)disk.ring.avail))->idx = seen = 0;
	fake_counter_hz = 1000;
	for (uint32_t i = 0; i < DISK; i++)
		store[i] = (uint8_t)(i * 7 + (i >> 9));
	memset(history, 0, sizeof(history));
	nr_answers = cut = 0;
	longest = flags_of_range = 0;
	stopped = false;
}

/* ---- what the VM stands on ---- */

static struct vm_config vm_cfg;
static struct vm vm;
static struct vm_host host;
static struct phys_disk phys;
static unsigned int nr_claims;
static int claim_error;

static int claim(struct hostblk_part *p, const char *owner, const char *name,
		 const char *partition, char *why, uint32_t size)
{
	assert_string_equal(owner, "guest");
	assert_string_equal(name, "0");
	assert_string_equal(partition, "root");
	if (claim_error) {
		snprintf(why, size, "another has it");
		return claim_error;
	}
	hostblk_part_init(p, &disk, START, SIZE);
	nr_claims++;
	return 0;
}

static void release(const struct hostblk_part *p)
{
	assert_ptr_equal(p, &phys.part);
	nr_claims--;
}

void timer_setup(struct timer *t, void (*fire)(struct timer *t))
{
	t->fire = fire;
}

void timer_start(struct timer *t, uint64_t deadline)
{
	(void)t, (void)deadline;
	fail_msg("there is no limit");
}

void timer_cancel_wait(struct timer *t)
{
	(void)t;
}

/* Others run meanwhile: the device's interrupts. */
void thread_yield(void)
{
	fake_counter += fake_counter_hz;
	device_step();
}

/* ---- the guest ---- */

static struct virtio_blk blk;
static struct virtq queue;
static struct virtq_seg segs[VIRTQ_MAX_SIZE];
static struct fake_ram ram;
static struct fake_queue f;

static int init(bool readonly)
{
	const struct config_disk c = {
		.physical = "0", .partition = "root", .readonly = readonly, .queues = 1,
	};

	vm = (struct vm){ .host = &host, .cfg = &vm_cfg };
	snprintf(vm_cfg.name, sizeof(vm_cfg.name), "guest");
	memset(&phys, 0, sizeof(phys));
	return phys_disk_init(&vm, &phys, &c);
}

static void drive(uint64_t features)
{
	assert_true(fake_driver_accept(&blk.dev, features & blk.dev.offered));
	fake_queue_init(&f, &blk.dev, &ram, 0, 256, RING);
	fake_driver_ok(&blk.dev);
	fake_worker_run(&blk.dev);
}

static void start(uint64_t device, bool device_ro, bool config_ro, uint64_t driver)
{
	struct virtio_setup s = {
		.vm = "guest", .name = "disk0", .ram = &ram.ram, .worker = &fake_worker, .slot = 3,
		.queues = &queue, .segs = segs,
	};

	host = (struct vm_host){ .disk_claim = claim, .disk_release = release };
	nr_heap = nr_pages = nr_claims = 0;
	claim_error = 0;
	heap_left = 100;
	fake_log_lines = 0;
	device_start(device, device_ro);
	assert_int_equal(init(config_ro), 0);
	memset(&blk, 0, sizeof(blk));
	memset(&queue, 0, sizeof(queue));
	fake_ram_init(&ram);
	virtio_blk_init(&blk, &phys.part.backend, "", &(struct virtio_blk_limit){ 0 }, 1, &s);
	virtio_init(&blk.dev, &s);
	phys_disk_give(&phys, &blk);
	drive(driver);
}

#define ABLE (F_FLUSH | F_DISCARD | F_WRITE_ZEROES)

static int setup(void **state)
{
	(void)state;
	start(ABLE, false, false, ALL);
	return 0;
}

/* The VM ends. */
static void end(void)
{
	virtio_reset(&blk.dev);
	virtio_blk_fini(&blk);
	phys_disk_fini(&vm, &phys, &blk);
	fake_ram_fini(&ram);
	assert_int_equal(nr_claims, 0);
	assert_int_equal(nr_heap, 0);
}

static int teardown(void **state)
{
	(void)state;
	stopped = false;
	end();
	assert_int_equal(nr_pages, 0);
	return 0;
}

/* Not kicked. */
static void add(uint32_t type, uint64_t sector, uint32_t len)
{
	struct { uint32_t type, reserved; uint64_t sector; } h = { type, 0, sector };
	uint64_t head = HEADS + 16u * f.next, status = STATUSES + f.next;
	struct fake_seg seg[3] = { { head, 16, false } };
	unsigned int nr = 1;

	memcpy(fake_ram_at(&ram, head), &h, sizeof(h));
	if (len)
		seg[nr++] = (struct fake_seg){ DATA, len, type == T_IN };
	*(uint8_t *)fake_ram_at(&ram, status) = NONE;
	seg[nr++] = (struct fake_seg){ status, 1, true };
	fake_queue_add(&f, seg, nr);
}

/* The device and Corbel's thread, until nothing moves. */
static void run(void)
{
	fake_worker_run(&blk.dev);
	while (device_step())
		fake_worker_run(&blk.dev);
}

/* The status of the next that is answered. */
static uint8_t answered(void)
{
	uint16_t id;
	uint32_t len;

	return fake_queue_used(&f, &id, &len) ? *(uint8_t *)fake_ram_at(&ram, STATUSES + id) : NONE;
}

static uint8_t ask(uint32_t type, uint64_t sector, uint32_t len)
{
	add(type, sector, len);
	fake_queue_kick(&f);
	run();
	return answered();
}

static uint8_t ask_range(uint32_t type, uint64_t sector, uint32_t nr, uint32_t flags)
{
	struct { uint64_t sector; uint32_t nr, flags; } r = { sector, nr, flags };

	memcpy(fake_ram_at(&ram, DATA), &r, sizeof(r));
	return ask(type, 0, sizeof(r));
}

static uint8_t *data(void)
{
	return fake_ram_at(&ram, DATA);
}

static void asked(const char *want)
{
	assert_string_equal(history, want);
	memset(history, 0, sizeof(history));
}

/* ---- tests ---- */

static void the_ends_of_the_partition_are_the_ends_of_the_disk(void **state)
{
	static const struct { uint64_t sector; uint32_t len; } beyond[] = {
		{ LAST + 1, SECTOR }, { LAST, 2 * SECTOR }, { 0, SIZE + SECTOR },
		{ DISK / SECTOR, SECTOR }, { UINT64_MAX / SECTOR, SECTOR },
		/* That is before it, where the byte's number wraps. */
		{ UINT64_MAX / SECTOR - START / SECTOR + 1, SECTOR }, { UINT64_MAX, SECTOR },
	};
	static uint8_t was[DISK];

	(void)state;
	memcpy(was, store, DISK);
	assert_int_equal(blk.backend->size, SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(beyond); i++) {
		assert_int_equal(ask(T_IN, beyond[i].sector, beyond[i].len), IOERR);
		assert_int_equal(ask(T_OUT, beyond[i].sector, beyond[i].len), IOERR);
		assert_int_equal(ask_range(T_DISCARD, beyond[i].sector, beyond[i].len / SECTOR, 0),
				 IOERR);
		assert_int_equal(ask_range(T_WRITE_ZEROES, beyond[i].sector,
					   beyond[i].len / SECTOR, 0), IOERR);
	}
	asked("");
	for (uint64_t sector = 0; sector <= LAST; sector += LAST) {
		assert_int_equal(ask(T_IN, sector, SECTOR), OK);
		assert_memory_equal(data(), store + START + sector * SECTOR, SECTOR);
		memset(data(), 0x5a, SECTOR);
		assert_int_equal(ask(T_OUT, sector, SECTOR), OK);
		memset(was + START + sector * SECTOR, 0x5a, SECTOR);
	}
	asked("rwrw");
	assert_memory_equal(store, was, DISK);
}

static void a_large_request_goes_in_pieces_that_fit(void **state)
{
	(void)state;
	assert_int_equal(ask(T_IN, 3, 5 * BUF / 2), OK);
	assert_memory_equal(data(), store + START + 3 * SECTOR, 5 * BUF / 2);
	asked("rrr");
	for (uint32_t i = 0; i < 5 * BUF / 2; i++)
		data()[i] = (uint8_t)(i * 11 + (i >> 8));
	assert_int_equal(ask(T_OUT, 5, 5 * BUF / 2), OK);
	assert_memory_equal(data(), store + START + 5 * SECTOR, 5 * BUF / 2);
	asked("www");
	assert_int_equal(longest, BUF);
	/* An error in the middle ends it. */
	will_answer(T_OUT, OK);
	will_answer(T_OUT, IOERR);
	assert_int_equal(ask(T_OUT, 5, 5 * BUF / 2), IOERR);
	asked("ww");
}

static void the_device_s_errors_are_the_guest_s(void **state)
{
	static const struct { uint8_t device, guest; } cases[] = {
		{ IOERR, IOERR }, { UNSUPP, UNSUPP }, { 7, IOERR }, { 0xff, IOERR },
	};
	static const uint32_t types[] = { T_IN, T_OUT, T_FLUSH };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
			will_answer(types[t], cases[i].device);
			assert_int_equal(ask(types[t], 8, types[t] == T_FLUSH ? 0 : SECTOR),
					 cases[i].guest);
		}
		will_answer(T_DISCARD, cases[i].device);
		assert_int_equal(ask_range(T_DISCARD, 8, 8, 0), cases[i].guest);
	}
	/* A read that is too short does not show what the buffer held before. */
	assert_int_equal(ask(T_IN, 16, SECTOR), OK);
	memset(data(), 0xcc, SECTOR);
	cut = 1;
	assert_int_equal(ask(T_IN, 8, SECTOR), IOERR);
	for (uint32_t i = 0; i < SECTOR; i++)
		assert_int_equal(data()[i], 0xcc);
	cut = 0;
	assert_int_equal(ask(T_IN, 8, SECTOR), OK);
	assert_false(disk.dead);
	assert_int_equal(fake_log_lines, 0);
}

/* A driver that flushes decides when. */
static void a_flush_is_the_device_s_and_comes_after_what_was_written(void **state)
{
	(void)state;
	assert_int_equal(ask(T_OUT, 0, SECTOR), OK);
	assert_int_equal(ask(T_OUT, 8, SECTOR), OK);
	asked("ww");
	stopped = true;
	add(T_FLUSH, 0, 0);
	fake_queue_kick(&f);
	run();
	/* Not before the device says so. */
	assert_int_equal(in_flight(), 1);
	assert_int_equal(answered(), NONE);
	stopped = false;
	run();
	assert_int_equal(answered(), OK);
	asked("f");
}

/* One that cannot flush is told that a write is done when it is on the disk. */
static void without_flushes_each_write_is_followed_by_one(void **state)
{
	(void)state;
	start(ABLE, false, false, ALL & ~F_FLUSH);
	add(T_OUT, 0, SECTOR);
	fake_queue_kick(&f);
	fake_worker_run(&blk.dev);
	assert_true(device_step());
	fake_worker_run(&blk.dev);
	asked("w");
	assert_int_equal(answered(), NONE);
	assert_true(device_step());
	fake_worker_run(&blk.dev);
	assert_int_equal(answered(), OK);
	asked("f");
	/* What is not on the disk was not written. */
	will_answer(T_FLUSH, IOERR);
	assert_int_equal(ask(T_OUT, 8, SECTOR), IOERR);
	/* In pieces: one for all. */
	assert_int_equal(ask(T_OUT, 8, 2 * BUF), OK);
	asked("wfwwf");
	assert_int_equal(ask(T_IN, 8, SECTOR), OK);
	asked("r");
	assert_int_equal(ask(T_FLUSH, 0, 0), UNSUPP);
	asked("");
}

static void a_disk_without_a_cache_is_not_flushed(void **state)
{
	(void)state;
	start(0, false, false, ALL);
	assert_int_equal(blk.dev.offered & (F_FLUSH | F_DISCARD | F_WRITE_ZEROES), 0);
	assert_int_equal(ask(T_OUT, 0, SECTOR), OK);
	asked("w");
	assert_int_equal(ask(T_FLUSH, 0, 0), UNSUPP);
	assert_int_equal(ask_range(T_DISCARD, 0, 8, 0), UNSUPP);
	assert_int_equal(ask_range(T_WRITE_ZEROES, 0, 8, 0), UNSUPP);
	asked("");
}

static void discards_and_zeroes_reach_the_device(void **state)
{
	static const uint8_t zeroes[0x100 * SECTOR];
	uint8_t before = store[START + 8 * SECTOR - 1], after = store[START + 16 * SECTOR];

	(void)state;
	assert_int_equal(ask_range(T_WRITE_ZEROES, 8, 8, 1), OK);
	asked("z");
	assert_int_equal(flags_of_range, 1);
	assert_memory_equal(store + START + 8 * SECTOR, zeroes, 8 * SECTOR);
	assert_int_equal(store[START + 8 * SECTOR - 1], before);
	assert_int_equal(store[START + 16 * SECTOR], after);
	assert_int_equal(ask_range(T_WRITE_ZEROES, 16, 8, 0), OK);
	assert_int_equal(flags_of_range, 0);
	assert_int_equal(ask_range(T_DISCARD, LAST, 1, 0), OK);
	asked("zd");
	/* More than the device takes at once, up to the last sector. */
	assert_int_equal(ask_range(T_DISCARD, LAST + 1 - 0x280, 0x280, 0), OK);
	asked("ddd");
	assert_memory_equal(store + START + SIZE - sizeof(zeroes), zeroes, sizeof(zeroes));
	will_answer(T_WRITE_ZEROES, OK);
	will_answer(T_WRITE_ZEROES, IOERR);
	assert_int_equal(ask_range(T_WRITE_ZEROES, 0, 0x280, 0), IOERR);
	asked("zz");
}

static void nothing_is_written_where_that_is_not_allowed(void **state)
{
	(void)state;
	for (int n = 0; n < 2; n++) {
		if (n == 0)
			teardown(state);
		/* By the configuration; by the disk. */
		start(ABLE, n == 1, n == 0, ALL);
		assert_true(blk.dev.offered & F_RO);
		assert_int_equal(blk.dev.offered & (F_DISCARD | F_WRITE_ZEROES), 0);
		assert_int_equal(ask(T_OUT, 0, SECTOR), IOERR);
		assert_int_not_equal(ask_range(T_DISCARD, 0, 8, 0), OK);
		assert_int_not_equal(ask_range(T_WRITE_ZEROES, 0, 8, 0), OK);
		asked("");
		assert_int_equal(ask(T_IN, 0, SECTOR), OK);
		asked("r");
		if (n == 0)
			teardown(state);
	}
}

static void what_does_not_fit_waits_in_the_guest_s_ring(void **state)
{
	enum { NR = 3 * VIRTIO_BLK_SLOTS };

	(void)state;
	stopped = true;
	for (unsigned int i = 0; i < NR; i++)
		add(T_IN, i, SECTOR);
	fake_queue_kick(&f);
	assert_int_equal(in_flight(), VIRTIO_BLK_SLOTS);
	run();
	assert_int_equal(in_flight(), VIRTIO_BLK_SLOTS);
	stopped = false;
	/* One answer, one more. */
	assert_true(device_step());
	fake_worker_run(&blk.dev);
	assert_int_equal(in_flight(), VIRTIO_BLK_SLOTS);
	run();
	for (unsigned int i = 0; i < NR; i++)
		assert_int_equal(answered(), OK);
	assert_int_equal(answered(), NONE);
	assert_int_equal(strlen(history), NR);
}

static void a_device_that_is_lost_fails_what_it_has_and_what_comes(void **state)
{
	(void)state;
	stopped = true;
	for (unsigned int i = 0; i < 2 * VIRTIO_BLK_SLOTS; i++)
		add(i % 2 ? T_OUT : T_IN, i, SECTOR);
	fake_queue_kick(&f);
	memset(data(), 0xcc, SECTOR);
	regs[STATUS / 4] |= NEEDS_RESET;
	hostblk_interrupt(&disk);
	run();
	for (unsigned int i = 0; i < 2 * VIRTIO_BLK_SLOTS; i++)
		assert_int_equal(answered(), IOERR);
	assert_int_equal(answered(), NONE);
	assert_int_equal(regs[STATUS / 4], 0);
	for (unsigned int i = 0; i < SECTOR; i++)
		assert_int_equal(data()[i], 0xcc);
	assert_int_equal(ask(T_IN, 0, SECTOR), IOERR);
	assert_int_equal(ask(T_FLUSH, 0, 0), IOERR);
	/* The guest's device is sound. */
	assert_int_equal(blk.dev.status & NEEDS_RESET, 0);
	asked("");
}

static void after_the_guest_s_reset_its_memory_is_its_own(void **state)
{
	uint8_t *mem = fake_ram_at(&ram, FAKE_RAM_BASE);

	(void)state;
	stopped = true;
	for (unsigned int i = 0; i < VIRTIO_BLK_SLOTS + 4; i++)
		add(T_IN, i, SECTOR);
	fake_queue_kick(&f);
	virtio_reset(&blk.dev);
	memset(mem, 0xa5, FAKE_RAM_SIZE);
	stopped = false;
	run();
	assert_int_equal(strlen(history), VIRTIO_BLK_SLOTS);
	for (unsigned int i = 0; i < FAKE_RAM_SIZE; i++)
		assert_int_equal(mem[i], 0xa5);
	/* Its next life has all of the room. */
	memset(mem, 0, FAKE_RAM_SIZE);
	memset(history, 0, sizeof(history));
	drive(ALL);
	what_does_not_fit_waits_in_the_guest_s_ring(state);
}

/* Those of the old life are still with the device when the new one asks. */
static void a_new_life_waits_for_the_old_one_s_requests(void **state)
{
	(void)state;
	stopped = true;
	for (unsigned int i = 0; i < VIRTIO_BLK_SLOTS; i++)
		add(T_OUT, i, SECTOR);
	fake_queue_kick(&f);
	virtio_reset(&blk.dev);
	memset(fake_ram_at(&ram, FAKE_RAM_BASE), 0, FAKE_RAM_SIZE);
	drive(ALL);
	for (unsigned int i = 0; i < 4; i++)
		add(T_IN, 100 + i, SECTOR);
	fake_queue_kick(&f);
	run();
	assert_int_equal(answered(), NONE);
	stopped = false;
	run();
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(answered(), OK);
	assert_int_equal(answered(), NONE);
	asked("wwwwwwwwwwwwwwwwrrrr");
}

static void the_end_waits_for_the_device(void **state)
{
	(void)state;
	start(ABLE, false, false, ALL);
	stopped = true;
	for (unsigned int i = 0; i < VIRTIO_BLK_SLOTS; i++)
		add(T_OUT, i, SECTOR);
	fake_queue_kick(&f);
	stopped = false;
	end();
	assert_int_equal(nr_pages, 0);
	assert_int_equal(in_flight(), 0);
	assert_int_equal(fake_log_lines, 0);
	assert_false(disk.dead);
}

/* reset: it can still be told to let go. */
static void end_without_answer(bool reset)
{
	uint64_t began;

	start(ABLE, false, false, ALL);
	stopped = true;
	for (unsigned int i = 0; i < VIRTIO_BLK_SLOTS; i++)
		add(T_IN, i, SECTOR);
	fake_queue_kick(&f);
	/* As if it had been tried in vain. */
	disk.dead = disk.held = !reset;
	began = fake_counter;
	end();
	assert_true(disk.dead);
	assert_in_range(fake_counter - began, 30 * fake_counter_hz, 32 * fake_counter_hz);
	assert_int_equal(fake_log_lines, 1);
}

static void a_device_that_never_answers_is_given_up(void **state)
{
	(void)state;
	end_without_answer(true);
	assert_int_equal(nr_pages, 0);
}

/* It may still write there. */
static void what_a_device_does_not_let_go_of_stays_its_own(void **state)
{
	(void)state;
	end_without_answer(false);
	assert_int_equal(nr_pages, phys.nr_pages);
	free(phys.bufs);
}

static void what_is_not_to_be_had_is_said(void **state)
{
	unsigned int needs;

	(void)state;
	start(ABLE, false, false, ALL);
	needs = 100 - heap_left;
	end();
	/* Whichever memory is missing, nothing is left. */
	for (unsigned int i = 0; i < needs; i++) {
		heap_left = i;
		fake_log_lines = 0;
		assert_int_equal(init(false), -ENOMEM);
		assert_int_equal(fake_log_lines, 1);
		assert_non_null(strstr(fake_log_last, "guest: disk 0: no memory"));
		assert_int_equal(nr_claims + nr_heap + nr_pages, 0);
	}
	heap_left = 100;
	claim_error = -EBUSY;
	assert_int_equal(init(false), -EBUSY);
	assert_non_null(strstr(fake_log_last, "guest: disk 0: another has it"));
	host.disk_claim = NULL;
	assert_int_equal(init(false), -ENOTSUP);
	assert_non_null(strstr(fake_log_last, "without drivers"));
	assert_int_equal(heap_left, 100);
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_ends_of_the_partition_are_the_ends_of_the_disk),
		TEST(a_large_request_goes_in_pieces_that_fit),
		TEST(the_device_s_errors_are_the_guest_s),
		TEST(a_flush_is_the_device_s_and_comes_after_what_was_written),
		cmocka_unit_test_teardown(without_flushes_each_write_is_followed_by_one, teardown),
		cmocka_unit_test_teardown(a_disk_without_a_cache_is_not_flushed, teardown),
		TEST(discards_and_zeroes_reach_the_device),
		TEST(nothing_is_written_where_that_is_not_allowed),
		TEST(what_does_not_fit_waits_in_the_guest_s_ring),
		TEST(a_device_that_is_lost_fails_what_it_has_and_what_comes),
		TEST(after_the_guest_s_reset_its_memory_is_its_own),
		TEST(a_new_life_waits_for_the_old_one_s_requests),
		cmocka_unit_test(the_end_waits_for_the_device),
		cmocka_unit_test(a_device_that_never_answers_is_given_up),
		cmocka_unit_test(what_a_device_does_not_let_go_of_stays_its_own),
		cmocka_unit_test(what_is_not_to_be_had_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
