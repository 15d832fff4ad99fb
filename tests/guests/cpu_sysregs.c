/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every encodable system register, op0 2 and 3, and every SYS instruction of the higher levels:
 * each answers with a value or with a clean Undefined exception, and nothing stops.
 * Arm ARM DDI 0487, "System register encoding space", "Undefined instructions".
 */
#include "lib/guest.h"

static uint32_t code[2] __attribute__((aligned(64)));

static uint64_t call(uint32_t insn, uint64_t x0)
{
	code[0] = insn;
	code[1] = 0xd65f03c0;
	code_sync(code, sizeof(code));
	return ((uint64_t (*)(uint64_t))(uintptr_t)code)(x0);
}

#define ENC(op0, op1, crn, crm, op2) \
	((uint32_t)(op0) << 19 | (uint32_t)(op1) << 16 | (uint32_t)(crn) << 12 | \
	 (uint32_t)(crm) << 8 | (uint32_t)(op2) << 5)
#define MRS_X0 0xd5200000u
#define MSR_X0 0xd5000000u

#define MARK 0x5a5a1234a5a54321ul

/* FEAT_IDST: Undefined reads of the feature ID space are reported as trapped accesses. */
static uint64_t undef_esr(uint32_t insn)
{
	uint32_t op1 = insn >> 16 & 7, op2 = insn >> 5 & 7, crn = insn >> 12 & 15;
	uint32_t crm = insn >> 8 & 15;
	bool id_space = (insn >> 19 & 3) == 3 && (op1 == 0 || op1 == 1 || op1 == 3) &&
			crn == 0 && crm < 8 && (insn & 1u << 21);

	if (!id_space || !SYSREG_FIELD(read_sysreg(ID_AA64MMFR2_EL1), 36))
		return 1ul << 25;
	return (uint64_t)EC_SYS64 << 26 | 1ul << 25 | 3 << 20 | op2 << 17 | op1 << 14 | crn << 10 |
	       crm << 1 | 1;
}

/* Checks one access; true: it was Undefined. */
static bool access_is_undef(uint32_t insn)
{
	uint64_t v;

	trap_expect();
	v = call(insn, MARK);
	if (!trap_end())
		return false;
	CHECK(this_cpu()->trap.count == 1, "insn %08x: %u exceptions", insn,
	      this_cpu()->trap.count);
	CHECK(this_cpu()->trap.esr == undef_esr(insn), "insn %08x: ESR 0x%lx", insn,
	      this_cpu()->trap.esr);
	CHECK(this_cpu()->trap.elr == (uintptr_t)code, "insn %08x: ELR 0x%lx", insn,
	      this_cpu()->trap.elr);
	if (insn & (1u << 21))
		CHECK(v == MARK, "insn %08x: Undefined, yet x0 became 0x%lx", insn, v);
	return true;
}

static unsigned int scan_reads(unsigned int op0, unsigned int op1)
{
	unsigned int nr_undef = 0;

	/* SVE and SME on, so that only absence can trap. */
	write_sysreg(cpacr_el1, 3ul << 16 | 3ul << 20 | 3ul << 24);
	__asm__ volatile("isb");
	for (unsigned int i = 0; i < 16 * 16 * 8; i++)
		nr_undef += access_is_undef(MRS_X0 | ENC(op0, op1, i >> 7, i >> 3 & 15, i & 7));
	return nr_undef;
}

static void every_read_gives_a_value_or_undef(void)
{
	for (unsigned int op1 = 0; op1 < 4; op1++) {
		unsigned int n = scan_reads(3, op1);

		CHECK(n > 0 && (n < 2048 || op1), "op1 %u: %u of 2048 Undefined", op1, n);
	}
}

static void every_debug_read_gives_a_value_or_undef(void)
{
	for (unsigned int op1 = 0; op1 < 8; op1++)
		scan_reads(2, op1);
}

