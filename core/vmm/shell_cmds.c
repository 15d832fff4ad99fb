/* SPDX-License-Identifier: Apache-2.0 */
/* The shell's commands: a table, and the listings they show. docs/console.md */
#include "core/vmm/shell.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <arch/timer.h>
#include "core/lib/bits.h"
#include "core/log.h"
#include "core/percpu.h"
#include "core/trace.h"
#include "core/vmm/console.h"
#include "core/vmm/console_impl.h"
#include "core/vmm/info.h"
#include "core/vmm/machine.h"
#include "core/vmm/shell_net.h"
#include "core/vmm/tracing.h"
#include "core/vmm/tune.h"
#include "mm/audit.h"
#include "mm/frames.h"
#include "vm/vm.h"

#define VERB_WAIT_MS 15000           /* so long a verb is waited for, or until Ctrl-C */

#define LISTING(name, columns) { name, ARRAY_SIZE(columns), columns }

/* A row of text: a line of a log, a heading. */
struct line_row {
	const char *text;
};

static const struct list_column line_columns[] = {
	LIST_COLUMN("line", LIST_PTR, 0, struct line_row, text),
};

static const struct listing lines = LISTING("lines", line_columns);

/* ---- VMs ---- */

struct vm_row {
	struct info_vm i;
	const char *state;
	uint64_t exits, irqs, injected;
};

static const struct list_column vm_columns[] = {
	LIST_COLUMN("nr", LIST_U32, 3, struct vm_row, i.id),
	LIST_COLUMN("name", LIST_STR, -16, struct vm_row, i.name),
	LIST_COLUMN("state", LIST_PTR, -8, struct vm_row, state),
	LIST_COLUMN("vcpus", LIST_U32, 5, struct vm_row, i.nr_vcpus),
	LIST_COLUMN("on", LIST_U32, 3, struct vm_row, i.nr_on),
	LIST_COLUMN("mem_kib", LIST_KIB, 9, struct vm_row, i.mem_bytes),
	LIST_COLUMN("used_kib", LIST_KIB, 9, struct vm_row, i.mem_used),
	LIST_COLUMN("restarts", LIST_U32, 8, struct vm_row, i.nr_restarts),
	LIST_COLUMN("refused", LIST_PTR, -7, struct vm_row, i.refused),
};

static const struct list_column stat_columns[] = {
	LIST_COLUMN("nr", LIST_U32, 3, struct vm_row, i.id),
	LIST_COLUMN("name", LIST_STR, -16, struct vm_row, i.name),
	LIST_COLUMN("ran_us", LIST_US, 12, struct vm_row, i.ran),
	LIST_COLUMN("stolen_us", LIST_US, 12, struct vm_row, i.stolen),
	LIST_COLUMN("exits", LIST_U64, 10, struct vm_row, exits),
	LIST_COLUMN("interrupts", LIST_U64, 10, struct vm_row, irqs),
	LIST_COLUMN("injected", LIST_U64, 10, struct vm_row, injected),
};

static const struct listing vm_listing = LISTING("vms", vm_columns);
static const struct listing stat_listing = LISTING("vms", stat_columns);

/* For the shell's thread alone: too large for its stack. */
static struct info_counts counts;

static void vm_rows(struct list_out *o, const struct listing *l, uint32_t from, uint32_t end)
{
	struct vm_row row;

	list_begin(o, l);
	for (uint32_t i = from; i < end; i++) {
		info_vm(i, &row.i);
		info_counts(i, INFO_ALL, &counts);
		row.state = vmm_state_name(row.i.state);
		row.exits = 0;
		for (size_t n = 0; n < LAYER_NR * EC_NR; n++)
			row.exits += counts.exits.sync[n / EC_NR][n % EC_NR];
		row.irqs = counts.exits.irq;
		row.injected = counts.injected;
		list_row(o, &row);
	}
}

static int vm_list(struct shell_call *c)
{
	vm_rows(c->out, &vm_listing, 0, vmm_nr_vms());
	return 0;
}

struct vcpu_row {
	struct info_vcpu i;
	uint32_t vcpu;
	const char *state;
};

