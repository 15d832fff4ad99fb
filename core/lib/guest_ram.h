/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a device model reaches the memory of its VM, and of another one's. The floor that
 * owns the VM fills in the table: devices/ knows nothing of page tables. Addresses are
 * the guest's, so any value is safe; memory that is not there is refused, never waited for.
 */
#pragma once

#include <stdint.h>

#include "core/lib/list.h"
#include "core/lib/space.h"
#include "core/lib/types.h"

struct guest_ram;

/*
 * A piece of guest memory that EL2 keeps mapped for a while: for rings, nothing else
 * (docs/decisions/006). The guest writes to it meanwhile, so what is read is read once.
 */
struct guest_view {
	/* set by view(), cleared by unview() */
	void __guest *p;          /* the byte at ipa; NULL: no view                   */
	ipa_t ipa;
	uint32_t size;            /* bytes                                            */
	/* set by who asks for it, before view() */
	void (*revoke)(struct guest_view *v);  /* calls unview() before it returns    */
	void *owner;              /* for revoke()                                     */
	/* the other floor's */
	struct list_node node;
	va_t va;                  /* of its pages at EL2                              */
	uint32_t nr_pages;
};

/*
 * On a thread, no spin lock held. Return: 0; -EFAULT a hole, a device, or no permission for
 * the guest itself; -EINVAL the range wraps or leaves the IPA space. Bytes before the
 * fault are done; size 0 does nothing. A hole of memory that is backed on first touch is
 * backed. They work in pieces of a page, so sizes need no bound but the caller's
 * patience.
 */
struct guest_ram_ops {
	int (*read)(struct guest_ram *ram, void *to, ipa_t from, uint64_t size);
	int (*write)(struct guest_ram *ram, ipa_t to, const void *from, uint64_t size);
	/* From a guest to a guest (which may be the same), once. */
	int (*copy)(struct guest_ram *to_ram, ipa_t to, struct guest_ram *from_ram, ipa_t from,
		    uint64_t size);
	/* As read() and write(), the other side a frame that EL2 need not map; within it. */
	int (*read_frame)(struct guest_ram *ram, pa_t to, ipa_t from, uint64_t size);
	int (*write_frame)(struct guest_ram *ram, ipa_t to, pa_t from, uint64_t size);
	/*
	 * Map [ipa, ipa + size) at EL2: memory of the VM's own that it may write. v->p was
	 * NULL. Also -ENOMEM, -ENOSPC. It stays until unview(), for which v->revoke() may ask
	 * at any time from any thread: whoever takes the memory from the guest waits for it.
	 */
	int (*view)(struct guest_ram *ram, struct guest_view *v, ipa_t ipa, uint32_t size);
	/* No pCPU has it any more on return. Nothing if there is no view. */
	void (*unview)(struct guest_ram *ram, struct guest_view *v);
};

/* Embedded in what the floor above has for a VM. */
struct guest_ram {
	const struct guest_ram_ops *ops;
};
