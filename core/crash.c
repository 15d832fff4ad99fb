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
#include "core/unwind.h"

#define CHAIN_MAX 24
#define INSN_SIZE 4
#define NOBODY    UINT32_MAX

static struct crash_ops ops;
static _Atomic uint32_t reporter = NOBODY;

void crash_set_ops(const struct crash_ops *o)
{
	ops = *o;
}

static __attribute__((noreturn)) void stop_here(void)
{
	for (;;)
		arch_wfe();
}

static __attribute__((noreturn)) void end(void)
{
	if (ops.halt)
		ops.halt();
	stop_here();
}

/*
 * Takes the report for this pCPU and stops the others. The second pCPU to crash
 * waits for ever, a crash within the report ends it.
 */
static void begin(void)
{
	uint32_t expected = NOBODY;

	if (atomic_compare_exchange_strong(&reporter, &expected, cpu_self())) {
		if (ops.stop_others)
			ops.stop_others();
		return;
	}
	if (expected == cpu_self())
		end();
	stop_here();
}

static void __attribute__((format(printf, 1, 2))) print(const char *fmt, ...)
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

/* A place in the code on the way up. */
struct place {
	uint64_t pc;
	uint64_t sp;
	uint64_t lr;     /* x30, if nothing was called since: then pc is no return address */
};

/* The caller of a place; pc 0: there is none. */
static void go_up(struct place *p, const uint32_t *start, const uint32_t *insn)
{
	const uint64_t *stack = (const uint64_t *)(uintptr_t)p->sp;
	struct unwind_frame f;

	unwind_frame(start, insn, &f);
	if (f.pc_at == UNWIND_NONE) {
		*p = (struct place){ .pc = p->lr, .sp = p->sp + (uint32_t)f.size };
		return;
	}
	/* An exit of a guest lowers no SP, and a frame record lies on a stack of ours. */
	if (f.size == 0 || p->sp & 15 || p->sp < HYP_IMAGE_VA ||
	    p->sp >= HYP_REGION_END - PAGE_SIZE) {
		p->pc = 0;
		return;
	}
	p->pc = stack[f.pc_at / 8];
	p->lr = f.lr_at == f.pc_at ? 0 : stack[f.lr_at / 8];
	p->sp += (uint32_t)f.size;
}

static void print_chain(const struct crash_regs *r)
{
	struct place p = { .pc = r->pc, .sp = r->sp, .lr = r->x[30] };
	char name[SYMBOL_NAME_MAX];

	print("call chain:");
	for (int i = 0; i < CHAIN_MAX && p.pc != 0; i++) {
		/* The call tells the function: it may have been that one's last instruction. */
		uint64_t insn = p.pc - (p.lr ? 0 : INSN_SIZE), rest;

		if (!symbol_lookup(VA(insn), name, sizeof(name), &rest)) {
			print("  %012llx", (unsigned long long)p.pc);
			break;
		}
		print("  %012llx %s+0x%llx", (unsigned long long)p.pc, name,
			    (unsigned long long)(rest + p.pc - insn));
		go_up(&p, (const uint32_t *)(uintptr_t)(insn - rest),
		      (const uint32_t *)(uintptr_t)insn);
	}
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
		{ 0x3c, "BUG_ON" },
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

	print("ESR_EL2 %08llx: %s", (unsigned long long)r->esr, ec_words(ec));
	if (!is_abort)
		return;
	print("  %s, level %u, %s, FAR_EL2 %016llx",
		    fault_words(r->esr & 0x3f), (unsigned int)(r->esr & 3),
		    ec == 0x21 ? "fetch" : (r->esr & BIT(6)) ? "write" : "read",
		    (unsigned long long)r->far);
}

static void print_gprs(const struct crash_regs *r)
{
	for (int i = 0; i < 30; i += 3)
		print("x%-2d %016llx x%-2d %016llx x%-2d %016llx",
			    i, (unsigned long long)r->x[i],
			    i + 1, (unsigned long long)r->x[i + 1],
			    i + 2, (unsigned long long)r->x[i + 2]);
	print("x30 %016llx sp  %016llx pc  %016llx", (unsigned long long)r->x[30],
		    (unsigned long long)r->sp, (unsigned long long)r->pc);
}

/* A fault just below a thread's stack has one usual cause; name it. */
static void print_stack_hint(const struct crash_regs *r)
{
	const struct thread *t = arch_percpu()->current;

	if (!t)
		return;
	print("thread %s, stack %012llx-%012llx", t->name,
		    (unsigned long long)t->stack_base.v,
		    (unsigned long long)(t->stack_base.v + t->stack_size));
	if (r->far < t->stack_base.v && t->stack_base.v - r->far <= PAGE_SIZE)
		print("  the fault lies in the guard page: stack overflow");
}

void crash_report(const struct crash_regs *r)
{
	begin();
	print("CRASH at EL2 on pCPU %u", cpu_self());
	print_syndrome(r);
	print("SPSR_EL2 %08llx", (unsigned long long)r->pstate);
	print_gprs(r);
	print_stack_hint(r);
	print_chain(r);
	end();
}
