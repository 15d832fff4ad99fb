/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/host/fake/el1_state.h"
#include "tests/host/fake/vcpu_deps.h"
#include "vcpu/exit.h"

static struct vcpu_group group;
static struct fake_vcpu fake;

static int setup(void **state)
{
	(void)state;
	fake_pcpus_reset();
	memset(&group, 0, sizeof(group));
	fake_vcpu_init(&fake, &group);
	return 0;
}

static struct exit_info decode(uint64_t esr, uint64_t spsr)
{
	struct exit_regs r = {
		.esr = esr, .elr = 0x1000, .spsr = spsr, .far = 0xffff000012345678,
		.hpfar = 0x98765430,
	};
	struct exit_info info;

	memset(&info, 0xa5, sizeof(info));
	exit_decode(&info, &r);
	return info;
}

static uint64_t esr_of(uint32_t ec, bool il, uint32_t iss)
{
	return BITS_VAL(ESR_EC, ec) | (il ? ESR_IL : 0) | iss;
}

/* Every class, both lengths: fields, the exiting instruction, the next one. */
static void every_class_decodes(void **state)
{
	(void)state;
	for (uint32_t ec = 0; ec < EC_NR; ec++) {
		for (int il = 0; il < 2; il++) {
			struct exit_info i = decode(esr_of(ec, il, 0x155aa55), SPSR_EL1H);
			bool call = ec == EC_HVC64 || ec == EC_HVC32;

			assert_int_equal(i.ec, ec);
			assert_int_equal(i.iss, 0x155aa55);
			assert_false(i.is32);
			assert_int_equal(i.pc, call ? 0xffc : 0x1000);
			assert_int_equal(i.next, call ? 0x1000 : il ? 0x1004 : 0x1002);
		}
	}
}

static void syndrome_bits_above_the_iss_are_ignored(void **state)
{
	struct exit_info i = decode(0xffffffffULL << 32 | esr_of(EC_WFX, true, 1), SPSR_EL1H);

	(void)state;
	assert_int_equal(i.ec, EC_WFX);
	assert_int_equal(i.iss, 1);
	assert_int_equal(i.next, 0x1004);
}

static void aarch32_is_told_from_the_program_state(void **state)
{
	(void)state;
	assert_true(decode(esr_of(EC_CP15_32, false, 0), SPSR_M_A32 | SPSR_A32_T).is32);
	assert_false(decode(esr_of(EC_SYS64, true, 0), SPSR_EL0T).is32);
}

/* "HPFAR_EL2": translation, access flag, address size; permission on a walk. */
static void hpfar_is_valid_as_the_manual_says(void **state)
{
	(void)state;
	for (uint32_t fsc = 0; fsc < 64; fsc++) {
		bool level_fault = fsc < 0x0c;
		bool permission = fsc >= 0x0c && fsc < 0x10;

		assert_int_equal(exit_hpfar_valid(fsc), level_fault);
		assert_int_equal(exit_hpfar_valid(fsc | ISS_ABT_S1PTW), level_fault || permission);
	}
}

static void address_of_an_abort_is_page_and_offset(void **state)
{
	struct exit_info i = decode(esr_of(EC_DABT_LOW, true, FSC_TRANSLATION + 3), SPSR_EL1H);

	(void)state;
	assert_true(i.ipa_valid);
	assert_int_equal(i.ipa.v, 0x9876543678);
	assert_int_equal(i.far, 0xffff000012345678);
	i = decode(esr_of(EC_IABT_LOW, true, FSC_TRANSLATION + 1), SPSR_EL1H);
	assert_int_equal(i.ipa.v, 0x9876543678);
}

static void address_of_a_failed_walk_is_the_tables_page(void **state)
{
	struct exit_info i = decode(esr_of(EC_DABT_LOW, true, FSC_TRANSLATION | ISS_ABT_S1PTW),
				    SPSR_EL1H);

	(void)state;
	assert_int_equal(i.ipa.v, 0x9876543000);
	i = decode(esr_of(EC_DABT_LOW, true, FSC_TRANSLATION | ISS_ABT_FNV), SPSR_EL1H);
	assert_int_equal(i.ipa.v, 0x9876543000);
}

static void other_classes_have_no_address(void **state)
{
	(void)state;
	for (uint32_t ec = 0; ec < EC_NR; ec++) {
		struct exit_info i = decode(esr_of(ec, true, FSC_TRANSLATION), SPSR_EL1H);

		if (ec == EC_DABT_LOW || ec == EC_IABT_LOW)
			continue;
		assert_false(i.ipa_valid);
		assert_int_equal(i.far, 0);
		assert_int_equal(i.ipa.v, 0);
	}
}

