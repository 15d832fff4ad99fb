/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/shell_net.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/lib/number.h"
#include "core/vmm/network.h"

/* ---- networks and ports ---- */

struct net_row {
	const char *name, *vlans, *capture;
	uint32_t nr_ports;
};

static const struct list_column net_columns[] = {
	LIST_COLUMN("name", LIST_PTR, -16, struct net_row, name),
	LIST_COLUMN("ports", LIST_U32, 5, struct net_row, nr_ports),
	LIST_COLUMN("vlans", LIST_PTR, -5, struct net_row, vlans),
	LIST_COLUMN("capture", LIST_PTR, -7, struct net_row, capture),
};

static const struct listing net_listing = { "networks", ARRAY_SIZE(net_columns), net_columns };

static const char *capture_state(const struct vswitch *sw)
{
	if (!sw->capture.ring)
		return "none";
	return atomic_load(&sw->capture.on) ? "on" : "off";
}

int shell_net_list(struct shell_call *c)
{
	struct vswitch_look look;

	list_begin(c->out, &net_listing);
	for (uint32_t i = 0; i < network_nr(); i++) {
		struct vswitch *sw = network_get(i);
		struct net_row row = { .nr_ports = 0 };

		if (!sw)
			continue;
		row.name = sw->name;
		row.vlans = sw->vlans ? "yes" : "no";
		row.capture = capture_state(sw);
		for (uint32_t p = 0; p < VSWITCH_MAX_PORTS; p++)
			row.nr_ports += vswitch_look(sw, p, &look);
		list_row(c->out, &row);
	}
	return 0;
}

struct port_row {
	struct vswitch_look l;
	char mac[18];
	const char *link;
	uint32_t vlan;
	uint64_t tx_drops, rx_drops;
};

static const struct list_column port_columns[] = {
	LIST_COLUMN("port", LIST_STR, -16, struct port_row, l.name),
	LIST_COLUMN("mac", LIST_STR, -17, struct port_row, mac),
	LIST_COLUMN("link", LIST_PTR, -4, struct port_row, link),
	LIST_COLUMN("vlan", LIST_U32, 4, struct port_row, vlan),
	LIST_COLUMN("macs", LIST_U32, 4, struct port_row, l.nr_macs),
	LIST_COLUMN("sent", LIST_U64, 9, struct port_row, l.stats.tx_frames),
	LIST_COLUMN("sent_kib", LIST_KIB, 9, struct port_row, l.stats.tx_bytes),
	LIST_COLUMN("got", LIST_U64, 9, struct port_row, l.stats.rx_frames),
	LIST_COLUMN("got_kib", LIST_KIB, 9, struct port_row, l.stats.rx_bytes),
	LIST_COLUMN("cut", LIST_U64, 6, struct port_row, l.stats.cut),
	LIST_COLUMN("not_sent", LIST_U64, 8, struct port_row, tx_drops),
	LIST_COLUMN("not_got", LIST_U64, 8, struct port_row, rx_drops),
};

static const struct listing port_listing = { "ports", ARRAY_SIZE(port_columns), port_columns };

struct drop_row {
	const char *port, *why;
	uint64_t sent, got;
};

static const struct list_column drop_columns[] = {
	LIST_COLUMN("port", LIST_PTR, -16, struct drop_row, port),
	LIST_COLUMN("dropped", LIST_PTR, -7, struct drop_row, why),
	LIST_COLUMN("sending", LIST_U64, 9, struct drop_row, sent),
	LIST_COLUMN("getting", LIST_U64, 9, struct drop_row, got),
};

static const struct listing drop_listing = { "drops", ARRAY_SIZE(drop_columns), drop_columns };

static struct vswitch *find(struct shell_call *c)
{
	c->word = c->words[2];
	for (uint32_t i = 0; i < network_nr(); i++)
		if (network_get(i) && strcmp(network_get(i)->name, c->words[2]) == 0)
			return network_get(i);
	return NULL;
}

static void port_row(struct list_out *o, struct port_row *row)
{
	const struct vswitch_stats *s = &row->l.stats;
	uint64_t mac = row->l.cfg.mac;
	uint8_t b[NET_MAC_LEN];

	memcpy(b, &mac, NET_MAC_LEN);
	row->mac[0] = '\0';
	if (mac)
		snprintf(row->mac, sizeof(row->mac), "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1],
			 b[2], b[3], b[4], b[5]);
	row->link = row->l.link ? "up" : "down";
	row->vlan = row->l.cfg.vlan;
	row->tx_drops = row->rx_drops = 0;
	for (int i = 0; i < VSWITCH_NR_DROPS; i++) {
		row->tx_drops += s->tx_drops[i];
		row->rx_drops += s->rx_drops[i];
	}
	list_row(o, row);
}

