/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/balloon.h"

#include <errno.h>

#include "core/lib/bits.h"
#include "core/lib/options.h"
#include "devices/virtio_balloon.h"
#include "mm/frames.h"
#include "mm/guest_mem.h"
#include "mm/guest_view.h"
#include "mm/hyp_pool.h"
#include "vm/virtio.h"
#include "vm/vm.h"

#define TRIES      3                     /* to take a page from a ring           */
#define WORD_PAGES 64

/* Statistics, VirtIO 1.2, 5.5.6.4. */
enum { STAT_FREE = 4, STAT_AVAILABLE = 6 };

struct vm_balloon {
	struct virtio_balloon dev;           /* first */
	/* fixed: a bit for each page; NULL: of a region that stays */
	_Atomic uint64_t *lent[CONFIG_MAX_REGIONS];
	_Atomic uint64_t nr_lent;            /* pages                               */
};

static struct vm_balloon *balloon_of(const struct vm *vm)
{
	return vm->balloon;
}

/* ---- bits ---- */

static uint64_t nr_words(const struct config_region *r)
{
	return (r->size / PAGE_SIZE + WORD_PAGES - 1) / WORD_PAGES;
}

static _Atomic uint64_t *lent_of(const struct vm *vm, const struct config_region *r)
{
	return balloon_of(vm)->lent[r - vm->cfg->regions];
}

/* Counted before it can be cleared again. True: it was not set. */
static bool bit_set(struct vm_balloon *b, _Atomic uint64_t *lent, uint64_t page)
{
	atomic_fetch_add(&b->nr_lent, 1);
	if (!(atomic_fetch_or(&lent[page / WORD_PAGES], BIT(page % WORD_PAGES)) &
	      BIT(page % WORD_PAGES)))
		return true;
	atomic_fetch_sub(&b->nr_lent, 1);
	return false;
}

static bool bit_clear(struct vm_balloon *b, _Atomic uint64_t *lent, uint64_t page)
{
	if (!(atomic_fetch_and(&lent[page / WORD_PAGES], ~BIT(page % WORD_PAGES)) &
	      BIT(page % WORD_PAGES)))
		return false;
	atomic_fetch_sub(&b->nr_lent, 1);
	return true;
}

bool vm_balloon_has(const struct vm *vm, const struct config_region *r)
{
	return CONFIG_VIRTIO && balloon_of(vm) && lent_of(vm, r);
}

bool vm_balloon_touch(struct vm *vm, const struct config_region *r, ipa_t ipa)
{
	_Atomic uint64_t *lent = lent_of(vm, r);
	uint64_t page = (ipa.v - r->ipa.v) / PAGE_SIZE, block = order_size(FRAMES_ORDER_2M);
	uint64_t start = MAX(align_down(ipa.v, block), r->ipa.v) - r->ipa.v;
	uint64_t end = MIN(align_down(ipa.v, block) + block - r->ipa.v, r->size);
	bool any = bit_clear(balloon_of(vm), lent, page);

	/* In whole words, so a page a little further off counts too. */
	for (uint64_t w = start / PAGE_SIZE / WORD_PAGES; w * WORD_PAGES * PAGE_SIZE < end; w++)
		any |= atomic_load(&lent[w]) != 0;
	return any;
}

/* ---- what the guest names ---- */

typedef uint32_t part_fn(struct vm *vm, const struct config_region *r, uint64_t page, uint32_t nr);

/* Cut to regions. What lies in none that counts is passed over page by page: lists are short. */
static uint32_t for_parts(struct vm *vm, ipa_t ipa, uint32_t nr_pages, part_fn *fn)
{
	uint32_t done = 0;

	for (uint32_t at = 0, n; at < nr_pages; at += n) {
		ipa_t here = ipa_add(ipa, at * PAGE_SIZE);
		const struct config_region *r = vm_region(vm, here);

		n = 1;
		if (!r || !lent_of(vm, r))
			continue;
		n = (uint32_t)MIN((uint64_t)(nr_pages - at),
				  (r->size - (here.v - r->ipa.v)) / PAGE_SIZE);
		done += fn(vm, r, (here.v - r->ipa.v) / PAGE_SIZE, n);
	}
	return done;
}

/*
 * Rings that lie there lose their memory first. If it cannot be had, for want of a table to
 * split a block with or since new rings are made there all the time, the guest keeps it.
 */
static void release(struct vm *vm, const struct config_region *r, uint64_t page, uint32_t nr)
{
	ipa_t ipa = ipa_add(r->ipa, page * PAGE_SIZE);
	int err = -EBUSY;

	for (int i = 0; i < TRIES && err == -EBUSY; i++) {
		guest_view_revoke(&vm->s2, ipa, nr * PAGE_SIZE);
		err = guest_mem_release(&vm->s2, ipa, nr * PAGE_SIZE);
	}
}

