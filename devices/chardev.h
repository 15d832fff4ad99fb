/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind a serial device: somebody who takes its bytes and gives it some. */
#pragma once

#include <stdint.h>

/**
 * struct chardev_backend - both functions are called with the device's lock held
 * @write: take up to n bytes, return how many; fewer than n says "no more room
 *         now", and the back end then calls the device's tx_ready when there is
 * @read:  give up to n bytes, return how many; fewer than n says "that is all
 *         for now", and the back end calls the device's rx_ready when more came
 * @ctx:   handed to both
 *
 * Neither may call back into the device, nor wait.
 */
struct chardev_backend {
	unsigned int (*write)(void *ctx, const uint8_t *buf, unsigned int n);
	unsigned int (*read)(void *ctx, uint8_t *buf, unsigned int n);
	void *ctx;
};
