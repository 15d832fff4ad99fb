# SPDX-License-Identifier: Apache-2.0
"""Debian as it is installed: configs/debian.toml and all it shows."""
import contextlib
import re
import socket
import subprocess

import devices
from linux import BAD, GONE, Shell
from load import no_findings
from machine import BUILD, LONG, TOP, Failure, Machine, die_with_parent
from matrix import fetched
from services import attach, to_shell

# systemd on an emulated CPU that others use too.
PATIENCE = 10 * LONG
HOST = "10.0.2.2"
ADDRESS = {"debian-a": "10.9.0.1", "debian-b": "10.9.0.2"}
FIO = ("fio --name=v --filename=%s --size=%s --rw=randwrite --bsrange=4k-64k --ioengine=libaio "
       "--iodepth=16 --direct=1 --verify=crc32c --verify_fatal=1 --end_fsync=1 --output=/root/fio"
       " && grep -q 'err= 0' /root/fio")


def made(target):
    done = subprocess.run(["make", "-s", target], cwd=TOP)
    if done.returncode:
        raise Failure("make %s failed" % target)


@contextlib.contextmanager
def iperf3_server():
    """The port of an iperf3 on this host's loopback interface."""
    fetched("iperf3", BUILD / "iperf3")
    for port in range(5201, 5301):
        server = subprocess.Popen([str(BUILD / "iperf3/iperf3"), "-s", "--forceflush", "-B",
                                   "127.0.0.1", "-p", str(port)], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True,
                                  preexec_fn=die_with_parent)
        # It says that it listens, or why it cannot, and ends.
        if "-----" in server.stdout.readline() and "listening" in server.stdout.readline():
            break
        server.wait()
    else:
        raise Failure("iperf3 finds no port")
    try:
        yield port
    finally:
        server.kill()
        server.wait()


class Debian(Shell):
    """A login on the console of one of the two."""

    def login(self, name):
        self.name = name
        self.m.expect(name + " login: ", PATIENCE)
        self.m.send("root\n")
        self.m.expect(r"root@%s:~# " % name, PATIENCE)
        # No line editor, which would draw what is typed.
        self.m.send("exec env PS1='$ ' sh\n")
        self.run("true")

    def value(self, command, limit=PATIENCE):
        """The command's last word."""
        words = self.run(command, limit).split()
        return words[-1] if words else ""

    def run(self, command, limit=PATIENCE):
        """Its output without what Corbel puts before its lines, and those of others."""
        return "\n".join(re.findall(r"^\[%s\] (.*)$" % self.name, super().run(command, limit),
                                    re.M))


def is_up(shell, name):
    """Its own address and one from QEMU's DHCP, and nothing that failed."""
    shell.run("until ip -4 addr show eth0 | grep -q ' 10\\.0\\.2\\.'; do sleep 1; done")
    shell.run("ip -4 addr show eth0 | grep -q ' %s/'" % ADDRESS[name])
    state = shell.value("systemctl is-system-running --wait || true")
    if state != "running":
        raise Failure("%s is %s: %s" % (name, state, shell.run("systemctl --failed --no-pager")))


def network(a, port):
    for address in (ADDRESS["debian-b"], HOST):
        if " 5 received" not in a.run("ping -c 5 " + address):
            raise Failure("%s does not answer" % address)
    if a.value("ssh debian-b hostname") != "debian-b":
        raise Failure("ssh leads elsewhere")
    for target in ("%s -n 32M" % ADDRESS["debian-b"], "%s -R -n 32M" % ADDRESS["debian-b"],
                   "%s -p %d -n 16M" % (HOST, port), "%s -p %d -R -n 16M" % (HOST, port)):
        text = a.run("iperf3 -f m -c " + target)
        if "receiver" not in text:
            raise Failure("iperf3: " + text)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def from_outside(port):
    """The way in leads to one of them."""
    key = BUILD / "guests/debian/ssh_key"
    done = subprocess.run(["ssh", "-p", str(port), "-i", str(key), "-o", "StrictHostKeyChecking=no",
                           "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes", "-o",
                           "ConnectTimeout=%d" % LONG, "root@127.0.0.1", "hostname"],
                          stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    if done.stdout.strip() not in ADDRESS:
        raise Failure("the host comes in to '%s', status %d" % (done.stdout, done.returncode))


def entropy(shell):
    shell.run("grep -q virtio /sys/class/misc/hw_random/rng_current")
    if shell.value("head -c 4096 /dev/hwrng | wc -c") != "4096":
        raise Failure("hwrng gives less")


def sockets(a):
    a.run("head -c 1000000 /dev/urandom >/root/sent")
    a.run("socat -t 60 - VSOCK-CONNECT:4:7000 </root/sent >/root/back")
    a.run("cmp /root/sent /root/back")


def balloon(m, b):
    """128 MiB of a go to b: a has no more than the rest, b more than it had before."""
    to_shell(m)
    devices.settle(m, "debian-b", 128)
    m.send("vm set debian-a balloon=128M\n")
    devices.settle(m, "debian-a", 128)
    left, _ = devices.memory_of(m, "debian-a")
    if left > 512 - 127:
        raise Failure("a has %d MiB" % left)
    m.send("vm set debian-b balloon=0\n")
    devices.settle(m, "debian-b", 0)
    attach(m, "1", "debian-b")
    b.run("mkdir much && mount -t tmpfs -o size=90% none much && "
          "head -c 400M /dev/zero >much/f")
    to_shell(m)
    has, free = devices.memory_of(m, "debian-b")
    left, _ = devices.memory_of(m, "debian-a")
    print("\nMiB: a has %d, b %d, %d are free" % (left, has, free))
    if left > 512 - 127 or has < 512 + 16:
        raise Failure("nothing moved")
    no_findings(m)


def ends(m, shell, name):
    log = shell.run("dmesg")
    bad = re.search(".*" + BAD + ".*", log)
    if bad:
        raise Failure("%s: in dmesg: %s" % (name, bad[0]))
    m.send("systemctl poweroff\n")
    m.expect("corbel: VM %s: off" % name, PATIENCE)


def two_debians():
    """All that configs/debian.toml is for, on copies of its disks."""
    made("guest-disk")
    ssh_port = free_port()
    command = ["make", "-s", "run", "CONFIG=configs/debian.toml", "QEMU_ARGS=-snapshot",
               "SSH_PORT=%d" % ssh_port]
    with iperf3_server() as port, Machine(command) as m:
        a, b = Debian(m), Debian(m)
        a.login("debian-a")
        is_up(a, "debian-a")
        attach(m, "1", "debian-b")
        m.send("\n")
        b.login("debian-b")
        is_up(b, "debian-b")
        entropy(b)
        b.run("iperf3 -s -D && (socat VSOCK-LISTEN:7000,fork EXEC:cat >/dev/null 2>&1 &)")
        b.run(FIO % ("/dev/vdb", "64m"))
        attach(m, "0", "debian-a")
        entropy(a)
        network(a, port)
        from_outside(ssh_port)
        sockets(a)
        a.run(FIO % ("/dev/vdb", "40m"))
        balloon(m, b)
        attach(m, "1", "debian-b")
        ends(m, b, "debian-b")
        # Nobody is left at the console of a VM that is off.
        m.expect("corbel: console: input goes to 0 debian-a", LONG)
        ends(m, a, "debian-a")
        m.ends(LONG)
        m.never(GONE)


def tests():
    yield "matrix_debian", two_debians
