/* SPDX-License-Identifier: Apache-2.0 */
/* Drivers of the board's virtio devices, against a device made of memory that lies. */
#include "devices/hostblk.h"
#include "devices/hostnet.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arch/timer.h>
#include "core/lib/bits.h"

enum { MAGIC = 0, VERSION = 4, DEVICE_ID = 8, FEATURES = 0x10, QUEUE_NUM_MAX = 0x34,
       QUEUE_READY = 0x44, NOTIFY = 0x50, STATUS = 0x70, CONFIG = 0x100 };
enum { NEEDS_RESET = 0x40 };

static uint32_t regs[0x200];
static uint8_t memory[1 << 20] __attribute__((aligned(4096)));
static struct hostblk disk;
static struct hostblk_part part;
static struct hostnet net;

/* Features: the register is one word here, read for both halves: bit 32 is bit 0. */
static void device(uint32_t id, uint32_t features)
{
	memset(regs, 0, sizeof(regs));
	memset(memory, 0, sizeof(memory));
	regs[MAGIC / 4] = 0x74726976;
	regs[VERSION / 4] = 2;
	regs[DEVICE_ID / 4] = id;
	regs[FEATURES / 4] = features | 1;
	regs[QUEUE_NUM_MAX / 4] = 1024;
}

static pa_t pa_of(const void *p)
{
	return PA((uintptr_t)p);
}

static struct dma_area area(void)
{
	return (struct dma_area){ memory, PA((uintptr_t)memory), sizeof(memory) };
}

/* ---- a disk that is already started: the test plays the device ---- */

static uint8_t data[64][1024];
static struct block_request requests[64];
static int results[64];
static unsigned int nr_done;

struct used { uint16_t flags, idx; struct { uint32_t id, len; } ring[]; };
struct avail { uint16_t flags, idx, ring[]; };

static struct used *used_of(struct virtio_host_ring *r)
{
	return (struct used *)(uintptr_t)r->used;
}

static struct avail *avail_of(struct virtio_host_ring *r)
{
	return (struct avail *)(uintptr_t)r->avail;
}

static void answer(struct virtio_host_ring *r, uint32_t head, uint32_t len)
{
	struct used *u = used_of(r);

	u->ring[u->idx % r->size].id = head;
	u->ring[u->idx % r->size].len = len;
	u->idx++;
}

static uint8_t *status_of(uint32_t head)
{
	struct virtio_host_desc *d = &disk.ring.desc[head];

	while (d->flags & VIRTIO_DESC_NEXT)
		d = &disk.ring.desc[d->next];
	assert_int_equal(d->len, 1);
	return (uint8_t *)(uintptr_t)d->addr;
}

static void on_done(struct block_request *r, int err)
{
	results[r - requests] = err;
	nr_done++;
}

static void submit(unsigned int i, enum block_op op, uint64_t pos, uint64_t len)
{
	requests[i] = (struct block_request){ .op = op, .pos = pos, .len = len,
					      .buf = data[i], .done = on_done, .unmap = true };
	results[i] = 1;
	assert_int_equal(part.backend.ops->submit(&part.backend, &requests[i]), 0);
}

static void finish(uint32_t head, uint8_t status, uint32_t len)
{
	*status_of(head) = status;
	answer(&disk.ring, head, len);
	hostblk_interrupt(&disk);
}

static int setup_disk(void **state)
{
	struct dma_area mem = area();

	(void)state;
	/* Flush, discard, write zeroes; the reads of the disk's data are the test's. */
	device(VIRTIO_HOST_BLOCK, BIT(9) | BIT(13) | BIT(14));
	memset(&disk, 0, sizeof(disk));
	assert_int_equal(virtio_host_probe(&disk.dev, va_of(regs)), 0);
	regs[CONFIG / 4] = 2048;
	regs[(CONFIG + 36) / 4] = 8;             /* discard: 8 sectors at a time */
	regs[(CONFIG + 48) / 4] = 4;
	/* Nobody answers the question for the serial number, and there is no time for it. */
	fake_counter_hz = 0;
	assert_int_equal(hostblk_start(&disk, &mem, pa_of), -EIO);
	assert_true(disk.dead);
	memset(disk.slots, 0, sizeof(disk.slots));
	disk.dead = false;
	disk.ring.avail_idx = disk.ring.used_idx = 0;
	avail_of(&disk.ring)->idx = 0;
	nr_done = 0;
	hostblk_part_init(&part, &disk, 8192, 1 << 16);
	return 0;
}

