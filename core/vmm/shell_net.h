/* SPDX-License-Identifier: Apache-2.0 */
/* The shell's commands about networks; their rows are in core/vmm/shell_cmds.c. */
#pragma once

#include "core/vmm/shell.h"

int shell_net_list(struct shell_call *c);      /* net list                        */
int shell_net_show(struct shell_call *c);      /* net show NETWORK                */
int shell_net_link(struct shell_call *c);      /* net link VM NR up|down          */
int shell_net_capture(struct shell_call *c);   /* net capture NETWORK start|stop  */
int shell_net_dump(struct shell_call *c);      /* net dump NETWORK                */
