/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-console: bytes both ways, a back end without room, control messages. */
#include "devices/virtio_console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "tests/host/fake/log.h"
#include "tests/host/fake/virtio_driver.h"

#define RING(n) (FAKE_RAM_BASE + 0x10000 + (n) * 0x20000u)
#define DATA    (FAKE_RAM_BASE + 0x100000)
#define IN      (FAKE_RAM_BASE + 0x140000)
#define SIZE    16
#define ALL     VIRTIO_CONSOLE_FEATURES

enum { RX, TX, CONTROL_RX, CONTROL_TX };
enum { READY, ADD, REMOVE, PORT_READY, CONSOLE, RESIZE, OPEN };

struct control {
	uint32_t id;
	uint16_t event, value;
};

static struct virtio_console con;
static struct virtq queues[VIRTIO_CONSOLE_QUEUES];
static struct virtq_seg segs[VIRTIO_CONSOLE_QUEUES * VIRTQ_MAX_SIZE];
static struct fake_ram ram;
static struct fake_queue f[VIRTIO_CONSOLE_QUEUES];

/* What stands behind it. */
static char shown[0x8000];
static unsigned int nr_shown, room;
static const char *typed;

static unsigned int back_write(void *ctx, const uint8_t *buf, unsigned int n)
{
	(void)ctx;
	n = MIN(n, room);
	memcpy(shown + nr_shown, buf, n);
	nr_shown += n;
	room -= n;
	return n;
}

static unsigned int back_read(void *ctx, uint8_t *buf, unsigned int n)
{
	(void)ctx;
	n = MIN(n, (unsigned int)strlen(typed));
	memcpy(buf, typed, n);
	typed += n;
	return n;
}

static const struct chardev_backend backend = { back_write, back_read, NULL };

static void start(uint64_t features)
{
	const struct virtio_setup s = {
		.model = &virtio_console_model, .vm = "test", .name = "console0", .ram = &ram.ram,
		.worker = &fake_worker, .slot = 3, .nr_queues = VIRTIO_CONSOLE_QUEUES,
		.queues = queues, .segs = segs, .features = ALL,
	};

	memset(queues, 0, sizeof(queues));
	nr_shown = fake_log_guest_lines = 0;
	room = sizeof(shown);
	typed = "";
	fake_ram_init(&ram);
	virtio_init(&con.dev, &s);
	virtio_console_init(&con);
	con.chardev.ops->connect(&con.chardev, &backend);
	assert_true(fake_driver_accept(&con.dev, features));
	for (uint16_t i = 0; i < VIRTIO_CONSOLE_QUEUES; i++)
		fake_queue_init(&f[i], &con.dev, &ram, i, SIZE, RING(i));
	fake_driver_ok(&con.dev);
	fake_worker_run(&con.dev);
}

