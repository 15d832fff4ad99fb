/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk of any kind and a hostile driver: the back end is asked only for what it can do,
 * within its size, once at a time; what it takes its time for may fail, and outlive resets.
 */
#include <errno.h>

#include "devices/virtio_blk.h"
#include "tests/fuzz/virtio_guest.h"

#define DISK     0x40000u
#define BUF      0x1000u
#define QUEUES   2

static struct virtio_blk blk;
static struct virtq queues[QUEUES];
static struct virtq_seg segs[QUEUES * VIRTQ_MAX_SIZE];
static struct virtq_seg slot_segs[VIRTIO_BLK_SLOTS * VIRTQ_MAX_SIZE];
static struct virtio_blk_slot slots[VIRTIO_BLK_SLOTS];
static uint8_t bufs[VIRTIO_BLK_SLOTS * BUF];
static struct fuzz_guest guest;
static struct fuzz_in in;

/* ---- the back end ---- */

static struct block_backend backend;
static uint8_t disk[DISK];
static struct block_request *under_way[VIRTIO_BLK_SLOTS];
static uint32_t nr_under_way, capacity;

static void check_request(const struct block_request *r)
{
	const struct block_backend *b = &backend;
	bool data = r->op == BLOCK_READ || r->op == BLOCK_WRITE;

	FUZZ_CHECK(r->pos <= DISK && r->len <= DISK - r->pos);
	FUZZ_CHECK(r->pos % b->block_size == 0 && r->len % b->block_size == 0);
	FUZZ_CHECK(r->op == BLOCK_READ || r->op == BLOCK_FLUSH || !b->read_only);
	FUZZ_CHECK(r->op != BLOCK_FLUSH || (b->can_flush && !r->len));
	FUZZ_CHECK(r->op != BLOCK_DISCARD || b->can_discard);
	FUZZ_CHECK(r->op != BLOCK_WRITE_ZEROES || b->can_zero);
	FUZZ_CHECK(!data || !b->needs_buf == !r->buf);
	FUZZ_CHECK(!data || !b->needs_buf || r->len <= BUF);
	for (uint32_t i = 0; i < nr_under_way; i++)
		FUZZ_CHECK(under_way[i] != r);
}

static int move(struct block_request *r)
{
	uint64_t half = r->len / 2;
	int err;

	if (r->op == BLOCK_WRITE) {
		err = r->data->get(r, 0, disk + r->pos, (uint32_t)half);
		return err ? err : r->data->get_frame(r, half, PA((uintptr_t)disk + r->pos + half),
						      (uint32_t)(r->len - half));
	}
	err = r->data->put(r, 0, disk + r->pos, (uint32_t)half);
	if (!err && (r->pos & 512))
		return r->data->put_zero(r, half, (uint32_t)(r->len - half));
	return err ? err : r->data->put_frame(r, half, PA((uintptr_t)disk + r->pos + half),
					      (uint32_t)(r->len - half));
}

static int submit_direct(struct block_backend *b, struct block_request *r)
{
	int err = 0;

	(void)b;
	check_request(r);
	if (r->op == BLOCK_READ || r->op == BLOCK_WRITE)
		err = move(r);
	else
		memset(disk + r->pos, 0, r->len);
	r->done(r, err);
	return 0;
}

static int submit_slow(struct block_backend *b, struct block_request *r)
{
	(void)b;
	check_request(r);
	if (nr_under_way >= capacity)
		return -EAGAIN;
	if (fuzz_more(&in) && fuzz_below(&in, 16) == 0)
		return -EIO;
	under_way[nr_under_way++] = r;
	return 0;
}

static void finish(uint32_t i, int err)
{
	struct block_request *r = under_way[i];

	under_way[i] = under_way[--nr_under_way];
	if (!err && r->op == BLOCK_READ)
		memcpy(r->buf, disk + r->pos, r->len);
	else if (!err && r->op == BLOCK_WRITE)
		memcpy(disk + r->pos, r->buf, r->len);
	r->done(r, err);
	if (backend.room)
		backend.room(backend.room_ctx);
}

