"""Runs the skyhook program as a user would: output, exit codes, messages, terminals and signals."""

import contextlib
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import tempfile
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("SKYHOOK", str(SOURCE / "build/release/bin/skyhook"))
DATA = pathlib.Path(os.environ.get("SKYHOOK_TPCH", SOURCE / "build/data/sf0.1"))
NATION = str(DATA / "nation.parquet")
LINEITEM = str(DATA / "lineitem.parquet")
# Takes far longer than any test waits.
ENDLESS = f"SELECT count(*) FROM '{LINEITEM}' a, '{LINEITEM}' b WHERE a.l_partkey * b.l_suppkey % 7 = 3"
DEADLINE_SECONDS = 60


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True,
                          timeout=DEADLINE_SECONDS, **options)


def sql(text, *arguments, **options):
    return run("sql", "-c", text, *arguments, **options)


def in_terminal(*arguments, environment=None, keys=b""):
    """Runs the program on a pseudo-terminal; its exit code and what it printed there."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(PROGRAM, [PROGRAM, *arguments], {**os.environ, "TERM": "xterm", **(environment or {})})
    os.write(terminal, keys)
    printed = b""
    limit = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < limit:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        printed += piece
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), printed.decode()


class CliTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not DATA.joinpath("lineitem.parquet").exists():
            raise RuntimeError(f"no TPC-H data in '{DATA}': run 'make test', or set SKYHOOK_TPCH")


class FormatsTest(CliTest):
    QUERY = f"SELECT n_nationkey AS k, n_name AS name FROM '{NATION}' WHERE n_nationkey < 2 ORDER BY 1"

    def test_table(self):
        done = sql(self.QUERY)
        self.assertEqual(done.stdout, "k | name\n--+----------\n0 | ALGERIA\n1 | ARGENTINA\n(2 rows)\n")
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 0)

    def test_null_is_shown(self):
        self.assertIn("NULL", sql("SELECT NULL::INTEGER AS x").stdout)

    def test_csv(self):
        self.assertEqual(sql(self.QUERY, "--format", "csv").stdout, 'k,name\n0,"ALGERIA"\n1,"ARGENTINA"\n')

    def test_csv_of_bytes_is_that_of_json(self):
        query = r"SELECT '\xFF\x00'::BLOB AS b, 'text'::BLOB AS t, NULL::BLOB AS n"
        done = sql(query, "--format", "csv")
        self.assertEqual((done.stdout, done.stderr), ('b,t,n\n"/wA=","dGV4dA==",\n', ""))
        self.assertEqual(json.loads(sql(query, "--format", "json").stdout), {"b": "/wA=", "t": "dGV4dA==", "n": None})

    def test_names_of_columns_do_not_break_the_table(self):
        done = sql('SELECT 1 AS "a\n\x1b[1mb"')
        self.assertEqual(done.stdout, "a\\n\\x1B[1mb\n" + "-" * 11 + "\n" + " " * 10 + "1\n(1 row)\n")

    def test_wide_characters_take_two_columns(self):
        done = sql("SELECT * FROM (VALUES ('日本', 1), ('🙂', 2), ('e\u0301', 3), ('abcde', 4)) AS t(\"名\", n)")
        self.assertEqual(done.stdout, "名    | n\n------+--\n日本  | 1\n🙂    | 2\ne\u0301     | 3\nabcde | 4\n(4 rows)\n")

    def test_json(self):
        done = sql("SELECT 1 AS i, 2.50 AS d, 'a\"b' AS s, NULL AS n, [1, 2] AS l, {'x': true} AS o",
                   "--format", "json")
        self.assertEqual(json.loads(done.stdout),
                         {"i": 1, "d": 2.5, "s": 'a"b', "n": None, "l": [1, 2], "o": {"x": True}})

    def test_json_of_an_enum_is_its_value(self):
        enum = "'b'::ENUM('a', 'b')"
        done = sql(f"SELECT {enum} AS e, [{enum}, NULL] AS l, {{'x': {enum}}} AS o, NULL::ENUM('a') AS n",
                   "--format", "json")
        self.assertEqual(json.loads(done.stdout), {"e": "b", "l": ["b", None], "o": {"x": "b"}, "n": None})

    def test_floats_are_as_short_as_they_can_be(self):
        query = "SELECT 0.1::FLOAT AS f, 0.1::DOUBLE AS d, 1e30::FLOAT AS large, 'inf'::FLOAT AS i"
        self.assertEqual(sql(query, "--format", "json").stdout,
                         '{"f":0.1,"d":0.1,"large":1e+30,"i":"Infinity"}\n')

    def test_parquet_and_arrow_files_can_be_read_again(self):
        with tempfile.TemporaryDirectory() as directory:
            for form, name in (("parquet", "out.parquet"), ("arrow", "out.arrow")):
                path = os.path.join(directory, name)
                done = sql(self.QUERY, "--format", form, "-o", path)
                self.assertEqual((done.returncode, done.stdout), (0, ""))
                self.assertIn("ARGENTINA", run("head", path).stdout)
        self.assertTrue(subprocess.run([PROGRAM, "sql", "-c", self.QUERY, "--format", "arrow"],
                                       capture_output=True).stdout.startswith(b"\xff\xff\xff\xff"))

    def test_what_an_error_cut_off_is_no_parquet_file(self):
        """Whoever reads the other end of the pipe would take fewer rows for all."""
        failing = "SELECT CAST(CASE WHEN i = 599999 THEN 'x' ELSE '1' END AS INT) AS v FROM range(600000) t(i)"
        done = subprocess.run([PROGRAM, "sql", "-c", failing, "--format", "parquet"], capture_output=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout[:4], b"PAR1")
        self.assertNotEqual(done.stdout[-4:], b"PAR1")

    def test_several_statements_print_one_after_the_other(self):
        done = sql("SELECT 1 AS a; SELECT 2 AS b", "--format", "csv")
        self.assertEqual(done.stdout, "a\n1\nb\n2\n")

    def test_standard_input(self):
        self.assertEqual(run("sql", "--format", "csv", input="SELECT 7 AS x;").stdout, "x\n7\n")

    def test_timing_is_one_line_a_run_on_standard_error(self):
        done = sql("SELECT 1", "--timing", "--repeat", "3", "--format", "csv")
        self.assertRegex(done.stderr, r"^(\d+\.\d ms\n){3}$")
        self.assertEqual(done.stdout, "1\n1\n")


class OutputFileTest(CliTest):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.path = self.directory / "out.parquet"

    def assert_holds_only(self, *names):
        self.assertEqual(sorted(os.listdir(self.directory)), sorted(names))

    def test_a_query_may_replace_its_own_input(self):
        self.path.write_bytes(pathlib.Path(NATION).read_bytes())
        done = sql(f"SELECT * FROM '{self.path}' WHERE n_nationkey < 3", "--format", "parquet", "-o", str(self.path))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("(3 rows)", run("head", str(self.path)).stdout)
        self.assert_holds_only("out.parquet")

    def test_a_query_that_fails_leaves_the_file_as_it_was(self):
        self.path.write_text("as it was")
        late = f"SELECT CAST(l_comment AS INTEGER) FROM '{LINEITEM}'"
        for query, code in (("SELEC", 1), ("SELECT * FROM nothing", 1), (late, 1), ("SELECT 1; " + ENDLESS, 4)):
            for command in ("sql", "-c", query), ("explain", "--analyze", query):
                done = run(*command, "--timeout", "200ms" if code == 4 else "1h", "-o", str(self.path))
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertEqual(self.path.read_text(), "as it was")
                self.assert_holds_only("out.parquet")

    def test_a_query_that_is_interrupted_leaves_no_file(self):
        process = subprocess.Popen([PROGRAM, "sql", "-c", "SELECT 1; " + ENDLESS, "-o", str(self.path)],
                                   stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        limit = time.monotonic() + DEADLINE_SECONDS
        while not any(file.stat().st_size for file in self.directory.iterdir()) and time.monotonic() < limit:
            pass
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE_SECONDS)
        self.assertEqual(process.returncode, 130)
        self.assert_holds_only()

    def test_a_file_keeps_its_mode_and_a_link_its_target(self):
        self.path.write_text("as it was")
        self.path.chmod(0o640)
        link = self.directory / "link"
        link.symlink_to(self.path)
        self.assertEqual(sql("SELECT 1 AS x", "--format", "csv", "-o", str(link)).returncode, 0)
        self.assertTrue(link.is_symlink())
        self.assertEqual(self.path.read_text(), "x\n1\n")
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o640)
        self.assert_holds_only("out.parquet", "link")

    def test_what_is_no_regular_file_is_written_directly(self):
        self.assertEqual(sql("SELECT 1 AS x", "--format", "csv", "-o", "/dev/stdout").stdout, "x\n1\n")
        self.assertEqual(sql("SELECT 1 AS x", "-o", "/dev/null").returncode, 0)
        os.mkfifo(self.path)
        reader = subprocess.Popen(["cat", self.path], stdout=subprocess.PIPE, text=True)
        self.addCleanup(reader.kill)
        self.assertEqual(sql("SELECT 1 AS x", "--format", "csv", "-o", str(self.path)).returncode, 0)
        self.assertEqual(reader.communicate(timeout=DEADLINE_SECONDS)[0], "x\n1\n")

    def test_errors_name_the_file_and_the_reason(self):
        for path, reason in (("/no/such/x", "No such file or directory"), ("/dev/full", "No space left on device"),
                             (str(self.directory), "Is a directory"), (NATION + "/x", "Not a directory")):
            done = sql("SELECT 1", "-o", path)
            self.assertEqual(done.returncode, 3)
            self.assertEqual(done.stderr, f"error: cannot write to '{path}': {reason}\n")


class VerbsTest(CliTest):
    def test_data_directory(self):
        done = sql("SELECT count(*) AS n FROM nation", "--data", str(DATA), "--format", "csv")
        self.assertEqual(done.stdout, "n\n25\n")

    def test_a_data_directory_ends_where_a_word_ends(self):
        done = run("explain", "--data", str(DATA), "SELECT count(*) FROM nation")
        self.assertIn("pushed aggregate: count(*)", done.stdout)
        done = sql("SELECT count(*) AS n FROM nation, more", "--data", str(DATA), "--data", str(SOURCE / "docs"),
                   "--format", "csv")
        self.assertIn("more does not exist", done.stderr)

    def test_schema(self):
        self.assertIn("n_regionkey", run("schema", NATION).stdout)

    def test_head(self):
        self.assertIn("(3 rows)", run("head", NATION, "-n", "3").stdout)

    def test_stats(self):
        done = run("stats", NATION)
        self.assertIn("25 rows in 1 row group, ", done.stdout)
        self.assertIn("snappy", done.stdout)

    def test_stats_of_an_arrow_file(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "nation.arrow")
            sql(f"SELECT n_name, n_nationkey FROM '{NATION}'", "--format", "arrow", "-o", path)
            done = run("stats", path)
            self.assertRegex(done.stdout, r"nation.arrow: Arrow IPC, \S+ KB, 25 rows in 1 record batch\n")
            self.assertRegex(done.stdout, r"\nn_name +\| string .*\| +25 \|")
            self.assertIn("(2 rows)", done.stdout)

    def test_version(self):
        self.assertEqual(run("--version").stdout, run("version").stdout)
        self.assertRegex(run("version").stdout, r"^skyhook \d+\.\d+\.\d+ \(Arrow 26\.\S+, DuckDB v1\.5\.6\)\n$")

    def test_explain(self):
        query = f"SELECT sum(l_quantity) FROM '{LINEITEM}' WHERE l_discount > 0.05"
        done = run("explain", query)
        self.assertIn("pushed filter: (l_discount > 0.05)", done.stdout)
        self.assertIn("pushed aggregate: sum(l_quantity)", done.stdout)
        self.assertNotIn("cpu:", done.stdout)

    def test_explain_analyze(self):
        done = run("explain", "--analyze", f"SELECT count(*) FROM '{LINEITEM}' WHERE l_discount > 0.05")
        self.assertIn("rows: 600,572 in, ", done.stdout)
        self.assertIn("cpu:", done.stdout)

    JOIN = (f"SELECT n_name, count(*) AS n FROM '{LINEITEM}' JOIN '{DATA}/supplier.parquet' ON l_suppkey = s_suppkey "
            f"JOIN '{NATION}' ON s_nationkey = n_nationkey WHERE l_quantity < 3 GROUP BY 1 ORDER BY 2")

    def operators(self, node):
        yield node
        for child in node["children"]:
            yield from self.operators(child)

    def test_explain_for_programs_has_estimates(self):
        done = run("explain", "--format", "json", self.JOIN)
        nodes = list(self.operators(json.loads(done.stdout)["plan"]))
        self.assertGreaterEqual(len(nodes), 5)
        for node in nodes:
            self.assertGreater(node["estimated_rows"], 0, node["operator"])
            self.assertNotIn("rows", node)
            self.assertNotIn("actual", node.get("scan", {}))

    def test_explain_analyze_for_programs_has_what_each_operator_did(self):
        done = run("explain", "--analyze", "--format", "json", self.JOIN)
        ran = json.loads(done.stdout)
        nodes = list(self.operators(ran["plan"]))
        self.assertEqual(nodes[0]["rows"], 25)  # nations
        self.assertTrue(all(node["ms"] >= 0 for node in nodes))
        scans = {os.path.basename(node["scan"]["table"]): node for node in nodes if "scan" in node}
        self.assertEqual(sorted(scans), ["lineitem.parquet", "nation.parquet", "supplier.parquet"])
        self.assertEqual(scans["nation.parquet"]["rows"], 25)
        # What the scan returned is what DuckDB took from it, also where several scans are of one plan.
        for name, rows in (("lineitem.parquet", 600_572), ("supplier.parquet", 1000), ("nation.parquet", 25)):
            actual = scans[name]["scan"]["actual"]
            self.assertEqual((actual["rows_in"], actual["rows_out"]), (rows, scans[name]["rows"]), name)
            self.assertGreater(actual["read_ms"], 0)
        phases = ran["phases"]
        self.assertEqual(sorted(phases), ["decoding_ms", "planning_ms", "reading_ms", "sending_ms", "waiting_ms"])
        self.assertGreater(phases["planning_ms"], 0)
        self.assertGreater(phases["reading_ms"], 0)
        self.assertGreater(phases["decoding_ms"], 0)
        self.assertEqual(phases["waiting_ms"], 0)  # nothing is remote
        self.assertLess(phases["planning_ms"], ran["ms"])

    def test_explain_analyze_of_a_prepared_statement(self):
        prepare = f"PREPARE p AS SELECT count(*) FROM '{NATION}' WHERE n_nationkey < 3"
        done = run("explain", "--analyze", "--format", "json", prepare + "; EXECUTE p")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        prepared, executed = [json.loads(line)["plan"] for line in done.stdout.splitlines()]
        (planned,) = [node["scan"] for node in self.operators(prepared) if "scan" in node]
        self.assertNotIn("actual", planned)
        (ran,) = [node["scan"] for node in self.operators(executed) if "scan" in node]
        self.assertEqual(ran["actual"]["rows_in"], 25)
        self.assertEqual([part["kind"] for part in ran["pushed"]], ["filter", "aggregate"])
        self.assertNotIn("rows", executed)  # nobody counts those of EXECUTE
        done = run("explain", "--analyze", prepare)
        self.assertIn("did not run", done.stdout)
        self.assertNotIn("cpu:", done.stdout)

    def test_a_prepared_statement_reads_what_the_table_holds_now(self):
        with tempfile.TemporaryDirectory() as directory:
            path = directory + "/t.parquet"
            self.assertEqual(sql("SELECT 1 AS i", "-o", path).returncode, 0)
            copy = f"COPY (SELECT 2 AS i UNION ALL SELECT 3) TO '{path}'"
            done = sql(f"PREPARE p AS SELECT sum(i) FROM '{path}'; {copy}; EXECUTE p", "--format", "csv")
            self.assertEqual(done.stdout.split()[-1], "5", done.stderr)

    def test_explain_runs_what_later_statements_need(self):
        script = (f"CREATE VIEW v AS SELECT * FROM '{NATION}'; PREPARE p AS SELECT count(*) FROM v; "
                  "SELECT n_name FROM v WHERE n_nationkey < 3; EXECUTE p")
        done = run("explain", "-c", script, "--format", "json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        first, second = [json.loads(line)["plan"] for line in done.stdout.splitlines()]
        self.assertEqual(first["operator"], "SCAN")
        self.assertEqual(second["operator"], "EXECUTE")

    def test_explain_in_sql_is_that_of_the_command(self):
        query = f"SELECT count(*) FROM '{NATION}' WHERE n_nationkey < 3"
        self.assertEqual(sql("EXPLAIN " + query).stdout, run("explain", query).stdout)
        self.assertEqual(sql("EXPLAIN (FORMAT JSON) " + query).stdout, run("explain", "--format", "json", query).stdout)
        analyzed = sql("EXPLAIN ANALYZE " + query).stdout
        self.assertTrue(analyzed.startswith("SCAN "), analyzed)
        self.assertIn("rows: 25 in, 1 out", analyzed)
        self.assertIn("time: ", analyzed)
        plan = json.loads(sql("EXPLAIN (ANALYZE, FORMAT JSON) " + query).stdout)["plan"]
        self.assertEqual(plan["scan"]["actual"]["rows_in"], 25)
        picture = sql("EXPLAIN (FORMAT MERMAID) " + query).stdout
        self.assertIn("flowchart", picture)
        self.assertIn('"physical_plan"', sql("EXPLAIN " + query, "--format", "csv").stdout)

    def test_a_predicate_is_remembered_unless_it_is_not_to_be(self):
        where = f"FROM '{NATION}' WHERE n_nationkey = 3"
        script = f"SELECT n_name {where}; EXPLAIN ANALYZE SELECT n_regionkey {where}"
        remembered = "remembered: which rows pass in 1 row groups"
        self.assertIn(remembered, sql(script).stdout)
        self.assertNotIn(remembered, sql(script, "--no-predicate-cache").stdout)

    def test_help_documents_the_exit_codes(self):
        done = run("--help")
        self.assertEqual(done.returncode, 0)
        for code in ("0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "130 "):
            self.assertIn("\n  " + code, done.stdout)


class ErrorsTest(CliTest):
    def assert_fails(self, done, code, *texts):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertTrue(done.stderr)
        for text in texts:
            self.assertIn(text, done.stderr)

    def test_wrong_sql(self):
        self.assert_fails(sql("SELEC 1"), 1, "error: ", "syntax error", "SELEC")
        self.assert_fails(sql(f"SELECT nothing FROM '{NATION}'"), 1, "nothing")

    def test_help_is_a_verb_too(self):
        self.assertEqual(run("help").stdout, run("--help").stdout)
        self.assertEqual(run("help", "sql").stdout, run("sql", "--help").stdout)
        self.assert_fails(run("help", "sqll"), 2, "error: there is no verb 'sqll'; did you mean sql?")

    def test_wrong_words_are_errors_in_our_words(self):
        for arguments, text in ((("query",), "--plan is required; skyhook query --help lists what there is"),
                                (("sql", "-c"), "--command: 1 required SQL missing"),
                                (("explain",), "give the statements, or -f FILE"),
                                (("explain", "-c", "SELECT 1", "SELECT 2"), "give the statements, or -f FILE"),
                                (("head", "-"), "standard input cannot be read as a table"),
                                (("schema", "-"), "standard input cannot be read as a table"),
                                (("stats", "-"), "standard input cannot be read as a table")):
            done = run(*arguments)
            self.assert_fails(done, 2, "error: ", text)
            self.assertTrue(done.stderr.startswith("error: "), done.stderr)

    def test_a_csv_file_that_duckdb_cannot_read_is_bad_data(self):
        with tempfile.TemporaryDirectory() as directory:
            path = directory + "/t.csv"
            with open(path, "w") as file:
                file.write("".join(f"{i},2\n" for i in range(30_000)) + "x,2\n")
            done = sql(f"SELECT sum(column0) FROM '{path}'")
            self.assert_fails(done, 3, path + ": CSV Error on Line: 30001", "Could not convert string \"x\"")
            for noise in ("sample_size", "Possible", "delimiter"):
                self.assertNotIn(noise, done.stderr)

    def test_what_memory_does_not_hold_is_written_where_the_environment_says(self):
        group = f"SELECT sum(c) AS n FROM (SELECT l_comment, l_orderkey, count(*) c FROM '{LINEITEM}' GROUP BY 1, 2)"
        with tempfile.TemporaryDirectory() as folder:
            done = sql(group, "--memory", "64MB", "--format", "csv", env={**os.environ, "TMPDIR": folder})
            self.assertEqual(done.stdout, "n\n600572\n", done.stderr)
            self.assertEqual(os.listdir(folder), [], "files go with the query")
        self.assert_fails(sql(group, "--memory", "64MB", env={**os.environ, "TMPDIR": folder}), 3, folder)

    def test_queries_that_spill_at_once_do_not_meet_in_one_folder(self):
        join = (f"SELECT count(*) AS n, sum(a.l_linenumber) AS s FROM '{LINEITEM}' a JOIN '{LINEITEM}' b "
                "ON a.l_orderkey = b.l_orderkey AND a.l_linenumber + b.l_linenumber <> 0 AND a.l_tax + b.l_tax >= 0")
        expected = sql(join, "--format", "csv").stdout
        with tempfile.TemporaryDirectory() as folder:
            # What somebody else left behind, or put there: DuckDB's own names.
            stranger = pathlib.Path(folder, "stranger")
            stranger.write_text("not of this query")
            for name in ("duckdb_temp_storage_DEFAULT-0.tmp", "duckdb_temp_block-99.block"):
                pathlib.Path(folder, name).symlink_to(stranger)
            before = sorted(os.listdir(folder))
            command = [PROGRAM, "sql", "--memory", "30MB", "--threads", "1", "--format", "csv", "-c", join]
            running = [subprocess.Popen(command, env={**os.environ, "TMPDIR": folder}, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
            seen = set()
            while any(one.poll() is None for one in running):
                for name in set(os.listdir(folder)) - set(before):
                    with contextlib.suppress(FileNotFoundError):
                        seen.add((name, os.stat(os.path.join(folder, name)).st_mode & 0o777))
                time.sleep(0.01)
            for one in running:
                out, errors = one.communicate(timeout=DEADLINE_SECONDS)
                self.assertEqual((one.returncode, out), (0, expected), errors)
            self.assertEqual(sorted(os.listdir(folder)), before, "files go with the query")
            self.assertEqual(stranger.read_text(), "not of this query")
        self.assertTrue(seen)
        self.assertEqual([name for name, mode in seen if mode & 0o077], [], "only for who spills")

    def test_wrong_command_line(self):
        self.assert_fails(run("sql", "--nonsense"), 2)
        self.assert_fails(run("no-such-verb"), 2, "there is no verb 'no-such-verb'")
        self.assert_fails(run("--nonsense"), 2, "there is no option '--nonsense'")
        self.assert_fails(sql("SELECT 1", "--memory", "lots"), 2, "--memory: 'lots' is no size", "64MB")
        self.assert_fails(run("query", "--plan", "-", "--memory", "0"), 2, "--memory: '0' is no size")
        self.assert_fails(sql("SELECT 1", "--memory", "64"), 2, "--memory: '64' is too little for anything: e.g. 64MB")
        self.assert_fails(sql("SELECT 1", "--timeout", "soon"), 2, "--timeout: 'soon' is no time")
        for number in ("0", "-1", "1025", "many"):
            self.assert_fails(sql("SELECT 1", "--threads", number), 2, "--threads", number)
        for number in ("99999999999999999999", "-1", "few"):
            self.assert_fails(run("head", "-n", number, NATION), 2, "--rows", number)
        self.assert_fails(sql("SELECT 1", "--format", "xml"), 2, "'xml' is no format")

    def test_missing_and_corrupt_data(self):
        self.assert_fails(run("schema", "/no/such.parquet"), 3, "/no/such.parquet", "hint: ")
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "bad.parquet")
            pathlib.Path(path).write_bytes(b"PAR1 and nothing of use at all, PAR1")
            self.assert_fails(sql(f"SELECT * FROM '{path}'"), 3, "bad.parquet", "hint: ")

    def test_standard_error_that_takes_nothing_is_no_error(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "schema", "nope"], stderr=full, timeout=DEADLINE_SECONDS)
            self.assertEqual(done.returncode, 3)
            done = subprocess.run([PROGRAM, "sql", "--timing", "-c", "SELECT 1"], stdout=subprocess.DEVNULL,
                                  stderr=full, timeout=DEADLINE_SECONDS)
            self.assertEqual(done.returncode, 0)
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([PROGRAM, "sql", "-c", "selec"], stderr=writer, timeout=DEADLINE_SECONDS)
        os.close(writer)
        self.assertEqual(done.returncode, 1)

    def test_no_file_takes_the_place_of_a_closed_standard_error(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "x.csv")
            done = subprocess.run(["sh", "-c", '"$@" 2>&-', "sh", PROGRAM, "sql", "--timing", "-c", "SELECT 1 AS x",
                                   "--format", "csv", "-o", path], timeout=DEADLINE_SECONDS)
            self.assertEqual(done.returncode, 0)
            self.assertEqual(pathlib.Path(path).read_text(), "x\n1\n")

    def test_what_is_missing_is_the_same_for_every_verb(self):
        for path in ("/no/such.parquet", "/no/such/*.parquet", "/proc/self/*.parquet"):
            for command in (["schema", path], ["head", path], ["stats", path], ["explain", f"SELECT * FROM '{path}'"],
                            ["sql", "-c", f"SELECT * FROM '{path}'"]):
                self.assert_fails(run(*command), 3, path)
        for command in (["sql", "-f"], ["explain", "-f"], ["query", "--plan"]):
            self.assert_fails(run(*command, "/no/such"), 3, "cannot read '/no/such': No such file or directory")
            self.assert_fails(run(*command, str(DATA)), 3, f"cannot read '{DATA}': Is a directory")

    def test_reasons_are_those_of_the_system(self):
        with tempfile.TemporaryDirectory() as directory:
            link = os.path.join(directory, "circle")
            os.symlink(link, link)
            for path in (link, link + "/x.parquet", link + "/*.parquet"):
                self.assert_fails(run("schema", path), 3, path, "Too many levels of symbolic links")

    def test_the_benchmark_says_what_is_missing(self):
        benchmark = pathlib.Path(PROGRAM).with_name("skyhook-bench")
        for option, value in (("--data", "/no/such"), ("--large", "/no/such.parquet"), ("--program", "/no/such")):
            options = {"--data": str(DATA), option: value}
            done = subprocess.run([str(benchmark), *(word for pair in options.items() for word in pair), "memory"],
                                  capture_output=True, text=True, timeout=DEADLINE_SECONDS)
            self.assertGreater(done.returncode, 0, option)
            self.assertIn(f"{option}: ", done.stderr)
            self.assertIn(value, done.stderr)
        done = subprocess.run([str(benchmark), "--data", str(DATA), "memory"], capture_output=True, text=True,
                              timeout=DEADLINE_SECONDS)
        self.assertEqual((done.returncode, done.stderr),
                         (1, "skyhook-bench: IOError: cannot look at '' (--large): No such file or directory\n"))

    def test_hints_lead_on(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "bad.parquet")
            pathlib.Path(path).write_bytes(b"{ no plan and no PAR1")
            for command in (["stats", path], ["query", "--plan", path, "--table", "t=" + NATION]):
                done = run(*command)
                self.assert_fails(done, 3, "bad.parquet")
                self.assertNotIn("stats PATH", done.stderr)

    def test_timeout(self):
        self.assert_fails(sql(ENDLESS, "--timeout", "200ms"), 4, "time limit of 200ms", "hint: ")
        self.assert_fails(sql(ENDLESS, "--timeout", "0.2"), 4, "time limit of 0.2")  # seconds


class TerminalTest(CliTest):
    def test_colours_only_without_no_color(self):
        environment = {"NO_COLOR": ""}
        self.assertIn("\033[1m", in_terminal("sql", "-c", "SELECT 1 AS x", environment=environment)[1])
        environment = {"NO_COLOR": "1"}
        self.assertNotIn("\033[", in_terminal("sql", "-c", "SELECT 1 AS x", environment=environment)[1])
        self.assertNotIn("\033[", sql("SELECT 1 AS x", env={**os.environ, "NO_COLOR": ""}).stdout)

    def test_long_cells_are_cut_on_terminals_only(self):
        query = "SELECT repeat('x', 200) AS long"
        self.assertNotIn("x" * 100, in_terminal("sql", "-c", query)[1])
        self.assertIn("x" * 200, sql(query).stdout)
        self.assertIn("日" * 29 + "…", in_terminal("sql", "-c", "SELECT repeat('日', 100) AS long")[1])

    def test_interactive(self):
        code, printed = in_terminal("sql", "--data", str(DATA),
                                    keys=b".tables\nSELECT count(*)\nFROM nation;\n.quit\n")
        self.assertEqual(code, 0)
        self.assertIn("lineitem", printed)
        self.assertIn("25", printed)

    def test_binary_formats_are_not_for_terminals(self):
        code, printed = in_terminal("sql", "-c", "SELECT 1", "--format", "parquet")
        self.assertEqual(code, 2)
        self.assertIn("-o FILE", printed)


class SignalsTest(CliTest):
    def test_ctrl_c_stops_cleanly(self):
        process = subprocess.Popen([PROGRAM, "sql", "-c", "SELECT 1; " + ENDLESS], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"})
        self.addCleanup(process.kill)
        self.assertIn("1", process.stdout.readline())  # the second statement runs now or next
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=DEADLINE_SECONDS)
        self.assertEqual(process.returncode, 130)
        self.assertIn("cancelled", errors)

    def test_a_reader_that_goes_away_is_no_error(self):
        process = subprocess.Popen([PROGRAM, "sql", "--format", "csv", "-c",
                                    f"SELECT * FROM '{LINEITEM}'"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=DEADLINE_SECONDS), 0)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()


if __name__ == "__main__":
    unittest.main()
