/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of VMs that come and go, with a table of VMs that is not there. */
#include "core/vmm/info.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "core/percpu.h"
#include "core/vmm/keeper.h"
#include "mm/frames.h"

#define NR_VMS 3

static struct vm_config cfgs[NR_VMS] = {
	{ .name = "a", .id = 7, .nr_vcpus = 2, .nr_regions = 2,
	  .regions = { { .size = 0x3000 }, { .size = 0x1000 } } },
	{ .name = "9", .id = 1, .nr_vcpus = 1, .refused = "it says nonsense" },
	{ .name = "c", .id = 9, .nr_vcpus = 1 },
};
static struct vcpu vcpus[2];
static struct vm_entry entry;
static struct keeper keeper;
static bool there;
static int users;

/* ---- what it stands on ---- */

int vm_balloon_look(struct vm *vm, struct vm_balloon_info *out)
{
	(void)vm;
	*out = (struct vm_balloon_info){ .target = 4096 };
	return 0;
}

struct vm *vmm_vm_get(uint32_t idx)
{
	users += idx == 0 && there;
	return idx == 0 && there ? &keeper.vm : NULL;
}

void vmm_vm_put(uint32_t idx)
{
	assert_int_equal(idx, 0);
	users--;
}

int vmm_vm_by_name(const char *name)
{
	for (int i = 0; i < NR_VMS; i++)
		if (strcmp(name, cfgs[i].name) == 0)
			return i;
	return -ENOENT;
}

const struct vm_config *vmm_vm_config(uint32_t idx)
{
	return idx < NR_VMS ? &cfgs[idx] : NULL;
}

uint32_t vmm_nr_vms(void)
{
	return NR_VMS;
}

enum vmm_state vmm_vm_state(uint32_t idx)
{
	return idx == 0 && there ? VMM_RUNNING : VMM_DEFINED;
}

uint64_t frames_stats(uint16_t owner)
{
	return owner == owner_vm(0) ? 5 : 0;
}

void thread_look(struct thread *t, struct thread_look *l)
{
	memset(l, 0, sizeof(*l));
	l->cpu = t->cpu;
	l->state = t->state;
}

void thread_times(struct thread *t, uint64_t *ran, uint64_t *waited)
{
	*ran = t->ran;
	*waited = t->waited;
}

uint32_t sched_pool_of(uint32_t cpu)
{
	return cpu;
}

const char *sched_pool_name(uint32_t pool)
{
	return pool ? "other" : "default";
}

const char *sched_pool_policy(uint32_t pool)
{
	return pool ? "fair" : "rr";
}

void sched_look(uint32_t cpu, struct sched_look *l)
{
	l->idle = 100 + cpu;
}

/* ---- tests ---- */

static int set_up(void **state)
{
	(void)state;
	nr_pcpus = 2;
	memset(vcpus, 0, sizeof(vcpus));
	entry = (struct vm_entry){ .cfg = &cfgs[0] };
	keeper = (struct keeper){ .vm = { .vcpus = vcpus, .nr_vcpus = 2, .cfg = &cfgs[0] },
				  .entry = &entry };
	there = true;
	users = 0;
	return 0;
}

static void a_vm_is_found_by_name_first_then_by_number(void **state)
{
	(void)state;
	assert_int_equal(info_find("a"), 0);
	assert_int_equal(info_find("7"), 0);
	assert_int_equal(info_find("1"), 1);
	assert_int_equal(info_find("9"), 1);
	assert_int_equal(info_find("c"), 2);
	assert_int_equal(info_find("0"), -ENOENT);
	assert_int_equal(info_find("7x"), -ENOENT);
	assert_int_equal(info_find(""), -ENOENT);
	assert_int_equal(info_find("-1"), -ENOENT);
	assert_int_equal(info_find("4294967303"), -ENOENT);
	assert_int_equal(info_find("99999999999999999999999"), -ENOENT);
}