static int setup_plain(void **state)
{
	(void)state;
	start(0);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	start(ALL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	virtio_reset(&con.dev);
	con.chardev.ops->connect(&con.chardev, NULL);
	fake_ram_fini(&ram);
	return 0;
}

static void put(unsigned int queue, uint64_t at, const void *from, uint32_t n)
{
	const struct fake_seg seg = { at, n, false };

	memcpy(fake_ram_at(&ram, at), from, n);
	fake_queue_add(&f[queue], &seg, 1);
	fake_queue_kick(&f[queue]);
}

static bool is_used(unsigned int queue, uint32_t *len)
{
	uint16_t id;

	return fake_queue_used(&f[queue], &id, len);
}

static void want(unsigned int queue, uint64_t at, uint32_t n)
{
	const struct fake_seg seg = { at, n, true };

	fake_queue_add(&f[queue], &seg, 1);
	fake_queue_kick(&f[queue]);
}

static void output_is_shown(void **state)
{
	uint32_t len;

	(void)state;
	put(TX, DATA, "hello", 5);
	assert_true(is_used(TX, &len));
	assert_int_equal(nr_shown, 5);
	assert_memory_equal(shown, "hello", 5);
}

/* A long buffer with little room behind: what is left waits, none of it is lost or twice. */
static void output_waits_for_room(void **state)
{
	static char text[1000];
	uint32_t len;

	(void)state;
	for (unsigned int i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 23);
	room = 333;
	put(TX, DATA, text, sizeof(text));
	assert_false(is_used(TX, &len));
	assert_int_equal(nr_shown, 333);
	room = 10;
	con.chardev.ops->tx_ready(&con.chardev);
	fake_worker_run(&con.dev);
	assert_false(is_used(TX, &len));
	room = 5000;
	con.chardev.ops->tx_ready(&con.chardev);
	fake_worker_run(&con.dev);
	assert_true(is_used(TX, &len));
	assert_int_equal(nr_shown, sizeof(text));
	assert_memory_equal(shown, text, sizeof(text));
}

static void input_waits_for_buffers(void **state)
{
	uint32_t len;

	(void)state;
	typed = "abcdef";
	con.chardev.ops->rx_ready(&con.chardev);
	fake_worker_run(&con.dev);
	assert_int_equal(strlen(typed), 6);
	want(RX, IN, 4);
	want(RX, IN + 0x100, 0);
	want(RX, IN + 0x200, 4);
	assert_true(is_used(RX, &len) && len == 4);
	assert_true(is_used(RX, &len) && len == 0);
	assert_true(is_used(RX, &len) && len == 2);
	assert_memory_equal(fake_ram_at(&ram, IN), "abcd", 4);
	assert_memory_equal(fake_ram_at(&ram, IN + 0x200), "ef", 2);
	want(RX, IN, 4);
	assert_false(is_used(RX, &len));
	typed = "g";
	con.chardev.ops->rx_ready(&con.chardev);
	fake_worker_run(&con.dev);
	assert_true(is_used(RX, &len) && len == 1);
}

static void say(uint32_t id, uint16_t event, uint16_t value)
{
	const struct control m = { id, event, value };
	uint32_t len;

	put(CONTROL_TX, DATA, &m, sizeof(m));
	assert_true(is_used(CONTROL_TX, &len));
}

static void assert_heard(uint16_t event)
{
	struct control m;
	uint32_t len;

	want(CONTROL_RX, IN, sizeof(m));
	assert_true(is_used(CONTROL_RX, &len) && len == sizeof(m));
	memcpy(&m, fake_ram_at(&ram, IN), sizeof(m));
	assert_int_equal(m.id, 0);
	assert_int_equal(m.event, event);
	assert_int_equal(m.value, 1);
}

static void a_port_is_announced_and_opened(void **state)
{
	uint32_t len;

	(void)state;
	typed = "x";
	want(RX, IN + 0x1000, 8);
	say(0, READY, 1);
	assert_heard(ADD);
	say(0, PORT_READY, 1);
	assert_heard(CONSOLE);
	assert_heard(OPEN);
	assert_false(is_used(RX, &len));
	assert_false(con.chardev.ops->is_open(&con.chardev));
	say(0, OPEN, 1);
	assert_true(con.chardev.ops->is_open(&con.chardev));
	assert_true(is_used(RX, &len) && len == 1);
	say(0, OPEN, 0);
	assert_false(con.chardev.ops->is_open(&con.chardev));
}

static void hostile_messages_do_nothing(void **state)
{
	uint32_t len;

	(void)state;
	for (uint16_t event = 0; event < 20; event++) {
		say(1, event, 1);
		say(0, event, 7);
		say(UINT32_MAX, event, 0);
	}
	put(CONTROL_TX, DATA, "abc", 3);
	assert_true(is_used(CONTROL_TX, &len));
	want(CONTROL_RX, IN, 64);
	/* READY does not look at the id. */
	assert_true(is_used(CONTROL_RX, &len));
	want(CONTROL_RX, IN, 64);
	assert_false(is_used(CONTROL_RX, &len));
	assert_false(con.chardev.ops->is_open(&con.chardev));
	assert_int_equal(nr_shown, 0);
}

static void bad_buffers_are_given_back(void **state)
{
	const struct fake_seg outside = { 0x1000, 64, false }, in = { DATA, 64, true },
			      none = { DATA, 0, false };
	const struct fake_seg *seg[] = { &outside, &in, &none };
	uint32_t len;

	(void)state;
	for (int i = 0; i < 3; i++) {
		fake_queue_add(&f[TX], seg[i], 1);
		fake_queue_kick(&f[TX]);
		assert_true(is_used(TX, &len));
	}
	typed = "lost";
	want(RX, 0x1000, 64);
	assert_true(is_used(RX, &len));
	assert_int_equal(len, 0);
	assert_int_equal(nr_shown, 0);
	assert_true(virtio_running(&con.dev));
}

static void config_space(void **state)
{
	uint32_t v[3];

	(void)state;
	virtio_config_read(&con.dev, 0, v, sizeof(v));
	assert_int_equal(v[0], 80 | 24 << 16);
	assert_int_equal(v[1], 1);
	v[2] = 'E';
	virtio_config_write(&con.dev, 8, &v[2], 4);
	virtio_config_write(&con.dev, 0, &v[2], 4);
	assert_int_equal(nr_shown, 1);
	assert_int_equal(shown[0], 'E');
}

/* A chain of which a part is shown is forgotten, and the next begins at its start. */
static void reset_forgets_half_a_line(void **state)
{
	uint32_t len;

	(void)state;
	room = 3;
	put(TX, DATA, "hello", 5);
	virtio_set_status(&con.dev, 0);
	assert_true(fake_driver_accept(&con.dev, 0));
	fake_queue_init(&f[TX], &con.dev, &ram, TX, SIZE, RING(TX));
	fake_driver_ok(&con.dev);
	room = 100;
	nr_shown = 0;
	put(TX, DATA, "world", 5);
	assert_true(is_used(TX, &len));
	assert_int_equal(nr_shown, 5);
	assert_memory_equal(shown, "world", 5);
}

int main(void)
{
#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(output_is_shown, setup_plain), TEST(output_waits_for_room, setup_plain),
		TEST(input_waits_for_buffers, setup_plain),
		TEST(a_port_is_announced_and_opened, setup),
		TEST(hostile_messages_do_nothing, setup),
		TEST(bad_buffers_are_given_back, setup_plain), TEST(config_space, setup),
		TEST(reset_forgets_half_a_line, setup_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