static void registers_of_higher_levels_are_undef(void)
{
	for (unsigned int op1 = 4; op1 < 8; op1++)
		CHECK_EQ(scan_reads(3, op1), 2048, "Undefined reads");
}

static void writes_to_higher_levels_are_undef(void)
{
	for (unsigned int op1 = 4; op1 < 8; op1++) {
		for (unsigned int i = 0; i < 2048; i++) {
			uint32_t insn = MSR_X0 | ENC(3, op1, i >> 7, i >> 3 & 15, i & 7);

			CHECK(access_is_undef(insn), "insn %08x was executed", insn);
		}
	}
}

/* TLBI and AT of EL2 and EL3 (op0 1). */
static void sys_instructions_of_higher_levels_are_undef(void)
{
	for (unsigned int op1 = 4; op1 < 8; op1++) {
		for (unsigned int i = 0; i < 2048; i++) {
			uint32_t insn = MSR_X0 | ENC(1, op1, i >> 7, i >> 3 & 15, i & 7);

			/* C11 and C15 are implementation defined at every op1. */
			if (i >> 7 == 11 || i >> 7 == 15)
				continue;
			CHECK(access_is_undef(insn), "insn %08x was executed", insn);
		}
	}
}

static const struct {
	const char *name;
	uint32_t    enc;
} read_only[] = {
	{ "MIDR_EL1", ENC(3, 0, 0, 0, 0) },
	{ "MPIDR_EL1", ENC(3, 0, 0, 0, 5) },
	{ "REVIDR_EL1", ENC(3, 0, 0, 0, 6) },
	{ "ID_PFR0_EL1", ENC(3, 0, 0, 1, 0) },
	{ "ID_AA64PFR0_EL1", ENC(3, 0, 0, 4, 0) },
	{ "ID_AA64DFR0_EL1", ENC(3, 0, 0, 5, 0) },
	{ "ID_AA64ISAR0_EL1", ENC(3, 0, 0, 6, 0) },
	{ "ID_AA64MMFR0_EL1", ENC(3, 0, 0, 7, 0) },
	{ "CCSIDR_EL1", ENC(3, 1, 0, 0, 0) },
	{ "CLIDR_EL1", ENC(3, 1, 0, 0, 1) },
	{ "CTR_EL0", ENC(3, 3, 0, 0, 1) },
	{ "DCZID_EL0", ENC(3, 3, 0, 0, 7) },
	{ "ISR_EL1", ENC(3, 0, 12, 1, 0) },
	{ "ICC_IAR1_EL1", ENC(3, 0, 12, 12, 0) },
	{ "ICC_HPPIR1_EL1", ENC(3, 0, 12, 12, 2) },
	{ "ICC_RPR_EL1", ENC(3, 0, 12, 11, 3) },
	{ "CNTPCT_EL0", ENC(3, 3, 14, 0, 1) },
	{ "CNTVCT_EL0", ENC(3, 3, 14, 0, 2) },
	{ "OSLSR_EL1", ENC(2, 0, 1, 1, 4) },
	{ "MDRAR_EL1", ENC(2, 0, 1, 0, 0) },
};

static void writes_to_read_only_registers_are_undef(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(read_only); i++)
		CHECK(access_is_undef(MSR_X0 | read_only[i].enc), "%s was written",
		      read_only[i].name);
}

static const struct {
	const char *name;
	uint32_t    enc;
} write_only[] = {
	{ "ICC_EOIR1_EL1", ENC(3, 0, 12, 12, 1) },
	{ "ICC_EOIR0_EL1", ENC(3, 0, 12, 8, 1) },
	{ "ICC_DIR_EL1", ENC(3, 0, 12, 11, 1) },
	{ "ICC_SGI1R_EL1", ENC(3, 0, 12, 11, 5) },
	{ "ICC_ASGI1R_EL1", ENC(3, 0, 12, 11, 6) },
	{ "ICC_SGI0R_EL1", ENC(3, 0, 12, 11, 7) },
	{ "OSLAR_EL1", ENC(2, 0, 1, 0, 4) },
};

