/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the cases of a guest one after the other, reports, powers off. */
#include "lib/fdt.h"
#include "lib/guest.h"
#include "lib/smccc.h"
#include "lib/uart.h"

struct boot_state boot_state;
struct cpu cpus[NR_CPUS_MAX];

static volatile unsigned int case_failures;
static const char *case_skipped;
static unsigned int nr_passed, nr_failed, nr_skipped;

void guest_start(void) __attribute__((noreturn));

void guest_fail(const char *file, int line, const char *fmt, ...)
{
	unsigned int n = __atomic_add_fetch(&case_failures, 1, __ATOMIC_RELAXED);
	va_list ap;

	if (n > 20)
		return;
	gprintf("  %s:%d: ", file, line);
	va_start(ap, fmt);
	gvprintf(fmt, ap);
	va_end(ap);
	gprintf("\n");
}

void guest_skip(const char *why)
{
	case_skipped = why;
}

bool running_under_corbel(void)
{
	return hvc_call(SMCCC_VENDOR_HYP_UID, 0, 0, 0) != SMCCC_NOT_SUPPORTED;
}

bool smc_available(void)
{
	struct smccc s = { { PSCI_VERSION, 0, 0, 0 } };

	return TRAPS(smccc_smc(&s)) == 0;
}

void delay_ms(unsigned int ms)
{
	WAIT_UNTIL(false, ms);
}

uint64_t guest_arg(const char *name, uint64_t otherwise)
{
	const void *fdt = (const void *)boot_state.x[0];
	long chosen = fdt_ok(fdt) ? fdt_find(fdt, "/chosen") : -1;
	const char *p = chosen < 0 ? NULL : fdt_prop(fdt, chosen, "bootargs", NULL);
	size_t len = strlen(name);
	uint64_t v = 0;

	for (; p && *p; p++) {
		if (strncmp(p, name, len) == 0 && p[len] == '=') {
			for (p += len + 1; *p >= '0' && *p <= '9'; p++)
				v = v * 10 + (uint64_t)(*p - '0');
			return v;
		}
	}
	return otherwise;
}

static void finish(void) __attribute__((noreturn));
static void finish(void)
{
	gprintf("DONE %u passed, %u failed, %u skipped\n", nr_passed, nr_failed, nr_skipped);
	for (;;)
		hvc_call(PSCI_SYSTEM_OFF, 0, 0, 0);
}

static void run_case(const struct guest_case *c)
{
	case_failures = 0;
	case_skipped = NULL;
	c->run();
	irq_disable();
	this_cpu()->irq_hook = NULL;
	this_cpu()->sync_hook = NULL;
	this_cpu()->trap.armed = false;
	if (case_failures) {
		nr_failed++;
		gprintf("FAIL %s: %u checks\n", c->name, case_failures);
	} else if (case_skipped) {
		nr_skipped++;
		gprintf("skip %s: %s\n", c->name, case_skipped);
	} else {
		nr_passed++;
		gprintf("ok %s\n", c->name);
	}
}

void guest_start(void)
{
	cpus[0].mpidr = read_sysreg(mpidr_el1) & 0xff00ffffffull;
	uart_init();
	gprintf("\nGUEST %s\n", running_under_corbel() ? "under Corbel" : "bare");
	for (unsigned int i = 0; i < guest_nr_cases; i++)
		run_case(&guest_cases[i]);
	finish();
}

/* An exception nobody expected: no case after it could be trusted. */
void trap_fatal(const struct trap_frame *f, unsigned int kind);
void trap_fatal(const struct trap_frame *f, unsigned int kind)
{
	gprintf("  cpu %u: unexpected exception, vector %u, at Image+%lx\n", this_cpu()->idx, kind,
		f->elr - boot_state.pc);
	gprintf("  ESR %lx ELR %lx FAR %lx SPSR %lx\n", f->esr, f->elr, f->far, f->spsr);
	for (unsigned int i = 0; i < 30; i += 5)
		gprintf("  x%u: %016lx %016lx %016lx %016lx %016lx\n", i, f->x[i], f->x[i + 1],
			f->x[i + 2], f->x[i + 3], f->x[i + 4]);
	gprintf("FAIL unexpected_exception: vector %u\n", kind);
	nr_failed++;
	finish();
}
