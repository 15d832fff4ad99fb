/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of the heap: small ones share a page, cut into equal pieces after a
 * header; larger ones follow a header in pages of their own.
 */
#include <stddef.h>
#include <string.h>

#include "core/lib/bits.h"
#include "core/lib/list.h"
#include "core/panic.h"
#include "core/spinlock.h"
#include "mm/hyp_pool.h"

#define HEADER_SIZE 64
#define MAGIC_SLAB  0x51ab51abu
#define MAGIC_LARGE 0x1a46e000u

/* Multiples of 64, each the largest that so many pieces of a page allow. */
static const uint16_t class_size[] = { 64, 128, 192, 256, 384, 576, 960, 1344, 1984 };
#define NR_CLASSES ARRAY_SIZE(class_size)

struct header {
	uint32_t magic;
	uint16_t class;                    /* slab: index into class_size       */
	uint16_t nr_pages;                 /* large                             */
	uint64_t unused;                   /* slab: a bit per free piece        */
	struct list_node node;             /* slab: with free pieces, in partial */
};
_Static_assert(sizeof(struct header) <= HEADER_SIZE, "objects stay aligned to 64");

static struct {
	struct spinlock lock;              /* rank 72, docs/locking.md          */
	/* under lock */
	struct list_node partial[NR_CLASSES];
} heap;

static uint64_t all_unused(unsigned int class)
{
	unsigned int nr = (PAGE_SIZE - HEADER_SIZE) / class_size[class];

	return ~UINT64_C(0) >> (64 - nr);
}

void hyp_heap_init(void)
{
	heap.lock = (struct spinlock)SPINLOCK_INIT;
	for (unsigned int i = 0; i < NR_CLASSES; i++)
		list_init(&heap.partial[i]);
}

/* A piece of a page that has one, or NULL. */
static void *take_piece(unsigned int class)
{
	uint64_t flags = spin_lock_irqsave(&heap.lock);
	struct header *h;
	char *p = NULL;

	if (!list_empty(&heap.partial[class])) {
		unsigned int i;

		h = list_entry(heap.partial[class].next, struct header, node);
		i = (unsigned int)__builtin_ctzll(h->unused);
		h->unused &= ~BIT(i);
		if (!h->unused)
			list_remove(&h->node);
		p = (char *)h + HEADER_SIZE + i * class_size[class];
	}
	spin_unlock_irqrestore(&heap.lock, flags);
	return p;
}

/* A new page with its first piece taken: one without any would never be given back. */
static void *new_slab(unsigned int class)
{
	struct header *h;
	uint64_t flags;
	void *p;

	if (hyp_alloc_pages(1, &p))
		return NULL;
	h = p;
	h->magic = MAGIC_SLAB;
	h->class = (uint16_t)class;
	h->unused = all_unused(class) & ~BIT(0);
	flags = spin_lock_irqsave(&heap.lock);
	list_push_back(&heap.partial[class], &h->node);
	spin_unlock_irqrestore(&heap.lock, flags);
	return (char *)p + HEADER_SIZE;
}

static void *alloc_large(size_t size)
{
	unsigned int nr = (unsigned int)((size + HEADER_SIZE + PAGE_MASK) >> PAGE_SHIFT);
	struct header *h;
	void *p;

	if (hyp_alloc_pages(nr, &p))
		return NULL;
	h = p;
	h->magic = MAGIC_LARGE;
	h->nr_pages = (uint16_t)nr;
	return (char *)p + HEADER_SIZE;
}

void *hyp_zalloc(size_t size)
{
	unsigned int class = 0;
	void *p;

	if (!size || size > HYP_ALLOC_MAX_PAGES * PAGE_SIZE - HEADER_SIZE)
		return NULL;
	while (class < NR_CLASSES && size > class_size[class])
		class++;
	if (class == NR_CLASSES)
		return alloc_large(size);
	p = take_piece(class);
	if (!p)
		return new_slab(class);    /* zero, as all new pages are */
	return memset(p, 0, class_size[class]);
}

/* Put a piece back; true: the page is unused now, and out of the list. */
static bool give_piece(struct header *h, unsigned int offset)
{
	uint64_t flags = spin_lock_irqsave(&heap.lock);
	uint64_t piece = BIT(offset / class_size[h->class]);
	bool idle;

	BUG_ON(offset % class_size[h->class] || (h->unused & piece));
	if (!h->unused)
		list_push_back(&heap.partial[h->class], &h->node);
	h->unused |= piece;
	idle = h->unused == all_unused(h->class);
	if (idle) {
		list_remove(&h->node);
		h->magic = 0;
	}
	spin_unlock_irqrestore(&heap.lock, flags);
	return idle;
}

void hyp_free(void *p)
{
	uint64_t in_page = (uintptr_t)p & PAGE_MASK;
	struct header *h;

	if (!p)
		return;
	h = (struct header *)(void *)((char *)p - in_page);
	BUG_ON(in_page < HEADER_SIZE);
	BUG_ON(h->magic != MAGIC_SLAB && h->magic != MAGIC_LARGE);
	if (h->magic == MAGIC_LARGE) {
		h->magic = 0;
		hyp_free_pages(h, h->nr_pages);
	} else if (give_piece(h, (unsigned int)in_page - HEADER_SIZE)) {
		hyp_free_pages(h, 1);
	}
}
