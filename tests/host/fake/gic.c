/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host/fake/gic.h"

#include <string.h>

#include "core/percpu.h"

#define IDLE_PRIO 0x100u

struct fake_gic fake_gics[MAX_PCPUS];
bool fake_gic_present = true;
bool fake_gic_one_state;
bool fake_gic_without_tdir;
uint32_t fake_phys_spi_active[32];
uint32_t fake_phys_low[32];
uint32_t fake_phys_open[32];
uint8_t fake_phys_prio[1024];

struct fake_gic *fake_gic(void)
{
	return &fake_gics[arch_percpu()->cpu_idx];
}

void fake_gic_reset(uint32_t nr_lrs)
{
	memset(fake_gics, 0, sizeof(fake_gics));
	memset(fake_phys_spi_active, 0, sizeof(fake_phys_spi_active));
	memset(fake_phys_low, 0, sizeof(fake_phys_low));
	memset(fake_phys_open, 0, sizeof(fake_phys_open));
	for (int n = 0; n < MAX_PCPUS; n++)
		fake_gics[n].vtr = BITS_VAL(ICH_VTR_LISTREGS, nr_lrs - 1) |
				   BITS_VAL(ICH_VTR_PREBITS, 4) |
				   BITS_VAL(ICH_VTR_PRIBITS, 4) | ICH_VTR_A3V |
				   (fake_gic_without_tdir ? 0 : ICH_VTR_TDS);
}

/* ---- registers ---- */

bool arch_gic_present(void)
{
	return fake_gic_present;
}

bool arch_gic_one_state(void)
{
	return fake_gic_one_state;
}

void arch_icc_init(bool group0)
{
	(void)group0;
}

uint32_t arch_icc_ack0(void)
{
	return arch_icc_ack();
}

void arch_icc_eoi0(uint32_t intid)
{
	arch_icc_eoi(intid);
}

void arch_icc_sgi0r(uint64_t v)
{
	fake_gic()->last_sgi0r = v;
}

uint32_t arch_icc_pribits(void)
{
	return (uint32_t)bits_get(ICH_VTR_PRIBITS, fake_gic()->vtr) + 1;
}

void arch_direct_begin(const struct direct_cpuif *c)
{
	fake_gic()->direct = true;
	fake_gic()->cpuif = *c;
}

void arch_direct_end(struct direct_cpuif *c, unsigned int nr_aprs)
{
	(void)nr_aprs;
	fake_gic()->direct = false;
	*c = fake_gic()->cpuif;
}

void arch_direct_pmr(uint32_t pmr)
{
	fake_gic()->cpuif.pmr = pmr;
}

uint32_t arch_direct_rpr(void)
{
	uint32_t apr = fake_gic()->cpuif.ap1r[0];

	return apr ? (uint32_t)__builtin_ctz(apr) << 3 : 0xff;
}

uint32_t arch_icc_ack(void)
{
	struct fake_gic *f = fake_gic();

	return f->next_ack < f->nr_acks ? f->acks[f->next_ack++] : INTID_SPURIOUS;
}

void arch_icc_eoi(uint32_t intid)
{
	fake_gic()->last_eoi = intid;
	fake_gic()->nr_eoi++;
}

void arch_icc_dir(uint32_t intid)
{
	fake_gic()->last_dir = intid;
	fake_gic()->nr_dir++;
}

void arch_icc_sgi1r(uint64_t v)
{
	fake_gic()->last_sgi1r = v;
}

uint64_t arch_ich_vtr(void)
{
	return fake_gic()->vtr;
}

static uint32_t nr_lrs(void)
{
	return (uint32_t)bits_get(ICH_VTR_LISTREGS, fake_gic()->vtr) + 1;
}

static bool is_valid(uint64_t lr)
{
	return lr & (ICH_LR_PENDING | ICH_LR_ACTIVE);
}

static bool is_eoi(uint64_t lr)
{
	return !is_valid(lr) && (lr & ICH_LR_EOI) && !(lr & ICH_LR_HW);
}

uint64_t arch_ich_elrsr(void)
{
	uint64_t v = 0;

	for (uint32_t n = 0; n < nr_lrs(); n++)
		if (!is_valid(fake_gic()->lr[n]) && !is_eoi(fake_gic()->lr[n]))
			v |= BIT(n);
	return v;
}

