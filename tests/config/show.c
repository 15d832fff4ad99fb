/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what the hypervisor understands of a bundle, one field a line, for
 * comparison with what the compiler meant. usage: show BUNDLE
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/bundle.h"
#include "vm/config.h"

static struct system_config cfg;

static void show_num(const char *vm, const char *key, uint64_t v)
{
	printf("%s.%s=0x%" PRIx64 "\n", vm, key, v);
}

static void show_file(const char *vm, const char *what, const struct config_file *f)
{
	printf("%s.%s.file=%s\n", vm, what, f->file ? f->file : "");
	printf("%s.%s.load=0x%" PRIx64 "\n", vm, what, f->load);
}

static void show_device(const char *vm, const char *what, const struct config_device *d)
{
	printf("%s.%s=%d 0x%" PRIx64 " %" PRIu32 "\n", vm, what, d->present, d->base, d->spi);
}

static const char *text(const char *s)
{
	return s ? s : "";
}

static void show_net(const struct config_net *n)
{
	printf(" %s 0x%" PRIx64 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64
	       " %" PRIu32 " %d %d %d %" PRIu32 " %" PRIu32 " %" PRIu32 " %d",
	       text(n->network_name), n->mac, n->queues, n->queue_size, n->mtu, n->rate, n->burst,
	       n->packet_rate, n->check_mac, n->check_arp, n->check_ipv4, n->ipv4, n->vlan,
	       n->isolated, n->mirror);
	for (uint32_t i = 0; i < n->trunk.nr; i++)
		printf(" %d", n->trunk.v[i]);
}

static void show_virtio(const char *vm, const struct config_virtio *c)
{
	printf("%s.%s=%" PRIu32 " %s 0x%" PRIx64, vm, config_virtio_name(c->kind), c->slot,
	       text(c->name), c->without);
	if (c->kind == CONFIG_VIRTIO_DISK)
		printf(" %s %s 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " %d %d %" PRIu32
		       " %" PRIu32 " %s %s", text(c->disk.image), text(c->disk.serial),
		       c->disk.size,
		       c->disk.limit, c->disk.rate, c->disk.readonly, c->disk.keep,
		       c->disk.queues, c->disk.iops, text(c->disk.physical),
		       text(c->disk.partition));
	if (c->kind == CONFIG_VIRTIO_BALLOON)
		printf(" 0x%" PRIx64, c->balloon.size);
	if (c->kind == CONFIG_VIRTIO_VSOCK)
		printf(" %" PRIu32 " 0x%" PRIx64, c->vsock.cid, c->vsock.peers);
	if (c->kind == CONFIG_VIRTIO_NET)
		show_net(&c->net);
	printf("\n");
}

static void show_vm(const struct vm_config *vm)
{
	const char *n = vm->name;

	show_num(n, "id", vm->id);
	show_num(n, "vcpus", vm->nr_vcpus);
	for (uint32_t i = 0; i < vm->nr_vcpus; i++)
		printf("%s.cpus[%" PRIu32 "]=0x%" PRIx64 "\n", n, i, vm->cpus[i]);
	for (uint32_t i = 0; i < vm->nr_regions; i++) {
		const struct config_region *r = &vm->regions[i];

		printf("%s.memory=0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " %d %" PRIu32 "\n",
		       n, r->ipa.v, r->size, r->pa.v, (int)r->backend, r->access);
	}
	show_file(n, "kernel", &vm->kernel);
	show_num(n, "kernel.type", vm->kernel_type);
	show_num(n, "kernel.entry", vm->kernel_entry);
	show_file(n, "initrd", &vm->initrd);
	show_file(n, "dtb", &vm->dtb);
	printf("%s.cmdline=%s\n", n, vm->cmdline);
	show_num(n, "gicd", vm->gicd_base);
	show_num(n, "gicr", vm->gicr_base);
	show_device(n, "console", &vm->pl011);
	show_device(n, "rtc", &vm->pl031);
	show_device(n, "power_key", &vm->pl061);
	printf("%s.watchdog=%d 0x%" PRIx64 " 0x%" PRIx64 " %" PRIu32 "\n", n,
	       vm->watchdog.present, vm->watchdog.refresh, vm->watchdog.control, vm->watchdog.spi);
	printf("%s.stolen_time=%d 0x%" PRIx64 "\n", n, vm->stolen.present, vm->stolen.base);
	show_num(n, "manage.list", vm->manage_list);
	show_num(n, "manage.control", vm->manage_control);
	show_num(n, "console_log", vm->log_size);
	printf("%s.devices=", n);
	for (uint32_t at = 0; at < vm->devices.len; at += strlen(vm->devices.first + at) + 1)
		printf(at ? " %s" : "%s", vm->devices.first + at);
	printf("\n");
	show_num(n, "dma", vm->dma);
	show_num(n, "interrupts", vm->interrupts);
	printf("%s.mailbox=%d 0x%" PRIx64 "\n", n, vm->mailbox.present, vm->mailbox.base);
	if (vm->ivc.present)
		printf("%s.ivc=0x%" PRIx32 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64
		       " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx32 "\n", n, vm->ivc.publish,
		       vm->ivc.memory, vm->ivc.read, vm->ivc.write, vm->ivc.ipa, vm->ivc.window,
		       vm->ivc.doorbell, vm->ivc.spi);
	show_num(n, "autostart", vm->autostart);
	show_num(n, "on_crash", vm->on_crash);
	show_num(n, "on_reboot", vm->on_reboot);
	show_num(n, "on_watchdog", vm->on_watchdog);
	show_num(n, "restart_limit", vm->restart_limit);
	show_num(n, "restart_backoff", vm->restart_backoff_us);
	show_num(n, "stop_timeout", vm->stop_timeout_us);
	printf("%s.pool=%s %" PRIu32 "\n", n, vm->pool_name, vm->pool);
	show_num(n, "priority", vm->priority);
	show_num(n, "slice", vm->slice_us);
	show_num(n, "weight", vm->weight);
	show_num(n, "cap", vm->cap);
	show_num(n, "reservation", vm->reservation);
	show_num(n, "budget", vm->budget_us);
	show_num(n, "period", vm->period_us);
	for (uint32_t i = 0; i < vm->nr_virtio; i++)
		show_virtio(n, &vm->virtio[i]);
	printf("%s.refused=%s\n", n, vm->refused);
}

