/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/host/fake/el1_state.h"
#include "tests/host/fake/vcpu_deps.h"
#include "vcpu/sysreg.h"

static struct vcpu_group group;
static struct fake_vcpu fake;
static struct vcpu *vcpu = &fake.vcpu;

static int setup(void **state)
{
	(void)state;
	vcpu_unload(vcpu);
	fake_pcpus_reset();
	memset(&fake_deps, 0, sizeof(fake_deps));
	memset(&group, 0, sizeof(group));
	/* 6 breakpoints, 4 watchpoints */
	group.idregs[IDREG_A64DFR0] = BITS_VAL(DFR0_BRPS, 5) | BITS_VAL(DFR0_WRPS, 3);
	fake_vcpu_init(&fake, &group);
	vcpu_switch_to(vcpu);
	memset(&fake_deps, 0, sizeof(fake_deps));
	return 0;
}

static uint32_t iss_of(uint32_t op0, uint32_t op1, uint32_t crn, uint32_t crm, uint32_t op2,
		       uint32_t rt, bool read)
{
	return (uint32_t)(BITS_VAL(ISS_SYS_OP0, op0) | BITS_VAL(ISS_SYS_OP1, op1) |
			  BITS_VAL(ISS_SYS_CRN, crn) | BITS_VAL(ISS_SYS_CRM, crm) |
			  BITS_VAL(ISS_SYS_OP2, op2) | BITS_VAL(ISS_SYS_RT, rt)) | read;
}

static uint32_t iss_enc(uint32_t enc, uint32_t rt, bool read)
{
	return iss_of(enc >> 14, enc >> 11 & 7, enc >> 7 & 15, enc >> 3 & 15, enc & 7, rt, read);
}

static enum exit_verdict run(uint8_t ec, uint32_t iss)
{
	struct exit_info info = { .ec = ec, .iss = iss, .pc = 0x1000, .next = 0x1004 };

	assert_non_null(vcpu_exits[ec]);
	return vcpu_exits[ec](vcpu, &info);
}

static enum exit_verdict mrs(uint32_t enc, uint32_t rt)
{
	return run(EC_SYS64, iss_enc(enc, rt, true));
}

static enum exit_verdict msr(uint32_t enc, uint64_t value)
{
	fake.regs.x[5] = value;
	return run(EC_SYS64, iss_enc(enc, 5, false));
}

static void table_is_sorted_without_doubles(void **state)
{
	(void)state;
	for (size_t i = 1; i < vcpu_nr_sysregs; i++)
		if (vcpu_sysregs[i - 1].enc >= vcpu_sysregs[i].enc)
			fail_msg("row %zu is out of order", i);
	for (size_t i = 0; i < vcpu_nr_sysregs; i++) {
		assert_true(vcpu_sysregs[i].read || vcpu_sysregs[i].write);
		assert_ptr_equal(sysreg_lookup(vcpu_sysregs[i].enc), &vcpu_sysregs[i]);
	}
}

static const struct sysreg_desc *by_looking_at_all(uint32_t enc)
{
	for (size_t i = 0; i < vcpu_nr_sysregs; i++)
		if (vcpu_sysregs[i].enc == enc)
			return &vcpu_sysregs[i];
	return NULL;
}

/* Every encoding there is: the syndrome names it, and its family if it has one. */
static void every_encoding_is_found_or_refused(void **state)
{
	(void)state;
	for (uint32_t enc = 0; enc <= 0xffff; enc++) {
		const struct sysreg_desc *d = sysreg_lookup(enc);
		bool id = enc >> 7 == SYSREG(3, 0, 0, 0, 0) >> 7 && (enc >> 3 & 15) >= 1 &&
			  (enc >> 3 & 15) <= 7;
		bool dbg = enc >> 7 == SYSREG(2, 0, 0, 0, 0) >> 7 && (enc & 7) >= 4;

		assert_ptr_equal(d, by_looking_at_all(id ? SYSREG(3, 0, 0, 1, 0) :
						      dbg ? enc & ~0x78u : enc));
		assert_int_equal(sysreg_of_iss(iss_enc(enc, 3, true)), enc);
		assert_int_equal(sysreg_of_iss(iss_enc(enc, 31, false)), enc);
		if (id)
			assert_int_equal(d->enc, SYSREG(3, 0, 0, 1, 0));
		else if (dbg)
			assert_int_equal(d->enc & 7, enc & 7);
		else if (d)
			assert_int_equal(d->enc, enc);
	}
}

