/* SPDX-License-Identifier: Apache-2.0 */
/* Between guest_fdt.c, which has the machine, and guest_fdt_complete.c: what any tree needs. */
#pragma once

#include "vm/fdt_writer.h"
#include "vm/guest_fdt.h"

#define GUEST_FDT_PASS_FIRST    4
#define GUEST_FDT_PASS_PHANDLES 16
#define GUEST_FDT_PHANDLES 19  /* 1 to this many, and fdt_writer.phandles more, are used */

/*
 * The nodes of power key, watchdog, channels and virtio devices, in the node that is open: two
 * cells each for address and size, interrupts of a GICv3. A fixed clock comes with the key.
 */
void guest_fdt_power_key(struct fdt_writer *w, const struct vm_config *cfg);
void guest_fdt_watchdog(struct fdt_writer *w, const struct vm_config *cfg);
void guest_fdt_virtio(struct fdt_writer *w, const struct vm_config *cfg);
void guest_fdt_channels(struct fdt_writer *w, const struct vm_config *cfg);

/* What it has of the board, likewise. */
void guest_fdt_devices(struct fdt_writer *w, const struct vm_config *cfg);

/* A property that is the path of the console's node; none if there is no console. */
void guest_fdt_console(struct fdt_writer *w, const struct vm_config *cfg, const char *prop);

/* Memory, cpus, PSCI, chosen, reserved memory of a tree that is ours; the root is open. */
void guest_fdt_common(struct fdt_writer *w, const struct guest_fdt_desc *d);
