/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host/ivc_vms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/mutex.h"
#include "mm/frames.h"
#include "mm/stage2.h"

struct ivc_vms ivc;

/* ---- what the code under test needs ---- */

void mutex_lock(struct mutex *m)
{
	(void)m;
	assert_false(ivc.locked);
	ivc.locked = true;
}

void mutex_unlock(struct mutex *m)
{
	(void)m;
	assert_true(ivc.locked);
	ivc.locked = false;
}

static void line_set(void *ctx, uint32_t intid, bool level)
{
	uint32_t vm = ((struct vm *)ctx)->slot, slot = intid - 32 - SPI;

	assert_true(slot < CONFIG_IVC_SLOTS);
	ivc.lines[vm] = level ? ivc.lines[vm] | 1u << slot : ivc.lines[vm] & ~(1u << slot);
}

struct irq_line vgic_line(struct vgic *g, uint32_t intid)
{
	return (struct irq_line){ line_set, container_of(g, struct vm, vgic), intid };
}

/* ---- VMs ---- */

void ivc_vm_configure(uint32_t i, uint32_t publish, uint64_t memory, uint64_t read,
		      uint64_t write)
{
	ivc.cfg[i] = (struct vm_config){ .id = ID(i) };
	ivc.cfg[i].name[0] = (char)('a' + i);
	ivc.cfg[i].ivc = (struct config_ivc){
		.present = true, .publish = publish, .memory = memory, .read = read,
		.write = write, .ipa = ivc.window, .window = ivc.window_size,
		.doorbell = BELLS, .spi = SPI,
	};
}

void ivc_vm_up(uint32_t i)
{
	struct vm *vm = &ivc.vm[i];

	memset(vm, 0, sizeof(*vm));
	vm->slot = i;
	vm->cfg = &ivc.cfg[i];
	assert_int_equal(stage2_init(&vm->s2, owner_vm(i), ivc.ipa_bits), 0);
	bus_init(&vm->bus);
	assert_int_equal(ivc_create(vm), 0);
	ivc.lines[i] = 0;
}

void ivc_vm_down(uint32_t i)
{
	ivc_destroy(&ivc.vm[i]);
	assert_int_equal(ivc.lines[i], 0);
	stage2_fini(&ivc.vm[i].s2);
}
