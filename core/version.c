/* SPDX-License-Identifier: Apache-2.0 */
#include "core/version.h"

#include <corbel_version.h>

const char corbel_version[] = CORBEL_VERSION;
