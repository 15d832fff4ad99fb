/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers of the CPU: fields as the manual prints them. No assembly
 * here, so this builds on the host. Arm ARM DDI 0487, by register name.
 */
#pragma once

#include "core/lib/bits.h"

/* MPIDR_EL1, Multiprocessor Affinity Register. */
#define MPIDR_AFF3      BITS(39, 32)
#define MPIDR_RES1      BIT(31)
#define MPIDR_U         BIT(30)      /* 1: a lone processor                        */
#define MPIDR_MT        BIT(24)      /* 1: Aff0 counts threads that share a core   */
#define MPIDR_AFF2      BITS(23, 16)
#define MPIDR_AFF1      BITS(15, 8)
#define MPIDR_AFF0      BITS(7, 0)
#define MPIDR_AFF       (MPIDR_AFF3 | MPIDR_AFF2 | MPIDR_AFF1 | MPIDR_AFF0)

/* ---- exception syndrome -------------------------------------------------- */

/* ESR_EL2, ESR_EL1: Exception Syndrome Register. */
#define ESR_EC          BITS(31, 26) /* exception class                            */
#define ESR_IL          BIT(25)      /* 1: the instruction is 32 bits              */
#define ESR_ISS         BITS(24, 0)  /* syndrome; layout depends on EC             */
_Static_assert(BITS_DISJOINT3(ESR_EC, ESR_IL, ESR_ISS), "ESR");

/* Exception classes. EL names in the manual: _LOW from a lower EL, _CUR the same. */
enum esr_ec {
	EC_UNKNOWN    = 0x00, EC_WFX        = 0x01, EC_CP15_32    = 0x03, EC_CP15_64  = 0x04,
	EC_CP14_32    = 0x05, EC_CP14_LS    = 0x06, EC_FP         = 0x07, EC_CP10_ID  = 0x08,
	EC_PAC        = 0x09, EC_LS64       = 0x0a, EC_CP14_64    = 0x0c, EC_BTI      = 0x0d,
	EC_ILL_STATE  = 0x0e, EC_SVC32      = 0x11, EC_HVC32      = 0x12, EC_SMC32    = 0x13,
	EC_SVC64      = 0x15, EC_HVC64      = 0x16, EC_SMC64      = 0x17, EC_SYS64    = 0x18,
	EC_SVE        = 0x19, EC_ERET       = 0x1a, EC_TSTART     = 0x1b, EC_FPAC     = 0x1c,
	EC_SME        = 0x1d, EC_IMPDEF_EL3 = 0x1f, EC_IABT_LOW   = 0x20, EC_IABT_CUR = 0x21,
	EC_PC_ALIGN   = 0x22, EC_DABT_LOW   = 0x24, EC_DABT_CUR   = 0x25, EC_SP_ALIGN = 0x26,
	EC_MOPS       = 0x27, EC_FP_EXC32   = 0x28, EC_FP_EXC64   = 0x2c, EC_GCS      = 0x2d,
	EC_SERROR     = 0x2f, EC_BKPT_LOW   = 0x30, EC_BKPT_CUR   = 0x31, EC_STEP_LOW = 0x32,
	EC_STEP_CUR   = 0x33, EC_WATCH_LOW  = 0x34, EC_WATCH_CUR  = 0x35, EC_BKPT32   = 0x38,
	EC_VECTOR32   = 0x3a, EC_BRK64      = 0x3c,
	EC_NR         = 0x40,
};

/* ISS of a trapped WFI, WFE, WFIT or WFET; CV and COND of all AArch32 traps. */
#define ISS_CV          BIT(24)      /* 1: COND is valid                           */
#define ISS_COND        BITS(23, 20) /* condition code of the AArch32 instruction  */
#define ISS_WFX_TI      BITS(1, 0)   /* which of the four                          */
#define WFX_TI_WFI      0
#define WFX_TI_WFE      1
#define WFX_TI_WFIT     2
#define WFX_TI_WFET     3

