/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exits and interrupts cost. Under -icount shift=0 one instruction is one nanosecond of
 * the counter, so the figures are instructions, the hypervisor's included, and repeat exactly.
 * The counter's grain is 16 instructions at 62.5 MHz: all figures are means over many rounds.
 * Prints "bench NAME VALUE"; driven by letters: r reset, b measure.
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/smccc.h"
#include "lib/uart.h"

#define LOOPS 256u

static uint64_t ns(uint64_t ticks)
{
	uint64_t f = read_sysreg(cntfrq_el0);

	return ticks / f * 1000000000ul + ticks % f * 1000000000ul / f;
}

static uint64_t empty_loop;

/* Mean of one round of an operation, the loop around it taken off. */
static void measure(const char *name, void (*op)(void))
{
	uint64_t start, total;

	op();						/* what is lazy is done once */
	start = ticks_now();
	for (unsigned int i = 0; i < LOOPS; i++)
		op();
	total = ns(ticks_now() - start);
	if (!empty_loop)
		empty_loop = total;
	else
		gprintf("bench %s %lu\n", name,
			total > empty_loop ? (total - empty_loop) / LOOPS : 0);
}

static void op_nothing(void) { __asm__ volatile("" ::: "memory"); }

static void op_hvc(void)
{
	__asm__ volatile("ldr x0, =0x84000000\n hvc #0" ::: "x0", "x1", "x2", "x3", "memory");
}

static void op_smc(void)
{
	__asm__ volatile("ldr x0, =0x84000000\n smc #0" ::: "x0", "x1", "x2", "x3", "memory");
}

static void op_unknown(void)
{
	__asm__ volatile("ldr x0, =0x8400ffff\n hvc #0" ::: "x0", "x1", "x2", "x3", "memory");
}

static void op_gicd_typer(void) { (void)mmio_r32(GICD(GICD_TYPER)); }
static void op_gicd_prio(void) { (void)mmio_r32(GICD(GICD_IPRIORITYR) + 40); }
static void op_gicd_enable(void) { mmio_w32(GICD(GICD_ISENABLER) + 4, 0); }
static void op_gicd_enable_all(void) { mmio_w32(GICD(GICD_ISENABLER) + 4, 0xffffff00); }
static void op_gicd_disable_all(void) { mmio_w32(GICD(GICD_ICENABLER) + 4, 0xffffff00); }
static uintptr_t my_redist;
static void op_gicr_typer(void) { (void)mmio_r64(my_redist + GICR_TYPER); }
static void op_uart_fr(void) { (void)mmio_r32(UARTFR); }
static void op_id_register(void) { (void)read_sysreg(id_aa64pfr0_el1); }
static void op_cntp_ctl(void) { (void)read_sysreg(cntp_ctl_el0); }
static void op_cntp_cval(void) { write_sysreg(cntp_cval_el0, ~0ul); }
static void op_icc_pmr(void) { write_sysreg(ICC_PMR_EL1, 0xf0); }
static void op_cntv_cval(void) { write_sysreg(cntv_cval_el0, 1ul << 60); }

static volatile unsigned int taken;

static void count_irq(void)
{
	uint32_t id = gic_ack();

	taken++;
	gic_eoi(id);
}

static uint64_t sgi_self;

/* From the send to the instruction behind it, the handler in between. */
static void op_sgi_self(void)
{
	unsigned int before = taken;

	gic_sgi_send(sgi_self);
	while (taken == before)
		;
}

static void interrupts_of_one_cpu(void)
{
	gic_bit_set(GICD_ISENABLER, 1);
	sgi_self = gic_sgi_to(1, read_sysreg(mpidr_el1));
	this_cpu()->irq_hook = count_irq;
	irq_enable();
	measure("sgi_to_self", op_sgi_self);
	irq_disable();
}

/* ---- the virtual timer: deadline to the first instruction of the handler ---- */

static volatile uint64_t late;

static void timer_irq(void)
{
	uint64_t now = read_sysreg(cntvct_el0);
	uint32_t id = gic_ack();

	late += now - read_sysreg(cntv_cval_el0);
	write_sysreg(cntv_ctl_el0, 0);
	__asm__ volatile("isb");
	gic_eoi(id);
	taken++;
}

static void timer_rounds(const char *name, bool sleep)
{
	late = 0;
	this_cpu()->irq_hook = timer_irq;
	irq_enable();
	for (unsigned int i = 0; i < LOOPS; i++) {
		unsigned int before = taken;

		write_sysreg(cntv_cval_el0, ticks_now() + 1000);
		write_sysreg(cntv_ctl_el0, 1);
		while (taken == before) {
			if (sleep)
				wfi();
		}
	}
	irq_disable();
	gprintf("bench %s %lu\n", name, ns(late) / LOOPS);
}

/* ---- between two CPUs ---- */

