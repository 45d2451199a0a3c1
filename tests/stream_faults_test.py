"""Every consumer of rows under an error, a Ctrl-C, a time limit and a memory limit, at the first, a
middle and the last batch: the process ends with the right code and message, and leaves no file.

`stream_faults_test.py --measure` prints for each case the milliseconds from the event to the end of the
process; `make bench` runs that."""

import contextlib
import dataclasses
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import pyarrow as pa
import pyarrow.parquet as pq

SOURCE = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("SKYHOOK", str(SOURCE / "build/release/bin/skyhook"))
DEADLINE_SECONDS = 60
ROWS = 600_000
GROUP_ROWS = 20_000
PLACES = ("first", "middle", "last")
ROW_OF = {"first": 5, "middle": ROWS // 2, "last": ROWS - 1}
START_SECONDS = 0.4  # of a processor; what starts the program takes less
KEPT_BYTES = 100_000  # of what a terminal has shown
MEMORY = "40MB"
WIDE_BYTES = 50_000_000  # of a value in a file
WIDE_ROW_BYTES = 11_000_000  # more than a row of a result may have, and less than makes DuckDB fail first
# Never comes to an end within a test; no rows before the end.
ENDLESS_COUNT = "SELECT count(*) AS i FROM range(10000000) a(x), range(10000000) b(y) WHERE (x * y) % 7 = 8"
ENDLESS_ROWS = "SELECT i, 'text of row ' || i AS s FROM range(1000000000000) t(i)"
# All rows but the last.
LAST_IS_MISSING = ("SELECT i, 'text of row ' || i AS s FROM range(200000) t(i) UNION ALL "
                   f"SELECT i, 'last' FROM ({ENDLESS_COUNT})")
# A Substrait plan that reads table t.
ALL_ROWS = {"relations": [{"root": {"names": ["i", "s"], "input": {"read": {
    "baseSchema": {"names": ["i", "s"], "struct": {
        "types": [{"i64": {"nullability": "NULLABILITY_NULLABLE"}}, {"string": {"nullability": "NULLABILITY_NULLABLE"}}],
        "nullability": "NULLABILITY_REQUIRED"}},
    "namedTable": {"names": ["t"]}}}}}]}


@dataclasses.dataclass
class Ended:
    """How a process ended, and how long after the event."""
    code: int
    errors: str
    milliseconds: float


@dataclasses.dataclass(frozen=True)
class Consumer:
    """Who takes the rows: `verb` over a query's text or over a file; `into` says where they go."""
    name: str
    verb: str  # sql, shell, head, query, put
    format: str = "csv"
    into: str = "pipe"  # pipe, file, terminal, table

    @property
    def over_files(self):
        return self.verb in ("head", "query", "put")


CONSUMERS = [
    Consumer("table", "sql", "table"), Consumer("csv", "sql", "csv"), Consumer("json", "sql", "json"),
    Consumer("arrow", "sql", "arrow"), Consumer("parquet", "sql", "parquet"),
    Consumer("-o csv", "sql", "csv", "file"), Consumer("-o arrow", "sql", "arrow", "file"),
    Consumer("-o parquet", "sql", "parquet", "file"), Consumer("shell", "shell", "csv", "terminal"),
    Consumer("head", "head"), Consumer("query", "query"), Consumer("put", "put", into="table"),
]


def write_rows(path, wide_row=None):
    """ROWS rows in groups of GROUP_ROWS; one may hold far more than the others."""
    with pq.ParquetWriter(path, pa.schema([("i", pa.int64()), ("s", pa.string())]), compression="zstd",
                          write_page_checksum=True) as writer:
        for begin in range(0, ROWS, GROUP_ROWS):
            numbers = range(begin, begin + GROUP_ROWS)
            texts = [f"text of row {i}" for i in numbers]
            if wide_row in numbers:
                texts[wide_row - begin] = "w" * WIDE_BYTES
            writer.write_table(pa.table({"i": pa.array(numbers, pa.int64()), "s": texts}, writer.schema))


def damage(path, row):
    """Changes bytes in the middle of the column chunk `s` that holds a row."""
    chunk = pq.ParquetFile(path).metadata.row_group(row // GROUP_ROWS).column(1)
    begin = chunk.dictionary_page_offset or chunk.data_page_offset
    with open(path, "r+b") as file:
        file.seek(begin + chunk.total_compressed_size // 2)
        file.write(b"damaged damaged damaged")


class Inputs:
    """Files that the verbs over files read, made once."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.whole = self.path("whole")
        write_rows(self.whole)
        for place in PLACES:
            data = pathlib.Path(self.whole).read_bytes()
            pathlib.Path(self.path(f"error-{place}")).write_bytes(data)
            damage(self.path(f"error-{place}"), ROW_OF[place])
            write_rows(self.path(f"memory-{place}"), ROW_OF[place])
        self.plan = str(self.directory / "all_rows.json")
        pathlib.Path(self.plan).write_text(json.dumps(ALL_ROWS))

    def path(self, name):
        return str(self.directory / f"{name}.parquet")

    def of(self, event, place):
        return self.path(f"{event}-{place}") if event in ("error", "memory") else self.whole


class Case:
    """One consumer, event and place, in a directory of its own."""

    def __init__(self, inputs, consumer, event, place):
        self.inputs, self.consumer, self.event, self.place = inputs, consumer, event, place
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=inputs.directory))

    def query(self):
        row = ROW_OF[self.place]
        if self.event == "error":
            return f"SELECT i, CAST(CASE WHEN i = {row} THEN 'x' ELSE '1' END AS INT) AS s FROM range({ROWS}) t(i)"
        if self.event == "memory":
            return (f"SELECT i, repeat('w', CASE WHEN i = {row} THEN {WIDE_ROW_BYTES} ELSE 1 END) AS s "
                    f"FROM range({ROWS}) t(i)")
        return {"first": ENDLESS_COUNT, "middle": ENDLESS_ROWS, "last": LAST_IS_MISSING}[self.place]

    def timeout(self):
        return {"first": 0.2, "middle": 0.7, "last": 1.0}[self.place]

    def command(self):
        consumer, file = self.consumer, self.inputs.of(self.event, self.place)
        limits = []
        if self.event == "timeout":
            limits += ["--timeout", f"{int(self.timeout() * 1000)}ms"]
        if self.event == "memory":
            limits += ["--memory", MEMORY]
        output = ["--format", consumer.format]
        if consumer.into == "file":
            output += ["-o", str(self.directory / f"result.{consumer.format}")]
        if consumer.verb == "sql":
            return [PROGRAM, "sql", "-c", self.query(), *limits, *output]
        if consumer.verb == "shell":
            return [PROGRAM, "sql", *limits, *output]
        if consumer.verb == "head":
            return [PROGRAM, "head", "-n", str(ROWS), file, *limits, *output]
        if consumer.verb == "query":
            return [PROGRAM, "query", "--plan", self.inputs.plan, "--table", f"t={file}", *limits, *output]
        return [PROGRAM, "put", "--rewrite", "--object-bytes", "64KiB", "--row-group-rows", "1000", file,
                str(self.directory / "table"), *limits]

    def run(self):
        return self.run_in_terminal() if self.consumer.into == "terminal" else self.run_with_pipes()

    def run_with_pipes(self):
        with open(self.directory / ".errors", "w+") as errors:
            begin = time.monotonic()
            process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=errors, env={**os.environ, "NO_COLOR": "1"})
            try:
                event = self.until_event(process, begin)
                if self.event in ("error", "memory"):
                    event = self.last_output(process, event)
                code = process.wait(timeout=DEADLINE_SECONDS)
                milliseconds = (time.monotonic() - event) * 1000
            finally:
                process.kill()
                process.wait()
                process.stdout.close()
            errors.seek(0)
            return Ended(code, errors.read(), milliseconds)

    @staticmethod
    def wait_until_it_handles_signals(process):
        """What comes before ends any process at once."""
        bit = 1 << (signal.SIGINT - 1)
        while process.poll() is None:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            if int(status.split("SigCgt:")[1].split()[0], 16) & bit:
                return
            time.sleep(0.002)

    def until_event(self, process, begin):
        """Reads what the place asks for and, for a Ctrl-C, sends it; when the event was."""
        if self.event in ("error", "memory"):
            return begin
        self.wait_until_it_handles_signals(process)
        if self.consumer.into == "pipe":
            self.read_some(process)
        if self.event == "timeout":
            return begin + self.timeout()
        if self.consumer.into != "pipe":
            self.wait_for_output(process)
        process.send_signal(signal.SIGINT)
        return time.monotonic()

    @staticmethod
    def wait_until_it_works(process):
        """Until the process has used more of a processor than its start takes: the query runs then."""
        limit = time.monotonic() + DEADLINE_SECONDS
        while process.poll() is None and time.monotonic() < limit:
            times = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
            if sum(map(int, times)) / os.sysconf("SC_CLK_TCK") > START_SECONDS:
                return
            time.sleep(0.002)

    def read_some(self, process):
        """From a pipe: nothing, then megabytes, then all that comes. What is not read blocks the writer."""
        if self.place == "first" and not self.consumer.over_files:
            return self.wait_until_it_works(process)
        wanted = {"first": 1, "middle": 5_000_000, "last": 1 << 60 if not self.consumer.over_files else 12_000_000}
        read = 0
        while read < wanted[self.place]:
            quiet = 0.4 if read or self.place == "last" else DEADLINE_SECONDS
            if not select.select([process.stdout], [], [], quiet)[0]:
                return
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                return
            read += len(piece)

    def wait_for_output(self, process):
        if self.place != "middle" and not self.consumer.over_files:
            return self.wait_until_it_works(process)
        # Of a put the 2.8 MB of its table.
        wanted = {"first": 1, "middle": 1_400_000, "last": 2_000_000}[self.place]
        limit = time.monotonic() + DEADLINE_SECONDS
        while self.bytes_written() < wanted and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.002)

    def bytes_written(self):
        size = 0
        for entry in self.directory.rglob("*"):
            with contextlib.suppress(FileNotFoundError):  # a file may be renamed or removed now
                size += entry.stat().st_size
        return size

    def last_output(self, process, last):
        """When the last byte came out of the process: the error cannot have been before that."""
        if self.consumer.into == "pipe":
            while os.read(process.stdout.fileno(), 65536):
                last = time.monotonic()
            return last
        written = 0
        while process.poll() is None:
            if self.bytes_written() > written:
                written, last = self.bytes_written(), time.monotonic()
            time.sleep(0.001)
        return last

    def run_in_terminal(self):
        """Types the statement at the prompt, and after the error another one, which has to be answered."""
        child, terminal = pty.fork()
        if child == 0:
            os.execve(PROGRAM, self.command(), {**os.environ, "TERM": "dumb", "NO_COLOR": "1", "HOME": str(self.directory)})
        screen = Screen(child, terminal)
        try:
            screen.wait_for("skyhook> ")
            screen.type(self.query() + ";\n")
            begin = time.monotonic()
            if self.event == "timeout":
                begin += self.timeout()
            elif self.event == "cancel":
                screen.wait_for("text of row 1000" if self.place == "middle" else "8")
                time.sleep(0.3)
                screen.type("\x03")
                begin = time.monotonic()
            rows_ended = screen.wait_for("error: ")
            ended = time.monotonic()
            if self.event in ("error", "memory"):
                begin = max(begin, rows_ended)
            screen.wait_for("skyhook> ")
            screen.type("SELECT 40 + 2 AS again;\n")
            screen.wait_for("42")
            screen.type(".quit\n")
            code = screen.end()
            return Ended({0: self.expected_code(), 1: 1}.get(code, code), screen.text(), (ended - begin) * 1000)
        finally:
            screen.close()

    def expected_code(self):
        if self.event == "error":
            return 3 if self.consumer.over_files else 1
        return {"cancel": 130, "timeout": 4, "memory": 4}[self.event]

    def expected_text(self):
        if self.event == "error":
            return "error-" if self.consumer.over_files else "Could not convert string 'x' to INT32"
        return {"cancel": "cancel", "timeout": "time limit", "memory": "--memory"}[self.event]

    def files_left(self):
        """What a user finds afterwards; the objects of a put that failed are for vacuum."""
        names = sorted(entry.name for entry in self.directory.iterdir() if entry.name != ".errors")
        if self.consumer.verb == "put":
            names = [name for name in names if (self.directory / name / "_head").exists()]
        return [name for name in names if not name.startswith(".skyhook_")]


class Screen:
    """A program on a terminal of its own."""

    def __init__(self, child, terminal):
        self.child, self.terminal, self.printed, self.looked_at = child, terminal, b"", 0

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def read(self, seconds):
        if not select.select([self.terminal], [], [], seconds)[0]:
            return True
        try:
            piece = os.read(self.terminal, 65536)
        except OSError:
            return False
        self.printed += piece
        return bool(piece)

    def wait_for(self, text):
        """Reads until `text` came after what was waited for before; when the last piece before came."""
        last = time.monotonic()
        limit = last + DEADLINE_SECONDS
        while time.monotonic() < limit:
            found = self.printed.find(text.encode(), self.looked_at)
            if found >= 0:
                self.looked_at = found + len(text)
                return last
            self.forget(KEPT_BYTES)
            self.looked_at = max(self.looked_at, len(self.printed) - len(text) - 1)
            last = time.monotonic()
            if not self.read(1):
                break
        raise AssertionError(f"no {text!r} after {self.text()[-2000:]!r}")

    def forget(self, kept):
        """What was printed before the last `kept` bytes, so that a long output costs no more than a short one."""
        dropped = len(self.printed) - kept
        if dropped > kept:
            self.printed = self.printed[dropped:]
            self.looked_at = max(self.looked_at - dropped, 0)

    def end(self):
        while self.read(1):
            pass
        child, self.child = self.child, None
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def text(self):
        return self.printed.decode(errors="replace").replace("\r\n", "\n")

    def close(self):
        os.close(self.terminal)
        if self.child is not None:
            os.kill(self.child, signal.SIGKILL)
            os.waitpid(self.child, 0)


def cases(inputs):
    for consumer in CONSUMERS:
        for event in ("error", "cancel", "timeout", "memory"):
            if consumer.verb == "put" and event in ("timeout", "memory"):
                continue  # put has neither limit
            for place in PLACES:
                yield Case(inputs, consumer, event, place)


class StreamFaultsTest(unittest.TestCase):
    def test_every_stream_ends(self):
        with tempfile.TemporaryDirectory() as directory:
            ran = 0
            for case in cases(Inputs(directory)):
                with self.subTest(consumer=case.consumer.name, event=case.event, place=case.place):
                    ended = case.run()
                    ran += 1
                    self.assertEqual(ended.code, case.expected_code(), ended.errors[-2000:])
                    self.assertIn(case.expected_text(), ended.errors[-2000:])
                    self.assertEqual(case.files_left(), [])
            self.assertEqual(ran, 138)

    def test_the_second_signal_ends_the_process_and_removes_the_file(self):
        """Also while the process is busy with what does not look at signals."""
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "result.csv")
            process = subprocess.Popen([PROGRAM, "sql", "--format", "csv", "-o", path, "-c", ENDLESS_ROWS],
                                       stderr=subprocess.DEVNULL)
            self.addCleanup(process.kill)
            while not os.listdir(directory):
                time.sleep(0.005)
            os.kill(process.pid, signal.SIGTERM)
            os.kill(process.pid, signal.SIGTERM)
            self.assertEqual(process.wait(timeout=DEADLINE_SECONDS), 130)
            self.assertEqual(os.listdir(directory), [])


def start_up_milliseconds():
    """What a process takes that does nothing: the median of five."""
    times = []
    for _ in range(5):
        begin = time.monotonic()
        subprocess.run([PROGRAM, "sql", "-c", "SELECT 1"], check=True, stdout=subprocess.DEVNULL)
        times.append((time.monotonic() - begin) * 1000)
    return sorted(times)[2]


def measure():
    """Where the event is counted from the start of the process, without what a process takes in any case."""
    slow = 0
    start_up = start_up_milliseconds()
    print(f"start-up {start_up:.1f} ms")
    with tempfile.TemporaryDirectory() as directory:
        for case in cases(Inputs(directory)):
            ended = case.run()
            right = ended.code == case.expected_code()
            if case.event == "timeout" or (case.event != "cancel" and case.place == "first"):
                ended.milliseconds = max(ended.milliseconds - start_up, 0)
            slow += ended.milliseconds > 100
            print(f"{case.consumer.name:12} {case.event:8} {case.place:7} {ended.milliseconds:8.1f} ms  "
                  f"code {ended.code}{'' if right else ' WRONG'}", flush=True)
    print(f"{slow} cases took more than 100 ms")


if __name__ == "__main__":
    measure() if "--measure" in sys.argv else unittest.main()