static void unlisted_registers_are_undefined(void **state)
{
	static const uint32_t encs[] = {
		SYSREG(3, 3, 9, 12, 0),    /* PMCR_EL0: no PMU                   */
		SYSREG(3, 3, 9, 13, 0),    /* PMCCNTR_EL0                        */
		SYSREG(3, 0, 9, 9, 0),     /* PMSCR_EL1: no profiling            */
		SYSREG(3, 0, 10, 4, 3),    /* LORC_EL1: no LORegions             */
		SYSREG(3, 0, 5, 4, 4),     /* ERXPFGF_EL1: no fault injection    */
		SYSREG(3, 0, 1, 2, 0),     /* ZCR_EL1: no SVE                    */
		SYSREG(3, 1, 0, 0, 6),     /* SMIDR_EL1: no SME                  */
		SYSREG(3, 1, 0, 0, 4),     /* GMID_EL1: no MTE                   */
		SYSREG(3, 0, 1, 2, 1),     /* TRFCR_EL1: no trace                */
		SYSREG(2, 1, 0, 0, 1),     /* TRCTRACEIDR                        */
		SYSREG(3, 0, 15, 2, 0),    /* implementation defined             */
		SYSREG(3, 3, 11, 0, 0),    /* implementation defined             */
		SYSREG(3, 0, 0, 0, 5),     /* no trap brings MPIDR_EL1           */
		SYSREG(1, 0, 7, 6, 4),     /* DC IGSW: no MTE                    */
		SYSREG(3, 4, 1, 1, 0),     /* HCR_EL2: there is no EL2           */
		SYSREG(3, 0, 0, 8, 0), SYSREG(3, 0, 0, 15, 7),
	};

	(void)state;
	fake.regs.x[7] = 0x1234;
	for (size_t i = 0; i < ARRAY_SIZE(encs); i++) {
		assert_int_equal(mrs(encs[i], 7), EXIT_UNDEF);
		assert_int_equal(msr(encs[i], 1), EXIT_UNDEF);
	}
	assert_int_equal(fake.regs.x[7], 0x1234);
	assert_int_equal(vcpu->stats.sysreg_refused, 2 * ARRAY_SIZE(encs));
}

static void identification_registers_read_the_view(void **state)
{
	(void)state;
	for (uint32_t crm = 1; crm < 8; crm++) {
		for (uint32_t op2 = 0; op2 < 8; op2++) {
			uint64_t value;

			group.idregs[IDREG(crm, op2)] = 0x5500000000000000 | crm << 8 | op2;
			assert_int_equal(mrs(SYSREG(3, 0, 0, crm, op2), 9), EXIT_DONE);
			assert_int_equal(fake.regs.x[9], group.idregs[IDREG(crm, op2)]);
			/* the table's row answers the same as the short way */
			assert_int_equal(sysreg_read(vcpu, SYSREG(3, 0, 0, crm, op2), &value),
					 EXIT_DONE);
			assert_int_equal(value, fake.regs.x[9]);
			assert_int_equal(msr(SYSREG(3, 0, 0, crm, op2), 1), EXIT_UNDEF);
		}
	}
}

