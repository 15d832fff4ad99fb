/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Software generated interrupts and the CPU interface: targets, priorities, masks, EOI modes.
 * IHI 0069, "ICC_SGI1R_EL1", "Interrupt prioritization", "Priority drop and deactivation".
 */
#include "lib/gic.h"
#include "lib/guest.h"

#define CTLR_EOIMODE (1ul << 1)

static void wait_pending(unsigned int intid)
{
	CHECK(WAIT_UNTIL((read_sysreg(ICC_HPPIR1_EL1) & 0xffffff) == intid, LONG_MS),
	      "INTID %u does not come: HPPIR %lu", intid, read_sysreg(ICC_HPPIR1_EL1));
}

static void enable_sgis(void)
{
	gic_init();
	mmio_w32(gic_redist() + GICR_SGI + GICD_ISENABLER, 0xffff);
}

static void sgi_to_self_is_delivered(void)
{
	enable_sgis();
	for (unsigned int i = 0; i < 16; i++) {
		gic_sgi_send(gic_sgi_to(i, read_sysreg(mpidr_el1)));
		CHECK_EQ(gic_wait_ack(LONG_MS), i, "SGI to self");
		CHECK_EQ(gic_ack(), INTID_NONE, "second acknowledge");
		gic_eoi(i);
		CHECK_EQ(gic_ack(), INTID_NONE, "after EOI");
	}
}

static volatile uint32_t taken[64];
static volatile unsigned int nr_taken;

static void note_irq(void)
{
	uint32_t id = gic_ack();

	if (id >= 1020)
		return;
	if (nr_taken < ARRAY_SIZE(taken))
		taken[nr_taken] = id;
	nr_taken++;
	gic_eoi(id);
}

static void sgi_interrupts_through_the_vector(void)
{
	enable_sgis();
	nr_taken = 0;
	this_cpu()->irq_hook = note_irq;
	irq_enable();
	for (unsigned int i = 0; i < 1000; i++) {
		gic_sgi_send(gic_sgi_to(i & 15, read_sysreg(mpidr_el1)));
		if (!WAIT_UNTIL(nr_taken == i + 1, LONG_MS))
			break;
	}
	irq_disable();
	CHECK_EQ(nr_taken, 1000, "SGIs taken");
}

/* The example of the lesson: 16 raised together are taken by priority. */
static void sixteen_together_go_by_priority(void)
{
	enable_sgis();
	for (unsigned int i = 0; i < 16; i++)
		gic_prio_set(i, (uint8_t)(((i * 7 + 3) & 15) << 3));
	for (unsigned int i = 0; i < 16; i++)
		gic_sgi_send(gic_sgi_to(i, read_sysreg(mpidr_el1)));
	nr_taken = 0;
	this_cpu()->irq_hook = note_irq;
	irq_enable();
	WAIT_UNTIL(nr_taken == 16, LONG_MS);
	irq_disable();
	CHECK_EQ(nr_taken, 16, "SGIs taken");
	for (unsigned int i = 0; i < 16 && i < nr_taken; i++)
		CHECK(((taken[i] * 7 + 3) & 15) == i, "%u-th taken: SGI %u of priority 0x%x", i,
		      taken[i], ((taken[i] * 7 + 3) & 15) << 3);
}

/* Several sends of one SGI before it is taken are one (it is edge-triggered). */
static void repeated_sgi_is_one(void)
{
	enable_sgis();
	for (unsigned int i = 0; i < 5; i++)
		gic_sgi_send(gic_sgi_to(4, read_sysreg(mpidr_el1)));
	CHECK_EQ(gic_wait_ack(LONG_MS), 4, "SGI");
	gic_eoi(4);
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "once more");
}

/* Sent while active: pending and active, and taken again after the end of the first. */
static void pending_while_active_comes_after_eoi(void)
{
	enable_sgis();
	gic_sgi_send(gic_sgi_to(2, read_sysreg(mpidr_el1)));
	CHECK_EQ(gic_wait_ack(LONG_MS), 2, "first");
	CHECK(gic_bit_get(GICD_ISACTIVER, 2), "not active after the acknowledge");
	CHECK(!gic_bit_get(GICD_ISPENDR, 2), "still pending after the acknowledge");
	gic_sgi_send(gic_sgi_to(2, read_sysreg(mpidr_el1)));
	CHECK(gic_bit_get(GICD_ISPENDR, 2), "not pending");
	CHECK(gic_bit_get(GICD_ISACTIVER, 2), "not active any more");
	CHECK_EQ(gic_ack(), INTID_NONE, "taken while active");
	gic_eoi(2);
	CHECK_EQ(gic_wait_ack(LONG_MS), 2, "second");
	gic_eoi(2);
	CHECK(!gic_bit_get(GICD_ISACTIVER, 2), "active at the end");
}

