/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/guest_fdt.h"

#include <stdio.h>
#include "core/lib/bits.h"
#include "devices/pl061.h"
#include "vm/guest_fdt_impl.h"

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

static void make_root(struct fdt_writer *w)
{
	fw_string(w, "compatible", "linux,dummy-virt");
	fw_string(w, "model", "Corbel virtual machine");
	fw_u32(w, "#address-cells", 2);
	fw_u32(w, "#size-cells", 2);
	fw_u32(w, "interrupt-parent", PHANDLE_GIC);
}

bool guest_fdt_region_is_ram(const struct config_region *r)
{
	return r->access & CONFIG_ACCESS_W;
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
	fw_u32(w, "phandle", w->phandles + PHANDLE_CLOCK);
	fw_u32(w, "#clock-cells", 0);
	fw_u32(w, "clock-frequency", CLOCK_HZ);
	fw_string(w, "clock-output-names", "clk24mhz");
	fw_end(w);
}

/* Open the node of a PrimeCell device, with what all of them have in common; and its clock. */
static void primecell(struct fdt_writer *w, const char *name, const struct config_device *dev)
{
	const uint32_t irq[] = { GIC_SPI, dev->spi, GIC_LEVEL };

	fw_node_at(w, name, dev->base);
	fw_reg(w, dev->base, 2, CONFIG_DEVICE_SIZE, 2);
	fw_cells(w, "interrupts", irq, ARRAY_SIZE(irq));
}

static void clocked(struct fdt_writer *w)
{
	fw_u32(w, "clocks", w->phandles + PHANDLE_CLOCK);
	fw_string(w, "clock-names", "apb_pclk");
}

void guest_fdt_console(struct fdt_writer *w, const struct vm_config *cfg, const char *prop)
{
	char path[32];

	if (!cfg->pl011.present)
		return;
	snprintf(path, sizeof(path), "/pl011@%llx", (unsigned long long)cfg->pl011.base);
	fw_string(w, prop, path);
}

static void make_pl011(struct fdt_writer *w, const struct vm_config *cfg)
{
	const uint32_t clocks[] = { PHANDLE_CLOCK, PHANDLE_CLOCK };

	if (!cfg->pl011.present)
		return;
	primecell(w, "pl011", &cfg->pl011);
	fw_strings(w, "compatible", "arm,pl011\0arm,primecell");
	fw_cells(w, "clocks", clocks, ARRAY_SIZE(clocks));
	fw_strings(w, "clock-names", "uartclk\0apb_pclk");
	fw_end(w);
	fw_node(w, "aliases");
	guest_fdt_console(w, cfg, "serial0");
	fw_end(w);
}

static void make_pl031(struct fdt_writer *w, const struct config_device *dev)
{
	if (!dev->present)
		return;
	primecell(w, "pl031", dev);
	clocked(w);
	fw_strings(w, "compatible", "arm,pl031\0arm,primecell");
	fw_end(w);
}

