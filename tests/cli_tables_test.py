"""Runs the verbs of tables over a directory: what is put comes back, byte for byte and row for row.

pyarrow reads the originals, and the objects of tables, which are Parquet files of their own.
"""

import json
import os
import pathlib
import resource
import signal
import subprocess
import tempfile

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet as pq
import unittest

from cli_test import CliTest, DATA, DEADLINE_SECONDS, PROGRAM, run, sql

NATION = DATA / "nation.parquet"
REGION = DATA / "region.parquet"
LINEITEM = DATA / "lineitem.parquet"
CORPUS = pathlib.Path(os.environ.get("SKYHOOK_CORPUS", pathlib.Path(os.environ["SKYHOOK_SOURCE"]) / "../shared/corpus"))


def counting(first, rows):
    """A table of numbers from `first`, and a text of each that does not compress."""
    numbers = pa.array(range(first, first + rows), pa.int64())
    return pa.table({"n": numbers, "t": [f"{number * 0x9e3779b97f4a7c15 % 2**64:016x}" for number in
                                         range(first, first + rows)]})


def plain(table):
    """The table without string views, which pyarrow neither sorts nor filters."""
    return table.cast(pa.schema([pa.field(field.name, pa.string() if pa.types.is_string_view(field.type) else field.type)
                                 for field in table.schema]))


class TablesTest(CliTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = self.folder / "store"
        self.table = str(self.store / "t")

    def file(self, name, table, **options):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, **options)
        return path

    def do(self, *arguments, **options):
        """The run of a verb that has to succeed."""
        done = run(*map(str, arguments), **options)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stderr}")
        return done

    def fails(self, code, text, *arguments, **options):
        """The run of a verb that has to fail, with a message that holds `text`."""
        done = run(*map(str, arguments), **options)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout} {done.stderr}")
        self.assertIn(text, done.stderr)
        return done

    def listed(self, *arguments):
        """What a verb lists, as dictionaries."""
        return [json.loads(line) for line in self.do(*arguments, "--format", "json").stdout.splitlines()]

    def objects(self, table=None):
        """The data objects of a table, in order."""
        table = table or self.table
        directory = pathlib.Path(table.rsplit("@", 1)[0])
        return [directory / row["object"] for row in self.listed("ls", table)]

    def rows(self, table=None):
        """The rows of a table as pyarrow finds them in its objects."""
        return pa.concat_tables(pq.read_table(path) for path in self.objects(table))

    def answers(self, query, *arguments):
        return [json.loads(line) for line in
                self.do("sql", "-c", query, "--format", "json", *arguments).stdout.splitlines()]

    def get(self, table=None, name="back"):
        self.do("get", table or self.table, "-o", self.folder / name, "--force")
        return (self.folder / name).read_bytes()


