/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest's calls are answered: SMCCC, PSCI, TRNG, and all that nobody knows. */
#include "vm/smccc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "tests/host/fake/ivc.h"
#include "vm/psci.h"
#include "vm/pvtime.h"
#include "vm/trng.h"
#include "vm_fixture.h"

#define P32(fn) SMCCC_FID32(SMCCC_OWNER_STD, fn)
#define P64(fn) SMCCC_FID64(SMCCC_OWNER_STD, fn)
#define RAM     CONFIG_RAM_BASE
#define NOT_SUPPORTED ((uint64_t)-1)

static enum vm_order ordered;
static unsigned int orders;

void thread_request(struct thread *t, uint32_t bits)
{
	assert_int_equal(bits, THREAD_REQ_VCPU);
	atomic_fetch_add(&fixture_requests[vcpu_of(t)->idx], 1);
}

static uint32_t stolen_asked;

void vcpu_stolen_asked(struct vcpu *v)
{
	(void)v;
	stolen_asked++;
}

bool vm_order(struct vm *vm, enum vm_order order)
{
	assert_ptr_equal(vm, &fixture_vm);
	ordered = order;
	orders++;
	return true;
}

static int setup(void **state)
{
	(void)state;
	fixture_reset();
	ordered = VM_ORDER_NONE;
	orders = 0;
	return 0;
}

/* A call by vCPU 0; x1 to x3 as given. */
static uint64_t call3(uint64_t fid, uint64_t x1, uint64_t x2, uint64_t x3)
{
	struct exit_info info = { .ec = EC_HVC64 };
	struct arch_gpregs *r = &fixture_regs[0];

	r->x[0] = fid;
	r->x[1] = x1;
	r->x[2] = x2;
	r->x[3] = x3;
	assert_int_equal(exit_hvc64(&fixture_vcpus[0], &info), EXIT_DONE);
	return r->x[0];
}

static uint64_t call1(uint64_t fid, uint64_t x1)
{
	return call3(fid, x1, 0, 0);
}

static void start_is(uint32_t idx, uint64_t pc, uint64_t x0)
{
	struct power_start s;

	assert_true(power_take(&fixture_vm.power[idx], &s));
	assert_int_equal(s.pc, pc);
	assert_int_equal(s.x0, x0);
}

/* ---- discovery ---- */

static void versions_are_told(void **state)
{
	(void)state;
	assert_int_equal(call1(SMCCC_VERSION, 0), 0x10002);
	assert_int_equal(call1(P32(PSCI_FN_VERSION), 0), 0x10001);
	/* The upper half of x0 is no part of a function identifier. */
	assert_int_equal(call1(SMCCC_VERSION | BIT(63), 0), 0x10002);
}

static void psci_features_agrees_with_what_is_called(void **state)
{
	(void)state;
	for (uint32_t fn = 0; fn < PSCI_NR_FNS; fn++) {
		for (int wide = 0; wide < 2; wide++) {
			uint32_t fid = (uint32_t)(wide ? P64(fn) : P32(fn));
			bool told = call1(P32(PSCI_FN_FEATURES), fid) == 0;
			bool there = wide ? psci_fns[fn].smc64 : psci_fns[fn].smc32;

			assert_int_equal(told, there);
			if (!there)
				assert_int_equal(call1(fid, 0), NOT_SUPPORTED);
		}
	}
	assert_int_equal(call1(P32(PSCI_FN_FEATURES), SMCCC_VERSION), 0);
	assert_int_equal(call1(P32(PSCI_FN_FEATURES), P32(TRNG_FN_BASE)), NOT_SUPPORTED);
	assert_int_equal(call1(P32(PSCI_FN_FEATURES), 0x8400ff00), NOT_SUPPORTED);
}

