/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device accesses of every width and addressing form. What an exit describes (ISV = 1) must
 * work; what it cannot describe must work or be an external abort at that instruction, with
 * nothing else changed. Arm ARM DDI 0487, "ISS encoding for an exception from a Data Abort".
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/uart.h"

#define PRIO   (GICD(GICD_IPRIORITYR) + 40)	/* a word of SPI priorities: free to use */
#define ROUTER (GICD(GICD_IROUTER) + 40 * 8)	/* words and doublewords are legal       */

/* One load into x0 with the address in x1. */
#define LOAD(insn, addr)                                                       \
	({                                                                     \
		register uint64_t x0_ __asm__("x0") = 0x1234567812345678ul;    \
		register uint64_t x1_ __asm__("x1") = (addr);                  \
		__asm__ volatile(insn : "+r"(x0_), "+r"(x1_) : : "memory");    \
		x0_;                                                           \
	})

#define STORE(insn, addr, value)                                               \
	do {                                                                   \
		register uint64_t x0_ __asm__("x0") = (value);                 \
		register uint64_t x1_ __asm__("x1") = (addr);                  \
		__asm__ volatile(insn : "+r"(x0_), "+r"(x1_) : : "memory");    \
	} while (0)

static void setup(void)
{
	mmio_w32(PRIO, 0xf0a080c0);
}

static void loads_extend_as_told(void)
{
	setup();
	CHECK_EQ(LOAD("ldr w0, [x1]", PRIO), 0xf0a080c0, "ldr w");
	CHECK_EQ(LOAD("ldrsw x0, [x1]", PRIO), 0xfffffffff0a080c0, "ldrsw");
	CHECK_EQ(LOAD("ldrb w0, [x1]", PRIO), 0xc0, "ldrb");
	CHECK_EQ(LOAD("ldrsb w0, [x1]", PRIO), 0xffffffc0, "ldrsb w");
	CHECK_EQ(LOAD("ldrsb x0, [x1]", PRIO), 0xffffffffffffffc0, "ldrsb x");
	CHECK_EQ(LOAD("ldrb w0, [x1, #3]", PRIO), 0xf0, "ldrb of byte 3");
	CHECK_EQ(LOAD("ldrsb x0, [x1, #2]", PRIO), 0xffffffffffffffa0, "ldrsb x of byte 2");
	/* A 16-bit register on a 16-bit bus: PL011 TRM, UARTIBRD. */
	mmio_w32(UARTIBRD, 0x8765);
	CHECK_EQ(LOAD("ldrh w0, [x1]", UARTIBRD), 0x8765, "ldrh");
	CHECK_EQ(LOAD("ldrsh w0, [x1]", UARTIBRD), 0xffff8765, "ldrsh w");
	CHECK_EQ(LOAD("ldrsh x0, [x1]", UARTIBRD), 0xffffffffffff8765, "ldrsh x");
	CHECK_EQ(LOAD("ldr w0, [x1]", UARTIBRD), 0x8765, "ldr w of UARTIBRD");
	mmio_w32(UARTIBRD, 1);
}

static void positive_values_are_not_extended(void)
{
	mmio_w32(PRIO, 0x70204010);
	CHECK_EQ(LOAD("ldrsw x0, [x1]", PRIO), 0x70204010, "ldrsw");
	CHECK_EQ(LOAD("ldrsb w0, [x1]", PRIO), 0x10, "ldrsb w");
	CHECK_EQ(LOAD("ldrsb x0, [x1, #3]", PRIO), 0x70, "ldrsb x");
}

static void byte_stores_touch_one_byte(void)
{
	setup();
	STORE("strb w0, [x1]", PRIO, 0x20);
	CHECK_EQ(mmio_r32(PRIO), 0xf0a08020, "after strb of byte 0");
	STORE("strb w0, [x1, #3]", PRIO, 0xffffff10);
	CHECK_EQ(mmio_r32(PRIO), 0x10a08020, "after strb of byte 3");
	STORE("str w0, [x1]", PRIO, 0xffffffff40506070);
	CHECK_EQ(mmio_r32(PRIO), 0x40506070, "after str w with a dirty upper half");
}

