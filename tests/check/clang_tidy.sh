#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# clang-tidy has nothing to say of the hypervisor's code. Left out are checks of a style that
# is not ours, of what other checks see (recursion: check/stack), and of products and casts of
# small numbers: what of them a guest chooses is bounded before.
set -eu
cd "$(dirname "$0")/../.."
seeded=$(mktemp --suffix=.c)
trap 'rm -f "$seeded"' EXIT
checks='-*,bugprone-*,cert-*,misc-*,performance-*'
for without in bugprone-branch-clone bugprone-easily-swappable-parameters \
		bugprone-implicit-widening-of-multiplication-result \
		bugprone-misplaced-widening-cast bugprone-narrowing-conversions \
		bugprone-reserved-identifier bugprone-signed-char-misuse cert-dcl37-c cert-dcl51-cpp \
		cert-err33-c cert-str34-c misc-no-recursion misc-redundant-expression \
		misc-unused-parameters performance-no-int-to-ptr; do
	checks="$checks,-$without"
done
flags="--target=aarch64-none-elf -std=gnu11 -ffreestanding -mgeneral-regs-only -nostdinc
	-isystem $(clang -print-file-name=include) -isystem build/lib/include -I. -Ibuild/gen
	-Iarch/include -Iarch/arm64/include -DEARLY_UART_PL011=0x09000000"

check() {
	# shellcheck disable=SC2086 # lists of words
	echo "$@" | xargs -n 12 -P 2 sh -c 'flags=$0; checks=$1; shift
		clang-tidy --quiet --warnings-as-errors="*" --checks="$checks" "$@" -- $flags' \
		"$flags" "$checks" 2>/dev/null
}

# It has, of a file with two faults: else it has not looked.
cat >"$seeded" <<'END'
#include <string.h>
#include "core/lib/types.h"
int seeded(char *s);
int seeded(char *s)
{
	if (strcmp(s, "a") == 1)
		return sizeof(sizeof(s));
	return 0;
}
END
for fault in bugprone-sizeof-expression bugprone-suspicious-string-compare; do
	check "$seeded" | grep -q "$fault" || { echo "clang-tidy overlooks $fault"; exit 1; }
done
check core/*.c core/lib/*.c core/vmm/*.c mm/*.c irq/*.c devices/*.c vcpu/*.c vm/*.c arch/arm64/*.c
