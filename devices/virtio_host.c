/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/virtio_host.h"

#include <errno.h>
#include <stdatomic.h>

#include <arch/cpu.h>
#include "core/lib/bits.h"
#include "core/lib/space.h"

/* "MMIO Device Register Layout" */
#define MAGIC_VALUE        0x000
#define MAGIC              0x74726976u
#define VERSION            0x004
#define DEVICE_ID          0x008
#define DEVICE_FEATURES    0x010
#define DEVICE_FEATURES_SEL 0x014
#define DRIVER_FEATURES    0x020
#define DRIVER_FEATURES_SEL 0x024
#define QUEUE_SEL          0x030
#define QUEUE_NUM_MAX      0x034
#define QUEUE_NUM          0x038
#define QUEUE_READY        0x044
#define QUEUE_NOTIFY       0x050
#define INTERRUPT_STATUS   0x060
#define INTERRUPT_ACK      0x064
#define STATUS             0x070
#define QUEUE_DESC         0x080      /* low word, the high one after it */
#define QUEUE_DRIVER       0x090
#define QUEUE_DEVICE       0x0a0
#define CONFIG_GENERATION  0x0fc
#define CONFIG             0x100

/* "Device Status Field" */
#define STATUS_ACKNOWLEDGE BIT(0)
#define STATUS_DRIVER      BIT(1)
#define STATUS_DRIVER_OK   BIT(2)
#define STATUS_FEATURES_OK BIT(3)
#define STATUS_NEEDS_RESET BIT(6)

#define USED_NO_NOTIFY     1u
#define POLL_MAX           1000000    /* reads of a register before a device is given up */
#define GENERATION_TRIES   16

struct virtio_host_avail {
	uint16_t flags;
	_Atomic uint16_t idx;
	uint16_t ring[];
};

struct virtio_host_used {
	_Atomic uint16_t flags;
	_Atomic uint16_t idx;
	struct {
		_Atomic uint32_t id;
		_Atomic uint32_t len;
	} ring[];
};

static uint32_t reg_read(const struct virtio_host *v, uint32_t off)
{
	return MMIO_READ(uint32_t, va_mmio(v->regs) + off);
}

static void reg_write(const struct virtio_host *v, uint32_t off, uint64_t value)
{
	MMIO_WRITE(uint32_t, va_mmio(v->regs) + off, value);
}

static void status_add(const struct virtio_host *v, uint64_t bits)
{
	reg_write(v, STATUS, reg_read(v, STATUS) | bits);
}

int virtio_host_probe(struct virtio_host *v, va_t regs)
{
	*v = (struct virtio_host){ .regs = regs };
	if (reg_read(v, MAGIC_VALUE) != MAGIC)
		return -ENODEV;
	v->device_id = reg_read(v, DEVICE_ID);
	if (!v->device_id)
		return -ENODEV;
	return reg_read(v, VERSION) == 2 ? 0 : -ENOTSUP;
}

bool virtio_host_reset(struct virtio_host *v)
{
	reg_write(v, STATUS, 0);
	for (int i = 0; i < POLL_MAX; i++)
		if (reg_read(v, STATUS) == 0)
			return true;
	return false;
}

static uint64_t device_features(const struct virtio_host *v)
{
	uint64_t high;

	reg_write(v, DEVICE_FEATURES_SEL, 1);
	high = reg_read(v, DEVICE_FEATURES);
	reg_write(v, DEVICE_FEATURES_SEL, 0);
	return high << 32 | reg_read(v, DEVICE_FEATURES);
}

int virtio_host_begin(struct virtio_host *v, uint64_t wanted)
{
	if (!virtio_host_reset(v))
		return -EIO;
	status_add(v, STATUS_ACKNOWLEDGE);
	status_add(v, STATUS_DRIVER);
	v->features = device_features(v) & (wanted | BIT(VIRTIO_HOST_F_VERSION_1));
	if (!virtio_host_has(v, VIRTIO_HOST_F_VERSION_1))
		return -EIO;
	reg_write(v, DRIVER_FEATURES_SEL, 1);
	reg_write(v, DRIVER_FEATURES, v->features >> 32);
	reg_write(v, DRIVER_FEATURES_SEL, 0);
	reg_write(v, DRIVER_FEATURES, v->features);
	status_add(v, STATUS_FEATURES_OK);
	return reg_read(v, STATUS) & STATUS_FEATURES_OK ? 0 : -EIO;
}

/* Descriptors, then the available ring, then the used one, which is 4-byte aligned. */
static size_t avail_at(uint16_t size)
{
	return size * sizeof(struct virtio_host_desc);
}

