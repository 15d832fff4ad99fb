/* SPDX-License-Identifier: Apache-2.0 */
/* Grants: frames that several owners hold by reference, under a name. */
#include "mm/frames.h"

#include <errno.h>
#include <string.h>

#include "core/lib/bits.h"
#include "mm/frames_impl.h"

struct member {
	uint16_t owner;
	uint16_t refs;                 /* 0: the slot is unused            */
};

enum grant_state { GRANT_NONE, GRANT_MAKING, GRANT_LIVE, GRANT_ENDING };

struct grant {
	enum grant_state state;
	pa_t pa;
	uint64_t size;
	char name[FRAMES_NAME_MAX];
	struct member member[FRAMES_MAX_MEMBERS];
};

static struct {
	struct spinlock lock;          /* rank 74, docs/locking.md         */
	/* under lock */
	struct grant grant[FRAMES_MAX_GRANTS];
} grants;

static struct grant *live_locked(uint32_t id)
{
	if (id >= FRAMES_MAX_GRANTS || grants.grant[id].state != GRANT_LIVE)
		return NULL;
	return &grants.grant[id];
}

static struct member *member_locked(struct grant *g, uint16_t owner)
{
	for (unsigned int i = 0; i < FRAMES_MAX_MEMBERS; i++)
		if (g->member[i].refs && g->member[i].owner == owner)
			return &g->member[i];
	return NULL;
}

static int get_locked(struct grant *g, uint16_t owner)
{
	struct member *m = member_locked(g, owner);

	for (unsigned int i = 0; !m && i < FRAMES_MAX_MEMBERS; i++)
		if (!g->member[i].refs)
			m = &g->member[i];
	if (!m)
		return -ENOSPC;
	if (m->refs == UINT16_MAX)
		return -EOVERFLOW;
	m->owner = owner;
	m->refs++;
	return 0;
}

static bool unused_locked(const struct grant *g)
{
	for (unsigned int i = 0; i < FRAMES_MAX_MEMBERS; i++)
		if (g->member[i].refs)
			return false;
	return true;
}

static int find_locked(const char *name, uint32_t *id)
{
	for (uint32_t i = 0; i < FRAMES_MAX_GRANTS; i++) {
		if (grants.grant[i].state != GRANT_NONE && !strcmp(grants.grant[i].name, name)) {
			*id = i;
			return 0;
		}
	}
	return -ENOENT;
}

/* Take a slot and the name, before the frames change hands. */
static int reserve(const char *name, pa_t pa, uint64_t size, uint16_t owner, uint32_t *id)
{
	uint64_t flags = spin_lock_irqsave(&grants.lock);
	int err = find_locked(name, id) == 0 ? -EEXIST : -ENOSPC;

	for (uint32_t i = 0; err == -ENOSPC && i < FRAMES_MAX_GRANTS; i++) {
		struct grant *g = &grants.grant[i];

		if (g->state != GRANT_NONE)
			continue;
		memset(g, 0, sizeof(*g));
		g->state = GRANT_MAKING;
		g->pa = pa;
		g->size = size;
		strcpy(g->name, name);
		g->member[0] = (struct member){ owner, 1 };
		*id = i;
		err = 0;
	}
	spin_unlock_irqrestore(&grants.lock, flags);
	return err;
}

static void set_state(uint32_t id, enum grant_state state)
{
	uint64_t flags = spin_lock_irqsave(&grants.lock);

	grants.grant[id].state = state;
	spin_unlock_irqrestore(&grants.lock, flags);
}

static uint16_t grant_entry(uint32_t id)
{
	return (uint16_t)(ENTRY_GRANT | id);
}

int frames_share(uint16_t owner, pa_t pa, uint64_t size, const char *name, uint32_t *grant)
{
	size_t len = strlen(name);
	uint32_t id;
	int err;

	if (!frames_range_valid(pa, size) || !owner_valid(owner) || len == 0 ||
	    len >= FRAMES_NAME_MAX)
		return -EINVAL;
	err = reserve(name, pa, size, owner, &id);
	if (err)
		return err;
	if (!frames_swap(pa, size, owner, grant_entry(id))) {
		set_state(id, GRANT_NONE);
		return -EPERM;
	}
	set_state(id, GRANT_LIVE);
	*grant = id;
	return 0;
}

int frames_share_lookup(const char *name, uint32_t *grant)
{
	uint64_t flags = spin_lock_irqsave(&grants.lock);
	int err = find_locked(name, grant);

	if (!err && !live_locked(*grant))
		err = -ENOENT;
	spin_unlock_irqrestore(&grants.lock, flags);
	return err;
}

int frames_share_range(uint32_t grant, pa_t *pa, uint64_t *size)
{
	uint64_t flags = spin_lock_irqsave(&grants.lock);
	const struct grant *g = live_locked(grant);

	if (g) {
		*pa = g->pa;
		*size = g->size;
	}
	spin_unlock_irqrestore(&grants.lock, flags);
	return g ? 0 : -ENOENT;
}

int frames_share_get(uint32_t grant, uint16_t owner)
{
	uint64_t flags = spin_lock_irqsave(&grants.lock);
	struct grant *g = live_locked(grant);
	int err = g && owner_valid(owner) ? get_locked(g, owner) : -ENOENT;

	spin_unlock_irqrestore(&grants.lock, flags);
	return err;
}

/* Drop one reference; *last: nobody has any. */
static int put(uint32_t grant, uint16_t owner, bool *last)
{
	uint64_t flags = spin_lock_irqsave(&grants.lock);
	struct grant *g = live_locked(grant);
	struct member *m = g ? member_locked(g, owner) : NULL;

	*last = false;
	if (m) {
		m->refs--;
		*last = unused_locked(g);
		/* From here on nobody finds it: no reference comes back. */
		if (*last)
			g->state = GRANT_ENDING;
	}
	spin_unlock_irqrestore(&grants.lock, flags);
	return m ? 0 : g ? -EPERM : -ENOENT;
}

int frames_unshare(uint32_t grant, uint16_t owner)
{
	const struct grant *g;
	bool last;
	int err = put(grant, owner, &last);

	if (!last)
		return err;
	g = &grants.grant[grant];
	/* Cannot fail: while a grant lives its frames say so. */
	frames_swap(g->pa, g->size, grant_entry(grant), OWNER_BUSY);
	frames_scrub_and_free(g->pa, g->size);
	set_state(grant, GRANT_NONE);
	return 0;
}

static bool grant_held(uint32_t grant, uint16_t owner)
{
	uint64_t flags = spin_lock_irqsave(&grants.lock);
	struct grant *g = live_locked(grant);
	bool held = g && member_locked(g, owner);

	spin_unlock_irqrestore(&grants.lock, flags);
	return held;
}

bool frames_may_map_ram(uint16_t owner, pa_t pa, uint64_t size)
{
	uint64_t frame = pa.v >> PAGE_SHIFT, nr = size >> PAGE_SHIFT;
	const struct zone *z = frames_zone(frame, nr);
	uint16_t allowed = owner;

	if (!z)
		return false;
	for (uint64_t i = 0; i < nr; i++) {
		uint16_t e = entry_read(&z->entry[frame + i - z->base]);

		e &= (uint16_t)~ENTRY_FROM_RESERVED;
		if (e == allowed || e == owner)
			continue;
		if (!(e & ENTRY_GRANT) || !grant_held(e & ENTRY_ID, owner))
			return false;
		/* The rest of the same grant needs no second look. */
		allowed = e;
	}
	return true;
}

void frames_share_reset(void)
{
	memset(&grants, 0, sizeof(grants));
}
