/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest finds at its first instruction, on the first and on every other CPU.
 * Linux Documentation/arm64/booting.rst; PSCI DEN 0022, "CPU_ON"; Arm ARM "Reset state".
 */
#include "lib/fdt.h"
#include "lib/guest.h"
#include "lib/smccc.h"

#define SCTLR_M (1u << 0)
#define SCTLR_C (1u << 2)

static const void *dtb(void)
{
	return (const void *)boot_state.x[0];
}

static void entered_as_boot_protocol_says(void)
{
	CHECK_EQ(boot_state.x[0] & 7, 0, "x0 & 7");
	CHECK_EQ(boot_state.x[1], 0, "x1");
	CHECK_EQ(boot_state.x[2], 0, "x2");
	CHECK_EQ(boot_state.x[3], 0, "x3");
	CHECK_EQ(boot_state.current_el, 1 << 2, "CurrentEL");
	CHECK_EQ(boot_state.daif, 0x3c0, "DAIF");
	CHECK_EQ(boot_state.sctlr & SCTLR_M, 0, "SCTLR_EL1.M");
	CHECK_EQ(boot_state.sctlr & SCTLR_C, 0, "SCTLR_EL1.C");
	CHECK_EQ(boot_state.pc & 0x1fffff, 0, "Image start modulo 2 MiB");
}

static void device_tree_is_sound(void)
{
	int depth, max = 0;
	unsigned int nr = 0;
	long node = -1;

	CHECK(fdt_ok(dtb()), "no device tree at %p", dtb());
	if (!fdt_ok(dtb()))
		return;
	CHECK(fdt_size(dtb()) <= 2u << 20, "device tree of %u bytes", fdt_size(dtb()));
	while ((node = fdt_next_node(dtb(), node, &depth)) >= 0) {
		nr++;
		max = depth > max ? depth : max;
	}
	CHECK(nr >= 8, "only %u nodes", nr);
	CHECK(max >= 2, "only %d levels", max);
}

/* The first bank of /memory, two cells each on the virt machine. */
static bool memory_bank(uint64_t *base, uint64_t *size)
{
	long node = fdt_find(dtb(), "/memory");
	uint32_t len = 0;
	const void *reg = node < 0 ? NULL : fdt_prop(dtb(), node, "reg", &len);

	if (!reg || len < 16)
		return false;
	*base = fdt_u64(reg, 0);
	*size = fdt_u64(reg, 2);
	return true;
}

static void memory_holds_image_and_tree(void)
{
	uint64_t base = 0, size = 0;
	uintptr_t fdt = (uintptr_t)dtb();

	CHECK(memory_bank(&base, &size), "no /memory reg");
	CHECK_EQ(base, 0x40000000, "RAM base");
	CHECK(size >= 32u << 20, "RAM of 0x%lx bytes", size);
	CHECK(boot_state.pc >= base && boot_state.pc < base + size, "Image outside of RAM");
	CHECK(fdt >= base && fdt + fdt_size(dtb()) <= base + size, "device tree outside of RAM");
	CHECK(fdt + fdt_size(dtb()) <= boot_state.pc || fdt >= boot_state.pc + 0x100000,
	      "device tree 0x%lx over the Image 0x%lx", fdt, boot_state.pc);
}

/* The last bytes of RAM are there and are remembered. */
static void memory_is_there_to_its_end(void)
{
	uint64_t base = 0, size = 0;

	CHECK(memory_bank(&base, &size), "no /memory reg");
	if (base + size > 0x100000000ul)
		size = 0x100000000ul - base;	/* what this runtime maps */
	for (uint64_t a = base + (64u << 20); a < base + size; a += 16u << 20) {
		volatile uint64_t *p = (void *)(a + (16u << 20) - 8 < base + size
						? a + (16u << 20) - 8 : base + size - 8);

		*p = (uintptr_t)p;
		CHECK_EQ(*p, (uintptr_t)p, "RAM");
	}
}

static void cpu_nodes_have_unique_affinities(void)
{
	CHECK(smp_nr() >= 1, "no cpus");
	CHECK_EQ(cpus[0].mpidr & 0xff00ffffff, read_sysreg(mpidr_el1) & 0xff00ffffff,
		 "cpu@0 reg against MPIDR_EL1");
	for (unsigned int i = 0; i < smp_nr(); i++) {
		for (unsigned int j = 0; j < i; j++)
			CHECK(cpus[i].mpidr != cpus[j].mpidr, "cpu %u and %u are the same", i, j);
	}
}

