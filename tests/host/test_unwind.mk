# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_unwind
test_unwind_SRCS := tests/host/test_unwind.c core/unwind.c
