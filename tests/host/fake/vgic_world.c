/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host/fake/vgic_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "core/percpu.h"
#include "irq/gicv3.h"
#include "irq/vgic_direct.h"
#include "irq/vgic_fast.h"
#include "tests/host/fake/cpu.h"

struct world world;
uint64_t fake_cntv_ctl, fake_cntv_cval, fake_cntvoff, fake_cnthctl;
uint64_t fake_cntp_ctl, fake_cntp_cval;

/* ---- threads and timers ---- */

void thread_request(struct thread *t, uint32_t bits)
{
	world.nr_wakes++;
	t->requests |= bits;
}

void timer_setup(struct timer *t, void (*fire)(struct timer *t))
{
	list_init(&t->node);
	t->fire = fire;
	t->deadline = 0;
}

/* An armed timer is linked to a head of its own: tests fire it by hand. */
static struct list_node armed = LIST_INIT(armed);

void timer_start(struct timer *t, uint64_t deadline)
{
	list_remove(&t->node);
	t->deadline = deadline;
	list_push_back(&armed, &t->node);
}

void timer_cancel(struct timer *t)
{
	list_remove(&t->node);
}

bool timer_any_here(void)
{
	return world.timers;
}

/* ---- the GIC driver ---- */

void gicv3_set_active(uint32_t intid, bool active)
{
	uint32_t bit = 1u << (intid & 31);
	uint32_t *w = intid < 32 ? &fake_gic()->phys_ppi_active :
				   &fake_phys_spi_active[intid / 32];

	*w = (*w & ~bit) | (active ? bit : 0);
}

bool gicv3_is_active(uint32_t intid)
{
	uint32_t w = intid < 32 ? fake_gic()->phys_ppi_active : fake_phys_spi_active[intid / 32];

	return w >> (intid & 31) & 1;
}

bool gicv3_is_edge(uint32_t intid)
{
	return world.phys_edge[intid / 32] >> (intid & 31) & 1;
}

void gicv3_set_pending(uint32_t intid, bool pending)
{
	world.set_pending = pending ? intid : 0;
}

void gicv3_enable(uint32_t intid)
{
	fake_gic()->phys_shut &= ~(1u << (intid & 31));
}

void gicv3_disable(uint32_t intid)
{
	fake_gic()->phys_shut |= 1u << (intid & 31);
}

void gicv3_set_priority(uint32_t intid, uint8_t prio)
{
	fake_phys_prio[intid] = prio;
}

void gicv3_set_owned(uint32_t intid, bool own)
{
	uint32_t bit = 1u << (intid & 31);

	fake_phys_prio[intid] = own ? 0 : 0xa0;
	fake_phys_open[intid / 32] = (fake_phys_open[intid / 32] & ~bit) | (own ? 0 : bit);
}

void gicv3_route(uint32_t intid, uint32_t cpu)
{
	world.phys_route[intid & 1023] = (uint8_t)cpu;
}

bool gicv3_has_recall(void)
{
	return fake_gic_one_state;
}

/* A line is high unless a test has let it fall. */
bool gicv3_is_pending(uint32_t intid)
{
	return !(fake_phys_low[intid / 32] >> (intid & 31) & 1);
}

/* Only the vGIC sends SGIs here, and the target takes them at once. */
void gicv3_sgi(uint32_t cpu, uint32_t sgi)
{
	uint32_t self = cpu_self();

	assert_int_equal(sgi, IRQ_SGI_VGIC);
	world.nr_sgis++;
	if (world.smp) {
		world.sgi[cpu] = true;
		return;
	}
	fake_cpu_enter(cpu);
	vgic_fold_ipi(NULL, sgi);
	fake_cpu_enter(self);
}

/* ---- the VM ---- */

static void unload_all(void)
{
	for (uint32_t cpu = 0; cpu < MAX_PCPUS; cpu++) {
		fake_cpu_enter(cpu);
		if (vgic_loaded())
			vgic_put(vgic_loaded());
	}
}

void world_setup(uint32_t nr_vcpus, uint32_t nr_spis, uint32_t nr_lrs)
{
	struct vgic_config cfg = { .nr_spis = nr_spis, .gicd_base = 0x8000000,
				   .gicr_base = 0x80a0000, .nr_vcpus = nr_vcpus,
				   .spi = world.spi, .direct = world.direct };

	if (world.vgic.nr_vcpus)
		unload_all();
	memset(&world, 0, sizeof(world));
	list_init(&armed);
	fake_gic_reset(nr_lrs);
	fake_cpu_enter(0);
	assert_int_equal(vgic_init(&world.vgic, &cfg), 0);
	for (uint32_t n = 0; n < nr_vcpus; n++)
		vgic_vcpu_init(&world.vcpu[n], &world.vgic, n, n % 16 | (n / 16) << 8,
			       &world.thread[n]);
	vgic_reset(&world.vgic);
	for (uint32_t n = nr_vcpus; n-- > 0;) {
		world.cpu_of[n] = n % MAX_PCPUS;
		world_run(n);
		vgic_vcpu_reset(&world.vcpu[n]);
		fake_guest_enable();
	}
	world_gicd_write(GICD_CTLR, 4, GICD_CTLR_ENABLE_G0 | GICD_CTLR_ENABLE_G1);
	world_enter();
}

