/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two hostile guests on a switch, and a third port that watches: it gets whole frames, no
 * more than it can take, under no name but the guests' own where that is checked, and
 * nothing at all of another VLAN or past isolation.
 */
#include <errno.h>

#include "core/thread.h"
#include "devices/virtio_net.h"
#include "devices/virtio_net_impl.h"
#include "tests/fuzz/virtio_guest.h"
#include "tests/host/net_ports.h"

#define PAIRS   2
#define GUESTS  2
#define MTU     1500u
#define HZ      UINT64_C(1000000)
#define MAC(n)  (UINT64_C(0x000000005452) | (uint64_t)(n) << 40)
#define WATCHER MAC(9)
#define VLAN    5u                    /* the guests'; perhaps the watcher's   */
#define OTHERS_VLAN 8u

static struct {
	struct virtio_net net;
	struct virtq queues[VIRTIO_NET_QUEUES(PAIRS)];
	struct virtq_seg segs[VIRTIO_NET_QUEUES(PAIRS) * VIRTQ_MAX_SIZE];
	struct virtq_seg spare[VIRTIO_NET_SPARE(PAIRS)];
	struct fuzz_guest guest;
} g[GUESTS];
static struct vswitch sw;
static struct vswitch_port watcher;
static struct fuzz_in in;
static uint8_t capture[4096];
/* The same for both guests. */
static bool check_mac, quiet, vlans, mirror;

/* ---- who watches ---- */

static enum vswitch_taken deliver(struct vswitch_port *p, struct net_frame *f)
{
	static uint8_t bytes[NET_FRAME_MAX];
	uint64_t dst, src;

	FUZZ_CHECK(p == &watcher && !quiet);
	FUZZ_CHECK(f->len >= NET_ETH_LEN && f->len <= net_l3(f) + MTU && f->head_len <= f->len);
	FUZZ_CHECK(f->off.gso == NET_GSO_NONE && !f->off.needs_csum);
	/* Its buffers may have gone meanwhile. */
	if (net_frame_read(f, 0, bytes, f->len))
		return VSWITCH_FULL;
	dst = net_mac(bytes);
	src = net_mac(bytes + NET_MAC_LEN);
	FUZZ_CHECK(!(src & NET_MAC_MULTICAST));
	if (check_mac)
		FUZZ_CHECK(src == MAC(0) || src == MAC(1));
	if (!vlans && !mirror)
		FUZZ_CHECK(dst != MAC(0) && dst != MAC(1));
	return VSWITCH_TAKEN;
}

static const struct vswitch_port_ops watcher_ops = { .deliver = deliver };

/* ---- the driver's requests ---- */

static uint64_t some_mac(uint32_t own)
{
	static const uint64_t macs[] = {
		MAC(0), MAC(1), WATCHER, NET_MAC_BROADCAST, MAC(5), NET_MAC_MULTICAST | 0x5e00,
	};
	uint32_t what = fuzz_below(&in, ARRAY_SIZE(macs) + 3);

	if (what < ARRAY_SIZE(macs))
		return macs[what];
	return what == ARRAY_SIZE(macs) ? fuzz_num(&in, 6) : MAC(own);
}

static uint32_t frame(uint32_t own, uint8_t *out)
{
	static const uint16_t types[] = {
		ETH_P_VLAN, ETH_P_IPV4, ETH_P_ARP, ETH_P_RARP, ETH_P_VLAN, 0x1234,
	};
	static const uint16_t tags[] = {
		OTHERS_VLAN, 0, VLAN, 6, 7, 9, OTHERS_VLAN, 0x6000 | VLAN,
	};
	uint32_t what = fuzz_below(&in, 8), n;
	uint64_t dst = some_mac(own), src = some_mac(own);

	if (what < ARRAY_SIZE(types)) {
		n = test_eth(out, dst, src, types[what], 50);
		if (types[what] == ETH_P_VLAN)
			net_put_be16(out + 14, tags[fuzz_below(&in, ARRAY_SIZE(tags))]);
		return n;
	}
	return test_tcp(out, dst, src, what == 6, 40);
}

