/* SPDX-License-Identifier: Apache-2.0 */
/* Networks, and the interfaces that VMs have in them, in the packed configuration. */
#pragma once

#include "vm/bundle.h"
#include "vm/config.h"
#include "vm/config_keys.h"

/* For the row of config_virtio.c. */
extern const struct config_key config_net_keys[];
void config_net_defaults(struct config_virtio *c);
int config_net_check(struct vm_config *vm, const struct config_virtio *c,
		     const struct bundle *bundle);

/* Those of /networks; before VMs. Return: 0; -EINVAL with cfg->error set. */
int config_networks_parse(struct system_config *cfg, const void *dtb);

/*
 * The interfaces of a VM, which have their slots: find the networks they name, and fill
 * in what these say. 0; -EINVAL with p->reason set.
 */
int config_net_link(const struct config_parser *p, const struct system_config *cfg,
		    struct vm_config *vm);
