/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting, parking and resetting with every vCPU on a thread of its own. The
 * scheduler is a mutex and a condition; ThreadSanitizer watches that what the
 * manager does to a parked VM and what its vCPUs do never meet.
 */
#include "vm/lifecycle.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include <arch/timer.h>
#include "irq/vgic_direct.h"
#include "vm_fixture.h"

#define NR_VCPUS 4
#define RESETS   60

static struct sleeper {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool started, poked;
} sleepers[NR_VCPUS];

static pthread_mutex_t manager_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t manager_wake = PTHREAD_COND_INITIALIZER;
static bool parked;

/* Written by the manager while the VM is parked, read by vCPUs in the guest. */
static uint64_t guest_memory;
static _Atomic int in_guest;
static _Atomic unsigned int starts_seen, requests_made, blocks;
static _Atomic bool stop_strays;
static bool last_life_only_off;
static bool keeps_running;           /* vCPU 0 alone, and it gives no orders */

/* ---- the scheduler ---- */

static struct sleeper *sleeper_of(struct thread *t)
{
	return &sleepers[vcpu_of(t)->idx];
}

void thread_request(struct thread *t, uint32_t bits)
{
	struct sleeper *s = sleeper_of(t);

	atomic_fetch_add(&requests_made, 1);
	atomic_fetch_or(&t->requests, bits);
	pthread_mutex_lock(&s->lock);
	s->poked = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

static struct thread *self(void);

/* Like the real one, it may return early: whatever was requested wakes it. */
void thread_block(uint32_t mask)
{
	struct thread *t = self();
	struct sleeper *s = sleeper_of(t);

	atomic_fetch_add(&blocks, 1);
	pthread_mutex_lock(&s->lock);
	while (!(atomic_load(&t->requests) & mask) && !s->poked)
		pthread_cond_wait(&s->wake, &s->lock);
	s->poked = false;
	pthread_mutex_unlock(&s->lock);
}

/* ---- what a vCPU is made of ---- */

void vtimer_reset(struct vtimer *t, uint64_t offset)
{
	t->offset = offset;
}

void vtimer_restart(struct vtimer *t)
{
	(void)t;
}

/* Of each vCPU: ticks that its timers were moved by, and whether they count. */
static uint64_t slept[NR_VCPUS];
static bool frozen[NR_VCPUS];

void vtimer_freeze(struct vtimer *t)
{
	frozen[container_of(t, struct vcpu, vtimer)->idx] = true;
}

void vtimer_thaw(struct vtimer *t, uint64_t offset, uint64_t ticks)
{
	uint16_t idx = container_of(t, struct vcpu, vtimer)->idx;

	assert_true(frozen[idx]);
	frozen[idx] = false;
	t->offset = offset;
	slept[idx] += ticks;
}

static unsigned int shuts;

void stage2_shut(struct stage2 *s2, bool (*out)(void *ctx), void *ctx)
{
	assert_ptr_equal(s2, &fixture_vm.s2);
	shuts++;
	assert_false(out(ctx));
	for (int i = 0; i < NR_VCPUS; i++)
		fixture_vcpus[i].vgic.lr_used = 0xf;
	assert_true(out(ctx));
}

void vgic_vcpu_reset(struct vgic_vcpu *g)
{
	g->vmcr = 0;
}

/* Sometimes it is not: then it is reset again. */
bool vgic_vcpu_is_reset(struct vgic_vcpu *g)
{
	return ++g->injected % 3;
}

void vcpu_switch_to(struct vcpu *v)
{
	(void)v;
}

void vcpu_unload(struct vcpu *v)
{
	(void)v;
}

void vcpu_reset(struct vcpu *v, uint64_t pc, uint64_t x0, bool big_endian)
{
	memset(v->regs, 0, sizeof(*v->regs));
	v->regs->pc = pc;
	v->regs->x[0] = x0;
	v->regs->pstate = big_endian;
	atomic_fetch_add(&starts_seen, 1);
}

bool vcpu_enter_at(struct vcpu *v, uint64_t pc, uint64_t x0)
{
	/* It was reset and has not run since. */
	assert_int_equal(v->regs->pc, 0);
	v->regs->pc = pc;
	v->regs->x[0] = x0;
	return true;
}

void vcpu_stolen_restart(struct vcpu *v, uint32_t life)
{
	v->stolen.life = life;
}

/* ---- the guest ---- */

static _Thread_local struct vcpu *me;

static struct thread *self(void)
{
	return &me->thread;
}

static void turn_on(struct vm *vm, uint32_t idx)
{
	struct power_start start = { .pc = 0x1000 + idx, .x0 = idx };

	if (power_turn_on(&vm->power[idx], &start) == POWER_OFF)
		thread_request(&vm->vcpus[idx].thread, THREAD_REQ_VCPU);
}

/* One stretch in the guest, until the hypervisor is asked for. */
static void guest(struct vcpu *v)
{
	struct vm *vm = v->vm;

	atomic_fetch_add(&in_guest, 1);
	/* Whatever woke its thread, it was turned on. */
	assert_int_equal(power_get(&vm->power[v->idx]), POWER_ON);
	assert_int_equal(v->regs->pc, v->idx ? 0x1000u + v->idx : vm->plan.entry.v);
	assert_int_equal(v->regs->x[0], v->idx ? v->idx : vm->plan.dtb.v);
	assert_int_equal(guest_memory, vm->nr_starts);
	if (keeps_running) {
		/* Until it is told. */
	} else if (v->idx == 0) {
		/* Turns the others on, again and again. */
	} else if (vm_vcpu_starts(v) % 2) {
		power_leave(&vm->power[v->idx]);
		thread_request(&v->thread, THREAD_REQ_VCPU);
	} else {
		/* All who get here give the order; one counts. */
		vm_order(vm, last_life_only_off ? VM_ORDER_OFF : VM_ORDER_RESET);
	}
	while (!(atomic_load(&v->thread.requests) & THREAD_REQ_VCPU)) {
		for (uint32_t i = 1; v->idx == 0 && !keeps_running && i < NR_VCPUS; i++)
			turn_on(vm, i);
		sched_yield();
	}
	atomic_fetch_sub(&in_guest, 1);
}

static void *vcpu_main(void *arg)
{
	me = arg;
	while (vm_vcpu_orders(me))
		guest(me);
	return NULL;
}

void thread_start(struct thread *t)
{
	struct sleeper *s = sleeper_of(t);

	assert_false(s->started);
	s->started = true;
	pthread_create(&s->thread, NULL, vcpu_main, vcpu_of(t));
}

/* Events that are nobody's order: they must wake nobody for good. */
static void *strays(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; !atomic_load(&stop_strays); i++) {
		struct thread *t = &fixture_vcpus[i % NR_VCPUS].thread;

		thread_request(t, THREAD_REQ_IRQ);
		sched_yield();
	}
	return NULL;
}

