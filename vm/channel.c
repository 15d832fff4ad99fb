/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/channel.h"

#include <errno.h>
#include <stdio.h>

#include "core/lib/bits.h"
#include "core/log.h"
#include "mm/frames.h"
#include "mm/hyp_pool.h"
#include "mm/stage2.h"
#include "vm/shared.h"
#include "vm/vm.h"

#define SPI_FIRST 32

_Static_assert(CONFIG_MAX_MEMBERS <= FRAMES_MAX_MEMBERS &&
	       CONFIG_MAX_MEMBERS <= DOORBELL_MAX_MEMBERS &&
	       CONFIG_MAX_CHANNELS <= FRAMES_MAX_GRANTS, "members, grants");

static int memory_make(const struct config_vm_channel *c, uint16_t owner, uint32_t *grant)
{
	char name[FRAMES_NAME_MAX];

	snprintf(name, sizeof(name), "channel %u", (unsigned int)c->idx);
	return shared_make(name, owner, c->channel->size, grant);
}

/* --- one member ----------------------------------------------------------------- */

static int join_locked(struct vm *vm, uint32_t n, struct channel *ch)
{
	const struct config_vm_channel *c = &vm->cfg->channels[n];
	const struct channel_member *m = config_member(vm->cfg, n);
	uint16_t owner = owner_vm(vm->slot);
	int err;

	if (ch->nr_joined)
		err = frames_share_get(ch->grant, owner);
	else
		err = memory_make(c, owner, &ch->grant);
	if (err)
		return err;
	err = shared_map(vm, IPA(m->ipa), ch->grant, m->rights == CHANNEL_RW ? S2_R | S2_W : S2_R);
	if (err) {
		frames_unshare(ch->grant, owner);
		return err;
	}
	ch->nr_joined++;
	return 0;
}

static int join(struct vm *vm, uint32_t n)
{
	struct channel_port *port = &vm->ports[n];
	int err;

	mutex_lock(&port->channel->lock);
	err = join_locked(vm, n, port->channel);
	mutex_unlock(&port->channel->lock);
	if (err)
		log_err("VM %s: channel %s cannot be had (%d)", vm_name(vm),
			vm->cfg->channels[n].channel->name, err);
	else
		doorbell_join(&port->bell, &port->channel->hub, vm->cfg->channels[n].member);
	return err;
}

static void leave(struct vm *vm, uint32_t n)
{
	struct channel_port *port = &vm->ports[n];
	struct channel *ch = port->channel;
	int err;

	doorbell_leave(&port->bell);
	mutex_lock(&ch->lock);
	err = shared_unmap(vm, IPA(config_member(vm->cfg, n)->ipa),
			   vm->cfg->channels[n].channel->size);
	if (err)
		log_err("VM %s: a channel stays mapped (%d)", vm_name(vm), err);
	else
		frames_unshare(ch->grant, owner_vm(vm->slot));
	ch->nr_joined--;
	mutex_unlock(&ch->lock);
}

/* --- all of a VM ------------------------------------------------------------------ */

static void leave_first(struct vm *vm, uint32_t nr)
{
	while (nr--)
		leave(vm, nr);
}

static int join_all(struct vm *vm)
{
	for (uint32_t i = 0; i < config_nr_channels(vm->cfg); i++) {
		int err = join(vm, i);

		if (err) {
			leave_first(vm, i);
			return err;
		}
	}
	vm->nr_ports = config_nr_channels(vm->cfg);
	return 0;
}

static int ports_init(struct vm *vm)
{
	for (uint32_t i = 0; i < config_nr_channels(vm->cfg); i++) {
		const struct channel_member *m = config_member(vm->cfg, i);
		struct channel_port *port = &vm->ports[i];
		int err;

		port->channel = &vm->host->channels[vm->cfg->channels[i].idx];
		doorbell_init(&port->bell, m->doorbell, vgic_line(&vm->vgic, SPI_FIRST + m->spi));
		err = bus_add(&vm->bus, &port->bell.dev);
		if (err) {
			log_err("VM %s: no place for a doorbell at 0x%llx (%d)", vm_name(vm),
				(unsigned long long)m->doorbell, err);
			return err;
		}
	}
	return 0;
}

int channels_create(struct vm *vm)
{
	int err;

	if (!config_nr_channels(vm->cfg))
		return 0;
	vm->ports = hyp_zalloc(config_nr_channels(vm->cfg) * sizeof(*vm->ports));
	err = vm->ports ? ports_init(vm) : -ENOMEM;
	if (!err)
		err = join_all(vm);
	if (err)
		hyp_free(vm->ports);
	return err;
}

void channels_destroy(struct vm *vm)
{
	if (!CONFIG_CHANNELS)
		return;
	leave_first(vm, vm->nr_ports);
	hyp_free(vm->ports);
}

int channels_reset(struct vm *vm)
{
	if (!config_nr_channels(vm->cfg))
		return 0;
	leave_first(vm, vm->nr_ports);
	vm->nr_ports = 0;
	return join_all(vm);
}
