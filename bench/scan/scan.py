"""How fast one core scans a Parquet file, beside DuckDB, DataFusion, Polars and pyarrow: all pinned to the last core, one query
after the other, in turn. Prints medians, and how the ratios to the best peer have moved since they were recorded. Our memory of
predicates is off; what it gives is shown apart. Ours is `skyhook sql`; beside it stands client::Scan under a Substrait plan.

Usage: scan.py [--folder FOLDER] [--runs N] [--only NAME... | --repeated] [--record NOTE]"""

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
from queries import FEW_VALUES, MAIN, QUERIES, REPEATED, UNRELATED, Query

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HISTORY = pathlib.Path(__file__).with_name("ratios.json")
# By engine, the Python that has it.
PEERS = {"duckdb": "bench-venv", "datafusion": "venv", "datafusion late": "venv", "polars": "bench-venv", "pyarrow": "venv"}
OURS = "skyhook"
# Without SQL: DataFusion's plan, through client::Scan.
SCAN = "client scan"
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


def times_of(script: str, options: list[str]) -> list[float]:
    """Milliseconds of each statement of a script, or of each run of one."""
    program = [ROOT / "build/release/bin/skyhook", "sql", "--threads", "1", "--timing", *options, "-f", "-"]
    done = subprocess.run(["taskset", "-c", CORE, *program], check=True, input=script, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    return [float(line.split()[0]) for line in done.stderr.splitlines()]


def ours(name: str, file: str, output: str) -> float:
    """Milliseconds of the second of two runs in one process, the rows of the first in `output`."""
    query = QUERIES[name].sql.format(table=f"'{file}'")
    return times_of(query, ["--repeat", "2", "--no-predicate-cache", "--format", "arrow", "-o", output])[1]


def write_plan(name: str, file: str, plan: str) -> None:
    script = pathlib.Path(__file__).with_name("plan.py")
    subprocess.run([ROOT / "build/deps/venv/bin/python", script, name, file, plan], check=True)


def in_process(*arguments: str) -> float:
    """Milliseconds of the second of two runs of skyhook-bench-scan in one process."""
    program = [ROOT / "build/release/bin/skyhook-bench-scan", *arguments]
    done = subprocess.run(["taskset", "-c", CORE, *program], check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout.split()[1])


def scan_once(plan: str, file: str) -> float:
    return in_process("plan", file, plan)


def scan_answer(plan: str, file: str) -> dict[str, object] | None:
    """None: such a plan is not understood; why is on standard error."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/rows.arrow"
        program = [ROOT / "build/release/bin/skyhook", "query", "--plan", plan, "--table", f"t={file}", "--threads", "1"]
        done = subprocess.run([*program, "--format", "arrow", "-o", path], check=False)
        return read_answer(path) if done.returncode == 0 else None


def repeated(folder: pathlib.Path, runs: int) -> None:
    """Prints what the memory of predicates gives, and what it costs."""
    table = f"'{files.path_of(folder, 'lineitem')}'"

    def sql(query: Query) -> str:
        return query.sql.format(table=table)

    def row(name: str, plain: list[float], remembered: list[float]) -> None:
        without, with_it = statistics.median(plain), statistics.median(remembered)
        print(f"{name:<22}{without:>14.1f}{with_it:>14.1f}{with_it / without:>8.2f}")

    print(f"milliseconds on one core, medians of {runs}\n{'':<22}{'not remembered':>14}{'remembered':>14}{'ratio':>8}")
    # The last statement of each script.
    scripts = {name: [sql(query)] * 2 for name, query in REPEATED.items()}
    scripts["another behind these"] = [*map(sql, REPEATED.values()), sql(UNRELATED)]
    for name, statements in scripts.items():
        script = ";\n".join(statements)
        row(name, [times_of(script, ["--format", "csv", "--no-predicate-cache"])[-1] for _ in range(runs)],
            [times_of(script, ["--format", "csv"])[-1] for _ in range(runs)])


def dictionaries(folder: pathlib.Path, runs: int) -> None:
    """Prints what handing out dictionaries as such gives, beside the least that all rows need."""
    file = str(files.path_of(folder, "lineitem"))
    ways = {
        "all rows, through client::Scan": ["rows", file],
        "the same, dictionaries kept": ["rows", file, "--dictionaries", *FEW_VALUES],
        "decompression and one copy": ["pages", file],
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(runs):
        for way, arguments in ways.items():
            times[way].append(in_process(*arguments))
    least = statistics.median(times["decompression and one copy"])
    for way, values in times.items():
        print(f"{way:<32}{statistics.median(values):>8.1f}{statistics.median(values) / least:>8.2f}")


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
        return read_answer(path)


def read_answer(path: str) -> dict[str, object]:
    with pyarrow.OSFile(path) as source, pyarrow.ipc.open_file(source) as reader:
        return answer_of(reader.read_all())


def same(answer: dict, other: dict) -> bool:
    """Averages of decimals are doubles, or decimals of some digits more."""
    return answer["rows"] == other["rows"] and all(
        math.isclose(a, b, rel_tol=1e-6) for a, b in zip(sorted(answer["sums"]), sorted(other["sums"]), strict=True))


def measure(names: list[str], folder: pathlib.Path, runs: int) -> dict[str, dict[str, float]]:
    """Median milliseconds by query and engine; of engines that answer as we do."""
    medians: dict[str, dict[str, float]] = {}
    with peers() as running, tempfile.TemporaryDirectory() as plans:
        for name in names:
            file = str(files.path_of(folder, QUERIES[name].file))
            plan = f"{plans}/plan"
            write_plan(name, file, plan)
            expected = our_answer(name, file)
            first = {engine: peer.run(name, file) for engine, peer in running.items()}
            able = {engine: peer for engine, peer in running.items() if first[engine] is not None}
            # Any ten of equal price are a right top 10.
            right = {engine for engine in able if name == "i: top 10" or same(first[engine], expected)}
            scanned = scan_answer(plan, file)
            if scanned is not None and (name == "i: top 10" or same(scanned, expected)):
                right.add(SCAN)
            scans = [] if scanned is None else [SCAN]
            times: dict[str, list[float]] = {engine: [] for engine in [OURS, *scans, *able]}
            for _ in range(runs):
                times[OURS].append(ours(name, file, "/dev/null"))
                for engine in scans:
                    times[engine].append(scan_once(plan, file))
                for engine, peer in able.items():
                    times[engine].append(peer.run(name, file)["ms"])
            medians[name] = {engine: statistics.median(values) for engine, values in times.items()}
            wrong = sorted({*scans, *able} - right)
            show(name, medians[name], wrong)
            for engine in wrong:
                del medians[name][engine]
    return medians


def show(name: str, medians: dict[str, float], wrong: list[str]) -> None:
    cells = [f"{medians[engine]:>17.1f}" + ("*" if engine in wrong else " ") if engine in medians else f"{'-':>17} "
             for engine in [OURS, SCAN, *PEERS]]
    print(f"{name:<14}" + "".join(cells), flush=True)


def ratios_of(medians: dict[str, dict[str, float]]) -> dict[str, float]:
    """To the best peer that answers right."""
    return {name: by[OURS] / min(ms for engine, ms in by.items() if engine in PEERS) for name, by in medians.items()}


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
    parser.add_argument("--repeated", action="store_true", help="what is remembered of predicates, alone")
    parser.add_argument("--record", metavar="NOTE", help="keep the ratios in the history")
    arguments = parser.parse_args()
    files.make(arguments.folder)
    if arguments.repeated:
        return repeated(arguments.folder, arguments.runs)
    history = json.loads(HISTORY.read_text()) if HISTORY.exists() else []
    print(f"milliseconds on one core, medians of {arguments.runs}; * gives another answer, and does not count")
    print(f"{'':<14}" + "".join(f"{engine:>17} " for engine in [OURS, SCAN, *PEERS]))
    ratios = ratios_of(measure(arguments.only, arguments.folder, arguments.runs))
    compare(ratios, history)
    if arguments.record:
        history.append({"date": datetime.date.today().isoformat(), "note": arguments.record,
                        "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()}})
        HISTORY.write_text(json.dumps(history, indent=1) + "\n")
    if arguments.only == list(QUERIES):
        print()
        repeated(arguments.folder, arguments.runs)
        print()
        dictionaries(arguments.folder, arguments.runs)


if __name__ == "__main__":
    sys.exit(main())
