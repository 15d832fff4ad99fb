/* SPDX-License-Identifier: Apache-2.0 */
/* What a sender left to do: lies about it, and doing it. */
#include "devices/net_offload.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "net_ports.h"

#define ALL (NET_CAP_CSUM | NET_CAP_TSO4 | NET_CAP_TSO6 | NET_CAP_ECN)
#define DST UINT64_C(0x020000005452)
#define SRC UINT64_C(0x010000005452)

static uint8_t bytes[NET_FRAME_MAX + 10];
static uint8_t out[NET_FRAME_MAX];
static struct test_source src;
static struct net_frame frame, seg;

static struct net_offload tso(bool v6, uint16_t size)
{
	return (struct net_offload){
		.needs_csum = true, .csum_start = v6 ? 54 : 34, .csum_offset = 16,
		.gso = v6 ? NET_GSO_TCP6 : NET_GSO_TCP4, .gso_size = size,
	};
}

static uint32_t begin(bool v6, uint32_t payload, struct net_offload off)
{
	uint32_t n = test_tcp(bytes, DST, SRC, v6, payload);

	test_source(&src, bytes, n);
	assert_int_equal(net_frame_begin(&frame, &src.src, n), 0);
	frame.off = off;
	return n;
}

static int check(struct net_offload off, uint32_t payload)
{
	begin(off.gso == NET_GSO_TCP6, payload, off);
	return net_offload_check(&frame, ALL);
}

static void frames_have_a_least_and_a_greatest_length(void **state)
{
	(void)state;
	test_source(&src, bytes, sizeof(bytes));
	assert_int_equal(net_frame_begin(&frame, &src.src, 0), -EINVAL);
	assert_int_equal(net_frame_begin(&frame, &src.src, 13), -EINVAL);
	assert_int_equal(net_frame_begin(&frame, &src.src, NET_FRAME_MAX + 1), -EINVAL);
	assert_int_equal(net_frame_begin(&frame, &src.src, 14), 0);
	assert_int_equal(net_frame_begin(&frame, &src.src, NET_FRAME_MAX), 0);
}

static void honest_senders_are_believed(void **state)
{
	struct net_offload o = tso(false, 1448);

	(void)state;
	assert_int_equal(check((struct net_offload){ 0 }, 10), 0);
	o.hdr_len = 0xffff;                          /* of no account */
	assert_int_equal(check(o, 5000), 0);
	assert_int_equal(frame.off.hdr_len, 66);
	assert_int_equal(check(tso(true, 1428), 5000), 0);
	assert_int_equal(frame.off.hdr_len, 86);
	o = tso(false, 1448);
	o.gso = NET_GSO_NONE;
	assert_int_equal(check(o, 100), 0);
}

static void lies_are_found_out(void **state)
{
	struct net_offload o;

	(void)state;
#define LIE(field, value) do { o = tso(false, 1448); o.field = (value); \
		assert_int_equal(check(o, 5000), -EINVAL); } while (0)
	LIE(needs_csum, false);
	LIE(gso_size, 0);
	LIE(gso_size, NET_GSO_MIN - 1);
	LIE(gso, NET_GSO_TCP6);
	LIE(csum_start, 0);
	LIE(csum_start, 13);
	LIE(csum_start, 33);
	LIE(csum_start, 35);
	LIE(csum_start, 0xffff);
	LIE(csum_offset, 6);
	LIE(csum_offset, 0xffff);
	/* The checksum alone: anywhere, but in the head. */
	o = (struct net_offload){ .needs_csum = true, .csum_start = 0xfff0,
				  .csum_offset = 0xfff0 };
	assert_int_equal(check(o, 5000), -EINVAL);
	o = (struct net_offload){ .needs_csum = true, .csum_start = 60, .csum_offset = 5 };
	assert_int_equal(check(o, 0), -EINVAL);      /* one byte past the end */
	o.csum_offset = 4;
	assert_int_equal(check(o, 0), 0);
	/* Headers without payload are nothing to cut. */
	assert_int_equal(check(tso(false, 1448), 0), -EINVAL);
}

static void headers_that_lie_are_found_out(void **state)
{
	static const struct { uint32_t at; uint8_t value; } lies[] = {
		{ 12, 0x86 },                /* another type                       */
		{ 14, 0x4f },                /* IPv4 options up to the checksum    */
		{ 14, 0x41 },
		{ 23, 17 },                  /* UDP                                */
		{ 34 + 12, 0x40 },           /* TCP shorter than itself            */
		{ 34 + 12, 0x00 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		begin(false, 5000, tso(false, 1448));
		frame.head[lies[i].at] = lies[i].value;
		assert_int_equal(net_offload_check(&frame, ALL), -EINVAL);
	}
	/* TCP whose options reach past the frame. */
	begin(false, 20, tso(false, 1448));
	frame.head[34 + 12] = 0xf0;
	assert_int_equal(net_offload_check(&frame, ALL), -EINVAL);
}

static void what_was_not_agreed_is_refused(void **state)
{
	struct net_offload o = tso(false, 1448);

	(void)state;
	begin(false, 5000, o);
	assert_int_equal(net_offload_check(&frame, ALL & ~NET_CAP_CSUM), -EINVAL);
	assert_int_equal(net_offload_check(&frame, ALL & ~NET_CAP_TSO4), -EINVAL);
	assert_int_equal(net_offload_check(&frame, NET_CAP_CSUM | NET_CAP_TSO4), 0);
	frame.off.ecn = true;
	assert_int_equal(net_offload_check(&frame, NET_CAP_CSUM | NET_CAP_TSO4), -EINVAL);
	begin(true, 5000, tso(true, 1448));
	assert_int_equal(net_offload_check(&frame, ALL & ~NET_CAP_TSO6), -EINVAL);
}

static void checksums_are_made(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 1000; n += 37) {
		for (int v6 = 0; v6 < 2; v6++) {
			uint32_t len = begin(v6, n, tso(v6, 0));

			frame.off.gso = NET_GSO_NONE;
			assert_int_equal(net_csum_finish(&frame), 0);
			assert_false(frame.off.needs_csum);
			assert_int_equal(net_frame_read(&frame, 0, out, len), 0);
			assert_true(test_tcp_right(out, len));
		}
	}
}

