/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/fdt_sound.h"
#include "core/lib/bits.h"
#include "vm/config_channels.h"
#include "vm/config_keys.h"
#include "vm/config_net.h"
#include "vm/config_pools.h"
#include "vm/config_virtio.h"

/*
 * The packed form: the root holds the system's keys, /vms one node per VM, its
 * name the VM's name, /pools one per pool of pCPUs, /channels one per
 * channel. Every node has a table of what it may hold.
 */
static const char *const words_all_off[] = { "poweroff", "shell", NULL };
static const char *const words_action[]  = { "stop", "restart", "pause", "shutdown-machine",
					     NULL };
static const char *const words_image[]   = { "auto", "raw", "image", "elf", NULL };
static const char *const words_backend[] = { "eager", "touch", "linear", NULL };

static const char *const words_dma[]     = { "refused", "unprotected", NULL };
static const char *const words_irqs[]    = { "virtual", "direct", NULL };

static const struct config_key system_keys[] = {
	KEY_ELSEWHERE("compatible"),
	KEY_ELSEWHERE("version"),
	KEY_WORDS("when-all-off", struct system_config, when_all_off, words_all_off),
	KEY_NUM("escape-key", struct system_config, escape_key, 0, UINT32_MAX),
	KEY_NUM("housekeeping", struct system_config, housekeeping, 0, CONFIG_MAX_PCPUS - 1),
	KEY("scrub-at-boot", KEY_BOOL, struct system_config, scrub_at_boot),
	KEY_END,
};

/* What only some policies read. */
#define FOR_PRIO  (BIT(POLICY_FIFO) | BIT(POLICY_RR) | BIT(POLICY_PARTITION))
#define FOR_SLICE (BIT(POLICY_RR) | BIT(POLICY_FAIR) | BIT(POLICY_PARTITION) | BIT(POLICY_EDF))
#define KEY_SCHED(n, field, min, max, policies) \
	KEY_RANGE(n, KEY_U32, struct vm_config, field, min, max, policies)

static const struct config_key vm_keys[] = {
	KEY_NUM("id",    struct vm_config, id, 0, UINT32_MAX),
	KEY_NUM("vcpus", struct vm_config, nr_vcpus, 1, CONFIG_MAX_VCPUS),
	KEY("cpus",      KEY_CPUS,   struct vm_config, cpus),
	KEY("pool",      KEY_STRING, struct vm_config, pool_name),
	KEY("cmdline",   KEY_STRING, struct vm_config, cmdline),
	KEY("autostart", KEY_BOOL,   struct vm_config, autostart),
	KEY_SCHED("priority",    priority, 1, CONFIG_MAX_PRIORITY, FOR_PRIO),
	KEY_SCHED("slice-us",    slice_us, 0, CONFIG_MAX_SLICE_US, FOR_SLICE),
	KEY_SCHED("weight",      weight, 1, CONFIG_MAX_WEIGHT, BIT(POLICY_FAIR)),
	KEY_SCHED("cap",         cap, 0, 100, BIT(POLICY_FAIR)),
	KEY_SCHED("reservation", reservation, 0, 100, BIT(POLICY_FAIR)),
	KEY_SCHED("budget-us",   budget_us, CONFIG_MIN_BUDGET_US, CONFIG_MAX_FRAME_US,
		  BIT(POLICY_EDF)),
	KEY_SCHED("period-us",   period_us, CONFIG_MIN_PERIOD_US, CONFIG_MAX_FRAME_US,
		  BIT(POLICY_EDF)),
	KEY_WORDS("on-crash",    struct vm_config, on_crash,    words_action),
	KEY_WORDS("on-reboot",   struct vm_config, on_reboot,   words_action),
	KEY_WORDS("on-watchdog", struct vm_config, on_watchdog, words_action),
	KEY_NUM("restart-limit", struct vm_config, restart_limit, 0, CONFIG_MAX_RESTARTS),
	KEY_NUM("restart-backoff-us", struct vm_config, restart_backoff_us, 0, CONFIG_MAX_WAIT_US),
	KEY_NUM("stop-timeout-us", struct vm_config, stop_timeout_us, 0, CONFIG_MAX_WAIT_US),
	KEY_NUM("console-log", struct vm_config, log_size, 0, CONFIG_MAX_LOG_SIZE),
	KEY("devices",   KEY_LIST,   struct vm_config, devices),
	KEY_WORDS("dma", struct vm_config, dma, words_dma),
	/* The last: without a name it ends the table. */
	KEY_WORDS_FOR(CONFIG_DIRECT ? "interrupts" : NULL, struct vm_config, interrupts,
		      CONFIG_DIRECT ? words_irqs : NULL, BIT(POLICY_PINNED)),
	KEY_END,
};

