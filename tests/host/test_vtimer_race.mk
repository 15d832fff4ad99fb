# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_vtimer_race
test_vtimer_race_SRCS := tests/host/test_vtimer_race.c irq/vtimer.c core/timer.c \
	tests/host/fake/log.c tests/host/fake/cpu.c
