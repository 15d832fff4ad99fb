# SPDX-License-Identifier: Apache-2.0
"""Guests that talk to each other through the switch, and to the world outside."""
import contextlib
import hashlib
import http.server
import json
import re
import struct
import subprocess
import sys
import threading

from linux import BAD, ESCAPE, GUESTS, finish
from load import Console
from machine import BUILD, LONG, TOP, WORK, Failure, Machine, corbel, pack, written

DRIVERS = ["virtio_ring", "virtio", "virtio_mmio", "failover", "net_failover", "virtio_net"]
# What a guest does is on its command line: addr=, peer=, and do=, a name of a function. It says
# DONE and powers off; NAME: before each line tells the guests apart.
RC = """#!/bin/sh
for m in %s; do insmod /lib/modules/$m.ko || echo "FAILED insmod $m"; done
for w in $(cat /proc/cmdline); do case $w in addr=*|peer=*|do=*|promisc=*) eval $w;; esac; done
ip link set lo up
ip link set eth0 up
[ -z "$promisc" ] || ip link set eth0 promisc on
[ -z "$addr" ] || ip addr add $addr/24 dev eth0

patiently() {
	n=0
	until "$@"; do
		n=$((n + 1))
		[ $n -lt 100 ] || { echo "FAILED: $*"; return 1; }
		sleep 1
	done
}
exchange() {
	dd if=/dev/urandom of=/tmp/file bs=64k count=128 2>/dev/null
	echo "MADE $(sha256sum </tmp/file)"
	httpd -p 5000 -h /tmp
	patiently ping -c 1 $peer >/dev/null
	ping -c 5 $peer
	ping -c 5 -s 8000 $peer
	patiently wget -q -O /tmp/got $peer:5000/file
	echo "GOT $(sha256sum </tmp/got)"
	echo FETCHED
	read until_told
}
outside() {
	udhcpc -i eth0 -n -q -t 20 -s /etc/dhcp
	echo "ADDRESS"
	ifconfig eth0
	ping -c 3 10.0.2.2
	echo "GOT $(wget -q -O - 10.0.2.2:$peer/ | sha256sum)"
}
obey() {
	echo READY
	while read -r words; do $words; done
}
ping3() {
	ping -c 3 -W 20 -s 1000 $peer
}
carrier_is() {
	until [ "$(cat /sys/class/net/eth0/carrier)" = $1 ]; do sleep 1; done
	echo "CARRIER $1"
}
got() {
	until [ $(cat /sys/class/net/eth0/statistics/rx_bytes) -ge $1 ]; do sleep 1; done
	echo "GOT $1 bytes"
}
ifconfig eth0
${do:-true}
ifconfig eth0
dmesg | grep -E "%s"
echo DONE
poweroff -f
""" % (" ".join(DRIVERS), BAD[1:-1])
DHCP = """#!/bin/sh
[ "$1" = bound ] || exit 0
ifconfig $interface $ip netmask $subnet
route add default gw $router
"""


def initramfs():
    """Busybox with the drivers of virtio-net, and what the guests do."""
    WORK.mkdir(parents=True, exist_ok=True)
    out, files = WORK / "net.cpio.gz", []
    for name, text in (("rc", RC), ("dhcp", DHCP)):
        path = written(WORK / ("net." + name), text.encode())
        files.append("%s=etc/%s" % (path, name))
    modules = GUESTS / "cloud" / "modules"
    for name in DRIVERS:
        found = next(modules.rglob(name + ".ko"))
        files.append("%s=lib/modules/%s" % (found, found.name))
    subprocess.run([sys.executable, TOP / "tools/initramfs.py", GUESTS / "busybox/busybox", out,
                    *files], check=True)
    return out


def vm(name, cmdline, net="", vcpus=1, memory="128M"):
    return ('[[vm]]\nname = "%s"\nvcpus = %d\nmemory = "%s"\nkernel = "%s"\ninitrd = "%s"\n'
            'cmdline = "console=ttyAMA0 quiet %s"\n[[vm.net]]\nnetwork = "lan"\n%s\n' %
            (name, vcpus, memory, GUESTS / "cloud/Image", initramfs(), cmdline, net))


