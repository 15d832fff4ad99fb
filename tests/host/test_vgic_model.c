/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random traffic against a reference that keeps each interrupt's state by
 * itself, as GIC IHI 0069 "Interrupt handling state machine" has it, and knows
 * nothing of list registers. After every step what is in the list registers must
 * be such states, the best of them; what the guest acknowledges, and what it reads of
 * pending and active, must be the same. STEPS and SEED in the environment choose others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "irq/vgic_fast.h"
#include "tests/host/chance.h"
#include "tests/host/fake/vgic_world.h"

#define NR_VCPUS 3u
#define NR_SPIS  64u
#define NR_INTIDS (32u + NR_SPIS)
#define LINKED   90u          /* SPI that belongs to physical interrupt 200 */
#define NOBODY   99u

struct ref {
	bool enabled, edge, line, latch, active;
	uint8_t prio;
	uint32_t owner, route;      /* SPIs */
};

static struct ref priv[NR_VCPUS][32], spi[NR_SPIS];
static uint32_t stack[NR_VCPUS][32], depth[NR_VCPUS], pmr[NR_VCPUS];
static uint8_t stack_prio[NR_VCPUS][32];
static uint32_t lrs, max_depth;

static struct ref *ref_of(uint32_t v, uint32_t intid)
{
	return intid < 32 ? &priv[v][intid] : &spi[intid - 32];
}

static bool ref_pending(const struct ref *r)
{
	return r->latch || (r->line && !r->edge);
}

static bool concerns(uint32_t v, uint32_t intid)
{
	return intid < 32 || spi[intid - 32].owner == v;
}

/* Priority of what v should take next; 0x100: nothing. */
static uint32_t ref_best(uint32_t v)
{
	uint32_t best = 0x100, running = depth[v] ? stack_prio[v][depth[v] - 1] : 0x100;

	for (uint32_t intid = 0; intid < NR_INTIDS; intid++) {
		const struct ref *r = ref_of(v, intid);

		if (concerns(v, intid) && ref_pending(r) && r->enabled && !r->active &&
		    r->prio < best)
			best = r->prio;
	}
	return best < pmr[v] && best < running ? best : 0x100;
}

static void ref_deactivate(uint32_t v, uint32_t intid)
{
	struct ref *r = ref_of(v, intid);

	r->active = false;
	r->owner = r->route;
}

/* A maintenance interrupt comes at once; else the list registers stay as they are. */
static void guest_eoi(uint32_t intid)
{
	world_enter();
	fake_guest_eoi(1, intid);
	if (fake_maintenance())
		world_enter();
}

/* ---- list registers ---- */

/* The state that a list register holds is the reference's, and nobody else's. */
static uint32_t compare_lr(uint32_t v, uint64_t lr)
{
	uint32_t intid = (uint32_t)bits_get(ICH_LR_VINTID, lr);
	bool pending = lr & ICH_LR_PENDING, active = lr & ICH_LR_ACTIVE;
	const struct ref *r;

	assert_true(intid < NR_INTIDS && concerns(v, intid));
	r = ref_of(v, intid);
	assert_int_equal(active, r->active);
	assert_int_equal(bits_get(ICH_LR_PRIORITY, lr), r->prio);
	assert_true(lr & ICH_LR_GROUP1);
	if (pending)
		assert_true(ref_pending(r) && r->enabled);
	/* IHI 0069, "ICH_LR<n>_EL2": with HW, not pending and active at once. */
	assert_false((lr & ICH_LR_HW) && pending && active);
	assert_true(!(lr & ICH_LR_HW) || intid == LINKED);
	/* A level that is still high at its end must be seen then. */
	if (active && r->line && !r->edge)
		assert_true(pending || (lr & (ICH_LR_EOI | ICH_LR_HW)));
	return intid;
}

/* How many are active; how many of the others pending and enabled. */
static void count_ref(uint32_t v, uint32_t *active, uint32_t *ready)
{
	*active = *ready = 0;
	for (uint32_t intid = 0; intid < NR_INTIDS; intid++) {
		const struct ref *r = ref_of(v, intid);

		if (!concerns(v, intid))
			continue;
		*active += r->active;
		*ready += !r->active && ref_pending(r) && r->enabled;
	}
}

