/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every device tree needs. A user's is copied, all but what is ours to say: nodes of which
 * a part is are written anew, behind the others.
 */
#include "vm/guest_fdt_impl.h"

#include <errno.h>
#include <libfdt.h>
#include <string.h>
#include "core/fdt_sound.h"
#include "core/lib/bits.h"

/* What is at work on a tree. Nodes are the user's, NULL: it has none. */
struct task {
	struct fdt_writer *w;
	const struct guest_fdt_desc *d;
	const uint32_t *root, *cpus, *chosen, *psci, *reserved, *corbel;
	int na, ns;              /* cells of the root                            */
	bool no_psci;            /* nobody tells of it                           */
	uint32_t gic;            /* phandle, if devices are added: else 0        */
	int cpu_cells;
	uint64_t seen;           /* vCPUs that have a node                       */
	bool others;             /* the tree's CPUs are not the VM's             */
};

/* A node: copied but for ours, with what is added to it. */
struct part {
	const char *name;
	const char *const *ours;                 /* properties; NULL ends them   */
	void (*props)(struct task *t, const uint32_t *node);
	/* Whether a subnode has been dealt with, and is not to be copied. */
	bool (*child)(struct task *t, const uint32_t *node);
	void (*nodes)(struct task *t);
};

static const uint32_t *prop_of(const struct task *t, const uint32_t *node, const char *name)
{
	return node ? fdt_prop_find(t->w->from, node, name) : NULL;
}

/* A property of one cell; @none if it is not there, -1 if it is something else. */
static int cell_of(const struct task *t, const uint32_t *node, const char *name, int none)
{
	const uint32_t *prop = prop_of(t, node, name);

	if (!prop)
		return none;
	return fdt_be(prop + 1) == 4 && fdt_be(prop + 3) <= INT32_MAX ? (int)fdt_be(prop + 3) : -1;
}

static bool has_type(const struct task *t, const uint32_t *node, const char *type)
{
	const uint32_t *prop = prop_of(t, node, "device_type");
	size_t len = strlen(type) + 1;

	return prop && fdt_be(prop + 1) == len && memcmp(prop + 3, type, len) == 0;
}

static bool is_one_of(const char *name, const char *const *names)
{
	while (names && *names && strcmp(name, *names) != 0)
		names++;
	return names && *names;
}

static void part_write(struct task *t, const struct part *part, const uint32_t *node)
{
	const uint32_t *at = node ? fdt_prop_next(node) : NULL;

	fw_node(t->w, node ? fdt_name(node) : part->name);
	for (; at; at = fdt_prop_next(at))
		if (!is_one_of(fdt_prop_name(t->w->from, at), part->ours))
			fw_copy(t->w, at, fdt_tag_next(at));
	if (part->props)
		part->props(t, node);
	for (at = node ? fdt_child(node) : NULL; at; at = fdt_sibling(at))
		if (!part->child || !part->child(t, at))
			fw_copy(t->w, at, fdt_node_end(at));
	if (part->nodes)
		part->nodes(t);
	fw_end(t->w);
}

/* --- memory -------------------------------------------------------------- */

static void write_memory(struct task *t)
{
	const struct vm_config *cfg = t->d->cfg;

	if (t->na < 1 || t->na > 2 || t->ns < 1 || t->ns > 2)
		t->w->err = t->w->err ? t->w->err : -EINVAL;
	for (uint32_t i = 0; !t->w->err && i < cfg->nr_regions; i++) {
		const struct config_region *r = &cfg->regions[i];

		if (!guest_fdt_region_is_ram(r))
			continue;
		fw_node_at(t->w, "memory", r->ipa.v);
		fw_string(t->w, "device_type", "memory");
		fw_reg(t->w, r->ipa.v, t->na, r->size, t->ns);
		fw_end(t->w);
	}
}

/* --- cpus ---------------------------------------------------------------- */

/* Which vCPU a cpu node describes; -1: none of ours. */
static int cpu_idx(const struct task *t, const uint32_t *node)
{
	const uint32_t *reg = prop_of(t, node, "reg");
	uint64_t mpidr = 0;

	if (!reg || fdt_be(reg + 1) != (uint32_t)t->cpu_cells * 4)
		return -1;
	for (int i = 0; i < t->cpu_cells; i++)
		mpidr = mpidr << 32 | fdt_be(reg + 3 + i);
	for (uint32_t i = 0; i < t->d->cfg->nr_vcpus; i++)
		if (t->d->mpidr(i) == mpidr)
			return (int)i;
	return -1;
}

