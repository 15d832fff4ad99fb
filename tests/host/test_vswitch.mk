# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_vswitch test_vswitch_threads test_net_offload
net_srcs := devices/vswitch.c devices/mac_table.c devices/net_frame.c devices/net_offload.c \
	devices/net_capture.c tests/host/net_ports.c tests/host/fake/cpu.c
# Of those with one thread.
net_alone := $(net_srcs) tests/host/fake/alone.c
test_vswitch_SRCS := tests/host/test_vswitch.c $(net_alone)
test_net_offload_SRCS := tests/host/test_net_offload.c devices/net_frame.c \
	devices/net_offload.c tests/host/net_ports.c
test_vswitch_threads_SRCS := tests/host/test_vswitch_threads.c $(net_srcs)
test_vswitch_threads_SAN := thread

HOST_TESTS += test_virtio_net
# Recursive: virtio_srcs may come later.
test_virtio_net_SRCS = tests/host/test_virtio_net.c devices/virtio_net.c devices/virtio_net_ctrl.c \
	$(filter-out tests/host/fake/cpu.c,$(net_alone)) $(virtio_srcs)

HOST_TESTS += test_uplink
test_uplink_SRCS := tests/host/test_uplink.c devices/uplink.c $(net_alone)
