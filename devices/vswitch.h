/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual Ethernet switch: docs/network.md. It decides who gets a frame and hands it over
 * on the sender's thread; it keeps none. What a port is made of it does not know: a VM's
 * virtio-net, the board's network card.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/spinlock.h"
#include "devices/mac_table.h"
#include "devices/net_capture.h"
#include "devices/net_frame.h"
#include "devices/net_offload.h"

#define VSWITCH_MAX_PORTS  64
#define VSWITCH_MAX_TRUNK  16
#define VSWITCH_AGE_S      300       /* an address unseen for so long is not known   */
#define VSWITCH_MAX_VID    4094

struct thread;
struct vswitch;
struct vswitch_port;

/* From the configuration. */
struct vswitch_port_config {
	uint32_t vm, nr;             /* whose it is, and which of its; uplink: no VM */
	uint64_t mac;                /* net_mac(); 0: none of its own (an uplink)    */
	uint32_t mtu;                /* 0: any                                       */
	bool uplink;                 /* leads out: never isolated, trunk of all VLANs */
	bool isolated;               /* talks to nobody who is isolated too          */
	bool mirror;                 /* gets a copy of all that passes               */
	bool check_mac;              /* only its own source address                  */
	bool check_arp;              /* only its own addresses in ARP                */
	bool check_ipv4;             /* only its own IPv4 source address             */
	uint32_t ipv4;               /* for these; 0: none, all are refused          */
	uint16_t vlan;               /* of untagged frames; 0: none                  */
	uint16_t nr_trunk;
	uint16_t trunk[VSWITCH_MAX_TRUNK];   /* tags that may come and go            */
	uint64_t rate_bytes;         /* a second; 0: no limit                        */
	uint64_t rate_packets;
	uint64_t burst_bytes;        /* at once; 0: VSWITCH_BURST_BYTES              */
};
#define VSWITCH_BURST_BYTES   0x20000
#define VSWITCH_BURST_PACKETS 256

/* Why a frame did not arrive, for counters. */
enum vswitch_drop {
	VSWITCH_DROP_BAD,            /* shorter or longer than a frame may be, lies  */
	VSWITCH_DROP_SPOOF,          /* a source address that is not its own         */
	VSWITCH_DROP_VLAN,           /* a VLAN it is not in                          */
	VSWITCH_DROP_MTU,
	VSWITCH_DROP_LINK,           /* the link is down                             */
	VSWITCH_DROP_FULL,           /* the receiver had no room                     */
	VSWITCH_NR_DROPS,
};

struct vswitch_stats {
	uint64_t tx_frames, tx_bytes;          /* from the port                      */
	uint64_t rx_frames, rx_bytes;          /* to it                              */
	uint64_t cut;                          /* frames cut into segments for it    */
	uint64_t tx_drops[VSWITCH_NR_DROPS];
	uint64_t rx_drops[VSWITCH_NR_DROPS];
};

/* What became of a frame that was handed to a port. */
enum vswitch_taken {
	VSWITCH_TAKEN,
	VSWITCH_FILTERED,            /* not wanted: nobody's loss                    */
	VSWITCH_FULL,
};

struct vswitch_port_ops {
	/*
	 * Take a copy of a frame, or do not. It has only offloads of port->caps. On the
	 * sender's thread, no spin lock held; several threads at once. May change f->hdr,
	 * nothing else.
	 */
	enum vswitch_taken (*deliver)(struct vswitch_port *p, struct net_frame *f);
	/* Plug its cable in or out: sets port->link. No spin lock held. NULL: cannot. */
	void (*set_link)(struct vswitch_port *p, bool up);
};

/* A rate, as the earliest time that the next frame is within it. Its port's thread's. */
struct vswitch_rate {
	uint64_t cost;               /* ticks for one unit, 16 bits after the point  */
	uint64_t burst;              /* ticks                                        */
	uint64_t next;               /* counter                                      */
	uint64_t rest;               /* below a tick                                 */
};

struct vswitch_port {
	/* fixed while it is attached */
	const struct vswitch_port_ops *ops;
	struct vswitch_port_config cfg;
	char name[40];
	struct vswitch *sw;
	uint32_t idx;
	/* any thread */
	_Atomic uint32_t caps;       /* NET_CAP_*: what it takes now                 */
	_Atomic bool link;           /* up                                           */
	_Atomic uint64_t count[sizeof(struct vswitch_stats) / sizeof(uint64_t)];
	/* whoever sends from it: one thread at a time */
	struct vswitch_rate bytes, packets;
};

struct vswitch_slot {
	struct vswitch_port *port;   /* under the switch's lock; NULL: free          */
	_Atomic uint32_t users;      /* threads that are delivering to it            */
	struct thread *waiter;       /* who detaches it                              */
};

struct vswitch {
	struct spinlock lock;        /* rank 36, docs/locking.md                     */
	/* fixed */
	char name[32];
	bool vlans;                  /* tags have a meaning                          */
	uint64_t hz;
	struct net_capture capture;  /* with a lock of its own                       */
	/* under lock */
	struct mac_table macs;
	struct vswitch_slot slot[VSWITCH_MAX_PORTS];
	uint64_t ports;              /* bit per port that is attached                */
	uint64_t mirrors;
	uint64_t reach[VSWITCH_MAX_PORTS];     /* whom each may send to              */
};

/* vlans: frames are kept apart by tags; false: tags are but data. hz: the counter's. */
void vswitch_init(struct vswitch *sw, const char *name, bool vlans, uint64_t hz);

/**
 * vswitch_attach() - plug a port in
 * @p: zeroed, with ops, cfg and name; the link is up, caps are none
 *
 * Return: 0; -ENOSPC VSWITCH_MAX_PORTS are; -EEXIST its address is another's.
 */
int vswitch_attach(struct vswitch *sw, struct vswitch_port *p);

/*
 * Pull it out; on return nobody delivers to it, and it may be freed. On a thread that may
 * sleep, and that does not send. Nothing if it is not attached.
 */
void vswitch_detach(struct vswitch_port *p);

/**
 * vswitch_wait() - may a port send now?
 * @now: counter
 * Return: 0: yes; else in so many ticks, and then only as many as were sent before.
 */
uint64_t vswitch_wait(const struct vswitch_port *p, uint64_t now);

/**
 * vswitch_send() - a frame comes from a port
 * @from: attached; not by two threads at once
 * @f:    begun, and its offloads checked; changed by no one but the callee
 * @now:  counter
 *
 * To how many ports it goes is bounded by VSWITCH_MAX_PORTS, each of which costs one copy.
 */
void vswitch_send(struct vswitch_port *from, struct net_frame *f, uint64_t now);

/* A frame that could not even be looked at. */
void vswitch_tx_bad(struct vswitch_port *from);

/* A port as it is now, for listings. */
struct vswitch_look {
	char name[40];
	struct vswitch_port_config cfg;
	struct vswitch_stats stats;
	uint32_t nr_macs;
	bool link;
};

/* Plug the cable of the port at an index. 0; -ENOENT no such port; -ENOTSUP it has none. */
int vswitch_set_link(struct vswitch *sw, uint32_t idx, bool up);

/* Return: false: there is no port at that index. */
bool vswitch_look(struct vswitch *sw, uint32_t idx, struct vswitch_look *l);
