# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_vm_create
test_vm_create_SRCS = tests/host/test_vm_create.c $(wildcard vm/*.c irq/vgic_*.c) irq/vtimer.c \
	$(filter-out tests/%,$(vcpu_srcs)) $(mm_srcs) \
	$(addprefix core/,board.c board_fdt.c fdt_sound.c timer.c) \
	core/lib/device.c \
	$(filter-out devices/uart_%,$(wildcard devices/*.c)) \
	tests/host/fake/el1_state.c tests/host/fake/gic.c tests/host/fake/mutex.c \
	tests/host/newc_maker.c
test_vm_create_LDFLAGS := -Wl,--wrap=frames_alloc,--wrap=frames_claim,--wrap=vmid_alloc
