/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exits, interrupts and switches cost. Under -icount shift=0 one instruction is one
 * nanosecond of the counter, so the figures are instructions, the hypervisor's and both CPUs'
 * included, and repeat exactly. Nothing is taken off: what the loops themselves cost is what they
 * cost on the bare machine.
 *
 * Prints "bench NAME TICKS ROUNDS" for each row, and runs HINT #120 where its counting
 * begins and ends, for count.c. "mode=" on the command line chooses: see modes[].
 */
#include "lib/channel.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/smccc.h"
#include "lib/uart.h"
#include "lib/virtio.h"

#define ROUNDS 512ul

#define MARK() __asm__ volatile("hint #120" ::: "memory")

static uint64_t begun;

/* What was printed last is out, and everybody who has to do with it asleep. */
static void settle(void)
{
	delay_ms(2);
}

static inline void begin(void)
{
	MARK();
	begun = ticks_now();
}

static void report(const char *name, uint64_t ticks, uint64_t rounds)
{
	gprintf("bench %s %lu %lu\n", name, ticks, rounds);
}

static inline void end(const char *name)
{
	uint64_t ticks = ticks_now() - begun;

	MARK();
	report(name, ticks, ROUNDS);
}

/*
 * A row of one CPU that takes no interrupt: so many instructions and, around them, two for
 * the loop. In insns %1 is an operand. What is lazy is done once before.
 */
#define LOOP_(insns, operand, rounds)                                                   \
	do {                                                                            \
		uint64_t n_ = (rounds);                                                 \
		__asm__ volatile("1: " insns "\n subs %0, %0, #1\n b.ne 1b"             \
				 : "+r"(n_) : "r"(operand)                              \
				 : "x0", "x1", "x2", "x3", "cc", "memory");             \
	} while (0)
#define LOOP(name, insns, operand)                                                      \
	do {                                                                            \
		settle();                                                               \
		LOOP_(insns, operand, 2);                                               \
		begin();                                                                \
		LOOP_(insns, operand, ROUNDS);                                          \
		end(name);                                                              \
	} while (0)

static void calls(void)
{
	LOOP("hvc_psci_version", "mov w0, %w1\n hvc #0", PSCI_VERSION);
	if (smc_available())
		LOOP("smc_psci_version", "mov w0, %w1\n smc #0", PSCI_VERSION);
	LOOP("smccc_version", "mov w0, %w1\n hvc #0", SMCCC_VERSION);
	LOOP("unknown_call", "mov w0, %w1\n hvc #0", 0x8400ffffu);
}

static void devices(void)
{
	LOOP("gicd_typer_read", "ldr w0, [%1]", GICD(GICD_TYPER));
	LOOP("gicd_iidr_read", "ldr w0, [%1]", GICD(GICD_IIDR));
	LOOP("gicr_typer_read", "ldr x0, [%1]", gic_redist() + GICR_TYPER);
	LOOP("gicd_ipriorityr_read", "ldr w0, [%1]", GICD(GICD_IPRIORITYR) + 40);
	LOOP("gicd_isenabler_write", "str wzr, [%1]", GICD(GICD_ISENABLER) + 4);
	LOOP("gicd_isenabler_24", "mov w0, #0xffffff00\n str w0, [%1]\n str w0, [%1, #0x80]",
	     GICD(GICD_ISENABLER) + 4);
	LOOP("uart_fr_read", "ldr w0, [%1]", UARTFR);
}

static void registers(void)
{
	LOOP("id_register_read", "mrs x0, id_aa64pfr0_el1", 0ul);
	LOOP("cntp_ctl_read", "mrs x0, cntp_ctl_el0", 0ul);
	LOOP("cntp_cval_write", "msr cntp_cval_el0, %1", ~0ul);
	LOOP("cntv_cval_write", "msr cntv_cval_el0, %1", ~0ul);
	LOOP("icc_pmr_write", "msr s3_0_c4_c6_0, %1", 0xf0ul);
}

/* ---- interrupts: saved is what a C function may change, as in other kernels ---- */

typedef void (*irq_fn)(uint64_t now);
static irq_fn hooks[2];
void bench_irq(uint64_t now);
extern char bench_vectors[];

