/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Self-hosted debug of a guest: breakpoints, watchpoints, single step. Every
 * access traps (MDCR_EL2.TDA), so struct debug_state is always current: a switch
 * reads nothing back and writes only what is enabled, for most guests one
 * register. Arm ARM DDI 0487, "AArch64 Self-hosted Debug".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <arch/el1_state.h>

struct vcpu;

/* Around a vCPU's turn on this pCPU; interrupts masked. */
void debug_load(const struct debug_state *d);
void debug_put(const struct debug_state *d);

/**
 * debug_write() - a guest writes DBGB{V,C}R<n> or DBGW{V,C}R<n>
 * @vcpu:  loaded here
 * @bank:  which of the four
 * @n:     0..15; one that the guest does not have is refused
 * @value: what it wrote
 *
 * Return: false when there is no such register.
 */
bool debug_write(struct vcpu *vcpu, enum debug_bank bank, uint32_t n, uint64_t value);
bool debug_read(const struct vcpu *vcpu, enum debug_bank bank, uint32_t n, uint64_t *value);

/* MDSCR_EL1, OSLAR_EL1 of a loaded vCPU. */
void debug_write_mdscr(struct vcpu *vcpu, uint64_t value);
void debug_write_oslar(struct vcpu *vcpu, uint64_t value);
