/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vmm layer. Calls that cross VMs come by vm_host.vendor_call (core/vmm/manage.c),
 * so nothing is claimed here: what reaches this table and is not in it becomes an
 * Undefined exception, as hardware without the feature would answer.
 */
#include "core/vmm/exits.h"

#include <stddef.h>

const exit_table vmm_exits = { NULL };