__asm__(
	"	.text\n	.globl bench_vectors\n	.balign 0x800\nbench_vectors:\n"
	"	.org bench_vectors + 0x200\n	b vector_table + 0x200\n"
	"	.org bench_vectors + 0x280\n"
	"	stp x0, x1, [sp, #-176]!\n	mrs x0, cntvct_el0\n"
	"	stp x2, x3, [sp, #16]\n	stp x4, x5, [sp, #32]\n	stp x6, x7, [sp, #48]\n"
	"	stp x8, x9, [sp, #64]\n	stp x10, x11, [sp, #80]\n	stp x12, x13, [sp, #96]\n"
	"	stp x14, x15, [sp, #112]\n	stp x16, x17, [sp, #128]\n"
	"	stp x18, x30, [sp, #144]\n"
	"	bl bench_irq\n"
	"	ldp x2, x3, [sp, #16]\n	ldp x4, x5, [sp, #32]\n	ldp x6, x7, [sp, #48]\n"
	"	ldp x8, x9, [sp, #64]\n	ldp x10, x11, [sp, #80]\n	ldp x12, x13, [sp, #96]\n"
	"	ldp x14, x15, [sp, #112]\n	ldp x16, x17, [sp, #128]\n"
	"	ldp x18, x30, [sp, #144]\n"
	"	ldp x0, x1, [sp], #176\n	eret\n"
	"	.org bench_vectors + 0x300\n	b vector_table + 0x300\n"
	"	.org bench_vectors + 0x380\n	b vector_table + 0x380\n"
	"	.org bench_vectors + 0x400\n	b .\n"
	"	.org bench_vectors + 0x800\n");

void bench_irq(uint64_t now)
{
	hooks[this_cpu()->idx](now);
}

static void vectors_own(void)
{
	write_sysreg(vbar_el1, bench_vectors);
	__asm__ volatile("isb");
}

static void vectors_lib(void)
{
	write_sysreg(vbar_el1, vector_table);
	__asm__ volatile("isb");
}

/* Sleep until it is there, without missing one that comes just before. */
#define SLEEP_UNTIL(cond)                                                               \
	do {                                                                            \
		irq_disable();                                                          \
		while (!(cond)) {                                                       \
			__asm__ volatile("wfi" ::: "memory");                           \
			irq_enable();                                                   \
			irq_disable();                                                  \
		}                                                                       \
		irq_enable();                                                           \
	} while (0)

static volatile unsigned long taken;
static volatile uint64_t late;

static void count_irq(uint64_t now)
{
	(void)now;
	gic_eoi(gic_ack());
	taken++;
}

static void sgi_to_self(void)
{
	uint64_t self = gic_sgi_to(1, read_sysreg(mpidr_el1));

	settle();
	gic_bit_set(GICD_ISENABLER, 1);
	hooks[0] = count_irq;
	vectors_own();
	irq_enable();
	for (unsigned long i = 0; i < ROUNDS + 2; i++) {
		unsigned long before = taken;

		if (i == 2)
			begin();
		gic_sgi_send(self);
		while (taken == before)
			;
	}
	end("sgi_to_self");
	irq_disable();
	vectors_lib();
}

/* ---- the virtual timer: deadline to the first instruction of the handler ---- */

static void timer_irq(uint64_t now)
{
	uint32_t id = gic_ack();

	late += now - read_sysreg(cntv_cval_el0);
	write_sysreg(cntv_ctl_el0, 0);
	__asm__ volatile("isb");
	gic_eoi(id);
	taken++;
}

static void timer_rounds(const char *name, bool sleep)
{
	settle();
	gic_bit_set(GICD_ISENABLER, INTID_VTIMER);
	hooks[0] = timer_irq;
	vectors_own();
	irq_enable();
	for (unsigned long i = 0; i < ROUNDS + 2; i++) {
		unsigned long before = taken;

		if (i == 2) {
			late = 0;
			MARK();
		}
		write_sysreg(cntv_cval_el0, ticks_now() + 20 * ticks_per_ms() / 1000);
		write_sysreg(cntv_ctl_el0, 1);
		if (sleep)
			SLEEP_UNTIL(taken != before);
		else
			while (taken == before)
				;
	}
	MARK();
	irq_disable();
	vectors_lib();
	report(name, late, ROUNDS);
}