struct vgic_vcpu *world_run(uint32_t n)
{
	struct vgic_vcpu *v = &world.vcpu[n];

	fake_cpu_enter(world.cpu_of[n]);
	arch_irq_disable();
	if (vgic_loaded() == v)
		return v;
	if (vgic_loaded())
		vgic_put(vgic_loaded());
	vgic_load(v);
	return v;
}

void world_enter(void)
{
	struct vgic_vcpu *v = vgic_loaded();

	uint32_t look = ~(uint32_t)THREAD_REQ_DIRECT;

	for (int round = 0; (v->thread->requests & look) || fake_maintenance(); round++) {
		/* More is one that never ends; with others at work each may bring a new one. */
		assert_true(round < (world.smp ? 1000 : 4));
		if (fake_maintenance())
			vgic_maintenance(NULL, 25);
		/* As the run loop does: SGIs alone may need no flush. */
		if (v->thread->requests & look) {
			uint32_t others = look & ~(uint32_t)THREAD_REQ_SGIS;

			if (!(atomic_fetch_and(&v->thread->requests, ~others) & others) &&
			    vgic_take_sgis(v))
				atomic_fetch_add(&world.nr_takes, 1);
			else
				vgic_flush(v);
		}
	}
	if (v->thread->requests)
		vgic_direct_begin(v);
}

void world_sgi1r(uint32_t n, uint64_t val)
{
	if (vgic_loaded() == &world.vcpu[n] && vgic_sgi_self(&world.vcpu[n], val))
		atomic_fetch_add(&world.nr_repends, 1);
	else
		vgic_sgi(&world.vcpu[n], val, VGIC_SGI1R);
}

static uint64_t access(struct mmio_device *dev, uint64_t off, uint8_t size, bool write,
		       uint64_t val)
{
	struct mmio_access acc = { .offset = off, .value = val, .size = size, .is_write = write };

	assert_int_equal(dev->access(dev, &acc), 0);
	assert_int_equal(fake_irqs_masked(), true);
	return acc.value;
}

uint64_t world_gicd_read(uint64_t off, uint8_t size)
{
	return access(&world.vgic.gicd, off, size, false, 0xdeadbeef);
}

void world_gicd_write(uint64_t off, uint8_t size, uint64_t val)
{
	access(&world.vgic.gicd, off, size, true, val);
}

uint64_t world_gicr_read(uint32_t n, uint64_t off, uint8_t size)
{
	return access(&world.vgic.gicr, n * VGIC_GICR_SIZE + off, size, false, 0xdeadbeef);
}

void world_gicr_write(uint32_t n, uint64_t off, uint8_t size, uint64_t val)
{
	access(&world.vgic.gicr, n * VGIC_GICR_SIZE + off, size, true, val);
}

static void private_write(uint32_t n, uint64_t off, uint8_t size, uint64_t val)
{
	world_gicr_write(n, GICR_SGI_BASE + off, size, val);
}

void world_irq(uint32_t n, uint32_t intid, uint8_t prio, bool edge)
{
	uint32_t bit = 1u << (intid & 31), word = intid / 32 * 4, cfg = intid / 16 * 4;
	uint32_t cfg_bit = 2u << (intid & 15) * 2;
	uint64_t old;

	if (intid < 32) {
		old = world_gicr_read(n, GICR_SGI_BASE + GICD_ICFGR + cfg, 4);
		private_write(n, GICD_ICFGR + cfg, 4, edge ? old | cfg_bit : old & ~cfg_bit);
		private_write(n, GICD_IPRIORITYR + intid, 1, prio);
		private_write(n, GICD_IGROUPR, 4,
			      world_gicr_read(n, GICR_SGI_BASE + GICD_IGROUPR, 4) | bit);
		private_write(n, GICD_ISENABLER, 4, bit);
		return;
	}
	old = world_gicd_read(GICD_ICFGR + cfg, 4);
	world_gicd_write(GICD_ICFGR + cfg, 4, edge ? old | cfg_bit : old & ~cfg_bit);
	world_gicd_write(GICD_IPRIORITYR + intid, 1, prio);
	world_gicd_write(GICD_IROUTER + 8 * intid, 8, n % 16 | (n / 16) << 8);
	world_gicd_write(GICD_IGROUPR + word, 4, world_gicd_read(GICD_IGROUPR + word, 4) | bit);
	world_gicd_write(GICD_ISENABLER + word, 4, bit);
}
