# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_bits
test_bits_SRCS := tests/host/test_bits.c
