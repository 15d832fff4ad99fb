# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_gpt
test_gpt_SRCS := tests/host/test_gpt.c devices/gpt.c
