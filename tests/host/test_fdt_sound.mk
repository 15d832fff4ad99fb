# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_fdt_sound
test_fdt_sound_SRCS := tests/host/test_fdt_sound.c core/fdt_sound.c
