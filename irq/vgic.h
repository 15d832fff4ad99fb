/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GICv3 of a VM: one security state (DS = 1), affinity routing,
 * SGIs, PPIs and up to 988 SPIs; no LPIs. Distributor and redistributors are
 * emulated, the CPU interface is the hardware's, fed through list registers.
 *
 * Where the truth is: a bit per interrupt in struct vgic_word, except that for
 * an interrupt in a list register (in_lr) hardware knows better whether it is
 * still pending or already active. Folding reads the list registers back into
 * the words. It happens lazily, on the pCPU where the vCPU is loaded.
 * See docs/gic.md. Spec: GIC IHI 0069.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <arch/regs_gic.h>
#include "core/lib/device.h"
#include "core/lib/options.h"
#include "core/spinlock.h"
#include "core/thread.h"

#define VGIC_MAX_VCPUS  64u            /* sets of vCPUs are 64-bit masks      */
#define VGIC_MAX_SPIS   988u
#define VGIC_SPI_WORDS  31u            /* of 32 SPIs each                     */
#define VGIC_GICD_SIZE  UINT64_C(0x10000)
#define VGIC_GICR_SIZE  UINT64_C(0x20000)  /* per vCPU                        */
#define VGIC_NO_OWNER   0xffu          /* routed to a vCPU that is not there  */

/* 32 interrupts, a bit each. */
struct vgic_word {
	uint32_t enabled;
	uint32_t group;         /* 1: group 1                                     */
	uint32_t edge;          /* 1: edge, 0: level                              */
	uint32_t line;          /* what the device drives                         */
	uint32_t latch;         /* edge seen or pending set by software; not in LR */
	uint32_t active;        /* as of the last fold                            */
	uint32_t set_active;    /* made active by a register, not by an acknowledge */
	uint32_t in_lr;
	uint32_t lr_pend;       /* put into the LR as pending                     */
	uint32_t linked;        /* belongs to a physical interrupt                */
	uint32_t phys_active;   /* that one is active on the guest's behalf       */
	uint32_t phys_again;    /* became active again while still in the LR      */
};

struct vgic_spi {
	uint32_t route;         /* Aff3.Aff2.Aff1.Aff0                            */
	uint16_t pintid;        /* when linked                                    */
	uint8_t  owner;         /* vCPU index that gets it, or VGIC_NO_OWNER      */
};

/* A VM's distributor. */
struct vgic {
	struct spinlock lock;                  /* rank 40, docs/locking.md        */
	/* under lock */
	_Atomic uint32_t ctlr;                 /* GICD_CTLR group enables; read without */
	struct vgic_word word[VGIC_SPI_WORDS]; /* [0] is INTID 32-63              */
	uint32_t any[VGIC_SPI_WORDS];          /* IROUTER.IRM: 1-of-N             */
	uint32_t moved[VGIC_SPI_WORDS];        /* routed elsewhere while active   */
	struct vgic_spi *spi;                  /* [0] is INTID 32                 */
	/* priorities; read without, a word at a time */
	uint8_t prio[VGIC_MAX_SPIS] __attribute__((aligned(4)));
	uint32_t next_any;                     /* where 1-of-N goes on            */
	/* fixed once the VM runs */
	uint32_t nr_spis;                      /* multiple of 32, or 988          */
	uint32_t nr_words;
	uint32_t nr_vcpus;
	bool     direct;                       /* irq/vgic_direct.h               */
	uint8_t  prio_mask;                    /* implemented priority bits       */
	struct vgic_vcpu *vcpu[VGIC_MAX_VCPUS];
	_Atomic uint64_t typer, iidr;          /* GICD_TYPER, GICD_IIDR           */
	struct mmio_device gicd;               /* for the VM's bus                */
	struct mmio_device gicr;
};

