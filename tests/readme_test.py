"""Runs the commands of README.md and of the guide, and compares what they print.

Blocks marked ```console hold commands on lines that begin with "$ " (they go on in the next line
after a backslash, and within double quotes), each followed by what it prints, standard error
included. "..." stands for any
text; alone on a line, for any lines. A command without output below it only has to succeed. The
commands of one page run in one directory that holds the TPC-H tables at scale factor 0.1.
"""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parent.parent
PAGES = [SOURCE / "README.md", *sorted((SOURCE / "docs" / "guide").glob("*.md"))]


def console_blocks(text):
    return re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def goes_on(command):
    return command.endswith("\\") or command.count('"') % 2 == 1


def commands(block):
    """(command, expected output) of a block; None where nothing is expected."""
    found = []
    for line in block.splitlines():
        if found and goes_on(found[-1][0]):
            found[-1][0] += "\n" + line
        elif line.startswith("$ "):
            found.append([line[2:], []])
        else:
            found[-1][1].append(line)
    return [(command, "\n".join(output) if output else None) for command, output in found]


def pattern(expected):
    """The regular expression that `expected` output stands for."""
    lines = [r"(?:.*\n)*?" if line == "..." else
             r"[^\n]*".join(re.escape(part) for part in line.rstrip().split("...")) + r"[ ]*\n"
             for line in expected.splitlines()]
    return "".join(lines)


class PagesTest(unittest.TestCase):
    def environment(self):
        program = pathlib.Path(os.environ.get("SKYHOOK", SOURCE / "build/release/bin/skyhook"))
        return {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "NO_COLOR": "1",
                "SAMPLES": str(SOURCE / "tests/compat/substrait")}

    def run_page(self, page, directory):
        data = pathlib.Path(os.environ.get("SKYHOOK_TPCH", SOURCE / "build/data/sf0.1"))
        for table in data.glob("*.parquet"):
            os.symlink(table.resolve(), pathlib.Path(directory) / table.name)
        for block in console_blocks(page.read_text()):
            for command, expected in commands(block):
                with self.subTest(page=page.name, command=command):
                    self.check(command, expected, directory)

    def check(self, command, expected, directory):
        done = subprocess.run(["bash", "-c", command], cwd=directory, env=self.environment(),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300)
        if expected is None:
            self.assertEqual(done.returncode, 0, done.stdout)
        else:
            self.assertRegex(done.stdout, r"\A" + pattern(expected) + r"\Z",
                             f"\nexpected:\n{expected}\nprinted:\n{done.stdout}")

    def test_the_pages_commands_print_what_they_say(self):
        for page in PAGES:
            with tempfile.TemporaryDirectory() as directory:
                self.run_page(page, directory)

    def test_the_readme_has_commands(self):
        found = sum(len(commands(block)) for block in console_blocks(PAGES[0].read_text()))
        self.assertGreaterEqual(found, 6)

    def test_links_between_pages_lead_somewhere(self):
        pages = PAGES + [SOURCE / name for name in
                         ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/STATUS.md")]
        for page in pages:
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
                with self.subTest(page=page.name, target=target):
                    self.assertTrue((page.parent / target).exists())


class PatternTest(unittest.TestCase):
    """What the comparison above accepts."""

    def matches(self, expected, printed):
        return re.fullmatch(pattern(expected), printed) is not None

    def test_text_matches_itself_only(self):
        self.assertTrue(self.matches("a.b\nc", "a.b\nc\n"))
        self.assertFalse(self.matches("a.b\nc", "a.b\nc\nd\n"))
        self.assertFalse(self.matches("a.b", "axb\n"))

    def test_dots_stand_for_text_within_a_line(self):
        self.assertTrue(self.matches("took ... ms", "took 12.5 ms\n"))
        self.assertFalse(self.matches("took ... ms", "took 12\n5 ms\n"))

    def test_dots_alone_stand_for_lines(self):
        self.assertTrue(self.matches("a\n...\nz", "a\nb\nc\nz\n"))
        self.assertTrue(self.matches("a\n...\nz", "a\nz\n"))
        self.assertFalse(self.matches("a\n...\nz", "a\nb\n"))

    def test_commands_may_go_on_in_the_next_line(self):
        self.assertEqual(commands("$ a \\\n  b\nout\n$ c"), [("a \\\n  b", "out"), ("c", None)])
        self.assertEqual(commands('$ a "b\n  c"\nout'), [('a "b\n  c"', "out")])


if __name__ == "__main__":
    unittest.main()
