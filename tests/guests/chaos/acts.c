/* SPDX-License-Identifier: Apache-2.0 */
/* What a chaos block is made of: each function emits one thing to do. */
#include "chaos/chaos.h"

#include "lib/gic.h"
#include "lib/mmu.h"
#include "lib/smccc.h"

/* So often in a million acts the vCPU or the VM is lost on purpose. */
#define ONE_IN_FATAL 1500u

void emit_load(struct chaos_cpu *c, unsigned int reg, uint64_t v)
{
	emit(c, 0xd2800000 | (uint32_t)(v & 0xffff) << 5 | reg);
	for (unsigned int hw = 1; hw < 4; hw++)
		if (v >> 16 * hw & 0xffff)
			emit(c, 0xf2800000 | hw << 21 | (uint32_t)(v >> 16 * hw & 0xffff) << 5 |
			     reg);
}

/* ---- system registers ---- */

static bool translates(uint32_t enc)
{
	return enc == ENC_SCTLR || enc == ENC_TTBR0 || enc == ENC_TTBR1 || enc == ENC_TCR ||
	       enc == ENC_MAIR;
}

/* A value that this vCPU can live with, at least to the end of the block. */
static uint64_t value_for(struct chaos_cpu *c, uint32_t enc)
{
	uint64_t v = any_value(c);

	if (enc == ENC_SCTLR)
		return v & ~1ul;
	if (enc == ENC_VBAR)
		return one_in(c, 256) ? any_vectors(c) : (uintptr_t)chaos_vectors;
	/* QEMU ends with an assertion when RES0 bits are set and these are not. */
	if (enc == ENC_BPR0 || enc == ENC_BPR1)
		return v & 7;
	/* Into the past, or soon. */
	if (enc == ENC_CNTV_TVAL || enc == ENC_CNTP_TVAL)
		return below(c, 4000);
	return v;
}

static void access_register(struct chaos_cpu *c, uint32_t enc, bool read)
{
	enc |= ENC(2, 0, 0, 0, 0);
	/* EL1 cannot see through a changed translation to the next instruction. */
	if (!read && translates(enc) && !mmu_off(c))
		return;
	if (c->nr_tried < ARRAY_SIZE(c->tried))
		c->tried[c->nr_tried++] = (uint16_t)(enc % ENCODINGS | (uint32_t)read << 15);
	if (read) {
		emit(c, INSN_MRS(enc, below(c, 18)));
		return;
	}
	emit_load(c, 9, value_for(c, enc));
	if (enc == ENC_VBAR)
		emit(c, INSN_MRS(ENC_VBAR, 10));
	emit(c, INSN_MSR(enc, one_in(c, 16) ? 31 : 9));
	if (enc == ENC_VBAR)
		emit(c, INSN_MSR(ENC_VBAR, 10));
	if (one_in(c, 2))
		emit(c, INSN_ISB);
}

static void any_register(struct chaos_cpu *c)
{
	access_register(c, below(c, ENCODINGS), one_in(c, 2));
}

/* Those the architecture has names for are in few places. */
static void likely_register(struct chaos_cpu *c)
{
	static const uint8_t crns[] = { 0, 1, 2, 4, 5, 6, 7, 9, 10, 12, 12, 12, 13, 14, 14 };
	uint32_t op0 = one_in(c, 6) ? 2 : 3;
	uint32_t op1 = one_in(c, 4) ? 3 : one_in(c, 8) ? below(c, 8) : 0;
	uint32_t crn = op0 == 2 ? below(c, 2) : crns[below(c, ARRAY_SIZE(crns))];

	access_register(c, ENC(op0, op1, crn, below(c, 16), below(c, 8)), one_in(c, 2));
}

/* In order, so that a few lives together reach each of them in both directions. */
void chaos_sweep(struct chaos_cpu *c)
{
	for (uint32_t i = 0; i < SWEEP; i++) {
		access_register(c, c->sweep * SWEEP + i, true);
		access_register(c, c->sweep * SWEEP + i, false);
	}
}

