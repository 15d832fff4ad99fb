/* SPDX-License-Identifier: Apache-2.0 */
/* Management calls: who may what, handles good and bad, and whatever registers hold. */
#include "core/vmm/manage.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "core/lib/bits.h"
#include "core/vmm/lifecycle.h"
#include "vm/smccc.h"

#define NR 3
#define NOT_FOUND  ((uint64_t)MANAGE_NOT_FOUND)
#define DENIED     ((uint64_t)MANAGE_DENIED)
#define STALE      ((uint64_t)MANAGE_STALE)
#define INVALID    ((uint64_t)SMCCC_INVALID_PARAMETER)

static const char names[NR][CONFIG_NAME_LEN] = {
	"linux-a", "linux-b", "abcdefghijklmnopqrstuvwxyz01234",
};
static uint32_t lives[NR], verbs, last_verb, last_vm;
static int verb_result;
static bool may_change[NR], may_see[NR];     /* who is asked for beyond that fails */

static uint32_t nr_vms(void)
{
	return NR;
}

static const char *name(uint32_t idx)
{
	assert_in_range(idx, 0, NR - 1);
	return names[idx];
}

static uint32_t life(uint32_t idx)
{
	assert_in_range(idx, 0, NR - 1);
	return lives[idx];
}

static void info(uint32_t idx, uint64_t *x)
{
	assert_in_range(idx, 0, NR - 1);
	assert_true(may_see[idx]);
	for (uint64_t i = 1; i < 8; i++)
		x[i] = 100 * idx + i;
}

static void stat(uint32_t idx, uint64_t *x)
{
	info(idx + 0, x);
	x[1] = 7777;
}

static int verb(uint32_t idx, uint32_t what, uint64_t *x)
{
	assert_in_range(idx, 0, NR - 1);
	assert_true(may_change[idx]);
	assert_in_range(what, 0, VMM_NR_VERBS - 1);
	verbs++;
	last_vm = idx;
	last_verb = what;
	if (!verb_result)
		x[1] = 42;
	return verb_result;
}

static const struct manage_ops ops = { nr_vms, name, life, info, stat, verb };

static struct manage_caller who;
static uint64_t x[8];

/* VM 0 may see all and change 1 and 2. */
static int setup(void **state)
{
	(void)state;
	who = (struct manage_caller){ 0, 7, 6 };
	for (uint32_t i = 0; i < NR; i++) {
		lives[i] = 1 + i;
		may_see[i] = true;
		may_change[i] = i > 0;
	}
	verbs = 0;
	verb_result = 0;
	return 0;
}

static uint64_t call(uint32_t fn, uint64_t x1, uint64_t x2)
{
	x[0] = MANAGE_FID + fn;
	x[1] = x1;
	x[2] = x2;
	assert_true(manage_call(&ops, &who, x));
	return x[0];
}

static uint64_t handle(uint64_t idx, uint64_t rights)
{
	assert_int_equal(call(MANAGE_OPEN_INDEX, idx, rights), 0);
	return x[1];
}

static uint64_t open_name(const char *text, uint64_t rights)
{
	memset(x, 0, sizeof(x));
	strncpy((char *)&x[1], text, 32);
	x[5] = rights;
	x[0] = MANAGE_FID + MANAGE_OPEN_NAME;
	assert_true(manage_call(&ops, &who, x));
	return x[0];
}

/* ---- who is answered at all ---- */

static void nobody_without_rights_is_answered(void **state)
{
	uint64_t before[8];

	(void)state;
	who.list = who.control = 0;
	for (uint64_t fn = 0; fn < 0x20000; fn++) {
		for (uint64_t i = 1; i < 8; i++)
			x[i] = i * 0x101;
		x[0] = MANAGE_FID - 0x10000 + fn;
		memcpy(before, x, sizeof(x));
		assert_false(manage_call(&ops, &who, x));
		assert_memory_equal(before, x, sizeof(x));
	}
	assert_int_equal(verbs, 0);
}

static void calls_that_there_are_not_change_nothing(void **state)
{
	static const uint64_t fids[] = {
		0x86000000, 0x86000001, 0xc6000007, 0xc6000008, 0xc600ffff, 0xc6010000, 0xc5000001,
		0x46000000, 0, UINT64_MAX,
	};
	uint64_t before[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fids); i++) {
		x[0] = fids[i];
		memcpy(before, x, sizeof(x));
		assert_false(manage_call(&ops, &who, x));
		assert_memory_equal(before, x, sizeof(x));
	}
}

