# SPDX-License-Identifier: Apache-2.0
# The hypervisor with tests/el2/ in place of what starts VMs: it tests itself at EL2.
el2_objs := $(filter-out $(OBJ)/obj/core/vmm/manager.o,$(objs)) \
	$(patsubst %.c,$(OBJ)/obj/%.o,$(wildcard tests/el2/*.c))
TEST_DEPS += $O/el2test.bin
$O/el2test.pass1.elf: $O/gen/symbols0.o
$O/el2test.elf: $O/gen/el2test.symbols.o
$O/el2test.pass1.elf $O/el2test.elf: $O/linker.ld $(el2_objs) $(libs)
	@echo "  LD    $@"
	$Q$(link) $(filter %.o,$^) -Wl,--start-group $(libs) -Wl,--end-group -o $@
$O/el2test.bin: $O/el2test.elf
	$Q$(OBJCOPY) -O binary $< $@

# Firmware with a spin table: where its words and the hypervisor are, tests/system/boot.py has too.
SPIN_TABLE := 0x50000000
SPIN_HYPERVISOR := 0x60000000
TEST_DEPS += $O/spin_loader.bin
$O/spin_loader.bin: tests/el2/spin_loader.S tests/system/el2.mk
	$Q$(CC) $(target) -DSPIN_TABLE=$(SPIN_TABLE) -DHYPERVISOR=$(SPIN_HYPERVISOR) \
		-c $< -o $(@:.bin=.o)
	$Q$(OBJCOPY) -O binary $(@:.bin=.o) $@