static const struct list_column vcpu_columns[] = {
	LIST_COLUMN("vcpu", LIST_U32, 4, struct vcpu_row, vcpu),
	LIST_COLUMN("thread", LIST_U32, 6, struct vcpu_row, i.thread.id),
	LIST_COLUMN("state", LIST_PTR, -8, struct vcpu_row, state),
	LIST_COLUMN("cpu", LIST_U32, 3, struct vcpu_row, i.thread.cpu),
	LIST_COLUMN("affinity", LIST_SET, -8, struct vcpu_row, i.thread.affinity),
	LIST_COLUMN("priority", LIST_U32, 8, struct vcpu_row, i.thread.sched.prio),
	LIST_COLUMN("weight", LIST_U32, 6, struct vcpu_row, i.thread.sched.weight),
	LIST_COLUMN("cap", LIST_U32, 3, struct vcpu_row, i.thread.sched.cap_pct),
	LIST_COLUMN("ran_us", LIST_US, 12, struct vcpu_row, i.thread.ran),
	LIST_COLUMN("stolen_us", LIST_US, 12, struct vcpu_row, i.thread.waited),
};

static const struct listing vcpu_listing = LISTING("vcpus", vcpu_columns);

static void vcpu_rows(struct list_out *o, uint32_t vm)
{
	static const char states[][8] = {
		[THREAD_NEW] = "new", [THREAD_READY] = "ready", [THREAD_RUNNING] = "running",
		[THREAD_BLOCKED] = "blocked", [THREAD_MOVING] = "moving", [THREAD_DEAD] = "dead",
	};
	struct vcpu_row row;

	list_begin(o, &vcpu_listing);
	for (row.vcpu = 0; info_vcpu(vm, row.vcpu, &row.i) == 0; row.vcpu++) {
		row.state = row.i.on ? states[row.i.thread.state] : "off";
		list_row(o, &row);
	}
}

static const struct list_column balloon_columns[] = {
	LIST_COLUMN("target_kib", LIST_KIB, 10, struct vm_balloon_info, target),
	LIST_COLUMN("balloon_kib", LIST_KIB, 11, struct vm_balloon_info, lent),
	LIST_COLUMN("free_kib", LIST_KIB, 10, struct vm_balloon_info, free),
	LIST_COLUMN("avail_kib", LIST_KIB, 10, struct vm_balloon_info, available),
	LIST_COLUMN("ignored", LIST_U64, 8, struct vm_balloon_info, ignored),
};

static const struct listing balloon_listing = LISTING("balloon", balloon_columns);

static int vm_show(struct shell_call *c)
{
	struct vm_balloon_info balloon;

	vm_rows(c->out, &vm_listing, c->vm, c->vm + 1);
	vcpu_rows(c->out, c->vm);
	if (info_balloon(c->vm, &balloon) == 0) {
		list_begin(c->out, &balloon_listing);
		list_row(c->out, &balloon);
	}
	return 0;
}

static int vm_verb(struct shell_call *c)
{
	enum vmm_verb v = 0;

	while (strcmp(vmm_verb_name(v), c->words[1]) != 0)
		v++;
	return vmm_vm_do(c->vm, v, VERB_WAIT_MS);
}

static int vm_console(struct shell_call *c)
{
	return console_attach((int)c->vm);
}

static int vm_set(struct shell_call *c)
{
	return tune_vm(c->vm, c->nr - 3, c->words + 3, &c->word);
}

struct log_reader {
	struct list_out *out;
	uint8_t state;           /* of an escape sequence                       */
	size_t len;
	char text[120];
};

static void end_line(struct log_reader *r)
{
	r->text[r->len] = '\0';
	r->len = 0;
	list_row(r->out, &(struct line_row){ r->text });
}

static void read_byte(struct log_reader *r, uint8_t b)
{
	if (b == '\n' || r->len + 1 == sizeof(r->text))
		end_line(r);
	if (console_plain(&r->state, b))
		r->text[r->len++] = (char)b;
}

/* What the guest printed, without what a terminal might obey; a flood ends. */
static int vm_log(struct shell_call *c)
{
	struct log_reader r = { .out = c->out };
	uint64_t pos = 0;
	uint8_t bytes[64];
	int n = 1;

	list_begin(c->out, &lines);
	for (uint32_t done = 0; n > 0 && done < vmm_vm_config(c->vm)->log_size;
	     done += (uint32_t)n) {
		n = console_read_log((int)c->vm, &pos, bytes, sizeof(bytes));
		for (int i = 0; i < n; i++)
			read_byte(&r, bytes[i]);
	}
	if (r.len)
		end_line(&r);
	return n < 0 ? -ENODEV : 0;
}

/* ---- what was counted ---- */

