/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a bundle: what is found in it lies in it. */
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include "vm/bundle.h"

static void check_file(const struct bundle *b, const struct bundle_file *f)
{
	const uint8_t *data = f->data, *name = (const uint8_t *)f->name;

	FUZZ_CHECK(data >= b->base && f->size <= b->size);
	FUZZ_CHECK((size_t)(data - b->base) <= b->size - f->size);
	FUZZ_CHECK(name >= b->base && name < b->base + b->size);
	FUZZ_CHECK(strlen(f->name) < BUNDLE_NAME_MAX);
}

/* Every string in the archive is tried as a name. */
static uint32_t look_for_all(const struct bundle *b, const uint8_t *p, size_t size)
{
	uint32_t found = 0;
	size_t tried = 0;

	for (size_t i = 0; i + 1 < size && tried < 64; i++) {
		struct bundle_file f;

		if ((i > 0 && p[i - 1] > ' ') || p[i] <= ' ' || !memchr(p + i, 0, size - i))
			continue;
		tried++;
		if (bundle_lookup(b, (const char *)p + i, &f) == 0) {
			check_file(b, &f);
			found++;
		}
	}
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(data, size);
	struct bundle_file f;
	struct bundle b;
	int err = bundle_open(&b, copy, size);

	FUZZ_CHECK(bundle_strerror(err));
	if (err == 0) {
		FUZZ_CHECK(b.base == copy && b.size <= size);
		FUZZ_CHECK(b.nr_files <= BUNDLE_MAX_FILES);
		look_for_all(&b, copy, size);
		FUZZ_CHECK(bundle_lookup(&b, "", &f) == -ENOENT);
	}
	free(copy);
	return 0;
}
