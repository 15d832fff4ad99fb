/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/guest_ram.h"

#include "core/lib/bits.h"
#include "mm/guest_copy.h"
#include "mm/guest_view.h"
#include "vm/vm.h"

static struct stage2 *s2_of(struct guest_ram *ram)
{
	return &container_of(ram, struct vm, ram)->s2;
}

static int ram_read(struct guest_ram *ram, void *to, ipa_t from, uint64_t size)
{
	return guest_copy_from(s2_of(ram), to, from, size);
}

static int ram_write(struct guest_ram *ram, ipa_t to, const void *from, uint64_t size)
{
	return guest_copy_to(s2_of(ram), to, from, size);
}

static int ram_copy(struct guest_ram *to_ram, ipa_t to, struct guest_ram *from_ram, ipa_t from,
		    uint64_t size)
{
	return guest_copy_between(s2_of(to_ram), to, s2_of(from_ram), from, size);
}

static int ram_read_frame(struct guest_ram *ram, pa_t to, ipa_t from, uint64_t size)
{
	return guest_copy_to_frame(s2_of(ram), to, from, size);
}

static int ram_write_frame(struct guest_ram *ram, ipa_t to, pa_t from, uint64_t size)
{
	return guest_copy_from_frame(s2_of(ram), to, from, size);
}

static int ram_view(struct guest_ram *ram, struct guest_view *v, ipa_t ipa, uint32_t size)
{
	return guest_view_map(s2_of(ram), v, ipa, size);
}

static void ram_unview(struct guest_ram *ram, struct guest_view *v)
{
	guest_view_unmap(s2_of(ram), v);
}

void vm_ram_init(struct guest_ram *ram)
{
	static const struct guest_ram_ops ops = {
		ram_read, ram_write, ram_copy, ram_read_frame, ram_write_frame, ram_view,
		ram_unview,
	};

	ram->ops = &ops;
}