static void timers(void)
{
	timer_rounds("timer_busy", false);
	timer_rounds("timer_wfi", true);
}

/* ---- memory: a first touch, while the VM's memory is there from the start ---- */

#define TOUCH_BASE  0x42000000ul

static void touch(const char *name, uint64_t step, uint64_t pages)
{
	uintptr_t a = TOUCH_BASE;
	uint64_t ticks;

	settle();
	begin();
	for (uint64_t i = 0; i < pages; i++, a += step)
		RW8(a) = 1;
	ticks = ticks_now() - begun;
	MARK();
	report(name, ticks, pages);
}

static void first_touches(void)
{
	touch("first_touch_4k", 0x1000, 512);
	touch("first_touch_2m", 0x200000, 96);
}

/* ---- memory by the clock on the wall: for boards; an emulator has no caches ---- */

#define STREAM_SIZE  (16ul << 20)
#define CHASE_PAGES  8192ul              /* 32 MiB: more than TLBs and caches hold */
#define CHASE_ROUNDS 8ul

static void stream(void)
{
	volatile uint64_t *from = (void *)TOUCH_BASE, *to = (void *)(TOUCH_BASE + STREAM_SIZE);
	uint64_t start = 0;

	/* Once, so that caches and TLBs are as they will be. */
	for (unsigned int round = 0; round < 5; round++) {
		if (round == 1)
			start = ticks_now();
		for (uint64_t i = 0; i < STREAM_SIZE / 8; i++)
			to[i] = from[i];
	}
	report("stream_kib", ticks_now() - start, 4 * STREAM_SIZE >> 10);
}

/* From page to page, in an order that no prefetcher follows, each in another line of its page. */
static uintptr_t chase_place(uintptr_t base, uint64_t page)
{
	return base + page * 4096 + page % 64 * 64;
}

static void chase(const char *name, uintptr_t base)
{
	uint64_t page = 0, start, next;
	uintptr_t at = chase_place(base, 0);

	for (uint64_t i = 0; i < CHASE_PAGES; i++, page = next) {
		next = (page * 1664525 + 1013904223) % CHASE_PAGES;
		RW64(chase_place(base, page)) = chase_place(base, next);
	}
	start = ticks_now();
	for (uint64_t i = 0; i < CHASE_PAGES * CHASE_ROUNDS; i++)
		at = RW64(at);
	report(name, ticks_now() - start, CHASE_PAGES * CHASE_ROUNDS);
}

static void wall(void)
{
	uint64_t small = guest_arg("small_mib", 0) << 20;

	stream();
	chase("chase", TOUCH_BASE);
	if (small)
		chase("chase_small", small);
}

/* ---- a guest that only computes: 100 ms, which are so many instructions ---- */

static void busy(void)
{
	uint64_t insns = 100 * 1000000ul, ticks, n = insns / 2;

	settle();
	begin();
	__asm__ volatile("1: subs %0, %0, #1\n b.ne 1b" : "+r"(n) : : "cc");
	ticks = ticks_now() - begun;
	MARK();
	report("busy_100ms", ticks * (1000000000ul / read_sysreg(cntfrq_el0)) - insns, 1);
}

/* ---- between two CPUs ---- */

static volatile uint64_t sent_at, one_way;
static volatile unsigned long arrived;
static volatile bool other_ready, stop, echo;
static uint64_t to_first;

static void other_irq(uint64_t now)
{
	one_way += now - sent_at;
	gic_eoi(gic_ack());
	arrived++;
}

static void other(void *arg)
{
	unsigned long seen = arrived;

	(void)arg;
	gic_cpu_init();
	gic_bit_set(GICD_ISENABLER, 2);
	hooks[1] = other_irq;
	vectors_own();
	other_ready = true;
	irq_enable();
	/* One thread of the emulator plays both: YIELD gives the turn to the other. */
	while (!stop) {
		if (!echo) {
			__asm__ volatile("yield");
			continue;
		}
		SLEEP_UNTIL(arrived != seen);
		seen = arrived;
		if (!stop)
			gic_sgi_send(to_first);
	}
	irq_disable();
	vectors_lib();
}

