# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_manage
test_manage_SRCS := tests/host/test_manage.c core/vmm/manage.c
