/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets SErrors come, tells of each, and goes on; each millisecond it makes a call.
 *
 *     report=100   calls between two reports; 0: only when asked
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/prompt.h"
#include "lib/smccc.h"

static volatile unsigned int nr_serrors;
static unsigned int nr_calls;

static bool on_serror(struct trap_frame *f)
{
	nr_serrors++;
	gprintf("serror: taken, class %lx, masked %lu\n", ESR_EC(f->esr), f->spsr >> 8 & 1);
	return true;
}

static void report(void) { gprintf("serror: %u calls, %u taken\n", nr_calls, nr_serrors); }

static void serror(void)
{
	uint64_t every = guest_arg("report", 100);

	this_cpu()->serror_hook = on_serror;
	__asm__ volatile("msr daifclr, #4; isb" ::: "memory");
	gprintf("serror: ready\n");
	for (;;) {
		psci_call(PSCI_VERSION, 0, 0, 0);
		if (++nr_calls % every == 0)
			report();
		delay_ms(1);
	}
}

GUEST_CASES(CASE(serror));