static const struct { uint8_t ec; char name[18]; } classes[] = {
	{ EC_WFX,      "WFI/WFE" },
	{ EC_FP,       "FP access" },
	{ EC_HVC64,    "HVC" },
	{ EC_SMC64,    "SMC" },
	{ EC_SYS64,    "system register" },
	{ EC_IABT_LOW, "instruction abort" },
	{ EC_DABT_LOW, "data abort" },
};

static const char *class_name(uint32_t ec)
{
	static char number[8];

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (classes[i].ec == ec)
			return classes[i].name;
	snprintf(number, sizeof(number), "0x%02x", (unsigned int)ec);
	return number;
}

struct count_row {
	const char *layer, *what;
	uint64_t count;
};

static const struct list_column count_columns[] = {
	LIST_COLUMN("layer", LIST_PTR, -5, struct count_row, layer),
	LIST_COLUMN("what", LIST_PTR, -18, struct count_row, what),
	LIST_COLUMN("count", LIST_U64, 12, struct count_row, count),
};

struct latency_row {
	uint64_t from_ns, nr;
};

static const struct list_column latency_columns[] = {
	LIST_COLUMN("from_ns", LIST_U64, 12, struct latency_row, from_ns),
	LIST_COLUMN("wake_ups", LIST_U64, 12, struct latency_row, nr),
};

static const struct listing count_listing = LISTING("counts", count_columns);
static const struct listing latency_listing = LISTING("latency", latency_columns);

/* What is counted besides the exits of each class. */
#define COUNT(name, member) { name, offsetof(struct info_counts, member) }
static const struct { char name[18]; uint16_t offset; } others[] = {
	COUNT("unclaimed", exits.unclaimed),
	COUNT("interrupt", exits.irq),
	COUNT("SError", exits.serror),
	COUNT("FP switches", exits.fp_switches),
	COUNT("core taken", exits.loads),
	COUNT("register refused", exits.sysreg_refused),
	COUNT("injected", injected),
};

static void count_rows(struct list_out *o)
{
	static const char layers[LAYER_NR][5] = { "vcpu", "vm", "vmm" };
	struct count_row row = { .count = 0 };

	list_begin(o, &count_listing);
	for (uint32_t n = 0; n < LAYER_NR * EC_NR; n++) {
		row = (struct count_row){ layers[n / EC_NR], class_name(n % EC_NR),
					  counts.exits.sync[n / EC_NR][n % EC_NR] };
		if (row.count)
			list_row(o, &row);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		row = (struct count_row){ "", others[i].name,
			*(const uint64_t *)((const char *)&counts + others[i].offset) };
		list_row(o, &row);
	}
}

static void latency_rows(struct list_out *o)
{
	list_begin(o, &latency_listing);
	for (uint32_t n = 0; n < THREAD_LATENCIES; n++) {
		struct latency_row row = { (UINT64_C(1000000) << n) / (arch_counter_hz() / 1000),
					   counts.latency[n] };

		if (row.nr)
			list_row(o, &row);
	}
}

struct cpu_row {
	struct info_cpu i;
	uint32_t cpu;
};

static const struct list_column cpu_columns[] = {
	LIST_COLUMN("cpu", LIST_U32, 3, struct cpu_row, cpu),
	LIST_COLUMN("mpidr", LIST_HEX, -10, struct cpu_row, i.mpidr),
	LIST_COLUMN("pool", LIST_PTR, -12, struct cpu_row, i.pool),
	LIST_COLUMN("policy", LIST_PTR, -9, struct cpu_row, i.policy),
	LIST_COLUMN("idle_us", LIST_US, 12, struct cpu_row, i.sched.idle),
	LIST_COLUMN("switches", LIST_U64, 10, struct cpu_row, i.sched.nr_switches),
	LIST_COLUMN("ready", LIST_U32, 5, struct cpu_row, i.sched.nr_ready),
	LIST_COLUMN("thread", LIST_U32, 6, struct cpu_row, i.sched.thread),
	LIST_COLUMN("runs", LIST_STR, -16, struct cpu_row, i.sched.name),
};

static const struct listing cpu_listing = LISTING("cpus", cpu_columns);

static int cpu_list(struct shell_call *c)
{
	struct cpu_row row;

	list_begin(c->out, &cpu_listing);
	for (row.cpu = 0; info_cpu(row.cpu, &row.i) == 0; row.cpu++)
		list_row(c->out, &row);
	return 0;
}

static int stat(struct shell_call *c)
{
	if (c->nr == 1) {
		vm_rows(c->out, &stat_listing, 0, vmm_nr_vms());
		return cpu_list(c);
	}
	vm_rows(c->out, &stat_listing, c->vm, c->vm + 1);
	vcpu_rows(c->out, c->vm);
	count_rows(c->out);
	latency_rows(c->out);
	return 0;
}

