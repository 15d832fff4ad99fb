/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMs of the system: reads the configuration, gives each VM that is to be a
 * keeper (core/vmm/keeper.h), and takes it back when its VM is destroyed.
 */
#pragma once

#include <stdint.h>

struct uart_phys;
struct vm;

/**
 * manager_start() - read the bundle, start a keeper for every VM that starts by itself
 * @uart: the console's; ops NULL: there is none
 *
 * From the boot flow of pCPU 0, with all pCPUs up. Gives the machine up when
 * there is no VM to run.
 */
void manager_start(struct uart_phys *uart);

/* VM i in the order of the configuration; NULL: not there now. It may go at any
 * time: vmm_vm_get() keeps it. */
struct vm *manager_vm(uint32_t i);
uint32_t manager_nr_vms(void);
