/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishing and subscribing by hypercall, on VMs that are a stage-2 table each: what is
 * allowed, what is refused and how, and that the owner table and every mapping agree after
 * whatever order of things; docs/channels.md.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/lib/bits.h"
#include "mm/frames.h"
#include "mm/hyp_pool.h"
#include "mm/stage2.h"
#include "tests/host/chance.h"
#include "tests/host/ivc_vms.h"
#include "vm/smccc.h"

enum { LEFT, RIGHT, READER, STRANGER, NOBODY, NR_VMS };
_Static_assert(NR_VMS <= IVC_VMS, "VMs");
#define WINDOW   UINT64_C(0x4500000000)
#define WINDOW_SIZE (64 * MIB)
#define KEY      UINT64_C(0xfeedf00d12345678)
#define ANYWHERE IVC_ANYWHERE

static uint64_t x[8];                    /* of the last call                    */

static bool is_high(uint32_t vm, uint32_t slot)
{
	return ivc.lines[vm] & 1u << slot;
}

static int setup(void **state)
{
	(void)state;
	machine_up(256 * MIB);
	ivc.window = WINDOW;
	ivc.window_size = WINDOW_SIZE;
	ivc.ipa_bits = 40;
	ivc_vm_configure(LEFT, 3, 16 * MIB, 0, 0);
	ivc_vm_configure(RIGHT, 2, 64 * 1024, BIT(LEFT), BIT(LEFT));
	ivc_vm_configure(READER, 0, 0, BIT(LEFT), BIT(RIGHT));
	ivc_vm_configure(STRANGER, 8, 1 * MIB, BIT(RIGHT), 0);
	ivc_vm_configure(NOBODY, 8, 1 * MIB, UINT64_MAX, UINT64_MAX);
	ivc.cfg[NOBODY].ivc.present = false;
	for (uint32_t i = 0; i < NR_VMS; i++)
		ivc_vm_up(i);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < NR_VMS; i++)
		ivc_vm_down(i);
	assert_int_equal(frames_stats(OWNER_SHARED), 0);
	assert_int_equal(hyp_pool_pages(), 0);
	for (uint32_t i = 0; i < NR_VMS; i++)
		assert_int_equal(frames_stats(owner_vm(i)), 0);
	machine_check();
	return 0;
}

/* ---- calls ---- */

static int64_t call(uint32_t vm, uint32_t fn, uint64_t x1, uint64_t x2, uint64_t x3, uint64_t x4)
{
	uint64_t before[8] = { IVC_FID + fn, x1, x2, x3, x4, 0x55, 0x66, 0x77 };

	memcpy(x, before, sizeof(x));
	assert_int_equal(ivc_call(&ivc.vm[vm], x), EXIT_DONE);
	assert_false(ivc.locked);
	if (x[0])
		assert_memory_equal(&x[1], &before[1], sizeof(x) - sizeof(x[0]));
	return (int64_t)x[0];
}

static int64_t publish(uint32_t vm, uint64_t key, uint64_t size, uint64_t ipa, uint64_t flags)
{
	return call(vm, IVC_PUBLISH, key, size, ipa, flags);
}

static int64_t subscribe(uint32_t vm, uint64_t id, uint64_t key, uint64_t ipa, uint64_t flags)
{
	return call(vm, IVC_SUBSCRIBE, id, key, ipa, flags);
}

static int64_t unpublish(uint32_t vm, uint64_t handle)
{
	return call(vm, IVC_UNPUBLISH, handle, 0, 0, 0);
}

static int64_t unsubscribe(uint32_t vm, uint64_t handle)
{
	return call(vm, IVC_UNSUBSCRIBE, handle, 0, 0, 0);
}

static int64_t notify(uint32_t vm, uint64_t handle, uint64_t member)
{
	return call(vm, IVC_NOTIFY, handle, member, 0, 0);
}

/* ---- what a VM sees ---- */

static bool leaf(uint32_t vm, uint64_t ipa, struct stage2_leaf *l)
{
	assert_int_equal(stage2_lookup(&ivc.vm[vm].s2, IPA(ipa), l), 0);
	return l->mapped;
}

static uint64_t pa_at(uint32_t vm, uint64_t ipa)
{
	struct stage2_leaf l;

	assert_true(leaf(vm, ipa, &l));
	return l.pa.v;
}

