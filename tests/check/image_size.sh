#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The image, without guests, stays below its limits: text, rodata and data, of all there is
# and of what a build must have. docs/decisions/005-image-size.md.
set -eu
cd "$(dirname "$0")/../.."

# stays LIMIT ELF
stays() {
	size=$(aarch64-linux-gnu-size -A -d "$2" |
		awk '$1 == ".text" || $1 == ".rodata" || $1 == ".data" { sum += $2 } END { print sum }')
	echo "$2: text, rodata and data: $size bytes of $1"
	[ "$size" -gt 0 ] && [ "$size" -le "$1" ]
}

make -s O=build/small OPTIONS='CONFIG_SHELL=0 CONFIG_MANAGE=0 CONFIG_TRACE=0 CONFIG_HOSTIO=0 CONFIG_CHANNELS=0 CONFIG_PASSTHROUGH=0 CONFIG_VIRTIO=0 CONFIG_HARDENING=0 CONFIG_FAST=0 CONFIG_DIRECT=0' build/small/corbel.elf
stays $((160 * 1024)) build/small/corbel.elf
stays $((280 * 1024)) build/corbel.elf