static bool waits(uint32_t insn)
{
	return insn == INSN_WFI || insn == INSN_WFE;
}

/* Something on time for who waits. */
static void emit_alarm(struct chaos_cpu *c)
{
	emit_load(c, 9, below(c, 2000));
	emit(c, INSN_MSR(ENC_CNTV_TVAL, 9));
	emit_load(c, 9, 1);
	emit(c, INSN_MSR(ENC_CNTV_CTL, 9));
	/* The GIC may be in any state by now; mostly it lets this through. */
	if (!one_in(c, 256)) {
		emit_load(c, 10, GICR_BASE + c->idx * GICR_STRIDE + GICR_SGI + GICD_ICACTIVER);
		emit_load(c, 11, 1u << INTID_VTIMER);
		emit(c, 0xb900014b);			/* str w11, [x10] */
		emit(c, INSN_MSR(ENC_IGRPEN1, 9));
		emit(c, INSN_MSR(ENC_AP1R0, 31));
		emit_load(c, 9, 0xff);
		emit(c, INSN_MSR(ENC_PMR, 9));
	}
	emit(c, INSN_ISB);
}

/* Cache, TLB and address translation by every operation there is; hints, barriers, PSTATE. */
static void any_system_insn(struct chaos_cpu *c)
{
	uint32_t enc = ENC(one_in(c, 4) ? 0 : 1, below(c, 8), one_in(c, 2) ? 7 + below(c, 2) :
			   below(c, 16), below(c, 16), below(c, 8));
	uint32_t insn = INSN_MSR(enc, enc >> 14 ? 9 : 31) | (one_in(c, 8) && enc >> 14) << 21;

	emit_load(c, 9, one_in(c, 2) ? any_address(c) : any_value(c));
	if (waits(insn))
		emit_alarm(c);
	emit(c, insn);
}

static void set_way(struct chaos_cpu *c)
{
	static const uint8_t crms[] = { 6, 10, 14 };
	uint64_t v = chance(c) & 0xfffffffe;

	/* All of the cache now and then: who asks for set 0, way 0 pays for it. */
	emit_load(c, 9, one_in(c, 256) ? below(c, 8) << 1 : v | 1u << 31);
	emit(c, INSN_MSR(ENC(1, 0, 7, crms[below(c, 3)], 2), 9));
}

static void debug_register(struct chaos_cpu *c)
{
	/* Breakpoints and watchpoints on the block itself and on data, for EL1 and EL0. */
	emit_load(c, 9, one_in(c, 2) ? (uintptr_t)c->code + below(c, CODE_SIZE) : any_address(c));
	emit(c, INSN_MSR(ENC(2, 0, 0, below(c, 16), one_in(c, 2) ? 4 : 6), 9));
	emit_load(c, 9, 0x1e7 | (chance(c) & 0xf00018));
	emit(c, INSN_MSR(ENC(2, 0, 0, below(c, 16), one_in(c, 2) ? 5 : 7), 9));
	emit_load(c, 9, (chance(c) & 1) | 1u << 13 | 1u << 15);
	emit(c, INSN_MSR(ENC_MDSCR, 9));
	emit(c, 0xd50340ff | (chance(c) & 8) << 8);	/* DAIFClr */
	emit(c, INSN_ISB);
}

/* ---- memory ---- */

