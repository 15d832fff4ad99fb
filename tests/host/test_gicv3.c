/* SPDX-License-Identifier: Apache-2.0 */
/* The GIC driver on frames of plain memory, and who gets a physical interrupt. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <arch/timer.h>
#include "core/timer.h"
#include "core/percpu.h"
#include "irq/gicv3.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "tests/host/fake/cpu.h"
#include "tests/host/fake/gic.h"
#include "tests/host/fake/log.h"

static _Alignas(8) char gicd[GICD_FRAME_SIZE], gicr[6 * GICR_FRAME_SIZE];

/* ---- what the vGIC would do ---- */

static struct { uint32_t injected, linked, unlinked; } vg;

void vgic_inject_hw(struct vgic_vcpu *v, uint32_t intid, uint32_t pintid)
{
	(void)v;
	vg.injected = pintid << 16 | intid;
}

int vgic_link(struct vgic_vcpu *v, uint32_t intid, uint32_t pintid)
{
	(void)v;
	vg.linked = pintid << 16 | intid;
	return 0;
}

void vgic_unlink(struct vgic_vcpu *v, uint32_t intid)
{
	(void)v;
	vg.unlinked = intid;
}

/* ---- a board ---- */

static uint32_t *reg(char *frame, uint32_t off)
{
	return (uint32_t *)(void *)(frame + off);
}

static void put64(char *frame, uint32_t off, uint64_t v)
{
	memcpy(frame + off, &v, 8);
}

static struct gicv3_map board_setup(void)
{
	memset(gicd, 0, sizeof(gicd));
	memset(gicr, 0, sizeof(gicr));
	*reg(gicd, GIC_PIDR2) = 0x3b;
	*reg(gicd, GICD_TYPER) = 8;          /* 288 INTIDs */
	for (uint32_t n = 0; n < 6; n++)
		put64(gicr + n * GICR_FRAME_SIZE, GICR_TYPER, (uint64_t)n << 32);
	fake_gic_reset(4);
	fake_cpu_enter(0);
	return (struct gicv3_map){ .gicd = gicd, .gicr = { gicr },
				   .gicr_size = { sizeof(gicr) }, .nr_gicr = 1 };
}

static void start(void)
{
	struct gicv3_map map = board_setup();
	const char *why = NULL;

	assert_int_equal(gicv3_init(&map, &why), 0);
	assert_int_equal(gicv3_cpu_init(&why), 0);
}

static void a_board_without_gicv3_is_told_in_words(void **state)
{
	struct gicv3_map map = board_setup();
	const char *why = NULL;

	(void)state;
	map.gicd = NULL;
	assert_int_equal(gicv3_init(&map, &why), -ENODEV);
	assert_non_null(why);
	map.gicd = gicd;
	fake_gic_present = false;
	assert_int_equal(gicv3_init(&map, &why), -ENODEV);
	fake_gic_present = true;
	*reg(gicd, GIC_PIDR2) = 0x2b;
	assert_int_equal(gicv3_init(&map, &why), -ENODEV);
}

static void a_write_that_never_completes_ends(void **state)
{
	struct gicv3_map map = board_setup();
	const char *why = NULL;

	(void)state;
	gicr[GICR_WAKER] = GICR_WAKER_CHILDREN_ASLEEP;
	assert_int_equal(gicv3_init(&map, &why), 0);
	assert_int_equal(gicv3_cpu_init(&why), -ETIMEDOUT);
	assert_non_null(why);
}

static void spis_are_quiet_after_init(void **state)
{
	(void)state;
	start();
	assert_int_equal(gicv3_nr_intids(), 288);
	for (uint32_t n = 1; n < 9; n++) {
		assert_int_equal(*reg(gicd, GICD_IGROUPR + 4 * n), ~0u);
		assert_int_equal(*reg(gicd, GICD_ICENABLER + 4 * n), ~0u);
		assert_int_equal(*reg(gicd, GICD_ICACTIVER + 4 * n), ~0u);
	}
	assert_int_equal(*reg(gicd, GICD_IGROUPR), 0);
	assert_int_equal(*reg(gicd, GICD_IGROUPR + 36), 0);
	assert_int_equal(*reg(gicd, GICD_IPRIORITYR + 284), 0xa0a0a0a0);
	assert_int_equal(*reg(gicd, GICD_IPRIORITYR + 288), 0);
	assert_int_equal(*reg(gicd, GICD_CTLR), GICD_CTLR_ARE | GICD_CTLR_ENABLE_G1);
}