static const struct config_key region_keys[] = {
	KEY("ipa",    KEY_U64,    struct config_region, ipa),
	KEY("size",   KEY_U64,    struct config_region, size),
	KEY("pa",     KEY_U64,    struct config_region, pa),
	KEY("access", KEY_ACCESS, struct config_region, access),
	KEY_WORDS("backend", struct config_region, backend, words_backend),
	KEY_END,
};

static const struct config_key kernel_keys[] = {
	KEY("file",  KEY_STRING, struct vm_config, kernel.file),
	KEY("load",  KEY_U64,    struct vm_config, kernel.load),
	KEY("entry", KEY_U64,    struct vm_config, kernel_entry),
	KEY_WORDS("type", struct vm_config, kernel_type, words_image),
	KEY_END,
};

static const struct config_key file_keys[] = {
	KEY("file", KEY_STRING, struct config_file, file),
	KEY("load", KEY_U64,    struct config_file, load),
	KEY_END,
};

static const struct config_key gic_keys[] = {
	KEY("gicd", KEY_U64, struct vm_config, gicd_base),
	KEY("gicr", KEY_U64, struct vm_config, gicr_base),
	KEY_END,
};

/* From the second on: of a device without an interrupt. */
static const struct config_key device_keys[] = {
	KEY_NUM("spi", struct config_device, spi, 0, CONFIG_MAX_SPI - 1),
	KEY("enabled", KEY_BOOL, struct config_device, present),
	KEY("base",    KEY_U64,  struct config_device, base),
	KEY_END,
};

static const struct config_key watchdog_keys[] = {
	KEY("enabled", KEY_BOOL, struct config_watchdog, present),
	KEY("refresh", KEY_U64,  struct config_watchdog, refresh),
	KEY("control", KEY_U64,  struct config_watchdog, control),
	KEY_NUM("spi", struct config_watchdog, spi, 0, CONFIG_MAX_SPI - 1),
	KEY_END,
};

static const struct config_key manage_keys[] = {
	KEY("list",    KEY_U64, struct vm_config, manage_list),
	KEY("control", KEY_U64, struct vm_config, manage_control),
	KEY_END,
};

/* A section of a VM: the children its node may have. */
struct section {
	const char *name;              /* "memory" also stands for "memory-1", ... */
	const struct config_key *keys;
	size_t offset;                 /* of what the keys' offsets count from    */
};

static const struct section vm_sections[] = {
	{ "memory",  region_keys, offsetof(struct vm_config, regions) },
	{ "kernel",  kernel_keys, 0 },
	{ "initrd",  file_keys,   offsetof(struct vm_config, initrd) },
	{ "dtb",     file_keys,   offsetof(struct vm_config, dtb) },
	{ "gic",     gic_keys,    0 },
	{ "console", device_keys, offsetof(struct vm_config, pl011) },
	{ "rtc",     device_keys, offsetof(struct vm_config, pl031) },
	{ "power-key", device_keys, offsetof(struct vm_config, pl061) },
	{ "watchdog", watchdog_keys, offsetof(struct vm_config, watchdog) },
	{ "stolen-time", &device_keys[1], offsetof(struct vm_config, stolen) },
	{ "manage", manage_keys, 0 },
	{ "mailbox", &device_keys[1], offsetof(struct vm_config, mailbox) },
};

/* --- one node ----------------------------------------------------------- */

