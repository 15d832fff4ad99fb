/* SPDX-License-Identifier: Apache-2.0 */
#include "vm_fixture.h"

#include <string.h>

#include <arch/el1_state.h>
#include "irq/vgic_direct.h"

struct vm_config fixture_cfg;
struct vm_host fixture_host;
struct vm fixture_vm;
struct vcpu fixture_vcpus[FIXTURE_VCPUS];
struct arch_gpregs fixture_regs[FIXTURE_VCPUS];
_Atomic unsigned int fixture_requests[FIXTURE_VCPUS];
uint64_t fixture_sctlr;

static struct drbg host_rng;

static int32_t no_firmware(uint32_t fid)
{
	(void)fid;
	return -1;
}

static void config_reset(void)
{
	memset(&fixture_cfg, 0, sizeof(fixture_cfg));
	strcpy(fixture_cfg.name, "linux");
	fixture_cfg.nr_vcpus = FIXTURE_VCPUS;
	fixture_cfg.nr_regions = 1;
	fixture_cfg.regions[0] = (struct config_region){
		.ipa = IPA(CONFIG_RAM_BASE), .size = 0x10000000, .backend = BACKEND_EAGER,
		.access = CONFIG_ACCESS_R | CONFIG_ACCESS_W | CONFIG_ACCESS_X,
	};
}

void fixture_reset(void)
{
	config_reset();
	memset(&host_rng, 0, sizeof(host_rng));
	fixture_host = (struct vm_host){ .firmware_feature = no_firmware, .rng = &host_rng };
	memset(&fixture_vm, 0, sizeof(fixture_vm));
	memset(fixture_vcpus, 0, sizeof(fixture_vcpus));
	memset(fixture_regs, 0, sizeof(fixture_regs));
	memset(fixture_requests, 0, sizeof(fixture_requests));
	fixture_sctlr = 0;
	fixture_vm.cfg = &fixture_cfg;
	fixture_vm.host = &fixture_host;
	fixture_vm.nr_vcpus = FIXTURE_VCPUS;
	fixture_vm.vcpus = fixture_vcpus;
	bus_init(&fixture_vm.bus);
	for (uint16_t i = 0; i < FIXTURE_VCPUS; i++) {
		fixture_vcpus[i].vm = &fixture_vm;
		fixture_vcpus[i].group = &fixture_vm.group;
		fixture_vcpus[i].idx = i;
		fixture_vcpus[i].regs = &fixture_regs[i];
		fixture_regs[i].pstate = SPSR_EL1H;
	}
	atomic_store(&fixture_vm.power[0].state, POWER_ON);
}

void arch_exception_read(struct el1_exception *e)
{
	e->sctlr = fixture_sctlr;
	e->vbar = 0;
}

void vgic_direct_end(struct vgic_vcpu *v)
{
	v->lr_used = 0;
}
