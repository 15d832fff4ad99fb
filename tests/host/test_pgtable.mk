# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_pgtable
test_pgtable_SRCS = tests/host/test_pgtable.c $(mm_srcs)
