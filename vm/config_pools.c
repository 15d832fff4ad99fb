/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/config_pools.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/fdt_sound.h"
#include "core/lib/bits.h"
#include "vm/config_keys.h"

static const char *const words_policy[] = { "pinned", "fifo", "rr", "fair", "edf", "partition",
					    NULL };

static const struct config_key pool_keys[] = {
	KEY("cpus", KEY_U64, struct pool_config, cpus),
	KEY_WORDS("policy", struct pool_config, policy, words_policy),
	KEY_NUM("major-frame-us", struct pool_config, major_frame_us, 1, CONFIG_MAX_FRAME_US),
	KEY_END,
};

static const struct config_key window_keys[] = {
	KEY("vm", KEY_STRING, struct pool_window, vm_name),
	KEY_NUM("start-us", struct pool_window, start_us, 0, CONFIG_MAX_FRAME_US),
	KEY_NUM("duration-us", struct pool_window, duration_us, 1, CONFIG_MAX_FRAME_US),
	KEY_END,
};

#define REFUSE(pool, ...) config_reason((pool)->refused, __VA_ARGS__)

const char *config_policy_name(enum config_policy policy)
{
	return words_policy[policy];
}

int config_pool_lookup(const struct system_config *cfg, const char *name)
{
	for (uint32_t i = 0; i < cfg->nr_pools; i++)
		if (strcmp(cfg->pools[i].name, name) == 0)
			return (int)i;
	return -ENOENT;
}

/* --- reading -------------------------------------------------------------- */

/* Windows are kept in the order in which they begin. */
static int parse_window(struct config_parser *p, const uint32_t *node, struct pool_config *pool)
{
	struct pool_window w = { 0 };
	uint32_t i = pool->nr_windows;

	p->node = fdt_name(node);
	if (!config_section_is(p->node, "window", true))
		return config_refuse(p, "", "no such section");
	if (i == CONFIG_MAX_WINDOWS)
		return config_refuse(p, "", "more than %d windows", CONFIG_MAX_WINDOWS);
	if (config_keys_parse(p, node, window_keys, &w))
		return -EINVAL;
	if (!w.vm_name || !w.duration_us)
		return config_refuse(p, "", "vm or duration-us is missing");
	for (; i > 0 && pool->windows[i - 1].start_us > w.start_us; i--)
		pool->windows[i] = pool->windows[i - 1];
	pool->windows[i] = w;
	pool->nr_windows++;
	return 0;
}

static void parse_pool(struct system_config *cfg, const void *dtb, const uint32_t *node)
{
	struct pool_config *pool = &cfg->pools[cfg->nr_pools];
	struct config_parser p = { dtb, "", pool->refused, NULL };
	const char *name = fdt_name(node);
	const uint32_t *child;

	pool->policy = POLICY_RR;
	snprintf(pool->name, sizeof(pool->name), "%s", name);
	if (!config_name_ok(name))
		config_refuse(&p, "name", CONFIG_NAME_RULE, CONFIG_NAME_LEN - 1);
	else if (config_pool_lookup(cfg, name) == 0)
		config_refuse(&p, "name", "that is the pool of all other CPUs");
	else if (config_pool_lookup(cfg, name) > 0)
		config_refuse(&p, "name", "another pool is called the same");
	config_keys_parse(&p, node, pool_keys, pool);
	fdt_for_each_child(child, node)
		if (parse_window(&p, child, pool))
			return;
}

int config_pools_parse(struct system_config *cfg, const void *dtb)
{
	struct config_parser p = { dtb, "pools", cfg->error, NULL };
	const uint32_t *node, *pools = fdt_child_named(fdt_structure(dtb), "pools");

	strcpy(cfg->pools[0].name, CONFIG_POOL_DEFAULT);
	cfg->pools[0].policy = POLICY_RR;
	cfg->nr_pools = 1;
	if (!pools)
		return 0;
	if (config_keys_parse(&p, pools, config_no_keys, NULL))
		return -EINVAL;
	fdt_for_each_child(node, pools) {
		if (cfg->nr_pools == CONFIG_MAX_POOLS)
			return config_refuse(&p, "", "more than %d", CONFIG_MAX_POOLS - 1);
		parse_pool(cfg, dtb, node);
		cfg->nr_pools++;
	}
	return 0;
}

