# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_sbsa_wdt
test_sbsa_wdt_SRCS := tests/host/test_sbsa_wdt.c devices/sbsa_wdt.c core/timer.c \
	tests/host/fake/log.c core/lib/device.c tests/host/fake/cpu.c
