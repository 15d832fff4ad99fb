/* SPDX-License-Identifier: Apache-2.0 */
/* The networks of the configuration: a switch each. docs/network.md */
#pragma once

#include <stdint.h>

#include "devices/vswitch.h"
#include "vm/config.h"

/* Make them, before any VM. What cannot be had is said, and left out. */
void network_init(const struct system_config *cfg);

uint32_t network_nr(void);

/* One of them, by its place in the configuration; NULL: there is none. */
struct vswitch *network_get(uint32_t idx);
