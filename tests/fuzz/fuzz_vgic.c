/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distributor, redistributors, SGIs and list registers under any accesses by any of
 * the vCPUs, at any offset and width, with lines that rise and fall. What can be
 * acknowledged is an interrupt that there is; list registers are sound on every entry.
 */
#include "tests/fuzz/fuzz.h"

#include "core/lib/bits.h"
#include "irq/vgic_fast.h"
#include "tests/host/fake/cpu.h"
#include "tests/host/fake/vgic_world.h"

#define NR_VCPUS 5u
#define NR_SPIS  96u
#define LINKED   70u

static uint32_t stack[NR_VCPUS][32], depth[NR_VCPUS];

static uint64_t offset(struct fuzz_in *in, uint64_t size)
{
	uint8_t how = (uint8_t)fuzz_num(in, 1);

	if (how & 0x80)
		return fuzz_num(in, 3) % size;
	/* Where the registers are. */
	return ((uint64_t)(how & 0x1f) << 7 | (fuzz_num(in, 1) & 0x7f)) +
	       (how & 0x40 ? 0x6000 : 0) + (how & 0x20 && size > 0x10000 ? 0x10000 : 0);
}

static void access(struct fuzz_in *in)
{
	bool gicr = fuzz_num(in, 1) & 1;
	struct mmio_device *dev = gicr ? &world.vgic.gicr : &world.vgic.gicd;
	uint8_t how = (uint8_t)fuzz_num(in, 1);
	struct mmio_access acc = { .size = (uint8_t)(1 << (how & 3)), .is_write = how & 4 };

	world_run(fuzz_below(in, NR_VCPUS));
	acc.vcpu_idx = (uint16_t)fuzz_below(in, NR_VCPUS);
	acc.offset = offset(in, gicr ? VGIC_GICR_SIZE : dev->size);
	if (gicr)
		acc.offset += VGIC_GICR_SIZE * fuzz_below(in, NR_VCPUS);
	acc.offset &= ~(uint64_t)(acc.size - 1);
	if (acc.offset >= dev->size)
		return;
	if (acc.is_write)
		acc.value = fuzz_num(in, acc.size);
	dev->access(dev, &acc);
	if (!acc.is_write && acc.size < 8)
		FUZZ_CHECK(acc.value >> 8 * acc.size == 0);
	FUZZ_CHECK(fake_irqs_masked());
}

/* Every interrupt in at most one list register, and only those that there are. */
static void check_lrs(void)
{
	uint64_t seen[2 + NR_SPIS / 64 + 1] = { 0 };

	for (int n = 0; n < ICH_NR_LRS_MAX; n++) {
		uint64_t lr = fake_gic()->lr[n];
		uint32_t intid = (uint32_t)bits_get(ICH_LR_VINTID, lr);

		if (!(lr & (ICH_LR_PENDING | ICH_LR_ACTIVE)))
			continue;
		FUZZ_CHECK(intid < 32 + NR_SPIS);
		FUZZ_CHECK(!(seen[intid / 64] & BIT(intid % 64)));
		seen[intid / 64] |= BIT(intid % 64);
		/* HW with pending and active both is UNPREDICTABLE. */
		FUZZ_CHECK(!(lr & ICH_LR_HW) || !(lr & ICH_LR_PENDING) || !(lr & ICH_LR_ACTIVE));
	}
}

static void acknowledge(struct fuzz_in *in)
{
	uint32_t v = fuzz_below(in, NR_VCPUS), intid;
	int group = fuzz_num(in, 1) & 1;

	world_run(v);
	world_enter();
	check_lrs();
	if (depth[v] == ARRAY_SIZE(stack[v]))
		return;
	intid = fake_guest_ack(group);
	FUZZ_CHECK(intid < 32 + NR_SPIS || intid == INTID_SPURIOUS);
	if (intid != INTID_SPURIOUS)
		stack[v][depth[v]++] = intid;
}

