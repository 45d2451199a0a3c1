"""Installs both components below a temporary folder, and makes the Debian packages: what is in them,
and that it starts."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = pathlib.Path(os.environ.get("SKYHOOK", SOURCE / "build/release/bin/skyhook"))
BUILD = PROGRAM.parent.parent

CLASS = "usr/lib/x86_64-linux-gnu/rados-classes/libcls_skyhook.so"
WORKER = "usr/lib/skyhook/osd/skyhook-worker"
CLIENT = "usr/bin/skyhook"
MODULE = "usr/lib/skyhook/libskyhook_rados.so"


def licences(component):
    folder = f"usr/share/doc/skyhook-{component}"
    return {f"{folder}/{name}" for name in ("copyright", "arrow-LICENSE.txt", "arrow-NOTICE.txt")}


ARROW = ("libarrow.so.2600", "libarrow_compute.so.2600", "libparquet.so.2600")
FILES = {
    "osd": {CLASS, WORKER} | {f"usr/lib/skyhook/osd/{name}" for name in ARROW} | licences("osd"),
    "client": {CLIENT, MODULE, "usr/lib/skyhook/libduckdb.so", "usr/lib/skyhook/libarrow_flight.so.2600"} | {f"usr/lib/skyhook/{name}" for name in ARROW}
              | licences("client"),
}


def run(*command, **environment):
    """Its standard output; fails with what it said on standard error."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=SOURCE,
                          env={**os.environ, "LD_LIBRARY_PATH": "", **environment})
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def resolved(binary):
    """The shared libraries that a binary would load: name to path."""
    found = dict(re.findall(r"^\s*(\S+) => (\S+|not found)", run("ldd", str(binary)), re.MULTILINE))
    return {name: pathlib.Path(path).resolve() for name, path in found.items() if path != "not"}


def needed(binary):
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", str(binary))))


class InstallTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name).resolve()

    def install(self, component):
        run("tools/install", component, DESTDIR=str(self.root), SKYHOOK_BUILD=str(BUILD))

    def files(self):
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if not path.is_dir()}

    def assert_resolves(self, binary, folder, private):
        path = self.root / binary
        libraries = resolved(path)
        self.assertLessEqual(needed(path), set(libraries), "not found")
        self.assertEqual({name for name, where in libraries.items() if where.parent == self.root / folder}, private)
        self.assertNotIn(str(SOURCE), run("readelf", "-d", str(path)))

    def test_osd(self):
        self.install("osd")
        self.assertEqual(self.files(), FILES["osd"])
        self.assert_resolves(WORKER, "usr/lib/skyhook/osd", set(ARROW))
        self.assertEqual((self.root / WORKER).stat().st_mode & 0o777, 0o755)
        # The class looks for the worker where it was put.
        commands = (BUILD / "compile_commands.json").read_text()
        self.assertEqual(set(re.findall(r'SKYHOOK_DEFAULT_WORKER=[\\"]+(.*?)[\\"]+', commands)), {f"/{WORKER}"})
        # By hand it has no window to map, and says so: its libraries were found.
        done = subprocess.run([str(self.root / WORKER)], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("descriptor 4 is no window", done.stderr)

    def test_client(self):
        self.install("client")
        self.assertEqual(self.files(), FILES["client"])
        self.assert_resolves(CLIENT, "usr/lib/skyhook", {*ARROW, "libduckdb.so", "libarrow_flight.so.2600"})
        self.assert_resolves(MODULE, "usr/lib/skyhook", {"libarrow.so.2600"})
        self.assertIn("librados.so.2", needed(self.root / MODULE))
        self.assertNotIn("librados.so.2", resolved(self.root / CLIENT))
        self.assertRegex(run(str(self.root / CLIENT), "version"), r"^skyhook [0-9.]+ \(Arrow 26")

    def test_a_file_is_replaced_and_never_rewritten(self):
        self.install("osd")
        with open(self.root / CLASS, "rb") as old:
            before = old.read()
            self.install("osd")
            old.seek(0)
            self.assertEqual(old.read(), before)
            self.assertNotEqual(os.fstat(old.fileno()).st_ino, (self.root / CLASS).stat().st_ino)
        self.assertEqual(self.files(), FILES["osd"])

    def test_packages(self):
        run("cpack", "--config", str(BUILD / "CPackConfig.cmake"), "-B", str(self.root))
        packages = {path.name.split("_")[0]: path for path in self.root.glob("*.deb")}
        self.assertEqual(set(packages), {"skyhook-osd", "skyhook-client"})
        for component, files in FILES.items():
            package = str(packages[f"skyhook-{component}"])
            listed = re.findall(r"^(\S+) (\S+) .* \./(.*)$", run("dpkg-deb", "--contents", package), re.MULTILINE)
            self.assertEqual({name for mode, _, name in listed if not mode.startswith("d")}, files)
            self.assertEqual({owner for _, owner, _ in listed}, {"root/root"})
        fields = run("dpkg-deb", "--field", str(packages["skyhook-osd"]))
        for line in ("Architecture: amd64", "Depends: .*ceph-osd \\(>= 16.2\\)", "Depends: .*libseccomp2",
                     "Depends: .*libprotobuf32", "Depends: .*libc6 ", "Maintainer: .*<.*>",
                     "Description: .*object class"):
            self.assertRegex(fields, f"(?m)^{line}")
        fields = run("dpkg-deb", "--field", str(packages["skyhook-client"]))
        self.assertRegex(fields, "(?m)^Recommends: librados2 ")
        self.assertNotRegex(fields, "(?m)^Depends: .*librados2")
        self.assertNotIn("ceph", fields)
        self.assertRegex(fields, "(?m)^Depends: .*libc6 ")


if __name__ == "__main__":
    unittest.main()
