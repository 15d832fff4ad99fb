/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle: a cpio archive ("newc", not compressed) with the packed
 * configuration and the files it names. Its bytes are not trusted.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BUNDLE_NAME_MAX  256    /* longest file name, with the final NUL   */
#define BUNDLE_MAX_FILES 256    /* more is not a bundle but an accident    */

struct bundle {
	const uint8_t *base;
	size_t   size;              /* up to and with the trailer           */
	uint32_t nr_files;
};

/* A file inside a bundle. data is 16-byte aligned if the packer made it so: do not count on it. */
struct bundle_file {
	const char *name;
	const void *data;
	size_t      size;
};

/**
 * bundle_open() - check an archive from end to end
 * @b:    filled in; keeps @base, allocates nothing
 * @base: first byte; any alignment; must stay mapped while @b is used
 * @size: bytes that may be read; more than the archive is fine (padding)
 *
 * Reads headers and names only, never file contents: the cost is bounded by
 * BUNDLE_MAX_FILES whatever the size.
 *
 * Return: 0; or an error that bundle_strerror() puts in words:
 *         -ENOENT nothing there (size 0 or all header bytes zero); -EILSEQ not a
 *         newc archive; -ENODATA cut off; -EBADMSG a field is not a number or a
 *         name is not one; -E2BIG too many files; -EEXIST two files of one name.
 */
int bundle_open(struct bundle *b, const void *base, size_t size);

/* One plain sentence for an error of bundle_open(), for the console. */
const char *bundle_strerror(int err);

/**
 * bundle_lookup() - find a file by its exact name
 * @b:    an open bundle
 * @name: as in the configuration
 * @file: filled in when found
 *
 * Return: 0; -ENOENT no such file.
 */
int bundle_lookup(const struct bundle *b, const char *name, struct bundle_file *file);
