/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An exit as plain data, what can be answered to it, and the table that says
 * who answers. Decode is pure: register values go in, nothing else is looked at.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <arch/regs.h>
#include "core/lib/types.h"

struct vcpu;

enum exit_verdict {
	EXIT_DONE,       /* carried out: go on at next                          */
	EXIT_RETRY,      /* run the instruction at pc (again)                   */
	EXIT_BLOCK,      /* go on at next, once an interrupt is pending         */
	EXIT_UNDEF,      /* Undefined exception in the guest, reported at pc    */
	EXIT_ABORT,      /* synchronous external abort, reported at pc          */
	EXIT_STOP_VM,    /* this VM cannot go on                                */
	EXIT_UP,         /* not mine: ask the next layer                        */
};

struct exit_info {
	uint8_t  ec;         /* ESR_EL2.EC                                      */
	bool     is32;       /* the instruction that exited is AArch32          */
	bool     ipa_valid;  /* ipa is known; else see exit_find_ipa()          */
	uint32_t iss;        /* ESR_EL2.ISS                                     */
	uint64_t pc;         /* the instruction that exited                     */
	uint64_t next;       /* the one after it                                */
	uint64_t far;        /* faulting virtual address; aborts only           */
	ipa_t    ipa;        /* faulting address; aborts only. Of a fault on a
	                        table walk: of the table, 4 KiB aligned         */
};

/* The register values that an exit leaves, as read. */
struct exit_regs {
	uint64_t esr, elr, spsr;
	uint64_t far, hpfar;     /* looked at for aborts only                   */
};

/* A layer's answer to one class of exit. Runs with interrupts masked. */
typedef enum exit_verdict (*exit_fn)(struct vcpu *vcpu, const struct exit_info *info);

/* By exception class; NULL passes up. */
typedef exit_fn exit_table[EC_NR];

/* vcpu layer: what touches this vCPU only. */
extern const exit_table vcpu_exits;

/* Layers, in the order in which they are asked. */
enum exit_layer { LAYER_VCPU, LAYER_VM, LAYER_VMM, LAYER_NR };

/**
 * exit_decode() - turn register values into an exit
 * @info: filled in
 * @r:    as read after the exit
 *
 * pc is the exiting instruction also for calls, for which the hardware reports
 * the address after it.
 */
void exit_decode(struct exit_info *info, const struct exit_regs *r);

/**
 * exit_read() - decode the exit that the loaded vCPU just made
 * @vcpu: loaded on the calling pCPU; its arch_gpregs hold ESR, ELR and SPSR
 * @info: filled in
 *
 * Reads FAR_EL2 and HPFAR_EL2 when the class has them, so call it before
 * interrupts are unmasked or another thread runs. Where the hardware does not
 * give the IPA, asks stage 1 of the guest for it.
 *
 * Return: EXIT_UP, route it; EXIT_RETRY, the guest's own translation has gone
 *         meanwhile: let it fault by itself. Never loops.
 * Spec: Arm ARM DDI 0487, "HPFAR_EL2", "ISS encoding for an exception from a
 *       Data Abort".
 */
enum exit_verdict exit_read(struct vcpu *vcpu, struct exit_info *info);

/* Is HPFAR_EL2 valid after an abort with this syndrome? */
bool exit_hpfar_valid(uint32_t iss);

/**
 * exit_condition() - did the trapped instruction pass its condition?
 * @iss:    syndrome of an AArch32 trap (with CV and COND)
 * @pstate: SPSR_EL2
 *
 * One that did not is to be treated as NOP (EXIT_DONE).
 * Spec: Arm ARM DDI 0487, "Conditional execution"; "ISS encoding", CV, COND.
 */
bool exit_condition(uint32_t iss, uint64_t pstate);

/* A data access that the hardware described (ISV = 1). */
struct exit_access {
	uint8_t reg;         /* 0-30, 31 is XZR                                 */
	uint8_t size;        /* bytes: 1, 2, 4, 8                               */
	bool    is_write;
	bool    sign_extend;
	bool    is_64bit;    /* width of the register                           */
};

/* False when the syndrome does not describe the access (ISV = 0). */
bool exit_access_decode(const struct exit_info *info, struct exit_access *acc);

/* What a load leaves in its register: data cut, extended and zero-extended. */
uint64_t exit_access_extend(const struct exit_access *acc, uint64_t data);

static inline bool exit_is_data_abort(const struct exit_info *info)
{
	return info->ec == EC_DABT_LOW;
}

/* True for a data abort of a store. False for fetches. Cache maintenance counts
 * as neither: it reports WnR, but writes nothing. */
static inline bool exit_is_write(const struct exit_info *info)
{
	return info->ec == EC_DABT_LOW && (info->iss & ISS_DABT_WnR) &&
	       !(info->iss & ISS_DABT_CM);
}

/* Fault status without its level: FSC_TRANSLATION, FSC_PERMISSION ... */
static inline uint32_t exit_fault_type(const struct exit_info *info)
{
	return info->iss & (uint32_t)ISS_ABT_FSC_TYPE;
}
