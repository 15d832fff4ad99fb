# SPDX-License-Identifier: Apache-2.0
# What tests/bench/run.py needs besides the guests and the hypervisor.
BENCH_OUT := build/bench
$(BENCH_OUT)/count.so: tests/bench/count.c
	@mkdir -p $(@D)
	$(HOSTCC) -std=gnu11 -O2 -fPIC -shared $(warnings) $< -o $@
$(BENCH_OUT)/init: tests/bench/init.S
	@mkdir -p $(@D)
	aarch64-linux-gnu-gcc -nostdlib -static $< -o $@
TEST_DEPS += $(BENCH_OUT)/count.so $(BENCH_OUT)/init build/qemu10
