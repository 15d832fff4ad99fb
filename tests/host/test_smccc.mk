# SPDX-License-Identifier: Apache-2.0
smccc_srcs := vm/smccc.c vm/psci.c vm/pvtime.c vm/trng.c vm/drbg.c vm/power.c vm/vm_lookup.c \
	vm/bus.c tests/host/vm_fixture.c tests/host/fake/cpu.c tests/host/fake/ivc.c
HOST_TESTS += test_smccc test_psci_race
test_smccc_SRCS := tests/host/test_smccc.c $(smccc_srcs)
test_psci_race_SRCS := tests/host/test_psci_race.c $(smccc_srcs)
test_psci_race_SAN := thread
