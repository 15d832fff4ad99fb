/* SPDX-License-Identifier: Apache-2.0 */
/* Stage-2 aborts: devices at all widths, RAM on first touch, and what is neither. */
#include "vm/abort.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include <arch/el1_state.h>
#include "fake/log.h"
#include "irq/vgic_direct.h"
#include "mm/guest_copy.h"
#include "vm/setway.h"
#include "vm_fixture.h"

#define DEV    UINT64_C(0x09000000)
#define HOLE   UINT64_C(0x0b000000)
#define RAM    CONFIG_RAM_BASE
#define PC     UINT64_C(0xffff000008081000)
#define DATA   UINT64_C(0x8182838485868788)
#define S2_FAULT (FSC_TRANSLATION | 2)
#define PERM     (FSC_PERMISSION | 3)

/* ---- what is below ---- */

static struct mmio_access seen[4];
static unsigned int accesses;
static uint64_t answer;
static int refusal;

static uint32_t guest_insn;           /* the word at PC                         */
static uint64_t par;                  /* what stage 1 says of PC; 0: identity   */
static int touch_result;
static uint64_t touched;
static struct stage2_leaf leaf;

static int dev_access(struct mmio_device *dev, struct mmio_access *acc)
{
	(void)dev;
	if (refusal && accesses + 1 == (unsigned int)refusal)
		return -EFAULT;
	seen[accesses++ % 4] = *acc;
	if (!acc->is_write)
		acc->value = answer + acc->offset;
	return 0;
}

static struct mmio_device device = { .name = "dev", .base = DEV, .size = 0x2000,
	.access = dev_access };

uint64_t arch_translate_s1(uint64_t va)
{
	return par ? par : (va & PAR_PA & BITS(47, 12));
}

uint64_t arch_far(void)
{
	return 0;
}

uint64_t arch_hpfar(void)
{
	return 0;
}

int guest_copy_from(struct stage2 *s2, void *dst, ipa_t ipa, size_t size)
{
	assert_ptr_equal(s2, &fixture_vm.s2);
	assert_int_equal(size, 4);
	if (ipa.v == HOLE)
		return -EFAULT;
	memcpy(dst, &guest_insn, 4);
	return 0;
}

int stage2_lookup(struct stage2 *s2, ipa_t ipa, struct stage2_leaf *out)
{
	(void)s2;
	(void)ipa;
	*out = leaf;
	return 0;
}

static uint64_t flush_at;

uint64_t guest_flush_piece(struct stage2 *s2, ipa_t ipa)
{
	assert_ptr_equal(s2, &fixture_vm.s2);
	flush_at = ipa.v;
	return ipa.v < 3 * 0x1000 ? 0x1000 : 0;
}

bool vm_region_comes(const struct vm *vm, const struct config_region *r)
{
	assert_ptr_equal(vm, &fixture_vm);
	return r->backend == BACKEND_TOUCH;
}

int vm_touch(struct vm *vm, ipa_t ipa)
{
	assert_ptr_equal(vm, &fixture_vm);
	touched = ipa.v;
	return touch_result;
}

/* ---- exits ---- */

static struct vcpu *v = &fixture_vcpus[3];

static int setup(void **state)
{
	(void)state;
	fixture_reset();
	bus_add(&fixture_vm.bus, &device);
	memset(seen, 0, sizeof(seen));
	accesses = 0;
	refusal = 0;
	answer = 0;
	par = 0;
	touch_result = 0;
	touched = 0;
	leaf = (struct stage2_leaf){ 0 };
	for (int i = 0; i < 31; i++)
		v->regs->x[i] = 0xa0a0a0a000000000 + (unsigned int)i;
	fake_log_guest_lines = 0;
	return 0;
}

static struct exit_info dabt(uint64_t ipa, uint64_t iss)
{
	return (struct exit_info){
		.ec = EC_DABT_LOW, .iss = (uint32_t)iss, .pc = PC, .next = PC + 4,
		.far = 0xffff800000000000 | ipa, .ipa = IPA(ipa), .ipa_valid = true,
	};
}

/* ISV = 1: what the hardware says of one access. */
static uint64_t described(unsigned int reg, unsigned int log2, bool write)
{
	return ISS_DABT_ISV | BITS_VAL(ISS_DABT_SAS, log2) | BITS_VAL(ISS_DABT_SRT, reg) |
	       (write ? ISS_DABT_WnR : 0) | S2_FAULT;
}

static enum exit_verdict take(struct exit_info info)
{
	return exit_dabt_lower(v, &info);
}

/* ---- described accesses ---- */

