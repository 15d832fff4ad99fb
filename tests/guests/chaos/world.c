/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, values and page tables of the chaos guest. */
#include "chaos/chaos.h"

#include "lib/gic.h"
#include "lib/mmu.h"

#define GIB (1ul << 30)

/* What memory is full of: an exception in each of A64 and T32, and in A32 sometimes. */
#define FILLING 0xdf00df00df00df00ul

static uint64_t el0_l2[512] __attribute__((aligned(4096)));
static uint64_t el0_l3[512] __attribute__((aligned(4096)));

static const struct { uint64_t base, size, regs; } devices[NR_DEVICES] = {
	{ 0x08000000, 0x10000, 0x10000 },	/* GICD */
	{ 0x080a0000, 0x80000, 0x20000 },	/* GICR */
	{ 0x09000000, 0x1000, 0x50 },		/* PL011 */
	{ 0x09010000, 0x1000, 0x20 },		/* PL031 */
	{ 0x09030000, 0x1000, 0x430 },		/* PL061 */
	{ 0x090d0000, 0x1000, 0x10 },		/* watchdog, refresh */
	{ 0x090e0000, 0x1000, 0x20 },		/* watchdog, control */
	{ 0x090f0000, 0x1000, 0x50 },		/* mailbox */
	{ VIRTIO_BASE, 0x200, 0x140 },		/* virtio: disk */
	{ VIRTIO_BASE + 0x200, 0x200, 0x110 },	/* entropy */
	{ VIRTIO_BASE + 0x400, 0x200, 0x120 },	/* balloon */
	{ VIRTIO_BASE + 0x600, 0x200, 0x110 },	/* console */
	{ VIRTIO_BASE + 0x800, 0x200, 0x110 },	/* sockets */
	{ VIRTIO_BASE + 0xa00, 0x200, 0x120 },	/* network */
	{ VIRTIO_BASE + 0xc00, 0x200, 0x110 },	/* none */
	{ DOORBELL_BASE, 0x1000, 0x20 },
};

/* Nobody's: holes, what the board has there, others' RAM, the ends of address spaces. */
static const uint64_t places[] = {
	0, 0x04000000, 0x08010000, 0x08080000, 0x08120000, 0x09020000, 0x09040000, 0x09050000,
	0x090a0000, 0x090a1000, 0x0a000000, 0x0a000e00, 0x0b001000, 0x0c000000,
	0x10000000, 0x3eff0000, 0x3ffff000,
	0x40000000, 0x40800000, 0x407ff000, 0x44000000, 0x48000000, 0x4ffff000, 0x50000000,
	0x7ffff000, 0x80000000, 0xfffff000, 0x100000000, 0x4010000000, 0x8000000000,
	0xfffffff000, 0x10000000000, 0xfffffffff000, 0xffff000000000000, 0xfffffffffffff000,
};

/* A load or store without an offset: which, of what size, how aligned. */
static void seen_kind(unsigned int device, uint64_t ipa, uint32_t insn)
{
	bool load = insn & 0x00c00000;

	if ((insn & 0x3f000000) == 0x39000000)
		__atomic_fetch_or(&seen.accesses[device],
				  1ul << (load << 5 | insn >> 30 << 3 | (ipa & 7)),
				  __ATOMIC_RELAXED);
}

void seen_access(uint64_t ipa, uint32_t insn)
{
	for (unsigned int i = 0; i < NR_DEVICES; i++) {
		uint64_t off = ipa - devices[i].base;

		if (off >= devices[i].size)
			continue;
		seen_kind(i, ipa, insn);
		off = off % 0x10000 / 4;
		__atomic_fetch_or(&seen.devices[i][off / 64], 1ul << off % 64, __ATOMIC_RELAXED);
	}
}

