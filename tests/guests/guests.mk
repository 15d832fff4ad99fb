# SPDX-License-Identifier: Apache-2.0
# EL1 test guests: build/guests-el1/NAME.bin from tests/guests/NAME.c, and the bench guest.
# Included by the Makefile; also stands alone: make -f tests/guests/guests.mk guests-el1

GUEST_DIR   := tests/guests
GUEST_OUT   := build/guests-el1
GUEST_CROSS := $(if $(CROSS_COMPILE),$(CROSS_COMPILE),aarch64-linux-gnu-)
GUEST_CC    := $(GUEST_CROSS)gcc

# A folder's program: all that its guest is made of besides lib/.
GUEST_PARTS_chaos/chaos   := chaos/entry.S chaos/acts.c chaos/world.c
GUEST_PARTS_chaos/witness := chaos/spin.S

GUEST_NAMES := $(patsubst $(GUEST_DIR)/%.c,%,$(wildcard $(GUEST_DIR)/*.c $(GUEST_DIR)/load/*.c)) \
	bench_guest chaos/chaos chaos/witness
GUEST_BINS  := $(GUEST_NAMES:%=$(GUEST_OUT)/%.bin)
GUEST_LIB   := $(patsubst $(GUEST_DIR)/%,$(GUEST_OUT)/%.o,\
		 $(wildcard $(GUEST_DIR)/lib/*.c) $(wildcard $(GUEST_DIR)/lib/*.S))

GUEST_CFLAGS := -std=gnu11 -Os -g -ffreestanding -nostdlib -nostdinc \
	-isystem $(shell $(GUEST_CC) -print-file-name=include) \
	-fpie -fvisibility=hidden -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fno-tree-loop-distribute-patterns -fno-strict-aliasing \
	-march=armv8-a -mgeneral-regs-only -mstrict-align -mno-outline-atomics \
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Werror \
	-I$(GUEST_DIR)

.PHONY: guests-el1
guests-el1: $(GUEST_BINS)

$(GUEST_OUT)/%.c.o: $(GUEST_DIR)/%.c $(GUEST_DIR)/guests.mk
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_CFLAGS) -MMD -MP -c $< -o $@

$(GUEST_OUT)/%.S.o: $(GUEST_DIR)/%.S $(GUEST_DIR)/guests.mk
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_CFLAGS) -MMD -MP -c $< -o $@

$(GUEST_OUT)/bench_guest.c.o: tests/bench/bench_guest.c $(GUEST_DIR)/guests.mk
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_CFLAGS) -MMD -MP -c $< -o $@

.SECONDEXPANSION:
$(GUEST_OUT)/%.elf: $(GUEST_OUT)/%.c.o $(GUEST_LIB) $(GUEST_DIR)/lib/guest.ld \
		$$(addprefix $(GUEST_OUT)/,$$(addsuffix .o,$$(GUEST_PARTS_$$*)))
	$(GUEST_CC) -nostdlib -static -Wl,-pie -Wl,--no-dynamic-linker -Wl,-z,norelro \
		-Wl,-z,max-page-size=4096 -Wl,--build-id=none -Wl,--no-warn-rwx-segments \
		-Wl,-T,$(GUEST_DIR)/lib/guest.ld -o $@ $(filter %.o,$^) -lgcc

$(GUEST_OUT)/%.bin: $(GUEST_OUT)/%.elf
	$(GUEST_CROSS)objcopy -O binary $< $@

# Examples for Linux programs.
GUEST_LINUX := $(patsubst $(GUEST_DIR)/linux/%.c,build/guests-linux/%,\
		 $(wildcard $(GUEST_DIR)/linux/*.c))
$(GUEST_LINUX): build/guests-linux/%: $(GUEST_DIR)/linux/%.c $(wildcard $(GUEST_DIR)/lib/*.h)
	@mkdir -p $(@D)
	$(GUEST_CC) -static -std=gnu11 -Os -s -Wall -Wextra -Wshadow -Werror -I$(GUEST_DIR) $< -o $@
TEST_DEPS += $(GUEST_LINUX)

.SECONDARY: $(GUEST_NAMES:%=$(GUEST_OUT)/%.elf) $(GUEST_LIB) $(GUEST_NAMES:%=$(GUEST_OUT)/%.c.o) \
	$(foreach g,$(GUEST_NAMES),$(GUEST_PARTS_$(g):%=$(GUEST_OUT)/%.o))
-include $(wildcard $(GUEST_OUT)/*.d $(GUEST_OUT)/*/*.d)
TEST_DEPS += guests-el1
