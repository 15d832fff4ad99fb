# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_power
test_power_SRCS := tests/host/test_power.c vm/power.c
test_power_SAN := thread
