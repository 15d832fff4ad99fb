/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin of QEMU's translator (its plugin API, version 4: QEMU 9.2 and newer) that counts what
 * ran, by kind: all instructions, and those that cost more on silicon than their number says.
 *
 *     -plugin count.so,out=FILE[,profile=FILE[,row=N]]
 *
 * At each HINT #120 that the machine runs, a line of sums so far goes to FILE; one at the first
 * instruction of a guest, if a hypervisor ran, and one at the end: instructions outside and
 * inside of the hypervisor, MRS and MSR, barriers, TLB maintenance in it. The profile has how
 * often each address ran, of row N only (from 0 on) if there is one. The prototypes are declared
 * here, as no package brings the header.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
typedef uint64_t plugin_id;

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t idx);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t len);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int vcpu, void *arg), int flags,
					    void *arg);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
					   void (*cb)(plugin_id id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_atexit_cb(plugin_id id, void (*cb)(plugin_id id, void *arg), void *arg);
int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv);
extern int qemu_plugin_version;

__attribute__((visibility("default"))) int qemu_plugin_version = 4;

#define CB_NO_REGS 0

/* arch/include/arch/layout.h: all that runs at EL2 once its map is made */
#define HYP_FIRST 0x7f0000000000u
#define HYP_END   0x7f8000000000u

enum kind { GUEST, HYP, SYSREG, BARRIER, TLBI, NR_KINDS };

/* Under -icount one thread plays all CPUs. (The API's own sums go wrong there: QEMU 10.0.) */
static uint64_t sums[NR_KINDS];
static FILE *out, *profile;

/* ---- the profile: a table by address, open addressing ---- */

#define SLOTS (1u << 22)
static struct slot {
	uint64_t pc, count;
} *slots;

static struct slot *slot_of(uint64_t pc)
{
	uint32_t i = (uint32_t)(pc >> 2 ^ pc >> 24) % SLOTS;

	while (slots[i].pc && slots[i].pc != pc)
		i = (i + 1) % SLOTS;
	slots[i].pc = pc;
	return &slots[i];
}

/* Marks so far; each row has two. */
static long row = -1, marks;

static void ran(unsigned int vcpu, void *arg)
{
	(void)vcpu;
	if (row < 0 || marks == 2 * row + 1)
		((struct slot *)arg)->count++;
}

/* ---- sums ---- */

static void one_more(unsigned int vcpu, void *sum)
{
	(void)vcpu;
	++*(uint64_t *)sum;
}

static void line(void)
{
	for (int k = 0; k < NR_KINDS; k++)
		fprintf(out, "%s%" PRIu64, k ? " " : "", sums[k]);
	fputc('\n', out);
	fflush(out);
}

/* The hypervisor lets a guest run for the first time: the first line, if there is one. */
static void one_of_guest(unsigned int vcpu, void *arg)
{
	static int entered;

	if (!entered && sums[HYP]) {
		entered = 1;
		line();
	}
	one_more(vcpu, &sums[GUEST]);
	(void)arg;
}

static void mark(unsigned int vcpu, void *arg)
{
	(void)vcpu;
	(void)arg;
	marks++;
	line();
}

static void count(struct qemu_plugin_insn *insn, enum kind kind)
{
	qemu_plugin_register_vcpu_insn_exec_cb(insn, one_more, CB_NO_REGS, &sums[kind]);
}

/* Arm ARM DDI 0487, "System instruction class encoding overview". */
static void special(struct qemu_plugin_insn *insn, uint32_t word)
{
	uint32_t op2 = word >> 5 & 7;

	if ((word & 0xffd00000) == 0xd5100000 || (word & 0xfff8f01f) == 0xd500401f)
		count(insn, SYSREG);
	else if ((word & 0xfffff01f) == 0xd503301f && op2 != 2)
		count(insn, BARRIER);
	else if ((word & 0xfff8f000) == 0xd5088000)
		count(insn, TLBI);
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t pc = qemu_plugin_insn_vaddr(insn);
		int hyp = pc >= HYP_FIRST && pc < HYP_END;
		uint32_t word = 0;

		qemu_plugin_insn_data(insn, &word, sizeof(word));
		if (hyp) {
			count(insn, HYP);
			special(insn, word);
		} else {
			qemu_plugin_register_vcpu_insn_exec_cb(insn, one_of_guest, CB_NO_REGS,
							       NULL);
		}
		if (word == 0xd503201f + (120 << 5))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, CB_NO_REGS, NULL);
		if (profile)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, ran, CB_NO_REGS, slot_of(pc));
	}
}

static void finish(plugin_id id, void *arg)
{
	(void)id;
	(void)arg;
	line();
	for (uint32_t i = 0; profile && i < SLOTS; i++)
		if (slots[i].count)
			fprintf(profile, "%" PRIx64 " %" PRIu64 "\n", slots[i].pc, slots[i].count);
	if (profile)
		fclose(profile);
}

__attribute__((visibility("default")))
int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "out=", 4) == 0)
			out = fopen(argv[i] + 4, "w");
		if (strncmp(argv[i], "profile=", 8) == 0)
			profile = fopen(argv[i] + 8, "w");
		if (strncmp(argv[i], "row=", 4) == 0)
			row = atol(argv[i] + 4);
	}
	slots = profile ? calloc(SLOTS, sizeof(*slots)) : NULL;
	if (!out || (profile && !slots))
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
