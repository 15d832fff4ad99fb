# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_insn
test_insn_SRCS := tests/host/test_insn.c vm/insn.c
