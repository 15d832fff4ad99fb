/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include <arch/regs_mmu.h>
#include <arch/timer.h>
#include "core/lib/bits.h"
#include "mm/audit.h"
#include "mm/el2_map.h"
#include "mm/frames.h"
#include "mm/hyp_pool.h"
#include "mm/stage2.h"
#include "mm/vmid.h"
#include "tests/host/fake/panic.h"
#include "tests/host/mm_machine.h"

#define VM1 owner_vm(1)
#define VM2 owner_vm(2)

static struct stage2 s2, other;

static bool guest(struct stage2 *s, uint64_t ipa, struct fake_xlat *x)
{
	return fake_s2_walk(s->vttbr, s->vtcr, ipa, x);
}

static void the_registers_describe_the_table(void **state)
{
	(void)state;
	for (unsigned int bits = 32; bits <= 48; bits++) {
		machine_up(64 * MIB);
		fake_pa_bits = 48;
		fake_vmid_bits = bits & 1 ? 16 : 8;
		assert_int_equal(stage2_init(&s2, VM1, bits), 0);
		assert_int_equal(stage2_ipa_bits(&s2), bits);
		assert_int_equal(64 - (s2.vtcr & VTCR_EL2_T0SZ), bits);
		assert_int_equal(!!(s2.vtcr & VTCR_EL2_VS), bits & 1);
		assert_int_equal(bits_get(VTCR_EL2_PS, s2.vtcr), 5);
		assert_int_equal(s2.vttbr >> 48, s2.vmid);
		assert_true(s2.vmid != 0);
		assert_true(is_aligned(s2.vttbr & VTTBR_EL2_BADDR, s2.pt.nr_roots * 4096u));
		stage2_fini(&s2);
		assert_int_equal(hyp_pool_pages(), 0);
		machine_check();
	}
}

static void bad_tables_are_refused(void **state)
{
	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(stage2_init(&s2, VM1, 31), -EINVAL);
	assert_int_equal(stage2_init(&s2, VM1, 49), -EINVAL);
	assert_int_equal(stage2_init(&s2, OWNER_HYP, 40), -EINVAL);
	assert_int_equal(stage2_init(&s2, owner_vm(FRAMES_MAX_VMS), 40), -EINVAL);
	assert_int_equal(stage2_init(&s2, VM1, 48), 0);
	assert_int_equal(stage2_ipa_bits(&s2), 40);              /* the machine's */
	assert_int_equal(stage2_init(&other, VM1, 40), -EEXIST);
	assert_int_equal(stage2_init(&other, VM2, 40), 0);
	assert_int_not_equal(other.vmid, s2.vmid);
	stage2_fini(&s2);
	stage2_fini(&other);
	assert_int_equal(hyp_pool_pages(), 0);
}

static void a_vm_maps_only_what_it_owns(void **state)
{
	uint32_t grant;
	pa_t mine, its, free_pa = PA(MACHINE_RAM + 48 * MIB);
	struct fake_xlat x;

	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(stage2_init(&s2, VM1, 40), 0);
	assert_int_equal(frames_alloc(VM1, 1, &mine), 0);
	assert_int_equal(frames_alloc(VM2, 1, &its), 0);
	assert_int_equal(stage2_map(&s2, IPA(0), mine, 8192, S2_RWX), 0);
	assert_int_equal(stage2_map(&s2, IPA(MIB), its, 4096, S2_R), -EPERM);
	assert_int_equal(stage2_map(&s2, IPA(MIB), free_pa, 4096, S2_R), -EPERM);
	assert_int_equal(stage2_map(&s2, IPA(MIB), PA(MACHINE_IMAGE), 4096, S2_R), -EPERM);
	assert_int_equal(stage2_map(&s2, IPA(MIB), s2.pt.root, 4096, S2_R), -EPERM);
	assert_int_equal(stage2_map(&s2, IPA(MIB), PA(0x8000000), 4096, S2_R), -EPERM);
	assert_int_equal(stage2_map(&s2, IPA(MIB), mine, 16384, S2_R), -EPERM);   /* too far */
	/* RAM is no device, a device no RAM */
	assert_int_equal(stage2_map(&s2, IPA(MIB), mine, 4096, S2_R | S2_DEVICE), -EPERM);
	assert_int_equal(frames_device_claim(VM1, PA(0xa000000), 4096), 0);
	assert_int_equal(stage2_map(&s2, IPA(MIB), PA(0xa000000), 4096, S2_R), -EPERM);
	assert_int_equal(stage2_map(&s2, IPA(MIB), PA(0xa000000), 8192, S2_R | S2_DEVICE), -EPERM);
	assert_int_equal(stage2_map(&s2, IPA(MIB), PA(0xa000000), 4096, S2_R | S2_W | S2_DEVICE),
			 0);
	assert_true(guest(&s2, MIB, &x));
	assert_int_equal(x.desc & S2_PTE_MEMATTR, S2_PTE_MEMATTR_DEVICE);
	assert_true(x.desc & S2_PTE_XN_ALL);
	/* shared by name */
	assert_int_equal(frames_share(VM2, its, 8192, "ring", &grant), 0);
	assert_int_equal(stage2_map(&s2, IPA(2 * MIB), its, 8192, S2_R), -EPERM);
	assert_int_equal(frames_share_get(grant, VM1), 0);
	assert_int_equal(stage2_map(&s2, IPA(2 * MIB), its, 8192, S2_R), 0);
	machine_check();
}