static uint64_t any_register(struct chaos_cpu *c)
{
	unsigned int i = below(c, NR_DEVICES);
	uint64_t regs = one_in(c, 8) ? devices[i].size : devices[i].regs;
	uint64_t off = below(c, (uint32_t)regs);

	/* One in eight is not aligned. */
	off &= one_in(c, 8) ? ~0ul : one_in(c, 2) ? ~7ul : ~3ul;
	return devices[i].base + off;
}

uint64_t any_address(struct chaos_cpu *c)
{
	switch (below(c, 16)) {
	case 0 ... 7:
		return any_register(c);
	case 8 ... 10:
		return places[below(c, ARRAY_SIZE(places))] + (chance(c) & 0xff8);
	case 11:
		return places[below(c, ARRAY_SIZE(places))] - below(c, 16);
	case 12 ... 13:
		return DATA + below(c, DATA_SIZE);
	case 14:
		return MMU_WINDOW_VA + below(c, MMU_WINDOW_PAGES * 4096);
	default:
		return chance(c) << 8 >> (one_in(c, 2) ? 24 : below(c, 64));
	}
}

uint64_t any_mpidr(struct chaos_cpu *c)
{
	return one_in(c, 8) ? chance(c) : below(c, CHAOS_CPUS);
}

uint64_t any_vectors(struct chaos_cpu *c)
{
	static const uint64_t bases[] = { DATA, 0x40800000, 0x48000000, 0x50000000, 0x7ffff000 };

	return bases[below(c, ARRAY_SIZE(bases))] + (chance(c) & 0x800);
}

uint64_t any_value(struct chaos_cpu *c)
{
	switch (below(c, 8)) {
	case 0:
		return 0;
	case 1:
		return ~0ul << below(c, 64);
	case 2:
		return 1ul << below(c, 64);
	case 3:
		return below(c, 64);
	case 4:
		return any_address(c);
	case 5:
		return chance(c) & chance(c) & 0xffffffff;
	default:
		return chance(c) << 8 ^ chance(c);
	}
}

/* A table of the window's, one that is no table, a page or block with attributes of chance. */
uint64_t any_descriptor(struct chaos_cpu *c)
{
	uint64_t out = any_address(c) & 0xfffffffff000ul;
	uint64_t attr = (chance(c) & 0xffcul) | (chance(c) & 7) << 52;

	switch (below(c, 8)) {
	case 0:
		return 0;
	case 1:
		return out | PTE_PAGE;
	case 2:
		return any_value(c);
	case 3:
		return (DATA + (chance(c) & (DATA_SIZE - 4096))) | PTE_RAM | PTE_PAGE;
	default:
		return out | attr | PTE_AF | (one_in(c, 8) ? PTE_BLOCK : PTE_PAGE);
	}
}

uint64_t any_table_entry(struct chaos_cpu *c)
{
	return one_in(c, 64) ? (uintptr_t)mmu_window_block() :
	       (uintptr_t)mmu_window_pte(below(c, MMU_WINDOW_PAGES));
}

/* All IPAs below 512 GiB one to one, but the window and what EL0 sees; all of them. */
void chaos_world_init(void)
{
	for (uint64_t i = 4; i < 512; i++)
		if (i != MMU_WINDOW_VA / GIB)
			mmu_l1[i] = i * GIB | (i & 1 ? PTE_RAM : PTE_MMIO) | PTE_BLOCK;
	/* EL0 may do all there is to do in the arena. */
	for (uint64_t off = 0; off < ARENA_SIZE; off += 4096)
		el0_l3[off / 4096] = (ARENA + off) | PTE_RAM | PTE_PAGE | PTE_EL0;
	for (uint64_t off = 0; off < ARENA_SIZE; off += 8)
		*(volatile uint64_t *)(ARENA + off) = FILLING;
	el0_l2[0] = (uintptr_t)el0_l3 | PTE_PAGE;
	mmu_l1[ARENA_EL0_VA / GIB] = (uintptr_t)el0_l2 | PTE_PAGE;
	__asm__ volatile("dsb ish; tlbi vmalle1is; dsb ish; isb" ::: "memory");
}