static void loads_of_every_width_extend_as_told(void **state)
{
	(void)state;
	answer = DATA;
	for (unsigned int log2 = 0; log2 < 4; log2++) {
		unsigned int bits = 8u << log2;
		uint64_t plain = DATA & BITS(bits - 1, 0);
		uint64_t sign = bits < 64 ? plain | ~BITS(bits - 1, 0) : plain;

		assert_int_equal(take(dabt(DEV, described(7, log2, false))), EXIT_DONE);
		assert_int_equal(v->regs->x[7], (uint32_t)plain);
		assert_int_equal(take(dabt(DEV, described(7, log2, false) | ISS_DABT_SF)),
				 EXIT_DONE);
		assert_int_equal(v->regs->x[7], plain);
		assert_int_equal(take(dabt(DEV, described(7, log2, false) | ISS_DABT_SSE)),
				 EXIT_DONE);
		assert_int_equal(v->regs->x[7], (uint32_t)sign);
		assert_int_equal(take(dabt(DEV, described(7, log2, false) | ISS_DABT_SSE |
					   ISS_DABT_SF)),
				 EXIT_DONE);
		assert_int_equal(v->regs->x[7], sign);
		assert_int_equal(seen[0].size, 1u << log2);
		assert_int_equal(seen[0].vcpu_idx, 3);
	}
}

static void stores_of_every_width_are_cut_to_it(void **state)
{
	(void)state;
	v->regs->x[9] = DATA;
	for (unsigned int log2 = 0; log2 < 4; log2++) {
		accesses = 0;
		assert_int_equal(take(dabt(DEV + 8, described(9, log2, true))), EXIT_DONE);
		assert_true(seen[0].is_write);
		assert_int_equal(seen[0].offset, 8);
		assert_int_equal(seen[0].value, DATA & BITS((8u << log2) - 1, 0));
	}
	assert_int_equal(v->regs->x[9], DATA);
}

static void register_31_is_zero_and_swallows(void **state)
{
	struct arch_gpregs before = *v->regs;

	(void)state;
	assert_int_equal(take(dabt(DEV, described(31, 2, true))), EXIT_DONE);
	assert_int_equal(seen[0].value, 0);
	answer = DATA;
	assert_int_equal(take(dabt(DEV, described(31, 3, false) | ISS_DABT_SF)), EXIT_DONE);
	assert_int_equal(accesses, 2);
	assert_memory_equal(&before, v->regs, sizeof(before));
}

static void big_endian_guests_see_bytes_in_their_order(void **state)
{
	(void)state;
	fixture_sctlr = SCTLR_EE;
	v->regs->x[1] = 0x11223344;
	assert_int_equal(take(dabt(DEV, described(1, 2, true))), EXIT_DONE);
	assert_int_equal(seen[0].value, 0x44332211);
	answer = DATA;
	assert_int_equal(take(dabt(DEV, described(1, 1, false) | ISS_DABT_SSE)), EXIT_DONE);
	assert_int_equal(v->regs->x[1], (uint32_t)(int16_t)0x8887);
	/* EL0 has a switch of its own, and AArch32 another. */
	v->regs->pstate = SPSR_EL0T;
	assert_int_equal(take(dabt(DEV, described(1, 1, false))), EXIT_DONE);
	assert_int_equal(v->regs->x[1], 0x8788);
	fixture_sctlr = SCTLR_E0E;
	assert_int_equal(take(dabt(DEV, described(1, 1, false))), EXIT_DONE);
	assert_int_equal(v->regs->x[1], 0x8887);
	v->regs->pstate = SPSR_M_A32;
	struct exit_info info = dabt(DEV, described(1, 1, false));
	info.is32 = true;
	assert_int_equal(take(info), EXIT_DONE);
	assert_int_equal(v->regs->x[1], 0x8788);
	v->regs->pstate |= BIT(9);
	assert_int_equal(take(info), EXIT_DONE);
	assert_int_equal(v->regs->x[1], 0x8887);
}

static void refused_unaligned_and_lost_accesses_abort_and_change_nothing(void **state)
{
	struct arch_gpregs before = *v->regs;

	(void)state;
	assert_int_equal(take(dabt(DEV + 2, described(1, 2, false))), EXIT_ABORT);
	assert_int_equal(take(dabt(HOLE, described(1, 2, false))), EXIT_ABORT);
	assert_int_equal(take(dabt(DEV + 0x2000, described(1, 2, true))), EXIT_ABORT);
	refusal = 1;
	assert_int_equal(take(dabt(DEV, described(1, 2, false))), EXIT_ABORT);
	assert_int_equal(accesses, 0);
	assert_memory_equal(&before, v->regs, sizeof(before));
}

