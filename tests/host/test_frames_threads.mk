# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_frames_threads
test_frames_threads_SRCS = tests/host/test_frames_threads.c tests/el2/frames_selftest.c $(mm_srcs)
test_frames_threads_SAN := thread
