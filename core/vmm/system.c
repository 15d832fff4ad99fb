/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/system.h"

#include <arch/gic.h>
#include <arch/mmu.h>
#include "core/board.h"
#include "core/lib/bits.h"
#include "core/log.h"
#include "core/vmm/machine.h"
#include "core/vmm/smp.h"
#include "irq/gicv3.h"
#include "irq/vtimer.h"
#include "mm/frames.h"
#include "mm/hyp_pool.h"
#include "vm/passthrough.h"

static const void *system_dtb(struct bundle *bundle, size_t *len)
{
	size_t size;
	const void *base = machine_bundle_get(&size);
	struct bundle_file file;
	int err = bundle_open(bundle, base, size);

	if (err) {
		log_err("%s", bundle_strerror(err));
		machine_give_up("there is no bundle to run (QEMU: -initrd)");
	}
	if (bundle_lookup(bundle, CONFIG_FILE_SYSTEM, &file))
		machine_give_up("the bundle holds no " CONFIG_FILE_SYSTEM);
	*len = file.size;
	return file.data;
}

/* libfdt wants its blob aligned; where the packer put it is not ours to trust. */
static const void *aligned(const void *data, size_t len)
{
	void *copy;

	if (is_aligned((uintptr_t)data, 8))
		return data;
	copy = hyp_zalloc(len);
	if (!copy)
		machine_give_up("no memory for the configuration");
	__builtin_memcpy(copy, data, len);
	return copy;
}

/* Why no VM can have the physical CPU interface on this board, or NULL. */
static const char *direct_refusal(void)
{
	if (!gicv3_has_recall())
		return "no interrupt would recall a core: there is EL3, or the GIC has two "
		       "security states";
	if (arch_icc_pribits() != bits_get(ICH_VTR_PRIBITS, arch_ich_vtr()) + 1)
		return "the GIC has not as many priorities for guests as for itself";
	if (vtimer_virt_pintid != VTIMER_INTID_VIRT || vtimer_phys_pintid != VTIMER_INTID_PHYS)
		return "the board's timers have other interrupts than a guest's";
	return NULL;
}

static void limits_fill(struct board_limits *lim, struct config_range *ram,
			struct config_range *taken)
{
	for (uint32_t i = 0; i < board.nr_mem; i++)
		ram[i] = (struct config_range){ "memory", board.mem[i].base.v, board.mem[i].size };
	taken[0] = (struct config_range){ "UART", board.uart.base.v, board.uart.size };
	taken[1] = (struct config_range){ "bundle", board.initrd.base.v, board.initrd.size };
	lim->cpus = smp_online();
	lim->mem_size = frames_stats(OWNER_FREE) * PAGE_SIZE;
	lim->ipa_bits = (uint32_t)arch_pa_bits();
	lim->ram = ram;
	lim->nr_ram = board.nr_mem;
	lim->taken = taken;
	lim->nr_taken = board.initrd.size ? 2 : 1;
	lim->no_direct = CONFIG_DIRECT ? direct_refusal() : NULL;
}

struct system_config *system_read(struct bundle *bundle)
{
	static struct config_range ram[BOARD_MAX_RANGES], taken[2];
	struct board_limits limits = { 0 };
	struct system_config *cfg = hyp_zalloc(sizeof(*cfg));
	size_t len;
	const void *dtb = system_dtb(bundle, &len);
	int err;

	if (!cfg)
		machine_give_up("no memory for the configuration");
	limits_fill(&limits, ram, taken);
	err = config_parse(cfg, aligned(dtb, len), len);
	if (!err)
		pass_check(cfg, &board);
	if (err ||
	    config_check(cfg, &limits, bundle) < 0) {
		for (uint32_t i = 0; i < cfg->nr_vms; i++)
			if (cfg->vms[i].refused[0])
				log_err("VM %s refused: %s", cfg->vms[i].name, cfg->vms[i].refused);
		log_err("%s", cfg->error);
		machine_give_up("the configuration cannot be used");
	}
	frames_scrub_fresh(cfg->scrub_at_boot);
	return cfg;
}
