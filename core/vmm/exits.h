/* SPDX-License-Identifier: Apache-2.0 */
/* The last layer of exits: what touches several VMs, or is policy. */
#pragma once

#include "vcpu/exit.h"

extern const exit_table vmm_exits;
