/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMCCC DEN 0028 and TRNG DEN 0098. A machine without SMCCC 1.1 (QEMU's own firmware) skips.
 */
#include "lib/guest.h"
#include "lib/smccc.h"

static int64_t version(void)
{
	return (int32_t)hvc_call(SMCCC_VERSION, 0, 0, 0);
}

static int features(uint32_t fid)
{
	return (int32_t)hvc_call(SMCCC_ARCH_FEATURES, fid, 0, 0);
}

static void version_is_1_1_or_later(void)
{
	SKIP_UNLESS(version() != SMCCC_NOT_SUPPORTED, "SMCCC 1.0");
	CHECK(version() >= 0x10001 && version() < 0x20000, "SMCCC_VERSION 0x%lx", version());
	CHECK(psci_call(PSCI_FEATURES, SMCCC_VERSION, 0, 0) == 0, "PSCI_FEATURES(SMCCC_VERSION)");
}

static void arch_features_names_its_own(void)
{
	SKIP_UNLESS(version() != SMCCC_NOT_SUPPORTED, "SMCCC 1.0");
	CHECK_EQ(features(SMCCC_VERSION), 0, "SMCCC_VERSION");
	CHECK_EQ(features(SMCCC_ARCH_FEATURES), 0, "SMCCC_ARCH_FEATURES");
	CHECK_EQ(features(0x80003ffe), SMCCC_NOT_SUPPORTED, "nothing");
	CHECK_EQ(features(PSCI_VERSION), SMCCC_NOT_SUPPORTED, "a function of another service");
	CHECK_EQ(features(0xffffffff), SMCCC_NOT_SUPPORTED, "all ones");
}

/* A workaround is needed (0), not needed (1) or unknown (-1); when it can be called, it works. */
static void workarounds_answer(void)
{
	static const uint32_t calls[] = { SMCCC_ARCH_WORKAROUND_1, SMCCC_ARCH_WORKAROUND_2,
					  SMCCC_ARCH_WORKAROUND_3 };

	SKIP_UNLESS(version() != SMCCC_NOT_SUPPORTED, "SMCCC 1.0");
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		int rc = features(calls[i]);

		gprintf("workaround %08x: %d\n", calls[i], rc);
		CHECK(rc == 0 || rc == 1 || rc == -1 || rc == -2, "0x%x: %d", calls[i], rc);
		if (rc >= 0) {
			struct smccc s = { { calls[i], 1, 0x1111, 0x2222 } };

			CHECK_EQ(TRAPS(smccc_hvc(&s)), 0, "exceptions");
			CHECK_EQ(s.x[2], 0x1111, "x2 after a workaround");
			CHECK_EQ(s.x[3], 0x2222, "x3 after a workaround");
		}
	}
}

static bool has_trng(void)
{
	return (int32_t)hvc_call(TRNG_VERSION, 0, 0, 0) >= 0x10000;
}

static void trng_describes_itself(void)
{
	struct smccc s = { { TRNG_GET_UUID, 0, 0, 0 } };

	SKIP_UNLESS(has_trng(), "no TRNG");
	CHECK_EQ(psci_call(TRNG_FEATURES, TRNG_VERSION, 0, 0), 0, "TRNG_FEATURES(VERSION)");
	CHECK_EQ(psci_call(TRNG_FEATURES, TRNG_RND64, 0, 0), 0, "TRNG_FEATURES(RND64)");
	CHECK_EQ(psci_call(TRNG_FEATURES, TRNG_RND32, 0, 0), 0, "TRNG_FEATURES(RND32)");
	CHECK_EQ(psci_call(TRNG_FEATURES, 0x8400005f, 0, 0), SMCCC_NOT_SUPPORTED,
		 "TRNG_FEATURES of nothing");
	smccc_hvc(&s);
	CHECK((int32_t)s.x[0] != -1, "TRNG_GET_UUID");
	CHECK(s.x[0] | s.x[1] | s.x[2] | s.x[3], "the UUID is 0");
}

