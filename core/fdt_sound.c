/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fdt_sound.h"

#include <libfdt.h>
#include <stdint.h>

/* Tags are words, entries of the reservation map two double words. */
static bool aligned(const void *fdt)
{
	return !(fdt_off_dt_struct(fdt) & 3) && !(fdt_off_mem_rsvmap(fdt) & 7);
}

/* fdt_next_tag() adds the length to the offset before it looks. */
static bool length_sound(const void *fdt, int offset)
{
	const fdt32_t *tag = fdt_offset_ptr(fdt, offset, 2 * sizeof(*tag));

	return !tag || fdt32_to_cpu(tag[0]) != FDT_PROP ||
	       fdt32_to_cpu(tag[1]) <= fdt_size_dt_struct(fdt);
}

/* One root, with all else inside it. */
static bool structure_sound(const void *fdt)
{
	int offset = 0, next = 0, depth = 0, len;
	const char *name;

	while (length_sound(fdt, offset)) {
		uint32_t tag = fdt_next_tag(fdt, offset, &next);

		if (next < 0)            /* cut off, or what is no tag */
			return false;
		if (tag == FDT_END)
			return depth == 0 && offset > 0;
		if (tag != FDT_NOP && depth == 0 && (offset > 0 || tag != FDT_BEGIN_NODE))
			return false;
		if (tag == FDT_PROP && !fdt_getprop_by_offset(fdt, offset, &name, &len))
			return false;
		depth += (tag == FDT_BEGIN_NODE) - (tag == FDT_END_NODE);
		offset = next;
	}
	return false;
}

bool fdt_sound(const void *fdt, size_t size)
{
	return size >= sizeof(struct fdt_header) && !((uintptr_t)fdt & 7) &&
	       fdt_check_header(fdt) == 0 && fdt_totalsize(fdt) <= size &&
	       fdt_version(fdt) >= 17 && aligned(fdt) && fdt_num_mem_rsv(fdt) >= 0 &&
	       structure_sound(fdt);
}
