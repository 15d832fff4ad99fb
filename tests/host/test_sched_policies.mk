# SPDX-License-Identifier: Apache-2.0
sched_srcs := core/sched.c core/sched_pool.c core/thread.c core/sched_fixed.c core/sched_pinned.c \
	core/sched_fair.c core/sched_edf.c core/sched_partition.c core/trace.c \
	tests/host/fake/cpu.c tests/host/fake/panic.c tests/host/fake/log.c
HOST_TESTS += test_sched_policies
test_sched_policies_SRCS := tests/host/test_sched_policies.c tests/host/sched_sim.c $(sched_srcs)
