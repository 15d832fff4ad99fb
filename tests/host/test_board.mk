# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_board
test_board_SRCS := tests/host/test_board.c core/board.c core/board_fdt.c core/fdt_sound.c \
	tests/host/fake/log.c
