/* SPDX-License-Identifier: Apache-2.0 */
/* The bundle reader, on sound archives and on all sorts of others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "newc_maker.h"
#include "vm/bundle.h"

/* Open a copy that ends where its allocation ends, so the sanitizer sees every overrun. */
static int open_copy(const void *data, size_t size, const char *lookup)
{
	void *copy = malloc(size ? size : 1);
	struct bundle b;
	struct bundle_file f;
	int err;

	memcpy(copy, data, size);
	err = bundle_open(&b, copy, size);
	if (err == 0 && lookup && bundle_lookup(&b, lookup, &f) == 0) {
		volatile uint8_t sum = 0;

		for (size_t i = 0; i < f.size; i++)
			sum = (uint8_t)(sum + ((const uint8_t *)f.data)[i]);
		assert_in_range(strlen(f.name), 1, BUNDLE_NAME_MAX);
	}
	free(copy);
	return err;
}

static struct newc_maker sound(void)
{
	struct newc_maker m = { 0 };

	newc_add(&m, "system.dtb", "tree", 4);
	newc_add(&m, "Image", "kernel!", 7);
	newc_add(&m, "empty", NULL, 0);
	newc_end(&m);
	return m;
}

static void files_are_found_by_name(void **state)
{
	struct newc_maker m = sound();
	struct bundle b;
	struct bundle_file f;

	(void)state;
	assert_int_equal(bundle_open(&b, m.buf, m.size), 0);
	assert_int_equal(b.nr_files, 3);
	assert_int_equal(bundle_lookup(&b, "Image", &f), 0);
	assert_int_equal(f.size, 7);
	assert_memory_equal(f.data, "kernel!", 7);
	assert_string_equal(f.name, "Image");
	assert_int_equal(bundle_lookup(&b, "empty", &f), 0);
	assert_int_equal(f.size, 0);
	assert_int_equal(bundle_lookup(&b, "Imag", &f), -ENOENT);
	assert_int_equal(bundle_lookup(&b, "image", &f), -ENOENT);
	assert_int_equal(bundle_lookup(&b, "", &f), -ENOENT);
	assert_int_equal(bundle_lookup(&b, "TRAILER!!!", &f), -ENOENT);
	newc_free(&m);
}

static void size_ends_with_the_trailer(void **state)
{
	struct newc_maker m = sound();
	size_t end = m.size;
	struct bundle b;

	(void)state;
	m.buf = realloc(m.buf, end + 4096);
	memset(m.buf + end, 0xa5, 4096);
	assert_int_equal(bundle_open(&b, m.buf, end + 4096), 0);
	assert_int_equal(b.size, end);
	newc_free(&m);
}

static void names_may_be_padded_with_nuls(void **state)
{
	struct newc_maker m = { 0 };
	struct bundle b;
	struct bundle_file f;

	(void)state;
	newc_add_raw(&m, NEWC_REGULAR, "a\0\0\0\0\0", 7, "x", 1);
	newc_end(&m);
	assert_int_equal(bundle_open(&b, m.buf, m.size), 0);
	assert_int_equal(bundle_lookup(&b, "a", &f), 0);
	newc_free(&m);
}

static void folders_and_links_are_no_files(void **state)
{
	struct newc_maker m = { 0 };
	struct bundle b;
	struct bundle_file f;

	(void)state;
	newc_add_raw(&m, 0040755, "d", 2, NULL, 0);
	newc_add_raw(&m, 0120777, "l", 2, "d", 1);
	newc_add_raw(&m, 0040755, "d", 2, NULL, 0);   /* twice: not a file, not a clash */
	newc_end(&m);
	assert_int_equal(bundle_open(&b, m.buf, m.size), 0);
	assert_int_equal(bundle_lookup(&b, "d", &f), -ENOENT);
	assert_int_equal(bundle_lookup(&b, "l", &f), -ENOENT);
	newc_free(&m);
}

static void nothing_there_is_enoent(void **state)
{
	static const uint8_t zeros[4096];
	struct bundle b;

	(void)state;
	assert_int_equal(open_copy("", 0, NULL), -ENOENT);
	assert_int_equal(bundle_open(&b, NULL, 0), -ENOENT);
	assert_int_equal(open_copy(zeros, 1, NULL), -ENOENT);
	assert_int_equal(open_copy(zeros, sizeof(zeros), NULL), -ENOENT);
}

static void foreign_formats_are_eilseq(void **state)
{
	static const char *const heads[] = {
		"\x1f\x8b\x08\x00", "070702000000", "070707000000", "\xd0\x0d\xfe\xed",
		"\x7f" "ELF", "0", "x",
	};
	char buf[512];

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		memset(buf, '7', sizeof(buf));
		memcpy(buf, heads[i], strlen(heads[i]));
		assert_int_equal(open_copy(buf, sizeof(buf), NULL), -EILSEQ);
	}
}

