/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-console with one port, which is a console. VirtIO 1.2, 5.3; docs/virtio.md. */
#pragma once

#include "devices/chardev.h"
#include "devices/virtio.h"

#define VIRTIO_CONSOLE_QUEUES 4      /* receive, transmit; of the control         */
#define VIRTIO_CONSOLE_COLS   80
#define VIRTIO_CONSOLE_ROWS   24

#define VIRTIO_CONSOLE_F_SIZE        BIT(0)
#define VIRTIO_CONSOLE_F_MULTIPORT   BIT(1)
#define VIRTIO_CONSOLE_F_EMERG_WRITE BIT(2)
#define VIRTIO_CONSOLE_FEATURES (VIRTIO_CONSOLE_F_SIZE | VIRTIO_CONSOLE_F_MULTIPORT | \
				 VIRTIO_CONSOLE_F_EMERG_WRITE)

struct virtio_console {
	struct virtio_device dev;    /* first; its lock also guards backend        */
	struct chardev chardev;
	/* under dev.lock */
	const struct chardev_backend *backend;
	/* any context */
	_Atomic bool open;           /* the guest reads what we send               */
	_Atomic uint32_t to_say;     /* control messages to come, a bit each       */
	/* under the transmit queue's lock */
	uint64_t tx_at;              /* bytes of its chain that are sent           */
};

extern const struct virtio_model virtio_console_model;

/* Beside virtio_init(). Connected to nothing, what is written is dropped. */
void virtio_console_init(struct virtio_console *c);