static void the_redistributor_is_found_by_affinity(void **state)
{
	struct gicv3_map map = board_setup();
	const char *why = NULL;

	(void)state;
	/* Two frames with VLPIs, so twice as long, then a second region. */
	put64(gicr, GICR_TYPER, GICR_TYPER_VLPIS);
	put64(gicr + 2 * GICR_FRAME_SIZE, GICR_TYPER, GICR_TYPER_LAST | UINT64_C(7) << 32);
	put64(gicr + 4 * GICR_FRAME_SIZE, GICR_TYPER, GICR_TYPER_LAST | UINT64_C(0x01020304) << 32);
	map.gicr[1] = gicr + 4 * GICR_FRAME_SIZE;
	map.gicr_size[0] = 4 * GICR_FRAME_SIZE;
	map.gicr_size[1] = 2 * GICR_FRAME_SIZE;
	map.nr_gicr = 2;
	assert_int_equal(gicv3_init(&map, &why), 0);
	fake_cpu_enter(3);
	percpus[3].mpidr = 0x0100020304;
	assert_int_equal(gicv3_cpu_init(&why), 0);
	gicv3_enable(20);
	assert_int_equal(*reg(gicr + 4 * GICR_FRAME_SIZE, GICR_SGI_BASE + GICR_ISENABLER0),
			 BIT(20));
	percpus[3].mpidr = 3;                /* behind the last one of region 0 */
	assert_int_equal(gicv3_cpu_init(&why), -ENODEV);
	assert_non_null(why);
}

static void single_interrupts(void **state)
{
	(void)state;
	start();
	gicv3_enable(77);
	assert_int_equal(*reg(gicd, GICD_ISENABLER + 8), BIT(13));
	gicv3_set_edge(77, true);
	assert_int_equal(*reg(gicd, GICD_ICFGR + 16), BIT(27));
	gicv3_set_edge(77, false);
	assert_int_equal(*reg(gicd, GICD_ICFGR + 16), 0);
	gicv3_set_priority(77, 0x40);
	assert_int_equal(gicd[GICD_IPRIORITYR + 77], 0x40);
	percpus[5].mpidr = 0x0200010005;
	gicv3_route(77, 5);
	assert_int_equal(*reg(gicd, GICD_IROUTER + 8 * 77), 0x010005);
	assert_int_equal(*reg(gicd, GICD_IROUTER + 8 * 77 + 4), 2);
	gicv3_set_active(27, true);
	assert_int_equal(*reg(gicr, GICR_SGI_BASE + GICR_ISACTIVER0), BIT(27));
	/* not implemented: nothing is touched */
	memset(gicd + GICD_ISENABLER, 0, 0x80);
	gicv3_enable(288);
	gicv3_enable(5000);
	for (uint32_t n = 0; n < 32; n++)
		assert_int_equal(*reg(gicd, GICD_ISENABLER + 4 * n), 0);
}

static void sgis_name_all_affinity_levels(void **state)
{
	struct gicv3_map map;
	const char *why;

	(void)state;
	map = board_setup();
	put64(gicr, GICR_TYPER, GICR_TYPER_LAST | UINT64_C(0x04030225) << 32);
	assert_int_equal(gicv3_init(&map, &why), 0);
	fake_cpu_enter(2);
	percpus[2].mpidr = 0x0400030225;
	assert_int_equal(gicv3_cpu_init(&why), 0);
	fake_cpu_enter(0);
	gicv3_sgi(2, 9);
	assert_true(fake_gic()->last_sgi1r == (BITS_VAL(ICC_SGIR_AFF3, 4) |
		BITS_VAL(ICC_SGIR_AFF2, 3) | BITS_VAL(ICC_SGIR_AFF1, 2) |
		BITS_VAL(ICC_SGIR_RS, 2) | BIT(5) | BITS_VAL(ICC_SGIR_INTID, 9)));
}

/* ---- owners ---- */

static uint32_t calls;

