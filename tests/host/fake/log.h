/* SPDX-License-Identifier: Apache-2.0 */
/* What the code under test logged. FAKE_LOG=1 in the environment shows it. */
#pragma once

extern unsigned int fake_log_lines;    /* log_printf() calls                 */
extern unsigned int fake_log_guest_lines;
extern char fake_log_last[256];        /* text of the last of either         */
