/* SPDX-License-Identifier: Apache-2.0 */
/* A device tree of the user's, completed. Offsets move with every edit: look up again. */
#include "vm/guest_fdt.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>
#include "core/lib/bits.h"

/* A number as cells big-endian cells. False: it does not fit. */
static bool put_cells(fdt32_t **at, uint64_t v, int cells)
{
	if (cells == 1 && v > UINT32_MAX)
		return false;
	if (cells == 2)
		*(*at)++ = cpu_to_fdt32((uint32_t)(v >> 32));
	*(*at)++ = cpu_to_fdt32((uint32_t)v);
	return true;
}

static bool get_cells(const void *prop, int len, int cells, uint64_t *v)
{
	const fdt32_t *c = prop;

	if (len != cells * 4)
		return false;
	*v = 0;
	for (int i = 0; i < cells; i++)
		*v = *v << 32 | fdt32_ld(&c[i]);
	return true;
}

static bool has_device_type(const void *fdt, int node, const char *type)
{
	int len;
	const char *s = fdt_getprop(fdt, node, "device_type", &len);

	return s && (size_t)len == strlen(type) + 1 && memcmp(s, type, (size_t)len) == 0;
}

/* The child of this name, made if it is missing. */
static int child_get(void *fdt, int parent, const char *name)
{
	int node = fdt_subnode_offset(fdt, parent, name);

	return node == -FDT_ERR_NOTFOUND ? fdt_add_subnode(fdt, parent, name) : node;
}

/* Delete a property; that it is not there is no error. */
static int drop(void *fdt, int node, const char *prop)
{
	int err = fdt_delprop(fdt, node, prop);

	return err == -FDT_ERR_NOTFOUND ? 0 : err;
}

/* --- memory -------------------------------------------------------------- */

static int memory_remove(void *fdt)
{
	int node, err = 0;

	do {
		fdt_for_each_subnode(node, fdt, 0)
			if (has_device_type(fdt, node, "memory"))
				break;
		if (node >= 0)
			err = fdt_del_node(fdt, node);
	} while (node >= 0 && !err);
	return err ? err : node == -FDT_ERR_NOTFOUND ? 0 : node;
}

static int memory_add(void *fdt, const struct config_region *r)
{
	int na = fdt_address_cells(fdt, 0), ns = fdt_size_cells(fdt, 0);
	fdt32_t reg[4], *at = reg;
	char name[32];
	int node, err;

	if (na < 1 || na > 2 || ns < 1 || ns > 2)
		return -FDT_ERR_BADNCELLS;
	if (!put_cells(&at, r->ipa.v, na) || !put_cells(&at, r->size, ns))
		return -FDT_ERR_BADVALUE;
	snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)r->ipa.v);
	node = fdt_add_subnode(fdt, 0, name);
	if (node < 0)
		return node;
	err = fdt_setprop_string(fdt, node, "device_type", "memory");
	return err ? err : fdt_setprop(fdt, node, "reg", reg, (int)((char *)at - (char *)reg));
}

static int complete_memory(void *fdt, const struct guest_fdt_desc *d)
{
	int err = memory_remove(fdt);

	/* The last one added comes first. */
	for (uint32_t i = d->cfg->nr_regions; !err && i > 0; i--)
		if (guest_fdt_region_is_ram(&d->cfg->regions[i - 1]))
			err = memory_add(fdt, &d->cfg->regions[i - 1]);
	return err;
}

/* --- cpus ---------------------------------------------------------------- */

/* Which vCPU a cpu node describes; -1: none of ours. */
static int cpu_idx(const struct guest_fdt_desc *d, const void *fdt, int node, int cells)
{
	uint64_t mpidr;
	int len;
	const void *reg = fdt_getprop(fdt, node, "reg", &len);

	if (!reg || !get_cells(reg, len, cells, &mpidr))
		return -1;
	for (uint32_t i = 0; i < d->cfg->nr_vcpus; i++)
		if (d->mpidr(i) == mpidr)
			return (int)i;
	return -1;
}

