# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_shell test_shell_line test_listing
test_shell_SRCS := tests/host/test_shell.c core/vmm/shell.c core/vmm/shell_line.c \
	core/vmm/shell_words.c core/vmm/listing.c core/lib/number.c tests/host/fake/cpu.c
test_shell_line_SRCS := tests/host/test_shell_line.c core/vmm/shell_line.c core/vmm/shell_words.c
test_listing_SRCS := tests/host/test_listing.c core/vmm/listing.c core/lib/number.c \
	tests/host/fake/cpu.c
