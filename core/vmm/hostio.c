/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/hostio.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/board.h"
#include "core/board_fdt.h"
#include "core/lib/bits.h"
#include "core/log.h"
#include "core/mutex.h"
#include "core/thread.h"
#include "devices/gpt.h"
#include "irq/irq.h"
#include "mm/el2_map.h"
#include "mm/hyp_pool.h"

#define MAX_CLAIMS 64

struct claim {
	const struct hostblk_part *part;       /* NULL: free */
	const char *owner;
};

struct disk {
	struct hostblk blk;
	struct gpt *table;                     /* NULL: none that can be read */
	const char *table_why;                 /* why not */
};

static struct disk *disks[HOSTIO_MAX_DISKS];
static struct hostnet *nics[HOSTIO_MAX_NICS];
static uint32_t nr_disks, nr_nics;
static struct thread servant;
static _Atomic uint32_t due;                   /* bit n: nics[n] has something */
static struct mutex claims_lock;
static struct claim claims[MAX_CLAIMS];        /* under claims_lock */

uint32_t hostio_nr_disks(void)
{
	return nr_disks;
}

struct hostnet *hostio_nic(uint32_t i)
{
	return i < nr_nics ? nics[i] : NULL;
}

/* ---- interrupts ---- */

static void on_disk(void *ctx, uint32_t intid)
{
	(void)intid;
	hostblk_interrupt(ctx);
}

static void nic_due(uint32_t i)
{
	atomic_fetch_or_explicit(&due, (uint32_t)BIT(i), memory_order_release);
	thread_request(&servant, THREAD_REQ_VCPU);
}

static void on_nic(void *ctx, uint32_t intid)
{
	(void)intid;
	for (uint32_t i = 0; i < nr_nics; i++)
		if (nics[i] == ctx && hostnet_irq(ctx))
			nic_due(i);
}

static void hostio_main(void *arg)
{
	(void)arg;
	for (;;) {
		uint32_t work;

		atomic_fetch_and(&servant.requests, ~(uint32_t)THREAD_REQ_VCPU);
		work = atomic_exchange_explicit(&due, 0, memory_order_acquire);
		for (uint32_t i = 0; i < nr_nics; i++)
			if ((work & BIT(i)) && hostnet_service(nics[i]))
				nic_due(i);
		/* Others of this standing may go first when there is more. */
		thread_yield();
		thread_block(THREAD_REQ_VCPU);
	}
}

/* ---- what the board has ---- */

static int dma_alloc(struct dma_area *mem, size_t size)
{
	unsigned int nr = (unsigned int)(align_up(size, PAGE_SIZE) / PAGE_SIZE);
	int err = hyp_alloc_pages(nr, &mem->va);

	if (err)
		return err;
	mem->pa = hyp_pa(mem->va);
	mem->size = nr * PAGE_SIZE;
	return 0;
}

static void dma_free(const struct dma_area *mem)
{
	hyp_free_pages(mem->va, (unsigned int)(mem->size / PAGE_SIZE));
}

/* ---- partition tables ---- */

static int read_block(void *ctx, uint64_t block, void *buf)
{
	struct hostblk_part *p = ctx;
	uint32_t size = p->backend.block_size;

	return hostblk_poll(p, BLOCK_READ, block * size, buf, size);
}

static const char *table_error(int err)
{
	switch (err) {
	case -ENOENT: return "has no partition table (GPT)";
	case -EINVAL: return "has a damaged partition table";
	case -ENOMEM: return "has a partition table for which there is no memory";
	default:      return "cannot be read";
	}
}

/* Once, at boot; what a VM changes later counts from the next boot on. */
static int table_read(struct disk *d)
{
	struct hostblk_part all;
	struct gpt_disk disk = {
		.nr_blocks = d->blk.size / d->blk.block_size, .block_size = d->blk.block_size,
		.read = read_block, .ctx = &all, .buf = hyp_zalloc(GPT_MAX_BLOCK),
	};
	struct gpt *g = hyp_zalloc(sizeof(*g));
	int err = -ENOMEM;

	hostblk_part_init(&all, &d->blk, 0, d->blk.size);
	if (g && disk.buf)
		err = gpt_read(g, &disk);
	hyp_free(disk.buf);
	if (err) {
		d->table_why = table_error(err);
		hyp_free(g);
		return err;
	}
	d->table = g;
	if (g->from_backup)
		log_warn("disk %s: its first partition table is damaged, the other is used",
			 d->blk.serial);
	return 0;
}

