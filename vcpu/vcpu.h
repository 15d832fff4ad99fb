/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual CPU: a thread whose body runs a guest. Its EL1 state lies in the
 * CPU while it is loaded; loading and putting happen lazily, only when another
 * vCPU takes the core.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <arch/el1_state.h>
#include <arch/fast.h>
#include <arch/gpregs.h>
#include <arch/layout.h>
#include "core/thread.h"
#include "irq/vgic.h"
#include "irq/vtimer.h"
#include "vcpu/exit.h"

struct vm;
struct vcpu;

/* What the vCPUs of one VM have in common on this floor; owned by the VM. */
struct vcpu_group {
	/* fixed once a vCPU runs; by vcpu_group_init() */
	uint64_t idregs[IDREG_NR];      /* identification registers, as seen    */
	uint64_t hcr;                   /* HCR_EL2 without the bits that change */
	uint32_t exception_bits;        /* EXCEPTION_*, of the hardware         */
	uint64_t vttbr;                 /* VTTBR_EL2 of the stage-2 table       */
	uint64_t vtcr;                  /* VTCR_EL2: the form of that table     */
	bool     direct;                /* irq/vgic_direct.h; WFI then traps    */
	struct arch_published published[ARCH_PUBLISHED_NR];  /* vcpu_publish()  */
	/*
	 * Copy from the guest's memory: 0, or an errno. Only its RAM. NULL: the
	 * level of an abort on a table walk is then told by the first table only.
	 */
	int (*read_guest)(struct vcpu *vcpu, ipa_t ipa, void *to, size_t size);
	/* entry n: by pCPU n only */
	struct vcpu *last_on[MAX_PCPUS];  /* whose TLB entries are there        */
};

/* Exits, counted where they are decided. Written by the vCPU's own pCPU. */
struct vcpu_stats {
	uint64_t sync[LAYER_NR][EC_NR]; /* by layer that answered and class     */
	uint64_t unclaimed;             /* nobody answered: Undefined           */
	uint64_t irq, serror;
	uint64_t fp_switches;           /* FP traps that moved registers        */
	uint64_t loads;                 /* times it took the core from another  */
	uint64_t sysreg_refused;        /* accesses to unlisted registers       */
};

/*
 * Time taken from a vCPU: ready, and others ran. Told to the guest in a record of its
 * memory (PVTIME), as of when it last got the pCPU.
 */
struct vcpu_stolen {
	pa_t record;                    /* 0: it is not told; fixed once it runs */
	bool asked;                     /* in this life: else nobody looks at it */
	/* by its own thread; of thread.waited */
	uint64_t base;                  /* when the VM started                  */
	uint64_t told;                  /* as the record has it                 */
	uint32_t life;                  /* start of the VM that base is of      */
};

/* vcpu.orders: what upper floors want of the vCPU's thread (THREAD_REQ_VCPU). */
#define VCPU_ORDER_START BIT(0)         /* it was turned on                     */
#define VCPU_ORDER_PARK  BIT(1)         /* stay out of the guest until cleared  */
#define VCPU_ORDER_STOP  BIT(2)         /* the thread shall end                 */

struct vcpu {
	struct thread thread;           /* container_of() is the typed link     */
	struct arch_gpregs *regs;       /* at the top of the thread's stack     */
	/* fixed once it runs */
	struct vm *vm;                  /* opaque on this floor                 */
	struct vcpu_group *group;
	uint16_t idx;                   /* within its VM                        */
	/* any pCPU */
	_Atomic uint32_t orders;        /* VCPU_ORDER_*                         */
	/* by its own pCPU; el1 and control.hcr are stale while loaded */
	struct guest_control control;
	struct el1_state el1;
	struct debug_state debug;
	struct fp_state fp;             /* stale while a pCPU's registers hold it */
	struct vgic_vcpu vgic;
	struct vtimer vtimer;
	uint64_t flushed;               /* by the vm layer: how far vm/setway.h is */
	struct vcpu_stolen stolen;
	struct vcpu_stats stats;
};

/*
 * Have fast.S answer exits of a vCPU, or pass all of them on to the general path. Any
 * pCPU, any time.
 */
void vcpu_fast_paths(struct vcpu *vcpu, bool on);

static inline struct vcpu *vcpu_of(struct thread *t)
{
	return container_of(t, struct vcpu, thread);
}

/**
 * vcpu_cpu_init() - make the calling pCPU ready to run guests
 *
 * Once on every pCPU before the first vcpu_group_init(): notes its features and
 * sets the traps that are the same for all guests. Interrupts masked.
 */
void vcpu_cpu_init(void);

/**
 * vcpu_group_init() - what the vCPUs of a VM will share
 * @group:    zeroed
 * @vttbr:    VTTBR_EL2: VMID and stage-2 table; may be changed (group->vttbr)
 *            while none of the VM's vCPUs is loaded
 * @vtcr:     VTCR_EL2 that goes with it
 * @ipa_bits: size of the guest's physical address space
 */
void vcpu_group_init(struct vcpu_group *group, uint64_t vttbr, uint64_t vtcr,
		     uint32_t ipa_bits);

/**
 * vcpu_publish() - have loads of a device register answered without its model
 * @group: no vCPU of it runs yet
 * @ipa:   of the register; nothing is mapped there
 * @sas:   log2 of the access size in bytes
 * @value: what reads, always, and fits the size; lives as long as the group
 *
 * Only a hint: if the place in the table is taken, loads go the general way.
 */
