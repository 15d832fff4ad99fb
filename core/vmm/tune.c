/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/tune.h"

#include <errno.h>
#include <string.h>

#include "core/lib/number.h"
#include "core/sched.h"
#include "core/vmm/lifecycle.h"
#include "core/vmm/listing.h"
#include "vm/balloon.h"
#include "vm/vm.h"

#define AFFINITY "affinity="
#define BALLOON  "balloon="

/* Bytes: "128M". */
static bool parse_size(const char *text, uint64_t *size)
{
	static const char units[] = "KMG";
	const char *end = number_parse(text, size);
	const char *unit = end && *end ? strchr(units, *end) : NULL;
	unsigned int shift = unit ? 10 * (unsigned int)(unit - units + 1) : 0;

	if (!end || *size > UINT64_MAX >> shift || end[unit ? 1 : 0])
		return false;
	*size <<= shift;
	return true;
}

static int set_balloon(struct vm *vm, const char *text)
{
	uint64_t size;

	return parse_size(text, &size) ? vm_balloon_set(vm, size) : -ERANGE;
}

static int set_affinity(struct vm_config *cfg, enum config_policy policy, uint64_t in,
			const char *text)
{
	uint64_t set;

	/* A vCPU under pinned owns its pCPU. */
	if (policy == POLICY_PINNED)
		return -ENOTSUP;
	if (!list_parse_set(text, &set) || (set & ~in))
		return -ERANGE;
	for (uint32_t i = 0; i < cfg->nr_vcpus; i++)
		cfg->cpus[i] = set;
	return 0;
}

static int parse(struct vm_config *cfg, uint32_t pool, const char *word)
{
	enum config_policy policy = 0;
	const char *end, *is = strchr(word, '=');
	uint64_t v;

	while (strcmp(config_policy_name(policy), sched_pool_policy(pool)) != 0)
		policy++;
	if (strncmp(word, AFFINITY, strlen(AFFINITY)) == 0)
		return set_affinity(cfg, policy, sched_pool_cpus(pool), is + 1);
	end = is ? number_parse(is + 1, &v) : NULL;
	return !end || *end ? -ERANGE :
			      config_tune(cfg, policy, word, (size_t)(is - word), v);
}

static int apply(struct vm *vm)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < vm->nr_vcpus; i++)
		err = vm_sched_vcpu(&vm->vcpus[i], vm->host->cpus(vm->cfg, i));
	return err == -EINVAL ? -ERANGE : err;
}

static int tune(struct vm *vm, int nr, char **words, const char **wrong)
{
	static struct vm_config was;         /* the shell's thread alone tunes */
	/* Nobody reads these keys while the VM is there. */
	struct vm_config *cfg = (struct vm_config *)vm->cfg;
	uint32_t pool = sched_pool_of(vm->vcpus[0].thread.cpu);
	const char *balloon = NULL;
	int err = 0;

	was = *cfg;
	for (int i = 0; !err && i < nr; i++) {
		*wrong = words[i];
		/* It comes last, when all else is done. */
		if (strncmp(words[i], BALLOON, strlen(BALLOON)) == 0)
			balloon = words[i];
		else
			err = parse(cfg, pool, words[i]);
	}
	if (!err)
		err = apply(vm);
	if (!err && balloon) {
		*wrong = balloon;
		err = set_balloon(vm, balloon + strlen(BALLOON));
	}
	if (err) {
		*cfg = was;
		apply(vm);
	}
	return err;
}

int tune_vm(uint32_t idx, int nr, char **words, const char **wrong)
{
	struct vm *vm = vmm_vm_get(idx);
	int err;

	if (!vm)
		return -ENODEV;
	err = tune(vm, nr, words, wrong);
	vmm_vm_put(idx);
	return err;
}