static void doublewords_work_where_legal(void)
{
	STORE("str x0, [x1]", ROUTER, 1);
	CHECK_EQ(LOAD("ldr x0, [x1]", ROUTER), 1, "ldr x of GICD_IROUTER");
	CHECK_EQ(LOAD("ldr w0, [x1]", ROUTER), 1, "lower half");
	CHECK_EQ(LOAD("ldr w0, [x1, #4]", ROUTER), 0, "upper half");
	STORE("str x0, [x1]", ROUTER, 0);
	CHECK_EQ(LOAD("ldr x0, [x1]", gic_redist() + GICR_TYPER) >> 32,
		 read_sysreg(mpidr_el1) & 0xffffff, "GICR_TYPER");
}

/* Register 31 is the zero register here, never the stack pointer. */
static void register_31_is_zero(void)
{
	uint64_t sp_before, sp_after;

	setup();
	__asm__ volatile("mov %0, sp" : "=r"(sp_before));
	STORE("str wzr, [x1]", PRIO, 0);
	CHECK_EQ(mmio_r32(PRIO), 0, "after str wzr");
	setup();
	STORE("strb wzr, [x1]", PRIO, 0);
	CHECK_EQ(mmio_r32(PRIO), 0xf0a08000, "after strb wzr");
	STORE("str xzr, [x1]", ROUTER, 0);
	CHECK_EQ(mmio_r64(ROUTER), 0, "after str xzr");
	LOAD("ldr wzr, [x1]", PRIO);
	LOAD("ldrsw xzr, [x1]", PRIO);
	LOAD("ldr xzr, [x1]", ROUTER);
	__asm__ volatile("mov %0, sp" : "=r"(sp_after));
	CHECK_EQ(sp_after, sp_before, "SP");
}

