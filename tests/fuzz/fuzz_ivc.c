/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inter-VM calls and doorbell registers, with arguments of all kinds, by four VMs of which one
 * has no rights to any other. Each VM's window maps what it published or subscribed to, as
 * it may, and nothing else; nobody else's doorbell rings; at the end all memory is free.
 */
#include "tests/fuzz/fuzz.h"

#include "mm/frames.h"
#include "mm/hyp_pool.h"
#include "mm/stage2.h"
#include "tests/host/ivc_vms.h"

#define NR_VMS      4u
#define LONER       3u                /* knows nobody, and nobody knows it */
#define WINDOW      UINT64_C(0x400000000)
#define WINDOW_SIZE (8 * MIB)
#define LARGEST     (4 * MIB)

_Static_assert(NR_VMS <= IVC_VMS, "VMs");

static struct fuzz_in in;

/* What each has, by slot. */
static struct holding {
	uint64_t handle, ipa, size, pa;
	uint32_t owner;               /* the VM that published it */
	bool publisher, write, there;
} has[NR_VMS][CONFIG_IVC_SLOTS];

static void up(uint32_t vm)
{
	ivc_vm_up(vm);
	memset(has[vm], 0, sizeof(has[vm]));
}

static bool may(uint32_t vm, uint32_t publisher, bool write)
{
	const struct config_ivc *c = &ivc.cfg[vm].ivc;

	return (write ? c->write : c->read | c->write) & BIT(publisher);
}

/* ---- calls ---- */

static struct holding *holding_at(uint32_t vm, uint64_t handle)
{
	for (uint32_t i = 0; i < CONFIG_IVC_SLOTS; i++)
		if (has[vm][i].there && has[vm][i].handle == handle)
			return &has[vm][i];
	return NULL;
}

static void note(uint32_t vm, const uint64_t *x, uint32_t owner, bool write)
{
	uint32_t slot = (uint32_t)((x[4] - BELLS) / DOORBELL_MMIO_SIZE);
	struct stage2_leaf l;

	FUZZ_CHECK(slot < CONFIG_IVC_SLOTS && !has[vm][slot].there && !holding_at(vm, x[1]));
	FUZZ_CHECK(x[2] >= WINDOW && x[3] <= LARGEST && x[2] - WINDOW <= WINDOW_SIZE - x[3]);
	FUZZ_CHECK(x[5] == 32 + SPI + slot);
	FUZZ_CHECK(stage2_lookup(&ivc.vm[vm].s2, IPA(x[2]), &l) == 0 && l.mapped);
	has[vm][slot] = (struct holding){
		x[1], x[2], x[3], l.pa.v, owner, owner == vm, write, true,
	};
}

/* Whose memory it is, among those that publish it or did. */
static bool is_of(uint64_t pa, uint32_t vm)
{
	for (uint32_t i = 0; i < CONFIG_IVC_SLOTS; i++)
		if (has[vm][i].there && has[vm][i].publisher && has[vm][i].pa == pa)
			return true;
	return false;
}

/* What it published and somebody still has is within what it may. */
static void check_charge(uint32_t vm)
{
	uint64_t pa[NR_VMS * CONFIG_IVC_SLOTS], sum = 0;
	uint32_t nr = 0, k;

	for (uint32_t i = 0; i < NR_VMS * CONFIG_IVC_SLOTS; i++) {
		const struct holding *h = &has[i / CONFIG_IVC_SLOTS][i % CONFIG_IVC_SLOTS];

		if (!h->there || h->owner != vm)
			continue;
		for (k = 0; k < nr && pa[k] != h->pa; k++)
			;
		if (k < nr)
			continue;
		pa[nr++] = h->pa;
		sum += h->size;
	}
	FUZZ_CHECK(nr <= ivc.cfg[vm].ivc.publish && sum <= ivc.cfg[vm].ivc.memory);
}

