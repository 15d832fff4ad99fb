/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-blk on MMIO: VirtIO 1.2, 5.2. A disk of 16 MiB with two queues, serial "corbel-1". */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/virtio.h"

#define SECTOR  512u
#define DISK    (16u << 20)
#define LARGE   (10u << 20)              /* more than SEG_MAX times SIZE_MAX */
#define MEMORY  0x44000000ul             /* of it and more */
#define RAM_END 0x60000000ul

#define F_BLK_FLUSH  (1ul << 9)
#define F_BLK_MQ     (1ul << 12)
#define F_BLK_DISCARD (1ul << 13)
#define F_BLK_ZEROES (1ul << 14)
#define ALL     (F_BLK_FLUSH | F_BLK_MQ | F_BLK_DISCARD | F_BLK_ZEROES | VF_VERSION_1)

enum { T_IN, T_OUT, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_ZEROES = 13 };
enum { S_OK, S_IOERR, S_UNSUPP, S_NONE = 0xff };

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

struct range {
	uint64_t sector;
	uint32_t nr, flags;
};

static struct vdev dev;
static struct vring ring[2];
static struct header head[64];
static volatile uint8_t status[64];
static uint8_t data[64 * SECTOR], back[64 * SECTOR];

/* A fresh start with these rings. */
static bool start(uint64_t features)
{
	if (!vdev_find(&dev, 2, 0))
		return false;
	if (!vdev_start(&dev, features | ALL) || !vring_init(&ring[0], &dev, 0, 64) ||
	    !vring_init(&ring[1], &dev, 1, 64))
		return false;
	vdev_ok(&dev);
	return true;
}

static uint16_t submit(struct vring *r, unsigned int i, uint32_t type, uint64_t sector,
		       struct vseg *piece)
{
	struct vseg seg[3] = { { &head[i], sizeof(head[i]), false } };
	unsigned int nr = 1;

	head[i] = (struct header){ .type = type, .sector = sector };
	status[i] = S_NONE;
	if (piece)
		seg[nr++] = *piece;
	seg[nr++] = (struct vseg){ (const void *)&status[i], 1, true };
	return vring_add(r, seg, nr);
}

/* One request, waited for; its status. */
static unsigned int request(struct vring *r, uint32_t type, uint64_t sector, void *p, uint32_t len,
			    bool in)
{
	struct vseg piece = { p, len, in };
	uint16_t id = submit(r, 0, type, sector, p ? &piece : NULL), got;
	uint32_t written;

	vring_kick(r);
	if (!WAIT_UNTIL(vring_has_used(r), LONG_MS) || !vring_used(r, &got, &written)) {
		guest_fail(__FILE__, __LINE__, "request %u at %lu is not answered", type, sector);
		return S_NONE;
	}
	CHECK_EQ(got, id, "id");
	return status[0];
}

static void fill(uint8_t seed)
{
	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 13 + (i >> 8) + seed);
}

/* ---- what it is ---- */

static void registers_tell_a_disk(void)
{
	SKIP_UNLESS(vdev_find(&dev, 2, 0), "no disk");
	CHECK_EQ(vdev_r(&dev, VMMIO_MAGIC), 0x74726976, "MagicValue");
	CHECK_EQ(vdev_r(&dev, VMMIO_VERSION), 2, "Version");
	vdev_w(&dev, VMMIO_STATUS, 0);
	CHECK_EQ(vdev_r(&dev, VMMIO_STATUS), 0, "Status");
	CHECK(vdev_offered(&dev) & VF_VERSION_1, "no VERSION_1");
	CHECK_EQ(mmio_r64(dev.base + VMMIO_CONFIG), DISK / SECTOR, "capacity");
	CHECK_EQ(mmio_r16(dev.base + VMMIO_CONFIG + 34), 2, "num_queues");
	CHECK_EQ(vdev_r(&dev, VMMIO_SHM_LEN), 0xffffffff, "SHMLen");
	vdev_w(&dev, VMMIO_QUEUE_SEL, 2);
	CHECK_EQ(vdev_r(&dev, VMMIO_QUEUE_MAX), 0, "a third queue");
}

static void without_version_1_nothing_goes(void)
{
	SKIP_UNLESS(running_under_corbel() && vdev_find(&dev, 2, 0), "for Corbel's");
	CHECK(!vdev_start(&dev, 0), "FEATURES_OK without VERSION_1");
	CHECK(vdev_start(&dev, VF_VERSION_1), "no FEATURES_OK");
}

