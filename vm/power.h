/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a vCPU on? One atomic word decides, so of all who try to turn a vCPU on
 * exactly one does. PSCI DEN 0022, "CPU_ON", "AFFINITY_INFO".
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum power_state {
	POWER_OFF,      /* its thread waits                                      */
	POWER_CLAIMED,  /* somebody turns it on and writes where it starts       */
	POWER_PENDING,  /* where it starts is written; its thread is on the way  */
	POWER_ON,
};

/* Where a vCPU starts. */
struct power_start {
	uint64_t pc;
	uint64_t x0;
	bool big_endian;         /* the EE of who turned it on               */
};

struct vcpu_power {
	_Atomic uint32_t state;  /* enum power_state                         */
	struct power_start start;   /* owned by who claimed, then by the vCPU */
	/* by the vCPU's own thread */
	uint32_t starts;         /* how often it was turned on               */
	uint32_t cleared;        /* start of the VM in which it was reset, and rests since */
	bool leaving;            /* it turns itself off                      */
};

/**
 * power_turn_on() - turn a vCPU on, from any thread
 * @p:     its power
 * @start: where it shall start
 *
 * The winner must then request the vCPU's thread (THREAD_REQ_VCPU).
 * Return: the state found: POWER_OFF, and the caller has won; POWER_PENDING,
 *         somebody else is turning it on; POWER_ON.
 */
enum power_state power_turn_on(struct vcpu_power *p, const struct power_start *start);

/**
 * power_take() - on the vCPU's own thread: has it been turned on?
 * @p:     its power
 * @start: where to start, when true is returned
 *
 * Return: true, once for each power_turn_on() that won; the vCPU is on now.
 */
bool power_take(struct vcpu_power *p, struct power_start *start);

/* On the vCPU's own thread, or while it is parked: off. */
void power_turn_off(struct vcpu_power *p);

/* On the vCPU's own thread: off soon, when it has cleared what must be clear for the next start. */
void power_leave(struct vcpu_power *p);

/* What others see: POWER_OFF, POWER_PENDING or POWER_ON. */
enum power_state power_get(const struct vcpu_power *p);
