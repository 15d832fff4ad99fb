/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that does its worst. Each vCPU makes blocks of code at random and runs them; whatever
 * they do to the vCPU is undone after the block, or the machine is reset. No line of C runs
 * while anything may interrupt it, so a wild vCPU is wild in its block alone.
 */
#pragma once

/* ---- known to entry.S ---- */

#define CHAOS_SCTLR_OFF 0x30d51988	/* RES1 bits, SA, UCI, UCT, nTWx; no MMU, no caches */
#define CHAOS_SCTLR_ON  0x30d5198d
#define CHAOS_MAIR      0xff00
/* As lib/boot.S has it: T0SZ 25, walks write-back inner shareable, TTBR1 off, 40-bit PA. */
#define CHAOS_TCR_LO    0x3519
#define CHAOS_TCR_MI    0x8080
#define CHAOS_TCR_HI    0x2

#define CHAOS_CPU_SHIFT 11
#define CHAOS_CPUS      4
#define CHAOS_STACK     8192
#define CHAOS_DATA      0x40410000
#define FRAME_X30       240
#define FRAME_ELR       248
#define FRAME_SPSR      256
#define FRAME_ESR       264
#define FRAME_FAR       272
#define FRAME_KIND      280
#define RESUME_X19      288
#define RESUME_SP       384
#define BLOCK_SCTLR     392

#define KIND_END        16		/* after the 16 vectors: a block's end */

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/guest.h"

/* RAM, 4 MiB into it: code of the blocks, then data to play with. */
#define ARENA           0x40400000ul
#define ARENA_SIZE      0x20000ul
#define ARENA_EL0_VA    0xc0000000ul	/* the same for EL0, AArch32 too      */
#define CODE_SIZE       0x4000ul	/* of each vCPU, at the arena's start */
_Static_assert(CHAOS_DATA == ARENA + CHAOS_CPUS * CODE_SIZE, "the arena");
#define DATA            ((uint64_t)CHAOS_DATA)
#define DATA_SIZE       0x10000ul
#define NR_DEVICES      16u
#define NR_VIRTIO       6u
#define VIRTIO_BASE     0x0a000000ul
#define DOORBELL_BASE   0x0b000000ul	/* of a channel, and its memory */
#define CHANNEL_BASE    0x0c000000ul
#define CHANNEL_SIZE    0x1000u
#define ENCODINGS       0x8000u		/* op0 to op2, op0 2 and 3            */
#define SWEEP           64u		/* so many of them in one block       */

struct chaos_cpu {
	/* entry.S: fixed places */
	uint64_t x[31], elr, spsr, esr, far, kind;
	uint64_t resume[13];
	uint64_t sctlr;			/* of the block: CHAOS_SCTLR_ON or _OFF       */
	/* of this vCPU alone */
	uint64_t rng;
	uint32_t idx;
	bool in_block;
	uint32_t nr_traps, nr_irqs;	/* in this block                              */
	uint32_t *code;			/* where the block is                         */
	uint32_t nr;			/* words in it                                */
	uint32_t sweep;			/* the encodings that come next, in SWEEPs    */
	bool in_sweep;			/* this block is one                          */
	uint32_t nr_tried;
	uint16_t tried[256];		/* bit 15: read; counted if the block ends */
	uint64_t blocks, traps, irqs, serrors;
} __attribute__((aligned(1 << CHAOS_CPU_SHIFT)));

_Static_assert(sizeof(struct chaos_cpu) == 1 << CHAOS_CPU_SHIFT, "entry.S");
_Static_assert(offsetof(struct chaos_cpu, elr) == FRAME_ELR, "entry.S");
_Static_assert(offsetof(struct chaos_cpu, kind) == FRAME_KIND, "entry.S");
_Static_assert(offsetof(struct chaos_cpu, resume) == RESUME_X19, "entry.S");
_Static_assert(offsetof(struct chaos_cpu, sctlr) == BLOCK_SCTLR, "entry.S");

/* What was tried, and what of it was refused; of all vCPUs, in this life. */
struct chaos_seen {
	uint64_t tried[2][ENCODINGS / 64], refused[2][ENCODINGS / 64];	/* write, read */
	uint64_t swept[ENCODINGS / SWEEP / 64];
	uint64_t devices[NR_DEVICES][0x10000 / 4 / 64];
	uint64_t accesses[NR_DEVICES];	/* a bit for load or store, size, alignment */
	uint64_t calls;
};

extern struct chaos_seen seen;
extern struct chaos_cpu chaos_cpus[CHAOS_CPUS];
extern const char chaos_vectors[], chaos_entry[], chaos_end[];

#define EC_SVC32     0x11
#define EC_IABT_LOW  0x20
#define EC_STEP_LOW  0x32

/* ---- chance ---- */

static inline uint64_t chance(struct chaos_cpu *c)
{
	uint64_t x = c->rng;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	c->rng = x;
	return x * 0x2545f4914f6cdd1dull >> 8;
}

