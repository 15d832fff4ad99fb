/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the guests' Linux: `vsock_echo serve PORT` gives back what comes until the other side
 * ends, connection after connection; `vsock_echo CID PORT BYTES` sends that many and checks
 * that they come back. Static. Exit status: 0 all came back, 1 not, 2 wrong usage.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#define CHUNK 10000

static void die(const char *what)
{
	fprintf(stderr, "vsock_echo: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_vm address(unsigned int cid, unsigned int port)
{
	struct sockaddr_vm a = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };

	return a;
}

static void echo(int s)
{
	static char buf[CHUNK];
	ssize_t n, done, m;

	while ((n = read(s, buf, sizeof(buf))) > 0)
		for (done = 0; done < n; done += m) {
			m = write(s, buf + done, (size_t)(n - done));
			if (m <= 0)
				return;
		}
}

static void serve(unsigned int port)
{
	struct sockaddr_vm a = address(VMADDR_CID_ANY, port);
	int s = socket(AF_VSOCK, SOCK_STREAM, 0);

	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)) || listen(s, 8))
		die("serve");
	puts("vsock_echo: ready");
	fflush(stdout);
	for (;;) {
		int c = accept(s, NULL, NULL);

		if (c < 0)
			die("accept");
		echo(c);
		close(c);
	}
}

static unsigned char byte_at(unsigned long i)
{
	return (unsigned char)(i % 251 ^ i >> 12);
}

/* As much as goes out and comes in, both at once: either may have to wait for the other. */
static void exchange(int s, unsigned long bytes)
{
	static unsigned char buf[CHUNK];
	unsigned long out = 0, in = 0;

	while (in < bytes) {
		struct pollfd p = { s, (short)(POLLIN | (out < bytes ? POLLOUT : 0)), 0 };
		ssize_t n;

		if (poll(&p, 1, 60000) <= 0)
			die("poll");
		if (p.revents & POLLIN) {
			n = recv(s, buf, sizeof(buf), MSG_DONTWAIT);
			if (n <= 0)
				die("recv");
			for (ssize_t i = 0; i < n; i++)
				if (buf[i] != byte_at(in + (unsigned long)i)) {
					fprintf(stderr, "vsock_echo: byte %lu is wrong\n", in);
					exit(1);
				}
			in += (unsigned long)n;
		} else if (p.revents & POLLOUT) {
			size_t len = bytes - out < CHUNK ? bytes - out : CHUNK;

			for (size_t i = 0; i < len; i++)
				buf[i] = byte_at(out + i);
			n = send(s, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
			if (n < 0 && errno != EAGAIN)
				die("send");
			out += n > 0 ? (unsigned long)n : 0;
		} else {
			die("poll");
		}
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		serve((unsigned int)strtoul(argv[2], NULL, 0));
	if (argc == 4) {
		struct sockaddr_vm a = address((unsigned int)strtoul(argv[1], NULL, 0),
					       (unsigned int)strtoul(argv[2], NULL, 0));
		int s = socket(AF_VSOCK, SOCK_STREAM, 0);

		if (s < 0 || connect(s, (struct sockaddr *)&a, sizeof(a)))
			die("connect");
		exchange(s, strtoul(argv[3], NULL, 0));
		close(s);
		printf("vsock_echo: %s bytes came back\n", argv[3]);
		return 0;
	}
	fprintf(stderr, "usage: vsock_echo serve PORT | CID PORT BYTES\n");
	return 2;
}