static void assert_attr(uint32_t vm, uint64_t ipa, uint32_t attr)
{
	struct stage2_leaf l;

	assert_true(leaf(vm, ipa, &l));
	assert_int_equal(l.attr, S2_NORMAL | attr);
}

static void assert_hole(uint32_t vm, uint64_t ipa)
{
	struct stage2_leaf l;

	assert_false(leaf(vm, ipa, &l));
}

/* ---- tests ---- */

static void a_region_is_published_and_subscribed_to(void **state)
{
	uint64_t ipa, pa;

	(void)state;
	assert_int_equal(publish(LEFT, KEY, 12 * 4096, ANYWHERE, IVC_WRITE), 0);
	ipa = x[2];
	assert_int_equal(ipa, WINDOW);
	assert_int_equal(x[3], 12 * 4096);
	assert_int_equal(x[4], BELLS);
	assert_int_equal(x[5], 32 + SPI);
	assert_int_equal(x[6], 0);
	assert_int_equal(frames_stats(OWNER_SHARED), 12);
	assert_attr(LEFT, ipa, S2_R | S2_W);
	assert_attr(LEFT, ipa + 11 * 4096, S2_R | S2_W);
	assert_hole(LEFT, ipa + 12 * 4096);
	pa = pa_at(LEFT, ipa);
	assert_int_equal(*(uint64_t *)fake_phys(pa), 0);

	assert_int_equal(subscribe(RIGHT, ID(LEFT), KEY, WINDOW + 2 * MIB, IVC_WRITE), 0);
	assert_int_equal(x[2], WINDOW + 2 * MIB);
	assert_int_equal(x[3], 12 * 4096);
	assert_int_equal(x[6], 1);
	assert_attr(RIGHT, x[2], S2_R | S2_W);
	assert_int_equal(pa_at(RIGHT, x[2]), pa);
	assert_int_equal(subscribe(READER, ID(LEFT), KEY, ANYWHERE, 0), 0);
	assert_int_equal(x[6], 2);
	assert_attr(READER, x[2], S2_R);
	assert_int_equal(pa_at(READER, x[2] + 11 * 4096), pa + 11 * 4096);
	machine_check();
}

/* What the configuration does not give, nobody has. */
static void rights_are_the_configurations(void **state)
{
	(void)state;
	assert_int_equal(publish(READER, KEY, 4096, ANYWHERE, 0), IVC_DENIED);
	assert_int_equal(publish(LEFT, KEY, 4096, ANYWHERE, IVC_WRITE), 0);
	assert_int_equal(publish(LEFT, KEY + 1, 4096, ANYWHERE, 0), 0);
	/* A stranger learns nothing, not even by a key that there is. */
	assert_int_equal(subscribe(STRANGER, ID(LEFT), KEY, ANYWHERE, 0), IVC_NOT_FOUND);
	assert_int_equal(subscribe(STRANGER, ID(LEFT), KEY, ANYWHERE, IVC_WRITE), IVC_NOT_FOUND);
	/* May only read; or the publisher does not want to be written to. */
	assert_int_equal(subscribe(READER, ID(LEFT), KEY, ANYWHERE, IVC_WRITE), IVC_DENIED);
	assert_int_equal(subscribe(RIGHT, ID(LEFT), KEY + 1, ANYWHERE, IVC_WRITE), IVC_DENIED);
	assert_int_equal(subscribe(RIGHT, ID(LEFT), KEY + 1, ANYWHERE, 0), 0);
	/* The right to write is one to read. */
	assert_int_equal(publish(RIGHT, KEY, 4096, ANYWHERE, IVC_WRITE), 0);
	assert_int_equal(subscribe(READER, ID(RIGHT), KEY, ANYWHERE, 0), 0);
	assert_int_equal(subscribe(STRANGER, ID(RIGHT), KEY, ANYWHERE, 0), 0);
	machine_check();
}

