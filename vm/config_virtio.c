/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/config_virtio.h"

#include <errno.h>
#include <string.h>
#include "core/fdt_sound.h"
#include "core/lib/bits.h"
#include "core/lib/options.h"
#include "vm/config_net.h"

#define REFUSE(vm, ...) (config_reason((vm)->refused, __VA_ARGS__), -EINVAL)
#define SECTOR 512

static const struct config_key disk_keys[] = {
	CONFIG_VIRTIO_KEYS,
	KEY("image",    KEY_STRING, struct config_virtio, disk.image),
	KEY("physical", KEY_STRING, struct config_virtio, disk.physical),
	KEY("partition", KEY_STRING, struct config_virtio, disk.partition),
	KEY("serial",   KEY_STRING, struct config_virtio, disk.serial),
	KEY("size",     KEY_U64,    struct config_virtio, disk.size),
	KEY("limit",    KEY_U64,    struct config_virtio, disk.limit),
	KEY("rate",     KEY_U64,    struct config_virtio, disk.rate),
	KEY("readonly", KEY_BOOL,   struct config_virtio, disk.readonly),
	KEY("keep",     KEY_BOOL,   struct config_virtio, disk.keep),
	KEY_NUM("queues", struct config_virtio, disk.queues, 1, CONFIG_MAX_DISK_QUEUES),
	KEY_NUM("iops",   struct config_virtio, disk.iops, 0, UINT32_MAX),
	KEY_END,
};

static void disk_defaults(struct config_virtio *c)
{
	c->disk.queues = 1;
}

static int disk_check(struct vm_config *vm, const struct config_virtio *c,
		      const struct bundle *bundle)
{
	const struct config_disk *d = &c->disk;
	struct bundle_file f = { NULL, NULL, 0 };

	if (d->partition && !d->physical)
		return REFUSE(vm, "disk/partition: of which physical disk?");
	if (d->physical && (d->image || d->size || d->limit || d->keep))
		return REFUSE(vm, "disk: image, size, limit and keep are not for a physical one");
	if (d->serial && strnlen(d->serial, CONFIG_MAX_SERIAL + 1) > CONFIG_MAX_SERIAL)
		return REFUSE(vm, "disk/serial: longer than %d bytes", CONFIG_MAX_SERIAL);
	if (d->physical)
		return 0;
	if (d->image && (bundle_lookup(bundle, d->image, &f) || !f.size))
		return REFUSE(vm, "disk/image: the bundle has no %.80s, or it is empty", d->image);
	if (!d->image && (!d->size || d->readonly))
		return REFUSE(vm, "disk: without an image it has a size and is not readonly");
	if (d->size % SECTOR || (d->size && d->size < f.size))
		return REFUSE(vm, "disk/size: 0x%llx is less than the image, or no multiple of %d",
			      (unsigned long long)d->size, SECTOR);
	if (d->size > CONFIG_MAX_DISK_SIZE || f.size > CONFIG_MAX_DISK_SIZE)
		return REFUSE(vm, "disk/size: it is too large");
	if (d->readonly && (d->limit || d->keep))
		return REFUSE(vm, "disk: limit and keep are not for a readonly one");
	return 0;
}

uint64_t config_disk_size(const struct config_disk *d, const struct bundle *bundle)
{
	struct bundle_file f;

	if (d->size)
		return d->size;
	return d->image && !bundle_lookup(bundle, d->image, &f) ? align_up(f.size, SECTOR) : 0;
}

static uint64_t disk_memory(const struct config_virtio *c, const struct bundle *bundle)
{
	uint64_t size = config_disk_size(&c->disk, bundle);

	if (c->disk.physical)
		return CONFIG_PHYSICAL_MEMORY;
	if (c->disk.readonly)
		return 0;
	return align_up(c->disk.limit ? MIN(c->disk.limit, size) : size, PAGE_SIZE);
}

/* ---- devices of which a VM has one at most ---- */

static int single_check(struct vm_config *vm, const struct config_virtio *c,
			const struct bundle *bundle)
{
	(void)bundle;
	for (const struct config_virtio *o = vm->virtio; o < c; o++)
		if (o->kind == c->kind)
			return REFUSE(vm, "%s: there can be only one", config_virtio_name(c->kind));
	return 0;
}

static void no_defaults(struct config_virtio *c)
{
	(void)c;
}

static const struct config_key plain_keys[] = {
	CONFIG_VIRTIO_KEYS,
	KEY_END,
};

static const struct config_key balloon_keys[] = {
	CONFIG_VIRTIO_KEYS,
	KEY("size", KEY_U64, struct config_virtio, balloon.size),
	KEY_END,
};

/* What may come into the balloon only when it is touched need not be there before. */
static uint64_t touch_size(const struct vm_config *vm)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < vm->nr_regions; i++)
		if (vm->regions[i].backend == BACKEND_TOUCH)
			sum += vm->regions[i].size;
	return sum;
}

static int balloon_check(struct vm_config *vm, const struct config_virtio *c,
			 const struct bundle *bundle)
{
	if (c->balloon.size % PAGE_SIZE || c->balloon.size > touch_size(vm))
		return REFUSE(vm, "balloon/size: 0x%llx is no multiple of 4 KiB, or more than the "
			      "memory that comes at the first access",
			      (unsigned long long)c->balloon.size);
	return single_check(vm, c, bundle);
}

static const struct config_key vsock_keys[] = {
	CONFIG_VIRTIO_KEYS,
	KEY_NUM("cid", struct config_virtio, vsock.cid, 3, UINT32_MAX - 1),
	KEY("peers", KEY_U64, struct config_virtio, vsock.peers),
	KEY_END,
};

