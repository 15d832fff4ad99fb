/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host/fake/ivc.h"

bool fake_ivc;
unsigned int fake_ivc_slept;

bool ivc_has(const struct vm *vm, uint32_t fid)
{
	(void)vm;
	return fake_ivc && fid - IVC_FID < IVC_NR_FNS;
}

enum exit_verdict ivc_quick(struct vm *vm, uint64_t *x)
{
	(void)vm, (void)x;
	return EXIT_UP;
}

enum exit_verdict ivc_call(struct vm *vm, uint64_t *x)
{
	(void)vm;
	fake_ivc_slept++;
	x[0] = 0;
	x[1] = 0xca11;
	return EXIT_DONE;
}
