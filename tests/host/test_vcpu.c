/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/serror.h"
#include "tests/host/fake/cpu.h"
#include "tests/host/fake/el1_state.h"
#include "tests/host/fake/vcpu_deps.h"
#include "vcpu/debug.h"
#include "vcpu/fp.h"
#include "vcpu/group.h"
#include "vcpu/inject.h"
#include "vcpu/wfx.h"

#define NR 3
static struct vcpu_group groups[2];
static struct fake_vcpu fakes[NR];
static struct vcpu *a = &fakes[0].vcpu, *b = &fakes[1].vcpu, *c = &fakes[2].vcpu;

/* a and b are siblings, c is of another VM. */
static int setup(void **state)
{
	(void)state;
	fake_cpu_enter(0);
	for (int i = 0; i < NR; i++)
		vcpu_unload(&fakes[i].vcpu);
	fake_pcpus_reset();
	memset(&fake_deps, 0, sizeof(fake_deps));
	memset(groups, 0, sizeof(groups));
	for (int i = 0; i < 2; i++) {
		groups[i].vttbr = (uint64_t)(i + 1) << 48;
		groups[i].vtcr = 0x80000000 + (uint64_t)i;
		groups[i].hcr = HCR_VM;
		groups[i].idregs[IDREG_A64DFR0] = BITS_VAL(DFR0_BRPS, 5) | BITS_VAL(DFR0_WRPS, 3);
	}
	for (int i = 0; i < NR; i++) {
		fake_vcpu_init(&fakes[i], &groups[i / 2]);
		fakes[i].vcpu.control.vmpidr = 0x80000000 + (uint64_t)i;
		fakes[i].vcpu.el1.ttbr0 = 0x1000 + (uint64_t)i;
		fakes[i].vcpu.fp.v[31][1] = 0x3100 + (uint64_t)i;
	}
	return 0;
}

static void state_moves_only_when_another_takes_the_core(void **state)
{
	struct fake_pcpu *p = fake_pcpu();

	(void)state;
	assert_null(vcpu_loaded());
	vcpu_switch_to(a);
	vcpu_switch_to(a);
	vcpu_switch_to(a);
	assert_int_equal(p->el1_loads, 1);
	assert_int_equal(p->el1_saves, 0);
	assert_string_equal(fake_deps.order, "gt");
	assert_true(vcpu_is_loaded(a));
	p->el1.ttbr0 = 0xabc000;
	vcpu_switch_to(c);
	assert_int_equal(a->el1.ttbr0, 0xabc000);
	assert_int_equal(p->el1.ttbr0, 0x1002);
	assert_int_equal(p->vttbr, UINT64_C(2) << 48);
	assert_int_equal(p->vtcr, 0x80000001);
	assert_int_equal(p->vmpidr, 0x80000002);
	assert_string_equal(fake_deps.order, "gtTGgt");
	assert_false(vcpu_is_loaded(a));
	assert_ptr_equal(vcpu_loaded(), c);
	vcpu_switch_to(a);
	assert_int_equal(p->el1.ttbr0, 0xabc000);
	assert_int_equal(a->stats.loads, 2);
}

static void hooks_switch_the_threads_vcpu(void **state)
{
	(void)state;
	vcpu_hooks.switch_in(&b->thread);
	assert_ptr_equal(vcpu_loaded(), b);
	vcpu_hooks.switch_out(&b->thread);
	assert_ptr_equal(vcpu_loaded(), b);
}

static bool was_a_vcpus;

/* As the vector of EL2 does. */
static void take_serror(void)
{
	was_a_vcpus = vcpu_take_serror(0x1000022);
}

/* One that is pending when another thread comes is of the vCPU that ran, or else of EL2. */
static void an_serror_left_behind_is_the_vcpus_that_ran(void **state)
{
	(void)state;
	fake_serror_taken = take_serror;
	fake_serror = true;
	vcpu_hooks.switch_in(&a->thread);
	assert_false(fake_serror);
	assert_false(was_a_vcpus);
	assert_false(fake_pcpu()->hcr & HCR_VSE);
	fake_serror = true;
	vcpu_hooks.switch_out(&a->thread);
	assert_false(fake_serror);
	assert_true(was_a_vcpus);
	assert_true(fake_pcpu()->hcr & HCR_VSE);
	assert_int_equal(a->stats.serror, 1);
	vcpu_hooks.switch_in(&c->thread);
	assert_false(fake_pcpu()->hcr & HCR_VSE);
	assert_true(a->control.hcr & HCR_VSE);
	assert_int_equal(a->el1.vsesr, 0x1000022);
	assert_int_equal(c->stats.serror, 0);
	/* What EL2 takes at any other time is its own. */
	take_serror();
	assert_false(was_a_vcpus);
}

