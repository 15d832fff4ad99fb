/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pCPUs are started one at a time through one mailbox: a pCPU that comes late,
 * twice or unasked finds another's name there and waits (boot.S), so it can
 * disturb nobody.
 */
#include "core/vmm/smp.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <arch/boot.h>
#include <arch/cache.h>
#include <arch/cpu.h>
#include <arch/layout.h>
#include <arch/timer.h>
#include "core/board.h"
#include "core/firmware.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/sched.h"
#include "core/thread.h"
#include "core/vmm/cpu_init.h"
#include "mm/el2_map.h"
#include "mm/frames.h"
#include "mm/window.h"

#define ARRIVAL_TIMEOUT_S 2
#define CRASH_STACK_SIZE  4096
#define NOBODY            (~UINT64_C(0))

static _Atomic uint64_t online = 1;

uint64_t smp_online(void)
{
	return atomic_load_explicit(&online, memory_order_acquire);
}

/* As a rule in RAM that the tree reserves: Linux, "Booting AArch64 Linux". */
static int release_in_ram(pa_t word, uint64_t entry)
{
	struct window w;
	char __guest *page;
	uint64_t *p;

	if (frames_owner(word) != OWNER_RESERVED)
		return -EPERM;
	page = window_open(&w, WINDOW_SLOT_COPY, PA(word.v & ~(PAGE_SIZE - 1)));
	p = (__force uint64_t *)(page + (word.v & (PAGE_SIZE - 1)));
	*(volatile uint64_t *)p = entry;
	/* The pCPU polls with its caches off. */
	arch_dcache_clean_inval_poc(p, sizeof(*p));
	window_close(&w);
	return 0;
}

/* Spin-table: the pCPU polls a word for the address to jump to. */
static int spin_table_release(const struct board_cpu *cpu)
{
	uint64_t entry = boot_secondary_entry().v;
	int err;
	va_t va;

	if (cpu->release_addr.v % sizeof(entry))
		return -EINVAL;
	if (frames_owner(cpu->release_addr) != OWNER_NONE) {
		err = release_in_ram(cpu->release_addr, entry);
	} else {
		err = el2_map_io(cpu->release_addr, sizeof(entry), &va);
		if (!err)
			*(volatile uint64_t *)va_ptr(va) = entry;
	}
	arch_dsb_sy();
	arch_sev();
	return err;
}

static int release(const struct board_cpu *cpu)
{
	if (cpu->enable == BOARD_ENABLE_SPIN_TABLE)
		return spin_table_release(cpu);
	return firmware_cpu_on(cpu->mpidr, boot_secondary_entry());
}

static int prepare(uint32_t idx)
{
	struct percpu *p = &percpus[idx];
	va_t stack, crash;

	if (el2_stack_alloc(STACK_SIZE, &stack) ||
	    el2_stack_alloc(CRASH_STACK_SIZE, &crash) || el2_map_cpu_init(idx))
		return -1;
	p->cpu_idx = idx;
	p->mpidr = board.cpus[idx].mpidr;
	p->crash_sp = crash.v + CRASH_STACK_SIZE;
	sched_cpu_init(idx, stack, STACK_SIZE);
	smp_mailbox.ttbr = el2_map_root(idx).v;
	smp_mailbox.stack = stack.v + STACK_SIZE;
	smp_mailbox.percpu = p;
	return 0;
}

static bool arrived(uint32_t idx)
{
	uint64_t begin = arch_counter(), most = ARRIVAL_TIMEOUT_S * arch_counter_hz();

	while (!(smp_online() & BIT(idx)))
		if (arch_counter() - begin > most)
			return false;
	return true;
}

static void start_one(uint32_t idx)
{
	const struct board_cpu *cpu = &board.cpus[idx];
	unsigned long long mpidr = cpu->mpidr;
	int err;

	if (prepare(idx)) {
		log_err("pCPU %u (MPIDR %llx): no memory for its stack", idx, mpidr);
		return;
	}
	atomic_store_explicit(&smp_mailbox.mpidr, cpu->mpidr, memory_order_release);
	arch_sev();
	err = release(cpu);
	if (err)
		log_err("pCPU %u (MPIDR %llx): the firmware does not start it (%d)",
			idx, mpidr, err);
	else if (!arrived(idx))
		log_err("pCPU %u (MPIDR %llx) did not come within %d s: going on without it",
			idx, mpidr, ARRIVAL_TIMEOUT_S);
	atomic_store_explicit(&smp_mailbox.mpidr, NOBODY, memory_order_release);
}

void smp_start_all(void)
{
	nr_pcpus = board.nr_cpus;
	for (uint32_t i = 1; i < board.nr_cpus; i++)
		start_one(i);
}

void smp_secondary_main(void)
{
	cpu_init_self();
	atomic_fetch_or_explicit(&online, BIT(cpu_self()), memory_order_release);
	sched_run();
}
