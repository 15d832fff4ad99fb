# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_drbg
test_drbg_SRCS := tests/host/test_drbg.c vm/drbg.c tests/host/fake/cpu.c
