/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any management calls by any caller: nobody sees or changes more than the
 * configuration lets it, whatever handles it makes up.
 */
#include "tests/fuzz/fuzz.h"

#include "core/lib/bits.h"
#include "core/vmm/lifecycle.h"
#include "core/vmm/manage.h"
#include "vm/config.h"

#define NR 5

static const char names[NR][CONFIG_NAME_LEN] = { "a", "linux", "rtos", "d", "e" };
static uint32_t lives[NR];
static struct manage_caller who;
static struct fuzz_in in;
static bool done;

static uint32_t nr_vms(void)
{
	return NR;
}

static const char *name(uint32_t idx)
{
	FUZZ_CHECK(idx < NR);
	return names[idx];
}

static uint32_t life(uint32_t idx)
{
	FUZZ_CHECK(idx < NR);
	return lives[idx];
}

static void info(uint32_t idx, uint64_t *x)
{
	FUZZ_CHECK(idx < NR && (who.list & BIT(idx)));
	for (int i = 1; i < 8; i++)
		x[i] = idx;
	done = true;
}

static int verb(uint32_t idx, uint32_t what, uint64_t *x)
{
	FUZZ_CHECK(idx < NR && what < VMM_NR_VERBS && (who.control & BIT(idx)));
	lives[idx] += fuzz_num(&in, 1) & 1;
	x[1] = 1;
	done = true;
	return -(int)fuzz_num(&in, 1);
}

static const struct manage_ops ops = { nr_vms, name, life, info, info, verb };

static void arguments(uint64_t *x)
{
	x[0] = fuzz_below(&in, 16) ? MANAGE_FID + fuzz_below(&in, MANAGE_NR_FNS + 2)
				   : fuzz_num(&in, 8);
	for (int i = 1; i < 8; i++)
		x[i] = fuzz_below(&in, 4) ? 0 : fuzz_edge(&in);
	if (fuzz_num(&in, 1) & 1)
		memcpy(&x[1], names[fuzz_below(&in, NR)], CONFIG_NAME_LEN);
	else
		x[1] = fuzz_below(&in, NR + 1) | fuzz_num(&in, 1) << 8 |
		       (uint64_t)lives[fuzz_below(&in, NR)] << 16;
}

static void one_call(void)
{
	uint64_t x[8], before[8];
	bool known;

	arguments(x);
	memcpy(before, x, sizeof(x));
	done = false;
	known = manage_call(&ops, &who, x);
	if (!known) {
		FUZZ_CHECK(!done && memcmp(x, before, sizeof(x)) == 0);
		return;
	}
	FUZZ_CHECK(who.list | who.control);
	/* A refusal leaves everything but x0 alone. */
	if ((int64_t)x[0] < 0 && !done)
		FUZZ_CHECK(memcmp(x + 1, before + 1, sizeof(x) - 8) == 0);
	if (x[0] == 0 && before[0] == MANAGE_FID + MANAGE_NAME)
		FUZZ_CHECK(who.list & BIT(before[1] & 0xff));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in = (struct fuzz_in){ data, size };
	who.idx = fuzz_below(&in, NR);
	who.list = fuzz_num(&in, 1);
	who.control = who.list & fuzz_num(&in, 1);
	for (int i = 0; i < NR; i++)
		lives[i] = 1 + fuzz_below(&in, 3);
	for (int n = 0; n < 64 && fuzz_more(&in); n++)
		one_call();
	return 0;
}
