#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How deep the stack of an EL2 thread can get, from the image: frames that the compiler
tells, direct calls, and indirect ones. No recursion but what is listed with its bound.

Calls through the tables of TABLES are known. Any other call by address may go to any
function whose address is in the image or taken by code: each stretch between two of them
counts as the deepest there is. NESTED of them are allowed for, which is more than the
deepest chain has: under a device's register its line, a wake-up, a policy and the kick; on
top an interrupt with its handler, a soft timer, a line, a wake-up, a policy and the kick.

usage: tests/check/stack.py [ELF]
"""
import functools
import pathlib
import re
import struct
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
ELF = pathlib.Path(sys.argv[1] if sys.argv[1:] else TOP / "build" / "corbel.elf").resolve()
TOOL = "aarch64-linux-gnu-"
NESTED = 10
MARGIN = 1024
# What the compiler knows nothing of: vectors.S, fast.S.
ASSEMBLY = {"el2_irq": 176, "el2_fiq": 176, "light": 240}
# Tables that one function alone calls through: (who, what is in the table).
TABLES = [
    (r"print_line", r"early_uart_line|console_log"),
    (r"keeper_main", r"do_\w+"),
    (r"shell_main", r"audit|cpu_list|help|log_cmd|mem|poweroff|reboot|stat|trace_dump|trace_switch|"
                    r"vm_console|vm_verb|vm_list|vm_log|vm_set|vm_show|shell_net_\w+"),
    (r"vmm_exit_sync", r"exit_\w+"),
    (r"vm_io_main", r"(net_)?serve\S*"),
    (r"hand_over", r"deliver\S*"),
    (r"hostio_main", r"receive\S*"),
    (r"light", r"vmm_light_\w+"),
    (r"bus_access", r"(mmio|pl\d+|refresh|control|mailbox|doorbell|bells|vgic_gic[dr])_access"),
    (r"reg_table_access", r"vgic_i\w+_(read|write)|irouter_(read|write)"),
    (r"sysreg_(read|write)", r"icc_\w+|sgi\w*_write"),
]
# Where threads begin and pCPUs come in: nothing calls them.
BODIES = re.compile(r"_main$|^start_mapped|^secondary|^run_|^vectors")
# Calls itself: how often at most, and why it ends.
BOUNDED = {
    "seat": 64,                  # each level takes a pCPU out of a 64-bit set
    "fdt_path_offset": 1,        # for an alias; only absolute paths are looked up
    "fdt_path_offset_namelen": 1,
}


def output(*command):
    return subprocess.run(command, cwd=TOP, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True).stdout


def plain(name):
    return re.sub(r"\.(lto_priv|constprop|isra|part|cold)\.\d+|\.cold", "", name)


def frames():
    """{address: greatest distance of SP from where it was at the entry}."""
    sizes, at = {}, None
    for line in output(TOOL + "readelf", "--debug-dump=frames-interp", str(ELF)).splitlines():
        fde = re.search(r"FDE .*pc=([0-9a-f]+)\.\.", line)
        row = re.match(r"[0-9a-f]{16} sp\+(\d+)", line)
        if fde:
            at = int(fde.group(1), 16)
            sizes[at] = 0
        elif row and at is not None:
            sizes[at] = max(sizes[at], int(row.group(1)))
    return sizes


def graph():
    """({function: [callee]}, {functions with indirect calls}, {function: address})."""
    calls, indirect, places, name = {}, set(), {}, None
    for line in output(TOOL + "objdump", "-d", "--no-show-raw-insn", str(ELF)).splitlines():
        head = re.match(r"([0-9a-f]{16}) <(.+)>:$", line)
        if head:
            name = head.group(2)
            calls[name] = set()
            places[name] = int(head.group(1), 16)
            continue
        found = re.search(r"\t(bl|b|b\.\w+|cbn?z|tbn?z|adrp?)\t.*?<([^+>]+)>$", line)
        if found and found.group(2) != name and found.group(1)[:3] != "adr":
            calls[name].add(found.group(2))
        elif re.search(r"\tbl?r\tx", line):
            indirect.add(name)
    return calls, indirect, places


def through_tables(calls, indirect):
    """Make the calls through known tables direct ones. Return what is in the tables."""
    found = set()
    for who, what in TABLES:
        targets = {n for n in calls if re.fullmatch(what, plain(n)) or re.fullmatch(what, n)}
        callers = [n for n in calls if re.fullmatch(who, plain(n))]
        if not targets or not callers:
            sys.exit("no table of %s for %s" % (what, who))
        for name in callers:
            calls[name] |= targets
            indirect.discard(name)
        found |= targets
    return found


def address_taken(places):
    """Functions that data or code has the address of."""
    at = {address: name for name, address in places.items()}
    image = ELF.with_suffix(".bin").read_bytes()
    taken = {at[w] for (w,) in struct.iter_unpack("<Q", image[:len(image) & ~7]) if w in at}
    for line in output(TOOL + "objdump", "-d", "--no-show-raw-insn", str(ELF)).splitlines():
        found = re.search(r"\tadrp?\t.*<([^+>]+)>$", line)
        if found and found.group(1) in places:
            taken.add(found.group(1))
    return taken


def stack_size():
    text = (TOP / "arch/include/arch/layout.h").read_text()
    return int(re.search(r"#define STACK_SIZE +(0x\w+)", text).group(1), 16)


class Depth:
    """Deepest stretch from a function on: seg to wherever, to_indirect to such a call."""

    def __init__(self, calls, indirect, sizes, places):
        self.calls, self.indirect, self.places, self.sizes = calls, indirect, places, sizes
        self.recursive, self.path = set(), []
        self.seg = functools.lru_cache(None)(self._seg)

    def own(self, name):
        size = self.sizes.get(self.places.get(name), 0)
        return (size or ASSEMBLY.get(name, 0)) * BOUNDED.get(plain(name), 1)

    def _seg(self, name):
        """(deepest, deepest that ends in an indirect call or None, way of the first)."""
        if name in self.path:
            self.recursive.add(name)
            return 0, None, ()
        self.path.append(name)
        best, way, far = 0, (), 0 if name in self.indirect else None
        for callee in self.calls.get(name, ()):
            if callee == name:
                continue
            depth, to_indirect, on = self.seg(callee)
            if depth > best:
                best, way = depth, on
            if to_indirect is not None:
                far = max(far or 0, to_indirect)
        self.path.pop()
        own = self.own(name)
        return own + best, None if far is None else own + far, (name,) + way


def main():
    calls, indirect, places = graph()
    for name, callees in calls.items():
        callees &= calls.keys()
    in_tables = through_tables(calls, indirect)
    depth = Depth(calls, indirect, frames(), places)
    sys.setrecursionlimit(10000)
    stretches = {name: depth.seg(name) for name in calls}
    loops = {n for n in depth.recursive if plain(n) not in BOUNDED}
    for name in sorted(loops):
        print("%s is called again from what it calls: %s" % (name, " ".join(
            c for c in sorted(calls[name]))))
    taken = address_taken(places)
    roots = [n for n in stretches if BODIES.search(plain(n)) or n in ASSEMBLY]
    middle = {n: stretches[n] for n in taken if n not in roots and n not in in_tables}
    last = max(middle.values(), key=lambda s: s[0])
    step = max(s[1] or 0 for s in middle.values())
    first = max((stretches[n] for n in roots), key=lambda f: max(f[1] or 0, f[0] - last[0]))
    begin = max(max(stretches[n][1] or 0 for n in roots), first[0] - last[0])
    size = stack_size()
    worst = begin + NESTED * step + last[0] + ASSEMBLY["el2_irq"]
    print("%d functions, %d of them called by address" % (len(calls), len(taken)))
    print("%5d bytes of a thread's body: %s" % (begin, " > ".join(first[2])))
    print("%5d bytes at most from one call by address to the next: %s" % (step, max(
        middle.items(), key=lambda i: i[1][1] or 0)[0]))
    print("%5d bytes at most from the last of them: %s" % (last[0], " > ".join(last[2])))
    print("with %d nested: %d of %d bytes, %d left; %d would fit" % (
        NESTED, worst, size, size - worst, NESTED + (size - worst) // max(step, 1)))
    sys.exit(1 if loops or worst + MARGIN > size or len(calls) < 500 else 0)


main()
