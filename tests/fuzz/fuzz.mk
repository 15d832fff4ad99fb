# SPDX-License-Identifier: Apache-2.0
# Fuzzers: tests/fuzz/fuzz_NAME.c and what it is linked with. docs/testing.md, "Fuzzers".
FUZZERS := bundle config loader board guest_fdt insn exit walk abort vgic smccc manage shell \
	virtq gpt blk net console vsock balloon ivc
fuzz_bundle_SRCS    := vm/bundle.c
fuzz_config_SRCS    := $(wildcard vm/config*.c) vm/bundle.c core/fdt_sound.c tests/host/newc_maker.c
fuzz_loader_SRCS    := vm/loader.c vm/image.c
fuzz_board_SRCS     := core/board.c core/board_fdt.c core/fdt_sound.c tests/host/fake/log.c
fuzz_guest_fdt_SRCS := $(wildcard vm/guest_fdt*.c) vm/fdt_writer.c core/board_fdt.c core/fdt_sound.c
fuzz_insn_SRCS      := vm/insn.c
fuzz_exit_SRCS      := $(vcpu_srcs)
fuzz_walk_SRCS      := vcpu/walk.c
fuzz_abort_SRCS     := vm/abort.c vm/setway.c vm/insn.c vm/bus.c vm/vm_lookup.c vcpu/exit.c \
	devices/pl011.c devices/pl031.c devices/pl061.c devices/sbsa_wdt.c devices/mailbox.c \
	devices/wall_clock.c core/timer.c core/lib/device.c tests/host/vm_fixture.c \
	tests/host/fake/cpu.c tests/host/fake/log.c
fuzz_vgic_SRCS      := $(vgic_SRCS)
fuzz_smccc_SRCS     := $(smccc_srcs)
fuzz_manage_SRCS    := core/vmm/manage.c
fuzz_shell_SRCS     := core/vmm/shell.c core/vmm/shell_line.c core/vmm/shell_words.c \
	core/vmm/listing.c core/lib/number.c tests/host/fake/cpu.c
fuzz_virtq_SRCS     := $(virtio_srcs)
fuzz_gpt_SRCS       := devices/gpt.c
# A driver of virtio devices, and the models.
fuzz_virtio_srcs    := tests/fuzz/virtio_guest.c devices/virtio_mmio.c core/lib/device.c \
	$(virtio_srcs)
fuzz_blk_SRCS       := devices/virtio_blk.c $(fuzz_virtio_srcs)
fuzz_net_SRCS       := devices/virtio_net.c devices/virtio_net_ctrl.c \
	$(filter-out tests/host/fake/cpu.c,$(net_alone)) $(fuzz_virtio_srcs)
fuzz_console_SRCS   := devices/virtio_console.c $(fuzz_virtio_srcs)
fuzz_vsock_SRCS     := devices/virtio_vsock.c $(fuzz_virtio_srcs)
fuzz_ivc_SRCS       := $(ivc_srcs)
fuzz_balloon_SRCS   := devices/virtio_balloon.c $(fuzz_virtio_srcs)

FUZZ_SECONDS ?= 60
# Under make coverage gcc builds them, and a driver replays what is kept and what was found.
fuzz_cc     := $(if $(COVERAGE),$(HOSTCC),clang)
fuzz_cflags  = $(filter-out -Wno-clobbered,$(host_cflags)) -Ibuild/src/libfdt \
	$(or $(COVERAGE),-fsanitize=fuzzer-no-link$(comma)address$(comma)undefined \
	-fno-sanitize-recover=all)
fuzz_ldflags = $(or $(COVERAGE),-fsanitize=fuzzer$(comma)address$(comma)undefined)
fuzz_objs    = $(addprefix $O/fuzz/obj/,$(patsubst %.c,%.o,tests/fuzz/fuzz_$1.c $(fuzz_$1_SRCS) \
	$(if $(COVERAGE),tests/fuzz/replay.c)))
# libfdt from source: what it reads is watched too.
fuzz_fdt    := $(patsubst %,$O/fuzz/libfdt/%.o,fdt fdt_addresses fdt_empty_tree fdt_ro fdt_rw \
	fdt_strerror fdt_sw fdt_wip)

define fuzzer
$O/fuzz/$1: $(call fuzz_objs,$1) $(fuzz_fdt)
	@echo "  FUZZLD $$@"
	$Q$$(fuzz_cc) $$(fuzz_ldflags) -pthread $$^ -lcmocka -o $$@
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzzer,$f)))

$O/fuzz/obj/%.o: %.c | build/src/libfdt
	@mkdir -p $(@D) && echo "  FUZZCC $<"
	$Q$(fuzz_cc) $(fuzz_cflags) -c $< -o $@
$O/fuzz/libfdt/%.o: | build/src/libfdt
	@mkdir -p $(@D) && echo "  FUZZCC build/src/libfdt/$*.c"
	$Q$(fuzz_cc) $(filter-out -W%,$(fuzz_cflags)) -c build/src/libfdt/$*.c -o $@

# What make test runs leaves its finds, which make coverage replays.
fuzz-found-%: $O/fuzz/%
	@tests/fuzz/run.py --build $O --test $* >$O/fuzz/$*.log 2>&1

.PHONY: fuzzers fuzz
fuzzers: $(addprefix $O/fuzz/,$(FUZZERS))
TEST_DEPS += fuzzers
fuzz: fuzzers
	@tests/fuzz/run.py --build $O --seconds $(FUZZ_SECONDS) $(FUZZERS)

-include $(shell find $O/fuzz -name '*.d' 2>/dev/null)
