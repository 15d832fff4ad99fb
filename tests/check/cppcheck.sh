#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cppcheck has nothing to say of the hypervisor's code. The C library's headers are left out:
# cppcheck knows their functions, and at an #error in them it would give up without a word.
set -eu
cd "$(dirname "$0")/../.."

# What it cannot know: two symbols of the linker script may be subtracted; who waits for a mutex
# or a request stays until it is off the list; err says whether an address was found; a loop over
# strings ends at its first test; no GIC has more INTIDs than there are owners.
known='--suppress=comparePointers --suppress=autoVariables:core/mutex.c
	--suppress=autoVariables:devices/hostblk.c --suppress=uninitStructMember:mm/guest_copy.c
	--suppress=nullPointerArithmeticRedundantCheck:core/board_fdt.c
	--suppress=arrayIndexOutOfBoundsCond:irq/irq.c'

check() {
	# shellcheck disable=SC2086 # a list of words
	cppcheck -q -j2 --std=c11 --enable=warning,performance,portability --platform=unix64 \
		--suppress=missingIncludeSystem $known --error-exitcode=1 \
		--include=tests/check/cppcheck_libfdt.h -I. -Iarch/include -Iarch/arm64/include \
		-D__aarch64__=1 "$@"
}

# It has, of a file with two faults: else it has not looked.
seeded=$(mktemp --suffix=.c)
trap 'rm -f "$seeded"' EXIT
cat >"$seeded" <<'END'
#include <stdint.h>
#include <string.h>
#include "core/lib/bits.h"
#include "vm/vm.h"
int seeded(int n)
{
	int a[4];
	uint64_t zero = 0;
	a[7] = n;
	return a[7] / (int)zero;
}
END
for fault in arrayIndexOutOfBounds zerodiv; do
	check "$seeded" 2>&1 | grep -q "$fault" || { echo "cppcheck overlooks $fault"; exit 1; }
done
check arch/arm64 core vm vcpu mm irq devices
