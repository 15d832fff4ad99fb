/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/channel.h"
#include "lib/fdt.h"
#include "lib/guest.h"

bool channel_find(struct channel *ch, unsigned int n)
{
	const void *fdt = (const void *)boot_state.x[0];
	const void *reg, *irq, *rights;
	long node = -1;
	uint32_t len;

	if (!fdt_ok(fdt))
		return false;
	do {
		node = fdt_find_compatible(fdt, node, "corbel,channel");
	} while (node >= 0 && n--);
	if (node < 0)
		return false;
	reg = fdt_prop(fdt, node, "reg", &len);
	irq = fdt_prop(fdt, node, "interrupts", NULL);
	rights = fdt_prop(fdt, node, "corbel,access", NULL);
	if (!reg || len != 32 || !irq || !rights)
		return false;
	ch->mem = fdt_u64(reg, 0);
	ch->size = fdt_u64(reg, 2);
	ch->bell = fdt_u64(reg, 4);
	ch->intid = 32 + fdt_u32(irq, 1);
	ch->id = mmio_r32(ch->bell + BELL_ID);
	ch->writable = strcmp(rights, "rw") == 0;
	return true;
}
