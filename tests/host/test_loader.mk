# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_loader
test_loader_SRCS := tests/host/test_loader.c vm/loader.c vm/image.c