static void reads_of_write_only_registers_are_undef(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(write_only); i++)
		CHECK(access_is_undef(MRS_X0 | write_only[i].enc), "%s was read",
		      write_only[i].name);
}

/* EL1's own registers keep what is written, across other people's use of the CPU. */
#define KEEPS(reg, value)                                                      \
	do {                                                                   \
		uint64_t old_ = read_sysreg(reg);                              \
		write_sysreg(reg, (uint64_t)(value));                          \
		__asm__ volatile("isb\n mrs x0, id_aa64pfr0_el1\n" ::: "x0");  \
		CHECK_EQ(read_sysreg(reg), (uint64_t)(value), #reg);           \
		write_sysreg(reg, old_);                                       \
		__asm__ volatile("isb");                                       \
	} while (0)

static void own_registers_keep_their_values(void)
{
	KEEPS(tpidr_el0, 0x1122334455667788);
	KEEPS(tpidrro_el0, 0x99aabbccddeeff00);
	KEEPS(ttbr1_el1, 0x12345000);
	KEEPS(contextidr_el1, 0x89abcdef);
	KEEPS(sp_el0, 0xfeedf00d);
	KEEPS(far_el1, 0xdead0000beef);
	KEEPS(esr_el1, 0x96000045);
	KEEPS(elr_el1, 0x123456789ab0);
	KEEPS(cntkctl_el1, 0x3);
	KEEPS(par_el1, 0x801);
	KEEPS(mdscr_el1, 0x1000);
}

/* AFSR, AMAIR, ACTLR: RES0 or plain storage, as the implementation likes; never a trap. */
static void implementation_registers_do_not_trap(void)
{
	CHECK_EQ(TRAPS((void)read_sysreg(actlr_el1)), 0, "ACTLR_EL1");
	CHECK_EQ(TRAPS((void)read_sysreg(afsr0_el1)), 0, "AFSR0_EL1");
	CHECK_EQ(TRAPS((void)read_sysreg(afsr1_el1)), 0, "AFSR1_EL1");
	CHECK_EQ(TRAPS((void)read_sysreg(amair_el1)), 0, "AMAIR_EL1");
	CHECK_EQ(TRAPS((void)read_sysreg(aidr_el1)), 0, "AIDR_EL1");
	CHECK_EQ(TRAPS(write_sysreg(afsr0_el1, 0)), 0, "AFSR0_EL1 write");
	CHECK_EQ(TRAPS(write_sysreg(actlr_el1, read_sysreg(actlr_el1))), 0, "ACTLR_EL1 write");
}

static void address_translation_instruction_works(void)
{
	uint64_t par;

	__asm__ volatile("at s1e1r, %1\n isb\n mrs %0, par_el1" : "=r"(par) : "r"(code) : "memory");
	CHECK_EQ(par & 1, 0, "PAR_EL1.F");
	CHECK_EQ(par & 0xfffffffff000, (uintptr_t)code & ~0xffful, "PAR_EL1.PA");
	/* Nothing is mapped there. */
	__asm__ volatile("at s1e1r, %1\n isb\n mrs %0, par_el1" : "=r"(par) : "r"(1ul << 37));
	CHECK_EQ(par & 1, 1, "PAR_EL1.F of an unmapped address");
}

GUEST_CASES(
	CASE(every_read_gives_a_value_or_undef),
	CASE(every_debug_read_gives_a_value_or_undef),
	CASE(registers_of_higher_levels_are_undef),
	CASE(writes_to_higher_levels_are_undef),
	CASE(sys_instructions_of_higher_levels_are_undef),
	CASE(writes_to_read_only_registers_are_undef),
	CASE(reads_of_write_only_registers_are_undef),
	CASE(own_registers_keep_their_values),
	CASE(implementation_registers_do_not_trap),
	CASE(address_translation_instruction_works));
