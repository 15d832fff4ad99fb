/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMs of the system. Each has a keeper: an EL2 thread that creates, loads,
 * starts and restarts it, on a pCPU and at the priority of the VM itself, so
 * that the work is at its own expense.
 */
#pragma once

#include <stdint.h>

struct uart_phys;
struct vm;

/**
 * manager_start() - read the bundle, start a keeper for every accepted VM
 * @uart: the console's; ops NULL: there is none
 *
 * From the boot flow of pCPU 0, with all pCPUs up. Gives the machine up when
 * there is no VM to run.
 */
void manager_start(struct uart_phys *uart);

/* VM i in the order of the configuration; NULL: refused, or no such. */
struct vm *manager_vm(uint32_t i);
uint32_t manager_nr_vms(void);
