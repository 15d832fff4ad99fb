# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_guest_fdt
test_guest_fdt_SRCS := tests/host/test_guest_fdt.c vm/guest_fdt.c vm/guest_fdt_complete.c \
	vm/fdt_writer.c vm/guest_fdt_pass.c core/board_fdt.c core/fdt_sound.c
