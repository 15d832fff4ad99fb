/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 registers: memory-mapped and system. Arm GIC IHI 0069, by register
 * name. No assembly here, so this builds on the host.
 */
#pragma once

#include "core/lib/bits.h"

/* ---- interrupt numbers: "INTIDs" ---- */
#define INTID_SGI_END    16u          /* SGIs: 0-15                              */
#define INTID_PPI_FIRST  16u
#define INTID_SPI_FIRST  32u
#define INTID_SPI_END    1020u        /* SPIs: 32-1019; 1020-1023 are special    */
#define INTID_SPURIOUS   1023u        /* the last of the special ones            */
#define INTID_LPI_FIRST  8192u
#define INTID_MASK       BITS(23, 0)

/* ---- distributor: "The Distributor register map" ---- */
#define GICD_CTLR        0x0000
#define GICD_TYPER       0x0004
#define GICD_IIDR        0x0008
#define GICD_TYPER2      0x000c
#define GICD_STATUSR     0x0010
#define GICD_SETSPI_NSR  0x0040
#define GICD_CLRSPI_NSR  0x0048
#define GICD_SETSPI_SR   0x0050
#define GICD_CLRSPI_SR   0x0058
#define GICD_IGROUPR     0x0080
#define GICD_ISENABLER   0x0100
#define GICD_ICENABLER   0x0180
#define GICD_ISPENDR     0x0200
#define GICD_ICPENDR     0x0280
#define GICD_ISACTIVER   0x0300
#define GICD_ICACTIVER   0x0380
#define GICD_IPRIORITYR  0x0400
#define GICD_ITARGETSR   0x0800
#define GICD_ICFGR       0x0c00
#define GICD_IGRPMODR    0x0d00
#define GICD_NSACR       0x0e00
#define GICD_SGIR        0x0f00
#define GICD_CPENDSGIR   0x0f10
#define GICD_SPENDSGIR   0x0f20
#define GICD_INMIR       0x0f80
#define GICD_IROUTER     0x6000       /* + 8 * INTID; the first 32 are reserved  */
#define GIC_ID_REGS      0xffd0       /* PIDR4-7, PIDR0-3, CIDR0-3               */
#define GIC_PIDR2        0xffe8
#define GICD_FRAME_SIZE  0x10000

/* GICD_CTLR as seen with one security state (DS = 1). */
#define GICD_CTLR_ENABLE_G0    BIT(0)
#define GICD_CTLR_ENABLE_G1    BIT(1)
#define GICD_CTLR_ARE          BIT(4)
#define GICD_CTLR_DS           BIT(6)   /* 1: one security state, no NS view     */
#define GICD_CTLR_E1NWF        BIT(7)
#define GICD_CTLR_RWP          BIT(31)  /* a write is still on its way           */
/* The Non-secure view (DS = 0): other names, other bits. */
#define GICD_CTLR_NS_ENABLE_G1A BIT(1)
#define GICD_CTLR_NS_ARE        BIT(4)

#define GICD_TYPER_ITLINES     BITS(4, 0)   /* 32 * (N + 1) INTIDs               */
#define GICD_TYPER_SECURITY    BIT(10)
#define GICD_TYPER_MBIS        BIT(16)
#define GICD_TYPER_LPIS        BIT(17)
#define GICD_TYPER_IDBITS      BITS(23, 19) /* INTID bits - 1                    */
#define GICD_TYPER_A3V         BIT(24)
#define GICD_TYPER_NO1N        BIT(25)      /* no 1-of-N routing                 */
#define GICD_TYPER_RSS         BIT(26)      /* SGIs reach Aff0 above 15          */
_Static_assert(BITS_DISJOINT4(GICD_TYPER_ITLINES, GICD_TYPER_IDBITS,
			      GICD_TYPER_A3V, GICD_TYPER_RSS), "GICD_TYPER");

#define GIC_IIDR_IMPLEMENTER   BITS(11, 0)
#define GIC_IIDR_PRODUCT       BITS(31, 24)
#define GIC_PIDR2_ARCHREV      BITS(7, 4)   /* 3: GICv3, 4: GICv4                */

#define GICD_IROUTER_IRM       BIT(31)      /* 1: any participating PE           */

/* ---- redistributor: "The Redistributor register map" ---- */
#define GICR_CTLR        0x0000
#define GICR_IIDR        0x0004
#define GICR_TYPER       0x0008
#define GICR_STATUSR     0x0010
#define GICR_WAKER       0x0014
#define GICR_MPAMIDR     0x0018
#define GICR_PARTIDR     0x001c
#define GICR_SETLPIR     0x0040
#define GICR_CLRLPIR     0x0048
#define GICR_PROPBASER   0x0070
#define GICR_PENDBASER   0x0078
#define GICR_INVLPIR     0x00a0
#define GICR_INVALLR     0x00b0
#define GICR_SYNCR       0x00c0
#define GICR_SGI_BASE    0x10000      /* the second frame                        */
/* offsets in the second frame */
#define GICR_IGROUPR0    0x0080
#define GICR_ISENABLER0  0x0100
#define GICR_ICENABLER0  0x0180
#define GICR_ISPENDR0    0x0200
#define GICR_ICPENDR0    0x0280
#define GICR_ISACTIVER0  0x0300
#define GICR_ICACTIVER0  0x0380
#define GICR_IPRIORITYR  0x0400
#define GICR_ICFGR0      0x0c00
#define GICR_IGRPMODR0   0x0d00
#define GICR_NSACR       0x0e00
#define GICR_INMIR0      0x0f80
#define GICR_FRAME_SIZE  0x20000      /* both frames, without VLPIs              */