/* Room for one more region, sorted in later; NULL when there are too many. */
static struct config_region *region_add(struct vm_config *vm)
{
	struct config_region *r;

	if (vm->nr_regions == CONFIG_MAX_REGIONS)
		return NULL;
	r = &vm->regions[vm->nr_regions++];
	*r = (struct config_region){
		.access = CONFIG_ACCESS_R | CONFIG_ACCESS_W | CONFIG_ACCESS_X,
	};
	return r;
}

static int parse_child(struct config_parser *p, const uint32_t *node, struct system_config *cfg,
		       struct vm_config *vm)
{
	const struct section *c = NULL;
	void *base;
	int kind;

	p->node = fdt_name(node);
	for (size_t i = 0; i < ARRAY_SIZE(vm_sections) && !c; i++)
		if (config_section_is(p->node, vm_sections[i].name,
				      vm_sections[i].keys == region_keys))
			c = &vm_sections[i];
	kind = config_virtio_kind(p->node);
	if (kind >= 0)
		return config_virtio_parse(p, node, cfg, vm, (enum config_virtio_kind)kind);
	if (config_section_is(p->node, "ivc", false))
		return config_ivc_parse(p, node, vm);
	if (!c)
		return config_refuse(p, "", "no such section");
	base = c->keys == region_keys ? (void *)region_add(vm) : (char *)vm + c->offset;
	if (!base)
		return config_refuse(p, "", "more than %d memory regions", CONFIG_MAX_REGIONS);
	if (fdt_child(node))
		return config_refuse(p, "", "a section inside a section");
	return config_keys_parse(p, node, c->keys, base);
}

static void sort_regions(struct vm_config *vm)
{
	for (uint32_t i = 1; i < vm->nr_regions; i++) {
		struct config_region r = vm->regions[i];
		uint32_t j = i;

		for (; j > 0 && vm->regions[j - 1].ipa.v > r.ipa.v; j--)
			vm->regions[j] = vm->regions[j - 1];
		vm->regions[j] = r;
	}
}

static void vm_defaults(struct vm_config *vm, uint32_t id)
{
	memset(vm, 0, sizeof(*vm));
	vm->id = id;
	vm->nr_vcpus = 1;
	vm->kernel.load = CONFIG_ADDR_AUTO;
	vm->kernel_entry = CONFIG_ADDR_AUTO;
	vm->initrd.load = CONFIG_ADDR_AUTO;
	vm->dtb.load = CONFIG_ADDR_AUTO;
	vm->cmdline = "";
	vm->gicd_base = CONFIG_GICD_BASE;
	vm->gicr_base = CONFIG_GICR_BASE;
	vm->pl011 = (struct config_device){ true, CONFIG_PL011_BASE, CONFIG_PL011_SPI };
	vm->pl031 = (struct config_device){ true, CONFIG_PL031_BASE, CONFIG_PL031_SPI };
	vm->pl061 = (struct config_device){ true, CONFIG_PL061_BASE, CONFIG_PL061_SPI };
	vm->watchdog = (struct config_watchdog){ false, CONFIG_WDT_REFRESH, CONFIG_WDT_CONTROL,
						 CONFIG_WDT_SPI };
	vm->stolen = (struct config_device){ true, CONFIG_STOLEN_BASE, CONFIG_NO_SPI };
	vm->mailbox = (struct config_device){ false, CONFIG_MAILBOX_BASE, CONFIG_NO_SPI };
	vm->autostart = true;
	vm->on_crash = ACTION_STOP;
	vm->on_reboot = ACTION_RESTART;
	vm->on_watchdog = ACTION_RESTART;
	vm->restart_limit = CONFIG_DEFAULT_RESTARTS;
	vm->restart_backoff_us = CONFIG_DEFAULT_BACKOFF_US;
	vm->stop_timeout_us = CONFIG_DEFAULT_STOP_US;
	vm->log_size = CONFIG_DEFAULT_LOG_SIZE;
	vm->pool_name = CONFIG_POOL_DEFAULT;
	vm->weight = CONFIG_DEFAULT_WEIGHT;
	vm->priority = CONFIG_DEFAULT_PRIORITY;
	vm->slice_us = CONFIG_DEFAULT_SLICE_US;
}