static size_t used_at(uint16_t size)
{
	return align_up(avail_at(size) + 6 + 2u * size, 4);
}

size_t virtio_host_ring_size(uint16_t size)
{
	return align_up(used_at(size) + 6 + 8u * size, 16);
}

static void queue_address(const struct virtio_host *v, uint32_t reg, pa_t pa)
{
	reg_write(v, reg, pa.v);
	reg_write(v, reg + 4, pa.v >> 32);
}

int virtio_host_ring(struct virtio_host *v, struct virtio_host_ring *r, uint16_t queue,
		     uint16_t size, const struct dma_area *mem)
{
	char *va = mem->va;

	reg_write(v, QUEUE_SEL, queue);
	if (reg_read(v, QUEUE_READY) || reg_read(v, QUEUE_NUM_MAX) < size)
		return -EIO;
	*r = (struct virtio_host_ring){
		.dev = v, .queue = queue, .size = size,
		.desc = (void *)va,
		.avail = (void *)(va + avail_at(size)),
		.used = (const void *)(va + used_at(size)),
	};
	reg_write(v, QUEUE_NUM, size);
	queue_address(v, QUEUE_DESC, mem->pa);
	queue_address(v, QUEUE_DRIVER, pa_add(mem->pa, avail_at(size)));
	queue_address(v, QUEUE_DEVICE, pa_add(mem->pa, used_at(size)));
	reg_write(v, QUEUE_READY, 1);
	return 0;
}

void virtio_host_go(struct virtio_host *v)
{
	arch_dsb_sy();
	status_add(v, STATUS_DRIVER_OK);
}

uint32_t virtio_host_irq(struct virtio_host *v)
{
	uint32_t what = reg_read(v, INTERRUPT_STATUS);

	if (what)
		reg_write(v, INTERRUPT_ACK, what);
	return what;
}

bool virtio_host_failed(const struct virtio_host *v)
{
	return reg_read(v, STATUS) & STATUS_NEEDS_RESET;
}

static uint64_t config_read(const struct virtio_host *v, uint32_t off, unsigned int size)
{
	const char __mmio *at = va_mmio(v->regs) + CONFIG + off;

	switch (size) {
	case 1: return MMIO_READ(uint8_t, at);
	case 2: return MMIO_READ(uint16_t, at);
	case 4: return MMIO_READ(uint32_t, at);
	default: return reg_read(v, CONFIG + off) | (uint64_t)reg_read(v, CONFIG + off + 4) << 32;
	}
}

uint64_t virtio_host_config(const struct virtio_host *v, uint32_t off, unsigned int size)
{
	uint64_t value = 0;

	for (int i = 0; i < GENERATION_TRIES; i++) {
		uint32_t generation = reg_read(v, CONFIG_GENERATION);

		value = config_read(v, off, size);
		if (reg_read(v, CONFIG_GENERATION) == generation)
			break;
	}
	return value;
}

void virtio_host_push(struct virtio_host_ring *r, uint16_t head)
{
	r->avail->ring[r->avail_idx++ & (r->size - 1)] = head;
	/* Chain and ring entry before the index, as any master sees them. */
	arch_dsb_sy();
	atomic_store_explicit(&r->avail->idx, r->avail_idx, memory_order_relaxed);
}

void virtio_host_kick(struct virtio_host_ring *r)
{
	/* The index before the flags are read and before the device is told. */
	arch_dsb_sy();
	if (!(atomic_load_explicit(&r->used->flags, memory_order_relaxed) & USED_NO_NOTIFY))
		reg_write(r->dev, QUEUE_NOTIFY, r->queue);
}

int virtio_host_pop(struct virtio_host_ring *r, uint16_t *head, uint32_t *len)
{
	uint16_t idx = atomic_load_explicit(&r->used->idx, memory_order_relaxed);
	uint32_t id;

	if (idx == r->used_idx)
		return 0;
	if ((uint16_t)(idx - r->used_idx) > r->size)
		return -EIO;
	/* The index before the entry and what the chain holds. */
	arch_dsb_sy();
	id = atomic_load_explicit(&r->used->ring[r->used_idx & (r->size - 1)].id,
				  memory_order_relaxed);
	*len = atomic_load_explicit(&r->used->ring[r->used_idx & (r->size - 1)].len,
				    memory_order_relaxed);
	r->used_idx++;
	if (id >= r->size)
		return -EIO;
	*head = (uint16_t)id;
	return 1;
}
