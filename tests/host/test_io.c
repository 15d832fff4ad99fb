/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's I/O thread: all devices in turn, no kick lost, asleep when there is nothing to do. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "vm/virtio.h"
#include "vm/vm.h"

static struct vm_config cfg;
static struct vm vm;
static struct vm_virtio virtio;
static struct virtio_device devs[4];
static struct vcpu vcpus[3];

/* ---- what it stands on ---- */

static unsigned int nr_passes, nr_blocks, nr_created, nr_destroyed;
static int more[4];                  /* passes that a device has work for */
static int params_error, affinity_error, create_error;
static uint64_t affinity;
static struct sched_params params;
static char order[64];               /* devices, in the order of their work */

static void next_event(void);

bool vm_io_orders(struct vm *v)
{
	assert_ptr_equal(v, &vm);
	return nr_passes-- > 0;
}

bool virtio_work(struct virtio_device *dev)
{
	unsigned int i = (unsigned int)(dev - devs);

	assert_true(i < 4 && strlen(order) + 1 < sizeof(order));
	order[strlen(order)] = (char)('a' + i);
	return --more[i] > 0;
}

void thread_block(uint32_t mask)
{
	assert_int_equal(mask, THREAD_REQ_VCPU | THREAD_REQ_IRQ);
	nr_blocks++;
	if (atomic_load(&virtio.thread.requests) & mask)
		return;
	/* Asleep: nothing may have been left. */
	assert_int_equal(atomic_load(&virtio.worker.work), 0);
	next_event();
}

void thread_request(struct thread *t, uint32_t bits)
{
	assert_ptr_equal(t, &virtio.thread);
	assert_int_equal(bits, THREAD_REQ_IRQ);
	atomic_fetch_or(&t->requests, bits);
}

int thread_create(struct thread *t, const char *name, uint32_t cpu, uint32_t priority,
		  void (*fn)(void *arg), void *arg)
{
	assert_ptr_equal(t, &virtio.thread);
	assert_string_equal(name, "a-name-that-is-ver/io");
	assert_int_equal(cpu, 3);
	assert_int_equal(priority, 7);
	assert_ptr_equal(fn, vm_io_main);
	assert_ptr_equal(arg, &vm);
	nr_created++;
	return create_error;
}

int thread_destroy(struct thread *t)
{
	assert_ptr_equal(t, &virtio.thread);
	nr_destroyed++;
	return 0;
}

int thread_set_params(struct thread *t, const struct sched_params *p)
{
	assert_ptr_equal(t, &virtio.thread);
	params = *p;
	return params_error;
}

int thread_set_affinity(struct thread *t, uint64_t cpus)
{
	assert_ptr_equal(t, &virtio.thread);
	affinity = cpus;
	return affinity_error;
}

void vm_sched_params(const struct vm_config *c, uint32_t slot, struct sched_params *p)
{
	assert_ptr_equal(c, &cfg);
	memset(p, 0, sizeof(*p));
	p->budget = p->period = 100;
	p->reservation_pct = 5;
	(void)slot;
}

static uint64_t pinned;

static uint32_t io_cpu(const struct vm_config *c, uint64_t *cpus)
{
	assert_ptr_equal(c, &cfg);
	*cpus = pinned;
	return 3;
}

static const struct vm_host host = { .io_cpu = io_cpu };

static int setup(void **state)
{
	(void)state;
	memset(&vm, 0, sizeof(vm));
	memset(&virtio, 0, sizeof(virtio));
	memset(vcpus, 0, sizeof(vcpus));
	memset(order, 0, sizeof(order));
	memset(more, 0, sizeof(more));
	strcpy(cfg.name, "a-name-that-is-very-long");
	cfg.priority = 7;
	vm.cfg = &cfg;
	vm.host = &host;
	vm.virtio = &virtio;
	vm.vcpus = vcpus;
	vm.nr_vcpus = 3;
	virtio.vm = &vm;
	for (int i = 0; i < 4; i++)
		virtio.dev[i] = &devs[i];
	pinned = 0;
	affinity = 0;
	nr_created = nr_destroyed = nr_blocks = 0;
	create_error = params_error = affinity_error = 0;
	return 0;
}