/* One mask is for all vCPUs; more must be as many as there are vCPUs. */
static int cpus_count_ok(const struct config_parser *p, const uint32_t *node,
			 const struct vm_config *vm)
{
	const uint32_t *prop = fdt_prop_find(p->dtb, node, "cpus");
	uint32_t nr = prop ? fdt_be(prop + 1) / 8 : 1;

	if (nr == 1 || nr == vm->nr_vcpus)
		return 0;
	return config_refuse(p, "cpus", "%u masks for %u vCPUs", (unsigned int)nr,
			     (unsigned int)vm->nr_vcpus);
}

int config_tune(struct vm_config *vm, enum config_policy policy, const char *name, size_t len,
		uint64_t value)
{
	for (const struct config_key *k = vm_keys; k->name; k++) {
		if (!k->policies || k->kind != KEY_U32 || strncmp(k->name, name, len) != 0 ||
		    (k->name[len] && strcmp(k->name + len, "-us") != 0))
			continue;
		if (!(k->policies & BIT(policy)))
			return -ENOTSUP;
		if (value < k->min || value > k->max)
			return -ERANGE;
		*(uint32_t *)((char *)vm + k->offset) = (uint32_t)value;
		return 0;
	}
	return -ENOENT;
}

/* A key was given that nothing would read. */
struct idle_key {
	const char *key;
	bool idle;
	const char *why;
};

static bool given(uint64_t keys, const char *name)
{
	for (uint32_t i = 0; vm_keys[i].name; i++)
		if (strcmp(vm_keys[i].name, name) == 0)
			return keys & BIT(i);
	return false;
}

static int policy_reads(const struct config_parser *p, const struct pool_config *pool)
{
	for (uint32_t i = 0; vm_keys[i].name; i++)
		if ((*p->given & BIT(i)) && vm_keys[i].policies &&
		    !(vm_keys[i].policies & BIT(pool->policy)))
			return config_refuse(p, vm_keys[i].name, "policy %s of pool %s does not "
					     "read it", config_policy_name(pool->policy),
					     pool->name);
	return 0;
}