/* A CPU of the tree that the VM has not, or that comes twice: its offset, or NOTFOUND. */
static int cpu_foreign(const struct guest_fdt_desc *d, const void *fdt, int cpus, int cells,
		       uint64_t *seen)
{
	int node;

	*seen = 0;
	fdt_for_each_subnode(node, fdt, cpus) {
		int idx;

		if (!has_device_type(fdt, node, "cpu"))
			continue;
		idx = cpu_idx(d, fdt, node, cells);
		if (idx < 0 || *seen & BIT(idx))
			return node;
		*seen |= BIT(idx);
	}
	return node;
}

/* A cpu-map points at cpu nodes by phandle; without some of them it would be wrong. */
static int cpu_map_remove(void *fdt)
{
	int map = fdt_path_offset(fdt, "/cpus/cpu-map");

	return map == -FDT_ERR_NOTFOUND ? 0 : map < 0 ? map : fdt_del_node(fdt, map);
}

static int cpu_add(void *fdt, int cpus, int cells, uint64_t mpidr)
{
	fdt32_t reg[2], *at = reg;
	char name[32];
	int node, err;

	if (!put_cells(&at, mpidr, cells))
		return -FDT_ERR_BADVALUE;
	snprintf(name, sizeof(name), "cpu@%llx", (unsigned long long)mpidr);
	node = fdt_add_subnode(fdt, cpus, name);
	if (node < 0)
		return node;
	err = fdt_setprop_string(fdt, node, "device_type", "cpu");
	if (!err)
		err = fdt_setprop_string(fdt, node, "compatible", "arm,armv8");
	return err ? err : fdt_setprop(fdt, node, "reg", reg, (int)((char *)at - (char *)reg));
}

static int cpus_match(void *fdt, const struct guest_fdt_desc *d, int cells)
{
	bool changed = false;
	uint64_t seen = 0;
	int cpus, node, err = 0;

	do {
		cpus = fdt_path_offset(fdt, "/cpus");
		node = cpu_foreign(d, fdt, cpus, cells, &seen);
		if (node >= 0) {
			changed = true;
			err = fdt_del_node(fdt, node);
		}
	} while (node >= 0 && !err);
	if (!err && node != -FDT_ERR_NOTFOUND)
		return node;
	for (uint32_t i = d->cfg->nr_vcpus; !err && i > 0; i--) {
		if (seen & BIT(i - 1))
			continue;
		changed = true;
		err = cpu_add(fdt, cpus, cells, d->mpidr(i - 1));
	}
	return err || !changed ? err : cpu_map_remove(fdt);
}

/* CPUs are turned on by PSCI here, whatever the board in the tree did. */
static int cpus_use_psci(void *fdt)
{
	int cpus = fdt_path_offset(fdt, "/cpus"), node, err = 0;

	fdt_for_each_subnode(node, fdt, cpus) {
		if (!has_device_type(fdt, node, "cpu"))
			continue;
		/* Properties come before subnodes, so 'node' itself stays valid. */
		err = fdt_setprop_string(fdt, node, "enable-method", "psci");
		if (!err)
			err = drop(fdt, node, "cpu-release-addr");
		if (err)
			return err;
	}
	return node == -FDT_ERR_NOTFOUND ? 0 : node;
}

static int complete_cpus(void *fdt, const struct guest_fdt_desc *d)
{
	int cpus = fdt_path_offset(fdt, "/cpus");
	int cells, err = 0;

	if (cpus == -FDT_ERR_NOTFOUND) {
		cpus = fdt_add_subnode(fdt, 0, "cpus");
		if (cpus >= 0)
			err = fdt_setprop_u32(fdt, cpus, "#size-cells", 0);
		if (cpus >= 0 && !err)
			err = fdt_setprop_u32(fdt, cpus, "#address-cells", 2);
	}
	if (cpus < 0 || err)
		return cpus < 0 ? cpus : err;
	cells = fdt_address_cells(fdt, cpus);
	if (cells < 1 || cells > 2)
		return -FDT_ERR_BADNCELLS;
	err = cpus_match(fdt, d, cells);
	return err ? err : cpus_use_psci(fdt);
}

