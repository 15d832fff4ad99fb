/* SPDX-License-Identifier: Apache-2.0 */
/* Secondary CPUs: found in the device tree, turned on by PSCI. */
#include "lib/fdt.h"
#include "lib/guest.h"
#include "lib/smccc.h"

static unsigned int nr_cpus;

void secondary_start(struct cpu *cpu);

/* Every /cpus/cpu@N; its reg is the affinity for CPU_ON (DEN 0022). */
static void find_cpus(void)
{
	const void *fdt = (const void *)boot_state.x[0];
	long cpus_node, node;
	int depth, cpus_depth;
	uint32_t len;

	cpus_node = fdt_ok(fdt) ? fdt_find(fdt, "/cpus") : -1;
	node = cpus_node;
	depth = cpus_depth = 1;
	while (node >= 0 && (node = fdt_next_node(fdt, node, &depth)) >= 0 && depth > cpus_depth) {
		const void *reg = fdt_prop(fdt, node, "reg", &len);

		if (depth != cpus_depth + 1 || strncmp(fdt_node_name(fdt, node), "cpu@", 4) != 0)
			continue;
		if (!reg || nr_cpus == NR_CPUS_MAX)
			continue;
		cpus[nr_cpus].idx = nr_cpus;
		cpus[nr_cpus++].mpidr = len == 8 ? fdt_u64(reg, 0) : fdt_u32(reg, 0);
	}
	if (!nr_cpus)
		nr_cpus = 1;
}

unsigned int smp_nr(void)
{
	if (!nr_cpus)
		find_cpus();
	return nr_cpus;
}

void secondary_start(struct cpu *cpu)
{
	__atomic_store_n(&cpu->online, 1, __ATOMIC_RELEASE);
	cpu->fn(cpu->arg);
	psci_call(PSCI_CPU_OFF, 0, 0, 0);
	guest_fail(__FILE__, __LINE__, "CPU_OFF of cpu %u came back", cpu->idx);
}

bool smp_start(unsigned int idx, void (*fn)(void *arg), void *arg)
{
	struct cpu *cpu = &cpus[idx];
	int rc;

	if (idx == 0 || idx >= smp_nr())
		return false;
	cpu->fn = fn;
	cpu->arg = arg;
	cpu->online = 0;
	cpu->irq_hook = NULL;
	cpu->sync_hook = NULL;
	dcache_civac(cpu, sizeof(*cpu));
	rc = psci_call(PSCI_CPU_ON64, cpu->mpidr, (uintptr_t)secondary_entry, (uintptr_t)cpu);
	if (rc != PSCI_SUCCESS) {
		guest_fail(__FILE__, __LINE__, "CPU_ON of cpu %u gave %d", idx, rc);
		return false;
	}
	if (!WAIT_UNTIL(__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE), LONG_MS)) {
		guest_fail(__FILE__, __LINE__, "cpu %u did not come", idx);
		return false;
	}
	return true;
}

bool smp_wait_off(unsigned int idx)
{
	return WAIT_UNTIL(psci_call(PSCI_AFFINITY_INFO64, cpus[idx].mpidr, 0, 0) == PSCI_AFF_OFF,
			  LONG_MS);
}
