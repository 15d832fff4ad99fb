/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any stage-2 abort of a guest that has every device model on its bus: described by
 * the syndrome, or by an instruction that the guest chose. Time passes in between,
 * and bytes come from outside.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include <arch/el1_state.h>
#include <arch/timer.h>
#include "devices/wall_clock.h"
#include "mm/guest_copy.h"
#include "tests/host/fake/cpu.h"
#include "tests/host/vm_fixture.h"
#include "vm/abort.h"
#include "vm/setway.h"

static struct vm *vm = &fixture_vm;
static struct fuzz_in in;
static uint32_t insn;
static bool lines[64];
static unsigned int bites;

/* ---- what is below ---- */

uint64_t arch_translate_s1(uint64_t va)
{
	return fuzz_num(&in, 1) ? va & PAR_PA : fuzz_num(&in, 8);
}

uint64_t arch_far(void)
{
	return fuzz_num(&in, 8);
}

uint64_t arch_hpfar(void)
{
	return fuzz_num(&in, 5);
}

int guest_copy_from(struct stage2 *s2, void *dst, ipa_t ipa, size_t size)
{
	FUZZ_CHECK(s2 == &vm->s2 && size == 4);
	memcpy(dst, &insn, 4);
	return ipa.v == 0 ? -EFAULT : 0;
}

int stage2_lookup(struct stage2 *s2, ipa_t ipa, struct stage2_leaf *out)
{
	(void)s2;
	(void)ipa;
	*out = (struct stage2_leaf){ .mapped = fuzz_num(&in, 1) & 1, .attr = S2_RWX };
	return 0;
}

uint64_t guest_flush_piece(struct stage2 *s2, ipa_t ipa)
{
	(void)s2;
	return ipa.v < 0x40000 ? 0x10000 : 0;
}

bool vm_region_comes(const struct vm *of, const struct config_region *r)
{
	(void)of;
	return r->backend == BACKEND_TOUCH;
}

int vm_touch(struct vm *of, ipa_t ipa)
{
	FUZZ_CHECK(of == vm && vm_region(vm, ipa));
	return fuzz_num(&in, 1) & 1 ? -ENOMEM : 0;
}

void thread_request(struct thread *t, uint32_t bits)
{
	(void)t;
	(void)bits;
}

/* ---- devices ---- */

static void set_line(void *ctx, uint32_t intid, bool level)
{
	(void)ctx;
	FUZZ_CHECK(lines[intid % 64] != level);      /* only changes are told */
	lines[intid % 64] = level;
}

static struct irq_line line(uint32_t spi)
{
	return (struct irq_line){ set_line, NULL, 32 + spi };
}

static unsigned int take(void *ctx, const uint8_t *buf, unsigned int n)
{
	unsigned int room = fuzz_below(&in, 20);

	(void)ctx;
	for (unsigned int i = 0; i < n; i++)
		insn += buf[i];
	return n < room ? n : room;
}

static unsigned int give(void *ctx, uint8_t *buf, unsigned int n)
{
	unsigned int nr = fuzz_below(&in, 20);

	(void)ctx;
	nr = n < nr ? n : nr;
	memset(buf, (int)fuzz_num(&in, 1), nr);
	return nr;
}

static const struct chardev_backend backend = { take, give, NULL };

static void bite(void *ctx)
{
	(void)ctx;
	bites++;
}

static void call(void *ctx, uint64_t *x)
{
	(void)ctx;
	for (int i = 0; i < MAILBOX_REGS; i++)
		x[i] = ~x[i];
}

static void add(struct mmio_device *dev)
{
	FUZZ_CHECK(bus_add(&vm->bus, dev) == 0);
}

static void prepare(void)
{
	static uint32_t board_rtc = 1700000000;

	fixture_reset();
	fixture_cfg.regions[0].backend = BACKEND_TOUCH;
	memset(lines, 0, sizeof(lines));
	bites = 0;
	fake_cpu_enter(0);
	fake_counter = 1000;
	wall_clock_init(va_of(&board_rtc));
	pl011_init(&vm->pl011, CONFIG_PL011_BASE, line(CONFIG_PL011_SPI));
	pl011_connect(&vm->pl011, &backend);
	pl031_init(&vm->pl031, CONFIG_PL031_BASE, line(CONFIG_PL031_SPI),
		   (struct pl031_clock){ wall_clock_now_s, NULL });
	pl061_init(&vm->pl061, CONFIG_PL061_BASE, line(CONFIG_PL061_SPI));
	sbsa_wdt_init(&vm->watchdog, CONFIG_WDT_REFRESH, CONFIG_WDT_CONTROL,
		      line(CONFIG_WDT_SPI), bite, NULL);
	mailbox_init(&vm->mailbox, CONFIG_MAILBOX_BASE, call, NULL);
	add(&vm->pl011.dev);
	add(&vm->pl031.dev);
	add(&vm->pl061.dev);
	add(&vm->watchdog.refresh);
	add(&vm->watchdog.control);
	add(&vm->mailbox.dev);
}

