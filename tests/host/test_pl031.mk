# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_pl031
test_pl031_SRCS := tests/host/test_pl031.c devices/pl031.c devices/wall_clock.c core/timer.c \
	tests/host/fake/log.c core/lib/device.c tests/host/fake/cpu.c