static void attributes_encode_and_decode_alike(void **state)
{
	struct stage2_leaf leaf;
	struct fake_xlat x;
	pa_t pa;

	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(stage2_init(&s2, VM1, 40), 0);
	assert_int_equal(frames_alloc(VM1, 0, &pa), 0);
	assert_int_equal(frames_device_claim(VM1, PA(0xa000000), 4096), 0);
	for (uint32_t attr = 0; attr < 64; attr++) {
		bool ok = (attr & S2_R) && attr < 16 && !((attr & S2_DEVICE) && (attr & S2_X));
		pa_t what = attr & S2_DEVICE ? PA(0xa000000) : pa;

		assert_int_equal(stage2_map(&s2, IPA(0), what, 4096, attr), ok ? 0 : -EINVAL);
		if (!ok)
			continue;
		assert_int_equal(stage2_lookup(&s2, IPA(0), &leaf), 0);
		assert_int_equal(leaf.attr, attr);
		assert_true(guest(&s2, 0, &x));
		assert_int_equal(!!(x.desc & S2_PTE_WRITE), !!(attr & S2_W));
		assert_int_equal(!(x.desc & S2_PTE_XN), !!(attr & S2_X));
		assert_int_equal((x.desc & S2_PTE_MEMATTR) == S2_PTE_MEMATTR_NORMAL,
				 !(attr & S2_DEVICE));
		assert_int_equal(stage2_unmap(&s2, IPA(0), 4096), 0);
	}
	machine_check();
}

static void every_argument_is_checked_and_nothing_rounded(void **state)
{
	const uint64_t top = UINT64_C(1) << 40;
	static const uint64_t odd[] = { 1, 8, 0x800, 0xfff, 0x1001 };
	struct stage2_leaf leaf;
	pa_t pa;

	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(stage2_init(&s2, VM1, 40), 0);
	assert_int_equal(frames_alloc(VM1, 4, &pa), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(odd); i++) {
		assert_int_equal(stage2_map(&s2, IPA(odd[i]), pa, 4096, S2_R), -EINVAL);
		assert_int_equal(stage2_map(&s2, IPA(0), pa_add(pa, odd[i]), 4096, S2_R), -EINVAL);
		assert_int_equal(stage2_map(&s2, IPA(0), pa, odd[i], S2_R), -EINVAL);
		assert_int_equal(stage2_unmap(&s2, IPA(odd[i]), 4096), -EINVAL);
		assert_int_equal(stage2_unmap(&s2, IPA(0), odd[i]), -EINVAL);
		assert_int_equal(stage2_protect(&s2, IPA(odd[i]), 4096, S2_R), -EINVAL);
		assert_int_equal(stage2_protect(&s2, IPA(0), odd[i], S2_R), -EINVAL);
	}
	assert_int_equal(stage2_map(&s2, IPA(0), pa, 0, S2_R), -EINVAL);
	assert_int_equal(stage2_map(&s2, IPA(top), pa, 4096, S2_R), -EINVAL);
	assert_int_equal(stage2_map(&s2, IPA(top - 4096), pa, 8192, S2_R), -EINVAL);
	assert_int_equal(stage2_map(&s2, IPA(0xfffffffffffff000), pa, 8192, S2_R), -EINVAL);
	assert_int_equal(stage2_map(&s2, IPA(0), PA(0xfffffffffffff000), 8192, S2_R), -EINVAL);
	assert_int_equal(stage2_unmap(&s2, IPA(0), 0), -EINVAL);
	assert_int_equal(stage2_unmap(&s2, IPA(top - 4096), 8192), -EINVAL);
	assert_int_equal(stage2_protect(&s2, IPA(0), 0, S2_R), -EINVAL);
	assert_int_equal(stage2_protect(&s2, IPA(0), 4096, 0), -EINVAL);
	assert_int_equal(stage2_protect(&s2, IPA(0), 4096, S2_R), -ENOENT);
	assert_int_equal(stage2_lookup(&s2, IPA(top), &leaf), -EINVAL);
	assert_int_equal(stage2_lookup(&s2, IPA(0), &leaf), 0);
	assert_false(leaf.mapped);
	assert_int_equal(stage2_map(&s2, IPA(top - 4096), pa, 4096, S2_R), 0);
	assert_int_equal(hyp_pool_pages(), s2.pt.nr_roots + s2.pt.nr_tables);
	machine_check();
}

