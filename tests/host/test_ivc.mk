# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_ivc
test_ivc_SRCS = tests/host/test_ivc.c vm/ivc.c vm/shared.c vm/bus.c devices/doorbell.c \
	core/lib/device.c $(mm_srcs)
