/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation tables of EL2 stage 1 and of stage 2, 4 KiB granule, and the
 * registers that describe them. Arm ARM DDI 0487, "Translation table
 * descriptor formats" and the registers by name.
 */
#pragma once

#include "core/lib/bits.h"

/* Descriptors of both stages. */
#define PTE_VALID       BIT(0)
#define PTE_TABLE       BIT(1)        /* levels 0-2: table, not block          */
#define PTE_PAGE        BIT(1)        /* level 3: always with PTE_VALID        */
#define PTE_SH          BITS(9, 8)
#define PTE_SH_INNER    BITS_VAL(PTE_SH, 3)
#define PTE_AF          BIT(10)       /* clear: the first access faults        */
#define PTE_OA          BITS(47, 12)  /* output address, or the next table     */
#define PTE_SW          BITS(58, 55)  /* for software; hardware ignores them   */

/* EL2 stage 1. One exception level: no user bits, one execute-never bit. */
#define PTE_ATTR_INDX   BITS(4, 2)    /* index into MAIR_EL2                   */
#define PTE_AP_RES1     BIT(6)        /* AP[1] is RES1 with one level          */
#define PTE_RO          BIT(7)        /* AP[2]                                 */
#define PTE_XN          BIT(54)
#define PTE_GP          BIT(50)       /* indirect branches only to landing pads */
#define PTE_ATTR_NORMAL (BITS_VAL(PTE_ATTR_INDX, 0) | PTE_AP_RES1)
#define PTE_ATTR_DEVICE (BITS_VAL(PTE_ATTR_INDX, 1) | PTE_AP_RES1)

/* Stage 2. */
#define S2_PTE_MEMATTR        BITS(5, 2)
#define S2_PTE_MEMATTR_NORMAL BITS_VAL(S2_PTE_MEMATTR, 15) /* inner, outer write-back:
							      leaves stage 1 its choice */
#define S2_PTE_MEMATTR_DEVICE BITS_VAL(S2_PTE_MEMATTR, 1)  /* Device-nGnRE     */
#define S2_PTE_S2AP           BITS(7, 6)
#define S2_PTE_READ           BIT(6)
#define S2_PTE_WRITE          BIT(7)
#define S2_PTE_XN             BITS(54, 53)
#define S2_PTE_XN_ALL         BIT(54)  /* with and without FEAT_XNX: EL1 and EL0 */

_Static_assert(BITS_DISJOINT4(PTE_VALID | PTE_TABLE | PTE_AF, PTE_SH, PTE_OA, PTE_SW), "PTE");
_Static_assert(BITS_DISJOINT4(PTE_ATTR_INDX, PTE_AP_RES1, PTE_RO, PTE_XN) &&
	       BITS_DISJOINT2(PTE_GP, PTE_XN), "stage 1");
_Static_assert(BITS_DISJOINT4(S2_PTE_MEMATTR, S2_PTE_S2AP, PTE_SH, S2_PTE_XN), "stage 2");

/* MAIR_EL2, Memory Attribute Indirection Register: the indices used above. */
#define MAIR_NORMAL_WB  0xff          /* write-back, read and write allocate   */
#define MAIR_DEVICE_nGnRE 0x04        /* early write acknowledgement allowed   */
#define MAIR_EL2_HYP    (BITS_VAL(BITS(7, 0), MAIR_NORMAL_WB) | \
			 BITS_VAL(BITS(15, 8), MAIR_DEVICE_nGnRE))

/* TCR_EL2, Translation Control Register (HCR_EL2.E2H = 0). */
#define TCR_EL2_T0SZ    BITS(5, 0)
#define TCR_EL2_IRGN0   BITS(9, 8)
#define TCR_EL2_ORGN0   BITS(11, 10)
#define TCR_EL2_SH0     BITS(13, 12)
#define TCR_EL2_TG0     BITS(15, 14)
#define TCR_EL2_PS      BITS(18, 16)  /* left to boot: ID_AA64MMFR0_EL1.PARange */
#define TCR_EL2_RES1    (BIT(31) | BIT(23))
#define TCR_EL2_HYP     (TCR_EL2_RES1 |				\
	BITS_VAL(TCR_EL2_T0SZ, 16)  /* 48 bits: the physmap starts at 2^47  */ | \
	BITS_VAL(TCR_EL2_IRGN0, 1)  /* walks: write-back, write-allocate,   */ | \
	BITS_VAL(TCR_EL2_ORGN0, 1)  /* so that tables need no cleaning      */ | \
	BITS_VAL(TCR_EL2_SH0, 3)    /* inner shareable, as the tables are   */ | \
	BITS_VAL(TCR_EL2_TG0, 0))   /* 4 KiB granule                        */
_Static_assert(BITS_DISJOINT4(TCR_EL2_T0SZ | TCR_EL2_PS, TCR_EL2_IRGN0 | TCR_EL2_ORGN0,
			      TCR_EL2_SH0, TCR_EL2_TG0 | TCR_EL2_RES1), "TCR_EL2");

/* VTCR_EL2, Virtualization Translation Control Register. */
#define VTCR_EL2_T0SZ   BITS(5, 0)
#define VTCR_EL2_SL0    BITS(7, 6)    /* 4 KiB: 0 level 2, 1 level 1, 2 level 0 */
#define VTCR_EL2_IRGN0  BITS(9, 8)
#define VTCR_EL2_ORGN0  BITS(11, 10)
#define VTCR_EL2_SH0    BITS(13, 12)
#define VTCR_EL2_TG0    BITS(15, 14)
#define VTCR_EL2_PS     BITS(18, 16)
#define VTCR_EL2_VS     BIT(19)       /* 1: VMIDs of 16 bits                    */
#define VTCR_EL2_RES1   BIT(31)
/* What is the same for every VM: walks as in TCR_EL2_HYP, 4 KiB granule. */
#define VTCR_EL2_GUEST  (VTCR_EL2_RES1 | BITS_VAL(VTCR_EL2_IRGN0, 1) | \
	BITS_VAL(VTCR_EL2_ORGN0, 1) | BITS_VAL(VTCR_EL2_SH0, 3) | BITS_VAL(VTCR_EL2_TG0, 0))
_Static_assert(BITS_DISJOINT4(VTCR_EL2_T0SZ | VTCR_EL2_SL0, VTCR_EL2_GUEST, VTCR_EL2_PS,
			      VTCR_EL2_VS), "VTCR_EL2");

/* VTTBR_EL2, Virtualization Translation Table Base Register. */
#define VTTBR_EL2_VMID  BITS(63, 48)
#define VTTBR_EL2_BADDR BITS(47, 1)

/* The PS field of TCR_EL2 and VTCR_EL2 for a number of PA bits. */
static inline uint64_t ps_of_pa_bits(int bits)
{
	return bits >= 48 ? 5 : bits >= 44 ? 4 : bits >= 42 ? 3 :
	       bits >= 40 ? 2 : bits >= 36 ? 1 : 0;
}
