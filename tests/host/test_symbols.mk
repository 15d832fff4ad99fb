# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_symbols
test_symbols_SRCS := tests/host/test_symbols.c core/symbols.c