uint64_t arch_ich_misr(void)
{
	struct fake_gic *f = fake_gic();
	uint32_t valid = 0, pending = 0, eois = 0;

	if (!(f->hcr & ICH_HCR_EN))
		return 0;
	for (uint32_t n = 0; n < nr_lrs(); n++) {
		valid += is_valid(f->lr[n]);
		pending += (f->lr[n] & ICH_LR_PENDING) && !(f->lr[n] & ICH_LR_ACTIVE);
		eois += is_eoi(f->lr[n]);
	}
	return (eois ? BIT(0) : 0) |
	       ((f->hcr & ICH_HCR_UIE) && valid <= 1 ? BIT(1) : 0) |
	       ((f->hcr & ICH_HCR_LRENPIE) && (f->hcr & ICH_HCR_EOICOUNT) ? BIT(2) : 0) |
	       ((f->hcr & ICH_HCR_NPIE) && !pending ? BIT(3) : 0) |
	       ((f->hcr & ICH_HCR_VGRP0EIE) && (f->vmcr & ICH_VMCR_VENG0) ? BIT(4) : 0) |
	       ((f->hcr & ICH_HCR_VGRP0DIE) && !(f->vmcr & ICH_VMCR_VENG0) ? BIT(5) : 0) |
	       ((f->hcr & ICH_HCR_VGRP1EIE) && (f->vmcr & ICH_VMCR_VENG1) ? BIT(6) : 0) |
	       ((f->hcr & ICH_HCR_VGRP1DIE) && !(f->vmcr & ICH_VMCR_VENG1) ? BIT(7) : 0);
}

bool fake_maintenance(void)
{
	return arch_ich_misr() != 0;
}

uint64_t arch_ich_hcr_read(void)
{
	return fake_gic()->hcr;
}

void arch_ich_hcr_write(uint64_t v)
{
	/* RES0 where it does not exist. */
	fake_gic()->hcr = v & ~(fake_gic_without_tdir ? ICH_HCR_TDIR : 0);
	fake_gic()->nr_hcr_writes++;
}

uint64_t arch_ich_vmcr_read(void)
{
	return fake_gic()->vmcr;
}

/* 5 bits of preemption: the binary points have minima. */
void arch_ich_vmcr_write(uint64_t v)
{
	if (bits_get(ICH_VMCR_VBPR0, v) < 2)
		v = bits_set(ICH_VMCR_VBPR0, v, 2);
	if (bits_get(ICH_VMCR_VBPR1, v) < 3)
		v = bits_set(ICH_VMCR_VBPR1, v, 3);
	fake_gic()->vmcr = v;
}

uint64_t arch_ich_lr_read(unsigned int n)
{
	return fake_gic()->lr[n];
}

void arch_ich_lr_write(unsigned int n, uint64_t v)
{
	fake_gic()->lr[n] = v;
	fake_gic()->nr_lr_writes++;
}

uint64_t arch_ich_ap0r_read(unsigned int n)
{
	return fake_gic()->ap0r[n];
}

void arch_ich_ap0r_write(unsigned int n, uint64_t v)
{
	fake_gic()->ap0r[n] = (uint32_t)v;
}

uint64_t arch_ich_ap1r_read(unsigned int n)
{
	return fake_gic()->ap1r[n];
}

void arch_ich_ap1r_write(unsigned int n, uint64_t v)
{
	fake_gic()->ap1r[n] = (uint32_t)v;
}

/* ---- the guest ---- */

void fake_guest_enable(void)
{
	arch_ich_vmcr_write(fake_gic()->vmcr | ICH_VMCR_VENG0 | ICH_VMCR_VENG1 | ICH_VMCR_VPMR);
}

static uint32_t lr_prio(uint64_t lr)
{
	return (uint32_t)bits_get(ICH_LR_PRIORITY, lr);
}

static uint32_t running(void)
{
	uint32_t apr = fake_gic()->ap0r[0] | fake_gic()->ap1r[0];

	return apr ? (uint32_t)__builtin_ctz(apr) << 3 : IDLE_PRIO;
}

