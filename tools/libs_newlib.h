/* SPDX-License-Identifier: Apache-2.0 */
/* How newlib is configured for EL2; what its configure script would write. */
#ifndef __NEWLIB_H__
#define __NEWLIB_H__ 1

#include <_newlib_version.h>

#define _WANT_IO_C99_FORMATS 1  /* %zu, %hhx */
#define _WANT_IO_LONG_LONG 1    /* %llx */
#define _MB_LEN_MAX 1
#define _HAVE_LONG_DOUBLE 1     /* no code for it is built */
#define _HAVE_CC_INHIBIT_LOOP_TO_LIBCALL 1  /* or memset() would call memset() */
#define _WANT_REENT_SMALL 1     /* one struct _reent per CPU, so a small one */
#define _REENT_GLOBAL_ATEXIT 1

#endif