static void walks_and_cache_maintenance_do_not_touch_devices(void **state)
{
	(void)state;
	assert_int_equal(take(dabt(DEV, described(1, 2, false) | ISS_ABT_S1PTW)), EXIT_ABORT);
	assert_int_equal(take(dabt(DEV, ISS_DABT_CM | ISS_DABT_WnR | S2_FAULT)), EXIT_DONE);
	assert_int_equal(take(dabt(HOLE, ISS_DABT_CM | ISS_DABT_WnR | S2_FAULT)), EXIT_DONE);
	assert_int_equal(accesses, 0);
}

static void error_of_the_bus_goes_back_to_the_guest(void **state)
{
	struct exit_info info = dabt(RAM, FSC_SEA | ISS_ABT_EA);

	(void)state;
	leaf = (struct stage2_leaf){ .mapped = true, .attr = S2_RWX };
	info.ipa_valid = false;
	assert_int_equal(take(info), EXIT_ABORT);
	info.ec = EC_IABT_LOW;
	assert_int_equal(exit_iabt_lower(v, &info), EXIT_ABORT);
}

/* ---- undescribed accesses ---- */

static enum exit_verdict take_insn(uint32_t op, uint64_t ipa, bool write)
{
	guest_insn = op;
	return take(dabt(ipa, S2_FAULT | (write ? ISS_DABT_WnR : 0)));
}

static uint64_t va(uint64_t ipa)
{
	return 0xffff800000000000 | ipa;
}

static void writeback_forms_are_carried_out(void **state)
{
	(void)state;
	answer = DATA;
	v->regs->x[6] = va(DEV + 4);
	assert_int_equal(take_insn(0xb84044c5, DEV + 4, false), EXIT_DONE); /* ldr w5, [x6], #4 */
	assert_int_equal(v->regs->x[5], (uint32_t)(DATA + 4));
	assert_int_equal(v->regs->x[6], va(DEV + 8));

	v->regs->x[7] = va(DEV + 8);
	v->regs->x[8] = DATA;
	assert_int_equal(take_insn(0xb81fcce8, DEV + 4, true), EXIT_DONE);  /* str w8, [x7, #-4]! */
	assert_int_equal(seen[1].offset, 4);
	assert_int_equal(seen[1].value, (uint32_t)DATA);
	assert_int_equal(v->regs->x[7], va(DEV + 4));

	v->regs->x[2] = va(DEV) | UINT64_C(0x5a) << 56;                      /* with a tag */
	assert_int_equal(take_insn(0x38801441, DEV, false), EXIT_DONE);     /* ldrsb x1, [x2], #1 */
	assert_int_equal(v->regs->x[1], (uint64_t)(int64_t)(int8_t)DATA);
}

static void pairs_are_two_accesses(void **state)
{
	(void)state;
	v->regs->x[3] = va(DEV + 0x10);
	/* ldp x1, x2, [x3] */
	assert_int_equal(take_insn(0xa9400861, DEV + 0x10, false), EXIT_DONE);
	assert_int_equal(v->regs->x[1], 0x10);
	assert_int_equal(v->regs->x[2], 0x18);
	assert_int_equal(accesses, 2);
	/* stp xzr, xzr, [x3], #16 */
	assert_int_equal(take_insn(0xa8817c7f, DEV + 0x10, true), EXIT_DONE);
	assert_int_equal(v->regs->x[3], va(DEV + 0x20));
	assert_int_equal(seen[3].value, 0);
	assert_int_equal(seen[3].offset, 0x18);
}

static void a_pair_refused_half_way_leaves_the_registers(void **state)
{
	struct arch_gpregs before;

	(void)state;
	v->regs->x[3] = va(DEV);
	before = *v->regs;
	refusal = 2;
	/* ldp x1, x2, [x3], #16 */
	assert_int_equal(take_insn(0xa8c10861, DEV, false), EXIT_ABORT);
	assert_memory_equal(&before, v->regs, sizeof(before));
}

