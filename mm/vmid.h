/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMIDs: what tags a VM's entries in the TLBs. A VM has one for its life. VMID 0
 * is nobody's: it is current where no guest is loaded.
 */
#pragma once

#include <stdint.h>

#define VMID_MAX 256                       /* used of what the hardware has */

/* All VMIDs free; drops what firmware left in the TLBs. Once, at boot. */
void vmid_init(void);

/**
 * vmid_alloc() - a VMID that no TLB holds an entry of
 * @vmid: set; 1..VMID_MAX-1 and within arch_vmid_bits()
 *
 * In rotation, so that one is not soon used again.
 *
 * Return: 0; -ENOSPC all in use.
 */
int vmid_alloc(uint16_t *vmid);

/*
 * No pCPU has it loaded, and the caller dropped its entries from all TLBs with
 * arch_tlb_s2_vmid() after its table was empty. Panics if it was not allocated.
 */
void vmid_free(uint16_t vmid);
