/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/virtio_console.h"

#include <string.h>

#define PIECE     128                /* bytes moved at once                         */
#define PER_SERVE 4096               /* before others have their turn               */

enum { RX, TX, CONTROL_RX, CONTROL_TX };

/* Configuration space, 5.3.4. */
struct console_config {
	uint16_t cols, rows;
	uint32_t max_nr_ports;
	uint32_t emerg_wr;
};

/* Control messages, 5.3.6.2. */
struct console_control {
	uint32_t id;
	uint16_t event, value;
};
enum {
	DEVICE_READY, PORT_ADD, PORT_REMOVE, PORT_READY, CONSOLE_PORT, RESIZE, PORT_OPEN, PORT_NAME,
};

static struct virtio_console *of(struct virtio_device *dev)
{
	return (struct virtio_console *)dev;
}

static struct virtio_console *of_chardev(struct chardev *c)
{
	return container_of(c, struct virtio_console, chardev);
}

/* ---- bytes ---- */

static unsigned int take(struct virtio_console *c, const uint8_t *buf, unsigned int n)
{
	uint64_t flags = spin_lock_irqsave(&c->dev.lock);

	if (c->backend)
		n = c->backend->write(c->backend->ctx, buf, n);
	spin_unlock_irqrestore(&c->dev.lock, flags);
	return n;
}

static unsigned int give(struct virtio_console *c, uint8_t *buf, unsigned int n)
{
	uint64_t flags = spin_lock_irqsave(&c->dev.lock);

	n = c->backend ? c->backend->read(c->backend->ctx, buf, n) : 0;
	spin_unlock_irqrestore(&c->dev.lock, flags);
	return n;
}

/* Some of a chain. False: the back end has no room now, and will say when. */
static bool send_piece(struct virtio_console *c, struct virtq_chain *ch)
{
	uint8_t buf[PIECE];
	unsigned int n = (unsigned int)MIN(ch->out_len - c->tx_at, (uint64_t)PIECE), taken;

	if (chain_read(ch, c->tx_at, buf, n)) {
		c->tx_at = ch->out_len;
		return true;
	}
	taken = n ? take(c, buf, n) : 0;
	c->tx_at += taken;
	return taken == n;
}

/* A chain that finds no room stays popped: the guest waits as on a slow line. */
static enum virtio_serve transmit(struct virtio_console *c, struct virtq *q)
{
	for (unsigned int i = 0; i < PER_SERVE / PIECE; i++) {
		if (!q->chain.q) {
			if (virtq_pop(q, &q->chain) <= 0)
				return VIRTIO_IDLE;
			c->tx_at = 0;
		}
		if (!send_piece(c, &q->chain))
			return VIRTIO_WAIT;
		if (c->tx_at >= q->chain.out_len)
			virtq_push(q, &q->chain, 0);
	}
	return VIRTIO_MORE;
}

/* A buffer is there before input is taken, so that none is lost. */
static enum virtio_serve receive(struct virtio_console *c, struct virtq *q)
{
	uint8_t buf[PIECE];

	for (unsigned int i = 0; i < PER_SERVE / PIECE; i++) {
		unsigned int n;

		if (!q->chain.q && virtq_pop(q, &q->chain) <= 0)
			return VIRTIO_IDLE;
		n = (unsigned int)MIN(q->chain.in_len, (uint64_t)PIECE);
		if (!n) {
			virtq_push(q, &q->chain, 0);
			continue;
		}
		n = atomic_load(&c->open) ? give(c, buf, n) : 0;
		if (!n)
			return VIRTIO_WAIT;
		virtq_push(q, &q->chain, chain_write(&q->chain, 0, buf, n) ? 0 : n);
	}
	return VIRTIO_MORE;
}

/* ---- control ---- */

static void open_set(struct virtio_console *c, bool open)
{
	atomic_store(&c->open, open);
	virtq_kick(&c->dev.queues[RX]);
}

static void say(struct virtio_console *c, uint32_t events)
{
	atomic_fetch_or(&c->to_say, events);
	virtq_kick(&c->dev.queues[CONTROL_RX]);
}

static void heard(struct virtio_console *c, const struct console_control *m)
{
	if (m->event == DEVICE_READY && m->value == 1)
		say(c, BIT(PORT_ADD));
	else if (m->event == PORT_READY && m->id == 0 && m->value == 1)
		say(c, BIT(CONSOLE_PORT) | BIT(PORT_OPEN));
	else if (m->event == PORT_OPEN && m->id == 0)
		open_set(c, m->value == 1);
}

