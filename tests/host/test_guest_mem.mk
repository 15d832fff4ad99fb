# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_guest_mem
test_guest_mem_SRCS = tests/host/test_guest_mem.c $(mm_srcs)
