/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of Corbel's calls (docs/hypercalls.md), for any freestanding or hosted C.
 * How a call gets there is the user's: corbel_hvc() below for a kernel at EL1, the mailbox page
 * for a program that cannot call.
 */
#pragma once

#include <stdint.h>

#define CORBEL_CALL_COUNT    0x8600ff00u
#define CORBEL_CALL_UID      0x8600ff01u
#define CORBEL_CALL_REVISION 0x8600ff03u
#define CORBEL_FEATURES      0xc6000000u
#define CORBEL_OPEN_INDEX    0xc6000001u
#define CORBEL_OPEN_NAME     0xc6000002u
#define CORBEL_NAME          0xc6000003u
#define CORBEL_INFO          0xc6000004u
#define CORBEL_STAT          0xc6000005u
#define CORBEL_DO            0xc6000006u

/* Inter-VM communication: for VMs that have it (ivc); docs/hypercalls.md. */
#define CORBEL_IVC_FEATURES    0xc6000100u
#define CORBEL_IVC_PUBLISH     0xc6000101u
#define CORBEL_IVC_SUBSCRIBE   0xc6000102u
#define CORBEL_IVC_UNPUBLISH   0xc6000103u
#define CORBEL_IVC_UNSUBSCRIBE 0xc6000104u
#define CORBEL_IVC_NOTIFY      0xc6000105u
#define CORBEL_IVC_INFO        0xc6000106u

#define CORBEL_NAME_LEN      32

enum corbel_right { CORBEL_LIST = 1, CORBEL_CONTROL = 2 };

enum corbel_verb {
	CORBEL_CREATE, CORBEL_START, CORBEL_PAUSE, CORBEL_RESUME, CORBEL_STOP, CORBEL_KILL,
	CORBEL_RESET, CORBEL_DESTROY, CORBEL_NR_VERBS,
};

enum corbel_state {
	CORBEL_DEFINED, CORBEL_READY, CORBEL_RUNNING, CORBEL_PAUSED, CORBEL_STOPPING, CORBEL_OFF,
	CORBEL_CRASHED, CORBEL_NR_STATES,
};

enum corbel_code {
	CORBEL_SUCCESS = 0, CORBEL_NOT_SUPPORTED = -1, CORBEL_INVALID_PARAMETER = -3,
	CORBEL_NOT_FOUND = -4, CORBEL_DENIED = -5, CORBEL_STALE = -6, CORBEL_REFUSED = -7,
	CORBEL_ALREADY = -8, CORBEL_NOT_CREATED = -9, CORBEL_BUSY = -10,
	CORBEL_WRONG_STATE = -11, CORBEL_TRY_AGAIN = -12, CORBEL_NO_MEMORY = -13,
	CORBEL_FAILED = -14, CORBEL_LIMIT = -15,
};

/* Makes the call in x[0..7] and leaves its results there. */
struct corbel_link {
	void (*call)(struct corbel_link *link, uint64_t x[8]);
};

struct corbel_features {
	uint64_t calls;              /* bit n: CORBEL_FEATURES + n is there       */
	uint64_t rights;             /* enum corbel_right, for at least one VM    */
	uint64_t nr_vms;
	uint64_t self;               /* the caller's index                        */
};

struct corbel_info {
	uint64_t state;              /* enum corbel_state                         */
	uint32_t nr_vcpus, nr_on;
	uint64_t mem_bytes, mem_used;
	uint32_t asked, done;        /* verbs, by anybody                         */
	int64_t result;              /* of the last one done                      */
	uint32_t nr_restarts, restart_ms;
};

/* Times in ticks of CNTFRQ_EL0; since the VM was created. */
struct corbel_stat {
	uint64_t ran, stolen, paused, exits, irqs, injected, loads;
};

static inline int corbel_call(struct corbel_link *link, uint64_t x[8])
{
	link->call(link, x);
	return (int)(int64_t)x[0];
}