static void count(void *ctx, uint32_t intid)
{
	calls++;
	assert_ptr_equal(ctx, &calls);
	assert_in_range(intid, 1, 1019);
}

static void take(uint32_t intid)
{
	struct fake_gic *f = fake_gic();

	f->acks[0] = intid;
	f->nr_acks = 1;
	f->next_ack = 0;
	irq_dispatch();
}

static void own_interrupts_are_ended_linked_ones_are_not(void **state)
{
	struct vgic_vcpu *v = (struct vgic_vcpu *)&vg;

	(void)state;
	start();
	assert_int_equal(irq_register(1000, count, &calls), -EINVAL);
	assert_int_equal(irq_register(33, count, &calls), 0);
	assert_int_equal(irq_register(33, count, &calls), -EBUSY);
	assert_int_equal(irq_link_vm(33, v, 40, "vm"), -EBUSY);
	assert_int_equal(vg.unlinked, 40);
	assert_int_equal(irq_link_vm(27, v, 40, "vm"), -EINVAL);
	assert_int_equal(irq_link_vm(78, v, 41, "vm"), 0);
	assert_int_equal(vg.linked, 78 << 16 | 41);
	take(33);
	assert_int_equal(calls, 1);
	assert_int_equal(fake_gic()->last_eoi, 33);
	assert_int_equal(fake_gic()->last_dir, 33);
	take(78);
	assert_int_equal(vg.injected, 78 << 16 | 41);
	assert_int_equal(fake_gic()->last_eoi, 78);
	assert_int_equal(fake_gic()->nr_dir, 1);
	irq_unlink(78);
	assert_int_equal(*reg(gicd, GICD_ICENABLER + 8), BIT(14));
	assert_int_equal(*reg(gicd, GICD_ICACTIVER + 8), BIT(14));
	assert_int_equal(vg.unlinked, 41);
	irq_unlink(33);
}

static void an_interrupt_without_owner_is_masked_named_and_ended(void **state)
{
	unsigned int lines;

	(void)state;
	start();
	lines = fake_log_lines;
	take(90);
	assert_int_equal(fake_log_lines, lines + 1);
	assert_non_null(strstr(fake_log_last, "90"));
	assert_int_equal(*reg(gicd, GICD_ICENABLER + 8), BIT(26));
	assert_int_equal(fake_gic()->last_dir, 90);
}

static void dispatch_takes_what_is_pending_but_not_for_ever(void **state)
{
	struct fake_gic *f;

	(void)state;
	start();
	f = fake_gic();
	assert_int_equal(irq_register(34, count, &calls), 0);
	calls = 0;
	f->nr_acks = FAKE_NR_ACKS;
	for (uint32_t n = 0; n < FAKE_NR_ACKS; n++)
		f->acks[n] = 34;
	irq_dispatch();
	assert_in_range(calls, 8, FAKE_NR_ACKS - 1);
	irq_unlink(34);
}

static void a_storming_device_is_masked_and_named(void **state)
{
	unsigned int lines;

	(void)state;
	start();
	assert_int_equal(irq_register(35, count, &calls), 0);
	lines = fake_log_lines;
	/* As many, but in their time: two windows with a second between. */
	for (uint32_t n = 0; n < IRQ_STORM_PER_S; n++)
		take(35);
	fake_counter += 2 * fake_counter_hz;
	for (uint32_t n = 0; n < IRQ_STORM_PER_S; n++)
		take(35);
	assert_int_equal(fake_log_lines, lines);
	for (uint32_t n = 0; n < IRQ_STORM_PER_S; n++)
		take(35);
	assert_int_equal(fake_log_lines, lines + 1);
	assert_non_null(strstr(fake_log_last, "35"));
	irq_unlink(35);
}

static void storm(uint32_t intid)
{
	for (uint32_t n = 0; n < IRQ_STORM_PER_S; n++)
		take(intid);
}

/* Masked at once; unmasked when, and not before, the time is over. */
static void storm_is_off_for(uint32_t intid, uint64_t ticks)
{
	*reg(gicd, GICD_ICENABLER + 4) = *reg(gicd, GICD_ISENABLER + 4) = 0;
	storm(intid);
	assert_int_equal(*reg(gicd, GICD_ICENABLER + 4), 1u << (intid & 31));
	assert_int_equal(fake_hyp_timer_cval, fake_counter + MIN(ticks, 4 * fake_counter_hz));
	fake_counter += ticks - 1;
	timer_interrupt();
	assert_int_equal(*reg(gicd, GICD_ISENABLER + 4), 0);
	fake_counter++;
	timer_interrupt();
	assert_int_equal(*reg(gicd, GICD_ISENABLER + 4), 1u << (intid & 31));
}

