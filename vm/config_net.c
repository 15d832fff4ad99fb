/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/config_net.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/fdt_sound.h"
#include "core/lib/bits.h"
#include "vm/config_virtio.h"

#define REFUSE(vm, ...) (config_reason((vm)->refused, __VA_ARGS__), -EINVAL)

#define AUTO       UINT32_MAX        /* as the network says                         */
#define MAX_VLAN   4094
#define MIN_MTU    68                /* RFC 791                                     */
#define MAX_MTU    9216
#define MIN_QUEUE  16
#define MAX_QUEUE  256
#define MIN_RATE   1024              /* bytes a second                              */
#define MAX_BURST  0x1000000
#define MAX_CAPTURE 0x100000
#define MIN_CAPTURE 0x1000
/* Locally administered, then ours, then whose it is. */
#define AUTO_MAC   UINT64_C(0x02436f000000)
#define MAC_GROUP  BIT(40)

static const struct config_key network_keys[] = {
	KEY_NUM("vlan",     struct config_network, vlan, 0, MAX_VLAN),
	KEY_NUM("isolated", struct config_network, isolated, 0, 1),
	KEY_NUM("uplink",   struct config_network, uplink, 0, CONFIG_MAX_UPLINK),
	KEY("capture", KEY_U64, struct config_network, capture),
	KEY_END,
};

const struct config_key config_net_keys[] = {
	CONFIG_VIRTIO_KEYS,
	KEY("network", KEY_STRING, struct config_virtio, net.network_name),
	KEY("mac",     KEY_U64,    struct config_virtio, net.mac),
	KEY_NUM("queues",     struct config_virtio, net.queues, 1, CONFIG_MAX_NET_QUEUES),
	KEY_NUM("queue-size", struct config_virtio, net.queue_size, MIN_QUEUE, MAX_QUEUE),
	KEY_NUM("mtu",        struct config_virtio, net.mtu, MIN_MTU, MAX_MTU),
	KEY("rate",    KEY_U64,    struct config_virtio, net.rate),
	KEY("burst",   KEY_U64,    struct config_virtio, net.burst),
	KEY_NUM("packet-rate", struct config_virtio, net.packet_rate, 0, UINT32_MAX),
	KEY("check-mac",  KEY_BOOL, struct config_virtio, net.check_mac),
	KEY("check-arp",  KEY_BOOL, struct config_virtio, net.check_arp),
	KEY("check-ipv4", KEY_BOOL, struct config_virtio, net.check_ipv4),
	KEY_NUM("ipv4",     struct config_virtio, net.ipv4, 0, UINT32_MAX),
	KEY_NUM("vlan",     struct config_virtio, net.vlan, 0, MAX_VLAN),
	KEY_NUMBERS("trunk",   struct config_virtio, net.trunk, 1, MAX_VLAN),
	KEY_NUM("isolated", struct config_virtio, net.isolated, 0, 1),
	KEY("mirror",     KEY_BOOL, struct config_virtio, net.mirror),
	KEY_END,
};

void config_net_defaults(struct config_virtio *c)
{
	c->net.queues = 1;
	c->net.queue_size = MAX_QUEUE;
	c->net.mtu = 1500;
	c->net.vlan = c->net.isolated = AUTO;
}

/* --- networks ----------------------------------------------------------------- */

static int network_lookup(const struct system_config *cfg, const char *name)
{
	for (uint32_t i = 0; i < cfg->nr_networks; i++)
		if (strcmp(cfg->networks[i].name, name) == 0)
			return (int)i;
	return -ENOENT;
}

static bool uplink_taken(const struct system_config *cfg, uint32_t uplink)
{
	for (uint32_t i = 0; i < cfg->nr_networks; i++)
		if (uplink != CONFIG_NO_UPLINK && cfg->networks[i].uplink == uplink)
			return true;
	return false;
}

