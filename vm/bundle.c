/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/bundle.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "core/lib/bits.h"

/*
 * One entry of a newc archive: this header in ASCII, the name with its NUL,
 * zeros up to a multiple of 4 from the archive's start, the contents, zeros
 * again. Every field but the magic is 8 hexadecimal digits. cpio(5), "New
 * ASCII Format".
 */
struct newc_header {
	char magic[6];
	char ino[8], mode[8], uid[8], gid[8], nlink[8], mtime[8], filesize[8];
	char devmajor[8], devminor[8], rdevmajor[8], rdevminor[8];
	char namesize[8], check[8];
};
_Static_assert(sizeof(struct newc_header) == 110, "newc header");

#define NEWC_MAGIC    "070701"
#define NEWC_TRAILER  "TRAILER!!!"
#define NEWC_ALIGN    4u
#define NEWC_MODE_FMT 0170000u   /* the file type bits of mode */
#define NEWC_MODE_REG 0100000u   /* a regular file             */

struct newc_entry {
	struct bundle_file file;
	bool   is_regular;
	bool   is_trailer;
	size_t next;                 /* offset of the entry that follows */
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int hex_field(const char field[8], uint32_t *out)
{
	uint32_t v = 0;

	for (int i = 0; i < 8; i++) {
		int d = hex_digit(field[i]);

		if (d < 0)
			return -EBADMSG;
		v = v << 4 | (uint32_t)d;
	}
	*out = v;
	return 0;
}

/* A name ends in NUL, is not empty and has nothing after its end but NULs. */
static bool name_ok(const char *name, uint32_t size)
{
	size_t len = strnlen(name, size);

	if (len == 0 || len == size)
		return false;
	for (size_t i = len; i < size; i++)
		if (name[i] != '\0')
			return false;
	return true;
}

static int header_at(const struct bundle *b, size_t off, const struct newc_header **hdr)
{
	size_t left = b->size - off;
	size_t n = MIN(left, sizeof(NEWC_MAGIC) - 1);

	if (memcmp(b->base + off, NEWC_MAGIC, n) != 0)
		return off == 0 ? -EILSEQ : -EBADMSG;
	if (left < sizeof(**hdr))
		return -ENODATA;
	*hdr = (const struct newc_header *)(b->base + off);
	return 0;
}

/* Offsets cannot overflow: they stay below b->size plus two 32-bit lengths. */
static int entry_body(const struct bundle *b, size_t off, uint32_t namesize, uint32_t filesize,
		      struct newc_entry *e)
{
	size_t name = off + sizeof(struct newc_header);
	size_t data;

	if (namesize > BUNDLE_NAME_MAX)
		return -EBADMSG;
	data = align_up((uint64_t)name + namesize, NEWC_ALIGN);
	if (data > b->size || filesize > b->size - data)
		return -ENODATA;
	e->file.name = (const char *)b->base + name;
	e->file.data = b->base + data;
	e->file.size = filesize;
	e->next = align_up((uint64_t)data + filesize, NEWC_ALIGN);
	return name_ok(e->file.name, namesize) ? 0 : -EBADMSG;
}

static int entry_at(const struct bundle *b, size_t off, struct newc_entry *e)
{
	const struct newc_header *hdr;
	uint32_t mode, namesize, filesize;
	int err;

	if (off >= b->size)
		return -ENODATA;
	err = header_at(b, off, &hdr);
	if (err)
		return err;
	if (hex_field(hdr->mode, &mode) || hex_field(hdr->namesize, &namesize) ||
	    hex_field(hdr->filesize, &filesize))
		return -EBADMSG;
	err = entry_body(b, off, namesize, filesize, e);
	if (err)
		return err;
	e->is_regular = (mode & NEWC_MODE_FMT) == NEWC_MODE_REG;
	e->is_trailer = strcmp(e->file.name, NEWC_TRAILER) == 0;
	return 0;
}

/* The archive up to end is sound. Is the file called name in it? */
static bool lookup_before(const struct bundle *b, size_t end, const char *name,
			  struct bundle_file *file)
{
	struct newc_entry e;

	for (size_t off = 0; off < end && entry_at(b, off, &e) == 0; off = e.next) {
		if (e.is_trailer)
			break;
		if (e.is_regular && strcmp(e.file.name, name) == 0) {
			*file = e.file;
			return true;
		}
	}
	return false;
}

/* Nothing was handed over, or memory that nobody wrote to. */
static bool looks_empty(const uint8_t *base, size_t size)
{
	for (size_t i = 0; i < MIN(size, sizeof(struct newc_header)); i++)
		if (base[i] != 0)
			return false;
	return true;
}

int bundle_open(struct bundle *b, const void *base, size_t size)
{
	struct newc_entry e;
	struct bundle_file twin;

	*b = (struct bundle){ .base = base, .size = size };
	if (!base || looks_empty(base, size))
		return -ENOENT;
	for (size_t off = 0;; off = e.next) {
		int err = entry_at(b, off, &e);

		if (err)
			return err;
		if (e.is_trailer)
			break;
		if (b->nr_files++ == BUNDLE_MAX_FILES)
			return -E2BIG;
		if (e.is_regular && lookup_before(b, off, e.file.name, &twin))
			return -EEXIST;
	}
	b->size = MIN(e.next, size);
	return 0;
}

const char *bundle_strerror(int err)
{
	static const struct { int err; const char *text; } texts[] = {
		{ 0,        "the bundle is sound" },
		{ -ENOENT,  "there is no bundle: pass it as the initrd" },
		{ -EILSEQ,  "the bundle is no cpio archive of the newc kind, or it is compressed" },
		{ -ENODATA, "the bundle is cut off before its end" },
		{ -EBADMSG, "the bundle is damaged: a header inside it makes no sense" },
		{ -E2BIG,   "the bundle holds more files than Corbel accepts" },
		{ -EEXIST,  "the bundle holds two files of the same name" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].err == err)
			return texts[i].text;
	return "the bundle cannot be read";
}

int bundle_lookup(const struct bundle *b, const char *name, struct bundle_file *file)
{
	return lookup_before(b, b->size, name, file) ? 0 : -ENOENT;
}
