/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out at every place where making and loading a VM takes some: a clean
 * error or another way, and afterwards nothing is left of it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/mutex.h"
#include "core/percpu.h"
#include "core/sched.h"
#include "irq/gicv3.h"
#include "irq/irq.h"
#include "mm/el2_map.h"
#include "mm/frames.h"
#include "mm/hyp_pool.h"
#include "mm/vmid.h"
#include "tests/host/fake/cpu.h"
#include "tests/host/fake/gic.h"
#include "tests/host/fake/log.h"
#include "tests/host/mm_machine.h"
#include "tests/host/newc_maker.h"
#include "vm/vm.h"

#define SLOT 5
#define LINEAR (MACHINE_RAM + 96 * MIB)

/* ---- allocations, counted; one of them fails ---- */

int __real_frames_alloc(uint16_t owner, unsigned int order, pa_t *pa);
int __real_frames_claim(uint16_t owner, pa_t pa, uint64_t size);
int __real_vmid_alloc(uint16_t *vmid);
int __wrap_frames_alloc(uint16_t owner, unsigned int order, pa_t *pa);
int __wrap_frames_claim(uint16_t owner, pa_t pa, uint64_t size);
int __wrap_vmid_alloc(uint16_t *vmid);

static unsigned int calls, failing;         /* failing 0: none                */

static bool fails(void)
{
	return ++calls == failing;
}

int __wrap_frames_alloc(uint16_t owner, unsigned int order, pa_t *pa)
{
	return fails() ? -ENOMEM : __real_frames_alloc(owner, order, pa);
}

int __wrap_frames_claim(uint16_t owner, pa_t pa, uint64_t size)
{
	return fails() ? -EBUSY : __real_frames_claim(owner, pa, size);
}

int __wrap_vmid_alloc(uint16_t *vmid)
{
	return fails() ? -ENOSPC : __real_vmid_alloc(vmid);
}

/* ---- threads: a stack of EL2's, and parameters that may be refused ---- */

static int nr_threads;

int thread_create(struct thread *t, const char *name, uint32_t cpu, uint32_t prio,
		  void (*entry)(void *arg), void *arg)
{
	int err = el2_stack_alloc(STACK_SIZE, &t->stack_base);

	(void)name, (void)prio, (void)entry, (void)arg;
	if (err)
		return err;
	t->stack_size = STACK_SIZE;
	t->cpu = cpu;
	nr_threads++;
	return 0;
}

int thread_destroy(struct thread *t)
{
	el2_stack_free(t->stack_base, t->stack_size);
	nr_threads--;
	return 0;
}

/* EL2's stack cannot be reached by a plain pointer here. */
va_t thread_stack_top(const struct thread *t)
{
	static _Alignas(16) char stacks[8][1024];

	return va_of(stacks[vcpu_of((struct thread *)t)->idx % 8 + 1]);
}

int thread_set_params(struct thread *t, const struct sched_params *p)
{
	(void)t, (void)p;
	return fails() ? -ENOSPC : 0;
}

int thread_set_affinity(struct thread *t, uint64_t cpus)
{
	(void)t, (void)cpus;
	return 0;
}

int sched_admit(uint32_t cpu, const struct sched_params *p, uint32_t *used, uint32_t *asked)
{
	(void)cpu, (void)p;
	*used = *asked = 0;
	return 0;
}

struct thread *thread_current(void)
{
	static struct thread self;

	return &self;
}

void thread_start(struct thread *t)
{
	(void)t;
}

void thread_request(struct thread *t, uint32_t bits)
{
	(void)t, (void)bits;
}

void thread_block(uint32_t mask)
{
	(void)mask;
}

void thread_yield(void)
{
}

bool thread_has_rivals(const struct thread *t)
{
	(void)t;
	return false;
}

bool thread_must_sleep(const struct thread *t)
{
	(void)t;
	return false;
}

/* ---- the GIC driver and the timer's registers ---- */

uint64_t fake_cntv_ctl, fake_cntv_cval, fake_cntvoff, fake_cnthctl;
uint64_t fake_cntp_ctl, fake_cntp_cval;

void gicv3_set_active(uint32_t intid, bool active)
{
	(void)intid, (void)active;
}

bool gicv3_is_pending(uint32_t intid)
{
	(void)intid;
	return false;
}

