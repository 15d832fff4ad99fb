/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host/fake/guest_ram.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/lib/bits.h"
#include "core/mutex.h"

/* ---- mutexes of a test with one thread: who waits, waits for ever ---- */

unsigned int fake_mutexes_held;

#define ME ((struct thread *)(uintptr_t)1)

bool mutex_trylock(struct mutex *m)
{
	if (m->owner)
		return false;
	m->owner = ME;
	fake_mutexes_held++;
	return true;
}

void mutex_lock(struct mutex *m)
{
	if (!mutex_trylock(m))
		fail_msg("a mutex is taken twice");
}

void mutex_unlock(struct mutex *m)
{
	assert_ptr_equal(m->owner, ME);
	m->owner = NULL;
	fake_mutexes_held--;
}

bool mutex_is_mine(const struct mutex *m)
{
	return m->owner == ME;
}

/* ---- memory ---- */

static struct fake_ram *of(struct guest_ram *ram)
{
	return container_of(ram, struct fake_ram, ram);
}

static int check(const struct fake_ram *r, ipa_t ipa, uint64_t size)
{
	if (size == 0)
		return 0;
	if (range_bad(ipa.v, size))
		return -EINVAL;
	if (ipa.v < FAKE_RAM_BASE || ipa.v - FAKE_RAM_BASE > r->size ||
	    size > r->size - (ipa.v - FAKE_RAM_BASE))
		return -EFAULT;
	if (r->hole_size && range_overlap(ipa.v, size, r->hole, r->hole_size))
		return -EFAULT;
	return 0;
}

void *fake_ram_at(struct fake_ram *r, uint64_t ipa)
{
	return r->mem + (ipa - FAKE_RAM_BASE);
}

static int ram_read(struct guest_ram *ram, void *to, ipa_t from, uint64_t size)
{
	struct fake_ram *r = of(ram);
	int err = check(r, from, size);

	r->nr_reads++;
	if (r->on_read)
		r->on_read(r, from, size);
	if (!err && size)
		memcpy(to, fake_ram_at(r, from.v), size);
	return err;
}

static int ram_write(struct guest_ram *ram, ipa_t to, const void *from, uint64_t size)
{
	struct fake_ram *r = of(ram);
	int err = check(r, to, size);

	r->nr_writes++;
	if (!err && size)
		memcpy(fake_ram_at(r, to.v), from, size);
	return err;
}

static int ram_copy(struct guest_ram *to_ram, ipa_t to, struct guest_ram *from_ram, ipa_t from,
		    uint64_t size)
{
	int err = check(of(to_ram), to, size);

	of(to_ram)->nr_copies++;
	if (!err)
		err = check(of(from_ram), from, size);
	if (!err && size)
		memmove(fake_ram_at(of(to_ram), to.v), fake_ram_at(of(from_ram), from.v), size);
	return err;
}

/* A frame's address is a pointer here. */
static int ram_read_frame(struct guest_ram *ram, pa_t to, ipa_t from, uint64_t size)
{
	return ram_read(ram, (void *)(uintptr_t)to.v, from, size);
}

static int ram_write_frame(struct guest_ram *ram, ipa_t to, pa_t from, uint64_t size)
{
	return ram_write(ram, to, (const void *)(uintptr_t)from.v, size);
}

static int ram_view(struct guest_ram *ram, struct guest_view *v, ipa_t ipa, uint32_t size)
{
	struct fake_ram *r = of(ram);
	int err = r->view_error ? r->view_error : check(r, ipa, size);

	assert_null(v->p);
	assert_non_null(v->revoke);
	if (err)
		return err;
	assert_true(r->nr_views < ARRAY_SIZE(r->views));
	r->views[r->nr_views++] = v;
	v->p = fake_ram_at(r, ipa.v);
	v->ipa = ipa;
	v->size = size;
	return 0;
}

static void ram_unview(struct guest_ram *ram, struct guest_view *v)
{
	struct fake_ram *r = of(ram);
	unsigned int i = 0;

	if (!v->p)
		return;
	while (r->views[i] != v)
		assert_true(++i < r->nr_views);
	r->views[i] = r->views[--r->nr_views];
	v->p = NULL;
}

static const struct guest_ram_ops ops = {
	ram_read, ram_write, ram_copy, ram_read_frame, ram_write_frame, ram_view, ram_unview,
};

void fake_ram_init_size(struct fake_ram *r, uint64_t size)
{
	*r = (struct fake_ram){ .ram.ops = &ops, .mem = calloc(1, size), .size = size };
	assert_non_null(r->mem);
}

void fake_ram_init(struct fake_ram *r)
{
	fake_ram_init_size(r, FAKE_RAM_SIZE);
}

void fake_ram_fini(struct fake_ram *r)
{
	assert_int_equal(r->nr_views, 0);
	assert_int_equal(fake_mutexes_held, 0);
	free(r->mem);
}

void fake_ram_take(struct fake_ram *r, uint64_t ipa, uint64_t size)
{
	for (unsigned int i = 0; i < r->nr_views;) {
		struct guest_view *v = r->views[i];

		if (!range_overlap(v->ipa.v, v->size, ipa, size)) {
			i++;
			continue;
		}
		v->revoke(v);
		assert_null(v->p);
		i = 0;
	}
	r->hole = ipa;
	r->hole_size = size;
}