static void ipi_one_way(void)
{
	uint64_t to_other = gic_sgi_to(2, cpus[1].mpidr);

	settle();
	for (unsigned long i = 0; i < ROUNDS + 2; i++) {
		unsigned long before = arrived;

		if (i == 2) {
			one_way = 0;
			MARK();
		}
		sent_at = ticks_now();
		gic_sgi_send(to_other);
		while (arrived == before)
			__asm__ volatile("yield");
	}
	MARK();
	report("ipi_one_way", one_way, ROUNDS);
}

static void ipi_ping_pong(const char *name)
{
	uint64_t to_other = gic_sgi_to(2, cpus[1].mpidr);

	echo = true;
	/* The other one looks at it and sleeps. */
	settle();
	for (unsigned long i = 0; i < ROUNDS + 2; i++) {
		unsigned long before = taken;

		if (i == 2)
			begin();
		gic_sgi_send(to_other);
		SLEEP_UNTIL(taken != before);
	}
	end(name);
	stop = true;
	gic_sgi_send(to_other);
}

static void with_other(void (*fn)(const char *name), const char *name)
{
	other_ready = stop = echo = false;
	to_first = gic_sgi_to(3, cpus[0].mpidr);
	if (!smp_start(1, other, NULL) || !WAIT_UNTIL(other_ready, LONG_MS))
		return;
	gic_bit_set(GICD_ISENABLER, 3);
	hooks[0] = count_irq;
	vectors_own();
	irq_enable();
	fn(name);
	irq_disable();
	vectors_lib();
	CHECK(smp_wait_off(1), "it stays on");
}

static void both_pinned(const char *name)
{
	ipi_one_way();
	ipi_ping_pong(name);
}

/* ---- CPU_ON to the first instruction there ---- */

static volatile uint64_t first_insn __attribute__((aligned(64)));
void bench_entry(void);

__asm__(".text\n	.globl bench_entry\nbench_entry:\n"
	"	mrs x1, cntvct_el0\n	str x1, [x0]\n	dsb sy\n"
	"	ldr x0, =0x84000002\n	hvc #0\n1:	b 1b\n	.ltorg\n");

#define CPU_ON_ROUNDS 16

static void cpu_on(void)
{
	uint64_t sum = 0;

	settle();
	for (unsigned int i = 0; i < CPU_ON_ROUNDS + 1; i++) {
		uint64_t start;

		first_insn = 0;
		dcache_civac((const void *)&first_insn, 8);
		if (i == 1) {
			sum = 0;
			MARK();
		}
		start = ticks_now();
		psci_call(PSCI_CPU_ON64, cpus[1].mpidr, (uintptr_t)bench_entry,
			  (uintptr_t)&first_insn);
		if (!WAIT_UNTIL((dcache_civac((const void *)&first_insn, 8), first_insn), LONG_MS))
			return;
		sum += first_insn - start;
		smp_wait_off(1);
	}
	MARK();
	report("cpu_on", sum, CPU_ON_ROUNDS);
}

/* ---- two VMs that compute, each in its slices of the CPU ---- */

#define SHARED_INSNS 20000000ul

static void share(void)
{
	uint64_t ticks, n = SHARED_INSNS / 2;

	delay_ms(60);
	begin();
	__asm__ volatile("1: subs %0, %0, #1\n b.ne 1b" : "+r"(n) : : "cc");
	ticks = ticks_now() - begun;
	MARK();
	report("share", ticks, 1);
}

static void spin(void)
{
	for (;;)
		;
}

/* ---- requests to a disk in memory: added, kicked, seen to be done; no interrupt ---- */

#define DEPTH  32u
#define BLOCK  4096u

enum { BLK_IN, BLK_OUT, BLK_FLUSH = 4 };

static struct vdev disk;
static struct vring ring;
static struct { uint32_t type, reserved; uint64_t sector; } blk_head[DEPTH];
static uint8_t blk_status[DEPTH], blk_data[DEPTH][BLOCK] __attribute__((aligned(4096)));