/* ISS of a trapped MSR, MRS or system instruction. */
#define ISS_SYS_OP0     BITS(21, 20)
#define ISS_SYS_OP2     BITS(19, 17)
#define ISS_SYS_OP1     BITS(16, 14)
#define ISS_SYS_CRN     BITS(13, 10)
#define ISS_SYS_RT      BITS(9, 5)
#define ISS_SYS_CRM     BITS(4, 1)
#define ISS_SYS_READ    BIT(0)       /* 1: MRS                                     */
#define ISS_SYS_SPACE   (ISS_SYS_OP0 | ISS_SYS_CRN | ISS_SYS_READ)

/* ISS of a trapped MCR or MRC (EC_CP15_32, EC_CP14_32, EC_CP10_ID). */
#define ISS_CP32_OPC2   BITS(19, 17)
#define ISS_CP32_OPC1   BITS(16, 14)
#define ISS_CP32_CRN    BITS(13, 10)
#define ISS_CP32_RT     BITS(9, 5)
#define ISS_CP32_CRM    BITS(4, 1)
#define ISS_CP32_READ   BIT(0)       /* 1: MRC                                     */

/* ISS of a trapped MCRR or MRRC (EC_CP15_64, EC_CP14_64). */
#define ISS_CP64_OPC1   BITS(19, 16)
#define ISS_CP64_RT2    BITS(14, 10)
#define ISS_CP64_RT     BITS(9, 5)
#define ISS_CP64_CRM    BITS(4, 1)
#define ISS_CP64_READ   BIT(0)       /* 1: MRRC                                    */

/* ISS of an HVC or a trapped SMC from AArch64. */
#define ISS_CALL_IMM16  BITS(15, 0)
/* SErrors, with the RAS extension; ISR_EL1.A: one is pending */
#define ISR_A           BIT(8)
#define ISS_SERROR_IDS  BIT(24)      /* 1: the rest is IMPLEMENTATION DEFINED      */
#define ISS_SERROR_AET  BITS(12, 10) /* how grave, if DFSC is DFSC_SERROR          */
#define ISS_SERROR_DFSC BITS(5, 0)
#define DFSC_SERROR     0x11
#define AET_RESTARTABLE 2
#define AET_CORRECTED   6

/* ISS of a Data Abort; what does not say DABT is the same for instructions. */
#define ISS_DABT_ISV    BIT(24)      /* 1: bits 23 to 14 are valid                 */
#define ISS_DABT_SAS    BITS(23, 22) /* access size, log2 of bytes                 */
#define ISS_DABT_SSE    BIT(21)      /* 1: sign-extend                             */
#define ISS_DABT_SRT    BITS(20, 16) /* register                                   */
#define ISS_DABT_SF     BIT(15)      /* 1: the register is 64 bits wide            */
#define ISS_DABT_AR     BIT(14)      /* acquire or release                         */
#define ISS_ABT_FNV     BIT(10)      /* 1: FAR is not valid                        */
#define ISS_ABT_EA      BIT(9)
#define ISS_DABT_CM     BIT(8)       /* cache maintenance or address translation   */
#define ISS_ABT_S1PTW   BIT(7)       /* stage 2 fault on a stage 1 table walk      */
#define ISS_DABT_WnR    BIT(6)       /* 1: write                                   */
#define ISS_ABT_FSC     BITS(5, 0)   /* DFSC, IFSC                                 */
#define ISS_ABT_FSC_TYPE  BITS(5, 2) /* of the faults that have a level            */
#define ISS_ABT_FSC_LEVEL BITS(1, 0)

#define FSC_ADDRSIZE    0x00         /* + level                                    */
#define FSC_TRANSLATION 0x04         /* + level                                    */
#define FSC_ACCESS      0x08         /* + level                                    */
#define FSC_PERMISSION  0x0c         /* + level                                    */
#define FSC_SEA         0x10         /* synchronous external abort                 */
#define FSC_SEA_WALK    0x14         /* + level: on a translation table walk       */
#define FSC_ALIGNMENT   0x21

/* HPFAR_EL2, Hypervisor IPA Fault Address Register. */
#define HPFAR_FIPA      BITS(43, 4)  /* IPA bits 51 to 12                          */

