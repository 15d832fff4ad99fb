# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_pl011
test_pl011_SRCS := tests/host/test_pl011.c devices/pl011.c core/lib/device.c tests/host/fake/cpu.c
