/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels: memory that several VMs share, and doorbells between them. docs/channels.md.
 * The memory is there while at least one member is created; who comes first makes it, who
 * goes last has it scrubbed and freed.
 */
#pragma once

#include <stdint.h>

#include "core/mutex.h"
#include "devices/doorbell.h"
#include "vm/config.h"

struct vm;

/* One channel of the configuration, for ever. All zero: nobody has joined. */
struct channel {
	struct mutex lock;                   /* whoever joins and leaves           */
	/* under lock */
	uint32_t nr_joined;                  /* 0: there is no memory              */
	uint32_t grant;                      /* mm/frames.h                        */
	/* with a lock of its own */
	struct doorbell_hub hub;
};

/* A VM's part in one. */
struct channel_port {
	struct channel *channel;
	struct doorbell bell;
};

/**
 * channels_create() - join all channels of a VM that is being created
 * @vm: stage 2, vGIC and bus are there
 *
 * From a thread: it may wait for another that joins or leaves.
 *
 * Return: 0; negative errno with a log line. Then it is in none.
 */
int channels_create(struct vm *vm);

/* Leave all of them; no vCPU of the VM runs any more. From a thread. */
void channels_destroy(struct vm *vm);

/**
 * channels_reset() - leave and join again
 * @vm: all parked
 *
 * So what others still have in use stays, and what only this VM had is scrubbed.
 *
 * Return: as channels_create().
 */
int channels_reset(struct vm *vm);
