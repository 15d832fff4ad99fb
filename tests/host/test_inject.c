/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/host/fake/el1_state.h"
#include "tests/host/fake/vcpu_deps.h"
#include "vcpu/inject.h"
#include "vcpu/walk.h"

#define VBAR   0xffff800010000800
#define PC     0xffff800010123454

static struct vcpu_group group;
static struct fake_vcpu fake;
static struct vcpu *vcpu = &fake.vcpu;

static int setup(void **state)
{
	(void)state;
	vcpu_unload(vcpu);
	fake_pcpus_reset();
	memset(&group, 0, sizeof(group));
	fake_vcpu_init(&fake, &group);
	vcpu->el1.vbar = VBAR;
	vcpu->el1.sctlr = SCTLR_SPAN;
	fake.regs.pc = PC;
	return 0;
}

static const uint64_t all_flags = SPSR_NZCV | SPSR_TCO | SPSR_DIT | SPSR_UAO | SPSR_PAN |
	SPSR_SS | SPSR_IL | SPSR_ALLINT | SPSR_SSBS | SPSR_BTYPE;

/* From where an exception may come, and the vector it takes. */
static const struct {
	uint64_t mode, offset;
	bool a32, el0;
} sources[] = {
	{ SPSR_EL1T,                      0x000, false, false },
	{ SPSR_EL1H,                      0x200, false, false },
	{ SPSR_EL0T,                      0x400, false, true },
	{ SPSR_M_A32,                     0x600, true, true },
	{ SPSR_M_A32 | SPSR_A32_T,        0x600, true, true },
};

static void vector_by_source(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		struct exception_entry e;

		exception_enter(&e, sources[i].mode, VBAR, SCTLR_SPAN, 0);
		assert_int_equal(e.pc, VBAR + sources[i].offset);
		assert_int_equal(e.pstate, SPSR_EL1H | SPSR_DAIF);
	}
}

/* Which bits stay, which go: from both states, all set before. */
static void program_state_as_take_exception(void **state)
{
	struct exception_entry e;

	(void)state;
	exception_enter(&e, SPSR_EL0T | all_flags, VBAR, SCTLR_SPAN, 0);
	assert_int_equal(e.pstate, SPSR_NZCV | SPSR_DIT | SPSR_PAN | SPSR_TCO | SPSR_DAIF |
			 SPSR_EL1H);
	/* AArch32: Q, IT, GE, E and T lie where AArch64 has other things */
	exception_enter(&e, 0xffffffff & ~(uint64_t)0xf, VBAR, SCTLR_SPAN, 0);
	assert_int_equal(e.pstate, SPSR_NZCV | SPSR_DIT | SPSR_PAN | SPSR_DAIF | SPSR_EL1H);
	exception_enter(&e, SPSR_EL1H, VBAR, SCTLR_SPAN, 0);
	assert_int_equal(e.pstate, SPSR_DAIF | SPSR_EL1H);
}

static void optional_bits_follow_features_and_sctlr(void **state)
{
	(void)state;
	for (uint32_t bits = 0; bits < 16; bits++) {
		for (int i = 0; i < 8; i++) {
			uint64_t sctlr = (i & 1 ? SCTLR_SPAN : 0) | (i & 2 ? SCTLR_DSSBS : 0) |
					 (i & 4 ? SCTLR_SPINTMASK : 0);
			struct exception_entry e;

			exception_enter(&e, SPSR_EL1H, VBAR, sctlr, bits);
			assert_int_equal(!!(e.pstate & SPSR_PAN),
					 (bits & EXCEPTION_PAN) && !(i & 1));
			assert_int_equal(!!(e.pstate & SPSR_SSBS),
					 (bits & EXCEPTION_SSBS) && (i & 2));
			assert_int_equal(!!(e.pstate & SPSR_TCO), !!(bits & EXCEPTION_TCO));
			assert_int_equal(!!(e.pstate & SPSR_ALLINT),
					 (bits & EXCEPTION_ALLINT) && !(i & 4));
		}
	}
}