/* The power key as QEMU's virt tells it: Linux's gpio-keys, or who reads the line. */
void guest_fdt_power_key(struct fdt_writer *w, const struct vm_config *cfg)
{
	const uint32_t gpio[] = { w->phandles + PHANDLE_GPIO, PL061_POWER_KEY, 0 };

	make_clock(w);
	if (!cfg->pl061.present)
		return;
	primecell(w, "pl061", &cfg->pl061);
	clocked(w);
	fw_strings(w, "compatible", "arm,pl061\0arm,primecell");
	fw_empty(w, "gpio-controller");
	fw_u32(w, "#gpio-cells", 2);
	fw_u32(w, "phandle", gpio[0]);
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

void guest_fdt_watchdog(struct fdt_writer *w, const struct vm_config *cfg)
{
	const struct config_watchdog *dev = &cfg->watchdog;
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

void guest_fdt_virtio(struct fdt_writer *w, const struct vm_config *cfg)
{
	for (uint32_t slot = 0; config_nr_virtio(cfg) && slot < CONFIG_VIRTIO_SLOTS; slot++) {
		const uint32_t irq[] = { GIC_SPI, CONFIG_VIRTIO_SPI + slot, GIC_LEVEL };
		uint64_t size = CONFIG_VIRTIO_SIZE / CONFIG_VIRTIO_SLOTS;
		uint64_t base = CONFIG_VIRTIO_BASE + slot * size;
		uint32_t i = 0;

		while (i < cfg->nr_virtio && cfg->virtio[i].slot != slot)
			i++;
		if (i == cfg->nr_virtio)
			continue;
		fw_node_at(w, "virtio_mmio", base);
		fw_string(w, "compatible", "virtio,mmio");
		fw_reg(w, base, 2, size, 2);
		fw_cells(w, "interrupts", irq, ARRAY_SIZE(irq));
		fw_empty(w, "dma-coherent");
		fw_end(w);
	}
}

/* No driver takes it: who uses it maps the page. */
static void make_mailbox(struct fdt_writer *w, const struct config_device *dev)
{
	const uint32_t reg[] = { HI(dev->base), LO(dev->base), 0, CONFIG_DEVICE_SIZE };

	if (!dev->present)
		return;
	fw_node_at(w, "mailbox", dev->base);
	fw_string(w, "compatible", "corbel,mailbox");
	fw_cells(w, "reg", reg, ARRAY_SIZE(reg));
	fw_end(w);
}

/* No driver takes it: the window, the doorbells, and their interrupts. */
static void make_ivc(struct fdt_writer *w, const struct vm_config *cfg)
{
	const struct config_ivc *c = &cfg->ivc;
	const uint32_t reg[] = {
		HI(c->ipa), LO(c->ipa), HI(c->window), LO(c->window), HI(c->doorbell),
		LO(c->doorbell), 0, CONFIG_IVC_SLOTS * CONFIG_DEVICE_SIZE,
	};
	uint32_t irq[3 * CONFIG_IVC_SLOTS];

	for (uint32_t i = 0; i < CONFIG_IVC_SLOTS; i++) {
		irq[3 * i] = GIC_SPI;
		irq[3 * i + 1] = c->spi + i;
		irq[3 * i + 2] = GIC_LEVEL;
	}
	fw_node_at(w, "ivc", c->ipa);
	fw_string(w, "compatible", "corbel,ivc");
	fw_cells(w, "reg", reg, ARRAY_SIZE(reg));
	fw_cells(w, "interrupts", irq, ARRAY_SIZE(irq));
	fw_end(w);
}

/* "linux,uio-name": as the kernel's uio_pdrv_genirq calls what it binds. */
void guest_fdt_channels(struct fdt_writer *w, const struct vm_config *cfg)
{
	if (config_has_ivc(cfg))
		make_ivc(w, cfg);
	for (uint32_t i = 0; i < config_nr_channels(cfg); i++) {
		const struct channel_member *m = config_member(cfg, i);
		uint64_t size = cfg->channels[i].channel->size;
		const uint32_t irq[] = { GIC_SPI, m->spi, GIC_LEVEL };
		const uint32_t reg[] = {
			HI(m->ipa), LO(m->ipa), HI(size), LO(size),
			HI(m->doorbell), LO(m->doorbell), 0, CONFIG_DEVICE_SIZE,
		};

		fw_node_at(w, "channel", m->ipa);
		fw_string(w, "compatible", "corbel,channel");
		fw_cells(w, "reg", reg, ARRAY_SIZE(reg));
		fw_cells(w, "interrupts", irq, ARRAY_SIZE(irq));
		fw_string(w, "linux,uio-name", cfg->channels[i].channel->name);
		fw_string(w, "corbel,access", m->rights == CHANNEL_RW ? "rw" : "ro");
		fw_u32(w, "corbel,member", cfg->channels[i].member);
		fw_end(w);
	}
}

int guest_fdt_make(const struct guest_fdt_desc *d, void *buf, size_t size)
{
	struct fdt_writer w;

	fw_open(&w, NULL, buf, size);
	fw_node(&w, "");
	make_root(&w);
	make_timer(&w);
	make_gic(&w, d);
	make_pl011(&w, d->cfg);
	make_pl031(&w, &d->cfg->pl031);
	guest_fdt_power_key(&w, d->cfg);
	guest_fdt_watchdog(&w, d->cfg);
	make_mailbox(&w, &d->cfg->mailbox);
	guest_fdt_channels(&w, d->cfg);
	guest_fdt_devices(&w, d->cfg);
	guest_fdt_virtio(&w, d->cfg);
	guest_fdt_common(&w, d);
	fw_end(&w);
	return fw_close(&w);
}