static void exit_with(uint64_t esr)
{
	fake.regs.esr = esr;
	fake.regs.pc = 0x4000;
	fake_pcpu()->far = 0x7fff12345;
	fake_pcpu()->hpfar = 0x400000;
}

static uint64_t translate_ok(uint64_t va)
{
	assert_int_equal(va, 0x7fff12345);
	/* attributes above and below the address */
	return 0xff00000040123000 | 0x780;
}

static uint64_t translate_fails(uint64_t va)
{
	(void)va;
	return PAR_F | 0x40123000;
}

static void permission_fault_asks_stage_1(void **state)
{
	struct exit_info i;

	(void)state;
	fake_translate = translate_ok;
	exit_with(esr_of(EC_DABT_LOW, true, FSC_PERMISSION + 3));
	assert_int_equal(exit_read(&fake.vcpu, &i), EXIT_UP);
	assert_true(i.ipa_valid);
	assert_int_equal(i.ipa.v, 0x40123345);
	assert_int_equal(fake_pcpu()->translations, 1);
}

static void translation_fault_does_not_ask_stage_1(void **state)
{
	struct exit_info i;

	(void)state;
	exit_with(esr_of(EC_DABT_LOW, true, FSC_TRANSLATION + 2));
	assert_int_equal(exit_read(&fake.vcpu, &i), EXIT_UP);
	assert_int_equal(i.ipa.v, 0x40000345);
	exit_with(esr_of(EC_DABT_LOW, true, FSC_PERMISSION | ISS_ABT_S1PTW));
	assert_int_equal(exit_read(&fake.vcpu, &i), EXIT_UP);
	assert_int_equal(i.ipa.v, 0x40000000);
	exit_with(esr_of(EC_DABT_LOW, true, FSC_SEA));
	assert_int_equal(exit_read(&fake.vcpu, &i), EXIT_UP);
	assert_false(i.ipa_valid);
	assert_int_equal(fake_pcpu()->translations, 0);
}

static void translation_that_went_away_is_retried_once(void **state)
{
	struct exit_info i;

	(void)state;
	fake_translate = translate_fails;
	exit_with(esr_of(EC_IABT_LOW, true, FSC_PERMISSION + 3));
	assert_int_equal(exit_read(&fake.vcpu, &i), EXIT_RETRY);
	assert_int_equal(fake_pcpu()->translations, 1);
}

/* As ConditionHolds() of the manual, written another way than exit.c does. */
static bool reference_holds(uint32_t cond, bool n, bool z, bool c, bool v)
{
	bool r;

	switch (cond >> 1) {
	case 0: r = z; break;
	case 1: r = c; break;
	case 2: r = n; break;
	case 3: r = v; break;
	case 4: r = c && !z; break;
	case 5: r = n == v; break;
	case 6: r = n == v && !z; break;
	default: r = true; break;
	}
	if ((cond & 1) && cond != 15)
		r = !r;
	return r;
}

static void every_condition_with_every_flag(void **state)
{
	(void)state;
	for (uint32_t cond = 0; cond < 16; cond++) {
		for (uint64_t f = 0; f < 16; f++) {
			bool want = reference_holds(cond, f & 8, f & 4, f & 2, f & 1);
			uint64_t p = f << 28 | SPSR_M_A32;
			uint32_t iss = (uint32_t)(ISS_CV | BITS_VAL(ISS_COND, cond));
			/* the same in an IT block: IT[7:4] is the condition */
			uint64_t it = p | SPSR_A32_T | BITS_VAL(SPSR_A32_IT_HIGH, cond << 2 | 2);

			assert_int_equal(exit_condition(iss, p), want);
			assert_int_equal(exit_condition(0, it), want);
		}
	}
}

static void without_condition_it_is_always_carried_out(void **state)
{
	(void)state;
	/* T32 outside an IT block, A32 cannot leave CV at 0, AArch64 has none */
	assert_true(exit_condition(0, SPSR_M_A32 | SPSR_A32_T));
	assert_true(exit_condition(0, SPSR_EL0T));
	assert_true(exit_condition(0, SPSR_EL1H | SPSR_A32_T | BITS_VAL(SPSR_A32_IT_HIGH, 2)));
}