/* PAR_EL1, Physical Address Register, after an address translation. */
#define PAR_F           BIT(0)       /* 1: it failed                               */
#define PAR_PA          BITS(51, 12)

/* SPSR_ELx, Saved Program Status Register. */
#define SPSR_NZCV       BITS(31, 28)
#define SPSR_N          BIT(31)
#define SPSR_Z          BIT(30)
#define SPSR_C          BIT(29)
#define SPSR_V          BIT(28)
#define SPSR_A32_IT_LOW BITS(26, 25) /* IT[1:0] of AArch32                         */
#define SPSR_TCO        BIT(25)
#define SPSR_DIT        BIT(24)
#define SPSR_UAO        BIT(23)      /* SSBS when from AArch32                     */
#define SPSR_PAN        BIT(22)
#define SPSR_SS         BIT(21)
#define SPSR_IL         BIT(20)
#define SPSR_ALLINT     BIT(13)
#define SPSR_SSBS       BIT(12)
#define SPSR_BTYPE      BITS(11, 10)
#define SPSR_A32_IT_HIGH BITS(15, 10) /* IT[7:2] of AArch32                        */
#define SPSR_DAIF       BITS(9, 6)
#define SPSR_A32_T      BIT(5)
#define SPSR_M_A32      BIT(4)       /* M[4]: the state was AArch32                */
#define SPSR_M          BITS(3, 0)
#define SPSR_M_EL       BITS(3, 2)
#define SPSR_M_SP       BIT(0)       /* 1: SP_ELx                                  */
#define SPSR_EL0T       0x0
#define SPSR_EL1T       0x4
#define SPSR_EL1H       0x5

/* Vector offsets from VBAR, Arm ARM "Exception vectors". */
#define VECTOR_CUR_SP0  0x000
#define VECTOR_CUR_SPX  0x200
#define VECTOR_LOW_A64  0x400
#define VECTOR_LOW_A32  0x600
#define VECTOR_SIZE     0x80

/* ---- the guest's EL1 ----------------------------------------------------- */

/* SCTLR_EL1, System Control Register. */
#define SCTLR_M         BIT(0)
#define SCTLR_C         BIT(2)
#define SCTLR_I         BIT(12)
#define SCTLR_E0E       BIT(24)
#define SCTLR_EE        BIT(25)
#define SCTLR_EOS       BIT(11)      /* RES1 where not implemented, as below       */
#define SCTLR_TSCXT     BIT(20)
#define SCTLR_EIS       BIT(22)
#define SCTLR_SPAN      BIT(23)      /* 0: an exception to EL1 sets PSTATE.PAN     */
#define SCTLR_NTLSMD    BIT(28)
#define SCTLR_LSMAOE    BIT(29)
#define SCTLR_DSSBS     BIT(44)      /* PSTATE.SSBS after an exception             */
#define SCTLR_SPINTMASK BIT(62)      /* 0: an exception to EL1 sets PSTATE.ALLINT  */

/* TCR_EL1, Translation Control Register. */
#define TCR_T0SZ        BITS(5, 0)
#define TCR_TG0         BITS(15, 14)
#define TCR_T1SZ        BITS(21, 16)
#define TCR_TG1         BITS(31, 30)
#define TTBR_BADDR      BITS(47, 1)

/* MDSCR_EL1, Monitor Debug System Control Register. */
#define MDSCR_SS        BIT(0)       /* software step                              */
#define MDSCR_TDCC      BIT(12)      /* EL0 may not use the debug channel          */
#define MDSCR_KDE       BIT(13)      /* debug exceptions from EL1 too              */
#define MDSCR_MDE       BIT(15)      /* breakpoints, watchpoints                   */

/* DBGBCR<n>_EL1 and DBGWCR<n>_EL1. */
#define DBGBCR_E        BIT(0)
#define DBGWCR_E        BIT(0)

/* OSLAR_EL1, OSLSR_EL1: OS Lock. */
#define OSLAR_OSLK      BIT(0)
#define OSLSR_OSLM      BIT(3)       /* OSLM[1]: the lock is implemented           */
#define OSLSR_OSLK      BIT(1)       /* locked                                     */