static void probing_tells_what_is_there(void **state)
{
	struct virtio_host v;

	(void)state;
	device(0, 0);
	assert_int_equal(virtio_host_probe(&v, va_of(regs)), -ENODEV);
	device(VIRTIO_HOST_BLOCK, 0);
	assert_int_equal(virtio_host_probe(&v, va_of(regs)), 0);
	regs[VERSION / 4] = 1;
	assert_int_equal(virtio_host_probe(&v, va_of(regs)), -ENOTSUP);
	regs[MAGIC / 4] = 0;
	assert_int_equal(virtio_host_probe(&v, va_of(regs)), -ENODEV);
}

static void a_device_without_version_1_or_queues_is_refused(void **state)
{
	struct dma_area mem = area();

	(void)state;
	device(VIRTIO_HOST_NET, 0);
	virtio_host_probe(&net.dev, va_of(regs));
	regs[FEATURES / 4] = 2;
	assert_int_equal(hostnet_start(&net, &mem), -EIO);
	assert_int_equal(regs[STATUS / 4], 0);
	device(VIRTIO_HOST_NET, 0);
	regs[QUEUE_NUM_MAX / 4] = 32;
	assert_int_equal(hostnet_start(&net, &mem), -EIO);
	assert_int_equal(regs[STATUS / 4], 0);
}

static void unusable_sizes_are_refused(void **state)
{
	static const struct { uint32_t off, value; } wrong[] = {
		{ CONFIG, 0 }, { CONFIG + 4, 0xffffffff }, { CONFIG + 20, 0 },
		{ CONFIG + 20, 1000 }, { CONFIG + 20, 1 << 20 }, { CONFIG + 8, 511 },
	};
	struct dma_area mem = area();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		device(VIRTIO_HOST_BLOCK, BIT(1) | BIT(6));
		memset(&disk, 0, sizeof(disk));
		virtio_host_probe(&disk.dev, va_of(regs));
		regs[CONFIG / 4] = 100;
		regs[(CONFIG + 8) / 4] = 65536;
		regs[(CONFIG + 20) / 4] = 512;
		regs[wrong[i].off / 4] = wrong[i].value;
		assert_int_equal(hostblk_start(&disk, &mem, pa_of), -EINVAL);
		assert_int_equal(regs[STATUS / 4], 0);
	}
}

static void a_request_is_a_chain_within_its_range(void **state)
{
	struct virtio_host_desc *d = disk.ring.desc;

	(void)state;
	submit(0, BLOCK_READ, 512, 1024);
	assert_int_equal(avail_of(&disk.ring)->idx, 1);
	assert_int_equal(d[0].len, 16);
	assert_int_equal(((uint64_t *)(uintptr_t)d[0].addr)[1], (8192 + 512) / 512);
	assert_int_equal(d[1].addr, (uintptr_t)data[0]);
	assert_int_equal(d[1].len, 1024);
	assert_true(d[1].flags & VIRTIO_DESC_WRITE);
	submit(1, BLOCK_WRITE, 0, 512);
	assert_false(d[4].flags & VIRTIO_DESC_WRITE);
	finish(3, 0, 1);
	assert_int_equal(nr_done, 1);
	assert_int_equal(results[1], 0);
	finish(0, 0, 1025);
	assert_int_equal(results[0], 0);
}

static void what_the_device_reports_is_the_result(void **state)
{
	static const struct { uint8_t status; uint32_t len; int err; } cases[] = {
		{ 0, 1025, 0 }, { 1, 1, -EIO }, { 2, 1, -EOPNOTSUPP }, { 0xff, 1025, -EIO },
		{ 7, 1025, -EIO },
		/* Short: the buffer would show what it held before. */
		{ 0, 1024, -EIO }, { 0, 0, -EIO },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		submit(0, BLOCK_READ, 0, 1024);
		finish(0, cases[i].status, cases[i].len);
		assert_int_equal(results[0], cases[i].err);
	}
	assert_false(disk.dead);
}

