# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_hostio
test_hostio_SRCS := tests/host/test_hostio.c devices/hostblk.c devices/hostnet.c \
	devices/virtio_host.c tests/host/fake/cpu.c
