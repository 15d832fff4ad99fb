/* SPDX-License-Identifier: Apache-2.0 */
#include "core/firmware.h"

#include <errno.h>

#include <arch/smc.h>

#define PSCI_CPU_ON_64        0xc4000003u
#define PSCI_SYSTEM_OFF       0x84000008u
#define PSCI_SYSTEM_RESET     0x84000009u
#define SMCCC_VERSION         0x80000000u
#define SMCCC_ARCH_FEATURES   0x80000001u

#define SMCCC_VERSION_1_1     0x10001

#define TRNG_VERSION          0x84000050u
#define TRNG_RND64            0xc4000053u
#define TRNG_VERSION_1_0      0x10000

static void (*conduit)(struct smc_regs *r);

void firmware_init(const struct board *b)
{
	/* HVC from EL2 would come back to ourselves: only SMC leads below. */
	conduit = b->psci_smc ? arch_smc : NULL;
}

int64_t firmware_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
	struct smc_regs r = { { fn, a1, a2, a3 } };

	if (!conduit)
		return -1;
	conduit(&r);
	return (int64_t)r.x[0];
}

int firmware_cpu_on(uint64_t mpidr, pa_t entry)
{
	if (!conduit)
		return -ENOSYS;
	switch ((int32_t)firmware_call(PSCI_CPU_ON_64, mpidr, entry.v, 0)) {
	case 0:
		return 0;
	case -4:
	case -5:
		return -EALREADY;
	case -2:
		return -EINVAL;
	default:
		return -EIO;
	}
}

int32_t firmware_workaround(uint32_t fn)
{
	/* Before SMCCC 1.1 there is no ARCH_FEATURES to ask. */
	if ((int32_t)firmware_call(SMCCC_VERSION, 0, 0, 0) < SMCCC_VERSION_1_1)
		return -1;
	return (int32_t)firmware_call(SMCCC_ARCH_FEATURES, fn, 0, 0);
}

/* Asked of who says that it knows the question; the bits are in x3. */
bool firmware_entropy(uint64_t *out)
{
	struct smc_regs r = { { TRNG_RND64, 64 } };

	if ((int32_t)firmware_call(TRNG_VERSION, 0, 0, 0) < TRNG_VERSION_1_0)
		return false;
	conduit(&r);
	*out = r.x[3];
	return r.x[0] == 0;
}

void firmware_system_off(void)
{
	firmware_call(PSCI_SYSTEM_OFF, 0, 0, 0);
}

void firmware_system_reset(void)
{
	firmware_call(PSCI_SYSTEM_RESET, 0, 0, 0);
}
