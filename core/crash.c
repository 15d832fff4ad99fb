/* SPDX-License-Identifier: Apache-2.0 */
#include "core/crash.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include <arch/cpu.h>
#include <arch/layout.h>
#include "core/lib/bits.h"
#include "core/lib/types.h"
#include "core/percpu.h"
#include "core/symbols.h"
#include "core/thread.h"

#define BACKTRACE_MAX 24
#define NOBODY        UINT32_MAX

static struct crash_ops ops;
static _Atomic uint32_t reporter = NOBODY;

void crash_set_ops(const struct crash_ops *o)
{
	ops = *o;
}

uint32_t crash_cpu(void)
{
	return cpu_self();
}

static __attribute__((noreturn)) void stop_here(void)
{
	for (;;)
		arch_wfe();
}

void crash_begin(void)
{
	uint32_t expected = NOBODY;

	if (atomic_compare_exchange_strong(&reporter, &expected, cpu_self())) {
		if (ops.stop_others)
			ops.stop_others();
		return;
	}
	if (expected == cpu_self())
		crash_end();
	stop_here();
}

void crash_print(const char *fmt, ...)
{
	char line[192];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	n = MIN(n, (int)sizeof(line) - 2);
	line[n] = '\n';
	if (ops.write)
		ops.write(line, (unsigned int)n + 1);
}

static void print_frame(uint64_t pc)
{
	char name[SYMBOL_NAME_MAX];
	uint64_t off = 0;

	if (symbol_lookup(VA(pc), name, sizeof(name), &off))
		crash_print("  %012llx %s+0x%llx", (unsigned long long)pc, name,
			    (unsigned long long)off);
	else
		crash_print("  %012llx", (unsigned long long)pc);
}

/* May a frame record lie here? Only on a stack of ours, and always further up. */
static bool frame_ok(uint64_t fp, uint64_t below)
{
	if (fp & 7 || fp <= below)
		return false;
	return fp >= HYP_IMAGE_VA && fp < HYP_REGION_END - 16;
}

void crash_backtrace(const void *pc, const void *frame)
{
	uint64_t fp = (uintptr_t)frame;
	uint64_t below = 0;

	crash_print("call chain:");
	print_frame((uintptr_t)pc);
	for (int i = 0; i < BACKTRACE_MAX && frame_ok(fp, below); i++) {
		const uint64_t *rec = (const uint64_t *)(uintptr_t)fp;

		if (rec[1] == 0)
			break;
		print_frame(rec[1]);
		below = fp;
		fp = rec[0];
	}
}

void crash_end(void)
{
	if (ops.halt)
		ops.halt();
	stop_here();
}

/* ESR_EL2.EC for exceptions EL2 can cause itself. */
static const char *ec_words(uint32_t ec)
{
	static const struct { uint8_t ec; const char *words; } names[] = {
		{ 0x00, "unknown or undefined instruction" },
		{ 0x07, "access to FP/SIMD" },
		{ 0x0d, "branch target exception" },
		{ 0x0e, "illegal execution state" },
		{ 0x18, "trapped system register access" },
		{ 0x1c, "pointer authentication failure" },
		{ 0x21, "instruction abort" },
		{ 0x22, "misaligned PC" },
		{ 0x25, "data abort" },
		{ 0x26, "misaligned SP" },
		{ 0x2f, "SError" },
		{ 0x3c, "BRK" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].ec == ec)
			return names[i].words;
	return "exception of another class";
}

/* ISS.DFSC/IFSC of aborts, by its upper bits; the low two are a level. */
static const char *fault_words(uint32_t fsc)
{
	static const char *const kinds[16] = {
		[0] = "address size fault", [1] = "translation fault",
		[2] = "access flag fault",  [3] = "permission fault",
		[4] = "external abort",     [5] = "external abort on a table walk",
		[6] = "parity or ECC error", [8] = "alignment fault",
		[12] = "TLB conflict",
	};
	const char *k = kinds[(fsc >> 2) & 15];

	return k ? k : "other fault";
}

static void print_syndrome(const struct crash_regs *r)
{
	uint32_t ec = (uint32_t)bits_get(BITS(31, 26), r->esr);
	bool is_abort = ec == 0x25 || ec == 0x21;

	crash_print("ESR_EL2 %08llx: %s", (unsigned long long)r->esr, ec_words(ec));
	if (!is_abort)
		return;
	crash_print("  %s, level %u, %s, FAR_EL2 %016llx",
		    fault_words(r->esr & 0x3f), (unsigned int)(r->esr & 3),
		    ec == 0x21 ? "fetch" : (r->esr & BIT(6)) ? "write" : "read",
		    (unsigned long long)r->far);
}

static void print_gprs(const struct crash_regs *r)
{
	for (int i = 0; i < 30; i += 3)
		crash_print("x%-2d %016llx x%-2d %016llx x%-2d %016llx",
			    i, (unsigned long long)r->x[i],
			    i + 1, (unsigned long long)r->x[i + 1],
			    i + 2, (unsigned long long)r->x[i + 2]);
	crash_print("x30 %016llx sp  %016llx pc  %016llx", (unsigned long long)r->x[30],
		    (unsigned long long)r->sp, (unsigned long long)r->pc);
}

/* A fault just below a thread's stack has one usual cause; name it. */
static void print_stack_hint(const struct crash_regs *r)
{
	const struct thread *t = arch_percpu()->current;

	if (!t)
		return;
	crash_print("thread %s, stack %012llx-%012llx", t->name,
		    (unsigned long long)t->stack_base.v,
		    (unsigned long long)(t->stack_base.v + t->stack_size));
	if (r->far < t->stack_base.v && t->stack_base.v - r->far <= PAGE_SIZE)
		crash_print("  the fault lies in the guard page: stack overflow");
}

void crash_report(const struct crash_regs *r)
{
	crash_begin();
	crash_print("CRASH at EL2 on pCPU %u", cpu_self());
	print_syndrome(r);
	crash_print("SPSR_EL2 %08llx", (unsigned long long)r->pstate);
	print_gprs(r);
	print_stack_hint(r);
	crash_backtrace((const void *)(uintptr_t)r->pc, (const void *)(uintptr_t)r->x[29]);
	crash_end();
}