/* ---- the manager ---- */

static void all_parked(struct vm *vm)
{
	assert_int_equal(atomic_load(&in_guest), 0);
	assert_int_equal(vm_state(vm), VM_PARKED);
	pthread_mutex_lock(&manager_lock);
	assert_false(parked);
	parked = true;
	pthread_cond_signal(&manager_wake);
	pthread_mutex_unlock(&manager_lock);
}

static void wait_parked(void)
{
	pthread_mutex_lock(&manager_lock);
	while (!parked)
		pthread_cond_wait(&manager_wake, &manager_lock);
	parked = false;
	pthread_mutex_unlock(&manager_lock);
}

static void start(struct vm *vm)
{
	guest_memory = vm->nr_starts + 1;
	vm_start(vm);
}

static void bite(void *vm)
{
	vm_order(vm, VM_ORDER_WATCHDOG);
}

static int setup(void **state)
{
	keeps_running = last_life_only_off = false;
	memset(slept, 0, sizeof(slept));
	(void)state;
	fixture_reset();
	for (int i = 0; i < NR_VCPUS; i++) {
		sleepers[i] = (struct sleeper){ .started = false };
		pthread_mutex_init(&sleepers[i].lock, NULL);
		pthread_cond_init(&sleepers[i].wake, NULL);
	}
	atomic_store(&stop_strays, false);
	parked = false;
	fixture_host.all_parked = all_parked;
	fixture_vm.nr_vcpus = NR_VCPUS;
	fixture_vm.plan.entry = IPA(0x40200000);
	fixture_vm.plan.dtb = IPA(0x40000000);
	vm_life_init(&fixture_vm);
	sbsa_wdt_init(&fixture_vm.watchdog, 0x1000, 0x2000, (struct irq_line){ NULL }, bite,
		      &fixture_vm);
	return 0;
}

