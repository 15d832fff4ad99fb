/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/guest_fdt.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include "core/lib/bits.h"
#include "devices/pl061.h"
#include "vm/fdt_writer.h"

#define PHANDLE_GIC   1
#define PHANDLE_CLOCK 2
#define PHANDLE_GPIO  3
#define CLOCK_HZ      24000000

/* Devicetree bindings, "arm,gic-v3": cells of an interrupt. */
#define GIC_SPI       0
#define GIC_PPI       1
#define GIC_LEVEL     4

/* Linux input-event-codes.h */
#define KEY_POWER     116

/* PPIs of the architected timers, as on QEMU's virt board. */
#define PPI_SECURE_TIMER 13
#define PPI_PHYS_TIMER   14
#define PPI_VIRT_TIMER   11
#define PPI_HYP_TIMER    10

#define HI(v) ((uint32_t)((uint64_t)(v) >> 32))
#define LO(v) ((uint32_t)(v))

static void reg64(struct fdt_writer *w, uint64_t base, uint64_t size)
{
	const uint32_t cells[] = { HI(base), LO(base), HI(size), LO(size) };

	fw_cells(w, "reg", cells, ARRAY_SIZE(cells));
}

static void make_root(struct fdt_writer *w)
{
	fw_string(w, "compatible", "linux,dummy-virt");
	fw_string(w, "model", "Corbel virtual machine");
	fw_u32(w, "#address-cells", 2);
	fw_u32(w, "#size-cells", 2);
	fw_u32(w, "interrupt-parent", PHANDLE_GIC);
}

static void make_chosen(struct fdt_writer *w, const struct guest_fdt_desc *d)
{
	const struct vm_config *cfg = d->cfg;
	char path[32];

	fw_node(w, "chosen");
	if (cfg->pl011.present) {
		snprintf(path, sizeof(path), "/pl011@%llx", (unsigned long long)cfg->pl011.base);
		fw_string(w, "stdout-path", path);
	}
	if (cfg->cmdline[0] != '\0')
		fw_string(w, "bootargs", cfg->cmdline);
	if (d->initrd_size) {
		fw_u64(w, "linux,initrd-start", d->initrd.v);
		fw_u64(w, "linux,initrd-end", d->initrd.v + d->initrd_size);
	}
	if (d->seeded) {
		fw_u64(w, "kaslr-seed", d->kaslr_seed);
		fw_bytes(w, "rng-seed", d->rng_seed, sizeof(d->rng_seed));
	}
	fw_end(w);
	if (!cfg->pl011.present)
		return;
	fw_node(w, "aliases");
	fw_string(w, "serial0", path);
	fw_end(w);
}

bool guest_fdt_region_is_ram(const struct config_region *r)
{
	return r->access & CONFIG_ACCESS_W;
}

static void make_memory(struct fdt_writer *w, const struct vm_config *cfg)
{
	for (uint32_t i = 0; i < cfg->nr_regions; i++) {
		const struct config_region *r = &cfg->regions[i];

		if (!guest_fdt_region_is_ram(r))
			continue;
		fw_node_at(w, "memory", r->ipa.v);
		fw_string(w, "device_type", "memory");
		reg64(w, r->ipa.v, r->size);
		fw_end(w);
	}
}

static void make_cpus(struct fdt_writer *w, const struct guest_fdt_desc *d)
{
	fw_node(w, "cpus");
	fw_u32(w, "#address-cells", 2);
	fw_u32(w, "#size-cells", 0);
	for (uint32_t i = 0; i < d->cfg->nr_vcpus; i++) {
		uint64_t mpidr = d->mpidr(i);

		fw_node_at(w, "cpu", mpidr);
		fw_string(w, "device_type", "cpu");
		fw_string(w, "compatible", "arm,armv8");
		fw_u64(w, "reg", mpidr);
		fw_string(w, "enable-method", "psci");
		fw_end(w);
	}
	fw_end(w);
}

