/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views: pages of a guest that EL2 keeps mapped, for the rings of its devices.
 * docs/decisions/006-views-of-rings.md. A page with a view is not unmapped from the
 * guest: stage2_unmap() and stage2_protect() refuse it.
 */
#pragma once

#include <stdint.h>

#include "core/lib/guest_ram.h"
#include "mm/stage2.h"

#define GUEST_VIEW_MAX UINT32_C(0x10000)   /* bytes */

/**
 * guest_view_map() - map guest memory at EL2: read-write, never executable
 * @v:    v->p is NULL, v->revoke set; stays where it is until unmapped
 * @ipa:  any alignment
 * @size: bytes, up to GUEST_VIEW_MAX
 *
 * Only normal memory of the VM's own that it may write. Holes of a VM that populates on
 * touch are populated. From a thread, no lock held.
 *
 * Return: 0; -EINVAL range or size; -EFAULT other memory, or none; -ENOMEM; -ENOSPC.
 */
int guest_view_map(struct stage2 *s2, struct guest_view *v, ipa_t ipa, uint32_t size);

/* No pCPU can reach it on return. Nothing if v->p is NULL. */
void guest_view_unmap(struct stage2 *s2, struct guest_view *v);

/**
 * guest_view_revoke() - have all views of a range given up
 *
 * Calls the revoke() of each, which may sleep. From a thread, no spin lock held. Views that
 * are made meanwhile are there afterwards: then unmapping fails, and it is to be called again.
 */
void guest_view_revoke(struct stage2 *s2, ipa_t ipa, uint64_t size);

/* Does a view have a byte of the range? s2->lock held. */
bool guest_view_overlaps_locked(const struct stage2 *s2, ipa_t ipa, uint64_t size);