static void disk_say(const struct disk *d)
{
	const struct hostblk *b = &d->blk;

	log_info("disk %u: %llu MiB, serial \"%s\", %u partitions%s", nr_disks,
		 (unsigned long long)(b->size >> 20), b->serial,
		 d->table ? d->table->nr_parts : 0, b->read_only ? ", read-only" : "");
}

static int disk_add(const struct virtio_host *v, uint32_t intid)
{
	struct disk *d = hyp_zalloc(sizeof(*d));
	struct dma_area mem = { 0 };
	int err = -ENOMEM;

	if (nr_disks == HOSTIO_MAX_DISKS || !d || dma_alloc(&mem, hostblk_memory()))
		goto free_disk;
	d->blk.dev = *v;
	err = hostblk_start(&d->blk, &mem, hyp_pa);
	if (err)
		goto free_memory;
	table_read(d);
	err = irq_register(intid, on_disk, &d->blk);
	if (err) {
		virtio_host_reset(&d->blk.dev);
		goto free_memory;
	}
	disk_say(d);
	disks[nr_disks++] = d;
	return 0;

free_memory:
	/* A device that does not come out of reset may still write there. */
	if (!d->blk.held)
		dma_free(&mem);
free_disk:
	if (d)
		hyp_free(d->table);
	hyp_free(d);
	return err;
}

/* ---- devices ---- */

static int nic_add(const struct virtio_host *v, uint32_t intid)
{
	struct hostnet *n = hyp_zalloc(sizeof(*n));
	struct dma_area mem = { 0 };
	int err = -ENOMEM;

	if (nr_nics == HOSTIO_MAX_NICS || !n || dma_alloc(&mem, hostnet_memory()))
		goto free_nic;
	n->dev = *v;
	err = hostnet_start(n, &mem);
	if (err)
		goto free_memory;
	nics[nr_nics++] = n;
	err = irq_register(intid, on_nic, n);
	if (err) {
		nr_nics--;
		virtio_host_reset(&n->dev);
		goto free_memory;
	}
	log_info("network %u: %02x:%02x:%02x:%02x:%02x:%02x, mtu %u, link %s", nr_nics - 1,
		 n->mac[0], n->mac[1], n->mac[2], n->mac[3], n->mac[4], n->mac[5], n->mtu,
		 hostnet_link(n) ? "up" : "down");
	return 0;

free_memory:
	dma_free(&mem);
free_nic:
	hyp_free(n);
	return err;
}

/* Transports share pages: each page is mapped once while they come in order. */
static int map_regs(const struct board_range *r, va_t *regs)
{
	static uint64_t page = UINT64_MAX;
	static va_t mapped;
	uint64_t want = align_down(r->base.v, PAGE_SIZE);

	if (r->size < 0x108 || r->base.v - want + r->size > PAGE_SIZE)
		return -EINVAL;
	if (want != page) {
		int err = el2_map_io(PA(want), PAGE_SIZE, &mapped);

		if (err)
			return err;
		page = want;
	}
	*regs = va_add(mapped, r->base.v - want);
	return 0;
}

static int device_add(const struct virtio_host *v, uint32_t intid)
{
	switch (v->device_id) {
	case VIRTIO_HOST_BLOCK: return disk_add(v, intid);
	case VIRTIO_HOST_NET:   return nic_add(v, intid);
	default:
		log_info("virtio device of type %u: no driver", v->device_id);
		return 0;
	}
}

static void look_at(const struct board *b, int node, const struct board_range *r)
{
	const char *name = board_node_name(b, node);
	struct virtio_host v;
	uint32_t intid;
	va_t regs;
	int err;

	if (!board_node_enabled(b, node) || map_regs(r, &regs))
		return;
	err = virtio_host_probe(&v, regs);
	if (err == -ENODEV || board_intid(b, node, 0, &intid))
		return;
	if (err == -ENOTSUP) {
		log_warn("%s is a virtio device of the old interface, which cannot be used "
			 "(QEMU: -global virtio-mmio.force-legacy=false)", name);
		return;
	}
	if (!board_prop(b, node, "dma-coherent", NULL)) {
		log_warn("%s does not see the caches (no dma-coherent): not used", name);
		return;
	}
	err = device_add(&v, intid);
	if (err)
		log_warn("%s: the device cannot be used (%d)", name, err);
}

