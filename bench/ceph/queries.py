"""Scans and aggregates of TPC-H lineitem: pushed, pulled, as Skyhook decides, and by DuckDB and Polars through the
gateway; with the machine's own link, and with one of 1 Gb/s. Answers are those of DuckDB over the local file."""

import contextlib
import dataclasses
import functools
import json
import math
import pathlib
import statistics
import subprocess
import sys
from collections.abc import Iterator

import duckdb

from sums import sum_of
from testbed import (PORT, PROGRAMS, ROOT, STORAGE_ADDRESS, Testbed, on_client, results_file, run, shape, testbed)

ROUNDS = 3
LINKS = {"veth": None, "1 Gb/s": "1gbit"}
LINEITEM = ROOT / "build/data/sf1/lineitem.parquet"
ENDPOINT = f"{STORAGE_ADDRESS}:{PORT + 1}"
OWN = ("push", "pull", "auto")
PEERS = ("duckdb", "polars")


# TPC-H's, without the arithmetic over literals that Polars does not have.
Q1 = """
SELECT l_returnflag, l_linestatus, sum(l_quantity) AS sum_qty, sum(l_extendedprice) AS sum_base_price,
  sum(l_extendedprice * (1 - l_discount)) AS sum_disc_price,
  sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS sum_charge,
  avg(l_quantity) AS avg_qty, avg(l_extendedprice) AS avg_price, avg(l_discount) AS avg_disc, count(*) AS count_order
FROM {table} WHERE l_shipdate <= DATE '1998-09-02'
GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus"""
Q6 = """
SELECT sum(l_extendedprice * l_discount) AS revenue FROM {table}
WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1995-01-01'
  AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24"""
# l_partkey is spread evenly over 1 to 200,000, and not sorted: no row group and no page can be left out.
QUERIES = {f"{share:g} %": f"SELECT * FROM {{table}} WHERE l_partkey <= {round(share * 2000)}"
           for share in (0.01, 1, 10, 50, 100)}
QUERIES |= {"Q1": Q1, "Q6": Q6}


@dataclasses.dataclass
class Figures:
    """Of one run."""
    ms: float
    client_cpu_s: float
    storage_cpu_s: float
    megabytes: float


class Runner:
    """A process that runs one query whenever it is told to."""

    def __init__(self, bed: Testbed, engine: str, query: str):
        self.bed = bed
        if engine in OWN:
            command = [PROGRAMS / "skyhook-bench-ceph", "query", "--placement", engine,
                       query.format(table="'rados://replicated/bench/lineitem'")]
        else:
            command = [sys.executable, pathlib.Path(__file__).parent / "peer.py", engine, ENDPOINT,
                       "s3://bench/lineitem.parquet", query]
        self.process = subprocess.Popen(on_client(*command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=bed.environment)

    def once(self) -> tuple[Figures, tuple]:
        cpu, received = self.bed.storage_cpu(), self.bed.bytes_to_client()
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args} ended")
        said = json.loads(line)
        figures = Figures(said["ms"], said["cpu_s"], self.bed.storage_cpu() - cpu,
                          (self.bed.bytes_to_client() - received) / 1e6)
        return figures, (said["rows"], said["sums"])

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=60)


@functools.cache
def truth_of(query: str) -> tuple:
    table = duckdb.sql(query.format(table=f"read_parquet('{LINEITEM}')")).to_arrow_table()
    return table.num_rows, [sum_of(column) for column in table.columns]


def check(answer: tuple, truth: tuple, what: str) -> None:
    same = answer[0] == truth[0] and all(math.isclose(a, b, rel_tol=1e-9) for a, b in zip(answer[1], truth[1], strict=True))
    if not same:
        raise RuntimeError(f"{what}: {answer} is not {truth}")


def median(figures: list[Figures]) -> Figures:
    return Figures(*(statistics.median(column) for column in zip(*map(dataclasses.astuple, figures))))


def measure(bed: Testbed, name: str, query: str, engines: tuple[str, ...]) -> dict[str, Figures]:
    """Every engine in turn, round after round; the first is not counted."""
    truth = truth_of(query)
    with contextlib.ExitStack() as stack:
        runners = {engine: Runner(bed, engine, query) for engine in engines}
        for runner in runners.values():
            stack.callback(runner.close)
        figures: dict[str, list[Figures]] = {engine: [] for engine in engines}
        for counted in [False] + [True] * ROUNDS:
            for engine, runner in runners.items():
                once, answer = runner.once()
                check(answer, truth, f"{engine}, {name}")
                if counted:
                    figures[engine].append(once)
    return {engine: median(of_engine) for engine, of_engine in figures.items()}


def show(link: str, name: str, rows: int, results: dict[str, Figures]) -> None:
    for engine, figures in results.items():
        print(f"{link:<8}{name:<8}{rows:>10,} {engine:<8}{figures.ms:>10.1f}{figures.client_cpu_s:>9.2f}"
              f"{figures.storage_cpu_s:>9.2f}{figures.megabytes:>10.3f}", flush=True)


def all_figures(bed: Testbed) -> Iterator[tuple[str, str, dict[str, Figures]]]:
    print(f"{'link':<8}{'query':<8}{'rows':>10} {'engine':<8}{'ms':>10}{'client s':>9}{'OSDs s':>9}{'MB':>10}")
    for link, rate in LINKS.items():
        shape(rate)
        for name, query in QUERIES.items():
            results = measure(bed, name, query, OWN + PEERS)
            show(link, name, truth_of(query)[0], results)
            yield link, name, results
    shape(None)


def load(bed: Testbed) -> None:
    bed.put_spread(LINEITEM, "bench/lineitem")
    bed.cluster("start-rgw")
    run(sys.executable, pathlib.Path(__file__).parent / "upload.py", ENDPOINT, "bench", LINEITEM)


def verdicts(results: dict[str, dict[str, dict[str, Figures]]]) -> None:
    q6 = results["veth"]["Q6"]
    print(f"\npushed Q6 moves {100 * q6['push'].megabytes / q6['pull'].megabytes:.3f} % of the bytes of pulled "
          "(below 1 %)")
    for link, of_link in results.items():
        ratios = {name: of["auto"].ms / min(of["push"].ms, of["pull"].ms) for name, of in of_link.items()}
        worst = max(ratios, key=ratios.get)
        target = " (at most 1.2)" if link != "veth" else ""
        print(f"{link}: auto takes at most {ratios[worst]:.2f} times the better of pushed and pulled, at {worst}{target}")


def main() -> None:
    results: dict[str, dict[str, dict[str, Figures]]] = {}
    with testbed() as bed:
        load(bed)
        for link, name, figures in all_figures(bed):
            results.setdefault(link, {})[name] = figures
    plain = {link: {name: {engine: dataclasses.asdict(one) for engine, one in of.items()} for name, of in of_link.items()}
             for link, of_link in results.items()}
    results_file("queries.json").write_text(json.dumps(plain, indent=1))
    run(sys.executable, pathlib.Path(__file__).parent / "plot.py")
    verdicts(results)


if __name__ == "__main__":
    main()
