/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYSTEM_RESET and SYSTEM_RESET2, driven from outside: nothing inside survives a reset, so the
 * runner counts the boots. Each boot reports whether its data is initial, whether RAM far from
 * the image was clean, and what the devices look like; then it dirties all of it and waits for
 * a letter: r SYSTEM_RESET, 2 SYSTEM_RESET2, s reset from a secondary CPU, o power off.
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/smccc.h"
#include "lib/uart.h"

#define FAR_RAM   0x4a000000ul		/* with 256 MiB of RAM from 0x40000000 */
#define FAR_WORDS 8192u			/* one in each 4 KiB page              */

static volatile uint32_t initialized = 0x1234abcd;
static volatile uint32_t zeroed;

static unsigned int dirty_words(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < FAR_WORDS; i++)
		n += *(volatile uint64_t *)(FAR_RAM + i * 4096ul) != 0;
	return n;
}

static void dirty_everything(void)
{
	initialized = 0xdead;
	zeroed = 0xdead;
	for (unsigned int i = 0; i < FAR_WORDS; i++)
		*(volatile uint64_t *)(FAR_RAM + i * 4096ul) = 0xd1d1d1d1d1d1d1d1ul;
	gic_init();
	gic_bit_set(GICD_ISENABLER, 40);
	gic_bit_set(GICD_ISPENDR, 40);
	gic_bit_set(GICD_ISENABLER, 3);
	gic_sgi_send(gic_sgi_to(3, read_sysreg(mpidr_el1)));
	write_sysreg(cntv_cval_el0, ticks_now());
	write_sysreg(cntv_ctl_el0, 1);
	mmio_w32(UARTIMSC, INT_TX | INT_RX);
	mmio_w32(RTCIMSC, 1);
}

static void boot_is_clean(void)
{
	CHECK_EQ(initialized, 0x1234abcd, "initialized data");
	CHECK_EQ(zeroed, 0, "zeroed data");
	CHECK_EQ(boot_state.sctlr & 5, 0, "SCTLR_EL1 at entry");
	CHECK_EQ(boot_state.daif, 0x3c0, "DAIF at entry");
	CHECK_EQ(mmio_r32(GICD(GICD_CTLR)) & 3, 0, "GICD_CTLR enables");
	CHECK_EQ(mmio_r32(GICD(GICD_ISENABLER) + 4), 0, "enabled SPIs");
	CHECK_EQ(mmio_r32(GICD(GICD_ISPENDR) + 4) & 0xffffff00, 0, "pending SPIs");
	CHECK_EQ(mmio_r32(gic_redist() + GICR_SGI + GICD_ISPENDR) & 0xffff, 0, "pending SGIs");
	CHECK_EQ(read_sysreg(cntv_ctl_el0) & 1, 0, "CNTV_CTL_EL0.ENABLE");
	CHECK_EQ(mmio_r32(UARTIMSC), 0, "UARTIMSC");
	if (running_under_corbel())	/* QEMU's PL031 keeps its registers over a reset */
		CHECK_EQ(mmio_r32(RTCIMSC), 0, "RTCIMSC");
	for (unsigned int i = 1; i < smp_nr(); i++)
		CHECK_EQ(psci_call(PSCI_AFFINITY_INFO64, cpus[i].mpidr, 0, 0), PSCI_AFF_OFF,
			 "a secondary");
}

static void reset_from_here(void *arg)
{
	(void)arg;
	hvc_call(PSCI_SYSTEM_RESET, 0, 0, 0);
}

static void obey(int letter)
{
	switch (letter) {
	case 'r':
		hvc_call(PSCI_SYSTEM_RESET, 0, 0, 0);
		break;
	case '2':
		hvc_call(PSCI_SYSTEM_RESET2_64, 0, 0, 0);	/* SYSTEM_WARM_RESET */
		break;
	case 's':
		smp_start(smp_nr() - 1, reset_from_here, NULL);
		delay_ms(LONG_MS);
		break;
	case 'o':
		return;
	default:
		CHECK(false, "letter %d", letter);
		return;
	}
	CHECK(false, "the reset '%c' came back", letter);
}

static void reset_as_told(void)
{
	gprintf("RAM %s (%u of %u pages)\n", dirty_words() ? "dirty" : "clean", dirty_words(),
		FAR_WORDS);
	dirty_everything();
	mmio_w32(UARTIMSC, 0);
	gprintf("WAITING\n");
	obey(uart_getc(60000));
}

GUEST_CASES(
	CASE(boot_is_clean),
	CASE(reset_as_told));
