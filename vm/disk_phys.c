/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/disk_phys.h"

#include <errno.h>

#include <arch/timer.h>
#include "core/lib/bits.h"
#include "core/log.h"
#include "core/thread.h"
#include "mm/hyp_pool.h"
#include "vm/config.h"
#include "vm/vm.h"

#define BUF_SIZE 0x10000u
#define WAIT_S   30          /* then a device counts as broken */

static int memory(struct phys_disk *p)
{
	p->buf_size = MIN(p->part.backend.max_len, BUF_SIZE);
	p->nr_pages = (uint32_t)(align_up((uint64_t)VIRTIO_BLK_SLOTS * p->buf_size, PAGE_SIZE) /
				 PAGE_SIZE);
	p->slots = hyp_zalloc(VIRTIO_BLK_SLOTS * sizeof(*p->slots));
	p->segs = hyp_zalloc((size_t)VIRTIO_BLK_SLOTS * VIRTQ_MAX_SIZE * sizeof(*p->segs));
	if (p->slots && p->segs && !hyp_alloc_pages(p->nr_pages, &p->bufs))
		return 0;
	hyp_free(p->segs);
	hyp_free(p->slots);
	return -ENOMEM;
}

int phys_disk_init(struct vm *vm, struct phys_disk *p, const struct config_disk *c)
{
	char why[96] = "no memory";
	int err = -ENOTSUP;

	if (vm->host->disk_claim)
		err = vm->host->disk_claim(&p->part, vm_name(vm), c->physical,
					   c->partition ? c->partition : "", why, sizeof(why));
	if (err) {
		log_err("VM %s: disk %s: %s", vm_name(vm), c->physical,
			err == -ENOTSUP ? "this Corbel is built without drivers" : why);
		return err;
	}
	err = memory(p);
	if (err) {
		log_err("VM %s: disk %s: %s", vm_name(vm), c->physical, why);
		vm->host->disk_release(&p->part);
		return err;
	}
	p->part.backend.read_only |= c->readonly;
	if (p->part.backend.read_only)
		p->part.backend.can_discard = p->part.backend.can_zero = false;
	return 0;
}

void phys_disk_give(struct phys_disk *p, struct virtio_blk *blk)
{
	virtio_blk_give_slots(blk, p->slots, p->segs, p->bufs, p->buf_size);
}

void phys_disk_fini(struct vm *vm, struct phys_disk *p, struct virtio_blk *blk)
{
	uint64_t begin = arch_counter(), most = WAIT_S * arch_counter_hz();
	bool ours = true;

	while (virtio_blk_busy(blk) && arch_counter() - begin < most)
		thread_yield();
	if (virtio_blk_busy(blk)) {
		log_err("VM %s: its disk does not answer: given up", vm_name(vm));
		ours = hostblk_give_up(p->part.disk);
	}
	/* What the device may still write to stays its own. */
	if (ours)
		hyp_free_pages(p->bufs, p->nr_pages);
	hyp_free(p->segs);
	hyp_free(p->slots);
	vm->host->disk_release(&p->part);
}