/* A load or store of any form on x0 or SP, with x1 to x4 as data. */
static uint32_t any_access(struct chaos_cpu *c)
{
	uint32_t size = below(c, 4) << 30, v = one_in(c, 8) << 26, opc = below(c, 4) << 22;
	uint32_t rn = one_in(c, 32) ? 31u << 5 : 0, rt = 1 + below(c, 2);
	uint32_t r = chance(c) & 0x3fffffff;

	switch (below(c, 12)) {
	case 0:		/* unscaled, writeback, unprivileged */
		return 0x38000000 | size | v | opc | (r & 0x1ffc00) | rn | rt;
	case 1:		/* pairs */
		return 0x28000000 | (size & 0xc0000000) | v | (r & 0x01c08000) | 2 << 10 | rn | rt;
	case 2:		/* exclusives, acquire and release, compare and swap */
		return 0x08000000 | size | (r & 0x00e08000) | 3 << 16 | 2 << 10 | rn | rt;
	case 3:		/* atomics */
		return 0x38200000 | size | (r & 0x00c0fc00) | 3 << 16 | rn | rt;
	case 4:		/* structures of SIMD registers */
		return 0x0c000000 | (r & 0x4040fc00) | rn | rt;
	case 5:		/* register offset, x31 is none */
		return 0x38200800 | size | v | opc | 31 << 16 | 3 << 13 | rn | rt;
	default:	/* no offset */
		return 0x39000000 | size | v | opc | rn | rt;
	}
}

static void access_memory(struct chaos_cpu *c)
{
	uint64_t address = any_address(c);
	uint32_t insn = any_access(c);

	seen_access(address, insn);
	emit_load(c, 0, address);
	emit_load(c, 1, any_value(c));
	if (one_in(c, 4))
		emit_load(c, 2, any_value(c));
	if (one_in(c, 32))
		emit(c, 0x9100001f);			/* mov sp, x0 */
	emit(c, insn);
	if (one_in(c, 4))
		emit(c, any_access(c));
}

static void emit_virtio(struct chaos_cpu *c, uint32_t off, uint64_t v)
{
	emit_load(c, 1, v);
	emit(c, 0xb9000001 | off / 4 << 10);		/* str w1, [x0, #off] */
}

/* Where a queue's rings are when somebody means it well: descriptors, then these. */
#define RING_AVAIL 0x100u
#define RING_USED  0x200u
#define RING_DATA  0x400u
#define RING_SIZE  0x800u
#define NR_RINGS   4u			/* of each device */
_Static_assert(NR_VIRTIO * NR_RINGS * RING_SIZE <= DATA_SIZE, "rings");

static uint64_t ring_at(uint32_t dev, uint32_t queue)
{
	return DATA + (dev * NR_RINGS + queue) * RING_SIZE;
}

/* What the device offers, or a part of it; version 1 as a rule, packed rings now and then. */
static void emit_features(struct chaos_cpu *c)
{
	emit_virtio(c, 0x14, 0);			/* DeviceFeaturesSel */
	emit_virtio(c, 0x24, 0);			/* DriverFeaturesSel */
	emit(c, 0xb9401001);				/* ldr w1, [x0, #0x10] */
	emit_load(c, 2, one_in(c, 2) ? ~0ul : any_value(c));
	emit(c, 0x0a020021);				/* and w1, w1, w2 */
	emit(c, 0xb9002001);				/* str w1, [x0, #0x20] */
	emit_virtio(c, 0x24, 1);
	emit_virtio(c, 0x20, one_in(c, 8) ? any_value(c) : one_in(c, 4) ? 5 : 1);
}

static void emit_queue(struct chaos_cpu *c, uint32_t dev, uint32_t queue)
{
	bool well = !one_in(c, 4);
	uint64_t ring = well ? ring_at(dev, queue) :
			one_in(c, 2) ? any_address(c) : DATA + (chance(c) & (DATA_SIZE - 16));

	emit_virtio(c, 0x30, one_in(c, 16) ? any_value(c) : queue);	/* QueueSel */
	emit_virtio(c, 0x38, well ? 8 : one_in(c, 4) ? any_value(c) : 1u << below(c, 8));
	for (uint32_t i = 0; i < 3; i++) {
		uint64_t at = ring + (well ? i * RING_AVAIL : below(c, 0x1000));

		emit_virtio(c, 0x80 + 0x10 * i, at);
		emit_virtio(c, 0x84 + 0x10 * i, at >> 32);
	}
	emit_virtio(c, 0x44, one_in(c, 8) ? any_value(c) : 1);	/* QueueReady */
}

