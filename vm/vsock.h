/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets between VMs: docs/virtio.md. */
#pragma once

/* Before the first VM is made. */
void vm_vsock_init(void);
