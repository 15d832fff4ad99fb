# SPDX-License-Identifier: Apache-2.0
"""What a switch refuses, with frames of guests: who got what, and what was counted for whom.

The guests are tests/guests/load/frames.c. A frame is with its receivers, or dropped, before the
sender hears that it was taken, so nothing that did not come may still come.
"""
import contextlib
import re
import time

from load import Console, boot, no_findings, vm
from machine import LONG, Failure

EVERYBODY = "ff"
PORT = re.compile(r"^(\S+) +(?:[0-9a-f:]{17} +)?(?:up|down) +\d+ +\d+ +(\d+) +\d+ +(\d+) +\d+ +"
                  r"\d+ +(\d+) +(\d+)$", re.M)
DROP = re.compile(r"^(\S+) +([a-z]+) +(\d+) +(\d+)$", re.M)


def system(ports, network=""):
    """A VM per name, whose interface has these keys; the nth has 52:54:00:00:00:0n."""
    text = 'when_all_off = "shell"\n[[network]]\nname = "lan"\n%s\n' % network
    for n, (name, keys) in enumerate(ports.items(), 1):
        text += vm(name, "frames", "me=%d" % n, power_key=False)
        text += '[[vm.net]]\nnetwork = "lan"\nmac = "52:54:00:00:00:%02x"\n%s\n' % (n, keys)
    return text


class Guests:
    def __init__(self, m, *names):
        self.names = names
        for name in names:
            m.seen = 0
            m.expect(r"^\[%s\] .*frames: ready" % name, LONG)
        self.shell = Console(m)

    def send(self, name, kind, nr, to, sender, *more):
        """So many frames, which its device takes; numbers are hexadecimal."""
        words = "%s %x %s %s %s" % (kind, nr, to, sender, " ".join(more))
        said = self.shell.answers(name, words.strip(), r"frames: sent (\d+)")[1]
        if int(said) != nr:
            raise Failure("%s: of %d frames %s were taken" % (name, nr, said))

    def word(self, name, word):
        self.shell.answers(name, word, "frames: " + word)

    def flood(self, name, ms, length):
        """Frames gone within about that time, microseconds that it was, frames that waited."""
        found = self.shell.answers(name, "flood ff %x %x" % (ms, length),
                                   r"frames: flood (\d+) in (\d+) us, (\d+) later")
        return [int(n) for n in found.groups()]

    def stat(self, name):
        """Frames by who sent them, and how many were ARP, tagged, and answers of the world."""
        pattern = r"frames: stat (\d+) (\d+) (\d+) (\d+), (\d+) arp, (\d+) tagged, (\d+) answers"
        found = self.shell.answers(name, "stat", pattern)
        n = [int(v) for v in found.groups()]
        return {"from": dict(zip("1234", n)), "arp": n[4], "tagged": n[5], "answers": n[6]}

    def got(self, name, arp=0, tagged=0, **senders):
        """Just that has come to a guest since it began; senders: n1=, n2=, ..."""
        stat = self.stat(name)
        want = {"from": {n: senders.get("n" + n, 0) for n in "1234"}, "arp": arp,
                "tagged": tagged, "answers": stat["answers"]}
        if stat != want:
            raise Failure("%s got %s, not %s" % (name, stat, want))

    def ports(self):
        """Frames sent and got of each port, and of what was dropped: (sending, getting)."""
        said = self.shell.command("net show lan")
        frames = {p: (int(sent), int(got)) for p, sent, got, _, _ in PORT.findall(said)}
        drops = {(p, why): (int(s), int(g)) for p, why, s, g in DROP.findall(said)}
        for port, _, _, not_sent, not_got in PORT.findall(said):
            mine = [n for (p, _), n in drops.items() if p == port]
            if [sum(n) for n in zip((0, 0), *mine)] != [int(not_sent), int(not_got)]:
                raise Failure("the drops of %s do not add up: %s" % (port, said))
        return frames, drops

    def dropped(self, **want):
        """Just these drops are counted: PORT_WHY=(sending, getting)."""
        drops = {p.split("/")[0] + "_" + why: n for (p, why), n in self.ports()[1].items()}
        if drops != want:
            raise Failure("dropped: %s, not %s" % (drops, want))


@contextlib.contextmanager
def guests(name, ports, network="", **board):
    """Such a system, booted; at the end memory is audited and all are there."""
    with boot("net_" + name, system(ports, network), **board) as m:
        g = Guests(m, *ports)
        yield g
        if set(g.shell.states().values()) != {"running"}:
            raise Failure("a guest does not run any more")
        no_findings(m)