static void keys_are_each_publishers_own(void **state)
{
	(void)state;
	assert_int_equal(publish(LEFT, KEY, 4096, ANYWHERE, 0), 0);
	assert_int_equal(publish(LEFT, KEY, 4096, ANYWHERE, 0), IVC_ALREADY);
	assert_int_equal(publish(RIGHT, KEY, 8192, ANYWHERE, IVC_WRITE), 0);
	assert_int_equal(subscribe(READER, ID(LEFT), KEY + 1, ANYWHERE, 0), IVC_NOT_FOUND);
	assert_int_equal(subscribe(READER, ID(NR_VMS), KEY, ANYWHERE, 0), IVC_NOT_FOUND);
	assert_int_equal(subscribe(READER, LEFT, KEY, ANYWHERE, 0), IVC_NOT_FOUND);
	assert_int_equal(subscribe(READER, ID(LEFT) | UINT64_C(1) << 32, KEY, ANYWHERE, 0),
			 IVC_NOT_FOUND);
	assert_int_equal(subscribe(READER, ID(RIGHT), KEY, ANYWHERE, IVC_WRITE), 0);
	assert_int_equal(x[3], 8192);
	assert_int_equal(subscribe(READER, ID(RIGHT), KEY, ANYWHERE, IVC_WRITE), IVC_ALREADY);
	assert_int_equal(subscribe(READER, ID(LEFT), KEY, ANYWHERE, 0), 0);
	assert_int_equal(x[3], 4096);
	/* Its own it has already. */
	ivc.cfg[RIGHT].ivc.read |= BIT(RIGHT);
	assert_int_equal(subscribe(RIGHT, ID(RIGHT), KEY, ANYWHERE, 0), IVC_ALREADY);
	/* Any number is a key. */
	assert_int_equal(publish(LEFT, 0, 4096, ANYWHERE, 0), 0);
	assert_int_equal(publish(LEFT, UINT64_MAX, 4096, ANYWHERE, 0), 0);
}

static void sizes_are_multiples_of_a_page_within_what_is_allowed(void **state)
{
	static const uint64_t bad[] = { 0, 1, 4095, 4097, 0x1800, UINT64_MAX };
	static const uint64_t huge[] = {
		16 * MIB + 4096, 2 * GIB, UINT64_C(1) << 52, UINT64_C(1) << 63,
		~UINT64_C(0xfff),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(publish(LEFT, KEY, bad[i], ANYWHERE, 0),
				 SMCCC_INVALID_PARAMETER);
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++)
		assert_int_equal(publish(LEFT, KEY, huge[i], ANYWHERE, 0), IVC_LIMIT);
	ivc.cfg[LEFT].ivc.memory = 4 * GIB;
	ivc.cfg[LEFT].ivc.window = 8 * GIB;
	assert_int_equal(publish(LEFT, KEY, GIB + 4096, ANYWHERE, 0), IVC_LIMIT);
	assert_int_equal(publish(LEFT, KEY, GIB, ANYWHERE, 0), IVC_NO_MEMORY);
	assert_int_equal(frames_stats(OWNER_SHARED), 0);
	assert_int_equal(publish(LEFT, KEY, 2 * MIB + 4096, ANYWHERE, 0), 0);
	assert_int_equal(frames_stats(OWNER_SHARED), 513);
	assert_hole(LEFT, x[2] + x[3]);
	assert_int_equal(frames_stats(owner_vm(LEFT)), 0);
}

static void number_and_bytes_are_bounded(void **state)
{
	uint64_t handle;

	(void)state;
	assert_int_equal(publish(LEFT, 1, 8 * MIB, ANYWHERE, 0), 0);
	handle = x[1];
	assert_int_equal(publish(LEFT, 2, 8 * MIB + 4096, ANYWHERE, 0), IVC_LIMIT);
	assert_int_equal(publish(LEFT, 2, 8 * MIB - 4096, ANYWHERE, 0), 0);
	assert_int_equal(publish(LEFT, 3, 8192, ANYWHERE, 0), IVC_LIMIT);
	assert_int_equal(publish(LEFT, 3, 4096, ANYWHERE, 0), 0);
	assert_int_equal(unpublish(LEFT, handle), 0);
	assert_int_equal(publish(LEFT, 4, 4096, ANYWHERE, 0), 0);
	assert_int_equal(publish(LEFT, 5, 4096, ANYWHERE, 0), IVC_LIMIT);
	/* A VM's slots are for both. */
	for (uint64_t i = 0; i < 7; i++)
		assert_int_equal(publish(STRANGER, i, 4096, ANYWHERE, 0), 0);
	assert_int_equal(publish(RIGHT, 1, 4096, ANYWHERE, 0), 0);
	assert_int_equal(publish(RIGHT, 2, 4096, ANYWHERE, 0), 0);
	assert_int_equal(subscribe(STRANGER, ID(RIGHT), 1, ANYWHERE, 0), 0);
	assert_int_equal(publish(STRANGER, 9, 4096, ANYWHERE, 0), IVC_LIMIT);
	assert_int_equal(subscribe(STRANGER, ID(RIGHT), 2, ANYWHERE, 0), IVC_LIMIT);
}

