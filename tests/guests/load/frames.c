/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends Ethernet frames of any make, as it is told on its console, and counts what comes.
 *
 *     me=1       who it is: the last but one byte of what it sends, whatever the headers say
 *
 * Numbers are hexadecimal. to and from are the last bytes of 52:54:00:00:00:xx, ff as the
 * receiver is everybody. An answer comes when the device has taken all frames.
 *
 *     plain NR TO FROM            frames of no protocol
 *     tag NR TO FROM VLAN         the same with a tag
 *     arp NR TO FROM SHA SPA TPA  requests; SHA as FROM, SPA and TPA whole IPv4 addresses
 *     ip NR TO FROM SRC           IPv4 from that address
 *     flood TO MS LEN             frames of that length, as many as go in that time, and how
 *                                 many were waiting then
 *     deaf, hear                  looks at what comes no more, or again
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/prompt.h"
#include "lib/virtio.h"

#define RING      64u
#define BUF_SIZE  2048u
#define NET_HDR   12u
#define ETH       14u
#define FRAME     60u
#define MARK      0xc5u                      /* last byte: one of ours                */
#define SENDERS   5u

#define F_NET_MAC (1ul << 5)
#define RINGS     (VF_VERSION_1 | VF_EVENT_IDX | VF_PACKED)

static struct vdev dev;
static struct vring rx, tx;
static uint8_t rx_buf[RING][BUF_SIZE], out[NET_HDR + BUF_SIZE];
static uint8_t at_of[VRING_MAX];
static uint64_t got[SENDERS], arps, tagged, answers;
static uint8_t me;
static bool deaf;

static void on_irq(void)
{
	uint32_t id = gic_ack();

	prompt_irq(id);
	if (id == VIRTIO_INTID(dev.slot))
		vdev_w(&dev, VMMIO_INT_ACK, vdev_r(&dev, VMMIO_INT_STATUS));
	if (id == INTID_VTIMER)
		write_sysreg(cntv_ctl_el0, 0);
	__asm__ volatile("isb" ::: "memory");
	if (id < 1020)
		gic_eoi(id);
}

/* With interrupts masked: until one comes, which is taken. */
static void sleep(void)
{
	wfi();
	irq_enable();
	irq_disable();
}

/* ---- receive ---- */

static bool rx_give(unsigned int i)
{
	struct vseg seg = { rx_buf[i], BUF_SIZE, true };
	uint16_t id = vring_add(&rx, &seg, 1);

	at_of[id & (VRING_MAX - 1)] = (uint8_t)i;
	return id != 0xffff;
}

static void look(const uint8_t *p, uint32_t len)
{
	uint32_t type = (uint32_t)p[12] << 8 | p[13];

	if (p[len - 1] != MARK) {
		answers += type == 0x806 && p[ETH + 7] == 2;
		return;
	}
	got[p[len - 2] % SENDERS]++;
	arps += type == 0x806;
	tagged += type == 0x8100;
}

static void receive(void)
{
	uint16_t id;
	uint32_t len;

	while (vring_used(&rx, &id, &len)) {
		unsigned int i = at_of[id & (VRING_MAX - 1)];

		if (len > NET_HDR + ETH)
			look(rx_buf[i] + NET_HDR, len - NET_HDR);
		rx_give(i);
	}
}

static void report(void)
{
	if (!deaf)
		receive();
	gprintf("frames: stat %lu %lu %lu %lu, %lu arp, %lu tagged, %lu answers\n", got[1], got[2],
		got[3], got[4], arps, tagged, answers);
}

/* ---- send ---- */