void gicv3_sgi(uint32_t cpu, uint32_t sgi)
{
	(void)cpu, (void)sgi;
}

void gicv3_enable(uint32_t intid)
{
	(void)intid;
}

void gicv3_disable(uint32_t intid)
{
	(void)intid;
}

bool gicv3_is_active(uint32_t intid)
{
	(void)intid;
	return false;
}

bool gicv3_is_edge(uint32_t intid)
{
	(void)intid;
	return false;
}

void gicv3_set_pending(uint32_t intid, bool pending)
{
	(void)intid;
	(void)pending;
}

void gicv3_set_priority(uint32_t intid, uint8_t prio)
{
	(void)intid;
	(void)prio;
}

void gicv3_set_owned(uint32_t intid, bool own)
{
	(void)intid;
	(void)own;
}

void gicv3_set_edge(uint32_t intid, bool edge)
{
	(void)intid, (void)edge;
}

void gicv3_route(uint32_t intid, uint32_t cpu)
{
	(void)intid, (void)cpu;
}

void irq_want(uint32_t pintid, bool wanted)
{
	(void)pintid, (void)wanted;
}

int irq_link_vm(uint32_t pintid, struct vgic_vcpu *v, uint32_t vintid, const char *who)
{
	(void)pintid, (void)v, (void)vintid, (void)who;
	return 0;
}

void irq_unlink(uint32_t pintid)
{
	(void)pintid;
}

int irq_link_percpu(uint32_t intid, irq_handler *handler, void *ctx)
{
	(void)intid, (void)handler, (void)ctx;
	return 0;
}

/* ---- the VM ---- */

static struct vm_config cfg;
static struct vm_host host;
static struct vm vm;
static struct bundle bundle;

static void vcpu_main(void *vcpu)
{
	(void)vcpu;
}

static uint32_t pick_cpu(const struct vm_config *of, uint32_t vcpu)
{
	(void)of;
	return vcpu % 2;
}

static uint64_t cpus(const struct vm_config *of, uint32_t vcpu)
{
	(void)of, (void)vcpu;
	return 3;
}

static void all_parked(struct vm *of)
{
	(void)of;
}

static int32_t no_firmware(uint32_t fid)
{
	(void)fid;
	return -1;
}

static uint64_t now_s(void *ctx)
{
	(void)ctx;
	return 1700000000;
}

static void region(uint64_t ipa, uint64_t size, enum config_backend backend, uint64_t pa)
{
	cfg.regions[cfg.nr_regions++] = (struct config_region){
		IPA(ipa), size, PA(pa), backend,
		CONFIG_ACCESS_R | CONFIG_ACCESS_W | CONFIG_ACCESS_X,
	};
}

static struct config_device device(uint64_t base, uint32_t spi)
{
	return (struct config_device){ true, base, spi };
}

/* Something of everything. */
static void configure(void)
{
	memset(&cfg, 0, sizeof(cfg));
	strcpy(cfg.name, "vm");
	cfg.nr_vcpus = 3;
	cfg.cpus[0] = cfg.cpus[1] = cfg.cpus[2] = 3;
	region(CONFIG_RAM_BASE, 4 * MIB, BACKEND_EAGER, 0);
	region(CONFIG_RAM_BASE + 8 * MIB, 64 * 1024, BACKEND_EAGER, 0);
	region(CONFIG_RAM_BASE + 16 * MIB, 64 * 1024, BACKEND_LINEAR, LINEAR);
	region(CONFIG_RAM_BASE + 32 * MIB, 2 * MIB, BACKEND_TOUCH, 0);
	cfg.kernel = (struct config_file){ "kernel", CONFIG_RAM_BASE };
	cfg.initrd = (struct config_file){ "initrd", CONFIG_RAM_BASE + 32 * MIB };
	cfg.dtb.load = cfg.kernel_entry = CONFIG_ADDR_AUTO;
	cfg.kernel_type = IMAGE_RAW;
	cfg.cmdline = "quiet";
	cfg.gicd_base = CONFIG_GICD_BASE;
	cfg.gicr_base = CONFIG_GICR_BASE;
	cfg.pl011 = device(CONFIG_PL011_BASE, CONFIG_PL011_SPI);
	cfg.pl031 = device(CONFIG_PL031_BASE, CONFIG_PL031_SPI);
	cfg.pl061 = device(CONFIG_PL061_BASE, CONFIG_PL061_SPI);
	cfg.stolen = device(CONFIG_STOLEN_BASE, CONFIG_NO_SPI);
	cfg.mailbox = device(CONFIG_MAILBOX_BASE, CONFIG_NO_SPI);
	cfg.watchdog = (struct config_watchdog){ true, CONFIG_WDT_REFRESH, CONFIG_WDT_CONTROL,
						 CONFIG_WDT_SPI };
	cfg.ivc = (struct config_ivc){
		.present = true, .publish = 1, .memory = MIB, .ipa = CONFIG_RAM_BASE + 64 * MIB,
		.window = 4 * MIB, .doorbell = CONFIG_IVC_DOORBELL, .spi = CONFIG_IVC_SPI,
	};
	cfg.priority = CONFIG_DEFAULT_PRIORITY;
	cfg.weight = CONFIG_DEFAULT_WEIGHT;
}