/* No key is accepted and ignored: sections and policy are known now. */
static int all_read(const struct config_parser *p, const struct vm_config *vm)
{
	uint64_t keys = *p->given;
	bool edf = given(keys, "budget-us"), restarts = vm->on_crash == ACTION_RESTART ||
		   (vm->watchdog.present && vm->on_watchdog == ACTION_RESTART);
	const struct idle_key list[] = {
		{ "slice-us", edf, "not with a budget" },
		{ "budget-us", !given(keys, "period-us"), "without a period" },
		{ "period-us", !edf, "without a budget" },
		{ "on-watchdog", !vm->watchdog.present, "there is no watchdog" },
		{ "restart-limit", !restarts, "nothing restarts it" },
		{ "restart-backoff-us", !restarts, "nothing restarts it" },
		{ "stop-timeout-us", !vm->pl061.present, "there is no power key" },
		{ "console-log", !vm->pl011.present, "there is no console" },
		{ "devices", !CONFIG_PASSTHROUGH, "left out of this build" },
		{ "dma", !vm->devices.len, "there are no devices" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		if (list[i].idle && given(keys, list[i].key))
			return config_refuse(p, list[i].key, "%s", list[i].why);
	return 0;
}

static int vm_pool(const struct config_parser *p, const struct system_config *cfg,
		   struct vm_config *vm)
{
	int pool = config_pool_lookup(cfg, vm->pool_name);

	if (pool < 0)
		return config_refuse(p, "pool", "there is no %.40s", vm->pool_name);
	vm->pool = (uint32_t)pool;
	return policy_reads(p, &cfg->pools[pool]);
}

static void parse_vm(struct system_config *cfg, const void *dtb, const uint32_t *node,
		     struct vm_config *vm)
{
	uint64_t keys = 0;
	struct config_parser p = { dtb, "", vm->refused, &keys };
	const char *name = fdt_name(node);
	const uint32_t *child;

	vm_defaults(vm, cfg->nr_vms);
	vm->virtio = &cfg->virtio[cfg->nr_virtio];
	snprintf(vm->name, sizeof(vm->name), "%s", name);
	/* It is typed at a prompt and printed before each line: no surprises in it. */
	if (!config_name_ok(name)) {
		config_refuse(&p, "name", CONFIG_NAME_RULE, CONFIG_NAME_LEN - 1);
		return;
	}
	if (config_keys_parse(&p, node, vm_keys, vm) || cpus_count_ok(&p, node, vm) ||
	    vm_pool(&p, cfg, vm))
		return;
	p.given = NULL;
	fdt_for_each_child(child, node)
		if (parse_child(&p, child, cfg, vm))
			return;
	p.node = "";
	sort_regions(vm);
	if (config_virtio_slots(&p, vm) || config_net_link(&p, cfg, vm))
		return;
	p.given = &keys;
	if (all_read(&p, vm))
		return;
	if (!vm->pl061.present)
		vm->stop_timeout_us = 0;
}

/* --- the whole tree ------------------------------------------------------ */

static int fail(struct system_config *cfg, const char *text)
{
	config_reason(cfg->error, "%s", text);
	return -EINVAL;
}

static int check_identity(struct system_config *cfg, const void *dtb)
{
	const uint32_t *root = fdt_structure(dtb), *version;

	if (!fdt_is(dtb, root, "corbel,system"))
		return fail(cfg, "system.dtb is a device tree, but not one of a Corbel system");
	version = fdt_prop_find(dtb, root, "version");
	if (!version || fdt_be(version + 1) != 4 || fdt_be(version + 3) != CONFIG_VERSION)
		return fail(cfg, "system.dtb was packed for another version of Corbel: pack it "
			    "again");
	return 0;
}

static int parse_vms(struct system_config *cfg, const void *dtb, const uint32_t *vms)
{
	struct config_parser p = { dtb, "vms", cfg->error, NULL };
	const uint32_t *node;

	if (config_keys_parse(&p, vms, config_no_keys, NULL))
		return -EINVAL;
	fdt_for_each_child(node, vms) {
		if (cfg->nr_vms == CONFIG_MAX_VMS)
			return fail(cfg, "system.dtb describes more VMs than Corbel can hold");
		parse_vm(cfg, dtb, node, &cfg->vms[cfg->nr_vms]);
		cfg->nr_vms++;
	}
	config_pools_link(cfg);
	config_channels_link(cfg);
	return cfg->nr_vms ? 0 : fail(cfg, "system.dtb describes no VM");
}

static int parse_root(struct system_config *cfg, const void *dtb)
{
	struct config_parser p = { dtb, "", cfg->error, NULL };
	const uint32_t *root = fdt_structure(dtb), *node;

	cfg->when_all_off = ALL_OFF_POWEROFF;
	cfg->escape_key = CONFIG_ESCAPE_KEY;
	if (check_identity(cfg, dtb) || config_keys_parse(&p, root, system_keys, cfg))
		return -EINVAL;
	fdt_for_each_child(node, root) {
		const char *name = fdt_name(node);

		if (strcmp(name, "vms") != 0 && strcmp(name, "pools") != 0 &&
		    strcmp(name, "channels") != 0 && strcmp(name, "networks") != 0)
			return config_refuse(&p, name, "no such section");
	}
	return 0;
}

int config_parse(struct system_config *cfg, const void *dtb, size_t size)
{
	const uint32_t *vms;

	if (!fdt_sound(dtb, size))
		return fail(cfg, "system.dtb is damaged or cut off: it is not a device tree");
	if (parse_root(cfg, dtb) || config_pools_parse(cfg, dtb) ||
	    config_channels_parse(cfg, dtb) || config_networks_parse(cfg, dtb))
		return -EINVAL;
	vms = fdt_child_named(fdt_structure(dtb), "vms");
	if (!vms)
		return fail(cfg, "system.dtb describes no VM");
	return parse_vms(cfg, dtb, vms);
}
