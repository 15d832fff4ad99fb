/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host/fake/cpu.h"

#include <stdatomic.h>

#include <arch/timer.h>
#include "core/percpu.h"

struct percpu percpus[MAX_PCPUS];
uint32_t nr_pcpus = 1;

_Thread_local struct percpu *fake_percpu = &percpus[0];
_Thread_local uint64_t fake_daif;
_Thread_local bool fake_serror;
_Thread_local void (*fake_serror_taken)(void);

uint64_t fake_counter;
uint64_t fake_counter_awaited;
uint64_t fake_counter_waited;
uint64_t fake_counter_hz = 62500000;
uint64_t fake_hyp_timer_cval;
bool     fake_hyp_timer_on;

static _Atomic unsigned int barriers;

void fake_barrier(void)
{
	atomic_fetch_add(&barriers, 1);
}

void fake_cpu_enter(uint32_t idx)
{
	percpus[idx].cpu_idx = idx;
	percpus[idx].mpidr = idx;
	fake_percpu = &percpus[idx];
}

uint64_t arch_mpidr(void)
{
	return fake_percpu->mpidr;
}