static void vm_is_reset_many_times_and_ends(void **state)
{
	struct vm *vm = &fixture_vm;
	pthread_t stray;

	(void)state;
	start(vm);
	pthread_create(&stray, NULL, strays, NULL);
	for (int i = 0; i < RESETS; i++) {
		wait_parked();
		assert_int_equal(vm_order_given(vm), VM_ORDER_RESET);
		assert_int_equal(atomic_load(&vm->nr_parked), NR_VCPUS);
		last_life_only_off = i == RESETS - 1;
		start(vm);
	}
	wait_parked();
	assert_int_equal(vm_order_given(vm), VM_ORDER_OFF);
	vm_retire(vm);
	assert_int_equal(vm_state(vm), VM_OFF);
	/* Off is off. */
	assert_false(vm_order(vm, VM_ORDER_RESET));
	assert_true(vm_end(vm));
	for (int i = 0; i < NR_VCPUS; i++)
		pthread_join(sleepers[i].thread, NULL);
	atomic_store(&stop_strays, true);
	pthread_join(stray, NULL);
	assert_int_equal(vm->nr_starts, RESETS + 1);
	/* A request ends at most two waits, by its bit and by its wake-up: nobody spins. */
	assert_true(atomic_load(&blocks) <= 2 * atomic_load(&requests_made) + NR_VCPUS);
	assert_int_equal(atomic_load(&in_guest), 0);
}

static void crashed_vm_stays_crashed_until_started_again(void **state)
{
	struct vm *vm = &fixture_vm;

	(void)state;
	last_life_only_off = true;
	start(vm);
	/* Whoever is first: this order, or the guest's own. */
	if (vm_order(vm, VM_ORDER_CRASH)) {
		assert_false(vm_order(vm, VM_ORDER_RESET));
		wait_parked();
		vm_retire(vm);
		assert_int_equal(vm_state(vm), VM_CRASHED);
	} else {
		wait_parked();
		vm_retire(vm);
	}
	start(vm);
	wait_parked();
	vm_retire(vm);
	assert_int_equal(vm_state(vm), VM_OFF);
	assert_true(vm_end(vm));
	for (int i = 0; i < NR_VCPUS; i++)
		pthread_join(sleepers[i].thread, NULL);
}

static void states_have_names(void **state)
{
	(void)state;
	for (int s = VM_OFF; s <= VM_CRASHED; s++)
		assert_non_null(vm_state_name((enum vm_state)s));
	assert_false(vm_order(&fixture_vm, VM_ORDER_RESET));
}

/* ---- pauses ---- */

static void end_all(struct vm *vm)
{
	vm_retire(vm);
	assert_true(vm_end(vm));
	for (int i = 0; i < NR_VCPUS; i++)
		pthread_join(sleepers[i].thread, NULL);
}