static void instructions_that_do_not_explain_the_fault_abort(void **state)
{
	struct arch_gpregs before;
	struct exit_info info;

	(void)state;
	v->regs->x[3] = va(DEV + 0x40);
	v->regs->x[6] = va(DEV);
	before = *v->regs;
	/* Another address; the other direction; SP; SIMD; exclusive. */
	assert_int_equal(take_insn(0xa9400861, DEV, false), EXIT_ABORT);
	assert_int_equal(take_insn(0xb84044c5, DEV, true), EXIT_ABORT);
	assert_int_equal(take_insn(0xb84107e1, DEV, false), EXIT_ABORT);
	assert_int_equal(take_insn(0x3cc104c0, DEV, false), EXIT_ABORT);
	assert_int_equal(take_insn(0x885f7cc1, DEV, false), EXIT_ABORT);
	/* A pair that reaches into the next page. */
	v->regs->x[3] = va(DEV + 0xff8);
	assert_int_equal(take_insn(0xa9400861, DEV + 0xff8, false), EXIT_ABORT);
	v->regs->x[3] = before.x[3];
	/* FAR not valid; AArch32, whose encodings differ. */
	guest_insn = 0xb84044c5;
	info = dabt(DEV, S2_FAULT | ISS_ABT_FNV);
	assert_int_equal(take(info), EXIT_ABORT);
	info = dabt(DEV, S2_FAULT);
	info.is32 = true;
	assert_int_equal(take(info), EXIT_ABORT);
	assert_int_equal(accesses, 0);
	assert_memory_equal(&before, v->regs, sizeof(before));
}

static void instruction_that_cannot_be_fetched_is_left_to_the_guest(void **state)
{
	(void)state;
	v->regs->x[6] = va(DEV);
	par = PAR_F | BITS_VAL(BITS(6, 1), FSC_TRANSLATION);
	assert_int_equal(take_insn(0xb84044c5, DEV, false), EXIT_RETRY);
	par = PAR_F | BIT(9);
	assert_int_equal(take_insn(0xb84044c5, DEV, false), EXIT_ABORT);
	par = HOLE;
	struct exit_info info = dabt(DEV, S2_FAULT);
	info.pc = 0x1000;
	assert_int_equal(take(info), EXIT_ABORT);
	assert_int_equal(accesses, 0);
}

/* ---- RAM ---- */

static void first_touch_populates_and_repeats(void **state)
{
	struct exit_info fetch = dabt(RAM + 0x5004, S2_FAULT);

	(void)state;
	fixture_cfg.regions[0].backend = BACKEND_TOUCH;
	assert_int_equal(take(dabt(RAM + 0x1238, described(1, 3, true))), EXIT_RETRY);
	assert_int_equal(touched, RAM + 0x1238);
	/* Undescribed, by a walk, by cache maintenance, by a fetch: all the same. */
	assert_int_equal(take(dabt(RAM + 0x2000, S2_FAULT)), EXIT_RETRY);
	assert_int_equal(take(dabt(RAM + 0x3000, S2_FAULT | ISS_ABT_S1PTW)), EXIT_RETRY);
	assert_int_equal(take(dabt(RAM + 0x4000, S2_FAULT | ISS_DABT_CM | ISS_DABT_WnR)),
			 EXIT_RETRY);
	assert_int_equal(touched, RAM + 0x4000);
	fetch.ec = EC_IABT_LOW;
	assert_int_equal(exit_iabt_lower(v, &fetch), EXIT_RETRY);
	assert_int_equal(touched, RAM + 0x5004);
}

static void no_memory_left_stops_this_vm(void **state)
{
	(void)state;
	fixture_cfg.regions[0].backend = BACKEND_TOUCH;
	touch_result = -ENOMEM;
	assert_int_equal(take(dabt(RAM, S2_FAULT)), EXIT_STOP_VM);
	assert_int_equal(fake_log_guest_lines, 1);
}

static void permission_faults_abort_unless_settled_meanwhile(void **state)
{
	struct exit_info fetch = dabt(RAM, PERM);

	(void)state;
	leaf = (struct stage2_leaf){ .mapped = true, .attr = S2_R };
	assert_int_equal(take(dabt(RAM, (described(1, 2, true) & ~(uint64_t)S2_FAULT) | PERM)),
			 EXIT_ABORT);
	assert_int_equal(take(dabt(RAM, PERM | ISS_DABT_CM | ISS_DABT_WnR)), EXIT_ABORT);
	assert_int_equal(take(dabt(RAM, PERM | ISS_ABT_S1PTW)), EXIT_ABORT);
	fetch.ec = EC_IABT_LOW;
	assert_int_equal(exit_iabt_lower(v, &fetch), EXIT_ABORT);
	leaf.attr = S2_RWX;
	assert_int_equal(take(dabt(RAM, PERM | ISS_DABT_WnR)), EXIT_RETRY);
	assert_int_equal(exit_iabt_lower(v, &fetch), EXIT_RETRY);
	/* The same in lazily filled memory. */
	fixture_cfg.regions[0].backend = BACKEND_TOUCH;
	leaf.attr = S2_R;
	assert_int_equal(take(dabt(RAM, PERM | ISS_DABT_WnR)), EXIT_ABORT);
	assert_int_equal(touched, 0);
}

