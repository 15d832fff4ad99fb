/* SPDX-License-Identifier: Apache-2.0 */
/* What protects Corbel itself: set up, and told in a line each. docs/threat-model.md */
#pragma once

/*
 * On the boot pCPU, once the board is known and its firmware can be called, from a function
 * that does not return: the guard of the stacks changes.
 */
void hardening_init(void);
