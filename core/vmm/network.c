/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/network.h"

#include <arch/timer.h>
#include "core/lib/options.h"
#include "core/log.h"
#include "core/vmm/hostio.h"
#include "devices/uplink.h"
#include "mm/hyp_pool.h"

/* Fixed after network_init(). */
static struct vswitch *networks[CONFIG_MAX_NETWORKS];
static uint32_t nr_networks;

uint32_t network_nr(void)
{
	return nr_networks;
}

struct vswitch *network_get(uint32_t idx)
{
	return idx < nr_networks ? networks[idx] : NULL;
}

/* Tags have a meaning where anybody was given a VLAN. */
static bool has_vlans(const struct system_config *cfg, uint32_t network)
{
	bool found = cfg->networks[network].vlan;

	for (uint32_t i = 0; i < cfg->nr_virtio; i++) {
		const struct config_virtio *c = &cfg->virtio[i];

		if (c->kind == CONFIG_VIRTIO_NET && c->net.network == network)
			found = found || c->net.vlan || c->net.trunk.nr;
	}
	return found;
}

static void add_capture(struct vswitch *sw, uint32_t size)
{
	void *ring = size ? hyp_zalloc(size) : NULL;

	if (size && !ring)
		log_warn("network %s: no memory to capture", sw->name);
	net_capture_init(&sw->capture, ring, ring ? size : 0, sw->hz);
}

/* An interface leads to one network. */
static void add_uplink(struct vswitch *sw, const struct config_network *c)
{
	struct hostnet *nic = CONFIG_HOSTIO ? hostio_nic(c->uplink) : NULL;
	struct uplink *u = nic && !nic->on_rx ? hyp_zalloc(sizeof(*u)) : NULL;
	int err = u ? uplink_init(u, nic, (uint16_t)c->vlan, sw) : -1;

	if (!err)
		return;
	hyp_free(u);
	log_err("network %s: interface %u of the board %s: no uplink", sw->name,
		(unsigned int)c->uplink, !nic ? "is not there" : "cannot be had");
}

static void add_network(const struct system_config *cfg, uint32_t i)
{
	const struct config_network *c = &cfg->networks[i];
	struct vswitch *sw = hyp_zalloc(sizeof(*sw));

	networks[i] = sw;
	if (!sw) {
		log_err("network %s: no memory", c->name);
		return;
	}
	vswitch_init(sw, c->name, has_vlans(cfg, i), arch_counter_hz());
	add_capture(sw, (uint32_t)c->capture);
	if (c->uplink != CONFIG_NO_UPLINK)
		add_uplink(sw, c);
}

void network_init(const struct system_config *cfg)
{
	for (uint32_t i = 0; i < cfg->nr_networks; i++)
		add_network(cfg, i);
	nr_networks = cfg->nr_networks;
}