static void done(uint32_t vm, uint32_t fn, const uint64_t *x, const uint64_t *asked)
{
	bool write = asked[4] & IVC_WRITE;
	struct holding *h = holding_at(vm, asked[1]);

	switch (fn) {
	case IVC_PUBLISH:
		FUZZ_CHECK(ivc.cfg[vm].ivc.publish && x[3] == asked[2]);
		note(vm, x, vm, true);
		check_charge(vm);
		break;
	case IVC_SUBSCRIBE:
		FUZZ_CHECK(asked[1] >= ID(0) && asked[1] < ID(NR_VMS));
		FUZZ_CHECK(may(vm, (uint32_t)asked[1] - ID(0), write));
		note(vm, x, (uint32_t)asked[1] - ID(0), write);
		for (uint32_t i = 0; i < CONFIG_IVC_SLOTS; i++)
			if (has[vm][i].there && has[vm][i].handle == x[1])
				FUZZ_CHECK(is_of(has[vm][i].pa, (uint32_t)asked[1] - ID(0)));
		break;
	case IVC_UNPUBLISH:
	case IVC_UNSUBSCRIBE:
		FUZZ_CHECK(h && h->publisher == (fn == IVC_UNPUBLISH));
		FUZZ_CHECK(!(ivc.lines[vm] & 1u << (h - has[vm])));
		h->there = false;
		break;
	case IVC_NOTIFY:
		FUZZ_CHECK(h);
		break;
	default:
		break;
	}
}

static uint64_t some_handle(uint32_t vm)
{
	uint32_t how = fuzz_below(&in, 16), slot = fuzz_below(&in, CONFIG_IVC_SLOTS);

	if (how == 0)
		return fuzz_edge(&in);
	/* Another's, or one changed by a bit. */
	if (how == 1)
		return has[fuzz_below(&in, NR_VMS)][slot].handle;
	return has[vm][slot].handle ^ (how == 2 ? UINT64_C(1) << fuzz_below(&in, 64) : 0);
}

static uint64_t some_ipa(void)
{
	uint32_t how = fuzz_below(&in, 8);

	return how < 4 ? IVC_ANYWHERE : how == 4 ? fuzz_edge(&in) :
	       WINDOW + fuzz_below(&in, 2 * WINDOW_SIZE / PAGE_SIZE) * PAGE_SIZE;
}

static void arguments(uint32_t vm, uint32_t fn, uint64_t *x)
{
	for (int i = 1; i < 8; i++)
		x[i] = (uint64_t)i * 0x1111;
	x[3] = some_ipa();
	x[4] = fuzz_below(&in, 16) ? fuzz_below(&in, 2) : fuzz_edge(&in);
	switch (fn) {
	case IVC_PUBLISH:
		x[1] = fuzz_below(&in, 3);
		x[2] = fuzz_below(&in, 8) ? (1 + fuzz_below(&in, 8)) * PAGE_SIZE :
		       fuzz_below(&in, 2) ? fuzz_below(&in, 4) * MIB : fuzz_edge(&in);
		break;
	case IVC_SUBSCRIBE:
		x[1] = fuzz_below(&in, 16) ? ID(fuzz_below(&in, NR_VMS + 1)) : fuzz_edge(&in);
		x[2] = fuzz_below(&in, 3);
		break;
	case IVC_INFO:
		x[1] = fuzz_below(&in, 16) ? fuzz_below(&in, CONFIG_IVC_SLOTS) : fuzz_edge(&in);
		break;
	default:
		x[1] = some_handle(vm);
		x[2] = fuzz_below(&in, 2) ? fuzz_below(&in, 9) : fuzz_edge(&in);
	}
}

static void call(uint32_t vm)
{
	uint32_t fn = fuzz_below(&in, 16);
	enum exit_verdict verdict;
	uint64_t x[8], asked[8];

	fn = fn < IVC_NR_FNS ? fn : fn < 12 ? IVC_PUBLISH + (fn & 1) : IVC_UNPUBLISH + (fn & 1);
	arguments(vm, fn, x);
	if (fuzz_below(&in, 32) == 0)
		fn = (uint32_t)fuzz_edge(&in);
	x[0] = IVC_FID + (uint64_t)fn;
	memcpy(asked, x, sizeof(x));
	verdict = fuzz_below(&in, 8) ? ivc_call(&ivc.vm[vm], x) :
		  ivc_has(&ivc.vm[vm], (uint32_t)x[0]) ? ivc_quick(&ivc.vm[vm], x) : EXIT_UP;
	FUZZ_CHECK(verdict == EXIT_DONE || verdict == EXIT_UP);
	if (verdict == EXIT_UP || (int64_t)x[0] < 0)
		FUZZ_CHECK(!memcmp(x + 1, asked + 1, sizeof(x) - 8));
	else
		done(vm, fn, x, asked);
	FUZZ_CHECK(!ivc.locked);
}