static uint32_t prio_mask(bool group1)
{
	uint64_t vmcr = fake_gic()->vmcr;

	if (group1 && !(vmcr & ICH_VMCR_VCBPR))
		return ~0u << bits_get(ICH_VMCR_VBPR1, vmcr);
	return ~0u << (bits_get(ICH_VMCR_VBPR0, vmcr) + 1);
}

/* Index of the highest priority pending list register of enabled groups, or -1. */
static int hppi(void)
{
	struct fake_gic *f = fake_gic();
	int best = -1;

	for (uint32_t n = 0; n < nr_lrs(); n++) {
		uint64_t lr = f->lr[n], on = (lr & ICH_LR_GROUP1) ? ICH_VMCR_VENG1 : ICH_VMCR_VENG0;

		if (!(lr & ICH_LR_PENDING) || (lr & ICH_LR_ACTIVE) || !(f->vmcr & on))
			continue;
		if (best < 0 || lr_prio(lr) < lr_prio(f->lr[best]))
			best = (int)n;
	}
	return f->hcr & ICH_HCR_EN ? best : -1;
}

static int signalled(int group)
{
	struct fake_gic *f = fake_gic();
	int n = hppi();
	uint32_t prio;

	if (n < 0 || !(f->lr[n] & ICH_LR_GROUP1) != !group)
		return -1;
	prio = lr_prio(f->lr[n]);
	if (prio >= bits_get(ICH_VMCR_VPMR, f->vmcr) || (prio & prio_mask(group)) >= running())
		return -1;
	return n;
}

bool fake_guest_signalled(int group)
{
	return signalled(group) >= 0;
}

uint32_t fake_guest_ack(int group)
{
	struct fake_gic *f = fake_gic();
	int n = signalled(group);
	uint32_t apr;

	if (n < 0)
		return INTID_SPURIOUS;
	apr = 1u << ((lr_prio(f->lr[n]) & prio_mask(group)) >> 3 & 31);
	if (group)
		f->ap1r[0] |= apr;
	else
		f->ap0r[0] |= apr;
	f->lr[n] = (f->lr[n] & ~ICH_LR_PENDING) | ICH_LR_ACTIVE;
	return (uint32_t)bits_get(ICH_LR_VINTID, f->lr[n]);
}

static int find_active(uint32_t intid)
{
	for (uint32_t n = 0; n < nr_lrs(); n++)
		if ((fake_gic()->lr[n] & ICH_LR_ACTIVE) &&
		    bits_get(ICH_LR_VINTID, fake_gic()->lr[n]) == intid)
			return (int)n;
	return -1;
}

static void deactivate(int n)
{
	struct fake_gic *f = fake_gic();
	uint32_t pintid = (uint32_t)bits_get(ICH_LR_PINTID, f->lr[n]);

	f->lr[n] &= ~ICH_LR_ACTIVE;
	if (!(f->lr[n] & ICH_LR_HW))
		return;
	if (pintid < 32)
		f->phys_ppi_active &= ~(1u << pintid);
	else
		fake_phys_spi_active[pintid / 32] &= ~(1u << (pintid & 31));
}

static void count_eoi(void)
{
	struct fake_gic *f = fake_gic();

	f->hcr = bits_set(ICH_HCR_EOICOUNT, f->hcr, bits_get(ICH_HCR_EOICOUNT, f->hcr) + 1);
}

void fake_guest_eoi(int group, uint32_t intid)
{
	struct fake_gic *f = fake_gic();
	uint32_t apr = f->ap0r[0] | f->ap1r[0];
	int n = find_active(intid);

	(void)group;
	if (!apr)
		return;
	f->ap0r[0] &= ~(apr & -apr);
	f->ap1r[0] &= ~(apr & -apr);
	if (n < 0)
		count_eoi();
	else if (!(f->vmcr & ICH_VMCR_VEOIM))
		deactivate(n);
}

void fake_guest_dir(uint32_t intid)
{
	int n = find_active(intid);

	if (!(fake_gic()->vmcr & ICH_VMCR_VEOIM))
		return;
	if (n < 0)
		count_eoi();
	else
		deactivate(n);
}
