# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_sched_threads
test_sched_threads_SRCS := tests/host/test_sched_threads.c core/sched.c core/sched_pool.c \
	core/thread.c core/sched_fixed.c core/sched_pinned.c core/sched_fair.c core/sched_edf.c \
	core/sched_partition.c core/trace.c core/mutex.c tests/host/fake/cpu.c \
	tests/host/fake/panic.c tests/host/fake/log.c
test_sched_threads_SAN := thread
