# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_abort
test_abort_SRCS := tests/host/test_abort.c vm/abort.c vm/setway.c vm/insn.c vm/bus.c \
	vm/vm_lookup.c vcpu/exit.c tests/host/vm_fixture.c tests/host/fake/cpu.c \
	tests/host/fake/log.c
