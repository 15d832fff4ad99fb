/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers and instructions whose access traps. A sorted table says who
 * answers; what is not in it is Undefined, as on hardware without the feature.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "vcpu/exit.h"

struct vcpu;

/* NULL in the table: an access in this direction is Undefined. */
struct sysreg_desc {
	uint32_t enc;        /* SYSREG()                                       */
	enum exit_verdict (*read)(struct vcpu *vcpu, uint32_t enc, uint64_t *value);
	enum exit_verdict (*write)(struct vcpu *vcpu, uint32_t enc, uint64_t value);
};

/* A row. Its name, as in the manual, is for the table's reader: the image has none. */
#define SYS(op0, op1, crn, crm, op2, name, read, write) \
	{ SYSREG(op0, op1, crn, crm, op2), read, write }

/* Sorted by enc. Families of numbered registers have a row each. */
extern const struct sysreg_desc vcpu_sysregs[];
extern const size_t vcpu_nr_sysregs;

/* SYSREG() of a trapped MSR, MRS or SYS. */
uint32_t sysreg_of_iss(uint32_t iss);

/* The row, or NULL. */
const struct sysreg_desc *sysreg_lookup(uint32_t enc);

/* Trapped access from AArch64, EC_SYS64. */
enum exit_verdict exit_sysreg(struct vcpu *vcpu, const struct exit_info *info);

/*
 * One access by encoding, also for CP15 accesses that mean the same register.
 * EXIT_UNDEF when it is not listed or does not allow this direction.
 */
enum exit_verdict sysreg_read(struct vcpu *vcpu, uint32_t enc, uint64_t *value);
enum exit_verdict sysreg_write(struct vcpu *vcpu, uint32_t enc, uint64_t value);
