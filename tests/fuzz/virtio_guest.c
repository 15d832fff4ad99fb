/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/virtio_guest.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <arch/timer.h>
#include "core/timer.h"
#include "tests/host/fake/log.h"

#define RINGS    FAKE_RAM_BASE             /* a page for each queue                  */
#define TABLES   (FAKE_RAM_BASE + 0x10000) /* of descriptors, for each slot and queue */
#define DATA_LEN 0x10000u

#define BAR(g)   ((uint64_t)(g)->dev->slot * VIRTIO_MMIO_SLOT_SIZE)

enum {
	DRIVER_FEATURES = 0x20, DRIVER_FEATURES_SEL = 0x24, QUEUE_SEL = 0x30, QUEUE_SIZE = 0x38,
	QUEUE_READY = 0x44, QUEUE_NOTIFY = 0x50, INTERRUPT = 0x60, INTERRUPT_ACK = 0x64,
	STATUS = 0x70, QUEUE_DESC = 0x80, QUEUE_DRIVER = 0x90, QUEUE_DEVICE = 0xa0,
};

/* ---- registers ---- */

/* An access as the bus lets it through: aligned. */
static int access(struct fuzz_guest *g, uint64_t off, uint8_t size, bool write, bool may_sleep,
		  uint64_t *value)
{
	struct mmio_access acc = {
		.offset = off, .size = size, .is_write = write, .may_sleep = may_sleep,
		.value = size == 8 || !write ? *value : *value & BITS(8u * size - 1, 0),
	};
	int err = g->mmio.dev.access(&g->mmio.dev, &acc);

	FUZZ_CHECK(err == 0 || err == -EFAULT || (err == -EAGAIN && !may_sleep));
	if (!write && !err) {
		FUZZ_CHECK(size == 8 || !(acc.value >> (8 * size)));
		*value = acc.value;
	}
	if (write && !err && off == BAR(g) + STATUS && size == 4 && (uint32_t)*value == 0)
		g->lives++;
	return err;
}

static void reg_write(struct fuzz_guest *g, uint32_t off, uint32_t value)
{
	uint64_t v = value;

	FUZZ_CHECK(access(g, BAR(g) + off, 4, true, true, &v) == 0);
}

static uint32_t reg_read(struct fuzz_guest *g, uint32_t off)
{
	uint64_t v = 0;

	FUZZ_CHECK(access(g, BAR(g) + off, 4, false, true, &v) == 0);
	return (uint32_t)v;
}

static void any_access(struct fuzz_guest *g)
{
	uint32_t how = fuzz_below(g->in, 256);
	uint8_t size = (uint8_t)(how & 3 ? 4 : 1u << fuzz_below(g->in, 4));
	uint64_t off = fuzz_below(g->in, VIRTIO_MMIO_SLOT_SIZE), value = fuzz_edge(g->in);

	off += how & 4 ? BAR(g) : fuzz_below(g->in, VIRTIO_MAX_DEVICES) * VIRTIO_MMIO_SLOT_SIZE;
	access(g, off / size * size, size, how & 8, how & 0x30, &value);
}

/* ---- a driver's start ---- */

static void write_address(struct fuzz_guest *g, uint32_t off, uint64_t addr)
{
	reg_write(g, off, (uint32_t)addr);
	reg_write(g, off + 4, (uint32_t)(addr >> 32));
}

static void queue_up(struct fuzz_guest *g, uint16_t queue)
{
	uint64_t at = RINGS + queue * 0x1000u;

	g->ring[queue] = (struct fake_queue){
		.dev = g->dev, .ram = &g->ram, .idx = queue, .size = FUZZ_RING, .wrap = true,
		.used_wrap = true, .packed = virtio_has(g->dev, VIRTIO_F_RING_PACKED),
		.desc = at, .driver = at + 0x400, .device = at + 0x800,
		.table = TABLES + queue * FUZZ_RING * 16u,
	};
	memset(fake_ram_at(&g->ram, at), 0, 0x1000);
	reg_write(g, QUEUE_SEL, queue);
	reg_write(g, QUEUE_SIZE, FUZZ_RING);
	write_address(g, QUEUE_DESC, at);
	write_address(g, QUEUE_DRIVER, at + 0x400);
	write_address(g, QUEUE_DEVICE, at + 0x800);
	reg_write(g, QUEUE_READY, 1);
}

