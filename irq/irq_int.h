/* SPDX-License-Identifier: Apache-2.0 */
/* Between irq/irq.c and irq/gicv3.c. */
#pragma once

#include "irq/irq.h"

/* SGIs and PPIs that every pCPU enables, a bit each. */
uint32_t irq_private_enabled(void);

/* Those of them that are the hypervisor's own. */
uint32_t irq_private_own(void);