static void cut_at_any_length_is_enodata(void **state)
{
	struct newc_maker m = sound();

	(void)state;
	/* The trailer's padding may be missing: 110 + 11 bytes, padded to 124. */
	for (size_t n = 1; n < m.size - 3; n++)
		assert_int_equal(open_copy(m.buf, n, "Image"), -ENODATA);
	assert_int_equal(open_copy(m.buf, m.size, "Image"), 0);
	newc_free(&m);
}

static void any_byte_may_be_wrong(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0xff, 'f', '0', '7', ' ', 0x80 };
	struct newc_maker m = sound();

	(void)state;
	for (size_t at = 0; at < m.size; at++) {
		uint8_t was = m.buf[at];

		for (size_t i = 0; i < sizeof(bytes); i++) {
			int err;

			m.buf[at] = bytes[i];
			err = open_copy(m.buf, m.size, "Image");
			assert_string_not_equal(bundle_strerror(err), "the bundle cannot be read");
		}
		m.buf[at] = was;
	}
	newc_free(&m);
}

/* A field at the offset in the first header replaced by eight digits. */
static int open_with_field(size_t at, const char *digits)
{
	struct newc_maker m = sound();
	int err;

	memcpy(m.buf + at, digits, 8);
	err = open_copy(m.buf, m.size, "Image");
	newc_free(&m);
	return err;
}

#define AT_MODE      14u
#define AT_FILESIZE  54u
#define AT_NAMESIZE  94u

static void lengths_are_not_believed(void **state)
{
	(void)state;
	assert_int_equal(open_with_field(AT_FILESIZE, "ffffffff"), -ENODATA);
	assert_int_equal(open_with_field(AT_FILESIZE, "7ffffffc"), -ENODATA);
	assert_int_equal(open_with_field(AT_FILESIZE, "00000008"), -EBADMSG);
	assert_int_equal(open_with_field(AT_FILESIZE, "0000000g"), -EBADMSG);
	assert_int_equal(open_with_field(AT_NAMESIZE, "ffffffff"), -EBADMSG);
	assert_int_equal(open_with_field(AT_NAMESIZE, "00000000"), -EBADMSG);
	assert_int_equal(open_with_field(AT_NAMESIZE, "0000000a"), -EBADMSG);
	assert_int_equal(open_with_field(AT_NAMESIZE, "00000101"), -EBADMSG);
	assert_int_equal(open_with_field(AT_NAMESIZE, "-0000001"), -EBADMSG);
	assert_int_equal(open_with_field(AT_MODE, "00 81a4 "), -EBADMSG);
	assert_int_equal(open_with_field(AT_NAMESIZE, "0000000B"), 0);
}

static void two_files_of_one_name_are_eexist(void **state)
{
	struct newc_maker m = { 0 };

	(void)state;
	newc_add(&m, "a", "1", 1);
	newc_add(&m, "b", "1", 1);
	newc_add(&m, "a", "2", 1);
	newc_end(&m);
	assert_int_equal(open_copy(m.buf, m.size, NULL), -EEXIST);
	newc_free(&m);
}

static int open_many(unsigned int nr)
{
	struct newc_maker m = { 0 };
	char name[16];
	int err;

	for (unsigned int i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		newc_add(&m, name, "x", 1);
	}
	newc_end(&m);
	err = open_copy(m.buf, m.size, "f0");
	newc_free(&m);
	return err;
}

static void too_many_files_are_e2big(void **state)
{
	(void)state;
	assert_int_equal(open_many(BUNDLE_MAX_FILES), 0);
	assert_int_equal(open_many(BUNDLE_MAX_FILES + 1), -E2BIG);
}

static void names_need_an_end_and_a_beginning(void **state)
{
	static const struct { const char *name; size_t size; } bad[] = {
		{ "", 1 }, { "abc", 3 }, { "a\0b", 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct newc_maker m = { 0 };

		newc_add_raw(&m, NEWC_REGULAR, bad[i].name, bad[i].size, "x", 1);
		newc_end(&m);
		assert_int_equal(open_copy(m.buf, m.size, NULL), -EBADMSG);
		newc_free(&m);
	}
}

static void each_error_has_its_own_sentence(void **state)
{
	static const int errs[] = { -ENOENT, -EILSEQ, -ENODATA, -EBADMSG, -E2BIG, -EEXIST, -EIO };

	(void)state;
	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(bundle_strerror(errs[i]), bundle_strerror(errs[j]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_found_by_name),
		cmocka_unit_test(size_ends_with_the_trailer),
		cmocka_unit_test(names_may_be_padded_with_nuls),
		cmocka_unit_test(folders_and_links_are_no_files),
		cmocka_unit_test(nothing_there_is_enoent),
		cmocka_unit_test(foreign_formats_are_eilseq),
		cmocka_unit_test(cut_at_any_length_is_enodata),
		cmocka_unit_test(any_byte_may_be_wrong),
		cmocka_unit_test(lengths_are_not_believed),
		cmocka_unit_test(two_files_of_one_name_are_eexist),
		cmocka_unit_test(too_many_files_are_e2big),
		cmocka_unit_test(names_need_an_end_and_a_beginning),
		cmocka_unit_test(each_error_has_its_own_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
