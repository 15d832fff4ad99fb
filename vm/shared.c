/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/shared.h"

#include "core/lib/bits.h"
#include "mm/frames.h"
#include "mm/stage2.h"
#include "vm/vm.h"

#define PIECE order_size(FRAMES_ORDER_2M)       /* the table's lock is held so long */

_Static_assert(CONFIG_MAX_CHANNEL_SIZE <= PAGE_SIZE << FRAMES_MAX_ORDER, "in one block");

/* One block, so that it is one range; what it has too much of goes back. */
int shared_make(const char *name, uint16_t owner, uint64_t size, uint32_t *grant)
{
	unsigned int order = 0;
	pa_t pa;
	int err;

	while (order_size(order) < size)
		order++;
	err = frames_alloc(owner, order, &pa);
	if (err)
		return err;
	if (order_size(order) > size)
		frames_release(owner, pa_add(pa, size), order_size(order) - size);
	err = frames_share(owner, pa, size, name, grant);
	if (err)
		frames_release(owner, pa, size);
	return err;
}

int shared_unmap(struct vm *vm, ipa_t ipa, uint64_t size)
{
	int err = 0;

	for (uint64_t off = 0; !err && off < size; off += PIECE)
		err = stage2_unmap(&vm->s2, ipa_add(ipa, off), MIN(PIECE, size - off));
	return err;
}

int shared_map(struct vm *vm, ipa_t ipa, uint32_t grant, uint32_t attr)
{
	uint64_t size, off;
	pa_t pa;
	int err = frames_share_range(grant, &pa, &size);

	for (off = 0; !err && off < size; off += PIECE)
		err = stage2_map(&vm->s2, ipa_add(ipa, off), pa_add(pa, off),
				 MIN(PIECE, size - off), attr);
	if (err && off > PIECE)
		shared_unmap(vm, ipa, off - PIECE);
	return err;
}