static int vsock_check(struct vm_config *vm, const struct config_virtio *c,
		       const struct bundle *bundle)
{
	if (c->vsock.cid < 3)
		return REFUSE(vm, "vsock/cid: there is none");
	return single_check(vm, c, bundle);
}

static const char *const names[CONFIG_VIRTIO_KINDS] = {
	[CONFIG_VIRTIO_DISK] = "disk",
	[CONFIG_VIRTIO_RNG] = "rng",
	[CONFIG_VIRTIO_BALLOON] = "balloon",
	[CONFIG_VIRTIO_CONSOLE] = "virtio-console",
	[CONFIG_VIRTIO_VSOCK] = "vsock",
	[CONFIG_VIRTIO_NET] = "net",
};

/* memory: NULL: nothing to say. */
static const struct virtio_section {
	const struct config_key *keys;
	void (*defaults)(struct config_virtio *c);
	int (*check)(struct vm_config *vm, const struct config_virtio *c,
		     const struct bundle *bundle);
	uint64_t (*memory)(const struct config_virtio *c, const struct bundle *bundle);
} sections[CONFIG_VIRTIO_KINDS] = {
	[CONFIG_VIRTIO_DISK] = { disk_keys, disk_defaults, disk_check, disk_memory },
	[CONFIG_VIRTIO_RNG] = { plain_keys, no_defaults, single_check, NULL },
	[CONFIG_VIRTIO_BALLOON] = { balloon_keys, no_defaults, balloon_check, NULL },
	[CONFIG_VIRTIO_CONSOLE] = { plain_keys, no_defaults, single_check, NULL },
	[CONFIG_VIRTIO_VSOCK] = { vsock_keys, no_defaults, vsock_check, NULL },
	[CONFIG_VIRTIO_NET] = { config_net_keys, config_net_defaults, config_net_check, NULL },
};

const char *config_virtio_name(enum config_virtio_kind kind)
{
	return names[kind];
}

int config_virtio_kind(const char *node)
{
	for (int i = 0; i < CONFIG_VIRTIO_KINDS; i++)
		if (config_section_is(node, names[i], true))
			return i;
	return -1;
}

int config_virtio_parse(const struct config_parser *p, const uint32_t *node,
			struct system_config *cfg, struct vm_config *vm,
			enum config_virtio_kind kind)
{
	struct config_virtio *c = &cfg->virtio[cfg->nr_virtio];

	if (!CONFIG_VIRTIO)
		return config_refuse(p, "", "left out of this build");
	if (vm->nr_virtio == CONFIG_VIRTIO_SLOTS || cfg->nr_virtio == CONFIG_MAX_VIRTIO)
		return config_refuse(p, "", "more virtio devices than there can be");
	if (fdt_child(node))
		return config_refuse(p, "", "a section inside a section");
	*c = (struct config_virtio){ .kind = kind, .slot = CONFIG_SLOT_AUTO };
	sections[kind].defaults(c);
	cfg->nr_virtio++;
	vm->nr_virtio++;
	return config_keys_parse(p, node, sections[kind].keys, c);
}

int config_virtio_slots(const struct config_parser *p, struct vm_config *vm)
{
	uint32_t used = 0, next = 0;

	for (uint32_t i = 0; i < config_nr_virtio(vm); i++) {
		uint32_t slot = vm->virtio[i].slot;

		if (slot == CONFIG_SLOT_AUTO)
			continue;
		if (used & BIT(slot))
			return config_refuse(p, "slot", "%u is taken twice", (unsigned int)slot);
		used |= (uint32_t)BIT(slot);
	}
	for (uint32_t i = 0; i < config_nr_virtio(vm); i++) {
		if (vm->virtio[i].slot != CONFIG_SLOT_AUTO)
			continue;
		/* As many slots as there are devices at least: one is free. */
		while (used & BIT(next))
			next++;
		used |= (uint32_t)BIT(next);
		vm->virtio[i].slot = next;
	}
	return 0;
}

bool config_virtio_has_spi(const struct vm_config *vm, int spi)
{
	for (uint32_t i = 0; i < config_nr_virtio(vm); i++)
		if (spi >= 0 && (uint32_t)spi == CONFIG_VIRTIO_SPI + vm->virtio[i].slot)
			return true;
	return false;
}

static uint64_t spare_features(const struct config_virtio *c)
{
	return CONFIG_SPARE_FEATURES | (c->kind == CONFIG_VIRTIO_NET ? CONFIG_NET_MERGEABLE : 0);
}

int config_virtio_check(struct vm_config *vm, const struct bundle *bundle)
{
	for (uint32_t i = 0; i < config_nr_virtio(vm); i++) {
		const struct config_virtio *c = &vm->virtio[i];

		if (c->name && !config_name_ok(c->name))
			return REFUSE(vm, "%s/label: " CONFIG_NAME_RULE, names[c->kind],
				      CONFIG_NAME_LEN - 1);
		if (c->without & ~spare_features(c))
			return REFUSE(vm, "%s/without: 0x%llx cannot be left out", names[c->kind],
				      (unsigned long long)(c->without & ~spare_features(c)));
		if (sections[c->kind].check(vm, c, bundle))
			return -EINVAL;
	}
	return 0;
}

uint64_t config_virtio_memory(const struct vm_config *vm, const struct bundle *bundle)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < config_nr_virtio(vm); i++)
		if (sections[vm->virtio[i].kind].memory)
			sum += sections[vm->virtio[i].kind].memory(&vm->virtio[i], bundle);
	return sum;
}

uint64_t config_virtio_lent(const struct vm_config *vm)
{
	for (uint32_t i = 0; i < config_nr_virtio(vm); i++)
		if (vm->virtio[i].kind == CONFIG_VIRTIO_BALLOON)
			return vm->virtio[i].balloon.size;
	return 0;
}
