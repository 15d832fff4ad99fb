/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For guests that run until they are told otherwise (tests/guests/load/): words typed on
 * their console, by interrupts, and a watchdog that they feed.
 */
#pragma once

#include <stdint.h>

/**
 * prompt_start() - print the prompt, listen on the UART
 * @name:   before each line and in the prompt
 * @report: prints how the guest fares: the word "stat"
 *
 * With watchdog=MS on the command line a watchdog of that period is started. The GIC is up.
 * Words: stat; off, reset (PSCI); starve (feeds no more); wedge (a loop without end,
 * interrupts masked); crash (an exception whose vector is nowhere); nowhere (jumps there).
 */
void prompt_start(const char *name, void (*report)(void));

/* An interrupt was taken: what is typed, if it is that. The caller ends it. */
void prompt_irq(uint32_t intid);

/*
 * Feed the watchdog, and carry out a word that has been typed; interrupts masked.
 * Returns one that is not among those above, or "".
 */
const char *prompt_poll(void);

/* The next number of a word's arguments, hexadecimal; *s goes behind it. */
uint64_t prompt_number(const char **s);
