# SPDX-License-Identifier: Apache-2.0
"""Debian's drivers of disks and networks on devices that do not offer all features."""
import re

from devices import initramfs
from linux import BAD, GONE, GUESTS
from machine import LONG, Failure, Machine, corbel, pack

BITS = {"mergeable": 15, "indirect": 28, "event_idx": 29, "packed": 34}
RINGS = ["packed", "event_idx", "indirect"]
NETS = 4
# Where neither indirect tables nor merging are there, a queue holds 13 large buffers, so a frame
# of a ping may be lost beside a file on its way. Names in the guest go by serial numbers and
# addresses. Bit 0 of features is their first character.
SCRIPT = """
for w in $(cat /proc/cmdline); do case $w in me=*|peer=*) eval $w;; esac; done
dd if=/dev/urandom of=/tmp/file bs=64k count=16 2>/dev/null
sum=$(md5sum </tmp/file)
for d in /sys/block/vd*; do
	dev=/dev/${d##*/}
	for i in 1 2 3; do
		dd if=/tmp/file of=$dev bs=${i}6k conv=fsync 2>/dev/null
		echo 3 >/proc/sys/vm/drop_caches
		[ "$(dd if=$dev bs=64k count=16 iflag=direct 2>/dev/null | md5sum)" = "$sum" ] ||
			echo "FAILED $(cat $d/serial)"
	done
	echo "HAS $(cat $d/serial) $(cat $d/device/features)"
done
ip link set lo up
for d in /sys/class/net/eth*; do
	n=$(cut -d: -f5 <$d/address)
	ip addr add 10.0.$n.$me/24 dev ${d##*/}
	ip link set ${d##*/} up
	echo "HAS $me$n $(cat $d/device/features)"
done
httpd -p 5000 -h /tmp
for n in 00 01 02 03; do
	until wget -q -O /tmp/got 10.0.$n.$peer:5000/file; do sleep 1; done
	for i in 1 2 3; do
		wget -q -O /tmp/again 10.0.$n.$peer:5000/file && cmp /tmp/got /tmp/again ||
			echo "FAILED file over $n"
	done
	until ping -q -c 1 -s 8000 10.0.$n.$peer >/dev/null; do :; done
	echo "GOT $n $(md5sum </tmp/got)"
done
echo "SUM $sum"
dmesg | grep -E "%s"
echo DONE
""" % BAD[1:-1]


def without(number):
    """A different set for each number below 8."""
    return [name for i, name in enumerate(RINGS) if number >> i & 1]


def lacks(words):
    return "without = [%s]\n" % ", ".join('"%s"' % w for w in words)


def disk(number):
    return ('[[vm.disk]]\nsize = "2M"\nserial = "d%d"\nqueues = %d\n' %
            (number, 4 if number & 1 else 1) + lacks(without(number)))


def net(me, number):
    """What one end lacks the other one has."""
    words = without(number if me == 1 else 7 - number) + ["mergeable"] * (number % 2 == me - 1)
    return words, ('[[vm.net]]\nnetwork = "n%d"\nmac = "52:54:00:00:%02d:%02d"\nqueues = %d\n' %
                   (number, number, me, 4 if number & 1 else 1) + lacks(words))


def vm(me, keys):
    return ('[[vm]]\nname = "%s"\nvcpus = 2\nmemory = "192M"\nkernel = "%s"\ninitrd = "%s"\n'
            'cmdline = "console=ttyAMA0 quiet me=%d peer=%d"\n%s' %
            ("ab"[me - 1], GUESTS / "cloud/Image",
             initramfs("features", ["virtio_blk", "failover", "net_failover", "virtio_net"],
                       (), SCRIPT), me, 3 - me, keys))


def agreed(features, words, kind):
    """Linux has taken all that it was offered, and nothing else."""
    for name, bit in BITS.items():
        want = name not in words and (name != "mergeable" or kind == "net")
        # Nothing else that the drivers know is at this place of a disk's.
        if (features[bit] == "1") != want:
            raise Failure("%s: without %s, but %s is %s" % (kind, words, name, features[bit]))


def drivers_on_all_features():
    """Eight disks, four networks with different ends: data compared, features looked at."""
    text = "".join('[[network]]\nname = "n%d"\n' % n for n in range(NETS))
    expected = {"d%d" % n: ("disk", without(n)) for n in range(8)}
    for me in (1, 2):
        keys = "".join(disk(n) for n in range(4 * me - 4, 4 * me))
        for n in range(NETS):
            expected["%d%02d" % (me, n)], more = ("net", net(me, n)[0]), net(me, n)[1]
            keys += more
        text += vm(me, keys)
    with Machine(corbel(pack("virtio_features", text))) as m:
        for name in "ab":
            m.seen = 0
            m.expect(r"^\[%s\] .*DONE" % name, LONG * 4)
        m.never("FAILED")
        m.never(BAD)
        m.never(GONE)
    seen = dict(re.findall(r"HAS (\w+) ([01]+)", m.text))
    if set(seen) != set(expected):
        raise Failure("devices: %s, not %s" % (sorted(seen), sorted(expected)))
    for name, (kind, words) in expected.items():
        agreed(seen[name], words, kind)
    sums = dict(re.findall(r"\[(\w)\] .*SUM (\w+)", m.text))
    got = re.findall(r"\[(\w)\] .*GOT (\d\d) (\w+)", m.text)
    if len(got) != 2 * NETS or any(md5 != sums["ba"["ab".index(vm_name)]]
                                   for vm_name, _, md5 in got):
        raise Failure("files: %s, got: %s" % (sums, got))


def tests():
    yield "virtio_features", drivers_on_all_features