/* Any of the PSCI bindings will do; HVC and SMC both work. */
static int complete_psci(void *fdt)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";
	static const char *const known[] = { "arm,psci-1.0", "arm,psci-0.2", "arm,psci" };
	int node, err;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (fdt_node_offset_by_compatible(fdt, -1, known[i]) >= 0)
			return 0;
	node = child_get(fdt, 0, "psci");
	if (node < 0)
		return node;
	err = fdt_setprop(fdt, node, "compatible", compatible, sizeof(compatible));
	return err ? err : fdt_setprop_string(fdt, node, "method", "hvc");
}

/* --- chosen -------------------------------------------------------------- */

static int chosen_initrd(void *fdt, int chosen, const struct guest_fdt_desc *d)
{
	int err;

	/* What the tree came with is of another machine. */
	if (!d->initrd_size) {
		err = drop(fdt, chosen, "linux,initrd-start");
		return err ? err : drop(fdt, chosen, "linux,initrd-end");
	}
	err = fdt_setprop_u64(fdt, chosen, "linux,initrd-start", d->initrd.v);
	return err ? err : fdt_setprop_u64(fdt, chosen, "linux,initrd-end",
					   d->initrd.v + d->initrd_size);
}

static int complete_chosen(void *fdt, const struct guest_fdt_desc *d)
{
	int chosen = child_get(fdt, 0, "chosen");
	int err = 0;

	if (chosen < 0)
		return chosen;
	if (d->cfg->cmdline[0] != '\0')
		err = fdt_setprop_string(fdt, chosen, "bootargs", d->cfg->cmdline);
	if (!err)
		err = chosen_initrd(fdt, chosen, d);
	if (!err && d->seeded)
		err = fdt_setprop_u64(fdt, chosen, "kaslr-seed", d->kaslr_seed);
	if (!err && d->seeded)
		err = fdt_setprop(fdt, chosen, "rng-seed", d->rng_seed, sizeof(d->rng_seed));
	return err;
}

/*
 * libfdt's editing functions trust the structure they edit. So look at all of
 * it once: every tag inside the block, every name inside the strings, nodes
 * that end where they began.
 */
static bool structure_sound(const void *fdt)
{
	int offset = 0, next = 0, depth = 0, len;
	const char *name;

	for (;;) {
		switch (fdt_next_tag(fdt, offset, &next)) {
		case FDT_BEGIN_NODE:
			depth++;
			break;
		case FDT_END_NODE:
			if (--depth < 0)
				return false;
			break;
		case FDT_PROP:
			if (!fdt_getprop_by_offset(fdt, offset, &name, &len))
				return false;
			break;
		case FDT_NOP:
			break;
		default:         /* the end, or what is none of these */
			return next >= 0 && depth == 0;
		}
		if (next < 0)
			return false;
		offset = next;
	}
}

static bool dtb_sound(const void *dtb, size_t len)
{
	return len >= sizeof(struct fdt_header) && fdt_check_header(dtb) == 0 &&
	       fdt_totalsize(dtb) <= len && fdt_version(dtb) >= 17 &&
	       fdt_num_mem_rsv(dtb) >= 0 && structure_sound(dtb);
}

int guest_fdt_complete(const struct guest_fdt_desc *d, const void *dtb, size_t len,
		       void *buf, size_t size)
{
	int err;

	if (!dtb_sound(dtb, len))
		return -EINVAL;
	err = fdt_open_into(dtb, buf, (int)size);
	if (!err)
		err = complete_memory(buf, d);
	if (!err)
		err = complete_cpus(buf, d);
	if (!err)
		err = complete_psci(buf);
	if (!err)
		err = complete_chosen(buf, d);
	if (!err)
		err = fdt_pack(buf);
	if (err)
		return err == -FDT_ERR_NOSPACE ? -ENOSPC : -EINVAL;
	return (int)fdt_totalsize(buf);
}
