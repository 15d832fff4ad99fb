/* SPDX-License-Identifier: Apache-2.0 */
/* The channels of a configuration: read, and checked. Part of config_parse() and config_check(). */
#pragma once

#include "vm/config.h"

struct config_parser;

/* Those of /channels. Return: 0; -EINVAL with cfg->error set. */
int config_channels_parse(struct system_config *cfg, const void *dtb);

/* VMs are read: tell each its channels. */
void config_channels_link(struct system_config *cfg);

/* Are they right? Refuses those that are not. Return: bytes that the others need of mem_size. */
uint64_t config_channels_check(struct system_config *cfg, uint64_t mem_size);

/* The section "ivc" of a VM. Return: 0; -EINVAL with p->reason set. */
int config_ivc_parse(const struct config_parser *p, const uint32_t *node, struct vm_config *vm);

/* Does it make sense? Where it is, is checked elsewhere. Return: 0; -EINVAL, vm->refused set. */
int config_ivc_check(struct vm_config *vm, uint32_t nr_vms);
