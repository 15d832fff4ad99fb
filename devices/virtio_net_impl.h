/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of virtio-net. VirtIO 1.2, 5.1.3 to 5.1.6. */
#pragma once

#include "devices/virtio_net.h"

/* 5.1.3, Feature bits */
#define NET_F_CSUM                BIT(0)
#define NET_F_GUEST_CSUM          BIT(1)
#define NET_F_CTRL_GUEST_OFFLOADS BIT(2)
#define NET_F_MTU                 BIT(3)
#define NET_F_MAC                 BIT(5)
#define NET_F_GUEST_TSO4          BIT(7)
#define NET_F_GUEST_TSO6          BIT(8)
#define NET_F_GUEST_ECN           BIT(9)
#define NET_F_HOST_TSO4           BIT(11)
#define NET_F_HOST_TSO6           BIT(12)
#define NET_F_HOST_ECN            BIT(13)
#define NET_F_MRG_RXBUF           BIT(15)
#define NET_F_STATUS              BIT(16)
#define NET_F_CTRL_VQ             BIT(17)
#define NET_F_CTRL_RX             BIT(18)
#define NET_F_CTRL_RX_EXTRA       BIT(20)
#define NET_F_GUEST_ANNOUNCE      BIT(21)
#define NET_F_MQ                  BIT(22)
#define NET_F_CTRL_MAC_ADDR       BIT(23)

/* 5.1.6.5.1, the commands of class VIRTIO_NET_CTRL_RX, as bits of filter.mode. */
#define NET_RX_PROMISC BIT(0)
#define NET_RX_ALLMULTI BIT(1)
#define NET_RX_ALLUNI  BIT(2)
#define NET_RX_NOMULTI BIT(3)
#define NET_RX_NOUNI   BIT(4)
#define NET_RX_NOBCAST BIT(5)
/* And of ours: its table had more addresses than there is room for. */
#define NET_RX_MANY_UNI   BIT(6)
#define NET_RX_MANY_MULTI BIT(7)

static inline struct virtio_net *net_of(struct virtio_device *dev)
{
	return container_of(dev, struct virtio_net, dev);
}

/* NET_CAP_* of a set of features: what the guest takes, and what it may leave. */
uint32_t virtio_net_guest_caps(uint64_t features);
uint32_t virtio_net_host_caps(uint64_t features);

/* The control queue. As virtio_model's serve. */
enum virtio_serve virtio_net_control(struct virtio_net *net, struct virtq *q);

/* As after power-on, 5.1.6.5.1. */
void virtio_net_filter_reset(struct virtio_net *net);

/* Does the guest want a frame with this destination? */
bool virtio_net_wants(struct virtio_net *net, uint64_t dst);