static void put16(uint8_t *p, uint64_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint64_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static void put_mac(uint8_t *p, uint64_t last)
{
	static const uint8_t first[6] = { 0x52, 0x54 };

	if (last == 0xff) {
		memset(p, 0xff, 6);
		return;
	}
	memcpy(p, first, 6);
	p[5] = (uint8_t)last;
}

static void fill_plain(uint8_t *p, const char **args)
{
	(void)args;
	put16(p + 12, 0x88b5);
}

static void fill_tag(uint8_t *p, const char **args)
{
	put16(p + 12, 0x8100);
	put16(p + 14, prompt_number(args));
	put16(p + 16, 0x88b5);
}

static void fill_arp(uint8_t *p, const char **args)
{
	static const uint8_t request[] = { 0, 1, 8, 0, 6, 4, 0, 1 };

	put16(p + 12, 0x806);
	p += ETH;
	memcpy(p, request, sizeof(request));
	put_mac(p + 8, prompt_number(args));
	put32(p + 14, prompt_number(args));
	put32(p + 24, prompt_number(args));
}

static void fill_ip(uint8_t *p, const char **args)
{
	put16(p + 12, 0x800);
	p[ETH] = 0x45;
	put32(p + ETH + 12, prompt_number(args));
}

static void make(uint64_t to, uint64_t from, uint32_t len)
{
	uint8_t *p = out + NET_HDR;

	memset(out, 0, sizeof(out));
	put_mac(p, to);
	put_mac(p + 6, from);
	p[len - 2] = me;
	p[len - 1] = MARK;
}

static unsigned int nr_added, nr_used;

/* All of them are the same bytes. */
static void add(uint32_t len)
{
	struct vseg seg = { out, NET_HDR + len, false };

	nr_added += vring_add(&tx, &seg, 1) != 0xffff;
}

static void collect(void)
{
	uint16_t id;
	uint32_t len;

	while (vring_used(&tx, &id, &len))
		nr_used++;
}

/* Something is used, or another interrupt has come. */
static void wait(void)
{
	vring_kick(&tx);
	if (!vring_irq(&tx, true))
		sleep();
	collect();
}

static void drain(void)
{
	while (nr_used < nr_added)
		wait();
}

static void send(uint64_t nr, uint32_t len)
{
	nr_added = nr_used = 0;
	while (nr_added < nr) {
		if (nr_added - nr_used < tx.size)
			add(len);
		else
			wait();
	}
	drain();
}

static void flood(uint64_t to, uint64_t ms, uint32_t len)
{
	uint64_t start = ticks_now(), end = start + ms * ticks_per_ms(), now;
	unsigned int in_time;

	nr_added = nr_used = 0;
	make(to, me, len);
	fill_plain(out + NET_HDR, NULL);
	write_sysreg(cntv_cval_el0, end);
	write_sysreg(cntv_ctl_el0, 1);
	while (ticks_now() < end) {
		while (nr_added - nr_used < tx.size)
			add(len);
		wait();
	}
	collect();
	now = ticks_now();
	in_time = nr_used;
	drain();
	gprintf("frames: flood %u in %lu us, %u later\n", in_time,
		(now - start) * 1000 / ticks_per_ms(), nr_added - in_time);
}

/* ---- words ---- */

static const struct {
	const char *name;
	void (*fill)(uint8_t *p, const char **args);
} kinds[] = {
	{ "plain ", fill_plain }, { "tag ", fill_tag }, { "arp ", fill_arp }, { "ip ", fill_ip },
};

static bool begins(const char **words, const char *with)
{
	size_t n = strlen(with);

	if (strncmp(*words, with, n) != 0)
		return false;
	*words += n;
	return true;
}

static void obey(const char *words)
{
	uint64_t nr, to, from;

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!begins(&words, kinds[i].name))
			continue;
		nr = prompt_number(&words);
		to = prompt_number(&words);
		from = prompt_number(&words);
		make(to, from, FRAME);
		kinds[i].fill(out + NET_HDR, &words);
		send(nr, FRAME);
		gprintf("frames: sent %u\n", nr_used);
	}
	if (begins(&words, "flood ")) {
		to = prompt_number(&words);
		nr = prompt_number(&words);
		flood(to, nr, (uint32_t)prompt_number(&words));
	}
	if (strcmp(words, "deaf") == 0 || strcmp(words, "hear") == 0) {
		deaf = words[0] == 'd';
		gprintf("frames: %s\n", words);
	}
}

static bool start(void)
{
	if (!vdev_find(&dev, 1, 0) || !vdev_start(&dev, RINGS | F_NET_MAC) ||
	    !vring_init(&rx, &dev, 0, RING) || !vring_init(&tx, &dev, 1, RING))
		return false;
	gic_bit_set(GICD_ISENABLER, VIRTIO_INTID(dev.slot));
	gic_bit_set(GICD_ISENABLER, INTID_VTIMER);
	vdev_ok(&dev);
	for (unsigned int i = 0; i < rx.size; i++)
		CHECK(rx_give(i), "no room for a buffer");
	vring_kick(&rx);
	vring_irq(&tx, false);
	return true;
}

static void frames(void)
{
	me = (uint8_t)guest_arg("me", 1);
	gic_init();
	this_cpu()->irq_hook = on_irq;
	if (!start()) {
		CHECK(false, "the device cannot be used");
		return;
	}
	prompt_start("frames", report);
	gprintf("frames: ready\n");
	for (;;) {
		const char *words;

		irq_disable();
		words = prompt_poll();
		if (words[0])
			obey(words);
		else if (vring_irq(&rx, !deaf) && !deaf)
			receive();
		else
			sleep();
		irq_enable();
	}
}

GUEST_CASES(CASE(frames));
