/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user asked for: one struct for the system, one per VM, read from the
 * compiled configuration (a device tree, the bundle's "system.dtb").
 * docs/configuration.md lists the keys; nothing here is trusted until config_check().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/lib/options.h"
#include "core/lib/types.h"

struct bundle;
struct passthrough;

#define CONFIG_VERSION      1    /* of the packed form                       */
#define CONFIG_MAX_VMS      64
#define CONFIG_MAX_VCPUS    64   /* per VM                                   */
#define CONFIG_MAX_PCPUS    64   /* a set of pCPUs is one 64-bit mask        */
#define CONFIG_MAX_REGIONS  16   /* memory regions per VM                    */
#define CONFIG_NAME_LEN     32   /* with the final NUL                       */
#define CONFIG_CMDLINE_LEN  2048 /* with the final NUL; Linux's own limit    */
#define CONFIG_REASON_LEN   192  /* why something is refused, one sentence   */
#define CONFIG_MAX_POOLS    8    /* with pool 0, "default"                   */
#define CONFIG_MAX_WINDOWS  32   /* per pool                                 */
#define CONFIG_MAX_CHANNELS 16
#define CONFIG_MAX_MEMBERS  8    /* of a channel; mm/frames.h has the same   */
#define CONFIG_VM_CHANNELS  8    /* of a VM                                  */
#define CONFIG_MAX_CHANNEL_SIZE (UINT64_C(1) << 30)
#define CONFIG_MAX_PRIORITY 31   /* highest thread priority a VM may ask for */
#define CONFIG_DEFAULT_PRIORITY 8
#define CONFIG_DEFAULT_SLICE_US 10000
#define CONFIG_MAX_SLICE_US 1000000
#define CONFIG_DEFAULT_WEIGHT 100
#define CONFIG_MAX_WEIGHT   10000
#define CONFIG_MIN_BUDGET_US 10
#define CONFIG_MIN_PERIOD_US 100
#define CONFIG_MAX_FRAME_US 10000000  /* periods too                         */
#define CONFIG_MAX_WAIT_US  3600000000u  /* stop-timeout, restart-backoff    */
#define CONFIG_DEFAULT_STOP_US    10000000
#define CONFIG_DEFAULT_RESTARTS   5
#define CONFIG_MAX_RESTARTS 1000000
#define CONFIG_DEFAULT_BACKOFF_US 100000
#define CONFIG_DEFAULT_LOG_SIZE 0x3000 /* with the console's page: four pages  */
#define CONFIG_MAX_LOG_SIZE 0x100000
#define CONFIG_ESCAPE_KEY   0x1d /* Ctrl-]                                   */
#define CONFIG_MAX_NETWORKS 8
#define CONFIG_MAX_VIRTIO   512   /* virtio devices of all VMs               */
#define CONFIG_ADDR_AUTO    UINT64_MAX  /* an address the loader chooses     */
#define CONFIG_FILE_SYSTEM  "system.dtb"
#define CONFIG_POOL_DEFAULT "default"

/* The guest's machine where the configuration says nothing: QEMU's virt board. */
#define CONFIG_GICD_BASE    UINT64_C(0x08000000)
#define CONFIG_GICD_SIZE    UINT64_C(0x10000)
#define CONFIG_GICR_BASE    UINT64_C(0x080a0000)
#define CONFIG_GICR_STRIDE  UINT64_C(0x20000)     /* per vCPU: RD and SGI frame */
#define CONFIG_PL011_BASE   UINT64_C(0x09000000)
#define CONFIG_PL011_SPI    1
#define CONFIG_PL031_BASE   UINT64_C(0x09010000)
#define CONFIG_PL031_SPI    2
#define CONFIG_PL061_BASE   UINT64_C(0x09030000)
#define CONFIG_PL061_SPI    7
#define CONFIG_STOLEN_BASE  UINT64_C(0x090a0000)
#define CONFIG_MAILBOX_BASE UINT64_C(0x090f0000)
/* virt has no watchdog: addresses and an interrupt that it leaves free. */
#define CONFIG_WDT_REFRESH  UINT64_C(0x090d0000)
#define CONFIG_WDT_CONTROL  UINT64_C(0x090e0000)
#define CONFIG_WDT_SPI      10
#define CONFIG_VIRTIO_BASE  UINT64_C(0x0a000000)  /* slot n: 0x200 * n further    */
#define CONFIG_VIRTIO_SIZE  UINT64_C(0x4000)
#define CONFIG_VIRTIO_SPI   16                    /* slot n: this + n             */
#define CONFIG_VIRTIO_SLOTS 32u
#define CONFIG_SLOT_AUTO    UINT32_MAX            /* the next free one            */
#define CONFIG_DEVICE_SIZE  UINT64_C(0x1000)      /* each of these              */
#define CONFIG_RAM_BASE     UINT64_C(0x40000000)
#define CONFIG_MAX_SPI      988                   /* SPI n is INTID 32 + n < 1020 */

enum config_all_off { ALL_OFF_POWEROFF, ALL_OFF_SHELL };
enum config_action { ACTION_STOP, ACTION_RESTART, ACTION_PAUSE, ACTION_SHUTDOWN_MACHINE };
enum config_image { IMAGE_AUTO, IMAGE_RAW, IMAGE_ARM64, IMAGE_ELF };

enum config_backend {
	BACKEND_EAGER,   /* frames from the allocator when the VM is created */
	BACKEND_TOUCH,   /* frames from the allocator at the first access    */
	BACKEND_LINEAR,  /* fixed frames: pa + (ipa - region.ipa)            */
};

/* How the pCPUs of a pool are shared. */
enum config_policy {
	POLICY_PINNED,     /* a vCPU owns its pCPU                             */
	POLICY_FIFO,       /* priority, then until it waits                    */
	POLICY_RR,         /* priority, then in turn                           */
	POLICY_FAIR,       /* weight, cap, reservation                         */
	POLICY_EDF,        /* budget in each period; without one: what is left */
	POLICY_PARTITION,  /* windows in a major frame                         */
};

#define CONFIG_ACCESS_R  1u
#define CONFIG_ACCESS_W  2u
#define CONFIG_ACCESS_X  4u

/* A range of guest RAM. */
struct config_region {
	ipa_t    ipa;
	uint64_t size;               /* bytes, non-zero multiple of 4 KiB     */
	pa_t     pa;                 /* BACKEND_LINEAR only, else 0           */
	enum config_backend backend;
	uint32_t access;             /* CONFIG_ACCESS_*; R is always there    */
};

/* A file of the bundle and where it goes. file NULL: none. */
struct config_file {
	const char *file;            /* name in the bundle                    */
	uint64_t    load;            /* IPA, or CONFIG_ADDR_AUTO              */
};

/* An emulated device of the guest's machine. */
struct config_device {
	bool     present;
	uint64_t base;               /* IPA, 4 KiB aligned                    */
	uint32_t spi;                /* SPI number: INTID - 32                */
};
#define CONFIG_NO_SPI UINT32_MAX

/* The SBSA generic watchdog: two frames. */
struct config_watchdog {
	bool     present;
	uint64_t refresh;            /* IPA, 4 KiB aligned                    */
	uint64_t control;            /* IPA, 4 KiB aligned                    */
	uint32_t spi;
};

/* Kinds of virtio devices; each has a section of its name. */
enum config_virtio_kind {
	CONFIG_VIRTIO_DISK, CONFIG_VIRTIO_RNG, CONFIG_VIRTIO_BALLOON, CONFIG_VIRTIO_CONSOLE,
	CONFIG_VIRTIO_VSOCK, CONFIG_VIRTIO_NET, CONFIG_VIRTIO_KINDS,
};

struct config_disk {
	const char *image;           /* file of the bundle; NULL: zeroes      */
	const char *physical;        /* a disk of the board instead; or NULL  */
	const char *partition;       /* of it; NULL: all                      */
	const char *serial;          /* or NULL: the name                     */
	uint64_t size;               /* bytes; 0: the image's                 */
	uint64_t limit;              /* bytes of memory for what is written; 0: size */
	bool     readonly;
	uint32_t queues;             /* 1 .. CONFIG_MAX_DISK_QUEUES           */
	uint32_t iops;               /* requests a second at most; 0: no limit */
	uint64_t rate;               /* bytes a second at most; 0: no limit   */
	bool     keep;               /* what was written survives a reset     */
};
#define CONFIG_MAX_DISK_QUEUES 8
#define CONFIG_MAX_DISK_SIZE   (UINT64_C(1) << 40)   /* bytes                 */
#define CONFIG_PHYSICAL_MEMORY UINT64_C(0x140000)    /* for requests under way */
#define CONFIG_MAX_SERIAL      20    /* bytes, VirtIO 1.2, 5.2.6              */

struct config_balloon {
	uint64_t size;               /* bytes that it begins with             */
};

struct config_vsock {
	uint32_t cid;                /* 3 or more; no other VM's              */
	uint64_t peers;              /* VMs it may connect to; bit n: VM n    */
};

/* What a VM may publish and subscribe to by hypercall: vm/ivc.h. */
struct config_ivc {
	bool     present;
	uint32_t publish;            /* regions at a time; 0: none            */
	uint64_t memory;             /* bytes of them together                */
	uint64_t read, write;        /* VMs whose regions it may have; bit n: VM n */
	uint64_t ipa, window;        /* where they are mapped, and so many bytes */
	uint64_t doorbell;           /* IPA of CONFIG_IVC_SLOTS pages         */
	uint32_t spi;                /* the first of so many                  */
};
#define CONFIG_IVC_SLOTS    8u       /* regions that a VM has at a time, of whomever */
#define CONFIG_IVC_DOORBELL UINT64_C(0x0b010000)
#define CONFIG_IVC_SPI      120

/* Some small numbers. */
struct config_numbers {
	uint32_t nr;
	uint16_t v[16];
};

/* A network: a switch in EL2. */
struct config_network {
	char     name[CONFIG_NAME_LEN];
	uint32_t vlan;               /* of ports that do not say; 0: none      */
	uint32_t isolated;           /* likewise: 1: they reach the uplink only */
	uint32_t uplink;             /* the board's interface, or CONFIG_NO_UPLINK */
	uint64_t capture;            /* bytes of the ring of captured frames   */
};
#define CONFIG_NO_UPLINK  UINT32_MAX
#define CONFIG_MAX_UPLINK 7

/* An interface of a VM in a network. */
struct config_net {
	const char *network_name;
	uint32_t network;            /* index in system_config.networks       */
	uint32_t nr;                 /* which of its VM's, from 0             */
	uint64_t mac;                /* as people write it: first byte high   */
	uint32_t queues;             /* pairs                                 */
	uint32_t queue_size, mtu;
	uint64_t rate, burst;        /* bytes a second, bytes; 0: no limit    */
	uint32_t packet_rate;        /* frames a second; 0: no limit          */
	bool     check_mac, check_arp, check_ipv4;
	bool     mirror;
	uint32_t ipv4;               /* 0: none                               */
	uint32_t vlan, isolated;
	struct config_numbers trunk;
};
#define CONFIG_MAX_NET_QUEUES 8

/* A virtio device. */
struct config_virtio {
	enum config_virtio_kind kind;
	uint32_t slot;               /* below CONFIG_VIRTIO_SLOTS             */
	const char *name;            /* or NULL                               */
	uint64_t without;            /* features that it does not offer       */
	union {
		struct config_disk disk;
		struct config_balloon balloon;
		struct config_vsock vsock;
		struct config_net net;
	};
};

/* When a VM of a partition pool runs, in each major frame, on all pCPUs of the pool. */
struct pool_window {
	uint32_t vm;                 /* index in system_config.vms            */
	uint32_t start_us;           /* in the frame                          */
	uint32_t duration_us;        /* not 0                                 */
	const char *vm_name;         /* points into the packed configuration  */
};

/* A set of pCPUs and how they are shared. */
struct pool_config {
	char     name[CONFIG_NAME_LEN];
	uint64_t cpus;               /* not 0, but for pool 0; in one pool only */
	enum config_policy policy;
	uint32_t major_frame_us;     /* POLICY_PARTITION only, else 0         */
	uint32_t nr_windows;         /* likewise                              */
	struct pool_window windows[CONFIG_MAX_WINDOWS];  /* by start, apart   */

	/* Empty: accepted. Else no such pool is made, its VMs are refused too. */
	char     refused[CONFIG_REASON_LEN];
};

/* What a device that may do DMA may do to others' memory. */
enum config_dma { DMA_REFUSED, DMA_UNPROTECTED };

/* Through list registers, or by themselves where nothing stands against it. */
enum config_interrupts { INTERRUPTS_VIRTUAL, INTERRUPTS_DIRECT };

/* Strings one behind the other, each with its NUL; len: of all. */
struct config_list {
	const char *first;
	uint32_t len;
};

enum config_rights { CHANNEL_RO, CHANNEL_RW };

/* A VM's part in a channel. */
struct channel_member {
	const char *vm_name;         /* points into the packed configuration  */
	enum config_rights rights;
	uint64_t ipa;                /* of the shared memory, 4 KiB aligned   */
	uint64_t doorbell;           /* IPA of its registers, likewise        */
	uint32_t spi;                /* raised when it is rung for            */
};

/* Memory that its members share, and a doorbell for each of them. */
struct channel_config {
	char     name[CONFIG_NAME_LEN];
	uint64_t size;               /* bytes, non-zero multiple of 4 KiB     */
	uint32_t nr_members;
	struct channel_member members[CONFIG_MAX_MEMBERS];

	/* Empty: accepted. Else there is none, its members are refused too. */
	char     refused[CONFIG_REASON_LEN];
};

struct config_vm_channel {
	const struct channel_config *channel;
	uint32_t idx;                /* in system_config.channels             */
	uint32_t member;             /* in channel->members                   */
};

/*
 * One VM. Strings point into the packed configuration, which must stay mapped
 * as long as this is used.
 */
struct vm_config {
	char     name[CONFIG_NAME_LEN];
	uint32_t id;                         /* unique; what the user counts by   */
	uint32_t nr_vcpus;                   /* 1 .. CONFIG_MAX_VCPUS             */
	const char *pool_name;               /* never NULL                        */
	uint32_t pool;                       /* index in system_config.pools      */
	/* pCPUs of each vCPU, in its pool; 0: all of them. Under pinned and edf
	 * config_check() leaves one for each, which the sums hold for. */
	uint64_t cpus[CONFIG_MAX_VCPUS];
	/* 1 + the pCPU where a vCPU with a reservation must begin for the sums to
	 * hold; 0: where there is most room. */
	uint8_t  home[CONFIG_MAX_VCPUS];

	uint32_t nr_regions;
	struct config_region regions[CONFIG_MAX_REGIONS];  /* sorted by ipa       */

	struct config_file kernel;
	enum config_image  kernel_type;
	uint64_t kernel_entry;               /* IPA, or CONFIG_ADDR_AUTO          */
	struct config_file initrd;
	struct config_file dtb;              /* file NULL: generate one           */
	const char *cmdline;                 /* never NULL; "" when not given     */

	uint64_t gicd_base;                  /* IPA, 64 KiB aligned               */
	uint64_t gicr_base;                  /* IPA, 64 KiB aligned; nr_vcpus frames */
	struct config_device pl011;          /* the console                       */
	struct config_device pl031;          /* the real-time clock               */
	struct config_device pl061;          /* GPIO with the power key           */
	struct config_watchdog watchdog;
	struct config_device stolen;         /* page that tells stolen time; spi: none */
	/* Bit n: VM n, in the order of the configuration. All ones: all. */
	uint64_t manage_list;                /* whom it may see by hypercall      */
	uint64_t manage_control;             /* and whom see and change           */
	struct config_device mailbox;        /* the same calls by a page; spi: none */
	struct config_list devices;          /* paths in the board's tree         */
	enum config_dma dma;
	enum config_interrupts interrupts;
	const struct passthrough *pass;      /* those found, vm/passthrough.h; or NULL */
	uint32_t nr_channels;
	struct config_vm_channel channels[CONFIG_VM_CHANNELS];
	struct config_ivc ivc;
	struct config_virtio *virtio;        /* of system_config.virtio; by slot  */
	uint32_t nr_virtio;

	bool     autostart;
	enum config_action on_crash;
	enum config_action on_reboot;
	enum config_action on_watchdog;
	/* After a crash or a bite of the watchdog, where the action is restart. */
	uint32_t restart_limit;              /* restarts, then it stays off; 0: no limit */
	uint32_t restart_backoff_us;         /* before the first; then twice as long, ... */
	uint32_t stop_timeout_us;            /* from the power key to a forced stop; 0
						without a power key               */
	uint32_t log_size;                   /* bytes of what it printed that are kept */

	/* Each policy reads its own; defaults where the VM cannot give them. */
	uint32_t priority;                   /* fifo, rr, partition: 1 ..
						CONFIG_MAX_PRIORITY, high wins    */
	uint32_t slice_us;                   /* rr, fair, partition, edf without budget;
						0: runs until it waits            */
	uint32_t weight;                     /* fair: 1 .. CONFIG_MAX_WEIGHT      */
	uint32_t cap;                        /* fair: at most so many percent of a pCPU
						for each vCPU; 0: no cap          */
	uint32_t reservation;                /* fair: at least so many percent    */
	uint32_t budget_us;                  /* edf: of each period; 0: what is left */
	uint32_t period_us;

	/* Empty: accepted. Else the sentence to show; the VM must not be created. */
	char     refused[CONFIG_REASON_LEN];
};

struct system_config {
	enum config_all_off when_all_off;
	uint32_t escape_key;                 /* console control byte, 0x1d: Ctrl-] */
	uint32_t housekeeping;               /* pCPU of shell and keepers; in no pinned
						or partition pool                 */
	bool     scrub_at_boot;              /* what was free since reset is zero too */
	uint32_t nr_pools;                   /* at least 1                        */
	/* Pool 0 is "default", policy rr: config_check() gives it the pCPUs that are
	 * in no other; it may have none, and then no VM. */
	struct pool_config pools[CONFIG_MAX_POOLS];
	uint32_t nr_channels;
	struct channel_config channels[CONFIG_MAX_CHANNELS];
	uint32_t nr_vms;
	struct vm_config vms[CONFIG_MAX_VMS];
	uint32_t nr_networks;
	struct config_network networks[CONFIG_MAX_NETWORKS];
	uint32_t nr_virtio;
	struct config_virtio virtio[CONFIG_MAX_VIRTIO];

	char     error[CONFIG_REASON_LEN];   /* why all of it is refused, or empty */
};

/* A named range of physical addresses: "hypervisor", "bundle", "UART", ... */
struct config_range {
	const char *name;
	uint64_t base;
	uint64_t size;
};

/* What the board has to give. All pointers belong to the caller. */
struct board_limits {
	uint64_t cpus;                       /* bit n: pCPU n is there            */
	uint64_t mem_size;                   /* bytes the allocator can give to VMs */
	uint32_t ipa_bits;                   /* width of stage-2 input addresses  */
	const struct config_range *ram;      /* where BACKEND_LINEAR may point    */
	uint32_t nr_ram;
	const struct config_range *taken;    /* where it must not                 */
	uint32_t nr_taken;
	const char *no_direct;               /* why no VM has the CPU interface; NULL: one may */
};

/* Also where channels are left out of the build: then none. */
static inline uint32_t config_nr_channels(const struct vm_config *vm)
{
	return CONFIG_CHANNELS ? vm->nr_channels : 0;
}

/* Likewise what it may publish and subscribe to. */
static inline bool config_has_ivc(const struct vm_config *vm)
{
	return CONFIG_CHANNELS && vm->ivc.present;
}

/* Likewise its virtio devices. */
static inline uint32_t config_nr_virtio(const struct vm_config *vm)
{
	return CONFIG_VIRTIO ? vm->nr_virtio : 0;
}

/* Likewise what it has of the board, or NULL. */
static inline const struct passthrough *config_pass(const struct vm_config *vm)
{
	return CONFIG_PASSTHROUGH ? vm->pass : NULL;
}

/* Likewise, whether its interrupts come without exits. */
static inline bool config_is_direct(const struct vm_config *vm)
{
	return CONFIG_DIRECT && vm->interrupts == INTERRUPTS_DIRECT;
}

/* A VM's part in the n-th of its channels. */
static inline const struct channel_member *config_member(const struct vm_config *vm, uint32_t n)
{
	return &vm->channels[n].channel->members[vm->channels[n].member];
}

/* "disk", ... */
const char *config_virtio_name(enum config_virtio_kind kind);

/* "pinned", "fifo", ... */
const char *config_policy_name(enum config_policy policy);

/**
 * config_tune() - change one of the keys that a policy reads
 * @vm:    whose; nothing but the value's range is checked
 * @name:  "weight", "slice", ... as in a VM's configuration; @len bytes
 * @value: times in microseconds
 *
 * Return: 0; -ENOENT no such key; -ENOTSUP @policy does not read it; -ERANGE.
 */
int config_tune(struct vm_config *vm, enum config_policy policy, const char *name, size_t len,
		uint64_t value);

/**
 * config_parse() - read the packed configuration
 * @cfg:  zero, filled in; about 190 KiB, so never on a stack
 * @dtb:  the bytes of system.dtb, 8-byte aligned, not trusted
 * @size: how many there are
 *
 * Whatever @dtb holds, nothing outside [dtb, dtb + size) is read. A VM whose
 * description cannot be understood is kept with vms[i].refused set; it does
 * not stop the others. cfg keeps pointers into @dtb.
 *
 * Return: 0; -EINVAL with cfg->error set: not one VM of it can be used.
 */
int config_parse(struct system_config *cfg, const void *dtb, size_t size);

/**
 * config_check() - does what was read make sense, here?
 * @cfg:    as filled in by config_parse(); refusals are added
 * @board:  what there is
 * @bundle: where the files must be
 *
 * Pure: creates nothing and prints nothing. VMs are judged in order, so of two
 * that cannot both be, the later one is refused. A refused VM uses nothing up.
 *
 * Return: how many VMs are accepted; -EINVAL with cfg->error set when there is none.
 */
int config_check(struct system_config *cfg, const struct board_limits *board,
		 const struct bundle *bundle);
