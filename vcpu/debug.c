/* SPDX-License-Identifier: Apache-2.0 */
#include "vcpu/debug.h"

#include "vcpu/vcpu.h"

/*
 * What a guest may set of MDSCR_EL1: no halting debug, and nothing of the
 * communication channel, which leads to a debugger of the board.
 */
#define MDSCR_GUEST (MDSCR_SS | MDSCR_TDCC | MDSCR_KDE | MDSCR_MDE)

/*
 * RES0 in a control register of ARMv8.0 to 8.2. Linking (LBN) and types (BT, WT)
 * are the hardware's to judge.
 */
#define DBGBCR_GUEST (BITS(23, 20) | BITS(19, 16) | BITS(15, 14) | BIT(13) | BITS(8, 5) | \
		      BITS(2, 1) | DBGBCR_E)
#define DBGWCR_GUEST (BITS(28, 24) | BIT(20) | BITS(19, 16) | BITS(15, 14) | BIT(13) | \
		      BITS(12, 5) | BITS(4, 3) | BITS(2, 1) | DBGWCR_E)

static void write_enabled(uint32_t on, enum debug_bank value, enum debug_bank control,
			  const struct debug_state *d)
{
	for (; on; on &= on - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(on);

		arch_debug_write(value, n, d->reg[value][n]);
		arch_debug_write(control, n, d->reg[control][n]);
	}
}

void debug_load(const struct debug_state *d)
{
	arch_os_lock(d->os_lock);
	arch_mdscr_write(d->mdscr);
	if (!(d->bp_on | d->wp_on))
		return;
	write_enabled(d->bp_on, DEBUG_BVR, DEBUG_BCR, d);
	write_enabled(d->wp_on, DEBUG_WVR, DEBUG_WCR, d);
}

void debug_put(const struct debug_state *d)
{
	if (!(d->bp_on | d->wp_on))
		return;
	for (uint32_t on = d->bp_on; on; on &= on - 1)
		arch_debug_write(DEBUG_BCR, (uint32_t)__builtin_ctz(on), 0);
	for (uint32_t on = d->wp_on; on; on &= on - 1)
		arch_debug_write(DEBUG_WCR, (uint32_t)__builtin_ctz(on), 0);
}

static bool exists(const struct vcpu *vcpu, enum debug_bank bank, uint32_t n)
{
	bool bp = bank == DEBUG_BVR || bank == DEBUG_BCR;
	uint64_t dfr0 = vcpu->group->idregs[IDREG_A64DFR0];

	return n <= bits_get(bp ? DFR0_BRPS : DFR0_WRPS, dfr0);
}

/* The pair n in the hardware: both registers, or nothing of it. */
static void update_pair(struct debug_state *d, bool bp, uint32_t n)
{
	uint32_t *on = bp ? &d->bp_on : &d->wp_on;
	enum debug_bank value = bp ? DEBUG_BVR : DEBUG_WVR;
	enum debug_bank control = bp ? DEBUG_BCR : DEBUG_WCR;

	if (d->reg[control][n] & DBGBCR_E) {
		*on |= 1u << n;
		write_enabled(1u << n, value, control, d);
	} else if (*on & 1u << n) {
		*on &= ~(1u << n);
		arch_debug_write(control, n, 0);
	}
}

bool debug_write(struct vcpu *vcpu, enum debug_bank bank, uint32_t n, uint64_t value)
{
	struct debug_state *d = &vcpu->debug;

	if (!exists(vcpu, bank, n))
		return false;
	if (bank == DEBUG_BCR)
		value &= DBGBCR_GUEST;
	if (bank == DEBUG_WCR)
		value &= DBGWCR_GUEST;
	d->reg[bank][n] = value;
	update_pair(d, bank == DEBUG_BVR || bank == DEBUG_BCR, n);
	return true;
}

bool debug_read(const struct vcpu *vcpu, enum debug_bank bank, uint32_t n, uint64_t *value)
{
	if (!exists(vcpu, bank, n))
		return false;
	*value = vcpu->debug.reg[bank][n];
	return true;
}

void debug_write_mdscr(struct vcpu *vcpu, uint64_t value)
{
	vcpu->debug.mdscr = value & MDSCR_GUEST;
	arch_mdscr_write(vcpu->debug.mdscr);
}

void debug_write_oslar(struct vcpu *vcpu, uint64_t value)
{
	vcpu->debug.os_lock = value & OSLAR_OSLK;
	arch_os_lock(vcpu->debug.os_lock);
}
