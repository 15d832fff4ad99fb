/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory for host tests of device models: one region, and a mutex that knows its
 * holder. Above and below is nothing.
 */
#pragma once

#include "core/lib/guest_ram.h"

#define FAKE_RAM_BASE UINT64_C(0x40000000)
#define FAKE_RAM_SIZE UINT64_C(0x200000)

struct fake_ram {
	struct guest_ram ram;                 /* first: found by it                       */
	unsigned char *mem;                   /* of size; past it ASan sees               */
	uint64_t size;
	struct guest_view *views[64];
	unsigned int nr_views;
	unsigned int nr_reads, nr_writes, nr_copies; /* calls                              */
	uint64_t hole, hole_size;             /* addresses that are taken away            */
	int view_error;                       /* what the next view() answers, if not 0   */
	/* The guest writes while we read: called before each read(). May be NULL. */
	void (*on_read)(struct fake_ram *r, ipa_t from, uint64_t size);
};

/* FAKE_RAM_SIZE of it, or another size. */
void fake_ram_init(struct fake_ram *r);
void fake_ram_init_size(struct fake_ram *r, uint64_t size);

/* Fails the test if a view is left. */
void fake_ram_fini(struct fake_ram *r);

/* The guest's own pointer to its memory. */
void *fake_ram_at(struct fake_ram *r, uint64_t ipa);

/* Take [ipa, ipa + size) from the guest, as the balloon does: views are revoked first. */
void fake_ram_take(struct fake_ram *r, uint64_t ipa, uint64_t size);

/* How many mutexes are held. */
extern unsigned int fake_mutexes_held;
