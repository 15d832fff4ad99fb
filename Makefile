# SPDX-License-Identifier: Apache-2.0
# Corbel, the hypervisor. `make help` prints this:
#=
#= make            the hypervisor: build/corbel.bin, build/corbel.elf
#= make run        boot CONFIG=configs/default.toml in QEMU. Also CPU= SMP= MEM= MACHINE=
#=                 QEMU= (which emulator), QEMU_ARGS= (more arguments); TFA=1: behind TF-A;
#=                 SSH_PORT= (of this host) where CONFIG has a way in; 0: none
#= make guest-disk a Debian on disks for configs/debian.toml, which run makes as well
#= make image      what run boots: the hypervisor and build/bundle.cpio of CONFIG=
#=                 BUNDLED=1: the bundle linked into the image
#= make test       all tests; T=PATTERN those whose name has it; test-matrix: the long ones
#= make fuzz       every fuzzer for FUZZ_SECONDS=60, two at once
#= make bench      costs of exits in instructions, beside the bare machine; WALL=1:
#=                 memory by the clock on the wall
#= make coverage   lines and branches of pure code that host tests and fuzzers reach
#= make prove      what Frama-C proves of functions where one wrong index ends isolation
#= make docs       pages from the headers, in build/docs
#= make clean      remove build/, what was fetched included
#=
#= LLVM=1 or CC=clang: clang. CROSS_COMPILE=PREFIX: another GNU toolchain. O=FOLDER:
#= other objects, for instance O=build/clang. LTO=: quicker to build, larger, and each
#= function by itself in a debugger. OPTIONS='CONFIG_SHELL=0': leaves out what
#= core/lib/options.h names. V=1: show commands.

.DEFAULT_GOAL := all

# Set-up first: make builds an included file and then starts over, so that the
# tools are there before anything below asks for them.
include $(if $(filter help clean,$(MAKECMDGOALS)),,build/setup.mk)
build/setup.mk: tools/packages.txt tools/setup
	@tools/setup $@

# Objects go to $O; what was fetched is always in build/.
O ?= build
# What does not depend on how it is linked may be another's.
OBJ ?= $O
BUNDLED ?= $(TFA)
Q := $(if $(V),,@)

# ---- toolchain -------------------------------------------------------------
CROSS_COMPILE ?= $(if $(shell command -v aarch64-none-elf-gcc),aarch64-none-elf-,aarch64-linux-gnu-)
CC      := $(if $(LLVM),clang,$(CROSS_COMPILE)gcc)
LD      := $(CROSS_COMPILE)ld
AR      := $(CROSS_COMPILE)gcc-ar
NM      := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy
HOSTCC  := gcc

is_clang := $(findstring clang,$(notdir $(firstword $(CC))))
target   := $(if $(is_clang),--target=aarch64-none-elf,-mno-outline-atomics)
# Where the UART is when no device tree tells: only to say that there is none.
EARLY_UART ?= 0x09000000
WERROR     ?= -Werror

# EL2 never touches FP registers and, its MMU still off, never an unaligned
# address. What a function does to its stack it does first, which is how the call
# chain in a crash report is found (core/unwind.h); so no frame pointer is needed.
# Landing pads: docs/decisions/008-hardening.md.
# x18 stays the guest's in the exits that save few registers.
whole_prologue := $(if $(is_clang),-mllvm -enable-shrink-wrap=false,-fno-shrink-wrap)
machine := $(target) -std=gnu11 -ffreestanding -mgeneral-regs-only -mstrict-align \
	-fno-pic -fno-pie -mcmodel=tiny -fno-common -fno-strict-aliasing \
	$(if $(filter CONFIG_HARDENING=0,$(OPTIONS)),,-mbranch-protection=bti) \
	-fomit-frame-pointer $(whole_prologue) -ffixed-x18 -fno-stack-protector -fno-unwind-tables \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -g
headers := -nostdinc -isystem $(shell $(CC) -print-file-name=include) -isystem $(OBJ)/lib/include
warnings := $(WERROR) -Wall -Wextra -Wshadow -Wundef -Wvla -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings
frames  := -Wframe-larger-than=1024
# Small: what an exit costs is decided by how much it does. gcc optimizes all C code as one, when it
# is linked, which takes a tenth off; clang would need another linker for that.
LTO     ?= $(if $(is_clang),,1)
# The passes left out trade size for speed even at -Os, and cost no exit an instruction.
smaller := $(if $(is_clang),,$(addprefix -fno-,shrink-wrap move-loop-invariants ipa-sra \
	tree-dominator-opts tree-coalesce-vars))
