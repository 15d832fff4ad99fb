/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/virtio_mmio.h"

#include <errno.h>
#include <string.h>

#include "core/lib/bits.h"

#define MAGIC        0x74726976      /* "virt" */
#define VERSION      2
#define VENDOR       0x6c627243      /* "Crbl" */
#define QUEUE_NOTIFY 0x050
#define CONFIG       0x100

/* InterruptStatus and InterruptACK. */
#define INT_USED   BIT(0)
#define INT_CONFIG BIT(1)

static struct virtio_device *dev_of(void *ctx)
{
	return ((struct virtio_mmio_slot *)ctx)->dev;
}

/* ---- interrupt ---- */

static void interrupt_set(struct virtio_mmio_slot *s, uint32_t value)
{
	bool was = atomic_load(&s->interrupt) != 0;

	atomic_store(&s->interrupt, value);
	if (was != (value != 0))
		irq_line_set(&s->line, value != 0);
}

static void raise(struct virtio_device *dev, uint32_t cause)
{
	struct virtio_mmio_slot *s = dev->transport_ctx;
	uint64_t flags = spin_lock_irqsave(&dev->lock);

	interrupt_set(s, atomic_load(&s->interrupt) | cause);
	spin_unlock_irqrestore(&dev->lock, flags);
}

static void used(struct virtio_device *dev, uint16_t queue)
{
	(void)queue;
	raise(dev, INT_USED);
}

static void config_changed(struct virtio_device *dev)
{
	raise(dev, INT_CONFIG);
}

static const struct virtio_transport mmio_transport = { used, config_changed };

/* ---- registers; written ones under dev->lock, but for those that may sleep ---- */

static uint64_t magic_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)ctx;
	(void)acc;
	(void)off;
	return MAGIC;
}

static uint64_t version_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)ctx;
	(void)acc;
	(void)off;
	return VERSION;
}

static uint64_t id_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return dev_of(ctx)->model->id;
}

static uint64_t vendor_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)ctx;
	(void)acc;
	(void)off;
	return VENDOR;
}

static uint64_t features_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	const struct virtio_mmio_slot *s = ctx;

	(void)acc;
	(void)off;
	return s->features_sel < 2 ? virtio_offered(s->dev) >> (32 * s->features_sel) : 0;
}

static void features_sel_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)off;
	((struct virtio_mmio_slot *)ctx)->features_sel = (uint32_t)acc->value;
}

static void driver_features_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct virtio_mmio_slot *s = ctx;
	uint64_t mask = s->driver_features_sel ? BITS(63, 32) : BITS(31, 0);

	(void)off;
	if (s->driver_features_sel < 2)
		s->dev->driver_features = bits_set(mask, s->dev->driver_features, acc->value);
}

static void driver_features_sel_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)off;
	((struct virtio_mmio_slot *)ctx)->driver_features_sel = (uint32_t)acc->value;
}

/* The queue that is selected, or NULL. */
static struct virtq *queue(void *ctx)
{
	struct virtio_mmio_slot *s = ctx;
	uint32_t sel = s->queue_sel;

	return sel < s->dev->nr_queues ? &s->dev->queues[sel] : NULL;
}

static void queue_sel_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)off;
	((struct virtio_mmio_slot *)ctx)->queue_sel = (uint32_t)acc->value;
}

static uint64_t queue_max_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	const struct virtq *q = queue(ctx);

	(void)acc;
	(void)off;
	return q ? q->max_size : 0;
}

/* What does not fit 16 bits is no size of a queue: none. */
static void queue_num_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct virtq *q = queue(ctx);

	(void)off;
	if (q)
		q->setup.size = acc->value > UINT16_MAX ? 0 : (uint16_t)acc->value;
}

static void half_write(uint64_t *addr, const struct mmio_access *acc, uint32_t off)
{
	*addr = bits_set(off ? BITS(63, 32) : BITS(31, 0), *addr, acc->value);
}

static void queue_desc_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct virtq *q = queue(ctx);

	if (q)
		half_write(&q->setup.desc, acc, off);
}

