/* SPDX-License-Identifier: Apache-2.0 */
/* A test that expects a panic catches it; any other ends the test program. */
#pragma once

#include <setjmp.h>
#include <stdbool.h>

extern _Thread_local jmp_buf fake_panic_jmp;
extern _Thread_local bool fake_panic_armed;

/* Runs the statement; true when it panicked. Locks it held stay held. */
#define FAKE_PANICS(statement) ({				\
	volatile bool caught_ = false;				\
	fake_panic_armed = true;				\
	if (setjmp(fake_panic_jmp) == 0) {			\
		statement;					\
	} else {						\
		caught_ = true;					\
	}							\
	fake_panic_armed = false;				\
	caught_; })