static void features_tell_calls_rights_and_vms(void **state)
{
	(void)state;
	assert_int_equal(call(MANAGE_FEATURES, 0, 0), 0);
	assert_int_equal(x[1], 0x7f);
	assert_int_equal(x[2], MANAGE_LIST | MANAGE_CONTROL);
	assert_int_equal(x[3], NR);
	assert_int_equal(x[4], 0);
	who = (struct manage_caller){ 2, 1, 0 };
	/* The upper half of x0 is no part of a function identifier. */
	x[0] = MANAGE_FID | BIT(40);
	assert_true(manage_call(&ops, &who, x));
	assert_int_equal(x[2], MANAGE_LIST);
	assert_int_equal(x[4], 2);
}

/* ---- opening ---- */

static void open_gives_what_the_configuration_allows(void **state)
{
	(void)state;
	assert_int_equal(call(MANAGE_OPEN_INDEX, 0, MANAGE_LIST), 0);
	assert_int_equal(call(MANAGE_OPEN_INDEX, 0, MANAGE_CONTROL), DENIED);
	assert_int_equal(call(MANAGE_OPEN_INDEX, 0, MANAGE_LIST | MANAGE_CONTROL), DENIED);
	assert_int_equal(call(MANAGE_OPEN_INDEX, 1, MANAGE_LIST | MANAGE_CONTROL), 0);
	assert_int_equal(call(MANAGE_OPEN_INDEX, 2, MANAGE_CONTROL), 0);
	assert_int_equal(call(MANAGE_OPEN_INDEX, NR, MANAGE_LIST), NOT_FOUND);
	assert_int_equal(call(MANAGE_OPEN_INDEX, BIT(32), MANAGE_LIST), NOT_FOUND);
	assert_int_equal(call(MANAGE_OPEN_INDEX, UINT64_MAX, MANAGE_LIST), NOT_FOUND);
	assert_int_equal(call(MANAGE_OPEN_INDEX, 1, 0), INVALID);
	assert_int_equal(call(MANAGE_OPEN_INDEX, 1, 4), INVALID);
	assert_int_equal(call(MANAGE_OPEN_INDEX, 1, BIT(32) | 1), INVALID);
	who.list = BIT(1);
	who.control = 0;
	assert_int_equal(call(MANAGE_OPEN_INDEX, 0, MANAGE_LIST), DENIED);
	assert_int_equal(call(MANAGE_OPEN_INDEX, 1, MANAGE_LIST), 0);
}

static void names_are_found_whole_and_only_where_seen(void **state)
{
	(void)state;
	assert_int_equal(open_name("linux-b", MANAGE_CONTROL), 0);
	assert_int_equal(x[1], handle(1, MANAGE_CONTROL));
	assert_int_equal(open_name(names[2], MANAGE_LIST), 0);
	assert_int_equal(open_name("linux", MANAGE_LIST), NOT_FOUND);
	assert_int_equal(open_name("linux-bb", MANAGE_LIST), NOT_FOUND);
	assert_int_equal(open_name("", MANAGE_LIST), NOT_FOUND);
	assert_int_equal(open_name("abcdefghijklmnopqrstuvwxyz01234X", MANAGE_LIST), NOT_FOUND);
	assert_int_equal(open_name("linux-a", MANAGE_CONTROL), DENIED);
	assert_int_equal(open_name("linux-a", 0), INVALID);
	/* Behind the name only zeroes. */
	memset(x, 0, sizeof(x));
	strcpy((char *)&x[1], "linux-b");
	x[4] = BIT(63);
	x[5] = MANAGE_LIST;
	x[0] = MANAGE_FID + MANAGE_OPEN_NAME;
	assert_true(manage_call(&ops, &who, x));
	assert_int_equal(x[0], NOT_FOUND);
	who.list = 5;
	who.control = 0;
	assert_int_equal(open_name("linux-b", MANAGE_LIST), NOT_FOUND);
}

/* ---- using ---- */

static void handles_carry_their_rights(void **state)
{
	uint64_t see = handle(1, MANAGE_LIST), change = handle(1, MANAGE_CONTROL);

	(void)state;
	assert_int_equal(call(MANAGE_INFO, see, 0), 0);
	assert_int_equal(x[7], 107);
	assert_int_equal(call(MANAGE_STAT, see, 0), 0);
	assert_int_equal(x[1], 7777);
	assert_int_equal(call(MANAGE_NAME, see, 0), 0);
	assert_memory_equal(&x[1], names[1], 32);
	assert_int_equal(call(MANAGE_DO, see, VMM_STOP), DENIED);
	assert_int_equal(call(MANAGE_INFO, change, 0), DENIED);
	assert_int_equal(call(MANAGE_NAME, change, 0), DENIED);
	assert_int_equal(verbs, 0);
	assert_int_equal(call(MANAGE_DO, change, VMM_STOP), 0);
	assert_true(x[1] == 42 && verbs == 1 && last_vm == 1 && last_verb == VMM_STOP);
	assert_int_equal(call(MANAGE_DO, change, VMM_NR_VERBS), INVALID);
	assert_int_equal(call(MANAGE_DO, change, BIT(32)), INVALID);
	assert_int_equal(verbs, 1);
}