/* A device brought up as a driver would, with queues that are anywhere, and rung. */
static void virtio(struct chaos_cpu *c)
{
	uint32_t dev = below(c, NR_VIRTIO);

	emit_load(c, 0, VIRTIO_BASE + 0x200 * dev);
	if (one_in(c, 2))
		emit_virtio(c, 0x70, 0);		/* Status */
	emit_virtio(c, 0x70, one_in(c, 8) ? any_value(c) : 3);
	emit_features(c);
	emit_virtio(c, 0x70, 11);
	for (uint32_t q = below(c, 2); q < NR_RINGS; q += 1 + below(c, 2))
		emit_queue(c, dev, q);
	emit_virtio(c, 0x70, 15);
	emit_virtio(c, 0x50, one_in(c, 8) ? any_value(c) : below(c, NR_RINGS));	/* QueueNotify */
	emit_virtio(c, 0x64, chance(c));		/* InterruptACK */
}

/* Address and length, flags, next; of a packed ring the last two are identity and flags. */
static void emit_descriptor(struct chaos_cpu *c, uint64_t ring, uint32_t i)
{
	uint64_t len = one_in(c, 8) ? chance(c) & 0xffffffff : below(c, 0x200);
	uint64_t flags = chance(c) & (one_in(c, 8) ? 7 : 3), next = below(c, 8);

	if (one_in(c, 4))
		flags = chance(c) & 7, next = chance(c) & (one_in(c, 4) ? 0xffff : 0x8083);
	emit_load(c, 1, one_in(c, 4) ? any_address(c) : ring + RING_DATA + below(c, 0x200));
	emit(c, 0xf9000001 | 2 * i << 10);		/* str x1, [x0, #16 * i] */
	emit_load(c, 1, len | flags << 32 | next << 48);
	emit(c, 0xf9000001 | (2 * i + 1) << 10);
}

/* What a request begins with: small numbers, CIDs, anything. */
static void emit_header(struct chaos_cpu *c)
{
	static const uint64_t firsts[] = { 0, 1, 4, 8, 11, 13, 3, 0x100000000 };

	for (uint32_t i = 0; i < 6; i++) {
		uint64_t v = one_in(c, 3) ? any_value(c) : firsts[below(c, ARRAY_SIZE(firsts))];

		emit_load(c, 1, one_in(c, 3) ? below(c, 8) | (chance(c) & 0xf0001) << 32 : v);
		emit(c, 0xf9000001 | (RING_DATA / 8 + i + 8 * below(c, 2)) << 10);
	}
}

/* Chains of chance where a queue is, made available and rung. */
static void descriptors(struct chaos_cpu *c)
{
	uint32_t dev = below(c, NR_VIRTIO), queue = below(c, NR_RINGS);
	uint64_t ring = ring_at(dev, queue);

	emit_load(c, 0, ring);
	for (uint32_t i = 0; i < 8; i++)
		emit_descriptor(c, ring, i);
	emit_header(c);
	emit_load(c, 1, chance(c) & 0x0007000700070007 & (one_in(c, 8) ? ~0ul >> 8 : ~0ul));
	emit(c, 0xb9010401);				/* str w1, [x0, #0x104] */
	emit(c, 0xf9008401);				/* str x1, [x0, #0x108] */
	emit(c, 0x79420401);				/* ldrh w1, [x0, #0x102] */
	emit(c, 0x11000421 + (below(c, one_in(c, 16) ? 4095 : 3) << 10));	/* add w1, w1, # */
	emit(c, INSN_DSB_ISH);
	emit(c, 0x79020401);				/* strh w1, [x0, #0x102] */
	emit_load(c, 0, VIRTIO_BASE + 0x200 * dev);
	emit_virtio(c, 0x50, queue);
}

