/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver that writes anything into its rings, split or packed, while the device reads
 * them too. The device answers or breaks the queue; it ends, and lets go of all memory.
 */
#include "tests/fuzz/fuzz.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/host/fake/virtio_driver.h"

#define RING  (FAKE_RAM_BASE + 0x10000)
#define DATA  (FAKE_RAM_BASE + 0x100000)
#define SIZE  16u

static struct virtio_device dev;
static struct virtq queues[1];
static struct virtq_seg segs[VIRTQ_MAX_SIZE];
static struct fake_ram ram;
static struct fake_queue f;
static struct fuzz_in in;
static unsigned int served;

static uint16_t queue_size(uint16_t queue)
{
	(void)queue;
	return SIZE;
}

static enum virtio_serve serve(struct virtio_device *d, struct virtq *q)
{
	static uint8_t buf[512];
	unsigned int nr = 0;

	(void)d;
	while (nr++ < VIRTIO_BATCH && virtq_pop(q, &q->chain) > 0) {
		struct virtq_chain *c = &q->chain;
		uint64_t n = MIN(MIN(c->out_len, c->in_len), sizeof(buf));
		uint64_t off = fuzz_num(&in, 1);

		served++;
		FUZZ_CHECK(c->nr_out + c->nr_in <= SIZE);
		if (chain_read(c, 0, buf, n) == 0 && chain_write(c, off, buf, n) == 0)
			FUZZ_CHECK(off + n <= c->in_len);
		virtq_push(q, c, (uint32_t)n);
	}
	return nr > VIRTIO_BATCH ? VIRTIO_MORE : VIRTIO_IDLE;
}

static const struct virtio_model model = {
	.name = "echo", .queue_size = queue_size, .serve = serve,
};

/* ---- the guest's writes ---- */

static void scribble(void)
{
	const uint64_t rings[] = { f.desc, f.driver, f.device, f.table };
	uint64_t at = rings[fuzz_below(&in, 4)] + fuzz_below(&in, 16 * SIZE);
	uint64_t value = fuzz_edge(&in);

	memcpy(fake_ram_at(&ram, at), &value, 1u << fuzz_below(&in, 4));
}

/* Between two reads of the device. */
static void on_read(struct fake_ram *r, ipa_t from, uint64_t size)
{
	(void)r, (void)from, (void)size;
	if (fuzz_more(&in) && fuzz_below(&in, 4) == 0)
		scribble();
}

static uint64_t address(void)
{
	uint8_t how = (uint8_t)fuzz_num(&in, 1);

	return how & 0x80 ? fuzz_edge(&in) : how & 0x40 ? f.table : DATA + how * 64u;
}

static void descriptor(void)
{
	uint16_t slot = (uint16_t)fuzz_below(&in, SIZE);

	fake_desc_set(&f, slot, address(), (uint32_t)fuzz_edge(&in), (uint16_t)fuzz_num(&in, 1) & 7,
		      (uint16_t)fuzz_below(&in, SIZE + 2));
	if (!f.packed)
		fake_avail_put(&f, (uint16_t)fuzz_below(&in, SIZE + 1));
}

static void good_chain(void)
{
	struct fake_seg seg[] = {
		{ DATA, 1 + fuzz_below(&in, 64), false },
		{ DATA + 0x1000, 1 + fuzz_below(&in, 64), true },
	};

	fake_queue_add(&f, seg, 2);
}

/* Two MiB are too many to make for each input: what it may have touched. */
static void clear_ram(void)
{
	if (!ram.mem)
		fake_ram_init(&ram);
	memset(fake_ram_at(&ram, RING), 0, 0x40000);
	memset(fake_ram_at(&ram, DATA), 0, 0x4000);
}

static bool start(void)
{
	static const uint64_t kinds[] = {
		0, VIRTIO_F_EVENT_IDX, VIRTIO_F_RING_PACKED,
		VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX,
	};
	const struct virtio_setup s = {
		.model = &model, .vm = "test", .name = "echo0", .ram = &ram.ram,
		.worker = &fake_worker, .slot = 3, .nr_queues = 1, .queues = queues, .segs = segs,
	};
	uint32_t kind = fuzz_below(&in, 8);

	memset(queues, 0, sizeof(queues));
	served = 0;
	clear_ram();
	virtio_init(&dev, &s);
	if (!fake_driver_accept(&dev, kinds[kind & 3] | (kind & 4 ? VIRTIO_F_INDIRECT_DESC : 0)))
		return false;
	fake_queue_init(&f, &dev, &ram, 0, SIZE, RING);
	f.indirect = kind & 4;
	fake_driver_ok(&dev);
	fake_worker_run(&dev);
	ram.on_read = on_read;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const ops[])(void) = { descriptor, descriptor, scribble, good_chain };

	in = (struct fuzz_in){ data, size };
	if (start()) {
		for (int n = 0; n < 64 && fuzz_more(&in); n++) {
			uint32_t op = fuzz_below(&in, ARRAY_SIZE(ops) + 3);

			if (op < ARRAY_SIZE(ops))
				ops[op]();
			else
				fake_queue_kick(&f);
			FUZZ_CHECK(fake_mutexes_held == 0);
		}
	}
	ram.on_read = NULL;
	/* Bounded by what was made available: a kick is not 1000 requests. */
	FUZZ_CHECK(served <= 64 * 1000);
	virtio_reset(&dev);
	FUZZ_CHECK(ram.nr_views == 0);
	return 0;
}
