/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio devices without their transport: VirtIO 1.2, 2; docs/virtio.md. A model is a table
 * (struct virtio_model) and begins its state with a struct virtio_device. Its work is
 * done in serve(), on the VM's I/O thread, so at the expense of the VM.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/lib/bits.h"
#include "core/lib/guest_ram.h"
#include "core/mutex.h"
#include "core/spinlock.h"
#include "devices/virtq.h"

/* Device status, 2.1. */
#define VIRTIO_S_ACKNOWLEDGE BIT(0)
#define VIRTIO_S_DRIVER      BIT(1)
#define VIRTIO_S_DRIVER_OK   BIT(2)
#define VIRTIO_S_FEATURES_OK BIT(3)
#define VIRTIO_S_NEEDS_RESET BIT(6)
#define VIRTIO_S_FAILED      BIT(7)

/* Features of all devices, 6. The core offers those that it has by itself. */
#define VIRTIO_F_INDIRECT_DESC BIT(28)
#define VIRTIO_F_EVENT_IDX     BIT(29)
#define VIRTIO_F_VERSION_1     BIT(32)
#define VIRTIO_F_RING_PACKED   BIT(34)
#define VIRTIO_F_IN_ORDER      BIT(35)
#define VIRTIO_F_RING_RESET    BIT(40)

/* Device types, 5. */
enum virtio_id {
	VIRTIO_ID_NET = 1, VIRTIO_ID_BLOCK = 2, VIRTIO_ID_CONSOLE = 3, VIRTIO_ID_RNG = 4,
	VIRTIO_ID_BALLOON = 5, VIRTIO_ID_VSOCK = 19,
};

#define VIRTIO_MAX_QUEUES  64        /* of a device                               */
#define VIRTIO_MAX_DEVICES 32        /* of a VM: slots of QEMU's virt board       */
#define VIRTIO_CONFIG_MAX  128       /* bytes of a device's configuration space   */
#define VIRTIO_BATCH       64        /* most requests that one serve() handles    */
#define VIRTIO_BATCH_BYTES 0x40000   /* most bytes that it moves, by order        */

/* What serve() leaves behind. */
enum virtio_serve {
	VIRTIO_IDLE,     /* the queue is empty: call again when the guest kicks     */
	VIRTIO_MORE,     /* there is more to do, and others had to wait long enough */
	VIRTIO_WAIT,     /* buffers are left; virtq_kick() will say when to go on,
			    the guest's kicks are as virtq_arm() has left them      */
};

/* All functions may be NULL but serve(). */
struct virtio_model {
	const char *name;            /* "blk", for messages                        */
	uint16_t id;                 /* enum virtio_id                             */
	uint16_t config_size;        /* bytes, at most VIRTIO_CONFIG_MAX           */

	/* Descriptors a queue may have: a power of two; 0: VIRTQ_MAX_SIZE. Fixed. */
	uint16_t (*queue_size)(uint16_t queue);

	/*
	 * The whole configuration space as it is now, config_size zeroed bytes, little-endian.
	 * Under dev->lock, interrupts masked: copy fields.
	 */
	void (*config)(struct virtio_device *dev, void *out);
	/* [off, off + size) was written by the driver; under dev->lock. virtq_kick() if need be. */
	void (*config_write)(struct virtio_device *dev, uint32_t off, const void *data,
			     uint32_t size);

	/* Will it work with dev->features? false: FEATURES_OK stays clear. On a vCPU. */
	bool (*accept)(struct virtio_device *dev);
	/* DRIVER_OK was set; on the I/O thread, before the first serve(). Under dev->control. */
	void (*ready)(struct virtio_device *dev);

	/*
	 * Work for one queue: buffers are there, or virtq_kick() was called. On the I/O
	 * thread, q->lock held, the guest's kicks disarmed; flushed by the caller. At most
	 * about VIRTIO_BATCH requests and VIRTIO_BATCH_BYTES a call. Does not sleep, but for
	 * other devices' queue locks in the order of docs/locking.md.
	 */
	enum virtio_serve (*serve)(struct virtio_device *dev, struct virtq *q);

	/*
	 * A queue is taken out of use: drop the chains of it that are in flight
	 * (virtq_drop()). Under its lock, before its rings go away; its epoch has
	 * changed, by which completions that come later are known.
	 */
	void (*queue_reset)(struct virtio_device *dev, struct virtq *q);
	/* All queues are down: back to the state after power-on. No lock held. */
	void (*reset)(struct virtio_device *dev);
};

/* Who does the work of all devices of a VM. Filled in by the floor that has the thread. */
struct virtio_worker {
	_Atomic uint32_t work;       /* bit per device slot: virtio_work() it      */
	void (*wake)(struct virtio_worker *w);  /* any context                     */
};

