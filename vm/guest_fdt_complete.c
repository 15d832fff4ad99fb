/* SPDX-License-Identifier: Apache-2.0 */
/* What every device tree needs; a user's is completed. Offsets behind an edit move by it. */
#include "vm/guest_fdt_impl.h"

#include <errno.h>
#include <libfdt.h>
#include <string.h>
#include "core/fdt_sound.h"
#include "core/lib/bits.h"

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

static bool lacks(const void *fdt, const char *compatible)
{
	return fdt_node_offset_by_compatible(fdt, -1, compatible) < 0;
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

static void complete_memory(struct fdt_writer *w, const struct vm_config *cfg)
{
	int na = fdt_address_cells(w->fdt, 0), ns = fdt_size_cells(w->fdt, 0);

	if (!w->err)
		w->err = memory_remove(w->fdt);
	if (!w->err && (na < 1 || na > 2 || ns < 1 || ns > 2))
		w->err = -FDT_ERR_BADNCELLS;
	/* The last one added comes first. */
	for (uint32_t i = cfg->nr_regions; !w->err && i > 0; i--) {
		const struct config_region *r = &cfg->regions[i - 1];

		if (!guest_fdt_region_is_ram(r))
			continue;
		fw_node_at(w, "memory", r->ipa.v);
		fw_string(w, "device_type", "memory");
		fw_reg(w, r->ipa.v, na, r->size, ns);
		fw_end(w);
	}
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

/* Those that the VM has not go. Return: how many. */
static int cpus_remove(struct fdt_writer *w, const struct guest_fdt_desc *d, int cells,
		       uint64_t *seen)
{
	int nr, node;

	for (nr = 0; !w->err; nr++) {
		node = cpu_foreign(d, w->fdt, fw_offset(w), cells, seen);
		if (node == -FDT_ERR_NOTFOUND)
			break;
		w->err = node < 0 ? node : fdt_del_node(w->fdt, node);
	}
	return nr;
}

/* Return: how many. */
static int cpus_add(struct fdt_writer *w, const struct guest_fdt_desc *d, int cells, uint64_t seen)
{
	int nr = 0;

	for (uint32_t i = d->cfg->nr_vcpus; !w->err && i > 0; i--) {
		if (seen & BIT(i - 1))
			continue;
		nr++;
		fw_node_at(w, "cpu", d->mpidr(i - 1));
		fw_string(w, "device_type", "cpu");
		fw_string(w, "compatible", "arm,armv8");
		fw_reg(w, d->mpidr(i - 1), cells, 0, 0);
		fw_end(w);
	}
	return nr;
}

/* CPUs are turned on by PSCI here, whatever the board in the tree did. */
static void cpus_use_psci(struct fdt_writer *w)
{
	int node;

	/* Properties come before subnodes, so 'node' itself stays valid. */
	fdt_for_each_subnode(node, w->fdt, fw_offset(w)) {
		if (!has_device_type(w->fdt, node, "cpu"))
			continue;
		w->node[++w->depth] = node;
		fw_string(w, "enable-method", "psci");
		fw_drop(w, "cpu-release-addr");
		w->depth--;
		if (w->err)
			return;
	}
	if (node != -FDT_ERR_NOTFOUND)
		w->err = node;
}

static void complete_cpus(struct fdt_writer *w, const struct guest_fdt_desc *d)
{
	uint64_t seen = 0;
	int cells, map;

	fw_node(w, "cpus");
	if (!w->err && !fdt_getprop(w->fdt, fw_offset(w), "#address-cells", NULL)) {
		fw_u32(w, "#address-cells", 2);
		fw_u32(w, "#size-cells", 0);
	}
	cells = w->err ? 1 : fdt_address_cells(w->fdt, fw_offset(w));
	if (cells < 1 || cells > 2)
		w->err = -FDT_ERR_BADNCELLS;
	/* A cpu-map points at cpu nodes by phandle; without some of them it would be wrong. */
	if (cpus_remove(w, d, cells, &seen) + cpus_add(w, d, cells, seen)) {
		map = w->err ? -1 : fdt_subnode_offset(w->fdt, fw_offset(w), "cpu-map");
		if (map >= 0)
			w->err = fdt_del_node(w->fdt, map);
	}
	if (!w->err)
		cpus_use_psci(w);
	fw_end(w);
}

/* Any of the PSCI bindings will do; HVC and SMC both work. */
static void complete_psci(struct fdt_writer *w)
{
	static const char *const known[] = { "arm,psci-1.0", "arm,psci-0.2", "arm,psci" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!lacks(w->fdt, known[i]))
			return;
	fw_node(w, "psci");
	fw_strings(w, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
	fw_string(w, "method", "hvc");
	fw_u32(w, "cpu_suspend", 0xc4000001);
	fw_u32(w, "cpu_off", 0x84000002);
	fw_u32(w, "cpu_on", 0xc4000003);
	fw_end(w);
}

/* --- chosen -------------------------------------------------------------- */

static void complete_chosen(struct fdt_writer *w, const struct guest_fdt_desc *d)
{
	fw_node(w, "chosen");
	if (d->cfg->cmdline[0] != '\0')
		fw_string(w, "bootargs", d->cfg->cmdline);
	if (d->initrd_size) {
		fw_u64(w, "linux,initrd-start", d->initrd.v);
		fw_u64(w, "linux,initrd-end", d->initrd.v + d->initrd_size);
	} else {
		/* What the tree came with is of another machine. */
		fw_drop(w, "linux,initrd-start");
		fw_drop(w, "linux,initrd-end");
	}
	if (d->seeded) {
		fw_u64(w, "kaslr-seed", d->kaslr_seed);
		fw_bytes(w, "rng-seed", d->rng_seed, sizeof(d->rng_seed));
	}
	fw_end(w);
}

/* --- devices ------------------------------------------------------------- */

/* So that none of ours is the phandle of another node. */
static uint32_t free_phandles(const void *fdt)
{
	uint32_t base = 0;

	for (uint32_t i = 1; i <= GUEST_FDT_PHANDLES; i++)
		if (fdt_node_offset_by_phandle(fdt, base + i) >= 0) {
			base += i;
			i = 0;
		}
	return base;
}

/*
 * What every VM has and a board's tree may lack: the power key, by which a stop is
 * asked for, the watchdog, virtio devices. In a node with cells of its own, as those of the
 * root may be others; interrupts have three cells in all GICv3 trees but few.
 */
static void complete_devices(struct fdt_writer *w, const struct vm_config *cfg)
{
	int gic = fdt_node_offset_by_compatible(w->fdt, -1, "arm,gic-v3");
	uint32_t phandle = gic < 0 ? 0 : fdt_get_phandle(w->fdt, gic);
	int len;
	const fdt32_t *cells = gic < 0 ? NULL :
		fdt_getprop(w->fdt, gic, "#interrupt-cells", &len);

	bool key = cfg->pl061.present && lacks(w->fdt, "arm,pl061");
	bool watchdog = cfg->watchdog.present && lacks(w->fdt, "arm,sbsa-gwdt");
	bool virtio = config_nr_virtio(cfg) && lacks(w->fdt, "virtio,mmio");

	if (!phandle || !cells || len != 4 || fdt32_ld(cells) != 3 ||
	    !(key || watchdog || virtio || config_nr_channels(cfg) || config_pass(cfg)))
		return;
	w->phandles = free_phandles(w->fdt);
	fw_node(w, "corbel");
	fw_string(w, "compatible", "simple-bus");
	fw_u32(w, "#address-cells", 2);
	fw_u32(w, "#size-cells", 2);
	fw_u32(w, "interrupt-parent", phandle);
	fw_empty(w, "ranges");
	if (key)
		guest_fdt_power_key(w, cfg);
	if (watchdog)
		guest_fdt_watchdog(w, cfg);
	guest_fdt_channels(w, cfg);
	guest_fdt_devices(w, cfg);
	if (virtio)
		guest_fdt_virtio(w, cfg);
	fw_end(w);
}

int guest_fdt_finish(struct fdt_writer *w, const struct guest_fdt_desc *d)
{
	int used;

	/* After an error there may be no tree at all. */
	if (!w->err) {
		complete_memory(w, d->cfg);
		complete_cpus(w, d);
		complete_psci(w);
		complete_chosen(w, d);
	}
	used = fw_close(w);
	if (used < 0)
		return used == -FDT_ERR_NOSPACE ? -ENOSPC : -EINVAL;
	return used;
}

int guest_fdt_complete(const struct guest_fdt_desc *d, const void *dtb, size_t len,
		       void *buf, size_t size)
{
	struct fdt_writer w;

	if (!fdt_sound(dtb, len))
		return -EINVAL;
	fw_open(&w, dtb, buf, size);
	if (!w.err)
		complete_devices(&w, d->cfg);
	if (!w.err)
		guest_fdt_reserved(&w, d->cfg, fdt_address_cells(w.fdt, 0),
				   fdt_size_cells(w.fdt, 0));
	return guest_fdt_finish(&w, d);
}
