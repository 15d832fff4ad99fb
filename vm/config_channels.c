/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/config_channels.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/fdt_sound.h"
#include "core/lib/bits.h"
#include "vm/config_keys.h"

static const char *const words_rights[] = { "ro", "rw", NULL };

static const struct config_key channel_keys[] = {
	KEY("size", KEY_U64, struct channel_config, size),
	KEY_END,
};

static const struct config_key member_keys[] = {
	KEY("vm",       KEY_STRING, struct channel_member, vm_name),
	KEY_WORDS("access", struct channel_member, rights, words_rights),
	KEY("ipa",      KEY_U64, struct channel_member, ipa),
	KEY("doorbell", KEY_U64, struct channel_member, doorbell),
	KEY_NUM("spi",  struct channel_member, spi, 0, CONFIG_MAX_SPI - 1),
	KEY_END,
};

static const struct config_key ivc_keys[] = {
	KEY_NUM("publish",  struct config_ivc, publish, 0, CONFIG_IVC_SLOTS),
	KEY("memory",   KEY_U64, struct config_ivc, memory),
	KEY("read",     KEY_U64, struct config_ivc, read),
	KEY("write",    KEY_U64, struct config_ivc, write),
	KEY("ipa",      KEY_U64, struct config_ivc, ipa),
	KEY("window",   KEY_U64, struct config_ivc, window),
	KEY("doorbell", KEY_U64, struct config_ivc, doorbell),
	KEY_NUM("spi",  struct config_ivc, spi, 0, CONFIG_MAX_SPI - CONFIG_IVC_SLOTS),
	KEY_END,
};

#define REFUSE(ch, ...) config_reason((ch)->refused, __VA_ARGS__)

/* --- reading -------------------------------------------------------------- */

/* What a property has first that ends, or NULL. */
static const char *string_of(const uint32_t *prop)
{
	return prop && memchr(prop + 3, '\0', fdt_be(prop + 1)) ? (const char *)(prop + 3) : NULL;
}

static void parse_member(struct config_parser *p, const uint32_t *node, struct channel_config *ch)
{
	struct channel_member *m = &ch->members[ch->nr_members];

	p->node = fdt_name(node);
	if (!config_section_is(p->node, "member", true)) {
		config_refuse(p, "", "no such section");
		return;
	}
	if (ch->nr_members == CONFIG_MAX_MEMBERS) {
		config_refuse(p, "", "more than %d members", CONFIG_MAX_MEMBERS);
		return;
	}
	*m = (struct channel_member){
		.rights = CHANNEL_RW, .ipa = CONFIG_ADDR_AUTO, .doorbell = CONFIG_ADDR_AUTO,
		.spi = CONFIG_NO_SPI,
	};
	/* Whatever else is wrong, its VM is to be told. */
	m->vm_name = string_of(fdt_prop_find(p->dtb, node, "vm"));
	ch->nr_members++;
	if (config_keys_parse(p, node, member_keys, m) == 0 &&
	    (!m->vm_name || m->ipa == CONFIG_ADDR_AUTO || m->doorbell == CONFIG_ADDR_AUTO ||
	     m->spi == CONFIG_NO_SPI))
		config_refuse(p, "", "vm, ipa, doorbell or spi is missing");
}

static bool name_taken(const struct system_config *cfg, const char *name)
{
	for (uint32_t i = 0; i < cfg->nr_channels; i++)
		if (strcmp(cfg->channels[i].name, name) == 0)
			return true;
	return false;
}

static void parse_channel(struct system_config *cfg, const void *dtb, const uint32_t *node)
{
	struct channel_config *ch = &cfg->channels[cfg->nr_channels];
	struct config_parser p = { dtb, "", ch->refused, NULL };
	const char *name = fdt_name(node);
	const uint32_t *child;

	if (!config_name_ok(name))
		config_refuse(&p, "name", CONFIG_NAME_RULE, CONFIG_NAME_LEN - 1);
	else if (name_taken(cfg, name))
		config_refuse(&p, "name", "another channel is called the same");
	snprintf(ch->name, sizeof(ch->name), "%s", name);
	config_keys_parse(&p, node, channel_keys, ch);
	fdt_for_each_child(child, node)
		parse_member(&p, child, ch);
}

int config_channels_parse(struct system_config *cfg, const void *dtb)
{
	struct config_parser p = { dtb, "channels", cfg->error, NULL };
	const uint32_t *node, *channels = fdt_child_named(fdt_structure(dtb), "channels");

	if (!channels)
		return 0;
	if (!CONFIG_CHANNELS)
		return config_refuse(&p, "", "left out of this build");
	if (config_keys_parse(&p, channels, config_no_keys, NULL))
		return -EINVAL;
	fdt_for_each_child(node, channels) {
		if (cfg->nr_channels == CONFIG_MAX_CHANNELS)
			return config_refuse(&p, "", "more than %d", CONFIG_MAX_CHANNELS);
		parse_channel(cfg, dtb, node);
		cfg->nr_channels++;
	}
	return 0;
}

