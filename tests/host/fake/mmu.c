/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host/fake/mmu.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <arch/boot.h>
#include <arch/cache.h>
#include <arch/copy.h>
#include <arch/cpu.h>
#include <arch/hyp_ptr.h>
#include <arch/layout.h>
#include "core/lib/bits.h"

#define MAX_BANKS   8
#define TLB_ENTRIES 64

struct bank {
	uint64_t pa, size;
	char *host;
};

static struct bank banks[MAX_BANKS];
static unsigned int nr_banks;
static uint64_t image_pa, image_size;

int fake_pa_bits = 40;
int fake_vmid_bits = 8;
bool fake_many_cpus;
bool fake_zero_skip;
void (*fake_tlbi_hook)(void);
struct fake_counts fake_counts;

/* ---- RAM ---- */

void fake_ram_add(uint64_t pa, uint64_t size)
{
	struct bank *b = &banks[nr_banks++];

	b->pa = pa;
	b->size = size;
	b->host = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (nr_banks > MAX_BANKS || b->host == MAP_FAILED)
		abort();
}

void fake_image_set(uint64_t pa, uint64_t size)
{
	image_pa = pa;
	image_size = size;
}

void *fake_phys(uint64_t pa)
{
	for (unsigned int i = 0; i < nr_banks; i++)
		if (pa - banks[i].pa < banks[i].size)
			return banks[i].host + (pa - banks[i].pa);
	return NULL;
}

static bool host_to_pa(const void *p, uint64_t *pa)
{
	for (unsigned int i = 0; i < nr_banks; i++) {
		uint64_t off = (uint64_t)((const char *)p - banks[i].host);

		if ((const char *)p >= banks[i].host && off < banks[i].size) {
			*pa = banks[i].pa + off;
			return true;
		}
	}
	return false;
}

/* ---- entries: the watch on break-before-make ---- */

#define MAX_PENDING 4096

static pthread_mutex_t pending_mutex = PTHREAD_MUTEX_INITIALIZER;
static const uint64_t *pending[MAX_PENDING];

/* AF, AP or S2AP, XN, and what software keeps may change in a live entry. */
#define SOFT_BITS (BITS(58, 53) | BIT(10) | BITS(7, 6))

static void violation(const char *what, const uint64_t *pte, uint64_t old, uint64_t new)
{
	atomic_fetch_add(&fake_counts.violations, 1);
	fprintf(stderr, "fake mmu: %s: entry %p, 0x%llx -> 0x%llx\n", what, (const void *)pte,
		(unsigned long long)old, (unsigned long long)new);
}

static bool pending_take(const uint64_t *pte, bool add)
{
	unsigned int nr = atomic_load(&fake_counts.pending);

	for (unsigned int i = 0; i < nr; i++)
		if (pending[i] == pte)
			return true;
	if (add && nr < MAX_PENDING) {
		pending[nr] = pte;
		atomic_store(&fake_counts.pending, nr + 1);
	}
	return false;
}

static void watch_write(const uint64_t *pte, uint64_t new)
{
	uint64_t old = __atomic_load_n(pte, __ATOMIC_RELAXED);

	pthread_mutex_lock(&pending_mutex);
	if ((old & 1) && (new & 1) && ((old ^ new) & ~SOFT_BITS))
		violation("live entry replaced", pte, old, new);
	if (!(old & 1) && (new & 1) && pending_take(pte, false))
		violation("made valid again before an invalidation", pte, old, new);
	if ((old & 1) && !(new & 1))
		pending_take(pte, true);
	pthread_mutex_unlock(&pending_mutex);
}

/*
 * Any invalidation settles all entries of this thread's making. With several
 * threads whose tables are unrelated the watch sees only its own thread's.
 */
static void pending_settle(void)
{
	if (fake_tlbi_hook)
		fake_tlbi_hook();
	pthread_mutex_lock(&pending_mutex);
	atomic_store(&fake_counts.pending, 0);
	pthread_mutex_unlock(&pending_mutex);
}

void arch_pte_write_relaxed(uint64_t *pte, uint64_t v)
{
	if (!fake_many_cpus)
		watch_write(pte, v);
	__atomic_store_n(pte, v, __ATOMIC_RELEASE);
}

void arch_pte_write(uint64_t *pte, uint64_t v)
{
	arch_pte_write_relaxed(pte, v);
}

/* ---- the walk ---- */

/*
 * One walk of both regimes. Every check is the manual's: a bit 0 clear is a
 * fault, levels 1 and 2 may hold blocks, level 3 needs bit 1.
 */
