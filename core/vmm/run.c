/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spine: every exit comes in here from vectors.S, is decoded, routed
 * vcpu -> vm -> vmm, and what the layers answered is carried out in one place.
 * Returning goes back to the guest.
 */
#include "core/vmm/run.h"

#include <arch/cpu.h>
#include <arch/fast.h>
#include <arch/switch.h>
#include "core/log.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/sched.h"
#include "core/serror.h"
#include "core/trace.h"
#include "core/vmm/cpu_init.h"
#include "core/vmm/exits.h"
#include "core/vmm/light.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "irq/vgic_direct.h"
#include "irq/vtimer.h"
#include "vcpu/exit.h"
#include "vcpu/inject.h"
#include "vcpu/vcpu.h"
#include "vm/lifecycle.h"
#include "vm/vm.h"

#define WAKE_BITS ((uint32_t)(VGIC_FLUSH_BITS | THREAD_REQ_SGIS | THREAD_REQ_VCPU))

/* Requests that come while we look at them are seen in a further round, but not without end. */
#define REQUEST_ROUNDS 4

static inline __attribute__((always_inline)) uint32_t requests_of(struct vcpu *v)
{
	return atomic_load_explicit(&v->thread.requests, memory_order_acquire);
}

/* All but THREAD_REQ_DIRECT, which stays set and is for who enters the guest. */
#define REQUESTS_ASKED (CONFIG_DIRECT ? ~(uint32_t)THREAD_REQ_DIRECT : ~0u)

/* What was asked of this vCPU's thread, before it goes (back) to the guest, or else sleeps. */
static inline __attribute__((always_inline)) void answer(struct vcpu *v, bool enters)
{
	for (int round = 0; round < REQUEST_ROUNDS; round++) {
		uint32_t req = requests_of(v);

		if (!(req & REQUESTS_ASKED)) {
			if (CONFIG_DIRECT && req && enters)
				vgic_direct_begin(&v->vgic);
			return;
		}
		if (req & THREAD_REQ_RESCHED) {
			/* Switched in again, that was done already. */
			if (!sched_point())
				vcpu_update_wfx_trap(v);
		}
		if ((req & THREAD_REQ_VCPU) && !vm_vcpu_orders(v))
			thread_exit();
		if (req & (VGIC_FLUSH_BITS | THREAD_REQ_SGIS))
			vgic_flush(&v->vgic);
	}
	/* Left behind: the interrupt comes as soon as the guest is entered. */
	if (requests_of(v) & REQUESTS_ASKED)
		cpu_kick(cpu_self());
}

static __attribute__((noinline)) void requests_answer(struct vcpu *v)
{
	answer(v, true);
}

static __attribute__((noinline)) void requests_answer_asleep(struct vcpu *v)
{
	if (CONFIG_DIRECT)
		answer(v, false);
	else
		requests_answer(v);
}

static inline __attribute__((always_inline)) void requests_handle(struct vcpu *v)
{
	if (requests_of(v))
		requests_answer(v);
}

/* Sleep until the guest has an interrupt to take, or somebody has an order. */
static void wait_for_interrupt(struct vcpu *v)
{
	uint32_t starts = vm_vcpu_starts(v);

	if (requests_of(v) & REQUESTS_ASKED)
		requests_answer_asleep(v);
	/* A reset meanwhile has ended the sleep: the vCPU is another life's. */
	while (starts == vm_vcpu_starts(v) && !vgic_deliverable(&v->vgic) &&
	       !(requests_of(v) & THREAD_REQ_VCPU)) {
		thread_block(WAKE_BITS);
		if (requests_of(v) & REQUESTS_ASKED)
			requests_answer_asleep(v);
	}
}

static void stop_vm(struct vcpu *v, const struct exit_info *e)
{
	if (vm_order(v->vm, VM_ORDER_CRASH))
		log_guest(vm_name(v->vm), "vCPU %u cannot go on: exit class %02x at pc %llx",
			  v->idx, e->ec, (unsigned long long)e->pc);
}

static void verdict_apply(struct vcpu *v, const struct exit_info *e, enum exit_verdict verdict)
{
	switch (verdict) {
	case EXIT_DONE:
		vcpu_advance(v, e);
		break;
	case EXIT_RETRY:
		break;
	case EXIT_BLOCK:
		vcpu_advance(v, e);
		wait_for_interrupt(v);
		break;
	case EXIT_ABORT:
		if (!vcpu_inject_abort(v, e))
			stop_vm(v, e);
		break;
	case EXIT_STOP_VM:
		stop_vm(v, e);
		break;
	case EXIT_UNDEF:
	case EXIT_UP:
		if (!vcpu_inject_undef(v))
			stop_vm(v, e);
		break;
	}
}

/* Tracing is a layer before the first, which passes everything up. */
#define LAYER_TRACE (-1)

static exit_table trace_exits;