static void register_31_is_zero_and_nowhere(void **state)
{
	struct arch_gpregs before;

	(void)state;
	memset(&fake.regs, 0x5a, sizeof(fake.regs));
	before = fake.regs;
	group.idregs[IDREG_A64PFR0] = ~UINT64_C(0);
	assert_int_equal(mrs(SYSREG(3, 0, 0, 4, 0), 31), EXIT_DONE);
	assert_memory_equal(&before, &fake.regs, sizeof(before));
	assert_int_equal(run(EC_SYS64, iss_enc(SYSREG(3, 0, 12, 11, 1), 31, false)), EXIT_DONE);
	assert_int_equal(fake_deps.dir_value, 0);
	for (uint32_t n = 0; n < 31; n++) {
		assert_int_equal(mrs(SYSREG(3, 0, 0, 4, 0), n), EXIT_DONE);
		assert_int_equal(fake.regs.x[n], ~UINT64_C(0));
	}
}

static void direction_that_does_not_exist_is_undefined(void **state)
{
	(void)state;
	for (size_t i = 0; i < vcpu_nr_sysregs; i++) {
		if (!vcpu_sysregs[i].read)
			assert_int_equal(mrs(vcpu_sysregs[i].enc, 0), EXIT_UNDEF);
		if (!vcpu_sysregs[i].write)
			assert_int_equal(msr(vcpu_sysregs[i].enc, 0), EXIT_UNDEF);
	}
}

static void constants_are_read(void **state)
{
	(void)state;
	assert_int_equal(mrs(SYSREG(3, 0, 0, 0, 6), 0), EXIT_DONE);
	assert_int_equal(fake.regs.x[0], arch_revidr());
	assert_int_equal(mrs(SYSREG(3, 1, 0, 0, 7), 0), EXIT_DONE);
	assert_int_equal(fake.regs.x[0], arch_aidr());
	assert_int_equal(mrs(SYSREG(3, 0, 1, 0, 1), 0), EXIT_DONE);   /* ACTLR_EL1 */
	assert_int_equal(fake.regs.x[0], 0);
	assert_int_equal(msr(SYSREG(3, 0, 1, 0, 1), ~UINT64_C(0)), EXIT_DONE);
}

static void sgi_registers_go_to_the_gic(void **state)
{
	(void)state;
	assert_int_equal(msr(SYSREG(3, 0, 12, 11, 5), 0x51), EXIT_DONE);
	assert_int_equal(fake_deps.sgi_reg, VGIC_SGI1R);
	assert_int_equal(fake_deps.sgi_value, 0x51);
	assert_int_equal(msr(SYSREG(3, 0, 12, 11, 6), 0x61), EXIT_DONE);
	assert_int_equal(fake_deps.sgi_reg, VGIC_ASGI1R);
	assert_int_equal(msr(SYSREG(3, 0, 12, 11, 7), 0x71), EXIT_DONE);
	assert_int_equal(fake_deps.sgi_reg, VGIC_SGI0R);
	assert_int_equal(fake_deps.sgis, 3);
	assert_int_equal(msr(SYSREG(3, 0, 12, 11, 1), 27), EXIT_DONE);
	assert_int_equal(fake_deps.dir_value, 27);
}

static void common_interrupt_registers_go_to_the_vgic(void **state)
{
	(void)state;
	assert_int_equal(mrs(SYSREG(3, 0, 4, 6, 0), 4), EXIT_DONE);
	assert_int_equal(fake.regs.x[4], 0xa0 + VGIC_ICC_PMR);
	assert_int_equal(mrs(SYSREG(3, 0, 12, 11, 3), 4), EXIT_DONE);
	assert_int_equal(fake.regs.x[4], 0xa0 + VGIC_ICC_RPR);
	assert_int_equal(mrs(SYSREG(3, 0, 12, 12, 4), 4), EXIT_DONE);
	assert_int_equal(fake.regs.x[4], 0xa0 + VGIC_ICC_CTLR);
	assert_int_equal(msr(SYSREG(3, 0, 4, 6, 0), 0x80), EXIT_DONE);
	assert_int_equal(fake_deps.icc_reg, VGIC_ICC_PMR);
	assert_int_equal(msr(SYSREG(3, 0, 12, 12, 4), 2), EXIT_DONE);
	assert_int_equal(fake_deps.icc_reg, VGIC_ICC_CTLR);
	assert_int_equal(fake_deps.icc_value, 2);
	assert_int_equal(msr(SYSREG(3, 0, 12, 11, 3), 0), EXIT_UNDEF);
}