static bool walk(uint64_t table, unsigned int level, uint64_t index, uint64_t in,
		 struct fake_xlat *out)
{
	for (;; level++) {
		unsigned int shift = 39 - 9 * level;
		const uint64_t *t = fake_phys(table);
		uint64_t desc;

		if (!t)
			return false;
		desc = __atomic_load_n(&t[index], __ATOMIC_ACQUIRE);
		if (!(desc & 1) || (level == 3 && !(desc & 2)) || (level == 0 && !(desc & 2)))
			return false;
		if (level == 3 || !(desc & 2)) {
			uint64_t mask = (UINT64_C(1) << shift) - 1;

			out->desc = desc;
			out->size = mask + 1;
			out->pa = (desc & UINT64_C(0xfffffffff000) & ~mask) | (in & mask);
			return desc & (1 << 10);
		}
		table = desc & UINT64_C(0xfffffffff000);
		index = (in >> (shift - 9)) & 511;
	}
}

struct tlb_entry {
	bool valid;
	uint64_t base, size;       /* input range of the leaf */
	uint64_t pa, desc;
	uint64_t tag;              /* root, or VTTBR          */
};

static bool tlb_find(struct tlb_entry *tlb, uint64_t tag, uint64_t in, struct fake_xlat *out)
{
	for (unsigned int i = 0; i < TLB_ENTRIES; i++) {
		struct tlb_entry *e = &tlb[i];

		if (e->valid && e->tag == tag && in - e->base < e->size) {
			out->pa = e->pa + (in - e->base);
			out->desc = e->desc;
			out->size = e->size;
			/* Found sooner the next time. */
			if (i) {
				struct tlb_entry was = tlb[i / 2];

				tlb[i / 2] = *e;
				*e = was;
			}
			return true;
		}
	}
	return false;
}

static void tlb_fill(struct tlb_entry *tlb, unsigned int *next, uint64_t tag, uint64_t in,
		     const struct fake_xlat *x)
{
	struct tlb_entry *e = &tlb[(*next)++ % TLB_ENTRIES];

	e->valid = true;
	e->tag = tag;
	e->size = x->size;
	e->base = in & ~(x->size - 1);
	e->pa = x->pa - (in - e->base);
	e->desc = x->desc;
}

static void tlb_drop(struct tlb_entry *tlb, uint64_t tag, uint64_t in)
{
	for (unsigned int i = 0; i < TLB_ENTRIES; i++)
		if (tlb[i].tag == tag && in - tlb[i].base < tlb[i].size)
			tlb[i].valid = false;
}

/* ---- EL2 stage 1: one TLB per thread, as per pCPU ---- */

static _Thread_local struct tlb_entry el2_tlb[TLB_ENTRIES];
static _Thread_local unsigned int el2_next;
static _Thread_local uint64_t el2_epoch;
static _Thread_local uint64_t el2_root;
static _Atomic uint64_t epoch;             /* moved by what reaches all pCPUs */

uint64_t fake_el2_root(void)
{
	return el2_root;
}

void fake_el2_root_set(uint64_t root)
{
	el2_root = root;
	memset(el2_tlb, 0, sizeof(el2_tlb));
}

void arch_el2_switch_tables(pa_t root)
{
	fake_el2_root_set(root.v);
}

bool fake_el2_walk(uint64_t va, struct fake_xlat *out)
{
	if (el2_epoch != atomic_load(&epoch)) {
		el2_epoch = atomic_load(&epoch);
		memset(el2_tlb, 0, sizeof(el2_tlb));
	}
	if (!el2_root || va >> 48)
		return false;
	if (tlb_find(el2_tlb, 0, va, out))
		return true;
	if (!walk(el2_root, 0, va >> 39 & 511, va, out))
		return false;
	tlb_fill(el2_tlb, &el2_next, 0, va, out);
	return true;
}

void *arch_va_to_ptr(va_t va)
{
	struct fake_xlat x;
	void *p;

	/* Before the final tables: the boot tables map the image. */
	if (!el2_root)
		return va.v - HYP_IMAGE_VA < image_size ?
		       fake_phys(image_pa + (va.v - HYP_IMAGE_VA)) : (void *)(uintptr_t)va.v;
	if (!fake_el2_walk(va.v, &x)) {
		fprintf(stderr, "fake mmu: EL2 fault at 0x%llx\n", (unsigned long long)va.v);
		abort();
	}
	p = fake_phys(x.pa);
	if (!p) {
		fprintf(stderr, "fake mmu: EL2 0x%llx is no RAM\n", (unsigned long long)va.v);
		abort();
	}
	return p;
}

va_t arch_ptr_to_va(const void *p)
{
	uint64_t pa;

	if (!host_to_pa(p, &pa))
		return VA((uintptr_t)p);
	return VA(pa - image_pa < image_size ? HYP_IMAGE_VA + (pa - image_pa) : PHYSMAP_VA + pa);
}

void arch_tlb_el2_va_local(va_t va)
{
	atomic_fetch_add(&fake_counts.tlbi_el2_local, 1);
	pending_settle();
	tlb_drop(el2_tlb, 0, va.v);
}

