/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/virtio.h"

#include <stddef.h>
#include <string.h>

#include "core/log.h"

/* What the core does for every device, whatever its kind. */
#define CORE_FEATURES (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | \
		       VIRTIO_F_RING_PACKED | VIRTIO_F_RING_RESET)

static uint16_t queue_size(const struct virtio_model *model, uint16_t queue)
{
	uint16_t size = model->queue_size ? model->queue_size(queue) : 0;

	return size ? size : VIRTQ_MAX_SIZE;
}

uint32_t virtio_nr_segs(const struct virtio_model *model, uint16_t nr_queues)
{
	uint32_t nr = 0;

	for (uint16_t i = 0; i < nr_queues; i++)
		nr += queue_size(model, i);
	return nr;
}

void virtio_init(struct virtio_device *dev, const struct virtio_setup *s)
{
	struct virtq_seg *seg = s->segs;

	*dev = (struct virtio_device){
		.model = s->model, .vm = s->vm, .name = s->name, .ram = s->ram,
		.worker = s->worker, .queues = s->queues, .nr_queues = s->nr_queues,
		.slot = s->slot, .offered = (s->features | CORE_FEATURES) & ~s->without,
	};
	for (uint16_t i = 0; i < dev->nr_queues; i++) {
		uint16_t size = queue_size(s->model, i);

		virtq_init(&dev->queues[i], dev, i, size, seg);
		seg += size;
	}
}

uint64_t virtio_offered(const struct virtio_device *dev)
{
	return dev->offered;
}

static uint32_t status_of(const struct virtio_device *dev)
{
	return atomic_load_explicit(&dev->status, memory_order_acquire);
}

static uint64_t all_queues(const struct virtio_device *dev)
{
	return BITS(dev->nr_queues - 1, 0);
}

/* ---- configuration space ---- */

void virtio_config_changed(struct virtio_device *dev)
{
	atomic_fetch_add(&dev->generation, 1);
	if (status_of(dev) & VIRTIO_S_DRIVER_OK)
		dev->transport->config_changed(dev);
}

static bool config_holds(const struct virtio_device *dev, uint32_t off, uint32_t size)
{
	return off <= dev->model->config_size && size <= dev->model->config_size - off;
}

void virtio_config_read(struct virtio_device *dev, uint32_t off, void *to, uint32_t size)
{
	uint64_t space[VIRTIO_CONFIG_MAX / 8] = { 0 };
	uint64_t flags;

	memset(to, 0, size);
	if (!dev->model->config || !config_holds(dev, off, size))
		return;
	flags = spin_lock_irqsave(&dev->lock);
	dev->model->config(dev, space);
	spin_unlock_irqrestore(&dev->lock, flags);
	memcpy(to, (char *)space + off, size);
}

void virtio_config_write(struct virtio_device *dev, uint32_t off, const void *from, uint32_t size)
{
	uint64_t flags;

	if (!dev->model->config_write || !config_holds(dev, off, size))
		return;
	flags = spin_lock_irqsave(&dev->lock);
	dev->model->config_write(dev, off, from, size);
	spin_unlock_irqrestore(&dev->lock, flags);
}

/* ---- status: 2.1, 3.1 ---- */

void virtio_broken(struct virtio_device *dev, const char *why)
{
	if (atomic_fetch_or(&dev->status, VIRTIO_S_NEEDS_RESET) & VIRTIO_S_NEEDS_RESET)
		return;
	log_guest(dev->vm, "%s needs a reset: %s", dev->name, why);
	virtio_config_changed(dev);
}

static void queue_down(struct virtio_device *dev, struct virtq *q)
{
	uint64_t flags;

	mutex_lock(&q->lock);
	virtq_disable(q);
	if (dev->model->queue_reset)
		dev->model->queue_reset(dev, q);
	mutex_unlock(&q->lock);
	flags = spin_lock_irqsave(&dev->lock);
	q->setup = (struct virtq_setup){ .size = q->max_size };
	spin_unlock_irqrestore(&dev->lock, flags);
}

static void driver_features_set(struct virtio_device *dev, uint64_t features)
{
	uint64_t flags = spin_lock_irqsave(&dev->lock);

	dev->driver_features = features;
	spin_unlock_irqrestore(&dev->lock, flags);
}

static uint64_t driver_features_get(struct virtio_device *dev)
{
	uint64_t flags = spin_lock_irqsave(&dev->lock);
	uint64_t features = dev->driver_features;

	spin_unlock_irqrestore(&dev->lock, flags);
	return features;
}

static void reset_locked(struct virtio_device *dev)
{
	/* From here on no queue is served that is not being served already. */
	atomic_store(&dev->status, 0);
	for (uint16_t i = 0; i < dev->nr_queues; i++)
		queue_down(dev, &dev->queues[i]);
	if (dev->model->reset)
		dev->model->reset(dev);
	atomic_store(&dev->started, false);
	dev->features = 0;
	driver_features_set(dev, 0);
	/* A queue that broke while it went down is of the past. */
	atomic_store(&dev->status, 0);
}