/* ---- traps --------------------------------------------------------------- */

/* HCR_EL2, Hypervisor Configuration Register. */
#define HCR_VM          BIT(0)
#define HCR_SWIO        BIT(1)
#define HCR_PTW         BIT(2)
#define HCR_FMO         BIT(3)
#define HCR_IMO         BIT(4)
#define HCR_AMO         BIT(5)
#define HCR_VF          BIT(6)
#define HCR_VI          BIT(7)
#define HCR_VSE         BIT(8)
#define HCR_FB          BIT(9)
#define HCR_BSU         BITS(11, 10)
#define HCR_DC          BIT(12)
#define HCR_TWI         BIT(13)
#define HCR_TWE         BIT(14)
#define HCR_WFX         (HCR_TWI | HCR_TWE)
#define HCR_TID1        BIT(16)
#define HCR_TID3        BIT(18)
#define HCR_TSC         BIT(19)
#define HCR_TIDCP       BIT(20)
#define HCR_TACR        BIT(21)
#define HCR_TSW         BIT(22)
#define HCR_HCD         BIT(29)
#define HCR_RW          BIT(31)
#define HCR_E2H         BIT(34)
#define HCR_TLOR        BIT(35)
#define HCR_TERR        BIT(36)
#define HCR_TEA         BIT(37)
#define HCR_APK         BIT(40)
#define HCR_API         BIT(41)
#define HCR_ATA         BIT(56)
#define HCR_TID5        BIT(58)

/* CPTR_EL2 as it is while HCR_EL2.E2H is 0. */
#define CPTR_RES1       (BIT(13) | BIT(9) | BITS(7, 0))
#define CPTR_TZ         BIT(8)       /* SVE; RES1 without it                       */
#define CPTR_TFP        BIT(10)
#define CPTR_TSM        BIT(12)      /* SME; RES1 without it                       */
#define CPTR_TTA        BIT(20)
#define CPTR_TAM        BIT(30)

/* MDCR_EL2, Monitor Debug Configuration Register. */
#define MDCR_HPMN       BITS(4, 0)
#define MDCR_TPMCR      BIT(5)
#define MDCR_TPM        BIT(6)
#define MDCR_HPME       BIT(7)
#define MDCR_TDE        BIT(8)
#define MDCR_TDA        BIT(9)
#define MDCR_TDOSA      BIT(10)
#define MDCR_TDRA       BIT(11)
#define MDCR_E2PB       BITS(13, 12)
#define MDCR_TPMS       BIT(14)
#define MDCR_HPMD       BIT(17)
#define MDCR_TTRF       BIT(19)
#define MDCR_E2TB       BITS(25, 24)

/* PMCR_EL0, PMUSERENR_EL0. */
#define PMCR_N           BITS(15, 11) /* event counters                           */
#define PMUSERENR_EN     BIT(0)

/* MPAM2_EL2, Memory Partitioning and Monitoring; MPAMIDR_EL1, MPAMHCR_EL2. */
#define MPAMIDR_HAS_HCR  BIT(17)
#define MPAMHCR_TRAP_MPAMIDR_EL1 BIT(31)
#define MPAM2_TIDR       BIT(58)
#define MPAM2_TRAPMPAM1EL1 BIT(48)
#define MPAM2_TRAPMPAM0EL1 BIT(49)

/* ---- names of registers -------------------------------------------------- */

/* A system register as MSR and MRS encode it, in the order of the manual's index. */
#define SYSREG(op0, op1, crn, crm, op2) \
	((uint32_t)((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2)))

/* ID_*: op0 3, op1 0, CRn 0; CRm 1 to 7. An index into an array of them. */
#define IDREG(crm, op2) (((crm) << 3) | (op2))
#define IDREG_NR        64