static uint32_t inflate_part(struct vm *vm, const struct config_region *r, uint64_t page,
			     uint32_t nr)
{
	_Atomic uint64_t *lent = lent_of(vm, r);
	uint32_t done = 0, run = 0;

	for (uint32_t i = 0; i <= nr; i++) {
		if (i < nr && bit_set(balloon_of(vm), lent, page + i)) {
			run++;
			continue;
		}
		if (run)
			release(vm, r, page + i - run, run);
		done += run;
		run = 0;
	}
	return done;
}

static uint32_t deflate_part(struct vm *vm, const struct config_region *r, uint64_t page,
			     uint32_t nr)
{
	uint32_t done = 0;

	for (uint32_t i = 0; i < nr; i++)
		done += bit_clear(balloon_of(vm), lent_of(vm, r), page + i);
	return done;
}

static uint32_t report_part(struct vm *vm, const struct config_region *r, uint64_t page,
			    uint32_t nr)
{
	release(vm, r, page, nr);
	return nr;
}

static uint32_t inflate(void *vm, ipa_t ipa, uint32_t nr_pages)
{
	return for_parts(vm, ipa, nr_pages, inflate_part);
}

static uint32_t deflate(void *vm, ipa_t ipa, uint32_t nr_pages)
{
	return for_parts(vm, ipa, nr_pages, deflate_part);
}

static uint32_t report(void *vm, ipa_t ipa, uint32_t nr_pages)
{
	return for_parts(vm, ipa, nr_pages, report_part);
}

static void forget(void *ctx)
{
	struct vm *vm = ctx;

	for (uint32_t i = 0; i < vm->cfg->nr_regions; i++) {
		_Atomic uint64_t *lent = balloon_of(vm)->lent[i];

		for (uint64_t w = 0; lent && w < nr_words(&vm->cfg->regions[i]); w++)
			atomic_store(&lent[w], 0);
	}
	atomic_store(&balloon_of(vm)->nr_lent, 0);
}

/* ---- from the configuration ---- */

static void lent_free(struct vm_balloon *b)
{
	for (uint32_t i = 0; i < CONFIG_MAX_REGIONS; i++)
		hyp_free((void *)b->lent[i]);
}

static int lent_alloc(struct vm *vm, struct vm_balloon *b)
{
	for (uint32_t i = 0; i < vm->cfg->nr_regions; i++) {
		const struct config_region *r = &vm->cfg->regions[i];

		if (r->backend == BACKEND_LINEAR || !(r->access & CONFIG_ACCESS_W))
			continue;
		b->lent[i] = hyp_zalloc(nr_words(r) * sizeof(uint64_t));
		if (!b->lent[i]) {
			lent_free(b);
			return -ENOMEM;
		}
	}
	return 0;
}

static int create(struct vm *vm, const struct config_virtio *c, struct virtio_device *dev,
		  struct virtio_setup *s)
{
	static const struct virtio_balloon_ops ops = { inflate, deflate, report, forget };
	struct vm_balloon *b = (struct vm_balloon *)dev;

	if (lent_alloc(vm, b))
		return -ENOMEM;
	virtio_balloon_init(&b->dev, &ops, vm, (uint32_t)(c->balloon.size / PAGE_SIZE));
	s->model = &virtio_balloon_model;
	s->nr_queues = VIRTIO_BALLOON_QUEUES;
	s->features = VIRTIO_BALLOON_FEATURES;
	vm->balloon = b;
	return 0;
}

static void destroy(struct vm *vm, struct virtio_device *dev)
{
	vm->balloon = NULL;
	lent_free((struct vm_balloon *)dev);
}

const struct vm_virtio_kind vm_virtio_balloon = {
	sizeof(struct vm_balloon), create, destroy, NULL,
};

/* ---- for those who look, and the shell ---- */

static uint64_t stat_of(struct vm_balloon *b, int tag)
{
	uint64_t v = atomic_load(&b->dev.counts.stats[tag]);

	return v == UINT64_MAX ? 0 : v;
}

int vm_balloon_look(struct vm *vm, struct vm_balloon_info *out)
{
	struct vm_balloon *b = balloon_of(vm);

	if (!CONFIG_VIRTIO || !b)
		return -ENOENT;
	*out = (struct vm_balloon_info){
		.target = atomic_load(&b->dev.counts.target) * PAGE_SIZE,
		.lent = atomic_load(&b->nr_lent) * PAGE_SIZE,
		.free = stat_of(b, STAT_FREE), .available = stat_of(b, STAT_AVAILABLE),
		.ignored = atomic_load(&b->dev.counts.ignored),
	};
	virtio_balloon_ask(&b->dev);
	return 0;
}

int vm_balloon_set(struct vm *vm, uint64_t size)
{
	struct vm_balloon *b = balloon_of(vm);
	uint64_t most = 0;

	if (!CONFIG_VIRTIO || !b)
		return -ENOENT;
	for (uint32_t i = 0; i < vm->cfg->nr_regions; i++)
		most += b->lent[i] ? vm->cfg->regions[i].size : 0;
	if (size > most)
		return -ERANGE;
	virtio_balloon_set(&b->dev, (uint32_t)(size / PAGE_SIZE));
	return 0;
}
