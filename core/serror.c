/* SPDX-License-Identifier: Apache-2.0 */
#include "core/serror.h"

#include <arch/regs.h>

bool serror_goes_on(uint64_t esr)
{
	uint64_t aet = bits_get(ISS_SERROR_AET, esr);

	/* Without RAS the first two are not so. */
	return !(esr & ISS_SERROR_IDS) && bits_get(ISS_SERROR_DFSC, esr) == DFSC_SERROR &&
	       (aet == AET_CORRECTED || aet == AET_RESTARTABLE);
}
