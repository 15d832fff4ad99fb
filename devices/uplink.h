/* SPDX-License-Identifier: Apache-2.0 */
/* A port of a switch that leads out of the machine, by a network interface of the board. */
#pragma once

#include "core/mutex.h"
#include "devices/hostnet.h"
#include "devices/vswitch.h"

struct uplink {
	struct vswitch_port port;
	struct hostnet *nic;
	struct mutex lock;                   /* docs/locking.md, "Sleeping locks"      */
	/* under lock: of the frame that is being sent, what a guest has */
	uint8_t rest[HOSTNET_FRAME];
};

/**
 * uplink_init() - plug an interface into a switch
 * @u:    zeroed
 * @nic:  started; nobody else's
 * @vlan: of untagged frames, 0: none; all others go tagged
 *
 * Return: 0; as vswitch_attach().
 */
int uplink_init(struct uplink *u, struct hostnet *nic, uint16_t vlan, struct vswitch *sw);