static int parse_network(struct config_parser *p, const uint32_t *node, struct system_config *cfg)
{
	struct config_network *n = &cfg->networks[cfg->nr_networks];

	p->node = fdt_name(node);
	if (!config_name_ok(p->node) || network_lookup(cfg, p->node) >= 0)
		return config_refuse(p, "name", CONFIG_NAME_RULE ", and its own",
				     CONFIG_NAME_LEN - 1);
	n->uplink = CONFIG_NO_UPLINK;
	snprintf(n->name, sizeof(n->name), "%s", p->node);
	if (config_keys_parse(p, node, network_keys, n))
		return -EINVAL;
	if (fdt_child(node))
		return config_refuse(p, "", "a section inside a section");
	if (n->capture && (n->capture < MIN_CAPTURE || n->capture > MAX_CAPTURE))
		return config_refuse(p, "capture", "it must be %d to %d KiB", MIN_CAPTURE >> 10,
				     MAX_CAPTURE >> 10);
	if (uplink_taken(cfg, n->uplink))
		return config_refuse(p, "uplink", "another network has it");
	cfg->nr_networks++;
	return 0;
}

int config_networks_parse(struct system_config *cfg, const void *dtb)
{
	struct config_parser p = { dtb, "networks", cfg->error, NULL };
	const uint32_t *node, *networks = fdt_child_named(fdt_structure(dtb), "networks");

	if (!networks)
		return 0;
	if (!CONFIG_VIRTIO)
		return config_refuse(&p, "", "left out of this build");
	if (config_keys_parse(&p, networks, config_no_keys, NULL))
		return -EINVAL;
	fdt_for_each_child(node, networks) {
		if (cfg->nr_networks == CONFIG_MAX_NETWORKS)
			return config_refuse(&p, "", "more than %d", CONFIG_MAX_NETWORKS);
		if (parse_network(&p, node, cfg))
			return -EINVAL;
	}
	return 0;
}

/* --- interfaces ----------------------------------------------------------------- */

static const struct config_virtio *same_mac(const struct system_config *cfg,
					    const struct config_virtio *c)
{
	for (const struct config_virtio *o = cfg->virtio; o < c; o++)
		if (o->kind == CONFIG_VIRTIO_NET && o->net.network == c->net.network &&
		    o->net.mac == c->net.mac)
			return o;
	return NULL;
}

static int link_one(const struct config_parser *p, const struct system_config *cfg,
		    struct config_virtio *c)
{
	struct config_net *n = &c->net;
	int network = n->network_name ? network_lookup(cfg, n->network_name) : -ENOENT;

	if (network < 0)
		return config_refuse(p, "net/network", "there is no %.40s",
				     n->network_name ? n->network_name : "such network");
	n->network = (uint32_t)network;
	if (n->vlan == AUTO)
		n->vlan = cfg->networks[network].vlan;
	if (n->isolated == AUTO)
		n->isolated = cfg->networks[network].isolated;
	if (!n->mac)
		n->mac = AUTO_MAC | cfg->nr_vms << 8 | c->slot;
	if (same_mac(cfg, c))
		return config_refuse(p, "net/mac", "another interface of network %.40s has it",
				     n->network_name);
	return 0;
}

int config_net_link(const struct config_parser *p, const struct system_config *cfg,
		    struct vm_config *vm)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < config_nr_virtio(vm); i++) {
		struct config_virtio *c = &vm->virtio[i];

		if (c->kind != CONFIG_VIRTIO_NET)
			continue;
		c->net.nr = nr++;
		if (link_one(p, cfg, c))
			return -EINVAL;
	}
	return 0;
}

int config_net_check(struct vm_config *vm, const struct config_virtio *c,
		     const struct bundle *bundle)
{
	const struct config_net *n = &c->net;

	(void)bundle;
	if (n->mac >> 48 || (n->mac & MAC_GROUP))
		return REFUSE(vm, "net/mac: it is that of a group, or longer than 48 bits");
	if (n->queue_size & (n->queue_size - 1))
		return REFUSE(vm, "net/queue-size: %u is no power of two",
			      (unsigned int)n->queue_size);
	if (n->rate && n->rate < MIN_RATE)
		return REFUSE(vm, "net/rate: it must be %d or more", MIN_RATE);
	if (n->burst > MAX_BURST || (n->burst && !n->rate))
		return REFUSE(vm, "net/burst: it must be with a rate, and %d MiB at most",
			      MAX_BURST >> 20);
	if ((n->check_arp || n->check_ipv4) && !n->ipv4)
		return REFUSE(vm, "net/ipv4: check-arp and check-ipv4 need it");
	return 0;
}
