/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest with one virtio device, driven by fuzz input: its registers, its rings and what
 * lies in them, as a driver would write them and as none would. The device's own requests
 * are its fuzzer's.
 */
#pragma once

#include "devices/virtio_mmio.h"
#include "tests/fuzz/fuzz.h"
#include "tests/host/fake/virtio_driver.h"

#define FUZZ_QUEUES 9                 /* most of a device                          */
#define FUZZ_RING   16u               /* descriptors, if the driver is sane        */
#define FUZZ_RAM    UINT64_C(0x40000)
#define FUZZ_DATA   (FAKE_RAM_BASE + 0x20000)

struct fuzz_guest {
	/* set by the fuzzer, before fuzz_guest_start() */
	struct virtio_device *dev;    /* initialized                               */
	struct fuzz_in *in;
	/* The readable bytes of a likely request (at most 256), how many; and room to answer. */
	uint32_t (*request)(struct fuzz_guest *g, uint16_t queue, uint8_t *out, uint32_t *room);
	uint64_t features;            /* that its sane driver asks for, if offered */
	/* the rest is ours */
	struct virtio_mmio mmio;
	struct fake_ram ram;
	struct virtio_worker worker;
	struct fake_queue ring[FUZZ_QUEUES];
	uint32_t data;                /* where the next request lies               */
	unsigned int lives;           /* resets, and the first life                */
	bool line;                    /* of its interrupt                          */
};

/* Its memory, all zeroes again; then the device is made, with g->ram and g->worker. */
void fuzz_guest_prepare(struct fuzz_guest *g, struct fuzz_in *in);

/* The device in its slot, with a driver that has brought it up, if it can. */
void fuzz_guest_start(struct fuzz_guest *g);

/* One thing that the guest does. What the device is to do about it, fuzz_guests_run(). */
void fuzz_guest_step(struct fuzz_guest *g);

/* All I/O threads, until they rest. What must hold then is checked. */
void fuzz_guests_run(struct fuzz_guest *const *g, unsigned int nr);

/* Power off: the device holds nothing any more. */
void fuzz_guest_stop(struct fuzz_guest *g);

/* The clock goes on; timers that are due fire. All of core/timer.h there is. */
void fuzz_time_passes(struct fuzz_in *in);

/* 0 o'clock, and no timer there. */
void fuzz_time_reset(void);
