# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_doorbell
test_doorbell_SRCS := tests/host/test_doorbell.c devices/doorbell.c core/lib/device.c \
	tests/host/fake/cpu.c