/*
 * Of vCPU v on its pCPU, ready to enter the guest: no interrupt twice, none that is
 * missing without an exit that will bring it, and never none of those that are pending.
 */
static void compare_lrs(uint32_t v)
{
	uint64_t seen[2] = { 0, 0 }, hcr = fake_gic()->hcr;
	uint32_t active = 0, ready = 0, ref_active, ref_ready;

	for (uint32_t n = 0; n < lrs; n++) {
		uint64_t lr = fake_gic()->lr[n];
		uint32_t intid;

		if (!(lr & (ICH_LR_PENDING | ICH_LR_ACTIVE)))
			continue;
		intid = compare_lr(v, lr);
		assert_false(seen[intid / 64] >> intid % 64 & 1);
		seen[intid / 64] |= BIT(intid % 64);
		active += !!(lr & ICH_LR_ACTIVE);
		ready += !(lr & ICH_LR_ACTIVE);
	}
	count_ref(v, &ref_active, &ref_ready);
	assert_true(active <= ref_active && ready <= ref_ready);
	/* What is left out: its end, or the last of those that are in, brings an exit. */
	assert_true(active == ref_active || (hcr & ICH_HCR_LRENPIE));
	assert_true(ready == ref_ready || (hcr & ICH_HCR_NPIE));
	assert_true(!ref_ready || ready);
}

/* ---- what may happen ---- */

static void do_line(void)
{
	uint32_t v = rnd(NR_VCPUS), intid = 16 + rnd(NR_INTIDS - 16);
	struct ref *r = ref_of(v, intid);
	bool level = rnd(2);

	if (intid == LINKED)
		return;
	r->latch |= level && !r->line && r->edge;
	r->line = level;
	if (intid < 32)
		vgic_set_ppi(&world.vcpu[v], intid, level);
	else
		vgic_set_line(&world.vgic, intid, level);
}

static void do_sgi(void)
{
	/* Often the same few to itself, so that list registers are found again. */
	uint32_t from = rnd(NR_VCPUS), list = rnd(2) ? rnd(16) : 1u << from;
	uint32_t sgi = rnd(rnd(4) ? 2 : 16);
	bool irm = !rnd(8);

	for (uint32_t n = 0; n < NR_VCPUS; n++)
		if (irm ? n != from : list >> n & 1)
			priv[n][sgi].latch = true;
	world_run(from);
	world_sgi1r(from, list | BITS_VAL(ICC_SGIR_INTID, sgi) | (irm ? ICC_SGIR_IRM : 0));
}

static void reg_write(uint32_t v, uint32_t off, uint32_t word, uint32_t val)
{
	world_run(rnd(NR_VCPUS));
	if (word == 0)
		world_gicr_write(v, GICR_SGI_BASE + off, 4, val);
	else
		world_gicd_write(off + 4 * word, 4, val);
}

static void do_bits(void)
{
	uint32_t v = rnd(NR_VCPUS), word = rnd(NR_INTIDS / 32), what = rnd(4);
	uint32_t val = (uint32_t)(seed >> 16) & (uint32_t)(seed << 9);
	static const uint32_t off[] = { GICD_ISENABLER, GICD_ICENABLER,
					GICD_ISPENDR, GICD_ICPENDR };

	for (uint32_t bit = 0; bit < 32; bit++) {
		struct ref *r = ref_of(v, 32 * word + bit);

		if (!(val >> bit & 1))
			continue;
		if (what < 2)
			r->enabled = what == 0;
		else
			r->latch = what == 2;
	}
	reg_write(v, off[what], word, val);
}

static void do_prio(void)
{
	uint32_t v = rnd(NR_VCPUS), intid = rnd(NR_INTIDS);
	uint8_t prio = (uint8_t)(8 * rnd(32));

	if (ref_of(v, intid)->active)
		return;
	ref_of(v, intid)->prio = prio;
	world_run(rnd(NR_VCPUS));
	if (intid < 32)
		world_gicr_write(v, GICR_SGI_BASE + GICR_IPRIORITYR + intid, 1, prio);
	else
		world_gicd_write(GICD_IPRIORITYR + intid, 1, prio);
}