/* The first node of a vCPU is kept. */
static bool cpu_kept(struct task *t, const uint32_t *node)
{
	int idx = cpu_idx(t, node);

	if (idx < 0 || t->seen & BIT(idx))
		return false;
	t->seen |= BIT(idx);
	return true;
}

/* CPUs are turned on by PSCI here, whatever the board in the tree did. */
static void cpu_props(struct task *t, const uint32_t *node)
{
	(void)node;
	fw_string(t->w, "enable-method", "psci");
}

static bool cpus_child(struct task *t, const uint32_t *node)
{
	static const char *const ours[] = { "enable-method", "cpu-release-addr", NULL };
	static const struct part cpu = { .ours = ours, .props = cpu_props };

	/* A cpu-map points at cpu nodes by phandle; without some of them it would be wrong. */
	if (!has_type(t, node, "cpu"))
		return t->others && strcmp(fdt_name(node), "cpu-map") == 0;
	if (cpu_kept(t, node))
		part_write(t, &cpu, node);
	return true;
}

static void cpus_props(struct task *t, const uint32_t *node)
{
	bool told = prop_of(t, node, "#address-cells");
	uint64_t all = ~UINT64_C(0) >> (64 - t->d->cfg->nr_vcpus);

	if (!told) {
		fw_u32(t->w, "#address-cells", 2);
		fw_u32(t->w, "#size-cells", 0);
	}
	t->cpu_cells = cell_of(t, node, "#address-cells", 2);
	if (t->cpu_cells < 1 || t->cpu_cells > 2) {
		t->w->err = t->w->err ? t->w->err : -EINVAL;
		t->cpu_cells = 1;
	}
	for (node = node ? fdt_child(node) : NULL; node; node = fdt_sibling(node))
		t->others |= has_type(t, node, "cpu") && !cpu_kept(t, node);
	t->others |= t->seen != all;
	t->seen = 0;
}

static void cpus_nodes(struct task *t)
{
	for (uint32_t i = 0; i < t->d->cfg->nr_vcpus; i++) {
		if (t->seen & BIT(i))
			continue;
		fw_node_at(t->w, "cpu", t->d->mpidr(i));
		fw_string(t->w, "device_type", "cpu");
		fw_string(t->w, "compatible", "arm,armv8");
		fw_reg(t->w, t->d->mpidr(i), t->cpu_cells, 0, 0);
		cpu_props(t, NULL);
		fw_end(t->w);
	}
}

/* --- PSCI, chosen -------------------------------------------------------- */

