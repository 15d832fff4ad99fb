/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions: noted when expected, passed to a hook, fatal to the guest otherwise. */
#include "lib/guest.h"

void trap_fatal(const struct trap_frame *f, unsigned int kind);
void trap_entry(struct trap_frame *f, unsigned int kind);

#define KIND_SYNC 0
#define KIND_IRQ  1
#define KIND_SERROR 3
#define SPSR_IL   (1ul << 20)	/* would fault again after the return */

static void note(struct trap_log *t, struct trap_frame *f)
{
	t->count++;
	t->esr = f->esr;
	t->far = f->far;
	t->elr = f->elr;
	t->spsr = f->spsr;
	f->spsr &= ~SPSR_IL;
	/* SVC and its kin return behind themselves, everything else to the instruction. */
	if (t->resume)
		f->elr = t->resume;
	else if (ESR_EC(f->esr) != EC_SVC64)
		f->elr += 4;
}

void trap_entry(struct trap_frame *f, unsigned int kind)
{
	struct cpu *cpu = this_cpu();
	bool current_el = kind >= 4 && kind < 8;
	unsigned int what = kind & 3;

	if (what == KIND_IRQ && current_el && cpu->irq_hook) {
		cpu->irq_count++;
		cpu->irq_hook();
		return;
	}
	if (what == KIND_SYNC && current_el) {
		if (cpu->sync_hook && cpu->sync_hook(f))
			return;
		if (cpu->trap.armed) {
			note(&cpu->trap, f);
			return;
		}
	}
	if (what == KIND_SERROR && current_el && cpu->serror_hook && cpu->serror_hook(f))
		return;
	trap_fatal(f, kind);
}