/* Every owner, both widths, MBZ bits, yielding calls: -1 in all 64 bits, nothing else moved. */
static void unknown_calls_are_not_supported_and_move_nothing(void **state)
{
	static const uint32_t fids[] = {
		0x80000003, 0x8000ffff, 0x80008001, 0x80007ffe, 0xc0000000, 0xc0008000,
		0x81000000, 0xc1000001, 0x82000000, 0xc200ff01, 0x83000000,
		0x84000020, 0x8400004f, 0x84000054, 0x8400ff00, 0x8400ff01, 0xc4000000, 0xc4000008,
		0x84010000, 0x84800003, 0x85000000, 0x85000020, 0x86000000, 0xc6000000, 0x8600ff02,
		0xb0000000, 0xb2000000, 0xbf00ff01, 0xffffffff, 0, 1, 0x3fffffff, 0x40000000,
		0x04000003, 0x02000000,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fids); i++) {
		struct arch_gpregs before;

		for (int x = 1; x < 31; x++)
			fixture_regs[0].x[x] = 0x1000u + (unsigned int)x;
		before = fixture_regs[0];
		if (call3(fids[i], before.x[1], before.x[2], before.x[3]) != NOT_SUPPORTED)
			fail_msg("%08x was answered 0x%llx", fids[i],
				 (unsigned long long)fixture_regs[0].x[0]);
		before.x[0] = NOT_SUPPORTED;
		assert_memory_equal(&before, &fixture_regs[0], sizeof(before));
	}
	assert_int_equal(orders, 0);
}

static void immediates_other_than_zero_are_no_calls(void **state)
{
	struct exit_info info = { .ec = EC_HVC64, .iss = 1 };

	(void)state;
	fixture_regs[0].x[0] = P32(PSCI_FN_SYSTEM_OFF);
	assert_int_equal(exit_hvc64(&fixture_vcpus[0], &info), EXIT_UP);
	info.ec = EC_SMC64;
	assert_int_equal(exit_smc64(&fixture_vcpus[0], &info), EXIT_UNDEF);
	assert_int_equal(orders, 0);
	assert_int_equal(fixture_regs[0].x[0], P32(PSCI_FN_SYSTEM_OFF));
}

static void smc_is_answered_like_hvc(void **state)
{
	struct exit_info info = { .ec = EC_SMC64 };

	(void)state;
	fixture_regs[0].x[0] = P32(PSCI_FN_VERSION);
	assert_int_equal(exit_smc64(&fixture_vcpus[0], &info), EXIT_DONE);
	assert_int_equal(fixture_regs[0].x[0], 0x10001);
}

/* ---- workarounds ---- */

static int32_t firmware_answer;
static uint32_t firmware_called;

static int32_t fw_feature(uint32_t fid)
{
	(void)fid;
	return firmware_answer;
}

static void fw_call(uint32_t fid)
{
	firmware_called = fid;
}

static void workarounds_are_what_the_firmware_says(void **state)
{
	static const uint32_t fids[] = { SMCCC_WORKAROUND_1, SMCCC_WORKAROUND_3 };

	(void)state;
	fixture_host.firmware_feature = fw_feature;
	fixture_host.firmware_call = fw_call;
	for (size_t i = 0; i < ARRAY_SIZE(fids); i++) {
		for (firmware_answer = -2; firmware_answer <= 1; firmware_answer++) {
			firmware_called = 0;
			assert_int_equal((int64_t)call1(SMCCC_ARCH_FEATURES, fids[i]),
					 firmware_answer);
			call3(fids[i], 1, 2, 3);
			assert_int_equal(firmware_called, firmware_answer >= 0 ? fids[i] : 0);
			assert_int_equal((int64_t)fixture_regs[0].x[0],
					 firmware_answer >= 0 ? 0 : -1);
		}
	}
}

static void firmware_ssbd_stays_on_and_need_not_be_asked_for(void **state)
{
	(void)state;
	fixture_host.firmware_feature = fw_feature;
	fixture_host.firmware_call = fw_call;
	firmware_called = 0;
	firmware_answer = 0;
	assert_int_equal((int64_t)call1(SMCCC_ARCH_FEATURES, SMCCC_WORKAROUND_2),
			 SMCCC_NOT_REQUIRED);
	assert_int_equal(call1(SMCCC_WORKAROUND_2, 0), 0);
	firmware_answer = -1;
	assert_int_equal(call1(SMCCC_ARCH_FEATURES, SMCCC_WORKAROUND_2), NOT_SUPPORTED);
	assert_int_equal(call1(SMCCC_WORKAROUND_2, 0), NOT_SUPPORTED);
	assert_int_equal(firmware_called, 0);
}

static void the_boards_soc_is_not_told(void **state)
{
	(void)state;
	fixture_host.firmware_feature = fw_feature;
	firmware_answer = 0;
	assert_int_equal(call1(SMCCC_ARCH_FEATURES, SMCCC_ARCH_SOC_ID), NOT_SUPPORTED);
	assert_int_equal(call1(SMCCC_ARCH_SOC_ID, 0), NOT_SUPPORTED);
	assert_int_equal(call1(SMCCC_ARCH_FEATURES, SMCCC_VERSION), 0);
	assert_int_equal(call1(SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES), 0);
	assert_int_equal(call1(SMCCC_ARCH_FEATURES, P32(PSCI_FN_CPU_ON)), NOT_SUPPORTED);
}