#define IDREG_PFR0      IDREG(1, 0)
#define IDREG_PFR1      IDREG(1, 1)
#define IDREG_DFR0      IDREG(1, 2)
#define IDREG_MMFR0     IDREG(1, 4)
#define IDREG_MMFR1     IDREG(1, 5)
#define IDREG_MMFR2     IDREG(1, 6)
#define IDREG_MMFR3     IDREG(1, 7)
#define IDREG_ISAR0     IDREG(2, 0)
#define IDREG_ISAR1     IDREG(2, 1)
#define IDREG_ISAR2     IDREG(2, 2)
#define IDREG_ISAR3     IDREG(2, 3)
#define IDREG_ISAR4     IDREG(2, 4)
#define IDREG_ISAR5     IDREG(2, 5)
#define IDREG_MMFR4     IDREG(2, 6)
#define IDREG_ISAR6     IDREG(2, 7)
#define IDREG_MVFR0     IDREG(3, 0)
#define IDREG_MVFR1     IDREG(3, 1)
#define IDREG_MVFR2     IDREG(3, 2)
#define IDREG_PFR2      IDREG(3, 4)
#define IDREG_A64PFR0   IDREG(4, 0)
#define IDREG_A64PFR1   IDREG(4, 1)
#define IDREG_A64ZFR0   IDREG(4, 4)
#define IDREG_A64SMFR0  IDREG(4, 5)
#define IDREG_A64DFR0   IDREG(5, 0)
#define IDREG_A64ISAR0  IDREG(6, 0)
#define IDREG_A64ISAR1  IDREG(6, 1)
#define IDREG_A64ISAR2  IDREG(6, 2)
#define IDREG_A64MMFR0  IDREG(7, 0)
#define IDREG_A64MMFR1  IDREG(7, 1)
#define IDREG_A64MMFR2  IDREG(7, 2)
#define IDREG_A64MMFR3  IDREG(7, 3)

#define DC_SW_SETWAY    BITS(31, 4)    /* of DC ISW, CSW, CISW; below: the level */

/* Fields of them that decide what EL2 does. */
#define A64MMFR1_ECBHB  BITS(63, 60)
#define PFR0_EL0        BITS(3, 0)
#define PFR0_EL1        BITS(7, 4)
#define PFR0_EL3        BITS(15, 12)
#define PFR0_GIC        BITS(27, 24)
#define PFR0_RAS        BITS(31, 28)
#define PFR0_SVE        BITS(35, 32)
#define PFR0_MPAM       BITS(43, 40)
#define PFR0_AMU        BITS(47, 44)
#define PFR0_CSV2       BITS(59, 56)
#define PFR0_CSV3       BITS(63, 60)
#define PFR1_BT         BITS(3, 0)
#define PFR1_SSBS       BITS(7, 4)
#define PFR1_MTE        BITS(11, 8)
#define PFR1_MPAM_FRAC  BITS(19, 16)
#define PFR1_SME        BITS(27, 24)
#define PFR1_NMI        BITS(39, 36)
#define PFR1_V9_3       BITS(63, 44)   /* GCS, THE, MTEX, DF2, PFAR             */
#define DFR0_TRACEVER   BITS(7, 4)
#define DFR0_PMUVER     BITS(11, 8)
#define DFR0_BRPS       BITS(15, 12)
#define DFR0_WRPS       BITS(23, 20)
#define DFR0_PMSVER     BITS(35, 32)
#define DFR0_DOUBLELOCK BITS(39, 36)
#define DFR0_TRACEFILT  BITS(43, 40)
#define DFR0_TRACEBUFFER BITS(47, 44)
#define A64ISAR1_APA    BITS(7, 4)
#define A64ISAR1_API    BITS(11, 8)
#define A64ISAR1_LS64   BITS(63, 60)
#define A64ISAR2_APA3   BITS(15, 12)
#define A64ISAR2_MOPS   BITS(19, 16)
#define A64MMFR0_FGT    BITS(59, 56)
#define A64MMFR2_IDS    BITS(39, 36)
#define A64MMFR1_LO     BITS(19, 16)
#define A64MMFR1_PAN    BITS(23, 20)
#define A64MMFR1_HCX    BITS(43, 40)
#define A64MMFR1_CMOW   BITS(59, 56)

/* CTR_EL0, Cache Type Register */
#define CTR_EL0_DMINLINE        BITS(19, 16)  /* smallest data cache line, log2 of words  */