/* ---- memory ---- */

struct mem_row {
	const char *owner;
	uint64_t size;
};

static const struct list_column mem_columns[] = {
	LIST_COLUMN("owner", LIST_PTR, -16, struct mem_row, owner),
	LIST_COLUMN("kib", LIST_KIB, 12, struct mem_row, size),
};

static const struct listing mem_listing = LISTING("owners", mem_columns);

static void mem_row(struct list_out *o, const char *name, uint16_t owner)
{
	list_row(o, &(struct mem_row){ name, frames_stats(owner) * PAGE_SIZE });
}

static int mem(struct shell_call *c)
{
	static const char owners[][11] = {
		[OWNER_FREE] = "free", [OWNER_HYP] = "hypervisor", [OWNER_RESERVED] = "reserved",
		[OWNER_BUSY] = "scrubbed", [OWNER_SHARED] = "shared",
	};

	list_begin(c->out, &mem_listing);
	for (uint32_t i = 0; i < ARRAY_SIZE(owners); i++)
		mem_row(c->out, owners[i], (uint16_t)i);
	for (uint32_t i = 0; i < vmm_nr_vms(); i++)
		mem_row(c->out, vmm_vm_config(i)->name, owner_vm(i));
	return 0;
}

static const struct list_column audit_columns[] = {
	LIST_COLUMN("tables", LIST_U32, 6, struct audit_totals, tables),
	LIST_COLUMN("el2_kib", LIST_KIB, 10, struct audit_totals, el2_size),
	LIST_COLUMN("vms_kib", LIST_KIB, 10, struct audit_totals, vm_size),
	LIST_COLUMN("findings", LIST_U64, 8, struct audit_totals, findings),
};

static const struct listing audit_listing = LISTING("audit", audit_columns);

static void audit_say(void *ctx, const struct audit_finding *f)
{
	(void)ctx;
	log_err("audit: %s: table of owner %x, address %llx, frame %llx of owner %x", f->what,
		f->owner, (unsigned long long)f->addr, (unsigned long long)f->pa.v,
		f->frame_owner);
}

static int audit(struct shell_call *c)
{
	struct audit_totals t;
	int err = audit_run(audit_say, NULL, &t);

	list_begin(c->out, &audit_listing);
	list_row(c->out, &t);
	return err ? -EFAULT : 0;
}

/* ---- the trace ---- */

struct trace_row {
	struct trace_record r;
	uint32_t cpu;
	const char *event, *what;
};

static const struct list_column trace_columns[] = {
	LIST_COLUMN("cpu", LIST_U32, 3, struct trace_row, cpu),
	LIST_COLUMN("us", LIST_US, 12, struct trace_row, r.tick),
	LIST_COLUMN("event", LIST_PTR, -6, struct trace_row, event),
	LIST_COLUMN("a", LIST_U32, 4, struct trace_row, r.a),
	LIST_COLUMN("b", LIST_HEX, -18, struct trace_row, r.b),
	LIST_COLUMN("what", LIST_PTR, -16, struct trace_row, what),
};

static const struct listing trace_listing = LISTING("trace", trace_columns);

static int trace_switch(struct shell_call *c)
{
	if (strcmp(c->words[1], "start") == 0)
		return tracing_start();
	tracing_stop();
	return 0;
}

static int trace_dump(struct shell_call *c)
{
	static const char events[][7] = {
		[TRACE_SWITCH] = "switch", [TRACE_WAKE] = "wake", [TRACE_MOVE] = "move",
		[TRACE_EXIT] = "exit", [TRACE_IRQ] = "irq",
	};
	struct trace_row row;

	if (tracing_on())
		return -EBUSY;
	list_begin(c->out, &trace_listing);
	for (row.cpu = 0; row.cpu < nr_pcpus; row.cpu++) {
		for (uint32_t pos = 0; trace_read(row.cpu, &pos, &row.r);) {
			row.r.tick -= tracing_since();
			row.event = events[row.r.kind];
			row.what = row.r.kind == TRACE_EXIT ? class_name(row.r.a) : "";
			list_row(c->out, &row);
		}
	}
	return 0;
}

/* ---- the whole ---- */

static int log_cmd(struct shell_call *c)
{
	char line[LOG_LINE];
	uint64_t pos = 0;

	bool optional;

	if (c->nr > 1) {
		log_set_level((enum log_level)shell_which(
			shell_pattern(c->cmd->text, 1, &optional), c->words[1]));
		return 0;
	}
	list_begin(c->out, &lines);
	while (log_read(&pos, line, sizeof(line)))
		list_row(c->out, &(struct line_row){ line });
	return 0;
}

