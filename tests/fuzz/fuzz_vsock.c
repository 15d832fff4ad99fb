/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two hostile VMs on a hub with a third, to which neither may connect, and with Corbel. The
 * third hears nothing; connections are bounded, and none is left.
 */
#include "devices/virtio_vsock.h"
#include "tests/fuzz/virtio_guest.h"
#include "tests/host/vsock_wire.h"

#define GUESTS 3                      /* the last one is the bystander */
#define CID(n) (10u + (n))

static struct {
	struct virtio_vsock v;
	struct virtq queues[VSOCK_QUEUES];
	struct virtq_seg segs[VSOCK_QUEUES * VIRTQ_MAX_SIZE];
	struct fuzz_guest guest;
} g[GUESTS];
static struct vsock_hub hub;
static struct fuzz_in in;
static unsigned int nr_conns;
static bool no_memory;

static void *conn_alloc(size_t size)
{
	void *p = no_memory ? NULL : calloc(1, size);

	nr_conns += p != NULL;
	/* Those closed on one side only are bounded likewise. */
	FUZZ_CHECK(nr_conns <= GUESTS * (VSOCK_MAX_OPEN + VSOCK_MAX_LONE + 1));
	return p;
}

static void conn_free(void *p)
{
	nr_conns--;
	free(p);
}

static void call(void *ctx, uint64_t *x)
{
	FUZZ_CHECK(ctx == &g[0].v);
	for (int i = 0; i < 8; i++)
		x[i] = ~x[i];
}

static uint32_t request(struct fuzz_guest *guest, uint16_t queue, uint8_t *out, uint32_t *room)
{
	uint32_t me = guest == &g[1].guest, how = fuzz_below(&in, 256), n = fuzz_below(&in, 192);
	struct vsock_wire h = {
		.src_cid = CID(me), .dst_cid = how & 3 ? CID(!me) : VSOCK_CID_HOST,
		.src_port = fuzz_below(&in, 4), .dst_port = fuzz_below(&in, 4), .len = n,
		.type = 1, .op = (uint16_t)(fuzz_below(&in, 12) % 9), .buf_alloc = 0x1000,
	};

	if (queue != 1) {
		*room = how & 4 ? 0x1000 : n;
		return 0;
	}
	if (h.dst_cid == VSOCK_CID_HOST)
		h.dst_port = VSOCK_PORT_CALLS;
	if ((how & 0x1c) == 4)
		h.dst_cid = fuzz_below(&in, 2) ? CID(2) : fuzz_edge(&in);
	if ((how & 0x1c) == 8)
		h.src_cid = fuzz_below(&in, 2) ? CID(!me) : fuzz_edge(&in);
	if ((how & 0x1c) == 12)
		h.len = (uint32_t)fuzz_edge(&in);
	if ((how & 0x1c) == 20)
		h.len = fuzz_below(&in, 0x4000);
	if ((how & 0x1c) == 16)
		h.buf_alloc = (uint32_t)fuzz_edge(&in);
	if (how & 0x20)
		h.fwd_cnt = (uint32_t)fuzz_edge(&in);
	if ((how & 0xc0) == 0x40)
		h.type = (uint16_t)fuzz_num(&in, 2);
	h.flags = how >> 6;
	memset(out, 0x5a, 256);
	memcpy(out, &h, sizeof(h));
	return (uint32_t)sizeof(h) + n;
}

static void guest_start(uint32_t n)
{
	const struct virtio_setup s = {
		.model = &virtio_vsock_model, .vm = "test", .name = "vsock0",
		.ram = &g[n].guest.ram.ram, .worker = &g[n].guest.worker, .slot = 5,
		.nr_queues = VSOCK_QUEUES, .queues = g[n].queues, .segs = g[n].segs,
		.features = VIRTIO_VSOCK_F_STREAM,
	};

	memset(&g[n].v, 0, sizeof(g[n].v));
	memset(g[n].queues, 0, sizeof(g[n].queues));
	virtio_init(&g[n].v.dev, &s);
	g[n].v.hub = &hub;
	g[n].v.cid = CID(n);
	g[n].v.vm = n;
	FUZZ_CHECK(virtio_vsock_attach(&g[n].v) == 0);
	g[n].guest.dev = &g[n].v.dev;
	g[n].guest.request = request;
	g[n].guest.features = UINT64_MAX;
	fuzz_guest_start(&g[n].guest);
}

static void start(void)
{
	uint32_t kind = fuzz_below(&in, 8);

	no_memory = kind == 7;
	nr_conns = 0;
	vsock_hub_init(&hub, conn_alloc, conn_free);
	for (uint32_t n = 0; n < GUESTS; n++) {
		fuzz_guest_prepare(&g[n].guest, &in);
		guest_start(n);
	}
	g[0].v.peers = BIT(1);
	g[1].v.peers = kind & 1 ? BIT(0) : 0;
	g[2].v.peers = BIT(0) | BIT(1);
	g[0].v.call = call;
	g[0].v.call_ctx = &g[0].v;
}

/* No more is on its way than there is room for. */
static void check_rings(void)
{
	for (uint32_t i = 0; i < GUESTS; i++)
		list_for_each_safe(n, next, &g[i].v.conns) {
			struct vsock_conn *c = list_entry(n, struct vsock_end, node)->conn;
			const struct vsock_end *e = c->end;

			FUZZ_CHECK(e[0].level <= VSOCK_BUF && e[1].level <= VSOCK_BUF);
			if (e[1].cid == VSOCK_CID_HOST)
				FUZZ_CHECK(e[1].level <= VSOCK_CALLS_BUF);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_guest *const all[] = { &g[0].guest, &g[1].guest, &g[2].guest };

	in = (struct fuzz_in){ data, size };
	start();
	for (int n = 0; n < 100 && fuzz_more(&in); n++) {
		uint32_t op = fuzz_below(&in, 8);

		fuzz_guest_step(all[op & 1]);
		if (op & 6)
			fuzz_guests_run(all, GUESTS);
		check_rings();
	}
	FUZZ_CHECK(list_empty(&g[2].v.conns) && !g[2].v.nr_strays);
	for (uint32_t n = 0; n < GUESTS; n++) {
		fuzz_guest_stop(all[n]);
		virtio_vsock_detach(&g[n].v);
	}
	FUZZ_CHECK(nr_conns == 0 && list_empty(&hub.devs) && list_empty(&hub.dead));
	return 0;
}
