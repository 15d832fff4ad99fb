/* SPDX-License-Identifier: Apache-2.0 */
#include "core/percpu.h"

struct percpu percpus[MAX_PCPUS];
uint32_t nr_pcpus = 1;

_Static_assert(__builtin_offsetof(struct percpu, current) == 0, "known to vectors.S");
_Static_assert(__builtin_offsetof(struct percpu, crash_sp) == 8, "known to vectors.S");
