/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/machine.h"

#include <arch/cpu.h>
#include "core/crash.h"
#include "core/firmware.h"
#include "core/log.h"
#include "core/sched.h"
#include "core/vmm/console.h"
#include "core/vmm/cpu_init.h"
#include "devices/uart_phys.h"
#include "mm/el2_map.h"

static const void *bundle;
static size_t bundle_size;

void machine_bundle(const void *base, size_t size)
{
	bundle = base;
	bundle_size = size;
}

const void *machine_bundle_get(size_t *size)
{
	*size = bundle_size;
	return bundle;
}

static void __attribute__((noreturn)) halt(void)
{
	arch_irq_disable();
	for (;;)
		arch_wfe();
}

static void crash_write(const char *s, unsigned int len)
{
	while (len--)
		early_uart_putc(*s++);
}

static void crash_stop(void)
{
	console_seize();
	cpu_stop_others();
}

/* A machine that hangs tells nobody; one that is off can be started again. */
static void crash_halt(void)
{
	firmware_system_off();
}

void machine_init_crash(void)
{
	static const struct crash_ops ops = {
		.write = crash_write, .stop_others = crash_stop, .halt = crash_halt,
	};

	crash_set_ops(&ops);
}

void machine_init_sched(void)
{
	static const struct sched_ops ops = {
		.kick = cpu_kick, .stack_alloc = el2_stack_alloc, .stack_free = el2_stack_free,
	};

	sched_init(&ops);
}

void machine_give_up(const char *why)
{
	log_err("%s: stopped", why);
	console_drain();
	firmware_system_off();
	halt();
}

void machine_poweroff(void)
{
	log_info("power off");
	console_drain();
	firmware_system_off();
	halt();
}

void machine_reboot(void)
{
	log_info("reboot");
	console_drain();
	firmware_system_reset();
	halt();
}
