# SPDX-License-Identifier: Apache-2.0
"""A QEMU machine that a test watches and types to, ended in any case.

    with Machine(bare("build/guests-el1/psci.bin")) as m:
        m.expect(r"DONE", 60)
        m.ends(10)

Everything the machine prints goes to standard output too, which is the test's log.
"""
import ctypes
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = TOP / "build"
WORK = BUILD / "test"
# The host may be shared with many others: limits are against hanging, not for speed.
LONG = 180
TAIL = 3000


PR_SET_PDEATHSIG = 1


def die_with_parent():
    """In the child: a test that is killed leaves no emulator behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Failure(Exception):
    """What the test expected and did not see."""


def qemu(version=7):
    if version == 10:
        return str(BUILD / "qemu10" / "qemu-system-aarch64")
    return os.environ.get("QEMU", "qemu-system-aarch64")


def board(cpu="cortex-a57", smp=4, mem="1G", machine="virt,gic-version=3,virtualization=on",
          version=7, extra=()):
    """The command line of a board, its first UART on standard input and output."""
    return [qemu(version), "-M", machine, "-cpu", cpu, "-smp", str(smp), "-m", mem, "-nodefaults",
            "-display", "none", "-monitor", "none", "-chardev", "stdio,id=con,signal=off",
            "-serial", "chardev:con", *extra]


def bare(image, cmdline="", initrd=None, reboots=False, **kw):
    """A guest at EL1 with nothing beneath it: what the architecture and QEMU's models do."""
    args = board(machine="virt,gic-version=3", **{"mem": "512M", **kw})
    args += ["-kernel", str(image)] + ([] if reboots else ["-no-reboot"])
    if cmdline:
        args += ["-append", cmdline]
    if initrd:
        args += ["-initrd", str(initrd)]
    return args


def corbel(bundle, image=BUILD / "corbel.bin", **kw):
    """Corbel with a bundle. A reboot of the machine is a failure, so it ends the run."""
    args = board(**kw) + ["-no-reboot", "-kernel", str(image)]
    return args + (["-initrd", str(bundle)] if bundle else [])


def written(path, data):
    """The file with that in it, whole at any time: other tests may be reading it."""
    WORK.mkdir(parents=True, exist_ok=True)
    part = path.with_name("%s.%d.part" % (path.name, os.getpid()))
    part.write_bytes(data)
    part.chmod(0o755)
    part.replace(path)
    return path


def pack(name, toml, mem="1G", cpus=4):
    """The bundle of a system given as TOML text. mem None: not checked against a board."""
    WORK.mkdir(parents=True, exist_ok=True)
    source, out = WORK / (name + ".toml"), WORK / (name + ".cpio")
    source.write_text("# SPDX-License-Identifier: Apache-2.0\n" + toml)
    command = [sys.executable, str(TOP / "tools" / "corbel_config.py"), "pack", str(source),
               "-o", str(out)]
    if mem:
        command += ["--board-mem", mem, "--board-cpus", str(cpus)]
    done = subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    if done.returncode:
        raise Failure("the configuration does not pack:\n" + done.stdout)
    return out


class Machine:
    def __init__(self, args, stdin=subprocess.PIPE):
        self.args = args
        self.stdin = stdin
        self.text = ""          # all output so far
        self.seen = 0           # where expect() goes on
        self.process = None

    def __enter__(self):
        print("$ " + " ".join(self.args), flush=True)
        # Not a part of the make that may run us.
        env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        self.process = subprocess.Popen(self.args, stdin=self.stdin, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, cwd=TOP, env=env,
                                        start_new_session=True, preexec_fn=die_with_parent)
        return self

    def __exit__(self, *unused):
        self.kill()

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        print("", flush=True)

    def _read(self, seconds):
        """More output within the time; False at its end."""
        fd = self.process.stdout.fileno()
        ready, _, _ = select.select([fd], [], [], max(0, seconds))
        if not ready:
            return True
        data = os.read(fd, 65536)
        if not data:
            return False
        chunk = data.decode("utf-8", "replace").replace("\r", "")
        self.text += chunk
        sys.stdout.write(chunk)
        sys.stdout.flush()
        return True

    def expect(self, pattern, limit=LONG):
        """The first match after what was matched before."""
        end = time.monotonic() + limit
        regex = re.compile(pattern, re.M)
        alive = True
        while True:
            found = regex.search(self.text, self.seen)
            if found:
                self.seen = found.end()
                return found
            if not alive:
                raise Failure("the machine ended (%s) before: %s" % (self.process.wait(), pattern))
            if time.monotonic() > end:
                raise Failure("not seen within %d s: %s" % (limit, pattern))
            alive = self._read(min(1, end - time.monotonic()))

    def never(self, pattern):
        found = re.search(pattern, self.text, re.M)
        if found:
            line = self.text[self.text.rfind("\n", 0, found.start()) + 1:].split("\n", 1)[0]
            raise Failure("there is what must not be: " + line)

    def quiet(self, seconds):
        """Read what comes for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._read(end - time.monotonic()):
            pass

    def send(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def ends(self, limit=60):
        """The machine powers itself off."""
        end = time.monotonic() + limit
        while self._read(min(1, end - time.monotonic())):
            if time.monotonic() > end:
                raise Failure("still running after %d s" % limit)
        status = self.process.wait(limit)
        if status:
            raise Failure("QEMU's exit status is %d" % status)
