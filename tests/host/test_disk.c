/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks in memory: what was written lies over an image that never changes, takes no more
 * memory than it may, and is scrubbed when it goes. docs/virtio.md, "Disks".
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/lib/bits.h"
#include "devices/virtio_blk.h"
#include "mm/frames.h"
#include "mm/hyp_pool.h"
#include "tests/host/chance.h"
#include "tests/host/fake/log.h"
#include "tests/host/mm_machine.h"
#include "vm/config_virtio.h"
#include "vm/disk_phys.h"
#include "vm/virtio.h"
#include "vm/vm.h"

#define VM1   owner_vm(1)
#define PAGES 1100u                  /* of the disk: more than two tables' worth */
#define SIZE  (PAGES * 4096u)
#define IMAGE (3 * 4096u + 1000)     /* ends within a sector, and a page */

static struct vm_config vm_cfg = { .name = "guest" };
static struct vm vm;
static struct vm_host host;
static struct virtio_setup setup;
static struct virtio_device *dev;
static struct block_backend *b;
static uint8_t image[IMAGE], image_was[IMAGE];
static uint8_t want[SIZE], buf[SIZE];
static uint64_t pages_before;

/* ---- what it stands on ---- */

int bundle_lookup(const struct bundle *bundle, const char *name, struct bundle_file *f)
{
	(void)bundle;
	if (strcmp(name, "image") != 0)
		return -ENOENT;
	*f = (struct bundle_file){ name, image, sizeof(image) };
	return 0;
}

uint64_t config_disk_size(const struct config_disk *c, const struct bundle *bundle)
{
	(void)bundle;
	return c->size;
}

int phys_disk_init(struct vm *v, struct phys_disk *p, const struct config_disk *c)
{
	(void)v, (void)p, (void)c;
	return -ENODEV;
}

void phys_disk_give(struct phys_disk *p, struct virtio_blk *blk)
{
	(void)p, (void)blk;
	fail_msg("no disk of the board");
}

void phys_disk_fini(struct vm *v, struct phys_disk *p, struct virtio_blk *blk)
{
	(void)v, (void)p, (void)blk;
	fail_msg("no disk of the board");
}

void timer_setup(struct timer *t, void (*fire)(struct timer *t))
{
	t->fire = fire;
}

void timer_start(struct timer *t, uint64_t deadline)
{
	(void)t, (void)deadline;
}

void timer_cancel_wait(struct timer *t)
{
	(void)t;
}

/* ---- requests, whose data is buf ---- */

static int get_error;                /* what the guest's memory answers */

static int get(struct block_request *r, uint64_t off, void *to, uint32_t len)
{
	memcpy(to, (uint8_t *)r->ctx + off, len);
	return get_error;
}

static int put(struct block_request *r, uint64_t off, const void *from, uint32_t len)
{
	memcpy((uint8_t *)r->ctx + off, from, len);
	return 0;
}

static int get_frame(struct block_request *r, uint64_t off, pa_t to, uint32_t len)
{
	assert_int_equal(frames_owner(to), VM1);
	assert_true((to.v & 4095) + len <= 4096);
	if (get_error)
		return get_error;
	memcpy(fake_phys(to.v), (uint8_t *)r->ctx + off, len);
	return 0;
}

static int put_frame(struct block_request *r, uint64_t off, pa_t from, uint32_t len)
{
	assert_int_equal(frames_owner(from), VM1);
	assert_true((from.v & 4095) + len <= 4096);
	memcpy((uint8_t *)r->ctx + off, fake_phys(from.v), len);
	return 0;
}

static int put_zero(struct block_request *r, uint64_t off, uint32_t len)
{
	memset((uint8_t *)r->ctx + off, 0, len);
	return 0;
}

static const struct block_data_ops data_ops = { get, put, get_frame, put_frame, put_zero };

static int result;
static unsigned int nr_done;

static void done(struct block_request *r, int err)
{
	(void)r;
	result = err;
	nr_done++;
}

static int request(enum block_op op, uint64_t pos, uint64_t len)
{
	struct block_request r = {
		.op = op, .pos = pos, .len = len, .data = &data_ops, .done = done, .ctx = buf,
	};

	nr_done = 0;
	assert_int_equal(b->ops->submit(b, &r), 0);
	assert_int_equal(nr_done, 1);
	return result;
}

