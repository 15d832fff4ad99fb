# SPDX-License-Identifier: Apache-2.0
# Device models on fake guest memory, with a driver. virtio_srcs serves all their tests.
virtio_srcs := devices/virtio.c $(wildcard devices/virtq*.c) \
	$(addprefix tests/host/fake/,cpu.c log.c guest_ram.c virtio_driver.c)

HOST_TESTS += test_virtq
test_virtq_SRCS := tests/host/test_virtq.c $(virtio_srcs)

HOST_TESTS += test_virtio_rng test_virtio_balloon test_virtio_console
test_virtio_rng_SRCS := tests/host/test_virtio_rng.c devices/virtio_rng.c $(virtio_srcs)
test_virtio_balloon_SRCS := tests/host/test_virtio_balloon.c devices/virtio_balloon.c $(virtio_srcs)
test_virtio_console_SRCS := tests/host/test_virtio_console.c devices/virtio_console.c $(virtio_srcs)

HOST_TESTS += test_virtio_vsock
test_virtio_vsock_SRCS := tests/host/test_virtio_vsock.c devices/virtio_vsock.c $(virtio_srcs)

HOST_TESTS += test_virtio_blk test_virtio_mmio
test_virtio_blk_SRCS := tests/host/test_virtio_blk.c devices/virtio_blk.c $(virtio_srcs)
test_virtio_mmio_SRCS := tests/host/test_virtio_mmio.c devices/virtio_mmio.c core/lib/device.c \
	$(virtio_srcs)

HOST_TESTS += test_disk_phys
test_disk_phys_SRCS := tests/host/test_disk_phys.c vm/disk_phys.c \
	$(addprefix devices/,virtio_blk.c hostblk.c virtio_host.c) $(virtio_srcs)
