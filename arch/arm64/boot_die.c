/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cannot be booted, said in words. Runs with the MMU off, at physical
 * addresses, perhaps at EL1 and without a device tree: so the UART is the one
 * the build names (EARLY_UART), which is used for nothing else.
 */
#include "arch/arm64/boot_die.h"

#include <stddef.h>
#include <stdint.h>

#define PL011_DR      0x00
#define PL011_FR      0x18
#define PL011_FR_TXFF 0x20

#define FDT_MAGIC_LE  0xedfe0dd0u    /* d00dfeed as a little-endian load sees it */

static void put(char c)
{
#ifdef EARLY_UART_PL011
	volatile uint32_t *uart = (volatile uint32_t *)(uintptr_t)EARLY_UART_PL011;

	while (uart[PL011_FR / 4] & PL011_FR_TXFF)
		;
	uart[PL011_DR / 4] = (uint8_t)c;
#else
	(void)c;
#endif
}

static void say(const char *s)
{
	for (; *s; s++)
		put(*s);
}

static void say_hex(uint64_t v)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		put("0123456789abcdef"[v >> shift & 15]);
}

static __attribute__((noreturn)) void stop(void)
{
	say("\r\ncorbel: stopped\r\n");
	for (;;)
		__asm__ volatile("wfe");
}

void boot_die_el(uint64_t current_el)
{
	say("corbel: entered at EL");
	put((char)('0' + (current_el >> 2 & 3)));
	say(", but a hypervisor needs EL2 (QEMU: -M virt,virtualization=on; "
	    "boards: the firmware must start the image at EL2)");
	stop();
}

void boot_die_exception(uint64_t esr, uint64_t elr)
{
	say("corbel: exception before the device tree could be read, ESR_EL2 ");
	say_hex(esr);
	say(" ELR_EL2 ");
	say_hex(elr);
	stop();
}

void boot_check(uint64_t fdt_pa, uint64_t image_pa)
{
	const char *why = NULL;

	if (fdt_pa == 0)
		why = "no device tree: x0 is zero; boot the Image, not the ELF file";
	else if (fdt_pa & 7)
		why = "no device tree: x0 is not a multiple of 8";
	else if (*(const volatile uint32_t *)(uintptr_t)fdt_pa != FDT_MAGIC_LE)
		why = "no device tree where x0 points";
	else if (image_pa & ((1u << 21) - 1))
		why = "the image must be loaded at a multiple of 2 MiB";
	if (!why)
		return;
	say("corbel: ");
	say(why);
	stop();
}