/* Bells of a channel, for members that are there or not, and its memory. */
static void channel(struct chaos_cpu *c)
{
	static const uint8_t regs[] = { 0, 4, 8, 8, 8, 12, 16, 16 };

	emit_load(c, 0, DOORBELL_BASE);
	for (unsigned int i = 0; i < 4; i++) {
		emit_load(c, 1, one_in(c, 4) ? any_value(c) : below(c, 4));
		emit(c, (one_in(c, 4) ? 0xb9400001 : 0xb9000001) |
		     (uint32_t)regs[below(c, ARRAY_SIZE(regs))] / 4 << 10);
	}
	emit_load(c, 0, CHANNEL_BASE + below(c, CHANNEL_SIZE));
	emit(c, any_access(c));
}

/* The same interrupts on, pending and off, quickly. */
static void flood(struct chaos_cpu *c)
{
	static const uint16_t regs[] = { 0x80, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380, 0xc00 };

	emit_load(c, 2, 0x08000000);
	emit_load(c, 1, any_value(c));
	for (unsigned int i = 0; i < 8; i++)
		emit(c, 0xb9000000 | (regs[below(c, ARRAY_SIZE(regs))] / 4 + below(c, 4)) << 10 |
		     2 << 5 | 1);
	emit_load(c, 1, 0x12);
	emit(c, 0xb9000041);				/* GICD_CTLR */
	emit(c, INSN_UNMASK_IRQ);
}

static void other_interrupts(struct chaos_cpu *c)
{
	uint64_t sgi = one_in(c, 4) ? chance(c) : (chance(c) & 0xf00000f) | (chance(c) & 1) << 40;

	emit_load(c, 9, sgi);
	emit(c, INSN_MSR(ENC(3, 0, 12, 11, 5 + below(c, 3)), 9));
	/* Of the CPU interface: acknowledge, end, deactivate, priorities. */
	if (one_in(c, 2))
		emit(c, INSN_MRS(ENC(3, 0, 12, 12, 0), 9));
	if (one_in(c, 2))
		emit(c, INSN_MSR(ENC(3, 0, 12, one_in(c, 2) ? 12 : 11, 1), 9));
}

static void timer(struct chaos_cpu *c)
{
	uint32_t tval = one_in(c, 2) ? ENC_CNTV_TVAL : ENC_CNTP_TVAL;

	emit_load(c, 9, one_in(c, 4) ? any_value(c) : below(c, 1000));
	emit(c, INSN_MSR(tval + (one_in(c, 4) ? 2 : 0), 9));
	emit_load(c, 9, chance(c) & 3);
	emit(c, INSN_MSR(tval + 1, 9));
	emit(c, INSN_UNMASK_IRQ);
}

static void wait_for_it(struct chaos_cpu *c)
{
	static const uint32_t how[] = { INSN_WFI, INSN_WFE, INSN_YIELD, INSN_SEV, INSN_WFE };

	for (unsigned int i = 1 + below(c, 4); i; i--) {
		emit_alarm(c);
		emit(c, how[below(c, ARRAY_SIZE(how))]);
	}
}

/* Tables that all vCPUs of the VM change while all walk them. */
static void change_tables(struct chaos_cpu *c)
{
	static const uint32_t tlbis[] = {
		ENC(1, 0, 8, 3, 0), ENC(1, 0, 8, 3, 3), ENC(1, 0, 8, 7, 0), ENC(1, 0, 8, 7, 3),
		ENC(1, 0, 8, 3, 1), ENC(1, 0, 8, 3, 7),
	};
	uint64_t va = MMU_WINDOW_VA + below(c, MMU_WINDOW_PAGES * 4096);

	if (mmu_off(c))
		return;
	emit_load(c, 0, any_table_entry(c));
	emit_load(c, 1, any_descriptor(c));
	emit(c, 0xf9000001);				/* str x1, [x0] */
	emit(c, INSN_DSB_ISH);
	if (!one_in(c, 4)) {
		emit_load(c, 9, va >> 12);
		emit(c, INSN_MSR(tlbis[below(c, ARRAY_SIZE(tlbis))], 9));
	}
	emit_load(c, 0, va);
	emit(c, any_access(c));
	emit(c, one_in(c, 8) ? 0xd61f0000 : INSN_NOP);	/* br x0 */
}

