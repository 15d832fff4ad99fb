/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits for the guest's power key, then powers Linux off. With gpio-keys and evdev the key is
 * an input device; a kernel without them (Debian's cloud kernel) has the GPIO line itself.
 */
#include <fcntl.h>
#include <linux/gpio.h>
#include <linux/input.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE    3                    /* of the PL061, as on QEMU's virt board */
#define DEVICES 8

static bool has_bit(const unsigned long *bits, unsigned int n)
{
	return bits[n / (8 * sizeof(*bits))] >> n % (8 * sizeof(*bits)) & 1;
}

static int open_nth(const char *stem, int n)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/%s%d", stem, n);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* The input device that has KEY_POWER, or -1. */
static int open_key(void)
{
	for (int n = 0; n < DEVICES; n++) {
		unsigned long keys[KEY_CNT / (8 * sizeof(long)) + 1] = { 0 };
		int fd = open_nth("input/event", n);

		if (fd < 0)
			continue;
		if (ioctl(fd, EVIOCGBIT(EV_KEY, sizeof(keys)), keys) >= 0 &&
		    has_bit(keys, KEY_POWER))
			return fd;
		close(fd);
	}
	return -1;
}

/* Rising edges of the line, or -1. */
static int open_line(void)
{
	for (int n = 0; n < DEVICES; n++) {
		struct gpio_v2_line_request req = {
			.offsets = { LINE }, .num_lines = 1, .consumer = "power-key",
			.config.flags = GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING,
		};
		struct gpiochip_info info;
		int fd = open_nth("gpiochip", n);

		if (fd < 0)
			continue;
		if (ioctl(fd, GPIO_GET_CHIPINFO_IOCTL, &info) == 0 && strstr(info.label, "pl061") &&
		    ioctl(fd, GPIO_V2_GET_LINE_IOCTL, &req) == 0) {
			close(fd);
			return req.fd;
		}
		close(fd);
	}
	return -1;
}

static void wait_for_key(int fd)
{
	struct input_event e;

	while (read(fd, &e, sizeof(e)) == sizeof(e))
		if (e.type == EV_KEY && e.code == KEY_POWER && e.value == 1)
			return;
}

static void wait_for_edge(int fd)
{
	struct gpio_v2_line_event e;

	if (read(fd, &e, sizeof(e)) != sizeof(e))
		perror("power-key");
}

int main(void)
{
	int fd = open_key();
	bool key = fd >= 0;

	if (!key)
		fd = open_line();
	if (fd < 0)
		return 1;
	printf("power-key: by %s\n", key ? "gpio-keys" : "the GPIO line");
	fflush(stdout);
	if (key)
		wait_for_key(fd);
	else
		wait_for_edge(fd);
	printf("power-key: pressed\n");
	fflush(stdout);
	execl("/bin/busybox", "poweroff", "-f", (char *)NULL);
	perror("power-key");
	return 1;
}
