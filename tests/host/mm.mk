# SPDX-License-Identifier: Apache-2.0
# Memory management on the fake MMU. mm_srcs serves tests of the floors above too.
mm_srcs := $(wildcard mm/*.c) $(addprefix tests/host/fake/,cpu.c log.c mmu.c panic.c) \
	tests/host/mm_machine.c
