/* SPDX-License-Identifier: Apache-2.0 */
/* The virtio devices of a VM in the packed configuration. A kind is a row in config_virtio.c. */
#pragma once

#include "vm/bundle.h"
#include "vm/config.h"
#include "vm/config_keys.h"

/* What every device has, for the tables of its keys. */
#define CONFIG_VIRTIO_KEYS \
	KEY_NUM("slot", struct config_virtio, slot, 0, CONFIG_VIRTIO_SLOTS - 1), \
	KEY("label", KEY_STRING, struct config_virtio, name), \
	KEY("without", KEY_U64, struct config_virtio, without)

/*
 * Drivers can do without these features, and nothing else that a device offers stands on them:
 * indirect descriptors, event indices, packed rings, reset of one queue; merged buffers.
 */
#define CONFIG_SPARE_FEATURES (BIT(28) | BIT(29) | BIT(34) | BIT(40))
#define CONFIG_NET_MERGEABLE  BIT(15)

/* Which kind a section is of, by its node's name, "disk-1"; -1: none. */
int config_virtio_kind(const char *node);

/* Read one device into cfg->virtio[], as the last of @vm's. 0; -EINVAL with p->reason set. */
int config_virtio_parse(const struct config_parser *p, const uint32_t *node,
			struct system_config *cfg, struct vm_config *vm,
			enum config_virtio_kind kind);

/* Give slots to those that have none. 0; -EINVAL: one is there twice, or they are too many. */
int config_virtio_slots(const struct config_parser *p, struct vm_config *vm);

/* Does one of its devices have this SPI? */
bool config_virtio_has_spi(const struct vm_config *vm, int spi);

/* 0; -EINVAL with vm->refused set. */
int config_virtio_check(struct vm_config *vm, const struct bundle *bundle);

/* Bytes of the board's memory that they may take. */
uint64_t config_virtio_memory(const struct vm_config *vm, const struct bundle *bundle);

/* Bytes of the VM's memory that begin in its balloon; for a VM that was checked. */
uint64_t config_virtio_lent(const struct vm_config *vm);

/* Bytes of a disk; 0: its image is not there. Also for who makes it. */
uint64_t config_disk_size(const struct config_disk *d, const struct bundle *bundle);
