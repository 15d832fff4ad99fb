# SPDX-License-Identifier: Apache-2.0
vcpu_srcs := vcpu/exit.c vcpu/inject.c vcpu/walk.c vcpu/idregs.c vcpu/sysreg.c vcpu/sysreg_table.c \
	vcpu/cp15.c vcpu/exits.c vcpu/fp.c vcpu/debug.c vcpu/group.c vcpu/vcpu.c vcpu/wfx.c \
	vcpu/stolen.c core/serror.c \
	$(addprefix tests/host/fake/,el1_state.c vcpu_deps.c cpu.c log.c)
vcpu_tests := test_exit test_inject test_idregs test_sysreg test_vcpu
HOST_TESTS += $(vcpu_tests)
$(foreach t,$(vcpu_tests),$(eval $t_SRCS := tests/host/$t.c $(vcpu_srcs)))
