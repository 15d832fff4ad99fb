/* SPDX-License-Identifier: Apache-2.0 */
#include <arch/entropy.h>

#include <arch_impl/sysreg.h>
#include "core/lib/bits.h"

#define ID_AA64ISAR0_RNDR BITS(63, 60)

bool arch_entropy(uint64_t *out)
{
	uint64_t v, failed;

	if (!bits_get(ID_AA64ISAR0_RNDR, read_sysreg(id_aa64isar0_el1)))
		return false;
	/* RNDR sets Z when it had nothing to give. */
	__asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %1, eq"
			 : "=r"(v), "=r"(failed) :: "cc");
	*out = v;
	return !failed;
}