static void psci_node_says_hvc(void)
{
	long node = fdt_find(dtb(), "/psci");
	uint32_t len = 0;
	const void *p;

	CHECK(node >= 0, "no /psci");
	if (node < 0)
		return;
	p = fdt_prop(dtb(), node, "method", &len);
	CHECK(p && fdt_list_has(p, len, "hvc"), "method is not hvc");
	p = fdt_prop(dtb(), node, "compatible", &len);
	CHECK(p && fdt_list_has(p, len, "arm,psci-1.0"), "not compatible with arm,psci-1.0");
}

static void has_reg(const char *compatible, unsigned int pair, uint64_t base)
{
	long node = fdt_find_compatible(dtb(), -1, compatible);
	const void *reg;
	uint32_t len = 0;

	CHECK(node >= 0, "no %s", compatible);
	if (node < 0)
		return;
	reg = fdt_prop(dtb(), node, "reg", &len);
	CHECK(reg && len >= 16 * (pair + 1), "%s: reg of %u bytes", compatible, len);
	if (reg && len >= 16 * (pair + 1))
		CHECK_EQ(fdt_u64(reg, pair * 4), base, compatible);
}

static void devices_are_where_virt_has_them(void)
{
	has_reg("arm,gic-v3", 0, 0x08000000);
	has_reg("arm,gic-v3", 1, 0x080a0000);
	has_reg("arm,pl011", 0, 0x09000000);
	has_reg("arm,pl031", 0, 0x09010000);
}

/* PPIs 29, 30, 27, 26: secure, non-secure, virtual, EL2 (the virtual one is the third). */
static void timer_node_has_the_ppis(void)
{
	long node = fdt_find_compatible(dtb(), -1, "arm,armv8-timer");
	uint32_t len = 0;
	const void *irq;

	CHECK(node >= 0, "no timer");
	if (node < 0)
		return;
	irq = fdt_prop(dtb(), node, "interrupts", &len);
	CHECK(irq && len >= 36, "interrupts of %u bytes", len);
	if (!irq || len < 36)
		return;
	CHECK_EQ(fdt_u32(irq, 4), 14, "physical timer PPI");
	CHECK_EQ(fdt_u32(irq, 7), 11, "virtual timer PPI");
	CHECK(!fdt_prop(dtb(), node, "clock-frequency", NULL), "clock-frequency overrides CNTFRQ");
}

static void chosen_names_the_console(void)
{
	long node = fdt_find(dtb(), "/chosen");
	uint32_t len = 0;
	const void *p;

	CHECK(node >= 0, "no /chosen");
	if (node < 0)
		return;
	p = fdt_prop(dtb(), node, "stdout-path", &len);
	CHECK(p && len > 1 && *(const char *)p == '/', "no stdout-path");
	p = fdt_prop(dtb(), node, "bootargs", &len);
	if (p)
		gprintf("bootargs '%s'\n", (const char *)p);
}

/* The runner hands over an initrd of 12 345 bytes, byte n being n * 7. */
static void initrd_is_whole(void)
{
	long node = fdt_find(dtb(), "/chosen");
	uint32_t ls = 0, le = 0;
	const void *s = node < 0 ? NULL : fdt_prop(dtb(), node, "linux,initrd-start", &ls);
	const void *e = node < 0 ? NULL : fdt_prop(dtb(), node, "linux,initrd-end", &le);
	uint64_t start, end;

	SKIP_UNLESS(s && e, "no initrd given");
	start = ls == 8 ? fdt_u64(s, 0) : fdt_u32(s, 0);
	end = le == 8 ? fdt_u64(e, 0) : fdt_u32(e, 0);
	CHECK_EQ(end - start, 12345, "initrd size");
	if (end - start != 12345)
		return;
	for (uint64_t i = 0; i < end - start; i++) {
		if (RW8(start + i) != (uint8_t)(i * 7)) {
			CHECK_EQ(RW8(start + i), (uint8_t)(i * 7), "initrd byte");
			break;
		}
	}
}

static void counter_frequency_is_set(void)
{
	uint64_t f = read_sysreg(cntfrq_el0);

	CHECK(f >= 1000000 && f <= 2000000000, "CNTFRQ_EL0 %lu", f);
}

/* Filled by probe_entry below with its caches off. */
struct probe {
	uint64_t x0, current_el, daif, sctlr, mpidr, spsel, cpacr, cntv_ctl, cntp_ctl, mdscr, done;
};

static struct probe probe __attribute__((aligned(64)));
void probe_entry(void);