#define GICR_CTLR_ENABLE_LPIS  BIT(0)
#define GICR_CTLR_RWP          BIT(3)
#define GICR_TYPER_PLPIS       BIT(0)
#define GICR_TYPER_VLPIS       BIT(1)        /* two more frames follow           */
#define GICR_TYPER_LAST        BIT(4)
#define GICR_TYPER_PROCESSOR   BITS(23, 8)
#define GICR_TYPER_AFFINITY    BITS(63, 32)  /* Aff3.Aff2.Aff1.Aff0              */
#define GICR_WAKER_PROCESSOR_SLEEP BIT(1)
#define GICR_WAKER_CHILDREN_ASLEEP BIT(2)

/* ---- CPU interface ---- */
#define ICC_SRE_SRE      BIT(0)
#define ICC_SRE_DFB      BIT(1)
#define ICC_SRE_DIB      BIT(2)
#define ICC_SRE_EL2_ENABLE BIT(3)     /* 1: EL1 reaches ICC_SRE_EL1 untrapped    */
#define ICC_CTLR_CBPR    BIT(0)
#define ICC_CTLR_EOIMODE BIT(1)       /* 1: EOIR drops the priority only         */
#define ICC_CTLR_PRIBITS BITS(10, 8)
#define ICC_CTLR_IDBITS  BITS(13, 11)
#define ICC_CTLR_SEIS    BIT(14)
#define ICC_CTLR_A3V     BIT(15)
#define ICC_IGRPEN_ENABLE BIT(0)

/* ICC_SGI0R_EL1, ICC_SGI1R_EL1, ICC_ASGI1R_EL1 */
#define ICC_SGIR_TARGETS BITS(15, 0)  /* Aff0 = 16 * RS + bit                    */
#define ICC_SGIR_AFF1    BITS(23, 16)
#define ICC_SGIR_INTID   BITS(27, 24)
#define ICC_SGIR_AFF2    BITS(39, 32)
#define ICC_SGIR_IRM     BIT(40)      /* 1: everybody but the sender             */
#define ICC_SGIR_RS      BITS(47, 44)
#define ICC_SGIR_AFF3    BITS(55, 48)
_Static_assert(BITS_DISJOINT4(ICC_SGIR_TARGETS, ICC_SGIR_AFF1, ICC_SGIR_INTID,
			      ICC_SGIR_AFF2 | ICC_SGIR_IRM), "ICC_SGI1R_EL1");

/* ICH_HCR_EL2, Hypervisor Control Register. */
#define ICH_HCR_EN         BIT(0)
#define ICH_HCR_UIE        BIT(1)     /* at most one valid list register         */
#define ICH_HCR_LRENPIE    BIT(2)     /* EOIcount is not 0                       */
#define ICH_HCR_NPIE       BIT(3)     /* no list register is pending             */
#define ICH_HCR_VGRP0EIE   BIT(4)     /* the guest enabled / disabled a group    */
#define ICH_HCR_VGRP0DIE   BIT(5)
#define ICH_HCR_VGRP1EIE   BIT(6)
#define ICH_HCR_VGRP1DIE   BIT(7)
#define ICH_HCR_TC         BIT(10)    /* trap common registers                   */
#define ICH_HCR_TALL0      BIT(11)
#define ICH_HCR_TALL1      BIT(12)
#define ICH_HCR_TDIR       BIT(14)    /* trap ICC_DIR_EL1                        */
#define ICH_HCR_EOICOUNT   BITS(31, 27)

/* ICH_VTR_EL2, VGIC Type Register. */
#define ICH_VTR_LISTREGS   BITS(4, 0)   /* list registers - 1                    */
#define ICH_VTR_TDS        BIT(19)      /* ICH_HCR_EL2.TDIR exists               */
#define ICH_VTR_A3V        BIT(21)
#define ICH_VTR_SEIS       BIT(22)
#define ICH_VTR_IDBITS     BITS(25, 23)
#define ICH_VTR_PREBITS    BITS(28, 26) /* preemption bits - 1                   */
#define ICH_VTR_PRIBITS    BITS(31, 29) /* priority bits - 1                     */

/* ICH_VMCR_EL2, Virtual Machine Control Register. */
#define ICH_VMCR_VENG0     BIT(0)
#define ICH_VMCR_VENG1     BIT(1)
#define ICH_VMCR_VFIQEN    BIT(3)
#define ICH_VMCR_VCBPR     BIT(4)       /* group 1 uses VBPR0                    */
#define ICH_VMCR_VEOIM     BIT(9)       /* EOIR drops the priority only          */
#define ICH_VMCR_VBPR1     BITS(20, 18)
#define ICH_VMCR_VBPR0     BITS(23, 21)
#define ICH_VMCR_VPMR      BITS(31, 24)

/* ICH_LR<n>_EL2, List Registers. */
#define ICH_LR_VINTID      BITS(31, 0)
#define ICH_LR_PINTID      BITS(44, 32) /* with HW                               */
#define ICH_LR_EOI         BIT(41)      /* without HW: tell when it is done      */
#define ICH_LR_PRIORITY    BITS(55, 48)
#define ICH_LR_GROUP1      BIT(60)
#define ICH_LR_HW          BIT(61)
#define ICH_LR_PENDING     BIT(62)
#define ICH_LR_ACTIVE      BIT(63)
_Static_assert(BITS_DISJOINT4(ICH_LR_VINTID, ICH_LR_PINTID, ICH_LR_PRIORITY,
			      ICH_LR_GROUP1 | ICH_LR_HW | ICH_LR_PENDING | ICH_LR_ACTIVE),
	       "ICH_LR_EL2");
#define ICH_NR_LRS_MAX     16
#define ICH_NR_APRS_MAX    4