static void do_route(void)
{
	uint32_t n = rnd(NR_SPIS), to = rnd(NR_VCPUS + 1);

	spi[n].route = to < NR_VCPUS ? to : NOBODY;
	if (!spi[n].active)
		spi[n].owner = spi[n].route;
	world_run(rnd(NR_VCPUS));
	world_gicd_write(GICD_IROUTER + 8 * (32 + n), 8, to);
}

static void do_config(void)
{
	uint32_t n = rnd(NR_SPIS / 16), val = (uint32_t)(seed >> 20) & 0xaaaaaaaa;

	for (uint32_t i = 0; i < 16; i++) {
		/* As the manual demands: only while disabled and not in flight. */
		if (spi[16 * n + i].enabled || spi[16 * n + i].active || spi[16 * n + i].line)
			return;
	}
	for (uint32_t i = 0; i < 16; i++)
		spi[16 * n + i].edge = val >> 2 * i & 2;
	world_run(rnd(NR_VCPUS));
	world_gicd_write(GICD_ICFGR + 4 * (n + 2), 4, val);
}

static void do_pmr(void)
{
	uint32_t v = rnd(NR_VCPUS);

	pmr[v] = rnd(2) ? 0xf8 : 8 * rnd(32);
	world_run(v);
	world_enter();
	fake_gic()->vmcr = bits_set(ICH_VMCR_VPMR, fake_gic()->vmcr, pmr[v]);
}

static void do_ack(void)
{
	uint32_t v = rnd(NR_VCPUS), best = ref_best(v), intid;
	struct ref *r;

	world_run(v);
	/* A vCPU looks at its requests before it sleeps; they may move an interrupt away. */
	if (!world.thread[v].requests)
		assert_int_equal(vgic_deliverable(&world.vcpu[v]), best < 0x100);
	world_enter();
	assert_int_equal(vgic_deliverable(&world.vcpu[v]), best < 0x100);
	assert_int_equal(fake_guest_signalled(1), best < 0x100);
	if (depth[v] == max_depth)
		return;
	intid = fake_guest_ack(1);
	if (best == 0x100) {
		assert_int_equal(intid, INTID_SPURIOUS);
		return;
	}
	assert_true(intid < NR_INTIDS && concerns(v, intid));
	r = ref_of(v, intid);
	assert_true(ref_pending(r) && r->enabled && !r->active);
	assert_int_equal(r->prio, best);
	r->latch = false;
	r->active = true;
	stack[v][depth[v]] = intid;
	stack_prio[v][depth[v]++] = (uint8_t)best;
}

static void do_eoi(void)
{
	uint32_t v = rnd(NR_VCPUS);

	if (!depth[v])
		return;
	world_run(v);
	guest_eoi(stack[v][--depth[v]]);
	ref_deactivate(v, stack[v][depth[v]]);
}

/* While all active ones have list registers: hardware cannot tell an end of others. */
static void do_clear_active(void)
{
	uint32_t v = rnd(NR_VCPUS), intid;

	if (!depth[v] || depth[v] >= lrs)
		return;
	intid = stack[v][depth[v] - 1];
	reg_write(v, GICD_ICACTIVER, intid / 32, 1u << (intid & 31));
	ref_deactivate(v, intid);
	world_run(v);
	guest_eoi(intid);
	depth[v]--;
}

static void do_physical(void)
{
	uint32_t bit = 1u << 200 % 32;

	if (fake_phys_spi_active[200 / 32] & bit)
		return;
	fake_phys_spi_active[200 / 32] |= bit;
	vgic_inject_hw(&world.vcpu[0], LINKED, 200);
	spi[LINKED - 32].latch = true;
}

/* Nothing is left active physically that the guest has not in flight. */
static void compare_physical(void)
{
	const struct ref *r = &spi[LINKED - 32];

	if (fake_phys_spi_active[200 / 32] >> 200 % 32 & 1)
		assert_true(r->active || ref_pending(r));
}

