# SPDX-License-Identifier: Apache-2.0
# What a VM's devices stand on: memory, as mm_srcs has it, and the virtio core.
vm_virtio_srcs = tests/host/fake/mutex.c devices/virtio.c $(wildcard devices/virtq*.c) $(mm_srcs)
HOST_TESTS += test_disk
test_disk_SRCS = tests/host/test_disk.c vm/disk.c devices/virtio_blk.c $(vm_virtio_srcs)

HOST_TESTS += test_balloon
test_balloon_SRCS = tests/host/test_balloon.c vm/balloon.c vm/vm_lookup.c \
	devices/virtio_balloon.c $(vm_virtio_srcs)

HOST_TESTS += test_io
test_io_SRCS := tests/host/test_io.c vm/io.c tests/host/fake/log.c
