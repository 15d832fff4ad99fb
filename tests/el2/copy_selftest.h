/* SPDX-License-Identifier: Apache-2.0 */
/* Is memcpy(), which is assembly, a copy of just those bytes? */
#pragma once

#include <stdbool.h>

bool copy_selftest(void);
