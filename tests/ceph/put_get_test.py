"""Puts files into pools and gets them back, with the program; looks at the objects with other eyes.

Runs against the cluster that CEPH_CONF names (tools/test_ceph).
"""

import os
import pathlib
import subprocess
import tempfile
import unittest

import pyarrow.parquet as pq

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("SKYHOOK", str(SOURCE / "build/release/bin/skyhook"))
DATA = pathlib.Path(os.environ.get("SKYHOOK_TPCH", SOURCE / "build/data/sf0.1"))
CORPUS = pathlib.Path(os.environ.get("SKYHOOK_CORPUS", SOURCE.parent / "shared/corpus")) / "parquet/good"


def run(*arguments, **options):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, timeout=120, **options)
    if done.returncode != 0:
        raise AssertionError(f"{arguments}: {done.returncode} {done.stderr.decode()}")
    return done.stdout


def rows_of(path):
    """The rows as pyarrow reads them, or None where it does not."""
    try:
        return pq.read_table(path)
    except Exception:  # whatever pyarrow has against a file: only that it has counts
        return None


def text_of(table):
    """Every value as text: NaN equals itself there."""
    return table.combine_chunks().to_string(preview_cols=0, show_metadata=False) + "".join(
        column.combine_chunks().to_string(window=2000) for column in table.columns if column.num_chunks)


class PutGetTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def objects_of(self, pool, table):
        """The table's data objects, fetched by Ceph's own program, in order."""
        listed = run("ls", f"rados://{pool}/put-get/{table}", "--format", "csv").decode()
        names = [line.split(",")[0].strip('"') for line in listed.splitlines()[1:]]
        paths = []
        for name in names:
            paths.append(self.folder / name)
            subprocess.run(["rados", "-p", pool, "-N", "put-get", "get", f"{table}/{name}", paths[-1]],
                           check=True, timeout=60)
        return paths

    def check(self, path, *options):
        for pool in ("replicated", "erasure"):
            uri = f"rados://{pool}/put-get/t"
            with self.subTest(file=path.name, pool=pool):
                run("put", str(path), uri, "--replace", *options)
                back = self.folder / "back"
                run("get", uri, "-o", str(back), "--force")
                self.assertEqual(back.read_bytes(), path.read_bytes())
                expected = rows_of(path)
                if expected is None:
                    continue
                objects = self.objects_of(pool, "t")
                self.assertGreater(len(objects), 0)
                parts = [rows_of(part) for part in objects]
                self.assertNotIn(None, parts)
                self.assertEqual(sum(part.num_rows for part in parts), expected.num_rows)
                first = 0
                for part in parts:
                    self.assertEqual(part.schema, expected.schema)
                    rows = min(part.num_rows, 1000)
                    self.assertEqual(text_of(part.slice(0, rows)), text_of(expected.slice(first, rows)))
                    first += part.num_rows

    def test_every_public_file(self):
        files = sorted(CORPUS.glob("*.parquet"))
        self.assertGreater(len(files), 30)
        for path in files:
            self.check(path)

    def test_tpch_whole(self):
        for path in sorted(DATA.glob("*.parquet")):
            self.check(path)

    def test_tpch_in_pieces(self):
        self.check(DATA / "lineitem.parquet", "--object-bytes", "4MiB")
        self.check(DATA / "orders.parquet", "--object-bytes", "2MiB")

    def test_standard_input(self):
        path = DATA / "nation.parquet"
        with path.open("rb") as file:
            run("put", "-", "rados://replicated/put-get/n", "--replace", stdin=file)
        self.assertEqual(run("get", "rados://replicated/put-get/n", "-o", "-"), path.read_bytes())

    def tearDown(self):
        for pool in ("replicated", "erasure"):
            for table in ("t", "n"):
                subprocess.run([PROGRAM, "rm", f"rados://{pool}/put-get/{table}"], capture_output=True,
                               timeout=60)


if __name__ == "__main__":
    unittest.main()
