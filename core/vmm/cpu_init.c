/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/cpu_init.h"

#include <errno.h>

#include <arch/cpu.h>
#include "core/board.h"
#include "core/log.h"
#include "core/percpu.h"
#include "core/sched.h"
#include "core/timer.h"
#include "core/vmm/hardening.h"
#include "core/vmm/smp.h"
#include "irq/gicv3.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "irq/vtimer.h"
#include "mm/el2_map.h"
#include "vcpu/vcpu.h"

#define SGI_STOP 2u                  /* beside IRQ_SGI_KICK and IRQ_SGI_VGIC */

static void on_stop(void *ctx, uint32_t intid)
{
	(void)ctx;
	(void)intid;
	for (;;)
		arch_wfe();
}

uint32_t cpu_timer_intid;

void cpu_timer(void)
{
	enum timer_event event = timer_interrupt();

	if (event)
		sched_tick();
	if (event == TIMER_JUMP)
		sched_look_all();
}

static void on_timer(void *ctx, uint32_t intid)
{
	(void)ctx;
	(void)intid;
	cpu_timer();
}

void cpu_kick(uint32_t cpu)
{
	gicv3_ipi(cpu);
}

void cpu_stop_others(void)
{
	if (gicv3_nr_intids() == 0)
		return;
	for (uint32_t cpu = 0; cpu < nr_pcpus; cpu++)
		if (cpu != cpu_self() && (smp_online() & BIT(cpu)))
			gicv3_sgi(cpu, SGI_STOP);
}

static int map_gic(const struct board *b, struct gicv3_map *map)
{
	va_t va;
	int err = el2_map_io(b->gicd.base, b->gicd.size, &va);

	if (err)
		return err;
	map->gicd = va_mmio(va);
	map->nr_gicr = b->nr_gicr;
	map->gicr_stride = b->gicr_stride;
	for (uint32_t i = 0; i < b->nr_gicr; i++) {
		err = el2_map_io(b->gicr[i].base, b->gicr[i].size, &va);
		if (err)
			return err;
		map->gicr[i] = va_mmio(va);
		map->gicr_size[i] = b->gicr[i].size;
	}
	return 0;
}

int cpu_init_shared(const struct board *b)
{
	struct gicv3_map map = { 0 };
	const char *why = "its registers cannot be mapped";
	int err = map_gic(b, &map);

	if (!err)
		err = gicv3_init(&map, &why);
	if (err) {
		log_err("GICv3: %s (%d)", why, err);
		return err;
	}
	cpu_timer_intid = b->intid_hyp_timer;
	if (irq_register(IRQ_SGI_KICK, NULL, NULL) ||
	    irq_register(SGI_STOP, on_stop, NULL) ||
	    irq_register(IRQ_SGI_VGIC, vgic_fold_ipi, NULL) ||
	    irq_register(b->intid_hyp_timer, on_timer, NULL) ||
	    irq_register(b->intid_maintenance, vgic_maintenance, NULL) ||
	    vtimer_board_init(b->intid_virt_timer, b->intid_phys_timer)) {
		log_err("GICv3: an interrupt of the hypervisor is not one of it, or has two uses");
		return -EINVAL;
	}
	return 0;
}

void cpu_init_self(void)
{
	const char *why = NULL;

	if (gicv3_cpu_init(&why)) {
		/* This pCPU is not reported as up, so the others go on without it. */
		log_err("pCPU %u: GICv3: %s", cpu_self(), why);
		on_stop(NULL, 0);
	}
	vtimer_cpu_init();
	vcpu_cpu_init();
	hardening_cpu_init();
}
