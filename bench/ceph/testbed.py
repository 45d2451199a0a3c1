"""A Ceph cluster on one core and a client on another, with a link of their own between them."""

import collections
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = ROOT / "build/release/bin"
NAMESPACE = "skyhook-bench"
STORAGE_LINK, CLIENT_LINK = "skyhook0", "skyhook1"
STORAGE_ADDRESS, CLIENT_ADDRESS = "10.77.9.1", "10.77.9.2"
PORT = 46890
STORAGE_CORE, CLIENT_CORE = 0, 1
OSDS = 3
MOST_PUTS = 50
TICKS = os.sysconf("SC_CLK_TCK")


def results_file(name: str) -> pathlib.Path:
    """Where figures go."""
    directory = ROOT / "build/bench-ceph"
    directory.mkdir(parents=True, exist_ok=True)
    return directory / name


def run(*command: str | pathlib.Path, **options) -> str:
    """Its standard output; fails with what it said on standard error."""
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def on_storage(*command: str | pathlib.Path) -> list[str]:
    return ["taskset", "-c", str(STORAGE_CORE), *map(str, command)]


def on_client(*command: str | pathlib.Path) -> list[str]:
    """Behind the link. Not `ip netns exec`, which gives each process mounts of its own."""
    return ["nsenter", f"--net=/var/run/netns/{NAMESPACE}", "taskset", "-c", str(CLIENT_CORE), *map(str, command)]


def make_link() -> None:
    run("ip", "netns", "add", NAMESPACE)
    run("ip", "link", "add", STORAGE_LINK, "type", "veth", "peer", "name", CLIENT_LINK, "netns", NAMESPACE)
    run("ip", "addr", "add", f"{STORAGE_ADDRESS}/24", "dev", STORAGE_LINK)
    run("ip", "link", "set", STORAGE_LINK, "up")
    run("ip", "-n", NAMESPACE, "addr", "add", f"{CLIENT_ADDRESS}/24", "dev", CLIENT_LINK)
    run("ip", "-n", NAMESPACE, "link", "set", CLIENT_LINK, "up")
    run("ip", "-n", NAMESPACE, "link", "set", "lo", "up")


def remove_link() -> None:
    for command in (["ip", "link", "del", STORAGE_LINK], ["ip", "netns", "del", NAMESPACE]):
        subprocess.run(command, capture_output=True)


def shape(rate: str | None) -> None:
    """Limits the link in both directions, e.g. to "1gbit"; None: to what the machine can."""
    for prefix, device in (([], STORAGE_LINK), (["nsenter", f"--net=/var/run/netns/{NAMESPACE}"], CLIENT_LINK)):
        subprocess.run([*prefix, "tc", "qdisc", "del", "dev", device, "root"], capture_output=True)
        if rate is not None:
            run(*prefix, "tc", "qdisc", "replace", "dev", device, "root", "tbf", "rate", rate,
                "burst", "256kb", "latency", "50ms")


class Testbed:
    """Of three OSDs; what is in `environment` reaches them."""

    def __init__(self, directory: pathlib.Path, environment: dict[str, str] | None = None):
        self.directory = directory
        self.environment = {**os.environ, "SKYHOOK_CLUSTER": str(directory), "SKYHOOK_CLUSTER_PORT": str(PORT),
                            "SKYHOOK_CLUSTER_ADDRESS": STORAGE_ADDRESS, "CEPH_CONF": str(directory / "ceph.conf"),
                            **(environment or {})}

    def cluster(self, *arguments: str) -> None:
        run(*on_storage(ROOT / "tools/cluster", *arguments), env=self.environment)

    def restart_osds(self, environment: dict[str, str]) -> None:
        self.environment.update(environment)
        for osd in range(OSDS):
            self.cluster("stop-osd", str(osd))
        self.cluster("up")

    def put(self, file: pathlib.Path, table: str, *options: str) -> None:
        run(PROGRAMS / "skyhook", "put", file, f"rados://replicated/{table}", "--replace", *options, env=self.environment)

    def put_spread(self, file: pathlib.Path, table: str) -> None:
        """Until no OSD is asked for more than its share of the objects, or one: they fall where their random names lead, and
        how many scans run at a time hangs on that."""
        known = set(self.objects(table))
        for _ in range(MOST_PUTS):
            self.put(file, table)
            fresh = set(self.objects(table)) - known
            known |= fresh
            share = -(-len(fresh) // OSDS)
            asked = collections.Counter(self.primary(table, name) for name in fresh)
            if max(asked.values()) <= share + 1 and len(asked) == OSDS:
                return
        raise RuntimeError(f"{table}: its objects fell on few OSDs {MOST_PUTS} times")

    def objects(self, table: str) -> list[str]:
        """That hold data of a table, also such as were replaced."""
        said = run("rados", "--pool", "replicated", "--namespace", table.partition("/")[0], "ls", env=self.environment)
        return [name for name in said.splitlines() if name.startswith(f"{table.partition('/')[2]}/data-")]

    def primary(self, table: str, name: str) -> int:
        """The OSD that is asked for an object."""
        said = run("ceph", "osd", "map", "replicated", name, table.partition("/")[0], "--format", "json", env=self.environment)
        return json.loads(said)["acting_primary"]

    def pids(self, daemon: str) -> list[int]:
        return [int(file.read_text()) for file in sorted((self.directory / "run").glob(f"{daemon}.*.pid"))]

    def storage_cpu(self) -> float:
        """CPU seconds of all daemons and workers so far, those of workers that have ended included."""
        daemons = [pid for name in ("osd", "client") for pid in self.pids(name)]
        return sum(map(cpu_of, daemons)) + sum(cpu_of(child) for pid in daemons for child in children_of(pid))

    def bytes_to_client(self) -> int:
        return int(pathlib.Path(f"/sys/class/net/{STORAGE_LINK}/statistics/tx_bytes").read_text())


def cpu_of(pid: int) -> float:
    """Of a process and its children that have ended, in seconds."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def children_of(pid: int) -> list[int]:
    found = []
    for file in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError):
            found += map(int, file.read_text().split())
    return found


def resident_bytes(pid: int) -> int:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


@contextlib.contextmanager
def testbed(environment: dict[str, str] | None = None) -> Iterator[Testbed]:
    """Makes link and cluster, and removes both however it ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    bed = Testbed(ROOT / "build/bench-cluster", environment)
    remove_link()
    bed.cluster("destroy")
    try:
        make_link()
        bed.cluster("up")
        yield bed
    finally:
        bed.cluster("destroy")
        remove_link()
