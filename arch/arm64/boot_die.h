/* SPDX-License-Identifier: Apache-2.0 */
/* Called from boot.S with the MMU off, at physical addresses. */
#pragma once

#include <stdint.h>

/* Entered at another exception level: say so and stop. */
void boot_die_el(uint64_t current_el) __attribute__((noreturn));

/* An exception before the real vectors were in place. */
void boot_die_exception(uint64_t esr, uint64_t elr) __attribute__((noreturn));

/* Returns if there is a device tree at fdt_pa and the image lies well. */
void boot_check(uint64_t fdt_pa, uint64_t image_pa);