/* A vCPU's redistributor and CPU interface. */
struct vgic_vcpu {
	struct spinlock lock;                  /* rank 41, docs/locking.md        */
	/* under lock */
	struct vgic_word word;                 /* SGIs and PPIs                   */
	uint8_t  prio[32];
	/* any pCPU */
	_Atomic bool asleep;                   /* GICR_WAKER.ProcessorSleep       */
	/* under vgic->lock */
	uint32_t mine[VGIC_SPI_WORDS];         /* SPIs it owns                    */
	/* bit w: word[w] may hold something for this vCPU; set under vgic->lock  */
	_Atomic uint32_t spi_hint;
	/* list registers: changed under lock, by the pCPU where loaded           */
	uint16_t lr_intid[ICH_NR_LRS_MAX];
	uint32_t lr_soft;                      /* pending came out of latch       */
	uint32_t lr_hw;                        /* written with the HW bit         */
	uint32_t lr_spi;                       /* holds an SPI                    */
	uint32_t fast;                         /* SGIs, PPIs that vgic_repend() may do */
	uint8_t  lr_of[32];                    /* where they are                  */
	uint64_t injected;                     /* put into LRs as pending; read without */
	uint32_t refolded;                     /* PPIs that were still pending    */
	_Atomic uint32_t lr_used;              /* read without                    */
	uint32_t hcr;                          /* ICH_HCR_EL2 as written          */
	bool     discard;                      /* reset: LR contents are void     */
	uint32_t shut;                         /* direct: linked PPIs that it has not enabled */
	_Atomic bool loaded;
	_Atomic uint32_t loaded_cpu;           /* valid while loaded              */
	_Atomic uint32_t hold;                 /* > 0: keep list registers empty  */
	_Atomic bool asked;                    /* its pCPU shall fold; set under lock */
	/* while not loaded */
	uint64_t vmcr;
	uint32_t ap0r[ICH_NR_APRS_MAX], ap1r[ICH_NR_APRS_MAX];
	/* fixed once the VM runs */
	struct vgic *vgic;
	struct thread *thread;
	uint32_t idx;
	uint32_t aff;                          /* Aff3.Aff2.Aff1.Aff0, as in GICR_TYPER */
	_Atomic uint64_t typer;                /* GICR_TYPER                      */
	uint64_t sgir_self;                    /* ICC_SGI1R_EL1 to it, INTID 0    */
	uint64_t lr_told;                      /* ICH_LR_EOI in all list registers, or 0 */
	uint16_t pintid[32];                   /* of linked PPIs                  */
};

struct vgic_config {
	uint32_t nr_spis;        /* 1..988; rounded up to what registers can say   */
	uint64_t gicd_base;      /* IPA                                            */
	uint64_t gicr_base;      /* IPA; VGIC_GICR_SIZE for each vCPU              */
	uint32_t nr_vcpus;       /* 1..VGIC_MAX_VCPUS                              */
	bool     direct;         /* its vCPUs own their pCPUs: irq/vgic_direct.h */
	struct vgic_spi *spi;    /* storage: VGIC_SPI_STORAGE(nr_spis) entries     */
};

/* How many SPIs a distributor has whose configuration asks for n. */
#define VGIC_SPI_STORAGE(n) MIN(((n) + 31) / 32 * 32, VGIC_MAX_SPIS)

/**
 * vgic_init() - a distributor without vCPUs
 * @g:   zeroed
 * @cfg: copied, except for the storage
 *
 * Reads ICH_VTR_EL2. Follow with vgic_vcpu_init() for every vCPU, then with
 * vgic_reset().
 *
 * Return: 0; -EINVAL a number out of range.
 */
int vgic_init(struct vgic *g, const struct vgic_config *cfg);

/**
 * vgic_vcpu_init() - join a vCPU
 * @v:     zeroed
 * @idx:   0..nr_vcpus-1: place of its redistributor, GICR_TYPER.Processor_Number
 * @mpidr: affinity fields as the vCPU sees them
 * @t:     woken with THREAD_REQ_IRQ
 */
void vgic_vcpu_init(struct vgic_vcpu *v, struct vgic *g, uint32_t idx, uint64_t mpidr,
		    struct thread *t);

/**
 * vgic_reset() - the state after power-on, lines low, links kept
 *
 * No vCPU of the VM may be in the guest. One may still be loaded: what its list
 * registers hold is void from now on. Physical interrupts that were active for
 * the VM are deactivated; PPIs of a loaded vCPU with its next flush or put.
 */
void vgic_reset(struct vgic *g);

/**
 * vgic_vcpu_reset() - the CPU interface as after power-on
 *
 * For CPU_ON and reset, on v's own thread, before its first instruction: no
 * running priority, group enables and priority mask 0, no SGI or PPI active.
 * The redistributor keeps its configuration and what is pending. v is loaded;
 * interrupts masked.
 */
void vgic_vcpu_reset(struct vgic_vcpu *v);

/*
 * Would vgic_vcpu_reset() change nothing? Asked of one that was reset and has not run since: other
 * vCPUs may have written its redistributor. On v's own thread.
 */
bool vgic_vcpu_is_reset(struct vgic_vcpu *v);

/* Drive the line of an SPI. INTIDs the VM has not are ignored. Any context. */
void vgic_set_line(struct vgic *g, uint32_t intid, bool level);

/* Drive the line of a PPI (16-31). Any context. */
void vgic_set_ppi(struct vgic_vcpu *v, uint32_t intid, bool level);

/* The line of an SPI, for a device model. */
struct irq_line vgic_line(struct vgic *g, uint32_t intid);

