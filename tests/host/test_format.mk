# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_format
test_format_SRCS := tests/host/test_format.c
