/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any exit to the vcpu layer: decode, system registers, WFx, FP, and the exceptions
 * that are then given to the guest. The state of EL2 stays what it was.
 */
#include "tests/fuzz/fuzz.h"

#include "core/lib/bits.h"
#include "tests/host/fake/cpu.h"
#include "tests/host/fake/el1_state.h"
#include "tests/host/fake/vcpu_deps.h"
#include "vcpu/inject.h"
#include "vcpu/vcpu.h"

static struct vcpu_group group;
static struct fake_vcpu fake;
static uint64_t par;

static uint64_t translate(uint64_t va)
{
	return par ^ (va & 0xff000);
}

static void prepare(struct fuzz_in *in)
{
	vcpu_unload(&fake.vcpu);
	fake_pcpus_reset();
	memset(&fake_deps, 0, sizeof(fake_deps));
	memset(&group, 0, sizeof(group));
	fake_cpu_enter(0);
	group.hcr = HCR_VM;
	group.idregs[IDREG_A64DFR0] = BITS_VAL(DFR0_BRPS, 5) | BITS_VAL(DFR0_WRPS, 3);
	fake_vcpu_init(&fake, &group);
	fake_deps.rivals = fuzz_num(in, 1) & 1;
	fake_deps.must_sleep = fuzz_num(in, 1) & 1;
	vcpu_switch_to(&fake.vcpu);
	fake_translate = translate;
}

static void check_decode(const struct exit_info *info, uint64_t esr)
{
	struct exit_access a;

	FUZZ_CHECK(info->ec == bits_get(ESR_EC, esr) && info->ec < EC_NR);
	FUZZ_CHECK(info->next - info->pc <= 4);
	if (!exit_is_data_abort(info) || !exit_access_decode(info, &a))
		return;
	FUZZ_CHECK(a.reg < 32);
	FUZZ_CHECK(a.size == 1 || a.size == 2 || a.size == 4 || a.size == 8);
	FUZZ_CHECK(a.is_64bit || exit_access_extend(&a, UINT64_MAX) <= UINT32_MAX);
}

static void give(enum exit_verdict verdict, const struct exit_info *info)
{
	if (verdict == EXIT_UNDEF || verdict == EXIT_UP)
		vcpu_inject_undef(&fake.vcpu);
	else if (verdict == EXIT_ABORT)
		vcpu_inject_abort(&fake.vcpu, info);
	else if (verdict == EXIT_DONE || verdict == EXIT_BLOCK)
		vcpu_advance(&fake.vcpu, info);
}

/* As the hardware saves it: a mode of EL0 or EL1, whatever else. */
static uint64_t program_state(struct fuzz_in *in)
{
	static const uint8_t modes[] = { 0, 4, SPSR_EL1H, SPSR_M_A32 };
	uint64_t flags = fuzz_num(in, 4) & ~(uint64_t)0x1f;

	return flags | modes[fuzz_below(in, ARRAY_SIZE(modes))];
}

static void never_above_el1(void)
{
	uint64_t mode = fake.regs.pstate & 0x1f;

	FUZZ_CHECK(mode == 0 || mode == 4 || mode == SPSR_EL1H || mode == SPSR_M_A32);
}

static void one_exit(struct fuzz_in *in)
{
	struct arch_gpregs *r = &fake.regs;
	struct exit_info info = { 0 };
	enum exit_verdict verdict;

	r->esr = fuzz_num(in, 4) | (fuzz_num(in, 1) & 3) << 32;
	r->pc = fuzz_edge(in);
	r->pstate = program_state(in);
	r->x[fuzz_below(in, 31)] = fuzz_edge(in);
	fake_pcpu()->far = fuzz_edge(in);
	fake_pcpu()->hpfar = fuzz_num(in, 5);
	fake_pcpu()->el1.sctlr = fuzz_edge(in);
	fake_pcpu()->el1.tcr = fuzz_num(in, 8);
	par = fuzz_edge(in);
	verdict = exit_read(&fake.vcpu, &info);
	FUZZ_CHECK(verdict == EXIT_UP || verdict == EXIT_RETRY);
	check_decode(&info, r->esr);
	if (verdict != EXIT_UP)
		return;
	verdict = vcpu_exits[info.ec] ? vcpu_exits[info.ec](&fake.vcpu, &info) : EXIT_UP;
	FUZZ_CHECK(verdict <= EXIT_UP);
	give(verdict, &info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };

	prepare(&in);
	for (int n = 0; n < 32 && fuzz_more(&in); n++) {
		one_exit(&in);
		/* No register of EL2 is the guest's to change, nor its table. */
		FUZZ_CHECK((fake_pcpu()->hcr & HCR_VM) && fake_pcpu()->vttbr == group.vttbr);
		FUZZ_CHECK(vcpu_loaded() == &fake.vcpu);
		never_above_el1();
	}
	return 0;
}
