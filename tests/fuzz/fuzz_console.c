/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A console and a back end that has room when it likes: what it takes is bounded by what the
 * guest handed over, and nothing is asked of it before the guest has opened the port.
 */
#include "devices/virtio_console.h"
#include "tests/fuzz/virtio_guest.h"

static struct virtio_console con;
static struct virtq queues[VIRTIO_CONSOLE_QUEUES];
static struct virtq_seg segs[VIRTIO_CONSOLE_QUEUES * VIRTQ_MAX_SIZE];
static struct fuzz_guest guest;
static struct fuzz_in in;
static unsigned int room, typed;
static bool connected;

static unsigned int back_write(void *ctx, const uint8_t *buf, unsigned int n)
{
	static volatile uint8_t sink;

	FUZZ_CHECK(ctx == &con && connected && n > 0);
	/* All of it can be read. */
	for (unsigned int i = 0; i < n; i++)
		sink = buf[i];
	(void)sink;
	n = MIN(n, room);
	room -= n;
	return n;
}

static unsigned int back_read(void *ctx, uint8_t *buf, unsigned int n)
{
	FUZZ_CHECK(ctx == &con && connected && n > 0);
	FUZZ_CHECK(con.chardev.ops->is_open(&con.chardev));
	n = MIN(n, typed);
	typed -= n;
	memset(buf, 'x', n);
	return n;
}

static const struct chardev_backend backend = { back_write, back_read, &con };

static uint32_t request(struct fuzz_guest *g, uint16_t queue, uint8_t *out, uint32_t *space)
{
	uint32_t id = fuzz_below(&in, 8) ? 0 : (uint32_t)fuzz_edge(&in);
	uint32_t n = fuzz_below(&in, 256);

	(void)g;
	if (queue % 2 == 0) {
		*space = n;
		return 0;
	}
	memset(out, 0, 256);
	if (queue == 1)
		return n;
	memcpy(out, &id, 4);
	out[4] = (uint8_t)(n & 7);
	out[6] = (uint8_t)fuzz_below(&in, 3);
	return n & 8 ? n & 7 : 8;
}

static void back_end(void)
{
	const struct chardev_ops *ops = con.chardev.ops;

	switch (fuzz_below(&in, 4)) {
	case 0:
		connected = fuzz_below(&in, 2);
		ops->connect(&con.chardev, connected ? &backend : NULL);
		break;
	case 1:
		room += fuzz_below(&in, 400);
		ops->tx_ready(&con.chardev);
		break;
	case 2:
		typed += fuzz_below(&in, 400);
		ops->rx_ready(&con.chardev);
		break;
	default:
		FUZZ_CHECK(!ops->tx_busy(&con.chardev));
	}
}

static void start(void)
{
	const struct virtio_setup s = {
		.model = &virtio_console_model, .vm = "test", .name = "console0",
		.ram = &guest.ram.ram, .worker = &guest.worker, .slot = 5,
		.nr_queues = VIRTIO_CONSOLE_QUEUES, .queues = queues, .segs = segs,
		.features = VIRTIO_CONSOLE_FEATURES,
	};

	memset(&con, 0, sizeof(con));
	memset(queues, 0, sizeof(queues));
	room = typed = fuzz_below(&in, 256);
	connected = true;
	virtio_init(&con.dev, &s);
	virtio_console_init(&con);
	con.chardev.ops->connect(&con.chardev, &backend);
	guest.dev = &con.dev;
	guest.request = request;
	guest.features = fuzz_below(&in, 2) ? UINT64_MAX : 0;
	fuzz_guest_start(&guest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_guest *const all[] = { &guest };

	in = (struct fuzz_in){ data, size };
	fuzz_guest_prepare(&guest, &in);
	start();
	for (int n = 0; n < 64 && fuzz_more(&in); n++) {
		if (fuzz_below(&in, 8) == 0)
			back_end();
		else
			fuzz_guest_step(&guest);
		if (fuzz_below(&in, 4))
			fuzz_guests_run(all, 1);
	}
	fuzz_guest_stop(&guest);
	FUZZ_CHECK(!con.chardev.ops->is_open(&con.chardev));
	return 0;
}