static void pmr_masks_by_priority(void)
{
	enable_sgis();
	gic_prio_set(1, 0x80);
	gic_pmr(0x80);
	gic_sgi_send(gic_sgi_to(1, read_sysreg(mpidr_el1)));
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "priority 0x80 with ICC_PMR_EL1 0x80");
	CHECK(gic_bit_get(GICD_ISPENDR, 1), "not pending behind the mask");
	gic_pmr(0x90);
	CHECK_EQ(gic_wait_ack(LONG_MS), 1, "priority 0x80 with ICC_PMR_EL1 0x90");
	gic_eoi(1);
	gic_pmr(0xff);
	CHECK((read_sysreg(ICC_PMR_EL1) & 0xf0) == 0xf0, "ICC_PMR_EL1 0x%lx",
	      read_sysreg(ICC_PMR_EL1));
}

/* Only a higher priority than the running one interrupts (is acknowledged). */
static void running_priority_holds_back_equals(void)
{
	enable_sgis();
	gic_prio_set(1, 0x80);
	gic_prio_set(2, 0x80);
	gic_prio_set(3, 0x40);
	CHECK_EQ(read_sysreg(ICC_RPR_EL1) & 0xff, 0xff, "idle ICC_RPR_EL1");
	gic_sgi_send(gic_sgi_to(1, read_sysreg(mpidr_el1)));
	CHECK_EQ(gic_wait_ack(LONG_MS), 1, "first");
	CHECK_EQ(read_sysreg(ICC_RPR_EL1) & 0xff, 0x80, "ICC_RPR_EL1");
	gic_sgi_send(gic_sgi_to(2, read_sysreg(mpidr_el1)));
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "an equal while it runs");
	gic_sgi_send(gic_sgi_to(3, read_sysreg(mpidr_el1)));
	CHECK_EQ(gic_wait_ack(LONG_MS), 3, "a higher one");
	CHECK_EQ(read_sysreg(ICC_RPR_EL1) & 0xff, 0x40, "ICC_RPR_EL1 nested");
	gic_eoi(3);
	CHECK_EQ(read_sysreg(ICC_RPR_EL1) & 0xff, 0x80, "ICC_RPR_EL1 after the nested one");
	gic_eoi(1);
	CHECK_EQ(gic_wait_ack(LONG_MS), 2, "the equal at last");
	gic_eoi(2);
	CHECK_EQ(read_sysreg(ICC_RPR_EL1) & 0xff, 0xff, "ICC_RPR_EL1 at the end");
}

/* ICC_BPR1_EL1 6: only bits 7 make the group, so 0x40 does not preempt 0x60. */
static void binary_point_makes_groups(void)
{
	enable_sgis();
	write_sysreg(ICC_BPR1_EL1, 6);
	__asm__ volatile("isb");
	CHECK_EQ(read_sysreg(ICC_BPR1_EL1), 6, "ICC_BPR1_EL1");
	gic_prio_set(1, 0x60);
	gic_prio_set(2, 0x40);
	gic_sgi_send(gic_sgi_to(1, read_sysreg(mpidr_el1)));
	CHECK_EQ(gic_wait_ack(LONG_MS), 1, "first");
	gic_sgi_send(gic_sgi_to(2, read_sysreg(mpidr_el1)));
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "the same group preempted");
	gic_eoi(1);
	CHECK_EQ(gic_wait_ack(LONG_MS), 2, "second");
	gic_eoi(2);
	write_sysreg(ICC_BPR1_EL1, 0);
}

