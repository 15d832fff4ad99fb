/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/el2/frames_selftest.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include <arch/cpu.h>
#include "core/lib/bits.h"
#include "mm/frames.h"
#include "mm/hyp_pool.h"
#include "mm/window.h"

#define OWNER_BLOCK  owner_vm(128)
#define OWNER_GIVER  owner_vm(129)
#define OWNER_MEMBER owner_vm(130)     /* and the two after it            */
#define OWNER_TWICE  owner_vm(140)     /* and one for each pair           */
#define NR_MEMBERS   3u
#define NR_SLOTS     64u
#define NR_PAIRS     8u
#define MAX_ORDER    5u

/* What lies in a slot for whoever comes by: 0, or a kind with its data. */
enum token { TOKEN_NONE, TOKEN_BLOCK, TOKEN_MEMBER, TOKEN_TWICE, TOKEN_HEAP };
#define TOKEN_KIND BITS(63, 60)
#define TOKEN_DATA BITS(59, 0)

/* A block that two pCPUs free: one of them must be refused. */
struct pair {
	_Atomic unsigned int busy;     /* frees still to come             */
	_Atomic unsigned int won;
	pa_t pa;
	unsigned int order;
};

static _Atomic uint64_t slots[NR_SLOTS];
static struct pair pairs[NR_PAIRS];
static _Atomic(const char *) first_error;
static _Atomic unsigned int arrivals;
static _Atomic unsigned int names;
static uint64_t free_before;

struct cpu {
	unsigned int idx;
	uint64_t random;
};

const char *frames_selftest_error(void)
{
	return atomic_load(&first_error);
}

static void check(bool ok, const char *what)
{
	const char *none = NULL;

	if (!ok)
		atomic_compare_exchange_strong(&first_error, &none, what);
}

static unsigned int draw(struct cpu *c, unsigned int below)
{
	c->random = c->random * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned int)(c->random >> 33) % below;
}

/* Wait until all nr have come here as often as this one. */
static void meet(unsigned int nr)
{
	unsigned int until = (atomic_fetch_add(&arrivals, 1) / nr + 1) * nr;

	while ((int)(atomic_load(&arrivals) - until) < 0)
		arch_cpu_relax();
}

/* The block is zero where looked at; leave something that is not. */
static void use_frames(pa_t pa, unsigned int order)
{
	pa_t last = pa_add(pa, order_size(order) - PAGE_SIZE);
	struct window w, v;
	uint64_t *p = window_open(&w, 0, pa);

	check(p[0] == 0 && p[511] == 0, "first frame of a new block is not zero");
	p[0] = p[511] = ~UINT64_C(0);
	if (order) {
		uint64_t *q = window_open(&v, 1, last);

		check(q[0] == 0 && q[511] == 0, "last frame of a new block is not zero");
		q[0] = q[511] = ~UINT64_C(0);
		window_close(&v);
	}
	window_close(&w);
}

static void drop_token(uint64_t token);

/* Leave a token for others, taking what lay there. */
static void put_token(struct cpu *c, enum token kind, uint64_t data)
{
	uint64_t token = BITS_VAL(TOKEN_KIND, kind) | data;

	drop_token(atomic_exchange(&slots[draw(c, NR_SLOTS)], token));
}

static void make_block(struct cpu *c)
{
	unsigned int order = draw(c, MAX_ORDER + 1);
	pa_t pa;

	if (frames_alloc(OWNER_BLOCK, order, &pa))
		return;
	check(is_aligned(pa.v, order_size(order)), "block is not aligned");
	use_frames(pa, order);
	put_token(c, TOKEN_BLOCK, pa.v | order);
}

static void make_grant(struct cpu *c)
{
	unsigned int order = draw(c, 3), n = atomic_fetch_add(&names, 1);
	char name[9] = "........";
	uint32_t grant;
	pa_t pa;
	int err;

	for (unsigned int i = 0; i < 8; i++, n /= 16)
		name[i] = "0123456789abcdef"[n % 16];
	if (frames_alloc(OWNER_GIVER, order, &pa))
		return;
	use_frames(pa, order);
	err = frames_share(OWNER_GIVER, pa, order_size(order), name, &grant);
	if (err) {
		check(err == -ENOSPC, "sharing failed");
		check(!frames_free(OWNER_GIVER, pa, order), "own frames were not freed");
		return;
	}
	check(frames_free(OWNER_GIVER, pa, order) == -EPERM, "shared frames were freed");
	for (unsigned int i = 0; i < NR_MEMBERS; i++)
		check(!frames_share_get(grant, (uint16_t)(OWNER_MEMBER + i)), "no reference");
	for (unsigned int i = 0; i < NR_MEMBERS; i++)
		put_token(c, TOKEN_MEMBER, (uint64_t)grant << 8 | i);
	check(!frames_unshare(grant, OWNER_GIVER), "the giver's reference was lost");
}

