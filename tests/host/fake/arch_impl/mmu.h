/* SPDX-License-Identifier: Apache-2.0 */
/* <arch/mmu.h> on a host: see "tests/host/fake/mmu.h". */
#pragma once

#include <stdint.h>

#include "core/lib/types.h"

void arch_pte_write(uint64_t *pte, uint64_t v);
void arch_pte_write_relaxed(uint64_t *pte, uint64_t v);
void arch_tlb_el2_va(va_t va);
void arch_tlb_el2_va_local(va_t va);
void arch_tlb_el2_all(void);
void arch_tlb_s2_all(void);
int arch_pa_bits(void);
int arch_vmid_bits(void);
