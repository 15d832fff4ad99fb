/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/power.h"

enum power_state power_turn_on(struct vcpu_power *p, const struct power_start *start)
{
	uint32_t found = POWER_OFF;

	/* Acquire: what the vCPU did before it went off comes before its next start. */
	if (!atomic_compare_exchange_strong_explicit(&p->state, &found, POWER_CLAIMED,
						     memory_order_acquire, memory_order_acquire))
		return found == POWER_ON ? POWER_ON : POWER_PENDING;
	p->start = *start;
	/* Publish where it starts. Pairs with the acquire in power_take(). */
	atomic_store_explicit(&p->state, POWER_PENDING, memory_order_release);
	return POWER_OFF;
}

bool power_take(struct vcpu_power *p, struct power_start *start)
{
	if (atomic_load_explicit(&p->state, memory_order_acquire) != POWER_PENDING)
		return false;
	*start = p->start;
	p->starts++;
	atomic_store_explicit(&p->state, POWER_ON, memory_order_release);
	return true;
}

void power_leave(struct vcpu_power *p)
{
	p->leaving = true;
}

void power_turn_off(struct vcpu_power *p)
{
	p->leaving = false;
	atomic_store_explicit(&p->state, POWER_OFF, memory_order_release);
}

enum power_state power_get(const struct vcpu_power *p)
{
	uint32_t state = atomic_load_explicit(&p->state, memory_order_acquire);

	return state == POWER_CLAIMED ? POWER_PENDING : (enum power_state)state;
}