/* ---- data, on all kinds of rings ---- */

static void go_round(struct vring *r)
{
	char id[21] = "";

	fill((uint8_t)ticks_now());
	CHECK_EQ(request(r, T_OUT, 8, data, sizeof(data), false), S_OK, "write");
	CHECK_EQ(request(r, T_FLUSH, 0, NULL, 0, false), S_OK, "flush");
	memset(back, 0, sizeof(back));
	CHECK_EQ(request(r, T_IN, 8, back, sizeof(back), true), S_OK, "read");
	CHECK(memcmp(data, back, sizeof(data)) == 0, "other data");
	CHECK_EQ(request(r, T_IN, 9, back, SECTOR, true), S_OK, "read of one");
	CHECK(memcmp(data + SECTOR, back, SECTOR) == 0, "another sector");
	CHECK_EQ(request(r, T_GET_ID, 0, id, 20, true), S_OK, "identity");
	CHECK(strcmp(id, "corbel-1") == 0, "serial %s", id);
}

/* Often enough that all slots have been used, and the ring has gone round. */
static void with_rings(uint64_t features)
{
	SKIP_UNLESS(start(features), "no disk");
	SKIP_UNLESS((dev.features & features) == features, "it does not offer such rings");
	for (unsigned int i = 0; i < 40; i++)
		go_round(&ring[i & 1]);
}

static void split(void)                 { with_rings(0); }
static void split_event(void)           { with_rings(VF_EVENT_IDX); }
static void split_indirect(void)        { with_rings(VF_INDIRECT); }
static void split_event_indirect(void)  { with_rings(VF_EVENT_IDX | VF_INDIRECT); }
static void packed(void)                { with_rings(VF_PACKED); }
static void packed_event(void)          { with_rings(VF_PACKED | VF_EVENT_IDX); }
static void packed_indirect(void)       { with_rings(VF_PACKED | VF_INDIRECT); }
static void packed_event_indirect(void) { with_rings(VF_PACKED | VF_EVENT_IDX | VF_INDIRECT); }

static void many_at_once_are_all_answered(void)
{
	unsigned int answered = 0;
	uint16_t id;
	uint32_t len;

	SKIP_UNLESS(start(VF_EVENT_IDX | VF_INDIRECT), "no disk");
	fill(7);
	CHECK_EQ(request(&ring[0], T_OUT, 0, data, sizeof(data), false), S_OK, "write");
	memset(back, 0, sizeof(back));
	for (unsigned int i = 0; i < 48; i++) {
		struct vseg piece = { back + i * SECTOR, SECTOR, true };

		submit(&ring[i & 1], i, T_IN, i, &piece);
		vring_kick(&ring[i & 1]);
	}
	CHECK(WAIT_UNTIL((answered += vring_used(&ring[0], &id, &len) +
				     vring_used(&ring[1], &id, &len)) >= 48, LONG_MS),
	      "%u of 48 answered", answered);
	for (unsigned int i = 0; i < 48; i++)
		CHECK_EQ(status[i], S_OK, "status");
	CHECK(memcmp(data, back, 48 * SECTOR) == 0, "other data");
}

/* As firmware does that reads a file's extents whole; then it is one request of many batches. */
static void requests_may_have_any_length(void)
{
	uint64_t *to = (uint64_t *)MEMORY, *from = (uint64_t *)(MEMORY + LARGE);

	SKIP_UNLESS(start(0), "no disk");
	for (uint64_t i = 0; i < LARGE / 8; i++) {
		to[i] = i * 0x9e3779b97f4a7c15;
		from[i] = 0;
	}
	CHECK_EQ(request(&ring[0], T_OUT, 3, to, LARGE, false), S_OK, "write");
	CHECK_EQ(request(&ring[1], T_IN, 3, from, LARGE, true), S_OK, "read");
	CHECK(memcmp(to, from, LARGE) == 0, "other data");
	/* Reset in the middle of one. */
	submit(&ring[0], 0, T_OUT, 0, &(struct vseg){ to, LARGE, false });
	vring_kick(&ring[0]);
	CHECK(start(0), "it does not come back");
	go_round(&ring[0]);
	CHECK_EQ(request(&ring[0], T_IN, DISK / SECTOR - 1, from, LARGE, true), S_IOERR,
		 "across the end");
}

