/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/loader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "core/lib/bits.h"
#include "vm/image.h"

#define SIZE_2M         UINT64_C(0x200000)
#define DTB_ROOM_MIN    UINT64_C(0x1000)
#define DTB_ROOM_FAIR   UINT64_C(0x10000)    /* holds what we generate         */
#define INITRD_DISTANCE UINT64_C(0x8000000)  /* from the start of RAM, as QEMU's loader */

#define ACCESS_DATA  (CONFIG_ACCESS_R | CONFIG_ACCESS_W)
#define ACCESS_CODE  (ACCESS_DATA | CONFIG_ACCESS_X)

struct planner {
	struct load_plan *plan;
	const struct vm_config *cfg;
	struct image image;
};

/* What is looked for: room for some bytes, at a multiple of align plus skew. */
struct wish {
	uint64_t size;
	uint64_t align;
	uint64_t skew;
	uint32_t access;         /* CONFIG_ACCESS_*: what the region must allow */
};

__attribute__((format(printf, 3, 4)))
static int fail(struct planner *p, const char *file, const char *fmt, ...)
{
	char *error = p->plan->error;
	int used = snprintf(error, CONFIG_REASON_LEN, "VM %s: %.60s: ", p->cfg->name, file);
	va_list args;

	if (used > 0 && used < CONFIG_REASON_LEN) {
		va_start(args, fmt);
		vsnprintf(error + used, (size_t)(CONFIG_REASON_LEN - used), fmt, args);
		va_end(args);
	}
	return -EINVAL;
}

/* --- room -------------------------------------------------------------- */

static const struct config_region *region_of(const struct vm_config *cfg, uint64_t ipa,
					     uint64_t size)
{
	for (uint32_t i = 0; i < cfg->nr_regions; i++) {
		const struct config_region *r = &cfg->regions[i];

		if (ipa >= r->ipa.v && ipa - r->ipa.v <= r->size &&
		    r->size - (ipa - r->ipa.v) >= size)
			return r;
	}
	return NULL;
}

/* How much RAM there is to speak of: a ROM or a mailbox may come before it. */
static uint64_t largest_region(const struct vm_config *cfg)
{
	uint64_t size = 0;

	for (uint32_t i = 0; i < cfg->nr_regions; i++)
		size = MAX(size, cfg->regions[i].size);
	return size;
}

/* A piece that shares a byte with the range, or NULL. */
static const struct load_piece *piece_in(const struct load_plan *plan, uint64_t ipa, uint64_t size)
{
	for (uint32_t i = 0; i < plan->nr_pieces; i++) {
		const struct load_piece *p = &plan->piece[i];

		if (p->room && range_overlap(ipa, size, p->ipa.v, p->room))
			return p;
	}
	return NULL;
}

/* The first address from 'from' on that fits the alignment. */
static uint64_t next_fit(const struct wish *w, uint64_t from)
{
	uint64_t skew = w->skew & (w->align - 1);
	uint64_t base = align_up(from - MIN(from, skew), w->align) + skew;

	return base + (w->skew - skew);
}

/*
 * The lowest free address of one region, at or above 'hint'. Each round passes
 * a piece, so there are no more rounds than pieces.
 */
static bool find_in_region(const struct planner *p, const struct config_region *r,
			   const struct wish *w, uint64_t hint, uint64_t *ipa)
{
	uint64_t addr = next_fit(w, MAX(r->ipa.v, hint));

	for (uint32_t round = 0; round <= p->plan->nr_pieces; round++) {
		const struct load_piece *in;

		if (region_of(p->cfg, addr, w->size) != r)
			return false;
		in = piece_in(p->plan, addr, w->size);
		if (!in) {
			*ipa = addr;
			return true;
		}
		addr = next_fit(w, in->ipa.v + in->room);
	}
	return false;
}

/* Distance: how far from the start of each region to begin, if that works out. */
static bool find_room(const struct planner *p, const struct wish *w, uint64_t distance,
		      uint64_t *ipa)
{
	for (uint32_t i = 0; i < p->cfg->nr_regions; i++) {
		const struct config_region *r = &p->cfg->regions[i];

		if ((r->access & w->access) != w->access)
			continue;
		if (find_in_region(p, r, w, r->ipa.v + MIN(distance, r->size), ipa) ||
		    find_in_region(p, r, w, 0, ipa))
			return true;
	}
	return false;
}

/* --- pieces ------------------------------------------------------------- */