static void blk_add(unsigned int i, uint32_t type)
{
	struct vseg seg[3] = { { &blk_head[i], 16, false } };
	unsigned int nr = 1;

	blk_head[i].type = type;
	blk_head[i].sector = i * (BLOCK / 512);
	if (type != BLK_FLUSH)
		seg[nr++] = (struct vseg){ blk_data[i], BLOCK, type == BLK_IN };
	seg[nr++] = (struct vseg){ &blk_status[i], 1, true };
	vring_add(&ring, seg, nr);
}

static void blk_wait(unsigned int nr)
{
	uint16_t id;
	uint32_t len;

	while (nr)
		if (vring_used(&ring, &id, &len))
			nr--;
		else
			__asm__ volatile("yield");
}

static void blk_row(const char *name, uint32_t type, unsigned int depth)
{
	settle();
	for (unsigned int round = 0; round < ROUNDS / depth + 1; round++) {
		if (round == 1)
			begin();
		for (unsigned int i = 0; i < depth; i++)
			blk_add(i, type);
		vring_kick(&ring);
		blk_wait(depth);
	}
	end(name);
}

static void blk(void)
{
	if (!vdev_find(&disk, 2, 0) ||
	    !vdev_start(&disk, VF_VERSION_1 | VF_EVENT_IDX | 1ul << 9) ||
	    !vring_init(&ring, &disk, 0, VRING_MAX))
		return;
	vdev_ok(&disk);
	vring_irq(&ring, false);
	blk_row("blk_empty_1", BLK_FLUSH, 1);
	blk_row("blk_empty_32", BLK_FLUSH, DEPTH);
	blk_row("blk_write_1", BLK_OUT, 1);
	blk_row("blk_write_32", BLK_OUT, DEPTH);
	blk_row("blk_read_1", BLK_IN, 1);
	blk_row("blk_read_32", BLK_IN, DEPTH);
}

/* ---- frames to another VM, which polls for them ---- */

#define NET_HDR   12u
#define NET_TSO4  (1ul << 11)
#define NET_CSUM  (1ul << 0)
#define NET_GUEST (1ul << 1 | 1ul << 7)
#define SMALL     64u
#define SEGMENT   (54u + 65426u)         /* the largest of whole segments of 1406 and less    */
#define BUFFERS   128u
#define BUF_SIZE  0x11000u
#define BUF(i)    ((uint8_t *)0x43000000ul + (i) * BUF_SIZE)

/* Ethernet, IPv4, TCP; the receiver's address, locally administered. */
static uint8_t net_head[NET_HDR + SMALL] __attribute__((aligned(64))) = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00,
	0x45, 0, 0xff, 0xba, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
	0, 80, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0,
};

static struct vring rx_ring;

static bool net_start(void)
{
	if (!vdev_find(&disk, 1, 0) ||
	    !vdev_start(&disk, VF_VERSION_1 | VF_EVENT_IDX | NET_CSUM | NET_TSO4 | NET_GUEST) ||
	    !vring_init(&rx_ring, &disk, 0, VRING_MAX) || !vring_init(&ring, &disk, 1, VRING_MAX))
		return false;
	vring_irq(&rx_ring, false);
	vring_irq(&ring, false);
	vdev_ok(&disk);
	return true;
}

static void net_receive(void)
{
	uint32_t len;
	uint16_t id;

	if (!net_start())
		return;
	for (unsigned int i = 0; i < BUFFERS; i++)
		vring_add(&rx_ring, &(struct vseg){ BUF(i), BUF_SIZE, true }, 1);
	vring_kick(&rx_ring);
	/* Back in the order they came, so slots and buffers stay together. */
	for (;;) {
		if (vring_used(&rx_ring, &id, &len))
			vring_add(&rx_ring, &(struct vseg){ BUF(id % BUFFERS), BUF_SIZE, true }, 1);
		else
			__asm__ volatile("yield");
	}
}

