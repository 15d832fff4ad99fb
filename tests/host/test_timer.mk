# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_timer
test_timer_SRCS := tests/host/test_timer.c core/timer.c tests/host/fake/cpu.c tests/host/fake/log.c
test_timer_SAN := thread