static void queue_driver_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct virtq *q = queue(ctx);

	if (q)
		half_write(&q->setup.driver, acc, off);
}

static void queue_device_write(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct virtq *q = queue(ctx);

	if (q)
		half_write(&q->setup.device, acc, off);
}

static uint64_t queue_ready_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct virtq *q = queue(ctx);

	(void)acc;
	(void)off;
	return q && atomic_load(&q->live);
}

static uint64_t interrupt_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return atomic_load(&((struct virtio_mmio_slot *)ctx)->interrupt);
}

static void interrupt_ack(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	struct virtio_mmio_slot *s = ctx;

	(void)off;
	interrupt_set(s, atomic_load(&s->interrupt) & ~(uint32_t)acc->value);
}

static uint64_t status_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return atomic_load(&dev_of(ctx)->status);
}

/* No shared memory: length and base are all ones. */
static uint64_t ones_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)ctx;
	(void)acc;
	(void)off;
	return UINT32_MAX;
}

static uint64_t generation_read(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)acc;
	(void)off;
	return atomic_load(&dev_of(ctx)->generation);
}

/* VirtIO 1.2, 4.2.2. Written without the lock: Status, QueueReady, QueueReset, QueueNotify. */
static const struct reg_desc mmio_regs[] = {
	/*   off    len sizes name               read              write               */
	REG(0x000,  4, 4, "MagicValue",          magic_read,       reg_wi),
	REG(0x004,  4, 4, "Version",             version_read,     reg_wi),
	REG(0x008,  4, 4, "DeviceID",            id_read,          reg_wi),
	REG(0x00c,  4, 4, "VendorID",            vendor_read,      reg_wi),
	REG(0x010,  4, 4, "DeviceFeatures",      features_read,    reg_wi),
	REG(0x014,  4, 4, "DeviceFeaturesSel",   reg_raz,          features_sel_write),
	REG(0x020,  4, 4, "DriverFeatures",      reg_raz,          driver_features_write),
	REG(0x024,  4, 4, "DriverFeaturesSel",   reg_raz,          driver_features_sel_write),
	REG(0x030,  4, 4, "QueueSel",            reg_raz,          queue_sel_write),
	REG(0x034,  4, 4, "QueueSizeMax",        queue_max_read,   reg_wi),
	REG(0x038,  4, 4, "QueueSize",           reg_raz,          queue_num_write),
	REG(0x044,  4, 4, "QueueReady",          queue_ready_read, reg_wi),
	REG(0x060,  4, 4, "InterruptStatus",     interrupt_read,   reg_wi),
	REG(0x064,  4, 4, "InterruptACK",        reg_raz,          interrupt_ack),
	REG(0x070,  4, 4, "Status",              status_read,      reg_wi),
	REG(0x080,  8, 4, "QueueDesc",           reg_raz,          queue_desc_write),
	REG(0x090,  8, 4, "QueueDriver",         reg_raz,          queue_driver_write),
	REG(0x0a0,  8, 4, "QueueDevice",         reg_raz,          queue_device_write),
	REG(0x0ac,  4, 4, "SHMSel",              reg_raz,          reg_wi),
	REG(0x0b0, 16, 4, "SHMLen, SHMBase",     ones_read,        reg_wi),
	REG(0x0c0,  4, 4, "QueueReset",          reg_raz,          reg_wi),
	REG(0x0fc,  4, 4, "ConfigGeneration",    generation_read,  reg_wi),
};
#define ROW_INTERRUPT 12

/* ---- what may sleep: on the guest's device in action ---- */

static void status_write(struct virtio_mmio_slot *s, uint32_t value)
{
	uint64_t flags;

	virtio_set_status(s->dev, value);
	if (value)
		return;
	flags = spin_lock_irqsave(&s->dev->lock);
	interrupt_set(s, 0);
	s->features_sel = s->driver_features_sel = s->queue_sel = 0;
	spin_unlock_irqrestore(&s->dev->lock, flags);
}

/* An error is seen as a queue that is not ready. */
static void queue_ready_write(struct virtio_mmio_slot *s, uint32_t value)
{
	const struct virtq *q = queue(s);

	if (q && value == 1)
		virtio_queue_enable(s->dev, q->idx);
	else if (q && value == 0)
		virtio_queue_disable(s->dev, q->idx);
}

