/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FP and SIMD registers belong to the guest: an exit, a sleep, an interrupt or another vCPU
 * changes none of them. Arm ARM DDI 0487, "CPACR_EL1", "FPCR", "FPSR".
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/smccc.h"
#include "lib/uart.h"

struct fp_state {
	uint64_t q[64];
	uint64_t fpcr, fpsr;
};

void fp_load(const struct fp_state *s);
void fp_store(struct fp_state *s);

__asm__(".text\n .arch_extension fp\n .arch_extension simd\n"
	".macro pairs op\n"
	"	\\op q0, q1, [x0]\n"
	"	\\op q2, q3, [x0, #32]\n"
	"	\\op q4, q5, [x0, #64]\n"
	"	\\op q6, q7, [x0, #96]\n"
	"	\\op q8, q9, [x0, #128]\n"
	"	\\op q10, q11, [x0, #160]\n"
	"	\\op q12, q13, [x0, #192]\n"
	"	\\op q14, q15, [x0, #224]\n"
	"	\\op q16, q17, [x0, #256]\n"
	"	\\op q18, q19, [x0, #288]\n"
	"	\\op q20, q21, [x0, #320]\n"
	"	\\op q22, q23, [x0, #352]\n"
	"	\\op q24, q25, [x0, #384]\n"
	"	\\op q26, q27, [x0, #416]\n"
	"	\\op q28, q29, [x0, #448]\n"
	"	\\op q30, q31, [x0, #480]\n"
	".endm\n"
	"fp_load:\n	pairs ldp\n	ldr x1, [x0, #512]\n	msr fpcr, x1\n"
	"	ldr x1, [x0, #520]\n	msr fpsr, x1\n	ret\n"
	"fp_store:\n	pairs stp\n	mrs x1, fpcr\n	str x1, [x0, #512]\n"
	"	mrs x1, fpsr\n	str x1, [x0, #520]\n	ret\n");

static void fill(struct fp_state *s, uint64_t seed)
{
	for (unsigned int i = 0; i < 64; i++)
		s->q[i] = seed * 0x9e3779b97f4a7c15ul + i * 0x0101010101010101ul;
	s->fpcr = seed & 1 ? 3ul << 22 : 1ul << 25;	/* RZ, or default NaN */
	s->fpsr = seed & 1 ? 1ul << 27 : 0x1f;		/* QC, or the five flags */
}

static unsigned int differences(const struct fp_state *a, const struct fp_state *b)
{
	unsigned int n = (a->fpcr != b->fpcr) + (a->fpsr != b->fpsr);

	for (unsigned int i = 0; i < 64; i++)
		n += a->q[i] != b->q[i];
	return n;
}

static void keeps_across(void (*what)(void), const char *name)
{
	static struct fp_state in, out;

	fill(&in, (uintptr_t)what);
	fp_load(&in);
	what();
	fp_store(&out);
	CHECK(differences(&in, &out) == 0, "%u registers changed by %s", differences(&in, &out),
	      name);
}

static void nothing(void) { }
static void do_hvc(void) { hvc_call(PSCI_VERSION, 0, 0, 0); }
static void do_unknown_hvc(void) { hvc_call(0x8400ffff, 0, 0, 0); }
static void do_affinity(void) { hvc_call(PSCI_AFFINITY_INFO64, cpus[0].mpidr, 0, 0); }
static void do_gicd(void) { mmio_w32(GICD(GICD_ISENABLER + 4), mmio_r32(GICD(GICD_TYPER)) & 0); }
static void do_uart(void) { uart_putc('.'); }
static void do_idreg(void) { (void)read_sysreg(id_aa64isar0_el1); }
static void do_undef(void) { TRAPS(({ __asm__ volatile("udf #0"); })); }
static void do_print(void) { gprintf("%016lx\n", read_sysreg(midr_el1)); }