static void net_row(const char *name, bool large, unsigned int depth)
{
	/* As Linux lays them out: what is small lies together. */
	struct vseg seg[2] = {
		{ net_head, large ? NET_HDR + 54 : NET_HDR + SMALL, false },
		{ BUF(0), SEGMENT - 54, false },
	};

	net_head[0] = large;                             /* NEEDS_CSUM                    */
	net_head[1] = large;                             /* GSO_TCPV4                     */
	net_head[4] = 1400 & 0xff;
	net_head[5] = 1400 >> 8;
	net_head[6] = 34;                                /* csum_start, csum_offset       */
	net_head[8] = 16;
	settle();
	for (unsigned int round = 0; round < ROUNDS / depth + 1; round++) {
		if (round == 1)
			begin();
		for (unsigned int i = 0; i < depth; i++)
			vring_add(&ring, seg, large ? 2 : 1);
		vring_kick(&ring);
		blk_wait(depth);
	}
	end(name);
}

static void net(void)
{
	/* The other one has its buffers. */
	delay_ms(100);
	if (!net_start())
		return;
	net_row("net_64_1", false, 1);
	net_row("net_64_32", false, DEPTH);
	net_row("net_64k_1", true, 1);
	net_row("net_64k_32", true, DEPTH);
}

/* ---- a doorbell: from the store that rings it to the handler in another VM ---- */

static struct channel channel;
static struct {
	uint64_t sent_at, one_way, arrived;
} volatile *board;

/* What the physical counter, which all VMs share, is ahead of this VM's virtual one. */
static uint64_t counter_ahead;

static void bell_irq(uint64_t now)
{
	uint32_t id = gic_ack();

	board->one_way += now + counter_ahead - board->sent_at;
	mmio_w32(channel.bell + BELL_ACK, mmio_r32(channel.bell + BELL_STATUS));
	gic_eoi(id);
	board->arrived++;
}

static bool bell_find(void)
{
	board = channel_find(&channel, 0) ? (void *)channel.mem : NULL;
	counter_ahead = read_sysreg(cntpct_el0) - read_sysreg(cntvct_el0);
	return board;
}

static void rung(void)
{
	if (!bell_find())
		return;
	gic_bit_set(GICD_ISENABLER, channel.intid);
	hooks[0] = bell_irq;
	vectors_own();
	irq_enable();
	while (board->arrived < ROUNDS + 2)
		__asm__ volatile("yield");
	irq_disable();
	vectors_lib();
}

static void ring_bell(void)
{
	if (!bell_find())
		return;
	/* The other one waits for it. */
	delay_ms(100);
	for (unsigned long i = 0; i < ROUNDS + 2; i++) {
		unsigned long before = board->arrived;

		if (i == 2) {
			board->one_way = 0;
			MARK();
		}
		board->sent_at = read_sysreg(cntpct_el0);
		mmio_w32(channel.bell + BELL_RING, 1 - channel.id);
		while (board->arrived == before)
			__asm__ volatile("yield");
	}
	MARK();
	report("doorbell", board->one_way, ROUNDS);
}

/* ---- what to run ---- */

static void all(void)
{
	calls();
	devices();
	registers();
	sgi_to_self();
	timers();
	first_touches();
	if (smp_nr() < 2)
		return;
	with_other(both_pinned, "ipi_ping_pong");
	cpu_on();
}

static void one_core(void) { with_other(ipi_ping_pong, "ipi_ping_pong"); }
static void one_cpu(void)
{
	calls();
	devices();
	registers();
	sgi_to_self();
	timers();
}
static void nothing(void) { }

static void bench(void)
{
	static void (*const modes[])(void) = {
		all, one_cpu, one_core, timers, busy, share, spin, nothing, blk, wall, net,
		net_receive, ring_bell, rung,
	};
	uint64_t mode = guest_arg("mode", 0);

	/* From the device tree, before memory is touched. */
	(void)smp_nr();
	gprintf("hz %lu\nfirst_at %lu\n", read_sysreg(cntfrq_el0), boot_state.count);
	if (mode >= ARRAY_SIZE(modes))
		return;
	if (mode < 4 || modes[mode] == rung)
		gic_init();
	modes[mode]();
}

GUEST_CASES(CASE(bench));
