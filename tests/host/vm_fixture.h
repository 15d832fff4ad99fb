/* SPDX-License-Identifier: Apache-2.0 */
/* A VM of plain memory for tests of the vm layer: no threads, no stage 2. */
#pragma once

#include <stdatomic.h>

#include "vm/vm.h"

#define FIXTURE_VCPUS 20

extern struct vm_config fixture_cfg;
extern struct vm_host fixture_host;
extern struct vm fixture_vm;
extern struct vcpu fixture_vcpus[FIXTURE_VCPUS];
extern struct arch_gpregs fixture_regs[FIXTURE_VCPUS];

/* vCPU 0 on, the others off; RAM of 256 MiB at 1 GiB; no firmware, no entropy. */
void fixture_reset(void);

/* What the code under test asked for. */
extern _Atomic unsigned int fixture_requests[FIXTURE_VCPUS];  /* thread_request() calls */
extern uint64_t fixture_sctlr;                                 /* what SCTLR_EL1 reads */
