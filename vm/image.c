/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/image.h"

#include <stddef.h>
#include <string.h>
#include "core/lib/bits.h"

#define SIZE_2M          UINT64_C(0x200000)
#define IMAGE_SPAN_MAX   (UINT64_C(1) << 48)  /* no guest has more; keeps sums small */

/* "struct image_header" of Documentation/arm64/booting.rst; little-endian. */
struct arm64_header {
	uint32_t code0, code1;
	uint64_t text_offset;
	uint64_t image_size;     /* with bss; 0 before Linux 3.17              */
	uint64_t flags;
	uint64_t res2, res3, res4;
	uint32_t magic;
	uint32_t res5;
};
_Static_assert(sizeof(struct arm64_header) == 64, "as in the file");

#define ARM64_MAGIC           0x644d5241  /* "ARM\x64" */
#define ARM64_FLAG_PAGE_SIZE  BITS(2, 1)  /* 1: 4K, 2: 16K, 3: 64K             */
#define ARM64_FLAG_ANYWHERE   BIT(3)      /* RAM below the base is usable too  */
#define ARM64_OLD_TEXT_OFFSET 0x80000     /* what image_size 0 means           */

struct elf64_header {
	uint8_t  ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct elf64_header) == 64, "as in the file");

struct elf64_phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct elf64_phdr) == 56, "as in the file");

#define ELF_MAGIC     "\177ELF"
#define ELF_CLASS64   2
#define ELF_LITTLE    1
#define ELF_EXEC      2
#define ELF_DYN       3
#define ELF_AARCH64   183
#define ELF_PT_LOAD   1
#define ELF_MAX_PHDRS 64

struct file {
	const uint8_t *data;
	uint64_t size;
};

/* Copy out, so that alignment does not matter; false: the file is too short. */
static bool read_at(const struct file *f, uint64_t off, void *to, uint64_t len)
{
	if (off > f->size || f->size - off < len)
		return false;
	memcpy(to, f->data + off, len);
	return true;
}

static bool starts_with(const struct file *f, uint64_t off, const char *magic, uint64_t len)
{
	return off <= f->size && f->size - off >= len && memcmp(f->data + off, magic, len) == 0;
}

/* One segment, the whole file, at the base. */
static void whole_file(struct image *img, const struct file *f, uint64_t room)
{
	img->nr_segs = 1;
	img->seg[0] = (struct image_seg){ .offset = 0, .size = f->size, .addr = 0, .room = room };
	img->span = room;
	img->entry = 0;
	img->align = SIZE_2M;
}

static const char *parse_raw(struct image *img, const struct file *f)
{
	whole_file(img, f, f->size);
	return NULL;
}

static const char *parse_arm64(struct image *img, const struct file *f)
{
	struct arm64_header h;
	uint64_t room, pages;

	if (!read_at(f, 0, &h, sizeof(h)) || h.magic != ARM64_MAGIC)
		return "not an arm64 Image: the magic number is missing";
	if (h.image_size == 0)
		h.text_offset = ARM64_OLD_TEXT_OFFSET;
	/* image_size counts bss, which the file does not hold. */
	room = MAX(h.image_size, f->size);
	if (room >= IMAGE_SPAN_MAX || h.text_offset >= IMAGE_SPAN_MAX)
		return "its header gives a size or an offset that no memory holds";
	whole_file(img, f, room);
	img->skew = h.text_offset;
	img->low = !(h.flags & ARM64_FLAG_ANYWHERE);
	pages = bits_get(ARM64_FLAG_PAGE_SIZE, h.flags);
	img->page_size = pages ? 1024u << (2 * pages) : 0;
	return NULL;
}

static const char *elf_check(const struct elf64_header *h)
{
	if (memcmp(h->ident, ELF_MAGIC, 4) != 0)
		return "not an ELF file";
	if (h->ident[4] != ELF_CLASS64 || h->ident[5] != ELF_LITTLE || h->machine != ELF_AARCH64)
		return "not an ELF file for little-endian AArch64";
	if (h->type != ELF_EXEC && h->type != ELF_DYN)
		return "an ELF file, but not a program";
	if (h->phentsize != sizeof(struct elf64_phdr) || h->phnum == 0 || h->phnum > ELF_MAX_PHDRS)
		return "its ELF program headers are of a wrong size or number";
	return NULL;
}