static void only_what_ras_calls_harmless_goes_on(void **state)
{
	const uint64_t serror = BITS_VAL(ESR_EC, EC_SERROR) | ESR_IL;

	(void)state;
	for (uint64_t aet = 0; aet < 8; aet++) {
		uint64_t esr = serror | BITS_VAL(ISS_SERROR_AET, aet);

		assert_int_equal(serror_goes_on(esr | DFSC_SERROR),
				 aet == AET_CORRECTED || aet == AET_RESTARTABLE);
		assert_false(serror_goes_on(esr));
		assert_false(serror_goes_on(esr | DFSC_SERROR | ISS_SERROR_IDS));
	}
}

static void each_pcpu_has_its_own_vcpu(void **state)
{
	(void)state;
	vcpu_switch_to(a);
	fake_cpu_enter(1);
	assert_null(vcpu_loaded());
	vcpu_switch_to(b);
	assert_true(vcpu_is_loaded(b));
	assert_false(vcpu_is_loaded(a));
	vcpu_unload(b);
	fake_cpu_enter(0);
	assert_true(vcpu_is_loaded(a));
}

/* Siblings on one core: entries of one must not serve the other. */
static void tlb_is_flushed_between_siblings_only(void **state)
{
	struct fake_pcpu *p = fake_pcpu();

	(void)state;
	vcpu_switch_to(a);
	assert_int_equal(p->tlb_flushes, 0);
	vcpu_switch_to(c);
	vcpu_switch_to(a);
	assert_int_equal(p->tlb_flushes, 0);
	vcpu_switch_to(b);
	assert_int_equal(p->tlb_flushes, 1);
	vcpu_switch_to(c);
	vcpu_switch_to(a);
	assert_int_equal(p->tlb_flushes, 2);
}

static void fp_moves_on_first_use_only(void **state)
{
	struct fake_pcpu *p = fake_pcpu();

	(void)state;
	vcpu_switch_to(a);
	assert_true(p->fp_trap);
	assert_int_equal(vcpu_exits[EC_FP](a, &(struct exit_info){ .ec = EC_FP }), EXIT_RETRY);
	assert_false(p->fp_trap);
	assert_int_equal(p->fp.v[31][1], 0x3100);
	assert_int_equal(p->fp_saves, 0);
	p->fp.v[0][0] = 77;
	p->fp.fpcr = 5;
	/* c runs without FP: a's values stay where they are */
	vcpu_switch_to(c);
	assert_true(p->fp_trap);
	vcpu_switch_to(a);
	assert_false(p->fp_trap);
	assert_int_equal(p->fp_saves + p->fp_loads, 1);
	/* now c wants it */
	vcpu_switch_to(c);
	fp_take(c);
	assert_int_equal(a->fp.v[0][0], 77);
	assert_int_equal(a->fp.fpcr, 5);
	assert_int_equal(p->fp.v[31][1], 0x3102);
	assert_int_equal(p->fp.v[0][0], 0);
	vcpu_switch_to(a);
	assert_true(p->fp_trap);
	fp_take(a);
	assert_int_equal(p->fp.v[0][0], 77);
	assert_int_equal(a->stats.fp_switches, 2);
}

