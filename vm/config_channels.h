/* SPDX-License-Identifier: Apache-2.0 */
/* The channels of a configuration: read, and checked. Part of config_parse() and config_check(). */
#pragma once

#include "vm/config.h"

/* Those of /channels. Return: 0; -EINVAL with cfg->error set. */
int config_channels_parse(struct system_config *cfg, const void *dtb);

/* VMs are read: tell each its channels. */
void config_channels_link(struct system_config *cfg);

/* Are they right? Refuses those that are not. Return: bytes that the others need of mem_size. */
uint64_t config_channels_check(struct system_config *cfg, uint64_t mem_size);
