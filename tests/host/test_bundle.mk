# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_bundle
test_bundle_SRCS := tests/host/test_bundle.c tests/host/newc_maker.c vm/bundle.c