static void what_cannot_be_is_refused_at_once(void **state)
{
	static const struct { enum block_op op; uint64_t pos, len; int err; } cases[] = {
		{ BLOCK_READ, 1 << 16, 512, -EINVAL },
		{ BLOCK_READ, (1 << 16) - 512, 1024, -EINVAL },
		{ BLOCK_READ, 0, 0, -EINVAL }, { BLOCK_READ, 1, 512, -EINVAL },
		{ BLOCK_READ, 512, 513, -EINVAL }, { BLOCK_READ, UINT64_MAX - 511, 512, -EINVAL },
		{ BLOCK_DISCARD, 512, UINT64_MAX - 511, -EINVAL },
		{ BLOCK_WRITE, 0, HOSTBLK_MAX_LEN + 512, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		submit(0, cases[i].op, cases[i].pos, cases[i].len);
		assert_int_equal(results[0], cases[i].err);
	}
	part.backend.read_only = true;
	submit(0, BLOCK_WRITE_ZEROES, 0, 512);
	assert_int_equal(results[0], -EROFS);
	part.backend.read_only = part.backend.can_discard = part.backend.can_flush = false;
	submit(0, BLOCK_DISCARD, 0, 512);
	assert_int_equal(results[0], -EOPNOTSUPP);
	submit(0, BLOCK_FLUSH, 0, 0);
	assert_int_equal(results[0], -EOPNOTSUPP);
	assert_int_equal(avail_of(&disk.ring)->idx, 0);
}

static void a_large_discard_goes_piece_by_piece(void **state)
{
	(void)state;
	submit(0, BLOCK_DISCARD, 0, 20 * 512);
	for (int i = 0; i < 3; i++) {
		uint32_t *range = (uint32_t *)(uintptr_t)disk.ring.desc[1].addr;

		assert_int_equal(nr_done, 0);
		assert_int_equal(range[0], 16 + 8 * i);
		assert_int_equal(range[2], i < 2 ? 8 : 4);
		assert_int_equal(range[3], 0);
		finish(0, 0, 1);
	}
	assert_int_equal(nr_done, 1);
	assert_int_equal(results[0], 0);
	/* An error ends it. */
	submit(0, BLOCK_WRITE_ZEROES, 0, 8 * 512);
	finish(0, 1, 1);
	assert_int_equal(nr_done, 2);
	assert_int_equal(results[0], -EIO);
}

static void what_has_no_slot_waits_in_order(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 40; i++)
		submit(i, BLOCK_READ, i * 1024, 1024);
	assert_int_equal(avail_of(&disk.ring)->idx, HOSTBLK_SLOTS);
	finish(3 * 5, 0, 1025);
	assert_int_equal(results[5], 0);
	assert_int_equal(avail_of(&disk.ring)->idx, HOSTBLK_SLOTS + 1);
	assert_int_equal(disk.ring.desc[3 * 5 + 1].addr, (uintptr_t)data[HOSTBLK_SLOTS]);
}

static void nonsense_from_the_device_ends_all_requests(void **state)
{
	static const uint32_t heads[] = { 1, 2, 3, 96, 127, 128, 0xffff, 0x10000, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		setup_disk(state);
		for (unsigned int k = 0; k < 40; k++)
			submit(k, BLOCK_READ, 0, 1024);
		finish(3, 0, 1025);
		assert_int_equal(results[1], 0);
		/* Slot 1 has a request again, so let it end there first. */
		if (heads[i] == 3)
			for (unsigned int k = 0; k < 9; k++)
				finish(3, 0, 1025);
		answer(&disk.ring, heads[i], 1025);
		hostblk_interrupt(&disk);
		assert_true(disk.dead);
		assert_int_equal(nr_done, 40);
		assert_int_equal(results[39], heads[i] == 3 ? 0 : -EIO);
		assert_int_equal(results[0], -EIO);
		assert_int_equal(regs[STATUS / 4], 0);
		submit(41, BLOCK_READ, 0, 1024);
		assert_int_equal(results[41], -EIO);
	}
}

static void an_index_that_runs_ahead_ends_all_requests(void **state)
{
	(void)state;
	submit(0, BLOCK_READ, 0, 1024);
	used_of(&disk.ring)->idx = 129;
	hostblk_interrupt(&disk);
	assert_true(disk.dead);
	assert_int_equal(results[0], -EIO);
}

static void a_device_that_needs_reset_ends_all_requests(void **state)
{
	(void)state;
	submit(0, BLOCK_READ, 0, 1024);
	regs[STATUS / 4] |= NEEDS_RESET;
	hostblk_interrupt(&disk);
	assert_int_equal(results[0], -EIO);
	assert_int_equal(nr_done, 1);
	hostblk_interrupt(&disk);
	assert_int_equal(nr_done, 1);
}

/* ---- network ---- */

static unsigned int nr_frames, nr_rooms;
static uint32_t last_len;

static void on_rx(void *ctx, const void *frame, uint32_t len)
{
	assert_ptr_equal(ctx, &nr_frames);
	assert_int_equal(*(const uint8_t *)frame, 0xaa);
	nr_frames++;
	last_len = len;
}

static void on_room(void *ctx)
{
	(void)ctx;
	nr_rooms++;
}