/* ---- calls ---- */

/* Those that end what is there to look at. */
static bool ends(uint64_t fid)
{
	uint32_t fn = (uint32_t)fid & ~0x40000000u;

	return fn == PSCI_CPU_OFF || fn == PSCI_SYSTEM_OFF || fn == PSCI_SYSTEM_RESET ||
	       fn == PSCI_SYSTEM_RESET2_32;
}

static uint64_t any_function(struct chaos_cpu *c)
{
	uint64_t wide = (chance(c) & 1) << 30, up = one_in(c, 8) ? chance(c) << 32 : 0;

	switch (below(c, 8)) {
	case 0 ... 2:
		return up | wide | (0x84000000 + below(c, 0x18));
	case 3:
		return up | wide | (0x84000050 + below(c, 5));
	case 4:
		return up | wide | 0x80000000 | (one_in(c, 2) ? below(c, 4) : 0x7fff + below(c, 2));
	case 5:
		return up | 0xc6000000 | below(c, 9);
	case 6:
		return up | wide | (0x85000020 + below(c, 3));
	default:
		return one_in(c, 4) ? 0x8600ff00 + below(c, 4) : chance(c) & 0xffffffff;
	}
}

static void emit_call(struct chaos_cpu *c)
{
	uint32_t imm = one_in(c, 16) ? (uint32_t)(chance(c) & 0xffff) << 5 : 0;

	emit(c, 0xd4000002u | imm | (one_in(c, 4) ? 1 : 0));	/* HVC, SMC */
	seen.calls++;
}

static void call(struct chaos_cpu *c)
{
	uint64_t fid = any_function(c);

	while (ends(fid) && !one_in(c, ONE_IN_FATAL / 8))
		fid = any_function(c);
	emit_alarm(c);		/* it may be a suspend */
	emit_load(c, 0, fid);
	for (unsigned int i = 1; i < 4; i++)
		emit_load(c, i, one_in(c, 4) ? any_mpidr(c) : any_value(c));
	/* Where a vCPU begins, or goes on after a suspend: mostly where it can. */
	if (!one_in(c, ONE_IN_FATAL / 4))
		emit_load(c, fid & 2 ? 2 : (uint32_t)(fid & 1) + 1, (uintptr_t)chaos_entry);
	emit_call(c);
}

static void turn_cpus_on_and_off(struct chaos_cpu *c)
{
	emit_load(c, 0, PSCI_CPU_ON64);
	emit_load(c, 1, any_mpidr(c));
	emit_load(c, 2, (uintptr_t)chaos_entry);
	emit(c, 0xd4000002);
	if (one_in(c, 4))
		emit(c, 0xd4000002);
	emit_load(c, 0, one_in(c, 64) ? PSCI_CPU_OFF : PSCI_AFFINITY_INFO64);
	emit(c, 0xd4000002);
	seen.calls += 2;
}

/* Of another VM, whatever its state. */
static void manage(struct chaos_cpu *c)
{
	emit_load(c, 0, 0xc6000001);
	emit_load(c, 1, below(c, 4));
	emit_load(c, 2, 1 + below(c, 3));
	emit(c, 0xd4000002);
	emit_load(c, 0, 0xc6000003 + below(c, 4));
	emit_load(c, 2, below(c, 9));
	emit(c, 0xd4000002);
	seen.calls += 2;
}

/* ---- instructions ---- */

/* What follows may be a loop: mostly an interrupt ends it. */
static void emit_way_out(struct chaos_cpu *c)
{
	emit_alarm(c);
	if (!one_in(c, 256))
		emit(c, INSN_UNMASK_IRQ);
}

