/* SPDX-License-Identifier: Apache-2.0 */
/* The system's configuration, out of the bundle, checked against this board. */
#pragma once

#include "vm/bundle.h"
#include "vm/config.h"

/**
 * system_read() - open the bundle, parse and check its configuration
 * @bundle: filled in; used as long as VMs are
 *
 * Gives the machine up, with the reason, when there is nothing usable.
 */
struct system_config *system_read(struct bundle *bundle);