def two(name, network="", a="", b="", vcpus=1, **board):
    """Two Linux VMs on one network; a and b: more keys of their interfaces."""
    text = '[[network]]\nname = "lan"\n' + network
    text += vm("a", "addr=10.0.0.1 peer=10.0.0.2 do=exchange", a, vcpus)
    text += vm("b", "addr=10.0.0.2 peer=10.0.0.1 do=exchange", b, vcpus)
    return Machine(corbel(pack(name, text, board.get("mem", "1G")), **board))


def pings_and_files(name, **kw):
    with two(name, **kw) as m:
        # Both serve until both have what they want.
        for _ in range(2):
            m.expect(r"FETCHED", LONG * 4)
        for key in ("1", "0"):
            m.send(ESCAPE + key)
            m.expect(r"corbel: console: input goes to " + key)
            m.send("\n")
        finish(m, LONG)
        text = m.text
    m.never(r"FAILED")
    m.never(BAD)
    if text.count("5 packets transmitted, 5 packets received") != 4:
        raise Failure("not all pings were answered")
    made, got = re.findall(r"MADE (\w+)", text), re.findall(r"GOT (\w+)", text)
    if len(made) != 2 or sorted(made) != sorted(got) or made[0] == made[1]:
        raise Failure("files made: %s, got: %s" % (made, got))
    if text.count("DONE") != 2:
        raise Failure("a guest is not done")


def two_linux():
    """All offloads, mergeable buffers; both formats of rings as the driver likes."""
    pings_and_files("net_two")


def more_queues():
    """Two queues and vCPUs each, addresses checked, a VLAN of their own."""
    keys = 'queues = 2\nvlan = 7\ncheck_mac = true\ncheck_arp = true\n' \
        'check_ipv4 = true\nipv4 = "10.0.0.%d"\nmac = "52:54:00:00:00:0%d"\n'
    pings_and_files("net_queues", a=keys % (1, 1), b=keys % (2, 2), vcpus=2)


@contextlib.contextmanager
def served(data):
    """The port of a web server on this host that has nothing but these bytes."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *unused):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def to_the_host():
    """Through the uplink to QEMU's user network: DHCP, ping, two megabytes over HTTP."""
    data = bytes(i * i >> 7 & 0xff for i in range(2 << 20))
    with served(data) as port:
        text = '[[network]]\nname = "lan"\nuplink = 0\n' + vm("a", "peer=%d do=outside" % port)
        extra = ["-netdev", "user,id=n", "-device", "virtio-net-device,netdev=n",
                 "-global", "virtio-mmio.force-legacy=false"]
        with Machine(corbel(pack("net_uplink", text), extra=extra)) as m:
            finish(m, LONG * 4)
    m.never(r"FAILED")
    m.never(BAD)
    if not re.search(r"ADDRESS.*\n(.*\n)*?.*addr:10\.0\.2\.", m.text):
        raise Failure("no address by DHCP")
    if "3 packets transmitted, 3 packets received" not in m.text:
        raise Failure("the host does not answer")
    if "GOT " + hashlib.sha256(data).hexdigest() not in m.text:
        raise Failure("the host's data did not come, or not all of it")


def peers(name, a, b, cpus="", **board):
    """Two of tests/guests/load/net_peer.c with these command lines."""
    text = '[[network]]\nname = "lan"\n'
    for vm_name, cmdline in (("a", a), ("b", b)):
        text += ('[[vm]]\nname = "%s"\nmemory = "32M"\nkernel = "%s"\ncmdline = "%s"\n%s'
                 'net = "lan"\n' % (vm_name, BUILD / "guests-el1/load/net_peer.bin", cmdline, cpus))
    with Machine(corbel(pack(name, text), **board)) as m:
        finish(m)
    m.never("not ok")
    if len(re.findall(r"ok net_peer$", m.text, re.M)) < 2:
        raise Failure("a guest is not done")
    return m.text


def ring_formats():
    """Frames of all sizes and segments of 64 KiB between all formats of rings."""
    for one, other in (("packed=0 event=0 big=0", "packed=1 event=1 big=0"),
                       ("packed=1 event=0 big=1", "packed=0 event=1 big=1"),
                       ("packed=1 event=1 big=0", "packed=1 event=0 big=1")):
        text = peers("net_rings", "role=1 " + one, "role=0 " + other)
        if not re.search(r"net_peer: \d{4} frames there and back", text):
            raise Failure("no report: " + one + " and " + other)


