# SPDX-License-Identifier: Apache-2.0
"""Just enough of GDB's remote protocol to divert a CPU of QEMU's."""
import re
import socket
import subprocess
import time

from machine import BUILD, LONG, WORK, Failure

PC = 0x20                       # register numbers of org.gnu.gdb.aarch64.core
HARDWARE_BREAK = "1"


def symbol(name, elf=BUILD / "corbel.elf"):
    for line in subprocess.run(["aarch64-linux-gnu-nm", str(elf)], stdout=subprocess.PIPE,
                               text=True, check=True).stdout.splitlines():
        words = line.split()
        if words[-1] == name:
            return int(words[0], 16)
    raise Failure("no symbol " + name)


def readings(function, register, elf=BUILD / "corbel.elf"):
    """Where a function has just read a system register, and into which general one."""
    text = subprocess.run(["aarch64-linux-gnu-objdump", "-d", "--disassemble=" + function,
                           str(elf)], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = [(int(at, 16) + 4, int(number)) for at, number in
             re.findall(r"^ *([0-9a-f]+):.*\tmrs\tx(\d+), %s$" % register, text, re.M)]
    if not found:
        raise Failure("%s reads no %s" % (function, register))
    return found


class Stub:
    def __init__(self, name):
        self.path = str(WORK / (name + ".gdb"))
        self.socket = None
        self.data = b""

    def args(self):
        return ["-gdb", "unix:%s,server=on,wait=off" % self.path]

    def attach(self):
        """The machine stops."""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LONG)
        self.socket.connect(self.path)
        self.ask("?")

    def _read(self):
        while b"#" not in self.data or len(self.data) < self.data.index(b"#") + 3:
            more = self.socket.recv(4096)
            if not more:
                raise Failure("the stub is gone")
            self.data += more
        start, end = self.data.index(b"$"), self.data.index(b"#")
        packet, self.data = self.data[start + 1:end], self.data[end + 3:]
        self.socket.sendall(b"+")
        return packet.decode()

    def send(self, text):
        self.socket.sendall(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 255))

    def ask(self, text):
        self.send(text)
        return self._read()

    def expect_ok(self, text):
        said = self.ask(text)
        if said != "OK":
            raise Failure("the stub says %s to %s" % (said, text))

    def stop_at(self, address):
        """Run until a CPU is there; which one, from 1."""
        self.expect_ok("Z%s,%x,4" % (HARDWARE_BREAK, address))
        said = self.ask("c")
        if "thread:" not in said:
            raise Failure("stopped by " + said)
        self.expect_ok("z%s,%x,4" % (HARDWARE_BREAK, address))
        return int(said.split("thread:")[1].split(";")[0].split(".")[-1], 16)

    def add(self, cpu, number, by):
        """To a general register."""
        self.expect_ok("Hg%x" % cpu)
        value = int.from_bytes(bytes.fromhex(self.ask("p%x" % number)), "little") + by
        self.expect_ok("P%x=%s" % (number, (value % 2**64).to_bytes(8, "little").hex()))

    def step(self):
        """Past where a CPU was stopped."""
        self.ask("s")

    def go_on_at(self, cpu, address):
        """Detaches; the machine runs."""
        self.expect_ok("Hg%x" % cpu)
        self.expect_ok("P%x=%s" % (PC, address.to_bytes(8, "little").hex()))
        self.detach()

    def detach(self):
        self.expect_ok("D")
        self.socket.close()
        # Where the next one connects it must be listening again.
        time.sleep(0.2)