static void bring_up(struct fuzz_guest *g)
{
	const uint32_t found = VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER;
	uint64_t features = g->features | VIRTIO_F_VERSION_1;
	uint32_t how = fuzz_below(g->in, 256);

	features |= how & 1 ? VIRTIO_F_RING_PACKED : 0;
	features |= how & 2 ? VIRTIO_F_EVENT_IDX : 0;
	features |= how & 4 ? VIRTIO_F_INDIRECT_DESC : 0;
	if (how & 8)
		features ^= fuzz_num(g->in, 8);
	features &= virtio_offered(g->dev);
	reg_write(g, STATUS, 0);
	reg_write(g, STATUS, found);
	reg_write(g, DRIVER_FEATURES_SEL, 0);
	reg_write(g, DRIVER_FEATURES, (uint32_t)features);
	reg_write(g, DRIVER_FEATURES_SEL, 1);
	reg_write(g, DRIVER_FEATURES, (uint32_t)(features >> 32));
	reg_write(g, STATUS, found | VIRTIO_S_FEATURES_OK);
	for (uint16_t i = 0; i < g->dev->nr_queues; i++)
		queue_up(g, i);
	reg_write(g, STATUS, found | VIRTIO_S_FEATURES_OK | VIRTIO_S_DRIVER_OK);
}

/* ---- rings ---- */

static struct fake_queue *some_queue(struct fuzz_guest *g)
{
	return &g->ring[fuzz_below(g->in, g->dev->nr_queues)];
}

static void scribble(struct fuzz_guest *g)
{
	const struct fake_queue *f = some_queue(g);
	const uint64_t where[] = { f->desc, f->driver, f->device, f->table, FUZZ_DATA };
	uint64_t at = where[fuzz_below(g->in, ARRAY_SIZE(where))] +
		      fuzz_below(g->in, 16 * FUZZ_RING);
	uint64_t value = fuzz_edge(g->in);

	memcpy(fake_ram_at(&g->ram, at), &value, 1u << fuzz_below(g->in, 4));
}

/* Between two reads of the device. */
static void on_read(struct fake_ram *r, ipa_t from, uint64_t size)
{
	struct fuzz_guest *g = container_of(r, struct fuzz_guest, ram);

	(void)from, (void)size;
	if (fuzz_more(g->in) && fuzz_below(g->in, 16) == 0)
		scribble(g);
}

static uint64_t address(struct fuzz_guest *g)
{
	uint8_t how = (uint8_t)fuzz_num(g->in, 1);

	return how & 0x80 ? fuzz_edge(g->in) : how & 0x40 ? FAKE_RAM_BASE + FUZZ_RAM - how :
	       FUZZ_DATA + how * 64u;
}

static void descriptor(struct fuzz_guest *g)
{
	struct fake_queue *f = some_queue(g);
	uint16_t slot = (uint16_t)fuzz_below(g->in, FUZZ_RING);

	fake_desc_set(f, slot, address(g), (uint32_t)fuzz_edge(g->in),
		      (uint16_t)fuzz_num(g->in, 2), (uint16_t)fuzz_below(g->in, FUZZ_RING + 2));
	if (!f->packed)
		fake_avail_put(f, (uint16_t)fuzz_below(g->in, FUZZ_RING + 1));
}