static void physical_timer_becomes_the_guests_own(void **state)
{
	struct arch_gpregs before = fake.regs;

	(void)state;
	for (uint32_t op2 = 0; op2 < 3; op2++) {
		assert_int_equal(mrs(SYSREG(3, 3, 14, 2, op2), 4), EXIT_RETRY);
		assert_memory_equal(&before, &fake.regs, sizeof(before));
		assert_int_equal(run(EC_SYS64, iss_enc(SYSREG(3, 3, 14, 2, op2), 4, false)),
				 EXIT_RETRY);
		assert_int_equal(fake_deps.cntp_takes, 2 * op2 + 2);
	}
}

static void set_0_of_way_0_stands_for_a_level(void **state)
{
	static const uint32_t crm[] = { 6, 10, 14 };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(crm); i++) {
		uint32_t op = SYSREG(1, 0, 7, crm[i], 2);

		for (uint64_t level = 0; level < 7; level++) {
			assert_int_equal(msr(op, level << 1), EXIT_UP);
			assert_int_equal(msr(op, level << 1 | BIT(6)), EXIT_DONE);
			assert_int_equal(msr(op, level << 1 | BIT(31)), EXIT_DONE);
		}
	}
}

static void os_lock_is_the_vcpus_own(void **state)
{
	(void)state;
	assert_int_equal(msr(SYSREG(2, 0, 1, 0, 4), 1), EXIT_DONE);
	assert_true(fake_pcpu()->os_lock);
	assert_int_equal(mrs(SYSREG(2, 0, 1, 1, 4), 0), EXIT_DONE);
	assert_int_equal(fake.regs.x[0], OSLSR_OSLM | OSLSR_OSLK);
	assert_int_equal(msr(SYSREG(2, 0, 1, 0, 4), 2), EXIT_DONE);
	assert_false(fake_pcpu()->os_lock);
	assert_int_equal(mrs(SYSREG(2, 0, 1, 1, 4), 0), EXIT_DONE);
	assert_int_equal(fake.regs.x[0], OSLSR_OSLM);
}

/* What a guest sets reaches the CPU, without halting debug and the channel. */
static void mdscr_is_cut_to_self_hosted_debug(void **state)
{
	uint64_t want = MDSCR_SS | MDSCR_TDCC | MDSCR_KDE | MDSCR_MDE;

	(void)state;
	assert_int_equal(msr(SYSREG(2, 0, 0, 2, 2), ~UINT64_C(0)), EXIT_DONE);
	assert_int_equal(fake_pcpu()->mdscr, want);
	assert_int_equal(mrs(SYSREG(2, 0, 0, 2, 2), 1), EXIT_DONE);
	assert_int_equal(fake.regs.x[1], want);
}

static void only_implemented_debug_registers_exist(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 16; n++) {
		for (uint32_t op2 = 4; op2 < 8; op2++) {
			bool is = n <= (op2 < 6 ? 5u : 3u);
			uint64_t v = (n << 8 | op2) & ~UINT64_C(1);

			assert_int_equal(msr(SYSREG(2, 0, 0, n, op2), v),
					 is ? EXIT_DONE : EXIT_UNDEF);
			assert_int_equal(mrs(SYSREG(2, 0, 0, n, op2), 2),
					 is ? EXIT_DONE : EXIT_UNDEF);
		}
	}
	/* nothing was enabled, so the CPU was not bothered */
	assert_int_equal(fake_pcpu()->debug_writes, 0);
}