/* ---- its loop ---- */

static int events;

static void kick(unsigned int i)
{
	atomic_fetch_or(&virtio.worker.work, 1u << i);
	virtio.worker.wake(&virtio.worker);
}

static void next_event(void)
{
	if (events-- > 0)
		kick(2);
}

static void run(unsigned int passes)
{
	nr_passes = passes;
	vm_io_main(&vm);
}

static void devices_have_their_turns(void **state)
{
	(void)state;
	assert_int_equal(vm_io_create(&vm), 0);
	events = 0;
	more[0] = 3;
	more[1] = 1;
	more[3] = 2;
	kick(0);
	kick(1);
	kick(3);
	run(10);
	/* One with a lot to do comes again after the others, and does not keep them waiting. */
	assert_string_equal(order, "abdada");
	assert_true(nr_blocks > 0);
}

static void it_sleeps_until_it_is_woken(void **state)
{
	(void)state;
	assert_int_equal(vm_io_create(&vm), 0);
	events = 3;
	run(20);
	assert_string_equal(order, "ccc");
	assert_in_range(nr_blocks, 4, 20);
}

/* A request that came before there was work is looked at, and is no reason to run for ever. */
static void a_kick_is_never_lost_and_none_is_no_work(void **state)
{
	(void)state;
	assert_int_equal(vm_io_create(&vm), 0);
	events = 0;
	virtio.worker.wake(&virtio.worker);
	run(3);
	assert_string_equal(order, "");
	assert_int_equal(nr_blocks, 3);
	kick(1);
	run(2);
	assert_string_equal(order, "b");
}

static void slots_without_a_device_are_passed_over(void **state)
{
	(void)state;
	assert_int_equal(vm_io_create(&vm), 0);
	events = 0;
	virtio.dev[1] = NULL;
	kick(1);
	kick(2);
	run(3);
	assert_string_equal(order, "c");
}

static void it_ends_when_it_is_told_to(void **state)
{
	(void)state;
	assert_int_equal(vm_io_create(&vm), 0);
	kick(0);
	run(0);
	assert_string_equal(order, "");
}

/* ---- how it is made ---- */

static void it_helps_all_vcpus_and_has_nothing_promised(void **state)
{
	(void)state;
	assert_int_equal(vm_io_create(&vm), 0);
	assert_int_equal(nr_created, 1);
	assert_int_equal(nr_destroyed, 0);
	assert_int_equal(params.budget, 0);
	assert_int_equal(params.period, 0);
	assert_int_equal(params.reservation_pct, 0);
	assert_int_equal(affinity, 0);
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(vcpus[i].thread.helper, &virtio.thread);
}

static void it_runs_where_the_vm_may(void **state)
{
	(void)state;
	pinned = 0x18;
	assert_int_equal(vm_io_create(&vm), 0);
	assert_int_equal(affinity, 0x18);
}

static void what_fails_leaves_no_thread(void **state)
{
	(void)state;
	create_error = -ENOMEM;
	assert_int_equal(vm_io_create(&vm), -ENOMEM);
	assert_int_equal(nr_destroyed, 0);
	create_error = 0;
	params_error = -EINVAL;
	assert_int_equal(vm_io_create(&vm), -EINVAL);
	assert_int_equal(nr_destroyed, 1);
	params_error = 0;
	pinned = 1;
	affinity_error = -EINVAL;
	assert_int_equal(vm_io_create(&vm), -EINVAL);
	assert_int_equal(nr_destroyed, 2);
	for (int i = 0; i < 3; i++)
		assert_null(vcpus[i].thread.helper);
}

#define T(fn) cmocka_unit_test_setup(fn, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(devices_have_their_turns),
		T(it_sleeps_until_it_is_woken),
		T(a_kick_is_never_lost_and_none_is_no_work),
		T(slots_without_a_device_are_passed_over),
		T(it_ends_when_it_is_told_to),
		T(it_helps_all_vcpus_and_has_nothing_promised),
		T(it_runs_where_the_vm_may),
		T(what_fails_leaves_no_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