/* In order, or whatever the guest thinks is active. */
static void end(struct fuzz_in *in)
{
	uint32_t v = fuzz_below(in, NR_VCPUS), how = fuzz_below(in, 8), intid;

	world_run(v);
	world_enter();
	intid = how ? (depth[v] ? stack[v][--depth[v]] : 0) : fuzz_below(in, 1024);
	if (how == 1)
		vgic_dir(&world.vcpu[v], fuzz_num(in, 3));
	else if (how == 2)
		fake_guest_dir(intid);
	else
		fake_guest_eoi(how & 1, intid);
	if (fake_maintenance())
		world_enter();
}

static void line(struct fuzz_in *in)
{
	uint32_t intid = 16 + fuzz_below(in, 16 + NR_SPIS);

	/* That of a linked one is the physical interrupt's. */
	if (intid == LINKED)
		return;
	if (intid < 32)
		vgic_set_ppi(&world.vcpu[fuzz_below(in, NR_VCPUS)], intid, fuzz_num(in, 1) & 1);
	else
		vgic_set_line(&world.vgic, intid, fuzz_num(in, 1) & 1);
}

static void physical(void)
{
	uint32_t bit = 1u << 200 % 32;

	if (fake_phys_spi_active[200 / 32] & bit)
		return;
	fake_phys_spi_active[200 / 32] |= bit;
	vgic_inject_hw(&world.vcpu[0], LINKED, 200);
}

static void system_register(struct fuzz_in *in)
{
	uint32_t v = fuzz_below(in, NR_VCPUS), what = fuzz_below(in, 4);
	struct vgic_vcpu *vcpu = world_run(v);

	if (what == 0)
		arch_ich_vmcr_write(fuzz_num(in, 4) & (ICH_VMCR_VENG0 | ICH_VMCR_VENG1 |
				    ICH_VMCR_VPMR | ICH_VMCR_VEOIM | ICH_VMCR_VBPR0 |
				    ICH_VMCR_VBPR1 | ICH_VMCR_VCBPR));
	else if (what == 1)
		vgic_sgi(vcpu, fuzz_num(in, 8), VGIC_SGI1R);
	else if (what == 2)
		world_sgi1r(v, BITS_VAL(ICC_SGIR_INTID, fuzz_num(in, 1) & 15) |
			       (fuzz_num(in, 2) & 0xffff));
	else
		vgic_icc_write(vgic_loaded(), (enum vgic_icc)0, fuzz_num(in, 1) & 7);
}

static uint32_t groups(struct fuzz_in *in)
{
	return (uint32_t)fuzz_num(in, 1) * 0x01010101u;
}

static void prepare(struct fuzz_in *in)
{
	uint32_t lrs = 1u << fuzz_below(in, 5);

	memset(depth, 0, sizeof(depth));
	world_setup(NR_VCPUS, NR_SPIS, lrs);
	world_run(2);
	vgic_put(&world.vcpu[2]);
	world.cpu_of[2] = 0;
	world_run(0);
	vgic_link(&world.vcpu[0], LINKED, 200);
	for (uint32_t v = 0; v < NR_VCPUS; v++) {
		world_gicr_write(v, GICR_SGI_BASE + GICR_IGROUPR0, 4, groups(in));
		world_gicr_write(v, GICR_SGI_BASE + GICR_ISENABLER0, 4, ~0u);
	}
	for (uint32_t word = 1; word <= NR_SPIS / 32; word++) {
		world_gicd_write(GICD_IGROUPR + 4 * word, 4, groups(in));
		world_gicd_write(GICD_ISENABLER + 4 * word, 4, ~0u);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const ops[])(struct fuzz_in *in) = {
		access, access, access, access, acknowledge, end, line, system_register,
	};
	struct fuzz_in in = { data, size };

	prepare(&in);
	for (int n = 0; n < 128 && fuzz_more(&in); n++) {
		uint32_t op = fuzz_below(&in, ARRAY_SIZE(ops) + 1);

		if (op < ARRAY_SIZE(ops))
			ops[op](&in);
		else
			physical();
	}
	for (uint32_t v = 0; v < NR_VCPUS; v++) {
		world_run(v);
		world_enter();
		check_lrs();
	}
	return 0;
}