#define MAX_PLACES 64u           /* of virtio-mmio on a board; the virt machine has 32 */

struct place {
	struct board_range regs;
	int node;
};

/* In the order of their addresses, so that numbers do not depend on the order of nodes. */
static uint32_t places(const struct board *b, struct place *at, uint32_t max)
{
	uint32_t nr = 0;
	int node = -1;

	while (nr < max && (node = board_compatible(b, node, "virtio,mmio")) >= 0) {
		struct board_range r;
		uint32_t i;

		if (board_reg(b, node, 0, &r))
			continue;
		for (i = nr++; i > 0 && at[i - 1].regs.base.v > r.base.v; i--)
			at[i] = at[i - 1];
		at[i] = (struct place){ r, node };
	}
	return nr;
}

void hostio_init(uint32_t cpu, uint32_t prio)
{
	static struct place at[MAX_PLACES];
	uint32_t nr;

	nr = places(&board, at, MAX_PLACES);
	for (uint32_t i = 0; i < nr; i++)
		look_at(&board, at[i].node, &at[i].regs);
	if (!nr_nics)
		return;
	/* What a network has asked of it by now it finds when it starts. */
	if (thread_create(&servant, "hostio", cpu, prio, hostio_main, NULL)) {
		log_warn("no memory for the board's networks");
		nr_nics = 0;
		return;
	}
	thread_start(&servant);
}

/* ---- who has what ---- */

static struct disk *disk_lookup(const char *name)
{
	char number[12];

	for (uint32_t i = 0; i < nr_disks; i++)
		if (disks[i]->blk.serial[0] && strcmp(disks[i]->blk.serial, name) == 0)
			return disks[i];
	for (uint32_t i = 0; i < nr_disks; i++) {
		snprintf(number, sizeof(number), "%u", i);
		if (strcmp(number, name) == 0)
			return disks[i];
	}
	return NULL;
}

/* The range that a configuration's words stand for. */
static int range_find(struct hostblk_part *p, const char *disk, const char *partition,
		      char *why, uint32_t size)
{
	struct disk *d = disk_lookup(disk);
	int i;

	if (!d) {
		snprintf(why, size, "the board has no disk %s", disk);
		return -ENOENT;
	}
	if (!partition[0]) {
		hostblk_part_init(p, &d->blk, 0, d->blk.size);
		return 0;
	}
	if (!d->table) {
		snprintf(why, size, "disk %s %s", disk, d->table_why);
		return -EIO;
	}
	i = gpt_lookup(d->table, partition);
	if (i < 0) {
		snprintf(why, size, "disk %s has %s partition %s", disk,
			 i == -EEXIST ? "more than one" : "no", partition);
		return i;
	}
	hostblk_part_init(p, &d->blk, d->table->parts[i].start, d->table->parts[i].size);
	return 0;
}

static bool overlaps(const struct hostblk_part *a, const struct hostblk_part *b)
{
	return a->disk == b->disk && range_overlap(a->start, a->backend.size, b->start,
						   b->backend.size);
}

static int claim_locked(const struct hostblk_part *p, const char *owner, char *why, uint32_t size)
{
	struct claim *free = NULL;

	for (uint32_t i = 0; i < MAX_CLAIMS; i++) {
		if (!claims[i].part) {
			free = &claims[i];
		} else if (overlaps(p, claims[i].part)) {
			snprintf(why, size, "VM %s has it, or a part of it", claims[i].owner);
			return -EBUSY;
		}
	}
	if (!free) {
		snprintf(why, size, "more than %d disks and partitions are in use", MAX_CLAIMS);
		return -ENOSPC;
	}
	*free = (struct claim){ p, owner };
	return 0;
}

int hostio_disk_claim(struct hostblk_part *p, const char *owner, const char *disk,
		      const char *partition, char *why, uint32_t size)
{
	int err = range_find(p, disk, partition, why, size);

	if (err)
		return err;
	mutex_lock(&claims_lock);
	err = claim_locked(p, owner, why, size);
	mutex_unlock(&claims_lock);
	return err;
}

void hostio_disk_release(const struct hostblk_part *p)
{
	mutex_lock(&claims_lock);
	for (uint32_t i = 0; i < MAX_CLAIMS; i++)
		if (claims[i].part == p)
			claims[i].part = NULL;
	mutex_unlock(&claims_lock);
}
