/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Management calls. Without rights, on any machine: they are not there. With rights (the system
 * of tests/system/services.py: "boss" may change itself and "worker", see "alien", and knows
 * nothing of "secret"): every verb on the worker, and what is refused. role=2 is the worker.
 */
#include "lib/corbel_hvc.h"
#include "lib/guest.h"
#include "lib/smccc.h"

enum { BOSS, WORKER, ALIEN, SECRET, NR_VMS };
#define BOTH (CORBEL_LIST | CORBEL_CONTROL)

static struct corbel_link hvc = { corbel_hvc };
static uint64_t worker;

static bool granted(void)
{
	uint64_t x[8] = { CORBEL_FEATURES };

	return corbel_call(&hvc, x) == CORBEL_SUCCESS;
}

static void without_rights_nothing_is_there(void)
{
	SKIP_UNLESS(!granted(), "this VM has rights");
	for (unsigned int fn = 0; fn < 16; fn++) {
		uint64_t x[8] = { CORBEL_FEATURES + fn, 1, 2, 3, 4, 5, 6, 7 };

		CHECK_EQ(corbel_call(&hvc, x), CORBEL_NOT_SUPPORTED, "call");
		for (unsigned int i = 1; i < 8; i++)
			CHECK_EQ(x[i], i, "register after it");
	}
	if (running_under_corbel())
		CHECK_EQ(hvc_call(CORBEL_CALL_COUNT, 0, 0, 0), 0, "calls");
}

static void features_tell_rights_and_vms(void)
{
	struct corbel_features f;

	SKIP_UNLESS(granted(), "no rights");
	CHECK_EQ(corbel_features(&hvc, &f), CORBEL_SUCCESS, "FEATURES");
	CHECK_EQ(f.calls, 0x7f, "calls");
	CHECK_EQ(f.rights, BOTH, "rights");
	CHECK_EQ(f.nr_vms, NR_VMS, "VMs");
	CHECK_EQ(f.self, BOSS, "itself");
	CHECK_EQ(hvc_call(CORBEL_CALL_COUNT, 0, 0, 0), 7, "call count");
	CHECK_EQ(hvc_call(CORBEL_DO + 1, 0, 0, 0), CORBEL_NOT_SUPPORTED, "one more");
}

static void vms_are_opened_as_the_configuration_allows(void)
{
	char name[CORBEL_NAME_LEN];
	uint64_t h, other;

	SKIP_UNLESS(granted(), "no rights");
	CHECK_EQ(corbel_open_index(&hvc, WORKER, BOTH, &worker), CORBEL_SUCCESS, "worker");
	CHECK_EQ(corbel_open_name(&hvc, "worker", BOTH, &other), CORBEL_SUCCESS, "by name");
	CHECK_EQ(other, worker, "handle by name");
	CHECK_EQ(corbel_name(&hvc, worker, name), CORBEL_SUCCESS, "NAME");
	CHECK(strcmp(name, "worker") == 0, "%s", name);
	CHECK_EQ(corbel_open_name(&hvc, "alien", CORBEL_LIST, &h), CORBEL_SUCCESS, "alien");
	CHECK_EQ(corbel_do(&hvc, h, CORBEL_CREATE, &(uint32_t){ 0 }), CORBEL_DENIED, "its create");
	CHECK_EQ(corbel_open_index(&hvc, ALIEN, CORBEL_CONTROL, &h), CORBEL_DENIED, "control");
	CHECK_EQ(corbel_open_index(&hvc, SECRET, CORBEL_LIST, &h), CORBEL_DENIED, "secret");
	CHECK_EQ(corbel_open_name(&hvc, "secret", CORBEL_LIST, &h), CORBEL_NOT_FOUND, "its name");
	CHECK_EQ(corbel_open_index(&hvc, NR_VMS, CORBEL_LIST, &h), CORBEL_NOT_FOUND, "no VM");
	CHECK_EQ(corbel_open_index(&hvc, WORKER, 8, &h), CORBEL_INVALID_PARAMETER, "no right");
	for (uint64_t raw = 0; raw < NR_VMS; raw++)
		CHECK_EQ(corbel_info(&hvc, raw, &(struct corbel_info){ 0 }),
			 CORBEL_INVALID_PARAMETER, "index for a handle");
}

static uint64_t state(uint64_t handle)
{
	struct corbel_info i;
	int code = corbel_info(&hvc, handle, &i);

	return code ? (uint64_t)code : i.state;
}

/* Asks, waits until it is done; its code and what became of it. */
static void does(enum corbel_verb verb, int code, int result, uint64_t then)
{
	struct corbel_info i = { 0 };
	uint32_t ticket;

	CHECK_EQ(corbel_do(&hvc, worker, verb, &ticket), code, "DO");
	if (code)
		return;
	CHECK(WAIT_UNTIL(corbel_info(&hvc, worker, &i) || corbel_is_done(&i, ticket), LONG_MS),
	      "verb %d is not done", verb);
	if (verb == CORBEL_DESTROY)
		return;
	CHECK_EQ(i.result, result, "result");
	CHECK_EQ(state(worker), then, "state after it");
}