static void ranges_become_zeroes(void)
{
	struct range r = { .sector = 12, .nr = 3 };

	SKIP_UNLESS(start(0), "no disk");
	SKIP_UNLESS(dev.features & F_BLK_ZEROES, "no write zeroes");
	fill(3);
	CHECK_EQ(request(&ring[0], T_OUT, 0, data, sizeof(data), false), S_OK, "write");
	CHECK_EQ(request(&ring[0], T_ZEROES, 0, &r, sizeof(r), false), S_OK, "write zeroes");
	CHECK_EQ(request(&ring[0], T_IN, 0, back, sizeof(back), true), S_OK, "read");
	for (unsigned int i = 0; i < sizeof(data); i++)
		if (back[i] != (i / SECTOR - 12 < 3 ? 0 : data[i])) {
			guest_fail(__FILE__, __LINE__, "byte %u is %u", i, back[i]);
			break;
		}
	r = (struct range){ .sector = 0, .nr = 64 };
	CHECK_EQ(request(&ring[0], T_DISCARD, 0, &r, sizeof(r), false), S_OK, "discard");
	r.flags = 0x80;
	CHECK_EQ(request(&ring[0], T_DISCARD, 0, &r, sizeof(r), false), S_UNSUPP, "unknown flag");
}

static void what_cannot_be_is_answered_with_an_error(void)
{
	SKIP_UNLESS(start(0), "no disk");
	CHECK_EQ(request(&ring[0], T_IN, DISK / SECTOR, back, SECTOR, true), S_IOERR,
		 "past the end");
	CHECK_EQ(request(&ring[0], T_OUT, DISK / SECTOR - 1, data, 2 * SECTOR, false), S_IOERR,
		 "across the end");
	CHECK_EQ(request(&ring[0], T_IN, ~0ul, back, SECTOR, true), S_IOERR,
		 "the last sector of all");
	CHECK_EQ(request(&ring[0], 77, 0, back, SECTOR, true), S_UNSUPP, "an unknown type");
	CHECK_EQ(request(&ring[0], T_IN, 0, back, SECTOR, true), S_OK, "after all that");
}

/* ---- interrupts ---- */

static void interrupt_comes_when_asked_for(void)
{
	uint16_t id;
	uint32_t len;

	SKIP_UNLESS(start(VF_EVENT_IDX), "no disk");
	gic_init();
	gic_quiet(32, 64);
	gic_edge_set(VIRTIO_INTID(dev.slot), false);
	gic_bit_set(GICD_ISENABLER, VIRTIO_INTID(dev.slot));
	vdev_w(&dev, VMMIO_INT_ACK, 3);
	vring_irq(&ring[0], true);
	submit(&ring[0], 0, T_FLUSH, 0, NULL);
	vring_kick(&ring[0]);
	CHECK_EQ(gic_wait_ack(LONG_MS), VIRTIO_INTID(dev.slot), "interrupt");
	CHECK_EQ(vdev_r(&dev, VMMIO_INT_STATUS), 1, "InterruptStatus");
	vdev_w(&dev, VMMIO_INT_ACK, 1);
	CHECK_EQ(vdev_r(&dev, VMMIO_INT_STATUS), 0, "InterruptStatus after InterruptACK");
	gic_eoi(VIRTIO_INTID(dev.slot));
	CHECK(vring_used(&ring[0], &id, &len), "not used");
	/* And none when it was not. */
	vring_irq(&ring[0], false);
	submit(&ring[0], 0, T_FLUSH, 0, NULL);
	vring_kick(&ring[0]);
	CHECK(WAIT_UNTIL(vring_used(&ring[0], &id, &len), LONG_MS), "not used");
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "interrupt that nobody wants");
}

/* ---- resets ---- */