/**
 * vgic_link() - tie an interrupt to a physical one
 * @v:      for a PPI: whose; for an SPI: any vCPU of the VM
 * @intid:  PPI or SPI in the VM
 * @pintid: physical INTID; of a PPI: on whichever pCPU v is loaded
 *
 * Before the VM runs, or while the interrupt is neither pending nor active.
 * Return: 0; -EINVAL.
 */
int vgic_link(struct vgic_vcpu *v, uint32_t intid, uint32_t pintid);

/* Undo vgic_link(); deactivates an SPI's physical interrupt. */
void vgic_unlink(struct vgic_vcpu *v, uint32_t intid);

/**
 * vgic_inject_hw() - the linked physical interrupt was taken and is active
 * @v:      as for vgic_link(); a PPI's v is loaded on this pCPU, or its physical
 *          interrupt is made active when it is loaded
 * @intid:  linked before
 * @pintid: the same as then
 */
void vgic_inject_hw(struct vgic_vcpu *v, uint32_t intid, uint32_t pintid);

/*
 * Take back vgic_inject_hw(): not pending, physical interrupt not active unless
 * the guest is already handling it. Masked or not, no lock held.
 */
void vgic_retract_hw(struct vgic_vcpu *v, uint32_t intid);

/*
 * Of a linked PPI: did it come, and has the guest not ended it yet? v is loaded
 * on this pCPU or nowhere; masked.
 */
bool vgic_hw_in_flight(struct vgic_vcpu *v, uint32_t intid);

/* Requests of a vCPU's thread that want a flush; and THREAD_REQ_SGIS do. */
#define VGIC_FLUSH_BITS (THREAD_REQ_IRQ | THREAD_REQ_TIMER)

/**
 * vgic_flush() - bring the list registers up to date
 *
 * Takes VGIC_FLUSH_BITS and THREAD_REQ_SGIS out of the requests of v's thread, which ask for
 * it. v is loaded on this pCPU; interrupts masked;
 * no lock of rank >= 40 held.
 */
void vgic_flush(struct vgic_vcpu *v);

/* v takes this pCPU; nobody else is loaded. Masked. Ends with a flush. */
void vgic_load(struct vgic_vcpu *v);

/* v leaves this pCPU: all its state into memory. Masked. */
void vgic_put(struct vgic_vcpu *v);

/* Who is loaded on this pCPU, or NULL. For interrupt entry. */
struct vgic_vcpu *vgic_loaded(void);

/**
 * vgic_deliverable() - would WFI end now?
 *
 * True when an interrupt is pending that v's CPU interface would signal: its
 * group is enabled there, its priority passes VPMR and what is active; whether
 * PSTATE masks it does not matter. v is loaded on this pCPU; masked. Changes
 * nothing, so it may be asked before or after vgic_flush().
 */
bool vgic_deliverable(struct vgic_vcpu *v);

/* Which register a trapped SGI was written to. */
enum vgic_sgi_reg { VGIC_SGI0R, VGIC_SGI1R, VGIC_ASGI1R };

/**
 * vgic_sgi() - a trapped write of ICC_SGI0R_EL1, ICC_SGI1R_EL1, ICC_ASGI1R_EL1
 * @from: sender
 * @val:  what it wrote
 *
 * SGI1R reaches those that have this SGI in group 1, the others those that
 * have it in group 0: with one security state there is nobody else. Masked.
 */
void vgic_sgi(struct vgic_vcpu *from, uint64_t val, enum vgic_sgi_reg reg);

/**
 * vgic_dir() - a trapped write of ICC_DIR_EL1
 *
 * Only while more interrupts are active than list registers hold
 * (ICH_HCR_EL2.TDIR, or TC). On v's own pCPU, masked.
 */
void vgic_dir(struct vgic_vcpu *v, uint64_t val);

/* What ICH_HCR_EL2.TC traps besides; each is op2 of the register. */
enum vgic_icc { VGIC_ICC_PMR = 0, VGIC_ICC_RPR = 3, VGIC_ICC_CTLR = 4 };

/**
 * vgic_icc_read(), vgic_icc_write() - trapped ICC_PMR_EL1, ICC_RPR_EL1, ICC_CTLR_EL1
 *
 * Of the vCPU loaded on this pCPU, masked. Only while it has the physical interface, or, on a GIC
 * without ICH_HCR_EL2.TDIR, more interrupts are active than list registers hold. ICC_RPR_EL1 is
 * not written.
 */
uint64_t vgic_icc_read(const struct vgic_vcpu *v, enum vgic_icc reg);
void vgic_icc_write(struct vgic_vcpu *v, enum vgic_icc reg, uint64_t val);

/* Handlers for irq_register(): the GIC's maintenance PPI, and IRQ_SGI_VGIC. */
void vgic_maintenance(void *ctx, uint32_t intid);
void vgic_fold_ipi(void *ctx, uint32_t intid);