def frames_of(dump, name):
    """What `net dump` printed, made a file by the script, as (bytes, length on the wire)."""
    log, out = written(WORK / (name + ".log"), dump.encode()), WORK / (name + ".pcap")
    out.unlink(missing_ok=True)
    subprocess.run([sys.executable, TOP / "tools/pcap.py", log, out], check=True)
    data = out.read_bytes()
    magic, major, minor, _, _, snap, link = struct.unpack("<IHHIIII", data[:24])
    if (magic, major, minor, link) != (0xa1b23c4d, 2, 4, 1):
        raise Failure("no pcap file of Ethernet with nanoseconds: " + data[:24].hex())
    frames, at, last = [], 24, 0
    while at < len(data):
        seconds, ns, kept, length = struct.unpack("<IIII", data[at:at + 16])
        if kept != min(length, snap) or at + 16 + kept > len(data):
            raise Failure("a frame of %d bytes of which %d are kept" % (length, kept))
        if seconds * 10**9 + ns < last:
            raise Failure("time goes back")
        last = seconds * 10**9 + ns
        frames.append((data[at + 16:at + 16 + kept], length))
        at += 16 + kept
    return frames


def echoes(frames, kind):
    """Of ping3: frames with that type of ICMP, by sender and receiver."""
    return [(f[6:12].hex(), f[:6].hex()) for f, length in frames
            if length == 14 + 20 + 8 + 1000 and f[12:14] == b"\x08\0" and f[23] == 1 and
            f[34] == kind]


def by_the_shell():
    """Networks listed, frames captured into a file and mirrored, a cable pulled out and put in."""
    text = '[[network]]\nname = "lan"\ncapture = "64K"\n'
    for n, name in enumerate(("a", "b"), 1):
        text += vm(name, "addr=10.0.0.%d peer=10.0.0.%d do=obey" % (n, 3 - n),
                   'mac = "52:54:00:00:00:0%d"\n' % n, memory="96M")
    text += vm("c", "promisc=1 do=obey", "mirror = true\n", memory="96M")
    a, b = "525400000001", "525400000002"
    answered = "3 packets transmitted, 3 packets received"
    with Machine(corbel(pack("net_shell", text))) as m:
        for _ in range(3):
            m.expect(r"READY", LONG * 4)
        shell = Console(m)
        if not re.search(r"^ *lan +3 +no +off *$", shell.command("net list"), re.M):
            raise Failure("net list does not show the network")
        shell.command("net capture lan start")
        if not re.search(r"^ *lan +3 +no +on *$", shell.command("net list"), re.M):
            raise Failure("the capture did not start")
        shell.answers("a", "ping3", answered)
        shell.command("net capture lan stop")
        dump = shell.command("net dump lan")
        shell.answers("a", "ping3", answered)
        again = shell.command("net dump lan")
        # Twelve frames that are not for it, each larger than all that is.
        shell.answers("c", "got 12504", "GOT 12504 bytes")
        shell.command("net link b 0 down")
        shell.answers("b", "carrier_is 0", "CARRIER 0")
        down = shell.command("net show lan")
        shell.answers("a", "ping3", "100% packet loss")
        lost = shell.command("net show lan")
        shell.command("net link b 0 up")
        shell.answers("b", "carrier_is 1", "CARRIER 1")
        shell.answers("a", "ping3", answered)
        unknown = shell.command("net show nowhere")
    m.never(BAD)
    frames = frames_of(dump, "net_shell")
    if echoes(frames, 8) != [(a, b)] * 3 or echoes(frames, 0) != [(b, a)] * 3:
        raise Failure("captured: %s" % [f.hex() for f, _ in frames])
    if frames_of(again, "net_shell") != frames:
        raise Failure("frames were captured after the end")
    for said, pattern in ((down, r"^b/0 +52:54:00:00:00:02 +down "),
                          (lost, r"^b/0 +link +0 +[1-9]"), (unknown, "nowhere: there is none")):
        if not re.search(pattern, said, re.M):
            raise Failure("not said: " + pattern)


def tests():
    yield "net_by_the_shell", by_the_shell
    yield "net_ring_formats", ring_formats
    yield "net_two_linux", two_linux
    yield "net_more_queues", more_queues
    yield "net_to_the_host", to_the_host
