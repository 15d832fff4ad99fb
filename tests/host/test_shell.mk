# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_shell
test_shell_SRCS := tests/host/test_shell.c core/vmm/shell.c core/vmm/shell_line.c