static void eoimode_1_splits_drop_and_deactivation(void)
{
	enable_sgis();
	write_sysreg(ICC_CTLR_EL1, read_sysreg(ICC_CTLR_EL1) | CTLR_EOIMODE);
	__asm__ volatile("isb");
	gic_sgi_send(gic_sgi_to(6, read_sysreg(mpidr_el1)));
	CHECK_EQ(gic_wait_ack(LONG_MS), 6, "first");
	gic_eoi(6);
	CHECK_EQ(read_sysreg(ICC_RPR_EL1) & 0xff, 0xff, "ICC_RPR_EL1 after the drop");
	CHECK(gic_bit_get(GICD_ISACTIVER, 6), "inactive before ICC_DIR_EL1");
	gic_sgi_send(gic_sgi_to(6, read_sysreg(mpidr_el1)));
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "taken while active");
	gic_sgi_send(gic_sgi_to(7, read_sysreg(mpidr_el1)));
	CHECK_EQ(gic_wait_ack(LONG_MS), 7, "another after the drop");
	gic_eoi(7);
	gic_dir(7);
	gic_dir(6);
	CHECK_EQ(gic_wait_ack(LONG_MS), 6, "second after ICC_DIR_EL1");
	gic_eoi(6);
	gic_dir(6);
	CHECK(!gic_bit_get(GICD_ISACTIVER, 6), "active at the end");
	write_sysreg(ICC_CTLR_EL1, read_sysreg(ICC_CTLR_EL1) & ~CTLR_EOIMODE);
	__asm__ volatile("isb");
}

/* Pending bits of the redistributor reach the CPU, and leave it. */
static void pend_and_unpend_by_register(void)
{
	enable_sgis();
	gic_bit_set(GICD_ISPENDR, 9);
	wait_pending(9);
	gic_bit_set(GICD_ICPENDR, 9);
	CHECK(!gic_bit_get(GICD_ISPENDR, 9), "pending after GICR_ICPENDR0");
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "taken after GICR_ICPENDR0");
	gic_bit_set(GICD_ISPENDR, 9);
	CHECK_EQ(gic_wait_ack(LONG_MS), 9, "SGI by GICR_ISPENDR0");
	gic_eoi(9);
}

static void disabled_interrupt_waits(void)
{
	enable_sgis();
	gic_bit_set(GICD_ICENABLER, 5);
	gic_sgi_send(gic_sgi_to(5, read_sysreg(mpidr_el1)));
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "taken while disabled");
	CHECK(gic_bit_get(GICD_ISPENDR, 5), "not pending while disabled");
	gic_bit_set(GICD_ISENABLER, 5);
	CHECK_EQ(gic_wait_ack(LONG_MS), 5, "taken when enabled");
	gic_eoi(5);
}

static void groups_can_be_turned_off(void)
{
	enable_sgis();
	write_sysreg(ICC_IGRPEN1_EL1, 0);
	__asm__ volatile("isb");
	gic_sgi_send(gic_sgi_to(5, read_sysreg(mpidr_el1)));
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "taken with ICC_IGRPEN1_EL1 0");
	write_sysreg(ICC_IGRPEN1_EL1, 1);
	__asm__ volatile("isb");
	CHECK_EQ(gic_wait_ack(LONG_MS), 5, "taken with ICC_IGRPEN1_EL1 1");
	gic_eoi(5);
	mmio_w32(GICD(GICD_CTLR), GICD_CTLR_ARE);
	gic_sgi_send(gic_sgi_to(5, read_sysreg(mpidr_el1)));
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "taken with GICD_CTLR.EnableGrp1 0");
	mmio_w32(GICD(GICD_CTLR), GICD_CTLR_ARE | GICD_CTLR_GRP1);
	CHECK_EQ(gic_wait_ack(LONG_MS), 5, "taken with GICD_CTLR.EnableGrp1 1");
	gic_eoi(5);
}

/* ---- other CPUs ---- */

static volatile uint32_t received[NR_CPUS_MAX];	/* bit n: SGI n was taken */
static volatile bool listening[NR_CPUS_MAX], stop;

static void note_received(void)
{
	uint32_t id = gic_ack();

	if (id >= 1020)
		return;
	received[this_cpu()->idx] |= 1u << id;
	gic_eoi(id);
}

static void listen(void *arg)
{
	(void)arg;
	gic_cpu_init();
	mmio_w32(gic_redist() + GICR_SGI + GICD_ISENABLER, 0xffff);
	this_cpu()->irq_hook = note_received;
	listening[this_cpu()->idx] = true;
	irq_enable();
	while (!stop)
		wfi();
	irq_disable();
}

