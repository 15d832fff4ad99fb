#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No row of the benchmark above its budget, none missing, and docs/performance.md current.
set -eu
cd "$(dirname "$0")/../.."
exec tests/bench/run.py --check