static void bits_come_from_the_features(void **state)
{
	uint64_t id[IDREG_NR] = { 0 };

	(void)state;
	assert_int_equal(exception_bits(id), 0);
	id[IDREG_A64MMFR1] = BITS_VAL(A64MMFR1_PAN, 1);
	id[IDREG_A64PFR1] = BITS_VAL(PFR1_SSBS, 2) | BITS_VAL(PFR1_MTE, 2);
	assert_int_equal(exception_bits(id), EXCEPTION_PAN | EXCEPTION_SSBS | EXCEPTION_TCO);
	id[IDREG_A64PFR1] = BITS_VAL(PFR1_MTE, 1) | BITS_VAL(PFR1_NMI, 1);
	assert_int_equal(exception_bits(id), EXCEPTION_PAN | EXCEPTION_ALLINT);
}

/* The same from every source, on saved state and on the CPU's registers. */
static void undef_from_everywhere(void **state)
{
	for (int in_cpu = 0; in_cpu < 2; in_cpu++) {
		for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
			const struct el1_state *s = in_cpu ? &fake_pcpu()->el1 : &vcpu->el1;

			setup(state);
			if (in_cpu)
				vcpu_switch_to(vcpu);
			fake.regs.pstate = sources[i].mode | SPSR_Z;
			vcpu->el1.far = fake_pcpu()->el1.far = 0x77;
			vcpu_inject_undef(vcpu);
			assert_int_equal(s->elr, PC);
			assert_int_equal(s->spsr, sources[i].mode | SPSR_Z);
			assert_int_equal(s->esr, ESR_IL);
			assert_int_equal(s->far, 0x77);
			assert_int_equal(fake.regs.pc, VBAR + sources[i].offset);
			assert_int_equal(fake.regs.pstate, SPSR_Z | SPSR_DAIF | SPSR_EL1H);
		}
	}
}

/* FEAT_IDST: the syndrome of an Undefined read of the identification space. */
static void undef_in_the_id_space_is_told_by_its_syndrome(void **state)
{
	const uint64_t smidr = BITS_VAL(ESR_EC, EC_SYS64) | ESR_IL | BITS_VAL(ISS_SYS_OP0, 3) |
		BITS_VAL(ISS_SYS_OP1, 1) | BITS_VAL(ISS_SYS_OP2, 6) | BITS_VAL(ISS_SYS_RT, 7) |
		ISS_SYS_READ;
	/* one thing different each: op1, CRn, CRm, a write, op0, another class */
	const uint64_t others[] = {
		smidr | BITS_VAL(ISS_SYS_OP1, 4), smidr | BITS_VAL(ISS_SYS_CRN, 1),
		smidr | BITS_VAL(ISS_SYS_CRM, 8), smidr & ~ISS_SYS_READ,
		smidr & ~BITS_VAL(ISS_SYS_OP0, 1), smidr ^ BITS_VAL(ESR_EC, 1),
	};

	(void)state;
	fake.regs.esr = smidr | BIT(40);
	vcpu_inject_undef(vcpu);
	assert_int_equal(vcpu->el1.esr, ESR_IL);
	group.idregs[IDREG_A64MMFR2] = BITS_VAL(A64MMFR2_IDS, 1);
	vcpu_inject_undef(vcpu);
	assert_int_equal(vcpu->el1.esr, smidr);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		fake.regs.esr = others[i];
		vcpu_inject_undef(vcpu);
		assert_int_equal(vcpu->el1.esr, ESR_IL);
	}
}

static struct exit_info abort_info(uint8_t ec, uint64_t iss)
{
	return (struct exit_info){
		.ec = ec, .iss = (uint32_t)iss, .pc = PC, .far = 0x123456789abc,
		.ipa = IPA(0x80000000), .ipa_valid = true,
	};
}

