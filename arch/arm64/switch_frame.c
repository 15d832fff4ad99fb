/* SPDX-License-Identifier: Apache-2.0 */
#include <arch/switch.h>

#include <string.h>

/* What arch_switch() pops, in its order. */
struct switch_frame {
	uint64_t x19_x28[10];
	uint64_t x29;
	uint64_t x30;
};
_Static_assert(sizeof(struct switch_frame) == 96, "known to switch.S");

void arch_thread_start(void);

uint64_t arch_switch_frame(uint64_t top, void (*entry)(void *arg), void *arg)
{
	struct switch_frame *f = (struct switch_frame *)(uintptr_t)(top - sizeof(*f));

	memset(f, 0, sizeof(*f));
	f->x19_x28[0] = (uintptr_t)entry;
	f->x19_x28[1] = (uintptr_t)arg;
	f->x30 = (uintptr_t)arch_thread_start;
	return (uintptr_t)f;
}