static int setup_net(void **state)
{
	struct dma_area mem = area();

	(void)state;
	device(VIRTIO_HOST_NET, BIT(5));
	memset(&net, 0, sizeof(net));
	virtio_host_probe(&net.dev, va_of(regs));
	/* QueueReady is one word for all queues here, and reads as it was written. */
	memcpy((uint8_t *)regs + CONFIG, "\x52\x54\0\x12\x34\x56", 6);
	assert_int_equal(hostnet_start(&net, &mem), -EIO);
	regs[QUEUE_READY / 4] = 0;
	net = (struct hostnet){ .dev = net.dev, .rx_mem = memory, .mtu = 1500 };
	net.tx_mem = memory + HOSTNET_BUFFERS * 2048;
	net.rx_pa = PA((uintptr_t)net.rx_mem);
	net.tx_pa = PA((uintptr_t)net.tx_mem);
	net.tx_free = UINT64_MAX;
	for (int i = 0; i < 2; i++) {
		size_t at = 2 * HOSTNET_BUFFERS * 2048 + i * 0x1000;
		struct dma_area ring = { memory + at, PA((uintptr_t)memory + at), 0x1000 };

		assert_int_equal(virtio_host_ring(&net.dev, i ? &net.tx : &net.rx,
						  (uint16_t)i, HOSTNET_BUFFERS, &ring), 0);
		regs[QUEUE_READY / 4] = 0;
	}
	net.on_rx = on_rx;
	net.on_room = on_room;
	net.ctx = &nr_frames;
	nr_frames = nr_rooms = 0;
	return 0;
}

static void frames_arrive_without_their_header(void **state)
{
	(void)state;
	net.rx_mem[2 * 2048 + 12] = 0xaa;
	answer(&net.rx, 2, 12 + 60);
	hostnet_service(&net);
	assert_int_equal(nr_frames, 1);
	assert_int_equal(last_len, 60);
	/* Given back. */
	assert_int_equal(avail_of(&net.rx)->idx, 1);
	assert_int_equal(avail_of(&net.rx)->ring[0], 2);
}

static void lengths_that_cannot_be_are_dropped(void **state)
{
	static const uint32_t lens[] = { 0, 11, 25, 2049, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++)
		answer(&net.rx, (uint32_t)i, lens[i]);
	hostnet_service(&net);
	assert_int_equal(nr_frames, 0);
	assert_int_equal(net.rx_dropped, ARRAY_SIZE(lens));
	assert_false(net.dead);
}

static void sending_fills_up_and_goes_on(void **state)
{
	uint8_t frame[60] = { 1 };
	struct hostnet_seg seg = { frame, sizeof(frame) };

	(void)state;
	for (unsigned int i = 0; i < HOSTNET_BUFFERS; i++)
		assert_int_equal(hostnet_tx(&net, &seg, 1), 0);
	assert_int_equal(hostnet_tx(&net, &seg, 1), -EAGAIN);
	assert_int_equal(net.tx.desc[63].len, 72);
	answer(&net.tx, 7, 0);
	hostnet_service(&net);
	assert_int_equal(nr_rooms, 1);
	assert_int_equal(hostnet_tx(&net, &seg, 1), 0);
	seg.len = 13;
	assert_int_equal(hostnet_tx(&net, &seg, 1), -EMSGSIZE);
	seg.len = 1519;
	assert_int_equal(hostnet_tx(&net, &seg, 1), -EMSGSIZE);
	seg.len = UINT32_MAX;
	assert_int_equal(hostnet_tx(&net, (struct hostnet_seg[]){ seg, seg }, 2), -EMSGSIZE);
}

static void nonsense_stops_the_interface(void **state)
{
	static const uint32_t heads[] = { 64, 0xffffffff, 5 };
	uint8_t frame[60] = { 0 };
	struct hostnet_seg seg = { frame, sizeof(frame) };

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		setup_net(state);
		answer(&net.tx, heads[i], 0);    /* 5: nothing was sent there */
		hostnet_service(&net);
		assert_true(net.dead);
		assert_int_equal(hostnet_tx(&net, &seg, 1), -EIO);
	}
	setup_net(state);
	answer(&net.rx, 64, 100);
	hostnet_service(&net);
	assert_true(net.dead);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probing_tells_what_is_there),
		cmocka_unit_test(a_device_without_version_1_or_queues_is_refused),
		cmocka_unit_test(unusable_sizes_are_refused),
		cmocka_unit_test_setup(a_request_is_a_chain_within_its_range, setup_disk),
		cmocka_unit_test_setup(what_the_device_reports_is_the_result, setup_disk),
		cmocka_unit_test_setup(what_cannot_be_is_refused_at_once, setup_disk),
		cmocka_unit_test_setup(a_large_discard_goes_piece_by_piece, setup_disk),
		cmocka_unit_test_setup(what_has_no_slot_waits_in_order, setup_disk),
		cmocka_unit_test_setup(nonsense_from_the_device_ends_all_requests, setup_disk),
		cmocka_unit_test_setup(an_index_that_runs_ahead_ends_all_requests, setup_disk),
		cmocka_unit_test_setup(a_device_that_needs_reset_ends_all_requests, setup_disk),
		cmocka_unit_test_setup(frames_arrive_without_their_header, setup_net),
		cmocka_unit_test_setup(lengths_that_cannot_be_are_dropped, setup_net),
		cmocka_unit_test_setup(sending_fills_up_and_goes_on, setup_net),
		cmocka_unit_test_setup(nonsense_stops_the_interface, setup_net),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