static void an_enabled_breakpoint_is_in_the_cpu(void **state)
{
	const uint64_t bcr = 0x1e5 | DBGBCR_E;

	(void)state;
	assert_int_equal(msr(SYSREG(2, 0, 0, 2, 4), 0x400000), EXIT_DONE);
	assert_int_equal(msr(SYSREG(2, 0, 0, 2, 5), bcr), EXIT_DONE);
	assert_int_equal(fake_pcpu()->debug[DEBUG_BVR][2], 0x400000);
	assert_int_equal(fake_pcpu()->debug[DEBUG_BCR][2], bcr);
	/* moved while it is on */
	assert_int_equal(msr(SYSREG(2, 0, 0, 2, 4), 0x500000), EXIT_DONE);
	assert_int_equal(fake_pcpu()->debug[DEBUG_BVR][2], 0x500000);
	assert_int_equal(msr(SYSREG(2, 0, 0, 2, 5), bcr & ~DBGBCR_E), EXIT_DONE);
	assert_int_equal(fake_pcpu()->debug[DEBUG_BCR][2], 0);
	assert_int_equal(mrs(SYSREG(2, 0, 0, 2, 5), 3), EXIT_DONE);
	assert_int_equal(fake.regs.x[3], bcr & ~DBGBCR_E);
	assert_int_equal(msr(SYSREG(2, 0, 0, 1, 7), 0x18 | DBGWCR_E), EXIT_DONE);
	assert_int_equal(fake_pcpu()->debug[DEBUG_WCR][1], 0x18 | DBGWCR_E);
	assert_int_equal(vcpu->debug.wp_on, 2);
	assert_int_equal(vcpu->debug.bp_on, 0);
}

static void reserved_bits_of_control_registers_stay_zero(void **state)
{
	(void)state;
	assert_int_equal(msr(SYSREG(2, 0, 0, 0, 5), ~UINT64_C(0)), EXIT_DONE);
	assert_int_equal(fake_pcpu()->debug[DEBUG_BCR][0], 0x00ffe1e7);
	assert_int_equal(msr(SYSREG(2, 0, 0, 0, 7), ~UINT64_C(0)), EXIT_DONE);
	assert_int_equal(fake_pcpu()->debug[DEBUG_WCR][0], 0x1f1fffff);
}

/* ---- AArch32 at EL0 ------------------------------------------------------ */

static uint32_t cp32(uint32_t opc1, uint32_t crn, uint32_t crm, uint32_t opc2, uint32_t rt,
		     bool read)
{
	return (uint32_t)(ISS_CV | BITS_VAL(ISS_COND, 14) | BITS_VAL(ISS_CP32_OPC1, opc1) |
			  BITS_VAL(ISS_CP32_CRN, crn) | BITS_VAL(ISS_CP32_CRM, crm) |
			  BITS_VAL(ISS_CP32_OPC2, opc2) | BITS_VAL(ISS_CP32_RT, rt)) | read;
}

static void timer_from_32_bit_programs(void **state)
{
	uint32_t mcrr = (uint32_t)(ISS_CV | BITS_VAL(ISS_COND, 14) | BITS_VAL(ISS_CP64_OPC1, 2) |
				   BITS_VAL(ISS_CP64_CRM, 14) | BITS_VAL(ISS_CP64_RT, 3) |
				   BITS_VAL(ISS_CP64_RT2, 4));

	(void)state;
	fake.regs.pstate = SPSR_M_A32;
	assert_int_equal(run(EC_CP15_64, mcrr), EXIT_RETRY);
	assert_int_equal(run(EC_CP15_64, mcrr | 1), EXIT_RETRY);
	assert_int_equal(run(EC_CP15_32, cp32(0, 14, 2, 1, 2, true)), EXIT_RETRY);
	assert_int_equal(run(EC_CP15_32, cp32(0, 14, 2, 0, 3, false)), EXIT_RETRY);
	assert_int_equal(fake_deps.cntp_takes, 4);
	/* other opc1: a register of nobody */
	assert_int_equal(run(EC_CP15_64, mcrr ^ (uint32_t)BITS_VAL(ISS_CP64_OPC1, 1)), EXIT_UNDEF);
}