/* How a device interrupts its guest; the transport's. Any context of rank below 35. */
struct virtio_transport {
	void (*used)(struct virtio_device *dev, uint16_t queue);
	void (*config_changed)(struct virtio_device *dev);
};

struct virtio_device {
	/* fixed from virtio_init() on */
	const struct virtio_model *model;
	const char *vm;              /* names, for messages                        */
	const char *name;
	struct guest_ram *ram;
	struct virtio_worker *worker;
	const struct virtio_transport *transport;
	void *transport_ctx;
	struct virtq *queues;
	uint16_t nr_queues;
	uint16_t slot;               /* bit in worker->work                        */
	uint64_t offered;            /* features                                   */
	/* any context */
	_Atomic uint32_t status;     /* VIRTIO_S_*                                 */
	_Atomic uint64_t work;       /* bit per queue: serve() it                  */
	_Atomic uint32_t generation; /* of the configuration space                 */
	/* status changes, on vCPUs or whoever resets; before any queue's lock     */
	struct mutex control;
	uint64_t features;           /* accepted with FEATURES_OK                  */
	_Atomic bool started;        /* ready() was called; read without           */
	/* under lock, rank 35 */
	struct spinlock lock;        /* configuration space, transport's registers */
	uint64_t driver_features;    /* as written so far                          */
};

/* What virtio_init() is told; storage is the caller's and outlives the device. */
struct virtio_setup {
	const struct virtio_model *model;
	const char *vm, *name;
	struct guest_ram *ram;
	struct virtio_worker *worker;
	uint16_t slot, nr_queues;
	struct virtq *queues;        /* nr_queues, zeroed                          */
	struct virtq_seg *segs;      /* virtio_nr_segs() of them                   */
	uint64_t features;           /* of the device's kind; the core adds its own */
	uint64_t without;            /* of both: not these                         */
};

/* How many segments setup.segs must have: one chain for each queue. */
uint32_t virtio_nr_segs(const struct virtio_model *model, uint16_t nr_queues);

/* A device as after power-on. The transport then takes it, virtio_mmio_attach(). */
void virtio_init(struct virtio_device *dev, const struct virtio_setup *s);

/* Was a feature accepted? VIRTIO_F_* or the device's own, a mask of one bit. */
static inline bool virtio_has(const struct virtio_device *dev, uint64_t feature)
{
	return dev->features & feature;
}

/* May its queues be used: DRIVER_OK, and nothing wrong? */
static inline bool virtio_running(const struct virtio_device *dev)
{
	uint32_t s = atomic_load_explicit(&dev->status, memory_order_acquire);

	return (s & (VIRTIO_S_DRIVER_OK | VIRTIO_S_NEEDS_RESET)) == VIRTIO_S_DRIVER_OK;
}

/*
 * The configuration space is another now; tells the driver. Change what config() reads
 * under dev->lock, then call this without it. Any context.
 */
void virtio_config_changed(struct virtio_device *dev);

/* NEEDS_RESET, with a line of log if it was not set. Any context, no rank above 35. */
void virtio_broken(struct virtio_device *dev, const char *why);

/**
 * virtio_work() - one pass over the queues of a device that have work
 * @dev: its bit was taken from worker->work
 *
 * On the I/O thread. Return: true if there is more to do: its bit is set again.
 */
bool virtio_work(struct virtio_device *dev);

/*
 * Reset from outside: the VM is reset or destroyed, no vCPU and no I/O thread runs. On a
 * thread that may sleep.
 */
void virtio_reset(struct virtio_device *dev);

/* ---- for transports ---- */

uint64_t virtio_offered(const struct virtio_device *dev);

/**
 * virtio_set_status() - the driver wrote the status register
 * @status: 0 resets. A vCPU may wait here for a batch of serve() to end, so it is called
 *          where a thread may sleep.
 */
void virtio_set_status(struct virtio_device *dev, uint32_t status);

/* QueueReady = 1, and 0 or a queue's reset. May sleep. An error leaves it not ready. */
int virtio_queue_enable(struct virtio_device *dev, uint16_t queue);
void virtio_queue_disable(struct virtio_device *dev, uint16_t queue);

/* The driver kicked; any number, also one that no queue has. Any context. */
void virtio_kicked(struct virtio_device *dev, uint32_t queue);

/* Bytes of the configuration space; beyond its end they read as zero. */
void virtio_config_read(struct virtio_device *dev, uint32_t off, void *to, uint32_t size);
void virtio_config_write(struct virtio_device *dev, uint32_t off, const void *from, uint32_t size);
