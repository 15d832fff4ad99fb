/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What newlib asks of its platform: where errno lives, and an allocator.
 * The C library here is the subset that tools/libs builds.
 */
#pragma once

struct _reent;

/**
 * libc_set_reent() - name the function that finds this CPU's newlib state
 * @get: returns the struct _reent of the CPU that runs; must not fail
 *
 * Until it is called every caller shares one state, so call it before a second
 * CPU starts. The state holds errno and nothing that outlives a call.
 */
void libc_set_reent(struct _reent *(*get)(void));
