# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_ivc
# The calls and VMs that make them.
ivc_srcs = vm/ivc.c vm/shared.c vm/bus.c devices/doorbell.c core/lib/device.c \
	tests/host/ivc_vms.c $(mm_srcs)
test_ivc_SRCS = tests/host/test_ivc.c $(ivc_srcs)
