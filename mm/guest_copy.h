/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory read and written by EL2, through windows. Addresses may be the
 * guest's own: any value is safe. Each page is looked up and copied under the
 * table's lock, interrupts masked for at most 4 KiB, so memory that is unmapped
 * meanwhile is either still there or refused. A hole of a VM that populates on
 * touch is populated.
 *
 * All return 0; -EINVAL the range wraps or leaves the IPA space; -EFAULT a hole,
 * device memory, or a write where the guest has no S2_W. Bytes before the fault
 * are done. size 0 does nothing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/lib/types.h"
#include "mm/stage2.h"

int guest_copy_from(struct stage2 *s2, void *dst, ipa_t ipa, size_t size);
int guest_copy_to(struct stage2 *s2, ipa_t ipa, const void *src, size_t size);
int guest_zero(struct stage2 *s2, ipa_t ipa, uint64_t size);

/* The other side a frame that the caller owns; [frame, frame + size) lies in one page. */
int guest_copy_from_frame(struct stage2 *s2, ipa_t ipa, pa_t frame, uint64_t size);
int guest_copy_to_frame(struct stage2 *s2, pa_t frame, ipa_t ipa, uint64_t size);

/* From guest to guest, once; they may be one. Both tables are locked for each piece. */
int guest_copy_between(struct stage2 *to_s2, ipa_t to, struct stage2 *from_s2, ipa_t from,
		       uint64_t size);

/* As guest_copy_to() and guest_zero(), also where the guest may not write: loaders. */
int guest_load(struct stage2 *s2, ipa_t ipa, const void *src, size_t size);
int guest_load_zero(struct stage2 *s2, ipa_t ipa, uint64_t size);

/*
 * Write the caches back to the point of coherency: a guest that starts with its
 * caches off then reads what was loaded.
 */
int guest_clean_range(struct stage2 *s2, ipa_t ipa, uint64_t size);

/**
 * guest_flush_piece() - clean and invalidate the caches of a piece of guest memory
 * @ipa: 4 KiB aligned
 *
 * At most WINDOW_CHUNK of what is mapped, or one hole or device, which is skipped.
 *
 * Return: how far it went; 0: ipa is beyond the IPA space.
 */
uint64_t guest_flush_piece(struct stage2 *s2, ipa_t ipa);
