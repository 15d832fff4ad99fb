/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runtime of the EL1 test guests: cases, checks, output, CPUs.
 * A guest is one C file that ends in GUEST_CASES(...); see tests/guests/README.md.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/sysreg.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define NR_CPUS_MAX   16

/* One behaviour. The name is a sentence about the machine, in snake case. */
struct guest_case {
	const char *name;
	void      (*run)(void);
};

extern const struct guest_case guest_cases[];
extern const unsigned int      guest_nr_cases;

#define CASE(fn) { #fn, fn }

#define GUEST_CASES(...)                                                       \
	const struct guest_case guest_cases[] = { __VA_ARGS__ };               \
	const unsigned int guest_nr_cases = ARRAY_SIZE(guest_cases)

/* Registers as the loader left them; filled by boot.S before anything else. */
struct boot_state {
	uint64_t x[4];
	uint64_t current_el;
	uint64_t daif;
	uint64_t sctlr;
	uint64_t pc;        /* where the Image starts */
	uint64_t sp_sel;
	uint64_t count;     /* CNTPCT_EL0 at the first instruction: no reset restarts it */
};

extern struct boot_state boot_state;

/* ---- output ---- */

/**
 * gprintf() - print a line on the PL011, atomically between CPUs
 * @fmt: %s %c %d %u %x %p %%, with l or ll and a zero-padded width
 */
void gprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void gvprintf(const char *fmt, va_list ap);

/* ---- checks: a failed one fails the current case, which goes on ---- */

void guest_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void guest_skip(const char *why);

#define CHECK(cond, ...)                                                       \
	do {                                                                   \
		if (!(cond))                                                   \
			guest_fail(__FILE__, __LINE__, "" __VA_ARGS__);        \
	} while (0)

#define CHECK_EQ(got, want, what)                                              \
	do {                                                                   \
		uint64_t g_ = (uint64_t)(got), w_ = (uint64_t)(want);          \
		if (g_ != w_)                                                  \
			guest_fail(__FILE__, __LINE__,                         \
				   "%s: got 0x%lx, want 0x%lx", what, g_, w_); \
	} while (0)

/* Ends the case as "skip": the machine does not have what it is about. */
#define SKIP_UNLESS(cond, why)                                                 \
	do {                                                                   \
		if (!(cond)) {                                                 \
			guest_skip(why);                                       \
			return;                                                \
		}                                                              \
	} while (0)

/* ---- exceptions ---- */

struct trap_frame {
	uint64_t x[31];
	uint64_t elr;
	uint64_t spsr;
	uint64_t esr;
	uint64_t far;
	uint64_t pad;
};

#define ESR_EC(esr)  (((esr) >> 26) & 0x3f)
#define ESR_ISS(esr) ((esr) & 0x1ffffff)
#define ESR_IL(esr)  (((esr) >> 25) & 1)

#define EC_UNKNOWN   0x00
#define EC_FP        0x07
#define EC_SVC64     0x15
#define EC_SYS64     0x18
#define EC_IABT_CUR  0x21
#define EC_PC_ALIGN  0x22
#define EC_DABT_CUR  0x25
#define EC_SP_ALIGN  0x26
#define EC_BP_CUR    0x31
#define EC_STEP_CUR  0x33
#define EC_WP_CUR    0x35
#define EC_BRK64     0x3c

/* What trap_expect() has caught on this CPU. */
struct trap_log {
	bool         armed;
	unsigned int count;     /* exceptions since trap_expect()             */
	uint64_t     esr;       /* of the last one                            */
	uint64_t     far;
	uint64_t     elr;
	uint64_t     spsr;
	uint64_t     resume;    /* where to go on; 0: the next instruction    */
};

typedef void (*irq_hook_t)(void);
typedef bool (*sync_hook_t)(struct trap_frame *f);

struct cpu {
	unsigned int idx;
	uint64_t     mpidr;     /* affinity fields only                       */
	struct trap_log trap;
	irq_hook_t   irq_hook;
	sync_hook_t  sync_hook; /* asked first; true: handled                 */
	sync_hook_t  serror_hook;
	volatile unsigned int irq_count;
	void       (*fn)(void *arg);
	void        *arg;
	volatile uint32_t online; /* came up since the last smp_start()     */
};

static inline struct cpu *this_cpu(void)
{
	return (struct cpu *)read_sysreg(tpidr_el1);
}

/* Catch synchronous exceptions from here on: note them, go on after them. */
static inline struct trap_log *trap_expect(void)
{
	struct trap_log *t = &this_cpu()->trap;

	*t = (struct trap_log){ .armed = true };
	__asm__ volatile("isb" ::: "memory");
	return t;
}