static inline uint32_t below(struct chaos_cpu *c, uint32_t n)
{
	return (uint32_t)((chance(c) & 0xffffffff) * n >> 32);
}

static inline bool one_in(struct chaos_cpu *c, uint32_t n)
{
	return below(c, n) == 0;
}

/* A value of some shape, an address that means something, a function of "firmware". */
uint64_t any_value(struct chaos_cpu *c);
uint64_t any_address(struct chaos_cpu *c);
uint64_t any_mpidr(struct chaos_cpu *c);

/*
 * For VBAR_EL1: where stage 1 lets it fetch. An exception whose vector stage 1 refuses comes
 * again without an instruction in between, and under QEMU's -icount no time passes then.
 */
uint64_t any_vectors(struct chaos_cpu *c);

static inline bool mmu_off(const struct chaos_cpu *c)
{
	return c->sctlr == CHAOS_SCTLR_OFF;
}

/* ---- the block under construction ---- */

static inline void emit(struct chaos_cpu *c, uint32_t insn)
{
	c->code[c->nr++] = insn;
}

#define INSN_NOP      0xd503201fu
#define INSN_ISB      0xd5033fdfu
#define INSN_DSB_SY   0xd5033f9fu
#define INSN_DSB_ISH  0xd5033b9fu
#define INSN_UNMASK_IRQ 0xd50342ffu
#define INSN_SVC      0xd4000001u
#define INSN_ERET     0xd69f03e0u
#define INSN_WFE      0xd503205fu
#define INSN_WFI      0xd503207fu
#define INSN_YIELD    0xd503203fu
#define INSN_SEV      0xd503209fu

/* Encodings of struct sysreg style: op0 (2 bits), op1 (3), CRn (4), CRm (4), op2 (3). */
#define ENC(op0, op1, crn, crm, op2)                                           \
	((uint32_t)(op0) << 14 | (uint32_t)(op1) << 11 | (uint32_t)(crn) << 7 | \
	 (uint32_t)(crm) << 3 | (uint32_t)(op2))
#define INSN_MSR(enc, rt)  (0xd5000000u | (uint32_t)(enc) << 5 | (uint32_t)(rt))
#define INSN_MRS(enc, rt)  (INSN_MSR(enc, rt) | 1u << 21)

#define ENC_SCTLR    ENC(3, 0, 1, 0, 0)
#define ENC_CPACR    ENC(3, 0, 1, 0, 2)
#define ENC_TTBR0    ENC(3, 0, 2, 0, 0)
#define ENC_TTBR1    ENC(3, 0, 2, 0, 1)
#define ENC_TCR      ENC(3, 0, 2, 0, 2)
#define ENC_SPSR     ENC(3, 0, 4, 0, 0)
#define ENC_ELR      ENC(3, 0, 4, 0, 1)
#define ENC_MAIR     ENC(3, 0, 10, 2, 0)
#define ENC_VBAR     ENC(3, 0, 12, 0, 0)
#define ENC_MDSCR    ENC(2, 0, 0, 2, 2)
#define ENC_SGI1R    ENC(3, 0, 12, 11, 5)
#define ENC_PMR      ENC(3, 0, 4, 6, 0)
#define ENC_BPR0     ENC(3, 0, 12, 8, 3)
#define ENC_BPR1     ENC(3, 0, 12, 12, 3)
#define ENC_AP1R0    ENC(3, 0, 12, 9, 0)
#define ENC_IGRPEN1  ENC(3, 0, 12, 12, 7)
#define ENC_CNTV_TVAL ENC(3, 3, 14, 3, 0)
#define ENC_CNTV_CTL ENC(3, 3, 14, 3, 1)
#define ENC_CNTP_TVAL ENC(3, 3, 14, 2, 0)
#define ENC_CNTP_CTL ENC(3, 3, 14, 2, 1)

/* Put a number into a register. */
void emit_load(struct chaos_cpu *c, unsigned int reg, uint64_t v);

/* One random thing, legal or not. */
void chaos_act(struct chaos_cpu *c);

/* The registers whose turn it is, each read and written; with the MMU off. */
void chaos_sweep(struct chaos_cpu *c);

/* ---- what it acts on ---- */

/* The tables of the window (lib/mmu.h) and what EL0 sees; with the MMU on. */
void chaos_world_init(void);

/* A descriptor of some shape, and where one of the window's is. */
uint64_t any_descriptor(struct chaos_cpu *c);
uint64_t any_table_entry(struct chaos_cpu *c);

/* Note an access to a device's register, which is the whole of insn. */
void seen_access(uint64_t ipa, uint32_t insn);

/* Run the block; returns when it ended, in whatever way. */
void chaos_run(struct chaos_cpu *c, const uint32_t *code);

struct chaos_cpu *chaos_self(void);
uint64_t chaos_trap(struct chaos_cpu *c);
void chaos_main(struct chaos_cpu *c) __attribute__((noreturn));
#endif