/* Done when the driver reads it for the first time. */
static void queue_reset_write(struct virtio_mmio_slot *s, uint32_t value)
{
	const struct virtq *q = queue(s);

	if (q && value == 1 && virtio_has(s->dev, VIRTIO_F_RING_RESET))
		virtio_queue_disable(s->dev, q->idx);
}

static void (*sleeper(uint64_t off))(struct virtio_mmio_slot *, uint32_t)
{
	switch (off) {
	case 0x044: return queue_ready_write;
	case 0x070: return status_write;
	case 0x0c0: return queue_reset_write;
	default:    return NULL;
	}
}

/* ---- accesses ---- */

static int config_access(struct virtio_device *dev, struct mmio_access *acc)
{
	uint32_t off = (uint32_t)acc->offset - CONFIG;

	if (acc->is_write) {
		virtio_config_write(dev, off, &acc->value, acc->size);
		return 0;
	}
	acc->value = 0;
	virtio_config_read(dev, off, &acc->value, acc->size);
	return 0;
}

static int slot_access(struct virtio_mmio_slot *s, struct mmio_access *acc)
{
	void (*may_sleep)(struct virtio_mmio_slot *, uint32_t);
	uint64_t flags;
	int err;

	if (acc->offset >= CONFIG)
		return config_access(s->dev, acc);
	if (acc->size != 4)
		return -EFAULT;
	may_sleep = acc->is_write ? sleeper(acc->offset) : NULL;
	if (may_sleep && !acc->may_sleep)
		return -EAGAIN;
	if (may_sleep) {
		may_sleep(s, (uint32_t)acc->value);
		return 0;
	}
	flags = spin_lock_irqsave(&s->dev->lock);
	err = reg_table_access(mmio_regs, ARRAY_SIZE(mmio_regs), ROW_INTERRUPT, s, acc);
	spin_unlock_irqrestore(&s->dev->lock, flags);
	acc->value &= UINT32_MAX;
	return err;
}

/* What tells a driver that nothing is there. */
static int empty_access(struct mmio_access *acc)
{
	if (!acc->is_write)
		acc->value = acc->offset == 0 ? MAGIC : acc->offset == 4 ? VERSION : 0;
	return acc->size == 4 || acc->offset >= CONFIG ? 0 : -EFAULT;
}

static int mmio_access(struct mmio_device *dev, struct mmio_access *acc)
{
	struct virtio_mmio *m = (struct virtio_mmio *)dev;
	struct virtio_mmio_slot *s = &m->slot[acc->offset / VIRTIO_MMIO_SLOT_SIZE];

	acc->offset %= VIRTIO_MMIO_SLOT_SIZE;
	if (!s->dev)
		return empty_access(acc);
	if (acc->offset == QUEUE_NOTIFY && acc->is_write && acc->size == 4) {
		virtio_kicked(s->dev, (uint32_t)acc->value);
		return 0;
	}
	return slot_access(s, acc);
}

/* On a thread that may sleep; no vCPU and no I/O thread of the VM runs. */
static void mmio_reset(struct mmio_device *dev)
{
	struct virtio_mmio *m = (struct virtio_mmio *)dev;

	for (uint32_t i = 0; i < VIRTIO_MAX_DEVICES; i++)
		if (m->slot[i].dev)
			status_write(&m->slot[i], 0);
}

void virtio_mmio_init(struct virtio_mmio *m, uint64_t base)
{
	memset(m, 0, sizeof(*m));
	m->dev = (struct mmio_device){
		.name = "virtio", .base = base, .size = VIRTIO_MMIO_SIZE,
		.access = mmio_access, .reset = mmio_reset,
	};
}

void virtio_mmio_attach(struct virtio_mmio *m, struct virtio_device *dev, struct irq_line line)
{
	struct virtio_mmio_slot *s = &m->slot[dev->slot];

	s->dev = dev;
	s->line = line;
	dev->transport = &mmio_transport;
	dev->transport_ctx = s;
}
