"""How soon the program ends by its time limit and by Ctrl-C while a monitor, or the OSDs, do not answer."""

import subprocess
import sys

from testbed import ROOT, testbed


def main() -> None:
    with testbed() as bed:
        subprocess.run([sys.executable, ROOT / "tests/ceph/waits_test.py", "--measure"], env=bed.environment, check=True)


if __name__ == "__main__":
    main()
