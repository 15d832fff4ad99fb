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
static bool has_aux;         /* of some CPU; before the first guest */

void arch_el1_set_features(uint32_t f)
{
	features = f | (has_aux ? EL1_AUX : 0);
}

/* Implementation defined: of many CPUs they hold nothing, and read as zero. */
void arch_el1_probe(void)
{
	write_sysreg(amair_el1, ~UINT64_C(0));
	write_sysreg(afsr0_el1, ~UINT64_C(0));
	write_sysreg(afsr1_el1, ~UINT64_C(0));
	__asm__ volatile("isb" ::: "memory");
	if (read_sysreg(amair_el1) | read_sysreg(afsr0_el1) | read_sysreg(afsr1_el1))
		__atomic_store_n(&has_aux, true, __ATOMIC_RELAXED);
	write_sysreg(amair_el1, 0);
	write_sysreg(afsr0_el1, 0);
	write_sysreg(afsr1_el1, 0);
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

/* In pairs, as memory takes and gives them in one instruction: member, register, twice. */
#define EL1_PAIRS(X)							\
	X(sctlr, sctlr_el1, cpacr, cpacr_el1)				\
	X(tcr, tcr_el1, ttbr0, ttbr0_el1)				\
	X(ttbr1, ttbr1_el1, mair, mair_el1)				\
	X(contextidr, contextidr_el1, vbar, vbar_el1)			\
	X(elr, elr_el1, spsr, spsr_el1)					\
	X(esr, esr_el1, far, far_el1)					\
	X(par, par_el1, cntkctl, cntkctl_el1)				\
	X(csselr, csselr_el1, tpidr_el1, tpidr_el1)			\
	X(sp_el0, sp_el0, sp_el1, sp_el1)				\
	X(tpidr_el0, tpidr_el0, tpidrro_el0, tpidrro_el0)

#define SAVE(a, reg_a, b, reg_b) {					\
	uint64_t a_ = read_sysreg(reg_a), b_ = read_sysreg(reg_b);	\
									\
	s->a = a_;							\
	s->b = b_;							\
}
#define LOAD(a, reg_a, b, reg_b) {					\
	uint64_t a_ = s->a, b_ = s->b;					\
									\
	write_sysreg(reg_a, a_);					\
	write_sysreg(reg_b, b_);					\
}

static __attribute__((noinline)) void save_rare(struct el1_state *s)
{
	if (features & EL1_AUX) {
		s->amair = read_sysreg(amair_el1);
		s->afsr0 = read_sysreg(afsr0_el1);
		s->afsr1 = read_sysreg(afsr1_el1);
	}
	if (features & EL1_RAS)
		s->disr = READ(VDISR_EL2);
	if (features & EL1_TPIDR2)
		s->tpidr2_el0 = READ(TPIDR2_EL0);
	if (features & EL1_PAUTH)
		save_keys(s->apkeys);
}

static __attribute__((noinline)) void load_rare(const struct el1_state *s)
{
	if (features & EL1_AUX) {
		write_sysreg(amair_el1, s->amair);
		write_sysreg(afsr0_el1, s->afsr0);
		write_sysreg(afsr1_el1, s->afsr1);
	}
	if (features & EL1_RAS) {
		WRITE(VDISR_EL2, s->disr);
		WRITE(VSESR_EL2, s->vsesr);
	}
	if (features & EL1_TPIDR2)
		WRITE(TPIDR2_EL0, s->tpidr2_el0);
	if (features & EL1_PAUTH)
		load_keys(s->apkeys);
}

void arch_el1_save(struct el1_state *s)
{
	EL1_PAIRS(SAVE)
	if (features)
		save_rare(s);
}

void arch_el1_load(const struct el1_state *s)
{
	EL1_PAIRS(LOAD)
	if (features)
		load_rare(s);
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