static int put_bytes(uint64_t pos, uint64_t len, uint8_t value)
{
	int err;

	memset(buf, value, len);
	err = request(BLOCK_WRITE, pos, len);
	if (!err)
		memset(want + pos, value, len);
	return err;
}

/* All of it is as it should be. */
static void check(void)
{
	memset(buf, 0xee, sizeof(buf));
	assert_int_equal(request(BLOCK_READ, 0, b->size), 0);
	assert_memory_equal(buf, want, b->size);
	assert_memory_equal(image, image_was, sizeof(image));
}

/* ---- life ---- */

static void start(struct config_disk c)
{
	struct config_virtio v = { .kind = 0, .disk = c };

	v.disk.queues = 1;
	v.disk.size = c.size ? c.size : SIZE;
	machine_up(64 * MIB);
	memset(&vm, 0, sizeof(vm));
	vm.host = &host;
	vm.cfg = &vm_cfg;
	assert_int_equal(stage2_init(&vm.s2, VM1, 40), 0);
	for (uint32_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(1 + i % 251);
	memcpy(image_was, image, sizeof(image));
	memset(want, 0, sizeof(want));
	if (c.image)
		memcpy(want, image, sizeof(image));
	get_error = 0;
	dev = calloc(1, vm_virtio_disk.size);
	assert_int_equal(vm_virtio_disk.create(&vm, &v, dev, &setup), 0);
	b = ((struct virtio_blk *)dev)->backend;
	assert_int_equal(b->size, v.disk.size);
	pages_before = frames_stats(OWNER_FREE);
}

static int teardown(void **state)
{
	(void)state;
	vm_virtio_disk.destroy(&vm, dev);
	free(dev);
	stage2_fini(&vm.s2);
	assert_int_equal(frames_stats(VM1), 0);
	assert_int_equal(hyp_pool_pages(), 0);
	machine_check();
	return 0;
}

#define START(...) start((struct config_disk){ __VA_ARGS__ })

/* ---- tests ---- */

static void an_image_is_read_and_what_follows_it_is_zero(void **state)
{
	(void)state;
	START(.image = "image");
	check();
	assert_int_equal(frames_stats(VM1), 0);
	/* Across its end; and every sector by itself. */
	assert_int_equal(request(BLOCK_READ, 3 * 4096 + 512, 1024), 0);
	assert_memory_equal(buf, want + 3 * 4096 + 512, 1024);
	for (uint64_t pos = 0; pos < 6 * 4096; pos += 512) {
		assert_int_equal(request(BLOCK_READ, pos, 512), 0);
		assert_memory_equal(buf, want + pos, 512);
	}
}

static void what_is_written_lies_over_the_image(void **state)
{
	(void)state;
	START(.image = "image");
	/* A part of a page of it; over its end; far behind; across pages and tables. */
	assert_int_equal(put_bytes(512, 512, 0xa1), 0);
	assert_int_equal(frames_stats(VM1), 1);
	assert_int_equal(put_bytes(3 * 4096 + 512, 1024, 0xa2), 0);
	assert_int_equal(put_bytes(SIZE - 512, 512, 0xa3), 0);
	assert_int_equal(put_bytes(511 * 4096 + 512, 3 * 4096, 0xa4), 0);
	assert_int_equal(frames_stats(VM1), 7);
	check();
	/* Again in the same place: no new memory. */
	assert_int_equal(put_bytes(512, 512, 0xa5), 0);
	assert_int_equal(frames_stats(VM1), 7);
	check();
}

static void zeroes_over_the_image_are_zeroes(void **state)
{
	static const enum block_op ops[] = { BLOCK_WRITE_ZEROES, BLOCK_DISCARD };

	for (int i = 0; i < 2; i++) {
		START(.image = "image");
		assert_int_equal(put_bytes(4096, 4096, 0xa1), 0);
		assert_int_equal(put_bytes(600 * 4096, 4096, 0xa2), 0);
		/* Whole pages, of the image and not, written and not: their memory goes. */
		assert_int_equal(request(ops[i], 0, 3 * 4096), 0);
		assert_int_equal(request(ops[i], 600 * 4096, 4096), 0);
		assert_int_equal(request(ops[i], 700 * 4096, 4096), 0);
		memset(want, 0, 3 * 4096);
		memset(want + 600 * 4096, 0, 4096);
		assert_int_equal(frames_stats(VM1), 0);
		check();
		/* Written again over what is zero: the image does not come back. */
		assert_int_equal(put_bytes(512, 512, 0xa3), 0);
		check();
		if (i == 0)
			teardown(state);
	}
}

static void parts_of_pages_are_zeroed_where_that_is_asked(void **state)
{
	(void)state;
	START(.image = "image");
	assert_int_equal(request(BLOCK_WRITE_ZEROES, 512, 512), 0);
	memset(want + 512, 0, 512);
	assert_int_equal(request(BLOCK_WRITE_ZEROES, 4096 + 512, 2 * 4096), 0);
	memset(want + 4096 + 512, 0, 2 * 4096);
	check();
	/* A discard is but a hint. */
	assert_int_equal(request(BLOCK_DISCARD, 0, 512), 0);
	check();
	/* Nothing is there to be zeroed, and nothing is taken for it. */
	assert_int_equal(frames_stats(VM1), 3);
	assert_int_equal(request(BLOCK_WRITE_ZEROES, 800 * 4096 + 512, 512), 0);
	assert_int_equal(frames_stats(VM1), 3);
}

static void no_more_memory_is_taken_than_it_may_have(void **state)
{
	uint32_t written = 0;

	(void)state;
	START(.image = "image", .limit = 8 * 4096);
	while (written < PAGES && put_bytes(written * 4096u, 4096, 0xa1) == 0)
		written++;
	assert_int_equal(result, -ENOSPC);
	/* Eight pages, and what was set aside for three tables but for the one in use. */
	assert_in_range(written, 8, 10);
	assert_int_equal(frames_stats(VM1), written);
	check();
	/* What is there can be written; what is given back can be used again. */
	assert_int_equal(put_bytes(0, 4096, 0xa2), 0);
	assert_int_equal(put_bytes(100 * 4096, 4096, 0xa3), -ENOSPC);
	assert_int_equal(request(BLOCK_DISCARD, 4096, 4096), 0);
	memset(want + 4096, 0, 4096);
	assert_int_equal(put_bytes(100 * 4096, 4096, 0xa3), 0);
	assert_int_equal(put_bytes(101 * 4096, 4096, 0xa3), -ENOSPC);
	check();
}

static void a_reset_forgets_or_keeps(void **state)
{
	uint64_t pa = 0;

	START(.image = "image");
	assert_int_equal(put_bytes(512, 512, 0xa1), 0);
	assert_int_equal(put_bytes(600 * 4096, 4096, 0xa2), 0);
	assert_int_equal(request(BLOCK_DISCARD, 4096, 4096), 0);
	for (uint64_t at = MACHINE_RAM; at < MACHINE_RAM + 64 * MIB && !pa; at += 4096)
		if (frames_owner(PA(at)) == VM1)
			pa = at;
	assert_true(pa != 0);
	vm_virtio_disk.restart(&vm, dev);
	memset(want, 0, sizeof(want));
	memcpy(want, image, sizeof(image));
	assert_int_equal(frames_stats(VM1), 0);
	assert_int_equal(frames_stats(OWNER_FREE), pages_before);
	for (uint32_t i = 0; i < 4096; i++)
		assert_int_equal(((uint8_t *)fake_phys(pa))[i], 0);
	check();
	teardown(state);
	START(.image = "image", .keep = true);
	assert_int_equal(put_bytes(512, 512, 0xa1), 0);
	vm_virtio_disk.restart(&vm, dev);
	check();
}

static void a_read_only_disk_has_no_memory_of_its_own(void **state)
{
	(void)state;
	START(.image = "image", .readonly = true);
	assert_true(b->read_only);
	assert_false(b->can_flush || b->can_discard || b->can_zero);
	check();
	/* The model refuses it before; and it could not be either. */
	assert_int_equal(put_bytes(0, 512, 0xa1), -ENOSPC);
	check();
}

/* A page that was new and is not filled shows the image, or zeroes, and no other VM's. */
static void a_write_that_fails_leaves_what_was_there(void **state)
{
	(void)state;
	START(.image = "image");
	get_error = -EFAULT;
	assert_int_equal(put_bytes(0, 4096, 0xa1), -EFAULT);
	assert_int_equal(put_bytes(900 * 4096, 4096, 0xa1), -EFAULT);
	get_error = 0;
	check();
}

static void memory_that_runs_out_is_an_error_of_the_request(void **state)
{
	static pa_t taken[20000];
	uint32_t nr = 0;

	(void)state;
	START(.size = SIZE);
	assert_int_equal(put_bytes(0, 512, 0xa1), 0);
	while (nr < ARRAY_SIZE(taken) && frames_alloc(owner_vm(2), 0, &taken[nr]) == 0)
		nr++;
	assert_int_equal(put_bytes(4096, 512, 0xa2), -ENOSPC);
	assert_int_equal(put_bytes(600 * 4096, 512, 0xa2), -ENOSPC);
	while (nr)
		frames_free(owner_vm(2), taken[--nr], 0);
	check();
	assert_int_equal(put_bytes(600 * 4096, 512, 0xa2), 0);
	check();
}

static void an_image_that_is_not_there_is_an_error(void **state)
{
	struct config_virtio v = { .disk = { .image = "another", .size = SIZE, .queues = 1 } };
	struct virtio_device *d = calloc(1, vm_virtio_disk.size);

	START(.image = "image");
	fake_log_lines = 0;
	assert_int_equal(vm_virtio_disk.create(&vm, &v, d, &setup), -ENOENT);
	assert_int_equal(fake_log_lines, 1);
	assert_non_null(strstr(fake_log_last, "VM guest: disk: the bundle has no another"));
	v.disk.image = NULL;
	/* More than there is memory for its tables; whoever asked says so. */
	v.disk.size = UINT64_C(1) << 42;
	assert_int_equal(vm_virtio_disk.create(&vm, &v, d, &setup), -ENOMEM);
	assert_int_equal(fake_log_lines, 1);
	v.disk.physical = "none";
	assert_int_equal(vm_virtio_disk.create(&vm, &v, d, &setup), -ENODEV);
	free(d);
	check();
	(void)state;
}

/* Beside an array of bytes. */
static void random_requests_do_as_an_array_does(void **state)
{
	(void)state;
	START(.image = "image");
	seed = 20240229;
	for (int i = 0; i < 3000; i++) {
		uint32_t near = rnd(2) ? 8 * 8 : PAGES * 8, sector = rnd(near);
		uint32_t nr = 1 + rnd(MIN(PAGES * 8 - sector, rnd(4) ? 8u : 40u));
		uint64_t pos = sector * 512u, len = nr * 512u;

		switch (rnd(5)) {
		case 0:
		case 1:
			assert_int_equal(put_bytes(pos, len, (uint8_t)(1 + rnd(255))), 0);
			break;
		case 2:
			assert_int_equal(request(BLOCK_WRITE_ZEROES, pos, len), 0);
			memset(want + pos, 0, len);
			break;
		case 3:
			pos = align_down(pos, 4096);
			len = MIN(align_up(len, 4096), SIZE - pos);
			assert_int_equal(request(BLOCK_DISCARD, pos, len), 0);
			memset(want + pos, 0, len);
			break;
		default:
			assert_int_equal(request(BLOCK_READ, pos, len), 0);
			assert_memory_equal(buf, want + pos, len);
		}
		if (i % 500 == 0)
			check();
	}
	check();
	assert_int_equal(request(BLOCK_FLUSH, 0, 0), 0);
}

#define T(fn) cmocka_unit_test_teardown(fn, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_image_is_read_and_what_follows_it_is_zero),
		T(what_is_written_lies_over_the_image),
		T(zeroes_over_the_image_are_zeroes),
		T(parts_of_pages_are_zeroed_where_that_is_asked),
		T(no_more_memory_is_taken_than_it_may_have),
		T(a_reset_forgets_or_keeps),
		T(a_read_only_disk_has_no_memory_of_its_own),
		T(a_write_that_fails_leaves_what_was_there),
		T(memory_that_runs_out_is_an_error_of_the_request),
		T(an_image_that_is_not_there_is_an_error),
		T(random_requests_do_as_an_array_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