static void a_storm_is_tried_again_ever_later_until_it_is_quiet(void **state)
{
	uint64_t first = fake_counter_hz / IRQ_STORM_FIRST;

	(void)state;
	start();
	assert_int_equal(irq_register(36, count, &calls), 0);
	storm(36);                                   /* the first window begins */
	for (uint32_t i = 0; i <= IRQ_STORM_SHIFT + 2; i++)
		storm_is_off_for(36, first << MIN(i, (uint32_t)IRQ_STORM_SHIFT));
	fake_counter += fake_counter_hz;
	storm(36);                                   /* that took a second: none */
	storm_is_off_for(36, first);
	irq_unlink(36);
}

/* Days back: a device that is quiet is not taken for the storm that there was. */
static void a_storm_is_over_though_the_counter_went_back(void **state)
{
	(void)state;
	start();
	assert_int_equal(irq_register(36, count, &calls), 0);
	fake_counter += 86400 * fake_counter_hz;
	storm(36);
	storm_is_off_for(36, fake_counter_hz / IRQ_STORM_FIRST);
	fake_counter -= 86400 * fake_counter_hz;
	*reg(gicd, GICD_ICENABLER + 4) = 0;
	storm(36);
	assert_int_equal(*reg(gicd, GICD_ICENABLER + 4), 0);
	irq_unlink(36);
}

static void two_storms_end_with_the_first_ones_time(void **state)
{
	(void)state;
	start();
	assert_int_equal(irq_register(36, count, &calls), 0);
	assert_int_equal(irq_register(37, count, &calls), 0);
	for (uint32_t i = 0; i < 2; i++) {
		storm(36);
		storm(37);
	}
	*reg(gicd, GICD_ISENABLER + 4) = 0;
	irq_unlink(36);                              /* stays off */
	fake_counter += fake_counter_hz / IRQ_STORM_FIRST;
	timer_interrupt();
	assert_int_equal(*reg(gicd, GICD_ISENABLER + 4), BIT(5));
	irq_unlink(37);
}

/* Of a VM's device: its own end is the end, but it is masked, named once, and tried again. */
static void a_storm_of_a_vms_device_is_masked_and_tried_again(void **state)
{
	struct vgic_vcpu *v = (struct vgic_vcpu *)&vg;
	unsigned int lines;

	(void)state;
	start();
	assert_int_equal(irq_link_vm(38, v, 38, "radio"), 0);
	*reg(gicd, GICD_ISENABLER + 4) = 0;
	irq_want(38, true);
	assert_int_equal(*reg(gicd, GICD_ISENABLER + 4), BIT(6));
	lines = fake_log_lines;
	storm(38);                                   /* the first window begins */
	for (uint32_t i = 0; i < 4; i++)
		storm_is_off_for(38, fake_counter_hz / IRQ_STORM_FIRST << i);
	assert_int_equal(fake_log_lines, lines + 1);
	assert_non_null(strstr(fake_log_last, "38 of radio"));
	assert_int_equal(fake_gic()->nr_dir, 0);
	irq_unlink(38);
}

static uint32_t enabled_by(uint64_t ticks)
{
	*reg(gicd, GICD_ISENABLER + 4) = 0;
	fake_counter += ticks;
	timer_interrupt();
	return *reg(gicd, GICD_ISENABLER + 4);
}

