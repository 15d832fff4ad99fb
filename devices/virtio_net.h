/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network interface for guests, on a port of a switch. VirtIO 1.2, 5.1; docs/network.md.
 * Transmission runs on the sender's I/O thread, which fills the receiver's buffers too.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/spinlock.h"
#include "core/timer.h"
#include "devices/virtio.h"
#include "devices/vswitch.h"

#define VIRTIO_NET_MAX_PAIRS   8     /* of queues                                   */
#define VIRTIO_NET_MAX_BUFFERS 64    /* that one frame is spread over               */
#define VIRTIO_NET_UNICAST     16    /* addresses it filters by; with more, all     */
#define VIRTIO_NET_MULTICAST   32

/* Queues of a device with so many pairs: two each, and the control queue. */
#define VIRTIO_NET_QUEUES(pairs) (2 * (pairs) + 1)

/* 5.1.6.5.1 and 5.1.6.5.2 */
struct virtio_net_filter {
	struct spinlock lock;        /* rank 37, docs/locking.md                    */
	/* read without the lock, too */
	_Atomic uint64_t mac;
	_Atomic uint32_t mode;       /* bit: NET_RX_*                               */
	/* under lock */
	uint16_t nr_uni, nr_multi;
	uint64_t uni[VIRTIO_NET_UNICAST];
	uint64_t multi[VIRTIO_NET_MULTICAST];
};

struct virtio_net {
	struct virtio_device dev;    /* first: found by it                          */
	struct vswitch_port port;
	/* fixed from virtio_net_init() on */
	uint16_t max_pairs;
	uint16_t queue_size;
	struct virtq_seg *spare;
	/* any thread */
	struct virtio_net_filter filter;
	_Atomic uint16_t pairs;      /* in use                                      */
	_Atomic uint64_t throttled;  /* bit per queue: to go on when the timer says */
	_Atomic uint32_t tx_caps;    /* NET_CAP_* that it may leave to others       */
	struct timer timer;          /* started by the I/O thread                   */
	/* under dev.lock */
	bool announce;               /* the guest is to tell where it is            */
};

struct virtio_net_config {
	struct vswitch_port_config port;     /* mac and mtu set                     */
	const char *name;                    /* of the port                         */
	uint16_t pairs;                      /* 1 .. VIRTIO_NET_MAX_PAIRS           */
	uint16_t queue_size;                 /* a power of two; 0: VIRTQ_MAX_SIZE   */
	struct virtq_seg *spare;             /* VIRTIO_NET_SPARE(pairs) of them     */
};
#define VIRTIO_NET_SPARE(pairs) ((pairs) * VIRTQ_MAX_SIZE)

/**
 * virtio_net_init() - an interface, plugged into a switch
 * @net: zeroed; the caller then makes net->dev by virtio_init()
 * @s:   model, nr_queues and features are set
 *
 * Return: 0; as vswitch_attach().
 */
int virtio_net_init(struct virtio_net *net, const struct virtio_net_config *c,
		    struct vswitch *sw, struct virtio_setup *s);

/* Pull it out: then nobody touches it but its VM, which does not run. May sleep. */
void virtio_net_fini(struct virtio_net *net);