static int reboot(struct shell_call *c)
{
	(void)c;
	machine_reboot();
}

static int poweroff(struct shell_call *c)
{
	(void)c;
	machine_poweroff();
}

struct help_row {
	char usage[96];
	const char *what;
};

static const struct list_column help_columns[] = {
	LIST_COLUMN("command", LIST_STR, -34, struct help_row, usage),
	LIST_COLUMN("what", LIST_PTR, -40, struct help_row, what),
};

static const struct listing help_listing = LISTING("commands", help_columns);

static void help_keys(struct list_out *o)
{
	char text[80];

	list_begin(o, &lines);
	snprintf(text, sizeof(text),
		 "^%c: escape key; then c: here, 0-9: to that VM, n p: to the next, "
		 "twice: itself", console_escape_key() | 0x40);
	list_row(o, &(struct line_row){ text });
	list_row(o, &(struct line_row){ "Arrows ^B ^F ^A ^E move, ^H ^D ^W ^U ^K erase, "
					"^P ^N: history, Tab completes," });
	list_row(o, &(struct line_row){ "^L: clear, ^C: give up. VM: its name or number. "
					"'..' \"..\" \\ quote." });
}

void shell_help(struct list_out *o, char **words, int nr)
{
	struct help_row row;

	list_begin(o, &help_listing);
	for (uint32_t i = 0; i < nr_shell_cmds; i++) {
		const char *text = shell_cmds[i].text, *tab = strchr(text, '\t');

		if (shell_fits(text, words, nr) < nr)
			continue;
		snprintf(row.usage, sizeof(row.usage), "%.*s", (int)(tab - text), text);
		row.what = tab + 1;
		list_row(o, &row);
	}
}

static int help(struct shell_call *c)
{
	shell_help(c->out, c->words + 1, c->nr - 1);
	if (!c->out->nr_rows)
		return -ENOENT;
	if (c->nr == 1)
		help_keys(c->out);
	return 0;
}

const struct shell_cmd shell_cmds[] = {
	{ "audit [--json]\tprove that every frame has one owner", audit },
	{ "cpu list [--json]\tidle time, switches, who runs", cpu_list },
	{ "help [WORD]...\t[--json] commands that begin so; and keys", help },
	{ "log [err|warn|info|debug] [--json]\tmessages; or the least grave to keep", log_cmd },
	{ "mem [--json]\tmemory by owner", mem },
	{ "net capture NETWORK start|stop\tkeep frames that pass, or no more",
	  shell_net_capture },
	{ "net dump NETWORK [--json]\twhat was kept, a pcap file in base64", shell_net_dump },
	{ "net link VM NR up|down\tplug a VM's interface in or out", shell_net_link },
	{ "net list [--json]\tall networks", shell_net_list },
	{ "net show NETWORK [--json]\tits ports, frames, drops", shell_net_show },
	{ "poweroff\tstop the machine", poweroff },
	{ "reboot\treset the machine", reboot },
	{ "stat [VM] [--json]\texits, interrupts, times, latencies", stat },
	{ "trace dump [--json]\tthe last exits and switches of each CPU", trace_dump },
	{ "trace start\tkeep them from now on", trace_switch },
	{ "trace stop\tkeep no more", trace_switch },
	{ "vm console VM\tsend it what is typed", vm_console },
	{ "vm create VM\tget its memory, load it", vm_verb },
	{ "vm destroy VM\tgive all of it back", vm_verb },
	{ "vm kill VM\tstop it at once", vm_verb },
	{ "vm list [--json]\tall VMs", vm_list },
	{ "vm log VM [--json]\twhat it printed last", vm_log },
	{ "vm pause VM\tstop it and its time", vm_verb },
	{ "vm reset VM\tload and start it again", vm_verb },
	{ "vm resume VM\tlet it go on", vm_verb },
	{ "vm set VM weight=|priority=|affinity=|cap=|reservation=|slice=|budget=|period="
	  "|balloon=...\tchange its share of CPUs, or its balloon", vm_set },
	{ "vm show VM [--json]\tit and its vCPUs", vm_show },
	{ "vm start VM\tlet it run", vm_verb },
	{ "vm stop VM\tpress its power key, then stop it", vm_verb },
};

const uint32_t nr_shell_cmds = ARRAY_SIZE(shell_cmds);
