"""How fast one core scans a Parquet file, beside DuckDB, DataFusion, Polars and pyarrow: all pinned to the last core, one query
after the other, in turn. Prints medians, and how the ratios to the best peer have moved since they were recorded.

Usage: scan.py [--folder FOLDER] [--runs N] [--only NAME...] [--record NOTE]"""

import argparse
import contextlib
import datetime
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import files
import pyarrow.ipc
from engine import answer_of
from queries import MAIN, QUERIES

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HISTORY = pathlib.Path(__file__).with_name("ratios.json")
# By engine, the Python that has it.
PEERS = {"duckdb": "bench-venv", "datafusion": "venv", "datafusion late": "venv", "polars": "bench-venv", "pyarrow": "venv"}
OURS = "skyhook"
CORE = str((os.cpu_count() or 1) - 1)
MOVED = 0.1


class Peer:
    """An engine in a process of its own."""

    def __init__(self, engine: str) -> None:
        python = ROOT / "build/deps" / PEERS[engine] / "bin/python"
        self.process = subprocess.Popen(
            ["taskset", "-c", CORE, python, pathlib.Path(__file__).with_name("engine.py"), engine],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"POLARS_MAX_THREADS": "1"})

    def run(self, name: str, file: str) -> dict | None:
        assert self.process.stdin is not None and self.process.stdout is not None
        print(name, file, sep="\t", file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"bench_scan: {self.process.args} ended")
        return json.loads(line)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def ours(name: str, file: str, output: str) -> float:
    """Milliseconds of the second of two runs in one process, the rows of the first in `output`."""
    query = QUERIES[name].sql.format(table=f"'{file}'")
    program = [ROOT / "build/release/bin/skyhook", "sql", "--threads", "1", "--timing", "--repeat", "2", "--format", "arrow",
               "-o", output, "-f", "-"]
    done = subprocess.run(["taskset", "-c", CORE, *program], check=True, input=query, stderr=subprocess.PIPE, text=True)
    return float(done.stderr.split("\n")[1].split()[0])


@contextlib.contextmanager
def peers() -> Iterator[dict[str, Peer]]:
    running = {engine: Peer(engine) for engine in PEERS}
    try:
        yield running
    finally:
        for peer in running.values():
            peer.close()


def our_answer(name: str, file: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/rows.arrow"
        ours(name, file, path)
        with pyarrow.OSFile(path) as source, pyarrow.ipc.open_file(source) as reader:
            return answer_of(reader.read_all())


def same(answer: dict, other: dict) -> bool:
    """Averages of decimals are doubles, or decimals of some digits more."""
    return answer["rows"] == other["rows"] and all(
        math.isclose(a, b, rel_tol=1e-6) for a, b in zip(sorted(answer["sums"]), sorted(other["sums"]), strict=True))


def measure(names: list[str], folder: pathlib.Path, runs: int) -> dict[str, dict[str, float]]:
    """Median milliseconds by query and engine; of engines that answer as we do."""
    medians: dict[str, dict[str, float]] = {}
    with peers() as running:
        for name in names:
            file = str(files.path_of(folder, QUERIES[name].file))
            expected = our_answer(name, file)
            first = {engine: peer.run(name, file) for engine, peer in running.items()}
            able = {engine: peer for engine, peer in running.items() if first[engine] is not None}
            # Any ten of equal price are a right top 10.
            right = {engine for engine in able if name == "i: top 10" or same(first[engine], expected)}
            times: dict[str, list[float]] = {engine: [] for engine in [OURS, *able]}
            for _ in range(runs):
                times[OURS].append(ours(name, file, "/dev/null"))
                for engine, peer in able.items():
                    times[engine].append(peer.run(name, file)["ms"])
            medians[name] = {engine: statistics.median(values) for engine, values in times.items()}
            wrong = sorted(set(able) - right)
            show(name, medians[name], wrong)
            for engine in wrong:
                del medians[name][engine]
    return medians


def show(name: str, medians: dict[str, float], wrong: list[str]) -> None:
    cells = [f"{medians[engine]:>17.1f}" + ("*" if engine in wrong else " ") if engine in medians else f"{'-':>17} "
             for engine in [OURS, *PEERS]]
    print(f"{name:<14}" + "".join(cells), flush=True)


def ratios_of(medians: dict[str, dict[str, float]]) -> dict[str, float]:
    """To the best peer that answers right."""
    return {name: by[OURS] / min(ms for engine, ms in by.items() if engine != OURS) for name, by in medians.items()}


def geometric_mean(ratios: dict[str, float]) -> float:
    return math.exp(statistics.fmean(math.log(ratio) for ratio in ratios.values()))


def compare(ratios: dict[str, float], history: list[dict]) -> None:
    before = history[-1]["ratios"] if history else {}
    print(f"\n{'ours / best':<14}{'now':>8}{'recorded':>10}")
    for name, ratio in ratios.items():
        known = before.get(name)
        moved = known is not None and abs(math.log(ratio / known)) > math.log(1 + MOVED)
        told = "" if not moved else ("  slower" if ratio > known else "  faster")
        print(f"{name:<14}{ratio:>8.2f}{'-' if known is None else f'{known:.2f}':>10}{told}")
    for told, these in (("mean of a to k", MAIN), ("mean of all", QUERIES)):
        if all(name in ratios for name in these):
            known = geometric_mean({name: before[name] for name in these}) if set(these) <= set(before) else math.nan
            print(f"{told:<14}{geometric_mean({name: ratios[name] for name in these}):>8.2f}{known:>10.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build/data/sf1", help="TPC-H's tables")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=QUERIES, default=list(QUERIES), metavar="NAME")
    parser.add_argument("--record", metavar="NOTE", help="keep the ratios in the history")
    arguments = parser.parse_args()
    files.make(arguments.folder)
    history = json.loads(HISTORY.read_text()) if HISTORY.exists() else []
    print(f"milliseconds on one core, medians of {arguments.runs}; * gives another answer, and does not count")
    print(f"{'':<14}" + "".join(f"{engine:>17} " for engine in [OURS, *PEERS]))
    ratios = ratios_of(measure(arguments.only, arguments.folder, arguments.runs))
    compare(ratios, history)
    if arguments.record:
        history.append({"date": datetime.date.today().isoformat(), "note": arguments.record,
                        "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()}})
        HISTORY.write_text(json.dumps(history, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