static void debug_channel_of_32_bit_programs_leads_nowhere(void **state)
{
	(void)state;
	fake.regs.pstate = SPSR_M_A32;
	fake.regs.x[1] = 1;
	assert_int_equal(run(EC_CP14_32, cp32(0, 0, 1, 0, 1, true)), EXIT_DONE);
	assert_int_equal(fake.regs.x[1], 0);
	assert_int_equal(run(EC_CP14_32, cp32(0, 0, 5, 0, 1, false)), EXIT_DONE);
	assert_int_equal(run(EC_CP14_32, cp32(0, 0, 0, 0, 1, true)), EXIT_UNDEF);
}

/* Each class of coprocessor trap: refused, unless its condition fails. */
static void failed_condition_makes_a_nop(void **state)
{
	static const uint8_t classes[] = {
		EC_CP15_32, EC_CP15_64, EC_CP14_32, EC_CP14_LS, EC_CP10_ID, EC_CP14_64,
	};
	uint32_t eq = (uint32_t)ISS_CV | cp32(7, 15, 15, 7, 0, true);

	(void)state;
	eq &= ~(uint32_t)ISS_COND;
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		fake.regs.pstate = SPSR_M_A32;
		assert_int_equal(run(classes[i], eq), EXIT_DONE);
		fake.regs.pstate = SPSR_M_A32 | SPSR_Z;
		assert_int_equal(run(classes[i], eq), EXIT_UNDEF);
	}
}

/* No class may be answered in a way that the run loop has no word for. */
static void every_class_has_a_verdict(void **state)
{
	(void)state;
	for (uint32_t ec = 0; ec < EC_NR; ec++) {
		if (!vcpu_exits[ec])
			continue;
		for (uint32_t iss = 0; iss < 1u << 25; iss += 0x3f1f)
			assert_in_range(run((uint8_t)ec, iss), EXIT_DONE, EXIT_UNDEF);
	}
	/* what touches more than the vCPU goes up */
	assert_null(vcpu_exits[EC_HVC64]);
	assert_null(vcpu_exits[EC_SMC64]);
	assert_null(vcpu_exits[EC_DABT_LOW]);
	assert_null(vcpu_exits[EC_IABT_LOW]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_sorted_without_doubles),
		cmocka_unit_test(every_encoding_is_found_or_refused),
		cmocka_unit_test_setup(unlisted_registers_are_undefined, setup),
		cmocka_unit_test_setup(identification_registers_read_the_view, setup),
		cmocka_unit_test_setup(register_31_is_zero_and_nowhere, setup),
		cmocka_unit_test_setup(direction_that_does_not_exist_is_undefined, setup),
		cmocka_unit_test_setup(constants_are_read, setup),
		cmocka_unit_test_setup(sgi_registers_go_to_the_gic, setup),
		cmocka_unit_test_setup(common_interrupt_registers_go_to_the_vgic, setup),
		cmocka_unit_test_setup(physical_timer_becomes_the_guests_own, setup),
		cmocka_unit_test_setup(set_0_of_way_0_stands_for_a_level, setup),
		cmocka_unit_test_setup(os_lock_is_the_vcpus_own, setup),
		cmocka_unit_test_setup(mdscr_is_cut_to_self_hosted_debug, setup),
		cmocka_unit_test_setup(only_implemented_debug_registers_exist, setup),
		cmocka_unit_test_setup(an_enabled_breakpoint_is_in_the_cpu, setup),
		cmocka_unit_test_setup(reserved_bits_of_control_registers_stay_zero, setup),
		cmocka_unit_test_setup(timer_from_32_bit_programs, setup),
		cmocka_unit_test_setup(debug_channel_of_32_bit_programs_leads_nowhere, setup),
		cmocka_unit_test_setup(failed_condition_makes_a_nop, setup),
		cmocka_unit_test_setup(every_class_has_a_verdict, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
