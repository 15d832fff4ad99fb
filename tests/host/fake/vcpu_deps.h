/* SPDX-License-Identifier: Apache-2.0 */
/* What a vCPU calls on lower floors, noted instead of carried out. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vcpu/vcpu.h"

struct fake_vcpu_deps {
	/* last calls */
	uint64_t sgi_value, dir_value, icc_value;
	enum vgic_icc icc_reg;
	enum vgic_sgi_reg sgi_reg;
	int32_t threads;                     /* created and not destroyed     */
	uint32_t sgis, dirs, cntp_takes, yields;
	/* order of loads and puts: 'g' GIC load, 't' timer load, 'T', 'G' puts */
	char order[64];
	/* answers */
	bool rivals, must_sleep;
	int params_error;                    /* of thread_set_params()        */
	/* the page behind every window, and how often one was opened */
	char page[4096] __attribute__((aligned(8)));
	uint32_t windows;
};
extern struct fake_vcpu_deps fake_deps;

/* A vCPU with a group and registers of its own, without a thread's stack. */
struct fake_vcpu {
	struct vcpu vcpu;
	struct arch_gpregs regs;
};

/* Ready to be loaded; ID registers of the group as they are. */
void fake_vcpu_init(struct fake_vcpu *f, struct vcpu_group *group);