static void drop_rows(struct list_out *o, const struct vswitch_look *l)
{
	static const char names[VSWITCH_NR_DROPS][6] = {
		"bad", "spoof", "vlan", "mtu", "link", "full",
	};

	for (int i = 0; i < VSWITCH_NR_DROPS; i++)
		if (l->stats.tx_drops[i] || l->stats.rx_drops[i])
			list_row(o, &(struct drop_row){ l->name, names[i], l->stats.tx_drops[i],
							l->stats.rx_drops[i] });
}

int shell_net_show(struct shell_call *c)
{
	struct vswitch *sw = find(c);
	struct port_row row;

	if (!sw)
		return -ENOENT;
	list_begin(c->out, &port_listing);
	for (uint32_t p = 0; p < VSWITCH_MAX_PORTS; p++)
		if (vswitch_look(sw, p, &row.l))
			port_row(c->out, &row);
	list_begin(c->out, &drop_listing);
	for (uint32_t p = 0; p < VSWITCH_MAX_PORTS; p++)
		if (vswitch_look(sw, p, &row.l))
			drop_rows(c->out, &row.l);
	return 0;
}

/* Interface nr of a VM, wherever it is plugged in. */
int shell_net_link(struct shell_call *c)
{
	bool up = strcmp(c->words[4], "up") == 0;
	struct vswitch_look l;
	uint64_t nr;

	c->word = c->words[3];
	if (!number_parse(c->words[3], &nr))
		return -EINVAL;
	for (uint32_t i = 0; i < network_nr(); i++)
		for (uint32_t p = 0; network_get(i) && p < VSWITCH_MAX_PORTS; p++)
			if (vswitch_look(network_get(i), p, &l) && l.cfg.vm == c->vm &&
			    l.cfg.nr == nr)
				return vswitch_set_link(network_get(i), p, up);
	return -ENOENT;
}

/* ---- capture ---- */

int shell_net_capture(struct shell_call *c)
{
	struct vswitch *sw = find(c);

	return sw ? net_capture_switch(&sw->capture, strcmp(c->words[3], "start") == 0) : -ENOENT;
}

struct text_row {
	const char *text;
};

static const struct list_column text_columns[] = {
	LIST_COLUMN("line", LIST_PTR, 0, struct text_row, text),
};

static const struct listing text_listing = { "lines", ARRAY_SIZE(text_columns), text_columns };

#define LINE_BYTES 48                /* in base64: 64 characters, RFC 4648 */

struct base64 {
	struct list_out *out;
	uint32_t nr;
	uint8_t bytes[LINE_BYTES + 2];
};

static void put_line(struct base64 *b)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[LINE_BYTES / 3 * 4 + 1];
	uint32_t n = 0;

	memset(b->bytes + b->nr, 0, 2);
	for (uint32_t i = 0; i < b->nr; i += 3) {
		uint32_t v = (uint32_t)b->bytes[i] << 16 | b->bytes[i + 1] << 8 | b->bytes[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			text[n++] = digits[v >> shift & 63];
	}
	for (uint32_t i = 0; b->nr % 3 && i < 3 - b->nr % 3; i++)
		text[n - 1 - i] = '=';
	text[n] = '\0';
	if (n)
		list_row(b->out, &(struct text_row){ text });
	b->nr = 0;
}

static void put_bytes(struct base64 *b, const uint8_t *p, uint32_t n)
{
	while (n--) {
		b->bytes[b->nr++] = *p++;
		if (b->nr == LINE_BYTES)
			put_line(b);
	}
}

/* A pcap file in base64. Frames that come meanwhile cannot make it endless: they are counted. */
int shell_net_dump(struct shell_call *c)
{
	uint8_t bytes[NET_CAPTURE_RECORD + NET_CAPTURE_SNAP];
	struct base64 b = { .out = c->out };
	struct vswitch *sw = find(c);
	uint64_t pos = 0, done = 0;
	uint32_t n;

	if (!sw)
		return -ENOENT;
	if (!sw->capture.ring)
		return -ENODEV;
	list_begin(c->out, &text_listing);
	net_capture_header(bytes);
	put_bytes(&b, bytes, NET_CAPTURE_HEADER);
	while (done < sw->capture.size && (n = net_capture_next(&sw->capture, &pos, bytes)) != 0) {
		put_bytes(&b, bytes, n);
		done += n;
	}
	put_line(&b);
	return 0;
}
