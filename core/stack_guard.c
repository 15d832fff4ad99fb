/* SPDX-License-Identifier: Apache-2.0 */
#include "core/stack_guard.h"

#include <arch/cpu.h>

__attribute__((used)) uintptr_t __stack_chk_guard = 0xd04f75a3b1c92e00;

void stack_guard_init(uint64_t seed)
{
	seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9;
	seed = (seed ^ seed >> 27) * 0x94d049bb133111eb;
	__stack_chk_guard ^= (seed ^ seed >> 31) << 8;
}

__attribute__((used)) void __stack_chk_fail(void)
{
	arch_bug();
}
