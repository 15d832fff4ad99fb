/* SPDX-License-Identifier: Apache-2.0 */
/* What the scheduler gives a VM, and what it lends back, changed while it is there. */
#pragma once

#include <stdint.h>

/**
 * tune_vm() - change parameters of all vCPUs of a VM
 * @idx:   VM
 * @nr:    how many words
 * @words: "weight=200", "cap=50", "reservation=10", "priority=5", "slice=1000",
 *         "budget=500", "period=2000" (times in microseconds), "affinity=0-2,5",
 *         "balloon=128M" (K, M, G): asks the guest, and does not wait
 * @wrong: set to the word that cannot be carried out
 *
 * All or nothing; until the VM is destroyed. From a thread, holding no lock.
 *
 * Return: 0; -ENOENT no such parameter; -ERANGE no such value; -ENOTSUP it means
 *         nothing under the policy of the VM's pool; -ENOSPC no pCPU has so much
 *         left; -ENODEV the VM is not there.
 */
int tune_vm(uint32_t idx, int nr, char **words, const char **wrong);