static void a_sum_of_zero_is_written_as_ones_in_udp(void **state)
{
	struct net_offload o = { .needs_csum = true, .csum_start = 34, .csum_offset = 6 };

	(void)state;
	test_eth(bytes, DST, SRC, 0x88b5, 40);
	memset(bytes + 34, 0, 20);
	net_put_be16(bytes + 34, 0xffff);
	test_source(&src, bytes, 54);
	assert_int_equal(net_frame_begin(&frame, &src.src, 54), 0);
	frame.off = o;
	assert_int_equal(net_csum_finish(&frame), 0);
	assert_int_equal(net_be16(frame.head + 40), 0xffff);
}

/* Cut, sum up, and put together again: nothing is lost, every segment is right. */
static void cut_all(bool v6, uint32_t payload, uint16_t size)
{
	uint32_t len = begin(v6, payload, tso(v6, size)), hdr = v6 ? 86 : 66, done = 0, n = 0;
	const uint8_t *tcp = out + hdr - 32;

	assert_int_equal(net_offload_check(&frame, ALL), 0);
	for (; net_gso_segment(&frame, n, &seg) == 0; n++) {
		uint32_t part = seg.len - hdr;
		bool last = done + part == payload;

		assert_int_equal(part, MIN(size, payload - done));
		assert_int_equal(seg.off.gso, NET_GSO_NONE);
		assert_int_equal(net_csum_finish(&seg), 0);
		assert_int_equal(net_frame_read(&seg, 0, out, seg.len), 0);
		assert_true(test_tcp_right(out, seg.len));
		assert_memory_equal(out + hdr, bytes + hdr + done, part);
		assert_int_equal(net_be32(tcp + 4), (uint32_t)(0xfffffff0 + done));
		assert_int_equal(tcp[13] & 0x80, n == 0 ? 0x80 : 0);
		assert_int_equal(tcp[13] & 0x19, last ? 0x19 : 0x10);
		if (!v6)
			assert_int_equal(net_be16(out + 18), (0xfffe + n) & 0xffff);
		done += part;
	}
	assert_int_equal(done, payload);
	assert_int_equal(n, (payload + size - 1) / size);
	assert_int_equal(len, hdr + payload);
}

static void segments_are_whole_and_right(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		cut_all(v6, 1, 1448);
		cut_all(v6, 1448, 1448);
		cut_all(v6, 1449, 1448);
		cut_all(v6, 40, NET_GSO_MIN);
		cut_all(v6, 3001, NET_GSO_MIN);
		cut_all(v6, 65000, 1448);
		cut_all(v6, 65000, 65000);
	}
}

static void flows_hash_alike_in_both_directions(void **state)
{
	uint32_t there;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		uint32_t l3 = 14, src_at = v6 ? l3 + 8 : l3 + 12, n = v6 ? 16 : 4;
		uint8_t tmp[16];

		begin(v6, 100, (struct net_offload){ 0 });
		there = net_flow_hash(&frame);
		memcpy(tmp, frame.head + src_at, n);
		memmove(frame.head + src_at, frame.head + src_at + n, n);
		memcpy(frame.head + src_at + n, tmp, n);
		net_put_be16(frame.head + (v6 ? 54 : 34), 80);
		net_put_be16(frame.head + (v6 ? 56 : 36), 40000);
		assert_int_equal(net_flow_hash(&frame), there);
		net_put_be16(frame.head + (v6 ? 56 : 36), 40001);
		assert_int_not_equal(net_flow_hash(&frame), there);
	}
	test_eth(bytes, DST, SRC, ETH_P_IPV4, 5);
	test_source(&src, bytes, 19);
	assert_int_equal(net_frame_begin(&frame, &src.src, 19), 0);
	assert_int_equal(net_flow_hash(&frame), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_have_a_least_and_a_greatest_length),
		cmocka_unit_test(honest_senders_are_believed),
		cmocka_unit_test(lies_are_found_out),
		cmocka_unit_test(headers_that_lie_are_found_out),
		cmocka_unit_test(what_was_not_agreed_is_refused),
		cmocka_unit_test(checksums_are_made),
		cmocka_unit_test(a_sum_of_zero_is_written_as_ones_in_udp),
		cmocka_unit_test(segments_are_whole_and_right),
		cmocka_unit_test(flows_hash_alike_in_both_directions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
