/* SPDX-License-Identifier: Apache-2.0 */
/* Which verb is taken in which state: all of them, against a second writing of the rule. */
#include "core/vmm/lifecycle.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* By state: the letters of what is taken, then what the others answer. */
static const struct {
	enum vmm_state state;
	const char *taken, *already, *busy, *nodev;   /* the rest: -EINVAL */
} rules[] = {
	{ VMM_DEFINED,  "c",    "d",   "",      "sprtkR" },
	{ VMM_READY,    "sd",   "ctk", "",      ""       },
	{ VMM_RUNNING,  "ptkR", "csr", "d",     ""       },
	{ VMM_PAUSED,   "rtkR", "cp",  "d",     ""       },
	{ VMM_STOPPING, "k",    "ct",  "spRrd", ""       },
	{ VMM_OFF,      "sd",   "ctk", "",      ""       },
	{ VMM_CRASHED,  "stkRd", "c",  "",      ""       },
};

static const char letters[] = {
	[VMM_CREATE] = 'c', [VMM_START] = 's', [VMM_PAUSE] = 'p', [VMM_RESUME] = 'r',
	[VMM_STOP] = 't', [VMM_KILL] = 'k', [VMM_RESET] = 'R', [VMM_DESTROY] = 'd',
};

static void every_verb_in_every_state_has_its_answer(void **state)
{
	(void)state;
	assert_int_equal(sizeof(rules) / sizeof(rules[0]), VMM_NR_STATES);
	for (int s = 0; s < VMM_NR_STATES; s++) {
		for (int v = 0; v < VMM_NR_VERBS; v++) {
			int c = letters[v];
			int want = strchr(rules[s].taken, c) ? 0 :
				   strchr(rules[s].already, c) ? -EALREADY :
				   strchr(rules[s].busy, c) ? -EBUSY :
				   strchr(rules[s].nodev, c) ? -ENODEV : -EINVAL;

			assert_int_equal(rules[s].state, s);
			if (vmm_verb_check((enum vmm_state)s, (enum vmm_verb)v) != want)
				fail_msg("%s in state %s", vmm_verb_name((enum vmm_verb)v),
					 vmm_state_name((enum vmm_state)s));
		}
	}
}

static void what_is_no_verb_or_no_state_is_refused(void **state)
{
	(void)state;
	assert_int_equal(vmm_verb_check(VMM_NR_STATES, VMM_START), -EINVAL);
	assert_int_equal(vmm_verb_check(VMM_OFF, VMM_NR_VERBS), -EINVAL);
	assert_int_equal(vmm_verb_check((enum vmm_state)-1, (enum vmm_verb)-1), -EINVAL);
}

/* Whatever has run can be brought to nothing, and started again, by taken verbs only. */
static void every_state_has_a_way_to_destroyed(void **state)
{
	(void)state;
	for (int s = VMM_READY; s < VMM_NR_STATES; s++)
		assert_true(vmm_verb_check((enum vmm_state)s, VMM_DESTROY) == 0 ||
			    vmm_verb_check((enum vmm_state)s, VMM_KILL) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verb_in_every_state_has_its_answer),
		cmocka_unit_test(what_is_no_verb_or_no_state_is_refused),
		cmocka_unit_test(every_state_has_a_way_to_destroyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
