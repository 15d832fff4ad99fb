/* SPDX-License-Identifier: Apache-2.0 */
/* System register access by name, and by encoding for what the assembler does not know. */
#pragma once

#include <stdint.h>

/* Names of encodings (ICC_PMR_EL1 below) are expanded first. */
#define SYSREG_STR_(r) #r
#define SYSREG_STR(r)  SYSREG_STR_(r)

#define read_sysreg(r)                                                         \
	({                                                                     \
		uint64_t rv_;                                                  \
		__asm__ volatile("mrs %0, " SYSREG_STR(r) : "=r"(rv_) : : "memory"); \
		rv_;                                                           \
	})

#define write_sysreg(r, v)                                                     \
	do {                                                                   \
		uint64_t wv_ = (uint64_t)(v);                                  \
		__asm__ volatile("msr " SYSREG_STR(r) ", %x0" : : "rZ"(wv_) : "memory"); \
	} while (0)

#define SYSREG_FIELD(v, lsb) (((v) >> (lsb)) & 0xf)

/* GICv3 CPU interface, IHI 0069 "AArch64 System register descriptions". */
#define ICC_PMR_EL1      s3_0_c4_c6_0
#define ICC_IAR0_EL1     s3_0_c12_c8_0
#define ICC_EOIR0_EL1    s3_0_c12_c8_1
#define ICC_HPPIR0_EL1   s3_0_c12_c8_2
#define ICC_BPR0_EL1     s3_0_c12_c8_3
#define ICC_AP0R0_EL1    s3_0_c12_c8_4
#define ICC_AP1R0_EL1    s3_0_c12_c9_0
#define ICC_DIR_EL1      s3_0_c12_c11_1
#define ICC_RPR_EL1      s3_0_c12_c11_3
#define ICC_SGI1R_EL1    s3_0_c12_c11_5
#define ICC_ASGI1R_EL1   s3_0_c12_c11_6
#define ICC_SGI0R_EL1    s3_0_c12_c11_7
#define ICC_IAR1_EL1     s3_0_c12_c12_0
#define ICC_EOIR1_EL1    s3_0_c12_c12_1
#define ICC_HPPIR1_EL1   s3_0_c12_c12_2
#define ICC_BPR1_EL1     s3_0_c12_c12_3
#define ICC_CTLR_EL1     s3_0_c12_c12_4
#define ICC_SRE_EL1      s3_0_c12_c12_5
#define ICC_IGRPEN0_EL1  s3_0_c12_c12_6
#define ICC_IGRPEN1_EL1  s3_0_c12_c12_7

#define ID_AA64ISAR2_EL1 s3_0_c0_c6_2
#define ID_AA64ZFR0_EL1  s3_0_c0_c4_4
#define ID_AA64SMFR0_EL1 s3_0_c0_c4_5
#define ID_AA64MMFR2_EL1 s3_0_c0_c7_2
