/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks in memory: an image of the bundle, which is never changed, and over it the pages that
 * were written. These belong to the VM, come when they are first written, and are
 * scrubbed when they go. EL2 does not map them. docs/virtio.md, "Disks".
 */
#include <errno.h>
#include <string.h>

#include "core/lib/bits.h"
#include "core/log.h"
#include "devices/virtio_blk.h"
#include "mm/frames.h"
#include "mm/hyp_pool.h"
#include "mm/window.h"
#include "vm/config_virtio.h"
#include "vm/disk_phys.h"
#include "vm/virtio.h"
#include "vm/vm.h"

/* What is known of a page: nothing; that it is zero, over an image that is not; its frame. */
#define PAGE_IMAGE 0
#define PAGE_ZERO  1
#define PER_TABLE  512

struct mem_disk {
	struct block_backend b;      /* first: found by it */
	uint16_t owner;
	const uint8_t *image;
	uint64_t image_size;
	uint64_t left;               /* pages that may still be taken, tables too */
	uint64_t **table;            /* nr_tables of PER_TABLE pages each         */
	uint32_t nr_tables;
	bool keep;
};

struct vm_disk {
	struct virtio_blk blk;       /* first */
	struct mem_disk mem;         /* one of these two */
	struct phys_disk phys;
	bool physical;
};

static struct mem_disk *mem_of(struct block_backend *b)
{
	return (struct mem_disk *)b;
}

/* ---- pages ---- */

static uint64_t page_get(const struct mem_disk *d, uint64_t page)
{
	const uint64_t *t = d->table[page / PER_TABLE];

	return t ? t[page % PER_TABLE] : PAGE_IMAGE;
}

/* The entry of a page, its table made if need be; NULL: no memory. */
static uint64_t *page_entry(struct mem_disk *d, uint64_t page)
{
	uint64_t **t = &d->table[page / PER_TABLE];

	if (!*t && d->left) {
		*t = hyp_zalloc(PER_TABLE * sizeof(**t));
		d->left -= *t ? 1 : 0;
	}
	return *t ? &(*t)[page % PER_TABLE] : NULL;
}

/* Bytes of a page that come from the image. */
static uint64_t from_image(const struct mem_disk *d, uint64_t page)
{
	uint64_t at = page * PAGE_SIZE;

	return at < d->image_size ? MIN(d->image_size - at, PAGE_SIZE) : 0;
}

static void page_free(struct mem_disk *d, uint64_t *entry)
{
	if (*entry > PAGE_ZERO) {
		frames_free(d->owner, PA(*entry), 0);
		d->left++;
	}
	*entry = PAGE_IMAGE;
}

static void page_fill(const struct mem_disk *d, uint64_t page, pa_t frame)
{
	uint64_t n = from_image(d, page);
	struct window w;

	if (!n)
		return;
	guest_put(window_open(&w, WINDOW_SLOT_COPY, frame), d->image + page * PAGE_SIZE, n);
	window_close(&w);
}

/* A frame of its own for a page that is to be written; with what it holds now if @part. */
static int page_own(struct mem_disk *d, uint64_t page, bool part, pa_t *frame)
{
	uint64_t *entry = page_entry(d, page);

	if (!entry)
		return -ENOSPC;
	if (*entry <= PAGE_ZERO) {
		if (!d->left || frames_alloc(d->owner, 0, frame))
			return -ENOSPC;
		d->left--;
		if (part && *entry == PAGE_IMAGE)
			page_fill(d, page, *frame);
		*entry = frame->v;
	}
	*frame = PA(*entry);
	return 0;
}

/* ---- requests: page by page ---- */

static int read_page(struct mem_disk *d, struct block_request *r, uint64_t done, uint32_t len)
{
	uint64_t at = r->pos + done, page = at / PAGE_SIZE, off = at & PAGE_MASK;
	uint64_t entry = page_get(d, page), image = from_image(d, page);
	uint32_t n;
	int err = 0;

	if (entry > PAGE_ZERO)
		return r->data->put_frame(r, done, PA(entry + off), len);
	if (entry == PAGE_ZERO || off >= image)
		return r->data->put_zero(r, done, len);
	n = (uint32_t)MIN(image - off, len);
	err = r->data->put(r, done, d->image + at, n);
	return err || n == len ? err : r->data->put_zero(r, done + n, len - n);
}

static int write_page(struct mem_disk *d, struct block_request *r, uint64_t done, uint32_t len)
{
	uint64_t at = r->pos + done;
	pa_t frame;
	/* A page that the guest's memory fails to fill keeps what it had. */
	int err = page_own(d, at / PAGE_SIZE, true, &frame);

	return err ? err : r->data->get_frame(r, done, pa_add(frame, at & PAGE_MASK), len);
}

static int zero_part(struct mem_disk *d, uint64_t at, uint32_t len)
{
	struct window w;
	pa_t frame;
	int err = page_own(d, at / PAGE_SIZE, true, &frame);

	if (err)
		return err;
	guest_fill((char __guest *)window_open(&w, WINDOW_SLOT_COPY, frame) + (at & PAGE_MASK), 0,
		   len);
	window_close(&w);
	return 0;
}

