/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vmm layer. Nothing that crosses VMs is offered to guests yet, so nothing
 * is claimed here: what reaches this table and is not in it becomes an
 * Undefined exception, as hardware without the feature would answer.
 */
#include "core/vmm/exits.h"

#include <stddef.h>

const exit_table vmm_exits = { NULL };
