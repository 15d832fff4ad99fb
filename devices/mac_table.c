/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/mac_table.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define SETS (MAC_TABLE_ENTRIES / MAC_TABLE_WAYS)
_Static_assert((SETS & (SETS - 1)) == 0, "the hash is masked");

void mac_table_init(struct mac_table *t, uint64_t max_age)
{
	memset(t, 0, sizeof(*t));
	t->max_age = max_age;
}

static uint32_t set_of(uint64_t key)
{
	return (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 40) % SETS * MAC_TABLE_WAYS;
}

static const struct mac_entry *find(const struct mac_table *t, uint64_t key)
{
	const struct mac_entry *e = &t->entry[set_of(key)];

	for (uint32_t i = 0; i < MAC_TABLE_WAYS; i++, e++)
		if (e->key == key)
			return e;
	return NULL;
}

static bool aged(const struct mac_table *t, const struct mac_entry *e, uint64_t now)
{
	return !e->fixed && now > e->seen && now - e->seen > t->max_age;
}

int mac_table_lookup(const struct mac_table *t, uint64_t key, uint64_t now)
{
	const struct mac_entry *e = find(t, key);

	return e && !aged(t, e, now) ? e->port : -1;
}

static void put(struct mac_table *t, struct mac_entry *e, uint64_t key, uint32_t port)
{
	if (e->key)
		t->nr_of[e->port]--;
	t->nr_of[port]++;
	e->key = key;
	e->port = (uint8_t)port;
	e->fixed = false;
}

/* A free place, else the one unseen for longest; a port at its limit only has its own. */
static struct mac_entry *place(struct mac_table *t, uint64_t key, uint32_t port, bool own)
{
	struct mac_entry *e = &t->entry[set_of(key)], *best = NULL;

	for (uint32_t i = 0; i < MAC_TABLE_WAYS; i++, e++) {
		if (e->fixed || (own && (!e->key || e->port != port)))
			continue;
		if (!e->key)
			return e;
		if (!best || e->seen < best->seen)
			best = e;
	}
	return best;
}

void mac_table_learn(struct mac_table *t, uint64_t key, uint32_t port, uint64_t now)
{
	struct mac_entry *e = (struct mac_entry *)find(t, key);

	if (!e)
		e = place(t, key, port, t->nr_of[port] >= MAC_TABLE_SHARE);
	else if (e->fixed || (e->port != port && t->nr_of[port] >= MAC_TABLE_SHARE))
		return;
	if (!e)
		return;
	if (e->key != key || e->port != port)
		put(t, e, key, port);
	e->seen = now;
}

int mac_table_fix(struct mac_table *t, uint64_t key, uint32_t port)
{
	struct mac_entry *e = (struct mac_entry *)find(t, key);

	if (e && e->fixed)
		return e->port == port ? 0 : -EEXIST;
	if (!e)
		e = place(t, key, port, false);
	if (!e)
		return -ENOSPC;
	put(t, e, key, port);
	e->fixed = true;
	return 0;
}

void mac_table_forget(struct mac_table *t, uint32_t port)
{
	for (uint32_t i = 0; i < MAC_TABLE_ENTRIES; i++)
		if (t->entry[i].key && t->entry[i].port == port)
			memset(&t->entry[i], 0, sizeof(t->entry[i]));
	t->nr_of[port] = 0;
}

uint32_t mac_table_count(const struct mac_table *t, uint32_t port)
{
	return t->nr_of[port];
}
