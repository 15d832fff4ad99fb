/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of a switch that keep what they get, and frames made of bytes, for tests. */
#pragma once

#include "devices/vswitch.h"

#define TEST_KEPT 64

struct test_frame {
	uint32_t len;
	struct net_offload off;
	uint8_t bytes[NET_FRAME_MAX];
};

struct test_port {
	struct vswitch_port port;
	enum vswitch_taken answer;
	uint32_t nr;                         /* frames that came                */
	struct test_frame *got;              /* the last one                    */
	uint32_t lens[TEST_KEPT];            /* of the first of them            */
};

struct test_source {
	struct net_source src;
	const uint8_t *bytes;
	uint32_t len;
};

extern const struct vswitch_port_ops test_port_ops;

/* A source of exactly len bytes: reading past them fails the test. */
void test_source(struct test_source *s, const void *bytes, uint32_t len);

/* A frame of type ETH_P_* with n bytes of payload, 0 to 255 again and again. Its length. */
uint32_t test_eth(uint8_t *to, uint64_t dst, uint64_t src, uint32_t type, uint32_t n);

/* The same with TCP in IPv4 or IPv6: sums as a sender that leaves the checksum leaves them. */
uint32_t test_tcp(uint8_t *to, uint64_t dst, uint64_t src, bool v6, uint32_t payload);

/* Are the checksums of a TCP frame right? */
bool test_tcp_right(const uint8_t *eth, uint32_t len);
