"""`skyhookd` as Flight clients without any library of ours see it: pyarrow.flight alone.

The oracles are DuckDB's answers through pyarrow's reader, DataFusion for its own plans, and pyarrow for its expressions.
"""

import base64
import concurrent.futures
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest

# pyarrow fails on import when a package of this name is not the one that it could use.
sys.modules["substrait"] = types.ModuleType("substrait")
sys.modules["substrait.proto"] = sys.modules["substrait"].proto = types.ModuleType("proto")

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.flight as flight
import pyarrow.parquet as pq
import pyarrow.substrait

SOURCE = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = pathlib.Path(os.environ.get("SKYHOOK", SOURCE / "build/release/bin/skyhook")).parent
DAEMON = PROGRAMS / "skyhookd"
FAULTY_WORKER = PROGRAMS / "skyhook-faulty-worker"
DATA = pathlib.Path(os.environ.get("SKYHOOK_TPCH", SOURCE / "build/data/sf0.1"))
DEADLINE_SECONDS = 30
ROWS = 100_000
GROUP_ROWS = 10_000


class Daemon:
    """A running daemon; what it logs is kept in a file."""

    def __init__(self, folder, *arguments, environment={}):
        self.log = pathlib.Path(folder) / "log"
        listen = [] if "--listen" in arguments else ["--listen", "grpc://127.0.0.1:0"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen([DAEMON, *listen, *arguments],
                                            stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ | environment)
        self.said = self.process.stdout.readline()
        found = re.search(r" at (grpc\S+)$", self.said.strip())
        if not found:
            raise AssertionError(f"{self.said!r} {self.log.read_text()}")
        self.address = found[1]

    def client(self):
        return flight.connect(self.address)

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(timeout=DEADLINE_SECONDS)
        self.process.stdout.close()
        return code

    def lines(self):
        return self.log.read_text().splitlines()


def numbers():
    """Columns of a few types, NULLs among them."""
    ids = pa.array(range(ROWS), pa.int64())
    return pa.table({
        "id": ids,
        "name": pc.if_else(pc.equal(pc.bit_wise_and(ids, 7), 3), None, pc.cast(pc.bit_wise_and(ids, 1023), pa.string())),
        "price": pc.cast(pc.divide(pc.cast(ids, pa.float64()), 4.0), pa.float64()),
    })


def ticket(**keys):
    return flight.Ticket(json.dumps(keys))


class DaemonTest(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.data = self.folder / "data"
        self.data.mkdir()
        self.table = numbers()
        pq.write_table(self.table, self.data / "numbers.parquet", row_group_size=GROUP_ROWS)

    def tearDown(self):
        self.stack.close()

    def start(self, *arguments, drain=1):
        spills = self.folder / "spills"
        spills.mkdir()
        daemon = Daemon(self.folder, "--export", f"t={self.data}", "--drain", str(drain), *arguments,
                        environment={"TMPDIR": str(spills)})

        def end():
            if daemon.process.poll() is None:
                daemon.end()
            self.assertEqual(list(spills.iterdir()), [])

        self.stack.callback(end)
        return daemon

    def eventually(self, condition, seconds=5):
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(flight.FlightUnavailableError):
                if condition():
                    return
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)

    def assertFails(self, kind, text, call):
        with self.assertRaises(kind) as raised:
            call()
        self.assertIn(text, str(raised.exception))
        return raised.exception


class TicketsTest(DaemonTest):
    def setUp(self):
        super().setUp()
        self.client = self.start().client()

    def read(self, **keys):
        return self.client.do_get(ticket(**keys)).read_all()

    def test_all_rows(self):
        self.assertTrue(self.read(table="t/numbers").equals(self.table))

    def test_columns_in_their_order(self):
        self.assertTrue(self.read(table="t/numbers", columns=["price", "id"]).equals(self.table.select(["price", "id"])))

    def test_no_columns_have_rows(self):
        self.assertEqual(sum(chunk.data.num_rows for chunk in self.client.do_get(ticket(table="t/numbers", columns=[]))), ROWS)

    def test_filter_and_limit(self):
        kept = self.table.filter((pc.field("id") > 70_000) & (pc.field("name") == "7"))
        self.assertTrue(self.read(table="t/numbers", filter="id > 70000 AND name = '7'").equals(kept))
        self.assertTrue(self.read(table="t/numbers", filter="id > 70000 AND name = '7'", limit=3).equals(kept[:3]))
        self.assertEqual(self.read(table="t/numbers", limit=0).num_rows, 0)

    def test_a_table_of_one_export_needs_no_export(self):
        self.assertEqual(self.read(table="numbers", limit=2).num_rows, 2)

    def test_endpoints_are_fragments(self):
        folder = self.data / "parts"
        folder.mkdir()
        for part in range(3):
            pq.write_table(self.table[part * 1000:(part + 1) * 1000], folder / f"{part}.parquet")
        info = self.client.get_flight_info(flight.FlightDescriptor.for_path("t", "parts"))
        self.assertEqual((info.total_records, len(info.endpoints)), (3000, 3))
        self.assertTrue(info.schema.equals(self.table.schema))
        for part, endpoint in enumerate(info.endpoints):
            rows = self.client.do_get(endpoint.ticket).read_all()
            self.assertTrue(rows.equals(self.table[part * 1000:(part + 1) * 1000]))
        self.assertFails(pa.ArrowInvalid, "table 't/parts' has 3 fragments, and no fragment 3",
                         lambda: self.read(table="t/parts", fragment=3))

    def test_schemas_need_no_rows(self):
        command = json.dumps({"table": "t/numbers", "columns": ["name"]})
        for descriptor in (flight.FlightDescriptor.for_command(command), ):
            self.assertEqual(self.client.get_schema(descriptor).schema, self.table.select(["name"]).schema)
            info = self.client.get_flight_info(descriptor)
            self.assertTrue(self.client.do_get(info.endpoints[0].ticket).read_all().equals(self.table.select(["name"])))

    def test_what_is_wrong_is_named(self):
        for keys, kind, text in [
            ({"table": "t/absent"}, pa.ArrowKeyError, "export 't' has no table 'absent'"),
            ({"table": "x/numbers"}, pa.ArrowKeyError, "there is no export 'x'"),
            ({"table": "absent"}, pa.ArrowKeyError, "no export has a table 'absent'"),
            ({"table": ""}, pa.ArrowKeyError, "no export has a table ''"),
            ({"table": "t/numbers", "columns": ["x"]}, pa.ArrowInvalid, "table 't/numbers' has no one column 'x'"),
            ({"table": "t/numbers", "columns": "id"}, pa.ArrowInvalid, "ticket: 'columns' is not a list of text"),
            ({"table": "t/numbers", "limit": -1}, pa.ArrowInvalid, "ticket: 'limit' is not a whole number"),
            ({"table": "t/numbers", "filtre": ""}, pa.ArrowInvalid, "ticket: 'filtre' is not known"),
            ({"table": "t/numbers", "filter": "id >"}, pa.ArrowInvalid, "filter, character"),
            ({"table": "t/numbers", "filter": "x = 1"}, pa.ArrowInvalid, "x"),
            ({"table": "t/numbers", "plan": "%"}, pa.ArrowInvalid, "base64"),
        ]:
            with self.subTest(keys=keys):
                self.assertFails(kind, text, lambda keys=keys: self.read(**keys))
        for bytes_ in (b"", b"   ", b"{", b"\xff" * 100, b"[1]", b'{"table": }'):
            with self.subTest(ticket=bytes_), self.assertRaises((pa.ArrowInvalid, pa.ArrowNotImplementedError)):
                self.client.do_get(flight.Ticket(bytes_)).read_all()
        self.assertFails(pa.ArrowInvalid, "a ticket of 5000000 bytes, where 4194304 are the most",
                         lambda: self.client.do_get(flight.Ticket(b"{" * 5_000_000)).read_all())

    def test_listing(self):
        (self.data / "bad.parquet").write_bytes(b"PAR1 and no more")
        listed = {tuple(name.decode() for name in info.descriptor.path): info for info in self.client.list_flights()}
        self.assertEqual(set(listed), {("t", "numbers"), ("t", "bad")})
        self.assertEqual(listed["t", "numbers"].total_records, ROWS)
        self.assertIn("bad.parquet", listed["t", "bad"].app_metadata.decode())
        self.assertEqual(listed["t", "bad"].endpoints, [])

    def test_actions(self):
        self.assertEqual({action.type for action in self.client.list_actions()}, {"describe", "counters"})
        described, = self.client.do_action(flight.Action("describe", b"t/numbers"))
        described = json.loads(described.body.to_pybytes())
        self.assertEqual((described["rows"], len(described["fragments"])), (ROWS, 1))
        self.assertEqual(described["fragments"][0]["name"], "t/numbers.parquet")
        counters, = self.client.do_action(flight.Action("counters", b""))
        self.assertEqual(json.loads(counters.body.to_pybytes())["calls_running"], 1)
        self.assertFails(pa.ArrowKeyError, "there is no action 'x'",
                         lambda: list(self.client.do_action(flight.Action("x", b""))))


class PlansTest(unittest.TestCase):
    """Plans of DataFusion and expressions of pyarrow, as `skyhook query` runs them."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.daemon = Daemon(cls.folder.name, "--export", f"tpch={DATA}", "--threads", "2")
        cls.client = cls.daemon.client()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.end()
        cls.folder.cleanup()

    def test_every_plan_has_the_rows_of_skyhook_query(self):
        plans = sorted((SOURCE / "tests/compat/substrait").glob("*.pb"))
        self.assertGreater(len(plans), 20)
        ran = 0
        for plan in plans:
            with self.subTest(plan=plan.stem):
                asked = [PROGRAMS / "skyhook", "query", "--plan", plan, "--format", "arrow"]
                named = plan.stem.startswith("df_")
                done = subprocess.run(
                    asked + (["--data", DATA] if named else ["--table", f"t={DATA / 'lineitem.parquet'}"]),
                    capture_output=True, timeout=DEADLINE_SECONDS)
                content = plan.read_bytes()
                if not named:
                    content = json.dumps({"table": "tpch/lineitem", "plan": base64.b64encode(content).decode()}).encode()
                descriptor = flight.FlightDescriptor.for_command(content)
                if done.returncode != 0:
                    with self.assertRaises(pa.ArrowException):
                        self.client.do_get(flight.Ticket(content)).read_all()
                    continue
                expected = pa.ipc.open_stream(done.stdout).read_all()
                rows = self.client.do_get(flight.Ticket(content)).read_all()
                keys = [(name, "ascending") for name in expected.column_names]
                self.assertTrue(rows.sort_by(keys).equals(expected.sort_by(keys)))
                self.assertEqual(self.client.get_schema(descriptor).schema, expected.schema)
                ran += 1
        self.assertGreater(ran, 18)

    def test_more_threads_than_calls(self):
        plan = (SOURCE / "tests/compat/substrait/df_q1.opt.pb").read_bytes()
        expected = self.client.do_get(flight.Ticket(plan)).read_all()
        with tempfile.TemporaryDirectory() as folder:
            daemon = Daemon(folder, "--export", f"tpch={DATA}", "--threads", "4", "--calls", "1")
            try:
                rows = daemon.client().do_get(flight.Ticket(plan)).read_all()
            finally:
                daemon.end()
        self.assertEqual(rows.num_rows, expected.num_rows)

    def test_what_our_client_has_read_is_logged(self):
        done = subprocess.run([PROGRAMS / "skyhook", "sql", "--placement", "push", "--format", "csv",
                               f"SELECT * FROM '{self.daemon.address}/tpch/nation' WHERE n_regionkey = 1"],
                              capture_output=True, text=True, timeout=DEADLINE_SECONDS)
        self.assertEqual(len(done.stdout.splitlines()), 6, done.stderr)
        self.assertTrue(any("request" in line and " rows=5 " in line for line in self.daemon.lines()))

    def test_an_expression_of_pyarrow(self):
        lineitem = ds.dataset(DATA / "lineitem.parquet")
        wanted = (pc.field("l_orderkey") < 3000) & (pc.field("l_linenumber") == 2)
        message = json.dumps({"table": "tpch/lineitem", "plan": base64.b64encode(
            pa.substrait.serialize_expressions([wanted], ["keep"], lineitem.schema)).decode()})
        rows = self.client.do_get(flight.Ticket(message)).read_all()
        self.assertEqual(rows.num_rows, lineitem.count_rows(filter=wanted))

    def test_a_plan_that_must_name_its_table(self):
        plan = (SOURCE / "tests/compat/substrait/df_q1.opt.pb").read_bytes()
        twice = json.dumps({"table": "tpch/lineitem", "plan": base64.b64encode(plan).decode()})
        with self.assertRaisesRegex(pa.ArrowInvalid, "the plan names its table itself"):
            self.client.do_get(flight.Ticket(twice)).read_all()


class EscapesTest(DaemonTest):
    """No name, link or race leads out of an export."""

    def setUp(self):
        super().setUp()
        self.outside = self.folder / "outside"
        self.outside.mkdir()
        pq.write_table(pa.table({"secret": [1]}), self.outside / "secret.parquet")
        self.client = self.start().client()

    def test_names_that_lead_out(self):
        for name in ("t/../outside/secret", "../outside/secret", "t/..", "t/.", "t//", f"t/{self.outside}/secret.parquet",
                     f"{self.outside}/secret.parquet", "t/numbers.parquet/../../outside/secret.parquet", "t/*", "t/%2e%2e",
                     "t/numbers\0", "t/numbers@99999999999999999999", "t/@1", "t/@"):
            with self.subTest(name=name), self.assertRaises(pa.ArrowKeyError):
                self.client.do_get(ticket(table=name)).read_all()
        for path in (("t", ".."), ("..", "outside", "secret"), ("t", "..", "outside", "secret"), ()):
            with self.subTest(path=path), self.assertRaises((pa.ArrowKeyError, pa.ArrowInvalid)):
                self.client.get_flight_info(flight.FlightDescriptor.for_path(*path))

    def test_a_link_to_a_file_outside(self):
        (self.data / "link.parquet").symlink_to(self.outside / "secret.parquet")
        self.assertFails(flight.FlightUnauthorizedError, "'t/link' is a link that leads out of its export",
                         lambda: self.client.do_get(ticket(table="t/link")).read_all())

    def test_a_link_to_a_folder_outside(self):
        (self.data / "folder").symlink_to(self.outside)
        with self.assertRaises(pa.ArrowException):
            self.client.do_get(ticket(table="t/folder")).read_all()

    def test_a_link_within_a_folder(self):
        folder = self.data / "parts"
        folder.mkdir()
        (folder / "0.parquet").symlink_to(self.outside / "secret.parquet")
        self.assertFails(pa.ArrowException, "Permission denied",
                         lambda: self.client.do_get(ticket(table="t/parts")).read_all())

    def test_a_link_into_another_export(self):
        other = self.folder / "second"
        other.mkdir()
        (other / "parts").mkdir()
        (other / "parts" / "0.parquet").symlink_to(self.data / "numbers.parquet")
        (other / "link.parquet").symlink_to(self.data / "numbers.parquet")
        daemon = Daemon(self.folder, "--export", f"t={self.data}", "--export", f"u={other}", "--drain", "1")
        try:
            for keys in ({"table": "u/parts"}, {"table": "u/link"}, {"file": "u/link.parquet", "ranges": [[0, 1]]},
                         {"file": "u/parts/0.parquet", "ranges": [[0, 1]]}):
                with self.subTest(keys=keys):
                    self.assertFails(flight.FlightUnauthorizedError, "is a link that leads out of its export",
                                     lambda keys=keys: daemon.client().do_get(ticket(**keys)).read_all())
        finally:
            daemon.end()

    def test_a_link_that_stays_within(self):
        (self.data / "same.parquet").symlink_to("numbers.parquet")
        self.assertTrue(self.client.do_get(ticket(table="t/same")).read_all().equals(self.table))

    def test_a_link_swapped_during_open(self):
        """One second of a link that points in and out in turn, read all the while."""
        inside = self.folder / "data" / "inside.parquet"
        pq.write_table(pa.table({"open": [1]}), inside)
        link, done = self.data / "swapped.parquet", threading.Event()
        link.symlink_to(inside)

        def swap():
            other = self.folder / "other"
            while not done.is_set():
                for target in (self.outside / "secret.parquet", inside):  # the latter last
                    other.symlink_to(target)
                    os.replace(other, link)

        swapper = threading.Thread(target=swap)
        swapper.start()
        try:
            answered, refused, end = 0, 0, time.monotonic() + 1
            while time.monotonic() < end:
                try:
                    rows = self.client.do_get(ticket(table="t/swapped")).read_all()
                    self.assertEqual(rows.column_names, ["open"])
                    answered += 1
                except pa.ArrowException:
                    refused += 1
        finally:
            done.set()
            swapper.join()
        self.assertGreater(answered, 0)
        self.assertGreater(refused, 0)


    def test_a_folder_swapped_during_open(self):
        """Two seconds of a folder that is there and a link to one outside in turn, read all the while."""
        (self.data / "parts").mkdir()
        pq.write_table(pa.table({"open": [1]}), self.data / "parts" / "0.parquet")
        pq.write_table(pa.table({"secret": range(100)}), self.outside / "0.parquet")
        begin = (self.data / "parts" / "0.parquet").read_bytes()[:200]
        self.assertNotEqual((self.outside / "0.parquet").read_bytes()[:200], begin)
        done, link = threading.Event(), self.data / ".link"
        link.symlink_to(self.outside)

        def swap():
            while not done.is_set():
                for away, here in (("folder", link), ("link", self.data / ".folder")):
                    os.rename(self.data / "parts", self.data / f".{away}")
                    os.rename(here, self.data / "parts")
                    time.sleep(0.001 * (away == "link"))

        swapper = threading.Thread(target=swap)
        swapper.start()
        try:
            answered, end = 0, time.monotonic() + 2
            while time.monotonic() < end:
                with contextlib.suppress(pa.ArrowException, OSError):
                    rows = self.client.do_get(ticket(table="t/parts")).read_all()
                    self.assertEqual(rows.column_names, ["open"])
                for _ in range(20):
                    with contextlib.suppress(pa.ArrowException, OSError):
                        read = self.client.do_get(ticket(file="t/parts/0.parquet", ranges=[[0, 200]])).read_all()
                        self.assertEqual(read["bytes"].to_pylist(), [begin])
                        answered += 1
        finally:
            done.set()
            swapper.join()
        self.assertGreater(answered, 0)


class HostileTest(DaemonTest):
    """What a client may send, and what may lie in an export."""

    def setUp(self):
        super().setUp()
        self.daemon = self.start()
        self.client = self.daemon.client()

    def read(self, **keys):
        return self.client.do_get(ticket(**keys)).read_all()

    def answers(self):
        self.assertTrue(self.read(table="t/numbers").equals(self.table))

    def test_a_plan_over_other_fields_than_the_table_has(self):
        pq.write_table(pa.table({"s": pa.array([{"x": 1}], pa.struct([("x", pa.int64())]))}), self.data / "nested.parquet")
        number = {"i64": {"nullability": "NULLABILITY_NULLABLE"}}
        plan = json.dumps({"relations": [{"root": {"names": ["z"], "input": {"project": {
            "common": {"emit": {"outputMapping": [1]}},
            "expressions": [{"selection": {"directReference": {"structField": {"field": 0, "child": {"structField": {"field": 2}}}},
                                           "rootReference": {}}}],
            "input": {"read": {
                "baseSchema": {"names": ["s", "x", "y", "z"], "struct": {
                    "types": [{"struct": {"types": [number] * 3, "nullability": "NULLABILITY_NULLABLE"}}],
                    "nullability": "NULLABILITY_REQUIRED"}},
                "namedTable": {"names": ["t", "nested"]}}}}}}}]})
        for ask in (self.client.get_schema, self.client.get_flight_info):
            with self.assertRaisesRegex((pa.ArrowInvalid, OSError), "column 's' of .* is struct"):
                ask(flight.FlightDescriptor.for_command(plan))
        self.answers()

    def test_tickets_that_are_deep_or_long(self):
        for sent in (b'{"table": ' + b"[" * 1_000_000, b'{"table": "t/numbers", "columns": ' + b"[" * 500 + b"]" * 500 + b"}"):
            with self.assertRaises((pa.ArrowInvalid, pa.ArrowNotImplementedError)):
                self.client.do_get(flight.Ticket(sent)).read_all()
        self.assertFails(pa.ArrowInvalid, "ticket: 'columns' has 20000 entries, where 10000 are the most",
                         lambda: self.read(table="t/numbers", columns=["id"] * 20_000))
        self.assertFails(pa.ArrowKeyError, "export 't' has no table 'xxx", lambda: self.read(table="t/" + "x" * 100_000))
        self.answers()

    def test_files_that_are_of_no_table(self):
        (self.data / "notes.txt").write_text("secret")
        subprocess.run([PROGRAMS / "skyhook", "put", self.data / "numbers.parquet", self.data / "stored"], check=True,
                       capture_output=True, timeout=DEADLINE_SECONDS)
        part = next(self.data.glob("stored/**/*.parquet"), None) or next(
            path for path in self.data.glob("stored/*") if path.is_file() and not path.name.startswith("."))
        for name in ("t/notes.txt", f"t/stored/{part.name}", "t/stored", "t", "t/numbers", "t/.hidden.parquet"):
            with self.subTest(name=name), self.assertRaises((pa.ArrowKeyError, flight.FlightInternalError)):
                self.client.do_get(ticket(file=name, ranges=[[0, 1]])).read_all()
        self.assertEqual(self.client.do_get(ticket(file="t/numbers.parquet", ranges=[[0, 4]])).read_all()["bytes"].to_pylist(), [b"PAR1"])
        self.assertEqual(self.read(table="t/stored").num_rows, ROWS)

    def test_names_that_are_not_text_hide_no_other(self):
        shutil.copy(self.data / "numbers.parquet", os.fsencode(self.data) + b"/\xff.parquet")
        self.assertEqual([info.descriptor.path for info in self.client.list_flights()], [[b"t", b"numbers"]])

    def test_messages_say_no_path_of_the_host(self):
        shutil.rmtree(self.data)
        with self.assertRaises(pa.ArrowException) as raised:
            self.read(table="t/numbers")
        self.assertNotIn(str(self.data), str(raised.exception))

    def test_wide_rows(self):
        """Each message of at most 3 MiB, or of one row; also where the long texts come together."""
        wide = pa.table({"id": range(4000), "text": ["x" * (20_000 if 1000 <= row < 2000 else 3) for row in range(4000)]})
        pq.write_table(wide, self.data / "wide.parquet")
        large = pa.table({"id": range(3), "text": ["a" * 5_000_000, "b" * 20_000_000, "c" * 40_000_000]})
        pq.write_table(large, self.data / "large.parquet")
        rows = 0
        for chunk in self.client.do_get(ticket(table="t/wide")):
            self.assertLessEqual(chunk.data.nbytes, 3 << 20)
            rows += chunk.data.num_rows
        self.assertEqual(rows, 4000)
        self.assertTrue(self.read(table="t/wide").equals(wide))
        self.assertTrue(self.read(table="t/large").equals(large))
        pq.write_table(pa.table({"text": ["d" * 70_000_000]}), self.data / "too_large.parquet")
        self.assertFails(flight.FlightUnavailableError, "cannot scan 't/too_large.parquet': ", lambda: self.read(table="t/too_large"))


class ProcessTest(DaemonTest):
    def run_daemon(self, *arguments):
        return subprocess.run([DAEMON, *arguments], capture_output=True, text=True, timeout=DEADLINE_SECONDS)

    def test_it_says_once_where_it_serves(self):
        daemon = self.start()
        self.assertRegex(daemon.said, r"^skyhookd: serves t at grpc://127\.0\.0\.1:\d+\n$")
        self.assertEqual(daemon.end(), 0)

    def test_ctrl_c_ends_it_too(self):
        self.assertEqual(self.start().end(signal.SIGINT), 0)

    def test_wrong_words(self):
        export = f"t={self.data}"
        for arguments, code, text in [
            ([], 2, "--export is required"),
            (["--export", "t"], 2, "--export t: write NAME=DIRECTORY"),
            (["--export", f"a b={self.data}"], 2, "the name 'a b' is not made of at most 64 letters"),
            (["--export", export, "--export", export], 2, "there are two of that name"),
            (["--export", export, "--listen", "127.0.0.1:7"], 2, "write grpc://ADDRESS:PORT"),
            (["--export", export, "--listen", "grpc://0.0.0.0:0"], 2, "or say --insecure"),
            (["--export", export, "--listen", "grpc://localhost:0"], 2, "or say --insecure"),
            (["--export", export, "--calls", "0"], 2, "--calls"),
            (["--export", export, "--memory", "much"], 2, "--memory"),
            (["--export", export, "--memory", "1MB"], 2, "--memory"),
            (["--export", export, "--memory", "-5"], 2, "--memory"),
            (["--export", export, "--nonsense"], 2, "--nonsense"),
            (["--export", f"t={self.folder}/absent"], 3, "absent: No such file or directory"),
            (["--export", f"t={self.data}/numbers.parquet"], 3, "it is not a directory"),
        ]:
            with self.subTest(arguments=arguments):
                done = self.run_daemon(*arguments)
                self.assertEqual((done.returncode, done.stdout), (code, ""))
                self.assertIn(text, done.stderr)

    def test_check_only_checks(self):
        done = self.run_daemon("--export", f"t={self.data}", "--check")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_a_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"grpc://127.0.0.1:{taken.getsockname()[1]}"
            done = self.run_daemon("--export", f"t={self.data}", "--listen", address)
        self.assertEqual(done.returncode, 3)
        self.assertIn(f"cannot listen at {address}", done.stderr)

    def test_who_read_what_is_logged(self):
        daemon = self.start()
        client = daemon.client()
        client.do_get(ticket(table="t/numbers", limit=5)).read_all()
        with self.assertRaises(pa.ArrowKeyError):
            client.do_get(ticket(table='t/"\nends=1')).read_all()
        daemon.end()
        calls = [line for line in daemon.lines() if "call=DoGet" in line]
        self.assertEqual(len(calls), 2)
        self.assertRegex(calls[0], r'^time=\S+Z call=DoGet peer=ipv4:127\.0\.0\.1:\d+ who="" asked=".*t/numbers.*" rows=5 bytes=\d+ '
                                   r'ms=[\d.]+ ended="ok"$')
        self.assertRegex(calls[1], r'ended="export .t. has no table')
        self.assertTrue(all(line.startswith("time=") for line in daemon.lines()))


class LimitsTest(DaemonTest):
    def endless(self, client):
        """A stream of which one batch is read, and which is held."""
        reader = client.do_get(ticket(table="t/many"))
        reader.read_chunk()
        return reader

    def many(self, files=200):
        """A table that takes a while: the same file over and over."""
        folder = self.data / "many"
        folder.mkdir()
        for part in range(files):
            os.link(self.data / "numbers.parquet", folder / f"{part:03}.parquet")

    def counters(self, client):
        answer, = client.do_action(flight.Action("counters", b""))
        return json.loads(answer.body.to_pybytes())

    def test_one_call_too_many_is_busy(self):
        self.many()
        daemon = self.start("--calls", "2")
        client = daemon.client()
        held = [self.endless(client) for _ in range(2)]
        error = self.assertFails(flight.FlightUnavailableError, "2 calls are under way, as many as may be",
                                 lambda: client.do_get(ticket(table="t/numbers")).read_all())
        self.assertEqual(error.extra_info, b'{"code": "busy"}')
        # Names and bytes are others' turn.
        self.assertEqual(self.counters(client)["calls_refused"], 1)
        self.assertEqual(client.do_get(ticket(file="t/numbers.parquet", ranges=[[0, 4]])).read_all().num_rows, 1)
        done = subprocess.run([PROGRAMS / "skyhook", "sql", "--placement", "push", "--format", "csv",
                               f"SELECT count(*) AS n, sum(id) AS s FROM '{daemon.address}/t/numbers' WHERE id >= 0"],
                              capture_output=True, text=True, timeout=DEADLINE_SECONDS)
        self.assertEqual(done.stdout, f"n,s\n{ROWS},{ROWS * (ROWS - 1) // 2}\n", done.stderr)
        for reader in held:
            reader.cancel()
        self.eventually(lambda: client.do_get(ticket(table="t/numbers", limit=1)).read_all().num_rows == 1)

    def kill_a_reader(self, daemon, before, seconds, **keys):
        """Of a ticket, after it has done `before` to its stream; its call has to end within so many seconds."""
        code = ("import sys, pyarrow.flight as f\n"
                "reader = f.connect(sys.argv[1]).do_get(f.Ticket(sys.argv[2]))\n"
                f"{before}; print('ready', flush=True); reader.read_chunk(); sys.stdin.read()\n")
        reader = subprocess.Popen([sys.executable, "-c", code, daemon.address, json.dumps(keys)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        self.assertEqual(reader.stdout.readline(), "ready\n")
        client = daemon.client()
        self.assertEqual(self.counters(client)["calls_running"], 2)
        reader.kill()
        reader.communicate()
        self.eventually(lambda: self.counters(client)["calls_running"] == 1, seconds)

    def test_a_client_that_is_killed_leaves_no_call(self):
        self.many()
        self.kill_a_reader(self.start(), "reader.read_chunk()", 5, table="t/many")

    def test_a_client_that_is_killed_ends_a_call_that_gives_no_rows(self):
        self.many(2000)
        self.kill_a_reader(self.start(), "pass", 0.5, table="t/many", filter="price > price")

    def test_light_calls_are_four_times_as_many(self):
        with (self.data / "large.parquet").open("wb") as large:
            large.truncate(1 << 30)
        daemon = self.start("--calls", "1")
        held = [daemon.client().do_get(ticket(file="t/large.parquet", ranges=[[0, 1 << 30]])) for _ in range(4)]
        for reader in held:
            reader.read_chunk()
        self.assertFails(flight.FlightUnavailableError, "4 calls are under way, as many as may be",
                         lambda: daemon.client().do_get(ticket(files="t/numbers")).read_all())
        self.assertEqual(daemon.client().do_get(ticket(table="t/numbers", limit=1)).read_all().num_rows, 1)
        for reader in held:
            reader.cancel()

    def test_sigterm_lets_calls_finish_and_no_more_begin(self):
        self.many()
        daemon = self.start(drain=DEADLINE_SECONDS)
        client = daemon.client()
        reader = self.endless(client)
        daemon.process.send_signal(signal.SIGTERM)
        self.eventually(lambda: "ends=\"SIGTERM\"" in daemon.log.read_text())
        self.assertFails(flight.FlightUnavailableError, "the daemon is ending",
                         lambda: client.do_get(ticket(table="t/numbers")).read_all())
        rest = sum(chunk.data.num_rows for chunk in reader)
        self.assertGreater(rest, 190 * ROWS)
        self.assertEqual(daemon.process.wait(timeout=DEADLINE_SECONDS), 0)
        daemon.process.stdout.close()

    def test_a_reader_that_holds_does_not_keep_it_from_ending(self):
        self.many()
        daemon = self.start()
        reader = self.endless(daemon.client())
        begin = time.monotonic()
        self.assertEqual(daemon.end(), 0)
        self.assertLess(time.monotonic() - begin, 10)
        del reader

    def test_a_reader_that_holds_takes_no_memory(self):
        self.many()
        daemon = self.start()
        client = daemon.client()
        self.endless(client).cancel()
        before = self.resident(daemon)
        held = [self.endless(client) for _ in range(4)]
        time.sleep(1)
        self.assertLess(self.resident(daemon) - before, 400_000_000)
        del held

    def resident(self, daemon):
        return int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text())[1]) * 1024

    def test_many_at_once_have_the_same_rows(self):
        daemon = self.start()

        def read(_):
            return daemon.client().do_get(ticket(table="t/numbers", filter="id >= 50000")).read_all()

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for rows in pool.map(read, range(32)):
                self.assertTrue(rows.equals(self.table[50_000:]))

    def test_a_file_that_is_replaced_meanwhile(self):
        self.many()
        client = self.start().client()
        reader = self.endless(client)
        other = self.folder / "other.parquet"
        pq.write_table(self.table[:7], other)
        os.replace(other, self.data / "many" / "199.parquet")
        error = self.assertFails(flight.FlightUnavailableError, "'t/many/199.parquet' changed", reader.read_all)
        self.assertNotIn(str(self.data), str(error))
        self.assertEqual(error.extra_info, b'{"code": "stale object"}')

    def test_a_folder_that_is_removed(self):
        client = self.start().client()
        shutil.rmtree(self.data)
        with self.assertRaises(pa.ArrowException):
            client.do_get(ticket(table="t/numbers")).read_all()
        self.assertEqual(self.counters(client)["calls_running"], 1)


def certificates(folder):
    """Two authorities, and what each has signed for 127.0.0.1: {name}.pem and {name}.key."""
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=DEADLINE_SECONDS)

    extensions = folder / "extensions"
    extensions.write_text("basicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1\n")
    for authority, signed in (("ca", ("server", "client")), ("other-ca", ("stranger", ))):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={authority}",
                "-keyout", folder / f"{authority}.key", "-out", folder / f"{authority}.pem")
        for name in signed:
            openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key",
                    "-out", folder / f"{name}.csr")
            openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / f"{authority}.pem",
                    "-CAkey", folder / f"{authority}.key", "-CAcreateserial", "-days", "30", "-extfile", extensions,
                    "-out", folder / f"{name}.pem")


class SecurityTest(DaemonTest):
    """TLS, certificates of clients, and tokens: pyarrow's client and ours."""

    @classmethod
    def setUpClass(cls):
        cls.folder_of_keys = tempfile.TemporaryDirectory()
        cls.keys = pathlib.Path(cls.folder_of_keys.name)
        certificates(cls.keys)

    @classmethod
    def tearDownClass(cls):
        cls.folder_of_keys.cleanup()

    def setUp(self):
        super().setUp()
        self.tokens = self.folder / "tokens" / "file"
        self.tokens.parent.mkdir()
        self.write_tokens(anna="secret-a", bert="secret-b")

    def write_tokens(self, **tokens):
        lines = [f"{name} {hashlib.sha256(token.encode()).hexdigest()}\n" for name, token in tokens.items()]
        self.tokens.write_text("# who may read\n\n" + "".join(lines))

    def tls(self):
        return ["--listen", "grpc+tls://127.0.0.1:0", "--tls-cert", self.keys / "server.pem", "--tls-key", self.keys / "server.key"]

    def rows(self, daemon, token=None, **options):
        client = flight.connect(daemon.address, **options)
        headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
        return client.do_get(ticket(table="t/numbers", limit=3), flight.FlightCallOptions(headers=headers)).read_all().num_rows

    def ours(self, daemon, *options, environment={}):
        return subprocess.run([PROGRAMS / "skyhook", *options, "sql", "--format", "csv",
                               f"SELECT count(*) AS n FROM '{daemon.address}/t/numbers'"],
                              capture_output=True, text=True, timeout=DEADLINE_SECONDS, env=os.environ | environment)

    def test_tls(self):
        daemon = self.start(*self.tls())
        self.assertTrue(daemon.address.startswith("grpc+tls://127.0.0.1:"))
        ca = (self.keys / "ca.pem").read_bytes()
        self.assertEqual(self.rows(daemon, tls_root_certs=ca), 3)
        with self.assertRaises(flight.FlightUnavailableError):
            self.rows(daemon, tls_root_certs=(self.keys / "other-ca.pem").read_bytes())
        self.assertEqual(self.ours(daemon, "--tls-ca", self.keys / "ca.pem").stdout, f"n\n{ROWS}\n")
        self.assertEqual(self.ours(daemon, environment={"SKYHOOK_TLS_CA": str(self.keys / "ca.pem")}).stdout, f"n\n{ROWS}\n")
        wrong = self.ours(daemon, "--tls-ca", self.keys / "other-ca.pem")
        self.assertEqual((wrong.returncode, wrong.stdout), (3, ""))

    def test_certificates_of_clients(self):
        daemon = self.start(*self.tls(), "--tls-client-ca", self.keys / "ca.pem")
        ca = (self.keys / "ca.pem").read_bytes()

        def shown(name):
            return {"cert_chain": (self.keys / f"{name}.pem").read_bytes(), "private_key": (self.keys / f"{name}.key").read_bytes()}

        self.assertEqual(self.rows(daemon, tls_root_certs=ca, **shown("client")), 3)
        for options in ({}, shown("stranger")):
            with self.assertRaises(flight.FlightUnavailableError):
                self.rows(daemon, tls_root_certs=ca, **options)
        done = self.ours(daemon, "--tls-ca", self.keys / "ca.pem", "--tls-cert", self.keys / "client.pem", "--tls-key", self.keys / "client.key")
        self.assertEqual(done.stdout, f"n\n{ROWS}\n", done.stderr)

    def test_tokens(self):
        daemon = self.start("--tokens", self.tokens)
        self.assertEqual(self.rows(daemon, "secret-a"), 3)
        self.assertFails(flight.FlightUnauthenticatedError, "the call brings no bearer token", lambda: self.rows(daemon))
        self.assertFails(flight.FlightUnauthenticatedError, "the call's token is not known", lambda: self.rows(daemon, "secret-c"))
        client = daemon.client()
        for call in (lambda: list(client.list_flights()), lambda: list(client.list_actions()),
                     lambda: list(client.do_action(flight.Action("counters", b""))),
                     lambda: client.get_flight_info(flight.FlightDescriptor.for_path("t", "numbers")),
                     lambda: client.get_schema(flight.FlightDescriptor.for_path("t", "numbers"))):
            # pyarrow has no class of its own for a schema's.
            with self.assertRaisesRegex((flight.FlightUnauthenticatedError, OSError), "the call brings no bearer token"):
                call()
        self.assertIn('who="anna"', daemon.log.read_text())
        self.assertNotIn("secret", daemon.log.read_text())

    def test_tokens_of_our_client(self):
        daemon = self.start("--tokens", self.tokens)
        token = self.folder / "token"
        token.write_text("secret-b\n")
        self.assertEqual(self.ours(daemon, "--token-file", token).stdout, f"n\n{ROWS}\n")
        self.assertEqual(self.ours(daemon, environment={"SKYHOOK_TOKEN_FILE": str(token)}).stdout, f"n\n{ROWS}\n")
        self.assertIn("the call brings no bearer token", self.ours(daemon).stderr)
        token.write_text("")
        done = self.ours(daemon, "--token-file", token)
        self.assertEqual(done.returncode, 2)
        self.assertIn("it is empty", done.stderr)

    def test_a_token_is_not_sent_unencrypted_to_another_machine(self):
        token = self.folder / "token"
        token.write_text("secret-b")
        done = subprocess.run([PROGRAMS / "skyhook", "--token-file", token, "sql", "SELECT 1 FROM 'grpc://192.0.2.1:7077/t/numbers'"],
                              capture_output=True, text=True, timeout=DEADLINE_SECONDS)
        self.assertIn("a token is not sent to another machine unencrypted: use grpc+tls://", done.stderr)

    def test_a_token_that_is_taken_back(self):
        daemon = self.start("--tokens", self.tokens)
        self.assertEqual(self.rows(daemon, "secret-a"), 3)
        self.write_tokens(bert="secret-b", carl="secret-c")
        daemon.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: 'reloaded="tokens"' in daemon.log.read_text())
        with self.assertRaises(flight.FlightUnauthenticatedError):
            self.rows(daemon, "secret-a")
        self.assertEqual(self.rows(daemon, "secret-c"), 3)
        self.tokens.write_text("bert 00\n")
        daemon.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: "line 1: it is not NAME and a SHA-256" in daemon.log.read_text())
        self.assertEqual(self.rows(daemon, "secret-c"), 3)

    def test_a_reload_ends_no_call(self):
        daemon = self.start("--tokens", self.tokens)
        options = flight.FlightCallOptions(headers=[(b"authorization", b"Bearer secret-a")])
        reader = daemon.client().do_get(ticket(table="t/numbers"), options)
        reader.read_chunk()
        self.write_tokens(bert="secret-b")
        daemon.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: 'reloaded="tokens"' in daemon.log.read_text())
        self.assertGreater(reader.read_all().num_rows, 0)

    def test_what_does_not_go_together(self):
        cert, key = str(self.keys / "server.pem"), str(self.keys / "server.key")
        outside = ["--listen", "grpc+tls://0.0.0.0:0", "--tls-cert", cert, "--tls-key", key]
        for arguments, code, text in [
            (["--listen", "grpc+tls://127.0.0.1:0"], 2, "it needs --tls-cert and --tls-key"),
            (["--listen", "grpc://127.0.0.1:0", "--tls-cert", cert], 2, "are for grpc+tls://"),
            (outside, 2, "whoever reaches this address could read every table; give --tokens"),
            (["--listen", "grpc://0.0.0.0:0", "--tokens", self.tokens], 2, "would travel unencrypted"),
            (["--listen", "grpc+tls://127.0.0.1:0", "--tls-cert", cert, "--tls-key", "/absent"], 3, "'/absent'"),
            (["--listen", "grpc://127.0.0.1:0", "--tokens", "/absent/file"], 3, "/absent"),
        ]:
            with self.subTest(arguments=arguments):
                done = subprocess.run([DAEMON, "--export", f"t={self.data}", *arguments], capture_output=True, text=True,
                                      timeout=DEADLINE_SECONDS)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(text, done.stderr)