class PutTest(TablesTest):
    def test_a_file(self):
        done = self.do("put", NATION, self.table)
        self.assertIn(f"{self.table}: snapshot 1 (put), 25 rows in 1 object, ", done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.objects()[0].read_bytes(), NATION.read_bytes())
        self.assertEqual(self.get(), NATION.read_bytes())

    def test_a_file_that_becomes_objects(self):
        self.do("put", LINEITEM, self.table, "--object-bytes", "4MiB")
        objects = self.objects()
        self.assertGreater(len(objects), 2)
        expected = pq.read_table(LINEITEM)
        self.assertEqual(expected.num_rows, 600_572)
        self.assertTrue(self.rows().equals(expected))
        for path in objects:
            self.assertLessEqual(path.stat().st_size, 8 << 20)
        self.assertEqual(self.get(), LINEITEM.read_bytes())

    def test_several_files_come_back_under_their_names(self):
        one = self.file("a.parquet", counting(0, 10))
        two = self.file("b.parquet", counting(10, 10))
        self.do("put", one, two, self.table)
        self.assertEqual(self.rows()["n"].to_pylist(), list(range(20)))
        back = self.folder / "back"
        back.mkdir()
        self.do("get", self.table, "-o", back)
        self.assertEqual(sorted(os.listdir(back)), ["a.parquet", "b.parquet"])
        for path in (one, two):
            self.assertEqual((back / path.name).read_bytes(), path.read_bytes())
        self.fails(2, "the table gives back 2 files: -o has to be a directory",
                   "get", self.table, "-o", self.folder / "one")

    def test_files_of_one_name_come_back_under_two(self):
        one = self.file("x/a.parquet", counting(0, 10))
        two = self.file("y/a.parquet", counting(10, 10))
        self.do("put", one, two, self.table)
        back = self.folder / "back"
        back.mkdir()
        self.do("get", self.table, "-o", back)
        self.assertEqual((back / "a.parquet").read_bytes(), one.read_bytes())
        self.assertEqual((back / "a-2.parquet").read_bytes(), two.read_bytes())

    def test_a_directory_and_a_glob(self):
        for i in range(3):
            self.file(f"in/{i}.parquet", counting(i * 10, 10))
        self.file("in/deep/3.parquet", counting(30, 10))
        self.do("put", self.folder / "in", self.table)
        self.assertEqual(sorted(self.rows()["n"].to_pylist()), list(range(40)))
        self.do("put", self.folder / "in" / "[12].parquet", self.table + "2")
        self.assertEqual(self.rows(self.table + "2")["n"].to_pylist(), list(range(10, 30)))

    def test_folders_that_are_columns_to_scans_are_told_of(self):
        self.file("in/year=2024/a.parquet", counting(0, 10))
        done = self.do("put", self.folder / "in", self.table)
        self.assertIn("note: 'year=...' in the names of folders is no column", done.stderr)
        self.assertEqual(self.rows().column_names, ["n", "t"])
        self.do("put", self.folder / "in", self.table, "--replace", "--rewrite")
        self.assertEqual(self.rows()["year"].to_pylist(), [2024] * 10)

    def test_standard_input(self):
        with NATION.open("rb") as file:
            self.do("put", "-", self.table, stdin=file)
        self.assertEqual(subprocess.run([PROGRAM, "get", self.table, "-o", "-"], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, timeout=DEADLINE_SECONDS).stdout,
                         NATION.read_bytes())
        self.fails(3, "'stdin.parquet': 5 bytes", "put", "-", self.table + "2", input="hello")

    def test_an_arrow_file(self):
        path = self.folder / "a.arrow"
        with pa.ipc.new_file(path, counting(0, 10).schema) as writer:
            writer.write_table(counting(0, 10))
        self.do("put", path, self.table)
        self.assertEqual(self.get(), path.read_bytes())
        self.assertEqual(self.answers(f"SELECT sum(n) AS s FROM '{self.table}'"), [{"s": 45}])

    def test_an_arrow_stream_that_no_query_can_read_is_refused(self):
        path = self.folder / "replaced.arrows"
        batches = [pa.record_batch({"d": pa.array(values).dictionary_encode()}) for values in (["a", "b"], ["c", "d"])]
        with pa.ipc.new_stream(path, batches[0].schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        for command in (("put", path, self.table), ("head", path)):
            self.fails(1, "an Arrow stream that replaces a dictionary between its batches is not read", *command)
        self.assertFalse(self.store.exists())

    def test_a_table_that_is_there_is_kept_unless_told(self):
        self.do("put", self.file("a.parquet", counting(0, 10)), self.table)
        other = self.file("b.parquet", counting(10, 10))
        self.fails(1, f"table '{self.table}' is there already; say whether to append or to replace it",
                   "put", other, self.table)
        self.assertEqual(self.rows()["n"].to_pylist(), list(range(10)))
        self.do("put", other, self.table, "--append")
        self.assertEqual(self.rows()["n"].to_pylist(), list(range(20)))
        self.do("put", other, self.table, "--replace")
        self.assertEqual(self.rows()["n"].to_pylist(), list(range(10, 20)))
        self.assertEqual([row["operation"] for row in self.listed("history", self.table)],
                         ["replace", "append", "put"])

    def test_the_same_put_twice_is_two_puts(self):
        path = self.file("a.parquet", counting(0, 10))
        self.do("put", path, self.table)
        self.do("put", path, self.table, "--append")
        self.do("put", path, self.table, "--append")
        self.assertEqual(self.rows().num_rows, 30)

    def test_other_columns_are_refused(self):
        self.do("put", NATION, self.table)
        self.fails(1, f"'{REGION}' has 3 columns, the table 4", "put", REGION, self.table, "--append")
        self.assertEqual(self.rows().num_rows, 25)

    def test_an_interrupted_put_goes_on(self):
        small = self.file("small.parquet", counting(0, 100))
        big = self.file("big.parquet", counting(100, 100_000), compression="none")
        command = ["put", str(small), str(big), self.table]

        def short_of_space():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        done = self.fails(3, "File too large", *command, preexec_fn=short_of_space)
        self.assertIn("hint: check the path, that it may be written, and that there is room", done.stderr)
        self.fails(3, f"there is no table '{self.table}'", "get", self.table)
        done = self.do(*command)
        self.assertIn("note: 1 object had been written by a run that was interrupted", done.stderr)
        self.assertEqual(self.rows()["n"].to_pylist(), list(range(100_100)))
        self.assertFalse(list(pathlib.Path(self.table).glob("_put-*")))
        self.assertIn("as written", self.do("verify", self.table).stderr)

    def test_row_groups_too_large_for_an_object(self):
        path = self.file("a.parquet", counting(0, 50_000), row_group_size=50_000)
        small = ("--object-bytes", "100KB")
        self.fails(1, "a.parquet", "put", path, self.table, "--verbatim", *small)
        self.fails(3, "there is no table", "get", self.table)
        done = self.do("put", path, self.table, *small)
        self.assertRegex(done.stderr, "note: .*a.parquet.*encoded anew")
        self.assertGreater(len(self.objects()), 3)
        self.assertTrue(self.rows().equals(pq.read_table(path)))
        self.assertNotIn(True, [row["as_put"] for row in self.listed("ls", self.table)])
        done = self.do("get", self.table, "-o", self.folder / "back")
        self.assertIn("has the rows that were put, and not the bytes", done.stderr)
        self.assertTrue(pq.read_table(self.folder / "back").equals(pq.read_table(path)))

    def test_rewrite(self):
        self.do("put", LINEITEM, self.table, "--rewrite", "--sort-by", "l_shipdate,l_orderkey", "--codec", "zstd",
                "--row-group-rows", "40000", "--page-bytes", "16KiB", "--bloom-filter", "l_orderkey,l_partkey",
                "--object-bytes", "5MiB")
        expected = pq.read_table(LINEITEM)
        rows = self.rows()
        self.assertGreater(len(self.objects()), 1)
        keys = list(zip(rows["l_shipdate"].to_pylist(), rows["l_orderkey"].to_pylist()))
        self.assertTrue(keys == sorted(keys))
        order = [("l_orderkey", "ascending"), ("l_linenumber", "ascending")]
        self.assertTrue(plain(rows).sort_by(order).equals(plain(expected).sort_by(order)))
        for path in self.objects():
            metadata = pq.ParquetFile(path).metadata
            for group in range(metadata.num_row_groups):
                self.assertLessEqual(metadata.row_group(group).num_rows, 40_000)
                self.assertEqual(metadata.row_group(group).column(0).compression, "ZSTD")
                self.assertTrue(metadata.row_group(group).column(0).has_column_index)
        bloomed = {row["column"] for path in self.objects() for row in self.listed_columns(path) if row["bloom_filter"]}
        self.assertEqual(bloomed, {"l_orderkey", "l_partkey"})
        pages = [row["pages"] for row in self.listed_columns(self.objects()[0]) if row["column"] == "l_comment"]
        self.assertGreater(pages[0], 50)

    def listed_columns(self, path):
        lines = self.do("stats", path, "--format", "json").stdout.splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def test_lists_of_columns_end_where_a_word_ends(self):
        self.do("put", NATION, "--rewrite", "--sort-by", "n_regionkey,n_name", "--bloom-filter", "n_name",
                "--bloom-filter", "n_nationkey", self.table)
        keys = list(zip(self.rows()["n_regionkey"].to_pylist(), self.rows()["n_name"].to_pylist()))
        self.assertTrue(keys == sorted(keys))
        self.assertEqual([row["column"] for row in self.listed_columns(self.objects()[0]) if row["bloom_filter"]],
                         ["n_nationkey", "n_name"])

    def test_rewrite_of_a_table_into_itself(self):
        self.do("put", self.file("a.parquet", counting(0, 1000)), self.file("b.parquet", counting(1000, 1000)), self.table)
        self.do("put", self.table, self.table, "--rewrite", "--replace", "--row-group-rows", "500")
        self.assertEqual(self.rows()["n"].to_pylist(), list(range(2000)))
        self.assertEqual(len(self.objects()), 1)
        self.assertEqual(self.rows(self.table + "@1")["n"].to_pylist(), list(range(2000)))
        self.fails(2, f"'{self.table}' is a table", "put", self.table, self.table + "2")

    def test_no_table_lies_within_another(self):
        self.do("put", NATION, self.table)
        for below in ("x", "x/y"):
            self.fails(2, f"'{self.table}/{below}' would lie within the table '{self.table}'", "put", NATION,
                       f"{self.table}/{below}")
        self.fails(2, f"'./x' would lie within the table '{self.table}'", "put", NATION, "x", cwd=self.table)
        self.assertFalse(os.path.exists(self.table + "/x"))
        # What is left over of a table is its directory, too.
        os.unlink(self.table + "/_head")
        self.fails(2, "would lie within the table", "put", NATION, self.table + "/x")

    def test_other_files_are_not_mixed_with_a_table(self):
        mine = self.file("mine/a.parquet", counting(0, 10))
        self.fails(2, f"'{mine.parent}' is no table and holds 'a.parquet'", "put", NATION, mine.parent)
        self.fails(2, f"'{mine}' is a file", "put", NATION, mine)
        self.do("put", NATION, self.table)
        self.fails(2, f"'{self.store}' is no table and holds 't'", "put", NATION, self.store)
        (self.folder / "empty").mkdir()
        self.do("put", NATION, self.folder / "empty")


class GetTest(TablesTest):
    def test_files_that_are_there_are_kept_unless_told(self):
        self.do("put", self.file("a.parquet", counting(0, 10)), self.file("b.parquet", counting(10, 10)), self.table)
        back = self.folder / "back"
        back.mkdir()
        (back / "b.parquet").write_text("mine")
        self.fails(2, f"'{back / 'b.parquet'}' is there already; --force replaces it", "get", self.table, "-o", back)
        self.assertEqual(os.listdir(back), ["b.parquet"])
        self.assertEqual((back / "b.parquet").read_text(), "mine")
        self.do("get", self.table, "-o", back, "--force")
        self.assertEqual(pq.read_table(back / "b.parquet")["n"].to_pylist(), list(range(10, 20)))

    def test_without_a_name_it_is_the_files_own_here(self):
        self.do("put", NATION, self.table)
        done = self.do("get", self.table, cwd=self.folder)
        self.assertIn("nation.parquet: 3.4 KB, as it was put", done.stderr)
        self.assertEqual((self.folder / "nation.parquet").read_bytes(), NATION.read_bytes())

    def test_a_file_that_is_damaged_is_not_given_back(self):
        self.do("put", NATION, self.table)
        flip(self.objects()[0], 100)
        done = self.fails(3, "nation.parquet", "get", self.table, "-o", self.folder / "back")
        self.assertIn("hint: ", done.stderr)
        self.assertFalse((self.folder / "back").exists())


class SnapshotsTest(TablesTest):
    def setUp(self):
        super().setUp()
        for i, option in enumerate(([], ["--append"], ["--append"])):
            self.do("put", self.file(f"{i}.parquet", counting(i * 10, 10)), self.table, *option)

    def test_history(self):
        rows = self.listed("history", self.table)
        self.assertEqual([(row["snapshot"], row["operation"], row["rows"], row["objects"]) for row in rows],
                         [(3, "append", 30, 3), (2, "append", 20, 2), (1, "put", 10, 1)])

    def test_older_snapshots_are_read(self):
        for snapshot in (1, 2, 3):
            table = f"{self.table}@{snapshot}"
            self.assertEqual(self.rows(table)["n"].to_pylist(), list(range(snapshot * 10)))
            self.assertEqual(self.answers(f"SELECT count(*) AS n, max(n) AS most FROM '{table}'"),
                             [{"n": snapshot * 10, "most": snapshot * 10 - 1}])
            back = self.folder / f"back{snapshot}"
            back.mkdir()
            self.do("get", table, "-o", back)
            self.assertEqual(len(os.listdir(back)), snapshot)
        self.fails(3, f"table '{self.table}' keeps no snapshot 4; its newest is 3", "get", self.table + "@4")
        self.fails(3, "keeps no snapshot 4", "sql", "-c", f"SELECT * FROM '{self.table}@4'")
        for verb in ("rm", "compact", "vacuum"):
            self.fails(2, "names a snapshot, which nobody can", verb, self.table + "@1")
        self.fails(2, "names a snapshot, which nobody can change", "put", NATION, self.table + "@1", "--append")

    def test_compact(self):
        self.assertIn("snapshot 4, 3 objects joined into 1", self.do("compact", self.table).stderr)
        self.assertEqual(len(self.objects()), 1)
        self.assertEqual(self.rows()["n"].to_pylist(), list(range(30)))
        self.assertEqual(self.answers(f"SELECT sum(n) AS s FROM '{self.table}'"), [{"s": sum(range(30))}])
        back = self.folder / "back"
        back.mkdir()
        self.do("get", self.table, "-o", back)
        for i in range(3):
            self.assertEqual((back / f"{i}.parquet").read_bytes(), (self.folder / f"{i}.parquet").read_bytes())
        self.assertIn("there is nothing to join", self.do("compact", self.table).stderr)

    def test_vacuum(self):
        self.do("compact", self.table)
        files = sorted(os.listdir(self.table))
        done = self.do("vacuum", self.table)
        self.assertEqual(done.stdout, "")
        self.assertIn("0 objects of 0 B removed; 4 snapshots kept", done.stderr)
        dry = self.do("vacuum", self.table, "--keep", "0", "--dry-run")
        self.assertIn("would be removed; 1 snapshot kept", dry.stderr)
        self.assertEqual(sorted(os.listdir(self.table)), files)
        done = self.do("vacuum", self.table, "--keep", "0")
        self.assertEqual(done.stdout, dry.stdout)
        self.assertEqual(len(done.stdout.splitlines()), 9)
        self.assertEqual(self.rows()["n"].to_pylist(), list(range(30)))
        self.assertEqual(len(self.listed("history", self.table)), 1)
        self.fails(3, "keeps no snapshot 1", "get", self.table + "@1")
        self.do("verify", self.table)

    def test_vacuum_leaves_alone_what_is_not_of_a_table(self):
        mine = self.file("mine/deep/a.parquet", counting(0, 10))
        self.fails(3, "there is no table", "vacuum", mine.parent, "--keep", "0")
        self.fails(3, "there is no table", "vacuum", self.folder / "mine", "--keep", "0")
        other = pathlib.Path(self.table) / "notes.txt"
        other.write_text("mine")
        self.do("vacuum", self.table, "--keep", "0")
        self.do("rm", self.table)
        self.assertEqual(other.read_text(), "mine")
        self.assertTrue(mine.exists())

    def test_vacuum_cleans_up_after_a_put_that_failed(self):
        small = self.file("small.parquet", counting(0, 100))
        big = self.file("big.parquet", counting(100, 100_000), compression="none")

        def short_of_space():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        self.fails(3, "File too large", "put", small, big, self.table, "--append", preexec_fn=short_of_space)
        # Two manifests, the first's data and description, the journal, and the second's description or not.
        removed = self.do("vacuum", self.table, "--keep", "0", "--dry-run").stdout
        self.assertIn(len(removed.splitlines()), (5, 6), removed)
        kept = self.do("vacuum", self.table, "--keep", "1h").stdout
        self.assertEqual(kept, "")

    def test_vacuum_of_a_store(self):
        self.do("put", NATION, self.store / "a")
        self.do("put", NATION, self.store / "a", "--replace")
        self.do("put", REGION, self.store / "bad")
        self.do("put", REGION, self.store / "gone")
        kept = next((self.store / "gone").glob("data-*"))
        content = kept.read_bytes()
        self.do("rm", self.store / "gone")
        kept.parent.mkdir()
        kept.write_bytes(content)
        notes = self.store / "mine" / "notes.txt"
        notes.parent.mkdir()
        notes.write_text("mine")
        dry = self.do("vacuum", self.store, "--keep", "0", "--dry-run")
        # Of `a` a manifest, an object and a description; of `t` two manifests; what is left of `gone`.
        self.assertEqual([line.split("/")[0] for line in dry.stdout.splitlines()], ["a"] * 3 + ["t"] * 2 + ["gone"])
        self.assertTrue(kept.exists())
        next((self.store / "bad").glob("_manifest-*")).write_bytes(b"nothing of use")
        done = self.fails(3, "_manifest-", "vacuum", self.store, "--keep", "0")
        self.assertEqual(done.stdout, dry.stdout)
        self.assertFalse(kept.parent.exists())
        self.assertEqual(self.rows(str(self.store / "a")).num_rows, 25)
        self.assertEqual(self.rows().num_rows, 30)
        self.assertEqual(notes.read_text(), "mine")
        self.fails(3, "there is no table", "vacuum", notes.parent, "--keep", "0")

    def test_rm(self):
        self.do("rm", self.table)
        self.assertFalse(pathlib.Path(self.table).exists())
        for verb in ("rm", "get", "history", "compact", "verify", "vacuum", "ls"):
            self.fails(3, f"there is no table '{self.table}'", verb, self.table)
        self.do("put", NATION, self.table)
        self.assertEqual([row["snapshot"] for row in self.listed("history", self.table)], [1])

    def test_ls_of_a_store(self):
        self.do("put", NATION, self.store / "nation")
        rows = self.listed("ls", self.store)
        self.assertEqual([(row["table"], row["snapshot"], row["rows"], row["objects"]) for row in rows],
                         [("nation", 1, 25, 1), ("t", 3, 30, 3)])
        self.assertIn("2 rows", self.do("ls", self.store).stdout)
        (self.folder / "empty").mkdir()
        self.assertEqual(self.listed("ls", self.folder / "empty"), [])
        self.fails(3, "there is no table", "ls", self.store / "nothing")

    def test_ls_of_a_table(self):
        rows = self.listed("ls", self.table)
        self.assertEqual([(row["rows"], row["row_groups"], row["as_put"]) for row in rows], [(10, 1, True)] * 3)
        for row, path in zip(rows, self.objects()):
            self.assertEqual(row["bytes"], path.stat().st_size)
            self.assertRegex(row["crc32c"], "^[0-9a-f]{8}$")
        self.assertEqual(len(self.listed("ls", self.table + "@2")), 2)
        self.fails(3, "keeps no snapshot 9", "ls", self.table + "@9")


def flip(path, offset):
    """Flips a bit."""
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


class VerifyTest(TablesTest):
    def test_what_is_damaged_is_named(self):
        self.do("put", self.file("a.parquet", counting(0, 10)), self.file("b.parquet", counting(10, 10)), self.table)
        self.assertIn("2 objects of ", self.do("verify", self.table).stderr)
        first, second = self.objects()
        flip(second, second.stat().st_size // 2)
        done = self.fails(3, "1 problem", "verify", self.table)
        self.assertRegex(done.stdout, rf"^'{second}' has checksum [0-9a-f]{{8}}, and had [0-9a-f]{{8}}\n$")
        first.unlink()
        done = self.fails(3, "2 problems", "verify", self.table)
        self.assertIn(f"'{first}' is missing\n", done.stdout)
        self.assertIn("keeps no snapshot 2", run("verify", self.table + "@2").stderr)

    def test_a_shortened_object(self):
        self.do("put", NATION, self.table)
        path = self.objects()[0]
        path.write_bytes(path.read_bytes()[:-1])
        done = self.fails(3, "1 problem", "verify", self.table)
        self.assertIn(f"'{path}' has 3393 bytes, and had 3394", done.stdout)
        self.fails(3, str(path), "sql", "-c", f"SELECT * FROM '{self.table}'")

    def test_a_damaged_manifest(self):
        self.do("put", NATION, self.table)
        manifest = next(pathlib.Path(self.table).glob("_manifest-*"))
        manifest.write_bytes(b"nothing of use")
        for verb in ("verify", "get", "ls", "history"):
            self.fails(3, str(manifest), verb, self.table)
        self.do("rm", self.table)
        self.assertFalse(pathlib.Path(self.table).exists())


class QueryTest(TablesTest):
    def test_sql_over_a_table_in_pieces(self):
        self.do("put", LINEITEM, self.table, "--object-bytes", "2MiB")
        rows = plain(pq.read_table(LINEITEM, columns=["l_shipmode", "l_quantity", "l_discount"]))
        kept = rows.filter(pc.greater(rows["l_discount"], pa.scalar(0.05).cast(rows["l_discount"].type)))
        expected = {group["l_shipmode"]: (group["l_quantity_count"], group["l_quantity_sum"])
                    for group in kept.group_by("l_shipmode").aggregate(
                        [("l_quantity", "count"), ("l_quantity", "sum")]).to_pylist()}
        self.assertEqual(len(expected), 7)
        answers = self.answers(f"SELECT l_shipmode, count(*) AS n, sum(l_quantity) AS q FROM '{self.table}' "
                               "WHERE l_discount > 0.05 GROUP BY ALL")
        self.assertEqual({row["l_shipmode"]: (row["n"], row["q"]) for row in answers},
                         {mode: (n, float(q)) for mode, (n, q) in expected.items()})

    def test_tables_of_a_directory_by_name(self):
        self.do("put", NATION, self.store / "nation")
        self.do("put", REGION, self.store / "region")
        names = {row["r_regionkey"]: row["r_name"] for row in pq.read_table(REGION).to_pylist()}
        expected = sorted((row["n_name"], names[row["n_regionkey"]]) for row in pq.read_table(NATION).to_pylist())
        self.assertEqual(len(expected), 25)
        answers = self.answers("SELECT n_name, r_name FROM nation JOIN region ON n_regionkey = r_regionkey ORDER BY 1",
                               "--data", self.store)
        self.assertEqual([(row["n_name"], row["r_name"]) for row in answers], expected)

    def test_what_cannot_be_read_of_a_data_directory_fails_who_names_it(self):
        self.do("put", NATION, self.store / "nation")
        self.do("put", REGION, self.store / "bad")
        self.do("put", REGION, self.store / "half")
        manifest = next((self.store / "bad").glob("_manifest-*"))
        manifest.write_bytes(b"nothing of use")
        (self.store / "half" / "_head").unlink()
        (self.store / "empty.parquet").write_bytes(b"")
        (self.store / "text.parquet").write_text("this is no Parquet file")
        (self.store / "dir").mkdir()
        (self.store / "dir" / "x.parquet").write_bytes(b"")
        for query in ("SELECT count(*) AS n FROM nation", "SELECT 25 AS n"):
            self.assertEqual(self.answers(query, "--data", self.store), [{"n": 25}])
        for name, code, text in (("bad", 3, str(manifest)), ("BAD", 3, str(manifest)), ("half", 3, "has left objects there"),
                                 ("empty", 3, "empty.parquet"), ("text", 3, "text.parquet"), ("dir", 3, "x.parquet")):
            self.fails(code, text, "sql", "-c", f"SELECT count(*) FROM {name}", "--data", self.store)

    def test_a_table_is_not_read_as_the_files_of_its_directory(self):
        path = self.file("a.parquet", counting(0, 10))
        self.do("put", path, self.table)
        self.do("put", path, self.table, "--replace")
        self.assertEqual(len(list(pathlib.Path(self.table).glob("data-*"))), 2)
        self.assertEqual(self.answers(f"SELECT count(*) AS n FROM '{self.table}'"), [{"n": 10}])
        for pattern in (self.store, self.store / "*"):
            self.fails(1, f"reaches into '{self.table}', which is a table of its own", "schema", pattern)

    def test_patterns_do_not_reach_into_a_table(self):
        """Each row is there twice after a compaction: in the objects before and in those after."""
        faults = CORPUS / "faults" / "pattern-into-table"
        self.do("put", faults / "k2_0.parquet", faults / "k2_2.parquet", self.table)
        self.do("compact", self.table)
        rows = sum(pq.read_table(faults / name).num_rows for name in ("k2_0.parquet", "k2_2.parquet"))
        self.assertEqual(self.answers(f"SELECT count(*) AS n FROM '{self.table}'"), [{"n": rows}])
        self.assertEqual(len(list(pathlib.Path(self.table).glob("data-*"))), 3)
        text = f"reaches into '{self.table}', which is a table of its own: name that one"
        source = next(pathlib.Path(self.table).glob("_source-*")).name
        for pattern in (f"{self.table}/*.parquet", f"{self.store}/*/*.parquet", f"{self.store}/**", f"{self.store}/*",
                        f"{self.store}/**/*.parquet", f"{self.table}/data-*", f"{self.table}/_source*",
                        f"{self.store}/[t]/{source}"):
            for command in (["sql", "-c", f"SELECT count(*) FROM '{pattern}'"], ["schema", pattern], ["head", pattern],
                            ["stats", pattern], ["put", pattern, self.folder / "other"],
                            ["put", pattern, self.folder / "other", "--rewrite"]):
                self.fails(1, text, *command)
        self.fails(1, f"'{self.table}' is a table, and no directory of tables", "sql", "-c", "SELECT 1",
                   "--data", self.table)
        # An object that is named is a file like any other.
        self.assertEqual(self.answers(f"SELECT count(*) AS n FROM '{self.objects()[0]}'"), [{"n": rows}])

    def test_fragments_are_skipped_by_the_manifest(self):
        for i in range(3):
            self.do("put", self.file(f"{i}.parquet", counting(i * 100, 100)), self.table, *(["--append"] if i else []))
        for path in self.objects()[1:]:
            path.unlink()  # whoever looks at them fails
        query = f"SELECT count(*) AS n FROM '{self.table}' WHERE n < 50"
        self.assertEqual(self.answers(query), [{"n": 50}])
        self.fails(3, str(pathlib.Path(self.table)), "sql", "-c", f"SELECT sum(length(t)) FROM '{self.table}'")

    def test_schema_head_and_stats(self):
        self.do("put", NATION, self.table)
        self.assertIn("n_regionkey", self.do("schema", self.table).stdout)
        self.assertIn("(3 rows)", self.do("head", "-n", "3", self.table).stdout)
        self.assertIn(f"{self.objects()[0]}: Parquet, 3.4 KB, 25 rows in 1 row group", self.do("stats", self.table).stdout)

    def test_explain(self):
        self.do("put", NATION, self.table)
        done = self.do("explain", f"SELECT count(*) FROM '{self.table}'")
        self.assertIn(f"SCAN {self.table} (25 rows, 3.4 KB, 1 fragment)", done.stdout)


LEFT_OVER = ("a put that has not come to its end, or a table that was removed, has left objects there. The same put "
             "again goes on; 'skyhook vacuum {} --keep 0' removes")


class LeftOverTest(TablesTest):
    """What a killed put, a failed put or a removed table leaves is never read as rows."""

    def assert_is_no_table(self):
        left = LEFT_OVER.format(self.table)
        reaches = f"reaches into '{self.table}', which is no table: {left}"
        for name in (self.table, self.table + "/", self.table + "@1"):
            self.fails(3, left, "sql", "-c", f"SELECT count(*) FROM '{name}'")
            self.fails(3, left, "head", name)
            self.fails(3, left, "schema", name)
        for verb in ("get", "ls", "history", "verify", "compact", "rm"):
            self.fails(3, left, verb, self.table)
        for pattern in (str(self.store), f"{self.store}/*", f"{self.table}/*.parquet", f"{self.store}/**/*.parquet"):
            for command in (["sql", "-c", f"SELECT count(*) FROM '{pattern}'"], ["schema", pattern],
                            ["put", pattern, self.folder / "other"]):
                if "*.parquet" in pattern and not list(pathlib.Path(self.table).glob("*.parquet")):
                    self.assertNotEqual(run(*map(str, command)).returncode, 0)
                else:
                    self.fails(3, reaches, *command)
        self.fails(3, left, "put", self.table, self.folder / "other")
        self.fails(3, left, "put", self.table, self.folder / "other", "--rewrite")
        self.fails(3, left, "sql", "-c", "SELECT 1", "--data", self.table)
        done = self.do("ls", self.store)
        self.assertIn(f"note: '{self.table}' is no table: {left}", done.stderr)
        self.assertIn("0 rows", done.stdout)

    def assert_can_be_cleaned_up(self):
        self.assertNotEqual(self.do("vacuum", self.table, "--keep", "0").stdout, "")
        self.assertFalse(pathlib.Path(self.table).exists())

    def test_a_put_that_ran_out_of_space(self):
        big = self.file("big.parquet", counting(0, 100_000), compression="none", row_group_size=2000)
        command = ["put", str(self.file("a.parquet", counting(0, 10))), str(big), self.table]

        def short_of_space():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        self.fails(3, "File too large", *command, preexec_fn=short_of_space)
        self.assertTrue(list(pathlib.Path(self.table).glob("data-*")))
        self.assert_is_no_table()
        self.assertIn("note: 1 object had been written", self.do(*command).stderr)
        self.assertEqual(self.answers(f"SELECT count(*) AS n FROM '{self.table}'"), [{"n": 100_010}])

    def test_any_one_object_of_a_table(self):
        self.do("put", NATION, self.table)
        self.do("put", NATION, self.table, "--append")
        names = [name for name in os.listdir(self.table) if name not in ("_head", ".lock")]
        self.assertEqual(len(names), 6)
        kept = {name: (pathlib.Path(self.table) / name).read_bytes() for name in names}
        for name, content in kept.items():
            self.do("rm", self.table) if (pathlib.Path(self.table) / "_head").exists() else None
            pathlib.Path(self.table).mkdir()
            (pathlib.Path(self.table) / name).write_bytes(content)
            self.assert_is_no_table()
            self.assert_can_be_cleaned_up()

    def test_a_removed_table_that_a_put_has_not_gone_on_with(self):
        """The first of two puts ran out of space; the file was then touched, so that it began anew."""
        path = self.file("a.parquet", counting(0, 100_000), compression="none")
        small = self.file("b.parquet", counting(0, 10))

        def short_of_space():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        self.fails(3, "File too large", "put", small, path, self.table, preexec_fn=short_of_space)
        os.utime(path, (1, 1))
        self.do("put", small, path, self.table)
        self.do("rm", self.table)
        self.assert_is_no_table()
        self.assert_can_be_cleaned_up()


def rewrite(path, change_columns=None, change_metadata=None):
    """Writes an Arrow file of a table anew, as a stranger might: `change_columns` maps names to values of every row."""
    with pa.ipc.open_file(path) as file:
        rows, metadata = file.read_all(), dict(file.schema.metadata)
    for name, value in (change_columns or {}).items():
        column = rows.schema.get_field_index(name)
        rows = rows.set_column(column, rows.schema.field(name), pa.array([value] * rows.num_rows, rows.schema.field(name).type))
    metadata.update({key.encode(): value.encode() for key, value in (change_metadata or {}).items()})
    with pa.ipc.new_file(path, rows.schema.with_metadata(metadata)) as writer:
        writer.write_table(rows.replace_schema_metadata(metadata))


class NamesTest(TablesTest):
    """Names that a table's objects hold lead nowhere but into the table, and to where the user said."""

    READING = ("get", "ls", "verify", "history")

    def setUp(self):
        super().setUp()
        self.do("put", NATION, self.table)
        self.do("put", REGION, self.store / "good")
        self.victim = self.folder / "victim"
        self.victim.write_text("mine")
        (self.store / "victim").write_text("mine")
        self.here = self.folder / "here"
        self.here.mkdir()

    def path(self, pattern):
        return next(pathlib.Path(self.table).glob(pattern))

    def assert_nothing_left_the_table(self):
        self.assertEqual(self.victim.read_text(), "mine")
        self.assertEqual((self.store / "victim").read_text(), "mine")
        self.assertEqual(self.rows(str(self.store / "good")).num_rows, 5)
        self.assertEqual(os.listdir(self.here), [])
        self.assertEqual(sorted(os.listdir(self.folder)), ["here", "store", "victim"])

    def test_names_of_files_that_are_given_back(self):
        source = self.path("_source-*")
        for name in ("../../stolen", str(self.folder / "stolen"), "-", ".", "..", "", "a/b", "a\nb", "a\x7fb", "x" * 256):
            rewrite(source, change_metadata={"skyhook.name": name})
            for output in ([], ["-o", self.here], ["-o", self.here, "--force"], ["-o", self.here / "one"], ["-o", "-"]):
                done = self.fails(3, "is no name that a file is given back under", "get", self.table, *output, cwd=self.here)
                self.assertEqual(done.stdout, "")
                self.assert_nothing_left_the_table()
        rewrite(source, change_metadata={"skyhook.name": "good name.parquet"})
        self.do("get", self.table, cwd=self.here)
        self.assertEqual(os.listdir(self.here), ["good name.parquet"])

    def test_links_are_not_followed(self):
        for target in (self.folder / "not there", self.victim):
            (self.here / "nation.parquet").symlink_to(target)
            for options in ([], ["--force"]):
                self.fails(2, "is there already and is no file", "get", self.table, "-o", self.here, *options)
            self.fails(2, "is there already and is no file", "get", self.table, cwd=self.here)
            (self.here / "nation.parquet").unlink()
            self.assert_nothing_left_the_table()

    def test_names_of_data_objects(self):
        manifest, source = self.path("_manifest-*"), self.path("_source-*")
        whole = manifest.read_bytes()
        for name in ("../victim", "../../victim", str(self.victim), "", ".", "..", "_head", ".lock", "notes.txt",
                     "../good/" + self.objects(str(self.store / "good"))[0].name):
            rewrite(manifest, change_columns={"object": name})
            for verb in self.READING:
                self.fails(3, "is no name of a data object", verb, self.table)
            self.fails(3, "is no name of a data object", "sql", "-c", f"SELECT * FROM '{self.table}'")
            self.fails(3, "is no name of a data object", "vacuum", self.table, "--keep", "0")
            self.assert_nothing_left_the_table()
            manifest.write_bytes(whole)
        rewrite(manifest, change_columns={"sources": ["../victim"]})
        for verb in self.READING:
            self.fails(3, "is no name of a file's description", verb, self.table)
        manifest.write_bytes(whole)
        with pa.ipc.open_file(source) as file:
            pieces = file.read_all().num_rows
        self.assertEqual(pieces, 1)
        rewrite(source, change_columns={"object": "../../victim", "length": 4}, change_metadata={"skyhook.bytes": "4"})
        self.fails(3, "is no name of a data object", "get", self.table, cwd=self.here)
        rewrite(manifest, change_columns={"object": "../victim"})
        self.do("rm", self.table)
        self.assertFalse(pathlib.Path(self.table).exists())
        self.assert_nothing_left_the_table()

    def test_names_of_snapshots(self):
        head, manifest = pathlib.Path(self.table) / "_head", self.path("_manifest-*")
        kept = head.read_text()
        for name in ("../../victim", "", "x", kept + "/../x", str(self.victim)):
            head.write_text(name)
            for verb in self.READING + ("vacuum", "compact"):
                self.fails(3, "which is no name of a snapshot", verb, self.table)
            self.fails(3, "which is no name of a snapshot", "put", NATION, self.table, "--append")
            self.assert_nothing_left_the_table()
        head.write_text(kept)
        for parent in (kept, "0000000002-" + "0" * 24, "../../victim"):
            rewrite(manifest, change_metadata={"skyhook.parent": parent})
            for verb in self.READING + ("vacuum",):
                self.fails(3, "is said to follow", verb, self.table)
        self.do("rm", self.table)
        self.assertFalse(pathlib.Path(self.table).exists())
        self.assert_nothing_left_the_table()


class BoundsTest(TablesTest):
    """Whatever values a file holds, its table stays readable."""

    FAULTS = CORPUS / "faults" / "bounds"

    def assert_readable(self, rows):
        self.assertEqual(self.answers(f"SELECT count(*) AS n FROM '{self.table}'"), [{"n": rows}])
        for verb in ("ls", "history", "verify", "schema", "head"):
            self.do(verb, self.table)
        self.do("ls", self.store)
        self.do("compact", self.table)
        self.assertEqual(self.answers(f"SELECT count(*) AS n FROM '{self.table}'"), [{"n": rows}])

    def test_the_time_after_the_last(self):
        self.do("put", self.FAULTS / "good.parquet", self.table)
        self.do("put", self.FAULTS / "midnight.parquet", self.table, "--append")
        rows = [pq.ParquetFile(self.FAULTS / name).metadata.num_rows for name in ("good.parquet", "midnight.parquet")]
        self.assertGreater(min(rows), 0)
        self.assert_readable(sum(rows))

    def test_text_that_is_no_utf8(self):
        self.do("put", self.FAULTS / "latin1.parquet", self.table)
        rows = pq.ParquetFile(self.FAULTS / "latin1.parquet").metadata.num_rows
        self.assertEqual(self.listed("ls", self.table)[0]["rows"], rows)
        self.do("ls", self.store)
        (self.folder / "back").mkdir()
        self.do("get", self.table, "-o", self.folder / "back")
        self.assertEqual((self.folder / "back" / "latin1.parquet").read_bytes(), (self.FAULTS / "latin1.parquet").read_bytes())

    def test_a_table_that_was_made_so_is_readable(self):
        """The first release wrote such bounds."""
        self.do("put", self.FAULTS / "good.parquet", self.table)
        manifest = next(pathlib.Path(self.table).glob("_manifest-*"))
        with pa.ipc.open_file(manifest) as file:
            statistics = file.read_all()["statistics"].combine_chunks()
        names = [field.name for field in statistics.type]
        changed = []
        for name in names:
            column = statistics.field(name)
            most = column.field("max")
            if pa.types.is_time(most.type):
                most = pa.Array.from_buffers(most.type, 1, [None, pa.array([86_400_000_000], pa.int64()).buffers()[1]])
            changed.append(pa.StructArray.from_arrays([column.field("min"), most, column.field("null_count"),
                                                       column.field("may_have_nan")], fields=list(column.type)))
        bad = pa.StructArray.from_arrays(changed, fields=list(statistics.type))
        with self.assertRaises(pa.ArrowInvalid):
            bad.validate(full=True)
        with pa.ipc.open_file(manifest) as file:
            rows = file.read_all()
        rows = rows.set_column(rows.schema.get_field_index("statistics"), rows.schema.field("statistics"), bad)
        with pa.ipc.new_file(manifest, rows.schema) as writer:
            writer.write_table(rows)
        self.assert_readable(pq.ParquetFile(self.FAULTS / "good.parquet").metadata.num_rows)

    def test_a_table_that_cannot_be_read_hides_no_other(self):
        self.do("put", NATION, self.table)
        self.do("put", REGION, self.store / "a")
        self.do("put", REGION, self.store / "z")
        next(pathlib.Path(self.table).glob("_manifest-*")).write_bytes(b"nothing of use")
        done = self.fails(3, "1 of 3 tables cannot be read: ", "ls", self.store, "--format", "json")
        self.assertEqual([json.loads(line)["table"] for line in done.stdout.splitlines()], ["a", "z"])
        self.assertIn("_manifest-", done.stderr)


class ConcurrentTest(TablesTest):
    def test_the_same_put_at_the_same_time_counts_each_time(self):
        path = self.file("f.parquet", counting(0, 1000))
        expected = 0
        for rounds in range(5):
            puts = [subprocess.Popen([PROGRAM, "put", str(path), self.table, "--append"], stderr=subprocess.PIPE, text=True)
                    for _ in range(3)]
            for put in puts:
                _, errors = put.communicate(timeout=DEADLINE_SECONDS)
                self.assertEqual(put.returncode, 0, errors)
                expected += 1000
            self.assertEqual(self.answers(f"SELECT count(*) AS n FROM '{self.table}'"), [{"n": expected}])
        self.assertFalse(list(pathlib.Path(self.table).glob("_put-*")))
        self.assertFalse(list(pathlib.Path(self.table).glob(".live-*")))

    def test_a_put_that_is_refused_writes_nothing(self):
        self.do("put", NATION, self.table)
        before = sorted(os.listdir(self.table))
        self.fails(1, f"'{REGION}' has 3 columns, the table 4", "put", REGION, self.table, "--append")
        self.fails(1, f"'{REGION}' has 3 columns, the table 4", "put", NATION, REGION, self.table, "--append")
        self.fails(1, "has 3 columns, the table 4", "put", REGION, self.table, "--append", "--rewrite")
        self.assertEqual(sorted(os.listdir(self.table)), before)
        self.fails(1, f"'{REGION}' has 3 columns, the table 4", "put", NATION, REGION, self.table + "2")
        self.assertFalse(pathlib.Path(self.table + "2").exists())
        odd = self.folder / "a\nb.parquet"
        odd.write_bytes(NATION.read_bytes())
        self.fails(1, "is no name that a table can give a file back under", "put", odd, self.table + "2")
        self.assertFalse(pathlib.Path(self.table + "2").exists())


class UsageTest(TablesTest):
    def test_something_is_missing(self):
        for verb in ("get", "history", "rm", "compact", "verify"):
            self.fails(2, "TABLE is required", verb)
        for verb in ("ls", "vacuum"):
            self.fails(2, "STORE|TABLE is required", verb)
        self.fails(2, "POOL is required", "doctor")
        self.fails(2, "required", "put")
        self.fails(2, "put needs a file, and a table to put it into", "put", NATION)
        self.fails(3, f"'{self.folder / 'no.parquet'}'", "put", self.folder / "no.parquet", self.table)

    def test_tables_that_are_not_there(self):
        for verb in ("get", "history", "rm", "compact", "vacuum", "verify", "ls"):
            self.fails(3, f"there is no table '{self.table}'", verb, self.table)

    def test_files_are_no_tables_to_verbs_of_tables(self):
        for verb in ("get", "history", "rm", "compact", "vacuum", "verify", "ls"):
            done = self.fails(2, f"'{NATION}' is a file, and a table is a directory", verb, NATION)
            self.assertNotIn("hint", done.stderr)

    def test_removing_says_so(self):
        self.do("put", NATION, self.table)
        self.assertEqual(self.do("rm", self.table).stderr, f"{self.table}: removed\n")

    def test_names_that_are_none(self):
        for name in ("_t", ".t", "a*", "a@b"):
            self.fails(2, f"{name}' does not end in the name of a table", "put", NATION, self.store / name)
        for uri in ("s3://bucket/t", "RADOS://pool/t"):
            self.fails(2, f"'{uri}' is neither a directory nor of the form rados://POOL[/NAMESPACE]/TABLE",
                       "put", NATION, uri)
            self.fails(2, uri, "ls", uri)
        for uri in ("rados://", "rados://pool", "rados://pool/a/b/c"):
            self.fails(2, f"'{uri}' is not of the form rados://POOL[/NAMESPACE]/TABLE", "get", uri)
        self.fails(2, f"'{self.table}' is not of the form rados://POOL[/NAMESPACE]", "doctor", self.table)

    def test_values_of_options(self):
        for option, value, text in (("--object-bytes", "lots", "--object-bytes: 'lots' is no size"),
                                    ("--object-bytes", "0", "--object-bytes: '0' is no size"),
                                    ("--object-bytes", "100MiB", "40MiB is the most"),
                                    ("--object-bytes", "32", "64KiB is the least"),
                                    ("--page-bytes", "few", "--page-bytes: 'few' is no size"),
                                    ("--codec", "zip", "'zip' is no codec; there are none, snappy"),
                                    ("--row-group-rows", "0", "row groups of 0 rows"),
                                    ("--row-group-rows", "many", "--row-group-rows = many")):
            self.fails(2, text, "put", NATION, self.table, "--rewrite", option, value)
        self.fails(2, "has no column 'nothing'", "put", NATION, self.table, "--rewrite", "--sort-by", "nothing")
        self.fails(1, "column 'nothing'", "put", NATION, self.table, "--rewrite", "--bloom-filter", "nothing")
        self.fails(2, "--keep: 'soon' is no time", "vacuum", self.table, "--keep", "soon")
        self.fails(2, "'xml' is no format", "ls", self.folder, "--format", "xml")
        self.fails(2, "--placement", "sql", "-c", "SELECT 1", "--placement", "everywhere")
        self.assertFalse(self.store.exists())

    def test_options_that_contradict_each_other(self):
        for options, text in ((["--append", "--replace"], "either --append or --replace"),
                              (["--verbatim", "--rewrite"], "--verbatim keeps bytes as they are"),
                              (["--sort-by", "n_name"], "--sort-by requires --rewrite"),
                              (["--bloom-filter", "n_name"], "--bloom-filter requires --rewrite"),
                              (["--codec", "zstd"], "--codec requires --rewrite"),
                              (["--page-bytes", "8KiB"], "--page-bytes requires --rewrite"),
                              (["--row-group-rows", "9"], "--row-group-rows requires --rewrite")):
            self.fails(2, text, "put", NATION, self.table, *options)
        self.fails(2, "--rewrite takes one", "put", NATION, REGION, self.table, "--rewrite")
        self.fails(2, "--rewrite takes one", "put", "-", self.table, "--rewrite", input="")
        self.assertFalse(self.store.exists())

    def test_ceph_args_is_read_and_overruled(self):
        def says(text, ceph_args, *flags):
            done = run(*flags, "ls", "rados://pool", env={**os.environ, "CEPH_CONF": "/no/such.conf",
                                                          "CEPH_ARGS": ceph_args})
            if "cannot load what talks to Ceph" in done.stderr:
                self.skipTest("this build has no module for Ceph")
            self.assertEqual(done.stdout, "")
            self.assertIn(text, done.stderr)

        says("'nobody' is no name of a Ceph client", "--debug-ms 0 --name nobody --id-of-nothing 7")
        says("'nobody' is no name of a Ceph client", "-n nobody")
        says("'bad' is no name of a Ceph client", "-n nobody", "-n", "bad")
        says("configuration '/a.conf'", "--id x -c /a.conf -n client.y")
        says("configuration '/b.conf'", "--conf=/a.conf", "-c", "/b.conf")

    def test_ceph_that_is_not_there(self):
        environment = {**os.environ, "CEPH_CONF": "/no/such.conf"}
        for command in (["ls", "rados://pool"], ["sql", "-c", "SELECT * FROM 'rados://pool/t'"]):
            self.fails(3, "cannot load what talks to Ceph: /no/such.so", *command,
                       env={**environment, "SKYHOOK_RADOS_MODULE": "/no/such.so"})
            done = run(*command, env=environment)
            if "cannot load what talks to Ceph" in done.stderr:
                self.skipTest("this build has no module for Ceph")
            self.assertEqual(done.returncode, 3)
            self.assertIn("cannot read Ceph's configuration, which CEPH_CONF or /etc/ceph names: No such", done.stderr)
            self.fails(3, "cannot read Ceph's configuration '/no/other.conf': No such file or directory",
                       "-c", "/no/other.conf", *command, env=environment)


if __name__ == "__main__":
    unittest.main()
