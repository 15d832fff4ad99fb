/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place of libFuzzer: give a target each file of the folders named. For coverage,
 * and for compilers and debuggers that know no fuzzer.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>

static int replay(const char *folder, const char *name)
{
	static uint8_t data[1 << 20];
	char path[1024];
	size_t size;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	FUZZ_CHECK(f);
	size = fread(data, 1, sizeof(data), f);
	fclose(f);
	return LLVMFuzzerTestOneInput(data, size);
}

int main(int argc, char **argv)
{
	unsigned int nr = 0;

	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		struct dirent *e;

		while (dir && (e = readdir(dir)) != NULL) {
			if (e->d_name[0] == '.')
				continue;
			replay(argv[i], e->d_name);
			nr++;
		}
		if (dir)
			closedir(dir);
	}
	printf("%u inputs\n", nr);
	return nr == 0;
}
