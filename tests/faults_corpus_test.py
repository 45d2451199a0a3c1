"""Inputs on which Skyhook failed once, each of which stands for its kind: what is right for each is in the
README beside them (shared/corpus/faults)."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("SKYHOOK", str(SOURCE / "build/release/bin/skyhook"))
FAULTS = pathlib.Path(os.environ.get("SKYHOOK_CORPUS", SOURCE / "../shared/corpus")) / "faults"
DEADLINE_SECONDS = 120


def run(*arguments, cwd=None):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, cwd=cwd,
                          timeout=DEADLINE_SECONDS, stdin=subprocess.DEVNULL)


class FaultsTest(unittest.TestCase):
    """Each test runs in a copy of its folder."""

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def enter(self, name):
        self.here = os.path.join(self.directory.name, name)
        shutil.copytree(FAULTS / name, self.here, symlinks=True)
        for path in [self.here, *pathlib.Path(self.here).rglob("*")]:
            os.chmod(path, 0o755)

    def do(self, *arguments):
        return run(*arguments, cwd=self.here)

    def rows(self, query, *options):
        done = self.do("sql", "--format", "csv", *options, "-c", query)
        self.assertEqual((done.returncode, done.stderr), (0, ""), query)
        return done.stdout.splitlines()

    def fails(self, code, *arguments, says=()):
        done = self.do(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        for text in says:
            self.assertIn(text, done.stderr)
        for text in ("INTERNAL", "Stack Trace", "skyhook_scan", "unsuccessful or closed"):
            self.assertNotIn(text, done.stderr)
        return done

    def test_bounds(self):
        self.enter("bounds")
        for extra, count in (("midnight.parquet", 2), ("good.parquet", 3)):
            more = ["--append"] if os.path.exists(os.path.join(self.here, "shop/t")) else []
            if not more:
                self.assertEqual(self.do("put", "good.parquet", "shop/t").returncode, 0)
            self.assertEqual(self.do("put", extra, "shop/t", "--append").returncode, 0)
            self.assertEqual(self.rows("SELECT count(*) AS n FROM 'shop/t'"), ["n", str(count)])
        self.assertEqual(self.rows("SELECT id, t FROM 'shop/t' WHERE t >= TIME '23:30:00'"),
                         ["id,t", "2,24:00:00"])
        self.assertEqual(self.do("put", "utf8ok.parquet", "shop/u").returncode, 0)
        self.do("put", "latin1.parquet", "shop/l")
        listed = self.do("ls", "shop", "--format", "csv")
        self.assertEqual(listed.returncode, 0)
        self.assertEqual([line.split(",")[0] for line in listed.stdout.splitlines()[1:]], ['"l"', '"t"', '"u"'])
        self.assertEqual(self.rows("SELECT count(*) AS n FROM 'shop/l'"),
                         self.rows("SELECT count(*) AS n FROM 'latin1.parquet'"))

    def test_endings(self):
        self.enter("endings")
        expected = self.rows("SELECT * FROM 'ok.parquet'")
        self.assertGreater(len(expected), 1)
        self.assertEqual(self.rows("SELECT * FROM 'up.PARQUET'"), expected)
        shutil.copy(os.path.join(self.here, "ok.parquet"), os.path.join(self.here, "no_ending"))
        self.assertEqual(self.rows("SELECT * FROM 'no_ending'"), expected)
        query = (FAULTS / "endings/query.sql").read_text()
        self.assertEqual(self.rows(query), (FAULTS / "endings/expected.csv").read_text().splitlines())

    def test_guarded_cast(self):
        self.enter("guarded-cast")
        query = (FAULTS / "guarded-cast/query.sql").read_text()
        self.assertEqual(self.rows(query), ["i", "2", "4"])
        self.assertEqual(self.rows("SET skyhook_pushdown = false; " + query), ["i", "2", "4"])

    def test_uuid(self):
        self.enter("uuid")
        text = "550e8400-e29b-41d4-a716-446655440000"
        for file in ("uu_duck.parquet", "uu_pa.parquet", "uu_pans.parquet"):
            for condition in (f"u = '{text}'", f"u = '{text}'::UUID", f"u IN ('{text}')", f"u::VARCHAR = '{text}'"):
                self.assertEqual(self.rows(f"SELECT i FROM '{file}' WHERE {condition}"), ["i", "1"], condition)
            self.assertEqual(self.rows(f"SELECT u FROM '{file}' WHERE i = 1"), ["u", f'"{text}"'])
            self.assertEqual(self.rows(f"SELECT typeof(u) AS t FROM '{file}' LIMIT 1"), ["t", '"UUID"'])
            smallest = self.rows(f"SELECT min(u) AS a, max(u) AS b, count(DISTINCT u) AS c FROM '{file}'")
            plain = self.rows(f"SET skyhook_pushdown = false; SELECT min(u) AS a, max(u) AS b, "
                              f"count(DISTINCT u) AS c FROM '{file}'")
            self.assertEqual(smallest, plain)

    def test_hive_zeros(self):
        self.enter("hive-zeros")
        self.assertEqual(self.rows("SELECT v, pt FROM 't' WHERE pt = '007'"), ["v,pt", '0,"007"'])
        self.assertEqual(len(self.rows("SELECT DISTINCT pt FROM 't'")), 4)

    def test_pattern_into_table(self):
        self.enter("pattern-into-table")
        self.assertEqual(self.do("put", "k2_0.parquet", "k2_2.parquet", "D/t").returncode, 0)
        self.assertEqual(self.do("compact", "D/t").returncode, 0)
        self.fails(1, "sql", "-c", "SELECT count(*) FROM 'D/t/*.parquet'", says=["D/t", "table"])

    def test_wide_rows(self):
        self.enter("wide-rows")
        query = (FAULTS / "wide-rows/query.sql").read_text()
        done = subprocess.run(["/usr/bin/env", "python3", "-c", """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, done.stderr)
