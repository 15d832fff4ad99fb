/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes where in a guest's memory. A plan is made first, from headers that
 * nobody trusts, without touching the guest; then it is carried out in pieces.
 * Linux Documentation/arm64/booting.rst; ELF-64 Object File Format 1.5.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/lib/types.h"
#include "vm/config.h"

#define LOAD_MAX_PIECES 18       /* 16 ELF segments, initrd, device tree     */
#define LOAD_DTB_ROOM   UINT64_C(0x200000)  /* what the boot protocol allows */
#define LOAD_CHUNK      UINT64_C(0x10000)   /* bytes between two chances to be pre-empted */

/* Bytes of a file, and the range of guest memory that they take. */
struct load_piece {
	const char *file;        /* for messages                             */
	const uint8_t *src;
	uint64_t size;           /* bytes to copy                            */
	uint64_t room;           /* bytes taken; size <= room: bss and such  */
	bool bss;                /* which is zeroed; an Image does it itself */
	ipa_t ipa;
};

struct load_plan {
	struct load_piece piece[LOAD_MAX_PIECES];
	uint32_t nr_pieces;
	ipa_t entry;             /* first instruction                        */
	ipa_t dtb;               /* 8-byte aligned; LOAD_DTB_ROOM bytes or dtb_room */
	uint64_t dtb_room;
	ipa_t initrd;
	uint64_t initrd_size;    /* 0: none                                  */
	uint32_t page_size;      /* granule the kernel was built for; 0: not told */
	char error[CONFIG_REASON_LEN];   /* one sentence with VM and file    */
};

/* A file of the bundle as the planner sees it. data NULL: none. */
struct load_file {
	const char *name;
	const void *data;
	uint64_t size;
};

/**
 * loader_plan() - decide where kernel, initrd and device tree go
 * @plan:   filled in
 * @cfg:    of the VM; regions sorted
 * @kernel: bytes of the kernel, any alignment, not trusted
 * @initrd: data NULL when there is none
 *
 * All pieces lie inside RAM regions of the VM and share no byte with another.
 * A region without CONFIG_ACCESS_X is never given the kernel's entry.
 *
 * Return: 0; -EINVAL with plan->error set, which names VM and file.
 */
int loader_plan(struct load_plan *plan, const struct vm_config *cfg,
		const struct load_file *kernel, const struct load_file *initrd);

/* How a plan reaches the guest: guest_copy, or a test's array. */
struct load_sink {
	int (*write)(void *ctx, ipa_t ipa, const void *src, uint64_t size);
	int (*zero)(void *ctx, ipa_t ipa, uint64_t size);
	void (*pause)(void *ctx);        /* between chunks; may be NULL       */
	void *ctx;
};

/**
 * loader_run() - carry out a plan
 * @plan: made by loader_plan(); error is set when a write fails
 * @name: of the VM, for the message
 * @to:   where the bytes go, at most LOAD_CHUNK at a time
 *
 * What a piece takes beyond its bytes (bss) is zeroed.
 *
 * Return: 0, or what @to->write or @to->zero returned.
 */
int loader_run(struct load_plan *plan, const char *name, const struct load_sink *to);