static void abort_from_everywhere(void **state)
{
	for (int in_cpu = 0; in_cpu < 2; in_cpu++) {
		for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
			const struct el1_state *s = in_cpu ? &fake_pcpu()->el1 : &vcpu->el1;
			struct exit_info d = abort_info(EC_DABT_LOW, 0x1ffffff & ~ISS_ABT_S1PTW);
			struct exit_info f = abort_info(EC_IABT_LOW, 0x1ffffff & ~ISS_ABT_S1PTW);
			uint64_t low = sources[i].el0 ? 0 : 1;

			setup(state);
			if (in_cpu)
				vcpu_switch_to(vcpu);
			fake.regs.pstate = sources[i].mode;
			vcpu_inject_abort(vcpu, &d);
			/* ISV, EA and the register are not for EL1 */
			assert_int_equal(s->esr, BITS_VAL(ESR_EC, EC_DABT_LOW + low) | ESR_IL |
					 ISS_ABT_FNV | ISS_DABT_CM | ISS_DABT_WnR | FSC_SEA);
			assert_int_equal(s->far, 0x123456789abc);
			assert_int_equal(s->elr, PC);
			assert_int_equal(fake.regs.pc, VBAR + sources[i].offset);
			fake.regs.pstate = sources[i].mode;
			vcpu_inject_abort(vcpu, &f);
			assert_int_equal(s->esr, BITS_VAL(ESR_EC, EC_IABT_LOW + low) | ESR_IL |
					 ISS_ABT_FNV | FSC_SEA);
		}
	}
}

static void plain_read_abort_has_nothing_set(void **state)
{
	struct exit_info d = abort_info(EC_DABT_LOW, ISS_DABT_ISV | FSC_TRANSLATION | 3);

	(void)state;
	vcpu_inject_abort(vcpu, &d);
	assert_int_equal(vcpu->el1.esr, BITS_VAL(ESR_EC, EC_DABT_CUR) | ESR_IL | FSC_SEA);
}

static void abort_of_another_class_is_undef(void **state)
{
	struct exit_info d = abort_info(EC_SYS64, 0);

	(void)state;
	vcpu_inject_abort(vcpu, &d);
	assert_int_equal(vcpu->el1.esr, ESR_IL);
}

/* In the code of the vector that takes it, and at EL1: there is no way out. */
static void exception_in_its_own_vector_has_no_end(void **state)
{
	static const struct { uint64_t pc, pstate; bool ends; } cases[] = {
		{ VBAR + VECTOR_CUR_SPX, SPSR_EL1H, false },
		{ VBAR + VECTOR_CUR_SPX + VECTOR_SIZE - 4, SPSR_EL1H, false },
		{ VBAR + VECTOR_CUR_SPX + VECTOR_SIZE, SPSR_EL1H, true },
		{ VBAR + VECTOR_CUR_SPX - 4, SPSR_EL1H, true },
		{ VBAR + VECTOR_CUR_SP0, SPSR_EL1H, true },
		{ VBAR + VECTOR_CUR_SP0, SPSR_EL1T, false },
		{ VBAR + VECTOR_LOW_A64, SPSR_EL0T, true },
	};
	struct exit_info f = abort_info(EC_IABT_LOW, FSC_TRANSLATION | 3);

	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		setup(state);
		fake.regs.pc = cases[i / 2].pc;
		fake.regs.pstate = cases[i / 2].pstate;
		assert_int_equal(i % 2 ? vcpu_inject_abort(vcpu, &f) : vcpu_inject_undef(vcpu),
				 cases[i / 2].ends);
	}
}

/* Three tables in a row, each the first descriptor of its page; the last one ends it. */
static int read_tables(void *ctx, ipa_t ipa, uint64_t *desc)
{
	uint32_t *reads = ctx;

	++*reads;
	assert_in_range(ipa.v, 0x1000, 0x3fff);
	*desc = ((ipa.v & ~PAGE_MASK) + 0x1000) | 3;
	return 0;
}

static int read_guest(struct vcpu *v, ipa_t ipa, void *to, size_t size)
{
	uint32_t reads = 0;

	assert_ptr_equal(v, vcpu);
	assert_int_equal(size, 8);
	return read_tables(&reads, ipa, to);
}

