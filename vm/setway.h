/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache maintenance by set and way. Lines of one core's caches mean nothing to a
 * guest, whose vCPUs move and whose neighbours use them too; what it wants, when
 * it loops over all of them, is its memory written back. Every such loop has set 0
 * of way 0 in it once for each level: that one cleans and invalidates the VM's
 * memory by address, the others do nothing (vcpu/sysreg_table.c).
 */
#pragma once

#include "vcpu/exit.h"

/*
 * HCR_EL2.TSW, the one that counts. A piece of memory per exit: the instruction is
 * repeated until all of it is done, and interrupts are taken in between.
 */
enum exit_verdict exit_setway(struct vcpu *v, const struct exit_info *info);
