/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind a serial device: somebody who takes its bytes and gives it some. */
#pragma once

#include <stdbool.h>
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

struct chardev;

/*
 * The device's side, embedded in the model: what stands behind it calls these, holding no
 * lock of rank 35 or more.
 */
struct chardev_ops {
	/* Choose who takes and gives the bytes, NULL: nobody. Then the former is not called
	 * any more. */
	void (*connect)(struct chardev *dev, const struct chardev_backend *backend);
	void (*tx_ready)(struct chardev *dev);   /* there is room again               */
	void (*rx_ready)(struct chardev *dev);   /* there is input                    */
	/* Without any lock: bytes that the back end has not taken? Does the guest read? */
	bool (*tx_busy)(const struct chardev *dev);
	bool (*is_open)(const struct chardev *dev);
};

struct chardev {
	const struct chardev_ops *ops;
};
