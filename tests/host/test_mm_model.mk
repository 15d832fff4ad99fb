# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_mm_model
test_mm_model_SRCS = tests/host/test_mm_model.c $(mm_srcs)
