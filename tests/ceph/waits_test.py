"""The program and a Ceph that does not answer: it says what it waits for, and ends its wait by Ctrl-C and
by --timeout.

Runs against the cluster that CEPH_CONF and SKYHOOK_CLUSTER name (tools/test_ceph).
"""

import contextlib
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("SKYHOOK", str(SOURCE / "build/release/bin/skyhook"))
DATA = pathlib.Path(os.environ.get("SKYHOOK_TPCH", SOURCE / "build/data/sf0.1")) / "nation.parquet"
CLUSTER = pathlib.Path(os.environ["SKYHOOK_CLUSTER"])
TABLE = "rados://replicated/waits/t"
COUNT = f"SELECT count(*) AS n FROM '{TABLE}'"
# librados itself gives up after 30 s: whoever is through before has not waited for it.
LIBRADOS_SECONDS = 30
DEADLINE_SECONDS = 20


def pids(*daemons):
    return [int((CLUSTER / "run" / f"{daemon}.pid").read_text()) for daemon in daemons]


MONITOR, OSDS = ("mon.a",), ("osd.0", "osd.1", "osd.2")


def are_stopped(processes):
    """Whether each thread of each of them is."""
    return all(task.joinpath("stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
               for pid in processes for task in pathlib.Path(f"/proc/{pid}/task").iterdir())


@contextlib.contextmanager
def suspended(daemons):
    processes = pids(*daemons)
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        while not are_stopped(processes):
            time.sleep(0.01)
        yield
        assert are_stopped(processes), "Ceph answered before the program had ended"
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)


class AtTerminal:
    """The program with a terminal for its standard streams."""

    def __init__(self, *arguments):
        self.text = ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ["SKYHOOK_HISTORY"] = "/dev/null"
            os.environ["TERM"] = "dumb"
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored where tests run in the background
            os.execv(PROGRAM, [PROGRAM, *arguments])

    def read_until(self, text):
        end = time.monotonic() + DEADLINE_SECONDS
        while text not in self.text:
            if time.monotonic() > end:
                raise AssertionError(f"no {text!r} in {self.text!r}")
            if select.select([self.terminal], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.terminal, 4096).decode(errors="replace")
                except OSError as error:
                    raise AssertionError(f"the program ended: {self.text!r}") from error

    def press(self, keys):
        os.write(self.terminal, keys.encode())

    def code(self):
        """How the program ended, which is waited for."""
        reader = threading.Thread(target=self.drain)
        reader.start()
        end = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < end:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                reader.join()
                os.close(self.terminal)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        reader.join()
        raise AssertionError(f"the program did not end: {self.text!r}")

    def drain(self):
        with contextlib.suppress(OSError):
            while chunk := os.read(self.terminal, 4096):
                self.text += chunk.decode(errors="replace")


class WaitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run([PROGRAM, "put", DATA, TABLE, "--replace"], check=True, timeout=60, capture_output=True)

    def commands(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(lambda: subprocess.run(["rm", "-r", folder], check=True))
        return [("sql", "-c", COUNT),
                ("head", TABLE),
                ("put", str(DATA), TABLE, "--append"),
                ("put", TABLE, TABLE + "2", "--rewrite", "--replace"),
                ("get", TABLE, "-o", folder, "--force"),
                ("compact", TABLE),
                ("ls", TABLE),
                ("vacuum", TABLE)]

    def test_ctrl_c_ends_every_verb(self):
        for daemons in (MONITOR, OSDS):
            what = "a monitor, to let client.admin in" if daemons is MONITOR else "'rados://replicated/waits/t"
            for command in self.commands():
                with self.subTest(daemons=daemons, command=command), suspended(daemons):
                    program = AtTerminal(*command)
                    program.read_until("note: waiting for Ceph: ")
                    program.read_until(what)
                    program.press("\x03")
                    self.assertEqual(program.code(), 130, program.text)

    def test_the_time_limit_ends_every_verb_that_has_one(self):
        verbs = [("sql", "-c", COUNT), ("sql", "-c", "SELECT 1", "--data", "rados://replicated/waits"),
                 ("head", TABLE), ("explain", COUNT), ("explain", "--analyze", COUNT)]
        for daemons in (MONITOR, OSDS):
            for verb in verbs:
                with self.subTest(daemons=daemons, verb=verb), suspended(daemons):
                    done = subprocess.run([PROGRAM, *verb, "--timeout", "2500ms"], capture_output=True, text=True,
                                          timeout=DEADLINE_SECONDS)
                    self.assertEqual(done.returncode, 4, done.stderr)
                    self.assertIn("time limit of 2500ms", done.stderr)
                    self.assertNotIn("waiting for Ceph", done.stderr, "no terminal is there to see it")

    def test_the_shell_goes_on_after_a_wait(self):
        shell = AtTerminal("sql")
        shell.read_until("skyhook>")
        for daemons in (MONITOR, OSDS):
            with suspended(daemons):
                shell.text = ""
                shell.press(COUNT + ";\r")
                shell.read_until("note: waiting for Ceph: ")
                shell.press("\x03")
                shell.read_until("error: the query was cancelled")
                shell.press("SELECT 41 + 1 AS answer;\r")
                shell.read_until("42")
            shell.text = ""
            shell.press(COUNT + ";\r")
            shell.read_until("\n25\r\n")
        shell.press(".quit\r")
        self.assertEqual(shell.code(), 0, shell.text)


def milliseconds_to_end(arguments, seconds):
    """How long the program goes on after its time limit of so many seconds, and after a Ctrl-C after as many."""
    begin = time.monotonic()
    subprocess.run([PROGRAM, *arguments, "--timeout", f"{seconds}s"], capture_output=True, timeout=DEADLINE_SECONDS)
    limited = time.monotonic() - begin - seconds
    program = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    begin = time.monotonic()
    program.send_signal(signal.SIGINT)
    program.wait(timeout=DEADLINE_SECONDS)
    return 1000 * limited, 1000 * (time.monotonic() - begin)


def measure():
    """The longest times to an end, of five, while a monitor or the OSDs do not answer, and those of a query that
    needs no Ceph: the program takes a while to begin, before the time limit of a statement does."""
    WaitsTest.setUpClass()
    print(f"{'not answering':15}{'wait':25}{'time limit':>12}{'Ctrl-C':>10}   milliseconds to the end, the longest of five")
    waits = (("a query", ("sql", "-c", COUNT)), ("head", ("head", TABLE)),
             ("listing", ("sql", "--data", "rados://replicated/waits", "-c", "SELECT 1")))
    endless = ("sql", "-c", "SELECT count(*) FROM range(100000000000) t(i) WHERE i % 7 = 9")
    for name, daemons, verbs in (("(all do)", (), [("a query without Ceph", endless)]), ("monitor", MONITOR, waits),
                                 ("OSDs", OSDS, waits)):
        for wait, arguments in verbs:
            with suspended(daemons):
                times = [milliseconds_to_end(arguments, 1) for _ in range(5)]
            print(f"{name:15}{wait:25}{max(t[0] for t in times):12.0f}{max(t[1] for t in times):10.0f}")


if __name__ == "__main__":
    measure() if sys.argv[1:] == ["--measure"] else unittest.main()