/* Another's storm is over, or its own: while its VM is paused nothing lets it come. */
static void what_is_not_wanted_stays_masked_when_storms_end(void **state)
{
	struct vgic_vcpu *v = (struct vgic_vcpu *)&vg;

	(void)state;
	start();
	assert_int_equal(irq_register(37, count, &calls), 0);
	assert_int_equal(irq_link_vm(38, v, 38, "radio"), 0);
	assert_int_equal(irq_link_vm(39, v, 39, "radio"), 0);
	for (uint32_t i = 0; i < 2; i++)
		storm(37);
	assert_int_equal(enabled_by(fake_counter_hz / IRQ_STORM_FIRST), BIT(5));
	irq_want(38, true);
	for (uint32_t i = 0; i < 2; i++)
		storm(38);
	irq_want(38, false);
	assert_int_equal(enabled_by(fake_counter_hz / IRQ_STORM_FIRST), 0);
	irq_want(38, true);
	assert_int_equal(*reg(gicd, GICD_ISENABLER + 4), BIT(6));
	/* Resumed in the middle of its storm: not before that is over. */
	for (uint32_t i = 0; i < 2; i++)
		storm(38);
	irq_want(38, false);
	*reg(gicd, GICD_ISENABLER + 4) = 0;
	irq_want(38, true);
	assert_int_equal(*reg(gicd, GICD_ISENABLER + 4), 0);
	assert_int_equal(enabled_by(fake_counter_hz), BIT(6));
	irq_unlink(37);
	irq_unlink(38);
	irq_unlink(39);
}

static void what_is_of_no_kind_is_ended_and_named_once(void **state)
{
	static const uint32_t none[] = { 1020, 1021, 1022, 1023 };
	static const uint32_t strays[] = { 1024, 4096, 5119, 8192, 65535, 0xffffff };
	unsigned int lines;

	(void)state;
	start();
	lines = fake_log_lines;
	for (uint32_t i = 0; i < ARRAY_SIZE(none); i++)
		take(none[i]);
	assert_int_equal(fake_gic()->nr_eoi, 0);
	assert_int_equal(fake_log_lines, lines);
	for (uint32_t i = 0; i < ARRAY_SIZE(strays); i++) {
		take(strays[i]);
		assert_int_equal(fake_gic()->last_eoi, strays[i]);
		assert_int_equal(fake_gic()->nr_eoi, i + 1);
	}
	/* An LPI has no active state. */
	assert_int_equal(fake_gic()->nr_dir, 3);
	assert_int_equal(fake_log_lines, lines + 1);
	assert_non_null(strstr(fake_log_last, "1024"));
}

static void lpis_that_were_left_on_are_turned_off(void **state)
{
	struct gicv3_map map;
	const char *why;

	(void)state;
	map = board_setup();
	*reg(gicr, GICR_CTLR) = GICR_CTLR_ENABLE_LPIS;
	assert_int_equal(gicv3_init(&map, &why), 0);
	fake_cpu_enter(0);
	assert_int_equal(gicv3_cpu_init(&why), 0);
	assert_int_equal(*reg(gicr, GICR_CTLR), 0);
}

static void private_interrupts_are_enabled_on_later_cpus(void **state)
{
	const char *why = NULL;

	(void)state;
	start();
	assert_int_equal(irq_register(26, count, &calls), 0);
	assert_int_equal(irq_link_percpu(27, count, &calls), 0);
	assert_int_equal(irq_link_percpu(40, count, &calls), -EINVAL);
	fake_cpu_enter(1);
	assert_int_equal(gicv3_cpu_init(&why), 0);
	assert_int_equal(*reg(gicr + GICR_FRAME_SIZE, GICR_SGI_BASE + GICR_ISENABLER0),
			 BIT(26) | BIT(27));
	irq_unlink(26);
	irq_unlink(27);
}

/* ---- what is EL2's own ---- */

static void start_with(bool without_el3, uint32_t ctlr)
{
	struct gicv3_map map = board_setup();
	const char *why = NULL;

	fake_gic_one_state = without_el3;
	*reg(gicd, GICD_CTLR) = ctlr;
	assert_int_equal(gicv3_init(&map, &why), 0);
	assert_int_equal(gicv3_cpu_init(&why), 0);
	fake_gic_one_state = false;
}

static bool is_own(uint32_t intid)
{
	char *frame = intid < 32 ? gicr + GICR_SGI_BASE : gicd;
	bool group0 = !(*reg(frame, GICD_IGROUPR + intid / 32 * 4) >> (intid & 31) & 1);

	assert_int_equal((uint8_t)frame[GICD_IPRIORITYR + intid], group0 ? 0 : 0xa0);
	return group0;
}