/* A piece of len bytes in `parts` segments of the chain. */
static unsigned int add_segs(struct fake_seg *seg, uint64_t at, uint32_t len, uint32_t parts,
			     bool write)
{
	unsigned int nr = 0;

	for (uint32_t left = len; left; nr++) {
		uint32_t n = nr + 1 < parts ? left / 2 : left;

		seg[nr] = (struct fake_seg){ at, n, write };
		at += n;
		left -= n;
		if (nr + 1 >= parts)
			return nr + 1;
	}
	return nr;
}

static void request(struct fuzz_guest *g)
{
	struct fake_queue *f = some_queue(g);
	uint32_t how = fuzz_below(g->in, 256), room = 0, n, nr;
	struct fake_seg seg[8];
	uint8_t out[256];
	uint64_t at = FUZZ_DATA + g->data;

	if (!f->dev)
		return;
	n = g->request(g, f->idx, out, &room);
	FUZZ_CHECK(n <= sizeof(out) && room <= DATA_LEN / 2);
	/* The second half of its memory is where longer ones end. */
	g->data = (g->data + 0x100) % (DATA_LEN / 2);
	memcpy(fake_ram_at(&g->ram, at), out, n);
	if (how & 1 && how & 2)
		n += fuzz_below(g->in, DATA_LEN / 2 - 0x100);
	nr = add_segs(seg, at, n, 1 + (how >> 2 & 3), false);
	nr += add_segs(seg + nr, FUZZ_DATA + DATA_LEN / 2, room, 1 + (how >> 4 & 3), true);
	if (!nr)
		return;
	f->indirect = how & 0x40 && virtio_has(g->dev, VIRTIO_F_INDIRECT_DESC);
	/* Buffers to be filled come in numbers. */
	for (uint32_t more = !n && how & 0x80 ? FUZZ_RING / 2 / nr : 1; more; more--)
		fake_queue_add(f, seg, nr);
	virtio_kicked(g->dev, f->idx);
}

static void ack(struct fuzz_guest *g)
{
	reg_write(g, INTERRUPT_ACK, reg_read(g, INTERRUPT));
}

/* As the balloon takes it, and as the guest's next touch gives it back. */
static void take(struct fuzz_guest *g)
{
	uint64_t page = fuzz_below(g->in, FUZZ_RAM / 0x1000);

	if (fuzz_below(g->in, 2))
		g->ram.hole_size = 0;
	else
		fake_ram_take(&g->ram, FAKE_RAM_BASE + page * 0x1000, 0x1000);
}

static void power_cycle(struct fuzz_guest *g)
{
	g->lives++;
	g->mmio.dev.reset(&g->mmio.dev);
	FUZZ_CHECK(!g->line && g->ram.nr_views == 0 && reg_read(g, STATUS) == 0);
}

static void kick(struct fuzz_guest *g)
{
	uint32_t queue = fuzz_below(g->in, 16);

	reg_write(g, QUEUE_NOTIFY, queue < 15 ? queue : (uint32_t)fuzz_edge(g->in));
}

void fuzz_guest_step(struct fuzz_guest *g)
{
	static void (*const ops[])(struct fuzz_guest *g) = {
		any_access, any_access, descriptor, scribble, kick, ack, take, bring_up,
		power_cycle,
	};
	uint32_t op = fuzz_below(g->in, 2 * ARRAY_SIZE(ops));

	if (op < ARRAY_SIZE(ops))
		ops[op](g);
	else
		request(g);
	FUZZ_CHECK(fake_mutexes_held == 0);
}

/* ---- the device's side ---- */

static void check(struct fuzz_guest *g)
{
	FUZZ_CHECK(fake_mutexes_held == 0);
	FUZZ_CHECK(g->line == (atomic_load(&g->mmio.slot[g->dev->slot].interrupt) != 0));
}

static unsigned int touched(const struct fuzz_guest *g)
{
	return g->ram.nr_reads + g->ram.nr_writes + g->ram.nr_copies;
}