/* struct virtio_net_hdr as a driver with offloads fills it in, nearly. */
static void header(uint8_t *out, bool v6)
{
	uint32_t what = fuzz_below(&in, 8);
	uint16_t size = what & 2 ? (uint16_t)fuzz_edge(&in) : 512;

	memset(out, 0, NET_HDR_LEN);
	if (what == 0)
		return;
	out[0] = 1;
	out[1] = (uint8_t)(what & 1 ? (v6 ? 4 : 1) | (what & 4 ? 0x80 : 0) : 0);
	memcpy(out + 4, &size, 2);
	out[6] = (uint8_t)(NET_ETH_LEN + (v6 ? 40 : 20));
	out[8] = 16;
}

static uint32_t transmit(uint32_t own, uint8_t *out)
{
	uint32_t n = NET_HDR_LEN + frame(own, out + NET_HDR_LEN);

	header(out, net_be16(out + NET_HDR_LEN + 12) == ETH_P_IPV6);
	for (uint32_t left = fuzz_below(&in, 4); left > 1; left--)
		out[fuzz_below(&in, n)] = (uint8_t)fuzz_num(&in, 1);
	return n;
}

/* By class: RX, MAC, VLAN, ANNOUNCE, MQ, OFFLOADS. */
static uint32_t control(uint32_t own, uint8_t *out)
{
	static const uint8_t lens[] = { 1, 6, 2, 0, 2, 8, 9 };
	uint32_t class = fuzz_below(&in, ARRAY_SIZE(lens)), n = lens[class];
	uint64_t v = class == 1 ? some_mac(own) : class == 5 ? fuzz_num(&in, 8) :
		     fuzz_below(&in, 4);

	out[0] = (uint8_t)class;
	out[1] = (uint8_t)(class == 0 ? fuzz_below(&in, 7) : class == 1 ? fuzz_below(&in, 3) :
			   fuzz_below(&in, 8) == 1);
	memcpy(out + 2, &v, 8);
	/* MAC_TABLE_SET: two lists. */
	if (class == 1 && out[1] == 0) {
		uint32_t nr[2] = { fuzz_below(&in, 4), fuzz_below(&in, 8) ? 1 : 40 };

		n = 2 * sizeof(nr[0]);
		for (uint32_t i = 0, at = 2; i < 2; i++, n += NET_MAC_LEN * MIN(nr[i - 1], 14u)) {
			memcpy(out + at, &nr[i], 4);
			for (uint32_t k = 0; k < MIN(nr[i], 14u); k++, at += NET_MAC_LEN) {
				uint64_t mac = some_mac(own);

				memcpy(out + at + 4, &mac, NET_MAC_LEN);
			}
			at += 4;
		}
	}
	return 2 + (fuzz_below(&in, 8) ? n : fuzz_below(&in, 64));
}

static uint32_t request(struct fuzz_guest *guest, uint16_t queue, uint8_t *out, uint32_t *room)
{
	uint32_t how = fuzz_below(&in, 256);

	if (queue % 2)
		return transmit(guest == &g[1].guest, out);
	if (queue == 2 || queue == 4) {
		*room = how & 7 ? 1 : 0;
		if (how & 8)
			return control(guest == &g[1].guest, out);
	}
	*room = how & 16 ? 16 + fuzz_below(&in, 2000) : how & 32 ? 0x7000 : how;
	return 0;
}

/* ---- ---- */

static void port_config(struct vswitch_port_config *c, uint32_t n, uint32_t kind)
{
	*c = (struct vswitch_port_config){
		.vm = n, .mac = MAC(n), .mtu = kind & 1 ? MTU : 0, .isolated = kind & 2,
		.check_mac = kind & 4, .check_arp = kind & 8, .check_ipv4 = kind & 8,
		.ipv4 = 0x0a000001, .vlan = kind & 16 ? VLAN : 0,
		.rate_bytes = kind & 32 ? 100000 : 0, .burst_bytes = 300,
		.rate_packets = kind & 64 ? 1000 : 0,
	};
	if (kind & 128 && !(kind & 2)) {
		c->nr_trunk = 2;
		c->trunk[0] = 6;
		c->trunk[1] = 7;
	}
}