void vcpu_publish(struct vcpu_group *group, ipa_t ipa, uint32_t sas,
		  const _Atomic uint64_t *value);

struct vcpu_config {
	const char *name;            /* of its thread                            */
	struct vm *vm;
	struct vcpu_group *group;
	uint16_t idx;
	uint64_t mpidr;              /* affinity fields the guest sees           */
	uint32_t cpu, prio;          /* for its thread                           */
	void (*entry)(void *vcpu);   /* body of its thread: the run loop         */
};

/**
 * vcpu_create() - make a vCPU and its thread, not started
 * @vcpu: caller's storage, zeroed
 * @c:    copied where needed
 *
 * Leaves it as vcpu_reset(vcpu, 0, 0, false) does. vgic and vtimer are set up
 * by who knows their VM.
 *
 * Return: 0; -ENOMEM no stack.
 */
int vcpu_create(struct vcpu *vcpu, const struct vcpu_config *c);

/* Free the thread's stack. The thread has ended or was never started. */
void vcpu_destroy(struct vcpu *vcpu);

/**
 * vcpu_reset() - the architectural state of a CPU that was just turned on
 * @vcpu: on its own thread, or its thread was never started or has ended
 * @pc:   where it starts, at EL1h with everything masked, MMU and caches off
 * @x0:   its first argument; x1 to x30 are 0
 * @big_endian: data accesses of EL1 and its tables (SCTLR_EL1.EE)
 *
 * Everything a guest can see is set, FP and debug registers too; nothing of an
 * earlier life is left. Not vgic and vtimer, which have their own resets. Leaves
 * it unloaded: on its own thread keep interrupts masked from here to the
 * vcpu_switch_to() that must follow.
 */
void vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t x0, bool big_endian);

/**
 * vcpu_enter_at() - where one that was reset and has not run since shall start
 * @vcpu: on its own thread, loaded
 * @pc:   as of vcpu_reset(), which had 0 and little-endian data
 * @x0:   likewise
 *
 * Return: false: an SError has become pending for it since; it must be reset again.
 */
bool vcpu_enter_at(struct vcpu *vcpu, uint64_t pc, uint64_t x0);

/**
 * vcpu_take_serror() - an SError that EL2 has just taken
 * @iss: its syndrome
 *
 * Return: true: it was left behind by the vCPU that stops running here, and is pending for
 *         it now; false: it is EL2's own.
 */
bool vcpu_take_serror(uint32_t iss);

/* Hooks of every vCPU thread: vcpu_switch_to() on switch-in. Set by vcpu_create(). */
extern const struct thread_hooks vcpu_hooks;

/**
 * vcpu_switch_to() - have vcpu's state in this pCPU
 * @vcpu: its thread is about to run here; interrupts masked
 *
 * Nothing to do when it is there already. Else puts the vCPU that was, and
 * loads this one: EL1, debug, GIC, timers, EL2 controls. FP registers wait for
 * their first use.
 */
void vcpu_switch_to(struct vcpu *vcpu);

/**
 * vcpu_unload() - all of a vCPU's state into memory, FP registers too
 * @vcpu: on its own pCPU, interrupts masked; need not be loaded
 *
 * After it no pCPU refers to the vCPU until its thread is switched in again: it
 * may be freed once its thread has ended.
 */
void vcpu_unload(struct vcpu *vcpu);

/* Is its state in the calling pCPU's registers? */
bool vcpu_is_loaded(const struct vcpu *vcpu);

/* The vCPU whose state this pCPU holds, or NULL. Not always the current thread. */
struct vcpu *vcpu_loaded(void);

/* x0-x30; 31 is the zero register, never SP. */
static inline uint64_t vcpu_gpr_read(const struct vcpu *vcpu, uint32_t n)
{
	return n == 31 ? 0 : vcpu->regs->x[n];
}

static inline void vcpu_gpr_write(struct vcpu *vcpu, uint32_t n, uint64_t v)
{
	if (n != 31)
		vcpu->regs->x[n] = v;
}

/* A synchronous exit was answered by this layer. */
static inline void vcpu_count(struct vcpu *vcpu, long layer, uint8_t ec)
{
	vcpu->stats.sync[layer][ec]++;
}

/**
 * vcpu_stolen_restart() - from now on time is stolen from another life
 * @vcpu: on its own thread
 * @life: nothing happens if it is that of the last call
 *
 * The record is not kept until the guest asks where it is: vcpu_stolen_asked(), masked.
 */
void vcpu_stolen_restart(struct vcpu *vcpu, uint32_t life);
void vcpu_stolen_asked(struct vcpu *vcpu);

/**
 * vcpu_stolen_tell() - write what was stolen into the guest's record
 * @vcpu: on its own thread, interrupts masked
 *
 * Less than STOLEN_COARSE ticks wait until there are more, so a vCPU that comes
 * back at once costs nothing.
 * Spec: DEN 0057, "Stolen time".
 */
void vcpu_stolen_tell(struct vcpu *vcpu);
#define STOLEN_COARSE 1024

/**
 * vcpu_update_wfx_trap() - trap WFI and WFE only while others want the core
 * @vcpu: loaded here, about to enter the guest
 *
 * WFI of a vCPU that may have the physical CPU interface always: it may have masked what
 * would wake the pCPU for EL2.
 *
 * Call it when the run queue may have changed (THREAD_REQ_RESCHED) and after a
 * switch. Writes HCR_EL2 only when the answer changed.
 */
void vcpu_update_wfx_trap(struct vcpu *vcpu);