static void the_hypervisors_own_are_in_group_0_where_it_has_that(void **state)
{
	(void)state;
	assert_int_equal(irq_register(28, count, &calls), 0);
	start_with(true, GICD_CTLR_DS);
	assert_true(gicv3_has_recall());
	assert_int_equal(*reg(gicd, GICD_CTLR),
			 GICD_CTLR_ARE | GICD_CTLR_ENABLE_G0 | GICD_CTLR_ENABLE_G1);
	assert_true(is_own(28) && !is_own(27) && !is_own(29));
	gicv3_ipi(0);
	assert_int_equal(fake_gic()->last_sgi0r, 1);
	assert_int_equal(fake_gic()->last_sgi1r, 0);

	memset(gicd + GICD_IPRIORITYR, 0xa0, 288);
	memset(gicd + GICD_IGROUPR, 0xff, 36);
	assert_int_equal(irq_register(97, count, &calls), 0);
	assert_int_equal(irq_link_vm(98, (struct vgic_vcpu *)&vg, 40, "vm"), 0);
	assert_true(is_own(97) && !is_own(96) && !is_own(98));
	gicv3_set_owned(98, true);
	assert_true(is_own(97) && is_own(98) && !is_own(99));
	gicv3_set_owned(98, false);
	assert_true(is_own(97) && !is_own(98));
	gicv3_set_owned(288, true);          /* there is none */
	assert_int_equal(*reg(gicd, GICD_IGROUPR + 36), 0);

	calls = 0;
	fake_gic()->acks[0] = 97;
	fake_gic()->nr_acks = 1;
	fake_gic()->next_ack = 0;
	irq_dispatch_own();
	assert_int_equal(calls, 1);
	assert_true(fake_gic()->last_eoi == 97 && fake_gic()->last_dir == 97);
	irq_unlink(97);
	irq_unlink(98);
	irq_unlink(28);
}

static void with_el3_or_two_states_all_are_in_group_1(void **state)
{
	(void)state;
	for (int el3 = 0; el3 < 2; el3++) {
		start_with(!el3, el3 ? GICD_CTLR_DS : 0);
		assert_false(gicv3_has_recall());
		assert_int_equal(*reg(gicd, GICD_CTLR), GICD_CTLR_ARE | GICD_CTLR_ENABLE_G1);
		assert_int_equal(*reg(gicr, GICR_SGI_BASE + GICR_IGROUPR0), ~0u);
		assert_false(is_own(0) || is_own(28) || is_own(31));
		gicv3_ipi(0);
		assert_int_equal(fake_gic()->last_sgi1r, 1);
		memset(gicd + GICD_IPRIORITYR, 0xa0, 288);
		gicv3_set_owned(98, true);
		assert_false(is_own(98));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_board_without_gicv3_is_told_in_words),
		cmocka_unit_test(a_write_that_never_completes_ends),
		cmocka_unit_test(spis_are_quiet_after_init),
		cmocka_unit_test(the_redistributor_is_found_by_affinity),
		cmocka_unit_test(single_interrupts),
		cmocka_unit_test(sgis_name_all_affinity_levels),
		cmocka_unit_test(own_interrupts_are_ended_linked_ones_are_not),
		cmocka_unit_test(an_interrupt_without_owner_is_masked_named_and_ended),
		cmocka_unit_test(dispatch_takes_what_is_pending_but_not_for_ever),
		cmocka_unit_test(a_storming_device_is_masked_and_named),
		cmocka_unit_test(a_storm_is_tried_again_ever_later_until_it_is_quiet),
		cmocka_unit_test(a_storm_is_over_though_the_counter_went_back),
		cmocka_unit_test(two_storms_end_with_the_first_ones_time),
		cmocka_unit_test(a_storm_of_a_vms_device_is_masked_and_tried_again),
		cmocka_unit_test(what_is_not_wanted_stays_masked_when_storms_end),
		cmocka_unit_test(what_is_of_no_kind_is_ended_and_named_once),
		cmocka_unit_test(lpis_that_were_left_on_are_turned_off),
		cmocka_unit_test(private_interrupts_are_enabled_on_later_cpus),
		cmocka_unit_test(the_hypervisors_own_are_in_group_0_where_it_has_that),
		cmocka_unit_test(with_el3_or_two_states_all_are_in_group_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