static void finish_one(void)
{
	static const int errs[] = { 0, 0, 0, 0, -EIO, -ENOSPC, -ENOTSUP, -EROFS };
	uint32_t err = fuzz_below(&in, ARRAY_SIZE(errs));

	if (nr_under_way)
		finish(fuzz_below(&in, nr_under_way), errs[err]);
}

static const struct block_ops direct_ops = { .submit = submit_direct };
static const struct block_ops slow_ops = { .submit = submit_slow };

/* ---- the driver's requests ---- */

static uint32_t request(struct fuzz_guest *g, uint16_t queue, uint8_t *out, uint32_t *room)
{
	static const uint8_t types[] = { 0, 1, 4, 8, 11, 13, 0, 1 };
	uint32_t what = fuzz_below(&in, 16), type = types[what % 8], n = 16;
	uint64_t sector = fuzz_below(&in, 16) ? fuzz_below(&in, DISK / 512) : fuzz_edge(&in);

	(void)g, (void)queue;
	if (what == 15)
		type = (uint32_t)fuzz_edge(&in);
	memset(out, 0, 64);
	memcpy(out, &type, 4);
	memcpy(out + 8, &sector, 8);
	*room = 1;
	if (type == 0)
		*room += 512 * fuzz_below(&in, 40) + (what == 8 ? fuzz_below(&in, 512) : 0);
	else if (type == 8)
		*room += 20;
	if (type == 11 || type == 13) {
		uint32_t sectors = (uint32_t)fuzz_edge(&in), flags = fuzz_below(&in, 4);

		memcpy(out + 16, &sector, 8);
		memcpy(out + 24, &sectors, 4);
		memcpy(out + 28, &flags, 4);
		n += 16;
	} else if (type == 1) {
		n += 64 * fuzz_below(&in, 4);
	}
	return n;
}

/* ---- ---- */

static void start(void)
{
	uint32_t kind = fuzz_below(&in, 256), limit = fuzz_below(&in, 4);
	const struct virtio_blk_limit limits = {
		.iops = limit & 1 ? 100 : 0, .bytes = limit & 2 ? 0x10000 : 0,
	};
	struct virtio_setup s = {
		.vm = "test", .name = "disk0", .ram = &guest.ram.ram, .worker = &guest.worker,
		.slot = 5, .queues = queues, .segs = segs,
	};

	backend = (struct block_backend){
		.ops = kind & 1 ? &slow_ops : &direct_ops, .size = DISK, .needs_buf = kind & 1,
		.block_size = kind & 2 ? 4096 : 512, .physical_size = 4096,
		.read_only = kind & 4, .can_flush = kind & 8, .can_discard = kind & 16,
		.can_zero = kind & 32,
	};
	capacity = kind & 64 ? 2 : VIRTIO_BLK_SLOTS;
	memset(&blk, 0, sizeof(blk));
	memset(queues, 0, sizeof(queues));
	virtio_blk_init(&blk, &backend, "serial", &limits, kind & 128 ? 2 : 1, &s);
	virtio_init(&blk.dev, &s);
	if (kind & 1) {
		memset(slots, 0, sizeof(slots));
		virtio_blk_give_slots(&blk, slots, slot_segs, bufs, BUF);
	}
	guest.dev = &blk.dev;
	guest.request = request;
	guest.features = UINT64_MAX;
	fuzz_guest_start(&guest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_guest *const all[] = { &guest };

	in = (struct fuzz_in){ data, size };
	fuzz_time_reset();
	nr_under_way = 0;
	fuzz_guest_prepare(&guest, &in);
	start();
	for (int n = 0; n < 64 && fuzz_more(&in); n++) {
		uint32_t op = fuzz_below(&in, 8);

		if (op == 0)
			fuzz_time_passes(&in);
		else if (op == 1)
			finish_one();
		else
			fuzz_guest_step(&guest);
		if (fuzz_below(&in, 4))
			fuzz_guests_run(all, 1);
	}
	fuzz_guest_stop(&guest);
	while (nr_under_way)
		finish(0, 0);
	FUZZ_CHECK(!virtio_blk_busy(&blk));
	virtio_blk_fini(&blk);
	fuzz_time_reset();
	return 0;
}
