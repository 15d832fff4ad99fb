/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which port an address was last seen at. Bounded: of the four places that an address may
 * have, the one unseen for longest is used again, and no port has more than its share.
 * The owner's lock guards it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/bits.h"

#define MAC_TABLE_WAYS     4
#define MAC_TABLE_ENTRIES  256
#define MAC_TABLE_PORTS    64
#define MAC_TABLE_SHARE    32        /* addresses of one port that are learnt        */

/* What is looked for: an address, and above it the VLAN. Zero is nobody's. */
#define MAC_KEY(mac, vlan) ((mac) | (uint64_t)(vlan) << 48)

struct mac_entry {
	uint64_t key;                /* 0: free                                      */
	uint64_t seen;               /* counter                                      */
	uint8_t  port;
	bool     fixed;              /* the configuration says so: not learnt        */
};

struct mac_table {
	uint64_t max_age;            /* ticks; older entries count as free           */
	struct mac_entry entry[MAC_TABLE_ENTRIES];
	uint16_t nr_of[MAC_TABLE_PORTS];
};

void mac_table_init(struct mac_table *t, uint64_t max_age);

/* The port of an address, -1: not known. */
int mac_table_lookup(const struct mac_table *t, uint64_t key, uint64_t now);

/* It was seen at a port. What is fixed does not move. */
void mac_table_learn(struct mac_table *t, uint64_t key, uint32_t port, uint64_t now);

/**
 * mac_table_fix() - an address belongs to a port
 * Return: 0; -EEXIST to another port; -ENOSPC four others have its places.
 */
int mac_table_fix(struct mac_table *t, uint64_t key, uint32_t port);

/* Forget what is known of a port, fixed or not. */
void mac_table_forget(struct mac_table *t, uint32_t port);

/* How many of a port are known. */
uint32_t mac_table_count(const struct mac_table *t, uint32_t port);