static int setup(void **state)
{
	static struct newc_maker m;
	static struct drbg rng;

	(void)state;
	machine_up(128 * MIB);
	fake_gic_reset(4);
	configure();
	newc_add(&m, "kernel", "0123456789abcdef", 16);
	newc_add(&m, "initrd", "0123456789abcdef", 16);
	newc_end(&m);
	assert_int_equal(bundle_open(&bundle, m.buf, m.size), 0);
	drbg_init(&rng);
	host = (struct vm_host){
		.vcpu_main = vcpu_main, .pick_cpu = pick_cpu, .cpus = cpus,
		.all_parked = all_parked, .firmware_feature = no_firmware, .rng = &rng,
		.clock = { now_s, NULL }, .bundle = &bundle,
	};
	return 0;
}

/* ---- nothing is left ---- */

struct balance {
	uint64_t free, hyp, pool;
};

static struct balance balance(void)
{
	return (struct balance){ frames_stats(OWNER_FREE), frames_stats(OWNER_HYP),
				 hyp_pool_pages() };
}

static void assert_nothing_left(const struct balance *before)
{
	struct balance now = balance();
	uint16_t vmid[256];
	int nr = 0;

	assert_memory_equal(before, &now, sizeof(now));
	assert_int_equal(frames_stats(owner_vm(SLOT)), 0);
	assert_int_equal(frames_owner(PA(LINEAR)), OWNER_FREE);
	assert_int_equal(nr_threads, 0);
	/* All VMIDs of eight bits but 0. */
	while (nr < 256 && __real_vmid_alloc(&vmid[nr]) == 0)
		nr++;
	assert_int_equal(nr, 255);
	while (nr-- > 0)
		vmid_free(vmid[nr]);
	machine_check();
}

/* Create, load, destroy; 0 or the error. n: which allocation fails. */
static int live_once(unsigned int n)
{
	int err;

	memset(&vm, 0, sizeof(vm));
	calls = 0;
	failing = n;
	err = vm_create(&vm, SLOT, &cfg, &host);
	if (!err) {
		err = vm_load(&vm);
		failing = 0;
		assert_int_equal(vm_destroy(&vm), 0);
	}
	failing = 0;
	return err;
}

static void memory_that_runs_out_anywhere_leaves_nothing_behind(void **state)
{
	unsigned int errors = 0, n = 0, all;
	struct balance before;

	(void)state;
	/* What EL2 keeps for good it has after the first time. */
	assert_int_equal(live_once(0), 0);
	before = balance();
	assert_int_equal(live_once(0), 0);
	all = calls;
	assert_nothing_left(&before);
	do {
		unsigned int lines = fake_log_lines + fake_log_guest_lines;
		int err = live_once(++n);

		if (err) {
			errors++;
			assert_true(err == -ENOMEM || err == -EBUSY || err == -ENOSPC ||
				    err == -EFAULT);
			assert_true(fake_log_lines + fake_log_guest_lines > lines);
			assert_non_null(strstr(fake_log_last, "vm"));
		}
		assert_nothing_left(&before);
	} while (calls >= n);
	/* Where a large block cannot be had, small ones will do. */
	print_message("%u allocations, %u are missed\n", all, errors);
	assert_true(n > all && errors > all / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(memory_that_runs_out_anywhere_leaves_nothing_behind, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
