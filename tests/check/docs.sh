#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The contracts in the headers read as pages, without a warning.
set -eu
cd "$(dirname "$0")/../.."
exec make docs