/* ---- stolen time ---- */

static void stolen_time_is_told_where_the_configuration_has_it(void **state)
{
	(void)state;
	for (int has = 0; has < 2; has++) {
		uint64_t known = has ? 0 : NOT_SUPPORTED;

		fixture_cfg.stolen = (struct config_device){ has, 0x90a0000, CONFIG_NO_SPI };
		assert_int_equal(call1(SMCCC_ARCH_FEATURES, PVTIME_FEATURES), known);
		assert_int_equal(call1(PVTIME_FEATURES, PVTIME_FEATURES), known);
		assert_int_equal(call1(PVTIME_FEATURES, PVTIME_ST), known);
		assert_int_equal(call1(PVTIME_FEATURES, PVTIME_ST + 1), NOT_SUPPORTED);
		assert_int_equal(call1(PVTIME_FEATURES, PVTIME_FEATURES - 1), NOT_SUPPORTED);
		fixture_vcpus[0].idx = 3;
		stolen_asked = 0;
		assert_int_equal(call1(PVTIME_ST, 0), has ? 0x90a00c0 : NOT_SUPPORTED);
		assert_int_equal(stolen_asked, has);
		assert_int_equal(call1(PVTIME_ST & ~SMCCC_SMC64, 0), NOT_SUPPORTED);
		assert_int_equal(call1(PVTIME_ST + 1, 0), NOT_SUPPORTED);
	}
}

/* ---- vendor ---- */

static bool vendor(struct vm *vm, uint64_t *x)
{
	assert_ptr_equal(vm, &fixture_vm);
	if ((uint32_t)x[0] != 0xc6000001)
		return false;
	x[1] = 0xbeef;
	return true;
}

static void vendor_range_is_the_floor_aboves(void **state)
{
	(void)state;
	call1(0x8600ff01, 0);
	assert_int_equal(fixture_regs[0].x[0], 0xf7cb9f8e);
	assert_int_equal(fixture_regs[0].x[3], 0x537c8b6a);
	assert_int_equal(call1(0x8600ff03, 0), 1);
	assert_int_equal(call1(0x8600ff00, 0), 0);
	fixture_cfg.manage_list = 2;
	assert_int_equal(call1(0x8600ff00, 0), SMCCC_NR_MANAGE_FNS);
	assert_int_equal(call1(0xc6000001, 0), NOT_SUPPORTED);
	fixture_host.vendor_call = vendor;
	assert_int_equal(call1(0xc6000002, 0), NOT_SUPPORTED);
	call1(0xc6000001, 0);
	assert_int_equal(fixture_regs[0].x[1], 0xbeef);
	call1(0xc5000001, 0);
	assert_int_equal(fixture_regs[0].x[1], 0);
}

/* Carried out where the thread may sleep: not by smccc_dispatch(), which changes nothing. */
static void ivc_is_called_where_it_may_sleep(void **state)
{
	struct arch_gpregs *r = &fixture_regs[0];
	const struct exit_info hvc = { .ec = EC_HVC64 };
	uint64_t x[8] = { IVC_FID + IVC_PUBLISH };

	(void)state;
	assert_int_equal(call1(IVC_FID + IVC_PUBLISH, 7), NOT_SUPPORTED);
	fake_ivc = true;
	fake_ivc_slept = 0;
	r->x[0] = IVC_FID + IVC_PUBLISH;
	r->x[1] = 7;
	assert_int_equal(smccc_dispatch(&fixture_vcpus[0], r), EXIT_UP);
	assert_true(r->x[0] == IVC_FID + IVC_PUBLISH && r->x[1] == 7 && !fake_ivc_slept);
	assert_int_equal(exit_hvc64(&fixture_vcpus[0], &hvc), EXIT_DONE);
	assert_true(r->x[0] == 0 && r->x[1] == 0xca11);
	r->x[0] = IVC_FID + IVC_PUBLISH;
	assert_int_equal(exit_smc64(&fixture_vcpus[0], &hvc), EXIT_DONE);
	smccc_vendor_call(&fixture_vm, x);
	assert_int_equal(x[0], NOT_SUPPORTED);
	assert_int_equal(fake_ivc_slept, 2);
	assert_int_equal(call1(IVC_FID + IVC_NR_FNS, 0), NOT_SUPPORTED);
	assert_int_equal(call1(0x8600ff00, 0), IVC_NR_FNS);
	fake_ivc = false;
}

