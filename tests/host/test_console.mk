# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_console
test_console_SRCS := tests/host/test_console.c core/vmm/console.c core/vmm/console_out.c \
	core/vmm/console_in.c devices/pl011.c devices/uart_phys.c devices/uart_pl011.c \
	core/timer.c tests/host/fake/log.c core/lib/device.c tests/host/fake/cpu.c
