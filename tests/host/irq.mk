# SPDX-License-Identifier: Apache-2.0
vgic_SRCS := $(wildcard irq/vgic_*.c) core/lib/device.c tests/host/fake/gic.c \
	tests/host/fake/vgic_world.c tests/host/fake/cpu.c tests/host/fake/log.c

HOST_TESTS += test_vgic
test_vgic_SRCS := tests/host/test_vgic.c $(vgic_SRCS)

HOST_TESTS += test_vgic_direct
test_vgic_direct_SRCS := tests/host/test_vgic_direct.c $(vgic_SRCS)

HOST_TESTS += test_vgic_regs
test_vgic_regs_SRCS := tests/host/test_vgic_regs.c $(vgic_SRCS)

HOST_TESTS += test_vgic_model
test_vgic_model_SRCS := tests/host/test_vgic_model.c $(vgic_SRCS)

HOST_TESTS += test_vtimer
test_vtimer_SRCS := tests/host/test_vtimer.c irq/vtimer.c $(vgic_SRCS)

HOST_TESTS += test_gicv3
test_gicv3_SRCS := tests/host/test_gicv3.c irq/gicv3.c irq/irq.c core/timer.c \
	core/trace.c tests/host/fake/gic.c tests/host/fake/cpu.c tests/host/fake/log.c

HOST_TESTS += test_vgic_smp
test_vgic_smp_SRCS := tests/host/test_vgic_smp.c $(vgic_SRCS)
test_vgic_smp_SAN := thread
