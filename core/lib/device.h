/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device model is to the rest: a range of registers that is read and
 * written, and interrupt lines that it raises. A model sees offsets and values,
 * never a vCPU.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who made an access: an index, for the models that are banked per vCPU. */
struct mmio_access {
	uint64_t offset;    /* from the start of the device's range            */
	uint64_t value;     /* write: zero-extended; read: set by the model    */
	uint16_t vcpu_idx;  /* accessing vCPU within its VM                    */
	uint8_t  size;      /* bytes: 1, 2, 4 or 8; offset is a multiple of it */
	bool     is_write;
	bool     may_sleep; /* the accessing thread; false: the model must not  */
};

/*
 * An interrupt line from a device to an interrupt controller. The controller
 * fills it in; the device calls irq_line_set() with the level it drives.
 */
struct irq_line {
	void (*set)(void *ctx, uint32_t intid, bool level);
	void *ctx;
	uint32_t intid;
};

/* Safe from any context that may take the controller's locks; NULL set: no line. */
static inline void irq_line_set(const struct irq_line *line, bool level)
{
	if (line->set)
		line->set(line->ctx, line->intid, level);
}

/*
 * A device on a VM's MMIO bus.
 * access: 0 when done, -EFAULT to answer with an external abort. Called with
 *         no locks held; the model locks itself. -EAGAIN: it would have to sleep
 *         and may not: nothing was done, the same access comes again.
 * reset:  back to the state after power-on, lines low. May be NULL.
 */
struct mmio_device {
	const char *name;
	uint64_t base;      /* IPA of the first byte; fixed once on the bus */
	uint64_t size;
	int  (*access)(struct mmio_device *dev, struct mmio_access *acc);
	void (*reset)(struct mmio_device *dev);
};

/*
 * One row of a device's register map, kept as data (style: "Device models").
 * ctx is the model; off the byte offset from the row's start (for arrays).
 */
struct reg_desc {
	uint32_t off;       /* first byte                                  */
	uint16_t len;       /* bytes; more than 8 for arrays of registers  */
	uint8_t  sizes;     /* OR of the access sizes allowed: 1|2|4|8     */
	uint64_t (*read)(void *ctx, const struct mmio_access *acc, uint32_t off);
	void     (*write)(void *ctx, const struct mmio_access *acc, uint32_t off);
};

/* A row. Its name, as in the manual, is for the table's reader: the image has none. */
#define REG(off, len, sizes, name, read, write) { off, len, sizes, read, write }

/**
 * reg_table_access() - carry out one access on a table of registers
 * @tbl: rows sorted by off, not overlapping
 * @nr:  how many
 * @guess: a row to look at first, below @nr
 * @ctx: handed to the row's functions
 * @acc: the access; acc->value is set on a read
 *
 * An offset without a row reads as zero and ignores writes (RAZ/WI). A size
 * the row does not allow is refused.
 *
 * Return: 0, or -EFAULT when the size is refused.
 */
int reg_table_access(const struct reg_desc *tbl, size_t nr, size_t guess, void *ctx,
		     struct mmio_access *acc);

/* RAZ and WI, spelled out in tables. */
uint64_t reg_raz(void *ctx, const struct mmio_access *acc, uint32_t off);
void reg_wi(void *ctx, const struct mmio_access *acc, uint32_t off);
