/* SPDX-License-Identifier: Apache-2.0 */
/* From the first C instruction to the first VM: the order of things. docs/boot.md */
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/layout.h>

#include <libfdt.h>

#include "core/board.h"
#include "core/board_fdt.h"
#include "core/crash.h"
#include "core/fdt_sound.h"
#include "core/firmware.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/sched.h"
#include "core/thread.h"
#include "core/version.h"
#include "core/vmm/console.h"
#include "core/vmm/cpu_init.h"
#include "core/vmm/hardening.h"
#include "core/vmm/image.h"
#include "core/vmm/machine.h"
#include "core/vmm/manager.h"
#include "core/vmm/smp.h"
#include "devices/uart_phys.h"
#include "devices/wall_clock.h"
#include "mm/el2_map.h"
#include "mm/mm_init.h"

#define FDT_MAX_SIZE  (UINT64_C(2) << 20)   /* Linux boot protocol: at most 2 MiB */
#define ARENA_PAGES   32
#define CRASH_STACK   4096

static uint8_t arena[ARENA_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t crash_stack[CRASH_STACK] __attribute__((aligned(16)));
static struct uart_phys uart;

static void boot_percpu(void)
{
	percpus[0].crash_sp = (uintptr_t)crash_stack + sizeof(crash_stack);
	percpus[0].mpidr = arch_mpidr();
	sched_cpu_init(0, VA((uintptr_t)boot_stack_top - STACK_SIZE), STACK_SIZE);
}

/* The board's tree, reachable and sound; then its UART, so that we can speak. */
static void boot_speak(pa_t fdt_pa)
{
	board.fdt_pa = fdt_pa;
	board.fdt = va_ptr(boot_map_block(BOOT_SLOT_BLOB, fdt_pa, FDT_MAX_SIZE));
	if (!fdt_sound(board.fdt, FDT_MAX_SIZE))
		machine_give_up("the board's device tree is damaged");
	if (board_index(&board))
		machine_give_up("the board's device tree has too many nodes");
	if (board_read_uart(&board) == 0)
		early_uart_init(boot_map_block(BOOT_SLOT_IO, board.uart.base, PAGE_SIZE),
				board.uart_compatible);
	log_set_sink(early_uart_line);
	machine_init_crash();
}

static void boot_board(void)
{
	int err;

	log_info("Corbel %s", corbel_version);
	err = board_init(&board, arch_mpidr());
	firmware_init(&board);
	if (err)
		machine_give_up("this board cannot be used");
	log_info("%u pCPUs, %u memory banks", board.nr_cpus, board.nr_mem);
}

/*
 * How much of the board's tree there is: behind its last block some loaders leave room, QEMU a
 * MiB less a few pages, which is memory like any other. The header was checked.
 */
static uint64_t fdt_used(const void *fdt)
{
	const uint64_t *map = fdt_reservations(fdt);
	uint64_t end;

	while (map[1])
		map += 2;
	end = (uint64_t)((const char *)(map + 2) - (const char *)fdt);
	end = MAX(end, (uint64_t)fdt_off_dt_struct(fdt) + fdt_size_dt_struct(fdt));
	return MAX(end, (uint64_t)fdt_off_dt_strings(fdt) + fdt_size_dt_strings(fdt));
}

static void mm_keep(struct mm_boot *b, pa_t base, uint64_t size)
{
	if (!size)
		return;
	b->keep[b->nr_keep].base = base;
	b->keep[b->nr_keep++].size = size;
}

static void must(int err, const char *what)
{
	if (err) {
		log_err("%s: error %d", what, err);
		machine_give_up("memory could not be set up");
	}
}

/* Final tables, and everything that boot tables mapped moved over to them. */
static void boot_memory(pa_t image)
{
	struct mm_boot b = {
		.board = &board,
		.image_pa = image,
		.image_size = (uint64_t)(__image_end - __image_start),
		.text = { va_of(__text_start), va_of(__text_checked) },
		.checked = { va_of(__text_checked), va_of(__text_end) },
		.check_targets = hardening_checks_targets(),
		.rodata = { va_of(__rodata_start), va_of(__rodata_end) },
		.data = { va_of(__data_start), va_of(__image_end) },
		.arena = va_of(arena),
		.arena_pages = ARENA_PAGES,
	};
	uint64_t fdt_size = fdt_used(board.fdt);
	va_t fdt, regs = VA(0), bundle;

	/* A bundle handed over by the loader wins over one that is linked in. */
	if (board.initrd.size == 0) {
		board.initrd.base = pa_add(image, hyp_bundle.offset);
		board.initrd.size = hyp_bundle.size;
	}
	mm_keep(&b, board.fdt_pa, fdt_size);
	mm_keep(&b, board.initrd.base, board.initrd.size);
	must(mm_early_init(&b), "EL2 tables");
	if (board.uart.size)
		must(el2_map_io(board.uart.base, board.uart.size, &regs), "UART");
	must(el2_map_blob(board.fdt_pa, fdt_size, &fdt), "board tree");
	if (board.initrd.size) {
		must(el2_map_blob(board.initrd.base, board.initrd.size, &bundle), "bundle");
		machine_bundle(va_ptr(bundle), board.initrd.size);
	}
	arch_el2_switch_tables(el2_map_root(0));
	board.fdt = va_ptr(fdt);
	if (regs.v)
		early_uart_init(regs, board.uart_compatible);
	must(mm_late_init(), "frames");
	if (regs.v && uart_phys_init(&uart, regs, board.uart_compatible))
		log_warn("no driver for the UART %s", board.uart_compatible);
}

/* Wall-clock time from the board's PL031, if it has one. */
static void boot_clock(void)
{
	int node = board_compatible(&board, -1, "arm,pl031");
	struct board_range r;
	va_t regs = VA(0);

	if (node >= 0 && board_reg(&board, node, 0, &r) == 0 &&
	    el2_map_io(r.base, r.size, &regs))
		regs = VA(0);
	wall_clock_init(regs);
	/* It is read just once, so a VM may have it. */
	if (regs.v)
		el2_unmap_io(r.base, r.size, regs);
}

void hyp_main(uint64_t fdt_pa, uint64_t image_pa)
{
	boot_set_image_base(PA(image_pa));
	boot_percpu();
	boot_speak(PA(fdt_pa));
	boot_board();
	hardening_init();
	boot_memory(PA(image_pa));
	machine_init_sched();
	if (cpu_init_shared(&board))
		machine_give_up("the interrupt controller cannot be used");
	cpu_init_self();
	boot_clock();
	smp_start_all();
	manager_start(&uart);
	sched_run();
}