static void finish(void)
{
	pl011_connect(&vm->pl011, NULL);
	bus_reset(&vm->bus);
	pl031_fini(&vm->pl031);
	sbsa_wdt_fini(&vm->watchdog);
	/* Lines are low after a reset, but for an input that is still driven. */
	FUZZ_CHECK(!lines[32 + CONFIG_PL011_SPI] && !lines[32 + CONFIG_WDT_SPI]);
	/* It may come for two that are gone, when their time has come: one set, one after it. */
	for (int n = 0; n < 2 && fake_hyp_timer_on; n++) {
		fake_counter = MAX(fake_counter, fake_hyp_timer_cval);
		timer_interrupt();
	}
	FUZZ_CHECK(!fake_hyp_timer_on);
}

/* ---- what happens ---- */

static ipa_t address(void)
{
	static const uint64_t bases[] = {
		CONFIG_PL011_BASE, CONFIG_PL031_BASE, CONFIG_PL061_BASE, CONFIG_WDT_REFRESH,
		CONFIG_WDT_CONTROL, CONFIG_MAILBOX_BASE, CONFIG_RAM_BASE, 0,
	};
	uint64_t base = bases[fuzz_below(&in, ARRAY_SIZE(bases))];
	uint64_t off = fuzz_num(&in, 2);

	/* Registers are mostly at the start and at the end of a page. */
	return IPA(base + (off & 0x8000 ? off & 0x1fff : off & 0x4000 ? 0xfc0 + (off & 0x7f) :
			   off & 0x4c));
}

static void abort_once(void)
{
	struct vcpu *v = &fixture_vcpus[fuzz_below(&in, FIXTURE_VCPUS)];
	struct exit_info info = { .ec = EC_DABT_LOW, .ipa_valid = true, .ipa = address() };
	uint8_t how = (uint8_t)fuzz_num(&in, 1);
	enum exit_verdict verdict;

	info.iss = (uint32_t)fuzz_num(&in, 4) & 0x1ffffff;
	if (how & 1)
		info.iss = (info.iss | (uint32_t)ISS_DABT_ISV) & ~(uint32_t)ISS_ABT_S1PTW;
	if ((how & 6) == 0)
		info.ec = EC_IABT_LOW;
	info.is32 = (how & 0xf8) == 0;
	info.ipa_valid = how != 0xff;
	info.pc = fuzz_num(&in, 4) & ~UINT64_C(3);
	info.next = info.pc + 4;
	insn = (uint32_t)fuzz_num(&in, 4);
	v->regs->x[fuzz_below(&in, 31)] = fuzz_edge(&in);
	info.far = info.ipa.v;
	/* Often an instruction that makes just this access. */
	if (how & 8) {
		insn = 0x38000400 | (insn & 0xc0dff41f) | 1u << 5;
		v->regs->x[1] = info.far;
	}
	fixture_sctlr = fuzz_num(&in, 4);
	verdict = info.ec == EC_IABT_LOW ? exit_iabt_lower(v, &info) : exit_dabt_lower(v, &info);
	FUZZ_CHECK(verdict == EXIT_DONE || verdict == EXIT_RETRY || verdict == EXIT_ABORT ||
		   verdict == EXIT_STOP_VM);
}

static void from_outside(uint32_t what)
{
	if (what == 0)
		pl011_rx_ready(&vm->pl011);
	else if (what == 1)
		pl011_tx_ready(&vm->pl011);
	else if (what == 2)
		pl061_drive(&vm->pl061, fuzz_below(&in, 8), fuzz_num(&in, 1) & 1);
	else if (what == 3)
		fake_counter += fuzz_num(&in, 5);
	else if (what == 4)
		exit_setway(&fixture_vcpus[0], &(struct exit_info){
			.ec = EC_SYS64, .iss = (uint32_t)fuzz_num(&in, 4) & 0x1ffffff });
	else
		bus_reset(&vm->bus);
	for (int n = 0; n < 3 && fake_hyp_timer_on && fake_hyp_timer_cval <= fake_counter; n++)
		timer_interrupt();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in = (struct fuzz_in){ data, size };
	prepare();
	for (int n = 0; n < 64 && fuzz_more(&in); n++) {
		uint32_t what = fuzz_below(&in, 16);

		if (what < 6)
			from_outside(what);
		else
			abort_once();
	}
	finish();
	return 0;
}
