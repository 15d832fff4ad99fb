# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_uart_phys
test_uart_phys_SRCS := tests/host/test_uart_phys.c devices/uart_phys.c devices/uart_pl011.c
