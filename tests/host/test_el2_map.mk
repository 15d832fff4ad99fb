# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_el2_map
test_el2_map_SRCS = tests/host/test_el2_map.c $(mm_srcs)
