/* SPDX-License-Identifier: Apache-2.0 */
/* What the shell sees of the VMs, and the console's interrupt. */
#pragma once

#include "core/vmm/shell.h"

extern const struct shell_hooks hooks_shell;

/* Route the board's UART interrupt to the console. */
void hooks_uart_irq(void);
