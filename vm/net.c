/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's network interfaces, from its configuration. docs/network.md */
#include <errno.h>
#include <stdio.h>

#include "core/log.h"
#include "devices/virtio_net.h"
#include "mm/hyp_pool.h"
#include "vm/virtio.h"
#include "vm/vm.h"

/* The configuration has them as people write them: the first byte is the highest. */
static uint64_t mac_of(uint64_t written)
{
	return __builtin_bswap64(written) >> 16;
}

static struct vswitch_port_config port_config(const struct vm *vm, const struct config_net *c)
{
	struct vswitch_port_config p = {
		.vm = vm->slot, .nr = c->nr, .mac = mac_of(c->mac), .mtu = c->mtu,
		.isolated = c->isolated, .mirror = c->mirror,
		.check_mac = c->check_mac, .check_arp = c->check_arp,
		.check_ipv4 = c->check_ipv4, .ipv4 = c->ipv4,
		.vlan = (uint16_t)c->vlan, .nr_trunk = (uint16_t)c->trunk.nr,
		.rate_bytes = c->rate, .rate_packets = c->packet_rate, .burst_bytes = c->burst,
	};

	_Static_assert(ARRAY_SIZE(p.trunk) == ARRAY_SIZE(c->trunk.v), "trunk");
	memcpy(p.trunk, c->trunk.v, sizeof(p.trunk));
	return p;
}

static int create(struct vm *vm, const struct config_virtio *cfg, struct virtio_device *dev,
		  struct virtio_setup *s)
{
	struct virtio_net *net = container_of(dev, struct virtio_net, dev);
	struct vswitch *sw = vm->host->network ? vm->host->network(cfg->net.network) : NULL;
	char name[sizeof(net->port.name)];
	struct virtio_net_config c = {
		.port = port_config(vm, &cfg->net), .name = name,
		.pairs = (uint16_t)cfg->net.queues, .queue_size = (uint16_t)cfg->net.queue_size,
	};
	int err;

	if (!sw)
		return -ENODEV;
	snprintf(name, sizeof(name), "%s/%u", vm_name(vm), (unsigned int)cfg->net.nr);
	c.spare = hyp_zalloc(VIRTIO_NET_SPARE(c.pairs) * sizeof(*c.spare));
	if (!c.spare)
		return -ENOMEM;
	err = virtio_net_init(net, &c, sw, s);
	if (err)
		hyp_free(c.spare);
	return err;
}

static void destroy(struct vm *vm, struct virtio_device *dev)
{
	struct virtio_net *net = container_of(dev, struct virtio_net, dev);

	(void)vm;
	virtio_net_fini(net);
	hyp_free(net->spare);
}

const struct vm_virtio_kind vm_virtio_net = {
	.size = sizeof(struct virtio_net), .create = create, .destroy = destroy,
};
