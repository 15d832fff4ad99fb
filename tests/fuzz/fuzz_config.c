/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the packed configuration. Of a VM that is accepted all that the
 * floors above rely on is looked at again, by code that knows nothing of the checks.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include "core/lib/bits.h"
#include "tests/host/newc_maker.h"
#include "vm/bundle.h"
#include "vm/config.h"

#define MIB UINT64_C(0x100000)

/* In the seeds' bundles too. */
static const char *const files[] = { "kernel", "initrd", "guest.dtb" };

static const struct config_range ram[] = {
	{ "RAM", 0x40000000, 1024 * MIB }, { "RAM", 0x100000000, 1024 * MIB },
};
static const struct config_range taken[] = {
	{ "the hypervisor", 0x40000000, 4 * MIB }, { "the bundle", 0x48000000, 16 * MIB },
};
static const struct board_limits board = {
	.cpus = 0xff, .mem_size = 1536 * MIB, .ipa_bits = 40,
	.ram = ram, .nr_ram = ARRAY_SIZE(ram), .taken = taken, .nr_taken = ARRAY_SIZE(taken),
};

static struct system_config cfg;
static struct bundle bundle;

static void make_bundle(void)
{
	static struct newc_maker m;

	if (m.buf)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		newc_add(&m, files[i], "0123456789abcdef", 16);
	newc_end(&m);
	FUZZ_CHECK(bundle_open(&bundle, m.buf, m.size) == 0);
}

struct range {
	uint64_t base, size;
};

static uint32_t ranges_of(const struct vm_config *vm, struct range *r)
{
	const struct config_device *devs[] = { &vm->pl011, &vm->pl031, &vm->pl061, &vm->stolen,
					       &vm->mailbox };
	uint32_t n = 0;

	for (uint32_t i = 0; i < vm->nr_regions; i++)
		r[n++] = (struct range){ vm->regions[i].ipa.v, vm->regions[i].size };
	r[n++] = (struct range){ vm->gicd_base, CONFIG_GICD_SIZE };
	r[n++] = (struct range){ vm->gicr_base, vm->nr_vcpus * CONFIG_GICR_STRIDE };
	for (size_t i = 0; i < ARRAY_SIZE(devs); i++)
		if (devs[i]->present)
			r[n++] = (struct range){ devs[i]->base, CONFIG_DEVICE_SIZE };
	if (vm->watchdog.present) {
		r[n++] = (struct range){ vm->watchdog.refresh, CONFIG_DEVICE_SIZE };
		r[n++] = (struct range){ vm->watchdog.control, CONFIG_DEVICE_SIZE };
	}
	return n;
}

static void ranges_are_apart(const struct vm_config *vm)
{
	struct range r[CONFIG_MAX_REGIONS + 16];
	uint32_t nr = ranges_of(vm, r);

	for (uint32_t i = 0; i < nr; i++) {
		FUZZ_CHECK(r[i].size && !(r[i].base & 0xfff) && !(r[i].size & 0xfff));
		FUZZ_CHECK(r[i].base + r[i].size > r[i].base);
		FUZZ_CHECK(r[i].base + r[i].size <= BIT(board.ipa_bits));
		for (uint32_t j = 0; j < i; j++)
			FUZZ_CHECK(r[i].base + r[i].size <= r[j].base ||
				   r[j].base + r[j].size <= r[i].base);
	}
}

/* What a linear region takes of the board, it takes alone. */
static void linear_is_alone(uint32_t idx, const struct config_region *l)
{
	bool inside = false;

	for (size_t i = 0; i < ARRAY_SIZE(ram); i++)
		inside |= l->pa.v >= ram[i].base && l->size <= ram[i].size &&
			  l->pa.v - ram[i].base <= ram[i].size - l->size;
	FUZZ_CHECK(inside && !(l->pa.v & 0xfff));
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		FUZZ_CHECK(l->pa.v + l->size <= taken[i].base ||
			   taken[i].base + taken[i].size <= l->pa.v);
	for (uint32_t v = 0; v < idx; v++) {
		const struct vm_config *vm = &cfg.vms[v];

		for (uint32_t i = 0; !vm->refused[0] && i < vm->nr_regions; i++) {
			const struct config_region *o = &vm->regions[i];

			FUZZ_CHECK(o->backend != BACKEND_LINEAR ||
				   o->pa.v + o->size <= l->pa.v || l->pa.v + l->size <= o->pa.v);
		}
	}
}

