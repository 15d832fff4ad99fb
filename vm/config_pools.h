/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pools of a configuration: read, and checked; and what their pCPUs have
 * promised to VMs. Part of config_parse() and config_check().
 */
#pragma once

#include "vm/config.h"

/* What VMs accepted so far were promised of each pCPU. */
struct config_sums {
	uint32_t ppm[CONFIG_MAX_PCPUS];    /* edf, fair: millionths of its time      */
	uint64_t owned;                    /* pCPUs with an owner                    */
	uint16_t owner[CONFIG_MAX_PCPUS];  /* pinned: 1 + VM's index * 64 + vCPU; 0 none */
};

/* Pool 0, and those of /pools. Return: 0; -EINVAL with cfg->error set. */
int config_pools_parse(struct system_config *cfg, const void *dtb);

/* VMs are read: find those that windows name. */
void config_pools_link(struct system_config *cfg);

/* The pool of that name, or -ENOENT. */
int config_pool_lookup(const struct system_config *cfg, const char *name);

/* Are pools right on a board with these pCPUs? Refuses those that are not. */
void config_pools_check(struct system_config *cfg, uint64_t cpus);

/**
 * config_sums_admit() - is there room in its pool for a VM?
 * @s:   what was promised before; with what this VM asks for, if it is admitted
 * @cfg: all of it
 * @idx: of the VM, whose cpus are in its pool
 *
 * Return: 0; -EINVAL with the VM's refused set, @s unchanged.
 */
int config_sums_admit(struct config_sums *s, struct system_config *cfg, uint32_t idx);

/* All VMs are judged: those that own their pCPUs are told which. */
void config_sums_seal(const struct config_sums *s, struct system_config *cfg);
