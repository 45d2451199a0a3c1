"""How long a call takes that reads nothing: to the class, and to the worker and back."""

import json

from testbed import PROGRAMS, ROOT, on_client, results_file, run, testbed

CALLS = 5000
LINEITEM = ROOT / "build/data/sf0.1/lineitem.parquet"


def main() -> None:
    with testbed() as bed:
        bed.put(LINEITEM, "bench/lineitem")
        names = run("rados", "-p", "replicated", "-N", "bench", "ls", env=bed.environment).split()
        data = next(name for name in names if name.startswith("lineitem/data-"))
        lines = run(*on_client(PROGRAMS / "skyhook-bench-ceph", "calls", "replicated", f"bench/{data}", str(CALLS)),
                    env=bed.environment).splitlines()
    results_file("latency.json").write_text("\n".join(lines) + "\n")
    for line in map(json.loads, lines):
        target = " (below 200 us)" if line["what"] == "scan" else ""
        print(f"call of {line['what']} that reads nothing: median {line['p50_us']:.0f} us{target}, "
              f"99 % below {line['p99_us']:.0f} us, {line['count']} calls")


if __name__ == "__main__":
    main()
