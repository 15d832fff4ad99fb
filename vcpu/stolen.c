/* SPDX-License-Identifier: Apache-2.0 */
#include <arch/timer.h>
#include "mm/window.h"
#include "vcpu/vcpu.h"

#define RECORD_NS 8                  /* offset of the time, 64 bits; the rest is 0 */
#define NS_PER_S  UINT64_C(1000000000)

/* Of any number of ticks: hours of them times 10^9 do not fit. */
static uint64_t ticks_to_ns(uint64_t ticks)
{
	uint64_t hz = arch_counter_hz();

	return ticks / hz * NS_PER_S + ticks % hz * NS_PER_S / hz;
}

void vcpu_stolen_tell(struct vcpu *vcpu)
{
	struct vcpu_stolen *s = &vcpu->stolen;
	/* Written while the thread does not run: not now. */
	uint64_t waited = vcpu->thread.waited;
	struct window w;
	char __guest *page;

	if (!s->asked || waited - s->told < STOLEN_COARSE)
		return;
	s->told = waited;
	page = window_open(&w, WINDOW_SLOT_COPY, PA(align_down(s->record.v, PAGE_SIZE)));
	/* One store: the guest may read it from another pCPU. */
	*(volatile __force uint64_t *)(page + (s->record.v & PAGE_MASK) + RECORD_NS) =
		ticks_to_ns(waited - s->base);
	window_close(&w);
}

void vcpu_stolen_restart(struct vcpu *vcpu, uint32_t life)
{
	struct vcpu_stolen *s = &vcpu->stolen;

	if (s->life == life)
		return;
	s->life = life;
	s->base = vcpu->thread.waited;
	s->asked = false;
}

void vcpu_stolen_asked(struct vcpu *vcpu)
{
	struct vcpu_stolen *s = &vcpu->stolen;

	if (s->asked || !s->record.v)
		return;
	s->asked = true;
	s->told = vcpu->thread.waited - STOLEN_COARSE;
	vcpu_stolen_tell(vcpu);
}
