# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_placement
test_placement_SRCS := tests/host/test_placement.c core/vmm/placement.c