static void what_is_no_handle_is_refused(void **state)
{
	uint64_t good = handle(1, MANAGE_LIST);

	(void)state;
	for (uint64_t raw = 0; raw < 256; raw++)
		assert_int_equal(call(MANAGE_INFO, raw, 0), INVALID);
	assert_int_equal(call(MANAGE_INFO, good | BIT(48), 0), INVALID);
	assert_int_equal(call(MANAGE_INFO, good | BIT(63), 0), INVALID);
	assert_int_equal(call(MANAGE_INFO, good | BIT(10), 0), INVALID);
	assert_int_equal(call(MANAGE_INFO, good + NR, 0), INVALID);
	assert_int_equal(call(MANAGE_INFO, UINT64_MAX, 0), INVALID);
	/* Made up with more rights than there are, or for another life. */
	good = handle(0, MANAGE_LIST);
	assert_int_equal(call(MANAGE_DO, good | (uint64_t)MANAGE_CONTROL << 8, VMM_KILL), DENIED);
	assert_int_equal(call(MANAGE_INFO, good + BIT(16), 0), STALE);
	assert_int_equal(verbs, 0);
}

static void handles_of_a_destroyed_vm_are_stale(void **state)
{
	uint64_t see = handle(2, MANAGE_LIST), change = handle(2, MANAGE_CONTROL);

	(void)state;
	lives[2]++;
	assert_int_equal(call(MANAGE_INFO, see, 0), STALE);
	assert_int_equal(call(MANAGE_DO, change, VMM_CREATE), STALE);
	assert_int_equal(call(MANAGE_DO, handle(2, MANAGE_CONTROL), VMM_CREATE), 0);
	lives[2] = UINT32_MAX;
	see = handle(2, MANAGE_LIST);
	assert_int_equal(call(MANAGE_INFO, see, 0), 0);
	lives[2]++;
	assert_int_equal(call(MANAGE_INFO, see, 0), STALE);
}

static void refusals_have_their_codes(void **state)
{
	static const struct { int err; int64_t code; } codes[] = {
		{ 0, 0 }, { -EPERM, MANAGE_REFUSED }, { -EALREADY, MANAGE_ALREADY },
		{ -ENODEV, MANAGE_NOT_CREATED }, { -EBUSY, MANAGE_BUSY },
		{ -EINVAL, MANAGE_WRONG_STATE }, { -EAGAIN, MANAGE_TRY_AGAIN },
		{ -ENOMEM, MANAGE_NO_MEMORY }, { -EIO, MANAGE_FAILED }, { 5, MANAGE_FAILED },
		{ -1000000, MANAGE_FAILED },
	};
	uint64_t h = handle(1, MANAGE_CONTROL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		verb_result = codes[i].err;
		assert_int_equal((int64_t)call(MANAGE_DO, h, VMM_START), codes[i].code);
		assert_int_equal(x[1], codes[i].err ? h : 42);
		assert_int_equal(manage_code(codes[i].err), codes[i].code);
	}
}

/* Whatever is passed, the VMs are only touched as the rights allow: the ops assert it. */
static void any_registers_are_taken(void **state)
{
	uint64_t seed = 88172645463325252u, answered = 0;

	(void)state;
	who = (struct manage_caller){ 1, 3, 2 };
	may_see[2] = may_change[0] = may_change[2] = false;
	for (uint32_t n = 0; n < 400000; n++) {
		for (int i = 0; i < 8; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			x[i] = seed >> (seed & 63);
		}
		x[0] = MANAGE_FID + n % 9;
		/* Often something that is nearly a handle. */
		if (n & 16)
			x[1] = (x[1] & 3) | (x[2] & 3) << 8 | (x[3] & 3) << 16;
		if (n & 32)
			x[2] &= 15;
		if (!manage_call(&ops, &who, x))
			continue;
		assert_true((int64_t)x[0] <= 0 && (int64_t)x[0] >= MANAGE_FAILED);
		answered += x[0] == 0;
	}
	assert_true(answered > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nobody_without_rights_is_answered, setup),
		cmocka_unit_test_setup(calls_that_there_are_not_change_nothing, setup),
		cmocka_unit_test_setup(features_tell_calls_rights_and_vms, setup),
		cmocka_unit_test_setup(open_gives_what_the_configuration_allows, setup),
		cmocka_unit_test_setup(names_are_found_whole_and_only_where_seen, setup),
		cmocka_unit_test_setup(handles_carry_their_rights, setup),
		cmocka_unit_test_setup(what_is_no_handle_is_refused, setup),
		cmocka_unit_test_setup(handles_of_a_destroyed_vm_are_stale, setup),
		cmocka_unit_test_setup(refusals_have_their_codes, setup),
		cmocka_unit_test_setup(any_registers_are_taken, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