/* Who unpublishes and leaves the memory to others is charged for it until the last has gone. */
static void what_others_keep_is_still_the_publishers(void **state)
{
	uint64_t handle, theirs;

	(void)state;
	ivc.cfg[LEFT].ivc.publish = 2;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(publish(LEFT, KEY, 8 * MIB, ANYWHERE, 0), 0);
		handle = x[1];
		assert_int_equal(subscribe(RIGHT, ID(LEFT), KEY, ANYWHERE, 0), 0);
		theirs = x[1];
		assert_int_equal(unpublish(LEFT, handle), 0);
	}
	assert_int_equal(publish(LEFT, KEY, 4096, ANYWHERE, 0), IVC_LIMIT);
	/* Its next life is no way out. */
	ivc_vm_down(LEFT);
	ivc_vm_up(LEFT);
	assert_int_equal(publish(LEFT, KEY, 4096, ANYWHERE, 0), IVC_LIMIT);
	assert_int_equal(unsubscribe(RIGHT, theirs), 0);
	assert_int_equal(publish(LEFT, KEY, 8 * MIB, ANYWHERE, 0), 0);
	assert_int_equal(publish(LEFT, KEY + 1, 4096, ANYWHERE, 0), IVC_LIMIT);
}

static void addresses_are_in_the_window_and_nobodys(void **state)
{
	static const uint64_t bad[] = {
		0, 0x1000, WINDOW - 4096, WINDOW + 1, WINDOW + 0x800, WINDOW + WINDOW_SIZE,
		WINDOW + WINDOW_SIZE - 4096, UINT64_MAX - 4095, UINT64_MAX - 1, UINT64_C(1) << 63,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(publish(LEFT, KEY, 8192, bad[i], 0), SMCCC_INVALID_PARAMETER);
	assert_int_equal(publish(LEFT, 1, 8192, WINDOW + WINDOW_SIZE - 8192, 0), 0);
	assert_int_equal(publish(LEFT, 2, 8192, WINDOW + WINDOW_SIZE - 12288, 0), IVC_BUSY);
	assert_int_equal(publish(LEFT, 2, 4096, WINDOW + WINDOW_SIZE - 4096, 0), IVC_BUSY);
	assert_int_equal(publish(LEFT, 2, 4096, WINDOW, 0), 0);
	/* What is chosen goes around both. */
	assert_int_equal(publish(LEFT, 3, 4096, ANYWHERE, 0), 0);
	assert_int_equal(x[2], WINDOW + 4096);
	/* Large ones go where they are mapped at once. */
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(subscribe(RIGHT, ID(LEFT), 1, bad[i], 0),
				 SMCCC_INVALID_PARAMETER);
	assert_int_equal(subscribe(RIGHT, ID(LEFT), 1, WINDOW + 4096, 0), 0);
	assert_int_equal(subscribe(RIGHT, ID(LEFT), 3, WINDOW + 8192, 0), IVC_BUSY);
	assert_int_equal(frames_stats(OWNER_SHARED), 4);
	ivc.cfg[RIGHT].ivc.memory = 4 * MIB;
	assert_int_equal(publish(RIGHT, 1, 2 * MIB, ANYWHERE, 0), 0);
	assert_int_equal(x[2], WINDOW + 2 * MIB);
	ivc.cfg[RIGHT].ivc.window = 4 * MIB;
	assert_int_equal(publish(RIGHT, 2, 2 * MIB, ANYWHERE, 0), IVC_LIMIT);
	machine_check();
}

static void flags_and_calls_that_are_none_are_refused(void **state)
{
	(void)state;
	assert_int_equal(publish(LEFT, KEY, 4096, ANYWHERE, 2), SMCCC_INVALID_PARAMETER);
	assert_int_equal(publish(LEFT, KEY, 4096, ANYWHERE, UINT64_C(1) << 32),
			 SMCCC_INVALID_PARAMETER);
	assert_int_equal(publish(LEFT, KEY, 4096, ANYWHERE, 0), 0);
	assert_int_equal(subscribe(RIGHT, ID(LEFT), KEY, ANYWHERE, 2), SMCCC_INVALID_PARAMETER);
	for (uint32_t fn = 0; fn < 2 * IVC_NR_FNS; fn++) {
		uint64_t regs[8] = { IVC_FID + fn, 1, 4096, ANYWHERE, 0, 5, 6, 7 }, was[8];
		uint32_t vm = fn < IVC_NR_FNS ? NOBODY : LEFT;

		memcpy(was, regs, sizeof(was));
		assert_int_equal(ivc_call(&ivc.vm[vm], regs), EXIT_UP);
		assert_memory_equal(regs, was, sizeof(was));
	}
}

/* Whoever may not sleep gets an answer, or changes nothing. */
static void what_would_sleep_is_left_to_who_may(void **state)
{
	uint64_t handle;

	(void)state;
	assert_int_equal(publish(LEFT, KEY, 4096, ANYWHERE, 0), 0);
	handle = x[1];
	for (uint32_t fn = 0; fn < IVC_NR_FNS; fn++) {
		uint64_t regs[8] = { IVC_FID + fn, handle, 4096, ANYWHERE, 0, 5, 6, 7 }, was[8];
		bool quick = fn == IVC_FEATURES || fn == IVC_NOTIFY;

		memcpy(was, regs, sizeof(was));
		assert_int_equal(ivc_quick(&ivc.vm[LEFT], regs), quick ? EXIT_DONE : EXIT_UP);
		if (!quick)
			assert_memory_equal(regs, was, sizeof(was));
	}
	assert_int_equal(unpublish(LEFT, handle), 0);
}

static void handles_are_ones_own_and_of_their_time(void **state)
{
	uint64_t left, right, bit;

	(void)state;
	assert_int_equal(publish(LEFT, KEY, 4096, ANYWHERE, 0), 0);
	left = x[1];
	assert_int_equal(subscribe(RIGHT, ID(LEFT), KEY, ANYWHERE, 0), 0);
	right = x[1];
	/* Another's; one's own but for the other call. */
	assert_int_equal(unpublish(RIGHT, left), SMCCC_INVALID_PARAMETER);
	assert_int_equal(unsubscribe(READER, right), SMCCC_INVALID_PARAMETER);
	assert_int_equal(notify(READER, right, 0), SMCCC_INVALID_PARAMETER);
	assert_int_equal(unsubscribe(LEFT, left), SMCCC_INVALID_PARAMETER);
	assert_int_equal(unpublish(RIGHT, right), SMCCC_INVALID_PARAMETER);
	/* Made up. */
	for (bit = 1; bit; bit <<= 1) {
		int64_t code = unpublish(LEFT, left ^ bit);

		assert_true(code == SMCCC_INVALID_PARAMETER || code == IVC_STALE);
		assert_int_equal(notify(LEFT, left ^ bit, 1), code);
	}
	assert_int_equal(unpublish(LEFT, 0), SMCCC_INVALID_PARAMETER);
	assert_int_equal(unpublish(LEFT, UINT64_MAX), SMCCC_INVALID_PARAMETER);
	assert_int_equal(unsubscribe(RIGHT, right), 0);
	assert_int_equal(unsubscribe(RIGHT, right), IVC_STALE);
	assert_int_equal(notify(RIGHT, right, 0), IVC_STALE);
	/* In the same place another handle. */
	assert_int_equal(subscribe(RIGHT, ID(LEFT), KEY, ANYWHERE, 0), 0);
	assert_true(x[1] != right);
	assert_int_equal(unsubscribe(RIGHT, right), IVC_STALE);
	assert_int_equal(unpublish(LEFT, left), 0);
	assert_int_equal(unpublish(LEFT, left), IVC_STALE);
}

static void the_doorbell_rings_for_members(void **state)
{
	uint64_t left, right, reader;

	(void)state;
	assert_int_equal(publish(LEFT, 1, 4096, ANYWHERE, 0), 0);
	assert_int_equal(publish(LEFT, KEY, 4096, ANYWHERE, 0), 0);
	left = x[1];
	assert_int_equal(x[5], 32 + SPI + 1);
	assert_int_equal(x[4], BELLS + 4096);
	assert_int_equal(subscribe(RIGHT, ID(LEFT), KEY, ANYWHERE, 0), 0);
	right = x[1];
	assert_int_equal(subscribe(READER, ID(LEFT), KEY, ANYWHERE, 0), 0);
	reader = x[1];
	assert_int_equal(notify(LEFT, left, 1), 0);
	assert_true(is_high(RIGHT, 0) && !is_high(READER, 0));
	assert_int_equal(notify(RIGHT, right, 0), 0);
	assert_true(is_high(LEFT, 1) && !is_high(LEFT, 0));
	assert_int_equal(notify(READER, reader, IVC_EVERYONE), 0);
	assert_false(is_high(READER, 0));
	for (uint64_t n = 3; n; n <<= 1)
		assert_int_equal(notify(LEFT, left, n), IVC_NOT_FOUND);
	/* By the registers it is the same doorbell. */
	struct mmio_access acc = { .size = 4 };

	assert_int_equal(bus_access(&ivc.vm[LEFT].bus, IPA(BELLS + 4096 + DOORBELL_STATUS),
				    &acc), 0);
	assert_int_equal(acc.value, BIT(1) | BIT(2));
	acc = (struct mmio_access){ .size = 4, .is_write = true, .value = UINT32_MAX };
	assert_int_equal(bus_access(&ivc.vm[LEFT].bus, IPA(BELLS + 4096 + DOORBELL_ACK), &acc), 0);
	assert_false(is_high(LEFT, 1));
	/* Who goes takes its line along, and is not rung for. */
	assert_int_equal(unsubscribe(RIGHT, right), 0);
	assert_false(is_high(RIGHT, 0));
	assert_int_equal(notify(LEFT, left, 1), IVC_NOT_FOUND);
	assert_int_equal(call(LEFT, IVC_INFO, 1, 0, 0, 0), 0);
	assert_int_equal(x[7], UINT64_C(5) << 32);
	/* A slot that is free is a doorbell that does nothing. */
	acc = (struct mmio_access){ .size = 4, .is_write = true, .value = 1 };
	assert_int_equal(bus_access(&ivc.vm[LEFT].bus, IPA(BELLS + 7 * 4096 + DOORBELL_RING), &acc),
			 0);
}

static void info_tells_what_a_slot_has(void **state)
{
	uint64_t handle;

	(void)state;
	assert_int_equal(call(RIGHT, IVC_FEATURES, 0, 0, 0, 0), 0);
	assert_int_equal(x[1], BITS(IVC_NR_FNS - 1, 0));
	assert_int_equal(x[2], ID(RIGHT));
	assert_int_equal(x[3], CONFIG_IVC_SLOTS);
	assert_int_equal(x[4], 2);
	assert_int_equal(x[5], 64 * 1024);
	assert_int_equal(x[6], WINDOW);
	assert_int_equal(x[7], WINDOW_SIZE);
	assert_int_equal(publish(LEFT, KEY, 8192, ANYWHERE, 0), 0);
	handle = x[1];
	assert_int_equal(subscribe(RIGHT, ID(LEFT), KEY, WINDOW + MIB, 0), 0);
	assert_int_equal(call(RIGHT, IVC_INFO, 0, 0, 0, 0), 0);
	assert_int_equal(x[2], WINDOW + MIB);
	assert_int_equal(x[3], 8192);
	assert_int_equal(x[4], BELLS);
	assert_int_equal(x[5], KEY);
	assert_int_equal(x[6], ID(LEFT));
	assert_int_equal(x[7], 1 | UINT64_C(3) << 32);
	assert_int_equal(unpublish(LEFT, handle), 0);
	assert_int_equal(call(RIGHT, IVC_INFO, 0, 0, 0, 0), 0);
	assert_int_equal(x[7], 1 | UINT64_C(2) << 32);
	assert_int_equal(call(RIGHT, IVC_INFO, 1, 0, 0, 0), IVC_NOT_FOUND);
	assert_int_equal(call(RIGHT, IVC_INFO, CONFIG_IVC_SLOTS, 0, 0, 0),
			 SMCCC_INVALID_PARAMETER);
	assert_int_equal(call(RIGHT, IVC_INFO, UINT64_MAX, 0, 0, 0), SMCCC_INVALID_PARAMETER);
}

/* Whoever goes first, in whatever way; the memory is the others' until the last has gone. */
static void nothing_dangles_and_what_is_freed_is_scrubbed(void **state)
{
	uint64_t pa, right, left;

	(void)state;
	for (int way = 0; way < 6; way++) {
		assert_int_equal(publish(LEFT, KEY, 8192, ANYWHERE, 0), 0);
		left = x[1];
		pa = pa_at(LEFT, WINDOW);
		assert_int_equal(subscribe(RIGHT, ID(LEFT), KEY, ANYWHERE, 0), 0);
		right = x[1];
		memset(fake_phys(pa), 0x5a, 8192);
		if (way == 0)
			assert_int_equal(unpublish(LEFT, left), 0);
		else if (way == 1)
			ivc_reset(&ivc.vm[LEFT]);
		else if (way == 2)
			ivc_vm_down(LEFT), ivc_vm_up(LEFT);
		if (way < 3) {
			assert_hole(LEFT, WINDOW);
			assert_int_equal(frames_owner(PA(pa)), OWNER_SHARED);
			assert_int_equal(pa_at(RIGHT, WINDOW), pa);
			assert_int_equal(((uint8_t *)fake_phys(pa))[8191], 0x5a);
			/* Nobody comes any more; the key is free, and other memory's. */
			assert_int_equal(subscribe(READER, ID(LEFT), KEY, ANYWHERE, 0),
					 IVC_NOT_FOUND);
			assert_int_equal(publish(LEFT, KEY, 4096, ANYWHERE, 0), 0);
			left = x[1];
			assert_true(pa_at(LEFT, WINDOW) != pa);
		}
		machine_check();
		if (way % 3 == 0)
			assert_int_equal(unsubscribe(RIGHT, right), 0);
		else if (way % 3 == 1)
			ivc_reset(&ivc.vm[RIGHT]);
		else
			ivc_vm_down(RIGHT), ivc_vm_up(RIGHT);
		assert_hole(RIGHT, WINDOW);
		if (way >= 3)
			assert_int_equal(frames_owner(PA(pa)), OWNER_SHARED);
		assert_int_equal(unpublish(LEFT, left), 0);
		assert_int_equal(frames_owner(PA(pa)), OWNER_FREE);
		assert_int_equal(((uint8_t *)fake_phys(pa))[8191], 0);
		machine_check();
	}
}

static void members_are_bounded(void **state)
{
	static struct vm_config many_cfg[8];
	static struct vm many[8];

	(void)state;
	assert_int_equal(publish(LEFT, KEY, 4096, ANYWHERE, 0), 0);
	for (uint32_t i = 0; i < 8; i++) {
		uint64_t regs[8] = { IVC_FID + IVC_SUBSCRIBE, ID(LEFT), KEY, ANYWHERE };

		many_cfg[i] = ivc.cfg[RIGHT];
		memset(&many[i], 0, sizeof(many[i]));
		many[i].slot = 10 + i;
		many[i].cfg = &many_cfg[i];
		assert_int_equal(stage2_init(&many[i].s2, owner_vm(10 + i), 40), 0);
		bus_init(&many[i].bus);
		assert_int_equal(ivc_create(&many[i]), 0);
		assert_int_equal(ivc_call(&many[i], regs), EXIT_DONE);
		assert_int_equal((int64_t)regs[0], i < 7 ? 0 : IVC_LIMIT);
	}
	for (uint32_t i = 0; i < 8; i++) {
		ivc_destroy(&many[i]);
		stage2_fini(&many[i].s2);
	}
}

/* ---- random steps beside a model that says it outright ---- */

#define KEYS 3

static struct {
	bool live;                       /* published                           */
	uint32_t has;                    /* bit n: VM n has it                  */
	uint64_t pa, size, handle[NR_VMS], ipa[NR_VMS];
} model[NR_VMS * KEYS * 4];

static void model_forget(uint32_t r, uint32_t vm, bool publisher)
{
	if (publisher)
		model[r].live = false;
	model[r].has &= ~(uint32_t)BIT(vm);
	if (!model[r].has)
		assert_int_equal(frames_owner(PA(model[r].pa)), OWNER_FREE);
}

static void model_check(void)
{
	uint64_t shared = 0;

	for (uint32_t r = 0; r < ARRAY_SIZE(model); r++) {
		shared += model[r].has ? model[r].size >> PAGE_SHIFT : 0;
		for (uint32_t vm = 0; vm < NR_VMS; vm++)
			if (model[r].has & BIT(vm))
				assert_int_equal(pa_at(vm, model[r].ipa[vm]), model[r].pa);
	}
	assert_int_equal(frames_stats(OWNER_SHARED), shared);
	for (uint32_t vm = 0; vm < NR_VMS; vm++) {
		uint64_t mapped = 0, wanted = 0;
		struct stage2_leaf l;

		for (uint64_t at = WINDOW; at < WINDOW + WINDOW_SIZE; at += l.left)
			mapped += leaf(vm, at, &l) ? l.left : 0;
		for (uint32_t r = 0; r < ARRAY_SIZE(model); r++)
			wanted += model[r].has & BIT(vm) ? model[r].size : 0;
		assert_int_equal(mapped, wanted);
	}
}

static uint32_t publisher_of(uint32_t r)
{
	return r / (KEYS * 4);
}

static void step_publish(void)
{
	uint32_t vm = rnd(STRANGER + 1), key = rnd(KEYS), at = 0;
	uint64_t size = (1 + rnd(rnd(8) ? 4 : 1000)) * PAGE_SIZE;

	if (publish(vm, key, size, ANYWHERE, IVC_WRITE))
		return;
	while (model[(vm * KEYS + key) * 4 + at].has)
		at++;
	assert_true(at < 4);
	at += (vm * KEYS + key) * 4;
	model[at].live = true;
	model[at].has = (uint32_t)BIT(vm);
	model[at].size = size;
	model[at].handle[vm] = x[1];
	model[at].ipa[vm] = x[2];
	model[at].pa = pa_at(vm, x[2]);
}

static void step_subscribe(void)
{
	uint32_t vm = rnd(STRANGER + 1), of = rnd(STRANGER + 1), key = rnd(KEYS);

	if (subscribe(vm, ID(of), key, ANYWHERE, rnd(2)))
		return;
	for (uint32_t r = (of * KEYS + key) * 4; r < (of * KEYS + key) * 4 + 4; r++) {
		if (!model[r].live)
			continue;
		model[r].has |= (uint32_t)BIT(vm);
		model[r].handle[vm] = x[1];
		model[r].ipa[vm] = x[2];
		return;
	}
	fail_msg("subscribed to what is not published");
}

static void step_leave(void)
{
	uint32_t r = rnd(ARRAY_SIZE(model)), vm = rnd(STRANGER + 1);
	bool publisher = publisher_of(r) == vm;
	int64_t code = publisher ? unpublish(vm, model[r].handle[vm])
				 : unsubscribe(vm, model[r].handle[vm]);

	if (code == 0)
		model_forget(r, vm, publisher);
	else
		assert_false(model[r].has & BIT(vm));
}

static void step_reset(void)
{
	uint32_t vm = rnd(STRANGER + 1);

	if (rnd(2)) {
		ivc_reset(&ivc.vm[vm]);
	} else {
		ivc_vm_down(vm);
		ivc_vm_up(vm);
	}
	for (uint32_t r = 0; r < ARRAY_SIZE(model); r++) {
		if (model[r].has & BIT(vm))
			model_forget(r, vm, publisher_of(r) == vm);
		/* Handles of the former life are of no meaning. */
		model[r].handle[vm] = 0;
	}
}

static void random_steps_agree_with_the_model(void **state)
{
	const char *steps = getenv("STEPS"), *from = getenv("SEED");
	unsigned long nr = steps ? strtoul(steps, NULL, 0) : 3000;

	(void)state;
	seed = from ? strtoull(from, NULL, 0) : 0x243f6a8885a308d3;
	memset(model, 0, sizeof(model));
	for (unsigned long i = 0; i < nr; i++) {
		uint32_t what = rnd(32);

		if (what < 12)
			step_publish();
		else if (what < 24)
			step_subscribe();
		else if (what < 31)
			step_leave();
		else
			step_reset();
		model_check();
		if (i % 64 == 0)
			machine_check();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(a_region_is_published_and_subscribed_to),
		TEST(rights_are_the_configurations),
		TEST(keys_are_each_publishers_own),
		TEST(sizes_are_multiples_of_a_page_within_what_is_allowed),
		TEST(number_and_bytes_are_bounded),
		TEST(what_others_keep_is_still_the_publishers),
		TEST(addresses_are_in_the_window_and_nobodys),
		TEST(flags_and_calls_that_are_none_are_refused),
		TEST(what_would_sleep_is_left_to_who_may),
		TEST(handles_are_ones_own_and_of_their_time),
		TEST(the_doorbell_rings_for_members),
		TEST(info_tells_what_a_slot_has),
		TEST(nothing_dangles_and_what_is_freed_is_scrubbed),
		TEST(members_are_bounded),
		TEST(random_steps_agree_with_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