/* What comes by the mailbox: the vendor's calls and no other, SYSTEM_OFF least of all. */
static void mailbox_carries_the_vendors_calls_only(void **state)
{
	static const uint64_t others[] = {
		P32(PSCI_FN_SYSTEM_OFF), P64(PSCI_FN_CPU_ON), SMCCC_VERSION, PVTIME_ST, 0x86010000,
		0x06000000, 0, UINT64_MAX,
	};
	uint64_t x[8] = { 0x8600ff01, 1, 2, 3, 4, 5, 6, 7 };

	(void)state;
	fixture_host.vendor_call = vendor;
	smccc_vendor_call(&fixture_vm, x);
	assert_true(x[0] == 0xf7cb9f8e && x[3] == 0x537c8b6a && x[7] == 7);
	x[0] = 0xc6000001;
	smccc_vendor_call(&fixture_vm, x);
	assert_int_equal(x[1], 0xbeef);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		x[0] = others[i];
		smccc_vendor_call(&fixture_vm, x);
		assert_int_equal(x[0], NOT_SUPPORTED);
	}
	assert_int_equal(orders, 0);
}

/* ---- CPU_ON and its fellows ---- */

static void cpu_on_starts_an_off_cpu_once(void **state)
{
	(void)state;
	fixture_sctlr = SCTLR_EE;
	assert_int_equal(call3(P64(PSCI_FN_CPU_ON), 1, RAM + 0x1000, 0xfeedfacecafebeef), 0);
	assert_int_equal(fixture_requests[1], 1);
	assert_true(fixture_vm.power[1].start.big_endian);
	assert_int_equal((int64_t)call3(P64(PSCI_FN_CPU_ON), 1, RAM, 0), PSCI_ON_PENDING);
	assert_int_equal(call3(P64(PSCI_FN_AFFINITY_INFO), 1, 0, 0), 2);
	start_is(1, RAM + 0x1000, 0xfeedfacecafebeef);
	assert_int_equal((int64_t)call3(P64(PSCI_FN_CPU_ON), 1, RAM, 0), PSCI_ALREADY_ON);
	assert_int_equal((int64_t)call3(P64(PSCI_FN_CPU_ON), 0, RAM, 0), PSCI_ALREADY_ON);
	assert_int_equal(call3(P64(PSCI_FN_AFFINITY_INFO), 1, 0, 0), 0);
	assert_int_equal(fixture_requests[1], 1);
}

static void cpu_on_by_smc32_takes_the_low_halves(void **state)
{
	const uint64_t junk = 0xabcd000000000000;

	(void)state;
	assert_int_equal(call3(P32(PSCI_FN_CPU_ON) | junk, 2 | junk, (RAM + 4) | junk,
			       0xfeedfacecafebeef), 0);
	start_is(2, RAM + 4, 0xcafebeef);
}

static void cpu_on_finds_cpus_by_affinity(void **state)
{
	(void)state;
	/* The second cluster begins at Aff1 = 1. */
	assert_int_equal(call3(P64(PSCI_FN_CPU_ON), 0x103, RAM, 0), 0);
	start_is(19, RAM, 0);
	static const uint64_t bad[] = { 0x10, 0x104, 0x200, 0x10000, 0x100000000, BIT(31) | 1,
					BIT(24) | 1, BIT(40) | 1, UINT64_MAX };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal((int64_t)call3(P64(PSCI_FN_CPU_ON), bad[i], RAM, 0),
				 PSCI_INVALID_PARAMETERS);
		assert_int_equal((int64_t)call3(P64(PSCI_FN_AFFINITY_INFO), bad[i], 0, 0),
				 PSCI_INVALID_PARAMETERS);
	}
}

