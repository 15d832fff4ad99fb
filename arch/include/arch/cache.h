/* SPDX-License-Identifier: Apache-2.0 */
/* Cache maintenance by VA to the point of coherency; zeroing. */
#pragma once

#include <stddef.h>

/* Clean (write back) every line that holds a byte of [p, p + size); DSB SY. */
void arch_dcache_clean_poc(const void *p, size_t size);

/* Clean and invalidate; DSB SY. */
void arch_dcache_clean_inval_poc(const void *p, size_t size);

/* IC IALLUIS; DSB ISH; ISB: instructions written anywhere can now be fetched. */
void arch_icache_inval_all(void);

/* Zero a range, page aligned, multiple of 4 KiB; by DC ZVA where allowed. */
void arch_zero_pages(void *p, size_t size);