/* ---- the other things that a VM does ---- */

static void access(uint32_t vm)
{
	uint8_t size = (uint8_t)(1u << fuzz_below(&in, 4));
	struct mmio_access acc = {
		.size = size, .is_write = fuzz_below(&in, 2), .value = fuzz_below(&in, 16),
	};
	uint64_t off = fuzz_below(&in, CONFIG_IVC_SLOTS) * DOORBELL_MMIO_SIZE;

	off += (fuzz_below(&in, 8) ? fuzz_below(&in, 24) : fuzz_below(&in, 4096)) / size * size;
	bus_access(&ivc.vm[vm].bus, IPA(BELLS + off), &acc);
}

static void reset(uint32_t vm)
{
	if (fuzz_below(&in, 2)) {
		ivc_vm_down(vm);
		up(vm);
		return;
	}
	ivc_reset(&ivc.vm[vm]);
	FUZZ_CHECK(ivc.lines[vm] == 0);
	memset(has[vm], 0, sizeof(has[vm]));
}

static void check_vm(uint32_t vm)
{
	uint64_t mapped = 0, wanted = 0;
	struct stage2_leaf l;

	for (uint32_t i = 0; i < CONFIG_IVC_SLOTS; i++) {
		const struct holding *h = &has[vm][i];

		FUZZ_CHECK(h->there || !(ivc.lines[vm] & 1u << i));
		if (!h->there)
			continue;
		wanted += h->size;
		FUZZ_CHECK(stage2_lookup(&ivc.vm[vm].s2, IPA(h->ipa), &l) == 0);
		FUZZ_CHECK(l.mapped && l.pa.v == h->pa);
		FUZZ_CHECK(l.attr == (S2_NORMAL | S2_R | (h->write ? S2_W : 0)));
		FUZZ_CHECK(frames_owner(l.pa) == OWNER_SHARED);
	}
	for (uint64_t at = WINDOW; at < WINDOW + WINDOW_SIZE; at += l.left) {
		FUZZ_CHECK(stage2_lookup(&ivc.vm[vm].s2, IPA(at), &l) == 0);
		mapped += l.mapped ? MIN(l.left, WINDOW + WINDOW_SIZE - at) : 0;
	}
	FUZZ_CHECK(mapped == wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t pages;

	in = (struct fuzz_in){ data, size };
	if (!pages) {
		machine_up(16 * MIB);
		pages = 1 + hyp_pool_pages();
	}
	ivc.window = WINDOW;
	ivc.window_size = WINDOW_SIZE;
	ivc.ipa_bits = 36;
	ivc_vm_configure(0, 3, LARGEST, 0, BIT(1));
	ivc_vm_configure(1, 2, 64 * 1024, BIT(0), BIT(0));
	ivc_vm_configure(2, 0, 0, BIT(0) | BIT(1), BIT(1));
	ivc_vm_configure(LONER, 8, MIB, 0, 0);
	for (uint32_t i = 0; i < NR_VMS; i++)
		up(i);
	for (int n = 0; n < 64 && fuzz_more(&in); n++) {
		uint32_t vm = fuzz_below(&in, NR_VMS), op = fuzz_below(&in, 16);

		if (op == 0)
			reset(vm);
		else if (op < 4)
			access(vm);
		else
			call(vm);
		check_vm(vm);
	}
	for (uint32_t i = 0; i < NR_VMS; i++)
		check_vm(i);
	/* Which takes much longer than the rest. */
	if (fuzz_below(&in, 64) == 1)
		machine_check();
	for (uint32_t i = 0; i < NR_VMS; i++)
		ivc_vm_down(i);
	FUZZ_CHECK(frames_stats(OWNER_SHARED) == 0 && hyp_pool_pages() + 1 == pages);
	return 0;
}
