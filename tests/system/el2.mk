# SPDX-License-Identifier: Apache-2.0
# The hypervisor with tests/el2/ in place of what starts VMs: it tests itself at EL2.
el2_objs := $(filter-out $O/obj/core/vmm/manager.o,$(objs)) \
	$(patsubst %.c,$O/obj/%.o,$(wildcard tests/el2/*.c))
TEST_DEPS += $O/el2test.bin
$O/el2test.elf: $O/linker.ld $O/gen/symbols0.o $(el2_objs) $(libs)
	@echo "  LD    $@"
	$Q$(link) $(el2_objs) $O/gen/symbols0.o -Wl,--start-group $(libs) -Wl,--end-group -o $@
$O/el2test.bin: $O/el2test.elf
	$Q$(OBJCOPY) -O binary $< $@