/* Bits come in x3, x2, x1, the lowest first; those above the number asked for are 0. */
static void trng_gives_the_bits_asked_for(void)
{
	static const unsigned int nr[] = { 1, 31, 63, 64, 65, 127, 128, 129, 191, 192 };
	uint64_t ones[3] = { 0 };

	SKIP_UNLESS(has_trng(), "no TRNG");
	for (unsigned int i = 0; i < ARRAY_SIZE(nr) * 16; i++) {
		unsigned int n = nr[i / 16];
		struct smccc s = { { TRNG_RND64, n, 0, 0 } };

		smccc_hvc(&s);
		if ((int64_t)s.x[0] == TRNG_NO_ENTROPY)
			continue;
		CHECK_EQ(s.x[0], 0, "TRNG_RND64");
		for (unsigned int w = 0; w < 3; w++) {
			uint64_t v = s.x[3 - w], top = n >= (w + 1) * 64 ? ~0ul :
					n <= w * 64 ? 0 : (1ul << (n - w * 64)) - 1;

			CHECK(!(v & ~top), "%u bits: word %u is 0x%lx", n, w, v);
			ones[w] |= v;
		}
	}
	CHECK(ones[0] == ~0ul && ones[2] == ~0ul, "bits never set: 0x%lx 0x%lx", ~ones[0],
	      ~ones[2]);
}

static void trng_refuses_wrong_sizes(void)
{
	SKIP_UNLESS(has_trng(), "no TRNG");
	CHECK_EQ(psci_call(TRNG_RND64, 0, 0, 0), TRNG_INVALID_PARAMETERS, "0 bits");
	CHECK_EQ(psci_call(TRNG_RND64, 193, 0, 0), TRNG_INVALID_PARAMETERS, "193 bits");
	CHECK_EQ(psci_call(TRNG_RND32, 97, 0, 0), TRNG_INVALID_PARAMETERS, "97 bits, 32-bit call");
	CHECK_EQ(psci_call(TRNG_RND64, ~0ul, 0, 0), TRNG_INVALID_PARAMETERS, "all ones");
}

static void vendor_uid_is_whole_or_absent(void)
{
	struct smccc s = { { SMCCC_VENDOR_HYP_UID, 0, 0, 0 } };

	smccc_hvc(&s);
	gprintf("vendor UID %08lx %08lx %08lx %08lx\n", s.x[0], s.x[1], s.x[2], s.x[3]);
	if ((int32_t)s.x[0] == SMCCC_NOT_SUPPORTED)
		return;
	for (unsigned int i = 0; i < 4; i++)
		CHECK_EQ(s.x[i] >> 32, 0, "upper half of a UID register");
}

static void smc_serves_the_same(void)
{
	struct smccc s = { { SMCCC_VERSION, 0, 0, 0 } };

	SKIP_UNLESS(smc_available(), "no EL3 behind SMC");
	smccc_smc(&s);
	CHECK_EQ((int32_t)s.x[0], version(), "SMCCC_VERSION by SMC");
}

/* Nothing a guest asks by a secure service's number reaches one. */
static void services_of_others_are_not_reachable(void)
{
	static const uint32_t calls[] = { 0x82000000, 0xc2000000, 0x83000000, 0xc3000000,
		0xb2000000, 0xb2000004, 0xbf00ff00, 0xbf00ff03, 0x8400002a, 0x84000063, 0xc4000061,
		0x84000110, 0x85000000, 0x80000001 + 0x3000 };

	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		struct smccc s = { { calls[i], 0, 0, 0 } };

		smccc_hvc(&s);
		CHECK((int32_t)s.x[0] == SMCCC_NOT_SUPPORTED, "HVC 0x%x: 0x%lx", calls[i], s.x[0]);
		if (!smc_available())
			continue;
		s = (struct smccc){ { calls[i], 0, 0, 0 } };
		smccc_smc(&s);
		CHECK((int32_t)s.x[0] == SMCCC_NOT_SUPPORTED, "SMC 0x%x: 0x%lx", calls[i], s.x[0]);
	}
}

GUEST_CASES(
	CASE(version_is_1_1_or_later),
	CASE(arch_features_names_its_own),
	CASE(workarounds_answer),
	CASE(trng_describes_itself),
	CASE(trng_gives_the_bits_asked_for),
	CASE(trng_refuses_wrong_sizes),
	CASE(vendor_uid_is_whole_or_absent),
	CASE(smc_serves_the_same),
	CASE(services_of_others_are_not_reachable));
