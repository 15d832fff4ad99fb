# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_mailbox
test_mailbox_SRCS := tests/host/test_mailbox.c devices/mailbox.c core/lib/device.c
