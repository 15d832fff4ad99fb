#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cppcheck has nothing to say of the hypervisor's code.
set -eu
cd "$(dirname "$0")/../.."
exec cppcheck -q -j2 --std=c11 --enable=warning,performance,portability --platform=unix64 \
	--inline-suppr --suppress=missingIncludeSystem --suppress=preprocessorErrorDirective \
	--error-exitcode=1 -I. -Iarch/include -Iarch/arm64/include -Ibuild/lib/include \
	-D__aarch64__=1 core vm vcpu mm irq devices