static void show_pool(const struct pool_config *p)
{
	printf("pool.%s=%s 0x%" PRIx64 " %" PRIu32 " %s\n", p->name,
	       config_policy_name(p->policy), p->cpus, p->major_frame_us, p->refused);
	for (uint32_t i = 0; i < p->nr_windows; i++)
		printf("pool.%s.window=%s %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", p->name,
		       p->windows[i].vm_name, p->windows[i].vm, p->windows[i].start_us,
		       p->windows[i].duration_us);
}

static void show_channel(const struct channel_config *ch)
{
	printf("channel.%s=0x%" PRIx64 " %s\n", ch->name, ch->size, ch->refused);
	for (uint32_t i = 0; i < ch->nr_members; i++) {
		const struct channel_member *m = &ch->members[i];

		printf("channel.%s.member=%s %d 0x%" PRIx64 " 0x%" PRIx64 " %" PRIu32 "\n",
		       ch->name, m->vm_name, (int)m->rights, m->ipa, m->doorbell, m->spi);
	}
}

/* The whole file, 16-byte aligned as malloc() does. */
static void *slurp(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	void *data;

	if (!f || fseek(f, 0, SEEK_END) != 0)
		return NULL;
	*size = (size_t)ftell(f);
	rewind(f);
	data = malloc(*size + 1);
	if (data && fread(data, 1, *size, f) != *size)
		data = NULL;
	fclose(f);
	return data;
}

int main(int argc, char **argv)
{
	static const struct config_range ram[] = { { "RAM", 0, UINT64_C(1) << 40 } };
	static const struct board_limits board = { .cpus = ~UINT64_C(0), .mem_size = 1ull << 40,
						   .ipa_bits = 40, .ram = ram, .nr_ram = 1 };
	struct bundle bundle;
	struct bundle_file dtb;
	size_t size = 0;
	void *data = argc == 2 ? slurp(argv[1], &size) : NULL;

	if (!data || bundle_open(&bundle, data, size) ||
	    bundle_lookup(&bundle, CONFIG_FILE_SYSTEM, &dtb))
		return 2;
	if (config_parse(&cfg, dtb.data, dtb.size) || config_check(&cfg, &board, &bundle) < 0) {
		printf("error=%s\n", cfg.error);
		return 1;
	}
	printf("when_all_off=%d\nescape_key=0x%" PRIx32 "\nhousekeeping=%" PRIu32
	       "\nscrub_at_boot=%d\n", (int)cfg.when_all_off, cfg.escape_key, cfg.housekeeping,
	       cfg.scrub_at_boot);
	for (uint32_t i = 0; i < cfg.nr_pools; i++)
		show_pool(&cfg.pools[i]);
	for (uint32_t i = 0; i < cfg.nr_networks; i++)
		printf("network.%s=%" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu64 "\n",
		       cfg.networks[i].name, cfg.networks[i].vlan, cfg.networks[i].isolated,
		       cfg.networks[i].uplink, cfg.networks[i].capture);
	for (uint32_t i = 0; i < cfg.nr_channels; i++)
		show_channel(&cfg.channels[i]);
	for (uint32_t i = 0; i < cfg.nr_vms; i++)
		show_vm(&cfg.vms[i]);
	return 0;
}
