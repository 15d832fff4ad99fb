/* SPDX-License-Identifier: Apache-2.0 */
/* What protects Corbel itself: set up, and told in a line each. docs/threat-model.md */
#pragma once

#include <stdbool.h>

/*
 * On the boot pCPU, once the board is known and its firmware can be called, from a function
 * that does not return: the guard of the stacks changes.
 */
void hardening_init(void);

/* Does the CPU check that indirect branches end at landing pads? */
bool hardening_checks_targets(void);

/**
 * hardening_cpu_init() - what the calling pCPU needs each time a guest exits
 *
 * Where its firmware says that branch predictors which a guest has trained must be made
 * harmless, its exits begin with the firmware's call from now on; of the boot pCPU that is told.
 */
void hardening_cpu_init(void);