__asm__(".text\n"
	"probe_entry:\n"
	"	mrs x1, CurrentEL\n"
	"	mrs x2, daif\n"
	"	mrs x3, sctlr_el1\n"
	"	mrs x4, mpidr_el1\n"
	"	mrs x5, spsel\n"
	"	mrs x6, cpacr_el1\n"
	"	mrs x7, cntv_ctl_el0\n"
	"	mrs x8, cntp_ctl_el0\n"
	"	mrs x9, mdscr_el1\n"
	"	stp x0, x1, [x0]\n"
	"	stp x2, x3, [x0, #16]\n"
	"	stp x4, x5, [x0, #32]\n"
	"	stp x6, x7, [x0, #48]\n"
	"	stp x8, x9, [x0, #64]\n"
	"	dsb sy\n"
	"	mov x1, #1\n"
	"	str x1, [x0, #80]\n"
	"	dsb sy\n"
	"	ldr x0, =0x84000002\n"		/* CPU_OFF */
	"	hvc #0\n"
	"1:	b 1b\n"
	"	.ltorg\n");

static bool probe_cpu(unsigned int idx)
{
	volatile uint64_t *done = &probe.done;
	int rc;

	probe = (struct probe){ 0 };
	dcache_civac(&probe, sizeof(probe));
	rc = psci_call(PSCI_CPU_ON64, cpus[idx].mpidr, (uintptr_t)probe_entry, (uintptr_t)&probe);
	CHECK_EQ(rc, PSCI_SUCCESS, "CPU_ON");
	return rc == PSCI_SUCCESS &&
	       WAIT_UNTIL((dcache_civac(&probe, sizeof(probe)), *done == 1), LONG_MS) &&
	       smp_wait_off(idx);
}

static void secondary_starts_in_reset_state(void)
{
	SKIP_UNLESS(smp_nr() > 1, "one CPU");
	/* Twice each: the second time after everything was used. */
	for (unsigned int i = 1; i < smp_nr() * 2 - 1; i++) {
		unsigned int idx = 1 + (i - 1) % (smp_nr() - 1);

		CHECK(probe_cpu(idx), "cpu %u did not come", idx);
		CHECK_EQ(probe.x0, (uintptr_t)&probe, "context id in x0");
		CHECK_EQ(probe.current_el, 1 << 2, "CurrentEL");
		CHECK_EQ(probe.daif, 0x3c0, "DAIF");
		CHECK_EQ(probe.sctlr & (SCTLR_M | SCTLR_C), 0, "SCTLR_EL1");
		CHECK_EQ(probe.mpidr & 0xff00ffffff, cpus[idx].mpidr, "MPIDR_EL1");
		CHECK_EQ(probe.spsel, 1, "SPSel");
		CHECK_EQ(probe.cntv_ctl & 1, 0, "CNTV_CTL_EL0.ENABLE");
		CHECK_EQ(probe.cntp_ctl & 1, 0, "CNTP_CTL_EL0.ENABLE");
		CHECK_EQ(probe.mdscr & 0xa001, 0, "MDSCR_EL1 MDE, KDE, SS");
	}
}

static void use_and_dirty(void *arg)
{
	(void)arg;
	write_sysreg(cntv_cval_el0, ticks_now() + (1ul << 40));
	write_sysreg(cntv_ctl_el0, 1);
	write_sysreg(cntp_cval_el0, ticks_now() + (1ul << 40));
	write_sysreg(cntp_ctl_el0, 1);
	write_sysreg(mdscr_el1, 0x8000);
}

/* A CPU that left its timers and debug on comes back as after reset. */
static void secondary_state_is_reset_after_use(void)
{
	SKIP_UNLESS(smp_nr() > 1, "one CPU");
	if (!smp_start(1, use_and_dirty, NULL) || !smp_wait_off(1))
		return;
	CHECK(probe_cpu(1), "cpu 1 did not come");
	CHECK_EQ(probe.sctlr & (SCTLR_M | SCTLR_C), 0, "SCTLR_EL1");
	CHECK_EQ(probe.cntv_ctl & 1, 0, "CNTV_CTL_EL0.ENABLE");
	CHECK_EQ(probe.cntp_ctl & 1, 0, "CNTP_CTL_EL0.ENABLE");
	CHECK_EQ(probe.mdscr & 0xa001, 0, "MDSCR_EL1 MDE, KDE, SS");
}

GUEST_CASES(
	CASE(entered_as_boot_protocol_says),
	CASE(device_tree_is_sound),
	CASE(memory_holds_image_and_tree),
	CASE(memory_is_there_to_its_end),
	CASE(cpu_nodes_have_unique_affinities),
	CASE(psci_node_says_hvc),
	CASE(devices_are_where_virt_has_them),
	CASE(timer_node_has_the_ppis),
	CASE(chosen_names_the_console),
	CASE(initrd_is_whole),
	CASE(counter_frequency_is_set),
	CASE(secondary_starts_in_reset_state),
	CASE(secondary_state_is_reset_after_use));