static void hole_in_eager_ram_aborts_unless_being_split(void **state)
{
	(void)state;
	assert_int_equal(take(dabt(RAM, S2_FAULT)), EXIT_ABORT);
	leaf = (struct stage2_leaf){ .mapped = true, .attr = S2_RWX };
	assert_int_equal(take(dabt(RAM, S2_FAULT)), EXIT_RETRY);
}

/* All was away, to have vCPUs come that heed no interrupt; now it is there again. */
static void who_faults_while_the_vm_is_recalled_tries_again(void **state)
{
	struct exit_info fetch = dabt(RAM, S2_FAULT);
	struct exit_info load = dabt(DEV, described(1, 2, false));

	(void)state;
	fetch.ec = EC_IABT_LOW;
	/* A VM that can be told by an interrupt. */
	leaf = (struct stage2_leaf){ .mapped = true, .attr = S2_RWX };
	assert_int_equal(exit_dabt_lower(v, &load), EXIT_DONE);

	fixture_vm.group.direct = true;
	assert_int_equal(exit_iabt_lower(v, &fetch), EXIT_RETRY);
	/* Of a device that it has for itself: no model is asked. */
	assert_int_equal(exit_dabt_lower(v, &load), EXIT_RETRY);
	assert_int_equal(accesses, 1);
	/* Who has the interface gives it back, or the one who waits for that would wait. */
	v->vgic.lr_used = 1u << VGIC_LR_DIRECT;
	assert_int_equal(exit_iabt_lower(v, &fetch), EXIT_RETRY);
	assert_true(vgic_is_direct(&v->vgic));
	fixture_vm.s2.shut = true;
	assert_int_equal(exit_iabt_lower(v, &fetch), EXIT_RETRY);
	assert_false(vgic_is_direct(&v->vgic));

	/* What is not there is not there. */
	leaf.mapped = false;
	assert_int_equal(exit_iabt_lower(v, &fetch), EXIT_ABORT);
	assert_int_equal(exit_dabt_lower(v, &load), EXIT_DONE);
	fixture_vm.s2.shut = false;
	fixture_vm.group.direct = false;
}

static void fetches_outside_ram_abort(void **state)
{
	struct exit_info fetch = dabt(DEV, S2_FAULT);

	(void)state;
	fetch.ec = EC_IABT_LOW;
	assert_int_equal(exit_iabt_lower(v, &fetch), EXIT_ABORT);
	fetch.ipa = IPA(HOLE);
	assert_int_equal(exit_iabt_lower(v, &fetch), EXIT_ABORT);
	fetch.ipa = IPA(UINT64_MAX);
	assert_int_equal(exit_iabt_lower(v, &fetch), EXIT_ABORT);
	assert_int_equal(accesses, 0);
	assert_int_equal(fake_log_guest_lines, 0);
}

/* Each exit does a piece; the instruction is repeated until the last; then anew. */
static void set_way_maintenance_goes_over_all_memory(void **state)
{
	struct exit_info e = { .ec = EC_SYS64 };

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (uint64_t n = 0; n < 3; n++) {
			assert_int_equal(exit_setway(v, &e), EXIT_RETRY);
			assert_int_equal(flush_at, n * 0x1000);
		}
		assert_int_equal(exit_setway(v, &e), EXIT_DONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup(f, setup)
		TEST(loads_of_every_width_extend_as_told),
		TEST(stores_of_every_width_are_cut_to_it),
		TEST(register_31_is_zero_and_swallows),
		TEST(big_endian_guests_see_bytes_in_their_order),
		TEST(refused_unaligned_and_lost_accesses_abort_and_change_nothing),
		TEST(walks_and_cache_maintenance_do_not_touch_devices),
		TEST(error_of_the_bus_goes_back_to_the_guest),
		TEST(writeback_forms_are_carried_out),
		TEST(pairs_are_two_accesses),
		TEST(a_pair_refused_half_way_leaves_the_registers),
		TEST(instructions_that_do_not_explain_the_fault_abort),
		TEST(instruction_that_cannot_be_fetched_is_left_to_the_guest),
		TEST(first_touch_populates_and_repeats),
		TEST(no_memory_left_stops_this_vm),
		TEST(permission_faults_abort_unless_settled_meanwhile),
		TEST(hole_in_eager_ram_aborts_unless_being_split),
		TEST(who_faults_while_the_vm_is_recalled_tries_again),
		TEST(fetches_outside_ram_abort),
		TEST(set_way_maintenance_goes_over_all_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
