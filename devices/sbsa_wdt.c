/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/sbsa_wdt.h"

#include <string.h>

#include <arch/timer.h>
#include "core/lib/bits.h"

#define WCS_EN   BIT(0)
#define WCS_WS0  BIT(1)
#define WCS_WS1  BIT(2)
#define WOR_MASK BITS(47, 0)
#define W_IIDR   0x0001043bu         /* revision 1: WOR of 48 bits; JEP106 code of Arm */

static uint64_t now_of(const struct sbsa_wdt *w)
{
	return arch_counter() - w->offset;
}

/* Saturated: a counter never gets there. */
static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void arm(struct sbsa_wdt *w)
{
	uint64_t now = now_of(w);

	if (!w->enabled || w->is_ws1 || w->frozen)
		timer_cancel(&w->timer);
	else
		timer_start(&w->timer, sum(arch_counter(), w->wcv > now ? w->wcv - now : 0));
}

static void set_ws0(struct sbsa_wdt *w, bool level)
{
	if (level != w->is_ws0)
		irq_line_set(&w->ws0, level);
	w->is_ws0 = level;
}

/* DEN 0094, "Watchdog Operation": an explicit refresh. */
static void refresh(struct sbsa_wdt *w)
{
	w->wcv = sum(now_of(w), w->wor);
	w->is_ws1 = false;
	set_ws0(w, false);
	arm(w);
}

/* The compare value is reached: the first signal and another period, or the second. */
static void time_out(struct sbsa_wdt *w)
{
	if (!w->is_ws0) {
		w->wcv = sum(now_of(w), w->wor);
		set_ws0(w, true);
	} else {
		w->is_ws1 = true;
		w->bite(w->ctx);
	}
	arm(w);
}

static void fire(struct timer *t)
{
	struct sbsa_wdt *w = container_of(t, struct sbsa_wdt, timer);
	uint64_t flags = spin_lock_irqsave(&w->lock);

	/* It may have been refreshed, frozen or stopped just before. */
	if (w->enabled && !w->is_ws1 && !w->frozen) {
		if (now_of(w) >= w->wcv)
			time_out(w);
		else
			arm(w);
	}
	spin_unlock_irqrestore(&w->lock, flags);
}

static void wrr_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	refresh(ctx);
}

static uint64_t wcs_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	const struct sbsa_wdt *w = ctx;

	(void)acc;
	(void)off;
	return (w->enabled ? WCS_EN : 0) | (w->is_ws0 ? WCS_WS0 : 0) | (w->is_ws1 ? WCS_WS1 : 0);
}

static void wcs_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct sbsa_wdt *w = ctx;

	(void)off;
	w->enabled = acc->value & WCS_EN;
	refresh(w);
}

/* A register of 64 bits: off 4 is its upper half. */
static void put(uint64_t *reg, const struct mmio_access *acc, uint32_t off)
{
	if (acc->size == 8)
		*reg = acc->value;
	else if (off)
		*reg = (*reg & BITS(31, 0)) | acc->value << 32;
	else
		*reg = (*reg & ~BITS(31, 0)) | acc->value;
}

static uint64_t wor_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	return ((struct sbsa_wdt *)ctx)->wor >> 8 * off;
}

static void wor_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct sbsa_wdt *w = ctx;

	put(&w->wor, acc, off);
	w->wor &= WOR_MASK;
	refresh(w);
}

static uint64_t wcv_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	return ((struct sbsa_wdt *)ctx)->wcv >> 8 * off;
}

static void wcv_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct sbsa_wdt *w = ctx;

	put(&w->wcv, acc, off);
	arm(w);
}

static uint64_t iidr_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)ctx;
	(void)acc;
	(void)off;
	return W_IIDR;
}

/* DEN 0094, "Watchdog register summary". Rows without a register: RAZ/WI. */
static const struct reg_desc refresh_regs[] = {
	/*   off   len sizes  name     read       write      */
	REG(0x000, 4,  4,     "WRR",    reg_raz,   wrr_write),
	REG(0xfcc, 4,  4,     "W_IIDR", iidr_read, reg_wi),
};

static const struct reg_desc control_regs[] = {
	REG(0x000, 4,  4,     "WCS",    wcs_read,  wcs_write),
	REG(0x008, 8,  4|8,   "WOR",    wor_read,  wor_write),
	REG(0x010, 8,  4|8,   "WCV",    wcv_read,  wcv_write),
	REG(0xfcc, 4,  4,     "W_IIDR", iidr_read, reg_wi),
};

static int access_frame(struct sbsa_wdt *w, const struct reg_desc *regs, size_t nr,
			struct mmio_access *acc)
{
	uint64_t flags = spin_lock_irqsave(&w->lock);
	int ret = reg_table_access(regs, nr, 0, w, acc);

	spin_unlock_irqrestore(&w->lock, flags);
	if (ret == 0 && !acc->is_write)
		acc->value &= BITS(8 * acc->size - 1, 0);
	return ret;
}

static int refresh_access(struct mmio_device *dev, struct mmio_access *acc)
{
	return access_frame(container_of(dev, struct sbsa_wdt, refresh), refresh_regs,
			    ARRAY_SIZE(refresh_regs), acc);
}

static int control_access(struct mmio_device *dev, struct mmio_access *acc)
{
	return access_frame(container_of(dev, struct sbsa_wdt, control), control_regs,
			    ARRAY_SIZE(control_regs), acc);
}

static void control_reset(struct mmio_device *dev)
{
	struct sbsa_wdt *w = container_of(dev, struct sbsa_wdt, control);
	uint64_t flags = spin_lock_irqsave(&w->lock);

	w->enabled = w->is_ws1 = false;
	w->wcv = w->wor = 0;
	set_ws0(w, false);
	arm(w);
	spin_unlock_irqrestore(&w->lock, flags);
}

void sbsa_wdt_init(struct sbsa_wdt *w, uint64_t refresh_base, uint64_t control_base,
		   struct irq_line ws0, void (*bite)(void *ctx), void *ctx)
{
	memset(w, 0, sizeof(*w));
	w->refresh = (struct mmio_device){
		.name = "watchdog-refresh", .base = refresh_base, .size = SBSA_WDT_FRAME_SIZE,
		.access = refresh_access,
	};
	w->control = (struct mmio_device){
		.name = "watchdog-control", .base = control_base, .size = SBSA_WDT_FRAME_SIZE,
		.access = control_access, .reset = control_reset,
	};
	w->ws0 = ws0;
	w->bite = bite;
	w->ctx = ctx;
	timer_setup(&w->timer, fire);
}

static void set_frozen(struct sbsa_wdt *w, bool frozen, uint64_t offset)
{
	uint64_t flags = spin_lock_irqsave(&w->lock);

	w->frozen = frozen;
	w->offset = offset;
	arm(w);
	spin_unlock_irqrestore(&w->lock, flags);
}

void sbsa_wdt_freeze(struct sbsa_wdt *w)
{
	set_frozen(w, true, w->offset);
}

void sbsa_wdt_thaw(struct sbsa_wdt *w, uint64_t offset)
{
	set_frozen(w, false, offset);
}

void sbsa_wdt_fini(struct sbsa_wdt *w)
{
	control_reset(&w->control);
	timer_cancel_wait(&w->timer);
}