static void reset_with_requests_in_flight(void)
{
	SKIP_UNLESS(vdev_find(&dev, 2, 0), "no disk");
	for (unsigned int round = 0; round < 20; round++) {
		uint8_t before;

		if (!start(0)) {
			guest_fail(__FILE__, __LINE__, "it does not come back");
			return;
		}
		for (unsigned int i = 0; i < 20; i++) {
			struct vseg piece = { back + i * SECTOR, SECTOR, true };

			submit(&ring[0], i, T_IN, i, &piece);
		}
		vring_kick(&ring[0]);
		vdev_w(&dev, VMMIO_STATUS, 0);
		CHECK(WAIT_UNTIL(vdev_r(&dev, VMMIO_STATUS) == 0, LONG_MS), "Status");
		/* From here on this memory is ours alone. */
		memset(back, 0xa5, sizeof(back));
		before = *(volatile uint8_t *)&ring[0].device[2];
		delay_ms(1);
		CHECK_EQ(*(volatile uint8_t *)&ring[0].device[2], before, "used after the reset");
		for (unsigned int i = 0; i < sizeof(back); i++)
			if (*(volatile uint8_t *)&back[i] != 0xa5) {
				guest_fail(__FILE__, __LINE__, "written after the reset");
				break;
			}
	}
	CHECK(start(0), "it does not come back");
	CHECK_EQ(request(&ring[0], T_IN, 0, back, SECTOR, true), S_OK, "read");
}

static void one_queue_is_reset(void)
{
	SKIP_UNLESS(start(VF_RING_RESET), "no disk");
	/* QEMU offers it on MMIO too, but has no register for it there. */
	SKIP_UNLESS(dev.features & VF_RING_RESET && running_under_corbel(), "for Corbel's");
	CHECK_EQ(request(&ring[0], T_FLUSH, 0, NULL, 0, false), S_OK, "flush");
	vdev_w(&dev, VMMIO_QUEUE_SEL, 0);
	vdev_w(&dev, VMMIO_QUEUE_RESET, 1);
	CHECK(WAIT_UNTIL(vdev_r(&dev, VMMIO_QUEUE_RESET) == 0, LONG_MS), "QueueReset");
	CHECK_EQ(vdev_r(&dev, VMMIO_QUEUE_READY), 0, "QueueReady");
	CHECK(vring_init(&ring[0], &dev, 0, 16), "not ready again");
	go_round(&ring[0]);
	go_round(&ring[1]);
}

/* ---- what no driver does: the device needs a reset, and then it works ---- */

static void hostile(void (*spoil)(struct vring *r), const char *what, uint64_t features)
{
	if (!start(features)) {
		guest_fail(__FILE__, __LINE__, "%s: it does not start", what);
		return;
	}
	spoil(&ring[0]);
	vdev_barrier();
	vdev_w(&dev, VMMIO_NOTIFY, 0);
	CHECK(WAIT_UNTIL(vdev_r(&dev, VMMIO_STATUS) & VSTATUS_NEEDS_RESET, LONG_MS),
	      "%s: not noticed", what);
	CHECK(WAIT_UNTIL(vdev_r(&dev, VMMIO_INT_STATUS) & 2, LONG_MS), "%s: no interrupt", what);
	/* Nothing comes of it any more. */
	vdev_w(&dev, VMMIO_NOTIFY, 1);
	CHECK(start(features), "%s: it does not come back", what);
	go_round(&ring[1]);
}

static void make_avail(struct vring *r, unsigned int nr)
{
	RW16(&r->driver[2]) = (uint16_t)(RW16(&r->driver[2]) + nr);
}

static void loop(struct vring *r)
{
	for (unsigned int i = 0; i < 64; i++)
		r->desc[i] = (struct vdesc){ (uintptr_t)data, 4, VDESC_NEXT,
					     (uint16_t)((i + 1) & 3) };
	make_avail(r, 1);
}

static void head_beyond(struct vring *r)
{
	RW16(&r->driver[4]) = 0x4000;
	make_avail(r, 1);
}

static void index_jump(struct vring *r)
{
	make_avail(r, 3000);
}

static void no_header(struct vring *r)
{
	r->desc[0] = (struct vdesc){ (uintptr_t)back, 4, VDESC_WRITE, 0 };
	make_avail(r, 1);
}

static void table_of_gicd(struct vring *r)
{
	r->desc[0] = (struct vdesc){ GICD_BASE, 32, VDESC_INDIRECT, 0 };
	make_avail(r, 1);
}

static void table_nowhere(struct vring *r)
{
	r->desc[0] = (struct vdesc){ ~0ul - 15, 32, VDESC_INDIRECT, 0 };
	make_avail(r, 1);
}

static void packed_loop(struct vring *r)
{
	for (unsigned int i = 0; i < 64; i++)
		r->desc[i] = (struct vdesc){ (uintptr_t)data, 4, 0, 0x80 | VDESC_NEXT };
}

