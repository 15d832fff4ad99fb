/* SPDX-License-Identifier: Apache-2.0 */
/* What was built, in a file of its own so that a commit rebuilds only that. */
#pragma once

/* As git describes the tree, for instance "v1.0-3-gabc1234-dirty". */
extern const char corbel_version[];
