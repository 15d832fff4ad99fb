#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# clang builds the hypervisor too, without a warning.
set -eu
cd "$(dirname "$0")/../.."
exec make LLVM=1 O=build/clang
