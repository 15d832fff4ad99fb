#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The table of function names, made from a first link, is true of the last.
set -eu
cd "$(dirname "$0")/../.."
aarch64-linux-gnu-nm -n build/corbel.elf | tools/symbols.py | cmp -- build/gen/corbel.symbols.S -
echo "the names in the image are those of its functions"