static void cpu_on_refuses_an_entry_that_cannot_be_run(void **state)
{
	static const uint64_t bad[] = { 0, RAM - 4, RAM + 0x10000000, 0x09000000, RAM + 2,
		UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal((int64_t)call3(P64(PSCI_FN_CPU_ON), 1, bad[i], 0),
				 PSCI_INVALID_ADDRESS);
	fixture_cfg.regions[0].access = CONFIG_ACCESS_R | CONFIG_ACCESS_W;
	assert_int_equal((int64_t)call3(P64(PSCI_FN_CPU_ON), 1, RAM, 0), PSCI_INVALID_ADDRESS);
	assert_int_equal(power_get(&fixture_vm.power[1]), POWER_OFF);
	assert_int_equal(fixture_requests[1], 0);
}

static void cpu_off_is_seen_by_others(void **state)
{
	(void)state;
	call1(P32(PSCI_FN_CPU_OFF), 0);
	assert_int_equal(fixture_requests[0], 1);
	/* Its thread clears it first. */
	assert_true(fixture_vm.power[0].leaving);
	assert_int_equal(call3(P64(PSCI_FN_AFFINITY_INFO), 0, 0, 0), 0);
	assert_int_equal((int64_t)call3(P64(PSCI_FN_CPU_ON), 0, RAM, 5), PSCI_ALREADY_ON);
	power_turn_off(&fixture_vm.power[0]);
	assert_false(fixture_vm.power[0].leaving);
	assert_int_equal(call3(P64(PSCI_FN_AFFINITY_INFO), 0, 0, 0), 1);
	assert_int_equal(call3(P64(PSCI_FN_CPU_ON), 0, RAM, 5), 0);
	start_is(0, RAM, 5);
}

static void affinity_info_of_a_level_is_on_if_one_is(void **state)
{
	(void)state;
	assert_int_equal(call3(P64(PSCI_FN_AFFINITY_INFO), 0, 1, 0), 0);
	assert_int_equal(call3(P64(PSCI_FN_AFFINITY_INFO), 0x100, 1, 0), 1);
	call3(P64(PSCI_FN_CPU_ON), 0x102, RAM, 0);
	assert_int_equal(call3(P64(PSCI_FN_AFFINITY_INFO), 0x1ff, 1, 0), 2);
	assert_int_equal(call3(P64(PSCI_FN_AFFINITY_INFO), 0, 2, 0), 0);
	assert_int_equal(call3(P64(PSCI_FN_AFFINITY_INFO), 0, 3, 0), 0);
	assert_int_equal((int64_t)call3(P64(PSCI_FN_AFFINITY_INFO), 0, 4, 0),
			 PSCI_INVALID_PARAMETERS);
	assert_int_equal((int64_t)call3(P64(PSCI_FN_AFFINITY_INFO), 0x200, 1, 0),
			 PSCI_INVALID_PARAMETERS);
}

static void suspend_is_a_standby_that_returns(void **state)
{
	struct arch_gpregs *r = &fixture_regs[0];

	(void)state;
	*r = (struct arch_gpregs){ .x = { P64(PSCI_FN_CPU_SUSPEND), 0 } };
	assert_int_equal(smccc_dispatch(&fixture_vcpus[0], r), EXIT_BLOCK);
	assert_int_equal(r->x[0], 0);
	*r = (struct arch_gpregs){ .x = { P64(PSCI_FN_CPU_SUSPEND), 0x10001, RAM, 1 } };
	assert_int_equal(smccc_dispatch(&fixture_vcpus[0], r), EXIT_BLOCK);
	assert_int_equal((int64_t)call3(P64(PSCI_FN_CPU_SUSPEND), 0x10000, 0, 0),
			 PSCI_INVALID_ADDRESS);
	for (int bit = 17; bit < 32; bit++)
		assert_int_equal((int64_t)call3(P64(PSCI_FN_CPU_SUSPEND), BIT(bit), RAM, 0),
				 PSCI_INVALID_PARAMETERS);
}

static void migration_is_not_needed(void **state)
{
	(void)state;
	assert_int_equal(call1(P32(PSCI_FN_MIGRATE_INFO_TYPE), 0), 2);
	assert_int_equal(call1(P32(PSCI_FN_MIGRATE), 0), NOT_SUPPORTED);
}

static void system_calls_give_orders(void **state)
{
	(void)state;
	call1(P32(PSCI_FN_SYSTEM_OFF), 0);
	assert_int_equal(ordered, VM_ORDER_OFF);
	call1(P32(PSCI_FN_SYSTEM_RESET), 0);
	assert_int_equal(ordered, VM_ORDER_RESET);
	ordered = VM_ORDER_NONE;
	call1(P64(PSCI_FN_SYSTEM_RESET2), 0);
	assert_int_equal(ordered, VM_ORDER_RESET);
	orders = 0;
	assert_int_equal((int64_t)call1(P32(PSCI_FN_SYSTEM_RESET2), 1), PSCI_INVALID_PARAMETERS);
	assert_int_equal((int64_t)call1(P32(PSCI_FN_SYSTEM_RESET2), BIT(31)),
			 PSCI_INVALID_PARAMETERS);
	assert_int_equal(orders, 0);
}

/* ---- TRNG ---- */

static void trng_is_absent_without_entropy(void **state)
{
	(void)state;
	for (uint32_t fn = 0; fn < TRNG_NR_FNS; fn++)
		assert_int_equal(call1(P32(TRNG_FN_BASE + fn), 32), NOT_SUPPORTED);
}

static void trng_tells_what_it_can(void **state)
{
	(void)state;
	drbg_seed(&fixture_vm.rng, "entropy", 7, true);
	assert_int_equal(call1(P32(0x50), 0), 0x10000);
	assert_int_equal(call1(P32(0x51), P32(0x50)), 0);
	assert_int_equal(call1(P32(0x51), P64(0x53)), 0);
	assert_int_equal(call1(P32(0x51), P32(0x53)), 0);
	assert_int_equal(call1(P32(0x51), P64(0x52)), NOT_SUPPORTED);
	assert_int_equal(call1(P32(0x51), P32(0x54)), NOT_SUPPORTED);
	assert_int_equal(call1(P32(0x51), 0x80000053), NOT_SUPPORTED);
	assert_int_equal(call1(P32(0x52), 0), 0x3e5a6d1f);
}

static void trng_gives_as_many_bits_as_asked_for(void **state)
{
	struct arch_gpregs *r = &fixture_regs[0];

	(void)state;
	drbg_seed(&fixture_vm.rng, "entropy", 7, true);
	for (uint64_t bits = 1; bits <= 192; bits++) {
		assert_int_equal(call1(P64(0x53), bits), 0);
		if (bits < 64)
			assert_int_equal(r->x[3] >> bits, 0);
		if (bits <= 64)
			assert_int_equal(r->x[2], 0);
		if (bits > 64 && bits < 128)
			assert_int_equal(r->x[2] >> (bits - 64), 0);
		if (bits <= 128)
			assert_int_equal(r->x[1], 0);
		if (bits > 128 && bits < 192)
			assert_int_equal(r->x[1] >> (bits - 128), 0);
	}
	for (uint64_t bits = 1; bits <= 96; bits++) {
		assert_int_equal(call1(P32(0x53), bits | BIT(40)), 0);
		assert_int_equal((r->x[1] | r->x[2] | r->x[3]) >> 32, 0);
		if (bits <= 64)
			assert_int_equal(r->x[1], 0);
	}
	assert_int_equal((int64_t)call1(P64(0x53), 0), TRNG_INVALID_PARAMETERS);
	assert_int_equal((int64_t)call1(P64(0x53), 193), TRNG_INVALID_PARAMETERS);
	assert_int_equal((int64_t)call1(P32(0x53), 97), TRNG_INVALID_PARAMETERS);
	assert_int_equal((int64_t)call1(P64(0x53), UINT64_MAX), TRNG_INVALID_PARAMETERS);
	/* Two answers differ. */
	call1(P64(0x53), 192);
	uint64_t first = r->x[3];
	call1(P64(0x53), 192);
	assert_true(r->x[3] != first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup(f, setup)
		TEST(versions_are_told),
		TEST(psci_features_agrees_with_what_is_called),
		TEST(unknown_calls_are_not_supported_and_move_nothing),
		TEST(immediates_other_than_zero_are_no_calls),
		TEST(smc_is_answered_like_hvc),
		TEST(workarounds_are_what_the_firmware_says),
		TEST(firmware_ssbd_stays_on_and_need_not_be_asked_for),
		TEST(the_boards_soc_is_not_told),
		TEST(stolen_time_is_told_where_the_configuration_has_it),
		TEST(vendor_range_is_the_floor_aboves),
		TEST(ivc_is_called_where_it_may_sleep),
		TEST(mailbox_carries_the_vendors_calls_only),
		TEST(cpu_on_starts_an_off_cpu_once),
		TEST(cpu_on_by_smc32_takes_the_low_halves),
		TEST(cpu_on_finds_cpus_by_affinity),
		TEST(cpu_on_refuses_an_entry_that_cannot_be_run),
		TEST(cpu_off_is_seen_by_others),
		TEST(affinity_info_of_a_level_is_on_if_one_is),
		TEST(suspend_is_a_standby_that_returns),
		TEST(migration_is_not_needed),
		TEST(system_calls_give_orders),
		TEST(trng_is_absent_without_entropy),
		TEST(trng_tells_what_it_can),
		TEST(trng_gives_as_many_bits_as_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
