/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linked in place of core/vmm/manager.c: an image that, once all pCPUs are up,
 * tests itself at EL2 on all of them and powers off. No VM, no bundle.
 */
#include "core/vmm/manager.h"

#include <stddef.h>

#include <arch/cpu.h>
#include <arch/layout.h>
#include <arch/regs.h>
#include <arch/timer.h>
#include "core/log.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/thread.h"
#include "core/timer.h"
#include "core/vmm/hostio.h"
#include "core/vmm/machine.h"
#include "core/vmm/smp.h"
#include "mm/audit.h"
#include "mm/el2_map.h"
#include "tests/el2/boot_switch.h"
#include "tests/el2/copy_selftest.h"
#include "tests/el2/frames_selftest.h"
#include "tests/el2/hostio_selftest.h"

#define ROUNDS 600u
#define PRIO   10u

static struct thread threads[MAX_PCPUS];
static unsigned int nr;

struct vm *manager_vm(uint32_t i)
{
	(void)i;
	return NULL;
}

uint32_t manager_nr_vms(void)
{
	return 0;
}

static void say(void *ctx, const struct audit_finding *f)
{
	(void)ctx;
	log_err("audit: %s: table of %x, address %llx, frame %llx of %x", f->what, f->owner,
		(unsigned long long)f->addr, (unsigned long long)f->pa.v, f->frame_owner);
}

/*
 * On two pCPUs, for the report: the second runs into a bug in a handler, called by an
 * interrupt that came in a function called by another. Neither of them returns.
 */
static void crash_handler(struct timer *timer)
{
	BUG_ON(timer->deadline != 0);
}

static void __attribute__((noinline)) crash_wait(void)
{
	arch_irq_enable();
	for (;;)
		arch_cpu_relax();
}

static void __attribute__((noinline)) crash_selftest(unsigned int idx)
{
	static struct timer timer;

	if (idx == 1) {
		arch_irq_disable();
		timer_setup(&timer, crash_handler);
		timer_start(&timer, arch_counter());
	}
	crash_wait();
}

/* On three pCPUs, for the guard: more is written to a buffer than it has room for. */
static void __attribute__((noinline)) smash_selftest(void)
{
	char buffer[16];
	volatile char *p = buffer;

	for (unsigned int i = 0; i < sizeof(buffer) + 8; i++)
		p[i] = 'x';
}

/*
 * What an SError does, as no emulator makes one: ESR_EL2 and the others are written, and
 * its vector is next. Returns if EL2 goes on.
 */
static void __attribute__((noinline)) serror_raise(uint64_t esr)
{
	__asm__ volatile("msr	esr_el2, %0\n"
			 "	adr	x9, 1f\n"
			 "	msr	elr_el2, x9\n"
			 "	mrs	x9, daif\n"
			 "	add	x9, x9, #9\n"		/* EL2h */
			 "	msr	spsr_el2, x9\n"
			 "	msr	daifset, #0xf\n"
			 "	b	vectors + 0x380\n"
			 "1:" : : "r"(esr) : "x9", "memory");
}

/* On five pCPUs: two that can be borne, with and without interrupts masked, and one that cannot. */
static void __attribute__((noinline)) serror_selftest(void)
{
	const uint64_t ras = BITS_VAL(ESR_EC, EC_SERROR) | ESR_IL | DFSC_SERROR;
	uint64_t flags;

	serror_raise(ras | BITS_VAL(ISS_SERROR_AET, AET_CORRECTED));
	flags = arch_irq_save();
	serror_raise(ras | BITS_VAL(ISS_SERROR_AET, AET_RESTARTABLE));
	arch_irq_restore(flags);
	log_info("selftest: two SErrors borne");
	serror_raise(ras);
}

/* On six pCPUs of a kind that checks it: a call to where no function begins. */
static void __attribute__((noinline)) target_selftest(void)
{
	const char *(*volatile begin)(void) = frames_selftest_error;
	void (*volatile inside)(void) = (void (*)(void))((uintptr_t)frames_selftest_error + 4);

	(void)begin();
	log_info("selftest: called by address");
	inside();
	log_err("selftest: FAILED: a call to inside of a function");
}

/* Every pCPU takes part; the first tells the result. */
static void body(void *arg)
{
	unsigned int idx = (unsigned int)(uintptr_t)arg;
	struct audit_totals totals;
	va_t where;
	uint64_t at;
	int err;

	if (hostio_nr_disks()) {
		if (idx == 0 && hostio_selftest_run() == 0)
			log_info("selftest: PASSED, disks and network");
		if (idx == 0)
			machine_poweroff();
		return;
	}
	if (nr == 2)
		crash_selftest(idx);
	if (nr == 3 && idx == 0)
		smash_selftest();
	if (nr == 5 && idx == 0)
		serror_selftest();
	if (nr == 6 && idx == 0)
		target_selftest();
	err = frames_selftest_run(idx, nr, ROUNDS);
	if (idx != 0)
		return;
	log_info("selftest: %u pCPUs, %u rounds each", nr, ROUNDS);
	if (err)
		log_err("selftest: FAILED: %s", frames_selftest_error());
	else if (audit_run(say, NULL, &totals))
		log_err("selftest: FAILED: the audit has findings");
	else if (el2_map_check_wx(&where))
		log_err("selftest: FAILED: %llx is writable and executable",
			(unsigned long long)where.v);
	else if (!copy_selftest())
		log_err("selftest: FAILED: memcpy()");
	else if (boot_switch_check(&at) <= 0)
		log_err("selftest: FAILED: %llx changes from boot to final tables",
			(unsigned long long)at);
	else
		log_info("selftest: PASSED, EL2 maps %llu KiB",
			 (unsigned long long)totals.el2_size >> 10);
	machine_poweroff();
}

void manager_start(struct uart_phys *uart)
{
	uint64_t online = smp_online();

	(void)uart;
	hostio_init(0, PRIO);
	for (uint32_t cpu = 0; cpu < MAX_PCPUS; cpu++) {
		if (!(online >> cpu & 1))
			continue;
		BUG_ON(thread_create(&threads[nr], "selftest", cpu, PRIO, body,
				     (void *)(uintptr_t)nr));
		nr++;
	}
	/* Only now: the stacks of the last would be missing in the first's counts. */
	for (unsigned int i = 0; i < nr; i++)
		thread_start(&threads[i]);
}
