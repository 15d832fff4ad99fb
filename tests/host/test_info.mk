# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_info
test_info_SRCS := tests/host/test_info.c core/vmm/info.c core/lib/number.c \
	vm/power.c tests/host/fake/cpu.c