static const char *elf_segment(struct image *img, const struct file *f, const struct elf64_phdr *p)
{
	if (p->filesz > p->memsz)
		return "an ELF segment is larger in the file than in memory";
	if (p->offset > f->size || f->size - p->offset < p->filesz)
		return "an ELF segment reaches past the end of the file";
	if (p->paddr >= IMAGE_SPAN_MAX || p->memsz >= IMAGE_SPAN_MAX)
		return "an ELF segment's address or size is more than any memory holds";
	if (img->nr_segs == IMAGE_MAX_SEGS)
		return "it has more than 16 ELF segments to load";
	img->seg[img->nr_segs++] = (struct image_seg){
		.offset = p->offset, .size = p->filesz, .addr = p->paddr, .room = p->memsz,
	};
	return NULL;
}

/* An entry point is a virtual address; the segment that holds it says where it lies. */
static bool elf_entry_in(struct image *img, const struct elf64_phdr *p, uint64_t entry)
{
	if (entry < p->vaddr || entry - p->vaddr >= p->memsz)
		return false;
	img->entry = p->paddr + (entry - p->vaddr);
	return true;
}

/* Segments count from the lowest, rounded down so that its alignment stays. */
static void elf_rebase(struct image *img)
{
	uint64_t low = UINT64_MAX, high = 0;

	for (uint32_t i = 0; i < img->nr_segs; i++) {
		low = MIN(low, img->seg[i].addr);
		high = MAX(high, img->seg[i].addr + img->seg[i].room);
	}
	if (img->fixed)
		low = 0;
	low = align_down(low, SIZE_2M);
	for (uint32_t i = 0; i < img->nr_segs; i++)
		img->seg[i].addr -= low;
	img->entry -= low;
	img->span = high - low;
}

static const char *parse_elf(struct image *img, const struct file *f)
{
	struct elf64_header h;
	bool have_entry = false;
	const char *why;

	if (!read_at(f, 0, &h, sizeof(h)))
		return "too short for an ELF file";
	why = elf_check(&h);
	for (uint32_t i = 0; !why && i < h.phnum; i++) {
		struct elf64_phdr p;

		/* The first one proves phoff below size, so the sums do not wrap. */
		if (!read_at(f, h.phoff + i * sizeof(p), &p, sizeof(p)))
			return "its ELF program headers reach past the end of the file";
		if (p.type != ELF_PT_LOAD || p.memsz == 0)
			continue;
		why = elf_segment(img, f, &p);
		have_entry = have_entry || (!why && elf_entry_in(img, &p, h.entry));
	}
	if (why)
		return why;
	if (img->nr_segs == 0 || !have_entry)
		return "its ELF entry point is in none of its segments";
	img->fixed = h.type == ELF_EXEC;
	img->bss = true;
	img->align = SIZE_2M;
	elf_rebase(img);
	return NULL;
}

static enum config_image guess(const struct file *f)
{
	if (starts_with(f, 0, ELF_MAGIC, 4))
		return IMAGE_ELF;
	if (starts_with(f, offsetof(struct arm64_header, magic), "ARM\x64", 4))
		return IMAGE_ARM64;
	return IMAGE_RAW;
}

const char *image_parse(struct image *img, enum config_image type, const void *data, uint64_t size)
{
	struct file f = { data, size };

	*img = (struct image){ .type = type };
	if (size == 0)
		return "the file is empty";
	if (type == IMAGE_AUTO) {
		if (starts_with(&f, 0, "\x1f\x8b", 2))
			return "compressed with gzip; it is unpacked when the bundle is packed";
		if (starts_with(&f, 0, "MZ", 2) && starts_with(&f, 4, "zimg", 4))
			return "an EFI zboot image; unpack the Image in it";
		img->type = guess(&f);
	}
	if (img->type == IMAGE_ELF)
		return parse_elf(img, &f);
	return img->type == IMAGE_ARM64 ? parse_arm64(img, &f) : parse_raw(img, &f);
}