static void spis_are_apart(const struct vm_config *vm)
{
	const uint32_t spi[] = {
		vm->pl011.present ? vm->pl011.spi : CONFIG_NO_SPI,
		vm->pl031.present ? vm->pl031.spi : CONFIG_NO_SPI,
		vm->pl061.present ? vm->pl061.spi : CONFIG_NO_SPI,
		vm->watchdog.present ? vm->watchdog.spi : CONFIG_NO_SPI,
	};

	for (size_t i = 0; i < ARRAY_SIZE(spi); i++) {
		FUZZ_CHECK(spi[i] == CONFIG_NO_SPI || spi[i] < CONFIG_MAX_SPI);
		for (size_t j = 0; j < i; j++)
			FUZZ_CHECK(spi[i] == CONFIG_NO_SPI || spi[i] != spi[j]);
	}
}

static uint64_t check_vm(uint32_t idx)
{
	const struct vm_config *vm = &cfg.vms[idx];
	const struct pool_config *pool = &cfg.pools[vm->pool];
	struct bundle_file f;
	uint64_t sum = 0;

	FUZZ_CHECK(memchr(vm->name, 0, sizeof(vm->name)) && vm->name[0]);
	FUZZ_CHECK(vm->nr_vcpus >= 1 && vm->nr_vcpus <= CONFIG_MAX_VCPUS);
	FUZZ_CHECK(vm->nr_regions >= 1 && vm->nr_regions <= CONFIG_MAX_REGIONS);
	FUZZ_CHECK(vm->pool < cfg.nr_pools && !pool->refused[0] && vm->pool_name);
	FUZZ_CHECK(strlen(vm->cmdline) < CONFIG_CMDLINE_LEN);
	FUZZ_CHECK(bundle_lookup(&bundle, vm->kernel.file, &f) == 0);
	FUZZ_CHECK(!vm->initrd.file || bundle_lookup(&bundle, vm->initrd.file, &f) == 0);
	FUZZ_CHECK(!vm->dtb.file || bundle_lookup(&bundle, vm->dtb.file, &f) == 0);
	for (uint32_t i = 0; i < vm->nr_vcpus; i++) {
		FUZZ_CHECK(!(vm->cpus[i] & ~pool->cpus));
		FUZZ_CHECK(vm->home[i] <= CONFIG_MAX_PCPUS);
		FUZZ_CHECK(!vm->home[i] || (pool->cpus & BIT(vm->home[i] - 1)));
	}
	for (uint32_t i = 0; i < idx; i++)
		FUZZ_CHECK(cfg.vms[i].refused[0] || (strcmp(cfg.vms[i].name, vm->name) != 0 &&
						     cfg.vms[i].id != vm->id));
	ranges_are_apart(vm);
	spis_are_apart(vm);
	for (uint32_t i = 0; i < vm->nr_regions; i++) {
		if (vm->regions[i].backend == BACKEND_LINEAR)
			linear_is_alone(idx, &vm->regions[i]);
		else if (vm->regions[i].backend == BACKEND_EAGER)
			sum += vm->regions[i].size;
	}
	return sum;
}

static void check_pools(void)
{
	uint64_t seen = 0;

	FUZZ_CHECK(cfg.nr_pools >= 1 && cfg.nr_pools <= CONFIG_MAX_POOLS);
	for (uint32_t i = 0; i < cfg.nr_pools; i++) {
		const struct pool_config *p = &cfg.pools[i];

		if (p->refused[0])
			continue;
		FUZZ_CHECK(!(p->cpus & (seen | ~board.cpus)) && p->policy <= POLICY_PARTITION);
		FUZZ_CHECK(p->nr_windows <= CONFIG_MAX_WINDOWS);
		seen |= p->cpus;
		for (uint32_t w = 1; w < p->nr_windows; w++)
			FUZZ_CHECK(p->windows[w].start_us >= p->windows[w - 1].start_us +
				   p->windows[w - 1].duration_us);
	}
}

static void check_all(int accepted)
{
	uint64_t sum = 0;
	int nr = 0;

	check_pools();
	FUZZ_CHECK(cfg.nr_vms <= CONFIG_MAX_VMS);
	for (uint32_t i = 0; i < cfg.nr_vms; i++) {
		FUZZ_CHECK(memchr(cfg.vms[i].refused, 0, CONFIG_REASON_LEN));
		if (cfg.vms[i].refused[0])
			continue;
		sum += check_vm(i);
		nr++;
	}
	FUZZ_CHECK(nr == accepted && sum <= board.mem_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(data, size);

	make_bundle();
	memset(&cfg, 0, sizeof(cfg));
	if (config_parse(&cfg, copy, size) == 0) {
		int accepted = config_check(&cfg, &board, &bundle);

		if (accepted > 0)
			check_all(accepted);
		else
			FUZZ_CHECK(accepted == -EINVAL && cfg.error[0]);
	} else {
		FUZZ_CHECK(cfg.error[0]);
	}
	FUZZ_CHECK(memchr(cfg.error, 0, sizeof(cfg.error)));
	free(copy);
	return 0;
}
