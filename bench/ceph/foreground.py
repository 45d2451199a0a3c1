"""What scans do to others: small reads at a fixed rate while nothing else happens, while scans are pulled at half of
the rate that they reach, and while they are pushed at the same rows per second."""

import json
import statistics
import subprocess
import threading
import time

from testbed import PROGRAMS, ROOT, Testbed, on_client, results_file, run, testbed

LINEITEM = ROOT / "build/data/sf1/lineitem.parquet"
LIMITS = (1, 2, 4)
DEFAULT = 2
RUNS = 5
SECONDS = 6
READS_PER_SECOND = 500
QUERY = "SELECT * FROM 'rados://replicated/bench/lineitem' WHERE l_partkey <= 200"


class Scans:
    """A client that runs a query over and over, one begun every `period` seconds."""

    def __init__(self, bed: Testbed, placement: str):
        self.process = subprocess.Popen(
            on_client(PROGRAMS / "skyhook-bench-ceph", "query", "--placement", placement, QUERY),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=bed.environment)
        self.once()

    def once(self) -> float:
        """Seconds that it took."""
        begin = time.perf_counter()
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        if not self.process.stdout.readline():
            raise RuntimeError("the scans have ended")
        return time.perf_counter() - begin

    def pace(self, period: float, stop: threading.Event) -> int:
        """Until it is stopped; the number of scans."""
        done, due = 0, time.perf_counter()
        while not stop.is_set():
            self.once()
            done += 1
            due += period
            stop.wait(max(0.0, due - time.perf_counter()))
        return done

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=60)


def p99_us(bed: Testbed, seconds: float = SECONDS) -> float:
    said = run(*on_client(PROGRAMS / "skyhook-bench-ceph", "reads", "replicated", "other", str(seconds), str(READS_PER_SECOND)),
               env=bed.environment)
    return json.loads(said)["p99_us"]


def p99_beside(bed: Testbed, scans: Scans, period: float) -> tuple[float, float]:
    """Of the reads, in microseconds; and the scans each second."""
    stop, done = threading.Event(), []
    begin = time.perf_counter()
    thread = threading.Thread(target=lambda: done.append(scans.pace(period, stop)))
    thread.start()
    try:
        latency = p99_us(bed)
    finally:
        stop.set()
        thread.join()
    return latency, done[0] / (time.perf_counter() - begin)


def measure(bed: Testbed) -> dict[str, float]:
    """The median 99th percentiles."""
    pulled, pushed = Scans(bed, "pull"), Scans(bed, "push")
    try:
        period = 2 * min(pulled.once() for _ in range(3))
        figures: dict[str, list[float]] = {"idle": [], "pull": [], "push": []}
        rates: dict[str, list[float]] = {"pull": [], "push": []}
        for _ in range(RUNS):
            figures["idle"].append(p99_us(bed))
            for name, scans in (("pull", pulled), ("push", pushed)):
                latency, rate = p99_beside(bed, scans, period)
                figures[name].append(latency)
                rates[name].append(rate)
    finally:
        pulled.close()
        pushed.close()
    medians = {name: statistics.median(values) for name, values in figures.items()}
    return medians | {f"{name}_rate": statistics.median(values) for name, values in rates.items()}


def main() -> None:
    results = {}
    with testbed() as bed:
        bed.put_spread(LINEITEM, "bench/lineitem")
        bed.put_spread(LINEITEM, "other/lineitem")
        print(f"{'calls at a time':>16}{'idle us':>10}{'pulled us':>11}{'pushed us':>11}{'ratio':>8}{'scans/s':>16}")
        for limit in LIMITS:
            bed.restart_osds({"SKYHOOK_CALLS": str(limit)})
            p99_us(bed, 2)
            results[limit] = one = measure(bed)
            target = " (at most 1.5)" if limit == DEFAULT else ""
            print(f"{limit:>16}{one['idle']:>10.0f}{one['pull']:>11.0f}{one['push']:>11.0f}{one['push'] / one['pull']:>8.2f}"
                  f"{one['pull_rate']:>8.2f}{one['push_rate']:>8.2f}{target}", flush=True)
    results_file("foreground.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