static void a_vm_that_runs_is_described(void **state)
{
	struct info_vm i;

	(void)state;
	vcpus[0].thread.ran = 10;
	vcpus[1].thread.ran = 5;
	vcpus[1].thread.waited = 3;
	atomic_store(&keeper.vm.power[1].state, POWER_ON);
	keeper.nr_restarts = 4;
	assert_int_equal(info_vm(0, &i), 0);
	assert_string_equal(i.name, "a");
	assert_int_equal(i.id, 7);
	assert_null(i.refused);
	assert_int_equal(i.state, VMM_RUNNING);
	assert_int_equal(i.nr_on, 1);
	assert_int_equal(i.nr_restarts, 4);
	assert_int_equal(i.mem_bytes, 0x4000);
	assert_int_equal(i.mem_used, 5 * PAGE_SIZE);
	assert_int_equal(i.ran, 15);
	assert_int_equal(i.stolen, 3);
	assert_true(i.console < 0);
	assert_int_equal(users, 0);
}

static void a_vm_that_is_not_there_is_described(void **state)
{
	struct info_counts counts;
	struct info_vcpu vcpu;
	struct info_vm i;

	(void)state;
	assert_int_equal(info_vm(1, &i), 0);
	assert_string_equal(i.refused, "it says nonsense");
	assert_int_equal(i.ran, 0);
	there = false;
	assert_int_equal(info_vm(0, &i), 0);
	assert_int_equal(i.state, VMM_DEFINED);
	assert_int_equal(info_vm(NR_VMS, &i), -ENOENT);
	assert_int_equal(info_vcpu(0, 0, &vcpu), -ENODEV);
	counts.injected = 1;
	assert_int_equal(info_counts(0, INFO_ALL, &counts), -ENODEV);
	assert_int_equal(counts.injected, 0);
	assert_int_equal(users, 0);
}

static void counts_are_of_one_vcpu_or_of_all(void **state)
{
	struct info_counts c;

	(void)state;
	vcpus[0].stats.sync[LAYER_VM][EC_DABT_LOW] = 2;
	vcpus[1].stats.sync[LAYER_VM][EC_DABT_LOW] = 3;
	vcpus[1].stats.irq = 8;
	vcpus[0].vgic.injected = 4;
	vcpus[1].vgic.injected = 1;
	vcpus[1].thread.latency[THREAD_LATENCIES - 1] = 6;
	assert_int_equal(info_counts(0, INFO_ALL, &c), 0);
	assert_int_equal(c.exits.sync[LAYER_VM][EC_DABT_LOW], 5);
	assert_int_equal(c.exits.sync[LAYER_VCPU][EC_DABT_LOW], 0);
	assert_int_equal(c.exits.irq, 8);
	assert_int_equal(c.injected, 5);
	assert_int_equal(c.latency[THREAD_LATENCIES - 1], 6);
	assert_int_equal(info_counts(0, 0, &c), 0);
	assert_int_equal(c.exits.sync[LAYER_VM][EC_DABT_LOW], 2);
	assert_int_equal(c.exits.irq, 0);
	assert_int_equal(c.injected, 4);
	assert_int_equal(info_counts(0, 2, &c), -ENOENT);
	assert_int_equal(users, 0);
}

static void a_vcpu_and_a_pcpu_are_described(void **state)
{
	struct info_vcpu v;
	struct info_cpu c;

	(void)state;
	vcpus[1].thread.cpu = 3;
	vcpus[1].thread.state = THREAD_BLOCKED;
	atomic_store(&keeper.vm.power[1].state, POWER_ON);
	assert_int_equal(info_vcpu(0, 1, &v), 0);
	assert_true(v.on);
	assert_int_equal(v.thread.cpu, 3);
	assert_int_equal(v.thread.state, THREAD_BLOCKED);
	assert_int_equal(info_vcpu(0, 0, &v), 0);
	assert_false(v.on);
	assert_int_equal(info_vcpu(0, 2, &v), -ENOENT);
	assert_int_equal(info_vcpu(NR_VMS, 0, &v), -ENOENT);
	assert_int_equal(info_cpu(1, &c), 0);
	assert_string_equal(c.pool, "other");
	assert_string_equal(c.policy, "fair");
	assert_int_equal(c.sched.idle, 101);
	assert_int_equal(info_cpu(2, &c), -ENOENT);
	assert_int_equal(users, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_vm_is_found_by_name_first_then_by_number, set_up),
		cmocka_unit_test_setup(a_vm_that_runs_is_described, set_up),
		cmocka_unit_test_setup(a_vm_that_is_not_there_is_described, set_up),
		cmocka_unit_test_setup(counts_are_of_one_vcpu_or_of_all, set_up),
		cmocka_unit_test_setup(a_vcpu_and_a_pcpu_are_described, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