static bool start_listeners(void)
{
	bool ok = true;

	enable_sgis();
	stop = false;
	for (unsigned int i = 0; i < smp_nr(); i++) {
		received[i] = 0;
		listening[i] = false;
	}
	for (unsigned int i = 1; i < smp_nr(); i++)
		ok = smp_start(i, listen, NULL) && WAIT_UNTIL(listening[i], LONG_MS) && ok;
	this_cpu()->irq_hook = note_received;
	irq_enable();
	return ok;
}

static void stop_listeners(void)
{
	stop = true;
	for (unsigned int i = 1; i < smp_nr(); i++) {
		gic_sgi_send(gic_sgi_to(15, cpus[i].mpidr));
		CHECK(smp_wait_off(i), "cpu %u stays on", i);
	}
	irq_disable();
}

static void expect_received(uint32_t cpu_mask, unsigned int sgi, const char *what)
{
	for (unsigned int i = 0; i < smp_nr(); i++) {
		if (cpu_mask >> i & 1)
			CHECK(WAIT_UNTIL(received[i] >> sgi & 1, LONG_MS), "%s: cpu %u got nothing",
			      what, i);
	}
	delay_ms(5);
	for (unsigned int i = 0; i < smp_nr(); i++) {
		if (!(cpu_mask >> i & 1))
			CHECK(!(received[i] >> sgi & 1), "%s: cpu %u got it too", what, i);
	}
}

static void targets_are_respected(void)
{
	unsigned int nr = smp_nr();
	uint32_t all = (1u << nr) - 1;

	SKIP_UNLESS(nr >= 2, "one CPU");
	if (!start_listeners())
		return;
	for (unsigned int i = 0; i < nr; i++) {
		gic_sgi_send(gic_sgi_to(i, cpus[i].mpidr));
		expect_received(1u << i, i, "one target");
	}
	/* Aff0 0 to 15 share a cluster on virt: a list is one write. */
	if (nr <= 16 && (cpus[nr - 1].mpidr >> 8) == 0) {
		uint64_t list = (uint64_t)(all & ~1u);

		gic_sgi_send(10ul << 24 | list);
		expect_received(all & ~1u, 10, "target list");
		gic_sgi_send(11ul << 24 | (all & 5));
		expect_received(all & 5, 11, "target list 0 and 2");
	}
	gic_sgi_send(12ul << 24 | SGI1R_IRM);
	expect_received(all & ~1u, 12, "all but self");
	/* Nobody has affinity 0.0.9.x, nor Aff0 160 and on; RS is RES0 without ICC_CTLR_EL1.RSS. */
	gic_sgi_send(13ul << 24 | 9ul << 16 | 1);
	if (read_sysreg(ICC_CTLR_EL1) >> 18 & 1)
		gic_sgi_send(13ul << 24 | 10ul << 44 | 1);
	gic_sgi_send(13ul << 24);
	expect_received(0, 13, "nobody");
	stop_listeners();
}

/* Pending a private interrupt of a sleeping CPU through its redistributor wakes it. */
static void pending_by_register_reaches_another_cpu(void)
{
	SKIP_UNLESS(smp_nr() >= 2, "one CPU");
	if (!start_listeners())
		return;
	delay_ms(5);
	mmio_w32(gic_redist_of(cpus[1].mpidr) + GICR_SGI + GICD_ISPENDR, 1u << 8);
	expect_received(2, 8, "GICR_ISPENDR0 of another CPU");
	stop_listeners();
}

GUEST_CASES(
	CASE(sgi_to_self_is_delivered),
	CASE(sgi_interrupts_through_the_vector),
	CASE(sixteen_together_go_by_priority),
	CASE(repeated_sgi_is_one),
	CASE(pending_while_active_comes_after_eoi),
	CASE(pmr_masks_by_priority),
	CASE(running_priority_holds_back_equals),
	CASE(binary_point_makes_groups),
	CASE(eoimode_1_splits_drop_and_deactivation),
	CASE(pend_and_unpend_by_register),
	CASE(disabled_interrupt_waits),
	CASE(groups_can_be_turned_off),
	CASE(targets_are_respected),
	CASE(pending_by_register_reaches_another_cpu));
