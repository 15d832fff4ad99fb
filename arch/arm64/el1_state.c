/* SPDX-License-Identifier: Apache-2.0 */
#include <arch/el1_state.h>

#include <arch/regs.h>
#include <arch_impl/sysreg.h>

/*
 * Registers of later architecture versions, by encoding: the assembler is told
 * of ARMv8.0 only.
 */
#define APIAKEYLO_EL1  S3_0_C2_C1_0
#define APIAKEYHI_EL1  S3_0_C2_C1_1
#define APIBKEYLO_EL1  S3_0_C2_C1_2
#define APIBKEYHI_EL1  S3_0_C2_C1_3
#define APDAKEYLO_EL1  S3_0_C2_C2_0
#define APDAKEYHI_EL1  S3_0_C2_C2_1
#define APDBKEYLO_EL1  S3_0_C2_C2_2
#define APDBKEYHI_EL1  S3_0_C2_C2_3
#define APGAKEYLO_EL1  S3_0_C2_C3_0
#define APGAKEYHI_EL1  S3_0_C2_C3_1
#define TPIDR2_EL0     S3_3_C13_C0_5
#define VDISR_EL2      S3_4_C12_C1_1
#define VSESR_EL2      S3_4_C5_C2_3

/* Expands its argument first, so that the names above work. */
#define READ(reg)      read_sysreg(reg)
#define WRITE(reg, v)  write_sysreg(reg, v)

static uint32_t features;

void arch_el1_set_features(uint32_t f)
{
	features = f;
}

static void save_keys(uint64_t *k)
{
	k[0] = READ(APIAKEYLO_EL1);
	k[1] = READ(APIAKEYHI_EL1);
	k[2] = READ(APIBKEYLO_EL1);
	k[3] = READ(APIBKEYHI_EL1);
	k[4] = READ(APDAKEYLO_EL1);
	k[5] = READ(APDAKEYHI_EL1);
	k[6] = READ(APDBKEYLO_EL1);
	k[7] = READ(APDBKEYHI_EL1);
	k[8] = READ(APGAKEYLO_EL1);
	k[9] = READ(APGAKEYHI_EL1);
}

static void load_keys(const uint64_t *k)
{
	WRITE(APIAKEYLO_EL1, k[0]);
	WRITE(APIAKEYHI_EL1, k[1]);
	WRITE(APIBKEYLO_EL1, k[2]);
	WRITE(APIBKEYHI_EL1, k[3]);
	WRITE(APDAKEYLO_EL1, k[4]);
	WRITE(APDAKEYHI_EL1, k[5]);
	WRITE(APDBKEYLO_EL1, k[6]);
	WRITE(APDBKEYHI_EL1, k[7]);
	WRITE(APGAKEYLO_EL1, k[8]);
	WRITE(APGAKEYHI_EL1, k[9]);
}

void arch_el1_save(struct el1_state *s)
{
	s->sctlr = read_sysreg(sctlr_el1);
	s->cpacr = read_sysreg(cpacr_el1);
	s->tcr = read_sysreg(tcr_el1);
	s->ttbr0 = read_sysreg(ttbr0_el1);
	s->ttbr1 = read_sysreg(ttbr1_el1);
	s->mair = read_sysreg(mair_el1);
	s->amair = read_sysreg(amair_el1);
	s->contextidr = read_sysreg(contextidr_el1);
	s->vbar = read_sysreg(vbar_el1);
	s->elr = read_sysreg(elr_el1);
	s->spsr = read_sysreg(spsr_el1);
	s->esr = read_sysreg(esr_el1);
	s->far = read_sysreg(far_el1);
	s->afsr0 = read_sysreg(afsr0_el1);
	s->afsr1 = read_sysreg(afsr1_el1);
	s->par = read_sysreg(par_el1);
	s->sp_el0 = read_sysreg(sp_el0);
	s->sp_el1 = read_sysreg(sp_el1);
	s->tpidr_el0 = read_sysreg(tpidr_el0);
	s->tpidrro_el0 = read_sysreg(tpidrro_el0);
	s->tpidr_el1 = read_sysreg(tpidr_el1);
	s->cntkctl = read_sysreg(cntkctl_el1);
	s->csselr = read_sysreg(csselr_el1);
	if (features & EL1_RAS)
		s->disr = READ(VDISR_EL2);
	if (features & EL1_TPIDR2)
		s->tpidr2_el0 = READ(TPIDR2_EL0);
	if (features & EL1_PAUTH)
		save_keys(s->apkeys);
}

