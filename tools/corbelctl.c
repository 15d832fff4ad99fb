/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists and controls VMs from inside a Linux VM that may: docs/hypercalls.md, "The mailbox",
 * and if there is none, "Over vsock".
 * Static, so that it runs in any initramfs. Exit status: 0 done, 1 refused, 2 wrong usage.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "tests/guests/lib/corbel_hvc.h"

#define TREE  "/proc/device-tree"
#define PAGE  4096
#define CALL  8                      /* register number of the doorbell */
#define PORT  600                    /* where Corbel answers            */

static const char *const verbs[CORBEL_NR_VERBS] = {
	"create", "start", "pause", "resume", "stop", "kill", "reset", "destroy",
};
static const char *const states[CORBEL_NR_STATES] = {
	"defined", "ready", "running", "paused", "stopping", "off", "crashed",
};
static const char *const codes[] = {
	"SUCCESS", "NOT_SUPPORTED", "?", "INVALID_PARAMETER", "NOT_FOUND", "DENIED", "STALE",
	"REFUSED", "ALREADY", "NOT_CREATED", "BUSY", "WRONG_STATE", "TRY_AGAIN", "NO_MEMORY",
	"FAILED",
};

static volatile uint64_t *page;
static int mem;

static const char *code_name(int64_t code)
{
	return code <= 0 && code >= CORBEL_FAILED ? codes[-code] : "?";
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* One set of registers for all: whoever has the lock uses it. */
static void by_mailbox(struct corbel_link *link, uint64_t x[8])
{
	(void)link;
	if (flock(mem, LOCK_EX))
		die("flock");
	for (int i = 0; i < 8; i++)
		page[i] = x[i];
	page[CALL] = 1;
	for (int i = 0; i < 8; i++)
		x[i] = page[i];
	flock(mem, LOCK_UN);
}

static void all(ssize_t (*move)(int, void *, size_t), uint64_t x[8])
{
	char *p = (char *)x;
	size_t left = 8 * sizeof(*x);

	while (left) {
		ssize_t n = move(mem, p, left);

		if (n <= 0)
			die("vsock");
		p += n;
		left -= (size_t)n;
	}
}

static ssize_t put(int fd, void *p, size_t n)
{
	return write(fd, p, n);
}

/* A connection of its own; x0 to x7 there and back. */
static void by_vsock(struct corbel_link *link, uint64_t x[8])
{
	(void)link;
	all(put, x);
	all(read, x);
}

static struct corbel_link link_;

static uint64_t big_endian(const unsigned char *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

/* Where the device tree says it is, or 0; Corbel's trees have two address cells. */
static uint64_t find_page(void)
{
	char path[512], kind[32] = "";
	unsigned char reg[8];
	struct dirent *e;
	DIR *dir = opendir(TREE);
	uint64_t base = 0;
	FILE *f;

	while (dir && !base && (e = readdir(dir))) {
		if (strncmp(e->d_name, "mailbox@", 8) != 0)
			continue;
		snprintf(path, sizeof(path), TREE "/%s/compatible", e->d_name);
		f = fopen(path, "r");
		if (!f || !fread(kind, 1, sizeof(kind) - 1, f) || strcmp(kind, "corbel,mailbox"))
			continue;
		fclose(f);
		snprintf(path, sizeof(path), TREE "/%s/reg", e->d_name);
		f = fopen(path, "r");
		if (f && fread(reg, sizeof(reg), 1, f) == 1)
			base = big_endian(reg);
		fclose(f);
	}
	return base;
}

static void open_socket(void)
{
	const struct sockaddr_vm corbel = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = PORT,
	};

	mem = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (mem < 0 || connect(mem, (const struct sockaddr *)&corbel, sizeof(corbel)))
		die("this machine has no mailbox, and vsock");
	link_.call = by_vsock;
}

static void open_page(void)
{
	uint64_t base = find_page();

	if (!base) {
		open_socket();
		return;
	}
	link_.call = by_mailbox;
	mem = open("/dev/mem", O_RDWR | O_SYNC);
	if (mem < 0)
		die("/dev/mem");
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, mem, (off_t)base);
	if (page == MAP_FAILED)
		die("the mailbox");
}

static int refused(const char *vm, int64_t code)
{
	fprintf(stderr, "corbelctl: %s: %s\n", vm, code_name(code));
	return 1;
}

static int list(void)
{
	struct corbel_features f;
	int code = corbel_features(&link_, &f);

	if (code)
		return refused("list", code);
	printf("%-4s %-24s %-9s %-6s %s\n", "nr", "name", "state", "vcpus", "memory");
	for (uint64_t n = 0; n < f.nr_vms; n++) {
		char name[CORBEL_NAME_LEN];
		struct corbel_info i;
		uint64_t h;

		if (corbel_open_index(&link_, n, CORBEL_LIST, &h) || corbel_name(&link_, h, name) ||
		    corbel_info(&link_, h, &i))
			continue;
		printf("%-4lu %-24s %-9s %u/%-4u %luM\n", (unsigned long)n, name,
		       i.state < CORBEL_NR_STATES ? states[i.state] : "?", i.nr_on, i.nr_vcpus,
		       (unsigned long)(i.mem_bytes >> 20));
	}
	return 0;
}

static uint64_t ticks_per_ms(void)
{
	uint64_t hz;

	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz / 1000;
}

static int stat_of(const char *vm)
{
	struct corbel_stat s;
	uint64_t h, ms = ticks_per_ms();
	int code = corbel_open_name(&link_, vm, CORBEL_LIST, &h);

	if (!code)
		code = corbel_stat(&link_, h, &s);
	if (code)
		return refused(vm, code);
	printf("ran %lu ms\nstolen %lu ms\npaused %lu ms\nexits %lu\ninterrupts %lu\n"
	       "injected %lu\nswitched to %lu\n", (unsigned long)(s.ran / ms),
	       (unsigned long)(s.stolen / ms), (unsigned long)(s.paused / ms),
	       (unsigned long)s.exits, (unsigned long)s.irqs, (unsigned long)s.injected,
	       (unsigned long)s.loads);
	return 0;
}

/* Ask, and look until it is done; a VM that is destroyed has no state by its old handle. */
static int do_verb(const char *vm, enum corbel_verb verb)
{
	uint64_t look, change;
	struct corbel_info i;
	uint32_t ticket;
	int code = corbel_open_name(&link_, vm, CORBEL_CONTROL, &change);

	if (!code)
		code = corbel_open_name(&link_, vm, CORBEL_LIST, &look);
	if (!code)
		code = corbel_do(&link_, change, verb, &ticket);
	if (code)
		return refused(vm, code);
	for (;;) {
		code = corbel_info(&link_, look, &i);
		if (code == CORBEL_STALE && verb == CORBEL_DESTROY)
			return 0;
		if (code)
			return refused(vm, code);
		if (corbel_is_done(&i, ticket))
			return i.result ? refused(vm, i.result) : 0;
		usleep(10000);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		open_page();
		return list();
	}
	if (argc == 3 && strcmp(argv[1], "stat") == 0) {
		open_page();
		return stat_of(argv[2]);
	}
	for (int v = 0; argc == 3 && v < CORBEL_NR_VERBS; v++) {
		if (strcmp(argv[1], verbs[v]) == 0) {
			open_page();
			return do_verb(argv[2], (enum corbel_verb)v);
		}
	}
	fprintf(stderr, "usage: corbelctl list | stat VM | VERB VM\nverbs:");
	for (int v = 0; v < CORBEL_NR_VERBS; v++)
		fprintf(stderr, " %s", verbs[v]);
	fprintf(stderr, "\n");
	return 2;
}
