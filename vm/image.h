/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formats a guest's kernel comes in: raw, arm64 Image, ELF64. Reads headers
 * only; every field may be a lie.
 * Linux Documentation/arm64/booting.rst; ELF-64 Object File Format 1.5.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vm/config.h"

#define IMAGE_MAX_SEGS 16

struct image_seg {
	uint64_t offset;         /* in the file                                */
	uint64_t size;           /* bytes of the file                          */
	uint64_t addr;           /* from the image's base; an IPA when fixed   */
	uint64_t room;           /* bytes taken in memory, at least size       */
};

struct image {
	enum config_image type;  /* never IMAGE_AUTO                           */
	bool fixed;              /* lies where it says; else base is to choose */
	bool low;                /* as near the start of RAM as can be         */
	bool bss;                /* the rest of a segment's room is to be zero */
	uint64_t align;          /* base is a multiple of align, plus skew     */
	uint64_t skew;
	uint64_t span;           /* bytes from base to the end of all segments */
	uint64_t entry;          /* from the base; an IPA when fixed           */
	uint32_t page_size;      /* the kernel's granule; 0: not told          */
	uint32_t nr_segs;
	struct image_seg seg[IMAGE_MAX_SEGS];
};

/**
 * image_parse() - what a kernel file wants
 * @img:  filled in; all sums of its fields are free of overflow, and every
 *        segment lies inside the file
 * @type: IMAGE_AUTO to tell by magic numbers
 * @data: the file, any alignment
 * @size: its bytes
 *
 * Return: NULL, or why it cannot be loaded, in words.
 */
const char *image_parse(struct image *img, enum config_image type, const void *data, uint64_t size);
