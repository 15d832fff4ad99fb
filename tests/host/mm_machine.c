/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host/mm_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <arch/boot.h>
#include "mm/audit.h"
#include "mm/el2_map.h"
#include "tests/host/fake/cpu.h"

static struct board machine_board;

void machine_describe(struct board *brd, struct mm_boot *boot, uint64_t ram)
{
	memset(brd, 0, sizeof(*brd));
	memset(boot, 0, sizeof(*boot));
	fake_machine_reset();
	fake_cpu_enter(0);
	fake_ram_add(MACHINE_RAM, ram);
	fake_image_set(MACHINE_IMAGE, MACHINE_IMAGE_SIZE);
	brd->mem[brd->nr_mem++] = (struct board_range){ PA(MACHINE_RAM), ram };
	boot->board = brd;
	boot->image_pa = PA(MACHINE_IMAGE);
	boot->image_size = MACHINE_IMAGE_SIZE;
	boot->text = (struct mm_section){ VA(HYP_IMAGE_VA), VA(HYP_IMAGE_VA + 0x20000) };
	boot->rodata = (struct mm_section){ boot->text.end, VA(HYP_IMAGE_VA + 0x28000) };
	boot->data = (struct mm_section){ boot->rodata.end,
					  VA(HYP_IMAGE_VA + MACHINE_IMAGE_SIZE) };
	boot->arena = VA(HYP_IMAGE_VA + 0x30000);
	boot->arena_pages = MACHINE_ARENA;
}

void machine_start(struct mm_boot *boot)
{
	assert_int_equal(mm_early_init(boot), 0);
	arch_el2_switch_tables(el2_map_root(0));
	assert_int_equal(mm_late_init(), 0);
}

void machine_up(uint64_t ram)
{
	struct mm_boot boot;

	machine_describe(&machine_board, &boot, ram);
	machine_start(&boot);
}

void machine_enter_cpu(uint32_t idx)
{
	if (!el2_map_root(idx).v)
		assert_int_equal(el2_map_cpu_init(idx), 0);
	fake_cpu_enter(idx);
	fake_el2_root_set(el2_map_root(idx).v);
}

static void print_finding(void *ctx, const struct audit_finding *f)
{
	(void)ctx;
	fprintf(stderr, "audit: %s: table of %u, address 0x%llx, frame 0x%llx of %u\n", f->what,
		f->owner, (unsigned long long)f->addr, (unsigned long long)f->pa.v,
		f->frame_owner);
}

void machine_check(void)
{
	assert_int_equal(fake_counts.violations, 0);
	assert_int_equal(audit_run(print_finding, NULL, NULL), 0);
	assert_false(fake_irqs_masked());
}
