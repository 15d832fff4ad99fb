/* SPDX-License-Identifier: Apache-2.0 */
/* A channel of Corbel's, as the guest's device tree tells it. docs/channels.md. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BELL_ID      0x00
#define BELL_PRESENT 0x04
#define BELL_RING    0x08
#define BELL_STATUS  0x0c
#define BELL_ACK     0x10

struct channel {
	uintptr_t mem, bell;
	uint64_t  size;
	uint32_t  intid;
	uint32_t  id;           /* of this member */
	bool      writable;
};

/* The n-th channel in the device tree; false: there are not so many. */
bool channel_find(struct channel *ch, unsigned int n);
