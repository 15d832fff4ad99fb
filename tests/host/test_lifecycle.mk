# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_lifecycle
test_lifecycle_SRCS := tests/host/test_lifecycle.c vm/lifecycle.c vm/power.c vm/bus.c \
	vm/vm_lookup.c devices/sbsa_wdt.c devices/pl061.c core/timer.c \
	tests/host/fake/log.c core/lib/device.c \
	tests/host/vm_fixture.c tests/host/fake/cpu.c
test_lifecycle_SAN := thread