static int zero_page(struct mem_disk *d, struct block_request *r, uint64_t done, uint32_t len)
{
	uint64_t at = r->pos + done, page = at / PAGE_SIZE;
	uint64_t *entry;

	if (page_get(d, page) == PAGE_ZERO || (!from_image(d, page) && !page_get(d, page)))
		return 0;
	if (len < PAGE_SIZE)
		return r->op == BLOCK_DISCARD ? 0 : zero_part(d, at, len);
	entry = page_entry(d, page);
	if (!entry)
		return r->op == BLOCK_DISCARD ? 0 : -ENOSPC;
	page_free(d, entry);
	*entry = from_image(d, page) ? PAGE_ZERO : PAGE_IMAGE;
	return 0;
}

static int carry_out(struct mem_disk *d, struct block_request *r)
{
	static int (*const on_page[])(struct mem_disk *, struct block_request *, uint64_t,
				      uint32_t) = {
		[BLOCK_READ] = read_page, [BLOCK_WRITE] = write_page,
		[BLOCK_DISCARD] = zero_page, [BLOCK_WRITE_ZEROES] = zero_page,
	};
	uint32_t n;
	int err = 0;

	if (r->op == BLOCK_FLUSH)
		return 0;
	for (uint64_t done = 0; !err && done < r->len; done += n) {
		n = (uint32_t)MIN(r->len - done, PAGE_SIZE - ((r->pos + done) & PAGE_MASK));
		err = on_page[r->op](d, r, done, n);
	}
	return err;
}

static int submit(struct block_backend *b, struct block_request *r)
{
	r->done(r, carry_out(mem_of(b), r));
	return 0;
}

/* All that was written, and the tables of it. */
static void forget(struct mem_disk *d)
{
	for (uint32_t i = 0; i < d->nr_tables; i++) {
		for (uint32_t j = 0; d->table[i] && j < PER_TABLE; j++)
			page_free(d, &d->table[i][j]);
		if (d->table[i])
			d->left++;
		hyp_free(d->table[i]);
		d->table[i] = NULL;
	}
}

static void mem_reset(struct block_backend *b)
{
	if (!mem_of(b)->keep)
		forget(mem_of(b));
}

/* ---- from the configuration ---- */

static int mem_init(struct vm *vm, struct mem_disk *d, const struct config_disk *c)
{
	static const struct block_ops ops = { submit, mem_reset };
	uint64_t size = config_disk_size(c, vm->host->bundle);
	uint64_t pages = align_up(size, PAGE_SIZE) / PAGE_SIZE;
	struct bundle_file f = { NULL, NULL, 0 };

	if (c->image && bundle_lookup(vm->host->bundle, c->image, &f)) {
		log_err("VM %s: disk: the bundle has no %s", vm_name(vm), c->image);
		return -ENOENT;
	}
	d->b = (struct block_backend){
		.ops = &ops, .size = size, .block_size = BLOCK_SECTOR, .physical_size = PAGE_SIZE,
		.read_only = c->readonly, .can_flush = !c->readonly, .can_discard = !c->readonly,
		.can_zero = !c->readonly,
	};
	d->owner = vm->s2.owner;
	d->image = f.data;
	d->image_size = f.size;
	d->left = c->readonly ? 0 : align_up(c->limit ? MIN(c->limit, size) : size, PAGE_SIZE) /
				    PAGE_SIZE;
	/* For its tables: a page of them for each 2 MiB; more would need a limit far too low. */
	d->left += d->left ? (pages + PER_TABLE - 1) / PER_TABLE : 0;
	d->keep = c->keep;
	d->nr_tables = (uint32_t)((pages + PER_TABLE - 1) / PER_TABLE);
	d->table = hyp_zalloc(d->nr_tables * sizeof(*d->table));
	return d->table ? 0 : -ENOMEM;
}

static int create(struct vm *vm, const struct config_virtio *c, struct virtio_device *dev,
		  struct virtio_setup *s)
{
	struct vm_disk *d = (struct vm_disk *)dev;
	const struct virtio_blk_limit limit = { c->disk.iops, c->disk.rate };
	const char *serial = c->disk.serial ? c->disk.serial : c->name ? c->name : "";
	struct block_backend *b;
	int err;

	d->physical = c->disk.physical != NULL;
	b = d->physical ? &d->phys.part.backend : &d->mem.b;
	err = d->physical ? phys_disk_init(vm, &d->phys, &c->disk) :
			    mem_init(vm, &d->mem, &c->disk);
	if (err)
		return err;
	virtio_blk_init(&d->blk, b, serial, &limit, (uint16_t)c->disk.queues, s);
	if (d->physical)
		phys_disk_give(&d->phys, &d->blk);
	return 0;
}

static void destroy(struct vm *vm, struct virtio_device *dev)
{
	struct vm_disk *d = (struct vm_disk *)dev;

	virtio_blk_fini(&d->blk);
	if (d->physical) {
		phys_disk_fini(vm, &d->phys, &d->blk);
		return;
	}
	forget(&d->mem);
	hyp_free(d->mem.table);
}

static void restart(struct vm *vm, struct virtio_device *dev)
{
	struct block_backend *b = ((struct vm_disk *)dev)->blk.backend;

	(void)vm;
	if (b->ops->reset)
		b->ops->reset(b);
}

const struct vm_virtio_kind vm_virtio_disk = {
	sizeof(struct vm_disk), create, destroy, restart,
};
