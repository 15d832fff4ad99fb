/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/abort.h"

#include <arch/el1_state.h>
#include "core/log.h"
#include "irq/vgic_direct.h"
#include "mm/guest_copy.h"
#include "mm/guest_mem.h"
#include "vm/insn.h"
#include "vm/vm.h"

#define SPSR_A32_E  BIT(9)               /* data of AArch32 is big-endian        */
#define PAR_S       BIT(9)               /* with PAR_F: stage 2 faulted          */
#define VA_NO_TAG   BITS(55, 0)          /* the top byte may be a tag            */

/* --- RAM ---------------------------------------------------------------------- */

/*
 * S2_R, S2_W, S2_X: what the access needs. All that is mapped can be read, so
 * only writing data can lack permission: stores, cache invalidation, and walks
 * of stage 1 that update a descriptor.
 */
static uint32_t access_needs(const struct exit_info *info)
{
	bool walk = info->iss & ISS_ABT_S1PTW;

	if (!exit_is_data_abort(info) && !walk)
		return S2_X;
	return exit_fault_type(info) == FSC_PERMISSION ? S2_W : S2_R;
}

/*
 * Another vCPU may have populated the page, or a block was being split, when
 * the access faulted: then it is there now, and the access is repeated.
 */
static enum exit_verdict ram_settled(struct vm *vm, const struct exit_info *info)
{
	struct stage2_leaf leaf;

	if (stage2_lookup(&vm->s2, info->ipa, &leaf) == 0 && leaf.mapped &&
	    (leaf.attr & access_needs(info)))
		return EXIT_RETRY;
	return EXIT_ABORT;
}

static enum exit_verdict ram_abort(struct vm *vm, const struct exit_info *info,
				   const struct config_region *region)
{
	if (!vm_region_comes(vm, region) || exit_fault_type(info) != FSC_TRANSLATION)
		return ram_settled(vm, info);
	if (vm_touch(vm, info->ipa)) {
		log_guest(vm_name(vm), "no memory left for 0x%llx",
			  (unsigned long long)info->ipa.v);
		return EXIT_STOP_VM;
	}
	return EXIT_RETRY;
}

/* --- devices ------------------------------------------------------------------ */

/* Is the data of the guest's loads and stores big-endian? Instructions never are. */
static bool data_big_endian(const struct vcpu *v, const struct exit_info *info)
{
	struct el1_exception el1;

	if (info->is32)
		return v->regs->pstate & SPSR_A32_E;
	arch_exception_read(&el1);
	return el1.sctlr & ((v->regs->pstate & SPSR_M_EL) ? SCTLR_EE : SCTLR_E0E);
}

static uint64_t swap_bytes(uint64_t value, unsigned int size)
{
	return __builtin_bswap64(value) >> (64 - 8 * size);
}

/* One access on the bus. The value is the low bytes of *value, either way. */
static bool bus_io(struct vcpu *v, ipa_t ipa, const struct exit_access *a, bool swap,
		   uint64_t *value)
{
	struct mmio_access acc = {
		.vcpu_idx = v->idx, .size = a->size, .is_write = a->is_write, .may_sleep = true,
	};

	if (a->is_write) {
		acc.value = *value & BITS(8 * a->size - 1, 0);
		if (swap)
			acc.value = swap_bytes(acc.value, a->size);
	}
	if (bus_access(&v->vm->bus, ipa, &acc))
		return false;
	if (!a->is_write)
		*value = swap ? swap_bytes(acc.value, a->size) : acc.value;
	return true;
}

static enum exit_verdict device_described(struct vcpu *v, const struct exit_info *info,
					  const struct exit_access *a)
{
	uint64_t value = vcpu_gpr_read(v, a->reg);

	if (!bus_io(v, info->ipa, a, data_big_endian(v, info), &value))
		return EXIT_ABORT;
	if (!a->is_write)
		vcpu_gpr_write(v, a->reg, exit_access_extend(a, value));
	return EXIT_DONE;
}

/*
 * The instruction at pc. EXIT_RETRY: its page has gone from the guest's tables
 * since; the guest faults by itself. EXIT_UP: here it is.
 */
static enum exit_verdict fetch_insn(struct vcpu *v, const struct exit_info *info, uint32_t *op)
{
	uint64_t par = arch_translate_s1(info->pc);

	if (par & PAR_F)
		return par & PAR_S ? EXIT_ABORT : EXIT_RETRY;
	if (guest_copy_from(&v->vm->s2, op, IPA((par & PAR_PA) | (info->pc & PAGE_MASK)),
			    sizeof(*op)))
		return EXIT_ABORT;
	return EXIT_UP;
}

