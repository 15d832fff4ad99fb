/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The auditor: walks the tables of EL2 and of every VM and proves the partition.
 *
 * - No EL2 page is writable and executable; EL2 maps only its own frames.
 * - What a VM's table maps is that VM's, or a grant or device it holds: since a
 *   frame has one owner, no frame is in two VMs unless shared by name.
 * - No two tables stand for the same owner. Every table page is the
 *   hypervisor's, so no guest can reach one.
 */
#pragma once

#include <stdint.h>

#include "core/lib/types.h"

struct audit_finding {
	const char *what;                  /* one sentence                          */
	uint16_t owner;                    /* of the table: OWNER_HYP or a VM       */
	uint64_t addr;                     /* input address: VA or IPA              */
	pa_t pa;
	uint16_t frame_owner;              /* whose the frame is                    */
};

struct audit_totals {
	uint32_t tables;                   /* VMs' tables walked                    */
	uint64_t el2_size, vm_size;        /* bytes mapped                          */
	uint64_t findings;
};

/**
 * audit_run() - walk everything
 * @report: called for each finding, no lock held; may be NULL
 * @ctx:    handed to report
 * @totals: filled in; may be NULL
 *
 * Locks are held for 2 MiB at a time, so VMs go on; what they change meanwhile
 * is seen as before or after. One audit runs at a time.
 *
 * Return: 0; -EPERM there were findings.
 */
int audit_run(void (*report)(void *ctx, const struct audit_finding *f), void *ctx,
	      struct audit_totals *totals);