/* Words that nobody chose, and registers that lead somewhere. */
static void any_words(struct chaos_cpu *c)
{
	emit_way_out(c);
	for (unsigned int reg = 0; reg < 4; reg++)
		emit_load(c, below(c, 31), any_address(c));
	for (unsigned int i = 0; i < 4; i++) {
		uint32_t insn = (uint32_t)chance(c);

		if ((insn & 0x7c000000) == 0x14000000 && !one_in(c, 16))
			insn = INSN_NOP;	/* a jump that is mostly into nothing */
		emit(c, insn);
	}
}

/* The word after next is written over as it comes. */
static void change_code(struct chaos_cpu *c)
{
	uint32_t insn = one_in(c, 2) ? (uint32_t)chance(c) : any_access(c);

	emit_way_out(c);
	emit_load(c, 1, (insn & 0x7c000000) == 0x14000000 ? INSN_NOP : insn);
	emit(c, 0x10000002 | 6 << 5);			/* adr x2, .+24 */
	emit(c, 0xb9000041);				/* str w1, [x2] */
	emit(c, one_in(c, 4) ? INSN_NOP : INSN_MSR(ENC(1, 3, 7, 11, 1), 2));	/* dc cvau */
	emit(c, INSN_DSB_ISH);
	emit(c, one_in(c, 4) ? INSN_NOP : INSN_MSR(ENC(1, 3, 7, 5, 1), 2));	/* ic ivau */
	emit(c, INSN_ISB);
	emit(c, INSN_NOP);				/* this one */
}

/* Go on at the next instruction in another state: EL0, EL1t, AArch32, or an illegal one. */
static void other_state(struct chaos_cpu *c)
{
	static const uint32_t modes[] = { 0, 0, 0, 0x10, 0x30, 4, 5 };
	uint64_t spsr = one_in(c, 4) ? chance(c) & 0xffffffff :
			modes[below(c, ARRAY_SIZE(modes))] | (chance(c) & 0xf00003c0);
	uint32_t after;

	emit_way_out(c);
	emit_load(c, 9, one_in(c, 64) ? spsr : spsr & ~0x80ul);
	emit(c, INSN_MSR(ENC_SPSR, 9));
	/* Where EL0 sees it; with the MMU off it is where it is. */
	after = c->nr + 8;
	emit_load(c, 10, (uintptr_t)&c->code[after] +
		  (spsr & 0xc || mmu_off(c) ? 0 : ARENA_EL0_VA - ARENA));
	emit(c, INSN_MSR(ENC_ELR, 10));
	emit(c, INSN_ERET);
	while (c->nr < after)
		emit(c, INSN_NOP);
	for (unsigned int i = 0; i < 6; i++)
		emit(c, one_in(c, 2) ? (uint32_t)chance(c) : any_access(c));
	emit(c, INSN_SVC);
	emit(c, 0xef000000);				/* the same for A32 */
}

/* No way back: an exception whose vector is nowhere, or where it makes no sense. */
static void no_vector(struct chaos_cpu *c)
{
	if (!one_in(c, ONE_IN_FATAL))
		return;
	emit_load(c, 9, any_vectors(c));
	emit(c, INSN_MSR(ENC_VBAR, 9));
	emit(c, INSN_ISB);
	emit(c, INSN_SVC);
}

void chaos_act(struct chaos_cpu *c)
{
	static void (*const acts[])(struct chaos_cpu *c) = {
		any_register, likely_register, likely_register, any_system_insn,
		set_way, debug_register, access_memory, access_memory, access_memory,
		access_memory, flood, other_interrupts, timer, wait_for_it, change_tables,
		change_tables, call, call, turn_cpus_on_and_off, manage, any_words, change_code,
		other_state, no_vector, virtio, descriptors, descriptors, channel,
	};

	acts[below(c, ARRAY_SIZE(acts))](c);
}
