/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things lie in the EL2 virtual address space (docs/memory.md). All but
 * the windows and the physmap share one 512 GiB slot of the top-level table, so
 * few table pages are needed; the windows have one of their own, which differs
 * between pCPUs. Usable from assembly and the linker script.
 */
#pragma once

#define HYP_IMAGE_VA   0x7f0000000000  /* the image, as linked; 1 GiB         */
#define HYP_IO_VA      0x7f0040000000  /* device registers; 1 GiB             */
#define HYP_VMAP_VA    0x7f0080000000  /* stacks between guard pages; 1 GiB   */
#define HYP_BLOB_VA    0x7f0100000000  /* board tree and bundle, read-only    */
#define BOOT_SLOT_VA   0x7f7f80000000  /* of the boot tables alone; 2 of 1 GiB */
#define HYP_REGION_END 0x7f8000000000
#define HYP_WINDOW_VA  0x7f8000000000  /* per-pCPU windows to guest frames    */
#define PHYSMAP_VA     0x800000000000  /* + PA: frames the hypervisor owns    */

#define HYP_PA_BITS_MAX 47             /* what fits above PHYSMAP_VA          */

#define MAX_PCPUS      32
#define STACK_SIZE     0x4000          /* of an EL2 thread, bytes             */
