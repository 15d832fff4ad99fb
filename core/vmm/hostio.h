/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's disks and networks that EL2 drives itself: found in the board's device
 * tree, named, and given out so that nothing is in two hands. docs/storage.md
 */
#pragma once

#include <stdint.h>

#include "devices/hostblk.h"
#include "devices/hostnet.h"

#define HOSTIO_MAX_DISKS 16
#define HOSTIO_MAX_NICS  8

/**
 * hostio_init() - find the devices, look at them, use their interrupts
 * @cpu:  pCPU of the thread that serves networks
 * @prio: and its priority
 *
 * At boot, after the pCPUs are up. Says on the log what it found, and what it cannot use.
 */
void hostio_init(uint32_t cpu, uint32_t prio);

uint32_t hostio_nr_disks(void);
struct hostnet *hostio_nic(uint32_t i);       /* NULL: there is none */

/**
 * hostio_disk_claim() - a disk, or a partition of it, for one owner
 * @p:         filled in: the back end
 * @owner:     whose it becomes, for messages; stays
 * @disk:      its serial number, or its number in order of address: "0"
 * @partition: a name in its partition table; empty: all of the disk
 * @why:       set to what is wrong, in words, up to @size bytes
 *
 * Return: 0; -ENOENT no such disk or partition; -EBUSY another owner has all or part of it;
 * -EEXIST the name stands for several; -ENOSPC too many claims; -EIO the table cannot be read.
 */
int hostio_disk_claim(struct hostblk_part *p, const char *owner, const char *disk,
		      const char *partition, char *why, uint32_t size);

/* All of it back: no request of it is under way. */
void hostio_disk_release(const struct hostblk_part *p);