static void make_pair(struct cpu *c)
{
	unsigned int i = draw(c, NR_PAIRS), none = 0;
	struct pair *pair = &pairs[i];

	if (!atomic_compare_exchange_strong(&pair->busy, &none, 2))
		return;
	atomic_store(&pair->won, 0);
	pair->order = draw(c, MAX_ORDER + 1);
	if (frames_alloc((uint16_t)(OWNER_TWICE + i), pair->order, &pair->pa)) {
		atomic_store(&pair->busy, 0);
		return;
	}
	use_frames(pair->pa, pair->order);
	put_token(c, TOKEN_TWICE, i);
	put_token(c, TOKEN_TWICE, i);
}

static void free_twice(unsigned int i)
{
	struct pair *pair = &pairs[i];
	int err = frames_free((uint16_t)(OWNER_TWICE + i), pair->pa, pair->order);

	check(!err || err == -EPERM, "free failed");
	if (!err)
		check(atomic_fetch_add(&pair->won, 1) == 0, "freed twice");
	/* The second to come here sees what the first did. */
	if (atomic_load(&pair->busy) == 1)
		check(atomic_load(&pair->won) == 1, "freed by nobody");
	atomic_fetch_sub(&pair->busy, 1);
}

static void make_object(struct cpu *c)
{
	size_t size = 1 + draw(c, 3000);
	char *p = hyp_zalloc(size);

	if (!p)
		return;
	check(p[0] == 0 && p[size - 1] == 0, "a new object is not zero");
	memset(p, 0x5a, size);
	put_token(c, TOKEN_HEAP, hyp_pa(p).v);
}

/* Do away with what a token stands for. */
static void drop_token(uint64_t token)
{
	uint64_t data = token & TOKEN_DATA;

	switch (bits_get(TOKEN_KIND, token)) {
	case TOKEN_BLOCK:
		check(!frames_free(OWNER_BLOCK, PA(data & ~PAGE_MASK), data & PAGE_MASK),
		      "a block could not be freed");
		break;
	case TOKEN_MEMBER:
		check(!frames_unshare((uint32_t)(data >> 8),
				      (uint16_t)(OWNER_MEMBER + (data & 255))),
		      "a reference was lost");
		break;
	case TOKEN_TWICE:
		free_twice((unsigned int)data);
		break;
	case TOKEN_HEAP:
		hyp_free((char *)hyp_va(PA(data & ~PAGE_MASK)) + (data & PAGE_MASK));
		break;
	default:
		break;
	}
}

static void one_round(struct cpu *c)
{
	static void (*const make[])(struct cpu *c) = {
		make_block, make_block, make_grant, make_pair, make_object,
	};

	if (draw(c, 2))
		make[draw(c, ARRAY_SIZE(make))](c);
	else
		drop_token(atomic_exchange(&slots[draw(c, NR_SLOTS)], 0));
}

/* Everything back: each count as before but for tables the EL2 map keeps in reserve. */
static void settle(void)
{
	uint64_t reserve = 64, free_now;

	for (unsigned int i = 0; i < NR_SLOTS; i++)
		drop_token(atomic_exchange(&slots[i], 0));
	free_now = frames_stats(OWNER_FREE);
	check(free_now <= free_before + reserve && free_before <= free_now + reserve,
	      "frames were lost or won");
	check(frames_stats(OWNER_SHARED) == 0, "a grant was left");
	check(frames_stats(OWNER_BUSY) == 0, "a frame stayed busy");
	for (uint32_t vm = 128; vm < 160; vm++)
		check(frames_stats(owner_vm(vm)) == 0, "a VM kept frames");
}

/* All free one block in the same moment: one of them does, the others are refused. */
static void free_together(const struct cpu *c, unsigned int nr, unsigned int round)
{
	struct pair *p = &pairs[0];

	if (c->idx == 0) {
		atomic_store(&p->won, 0);
		p->order = round % (MAX_ORDER + 1);
		check(!frames_alloc(OWNER_TWICE, p->order, &p->pa), "no block for a race");
	}
	meet(nr);
	if (!frames_free(OWNER_TWICE, p->pa, p->order))
		atomic_fetch_add(&p->won, 1);
	meet(nr);
	if (c->idx == 0)
		check(atomic_load(&p->won) == 1, "a race to free had no winner or two");
}

int frames_selftest_run(unsigned int cpu_idx, unsigned int nr, unsigned int rounds)
{
	struct cpu c = { .idx = cpu_idx, .random = cpu_idx * 77 + 1 };

	if (cpu_idx == 0)
		free_before = frames_stats(OWNER_FREE);
	meet(nr);
	for (unsigned int i = 0; i < rounds; i++)
		one_round(&c);
	meet(nr);
	if (cpu_idx == 0)
		settle();
	for (unsigned int i = 0; i < rounds / 2; i++)
		free_together(&c, nr, i);
	meet(nr);
	return frames_selftest_error() ? -EIO : 0;
}