static bool run_once(struct fuzz_guest *g)
{
	uint32_t bits = atomic_exchange(&g->worker.work, 0);
	bool running = virtio_running(g->dev);
	unsigned int before = touched(g);

	if (!bits)
		return false;
	FUZZ_CHECK(bits == 1u << g->dev->slot);
	if (virtio_work(g->dev))
		atomic_fetch_or(&g->worker.work, bits);
	if (!running)
		FUZZ_CHECK(touched(g) == before);
	return true;
}

void fuzz_guests_run(struct fuzz_guest *const *g, unsigned int nr)
{
	unsigned int lines = 0;
	bool more = true;

	for (unsigned int n = 0; more; n++) {
		FUZZ_CHECK(n < 10000);
		more = false;
		for (unsigned int i = 0; i < nr; i++)
			more |= run_once(g[i]);
	}
	for (unsigned int i = 0; i < nr; i++) {
		check(g[i]);
		lines += g[i]->lives;
	}
	/* One for each time that a device broke. */
	FUZZ_CHECK(fake_log_guest_lines <= lines);
}

/* ---- time ---- */

#define MAX_TIMERS 4

static struct timer *timers[MAX_TIMERS];   /* that are on */
static unsigned int nr_timers;

void timer_setup(struct timer *t, void (*fire)(struct timer *t))
{
	t->fire = fire;
}

void timer_cancel(struct timer *t)
{
	for (unsigned int i = 0; i < nr_timers; i++)
		if (timers[i] == t)
			timers[i--] = timers[--nr_timers];
}

void timer_cancel_wait(struct timer *t)
{
	timer_cancel(t);
}

void timer_start(struct timer *t, uint64_t deadline)
{
	FUZZ_CHECK(deadline > fake_counter);
	timer_cancel(t);
	FUZZ_CHECK(nr_timers < MAX_TIMERS);
	t->deadline = deadline;
	timers[nr_timers++] = t;
}

void fuzz_time_passes(struct fuzz_in *in)
{
	fake_counter += 1 + fuzz_num(in, 4);
	for (unsigned int i = 0; i < nr_timers; i++) {
		struct timer *t = timers[i];

		if (t->deadline > fake_counter)
			continue;
		timer_cancel(t);
		t->fire(t);
		i--;
	}
}

void fuzz_time_reset(void)
{
	FUZZ_CHECK(nr_timers == 0);
	fake_counter = 0;
}

/* ---- life ---- */

static void wake(struct virtio_worker *w)
{
	(void)w;
}

static void set_line(void *ctx, uint32_t intid, bool level)
{
	struct fuzz_guest *g = ctx;

	(void)intid;
	FUZZ_CHECK(g->line != level);
	g->line = level;
}

void fuzz_guest_prepare(struct fuzz_guest *g, struct fuzz_in *in)
{
	if (!g->ram.mem)
		fake_ram_init_size(&g->ram, FUZZ_RAM);
	memset(g->ram.mem, 0, FUZZ_RAM);
	g->ram.hole_size = 0;
	g->ram.on_read = NULL;
	g->in = in;
	g->worker = (struct virtio_worker){ .wake = wake };
	memset(g->ring, 0, sizeof(g->ring));
	g->data = 0;
	g->lives = 1;
	g->line = false;
	fake_log_guest_lines = 0;
}

void fuzz_guest_start(struct fuzz_guest *g)
{
	FUZZ_CHECK(g->dev->nr_queues <= FUZZ_QUEUES);
	virtio_mmio_init(&g->mmio, 0);
	virtio_mmio_attach(&g->mmio, g->dev, (struct irq_line){ set_line, g, 48 });
	bring_up(g);
	g->ram.on_read = on_read;
}

void fuzz_guest_stop(struct fuzz_guest *g)
{
	g->ram.on_read = NULL;
	power_cycle(g);
	for (uint16_t i = 0; i < g->dev->nr_queues; i++)
		FUZZ_CHECK(g->dev->queues[i].in_flight == 0 && !g->dev->queues[i].chain.q);
}
