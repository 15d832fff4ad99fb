/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls nobody serves and instructions nobody has: NOT_SUPPORTED or an exception in the guest,
 * at the right place, and the guest goes on. SMCCC DEN 0028 "Unknown Function Identifier";
 * Arm ARM DDI 0487 "Exception entry", "ESR_EL1".
 */
#include "lib/guest.h"
#include "lib/smccc.h"

static const uint64_t unknown_calls[] = {
	0x80000fff,             /* Arm architecture calls                     */
	0x8100beef,             /* CPU service                                */
	0x8200ff01,             /* SiP UID                                    */
	0x83000001,             /* OEM                                        */
	0x84000017,             /* standard service, above PSCI 1.1           */
	0x8400ffff,
	0x85001234,             /* standard hypervisor                        */
	0x87000000,
	0xb0000001,             /* trusted application                        */
	0xbf00ff01,             /* trusted OS UID                             */
	0xc4000017,
	0xc4001fff,
	0x12345678,             /* yielding                                   */
	0x00000000,
};

static void expect_not_supported(void (*call)(struct smccc *), const char *how)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(unknown_calls); i++) {
		struct smccc s = { { unknown_calls[i], 1, 2, 3 } };

		call(&s);
		/* 32-bit calls answer in w0; the upper half is free. */
		CHECK((int32_t)s.x[0] == SMCCC_NOT_SUPPORTED, "%s 0x%lx gave 0x%lx", how,
		      unknown_calls[i], s.x[0]);
	}
}

static void unknown_hvc_is_not_supported(void)
{
	expect_not_supported(smccc_hvc, "HVC");
}

static void unknown_smc_is_not_supported(void)
{
	SKIP_UNLESS(smc_available(), "no EL3 behind SMC");
	expect_not_supported(smccc_smc, "SMC");
}

/* The upper half of x0 is not part of a function identifier (DEN 0028, "Function Identifier"). */
static void function_id_is_32_bits(void)
{
	struct smccc s = { { 0xdeadbeef00000000ul | PSCI_VERSION, 0, 0, 0 } };

	if (!running_under_corbel())
		return;         /* QEMU's own PSCI looks at all 64 bits */
	smccc_hvc(&s);
	CHECK_EQ(s.x[0], 0x10001, "PSCI_VERSION with a dirty upper half");
}

/* x4 to x17 are preserved since SMCCC 1.1, x18 to x30 always. */
static void calls_keep_the_other_registers(void)
{
	uint64_t in[27], out[27];

	for (unsigned int i = 0; i < 27; i++)
		in[i] = 0x1111000000000000ul * (i & 7) + i + 4;
	memset(out, 0, sizeof(out));
	__asm__ volatile(
		"sub sp, sp, #32\n stp x29, x30, [sp]\n stp x19, %[out], [sp, #16]\n"
		"mov x3, %[in]\n"
		"ldp x4, x5, [x3]\n ldp x6, x7, [x3, #16]\n ldp x8, x9, [x3, #32]\n"
		"ldp x10, x11, [x3, #48]\n ldp x12, x13, [x3, #64]\n ldp x14, x15, [x3, #80]\n"
		"ldp x16, x17, [x3, #96]\n ldp x18, x19, [x3, #112]\n ldp x20, x21, [x3, #128]\n"
		"ldp x22, x23, [x3, #144]\n ldp x24, x25, [x3, #160]\n ldp x26, x27, [x3, #176]\n"
		"ldp x28, x29, [x3, #192]\n ldr x30, [x3, #208]\n"
		"ldr x0, =0x84000000\n"
		"hvc #0\n"
		"ldr x0, [sp, #24]\n"
		"stp x4, x5, [x0]\n stp x6, x7, [x0, #16]\n stp x8, x9, [x0, #32]\n"
		"stp x10, x11, [x0, #48]\n stp x12, x13, [x0, #64]\n stp x14, x15, [x0, #80]\n"
		"stp x16, x17, [x0, #96]\n stp x18, x19, [x0, #112]\n stp x20, x21, [x0, #128]\n"
		"stp x22, x23, [x0, #144]\n stp x24, x25, [x0, #160]\n stp x26, x27, [x0, #176]\n"
		"stp x28, x29, [x0, #192]\n str x30, [x0, #208]\n"
		"ldp x29, x30, [sp]\n ldr x19, [sp, #16]\n add sp, sp, #32\n"
		: : [in] "r"(in), [out] "r"(out)
		: "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
		  "x13", "x14", "x15", "x16", "x17", "x18", "x20", "x21", "x22", "x23", "x24",
		  "x25", "x26", "x27", "x28", "memory");
	for (unsigned int i = 0; i < 27; i++)
		CHECK(out[i] == in[i], "x%u: 0x%lx became 0x%lx", i + 4, in[i], out[i]);
}