static void pause_stops_time_and_keeps_what_runs(void **state)
{
	struct vm *vm = &fixture_vm;
	uint64_t offset;
	uint32_t n;

	(void)state;
	keeps_running = true;
	start(vm);
	offset = vm->counter_offset;
	while (atomic_load(&in_guest) == 0)
		sched_yield();
	n = vm->power[0].starts;
	for (unsigned int i = 1; i <= RESETS; i++) {
		assert_true(vm_order(vm, VM_ORDER_PAUSE));
		assert_false(vm_order(vm, VM_ORDER_PAUSE));
		wait_parked();
		assert_true(vm_freeze(vm));
		assert_false(vm_end(vm));
		fake_counter += 1000;
		vm_resume(vm);
		assert_int_equal(vm_state(vm), VM_RUNNING);
		assert_int_equal(vm->paused_ticks, 1000u * i);
		assert_int_equal(vm->counter_offset, offset + 1000u * i);
	}
	assert_true(vm_order(vm, VM_ORDER_OFF));
	wait_parked();
	/* Nobody was started again, and every timer moved as far as the counter. */
	assert_int_equal(vm->power[0].starts, n);
	for (int i = 0; i < NR_VCPUS; i++)
		assert_int_equal(slept[i], 1000u * RESETS);
	end_all(vm);
}

static void a_paused_vm_can_be_ended_and_started_anew(void **state)
{
	struct vm *vm = &fixture_vm;

	(void)state;
	keeps_running = true;
	start(vm);
	assert_true(vm_order(vm, VM_ORDER_PAUSE));
	wait_parked();
	assert_true(vm_freeze(vm));
	assert_true(vm_order(vm, VM_ORDER_RESET));
	assert_false(vm_order(vm, VM_ORDER_OFF));
	assert_int_equal(vm_state(vm), VM_PARKED);
	start(vm);
	while (vm->power[0].state != POWER_ON)
		sched_yield();
	/* Its watchdog bites while it is about to be paused: that is what counts. */
	assert_true(vm_order(vm, VM_ORDER_PAUSE));
	assert_true(vm_order(vm, VM_ORDER_WATCHDOG));
	wait_parked();
	assert_false(vm_freeze(vm));
	vm_retire(vm);
	assert_int_equal(vm_state(vm), VM_CRASHED);
	assert_true(vm_end(vm));
	for (int i = 0; i < NR_VCPUS; i++)
		pthread_join(sleepers[i].thread, NULL);
}

/* ---- vCPUs that no interrupt reaches ---- */

static unsigned int orders;

static void ordered(struct vm *vm)
{
	assert_ptr_equal(vm, &fixture_vm);
	orders++;
}

static void a_vm_with_direct_interrupts_is_recalled_by_its_memory(void **state)
{
	struct vm *vm = &fixture_vm;

	(void)state;
	shuts = orders = 0;
	keeps_running = true;
	fixture_host.ordered = ordered;
	vm->group.direct = true;
	start(vm);
	vm->vcpus[2].vgic.lr_used = 1u << VGIC_LR_DIRECT;
	vm_recall(vm);                       /* nobody asked for it */
	assert_int_equal(shuts, 0);
	assert_true(vm_order(vm, VM_ORDER_RESET));
	assert_false(vm_order(vm, VM_ORDER_PAUSE));
	assert_int_equal(orders, 1);
	wait_parked();
	vm_recall(vm);                       /* they came without */
	assert_int_equal(shuts, 0);
	vm->life = VM_STOPPING;
	vm_recall(vm);
	assert_int_equal(shuts, 1);
	vm_recall(vm);
	assert_int_equal(shuts, 1);
	vm->life = VM_PARKED;
	end_all(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(vm_is_reset_many_times_and_ends, setup),
		cmocka_unit_test_setup(crashed_vm_stays_crashed_until_started_again, setup),
		cmocka_unit_test_setup(states_have_names, setup),
		cmocka_unit_test_setup(pause_stops_time_and_keeps_what_runs, setup),
		cmocka_unit_test_setup(a_paused_vm_can_be_ended_and_started_anew, setup),
		cmocka_unit_test_setup(a_vm_with_direct_interrupts_is_recalled_by_its_memory,
				       setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