/* Does the instruction, with the registers as they are, make this very access? */
static bool insn_explains(const struct vcpu *v, const struct exit_info *info, const struct insn *i)
{
	uint64_t addr;
	uint64_t size = (uint64_t)i->nr * i->access[0].size;

	if (i->rn == 31 || (info->iss & ISS_ABT_FNV))
		return false;
	addr = vcpu_gpr_read(v, i->rn) + (uint64_t)(int64_t)i->offset;
	if (((addr ^ info->far) & VA_NO_TAG) || exit_is_write(info) != i->access[0].is_write)
		return false;
	/* A second page may be anything. */
	return (info->ipa.v & PAGE_MASK) + size <= PAGE_SIZE;
}

static struct exit_access access_of(const struct insn_access *a)
{
	return (struct exit_access){
		.reg = a->rt, .size = a->size, .is_write = a->is_write,
		.sign_extend = a->sign_extend, .is_64bit = a->wide,
	};
}

/* Registers change only when all of it has worked. */
static enum exit_verdict insn_carry_out(struct vcpu *v, const struct exit_info *info,
					const struct insn *i)
{
	bool swap = data_big_endian(v, info);
	uint64_t value[2];

	for (unsigned int n = 0; n < i->nr; n++) {
		struct exit_access a = access_of(&i->access[n]);

		value[n] = vcpu_gpr_read(v, a.reg);
		if (!bus_io(v, ipa_add(info->ipa, n * a.size), &a, swap, &value[n]))
			return EXIT_ABORT;
	}
	for (unsigned int n = 0; n < i->nr && !i->access[0].is_write; n++) {
		struct exit_access a = access_of(&i->access[n]);

		vcpu_gpr_write(v, a.reg, exit_access_extend(&a, value[n]));
	}
	if (i->writeback)
		vcpu_gpr_write(v, i->rn, vcpu_gpr_read(v, i->rn) + (uint64_t)(int64_t)i->step);
	return EXIT_DONE;
}

/* ISV = 0: with writeback, of a pair, or of what no device can carry out. */
static enum exit_verdict device_undescribed(struct vcpu *v, const struct exit_info *info)
{
	enum exit_verdict verdict;
	struct insn insn;
	uint32_t op = 0;

	if (info->is32)
		return EXIT_ABORT;
	verdict = fetch_insn(v, info, &op);
	if (verdict != EXIT_UP)
		return verdict;
	if (!insn_decode(op, &insn) || !insn_explains(v, info, &insn))
		return EXIT_ABORT;
	return insn_carry_out(v, info, &insn);
}

static enum exit_verdict device_abort(struct vcpu *v, const struct exit_info *info)
{
	struct exit_access a;

	/* A walk of stage 1 reads memory, not registers with side effects. */
	if (info->iss & ISS_ABT_S1PTW)
		return EXIT_ABORT;
	/* Caches hold nothing of a device. */
	if (info->iss & ISS_DABT_CM)
		return EXIT_DONE;
	if (!bus_lookup(&v->vm->bus, info->ipa))
		return EXIT_ABORT;
	if (!exit_access_decode(info, &a))
		return device_undescribed(v, info);
	return device_described(v, info, &a);
}

/*
 * Of a VM with direct interrupts: everything was away for a moment, to make it exit, and what
 * there was is there again. Not yet: it waits for that, with the lock.
 */
static bool was_shut(struct vcpu *v, const struct exit_info *info)
{
	struct stage2_leaf leaf;

	if (!CONFIG_DIRECT || !v->group->direct || exit_fault_type(info) != FSC_TRANSLATION)
		return false;
	if (atomic_load(&v->vm->s2.shut) && vgic_is_direct(&v->vgic))
		vgic_direct_end(&v->vgic);
	return stage2_lookup(&v->vm->s2, info->ipa, &leaf) == 0 && leaf.mapped;
}

enum exit_verdict exit_dabt_lower(struct vcpu *v, const struct exit_info *info)
{
	const struct config_region *region;

	/* An error that the bus reported, not a fault of stage 2. */
	if (!info->ipa_valid)
		return EXIT_ABORT;
	if (was_shut(v, info))
		return EXIT_RETRY;
	region = vm_region(v->vm, info->ipa);
	return region ? ram_abort(v->vm, info, region) : device_abort(v, info);
}

enum exit_verdict exit_iabt_lower(struct vcpu *v, const struct exit_info *info)
{
	const struct config_region *region;

	if (!info->ipa_valid)
		return EXIT_ABORT;
	if (was_shut(v, info))
		return EXIT_RETRY;
	region = vm_region(v->vm, info->ipa);
	return region ? ram_abort(v->vm, info, region) : EXIT_ABORT;
}