static void reset_leaves_nothing_of_an_earlier_life(void **state)
{
	struct fake_pcpu *p = fake_pcpu();
	struct el1_state fresh = { 0 };
	struct fp_state no_fp = { 0 };

	(void)state;
	vcpu_switch_to(a);
	fp_take(a);
	memset(&p->el1, 0xee, sizeof(p->el1));
	memset(&p->fp, 0xee, sizeof(p->fp));
	memset(&fakes[0].regs, 0xee, sizeof(fakes[0].regs));
	assert_true(debug_write(a, DEBUG_BVR, 1, 0x1234));
	assert_true(debug_write(a, DEBUG_BCR, 1, DBGBCR_E));
	debug_write_mdscr(a, MDSCR_MDE);
	debug_write_oslar(a, 0);
	arch_hcr_write(arch_hcr_read() | HCR_VSE);
	vcpu_reset(a, 0x40080000, 0x48000000, false);
	assert_false(vcpu_is_loaded(a));
	assert_int_equal(p->debug[DEBUG_BCR][1], 0);
	assert_int_equal(a->el1.sctlr, 0x30d00800);
	a->el1.sctlr = 0;
	assert_memory_equal(&a->el1, &fresh, sizeof(fresh));
	assert_memory_equal(&a->fp, &no_fp, sizeof(no_fp));
	assert_int_equal(a->debug.mdscr | a->debug.bp_on | a->debug.reg[DEBUG_BVR][1], 0);
	assert_true(a->debug.os_lock);
	assert_int_equal(a->control.hcr, groups[0].hcr);
	assert_int_equal(a->regs->x[0], 0x48000000);
	for (int i = 1; i < 31; i++)
		assert_int_equal(a->regs->x[i], 0);
	assert_int_equal(a->regs->pc, 0x40080000);
	assert_int_equal(a->regs->pstate, 0x3c5);
	/* the FP registers of the core are nobody's: a gets its zeros */
	vcpu_switch_to(a);
	assert_true(p->fp_trap);
	fp_take(a);
	assert_memory_equal(&p->fp, &no_fp, sizeof(no_fp));
}

static void an_entry_after_a_reset_does_as_a_reset_with_it(void **state)
{
	struct arch_gpregs want;

	(void)state;
	vcpu_reset(a, 0x40080000, 7, false);
	want = *a->regs;
	vcpu_reset(a, 0, 0, false);
	vcpu_switch_to(a);
	assert_true(vcpu_enter_at(a, 0x40080000, 7));
	assert_memory_equal(a->regs, &want, sizeof(want));
	/* What has become pending meanwhile must not stay. */
	arch_hcr_write(arch_hcr_read() | HCR_VSE);
	assert_false(vcpu_enter_at(a, 0x40080000, 7));
}

static void reset_big_endian(void **state)
{
	(void)state;
	vcpu_reset(a, 0, 0, true);
	assert_int_equal(a->el1.sctlr, 0x30d00800 | SCTLR_EE);
}

static void create_sets_up_thread_and_registers(void **state)
{
	static struct vcpu v;
	struct vcpu_config cfg = {
		.name = "linux/1", .group = &groups[0], .vm = (struct vm *)0x10, .idx = 1,
		.mpidr = 0xff80000101, .cpu = 2, .prio = 8,
	};

	(void)state;
	assert_int_equal(vcpu_create(&v, &cfg), 0);
	assert_ptr_equal(v.thread.hooks, &vcpu_hooks);
	assert_ptr_equal(v.thread.arg, &v);
	assert_int_equal((uintptr_t)v.regs + ARCH_GPREGS_SIZE, thread_stack_top(&v.thread).v);
	assert_int_equal(v.control.vmpidr, 0xff80000101);
	assert_ptr_equal(vcpu_of(&v.thread), &v);
	assert_int_equal(v.regs->pstate, 0x3c5);
	assert_int_equal(fake_deps.threads, 1);
	vcpu_destroy(&v);
	assert_int_equal(fake_deps.threads, 0);
	/* A thread whose parameters are refused is not left behind. */
	fake_deps.params_error = -EBUSY;
	assert_int_equal(vcpu_create(&v, &cfg), -EBUSY);
	assert_int_equal(fake_deps.threads, 0);
}