void arch_el1_load(const struct el1_state *s)
{
	write_sysreg(sctlr_el1, s->sctlr);
	write_sysreg(cpacr_el1, s->cpacr);
	write_sysreg(tcr_el1, s->tcr);
	write_sysreg(ttbr0_el1, s->ttbr0);
	write_sysreg(ttbr1_el1, s->ttbr1);
	write_sysreg(mair_el1, s->mair);
	write_sysreg(amair_el1, s->amair);
	write_sysreg(contextidr_el1, s->contextidr);
	write_sysreg(vbar_el1, s->vbar);
	write_sysreg(elr_el1, s->elr);
	write_sysreg(spsr_el1, s->spsr);
	write_sysreg(esr_el1, s->esr);
	write_sysreg(far_el1, s->far);
	write_sysreg(afsr0_el1, s->afsr0);
	write_sysreg(afsr1_el1, s->afsr1);
	write_sysreg(par_el1, s->par);
	write_sysreg(sp_el0, s->sp_el0);
	write_sysreg(sp_el1, s->sp_el1);
	write_sysreg(tpidr_el0, s->tpidr_el0);
	write_sysreg(tpidrro_el0, s->tpidrro_el0);
	write_sysreg(tpidr_el1, s->tpidr_el1);
	write_sysreg(cntkctl_el1, s->cntkctl);
	write_sysreg(csselr_el1, s->csselr);
	if (features & EL1_RAS) {
		WRITE(VDISR_EL2, s->disr);
		WRITE(VSESR_EL2, s->vsesr);
	}
	if (features & EL1_TPIDR2)
		WRITE(TPIDR2_EL0, s->tpidr2_el0);
	if (features & EL1_PAUTH)
		load_keys(s->apkeys);
}

void arch_exception_read(struct el1_exception *e)
{
	e->sctlr = read_sysreg(sctlr_el1);
	e->vbar = read_sysreg(vbar_el1);
}

void arch_exception_write(const struct el1_exception *e)
{
	write_sysreg(elr_el1, e->elr);
	write_sysreg(spsr_el1, e->spsr);
	write_sysreg(esr_el1, e->esr);
	if (e->has_far)
		write_sysreg(far_el1, e->far);
}

void arch_walk_read(struct el1_walk *w)
{
	w->sctlr = read_sysreg(sctlr_el1);
	w->tcr = read_sysreg(tcr_el1);
	w->ttbr0 = read_sysreg(ttbr0_el1);
	w->ttbr1 = read_sysreg(ttbr1_el1);
}

void arch_guest_control_load(const struct guest_control *c)
{
	write_sysreg(vtcr_el2, c->vtcr);
	write_sysreg(vttbr_el2, c->vttbr);
	write_sysreg(hcr_el2, c->hcr);
	write_sysreg(vmpidr_el2, c->vmpidr);
	__asm__ volatile("isb" ::: "memory");
}

uint64_t arch_hcr_read(void)
{
	return read_sysreg(hcr_el2);
}

void arch_hcr_write(uint64_t hcr)
{
	write_sysreg(hcr_el2, hcr);
}

void arch_vsesr_write(uint64_t vsesr)
{
	if (features & EL1_RAS)
		WRITE(VSESR_EL2, vsesr);
}

void arch_guest_tlb_flush_local(void)
{
	__asm__ volatile("dsb nshst\n\t"
			 "tlbi vmalle1\n\t"
			 "ic iallu\n\t"
			 "dsb nsh\n\t"
			 "isb" ::: "memory");
}

void arch_mdscr_write(uint64_t mdscr)
{
	write_sysreg(mdscr_el1, mdscr);
}

void arch_os_lock(bool locked)
{
	write_sysreg(oslar_el1, locked);
}

uint64_t arch_translate_s1(uint64_t va)
{
	uint64_t guest_par = read_sysreg(par_el1);
	uint64_t par;

	__asm__ volatile("at s1e1r, %0\n\tisb" :: "r"(va) : "memory");
	par = read_sysreg(par_el1);
	write_sysreg(par_el1, guest_par);
	return par;
}

uint64_t arch_far(void)
{
	return read_sysreg(far_el2);
}

uint64_t arch_hpfar(void)
{
	return read_sysreg(hpfar_el2);
}
