/* SPDX-License-Identifier: Apache-2.0 */
/* vm/ivc.h for tests of who calls it: not there, or there and only for who may sleep. */
#pragma once

#include "vm/ivc.h"

extern bool fake_ivc;                /* the VM has the calls                    */
extern unsigned int fake_ivc_slept;  /* calls carried out                       */