def between(what, value, low, high):
    print("%s: %d, of %d to %d" % (what, value, low, high))
    if not low <= value <= high:
        raise Failure("%s: %d, not %d to %d" % (what, value, low, high))


def rate():
    """In a span of virtual time passes what the bucket held and the rate adds; the rest waits."""
    length, rate_bytes, burst, packets, ms = 1000, 256 << 10, 8 << 10, 2000, 400
    with guests("rate", {
            "bytes": 'rate = "%dK"\nburst = "%dK"' % (rate_bytes >> 10, burst >> 10),
            "packets": "packet_rate = %d" % packets, "free": "", "sink": ""}) as g:
        sent = 0
        for name, size in (("bytes", length), ("packets", 60)):
            nr, us, later = g.flood(name, ms, size)
            sent += nr + later
            # The ring was full of more, and none of them is lost.
            between(name + ", waiting", later, 60, 64)
            between(name + ", us", us, ms * 1000, ms * 1010)
            limit = {"bytes": (burst + rate_bytes * us // 10**6) / length,
                     "packets": 256 + packets * us // 10**6}[name]
            # One more begins while the bucket is not empty; in vain is none of the rate.
            between(name, nr, int(limit * 0.98) - 1, int(limit) + 2)
        # Who has no limit is not held up by theirs.
        nr, us, later = g.flood("free", ms, 60)
        between("free", nr, 10 * (256 + packets * us // 10**6), 10**9)
        frames, drops = g.ports()
        if sum(frames[n + "/0"][0] for n in ("bytes", "packets")) != sent:
            raise Failure("of %d frames these were sent: %s" % (sent, frames))
        # A sink that was not quick enough is all there is to be counted.
        if frames["sink/0"][1] + drops["sink/0", "full"][1] != sent + nr + later:
            raise Failure("of %d: %s, %s" % (sent + nr + later, frames, drops))
        if any(n[0] for n in drops.values()):
            raise Failure("dropped: %s" % drops)


def isolation():
    """Isolated ports do not reach each other, whatever the address; both reach the others."""
    nic = ["-netdev", "user,id=n", "-device", "virtio-net-device,netdev=n",
           "-global", "virtio-mmio.force-legacy=false", "-icount", "shift=0,sleep=off"]
    with guests("isolation", {"a": "isolated = true", "b": "isolated = true", "c": ""},
                "uplink = 0", extra=nic) as g:
        for name, me, other in (("a", "1", "2"), ("b", "2", "1")):
            g.send(name, "plain", 5, EVERYBODY, me)
            g.send(name, "plain", 7, other, me)
            # Nor by another's name, nor by one that nobody has.
            g.send(name, "plain", 2, other, "3")
            g.send(name, "plain", 3, "9", me)
            g.send(name, "plain", 4, "3", me)
        g.got("a")
        g.got("b")
        # To all, to nobody known, to itself.
        g.got("c", n1=5 + 3 + 4, n2=5 + 3 + 4)
        g.send("c", "plain", 6, EVERYBODY, "3")
        g.send("c", "plain", 3, "1", "3")
        g.got("a", n3=9)
        g.got("b", n3=6)
        # The world is there for both: QEMU's gateway says who it is.
        for name, me in (("a", "1"), ("b", "2")):
            g.send(name, "arp", 1, EVERYBODY, me, me, "a000214", "a000202")
            end = time.monotonic() + LONG
            while not g.stat(name)["answers"]:
                if time.monotonic() > end:
                    raise Failure("the gateway does not answer " + name)
        g.got("a", n3=9)
        g.got("b", n3=6)
        g.dropped()


def spoofing():
    """Another's MAC, or another's addresses in ARP and IPv4, get nowhere and are counted."""
    mine, other, none = "a000001", "a000002", "0"
    checks = 'ipv4 = "10.0.0.1"\ncheck_%s = true'
    with guests("spoofing", {"mac": "check_mac = true", "arp": checks % "arp",
                             "ip": (checks % "ipv4").replace("0.1", "0.3"), "victim": ""}) as g:
        g.send("mac", "plain", 4, EVERYBODY, "4")
        g.send("mac", "plain", 3, "4", "2")
        g.send("mac", "arp", 3, EVERYBODY, "3", "1", mine, other)
        # A group is nobody's address, checked or not.
        g.send("victim", "plain", 2, EVERYBODY, EVERYBODY)
        g.dropped(mac_spoof=(10, 0), victim_spoof=(2, 0))
        for name in ("arp", "ip", "victim"):
            g.got(name)
        g.send("mac", "plain", 5, "4", "1")
        g.got("victim", n1=5)
        # ARP by the victim's MAC, with the victim's IP, with both; true ones and a probe pass.
        for sha, spa in (("4", mine), ("2", other), ("4", other)):
            g.send("arp", "arp", 3, EVERYBODY, "2", sha, spa, mine)
        g.dropped(mac_spoof=(10, 0), victim_spoof=(2, 0), arp_spoof=(9, 0))
        g.got("victim", n1=5)
        g.send("arp", "arp", 2, EVERYBODY, "2", "2", mine, other)
        g.send("arp", "arp", 1, EVERYBODY, "2", "2", none, other)
        g.got("victim", n1=5, n2=3, arp=3)
        g.got("mac", n2=3, arp=3)
        # IPv4 from another; nor under a second tag.
        g.send("ip", "ip", 6, "4", "3", other)
        g.got("victim", n1=5, n2=3, arp=3)
        g.send("ip", "ip", 2, "4", "3", "a000003")
        g.send("ip", "ip", 1, "4", "3", none)
        g.got("victim", n1=5, n2=3, n3=3, arp=3)
        g.dropped(mac_spoof=(10, 0), victim_spoof=(2, 0), arp_spoof=(9, 0), ip_spoof=(6, 0))
        # Where nobody looks, a configured address still stays where it is: frames are not led off.
        g.send("arp", "plain", 8, "9", "4")
        g.send("mac", "plain", 7, "4", "1")
        g.got("victim", n1=12, n2=3 + 8, n3=3, arp=3)
        g.got("arp", n3=0)


def vlans():
    """VLANs do not meet, tags of an access port are refused, a trunk has only its own."""
    with guests("vlans", {"red": "vlan = 10", "blue": "vlan = 20", "red2": "vlan = 10",
                          "trunk": "vlan = 30\ntrunk = [10, 20]"}) as g:
        g.send("red", "plain", 5, EVERYBODY, "1")
        g.send("red", "plain", 3, "2", "1")
        g.got("blue")
        g.got("red2", n1=8)
        g.got("trunk", n1=8, tagged=8)
        # Tags of another VLAN, of its own, of none that there is.
        for vlan in ("14", "a", "63"):
            g.send("red", "tag", 4, EVERYBODY, "1", vlan)
        g.got("blue")
        g.got("red2", n1=8)
        g.got("trunk", n1=8, tagged=8)
        g.dropped(red_vlan=(12, 0))
        # From the trunk: blue is untagged there, another VLAN or none is not theirs.
        g.send("trunk", "tag", 6, EVERYBODY, "4", "14")
        g.send("trunk", "tag", 2, EVERYBODY, "4", "28")
        g.send("trunk", "plain", 3, EVERYBODY, "4")
        g.got("blue", n4=6)
        g.got("red")
        g.got("red2", n1=8)
        g.dropped(red_vlan=(12, 0), trunk_vlan=(2, 0))


def bound():
    """Who takes nothing costs the frames it has no buffers for, and holds nobody up."""
    with guests("bound", {"sender": "", "deaf": "queue_size = 16", "other": ""}) as g:
        g.word("deaf", "deaf")
        for nr in range(50, 301, 50):
            g.send("sender", "plain", 50, EVERYBODY, "1")
            g.got("other", n1=nr)
        g.send("sender", "plain", 50, "2", "1")
        g.got("other", n1=300)
        g.dropped(deaf_full=(0, 300 + 50 - 16))
        # It sends all the same, and when it looks again the first ones are there.
        g.send("deaf", "plain", 20, "3", "2")
        g.got("other", n1=300, n2=20)
        g.word("deaf", "hear")
        g.got("deaf", n1=16)
        g.send("sender", "plain", 9, "2", "1")
        g.got("deaf", n1=25)
        g.dropped(deaf_full=(0, 334))
        frames, _ = g.ports()
        if frames != {"sender/0": (359, 0), "deaf/0": (20, 25), "other/0": (0, 320)}:
            raise Failure("frames: %s" % frames)


def tests():
    yield "net_rate", rate
    yield "net_isolation", isolation
    yield "net_spoofing", spoofing
    yield "net_vlans", vlans
    yield "net_bound", bound