static void guest_start(uint32_t n, uint32_t kind)
{
	struct virtio_net_config c = {
		.name = n ? "b" : "a", .pairs = PAIRS, .queue_size = kind & 256 ? 16 : 0,
		.spare = g[n].spare,
	};
	struct virtio_setup s = {
		.vm = c.name, .name = "net0", .ram = &g[n].guest.ram.ram,
		.worker = &g[n].guest.worker, .slot = 5, .queues = g[n].queues, .segs = g[n].segs,
	};

	port_config(&c.port, n, kind);
	memset(&g[n].net, 0, sizeof(g[n].net));
	memset(g[n].queues, 0, sizeof(g[n].queues));
	FUZZ_CHECK(virtio_net_init(&g[n].net, &c, &sw, &s) == 0);
	virtio_init(&g[n].net.dev, &s);
	g[n].guest.dev = &g[n].net.dev;
	g[n].guest.request = request;
	g[n].guest.features = UINT64_MAX;
	fuzz_guest_start(&g[n].guest);
}

static void start(void)
{
	uint32_t kind = fuzz_below(&in, 65536);

	check_mac = kind & 4;
	vlans = kind & 16;
	/* Seldom: a mirror sees all, and nothing is forbidden to it. */
	mirror = (kind & 0x600) == 0x600;
	vswitch_init(&sw, "lan", vlans, HZ);
	net_capture_init(&sw.capture, capture, sizeof(capture), HZ);
	net_capture_switch(&sw.capture, kind & 1024);
	memset(&watcher, 0, sizeof(watcher));
	watcher.ops = &watcher_ops;
	watcher.cfg = (struct vswitch_port_config){
		.vm = GUESTS, .mac = WATCHER, .mtu = MTU, .mirror = mirror, .isolated = kind & 2,
		.vlan = !vlans ? 0 : kind & 0x1800 ? OTHERS_VLAN : VLAN,
	};
	quiet = !mirror && (watcher.cfg.vlan == OTHERS_VLAN || watcher.cfg.isolated);
	FUZZ_CHECK(vswitch_attach(&sw, &watcher) == 0);
	for (uint32_t n = 0; n < GUESTS; n++) {
		fuzz_guest_prepare(&g[n].guest, &in);
		guest_start(n, kind);
	}
}

static void other_things(void)
{
	uint8_t record[NET_CAPTURE_RECORD + NET_CAPTURE_SNAP];
	struct vswitch_look look;
	uint64_t pos = 0;
	uint32_t n;

	switch (fuzz_below(&in, 4)) {
	case 0:
		fuzz_time_passes(&in);
		break;
	case 1:
		n = fuzz_below(&in, 8);
		vswitch_set_link(&sw, n >> 1, n & 1);
		break;
	case 2:
		while ((n = net_capture_next(&sw.capture, &pos, record)) != 0)
			FUZZ_CHECK(n >= NET_CAPTURE_RECORD && n <= sizeof(record));
		break;
	default:
		FUZZ_CHECK(vswitch_look(&sw, fuzz_below(&in, GUESTS + 1), &look));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_guest *const all[] = { &g[0].guest, &g[1].guest };

	in = (struct fuzz_in){ data, size };
	fuzz_time_reset();
	start();
	for (int n = 0; n < 64 && fuzz_more(&in); n++) {
		uint32_t op = fuzz_below(&in, 16);

		if (op == 0)
			other_things();
		else
			fuzz_guest_step(all[op & 1]);
		if (fuzz_below(&in, 4))
			fuzz_guests_run(all, GUESTS);
	}
	for (uint32_t n = 0; n < GUESTS; n++)
		fuzz_guest_stop(all[n]);
	for (uint32_t n = 0; n < GUESTS; n++)
		virtio_net_fini(&g[n].net);
	FUZZ_CHECK(sw.ports == BIT(watcher.idx));
	vswitch_detach(&watcher);
	fuzz_time_reset();
	return 0;
}