static inline int corbel_features(struct corbel_link *link, struct corbel_features *f)
{
	uint64_t x[8] = { CORBEL_FEATURES };
	int code = corbel_call(link, x);

	*f = (struct corbel_features){ x[1], x[2], x[3], x[4] };
	return code;
}

static inline int corbel_open_index(struct corbel_link *link, uint64_t idx, uint64_t rights,
				    uint64_t *handle)
{
	uint64_t x[8] = { CORBEL_OPEN_INDEX, idx, rights };
	int code = corbel_call(link, x);

	*handle = x[1];
	return code;
}

static inline int corbel_open_name(struct corbel_link *link, const char *name, uint64_t rights,
				   uint64_t *handle)
{
	uint64_t x[8] = { CORBEL_OPEN_NAME, 0, 0, 0, 0, rights };
	int code;

	for (unsigned int i = 0; i < CORBEL_NAME_LEN && name[i]; i++)
		x[1 + i / 8] |= (uint64_t)(uint8_t)name[i] << i % 8 * 8;
	code = corbel_call(link, x);
	*handle = x[1];
	return code;
}

static inline int corbel_name(struct corbel_link *link, uint64_t handle,
			      char name[CORBEL_NAME_LEN])
{
	uint64_t x[8] = { CORBEL_NAME, handle };
	int code = corbel_call(link, x);

	for (unsigned int i = 0; i < CORBEL_NAME_LEN; i++)
		name[i] = code ? 0 : (char)(x[1 + i / 8] >> i % 8 * 8);
	return code;
}

static inline int corbel_info(struct corbel_link *link, uint64_t handle, struct corbel_info *i)
{
	uint64_t x[8] = { CORBEL_INFO, handle };
	int code = corbel_call(link, x);

	*i = (struct corbel_info){
		.state = x[1], .nr_vcpus = (uint32_t)x[2], .nr_on = (uint32_t)(x[2] >> 32),
		.mem_bytes = x[3], .mem_used = x[4], .asked = (uint32_t)x[5],
		.done = (uint32_t)(x[5] >> 32), .result = (int64_t)x[6],
		.nr_restarts = (uint32_t)x[7], .restart_ms = (uint32_t)(x[7] >> 32),
	};
	return code;
}

static inline int corbel_stat(struct corbel_link *link, uint64_t handle, struct corbel_stat *s)
{
	uint64_t x[8] = { CORBEL_STAT, handle };
	int code = corbel_call(link, x);

	*s = (struct corbel_stat){ x[1], x[2], x[3], x[4], x[5], x[6], x[7] };
	return code;
}

/* Ask for it. When info.done has reached *ticket (as a difference), it is done. */
static inline int corbel_do(struct corbel_link *link, uint64_t handle, enum corbel_verb verb,
			    uint32_t *ticket)
{
	uint64_t x[8] = { CORBEL_DO, handle, verb };
	int code = corbel_call(link, x);

	*ticket = (uint32_t)x[1];
	return code;
}

static inline int corbel_is_done(const struct corbel_info *i, uint32_t ticket)
{
	return (int32_t)(i->done - ticket) >= 0;
}

/* For struct corbel_link of a kernel: HVC #0, which changes x0 to x17 at most. */
static inline void corbel_hvc(struct corbel_link *link, uint64_t x[8])
{
	register uint64_t x0 __asm__("x0") = x[0];
	register uint64_t x1 __asm__("x1") = x[1];
	register uint64_t x2 __asm__("x2") = x[2];
	register uint64_t x3 __asm__("x3") = x[3];
	register uint64_t x4 __asm__("x4") = x[4];
	register uint64_t x5 __asm__("x5") = x[5];
	register uint64_t x6 __asm__("x6") = x[6];
	register uint64_t x7 __asm__("x7") = x[7];

	(void)link;
	__asm__ volatile("hvc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
			   "+r"(x7)
			 :
			 : "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
			   "memory");
	x[0] = x0;
	x[1] = x1;
	x[2] = x2;
	x[3] = x3;
	x[4] = x4;
	x[5] = x5;
	x[6] = x6;
	x[7] = x7;
}
