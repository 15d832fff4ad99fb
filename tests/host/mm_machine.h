/* SPDX-License-Identifier: Apache-2.0 */
/* A board with mm/ up and running on the fake MMU, for the tests of mm/ and above. */
#pragma once

#include "core/board.h"
#include "mm/mm_init.h"
#include "tests/host/fake/mmu.h"

#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)

/* The first bank is at MACHINE_RAM, with the image MACHINE_IMAGE_SIZE from 2 MiB on. */
#define MACHINE_RAM        UINT64_C(0x40000000)
#define MACHINE_IMAGE      (MACHINE_RAM + 2 * MIB)
#define MACHINE_IMAGE_SIZE UINT64_C(0x80000)
#define MACHINE_ARENA      32

/* Fill in a board of one bank, and the image in it; adds the RAM to the fake. */
void machine_describe(struct board *brd, struct mm_boot *boot, uint64_t ram);

/* Everything up to mm_late_init(), as the boot code does it. Fails the test if it fails. */
void machine_start(struct mm_boot *boot);

/* Both, for a board of one bank. */
void machine_up(uint64_t ram);

/* The calling thread becomes pCPU idx, with its root made if need be. */
void machine_enter_cpu(uint32_t idx);

/* Fails the test if the fake MMU saw a rule broken, or the audit found something. */
void machine_check(void);