/* What is answered without the model must be what the model answers. */
static void compare_light(void)
{
	uint64_t off = 4 * rnd((32 + NR_SPIS + 16) / 4), val = 0, bits = 1u << rnd(32);

	if (vgic_light_prio(&world.vgic, GICD_IPRIORITYR + off, &val))
		assert_int_equal(world_gicd_read(GICD_IPRIORITYR + off, 4), val);
	else
		assert_true(off < 32 || off >= 32 + NR_SPIS);
	for (uint32_t word = 0; word < NR_INTIDS / 32 + 1; word++)
		assert_int_equal(vgic_light_enable(&world.vgic, GICD_ISENABLER + 4 * word, bits),
				 !(bits & ~world_gicd_read(GICD_ISENABLER + 4 * word, 4)));
	assert_false(vgic_light_enable(&world.vgic, GICD_ISENABLER + 5, 0));
	assert_false(vgic_light_prio(&world.vgic, GICD_IPRIORITYR + 33, &val));
}

static void compare(void)
{
	compare_physical();
	compare_light();
	world_run(rnd(NR_VCPUS));
	for (uint32_t v = 0; v < NR_VCPUS; v++) {
		for (uint32_t word = 0; word < NR_INTIDS / 32; word++) {
			uint32_t want_p = 0, want_a = 0;

			for (uint32_t bit = 0; bit < 32; bit++) {
				want_p |= (uint32_t)ref_pending(ref_of(v, 32 * word + bit)) << bit;
				want_a |= (uint32_t)ref_of(v, 32 * word + bit)->active << bit;
			}
			assert_int_equal(word ? world_gicd_read(GICD_ISPENDR + 4 * word, 4) :
				world_gicr_read(v, GICR_SGI_BASE + GICR_ISPENDR0, 4), want_p);
			assert_int_equal(word ? world_gicd_read(GICD_ISACTIVER + 4 * word, 4) :
				world_gicr_read(v, GICR_SGI_BASE + GICR_ISACTIVER0, 4), want_a);
		}
	}
}

static void setup(uint32_t nr_lrs)
{
	memset(priv, 0, sizeof(priv));
	memset(spi, 0, sizeof(spi));
	memset(depth, 0, sizeof(depth));
	world_setup(NR_VCPUS, NR_SPIS, nr_lrs);
	world_run(2);
	vgic_put(&world.vcpu[2]);
	world.cpu_of[2] = 0;                 /* vCPUs 0 and 2 share a pCPU */
	world_run(0);
	vgic_link(&world.vcpu[0], LINKED, 200);
	for (uint32_t v = 0; v < NR_VCPUS; v++) {
		world_gicr_write(v, GICR_SGI_BASE + GICR_IGROUPR0, 4, ~0u);
		for (uint32_t n = 0; n < 16; n++)
			priv[v][n].edge = true;
		pmr[v] = 0xff;
	}
	world_gicd_write(GICD_IGROUPR + 4, 4, ~0u);
	world_gicd_write(GICD_IGROUPR + 8, 4, ~0u);
}

static void traffic(uint32_t nr_lrs, uint32_t depth_limit, uint64_t rounds)
{
	static void (*const ops[])(void) = {
		do_line, do_line, do_line, do_sgi, do_sgi, do_sgi, do_bits, do_bits, do_prio,
		do_route, do_config, do_pmr, do_ack, do_ack, do_ack, do_ack, do_eoi, do_eoi, do_eoi,
		do_clear_active,
		do_physical,
	};

	lrs = nr_lrs;
	max_depth = depth_limit;
	setup(nr_lrs);
	for (uint64_t n = 0; n < rounds; n++) {
		uint32_t v = rnd(NR_VCPUS);

		ops[rnd(ARRAY_SIZE(ops))]();
		world_run(v);
		world_enter();
		compare_lrs(v);
		if (n % 64 == 0)
			compare();
	}
}

static void random_traffic_agrees_with_the_reference(void **state)
{
	static const uint32_t nr_lrs[] = { 1, 2, 3, 4, 8, 16 };
	const char *env = getenv("SEED"), *steps = getenv("STEPS");
	uint64_t each = steps ? strtoull(steps, NULL, 0) / 12 : 6000;
	uint32_t again = 0, taken = 0;

	(void)state;
	seed = env ? strtoull(env, NULL, 0) : 0x1234567;
	for (size_t n = 0; n < ARRAY_SIZE(nr_lrs); n++) {
		traffic(nr_lrs[n], 28, each);
		traffic(nr_lrs[n], 3, each);
		again += world.nr_repends;
		taken += world.nr_takes;
	}
	print_message("%u came again, %u taken without a flush\n", again, taken);
	assert_true(again > 10 && taken > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_traffic_agrees_with_the_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
