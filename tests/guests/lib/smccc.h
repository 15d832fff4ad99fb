/* SPDX-License-Identifier: Apache-2.0 */
/* SMC calling convention (DEN 0028) and PSCI (DEN 0022), by HVC or by SMC. */
#pragma once

#include <stdint.h>

#define SMCCC_NOT_SUPPORTED      (-1)

#define SMCCC_VERSION            0x80000000u
#define SMCCC_ARCH_FEATURES      0x80000001u
#define SMCCC_ARCH_SOC_ID        0x80000002u
#define SMCCC_ARCH_WORKAROUND_1  0x80008000u
#define SMCCC_ARCH_WORKAROUND_2  0x80007fffu
#define SMCCC_ARCH_WORKAROUND_3  0x80003fffu
#define SMCCC_VENDOR_HYP_UID     0x8600ff01u

#define TRNG_VERSION             0x84000050u
#define TRNG_FEATURES            0x84000051u
#define TRNG_GET_UUID            0x84000052u
#define TRNG_RND32               0x84000053u
#define TRNG_RND64               0xc4000053u
#define TRNG_INVALID_PARAMETERS  (-2)
#define TRNG_NO_ENTROPY          (-3)

#define PSCI_VERSION             0x84000000u
#define PSCI_CPU_SUSPEND32       0x84000001u
#define PSCI_CPU_SUSPEND64       0xc4000001u
#define PSCI_CPU_OFF             0x84000002u
#define PSCI_CPU_ON32            0x84000003u
#define PSCI_CPU_ON64            0xc4000003u
#define PSCI_AFFINITY_INFO32     0x84000004u
#define PSCI_AFFINITY_INFO64     0xc4000004u
#define PSCI_MIGRATE_INFO_TYPE   0x84000006u
#define PSCI_SYSTEM_OFF          0x84000008u
#define PSCI_SYSTEM_RESET        0x84000009u
#define PSCI_FEATURES            0x8400000au
#define PSCI_SYSTEM_RESET2_32    0x84000012u
#define PSCI_SYSTEM_RESET2_64    0xc4000012u

#define PSCI_SUCCESS             0
#define PSCI_NOT_SUPPORTED       (-1)
#define PSCI_INVALID_PARAMETERS  (-2)
#define PSCI_DENIED              (-3)
#define PSCI_ALREADY_ON          (-4)
#define PSCI_ON_PENDING          (-5)
#define PSCI_INVALID_ADDRESS     (-9)

#define PSCI_AFF_ON              0
#define PSCI_AFF_OFF             1
#define PSCI_AFF_ON_PENDING      2

/* x0 to x3 in, x0 to x3 out. */
struct smccc {
	uint64_t x[4];
};

#define SMCCC_CALL_(insn, s)                                                   \
	do {                                                                   \
		register uint64_t x0 __asm__("x0") = (s)->x[0];                \
		register uint64_t x1 __asm__("x1") = (s)->x[1];                \
		register uint64_t x2 __asm__("x2") = (s)->x[2];                \
		register uint64_t x3 __asm__("x3") = (s)->x[3];                \
		__asm__ volatile(insn                                          \
				 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)      \
				 :                                             \
				 : "x4", "x5", "x6", "x7", "x8", "x9", "x10",  \
				   "x11", "x12", "x13", "x14", "x15", "x16",   \
				   "x17", "memory");                           \
		(s)->x[0] = x0; (s)->x[1] = x1; (s)->x[2] = x2; (s)->x[3] = x3;\
	} while (0)

static inline void smccc_hvc(struct smccc *s) { SMCCC_CALL_("hvc #0", s); }
static inline void smccc_smc(struct smccc *s) { SMCCC_CALL_("smc #0", s); }

static inline int64_t hvc_call(uint64_t fid, uint64_t a, uint64_t b, uint64_t c)
{
	struct smccc s = { { fid, a, b, c } };

	smccc_hvc(&s);
	return (int64_t)s.x[0];
}

/* Results are signed 32 or 64-bit: both read as the same small number. */
static inline int psci_call(uint64_t fid, uint64_t a, uint64_t b, uint64_t c)
{
	return (int32_t)hvc_call(fid, a, b, c);
}

/* True when SMC reaches somebody; without EL3 and without a hypervisor it is Undefined. */
bool smc_available(void);
