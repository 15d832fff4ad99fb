# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_pl061
test_pl061_SRCS := tests/host/test_pl061.c devices/pl061.c core/lib/device.c tests/host/fake/cpu.c