static enum virtio_serve listen(struct virtio_console *c, struct virtq *q)
{
	for (unsigned int i = 0; i < VIRTIO_BATCH; i++) {
		struct console_control m;

		if (virtq_pop(q, &q->chain) <= 0)
			return VIRTIO_IDLE;
		if (chain_read(&q->chain, 0, &m, sizeof(m)) == 0)
			heard(c, &m);
		virtq_push(q, &q->chain, 0);
	}
	return VIRTIO_MORE;
}

/* In the order of their numbers: the port is added before it is a console and open. */
static enum virtio_serve speak(struct virtio_console *c, struct virtq *q)
{
	uint32_t left;

	while ((left = atomic_load(&c->to_say)) != 0) {
		uint16_t event = (uint16_t)__builtin_ctz(left);
		const struct console_control m = { .id = 0, .event = event, .value = 1 };

		if (virtq_pop(q, &q->chain) <= 0)
			return VIRTIO_IDLE;
		atomic_fetch_and(&c->to_say, ~(uint32_t)BIT(event));
		virtq_push(q, &q->chain, chain_write(&q->chain, 0, &m, sizeof(m)) ? 0 : sizeof(m));
	}
	return VIRTIO_WAIT;
}

static enum virtio_serve serve(struct virtio_device *dev, struct virtq *q)
{
	struct virtio_console *c = of(dev);

	if (q->idx == TX)
		return transmit(c, q);
	if (q->idx == RX)
		return receive(c, q);
	if (!virtio_has(dev, VIRTIO_CONSOLE_F_MULTIPORT))
		return VIRTIO_WAIT;
	return q->idx == CONTROL_TX ? listen(c, q) : speak(c, q);
}

/* ---- the rest ---- */

static void config(struct virtio_device *dev, void *out)
{
	const struct console_config c = {
		.cols = VIRTIO_CONSOLE_COLS, .rows = VIRTIO_CONSOLE_ROWS, .max_nr_ports = 1,
	};

	(void)dev;
	memcpy(out, &c, sizeof(c));
}

/* One character, from a guest that cannot do more; what finds no room is lost. */
static void config_write(struct virtio_device *dev, uint32_t off, const void *data, uint32_t size)
{
	struct virtio_console *c = of(dev);

	if (off == offsetof(struct console_config, emerg_wr) && size && c->backend)
		c->backend->write(c->backend->ctx, data, 1);
}

/* Without control messages there is nobody to say that the port is open. */
static void ready(struct virtio_device *dev)
{
	if (!virtio_has(dev, VIRTIO_CONSOLE_F_MULTIPORT))
		open_set(of(dev), true);
}

static void reset(struct virtio_device *dev)
{
	atomic_store(&of(dev)->open, false);
	atomic_store(&of(dev)->to_say, 0);
}

const struct virtio_model virtio_console_model = {
	.name = "console", .id = VIRTIO_ID_CONSOLE, .config_size = sizeof(struct console_config),
	.config = config, .config_write = config_write, .ready = ready, .serve = serve,
	.reset = reset,
};

static void dev_connect(struct chardev *dev, const struct chardev_backend *backend)
{
	struct virtio_console *c = of_chardev(dev);
	uint64_t flags = spin_lock_irqsave(&c->dev.lock);

	c->backend = backend;
	spin_unlock_irqrestore(&c->dev.lock, flags);
	virtq_kick(&c->dev.queues[TX]);
	virtq_kick(&c->dev.queues[RX]);
}

static void dev_tx_ready(struct chardev *dev)
{
	virtq_kick(&of_chardev(dev)->dev.queues[TX]);
}

static void dev_rx_ready(struct chardev *dev)
{
	virtq_kick(&of_chardev(dev)->dev.queues[RX]);
}

/* What is in the guest's ring is the guest's: it stopped with that unsaid. */
static bool dev_tx_busy(const struct chardev *dev)
{
	(void)dev;
	return false;
}

static bool dev_is_open(const struct chardev *dev)
{
	return atomic_load(&container_of(dev, const struct virtio_console, chardev)->open);
}

static const struct chardev_ops chardev_ops = {
	dev_connect, dev_tx_ready, dev_rx_ready, dev_tx_busy, dev_is_open,
};

void virtio_console_init(struct virtio_console *c)
{
	c->chardev.ops = &chardev_ops;
	c->backend = NULL;
	c->tx_at = 0;
	atomic_store(&c->open, false);
	atomic_store(&c->to_say, 0);
}