static void abort_on_a_walk_tells_its_level(void **state)
{
	struct exit_info d = abort_info(EC_DABT_LOW, ISS_ABT_S1PTW | FSC_TRANSLATION | 2);

	(void)state;
	vcpu->el1.tcr = BITS_VAL(TCR_T0SZ, 16);
	vcpu->el1.ttbr0 = 0x1000;
	d.far = 0;
	d.ipa = IPA(0x1000);
	/* without a way to look into memory, the first table at least */
	vcpu_inject_abort(vcpu, &d);
	assert_int_equal(vcpu->el1.esr & ESR_ISS, FSC_SEA_WALK + 0);
	group.read_guest = read_guest;
	for (uint32_t level = 0; level < 4; level++) {
		d.ipa = IPA(0x1000 * (level + 1));
		vcpu_inject_abort(vcpu, &d);
		assert_int_equal(vcpu->el1.esr & ESR_ISS, FSC_SEA_WALK + level);
	}
}

static struct walk_memory tables(uint32_t *reads)
{
	*reads = 0;
	return (struct walk_memory){ read_tables, reads };
}

/* First level by granule and size, "Translation table walk properties". */
static void first_level_by_granule_and_size(void **state)
{
	static const struct { uint64_t tg0, tg1; uint32_t tsz, level; } t[] = {
		{ 0, 2, 16, 0 }, { 0, 2, 24, 0 }, { 0, 2, 25, 1 }, { 0, 2, 33, 1 }, { 0, 2, 34, 2 },
		{ 2, 1, 16, 0 }, { 2, 1, 17, 1 }, { 2, 1, 27, 1 }, { 2, 1, 28, 2 }, { 2, 1, 39, 3 },
		{ 1, 3, 12, 1 }, { 1, 3, 16, 1 }, { 1, 3, 22, 2 }, { 1, 3, 35, 3 },
		/* sizes nobody allows must not do harm */
		{ 0, 2, 0, 0 }, { 1, 3, 63, 3 },
	};
	uint32_t reads;
	struct walk_memory mem = tables(&reads);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct el1_walk w = {
			.tcr = BITS_VAL(TCR_T0SZ, t[i].tsz) | BITS_VAL(TCR_TG0, t[i].tg0) |
			       BITS_VAL(TCR_T1SZ, t[i].tsz) | BITS_VAL(TCR_TG1, t[i].tg1),
			.ttbr0 = 0x1000 | UINT64_C(5) << 48, .ttbr1 = 0x20000,
		};
		/* the lowest address of the upper half */
		uint64_t up = t[i].tsz ? ~UINT64_C(0) << (64 - t[i].tsz) : BIT(55);

		if (t[i].tsz > 8 && t[i].tsz < 60)
			assert_int_equal(walk_level(&w, up, IPA(0x20000), &mem), t[i].level);
		assert_int_equal(walk_level(&w, 0, IPA(0x1000), &mem), t[i].level);
	}
	assert_int_equal(reads, 0);
}

static int read_recursive(void *ctx, ipa_t ipa, uint64_t *desc)
{
	++*(uint32_t *)ctx;
	*desc = (ipa.v & ~PAGE_MASK) | 3;
	return 0;
}

static int read_block(void *ctx, ipa_t ipa, uint64_t *desc)
{
	(void)ctx;
	(void)ipa;
	*desc = 0x40000001;
	return 0;
}

static int read_fails(void *ctx, ipa_t ipa, uint64_t *desc)
{
	(void)ctx;
	(void)ipa;
	(void)desc;
	return -1;
}

static int read_big_endian(void *ctx, ipa_t ipa, uint64_t *desc)
{
	int r = read_tables(ctx, ipa, desc);

	*desc = __builtin_bswap64(*desc);
	return r;
}

/* Whatever is in the guest's tables: few reads, and an answer. */
static void walk_ends_with_tables_that_lead_elsewhere(void **state)
{
	struct el1_walk w = { .tcr = BITS_VAL(TCR_T0SZ, 16), .ttbr0 = 0x1000 };
	uint32_t reads = 0;
	struct walk_memory loop = { read_recursive, &reads };
	struct walk_memory block = { read_block, NULL }, fails = { read_fails, NULL };
	struct walk_memory be = { read_big_endian, &reads };

	(void)state;
	assert_int_equal(walk_level(&w, 0, IPA(0x999000), &loop), 3);
	assert_int_equal(reads, 3);
	assert_int_equal(walk_level(&w, 0, IPA(0x999000), &block), 0);
	assert_int_equal(walk_level(&w, 0, IPA(0x999000), &fails), 0);
	/* tables in the order of bytes that EL1 has */
	w.sctlr = SCTLR_EE;
	assert_int_equal(walk_level(&w, 0, IPA(0x3000), &be), 2);
	assert_int_equal(walk_level(&w, 0x200000 * 511, IPA(0x3000), &be), 2);
}

