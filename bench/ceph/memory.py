"""Memory of OSDs after 10,000 calls, beside what plain reads of the same bytes leave; and of a client that scans a
table ten times its limit."""

import os
import resource
import subprocess

from testbed import PROGRAMS, ROOT, Testbed, on_client, resident_bytes, run, testbed

CALLS = 10_000
LINEITEM = ROOT / "build/data/sf1/lineitem.parquet"
MIB = 1 << 20
QUERY = "SELECT sum(l_extendedprice * l_discount), count(l_shipdate) FROM 'rados://replicated/bench/lineitem'"


def osds(bed: Testbed) -> list[int]:
    """Resident bytes of each OSD."""
    return [resident_bytes(pid) for pid in bed.pids("osd")]


def calls_so_far(bed: Testbed) -> int:
    said = run(PROGRAMS / "skyhook", "doctor", "rados://replicated/bench", env=bed.environment)
    return sum(int(line.split(" calls so far")[0].split()[-1]) for line in said.splitlines() if "calls so far" in line)


def scan(bed: Testbed, placement: str, repeats: int) -> None:
    run(*on_client(PROGRAMS / "skyhook", "sql", "--threads", "2", "--placement", placement, "--repeat", str(repeats),
                   "-c", QUERY), env=bed.environment)


def after_calls(bed: Testbed) -> list[int]:
    bed.restart_osds({})
    scan(bed, "push", 5)
    before = calls_so_far(bed)
    scan(bed, "push", 5)
    each = (calls_so_far(bed) - before) / 5
    while (left := CALLS + before - calls_so_far(bed)) > 0:
        scan(bed, "push", max(1, min(100, round(left / each))))
    print(f"{calls_so_far(bed) - before:,} calls, {each:.0f} a query")
    return osds(bed)


def after_reads(bed: Testbed, repeats: int) -> list[int]:
    bed.restart_osds({})
    scan(bed, "pull", 5)
    scan(bed, "pull", repeats)
    return osds(bed)


def client_peak(bed: Testbed, limit: int, query: str) -> int:
    """Peak resident bytes of a client."""
    command = on_client(PROGRAMS / "skyhook", "sql", "--threads", "2", "--memory", f"{limit}B", "--placement", "push",
                        "--format", "arrow", "-c", query)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=bed.environment) as process:
        _, status, usage = wait4(process)
    if status != 0:
        raise RuntimeError(f"{query}: ended with {status}")
    return usage.ru_maxrss * 1024


def wait4(process: subprocess.Popen) -> tuple[int, int, resource.struct_rusage]:
    pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return pid, process.returncode, usage


def main() -> None:
    with testbed() as bed:
        bed.put(LINEITEM, "bench/lineitem", "--object-bytes", "16MiB")
        pushed = after_calls(bed)
        read = after_reads(bed, 50)
        for osd, (a, b) in enumerate(zip(pushed, read, strict=True)):
            print(f"osd.{osd}: {a / MIB:.0f} MiB after the calls, {b / MIB:.0f} MiB after plain reads, "
                  f"{(a - b) / MIB:+.0f} MiB (within 32)")
        limit = LINEITEM.stat().st_size // 10
        base = client_peak(bed, limit, "SELECT count(*) FROM 'rados://replicated/bench/lineitem' WHERE l_orderkey < 0")
        peak = client_peak(bed, limit, "SELECT * FROM 'rados://replicated/bench/lineitem'")
        print(f"a scan of {LINEITEM.stat().st_size / 1e6:.0f} MB under --memory {limit / 1e6:.0f} MB peaks "
              f"{(peak - base) / 1e6:.0f} MB above one of nothing ({base / 1e6:.0f} MB)")


if __name__ == "__main__":
    main()