static inline unsigned int trap_end(void)
{
	__asm__ volatile("dsb sy; isb" ::: "memory");
	this_cpu()->trap.armed = false;
	return this_cpu()->trap.count;
}

/* Runs the statement, gives the number of exceptions it took. */
#define TRAPS(stmt) ({ trap_expect(); stmt; trap_end(); })

/* ---- interrupts masked or not, on this CPU ---- */

static inline void irq_enable(void)  { __asm__ volatile("msr daifclr, #2; isb" ::: "memory"); }
static inline void irq_disable(void) { __asm__ volatile("msr daifset, #2; isb" ::: "memory"); }
static inline void wfi(void)         { __asm__ volatile("dsb sy; wfi" ::: "memory"); }

/* ---- time ---- */

static inline uint64_t ticks_now(void)
{
	__asm__ volatile("isb" ::: "memory");
	return read_sysreg(cntvct_el0);
}

static inline uint64_t ticks_per_ms(void) { return read_sysreg(cntfrq_el0) / 1000; }
void delay_ms(unsigned int ms);

/* True as soon as the condition holds, false when it did not within ms. */
#define WAIT_UNTIL(cond, ms)                                                   \
	({                                                                     \
		uint64_t end_ = ticks_now() + (uint64_t)(ms) * ticks_per_ms(); \
		bool ok_;                                                      \
		while (!(ok_ = (cond)) && ticks_now() < end_)                  \
			__asm__ volatile("yield"); /* one thread plays all CPUs */ \
		ok_ || (cond);                                                 \
	})

/* Generous: the emulator may share its host with many others. */
#define LONG_MS 20000

/* ---- CPUs ---- */

extern struct cpu cpus[NR_CPUS_MAX];

/**
 * smp_nr() - CPUs in the device tree
 */
unsigned int smp_nr(void);

/**
 * smp_start() - turn on a CPU by PSCI and run a function on it
 * @idx: index in the device tree, not 0
 * @fn:  runs with the MMU on and interrupts masked; the CPU turns itself off after it
 *
 * Return: true once the CPU has reached C code; false: PSCI refused or it did not come.
 */
bool smp_start(unsigned int idx, void (*fn)(void *arg), void *arg);

/* True once the CPU is off again (by AFFINITY_INFO). */
bool smp_wait_off(unsigned int idx);

/* True under Corbel, by the SMCCC vendor UID. For reports, never for expectations. */
bool running_under_corbel(void);

/* The decimal value of "name=" in /chosen bootargs, else the one given. */
uint64_t guest_arg(const char *name, uint64_t otherwise);

/* Raw entry points for CPU_ON tests. */
extern char secondary_entry[];
extern char vector_table[];

/* ---- memory ---- */

/* Turn code just written at [p, p + size) into code that may run. */
void code_sync(void *p, size_t size);

/* Clean and invalidate to the point of coherency: for readers with their MMU off. */
void dcache_civac(const void *p, size_t size);

void *memset(void *p, int c, size_t n);
void *memcpy(void *d, const void *s, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);

#define RW8(a)  (*(volatile uint8_t *)(uintptr_t)(a))
#define RW16(a) (*(volatile uint16_t *)(uintptr_t)(a))
#define RW32(a) (*(volatile uint32_t *)(uintptr_t)(a))
#define RW64(a) (*(volatile uint64_t *)(uintptr_t)(a))

/*
 * MMIO goes through one plain load or store, so that the compiler cannot pick a form with
 * writeback or a pair, which an exit does not describe (ISV = 0).
 */
static inline uint32_t mmio_r32(uintptr_t a)
{
	uint32_t v;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
	return v;
}

static inline void mmio_w32(uintptr_t a, uint32_t v)
{
	__asm__ volatile("str %w0, [%1]" : : "rZ"(v), "r"(a) : "memory");
}

static inline uint64_t mmio_r64(uintptr_t a)
{
	uint64_t v;

	__asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(a) : "memory");
	return v;
}

static inline void mmio_w64(uintptr_t a, uint64_t v)
{
	__asm__ volatile("str %x0, [%1]" : : "rZ"(v), "r"(a) : "memory");
}

static inline uint8_t mmio_r8(uintptr_t a)
{
	uint32_t v;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
	return (uint8_t)v;
}

static inline void mmio_w8(uintptr_t a, uint8_t v)
{
	__asm__ volatile("strb %w0, [%1]" : : "r"((uint32_t)v), "r"(a) : "memory");
}

static inline uint16_t mmio_r16(uintptr_t a)
{
	uint32_t v;

	__asm__ volatile("ldrh %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
	return (uint16_t)v;
}