static void serror_waits_in_hcr(void **state)
{
	(void)state;
	vcpu_inject_serror(vcpu, 0x1000011);
	assert_true(vcpu->control.hcr & HCR_VSE);
	vcpu_switch_to(vcpu);
	assert_true(fake_pcpu()->hcr & HCR_VSE);
	assert_int_equal(fake_pcpu()->vsesr, 0x1000011);
	/* taken by the guest: the CPU drops it, and so does the saved state */
	fake_pcpu()->hcr &= ~HCR_VSE;
	vcpu_unload(vcpu);
	assert_false(vcpu->control.hcr & HCR_VSE);
	vcpu_switch_to(vcpu);
	vcpu_inject_serror(vcpu, 0x2);
	assert_true(fake_pcpu()->hcr & HCR_VSE);
	assert_int_equal(fake_pcpu()->vsesr, 2);
}

static void advance_ends_a_step_and_clears_btype(void **state)
{
	struct exit_info i = { .pc = PC, .next = PC + 4 };

	(void)state;
	fake.regs.pstate = SPSR_EL0T | all_flags;
	vcpu_advance(vcpu, &i);
	assert_int_equal(fake.regs.pc, PC + 4);
	assert_int_equal(fake.regs.pstate, SPSR_EL0T | (all_flags & ~(SPSR_SS | SPSR_BTYPE)));
}

static uint64_t with_it(uint32_t it)
{
	return SPSR_M_A32 | SPSR_A32_T | BITS_VAL(SPSR_A32_IT_LOW, it & 3) |
	       BITS_VAL(SPSR_A32_IT_HIGH, it >> 2);
}

/* ITAdvance() for every IT state. */
static void advance_moves_the_it_block(void **state)
{
	struct exit_info i = { .next = 2, .is32 = true };

	(void)state;
	for (uint32_t it = 0; it < 256; it++) {
		uint32_t want = (it & 7) == 0 ? 0 : (it & 0xe0) | (it << 1 & 0x1f);

		fake.regs.pstate = with_it(it);
		vcpu_advance(vcpu, &i);
		assert_int_equal(fake.regs.pstate, with_it(want));
	}
	/* in A32 these bits are 0 and stay as they are */
	fake.regs.pstate = SPSR_M_A32 | SPSR_NZCV;
	vcpu_advance(vcpu, &i);
	assert_int_equal(fake.regs.pstate, SPSR_M_A32 | SPSR_NZCV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vector_by_source),
		cmocka_unit_test(program_state_as_take_exception),
		cmocka_unit_test(optional_bits_follow_features_and_sctlr),
		cmocka_unit_test(bits_come_from_the_features),
		cmocka_unit_test(undef_from_everywhere),
		cmocka_unit_test_setup(undef_in_the_id_space_is_told_by_its_syndrome, setup),
		cmocka_unit_test(abort_from_everywhere),
		cmocka_unit_test_setup(plain_read_abort_has_nothing_set, setup),
		cmocka_unit_test_setup(abort_of_another_class_is_undef, setup),
		cmocka_unit_test_setup(exception_in_its_own_vector_has_no_end, setup),
		cmocka_unit_test_setup(abort_on_a_walk_tells_its_level, setup),
		cmocka_unit_test(first_level_by_granule_and_size),
		cmocka_unit_test(walk_ends_with_tables_that_lead_elsewhere),
		cmocka_unit_test_setup(serror_waits_in_hcr, setup),
		cmocka_unit_test_setup(advance_ends_a_step_and_clears_btype, setup),
		cmocka_unit_test_setup(advance_moves_the_it_block, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