@unittest.skipUnless(FAULTY_WORKER.exists(), "built beside Ceph's tests")
class WorkersTest(DaemonTest):
    """Workers that crash and hang over what files hold cost their own calls."""

    def setUp(self):
        super().setUp()
        for name in ("crash", "hang"):
            table = pa.table({"id": range(1000), "text": ["fine"] * 999 + [f"poison: {name}"]})
            pq.write_table(table, self.data / f"{name}.parquet", compression="none", use_dictionary=False,
                           write_statistics=False)
        self.daemon = self.start("--worker", str(FAULTY_WORKER))
        self.client = self.daemon.client()

    def read(self, **keys):
        return self.client.do_get(ticket(**keys)).read_all()

    def test_a_crash_ends_its_call_alone(self):
        held = self.client.do_get(ticket(table="t/numbers"))
        held.read_chunk()
        error = self.assertFails(flight.FlightUnavailableError, "cannot scan 't/crash.parquet': the worker failed",
                                 lambda: self.read(table="t/crash"))
        self.assertEqual(error.extra_info, b'{"code": "busy"}')
        held.read_all()
        self.assertTrue(self.read(table="t/numbers").equals(self.table))
        self.assertIn('worker="it failed: ', self.daemon.log.read_text())

    def test_a_plan_that_ended_two_workers_is_refused(self):
        for _ in range(2):
            self.assertFails(flight.FlightUnavailableError, "the worker failed", lambda: self.read(table="t/crash"))
        self.assertFails(flight.FlightUnavailableError, "this plan ended 2 workers", lambda: self.read(table="t/crash"))
        self.assertTrue(self.read(table="t/numbers").equals(self.table))

    def test_a_hang_ends_in_time(self):
        begin = time.monotonic()
        self.assertFails(flight.FlightUnavailableError, "the worker did not answer in time", lambda: self.read(table="t/hang"))
        self.assertLess(time.monotonic() - begin, 10)
        self.assertTrue(self.read(table="t/numbers").equals(self.table))

    def test_our_client_reads_the_bytes_instead(self):
        for name in ("crash", "hang"):
            uri = f"{self.daemon.address}/t/{name}"
            done = subprocess.run([PROGRAMS / "skyhook", "sql", "--placement", "push", "--format", "csv",
                                   f"SELECT count(*), max(text) FROM '{uri}'"],
                                  capture_output=True, text=True, timeout=DEADLINE_SECONDS)
            self.assertEqual(done.stdout.splitlines()[1:], [f'1000,"poison: {name}"'], done.stderr)

    def test_workers_that_are_killed_come_again(self):
        self.read(table="t/numbers")
        listener, = self.children(self.daemon.process.pid)
        workers = self.children(listener)
        self.assertGreater(len(workers), 0)
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        self.eventually(lambda: not self.running(workers))
        # A call may have been given one of them before it was known to be gone.
        self.eventually(lambda: self.read(table="t/numbers").equals(self.table))

    def test_without_the_process_that_starts_workers_it_ends(self):
        listener, = self.children(self.daemon.process.pid)
        os.kill(listener, signal.SIGKILL)
        self.assertEqual(self.daemon.process.wait(timeout=DEADLINE_SECONDS), 3)
        self.daemon.process.stdout.close()
        self.assertIn("the process that starts workers has ended", self.daemon.log.read_text())

    def test_workers_end_with_a_daemon_that_is_killed(self):
        self.read(table="t/numbers")
        listener, = self.children(self.daemon.process.pid)
        left = [listener, *self.children(listener)]
        self.daemon.end(signal.SIGKILL)
        self.eventually(lambda: not self.running(left))
        shutil.rmtree(self.folder / "spills")
        (self.folder / "spills").mkdir()

    def processes(self):
        """The state and the parent of each process, by its number."""
        found = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                state, parent = stat.read_text().rpartition(")")[2].split()[:2]
                found[int(stat.parent.name)] = (state, int(parent))
        return found

    def children(self, parent):
        return [number for number, (_, of) in self.processes().items() if of == parent]

    def running(self, numbers):
        return [number for number in numbers if self.processes().get(number, ("Z", 0))[0] != "Z"]


if __name__ == "__main__":
    unittest.main()