static void an_unmapped_frame_is_out_of_reach_at_once(void **state)
{
	struct fake_xlat x;
	pa_t pa;

	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(stage2_init(&s2, VM1, 40), 0);
	assert_int_equal(frames_alloc(VM1, 9, &pa), 0);
	assert_int_equal(stage2_map(&s2, IPA(GIB), pa, 2 * MIB, S2_RWX), 0);
	assert_true(guest(&s2, GIB + 0x5000, &x));
	assert_int_equal(x.size, 2 * MIB);
	assert_int_equal(stage2_unmap(&s2, IPA(GIB + 0x5000), 4096), 0);
	assert_false(guest(&s2, GIB + 0x5000, &x));
	assert_true(guest(&s2, GIB + 0x4000, &x));
	assert_int_equal(stage2_protect(&s2, IPA(GIB + 0x4000), 4096, S2_R), 0);
	assert_true(guest(&s2, GIB + 0x4000, &x));
	assert_false(x.desc & S2_PTE_WRITE);
	assert_int_equal(stage2_protect(&s2, IPA(GIB + 0x4000), 4096, S2_R | S2_DEVICE), -EINVAL);
	stage2_fini(&s2);
	assert_int_equal(hyp_pool_pages(), 0);
	machine_check();
}

static struct {
	unsigned int asked, out_at;
	uint64_t ticks;                  /* that each time it is asked takes */
} shut;

static bool is_out(void *ctx)
{
	struct fake_xlat x;

	assert_ptr_equal(ctx, &shut);
	assert_false(guest(&s2, 0, &x) || guest(&s2, 3 * GIB, &x));
	assert_true(s2.shut);
	fake_counter += shut.ticks;
	return ++shut.asked == shut.out_at;
}

static void shut_it_has_nothing_until_its_vcpus_are_out(void **state)
{
	struct fake_xlat x;
	pa_t pa;

	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(stage2_init(&s2, VM1, 40), 0);
	assert_int_equal(frames_alloc(VM1, 9, &pa), 0);
	assert_int_equal(stage2_map(&s2, IPA(0), pa, 4096, S2_RWX), 0);
	assert_int_equal(stage2_map(&s2, IPA(3 * GIB), pa_add(pa, 4096), 4096, S2_R), 0);
	for (unsigned int round = 0; round < 2; round++) {
		/* What is in the TLB does not count. */
		assert_true(guest(&s2, 0, &x) && guest(&s2, 3 * GIB, &x));
		shut.asked = 0;
		shut.out_at = round ? 0 : 3;
		shut.ticks = fake_counter_hz / 10000;
		stage2_shut(&s2, is_out, &shut);
		/* Or for a millisecond. */
		assert_in_range(shut.asked, round ? 10 : 3, round ? 11 : 3);
		assert_false(s2.shut);
		assert_true(guest(&s2, 0, &x));
		assert_true(x.desc & S2_PTE_WRITE);
		assert_true(guest(&s2, 3 * GIB, &x));
		assert_false(guest(&s2, GIB, &x) || guest(&s2, 4096, &x));
		machine_check();
	}
	stage2_fini(&s2);
	assert_int_equal(hyp_pool_pages(), 0);
}

static void a_vmid_comes_back_clean(void **state)
{
	struct fake_xlat x;
	uint16_t vmid;
	uint64_t vttbr;
	pa_t pa;

	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(stage2_init(&s2, VM1, 40), 0);
	assert_int_equal(frames_alloc(VM1, 0, &pa), 0);
	assert_int_equal(stage2_map(&s2, IPA(0), pa, 4096, S2_R), 0);
	assert_true(guest(&s2, 0, &x));
	vmid = s2.vmid;
	vttbr = s2.vttbr;
	stage2_fini(&s2);
	/* nothing in the TLB for the VMID, wherever its root would be */
	assert_false(fake_s2_walk(BITS_VAL(VTTBR_EL2_VMID, vmid) | 0x1000, s2.vtcr, 0, &x));
	assert_false(fake_s2_walk(vttbr, s2.vtcr, 0, &x));
}