static void broken_rings_need_a_reset(void)
{
	SKIP_UNLESS(running_under_corbel() && vdev_find(&dev, 2, 0), "for Corbel's");
	hostile(loop, "a loop", 0);
	hostile(head_beyond, "a head beyond the table", 0);
	hostile(index_jump, "an index that jumps", 0);
	hostile(no_header, "a request without header", 0);
	hostile(table_of_gicd, "a table in a device", VF_INDIRECT);
	hostile(table_nowhere, "a table nowhere", VF_INDIRECT);
	hostile(packed_loop, "a packed loop", VF_PACKED);
}

/* Rings in devices, outside of memory, misaligned: never ready. Buffers: an error each. */
static void other_memory_is_refused(void)
{
	/* Where the board's other memory is, and other VMs' as they see it. */
	static const uint64_t bad[] = {
		GICD_BASE, 0x09000000, 0, 0x60000000, 0x7ffff000, 1ul << 39, ~0ul - 4095,
		0x48000001,
	};

	SKIP_UNLESS(running_under_corbel() && vdev_find(&dev, 2, 0), "for Corbel's");
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK(vdev_start(&dev, ALL), "it does not start");
		vdev_w(&dev, VMMIO_QUEUE_SEL, 0);
		vdev_w(&dev, VMMIO_QUEUE_NUM, 64);
		for (unsigned int off = VMMIO_DESC; off <= VMMIO_USED; off += 0x10) {
			vdev_w(&dev, off, (uint32_t)bad[i]);
			vdev_w(&dev, off + 4, (uint32_t)(bad[i] >> 32));
		}
		vdev_w(&dev, VMMIO_QUEUE_READY, 1);
		CHECK_EQ(vdev_r(&dev, VMMIO_QUEUE_READY), 0, "QueueReady");
	}
	CHECK(start(0), "it does not come back");
	for (unsigned int i = 0; i < ARRAY_SIZE(bad) - 1; i++) {
		void *p = (void *)(uintptr_t)(bad[i] | 8);

		CHECK_EQ(request(&ring[0], T_IN, 0, p, SECTOR, true), S_IOERR, "read to nowhere");
		CHECK_EQ(request(&ring[0], T_OUT, 0, p, SECTOR, false), S_IOERR,
			 "write from nowhere");
	}
	/* Longer than the memory that is left. */
	CHECK_EQ(request(&ring[0], T_IN, 0, (void *)(RAM_END - SECTOR), 2 * SECTOR, true), S_IOERR,
		 "read across the end of memory");
	CHECK_EQ(request(&ring[0], T_OUT, 0, (void *)(RAM_END - SECTOR), 2 * SECTOR, false),
		 S_IOERR, "write across the end of memory");
	CHECK_EQ(request(&ring[0], T_OUT, 0, data, 0xfffffe00, false), S_IOERR,
		 "nearly 4 GiB");
	go_round(&ring[0]);
}

/* All three parts of a ring at one place, and data over the ring: whatever comes of it. */
static void what_overlaps_harms_nobody_else(void)
{
	struct vseg piece = { ring[0].desc, 4096, true };

	SKIP_UNLESS(running_under_corbel() && vdev_find(&dev, 2, 0), "for Corbel's");
	CHECK(vdev_start(&dev, ALL), "it does not start");
	vdev_w(&dev, VMMIO_QUEUE_SEL, 0);
	vdev_w(&dev, VMMIO_QUEUE_NUM, 64);
	for (unsigned int off = VMMIO_DESC; off <= VMMIO_USED; off += 0x10)
		vdev_w(&dev, off, (uint32_t)(uintptr_t)data & ~0xfffu);
	vdev_w(&dev, VMMIO_QUEUE_READY, 1);
	vdev_ok(&dev);
	for (unsigned int i = 0; i < sizeof(data); i += 2)
		*(volatile uint16_t *)(data + i) = (uint16_t)i;
	vdev_w(&dev, VMMIO_NOTIFY, 0);

	for (uint64_t f = 0; f <= VF_PACKED; f += VF_PACKED) {
		CHECK(start(f), "it does not come back");
		piece.p = f ? (void *)ring[0].desc : (void *)ring[0].device;
		for (unsigned int i = 0; i < 8; i++)
			submit(&ring[0], i, T_IN, i * 8, &piece);
		vring_kick(&ring[0]);
		go_round(&ring[1]);
	}
	CHECK(start(0), "it does not come back");
	go_round(&ring[0]);
}

static volatile bool stop;