static int place(struct planner *p, const struct load_piece *piece)
{
	const struct load_piece *other;

	if (!region_of(p->cfg, piece->ipa.v, piece->room))
		return fail(p, piece->file,
			    "its %llu bytes at 0x%llx are not inside the VM's memory",
			    (unsigned long long)piece->room, (unsigned long long)piece->ipa.v);
	other = piece_in(p->plan, piece->ipa.v, piece->room);
	if (other)
		return fail(p, piece->file, "at 0x%llx it would overlap %.60s at 0x%llx",
			    (unsigned long long)piece->ipa.v, other->file,
			    (unsigned long long)other->ipa.v);
	if (p->plan->nr_pieces == LOAD_MAX_PIECES)
		return fail(p, piece->file, "too many pieces to load");
	p->plan->piece[p->plan->nr_pieces++] = *piece;
	return 0;
}

static int place_kernel_at(struct planner *p, const struct load_file *k, uint64_t base)
{
	const struct image *img = &p->image;

	for (uint32_t i = 0; i < img->nr_segs; i++) {
		const struct image_seg *s = &img->seg[i];
		struct load_piece piece = {
			.file = k->name, .src = (const uint8_t *)k->data + s->offset,
			.size = s->size, .room = s->room, .bss = img->bss,
			.ipa = IPA(base + s->addr),
		};
		int err = place(p, &piece);

		if (err)
			return err;
	}
	p->plan->entry = IPA(base + img->entry);
	return 0;
}

static int kernel_load_given(struct planner *p, const struct load_file *k)
{
	const struct image *img = &p->image;
	uint64_t load = p->cfg->kernel.load;

	if (img->fixed)
		return fail(p, k->name,
			    "an ELF program linked to fixed addresses; it takes no load address");
	if (img->type == IMAGE_ARM64 && (load < img->skew ||
					 !is_aligned(load - img->skew, img->align)))
		return fail(p, k->name,
			    "an Image goes 0x%llx bytes past a multiple of 2 MiB, not to 0x%llx",
			    (unsigned long long)img->skew, (unsigned long long)load);
	if (load > UINT64_MAX - img->span)
		return fail(p, k->name, "load address 0x%llx is out of range",
			    (unsigned long long)load);
	return place_kernel_at(p, k, load);
}

static bool kernel_is_placed(const struct planner *p)
{
	return p->image.fixed || p->cfg->kernel.load != CONFIG_ADDR_AUTO;
}

static int place_kernel_given(struct planner *p, const struct load_file *k)
{
	if (p->cfg->kernel.load != CONFIG_ADDR_AUTO)
		return kernel_load_given(p, k);
	return p->image.fixed ? place_kernel_at(p, k, 0) : 0;
}

/* The first 2 MiB are left to the device tree: U-Boot looks for it there. */
static int place_kernel_auto(struct planner *p, const struct load_file *k)
{
	const struct image *img = &p->image;
	struct wish w = { img->span, img->align, img->skew, ACCESS_CODE };
	uint64_t base;

	if (kernel_is_placed(p))
		return 0;
	if (!find_room(p, &w, img->low ? 0 : LOAD_DTB_ROOM, &base))
		return fail(p, k->name,
			    "its %llu bytes in memory fit in no memory region of the VM",
			    (unsigned long long)img->span);
	return place_kernel_at(p, k, base);
}

static int set_entry(struct planner *p, const struct load_file *k)
{
	const struct config_region *r;

	if (p->cfg->kernel_entry != CONFIG_ADDR_AUTO)
		p->plan->entry = IPA(p->cfg->kernel_entry);
	r = region_of(p->cfg, p->plan->entry.v, 4);
	if (!r || !(r->access & CONFIG_ACCESS_X) || !is_aligned(p->plan->entry.v, 4))
		return fail(p, k->name, "entry 0x%llx is not in memory that may be executed",
			    (unsigned long long)p->plan->entry.v);
	return 0;
}

static int place_initrd_at(struct planner *p, const struct load_file *f, uint64_t ipa)
{
	struct load_piece piece = {
		.file = f->name, .src = f->data, .size = f->size, .room = f->size, .ipa = IPA(ipa),
	};

	p->plan->initrd = piece.ipa;
	p->plan->initrd_size = f->size;
	return place(p, &piece);
}

static int place_initrd_given(struct planner *p, const struct load_file *f)
{
	if (!f->data || p->cfg->initrd.load == CONFIG_ADDR_AUTO)
		return 0;
	if (f->size == 0)
		return fail(p, f->name, "the file is empty");
	return place_initrd_at(p, f, p->cfg->initrd.load);
}

static int place_initrd_auto(struct planner *p, const struct load_file *f)
{
	struct wish w = { f->size, PAGE_SIZE, 0, ACCESS_DATA };
	uint64_t ipa;

	if (!f->data || p->cfg->initrd.load != CONFIG_ADDR_AUTO)
		return 0;
	if (f->size == 0)
		return fail(p, f->name, "the file is empty");
	if (!find_room(p, &w, MIN(INITRD_DISTANCE, largest_region(p->cfg) / 2), &ipa))
		return fail(p, f->name, "its %llu bytes fit in no memory region beside the kernel",
			    (unsigned long long)f->size);
	return place_initrd_at(p, f, ipa);
}

