/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/trng.h"

#include <string.h>
#include "vm/vm.h"

#define TRNG_FN_RND     3
#define TRNG_REGS       3           /* x1 to x3 carry the bits, x3 the lowest  */

/* 1f6d5a3e-0c84-4c1b-9a57-e2b6c07d9341; word 0 must not look like an error. */
static const uint32_t trng_uuid[4] = { 0x3e5a6d1f, 0x1b4c840c, 0xb6e2579a, 0x41937dc0 };

/* Without true entropy there is no such service at all. */
static bool trng_there(struct vcpu *v, struct arch_gpregs *r)
{
	if (drbg_is_seeded(&v->vm->rng))
		return true;
	smccc_return(r, TRNG_NOT_SUPPORTED);
	return false;
}

static enum exit_verdict trng_version(struct vcpu *v, struct arch_gpregs *r)
{
	if (trng_there(v, r))
		r->x[0] = TRNG_VERSION_1_0;
	return EXIT_DONE;
}

static enum exit_verdict trng_features(struct vcpu *v, struct arch_gpregs *r)
{
	uint32_t fid = (uint32_t)r->x[1];
	uint32_t fn = (uint32_t)bits_get(SMCCC_FN, fid) - TRNG_FN_BASE;
	const struct smccc_fn *row = &trng_fns[fn < TRNG_NR_FNS ? fn : 0];
	bool wide = fid & SMCCC_SMC64;

	if (!trng_there(v, r))
		return EXIT_DONE;
	if (fn >= TRNG_NR_FNS || !(wide ? row->smc64 : row->smc32) ||
	    (fid & ~(SMCCC_FN | SMCCC_SMC64)) != SMCCC_FID32(SMCCC_OWNER_STD, 0))
		smccc_return(r, TRNG_NOT_SUPPORTED);
	else
		smccc_return(r, TRNG_SUCCESS);
	return EXIT_DONE;
}

static enum exit_verdict trng_get_uuid(struct vcpu *v, struct arch_gpregs *r)
{
	if (!trng_there(v, r))
		return EXIT_DONE;
	for (int i = 0; i < 4; i++)
		r->x[i] = trng_uuid[i];
	return EXIT_DONE;
}

/* Bits as 'word' of word_bits each, lowest in x3; unused ones are zero. */
static enum exit_verdict trng_rnd(struct vcpu *v, struct arch_gpregs *r, uint64_t bits,
				  unsigned int word_bits)
{
	uint64_t words[TRNG_REGS], fresh;

	if (!trng_there(v, r))
		return EXIT_DONE;
	if (bits == 0 || bits > TRNG_REGS * word_bits) {
		smccc_return(r, TRNG_INVALID_PARAMETERS);
		return EXIT_DONE;
	}
	if (v->vm->host->entropy && v->vm->host->entropy(&fresh))
		drbg_seed(&v->vm->rng, &fresh, sizeof(fresh), true);
	if (drbg_fill(&v->vm->rng, words, sizeof(words))) {
		smccc_return(r, TRNG_NO_ENTROPY);
		return EXIT_DONE;
	}
	for (int i = 0; i < TRNG_REGS; i++) {
		uint64_t here = MIN(bits, word_bits);

		r->x[TRNG_REGS - i] = here ? words[i] & BITS(here - 1, 0) : 0;
		bits -= here;
	}
	memset(words, 0, sizeof(words));
	smccc_return(r, TRNG_SUCCESS);
	return EXIT_DONE;
}

static enum exit_verdict trng_rnd32(struct vcpu *v, struct arch_gpregs *r)
{
	return trng_rnd(v, r, (uint32_t)r->x[1], 32);
}

static enum exit_verdict trng_rnd64(struct vcpu *v, struct arch_gpregs *r)
{
	return trng_rnd(v, r, r->x[1], 64);
}

const struct smccc_fn trng_fns[TRNG_NR_FNS] = {
	{ trng_version,  NULL },
	{ trng_features, NULL },
	{ trng_get_uuid, NULL },
	[TRNG_FN_RND] = { trng_rnd32, trng_rnd64 },
};