static void every_described_access(void **state)
{
	(void)state;
	for (uint32_t bits = 0; bits < 1u << 10; bits++) {
		/* SAS SSE SRT(5) SF from bit 15 up, and WnR */
		uint32_t iss = (uint32_t)ISS_DABT_ISV | (bits & 0x1ff) << 15 | (bits >> 9) << 6;
		struct exit_info i = decode(esr_of(EC_DABT_LOW, true, iss), SPSR_EL1H);
		struct exit_access a;

		assert_true(exit_access_decode(&i, &a));
		assert_int_equal(a.size, 1 << (iss >> 22 & 3));
		assert_int_equal(a.reg, iss >> 16 & 31);
		assert_int_equal(a.sign_extend, iss >> 21 & 1);
		assert_int_equal(a.is_64bit, iss >> 15 & 1);
		assert_int_equal(a.is_write, iss >> 6 & 1);
	}
}

static void undescribed_access_is_not_guessed(void **state)
{
	struct exit_access a;
	struct exit_info i = decode(esr_of(EC_DABT_LOW, true, 0xffffff & ~0x1000000), SPSR_EL1H);

	(void)state;
	assert_false(exit_access_decode(&i, &a));
	i = decode(esr_of(EC_IABT_LOW, true, (uint32_t)ISS_DABT_ISV), SPSR_EL1H);
	assert_false(exit_access_decode(&i, &a));
}

static void loads_are_cut_and_extended(void **state)
{
	static const struct {
		uint8_t size; bool sext, sf; uint64_t data, want;
	} t[] = {
		{ 1, false, false, 0x1234567890abcdef, 0xef },
		{ 1, true,  false, 0x1234567890abcdef, 0xffffffef },
		{ 1, true,  true,  0x1234567890abcdef, 0xffffffffffffffef },
		{ 1, true,  true,  0x7f,               0x7f },
		{ 2, false, true,  0x1234567890abcdef, 0xcdef },
		{ 2, true,  false, 0x1234567890abcdef, 0xffffcdef },
		{ 2, true,  true,  0x1234567890abcdef, 0xffffffffffffcdef },
		{ 4, false, false, 0x1234567890abcdef, 0x90abcdef },
		{ 4, true,  true,  0x1234567890abcdef, 0xffffffff90abcdef },
		{ 4, true,  true,  0x1234567870abcdef, 0x70abcdef },
		{ 8, false, true,  0x1234567890abcdef, 0x1234567890abcdef },
		{ 8, true,  true,  0xf234567890abcdef, 0xf234567890abcdef },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct exit_access a = {
			.size = t[i].size, .sign_extend = t[i].sext, .is_64bit = t[i].sf,
		};

		assert_int_equal(exit_access_extend(&a, t[i].data), t[i].want);
	}
}

static void maintenance_is_no_write(void **state)
{
	struct exit_info i = decode(esr_of(EC_DABT_LOW, true, (uint32_t)ISS_DABT_WnR), SPSR_EL1H);

	(void)state;
	assert_true(exit_is_write(&i));
	i = decode(esr_of(EC_DABT_LOW, true, (uint32_t)(ISS_DABT_WnR | ISS_DABT_CM)), SPSR_EL1H);
	assert_false(exit_is_write(&i));
	i = decode(esr_of(EC_IABT_LOW, true, (uint32_t)ISS_DABT_WnR), SPSR_EL1H);
	assert_false(exit_is_write(&i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_class_decodes),
		cmocka_unit_test(syndrome_bits_above_the_iss_are_ignored),
		cmocka_unit_test(aarch32_is_told_from_the_program_state),
		cmocka_unit_test(hpfar_is_valid_as_the_manual_says),
		cmocka_unit_test(address_of_an_abort_is_page_and_offset),
		cmocka_unit_test(address_of_a_failed_walk_is_the_tables_page),
		cmocka_unit_test(other_classes_have_no_address),
		cmocka_unit_test_setup(permission_fault_asks_stage_1, setup),
		cmocka_unit_test_setup(translation_fault_does_not_ask_stage_1, setup),
		cmocka_unit_test_setup(translation_that_went_away_is_retried_once, setup),
		cmocka_unit_test(every_condition_with_every_flag),
		cmocka_unit_test(without_condition_it_is_always_carried_out),
		cmocka_unit_test(every_described_access),
		cmocka_unit_test(undescribed_access_is_not_guessed),
		cmocka_unit_test(loads_are_cut_and_extended),
		cmocka_unit_test(maintenance_is_no_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
