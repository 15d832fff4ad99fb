#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The image, without guests, stays below its limit: text, rodata and data.
set -eu
cd "$(dirname "$0")/../.."
limit=$((160 * 1024))
size=$(aarch64-linux-gnu-size -A -d build/corbel.elf |
	awk '$1 == ".text" || $1 == ".rodata" || $1 == ".data" { sum += $2 } END { print sum }')
echo "text, rodata and data: $size bytes of $limit"
[ "$size" -gt 0 ] && [ "$size" -le "$limit" ]
