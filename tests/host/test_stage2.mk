# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_stage2
test_stage2_SRCS = tests/host/test_stage2.c $(mm_srcs)