static volatile uint64_t sent_at, one_way;
static volatile bool other_ready, stop;

static void pong(void)
{
	uint64_t now = read_sysreg(cntvct_el0);
	uint32_t id = gic_ack();

	if (id == 2)
		one_way += now - sent_at;
	gic_eoi(id);
	if (id == 2)
		gic_sgi_send(gic_sgi_to(3, cpus[0].mpidr));
}

static void other(void *arg)
{
	(void)arg;
	gic_cpu_init();
	gic_bit_set(GICD_ISENABLER, 2);
	gic_bit_set(GICD_ISENABLER, 4);
	this_cpu()->irq_hook = pong;
	other_ready = true;
	irq_enable();
	while (!stop)
		wfi();
	irq_disable();
}

/*
 * Both sleep between interrupts: under -icount one emulator thread plays all CPUs and goes
 * from one to the next when it sleeps, so that busy waiting would only count itself.
 */
static void two_cpus(void)
{
	uint64_t start, total;

	other_ready = stop = false;
	one_way = 0;
	if (!smp_start(1, other, NULL) || !WAIT_UNTIL(other_ready, LONG_MS))
		return;
	gic_bit_set(GICD_ISENABLER, 3);
	this_cpu()->irq_hook = count_irq;
	delay_ms(1);
	irq_enable();
	start = ticks_now();
	for (unsigned int i = 0; i < LOOPS; i++) {
		unsigned int before = taken;

		sent_at = ticks_now();
		gic_sgi_send(gic_sgi_to(2, cpus[1].mpidr));
		while (taken == before)
			wfi();
	}
	total = ticks_now() - start;
	irq_disable();
	stop = true;
	gic_sgi_send(gic_sgi_to(4, cpus[1].mpidr));
	smp_wait_off(1);
	gprintf("bench sgi_to_other_cpu %lu\n", ns(one_way) / LOOPS);
	gprintf("bench ipi_round_trip %lu\n", ns(total) / LOOPS);
}

/* ---- CPU_ON to the first instruction there ---- */

static volatile uint64_t first_insn __attribute__((aligned(64)));
void bench_entry(void);

__asm__(".text\nbench_entry:\n"
	"	mrs x1, cntvct_el0\n	str x1, [x0]\n	dsb sy\n"
	"	ldr x0, =0x84000002\n	hvc #0\n1:	b 1b\n	.ltorg\n");

static void cpu_on_rounds(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < 16; i++) {
		uint64_t start;

		first_insn = 0;
		dcache_civac((const void *)&first_insn, 8);
		start = ticks_now();
		psci_call(PSCI_CPU_ON64, cpus[1].mpidr, (uintptr_t)bench_entry,
			  (uintptr_t)&first_insn);
		if (!WAIT_UNTIL((dcache_civac((const void *)&first_insn, 8), first_insn), LONG_MS))
			return;
		sum += first_insn - start;
		smp_wait_off(1);
	}
	gprintf("bench cpu_on_to_first_instruction %lu\n", ns(sum) / 16);
}

static void all(void)
{
	gic_init();
	my_redist = gic_redist();
	measure("", op_nothing);
	measure("hvc_psci_version", op_hvc);
	if (smc_available())
		measure("smc_psci_version", op_smc);
	measure("hvc_unknown", op_unknown);
	measure("gicd_typer_read", op_gicd_typer);
	measure("gicr_typer_read", op_gicr_typer);
	measure("gicd_ipriorityr_read", op_gicd_prio);
	measure("gicd_isenabler_write_nothing", op_gicd_enable);
	measure("gicd_isenabler_write_24", op_gicd_enable_all);
	measure("gicd_icenabler_write_24", op_gicd_disable_all);
	measure("uart_fr_read", op_uart_fr);
	measure("id_register_read", op_id_register);
	measure("cntp_ctl_read", op_cntp_ctl);
	measure("cntp_cval_write", op_cntp_cval);
	measure("cntv_cval_write", op_cntv_cval);
	measure("icc_pmr_write", op_icc_pmr);
	interrupts_of_one_cpu();
	gic_bit_set(GICD_ISENABLER, INTID_VTIMER);
	timer_rounds("vtimer_to_vector_busy", false);
	timer_rounds("vtimer_to_vector_from_wfi", true);
	if (smp_nr() < 2)
		return;
	two_cpus();
	cpu_on_rounds();
}

static void bench(void)
{
	int letter;

	gprintf("first_at %lu\nREADY\n", ns(boot_state.count));
	letter = uart_getc(LONG_MS * 10);
	if (letter == 'r') {
		gprintf("reset_at %lu\n", ns(read_sysreg(cntpct_el0)));
		hvc_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	}
	CHECK_EQ(letter, 'b', "letter");
	all();
}

GUEST_CASES(CASE(bench));
