/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host/fake/vcpu_deps.h"

#include <string.h>

#include "irq/vgic_direct.h"
#include "mm/window.h"

struct fake_vcpu_deps fake_deps;

static void note(char c)
{
	size_t n = strlen(fake_deps.order);

	if (n + 1 < sizeof(fake_deps.order))
		fake_deps.order[n] = c;
}

void vgic_load(struct vgic_vcpu *v)
{
	(void)v;
	note('g');
}

void vgic_put(struct vgic_vcpu *v)
{
	(void)v;
	note('G');
}

void vgic_direct_end(struct vgic_vcpu *v)
{
	v->lr_used = 0;
	note('E');
}

void vtimer_load(struct vtimer *t)
{
	(void)t;
	note('t');
}

void vtimer_put(struct vtimer *t)
{
	(void)t;
	note('T');
}

void vtimer_freeze(struct vtimer *t)
{
	(void)t;
	note('F');
}

void vgic_sgi(struct vgic_vcpu *from, uint64_t val, enum vgic_sgi_reg reg)
{
	(void)from;
	fake_deps.sgi_value = val;
	fake_deps.sgi_reg = reg;
	fake_deps.sgis++;
}

void vgic_dir(struct vgic_vcpu *v, uint64_t val)
{
	(void)v;
	fake_deps.dir_value = val;
	fake_deps.dirs++;
}

uint64_t vgic_icc_read(const struct vgic_vcpu *v, enum vgic_icc reg)
{
	(void)v;
	return 0xa0 + reg;
}

void vgic_icc_write(struct vgic_vcpu *v, enum vgic_icc reg, uint64_t val)
{
	(void)v;
	fake_deps.icc_reg = reg;
	fake_deps.icc_value = val;
}

void vtimer_take_phys(struct vtimer *t)
{
	(void)t;
	fake_deps.cntp_takes++;
}

void thread_yield(void)
{
	fake_deps.yields++;
}

bool thread_has_rivals(const struct thread *t)
{
	(void)t;
	return fake_deps.rivals;
}

bool thread_must_sleep(const struct thread *t)
{
	(void)t;
	return fake_deps.must_sleep;
}

void *window_open(struct window *w, unsigned int slot, pa_t pa)
{
	(void)w;
	(void)slot;
	(void)pa;
	fake_deps.windows++;
	return fake_deps.page;
}

void window_close(struct window *w)
{
	(void)w;
}

int thread_set_params(struct thread *t, const struct sched_params *p)
{
	t->sched = *p;
	return fake_deps.params_error;
}

int thread_create(struct thread *t, const char *name, uint32_t cpu, uint32_t prio,
		  void (*entry)(void *arg), void *arg)
{
	static _Alignas(16) char stack[4096];

	(void)name;
	fake_deps.threads++;
	t->cpu = cpu;
	t->prio = prio;
	t->entry = entry;
	t->arg = arg;
	t->stack_base = va_of(stack);
	t->stack_size = sizeof(stack);
	return 0;
}

int thread_destroy(struct thread *t)
{
	(void)t;
	fake_deps.threads--;
	return 0;
}

va_t thread_stack_top(const struct thread *t)
{
	return va_add(t->stack_base, t->stack_size);
}

void fake_vcpu_init(struct fake_vcpu *f, struct vcpu_group *group)
{
	memset(f, 0, sizeof(*f));
	f->vcpu.regs = &f->regs;
	f->vcpu.group = group;
	f->vcpu.control.hcr = group->hcr;
	f->regs.pstate = SPSR_EL1H | SPSR_DAIF;
}