/* --- whose they are --------------------------------------------------------- */

static struct vm_config *vm_of(struct system_config *cfg, const char *name)
{
	for (uint32_t i = 0; i < cfg->nr_vms; i++)
		if (strcmp(cfg->vms[i].name, name) == 0)
			return &cfg->vms[i];
	return NULL;
}

static void link_member(struct system_config *cfg, uint32_t idx, uint32_t member)
{
	struct channel_config *ch = &cfg->channels[idx];
	const char *name = ch->members[member].vm_name;
	struct vm_config *vm = name ? vm_of(cfg, name) : NULL;

	if (!name)
		return;
	if (!vm) {
		REFUSE(ch, "member: there is no VM %.40s", name);
		return;
	}
	for (uint32_t i = 0; i < member; i++)
		if (strcmp(ch->members[i].vm_name, name) == 0)
			REFUSE(ch, "member: VM %s is named twice", vm->name);
	if (vm->nr_channels == CONFIG_VM_CHANNELS) {
		config_reason(vm->refused, "channel: it is in more than %d", CONFIG_VM_CHANNELS);
		return;
	}
	vm->channels[vm->nr_channels++] = (struct config_vm_channel){ ch, idx, member };
}

void config_channels_link(struct system_config *cfg)
{
	for (uint32_t i = 0; CONFIG_CHANNELS && i < cfg->nr_channels; i++)
		for (uint32_t m = 0; m < cfg->channels[i].nr_members; m++)
			link_member(cfg, i, m);
}

/* --- checking ------------------------------------------------------------- */

uint64_t config_channels_check(struct system_config *cfg, uint64_t mem_size)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; CONFIG_CHANNELS && i < cfg->nr_channels; i++) {
		struct channel_config *ch = &cfg->channels[i];

		if (!ch->size || !is_aligned(ch->size, PAGE_SIZE) ||
		    ch->size > CONFIG_MAX_CHANNEL_SIZE)
			REFUSE(ch, "size: 0x%llx is not a multiple of 4 KiB up to 1 GiB",
			       (unsigned long long)ch->size);
		if (!ch->nr_members)
			REFUSE(ch, "member: there is none");
		if (!ch->refused[0] && ch->size > mem_size - sum)
			REFUSE(ch, "size: more than the board has left");
		if (!ch->refused[0])
			sum += ch->size;
	}
	return sum;
}

/* --- what a VM may by hypercall --------------------------------------------- */

int config_ivc_parse(const struct config_parser *p, const uint32_t *node, struct vm_config *vm)
{
	if (!CONFIG_CHANNELS)
		return config_refuse(p, "", "left out of this build");
	vm->ivc = (struct config_ivc){
		.present = true, .ipa = CONFIG_ADDR_AUTO, .doorbell = CONFIG_IVC_DOORBELL,
		.spi = CONFIG_IVC_SPI,
	};
	if (config_keys_parse(p, node, ivc_keys, &vm->ivc))
		return -EINVAL;
	if (vm->ivc.ipa == CONFIG_ADDR_AUTO || !vm->ivc.window)
		return config_refuse(p, "", "ipa or window is missing");
	return 0;
}

int config_ivc_check(struct vm_config *vm, uint32_t nr_vms)
{
	const struct config_ivc *c = &vm->ivc;
	uint64_t there = BITS(nr_vms - 1, 0), lost = 0;

	if (!config_has_ivc(vm))
		return 0;
	if (c->read != UINT64_MAX)
		lost |= c->read & ~there;
	if (c->write != UINT64_MAX)
		lost |= c->write & ~there;
	if (lost)
		REFUSE(vm, "ivc: there is no VM %d", __builtin_ctzll(lost));
	else if (!c->publish && !(c->read | c->write))
		REFUSE(vm, "ivc: it may neither publish nor subscribe");
	else if (!c->publish != !c->memory || !is_aligned(c->memory, PAGE_SIZE))
		REFUSE(vm, "ivc/memory: 0x%llx for what it publishes, in multiples of 4 KiB",
		       (unsigned long long)c->memory);
	else if (!is_aligned(c->window, PAGE_SIZE))
		REFUSE(vm, "ivc/window: 0x%llx is not a multiple of 4 KiB",
		       (unsigned long long)c->window);
	return vm->refused[0] ? -EINVAL : 0;
}