static void psci_props(struct task *t, const uint32_t *node)
{
	(void)node;
	fw_strings(t->w, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
	fw_string(t->w, "method", "hvc");
	fw_u32(t->w, "cpu_suspend", 0xc4000001);
	fw_u32(t->w, "cpu_off", 0x84000002);
	fw_u32(t->w, "cpu_on", 0xc4000003);
}

static void chosen_props(struct task *t, const uint32_t *node)
{
	const struct guest_fdt_desc *d = t->d;

	(void)node;
	if (d->cfg->cmdline[0] != '\0')
		fw_string(t->w, "bootargs", d->cfg->cmdline);
	if (!t->root)
		guest_fdt_console(t->w, d->cfg, "stdout-path");
	if (d->initrd_size) {
		fw_u64(t->w, "linux,initrd-start", d->initrd.v);
		fw_u64(t->w, "linux,initrd-end", d->initrd.v + d->initrd_size);
	}
	if (d->seeded) {
		fw_u64(t->w, "kaslr-seed", d->kaslr_seed);
		fw_bytes(t->w, "rng-seed", d->rng_seed, sizeof(d->rng_seed));
	}
}

static void write_chosen(struct task *t)
{
	/* An initrd that the tree came with is of another machine. */
	const char *ours[6] = { "linux,initrd-start", "linux,initrd-end" };
	const struct part chosen = { .name = "chosen", .ours = ours, .props = chosen_props };
	int nr = 2;

	if (t->d->cfg->cmdline[0] != '\0')
		ours[nr++] = "bootargs";
	if (t->d->seeded) {
		ours[nr++] = "kaslr-seed";
		ours[nr++] = "rng-seed";
	}
	part_write(t, &chosen, t->chosen);
}

/* --- devices ------------------------------------------------------------- */

static const uint32_t *node_compatible(const void *fdt, const char *compatible)
{
	const uint32_t *tag = fdt_structure(fdt);

	for (; *tag != FDT_TAG(FDT_END); tag = fdt_tag_next(tag))
		if (*tag == FDT_TAG(FDT_BEGIN_NODE) && fdt_is(fdt, tag, compatible))
			return tag;
	return NULL;
}

/* The highest phandle of a tree from first on, to last; or 0. */
static uint32_t highest_phandle(const void *fdt, uint32_t first, uint32_t last)
{
	const uint32_t *tag = fdt_structure(fdt);
	uint32_t highest = 0;

	for (; *tag != FDT_TAG(FDT_END); tag = fdt_tag_next(tag)) {
		uint32_t v;

		if (*tag != FDT_TAG(FDT_PROP) || fdt_be(tag + 1) != 4)
			continue;
		v = fdt_be(tag + 3);
		if (v >= first && v <= last && v > highest &&
		    (strcmp(fdt_prop_name(fdt, tag), "phandle") == 0 ||
		     strcmp(fdt_prop_name(fdt, tag), "linux,phandle") == 0))
			highest = v;
	}
	return highest;
}

/* So that none of ours is the phandle of another node. */
static uint32_t free_phandles(const void *fdt)
{
	uint32_t base = 0, next = highest_phandle(fdt, 1, UINT32_MAX / 2);

	/* What most trees have: nothing behind those. */
	if (next && !highest_phandle(fdt, next + 1, next + GUEST_FDT_PHANDLES))
		return next;
	while ((next = highest_phandle(fdt, base + 1, base + GUEST_FDT_PHANDLES)))
		base = next;
	return base;
}

static bool wants_key(const struct task *t)
{
	return t->d->cfg->pl061.present && !node_compatible(t->w->from, "arm,pl061");
}

static bool wants_watchdog(const struct task *t)
{
	return t->d->cfg->watchdog.present && !node_compatible(t->w->from, "arm,sbsa-gwdt");
}

static bool wants_virtio(const struct task *t)
{
	return config_nr_virtio(t->d->cfg) && !node_compatible(t->w->from, "virtio,mmio");
}

/*
 * What every VM has and a board's tree may lack: the power key, by which a stop is
 * asked for, the watchdog, virtio devices. In a node with cells of its own, as those of the
 * root may be others; interrupts have three cells in all GICv3 trees but few.
 */
static void plan_devices(struct task *t)
{
	const struct vm_config *cfg = t->d->cfg;
	const uint32_t *gic = node_compatible(t->w->from, "arm,gic-v3");
	int phandle = cell_of(t, gic, "phandle", cell_of(t, gic, "linux,phandle", 0));

	if (!gic || phandle <= 0 || cell_of(t, gic, "#interrupt-cells", 0) != 3)
		return;
	if (wants_key(t) || wants_watchdog(t) || wants_virtio(t) || config_nr_channels(cfg) ||
	    config_has_ivc(cfg) || config_pass(cfg)) {
		t->gic = (uint32_t)phandle;
		t->w->phandles = free_phandles(t->w->from);
	}
}

static void devices_props(struct task *t, const uint32_t *node)
{
	(void)node;
	fw_string(t->w, "compatible", "simple-bus");
	fw_u32(t->w, "#address-cells", 2);
	fw_u32(t->w, "#size-cells", 2);
	fw_u32(t->w, "interrupt-parent", t->gic);
	fw_empty(t->w, "ranges");
}

static void devices_nodes(struct task *t)
{
	const struct vm_config *cfg = t->d->cfg;

	if (wants_key(t))
		guest_fdt_power_key(t->w, cfg);
	if (wants_watchdog(t))
		guest_fdt_watchdog(t->w, cfg);
	guest_fdt_channels(t->w, cfg);
	guest_fdt_devices(t->w, cfg);
	if (wants_virtio(t))
		guest_fdt_virtio(t->w, cfg);
}

/* What no driver but the channel's must touch. */
static void reserved_props(struct task *t, const uint32_t *node)
{
	(void)node;
	fw_u32(t->w, "#address-cells", (uint32_t)t->na);
	fw_u32(t->w, "#size-cells", (uint32_t)t->ns);
	fw_empty(t->w, "ranges");
}

static void reserved_nodes(struct task *t)
{
	const struct vm_config *cfg = t->d->cfg;

	for (uint32_t i = 0; i < config_nr_channels(cfg); i++) {
		uint64_t ipa = config_member(cfg, i)->ipa;

		fw_node_at(t->w, "channel", ipa);
		fw_reg(t->w, ipa, t->na, cfg->channels[i].channel->size, t->ns);
		fw_empty(t->w, "no-map");
		fw_end(t->w);
	}
}

/* --- the root ------------------------------------------------------------ */

static void root_nodes(struct task *t)
{
	static const char *const psci_ours[] = { "compatible", "method", "cpu_suspend", "cpu_off",
						 "cpu_on", NULL };
	static const char *const bus_ours[] = { "compatible", "#address-cells", "#size-cells",
						"interrupt-parent", "ranges", NULL };
	static const char *const cells_ours[] = { "#address-cells", "#size-cells", "ranges", NULL };
	static const struct part cpus = { .name = "cpus", .props = cpus_props,
					  .child = cpus_child, .nodes = cpus_nodes };
	static const struct part psci = { "psci", psci_ours, psci_props, NULL, NULL };
	static const struct part devices = { "corbel", bus_ours, devices_props, NULL,
					     devices_nodes };
	static const struct part reserved = { "reserved-memory", cells_ours, reserved_props, NULL,
					      reserved_nodes };

	write_memory(t);
	part_write(t, &cpus, t->cpus);
	if (t->no_psci)
		part_write(t, &psci, t->psci);
	write_chosen(t);
	if (config_nr_channels(t->d->cfg))
		part_write(t, &reserved, t->reserved);
	if (t->gic)
		part_write(t, &devices, t->corbel);
}

/* What is written anew waits for its turn; the user's memory is not the VM's. */
static bool root_child(struct task *t, const uint32_t *node)
{
	const struct {
		const char *name;
		bool anew;
		const uint32_t **node;
	} later[] = {
		{ "cpus", true, &t->cpus }, { "chosen", true, &t->chosen },
		{ "psci", t->no_psci, &t->psci }, { "corbel", t->gic, &t->corbel },
		{ "reserved-memory", config_nr_channels(t->d->cfg), &t->reserved },
	};

	for (size_t i = 0; i < ARRAY_SIZE(later); i++) {
		if (later[i].anew && !*later[i].node &&
		    strcmp(fdt_name(node), later[i].name) == 0) {
			*later[i].node = node;
			return true;
		}
	}
	return has_type(t, node, "memory");
}

void guest_fdt_common(struct fdt_writer *w, const struct guest_fdt_desc *d)
{
	struct task t = { .w = w, .d = d, .na = 2, .ns = 2, .no_psci = true };

	root_nodes(&t);
}

/* Any of the PSCI bindings will do; HVC and SMC both work. */
static bool lacks_psci(const void *fdt)
{
	return !node_compatible(fdt, "arm,psci-1.0") && !node_compatible(fdt, "arm,psci-0.2") &&
	       !node_compatible(fdt, "arm,psci");
}

int guest_fdt_complete(const struct guest_fdt_desc *d, const void *dtb, size_t len,
		       void *buf, size_t size)
{
	static const struct part root = { .name = "", .child = root_child, .nodes = root_nodes };
	struct fdt_writer w;
	struct task t = { .w = &w, .d = d };

	if (!fdt_sound(dtb, len))
		return -EINVAL;
	fw_open(&w, dtb, buf, size);
	t.root = fdt_structure(dtb);
	t.na = cell_of(&t, t.root, "#address-cells", 2);
	t.ns = cell_of(&t, t.root, "#size-cells", 1);
	t.no_psci = lacks_psci(dtb);
	plan_devices(&t);
	part_write(&t, &root, t.root);
	return fw_close(&w);
}
