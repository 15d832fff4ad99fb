/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host/fake/panic.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/panic.h"

_Thread_local jmp_buf fake_panic_jmp;
_Thread_local bool fake_panic_armed;

void arch_bug(void)
{
	if (fake_panic_armed)
		longjmp(fake_panic_jmp, 1);
	fprintf(stderr, "BUG_ON\n");
	abort();
}