/* Sleeps for a millisecond with interrupts masked: the pending timer wakes it. */
static void do_wfi(void)
{
	write_sysreg(cntv_cval_el0, ticks_now() + ticks_per_ms());
	write_sysreg(cntv_ctl_el0, 1);
	gic_bit_set(GICD_ISENABLER, INTID_VTIMER);
	wfi();
	write_sysreg(cntv_ctl_el0, 0);
	gic_bit_set(GICD_ICENABLER, INTID_VTIMER);
}

static void registers_survive_exits(void)
{
	keeps_across(nothing, "nothing");
	keeps_across(do_hvc, "PSCI_VERSION");
	keeps_across(do_unknown_hvc, "an unknown HVC");
	keeps_across(do_affinity, "AFFINITY_INFO");
	keeps_across(do_gicd, "GICD access");
	keeps_across(do_uart, "UART access");
	keeps_across(do_idreg, "an ID register");
	keeps_across(do_undef, "an Undefined exception");
	keeps_across(do_print, "printing");
}

static void registers_survive_sleep(void)
{
	gic_init();
	for (unsigned int i = 0; i < 20; i++)
		keeps_across(do_wfi, "WFI");
}

static void take_sgi(void)
{
	gic_eoi(gic_ack());
}

static void do_sgi(void)
{
	unsigned int seen = this_cpu()->irq_count;

	gic_sgi_send(gic_sgi_to(3, read_sysreg(mpidr_el1)));
	WAIT_UNTIL(*(volatile unsigned int *)&this_cpu()->irq_count != seen, LONG_MS);
}

static void registers_survive_interrupts(void)
{
	gic_init();
	gic_bit_set(GICD_ISENABLER, 3);
	this_cpu()->irq_hook = take_sgi;
	irq_enable();
	for (unsigned int i = 0; i < 20; i++)
		keeps_across(do_sgi, "an SGI");
	irq_disable();
}

static unsigned int bad_rounds[NR_CPUS_MAX];

/* Each CPU with its own pattern, sleeping and exiting in between. */
static void own_pattern(void *arg)
{
	struct fp_state in, out;
	unsigned int me = this_cpu()->idx;

	(void)arg;
	gic_cpu_init();
	for (unsigned int round = 0; round < 100; round++) {
		fill(&in, me * 1000 + round);
		fp_load(&in);
		if (round % 4 == 0)
			do_wfi();
		else
			do_affinity();
		fp_store(&out);
		bad_rounds[me] += differences(&in, &out) != 0;
	}
}

static void cpus_do_not_share_registers(void)
{
	unsigned int nr = smp_nr();

	SKIP_UNLESS(nr > 1, "one CPU");
	gic_init();
	for (unsigned int i = 1; i < nr; i++)
		smp_start(i, own_pattern, NULL);
	own_pattern(NULL);
	for (unsigned int i = 0; i < nr; i++) {
		CHECK(i == 0 || smp_wait_off(i), "cpu %u stays on", i);
		CHECK_EQ(bad_rounds[i], 0, "rounds with changed registers");
	}
}

/* CPACR_EL1 is the guest's: its own trap comes to it as EC 0x07. */
static void own_trap_comes_to_the_guest(void)
{
	struct fp_state s;
	unsigned int n;

	fill(&s, 7);
	fp_load(&s);
	write_sysreg(cpacr_el1, 0);
	n = TRAPS(({ __asm__ volatile(".arch_extension fp\n fmov d0, xzr"); }));
	CHECK_EQ(n, 1, "exceptions with CPACR_EL1.FPEN 0");
	CHECK_EQ(ESR_EC(this_cpu()->trap.esr), EC_FP, "EC");
	CHECK_EQ(read_sysreg(cpacr_el1), 0, "CPACR_EL1");
	write_sysreg(cpacr_el1, 3ul << 20);
	__asm__ volatile("isb");
	keeps_across(do_hvc, "PSCI_VERSION after the trap");
}

GUEST_CASES(
	CASE(registers_survive_exits),
	CASE(registers_survive_sleep),
	CASE(registers_survive_interrupts),
	CASE(cpus_do_not_share_registers),
	CASE(own_trap_comes_to_the_guest));