static void link_window(struct system_config *cfg, uint32_t pool, struct pool_window *w)
{
	for (w->vm = 0; w->vm < cfg->nr_vms; w->vm++)
		if (strcmp(cfg->vms[w->vm].name, w->vm_name) == 0)
			break;
	if (w->vm == cfg->nr_vms)
		REFUSE(&cfg->pools[pool], "window: there is no VM %.40s", w->vm_name);
	else if (cfg->vms[w->vm].pool != pool)
		REFUSE(&cfg->pools[pool], "window: VM %s is in another pool", w->vm_name);
}

void config_pools_link(struct system_config *cfg)
{
	for (uint32_t i = 0; i < cfg->nr_pools; i++)
		for (uint32_t j = 0; j < cfg->pools[i].nr_windows; j++)
			link_window(cfg, i, &cfg->pools[i].windows[j]);
}

/* --- checking ------------------------------------------------------------- */

static void check_windows(struct pool_config *pool)
{
	uint32_t end = 0;

	for (uint32_t i = 0; i < pool->nr_windows; i++) {
		const struct pool_window *w = &pool->windows[i];

		if (w->start_us < end)
			REFUSE(pool, "window: at %u us the one before it runs until %u us",
			       (unsigned int)w->start_us, (unsigned int)end);
		end = w->start_us + w->duration_us;   /* no more than twice MAX_FRAME */
	}
	if (end > pool->major_frame_us)
		REFUSE(pool, "window: one ends at %u us, the frame at %u us", (unsigned int)end,
		       (unsigned int)pool->major_frame_us);
}

static void check_frame(struct pool_config *pool)
{
	if (pool->policy == POLICY_PARTITION && (!pool->major_frame_us || !pool->nr_windows))
		REFUSE(pool, "%s: a partition pool needs it",
		       pool->major_frame_us ? "window" : "major-frame-us");
	else if (pool->policy != POLICY_PARTITION && (pool->major_frame_us || pool->nr_windows))
		REFUSE(pool, "%s: only for a partition pool",
		       pool->major_frame_us ? "major-frame-us" : "window");
	else
		check_windows(pool);
}

static void check_cpus(struct system_config *cfg, uint32_t idx, uint64_t cpus)
{
	struct pool_config *pool = &cfg->pools[idx];
	uint64_t missing = pool->cpus & ~cpus;

	if (!pool->cpus)
		REFUSE(pool, "cpus: there is none");
	if (missing)
		REFUSE(pool, "cpus: the board has no CPU %d", __builtin_ctzll(missing));
	if ((pool->policy == POLICY_PINNED || pool->policy == POLICY_PARTITION) &&
	    (pool->cpus & BIT(cfg->housekeeping)))
		REFUSE(pool, "cpus: CPU %u does the housekeeping, so no %s pool can have it",
		       (unsigned int)cfg->housekeeping, words_policy[pool->policy]);
	for (uint32_t i = 1; i < idx; i++) {
		uint64_t both = cfg->pools[i].refused[0] ? 0 : pool->cpus & cfg->pools[i].cpus;

		if (both)
			REFUSE(pool, "cpus: CPU %d is in pool %s", __builtin_ctzll(both),
			       cfg->pools[i].name);
	}
}

void config_pools_check(struct system_config *cfg, uint64_t cpus)
{
	uint64_t left = cpus;

	for (uint32_t i = 1; i < cfg->nr_pools; i++) {
		check_frame(&cfg->pools[i]);
		check_cpus(cfg, i, cpus);
		if (!cfg->pools[i].refused[0])
			left &= ~cfg->pools[i].cpus;
	}
	cfg->pools[0].cpus = left;
}
