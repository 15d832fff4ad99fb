/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 of the virt machine. Arm GIC architecture specification IHI 0069. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/guest.h"

#define GICD_BASE          0x08000000ul
#define GICR_BASE          0x080a0000ul
#define GICR_STRIDE        0x20000ul

#define GICD_CTLR          0x0000
#define GICD_TYPER         0x0004
#define GICD_IIDR          0x0008
#define GICD_TYPER2        0x000c
#define GICD_STATUSR       0x0010
#define GICD_SETSPI_NSR    0x0040
#define GICD_CLRSPI_NSR    0x0048
#define GICD_IGROUPR       0x0080
#define GICD_ISENABLER     0x0100
#define GICD_ICENABLER     0x0180
#define GICD_ISPENDR       0x0200
#define GICD_ICPENDR       0x0280
#define GICD_ISACTIVER     0x0300
#define GICD_ICACTIVER     0x0380
#define GICD_IPRIORITYR    0x0400
#define GICD_ITARGETSR     0x0800
#define GICD_ICFGR         0x0c00
#define GICD_IGRPMODR      0x0d00
#define GICD_NSACR         0x0e00
#define GICD_SGIR          0x0f00
#define GICD_IROUTER       0x6000
#define GICD_PIDR2         0xffe8

#define GICR_CTLR          0x0000
#define GICR_IIDR          0x0004
#define GICR_TYPER         0x0008
#define GICR_STATUSR       0x0010
#define GICR_WAKER         0x0014
#define GICR_PIDR2         0xffe8
#define GICR_SGI           0x10000        /* the same offsets as GICD_I* follow */

#define GICD_CTLR_GRP1     (1u << 1)
#define GICD_CTLR_ARE      (1u << 4)
#define GICD_CTLR_DS       (1u << 6)
#define GICD_CTLR_RWP      (1u << 31)
#define WAKER_SLEEP        (1u << 1)
#define WAKER_CHILDREN     (1u << 2)

#define INTID_VTIMER       27
#define INTID_PTIMER       30
#define INTID_PMU          23
#define INTID_NONE         1023

#define GICD(off)          (GICD_BASE + (off))

/* The redistributor of a CPU by its affinity in GICR_TYPER; 0 when there is none. */
uintptr_t gic_redist_of(uint64_t mpidr);
uintptr_t gic_redist(void);                /* of this CPU */

/* Distributor on (CPU 0), then redistributor and CPU interface of this CPU. */
void gic_init(void);
void gic_cpu_init(void);

/*
 * By INTID, private ones of this CPU or shared: the frame and offset of its bit.
 * gic_bit_set(GICD_ISENABLER, 27) enables the virtual timer's interrupt here.
 */
uintptr_t gic_frame(unsigned int intid);
void gic_bit_set(unsigned int reg, unsigned int intid);
bool gic_bit_get(unsigned int reg, unsigned int intid);
void gic_prio_set(unsigned int intid, uint8_t prio);
uint8_t gic_prio_get(unsigned int intid);
void gic_edge_set(unsigned int intid, bool edge);
void gic_route_set(unsigned int spi, uint64_t mpidr);
unsigned int gic_nr_intids(void);

/* Disabled, not pending, not active, priority 0xa0: every SPI in [first, first + nr). */
void gic_quiet(unsigned int first, unsigned int nr);

static inline uint32_t gic_ack(void) { return (uint32_t)read_sysreg(ICC_IAR1_EL1); }

static inline void gic_eoi(uint32_t intid)
{
	write_sysreg(ICC_EOIR1_EL1, intid);
	__asm__ volatile("isb" ::: "memory");
}

static inline void gic_dir(uint32_t intid)
{
	write_sysreg(ICC_DIR_EL1, intid);
	__asm__ volatile("isb" ::: "memory");
}

static inline void gic_pmr(uint8_t prio)
{
	write_sysreg(ICC_PMR_EL1, prio);
	__asm__ volatile("isb" ::: "memory");
}

#define SGI1R_IRM (1ul << 40)

/* Value of ICC_SGI1R_EL1 for one CPU. */
uint64_t gic_sgi_to(unsigned int sgi, uint64_t mpidr);

static inline void gic_sgi_send(uint64_t sgi1r)
{
	__asm__ volatile("dsb ishst" ::: "memory");
	write_sysreg(ICC_SGI1R_EL1, sgi1r);
	__asm__ volatile("isb" ::: "memory");
}

/* Bounded wait for a pending interrupt with interrupts masked; its INTID or INTID_NONE. */
uint32_t gic_wait_ack(unsigned int ms);