void virtio_reset(struct virtio_device *dev)
{
	mutex_lock(&dev->control);
	reset_locked(dev);
	mutex_unlock(&dev->control);
}

static bool accept(struct virtio_device *dev)
{
	uint64_t asked = driver_features_get(dev);

	if ((asked & ~dev->offered) || !(asked & VIRTIO_F_VERSION_1))
		return false;
	dev->features = asked;
	if (!dev->model->accept || dev->model->accept(dev))
		return true;
	dev->features = 0;
	return false;
}

/* Bits are only added. Those that do not follow from what is set already stay clear. */
static void set_bits(struct virtio_device *dev, uint32_t bits)
{
	bits &= VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER | VIRTIO_S_FEATURES_OK |
		VIRTIO_S_DRIVER_OK | VIRTIO_S_FAILED;
	if ((bits & VIRTIO_S_FEATURES_OK) && !accept(dev))
		bits &= ~VIRTIO_S_FEATURES_OK;
	if (!((bits | status_of(dev)) & VIRTIO_S_FEATURES_OK))
		bits &= ~VIRTIO_S_DRIVER_OK;
	atomic_fetch_or(&dev->status, bits);
	if (bits & VIRTIO_S_DRIVER_OK)
		for (uint16_t i = 0; i < dev->nr_queues; i++)
			virtq_kick(&dev->queues[i]);
}

void virtio_set_status(struct virtio_device *dev, uint32_t status)
{
	mutex_lock(&dev->control);
	if (status == 0)
		reset_locked(dev);
	else
		set_bits(dev, status & ~status_of(dev));
	mutex_unlock(&dev->control);
}

/* ---- queues ---- */

static struct virtq_setup setup_get(struct virtio_device *dev, const struct virtq *q)
{
	uint64_t flags = spin_lock_irqsave(&dev->lock);
	struct virtq_setup s = q->setup;

	spin_unlock_irqrestore(&dev->lock, flags);
	return s;
}

int virtio_queue_enable(struct virtio_device *dev, uint16_t queue)
{
	struct virtq *q = &dev->queues[queue];
	struct virtq_setup s = setup_get(dev, q);
	int err = 0;

	mutex_lock(&dev->control);
	mutex_lock(&q->lock);
	if ((status_of(dev) & VIRTIO_S_FEATURES_OK) && !atomic_load(&q->live)) {
		q->packed = virtio_has(dev, VIRTIO_F_RING_PACKED);
		q->event_idx = virtio_has(dev, VIRTIO_F_EVENT_IDX);
		err = virtq_enable(q, &s);
	}
	mutex_unlock(&q->lock);
	mutex_unlock(&dev->control);
	if (!err)
		virtq_kick(q);
	return err;
}

void virtio_queue_disable(struct virtio_device *dev, uint16_t queue)
{
	mutex_lock(&dev->control);
	queue_down(dev, &dev->queues[queue]);
	mutex_unlock(&dev->control);
}

void virtio_kicked(struct virtio_device *dev, uint32_t queue)
{
	if (queue < dev->nr_queues)
		virtq_kick(&dev->queues[queue]);
}

/* ---- work ---- */

static void make_ready(struct virtio_device *dev)
{
	mutex_lock(&dev->control);
	if (virtio_running(dev) && !atomic_load(&dev->started)) {
		if (dev->model->ready)
			dev->model->ready(dev);
		atomic_store(&dev->started, true);
	}
	mutex_unlock(&dev->control);
}

static void serve(struct virtio_device *dev, struct virtq *q)
{
	enum virtio_serve left = VIRTIO_WAIT;

	mutex_lock(&q->lock);
	if (atomic_load(&q->live) && virtio_running(dev)) {
		virtq_disarm(q);
		left = dev->model->serve(dev, q);
		virtq_flush(q);
		if (left == VIRTIO_IDLE && virtq_arm(q))
			left = VIRTIO_MORE;
	}
	mutex_unlock(&q->lock);
	if (left == VIRTIO_MORE)
		atomic_fetch_or(&dev->work, BIT(q->idx));
}

bool virtio_work(struct virtio_device *dev)
{
	/* Taken before the status is read: DRIVER_OK is set before its bits are. */
	uint64_t work = atomic_exchange(&dev->work, 0) & all_queues(dev);

	if (!virtio_running(dev))
		return false;
	if (!atomic_load(&dev->started))
		make_ready(dev);
	for (; work; work &= work - 1)
		serve(dev, &dev->queues[__builtin_ctzll(work)]);
	return atomic_load(&dev->work) != 0;
}