static void vmids_rotate_and_end(void **state)
{
	uint16_t vmid, first = 0;

	(void)state;
	machine_up(64 * MIB);
	for (unsigned int i = 1; i < VMID_MAX; i++) {
		assert_int_equal(vmid_alloc(&vmid), 0);
		assert_true(vmid > 0 && vmid < VMID_MAX);
		if (i == 1)
			first = vmid;
	}
	assert_int_equal(vmid_alloc(&vmid), -ENOSPC);
	vmid_free(first);
	assert_int_equal(vmid_alloc(&vmid), 0);
	assert_int_equal(vmid, first);
	vmid_free(first);
	vmid_free((uint16_t)(first + 1));
	assert_int_equal(vmid_alloc(&vmid), 0);
	assert_int_equal(vmid_alloc(&vmid), 0);
	assert_true(FAKE_PANICS(vmid_free(0)));
}

/* ---- the auditor sees what it must ---- */

static unsigned int findings;
static char last_what[80];

static void note(void *ctx, const struct audit_finding *f)
{
	(void)ctx;
	findings++;
	strncpy(last_what, f->what, sizeof(last_what) - 1);
}

static void expect_finding(const char *what)
{
	struct audit_totals totals;

	findings = 0;
	assert_int_equal(audit_run(note, NULL, &totals), -EPERM);
	assert_true(findings > 0 && totals.findings == findings);
	assert_string_equal(last_what, what);
}

static void the_auditor_finds_every_breach(void **state)
{
	struct audit_totals totals;
	pa_t pa, path[PGTABLE_LEVELS];
	unsigned int nr;

	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(stage2_init(&s2, VM1, 40), 0);
	assert_int_equal(stage2_init(&other, VM2, 40), 0);
	assert_int_equal(frames_alloc(VM1, 9, &pa), 0);
	assert_int_equal(stage2_map(&s2, IPA(0), pa, 2 * MIB, S2_RWX), 0);
	assert_int_equal(audit_run(note, NULL, &totals), 0);
	assert_int_equal(totals.tables, 2);
	assert_int_equal(totals.vm_size, 2 * MIB);
	assert_true(totals.el2_size >= MACHINE_IMAGE_SIZE);

	/* a frame freed while it is mapped */
	assert_int_equal(frames_free(VM1, pa_add(pa, MIB), 0), 0);
	expect_finding("VM maps a frame it does not own");
	assert_int_equal(frames_claim(VM1, pa_add(pa, MIB), 4096), 0);
	assert_int_equal(audit_run(NULL, NULL, NULL), 0);

	/* a table page that is a guest's */
	nr = pgtable_path(&s2.pt, 0, path);
	assert_int_equal(nr, 2);
	assert_int_equal(frames_release(OWNER_HYP, path[1], 4096), 0);
	assert_int_equal(frames_claim(VM2, path[1], 4096), 0);
	findings = 0;
	assert_int_equal(audit_run(note, NULL, NULL), -EPERM);
	assert_true(findings >= 2);          /* EL2 maps it too, through the physmap */

	/* EL2 reaching into a guest */
	machine_up(64 * MIB);
	assert_int_equal(frames_alloc(VM1, 0, &pa), 0);
	assert_int_equal(el2_map_physmap(pa, 4096), 0);
	expect_finding("EL2 maps a frame that is not its own");
	el2_unmap_physmap(pa, 4096);
	assert_int_equal(audit_run(NULL, NULL, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_registers_describe_the_table),
		cmocka_unit_test(bad_tables_are_refused),
		cmocka_unit_test(a_vm_maps_only_what_it_owns),
		cmocka_unit_test(attributes_encode_and_decode_alike),
		cmocka_unit_test(every_argument_is_checked_and_nothing_rounded),
		cmocka_unit_test(an_unmapped_frame_is_out_of_reach_at_once),
		cmocka_unit_test(shut_it_has_nothing_until_its_vcpus_are_out),
		cmocka_unit_test(a_vmid_comes_back_clean),
		cmocka_unit_test(vmids_rotate_and_end),
		cmocka_unit_test(the_auditor_finds_every_breach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
