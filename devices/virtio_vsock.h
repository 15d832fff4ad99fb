/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-vsock: streams between VMs, and to Corbel itself. VirtIO 1.2, 5.10; docs/virtio.md.
 * Each direction of a connection has a ring of its own in EL2, so who does not read stops the
 * connections to it and nothing else: the sender has no credit, its queue moves on.
 */
#pragma once

#include "core/lib/list.h"
#include "devices/virtio.h"

#define VSOCK_QUEUES     3           /* receive, transmit, events                  */
#define VSOCK_CID_HOST   2           /* Corbel                                     */
#define VSOCK_PORT_CALLS 600         /* its management protocol                    */
#define VSOCK_BUF        8192        /* bytes on their way, each direction         */
#define VSOCK_CALLS_BUF  1024        /* likewise, to Corbel                        */
#define VSOCK_MAX_OPEN   32          /* connections that one VM asked for          */
#define VSOCK_MAX_LONE   32          /* left by the other side, not yet by this one */
#define VSOCK_MAX_STRAYS 16          /* answers to packets that belong to nothing  */
#define VSOCK_CALL_SIZE  64          /* x0 to x7, both ways                        */

#define VIRTIO_VSOCK_F_STREAM BIT(0)

struct vsock_conn;
struct virtio_vsock;

/* One side of a connection; all under hub->lock, but bytes of the ring. */
struct vsock_end {
	struct list_node node;       /* in dev->conns                              */
	struct list_node pending;    /* in dev->pending, if is_pending             */
	struct vsock_conn *conn;
	struct virtio_vsock *dev;    /* NULL: Corbel, or it is gone                */
	uint64_t cid;
	uint32_t port;
	uint32_t head, level;        /* of the ring to this side                   */
	uint32_t alloc, fwd;         /* credit, as this side told last             */
	uint32_t sent;               /* bytes that it was given                    */
	uint32_t taken, told;        /* bytes of it that went on; that it knows of */
	uint32_t shut;               /* what the other side does no more           */
	uint32_t ops;                /* packets to send to it, a bit each          */
	bool is_pending, lone;
};

struct vsock_conn {
	struct list_node node;       /* in hub->dead                               */
	struct vsock_end end[2];     /* who asked; who was asked                   */
	uint32_t nr_users;           /* copies under way without the lock          */
	bool open;                   /* the answer came                            */
	bool counted;                /* in nr_open of who asked                    */
	uint8_t bytes[2][VSOCK_BUF];
};

/* All VMs that have such a device. */
struct vsock_hub {
	struct spinlock lock;        /* rank 33, docs/locking.md                   */
	/* under lock */
	struct list_node devs, dead;
	/* fixed: zeroed memory, from a thread that holds no lock */
	void *(*alloc)(size_t size);
	void (*free)(void *p);
};

struct vsock_stray {
	uint64_t cid;
	uint32_t port, my_port;
};

struct virtio_vsock {
	struct virtio_device dev;    /* first */
	/* fixed */
	struct vsock_hub *hub;
	uint64_t cid;
	uint32_t vm;                 /* bit in peers                               */
	uint64_t peers;              /* VMs that it may connect to                 */
	void (*call)(void *ctx, uint64_t *x);  /* NULL: Corbel does not answer     */
	void *call_ctx;
	/* under hub->lock */
	struct list_node node;       /* in hub->devs                               */
	struct list_node conns, pending;
	uint32_t nr_open, nr_lone;
	struct vsock_stray strays[VSOCK_MAX_STRAYS];
	uint32_t nr_strays;
	uint64_t refused;            /* packets and connections                    */
};

extern const struct virtio_model virtio_vsock_model;

void vsock_hub_init(struct vsock_hub *hub, void *(*alloc)(size_t size), void (*free)(void *p));

/*
 * Beside virtio_init(), and the fixed fields are set: others can reach it from now on.
 * Return: 0; -EEXIST the CID is in use.
 */
int virtio_vsock_attach(struct virtio_vsock *v);

/* Reset before. Nobody reaches it any more. */
void virtio_vsock_detach(struct virtio_vsock *v);
