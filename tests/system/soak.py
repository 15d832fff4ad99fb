# SPDX-License-Identifier: Apache-2.0
"""Four Linux VMs with mixed load for long: nothing stalls, nothing leaks, nobody complains."""
import os
import random
import time

from devices import initramfs
from hostio import MODERN, drive
from linux import BAD, GONE, GUESTS
from load import Console, boot, no_findings
from machine import LONG, WORK, Failure

NAMES = ["one", "two", "three", "four"]
# One thread of the host plays all CPUs, and has others beside it.
STALL = 20 * LONG
# RESERVE_MAX pages of mm/el2_map.c, and a table for each.
KEPT_KIB = 2 * 32 * 4
# Each round: its disk, a file of each other VM, memory, then a pause, which takes no real time and
# is a quarter of an hour at times.
SCRIPT = """
for w in $(cat /proc/cmdline); do case $w in me=*) eval $w;; esac; done
ip link set lo up
ip addr add 10.0.0.$me/24 dev eth0
ip link set eth0 up
mkdir /tmp/www
dd if=/dev/urandom of=/tmp/www/file bs=64k count=4 2>/dev/null
md5sum </tmp/www/file >/tmp/www/sum
httpd -p 5000 -h /tmp/www
blocks=$(($(cat /sys/block/vda/size) / 512))
n=0
while :; do
	at=$((n * 7 %% (blocks - 3)))
	dd if=/dev/urandom of=/tmp/data bs=256k count=3 2>/dev/null
	dd if=/tmp/data of=/dev/vda bs=256k seek=$at conv=notrunc,fsync 2>/dev/null
	echo 3 >/proc/sys/vm/drop_caches
	dd if=/dev/vda bs=256k skip=$at count=3 2>/dev/null | cmp - /tmp/data || echo "FAILED disk"
	for i in 1 2 3 4; do
		[ $i != $me ] || continue
		until wget -q -O /tmp/got 10.0.0.$i:5000/file 2>/dev/null &&
			wget -q -O /tmp/sum 10.0.0.$i:5000/sum 2>/dev/null; do sleep 1; done
		[ "$(md5sum </tmp/got)" = "$(cat /tmp/sum)" ] || echo "FAILED file of $i"
	done
	dd if=/dev/zero of=/tmp/big bs=1M count=24 2>/dev/null
	rm /tmp/big
	dmesg -c | grep -E "%s" | sed 's/^/FAILED dmesg: /'
	n=$((n + 1))
	echo "ROUND $n $(cut -d. -f1 /proc/uptime)"
	sleep $((20 * (n %% 8) * (n %% 8)))
done
""" % BAD[1:-1]
DISKS = ['size = "16M"\n', 'image = "%s"\nsize = "8M"\n', 'physical = "disk"\n',
         'size = "16M"\nqueues = 2\nwithout = ["packed"]\n']


def system():
    WORK.mkdir(parents=True, exist_ok=True)
    image, disk = WORK / "soak.img", WORK / "soak.disk"
    image.write_bytes(bytes(1 << 20))
    with open(disk, "wb") as f:
        f.truncate(16 << 20)
    initrd = initramfs("soak", ["virtio_blk", "failover", "net_failover", "virtio_net",
                                "virtio_balloon", "virtio-rng"], (), SCRIPT)
    text = 'when_all_off = "shell"\n[[network]]\nname = "lan"\n'
    for i, name in enumerate(NAMES):
        memory = '"160M"' if i % 2 else '{ size = "160M", backend = "touch" }'
        keys = DISKS[i] % image if "%" in DISKS[i] else DISKS[i]
        text += ('[[vm]]\nname = "%s"\nvcpus = %d\nmemory = %s\nkernel = "%s"\ninitrd = "%s"\n'
                 'autostart = false\ncmdline = "console=ttyAMA0 quiet me=%d"\nnet = "lan"\n'
                 'balloon = {}\nrng = {}\n[[vm.disk]]\n%s' %
                 (name, 1 + i % 2, memory, GUESTS / "cloud/Image", initrd, i + 1, keys))
    return text, MODERN + drive("disk", disk)


def no_less(before, after):
    """All that is free but for what EL2 may have kept for its next tables (mm/el2_map.c)."""
    kept = after["hypervisor"] - before["hypervisor"]
    back = {**after, "hypervisor": before["hypervisor"], "free": after["free"] + kept}
    if back != before or abs(kept) > KEPT_KIB:
        raise Failure("memory: %s, then %s" % (before, after))


def another_round(m, done):
    """Each of them comes through one more; whoever does not in this time has stalled."""
    waiting = set(NAMES)
    while waiting:
        found = m.expect(r"^\[(\w+)\] ROUND (\d+) (\d+)\n", STALL)
        done[found[1]] = (int(found[2]), int(found[3]))
        waiting.discard(found[1])
    m.never(r"^\[\w+\] FAILED.*")
    m.never(GONE)


def soak(seconds=None):
    """So many seconds of real time, SOAK_S; all ends when the round is over."""
    seconds = int(os.environ.get("SOAK_S", seconds or 300))
    rng = random.Random(int(os.environ.get("SEED", "4")))
    text, extra = system()
    extra = ["-icount", "shift=6,sleep=off"] + extra
    with boot("matrix_soak", text, 4, extra=extra) as m:
        m.expect(r"^corbel> ", LONG)
        shell, done = Console(m, attached=True), {}
        # What is made once and stays is there from now on.
        for word in ("create", "destroy"):
            for name in NAMES:
                shell.verb(word, name, STALL)
        before = shell.memory(STALL)
        for name in NAMES:
            shell.verb("create", name, STALL)
            shell.verb("start", name, STALL)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            another_round(m, done)
            mib = rng.choice([0, 8, 16, 32, 48])
            shell.verb("set", "%s balloon=%dM" % (rng.choice(NAMES), mib), STALL)
        another_round(m, done)
        print("\nRounds and virtual seconds: %s" % done)
        no_findings(m, STALL)
        for name in NAMES:
            shell.verb("kill", name, STALL)
            shell.verb("destroy", name, STALL)
        no_less(before, shell.memory(STALL))
        m.never(r"corbel: .*(needs a reset|left out)")


def tests():
    yield "matrix_soak", soak