/* Enabled breakpoints follow their vCPU and are never another's. */
static void debug_registers_are_switched_when_used(void **state)
{
	struct fake_pcpu *p = fake_pcpu();

	(void)state;
	vcpu_switch_to(a);
	assert_int_equal(p->debug_writes, 0);
	assert_true(debug_write(a, DEBUG_BVR, 3, 0x4000));
	assert_true(debug_write(a, DEBUG_BCR, 3, 0x1e7));
	assert_true(debug_write(a, DEBUG_WVR, 0, 0x5000));
	assert_true(debug_write(a, DEBUG_WCR, 0, 0x1ff7));
	debug_write_mdscr(a, MDSCR_MDE | MDSCR_KDE);
	debug_write_oslar(a, 0);
	vcpu_switch_to(c);
	assert_int_equal(p->debug[DEBUG_BCR][3], 0);
	assert_int_equal(p->debug[DEBUG_WCR][0], 0);
	assert_int_equal(p->mdscr, 0);
	p->debug[DEBUG_BVR][3] = 0;
	vcpu_switch_to(a);
	assert_int_equal(p->debug[DEBUG_BVR][3], 0x4000);
	assert_int_equal(p->debug[DEBUG_BCR][3], 0x1e7);
	assert_int_equal(p->debug[DEBUG_WCR][0], 0x1ff7);
	assert_int_equal(p->mdscr, MDSCR_MDE | MDSCR_KDE);
	assert_false(p->os_lock);
}

static void wfi_traps_only_while_others_want_the_core(void **state)
{
	struct fake_pcpu *p = fake_pcpu();

	(void)state;
	vcpu_switch_to(a);
	vcpu_update_wfx_trap(a);
	assert_int_equal(p->hcr_writes, 0);
	fake_deps.rivals = true;
	arch_hcr_write(p->hcr | HCR_VSE);
	vcpu_update_wfx_trap(a);
	vcpu_update_wfx_trap(a);
	assert_int_equal(p->hcr_writes, 2);
	assert_int_equal(p->hcr, HCR_VM | HCR_VSE | HCR_TWI | HCR_TWE);
	vcpu_switch_to(c);
	vcpu_switch_to(a);
	assert_int_equal(p->hcr, HCR_VM | HCR_VSE | HCR_TWI | HCR_TWE);
	vcpu_reset(a, 0, 0, false);
	vcpu_switch_to(a);
	assert_int_equal(p->hcr, HCR_VM | HCR_TWI | HCR_TWE);
	arch_hcr_write(p->hcr | HCR_VSE);
	fake_deps.rivals = false;
	vcpu_update_wfx_trap(a);
	assert_int_equal(p->hcr, HCR_VM | HCR_VSE);
}

static void wfi_blocks_and_the_others_give_way(void **state)
{
	struct exit_info i = { .ec = EC_WFX, .iss = WFX_TI_WFI };

	(void)state;
	assert_int_equal(exit_wfx(a, &i), EXIT_BLOCK);
	assert_int_equal(fake_deps.yields, 0);
	for (uint32_t ti = WFX_TI_WFE; ti <= WFX_TI_WFET; ti++) {
		i.iss = ti;
		assert_int_equal(exit_wfx(a, &i), EXIT_DONE);
		assert_int_equal(fake_deps.yields, ti);
	}
	/* WFIEQ of a 32-bit program with Z clear is no wait at all */
	fakes[0].regs.pstate = SPSR_M_A32;
	i.iss = (uint32_t)ISS_CV;
	assert_int_equal(exit_wfx(a, &i), EXIT_DONE);
	assert_int_equal(fake_deps.yields, 3);
}

static void traps_follow_features(void **state)
{
	uint64_t id[IDREG_NR] = { 0 };
	uint64_t plain = group_hcr(id);

	(void)state;
	assert_int_equal(plain & (HCR_TWI | HCR_TWE | HCR_E2H | HCR_HCD | HCR_ATA), 0);
	assert_int_equal(plain & (HCR_API | HCR_APK | HCR_TERR | HCR_TLOR | HCR_TID5), 0);
	assert_int_equal(group_features(id), 0);
	id[IDREG_A64ISAR1] = BITS_VAL(A64ISAR1_API, 1);
	assert_int_equal(group_hcr(id), plain | HCR_API | HCR_APK);
	assert_int_equal(group_features(id), EL1_PAUTH);
	id[IDREG_A64ISAR1] = 0;
	id[IDREG_A64ISAR2] = BITS_VAL(A64ISAR2_APA3, 3);
	assert_int_equal(group_features(id), EL1_PAUTH);
	id[IDREG_A64ISAR2] = 0;
	id[IDREG_A64PFR0] = BITS_VAL(PFR0_RAS, 1);
	id[IDREG_A64PFR1] = BITS_VAL(PFR1_MTE, 2);
	id[IDREG_A64MMFR1] = BITS_VAL(A64MMFR1_LO, 1);
	assert_int_equal(group_hcr(id), plain | HCR_TERR | HCR_TID5 | HCR_TLOR);
	assert_int_equal(group_features(id), EL1_RAS);
}