static enum exit_verdict trace_exit(struct vcpu *v, const struct exit_info *e)
{
	(void)v;
	trace_put(TRACE_EXIT, e->ec, e->pc);
	return EXIT_UP;
}

void run_trace(bool on)
{
	for (uint32_t ec = 0; ec < EC_NR; ec++)
		trace_exits[ec] = trace_exit;
	for (uint32_t cpu = 0; cpu < nr_pcpus; cpu++)
		atomic_store_explicit(&percpus[cpu].traced, on ? LAYER_TRACE : LAYER_VCPU,
				      memory_order_release);
}

/* Ask the layers in their order; the first that does not pass up decides. */
static enum exit_verdict route(struct vcpu *v, const struct exit_info *e, long layer)
{
	static const exit_table *const layers[1 + LAYER_NR] = {
		&trace_exits, &vcpu_exits, &vm_exits, &vmm_exits,
	};
	const exit_table *const *from_first = &layers[-LAYER_TRACE];

	do {
		exit_fn fn = (*from_first[layer])[e->ec];
		enum exit_verdict verdict = fn ? fn(v, e) : EXIT_UP;

		if (verdict != EXIT_UP) {
			vcpu_count(v, layer, e->ec);
			return verdict;
		}
	} while (++layer < LAYER_NR);
	v->stats.unclaimed++;
	return EXIT_UNDEF;
}

/* WFI of AArch64, which has no condition to fail. */
#define ESR_WFI (BITS_VAL(ESR_EC, EC_WFX) | ESR_IL | ISS_CV | \
		 BITS_VAL(ISS_COND, 0xe) | BITS_VAL(ISS_WFX_TI, WFX_TI_WFI))

/* What most sleeping guests do, past the tables and with nothing in PSTATE to be cleared. */
static inline bool is_plain_wfi(const struct arch_gpregs *regs, long first)
{
	return regs->esr == ESR_WFI && first == LAYER_VCPU && !(regs->pstate & SPSR_PLAIN_MASK);
}

static __attribute__((noinline))
void exit_sync(struct vcpu *v, struct arch_gpregs *regs, uint32_t light, long first)
{
	struct exit_info e;
	enum exit_verdict verdict = exit_read(v, &e);

	/* A call's return address is the next instruction; all else reports pc. */
	regs->pc = e.pc;
	if (light != LIGHT_GENERAL)
		verdict = (enum exit_verdict)((light >> 2) - 1);
	else if (verdict == EXIT_UP)
		verdict = route(v, &e, first);
	verdict_apply(v, &e, verdict);
}

void vmm_exit_sync(struct arch_gpregs *regs, uint32_t light)
{
	const struct percpu *cpu = arch_percpu();
	struct vcpu *v = vcpu_of(cpu->current);
	long first = atomic_load_explicit(&cpu->traced, memory_order_relaxed);

	if (light == LIGHT_GENERAL && is_plain_wfi(regs, first)) {
		vcpu_count(v, LAYER_VCPU, EC_WFX);
		regs->pc += 4;
		wait_for_interrupt(v);
	} else {
		exit_sync(v, regs, light, first);
	}
	requests_handle(v);
}

void vmm_exit_requests(void)
{
	requests_answer(vcpu_of(thread_current()));
}

void vmm_exit_serror(struct arch_gpregs *regs)
{
	struct vcpu *v = vcpu_of(thread_current());

	/* An error that the guest's accesses caused goes back to who caused it. */
	v->stats.serror++;
	log_guest(vm_name(v->vm), "vCPU %u: SError, ESR_EL2 %llx", v->idx,
		  (unsigned long long)regs->esr);
	if (!serror_goes_on(regs->esr))
		vcpu_inject_serror(v, (uint32_t)(regs->esr & ESR_ISS));
	requests_handle(v);
}

void vmm_el2_irq(void)
{
	irq_dispatch();
	sched_point();
}

void vmm_el2_fiq(void)
{
	if (arch_percpu()->aloof)
		vgic_direct_end(vgic_loaded());
	irq_dispatch_own();
	sched_point();
}

bool vmm_el2_serror(uint64_t esr)
{
	if (vcpu_take_serror((uint32_t)(esr & ESR_ISS)))
		return true;
	if (!serror_goes_on(esr))
		return false;
	log_guest("EL2", "SError on pCPU %u, ESR_EL2 %llx: contained, going on", cpu_self(),
		  (unsigned long long)esr);
	return true;
}

void run_vcpu(void *vcpu)
{
	struct vcpu *v = vcpu;

	arch_irq_disable();
	if (!vm_vcpu_orders(v))
		thread_exit();
	requests_handle(v);
	vcpu_update_wfx_trap(v);
	/* It may have been made while tracing was turned on or off. */
	vcpu_fast_paths(v, !cpu_traced());
	arch_guest_enter(v->regs);
}
