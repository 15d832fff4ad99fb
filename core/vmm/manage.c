/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/manage.h"

#include <errno.h>
#include <string.h>

#include "core/lib/bits.h"
#include "core/vmm/lifecycle.h"
#include "vm/smccc.h"

/*
 * A handle: which VM, for what, and which life of it. It is a value, so nothing has to
 * be closed or is lost with who held it; forging one is of no use, since each use is
 * held against the configuration again.
 */
#define HANDLE_VM     BITS(7, 0)
#define HANDLE_RIGHTS BITS(15, 8)
#define HANDLE_LIFE   BITS(47, 16)
#define RIGHTS        (MANAGE_LIST | MANAGE_CONTROL)
_Static_assert(BITS_DISJOINT3(HANDLE_VM, HANDLE_RIGHTS, HANDLE_LIFE), "handle");
_Static_assert(SMCCC_NR_MANAGE_FNS == MANAGE_NR_FNS, "what the call count says");
_Static_assert(CONFIG_MAX_VMS <= 64 && CONFIG_NAME_LEN == 32, "masks, x1 to x4");

int64_t manage_code(int err)
{
	static const struct { uint8_t err; int8_t code; } codes[] = {
		{ EPERM, MANAGE_REFUSED }, { EALREADY, MANAGE_ALREADY },
		{ ENODEV, MANAGE_NOT_CREATED }, { EBUSY, MANAGE_BUSY },
		{ EINVAL, MANAGE_WRONG_STATE }, { EAGAIN, MANAGE_TRY_AGAIN },
		{ ENOMEM, MANAGE_NO_MEMORY }, { 0, SMCCC_SUCCESS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i].err == -err)
			return codes[i].code;
	return MANAGE_FAILED;
}

static uint32_t rights_of(const struct manage_caller *who, uint32_t idx)
{
	return (who->list & BIT(idx) ? MANAGE_LIST : 0) |
	       (who->control & BIT(idx) ? MANAGE_CONTROL : 0);
}

/* The VM of x1, if that is a handle with these rights; else a code. */
static int64_t handle_use(const struct manage_ops *ops, const struct manage_caller *who,
			  uint64_t handle, uint32_t need)
{
	uint32_t idx = (uint32_t)bits_get(HANDLE_VM, handle);
	uint32_t rights = (uint32_t)bits_get(HANDLE_RIGHTS, handle);

	if (idx >= ops->nr_vms() || !rights || (rights & ~RIGHTS) ||
	    (handle & ~(HANDLE_VM | HANDLE_RIGHTS | HANDLE_LIFE)))
		return SMCCC_INVALID_PARAMETER;
	if (need & ~(rights & rights_of(who, idx)))
		return MANAGE_DENIED;
	if (bits_get(HANDLE_LIFE, handle) != ops->life(idx))
		return MANAGE_STALE;
	return idx;
}

static int64_t open(const struct manage_ops *ops, const struct manage_caller *who, uint64_t idx,
		    uint64_t rights, uint64_t *x)
{
	if (!rights || (rights & ~(uint64_t)RIGHTS))
		return SMCCC_INVALID_PARAMETER;
	if (idx >= ops->nr_vms())
		return MANAGE_NOT_FOUND;
	if (rights & ~rights_of(who, (uint32_t)idx))
		return MANAGE_DENIED;
	x[1] = idx | BITS_VAL(HANDLE_RIGHTS, rights) |
	       BITS_VAL(HANDLE_LIFE, ops->life((uint32_t)idx));
	return SMCCC_SUCCESS;
}

/* Of those that the caller may see: of the others not even the name. */
static uint64_t find(const struct manage_ops *ops, const struct manage_caller *who,
		     const uint64_t *name)
{
	uint32_t idx = ops->nr_vms();

	while (idx-- > 0)
		if (rights_of(who, idx) && memcmp(ops->name(idx), name, CONFIG_NAME_LEN) == 0)
			break;
	return idx;
}

static int64_t on_vm(const struct manage_ops *ops, const struct manage_caller *who, uint32_t fn,
		     uint64_t *x)
{
	int64_t idx = handle_use(ops, who, x[1], fn == MANAGE_DO ? MANAGE_CONTROL : MANAGE_LIST);
	uint32_t vm = (uint32_t)idx;

	if (idx < 0)
		return idx;
	if (fn == MANAGE_NAME)
		memcpy(&x[1], ops->name(vm), CONFIG_NAME_LEN);
	else if (fn == MANAGE_INFO)
		ops->info(vm, x);
	else if (fn == MANAGE_STAT)
		ops->stat(vm, x);
	else if (x[2] >= VMM_NR_VERBS)
		return SMCCC_INVALID_PARAMETER;
	else
		return manage_code(ops->verb(vm, (uint32_t)x[2], x));
	return SMCCC_SUCCESS;
}

bool manage_call(const struct manage_ops *ops, const struct manage_caller *who, uint64_t *x)
{
	uint32_t fn = (uint32_t)x[0] - MANAGE_FID;
	int64_t code = SMCCC_SUCCESS;

	if (fn >= MANAGE_NR_FNS || !(who->list | who->control))
		return false;
	if (fn == MANAGE_FEATURES) {
		x[1] = BITS(MANAGE_NR_FNS - 1, 0);
		x[2] = (who->list ? MANAGE_LIST : 0) | (who->control ? MANAGE_CONTROL : 0);
		x[3] = ops->nr_vms();
		x[4] = who->idx;
	} else if (fn == MANAGE_OPEN_INDEX) {
		code = open(ops, who, x[1], x[2], x);
	} else if (fn == MANAGE_OPEN_NAME) {
		code = open(ops, who, find(ops, who, &x[1]), x[5], x);
	} else {
		code = on_vm(ops, who, fn, x);
	}
	x[0] = (uint64_t)code;
	return true;
}
