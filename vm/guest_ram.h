/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of a VM as its devices reach it: core/lib/guest_ram.h on mm/. */
#pragma once

#include "core/lib/guest_ram.h"

/* For vm_create(): vm->ram is embedded in the VM, by which it is found. */
void vm_ram_init(struct guest_ram *ram);
