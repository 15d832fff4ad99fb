/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends and receives messages through a channel, with doorbells; the example of lib/msgring.h
 * for Linux programs, by the kernel's uio_pdrv_genirq:
 *
 *     insmod uio_pdrv_genirq.ko of_id=corbel,channel
 *     messages /dev/uio0 PEER NUMBER
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/channel.h"
#include "lib/messages.h"

static int uio;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* The n-th range of the device: 0 the memory, 1 the doorbell. */
static void *map(const char *name, int n, uint64_t *size)
{
	char path[80], text[32] = "";
	void *p;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/uio/%s/maps/map%d/size", name, n);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die(path);
	close(fd);
	*size = strtoull(text, NULL, 16);
	p = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, uio, (off_t)n * getpagesize());
	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static void bell_write(volatile uint32_t *bell, unsigned int off, uint32_t v)
{
	__asm__ volatile("dsb sy" ::: "memory");
	bell[off / 4] = v;
}

/* The driver has masked the interrupt when it came: acknowledge, then enable it. */
static void bell_listen(volatile uint32_t *bell)
{
	uint32_t on = 1;

	bell_write(bell, BELL_ACK, ~0u);
	if (write(uio, &on, sizeof(on)) != sizeof(on))
		die("write");
}

/* Sleep until it was rung for. */
static void wait_for_bell(volatile uint32_t *bell)
{
	uint32_t count;

	if (read(uio, &count, sizeof(count)) != sizeof(count))
		die("read");
	bell_listen(bell);
}

int main(int argc, char **argv)
{
	uint64_t size, bell_size;
	uint32_t peer, nr, slept = 0;
	volatile uint32_t *bell;
	struct talk t;
	void *mem;

	if (argc != 4) {
		fprintf(stderr, "usage: messages /dev/uioN PEER NUMBER\n");
		return 1;
	}
	uio = open(argv[1], O_RDWR);
	if (uio < 0)
		die(argv[1]);
	peer = (uint32_t)atoi(argv[2]);
	nr = (uint32_t)atoi(argv[3]);
	mem = map(strrchr(argv[1], '/') + 1, 0, &size);
	bell = map(strrchr(argv[1], '/') + 1, 1, &bell_size);
	talk_init(&t, mem, size, bell[BELL_ID / 4], nr);
	/* Who was rung for before it came has the interrupt masked, and saw none of it. */
	bell_listen(bell);
	while (t.to_send || t.to_get) {
		if (talk_send(&t) + talk_get(&t)) {
			bell_write(bell, BELL_RING, peer);
		} else {
			wait_for_bell(bell);
			slept++;
		}
	}
	printf("messages: %u sent, %u received, %u wrong, %u doorbells\n", t.sent, t.got, t.wrong,
	       slept);
	return t.wrong || t.got != nr;
}
