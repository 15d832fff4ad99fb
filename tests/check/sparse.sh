#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sparse keeps apart what the compiler does not: pointers to memory that a guest writes, to
# registers of devices, and to EL2's own (core/lib/space.h).
set -eu
cd "$(dirname "$0")/../.."
found=$(mktemp)
seeded=$(mktemp --suffix=.c)
trap 'rm -f "$found" "$seeded"' EXIT

# What the linker script and assembly name is declared nowhere else: -Wno-decl. Constants of
# 64 bits are cut where the compiler is told so: -Wno-cast-truncate.
check() {
	sparse -m64 -std=gnu11 -D__aarch64__=1 -D__LP64__=1 -nostdinc -isystem build/lib/include \
		-isystem "$(aarch64-linux-gnu-gcc -print-file-name=include)" \
		-I. -Iarch/include -Iarch/arm64/include -Ibuild/gen \
		-DEARLY_UART_PL011=0x09000000 -Wno-decl -Wno-cast-truncate "$1" 2>&1
}

# It sees three faults; else it has not looked.
cat >"$seeded" <<'END'
#include "core/lib/guest_ram.h"
char seeded(struct guest_view *v, char __mmio *regs);
char seeded(struct guest_view *v, char __mmio *regs)
{
	char *own = v->p;
	v->p = regs;
	return *own + *(char __guest *)v->p;
}
END
[ "$(check "$seeded" | grep -c 'different address spaces\|dereference of noderef')" = 3 ] ||
	{ echo "sparse overlooks a stray pointer:"; check "$seeded"; exit 1; }

files=$(ls core/*.c core/lib/*.c core/vmm/*.c mm/*.c irq/*.c devices/*.c vcpu/*.c vm/*.c \
	arch/arm64/*.c)
for file in $files; do
	check "$file"
done >"$found"
cat "$found"
echo "$files" | wc -l
[ ! -s "$found" ]