static void what_cannot_be_trapped_is_switched(void **state)
{
	uint64_t id[IDREG_NR] = { 0 };

	(void)state;
	id[IDREG_A64PFR1] = BITS_VAL(PFR1_SME, 1);
	assert_int_equal(group_features(id), EL1_TPIDR2);
	id[IDREG_A64MMFR0] = BITS_VAL(A64MMFR0_FGT, 1);
	assert_int_equal(group_features(id), 0);
}

/* Firmware of its time leaves a register that it does not know trapped to EL3. */
static void hcrx_is_used_only_for_what_it_gates(void **state)
{
	static const struct { uint32_t reg; uint64_t bits; } gated[] = {
		{ IDREG_A64MMFR1, A64MMFR1_CMOW }, { IDREG_A64MMFR3, 1 },
		{ IDREG_A64PFR1, PFR1_NMI }, { IDREG_A64PFR1, BIT(44) },
		{ IDREG_A64ISAR1, A64ISAR1_LS64 }, { IDREG_A64ISAR2, A64ISAR2_MOPS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(gated); i++) {
		uint64_t id[IDREG_NR] = { [IDREG_A64PFR1] = PFR1_SME | PFR1_MTE };

		id[gated[i].reg] |= gated[i].bits;
		assert_false(group_uses_hcrx(id));
		id[IDREG_A64MMFR1] |= A64MMFR1_HCX;
		assert_true(group_uses_hcrx(id));
		id[gated[i].reg] &= ~gated[i].bits;
		assert_false(group_uses_hcrx(id));
	}
}

static void group_is_made_of_all_cpus(void **state)
{
	static struct vcpu_group g;

	(void)state;
	fake_pcpus[0].idregs[IDREG_A64ISAR1] = BITS_VAL(A64ISAR1_APA, 1);
	fake_pcpus[0].idregs[IDREG_A64MMFR1] = BITS_VAL(A64MMFR1_PAN, 2);
	fake_pcpus[1].idregs[IDREG_A64MMFR1] = BITS_VAL(A64MMFR1_PAN, 1) | A64MMFR1_HCX |
					       A64MMFR1_CMOW;
	vcpu_cpu_init();
	fake_cpu_enter(1);
	vcpu_cpu_init();
	vcpu_group_init(&g, 0x7000, 0x80, 40);
	assert_int_equal(fake_pcpus[0].inits + fake_pcpus[1].inits, 2);
	assert_int_equal(fake_pcpus[0].hcrx_inits, 0);
	assert_int_equal(fake_pcpus[1].hcrx_inits, 1);
	assert_int_equal(bits_get(A64MMFR1_PAN, g.idregs[IDREG_A64MMFR1]), 1);
	assert_int_equal(g.idregs[IDREG_A64ISAR1], 0);
	assert_int_equal(fake_features, 0);
	assert_false(g.hcr & HCR_API);
	assert_int_equal(g.exception_bits, EXCEPTION_PAN);
	assert_int_equal(g.vttbr, 0x7000);
	assert_int_equal(g.vtcr, 0x80);
}

static void counts_by_layer_and_class(void **state)
{
	(void)state;
	vcpu_count(a, LAYER_VCPU, EC_SYS64);
	vcpu_count(a, LAYER_VM, EC_SYS64);
	vcpu_count(a, LAYER_VM, EC_SYS64);
	vcpu_count(a, LAYER_VMM, EC_NR - 1);
	assert_int_equal(a->stats.sync[LAYER_VCPU][EC_SYS64], 1);
	assert_int_equal(a->stats.sync[LAYER_VM][EC_SYS64], 2);
	assert_int_equal(a->stats.sync[LAYER_VMM][EC_NR - 1], 1);
}

/* What vCPU a's record says: the fifth of its page. */
static uint64_t stolen_ns(void)
{
	uint64_t ns;

	memcpy(&ns, fake_deps.page + 5 * 64 + 8, sizeof(ns));
	return ns;
}

static void stolen_time_is_what_was_waited_in_this_life(void **state)
{
	(void)state;
	a->stolen.record = PA(0x40000000 + 5 * 64);
	a->thread.waited = 7000000;
	vcpu_stolen_restart(a, 1);
	vcpu_stolen_asked(a);
	assert_int_equal(stolen_ns(), 0);
	a->thread.waited += 62500000 * 2ul + 625;
	vcpu_hooks.switch_in(&a->thread);
	assert_int_equal(stolen_ns(), 2000010000);
	/* The same life again, as after CPU_OFF and CPU_ON: it goes on. */
	vcpu_stolen_restart(a, 1);
	vcpu_hooks.switch_in(&a->thread);
	assert_int_equal(stolen_ns(), 2000010000);
	/* Another one has not asked for it yet. */
	vcpu_stolen_restart(a, 2);
	a->thread.waited += 625000;
	vcpu_hooks.switch_in(&a->thread);
	assert_int_equal(stolen_ns(), 2000010000);
	vcpu_stolen_asked(a);
	assert_int_equal(stolen_ns(), 10000000);
	a->thread.waited -= 625000;
	/* A week of it is told without overflow. */
	a->thread.waited += 62500000 * 604800ul;
	vcpu_hooks.switch_in(&a->thread);
	assert_int_equal(stolen_ns(), 604800 * 1000000000ul);
	for (size_t i = 0; i < sizeof(fake_deps.page); i++)
		if (i < 5 * 64 + 8 || i >= 5 * 64 + 16)
			assert_int_equal(fake_deps.page[i], 0);
}

static void little_stolen_time_is_told_with_the_next(void **state)
{
	(void)state;
	a->stolen.record = PA(0x40000000 + 5 * 64);
	vcpu_stolen_restart(a, 1);
	vcpu_stolen_asked(a);
	fake_deps.windows = 0;
	a->thread.waited = STOLEN_COARSE - 1;
	vcpu_hooks.switch_in(&a->thread);
	assert_int_equal(fake_deps.windows, 0);
	a->thread.waited++;
	vcpu_hooks.switch_in(&a->thread);
	vcpu_hooks.switch_in(&a->thread);
	assert_int_equal(fake_deps.windows, 1);
	assert_int_equal(stolen_ns(), STOLEN_COARSE * 16);
	/* No record, no window. */
	a->stolen.record = PA(0);
	vcpu_stolen_restart(a, 2);
	vcpu_stolen_asked(a);
	a->thread.waited += 1000000;
	vcpu_hooks.switch_in(&a->thread);
	assert_int_equal(fake_deps.windows, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(state_moves_only_when_another_takes_the_core, setup),
		cmocka_unit_test_setup(hooks_switch_the_threads_vcpu, setup),
		cmocka_unit_test_setup(each_pcpu_has_its_own_vcpu, setup),
		cmocka_unit_test_setup(an_serror_left_behind_is_the_vcpus_that_ran, setup),
		cmocka_unit_test(only_what_ras_calls_harmless_goes_on),
		cmocka_unit_test_setup(tlb_is_flushed_between_siblings_only, setup),
		cmocka_unit_test_setup(fp_moves_on_first_use_only, setup),
		cmocka_unit_test_setup(reset_leaves_nothing_of_an_earlier_life, setup),
		cmocka_unit_test_setup(an_entry_after_a_reset_does_as_a_reset_with_it, setup),
		cmocka_unit_test_setup(reset_big_endian, setup),
		cmocka_unit_test_setup(create_sets_up_thread_and_registers, setup),
		cmocka_unit_test_setup(debug_registers_are_switched_when_used, setup),
		cmocka_unit_test_setup(wfi_traps_only_while_others_want_the_core, setup),
		cmocka_unit_test_setup(wfi_blocks_and_the_others_give_way, setup),
		cmocka_unit_test_setup(traps_follow_features, setup),
		cmocka_unit_test_setup(what_cannot_be_trapped_is_switched, setup),
		cmocka_unit_test_setup(hcrx_is_used_only_for_what_it_gates, setup),
		cmocka_unit_test_setup(group_is_made_of_all_cpus, setup),
		cmocka_unit_test_setup(counts_by_layer_and_class, setup),
		cmocka_unit_test_setup(stolen_time_is_what_was_waited_in_this_life, setup),
		cmocka_unit_test_setup(little_stolen_time_is_told_with_the_next, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
