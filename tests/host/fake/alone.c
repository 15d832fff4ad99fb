/* SPDX-License-Identifier: Apache-2.0 */
/* core/thread.h for a test with one thread: nobody is inside, so there is nothing to wait for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/thread.h"

static struct thread self;

struct thread *thread_current(void)
{
	return &self;
}

void thread_request(struct thread *t, uint32_t bits)
{
	atomic_fetch_or(&t->requests, bits);
}

void thread_block(uint32_t mask)
{
	(void)mask;
	fail_msg("nobody is inside: there is nothing to wait for");
}
