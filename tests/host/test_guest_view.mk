# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_guest_view
test_guest_view_SRCS = tests/host/test_guest_view.c $(mm_srcs)
