# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_bus
test_bus_SRCS := tests/host/test_bus.c vm/bus.c
