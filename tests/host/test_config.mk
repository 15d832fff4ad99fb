# SPDX-License-Identifier: Apache-2.0
HOST_TESTS += test_config
test_config_SRCS := tests/host/test_config.c tests/host/newc_maker.c vm/config.c \
	vm/config_keys.c vm/config_pools.c vm/config_sums.c vm/config_check.c vm/config_channels.c \
	vm/config_virtio.c vm/config_net.c vm/bundle.c core/fdt_sound.c
