/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vCPUs on pCPUs that run at once, under ThreadSanitizer: they send each other
 * SGIs, drive lines, change routes and enables, and read and write pending and
 * active of what the others have in list registers. Nothing may be lost, and
 * nobody may wait for ever.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/host/fake/cpu.h"
#include "tests/host/fake/vgic_world.h"

#define NR      4u
#define ROUNDS  4000u
#define SPI0    40u           /* 8 edge SPIs, then 8 level ones */

static pthread_barrier_t barrier;
static _Atomic uint32_t sent[NR][NR], seen[NR][NR];   /* [to][SGI = from] */
static _Atomic uint32_t raised[16], handled[16];
static _Atomic uint32_t nr_done;

static uint32_t rnd(uint64_t *s, uint32_t n)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (uint32_t)(*s >> 11) % n;
}

/* The handler: what was there when it ran is handled; a level one drops its line. */
static void handle(uint32_t me, uint32_t intid)
{
	if (intid < NR) {
		seen[me][intid] = sent[me][intid];
		return;
	}
	assert_in_range(intid, SPI0, SPI0 + 15);
	vgic_set_line(&world.vgic, intid, false);
	handled[intid - SPI0] = raised[intid - SPI0];
}

/* Interrupts reach this pCPU, then the guest goes on for a moment. */
static bool step(uint32_t me)
{
	uint32_t intid;

	if (atomic_exchange(&world.sgi[me], false))
		vgic_fold_ipi(NULL, 1);
	world_enter();
	intid = fake_guest_ack(1);
	if (intid >= INTID_SPI_END)
		return false;
	handle(me, intid);
	world_enter();
	fake_guest_eoi(1, intid);
	return true;
}

static void raise(uint32_t n)
{
	raised[n]++;
	vgic_set_line(&world.vgic, SPI0 + n, true);
	if (n < 8)
		vgic_set_line(&world.vgic, SPI0 + n, false);
}

static void act(uint32_t me, uint64_t *s)
{
	uint32_t to = rnd(s, NR), n = rnd(s, 16);

	switch (rnd(s, 10)) {
	case 0: case 1: case 2:
		sent[to][me]++;
		world_sgi1r(me, 1u << to | BITS_VAL(ICC_SGIR_INTID, me));
		break;
	case 3: case 4:
		raise(n);
		break;
	case 5:
		world_gicd_write(GICD_IROUTER + 8 * (SPI0 + n), 8, to);
		break;
	case 6:
		world_gicd_write(GICD_ICENABLER + 4, 4, 1u << (SPI0 - 32 + n));
		world_gicd_write(GICD_ISENABLER + 4, 4, 1u << (SPI0 - 32 + n));
		break;
	case 7:
		world_gicd_read(GICD_ISPENDR + 4, 4);
		world_gicr_read(to, GICR_SGI_BASE + GICR_ISPENDR0, 4);
		break;
	case 8:
		world_gicd_read(GICD_ISACTIVER + 4, 4);
		world_gicd_write(GICD_IPRIORITYR + SPI0 + n, 1, 8 * rnd(s, 30));
		break;
	default:
		vgic_deliverable(&world.vcpu[me]);
		break;
	}
}

static void *pcpu(void *arg)
{
	uint32_t me = (uint32_t)(uintptr_t)arg;
	uint64_t s = 0x9e3779b97f4a7c15 * (me + 1);

	fake_cpu_enter(me);
	arch_irq_disable();
	pthread_barrier_wait(&barrier);
	for (uint32_t n = 0; n < ROUNDS; n++) {
		act(me, &s);
		step(me);
	}
	/* Go on serving the others until all have stopped making interrupts. */
	nr_done++;
	while (nr_done < NR || step(me))
		step(me);
	pthread_barrier_wait(&barrier);
	while (step(me))
		;
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void nothing_is_lost_between_cpus(void **state)
{
	pthread_t t[NR];

	(void)state;
	world_setup(NR, 32, 4);
	for (uint32_t v = 0; v < NR; v++)
		for (uint32_t n = 0; n < NR; n++)
			world_irq(v, n, (uint8_t)(0x80 + 8 * n), true);
	for (uint32_t n = 0; n < 16; n++)
		world_irq(n % NR, SPI0 + n, (uint8_t)(0x40 + 8 * n), n < 8);
	world.smp = true;
	pthread_barrier_init(&barrier, NULL, NR);
	for (uint32_t n = 0; n < NR; n++)
		pthread_create(&t[n], NULL, pcpu, (void *)(uintptr_t)n);
	for (uint32_t n = 0; n < NR; n++)
		pthread_join(t[n], NULL);
	world.smp = false;
	world_run(0);
	for (uint32_t to = 0; to < NR; to++)
		for (uint32_t from = 0; from < NR; from++)
			assert_int_equal(seen[to][from], sent[to][from]);
	for (uint32_t n = 0; n < 16; n++)
		assert_int_equal(handled[n], raised[n]);
	assert_int_equal(world_gicd_read(GICD_ISPENDR + 4, 4), 0);
	assert_int_equal(world_gicd_read(GICD_ISACTIVER + 4, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_between_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
