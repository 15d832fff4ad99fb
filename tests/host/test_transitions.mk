# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_transitions
test_transitions_SRCS := tests/host/test_transitions.c core/vmm/transitions.c
