/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host/fake/el1_state.h"

#include <string.h>

#include "core/percpu.h"

struct fake_pcpu fake_pcpus[MAX_PCPUS];
uint32_t fake_features;
uint64_t (*fake_translate)(uint64_t va);

struct fake_pcpu *fake_pcpu(void)
{
	return &fake_pcpus[cpu_self()];
}

void fake_pcpus_reset(void)
{
	memset(fake_pcpus, 0, sizeof(fake_pcpus));
	for (uint32_t i = 0; i < MAX_PCPUS; i++)
		fake_pcpus[i].fp_trap = true;
	fake_translate = NULL;
}

void arch_guest_cpu_init(bool hcrx)
{
	fake_pcpu()->inits++;
	fake_pcpu()->hcrx_inits += hcrx;
}

void arch_el1_set_features(uint32_t features)
{
	fake_features = features;
}

void arch_idregs_read(uint64_t *raw)
{
	memcpy(raw, fake_pcpu()->idregs, sizeof(fake_pcpu()->idregs));
}

uint64_t arch_revidr(void)
{
	return 0x11;
}

uint64_t arch_aidr(void)
{
	return 0x22;
}

void arch_el1_save(struct el1_state *s)
{
	uint64_t vsesr = s->vsesr;   /* EL1 cannot change it */

	*s = fake_pcpu()->el1;
	s->vsesr = vsesr;
	fake_pcpu()->el1_saves++;
}

void arch_el1_load(const struct el1_state *s)
{
	fake_pcpu()->el1 = *s;
	fake_pcpu()->vsesr = s->vsesr;
	fake_pcpu()->el1_loads++;
}

void arch_exception_read(struct el1_exception *e)
{
	e->sctlr = fake_pcpu()->el1.sctlr;
	e->vbar = fake_pcpu()->el1.vbar;
}

void arch_exception_write(const struct el1_exception *e)
{
	struct el1_state *s = &fake_pcpu()->el1;

	s->elr = e->elr;
	s->spsr = e->spsr;
	s->esr = e->esr;
	if (e->has_far)
		s->far = e->far;
}

void arch_walk_read(struct el1_walk *w)
{
	w->sctlr = fake_pcpu()->el1.sctlr;
	w->tcr = fake_pcpu()->el1.tcr;
	w->ttbr0 = fake_pcpu()->el1.ttbr0;
	w->ttbr1 = fake_pcpu()->el1.ttbr1;
}

void arch_guest_control_load(const struct guest_control *c)
{
	fake_pcpu()->hcr = c->hcr;
	fake_pcpu()->vttbr = c->vttbr;
	fake_pcpu()->vtcr = c->vtcr;
	fake_pcpu()->vmpidr = c->vmpidr;
}

uint64_t arch_hcr_read(void)
{
	return fake_pcpu()->hcr;
}

void arch_hcr_write(uint64_t hcr)
{
	fake_pcpu()->hcr = hcr;
	fake_pcpu()->hcr_writes++;
}

void arch_vsesr_write(uint64_t vsesr)
{
	fake_pcpu()->vsesr = vsesr;
}

void arch_guest_tlb_flush_local(void)
{
	fake_pcpu()->tlb_flushes++;
}

void arch_fp_trap(bool on)
{
	fake_pcpu()->fp_trap = on;
}

/* As the hardware: EL2 would trap into itself. */
static void check_fp_open(void)
{
	if (fake_pcpu()->fp_trap)
		__builtin_trap();
}

void arch_fp_save(struct fp_state *s)
{
	check_fp_open();
	*s = fake_pcpu()->fp;
	fake_pcpu()->fp_saves++;
}

void arch_fp_load(const struct fp_state *s)
{
	check_fp_open();
	fake_pcpu()->fp = *s;
	fake_pcpu()->fp_loads++;
}

void arch_mdscr_write(uint64_t mdscr)
{
	fake_pcpu()->mdscr = mdscr;
}

void arch_os_lock(bool locked)
{
	fake_pcpu()->os_lock = locked;
}

void arch_debug_write(enum debug_bank bank, uint32_t n, uint64_t value)
{
	fake_pcpu()->debug[bank][n] = value;
	fake_pcpu()->debug_writes++;
}

uint64_t arch_translate_s1(uint64_t va)
{
	fake_pcpu()->translations++;
	return fake_translate ? fake_translate(va) : PAR_F;
}

uint64_t arch_far(void)
{
	return fake_pcpu()->far;
}

uint64_t arch_hpfar(void)
{
	return fake_pcpu()->hpfar;
}
