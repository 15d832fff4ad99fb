/* SPDX-License-Identifier: Apache-2.0 */
/* struct virtio_vsock_hdr as a driver lays it out, VirtIO 1.2 5.10.6. */
#pragma once

#include <stdint.h>

struct vsock_wire {
	uint64_t src_cid, dst_cid;
	uint32_t src_port, dst_port, len;
	uint16_t type, op;
	uint32_t flags, buf_alloc, fwd_cnt;
} __attribute__((packed));
