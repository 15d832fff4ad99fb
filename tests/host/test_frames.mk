# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_frames
test_frames_SRCS = tests/host/test_frames.c $(mm_srcs)