/* Everything in the ring but the addresses of data, again and again, while the device reads. */
static void scribble(void *arg)
{
	struct vring *r = arg;
	uint16_t n = 1;

	while (!stop) {
		n = (uint16_t)(n * 25173 + 13849);
		r->desc[n & 63].a = n >> 3 & 15;
		r->desc[n & 63].b = n >> 4;
		r->desc[n & 63].len = n;
		RW16(&r->driver[4 + 2 * (n & 63)]) = n & 63;
		RW16(&r->driver[2]) = (uint16_t)(n >> 2);
	}
}

static void rings_that_change_all_the_time_harm_nobody_else(void)
{
	SKIP_UNLESS(running_under_corbel() && vdev_find(&dev, 2, 0), "for Corbel's");
	SKIP_UNLESS(smp_nr() > 1, "one CPU");
	stop = false;
	CHECK(smp_start(1, scribble, &ring[0]), "no second CPU");
	for (unsigned int i = 0; i < 60; i++) {
		if (!start(i & 1 ? VF_PACKED : 0)) {
			guest_fail(__FILE__, __LINE__, "it does not come back");
			break;
		}
		for (unsigned int k = 0; k < 20; k++)
			vdev_w(&dev, VMMIO_NOTIFY, 0);
	}
	stop = true;
	CHECK(smp_wait_off(1), "the second CPU stays");
	CHECK(start(0), "it does not come back");
	go_round(&ring[0]);
	go_round(&ring[1]);
}

static struct vdev balloon;
static struct vring lent;

/* Give a page to the balloon. */
static bool lend(const void *page)
{
	static uint32_t number;
	struct vseg seg = { &number, sizeof(number), false };
	uint16_t id;
	uint32_t len;

	number = (uint32_t)((uintptr_t)page >> 12);
	if (!vdev_start(&balloon, VF_VERSION_1) || !vring_init(&lent, &balloon, 0, 64))
		return false;
	vdev_ok(&balloon);
	vring_add(&lent, &seg, 1);
	vring_kick(&lent);
	return WAIT_UNTIL(vring_used(&lent, &id, &len), LONG_MS);
}

/* Each part of a ring in turn, then data: gone while the device has it. */
static void memory_lent_by_the_balloon_is_let_go(void)
{
	const void *parts[] = { ring[0].desc, ring[0].driver, ring[0].device };
	struct vseg piece = { (void *)(RAM_END - 8192), 2 * SECTOR, true };

	SKIP_UNLESS(running_under_corbel() && vdev_find(&dev, 2, 0) &&
		    vdev_find(&balloon, 5, 0), "for Corbel's");
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(parts); i++) {
		const void *part = parts[i / 2];

		CHECK(start(i & 1 ? VF_PACKED : 0), "it does not start");
		go_round(&ring[0]);
		CHECK(lend(part), "the balloon does not take it");
		submit(&ring[0], 0, T_FLUSH, 0, NULL);
		vdev_w(&dev, VMMIO_NOTIFY, 0);
		CHECK(WAIT_UNTIL(vdev_r(&dev, VMMIO_STATUS) & VSTATUS_NEEDS_RESET, LONG_MS),
		      "part %u: not noticed", i);
	}
	CHECK(start(0), "it does not come back");
	CHECK(lend(piece.p), "the balloon does not take it");
	submit(&ring[0], 0, T_IN, 0, &piece);
	vring_kick(&ring[0]);
	go_round(&ring[1]);
}

GUEST_CASES(
	CASE(registers_tell_a_disk),
	CASE(without_version_1_nothing_goes),
	CASE(split),
	CASE(split_event),
	CASE(split_indirect),
	CASE(split_event_indirect),
	CASE(packed),
	CASE(packed_event),
	CASE(packed_indirect),
	CASE(packed_event_indirect),
	CASE(many_at_once_are_all_answered),
	CASE(requests_may_have_any_length),
	CASE(ranges_become_zeroes),
	CASE(what_cannot_be_is_answered_with_an_error),
	CASE(interrupt_comes_when_asked_for),
	CASE(reset_with_requests_in_flight),
	CASE(one_queue_is_reset),
	CASE(broken_rings_need_a_reset),
	CASE(other_memory_is_refused),
	CASE(what_overlaps_harms_nobody_else),
	CASE(rings_that_change_all_the_time_harm_nobody_else),
	CASE(memory_lent_by_the_balloon_is_let_go));