""", PROGRAM, "sql", "--memory", "100MB", "--threads", "1", "--format", "csv", "-c", query], cwd=self.here,
                              capture_output=True, text=True, timeout=600)
        code, kilobytes, message = done.stdout.split(" ", 2)
        self.assertIn(code, ("0", "4"), message)
        if code == "4":
            self.assertIn("--memory", message)
        self.assertLess(int(kilobytes), 200_000)

    def test_interval_csv(self):
        self.enter("interval-csv")
        self.assertEqual(self.rows("SELECT max(t) - min(t) AS d FROM 'int96_pa.parquet'"), ["d", "213502 days"])
        for format in ("csv", "json", "table", "parquet", "arrow"):
            output = os.path.join(self.here, "out." + {"table": "txt"}.get(format, format))
            done = self.do("sql", "--format", format, "-o", output, "-c",
                           "SELECT max(t) - min(t) AS d FROM 'int96_pa.parquet'")
            if done.returncode != 0:
                self.assertIn("'d'", done.stderr)
                self.assertFalse(os.path.exists(output))
        self.assertGreater(len(self.rows("SELECT ds FROM 'dur.arrow'")), 1)

    def test_arrow_roundtrip(self):
        self.enter("arrow-roundtrip")
        self.assertEqual(self.rows("SELECT * FROM 't24.arrow'"), ["t", "24:00:00"])
        self.assertEqual(self.do("sql", "-o", "back.arrow", "-c", "SELECT TIME '24:00:00' AS t").returncode, 0)
        self.assertEqual(self.rows("SELECT * FROM 'back.arrow'"), ["t", "24:00:00"])

    def test_decimal_beyond(self):
        self.enter("decimal-beyond")
        for query in ("SELECT d FROM 'n_dec4over.parquet'", "SELECT sum(d) FROM 'n_dec4over.parquet'",
                      "SET skyhook_pushdown=false; SELECT sum(d) FROM 'n_dec4over.parquet'"):
            self.fails(3, "sql", "-c", query, says=["n_dec4over.parquet", "column 'd'", "99999"])

    def test_no_columns(self):
        self.enter("no-columns")
        self.fails(1, "sql", "-c", "SELECT count(*) FROM 'nocol.parquet'", says=["nocol.parquet", "no columns"])

    def test_case_columns(self):
        self.enter("case-columns")
        self.assertEqual(self.rows("SELECT * FROM 'dupcase.parquet'")[0], "column,COLUMN_1")
        self.assertEqual(len(self.rows("SELECT count(*) AS n FROM 'dupcase.parquet'")), 2)
        self.assertGreater(len(self.rows("SELECT * FROM 'casedir'")), 1)

    def test_left_out(self):
        self.enter("left-out")
        link = os.path.join(self.here, "mixed", "c.parquet")
        target = pathlib.Path(link).read_text()  # a corpus of files has no links
        os.unlink(link)
        os.symlink(target, link)
        self.assertGreater(len(self.rows("SELECT * FROM 'x.pq'")), 1)
        self.fails(3, "sql", "-c", "SELECT count(*) FROM 'mixed/*.parquet'", says=["c.parquet"])
        os.unlink(link)
        each = [int(self.rows(f"SELECT count(*) AS n FROM 'mixed/{name}'")[1])
                for name in ("B.PARQUET", "a.parquet")]
        self.assertEqual(self.rows("SELECT count(*) AS n FROM 'mixed'"), ["n", str(sum(each))])

    def test_invalid_utf8(self):
        self.enter("invalid-utf8")
        for format in ("json", "csv", "table", "arrow", "parquet"):
            self.fails(3, "sql", "--format", format, "-c", "SELECT i, s FROM 'badutf.parquet'",
                       says=["badutf.parquet", "'s'", "UTF-8"])
        self.fails(3, "sql", "-c", "SELECT upper(s) FROM 'badutf.parquet'", says=["'s'", "UTF-8"])
        self.assertGreater(len(self.rows("SELECT i FROM 'badutf.parquet'")), 1)

    def test_pyarrow_isin(self):
        self.enter("pyarrow-isin")
        done = self.do("query", "--plan", "isin.pb", "--table", "t=plan.parquet", "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertGreater(len(rows), 0)

    def test_without_a_file(self):
        self.here = self.directory.name
        self.assertEqual(len(self.rows("PIVOT (SELECT * FROM (VALUES ('a', 1), ('b', 2), ('a', 3)) v(t, i)) "
                                       "ON t USING sum(i)")), 2)
        self.fails(1, "sql", "-c", "SELECT CAST('x' || i AS INT) FROM range(3) t(i)",
                   says=["Could not convert string 'x0' to INT32"])
        os.mkdir(os.path.join(self.here, "dir [x]"))
        self.assertEqual(self.do("sql", "-o", "dir [x]/a.parquet", "-c", "SELECT 7 AS x").returncode, 0)
        self.assertEqual(self.rows("SELECT x FROM 'dir [x]/a.parquet'"), ["x", "7"])
        self.assertEqual(self.rows("SELECT x FROM 'dir [x]/*.parquet'"), ["x", "7"])
        with open(os.path.join(self.here, "stream.arrow"), "wb") as stream:
            subprocess.run([PROGRAM, "sql", "--format", "arrow", "-c", "SELECT 7 AS x"], check=True, stdout=stream)
        self.assertEqual(self.rows("SELECT x FROM 'stream.arrow'"), ["x", "7"])


if __name__ == "__main__":
    unittest.main()