static int place_dtb_at(struct planner *p, uint64_t ipa, uint64_t room)
{
	struct load_piece piece = { .file = "the device tree", .room = room, .ipa = IPA(ipa) };

	p->plan->dtb = piece.ipa;
	p->plan->dtb_room = room;
	return place(p, &piece);
}

/* It gets as much as there is, up to what the boot protocol allows. */
static int place_dtb_given(struct planner *p)
{
	uint64_t ipa = p->cfg->dtb.load;
	uint64_t room = LOAD_DTB_ROOM;

	if (ipa == CONFIG_ADDR_AUTO)
		return 0;
	if (!is_aligned(ipa, 8))
		return fail(p, "the device tree", "its address 0x%llx is not a multiple of 8",
			    (unsigned long long)ipa);
	while (room > DTB_ROOM_MIN && (!region_of(p->cfg, ipa, room) ||
				       piece_in(p->plan, ipa, room)))
		room /= 2;
	return place_dtb_at(p, ipa, room);
}

/* Of a small guest's memory it must not take all that is left. */
static uint64_t dtb_room_fair(const struct vm_config *cfg)
{
	uint64_t room = LOAD_DTB_ROOM;

	while (room > DTB_ROOM_FAIR && room > largest_region(cfg) / 16)
		room /= 2;
	return room;
}

static int place_dtb_auto(struct planner *p)
{
	uint64_t ipa;

	if (p->cfg->dtb.load != CONFIG_ADDR_AUTO)
		return 0;
	for (uint64_t room = dtb_room_fair(p->cfg); room >= DTB_ROOM_MIN; room /= 2) {
		struct wish w = { room, room, 0, ACCESS_DATA };

		if (find_room(p, &w, 0, &ipa))
			return place_dtb_at(p, ipa, room);
	}
	return fail(p, "the device tree", "no memory is left for it");
}

int loader_plan(struct load_plan *plan, const struct vm_config *cfg,
		const struct load_file *kernel, const struct load_file *initrd)
{
	struct planner p = { .plan = plan, .cfg = cfg };
	const char *why;
	int err;

	memset(plan, 0, sizeof(*plan));
	why = image_parse(&p.image, cfg->kernel_type, kernel->data, kernel->size);
	if (why)
		return fail(&p, kernel->name, "%s", why);
	plan->page_size = p.image.page_size;

	/* What has its address comes first; the rest goes where that leaves room. */
	err = place_kernel_given(&p, kernel);
	if (!err)
		err = place_initrd_given(&p, initrd);
	if (!err)
		err = place_dtb_given(&p);
	if (!err)
		err = place_kernel_auto(&p, kernel);
	if (!err)
		err = set_entry(&p, kernel);
	if (!err)
		err = place_dtb_auto(&p);
	if (!err)
		err = place_initrd_auto(&p, initrd);
	return err;
}

/* One chunk: bytes of the file, and once those are over, zeroes. */
static int run_chunk(const struct load_piece *piece, const struct load_sink *to, uint64_t done,
		     uint64_t *len)
{
	if (done < piece->size) {
		*len = MIN(piece->size - done, LOAD_CHUNK);
		return to->write(to->ctx, ipa_add(piece->ipa, done), piece->src + done, *len);
	}
	*len = MIN(piece->room - done, LOAD_CHUNK);
	return to->zero(to->ctx, ipa_add(piece->ipa, done), *len);
}

static int run_piece(const struct load_piece *piece, const struct load_sink *to)
{
	uint64_t end = piece->bss ? piece->room : piece->size, len;

	for (uint64_t done = 0; done < end; done += len) {
		int err = run_chunk(piece, to, done, &len);

		if (err)
			return err;
		if (to->pause)
			to->pause(to->ctx);
	}
	return 0;
}

int loader_run(struct load_plan *plan, const char *name, const struct load_sink *to)
{
	for (uint32_t i = 0; i < plan->nr_pieces; i++) {
		/* The device tree comes later: nothing but its room is known. */
		int err = plan->piece[i].src ? run_piece(&plan->piece[i], to) : 0;

		if (err) {
			snprintf(plan->error, sizeof(plan->error),
				 "VM %s: %.60s: cannot be written to 0x%llx (%d)",
				 name, plan->piece[i].file,
				 (unsigned long long)plan->piece[i].ipa.v, err);
			return err;
		}
	}
	return 0;
}