/* The preferred return address of HVC and of a trapped SMC is the instruction after it. */
static void calls_return_behind_themselves(void)
{
	uint64_t n = 0;

	__asm__ volatile("mov x9, #0\n ldr x0, =0x84000000\n"
			 "hvc #0\n add x9, x9, #1\n"
			 "ldr x0, =0x84000000\n hvc #0\n add x9, x9, #2\n mov %0, x9"
			 : "=r"(n) : : "x0", "x1", "x2", "x3", "x9", "memory");
	CHECK_EQ(n, 3, "instructions after HVC");
	if (!smc_available())
		return;
	__asm__ volatile("mov x9, #0\n ldr x0, =0x84000000\n"
			 "smc #0\n add x9, x9, #1\n"
			 "ldr x0, =0x84000000\n smc #0\n add x9, x9, #2\n mov %0, x9"
			 : "=r"(n) : : "x0", "x1", "x2", "x3", "x9", "memory");
	CHECK_EQ(n, 3, "instructions after SMC");
}

#define EXPECT_INSN(insn, ec_, skipped)                                        \
	do {                                                                   \
		struct trap_log *t_ = trap_expect();                           \
		uint64_t pc_;                                                  \
		__asm__ volatile("adr %0, 1f\n1: " insn : "=r"(pc_) : : "memory"); \
		CHECK_EQ(trap_end(), 1, "exceptions from " insn);              \
		CHECK_EQ(ESR_EC(t_->esr), ec_, "EC of " insn);                 \
		CHECK_EQ(ESR_IL(t_->esr), 1, "IL of " insn);                   \
		CHECK_EQ(t_->elr, pc_ + (skipped), "ELR of " insn);            \
	} while (0)

static void own_exceptions_stay_in_the_guest(void)
{
	EXPECT_INSN("brk #0x123", EC_BRK64, 0);
	CHECK_EQ(ESR_ISS(this_cpu()->trap.esr), 0x123, "BRK immediate");
	EXPECT_INSN("svc #0x456", EC_SVC64, 4);
	CHECK_EQ(ESR_ISS(this_cpu()->trap.esr), 0x456, "SVC immediate");
}

static void unallocated_instructions_are_undef(void)
{
	EXPECT_INSN("udf #0", EC_UNKNOWN, 0);
	CHECK_EQ(ESR_ISS(this_cpu()->trap.esr), 0, "ISS of UDF");
	EXPECT_INSN(".inst 0x00000001", EC_UNKNOWN, 0);
	EXPECT_INSN(".inst 0xd4000004", EC_UNKNOWN, 0);		/* exception group, unallocated */
	EXPECT_INSN(".inst 0xd4a00004", EC_UNKNOWN, 0);
	EXPECT_INSN(".inst 0x02000000", EC_UNKNOWN, 0);
	EXPECT_INSN("hlt #1", EC_UNKNOWN, 0);			/* halting debug is off */
	EXPECT_INSN("dcps1", EC_UNKNOWN, 0);			/* outside of debug state */
	EXPECT_INSN("dcps2", EC_UNKNOWN, 0);
	EXPECT_INSN("drps", EC_UNKNOWN, 0);
	EXPECT_INSN(".inst 0xd500001f | 0x7 << 16 | 0x4 << 12 | 0x1 << 5", EC_UNKNOWN, 0);
}

static void smc_without_anyone_is_undef(void)
{
	SKIP_UNLESS(!smc_available(), "SMC is served");
	EXPECT_INSN("smc #0", EC_UNKNOWN, 0);
}

/* An ERET to an illegal state sets PSTATE.IL; the next instruction traps with EC 0x0e. */
static void illegal_exception_return_stays_in_the_guest(void)
{
	struct trap_log *t = trap_expect();
	uint64_t resume, daif = read_sysreg(daif);

	__asm__ volatile("adr %0, 2f" : "=r"(resume));
	t->resume = resume;
	__asm__ volatile("adr x9, 1f\n msr elr_el1, x9\n"
			 "mov x9, #0x3c9\n msr spsr_el1, x9\n"	/* EL2h: above us */
			 "isb\n eret\n"
			 "1: nop\n nop\n"
			 "2: nop\n" : : : "x9", "memory");
	CHECK_EQ(trap_end(), 1, "exceptions");
	CHECK_EQ(ESR_EC(t->esr), 0x0e, "EC");
	write_sysreg(daif, daif);
}

static void stack_and_pc_alignment_faults_stay_in_the_guest(void)
{
	struct trap_log *t = trap_expect();
	uint64_t resume;

	__asm__ volatile("adr %0, 1f" : "=r"(resume));
	t->resume = resume;
	__asm__ volatile("adr x9, 1f\n add x9, x9, #2\n br x9\n 1: nop" : : : "x9", "memory");
	CHECK_EQ(trap_end(), 1, "exceptions");
	CHECK_EQ(ESR_EC(t->esr), EC_PC_ALIGN, "EC");
}

GUEST_CASES(
	CASE(unknown_hvc_is_not_supported),
	CASE(unknown_smc_is_not_supported),
	CASE(function_id_is_32_bits),
	CASE(calls_keep_the_other_registers),
	CASE(calls_return_behind_themselves),
	CASE(own_exceptions_stay_in_the_guest),
	CASE(unallocated_instructions_are_undef),
	CASE(smc_without_anyone_is_undef),
	CASE(illegal_exception_return_stays_in_the_guest),
	CASE(stack_and_pc_alignment_faults_stay_in_the_guest));
