/* SPDX-License-Identifier: Apache-2.0 */
/* What core/vmm/manager.c and core/vmm/lifecycle.c share. */
#pragma once

#include "core/vmm/keeper.h"

/* The table of VMs, in the order of the configuration; fixed once threads run. */
extern struct vm_entry *vm_entries;
extern uint32_t nr_vm_entries;

/* Wake who serves the VM's calls. calls_lock held. */
void vm_entry_poke_locked(struct vm_entry *e);
