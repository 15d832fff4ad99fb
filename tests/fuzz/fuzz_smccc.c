/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any calls by HVC and SMC, from all vCPUs: PSCI, TRNG, discovery, and everything that
 * nobody knows. Only registers 0 to 3 change, and whoever is turned on starts as asked.
 */
#include "tests/fuzz/fuzz.h"

#include "core/lib/bits.h"
#include "tests/host/vm_fixture.h"
#include "vm/psci.h"
#include "vm/smccc.h"

static struct fuzz_in *from;
static unsigned int orders, forwarded;

void thread_request(struct thread *t, uint32_t bits)
{
	FUZZ_CHECK(bits == THREAD_REQ_VCPU && vcpu_of(t)->idx < FIXTURE_VCPUS);
}

void vcpu_stolen_asked(struct vcpu *v)
{
	FUZZ_CHECK(v->idx < FIXTURE_VCPUS);
}

bool vm_order(struct vm *vm, enum vm_order order)
{
	FUZZ_CHECK(vm == &fixture_vm && (order == VM_ORDER_OFF || order == VM_ORDER_RESET));
	return orders++ == 0;
}

static int32_t firmware_feature(uint32_t fid)
{
	return (int32_t)fuzz_num(from, 1) - (int32_t)(fid & 1);
}

/* Workarounds only: nothing else ever reaches the firmware. */
static void firmware_call(uint32_t fid)
{
	FUZZ_CHECK(fid == SMCCC_WORKAROUND_1 || fid == SMCCC_WORKAROUND_2 ||
		   fid == SMCCC_WORKAROUND_3);
	forwarded++;
}

static bool vendor_call(struct vm *vm, uint64_t *x)
{
	FUZZ_CHECK(vm == &fixture_vm);
	for (int i = 0; i < 8; i++)
		x[i] ^= 0x5555;
	return fuzz_num(from, 1) & 1;
}

static bool entropy(uint64_t *out)
{
	*out = fuzz_num(from, 8);
	return fuzz_num(from, 1) & 1;
}

static uint64_t function(struct fuzz_in *in)
{
	static const uint32_t owners[] = { 0, 4, 4, 4, 5, 6, 6, 0x3f };
	uint32_t owner = owners[fuzz_below(in, ARRAY_SIZE(owners))], fn;
	uint8_t how = (uint8_t)fuzz_num(in, 1);

	if ((how & 7) == 0)
		return fuzz_num(in, 8);
	fn = how & 8 ? (uint32_t)fuzz_num(in, 2) : fuzz_below(in, 0x60);
	return how & 16 ? SMCCC_FID64(owner, fn) : SMCCC_FID32(owner, fn);
}

static uint64_t argument(struct fuzz_in *in)
{
	uint32_t how = fuzz_below(in, 8);

	if (how == 0)
		return function(in);
	if (how < 4)
		return vm_vcpu_mpidr(fuzz_below(in, FIXTURE_VCPUS + 2));
	return how < 6 ? CONFIG_RAM_BASE + fuzz_num(in, 3) : fuzz_edge(in);
}

static void one_call(struct fuzz_in *in)
{
	struct vcpu *v = &fixture_vcpus[fuzz_below(in, FIXTURE_VCPUS)];
	struct exit_info info = { .ec = EC_HVC64 };
	struct arch_gpregs before;
	enum exit_verdict verdict;
	uint32_t changes = 4;

	if (power_get(&fixture_vm.power[v->idx]) != POWER_ON)
		return;
	for (int i = 1; i < 5; i++)
		v->regs->x[i] = argument(in);
	v->regs->x[0] = function(in);
	info.iss = fuzz_below(in, 16) ? 0 : (uint32_t)fuzz_num(in, 2);
	if (fuzz_num(in, 1) & 1)
		info.ec = EC_SMC64;
	before = *v->regs;
	verdict = info.ec == EC_HVC64 ? exit_hvc64(v, &info) : exit_smc64(v, &info);
	FUZZ_CHECK(verdict <= EXIT_UP);
	if (info.iss)
		FUZZ_CHECK(verdict == (info.ec == EC_HVC64 ? EXIT_UP : EXIT_UNDEF));
	if (bits_get(SMCCC_OWNER, before.x[0]) == SMCCC_OWNER_VENDOR)
		changes = 8;
	FUZZ_CHECK(memcmp(&before.x[changes], &v->regs->x[changes],
			  sizeof(before) - changes * 8) == 0);
}

/* A vCPU that was turned on, as its own thread finds it. */
static void take(struct fuzz_in *in)
{
	uint32_t idx = fuzz_below(in, FIXTURE_VCPUS);
	struct power_start s;

	if (power_take(&fixture_vm.power[idx], &s))
		FUZZ_CHECK(vm_region(&fixture_vm, IPA(s.pc)) && !(s.pc & 3));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };

	from = &in;
	orders = forwarded = 0;
	fixture_reset();
	fixture_host.firmware_feature = firmware_feature;
	fixture_host.firmware_call = firmware_call;
	fixture_host.vendor_call = fuzz_num(&in, 1) & 1 ? vendor_call : NULL;
	fixture_host.entropy = fuzz_num(&in, 1) & 1 ? entropy : NULL;
	for (int n = 0; n < 64 && fuzz_more(&in); n++) {
		if (fuzz_below(&in, 4))
			one_call(&in);
		else
			take(&in);
	}
	return 0;
}
