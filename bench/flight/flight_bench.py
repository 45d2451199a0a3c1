"""skyhookd beside a Flight server of pyarrow that filters on the server: the same file, the same client, one core for the
server and one for the client. Milliseconds (medians), bytes received, CPU of both sides."""

import argparse
import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import types

# pyarrow and DataFusion fail on import when a package of this name is not the one that they could use.
sys.modules["substrait"] = types.ModuleType("substrait")
sys.modules["substrait.proto"] = sys.modules["substrait"].proto = types.ModuleType("proto")

import datafusion
import datafusion.substrait
import pyarrow.flight as flight

import queries

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(process):
    """Of a process and of all below it."""
    spent, parents = {}, {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = stat.read_text().rpartition(")")[2].split()
            number = int(stat.parent.name)
            parents[number] = int(fields[1])
            spent[number] = sum(map(int, fields[11:15])) / TICKS
    family = {process.pid}
    while more := {number for number, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(spent.get(number, 0) for number in family)


@contextlib.contextmanager
def server(command, log):
    """A server on the first core, and where it listens."""
    process = subprocess.Popen(["taskset", "-c", "0", *command], stdout=subprocess.PIPE, stderr=log, text=True, cwd=HERE)
    try:
        yield process, re.search(r"grpc://\S+", process.stdout.readline())[0]
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


class Asked:
    """One query at one server."""

    def __init__(self, process, address, ticket):
        self.process = process
        self.client = flight.connect(address)
        self.ticket = flight.Ticket(ticket)
        self.milliseconds, self.servers, self.clients = [], [], []

    def once(self):
        server_cpu, client_cpu, begin = cpu_seconds(self.process), time.process_time(), time.perf_counter()
        rows = bytes_ = 0
        for chunk in self.client.do_get(self.ticket):
            rows += chunk.data.num_rows
            bytes_ += chunk.data.get_total_buffer_size()
        self.milliseconds.append((time.perf_counter() - begin) * 1e3)
        self.clients.append(time.process_time() - client_cpu)
        self.servers.append(cpu_seconds(self.process) - server_cpu)
        return rows, bytes_

    def median(self):
        return statistics.median(self.milliseconds)


def check(ours, peer, name):
    """The same rows, whatever their order; sums to the last digit."""
    def plain(asked):
        table = asked.client.do_get(asked.ticket).read_all()
        return sorted(tuple(str(value) for value in row.values()) for row in table.to_pylist())

    if plain(ours) != plain(peer):
        raise RuntimeError(f"{name}: the answers differ")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {1})
    folder = ROOT / "build/data/sf1"
    context = datafusion.SessionContext()
    context.register_parquet("lineitem", str(folder / "lineitem.parquet"))
    results = {}
    with tempfile.TemporaryFile() as log, contextlib.ExitStack() as stack:
        our, our_address = stack.enter_context(server(
            [ROOT / "build/release/bin/skyhookd", "--export", f"tpch={folder}", "--listen", "grpc://127.0.0.1:0"], log))
        peer, peer_address = stack.enter_context(server([sys.executable, HERE / "peer_server.py", folder / "lineitem.parquet"], log))
        print(f"{'':10}{'skyhookd ms':>13}{'pyarrow ms':>12}{'ratio':>7}{'MB':>8}{'MB':>8}{'server s':>10}{'server s':>10}"
              f"{'client s':>10}{'client s':>10}")
        asked = {"nothing": (Asked(our, our_address, json.dumps({"table": "tpch/lineitem", "limit": 0}).encode()),
                             Asked(peer, peer_address, b"nothing"))}
        for name, query in queries.QUERIES.items():
            plan = datafusion.substrait.Serde.serialize_bytes(query.sql, context)
            asked[name] = (Asked(our, our_address, bytes(plan)), Asked(peer, peer_address, name.encode()))
        for name, (ours, peers) in asked.items():
            if name not in ("nothing", "all rows"):
                check(ours, peers, name)
            repeats = 200 if name == "nothing" else arguments.runs
            for each in (ours, peers):
                each.once()
                each.milliseconds.clear(), each.servers.clear(), each.clients.clear()
            for _ in range(repeats):
                bytes_ = [each.once()[1] for each in (ours, peers)]
            results[name] = ours.median() / peers.median()
            print(f"{name:10}{ours.median():>13.2f}{peers.median():>12.2f}{results[name]:>7.2f}"
                  f"{bytes_[0] / 1e6:>8.1f}{bytes_[1] / 1e6:>8.1f}" + "".join(
                      f"{statistics.mean(getattr(each, side)):>10.4f}" for side in ("servers", "clients") for each in (ours, peers)),
                  flush=True)
    out = ROOT / "build/bench-flight"
    out.mkdir(exist_ok=True)
    (out / "ratios.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
