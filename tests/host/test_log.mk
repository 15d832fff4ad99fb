# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_log
test_log_SRCS := tests/host/test_log.c core/log.c tests/host/fake/cpu.c
