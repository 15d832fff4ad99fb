# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_calls
test_calls_SRCS := tests/host/test_calls.c core/vmm/calls.c core/vmm/transitions.c
test_calls_SAN := thread