static void make_psci(struct fdt_writer *w)
{
	fw_node(w, "psci");
	fw_strings(w, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
	fw_string(w, "method", "hvc");
	fw_u32(w, "cpu_suspend", 0xc4000001);
	fw_u32(w, "cpu_off", 0x84000002);
	fw_u32(w, "cpu_on", 0xc4000003);
	fw_end(w);
}

static void make_timer(struct fdt_writer *w)
{
	static const uint32_t irqs[] = {
		GIC_PPI, PPI_SECURE_TIMER, GIC_LEVEL, GIC_PPI, PPI_PHYS_TIMER, GIC_LEVEL,
		GIC_PPI, PPI_VIRT_TIMER, GIC_LEVEL, GIC_PPI, PPI_HYP_TIMER, GIC_LEVEL,
	};

	fw_node(w, "timer");
	fw_string(w, "compatible", "arm,armv8-timer");
	fw_cells(w, "interrupts", irqs, ARRAY_SIZE(irqs));
	fw_empty(w, "always-on");
	fw_end(w);
}

static void make_gic(struct fdt_writer *w, const struct guest_fdt_desc *d)
{
	const struct vm_config *cfg = d->cfg;
	uint64_t gicr_size = cfg->nr_vcpus * d->gicr_stride;
	const uint32_t reg[] = {
		HI(cfg->gicd_base), LO(cfg->gicd_base), 0, LO(CONFIG_GICD_SIZE),
		HI(cfg->gicr_base), LO(cfg->gicr_base), HI(gicr_size), LO(gicr_size),
	};

	fw_node_at(w, "intc", cfg->gicd_base);
	fw_string(w, "compatible", "arm,gic-v3");
	fw_u32(w, "phandle", PHANDLE_GIC);
	fw_empty(w, "interrupt-controller");
	fw_u32(w, "#interrupt-cells", 3);
	fw_u32(w, "#address-cells", 2);
	fw_u32(w, "#size-cells", 2);
	fw_empty(w, "ranges");
	fw_u32(w, "#redistributor-regions", 1);
	fw_cells(w, "reg", reg, ARRAY_SIZE(reg));
	fw_end(w);
}

static void make_clock(struct fdt_writer *w)
{
	fw_node(w, "apb-pclk");
	fw_string(w, "compatible", "fixed-clock");
	fw_u32(w, "phandle", PHANDLE_CLOCK);
	fw_u32(w, "#clock-cells", 0);
	fw_u32(w, "clock-frequency", CLOCK_HZ);
	fw_string(w, "clock-output-names", "clk24mhz");
	fw_end(w);
}

/* What all PrimeCell devices have in common. */
static void primecell(struct fdt_writer *w, const struct config_device *dev)
{
	const uint32_t irq[] = { GIC_SPI, dev->spi, GIC_LEVEL };

	reg64(w, dev->base, CONFIG_DEVICE_SIZE);
	fw_cells(w, "interrupts", irq, ARRAY_SIZE(irq));
}

static void make_pl011(struct fdt_writer *w, const struct config_device *dev)
{
	const uint32_t clocks[] = { PHANDLE_CLOCK, PHANDLE_CLOCK };

	if (!dev->present)
		return;
	fw_node_at(w, "pl011", dev->base);
	fw_strings(w, "compatible", "arm,pl011\0arm,primecell");
	primecell(w, dev);
	fw_cells(w, "clocks", clocks, ARRAY_SIZE(clocks));
	fw_strings(w, "clock-names", "uartclk\0apb_pclk");
	fw_end(w);
}

static void make_pl031(struct fdt_writer *w, const struct config_device *dev)
{
	if (!dev->present)
		return;
	fw_node_at(w, "pl031", dev->base);
	fw_strings(w, "compatible", "arm,pl031\0arm,primecell");
	primecell(w, dev);
	fw_u32(w, "clocks", PHANDLE_CLOCK);
	fw_string(w, "clock-names", "apb_pclk");
	fw_end(w);
}

/* The power key as QEMU's virt tells it: Linux's gpio-keys, or who reads the line. */
static void make_power_key(struct fdt_writer *w, const struct config_device *dev)
{
	const uint32_t gpio[] = { PHANDLE_GPIO, PL061_POWER_KEY, 0 };

	if (!dev->present)
		return;
	fw_node_at(w, "pl061", dev->base);
	fw_strings(w, "compatible", "arm,pl061\0arm,primecell");
	primecell(w, dev);
	fw_u32(w, "clocks", PHANDLE_CLOCK);
	fw_string(w, "clock-names", "apb_pclk");
	fw_empty(w, "gpio-controller");
	fw_u32(w, "#gpio-cells", 2);
	fw_u32(w, "phandle", PHANDLE_GPIO);
	fw_end(w);
	fw_node(w, "gpio-keys");
	fw_string(w, "compatible", "gpio-keys");
	fw_node(w, "poweroff");
	fw_string(w, "label", "GPIO Key Poweroff");
	fw_u32(w, "linux,code", KEY_POWER);
	fw_cells(w, "gpios", gpio, ARRAY_SIZE(gpio));
	fw_end(w);
	fw_end(w);
}

static void make_watchdog(struct fdt_writer *w, const struct config_watchdog *dev)
{
	const uint32_t irq[] = { GIC_SPI, dev->spi, GIC_LEVEL };
	const uint32_t reg[] = {
		HI(dev->control), LO(dev->control), 0, CONFIG_DEVICE_SIZE,
		HI(dev->refresh), LO(dev->refresh), 0, CONFIG_DEVICE_SIZE,
	};

	if (!dev->present)
		return;
	fw_node_at(w, "watchdog", dev->control);
	fw_string(w, "compatible", "arm,sbsa-gwdt");
	fw_cells(w, "reg", reg, ARRAY_SIZE(reg));
	fw_cells(w, "interrupts", irq, ARRAY_SIZE(irq));
	fw_end(w);
}

int guest_fdt_make(const struct guest_fdt_desc *d, void *buf, size_t size)
{
	struct fdt_writer w;
	int used;

	fw_open(&w, buf, size);
	make_root(&w);
	make_chosen(&w, d);
	make_memory(&w, d->cfg);
	make_cpus(&w, d);
	make_psci(&w);
	make_timer(&w);
	make_gic(&w, d);
	make_clock(&w);
	make_pl011(&w, &d->cfg->pl011);
	make_pl031(&w, &d->cfg->pl031);
	make_power_key(&w, &d->cfg->pl061);
	make_watchdog(&w, &d->cfg->watchdog);
	used = fw_close(&w);
	if (used < 0)
		return used == -FDT_ERR_NOSPACE ? -ENOSPC : -EINVAL;
	return used;
}
