/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/setway.h"

#include "mm/guest_copy.h"
#include "vm/vm.h"

enum exit_verdict exit_setway(struct vcpu *v, const struct exit_info *info)
{
	uint64_t piece = guest_flush_piece(&v->vm->s2, IPA(v->flushed));

	(void)info;
	v->flushed = piece ? v->flushed + piece : 0;
	return piece ? EXIT_RETRY : EXIT_DONE;
}