CFLAGS  := -Os $(smaller) $(if $(LTO),-flto -flto-partition=one)
cflags  := $(machine) $(headers) $(CFLAGS) $(warnings) $(frames) \
	-I. -Iarch/include -Iarch/arm64/include -DEARLY_UART_PL011=$(EARLY_UART) \
	$(addprefix -D,$(OPTIONS)) -MMD -MP

comma := ,

# ---- hypervisor ------------------------------------------------------------
folders := arch/arm64 core core/lib core/vmm mm irq devices vcpu vm
srcs    := $(foreach d,$(folders),$(wildcard $d/*.c $d/*.S))
objs    := $(addprefix $(OBJ)/obj/,$(addsuffix .o,$(basename $(srcs))))
libs    := $(OBJ)/lib/libc.a

.PHONY: all objects run image guest-disk test test-matrix bench coverage prove docs clean help host-tests \
	print-cflags print-host-cc FORCE
all: $O/corbel.bin
objects: $(objs)

# What most exits run through is compiled for speed, and what switches vCPUs unless all is to be small.
fast := core/vmm/light irq/vgic_sgi $(if $(filter CONFIG_FAST=0,$(OPTIONS)),,\
	core/sched core/sched_fixed core/thread vcpu/vcpu irq/vgic_load irq/vgic_wfi irq/vtimer)
$(fast:%=$(OBJ)/obj/%.o): cflags += -O2

# What reads and writes text and files looks after its return addresses, off the way of exits:
# docs/decisions/008-hardening.md.
guarded := core/log devices/gpt vm/bundle vm/vm_load tests/el2/manager \
	$(addprefix core/vmm/,console_in listing shell shell_cmds shell_line shell_words tune)
$(guarded:%=$(OBJ)/obj/%.o): cflags += -fstack-protector-strong

# A changed flag rebuilds, as a changed file does.
$(OBJ)/obj/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(cflags)' | cmp -s - $@ || echo '$(CC) $(cflags)' >$@

$(OBJ)/obj/%.o: %.c $(OBJ)/obj/flags | $(libs)
	@mkdir -p $(@D) && echo "  CC    $<"
	$Q$(CC) $(cflags) -c $< -o $@
$(OBJ)/obj/%.o: %.S $(OBJ)/obj/flags
	@mkdir -p $(@D) && echo "  CC    $<"
	$Q$(CC) $(cflags) -c $< -o $@

# The version is in one object, so that a commit rebuilds only that one.
$(OBJ)/gen/corbel_version.h: FORCE
	@mkdir -p $(@D)
	@echo '#define CORBEL_VERSION "$(shell git describe --always --dirty 2>/dev/null || echo unknown)"' >$@.new
	@cmp -s $@.new $@ || cp $@.new $@
$(OBJ)/obj/core/version.o: $(OBJ)/gen/corbel_version.h
$(OBJ)/obj/core/version.o: cflags += -I$(OBJ)/gen

# Linked twice: the first link tells the addresses of the functions, the second
# has their names in it. The table lies behind the text, so nothing it names moves.
# Not with libgcc, which uses FP registers, for instance to count bits.
link = $(CC) $(machine) $(CFLAGS) $(WERROR) $(frames) \
	$(if $(is_clang),--ld-path=$(LD) -Wno-unused-command-line-argument) \
	-nostdlib -static -T $O/linker.ld -Wl,--gc-sections,--fatal-warnings,--build-id=none \
	-z max-page-size=4096 -z noexecstack
# Changes with the list of objects and with BUNDLED.
$O/gen/link: FORCE
	@mkdir -p $(@D)
	@echo '$(link) $(objs) $(BUNDLED)' | cmp -s - $@ || echo '$(link) $(objs) $(BUNDLED)' >$@
$O/linker.ld: linker.ld arch/include/arch/layout.h core/lib/options.h
	@mkdir -p $(@D)
	$Q$(CC) $(target) -E -P -undef -x assembler-with-cpp -D__ASSEMBLER__ -I. -Iarch/include \
		$(addprefix -D,$(OPTIONS)) $< -o $@
$O/gen/symbols0.S: tools/symbols.py
	@mkdir -p $(@D)
	@tools/symbols.py </dev/null >$@
$O/gen/%.symbols.S: $O/%.pass1.elf
	@$(NM) -n $< | tools/symbols.py >$@
.PRECIOUS: $O/gen/%.symbols.S
$O/gen/%.o: $O/gen/%.S
	$Q$(CC) $(cflags) -c $< -o $@
$O/corbel.pass1.elf: $O/gen/symbols0.o
$O/corbel.elf: $O/gen/corbel.symbols.o
$O/corbel.pass1.elf $O/corbel.elf: $O/linker.ld $O/gen/link $(objs) $(libs) $(if $(BUNDLED),$O/gen/bundle.o)
	@echo "  LD    $@"
	$Q$(link) $(filter %.o,$^) -Wl,--start-group $(libs) -Wl,--end-group -o $@
$O/corbel.bin: $O/corbel.elf
	$Q$(OBJCOPY) -O binary $< $@

build/src/libfdt:
	tools/fetch libfdt
$(libs): tools/libs tools/libs_newlib.h $(OBJ)/obj/flags | build/src/libfdt
	@echo "  LIBS  newlib"
	$QCC='$(CC)' AR='$(AR)' LIB_CFLAGS='$(machine) $(headers)' \
		tools/libs $(OBJ)/lib build/src/libfdt

# ---- host tests ------------------------------------------------------------
# tests/host/NAME.mk says: HOST_TESTS += NAME; NAME_SRCS := FILES; NAME_SAN := thread
HOST_TESTS :=
-include $(wildcard tests/host/*.mk)
host_cflags := -std=gnu11 -g -O1 -fno-omit-frame-pointer $(warnings) -Wno-clobbered \
	-I. -Iarch/include -Itests/host/fake -Itests/host -pthread -MMD -MP
asan := -fsanitize=address$(comma)undefined -fno-sanitize-recover=all
san_of = $(or $($1_SAN),address$(comma)undefined)
dir_of = $O/host/$(firstword $(subst $(comma), ,$(call san_of,$1)))

define host_test
$O/host/$1: $(patsubst %.c,$(call dir_of,$1)/%.o,$($1_SRCS))
	@echo "  HOSTLD $$@"
	$Q$$(HOSTCC) $$(if $$(COVERAGE),$$(COVERAGE),-fsanitize=$(call san_of,$1)) -pthread $$^ $($1_LDFLAGS) -lcmocka -lfdt -o $$@
endef
$(foreach t,$(HOST_TESTS),$(eval $(call host_test,$t)))

$O/host/address/%.o: %.c
	@mkdir -p $(@D) && echo "  HOSTCC $<"
	$Q$(HOSTCC) $(host_cflags) $(or $(COVERAGE),$(asan)) -c $< -o $@
$O/host/thread/%.o: %.c
	@mkdir -p $(@D) && echo "  HOSTCC $<"
	$Q$(HOSTCC) $(host_cflags) $(or $(COVERAGE),-fsanitize=thread) -c $< -o $@
host-tests: $(addprefix $O/host/,$(HOST_TESTS))
# How they are compiled, and of what one is made, for the checks.
print-host-cc:
	@echo '$(HOSTCC) $(filter-out -MMD -MP,$(host_cflags)) $(asan)'
print-srcs-%:
	@echo $($*_SRCS)

# ---- guests, bundle, running -----------------------------------------------
CONFIG   ?= configs/default.toml
QEMU     ?= qemu-system-aarch64
MACHINE  ?= virt,virtualization=on,gic-version=3$(if $(TFA),$(comma)secure=on)
CPU      ?= cortex-a57
# What the configuration says of its board holds, unless the command line does.
board     = $(shell tools/corbel_config.py board $(CONFIG))
SMP      ?= $(or $(patsubst SMP=%,%,$(filter SMP=%,$(board))),4)
MEM      ?= $(or $(patsubst MEM=%,%,$(filter MEM=%,$(board))),1G)

# Guests' files that a configuration names in build/guests are made or fetched, those in
# build/guests-el1 are compiled.
files_of  = $(shell tools/corbel_config.py deps $1 2>/dev/null)
guests_of = $(sort $(foreach f,$(call files_of,$1),$(patsubst $(CURDIR)/%,%,$(filter $(CURDIR)/build/guests-el1/%,$f)) \
	$(if $(filter $(CURDIR)/build/guests/%,$f),build/guests/$(word 1,$(subst /, ,$(f:$(CURDIR)/build/guests/%=%))))))
build/guests/initramfs.cpio.gz: tools/initramfs.py build/guests-linux/corbelctl \
		build/guests-linux/power_key | build/guests/busybox
	$Qtools/initramfs.py build/guests/busybox/busybox $@ \
		build/guests-linux/corbelctl=bin/corbelctl build/guests-linux/power_key=bin/power-key
# Programs of the guests' Linux.
build/guests-linux/%: tools/%.c tests/guests/lib/corbel_hvc.h
	@mkdir -p $(@D)
	$Qaarch64-linux-gnu-gcc -static -std=gnu11 -Os -s $(warnings) -I. $< -o $@
build/guests-linux/%: tests/guests/linux/%.c
	@mkdir -p $(@D)
	$Qaarch64-linux-gnu-gcc -static -std=gnu11 -Os -s $(warnings) -I. $< -o $@
build/guests/%:
	tools/fetch $*
# Debian on disks, for configs/debian.toml.
guest-disk: build/guests/debian
build/guests/debian: | build/guests/cloud build/guests/busybox
	$Qtools/guest_disk $@
.SECONDEXPANSION:
$O/bundle.cpio: FORCE | $$(call guests_of,$$(CONFIG))
	$Qtools/corbel_config.py pack $(CONFIG) --board-mem $(MEM) --board-cpus $(SMP) -o $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
# BUNDLED=1 links the bundle into the image: one file that needs no initrd.
$O/gen/bundle.S: $O/bundle.cpio
	@printf '\t.section .bundle, "a"\n\t.incbin "$<"\n' >$@
image: $O/corbel.bin $O/bundle.cpio
# TFA=1 starts behind TF-A in the secure world, from flash.
$O/flash.bin: $O/corbel.bin tools/tfa_flash.py | build/tfa
	$Qtools/tfa_flash.py $< $@
build/tfa build/qemu10:
	tools/fetch $(@F)
boot := $(if $(TFA),-bios $O/flash.bin,-kernel $O/corbel.bin $(if $(BUNDLED),,-initrd $O/bundle.cpio))

# On a terminal Ctrl-A x ends QEMU, and every other key goes to the machine. Fed
# from a pipe, no byte has a meaning of its own.
run: image $(if $(TFA),$O/flash.bin)
	@if [ -t 0 ]; then echo "Ctrl-A x ends QEMU."; con="-serial mon:stdio"; \
	else con="-monitor none -chardev stdio,id=con,signal=off -serial chardev:con"; fi; \
	devices=$$(tools/corbel_config.py qemu $(CONFIG) $(SSH_PORT:%=--ssh-port %)) || exit 1; \
	eval exec $(QEMU) -M $(MACHINE) -cpu $(CPU) -smp $(SMP) -m $(MEM) -nodefaults -display none \
		$$con $(boot) "$$devices" '$(subst ','\'',$(QEMU_ARGS))'

# ---- tests -----------------------------------------------------------------
# A fragment in tests/ may add to TEST_DEPS what its tests need built.
TEST_DEPS := $O/corbel.bin host-tests build/guests/cloud build/guests/initramfs.cpio.gz
-include $(wildcard tests/guests/*.mk tests/system/*.mk tests/bench/*.mk tests/fuzz/*.mk)
test test-matrix: $(TEST_DEPS)
	@tools/test.py $(if $(filter test-matrix,$@),--matrix) --build $O --match '$(T)' $(HOST_TESTS)
bench: $(TEST_DEPS)
	@tests/bench/run.py $(if $(WALL),--wall)
# What of the pure code the host tests reach, and the fuzzers with what they have found
# so far; without sanitizers, for speed.
coverage: $(addprefix fuzz-found-,$(FUZZERS))
	$Q$(MAKE) O=build/coverage COVERAGE='--coverage -fprofile-update=atomic' host-tests fuzzers
	@tools/coverage.py build/coverage $(HOST_TESTS) $(addprefix fuzz/,$(FUZZERS))
# Needs packages of its own, and is no part of make test.
build/prove.stamp: tests/prove/packages.txt
	@tools/setup $@ $<
	@why3 config detect >/dev/null
prove: build/prove.stamp
	@tests/prove/run.py
docs:
	$Qmkdir -p build/docs && doxygen docs/Doxyfile
# How a file of the hypervisor is compiled, for the checks and for editors.
print-cflags:
	@echo $(CC) $(cflags)

clean:
	rm -rf build
help:
	@sed -n 's/^#= \?//p' Makefile

-include $(shell find $(OBJ)/obj $O/host -name '*.d' 2>/dev/null)
