# SPDX-License-Identifier: Apache-2.0
# What tests/system/run.py boots besides the hypervisor and the guests.
TEST_DEPS += build/qemu10 build/tfa build/guests/rt build/guests/u-boot build/guests/uio