void arch_tlb_el2_va(va_t va)
{
	atomic_fetch_add(&fake_counts.tlbi_el2_va, 1);
	pending_settle();
	tlb_drop(el2_tlb, 0, va.v);
	if (fake_many_cpus)
		atomic_fetch_add(&epoch, 1);
}

void arch_tlb_el2_all(void)
{
	atomic_fetch_add(&fake_counts.tlbi_el2_all, 1);
	pending_settle();
	atomic_fetch_add(&epoch, 1);
}

/* ---- stage 2: one TLB for all, as invalidations are broadcast ---- */

static pthread_mutex_t s2_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct tlb_entry s2_tlb[TLB_ENTRIES];
static unsigned int s2_next;

#define VMID_OF(vttbr) ((vttbr) >> 48)

bool fake_s2_walk(uint64_t vttbr, uint64_t vtcr, uint64_t ipa, struct fake_xlat *out)
{
	unsigned int bits = 64 - (vtcr & 63);
	unsigned int level = 2 - (vtcr >> 6 & 3);
	uint64_t base = vttbr & UINT64_C(0xfffffffffffe);
	uint64_t index = ipa >> (39 - 9 * level);  /* not cut: roots are concatenated */
	bool ok;

	if (ipa >> bits || index >= 16 * 512)
		return false;
	pthread_mutex_lock(&s2_mutex);
	ok = tlb_find(s2_tlb, VMID_OF(vttbr), ipa, out);
	if (!ok) {
		ok = walk(base + (index >> 9) * 4096, level, index & 511, ipa, out);
		if (ok)
			tlb_fill(s2_tlb, &s2_next, VMID_OF(vttbr), ipa, out);
	}
	pthread_mutex_unlock(&s2_mutex);
	return ok;
}

void arch_tlb_s2_range(uint64_t vttbr, ipa_t ipa, uint64_t size, uint64_t step)
{
	atomic_fetch_add(&fake_counts.tlbi_s2_range, 1);
	if (!step || (ipa.v | size) & 4095)
		abort();
	pending_settle();
	pthread_mutex_lock(&s2_mutex);
	if (size / step > 512)
		for (unsigned int i = 0; i < TLB_ENTRIES; i++)
			s2_tlb[i].valid &= s2_tlb[i].tag != VMID_OF(vttbr);
	else
		for (uint64_t a = 0; a < size; a += step)
			tlb_drop(s2_tlb, VMID_OF(vttbr), ipa.v + a);
	pthread_mutex_unlock(&s2_mutex);
}

void arch_tlb_s2_vmid(uint64_t vttbr)
{
	atomic_fetch_add(&fake_counts.tlbi_s2_vmid, 1);
	pending_settle();
	pthread_mutex_lock(&s2_mutex);
	for (unsigned int i = 0; i < TLB_ENTRIES; i++)
		s2_tlb[i].valid &= s2_tlb[i].tag != VMID_OF(vttbr);
	pthread_mutex_unlock(&s2_mutex);
}

void arch_tlb_s2_all(void)
{
	atomic_fetch_add(&fake_counts.tlbi_s2_all, 1);
	pending_settle();
	pthread_mutex_lock(&s2_mutex);
	memset(s2_tlb, 0, sizeof(s2_tlb));
	pthread_mutex_unlock(&s2_mutex);
}

int arch_pa_bits(void)
{
	return fake_pa_bits;
}

int arch_vmid_bits(void)
{
	return fake_vmid_bits;
}

/* ---- caches: only counted ---- */

void arch_dcache_clean_poc(const void *p, size_t size)
{
	(void)p;
	atomic_fetch_add(&fake_counts.cleaned, size);
}

void arch_dcache_clean_inval_poc(const void *p, size_t size)
{
	(void)p;
	atomic_fetch_add(&fake_counts.cleaned, size);
}

void arch_icache_inval_all(void)
{
}

void arch_copy(void *to, const void *from, size_t size)
{
	memcpy(to, from, size);
}

void arch_zero_pages(void *p, size_t size)
{
	uint64_t pa = 0;

	if (!host_to_pa(p, &pa) || (pa | size) & 4095)
		abort();
	atomic_fetch_add(&fake_counts.zeroed, size);
	if (!fake_zero_skip)
		memset(p, 0, size);
}

void fake_machine_reset(void)
{
	for (unsigned int i = 0; i < nr_banks; i++)
		munmap(banks[i].host, banks[i].size);
	nr_banks = 0;
	image_pa = 0;
	image_size = 0;
	fake_pa_bits = 40;
	fake_vmid_bits = 8;
	fake_daif = 0;
	fake_many_cpus = false;
	fake_zero_skip = false;
	fake_tlbi_hook = NULL;
	fake_el2_root_set(0);
	memset(s2_tlb, 0, sizeof(s2_tlb));
	memset(&fake_counts, 0, sizeof(fake_counts));
}