static void verbs_are_carried_out(void)
{
	struct corbel_stat a, b;

	SKIP_UNLESS(granted(), "no rights");
	if (state(worker) == CORBEL_OFF)         /* in the second life */
		does(CORBEL_START, 0, 0, CORBEL_RUNNING);
	CHECK(WAIT_UNTIL(state(worker) == CORBEL_RUNNING, LONG_MS), "the worker runs");
	does(CORBEL_START, CORBEL_ALREADY, 0, 0);
	does(CORBEL_PAUSE, 0, 0, CORBEL_PAUSED);
	does(CORBEL_START, CORBEL_WRONG_STATE, 0, 0);
	CHECK_EQ(corbel_stat(&hvc, worker, &a), 0, "STAT");
	delay_ms(20);
	CHECK_EQ(corbel_stat(&hvc, worker, &b), 0, "STAT");
	CHECK(a.ran && a.ran == b.ran && a.exits == b.exits, "it ran in the pause");
	does(CORBEL_RESUME, 0, 0, CORBEL_RUNNING);
	CHECK(WAIT_UNTIL(!corbel_stat(&hvc, worker, &b) && b.ran > a.ran, LONG_MS), "it runs on");
	CHECK(b.paused > ticks_per_ms() * 20, "paused %lu ticks", b.paused);
	does(CORBEL_RESET, 0, 0, CORBEL_RUNNING);
	/* It does not listen to its power key. */
	does(CORBEL_STOP, 0, 0, CORBEL_OFF);
	does(CORBEL_STOP, CORBEL_ALREADY, 0, 0);
	does(CORBEL_PAUSE, CORBEL_WRONG_STATE, 0, 0);
	does(CORBEL_START, 0, 0, CORBEL_RUNNING);
	does(CORBEL_DESTROY, CORBEL_BUSY, 0, 0);
	does(CORBEL_KILL, 0, 0, CORBEL_OFF);
}

static void a_handle_ends_with_its_vm(void)
{
	uint64_t old = worker;

	SKIP_UNLESS(granted(), "no rights");
	does(CORBEL_DESTROY, 0, 0, CORBEL_DEFINED);
	CHECK(WAIT_UNTIL(state(old) == (uint64_t)CORBEL_STALE, LONG_MS), "it is not stale");
	CHECK_EQ(corbel_do(&hvc, old, CORBEL_CREATE, &(uint32_t){ 0 }), CORBEL_STALE, "a verb");
	CHECK_EQ(corbel_open_name(&hvc, "worker", BOTH, &worker), CORBEL_SUCCESS, "a new one");
	CHECK_EQ(state(worker), CORBEL_DEFINED, "state");
	does(CORBEL_START, CORBEL_NOT_CREATED, 0, 0);
	does(CORBEL_CREATE, 0, 0, CORBEL_READY);
	CHECK_EQ(state(old), CORBEL_STALE, "state by the old one");
	does(CORBEL_START, 0, 0, CORBEL_RUNNING);
	does(CORBEL_KILL, 0, 0, CORBEL_OFF);
}

static void what_makes_no_sense_on_itself_is_refused(void)
{
	uint64_t self;
	uint32_t ticket;

	SKIP_UNLESS(granted(), "no rights");
	CHECK_EQ(corbel_open_index(&hvc, BOSS, BOTH, &self), CORBEL_SUCCESS, "itself");
	CHECK_EQ(state(self), CORBEL_RUNNING, "its state");
	CHECK_EQ(corbel_do(&hvc, self, CORBEL_START, &ticket), CORBEL_ALREADY, "start");
	CHECK_EQ(corbel_do(&hvc, self, CORBEL_RESUME, &ticket), CORBEL_ALREADY, "resume");
	CHECK_EQ(corbel_do(&hvc, self, CORBEL_DESTROY, &ticket), CORBEL_BUSY, "destroy");
	CHECK_EQ(corbel_do(&hvc, self, CORBEL_NR_VERBS, &ticket), CORBEL_INVALID_PARAMETER, "none");
}

/* Reset by itself, once; in its second life it ends itself. A pause only others could end. */
static void a_vm_may_reset_and_kill_itself(void)
{
	enum corbel_verb verb = CORBEL_RESET;
	struct corbel_info i;
	uint64_t self;
	uint32_t ticket;

	SKIP_UNLESS(granted(), "no rights");
	CHECK_EQ(corbel_open_index(&hvc, BOSS, BOTH, &self), CORBEL_SUCCESS, "itself");
	CHECK_EQ(corbel_info(&hvc, self, &i), 0, "INFO");
	if (i.asked)
		verb = CORBEL_KILL;
	gprintf("LIFE %u\n", i.asked + 1);
	CHECK_EQ(corbel_do(&hvc, self, verb, &ticket), 0, "DO");
	delay_ms(LONG_MS);
	CHECK(false, "it goes on");
}

/* Before the cases, which it has no part in. */
static void work_if_worker(void)
{
	SKIP_UNLESS(guest_arg("role", 1) == 2, "this is not the worker");
	for (;;)
		__asm__ volatile("yield");
}

GUEST_CASES(
	CASE(work_if_worker),
	CASE(without_rights_nothing_is_there),
	CASE(features_tell_rights_and_vms),
	CASE(vms_are_opened_as_the_configuration_allows),
	CASE(verbs_are_carried_out),
	CASE(a_handle_ends_with_its_vm),
	CASE(what_makes_no_sense_on_itself_is_refused),
	CASE(a_vm_may_reset_and_kill_itself));