/* Any general register can be the target. */
#define LOAD_INTO(reg)                                                         \
	do {                                                                   \
		uint64_t v_;                                                   \
		__asm__ volatile("stp x29, x30, [sp, #-16]!\n ldr w" #reg      \
				 ", [%1]\n mov x9, x" #reg                     \
				 "\n ldp x29, x30, [sp], #16\n mov %0, x9"     \
				 : "=r"(v_) : "r"((uint64_t)PRIO)              \
				 : "x9", "x" #reg, "memory");                  \
		CHECK_EQ(v_, 0xf0a080c0, "ldr w" #reg);                        \
	} while (0)

static void every_register_can_be_the_target(void)
{
	setup();
	LOAD_INTO(0); LOAD_INTO(1); LOAD_INTO(2); LOAD_INTO(3); LOAD_INTO(4); LOAD_INTO(5);
	LOAD_INTO(6); LOAD_INTO(7); LOAD_INTO(8); LOAD_INTO(10); LOAD_INTO(11); LOAD_INTO(12);
	LOAD_INTO(13); LOAD_INTO(14); LOAD_INTO(15); LOAD_INTO(16); LOAD_INTO(17);
	LOAD_INTO(18); LOAD_INTO(19); LOAD_INTO(20); LOAD_INTO(21); LOAD_INTO(22);
	LOAD_INTO(23); LOAD_INTO(24); LOAD_INTO(25); LOAD_INTO(26); LOAD_INTO(27); LOAD_INTO(28);
	LOAD_INTO(30);
}

/* Register offset, unscaled and unprivileged forms carry a syndrome too. */
static void other_single_register_forms_work(void)
{
	setup();
	CHECK_EQ(LOAD("mov x2, #4\n sub x1, x1, #4\n ldr w0, [x1, x2]", PRIO), 0xf0a080c0,
		 "register offset");
	CHECK_EQ(LOAD("add x1, x1, #1\n ldur w0, [x1, #-1]", PRIO), 0xf0a080c0, "ldur");
	STORE("add x1, x1, #1\n stur w0, [x1, #-1]", PRIO, 0x10203040);
	CHECK_EQ(mmio_r32(PRIO), 0x10203040, "stur");
	CHECK_EQ(LOAD("ldar w0, [x1]", PRIO), 0x10203040, "ldar");
	STORE("stlr w0, [x1]", PRIO, 0x50607080);
	CHECK_EQ(mmio_r32(PRIO), 0x50607080, "stlr");
}

/* ---- forms without a syndrome ---- */

struct form {
	const char *name;
	uint64_t    addr;       /* in x1                      */
	uint32_t    insn;       /* on x0, x1 and x2           */
	int         writeback;  /* added to x1                */
	uint64_t    x0, x2;     /* after it, for a load       */
	bool        load;
};

/*
 * PRIO holds 0xf0a080c0 and the word after it 0x30201000; ROUTER holds 1. Pairs of words go
 * to the latter, as QEMU 10 makes one doubleword of them.
 */
static const struct form forms[] = {
	{ "ldr w0, [x1], #4", PRIO, 0xb8404420, 4, 0xf0a080c0, 2, true },
	{ "ldr w0, [x1, #4]!", PRIO, 0xb8404c20, 4, 0x30201000, 2, true },
	{ "ldrb w0, [x1], #1", PRIO, 0x38401420, 1, 0xc0, 2, true },
	{ "ldrsw x0, [x1], #4", PRIO, 0xb8804420, 4, 0xfffffffff0a080c0, 2, true },
	{ "ldp w0, w2, [x1]", ROUTER, 0x29400820, 0, 1, 0, true },
	{ "ldp w0, w2, [x1], #8", ROUTER, 0x28c10820, 8, 1, 0, true },
	{ "ldxr w0, [x1]", PRIO, 0x885f7c20, 0, 0xf0a080c0, 2, true },
	{ "str w0, [x1], #4", PRIO, 0xb8004420, 4, 0, 2, false },
	{ "str w0, [x1, #4]!", PRIO, 0xb8004c20, 4, 0, 2, false },
	{ "strb w0, [x1], #1", PRIO, 0x38001420, 1, 0, 2, false },
	{ "stp w0, w2, [x1]", ROUTER, 0x29000820, 0, 0, 2, false },
	{ "stp wzr, wzr, [x1]", ROUTER, 0x29007c3f, 0, 0, 2, false },
};

static uint32_t form_code[4] __attribute__((aligned(64)));

/* Runs insn with x0, x1, x2; results in r. */
static void run_form(uint32_t insn, uint64_t r[3])
{
	register uint64_t x0 __asm__("x0") = r[0];
	register uint64_t x1 __asm__("x1") = r[1];
	register uint64_t x2 __asm__("x2") = r[2];

	form_code[0] = insn;
	form_code[1] = 0xd65f03c0;
	code_sync(form_code, sizeof(form_code));
	x0 = r[0];
	x1 = r[1];
	x2 = r[2];
	__asm__ volatile("blr %3" : "+r"(x0), "+r"(x1), "+r"(x2)
			 : "r"(form_code) : "x30", "memory");
	r[0] = x0;
	r[1] = x1;
	r[2] = x2;
}

static void check_aborted(const struct form *f, const uint64_t r[3], uint64_t x0)
{
	struct trap_log *t = &this_cpu()->trap;

	CHECK(t->count == 1, "%s: %u exceptions", f->name, t->count);
	CHECK(ESR_EC(t->esr) == EC_DABT_CUR, "%s: ESR 0x%lx", f->name, t->esr);
	CHECK((t->esr & 0x3f) == 0x10, "%s: DFSC 0x%lx", f->name, t->esr & 0x3f);
	CHECK(t->elr == (uintptr_t)form_code, "%s: ELR 0x%lx", f->name, t->elr);
	CHECK(t->far >= f->addr && t->far < f->addr + 8, "%s: FAR 0x%lx", f->name, t->far);
	CHECK(r[0] == x0 && r[1] == f->addr && r[2] == 2, "%s: aborted, yet registers changed",
	      f->name);
}

static void forms_without_syndrome_work_or_abort(void)
{
	unsigned int nr_aborts = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(forms); i++) {
		const struct form *f = &forms[i];
		uint64_t x0 = f->load ? 7 : 0x20406080, r[3] = { x0, f->addr, 2 };

		mmio_w32(PRIO, 0xf0a080c0);
		mmio_w32(PRIO + 4, 0x30201000);
		mmio_w64(ROUTER, 1);
		trap_expect();
		run_form(f->insn, r);
		if (trap_end()) {
			nr_aborts++;
			check_aborted(f, r, x0);
			continue;
		}
		CHECK(r[1] == f->addr + (uint64_t)f->writeback, "%s: x1 off by 0x%lx", f->name,
		      r[1] - f->addr);
		if (!f->load)
			continue;
		CHECK(r[0] == f->x0, "%s: x0 0x%lx, want 0x%lx", f->name, r[0], f->x0);
		CHECK(r[2] == f->x2, "%s: x2 0x%lx, want 0x%lx", f->name, r[2], f->x2);
	}
	gprintf("%u of %u forms abort\n", nr_aborts, (unsigned int)ARRAY_SIZE(forms));
}

/* Widths a register does not have, unaligned ones: anything but the end of the VM. */
static void odd_accesses_do_no_harm(void)
{
	static const struct {
		const char *insn_name;
		uint32_t    insn;
		uint64_t    addr;
	} odd[] = {
		{ "ldrh", 0x79400020, GICD_BASE + GICD_TYPER },
		{ "strh", 0x79000020, GICD_BASE + GICD_ISENABLER + 4 },
		{ "ldr x", 0xf9400020, GICD_BASE + GICD_ISENABLER },
		{ "str x", 0xf9000020, GICD_BASE + GICD_TYPER },
		{ "ldrb", 0x39400020, GICD_BASE + GICD_TYPER },
		{ "ldr x", 0xf9400020, UARTFR },
		{ "ldr w unaligned", 0xb9400020, UARTFR + 2 },
		{ "ldr w unaligned", 0xb9400020, GICD_BASE + GICD_TYPER + 1 },
		{ "ldr x over the end", 0xf9400020, GICD_BASE + 0xfffc },
		{ "ldr w over the end", 0xb9400020, UART_BASE + 0xffe },
		{ "ldr q", 0x3dc00020, GICD_BASE + GICD_TYPER },
		{ "ldaxr x", 0xc85ffc20, GICD_BASE + GICD_IROUTER + 320 },
		{ "dc civac", 0xd50b7e21, UARTFR },
		{ "prfm", 0xf9800020, UARTFR },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(odd); i++) {
		uint64_t r[3] = { 0, odd[i].addr, 0 };
		struct trap_log *t = trap_expect();

		run_form(odd[i].insn, r);
		if (!trap_end())
			continue;
		CHECK(t->count == 1 && ESR_EC(t->esr) == EC_DABT_CUR, "%s at 0x%lx: ESR 0x%lx",
		      odd[i].insn_name, odd[i].addr, t->esr);
		CHECK((t->esr & 0x3f) == 0x10 || (t->esr & 0x3f) == 0x21, "%s: DFSC 0x%lx",
		      odd[i].insn_name, t->esr & 0x3f);
		CHECK(t->elr == (uintptr_t)form_code, "%s: ELR 0x%lx", odd[i].insn_name, t->elr);
	}
}

/* Maintenance and prefetch of a device address are legal (Arm ARM, "Data cache maintenance"). */
static void cache_maintenance_of_a_device_does_not_abort(void)
{
	uint64_t r[3] = { 0, UARTFR, 0 };

	CHECK_EQ(TRAPS(run_form(0xd50b7e21, r)), 0, "exceptions from DC CIVAC");
	CHECK_EQ(TRAPS(run_form(0xd50b7a21, r)), 0, "exceptions from DC CVAC");
	CHECK_EQ(TRAPS(run_form(0xf9800020, r)), 0, "exceptions from PRFM");
}

GUEST_CASES(
	CASE(loads_extend_as_told),
	CASE(positive_values_are_not_extended),
	CASE(byte_stores_touch_one_byte),
	CASE(doublewords_work_where_legal),
	CASE(register_31_is_zero),
	CASE(every_register_can_be_the_target),
	CASE(other_single_register_forms_work),
	CASE(forms_without_syndrome_work_or_abort),
	CASE(odd_accesses_do_no_harm),
	CASE(cache_maintenance_of_a_device_does_not_abort));
