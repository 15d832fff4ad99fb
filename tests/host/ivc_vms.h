/* SPDX-License-Identifier: Apache-2.0 */
/* VMs to test vm/ivc.h with: a stage-2 table, a bus and a configuration each. */
#pragma once

#include "tests/host/mm_machine.h"
#include "vm/vm.h"

#define IVC_VMS   5u
#define ID(vm)    (70u + (vm))          /* of the configuration: not the index */
#define BELLS     UINT64_C(0x0b010000)
#define SPI       200

struct ivc_vms {
	/* set by the test, for all of them */
	uint64_t window, window_size;
	unsigned int ipa_bits;
	/* the rest is ours; the test may change a configuration */
	struct vm_config cfg[IVC_VMS];
	struct vm vm[IVC_VMS];
	uint32_t lines[IVC_VMS];      /* of its doorbells, bit per slot      */
	bool locked;                  /* the one mutex there is              */
};
extern struct ivc_vms ivc;

/* What VM i may: keys published, bytes of them, and whose it may read and write, by index. */
void ivc_vm_configure(uint32_t i, uint32_t publish, uint64_t memory, uint64_t read,
		      uint64_t write);

/* It is created, as it is configured; and destroyed, which leaves no line high. */
void ivc_vm_up(uint32_t i);
void ivc_vm_down(uint32_t i);
