"""The prompt of `skyhook sql` as people use it, in a terminal of 80 columns (tmux): Ctrl-C, history,
completion, wide tables, and the screens that the guide shows."""

import itertools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from readme_test import pattern

SOURCE = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("SKYHOOK", str(SOURCE / "build/release/bin/skyhook"))
DATA = pathlib.Path(os.environ.get("SKYHOOK_TPCH", SOURCE / "build/data/sf0.1"))
GUIDE = SOURCE / "docs/guide/shell.md"
DEADLINE_SECONDS = 20
COLUMNS, LINES = 80, 40
PROMPT, MORE = "skyhook> ", "    ...> "
ENDLESS = "SELECT count(*) FROM range(10000000) a(x), range(10000000) b(y) WHERE (x * y) % 7 = 8;"


class Terminal:
    """A shell of skyhook's in a tmux server of its own."""

    NUMBERS = itertools.count()

    def __init__(self, directory, *arguments, environment=None):
        # Each terminal is a server of its own: one that ends may still hold its socket.
        self.socket = os.path.join(directory, f"tmux-{next(self.NUMBERS)}")
        environment = {"HOME": directory, "NO_COLOR": "1", "SKYHOOK_HISTORY": os.path.join(directory, "history"),
                       "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **(environment or {})}
        words = ["env", *(f"{name}={value}" for name, value in environment.items()), PROGRAM, "sql", *arguments]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), "-c", directory,
                  " ".join(f"'{word}'" for word in words) + "; echo; echo 'ended with' $?; sleep 600")
        self.wait_for(PROMPT.rstrip())

    def tmux(self, *arguments):
        done = subprocess.run(["tmux", "-S", self.socket, *arguments], capture_output=True, text=True,
                              timeout=DEADLINE_SECONDS, env={**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"})
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def keys(self, *keys):
        """Names of keys as tmux has them: Enter, Tab, Up, C-c."""
        self.tmux("send-keys", *keys)

    def type(self, text):
        # A semicolon at the end would end tmux's own command.
        self.tmux("send-keys", "-l", text[:-1] + "\\;" if text.endswith(";") else text)

    def enter(self, line):
        self.type(line)
        self.keys("Enter")

    def screen(self):
        return "\n".join(line.rstrip() for line in self.tmux("capture-pane", "-p").splitlines()).rstrip()

    def wait_until(self, what, is_so):
        limit = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < limit:
            screen = self.screen()
            if is_so(screen):
                return screen
            time.sleep(0.02)
        raise AssertionError(f"{what} did not come; the screen is:\n{screen}")

    def wait_for(self, text):
        return self.wait_until(repr(text), lambda screen: text.rstrip() in screen)

    def wait_for_prompt(self):
        """An empty prompt at the end of the screen."""
        return self.wait_until("the prompt", lambda screen: screen.splitlines()[-1:] == [PROMPT.rstrip()])

    def clear(self):
        self.keys("C-l")
        self.wait_until("a clear screen", lambda screen: len(screen.splitlines()) == 1)

    def close(self):
        self.tmux("kill-server")


class ShellTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        for table in DATA.glob("*.parquet"):
            os.symlink(table.resolve(), os.path.join(self.directory, table.name))

    def open(self, *arguments, **options):
        terminal = Terminal(self.directory, *arguments, **options)
        self.addCleanup(terminal.close)
        return terminal

    def test_the_pager_gets_results_on_a_terminal(self):
        pager = os.path.join(self.directory, "pager")
        with open(pager, "w") as script:
            script.write("#!/bin/sh\nsed 's/^/paged: /'\n")
        os.chmod(pager, 0o755)
        terminal = self.open("--pager", environment={"PAGER": pager})
        terminal.enter("SELECT 40 + 2 AS answer;")
        screen = terminal.wait_for("paged: (1 row)")
        self.assertIn("paged:     42", screen)
        terminal.enter(".pager off")
        terminal.clear()
        terminal.enter("SELECT 40 + 3 AS answer;")
        screen = terminal.wait_for("(1 row)")
        self.assertNotIn("paged", screen)

    def test_without_a_terminal_there_is_no_pager(self):
        done = subprocess.run([PROGRAM, "sql", "--pager", "-c", "SELECT 42 AS answer"], capture_output=True, text=True,
                              timeout=DEADLINE_SECONDS, env={**os.environ, "PAGER": "sed s/^/paged:/"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("42", done.stdout)
        self.assertNotIn("paged", done.stdout)

    def test_ctrl_c_at_the_prompt_drops_the_line_and_stays(self):
        terminal = self.open()
        terminal.enter("SELECT 1 +")
        terminal.wait_for(MORE.rstrip())
        terminal.type("2 + nonsense")
        terminal.keys("C-c")
        terminal.wait_for_prompt()
        terminal.enter("SELECT 40 + 2 AS answer;")
        terminal.wait_for("(1 row)")
        self.assertIn("42", terminal.wait_for_prompt())
        self.assertNotIn("error", terminal.screen())

    def test_ctrl_c_stops_a_query_and_stays(self):
        terminal = self.open()
        for _ in range(2):
            terminal.enter(ENDLESS)
            terminal.wait_until("the query", lambda screen: screen.splitlines()[-1].endswith("8;"))
            time.sleep(0.3)  # the query runs by then, or has yet to begin: both have to end
            terminal.keys("C-c")
            terminal.wait_for("cancelled")
            terminal.wait_for_prompt()
            terminal.clear()
        terminal.enter("SELECT 40 + 2 AS answer;")
        self.assertIn("42", terminal.wait_for("(1 row)"))

    def test_the_history_outlives_the_shell_and_keeps_statements_whole(self):
        terminal = self.open()
        terminal.enter("SELECT 6 *")
        terminal.enter("7 AS product;")
        terminal.wait_for("(1 row)")
        terminal.enter(".quit")
        terminal.wait_for("ended with 0")
        self.assertEqual(os.stat(os.path.join(self.directory, "history")).st_mode & 0o077, 0)
        again = self.open()
        again.keys("Up", "Up")
        self.assertIn("SELECT 6 *\n7 AS product;", again.wait_for("7 AS product;"))
        again.keys("Enter")
        self.assertIn("42", again.wait_for("(1 row)"))

    def test_tab_completes(self):
        terminal = self.open("--data", ".")
        for typed, completed in (("SEL", "SELECT "), ("sel", "select "), ("FROM nati", "FROM nation "),
                                 ("SELECT count(*) FROM 'custo", "SELECT count(*) FROM 'customer.parquet'"),
                                 (".vert", ".vertical ")):
            terminal.type(typed)
            terminal.keys("Tab")
            terminal.wait_for(PROMPT + completed.rstrip())
            terminal.keys("C-c")
            terminal.wait_for_prompt()
            terminal.clear()
        terminal.enter("FROM nation")
        terminal.type("SELECT n_regi")
        terminal.keys("Tab")
        terminal.wait_for("SELECT n_regionkey")
        terminal.keys("C-c")
        terminal.wait_for_prompt()
        terminal.clear()
        terminal.type("SELECT o_ FROM")
        terminal.keys("C-c")
        terminal.wait_for_prompt()
        terminal.clear()
        terminal.enter("FROM orders SELECT")
        terminal.type("o_order")
        terminal.keys("Tab")
        terminal.keys("Tab")
        screen = terminal.wait_for("o_orderpriority")
        for column in ("o_orderdate", "o_orderkey", "o_orderstatus"):
            self.assertIn(column, screen)

    def test_a_wide_table_fits_80_columns_and_says_what_it_left_out(self):
        terminal = self.open("--data", ".")
        terminal.enter("FROM lineitem LIMIT 3;")
        screen = terminal.wait_for("(3 rows")
        self.assertLessEqual(max(len(line) for line in screen.splitlines()), COLUMNS)
        self.assertRegex(screen, r"\(3 rows; 16 columns, \d+ shown; --all shows all")
        self.assertEqual(len([line for line in screen.splitlines() if " | " in line]), 4)
        terminal.clear()
        terminal.enter(".all on")
        terminal.enter("FROM lineitem LIMIT 1;")
        self.assertIn("l_comment", terminal.wait_for("(1 row)"))

    def test_many_rows_are_cut_and_counted(self):
        terminal = self.open("--data", ".")
        terminal.enter("SELECT l_orderkey FROM lineitem;")
        self.assertIn("(600,572 rows, 100 shown; --all shows all", terminal.wait_for("rows,"))

    def test_vertical(self):
        terminal = self.open("--data", ".")
        terminal.enter("\\x")
        terminal.enter("FROM region WHERE r_regionkey = 1;")
        screen = terminal.wait_for("(1 row)")
        self.assertRegex(screen, r"-\[ row 1 \]-+\nr_regionkey \| 1\nr_name      \| AMERICA\n")

    def test_help_and_wrong_commands(self):
        terminal = self.open()
        for word in (".help", "\\?", "help", "help;"):
            terminal.enter(word)
            terminal.wait_for("Ctrl-R searches")
            terminal.wait_for_prompt()
            terminal.clear()
        terminal.enter(".halp")
        terminal.wait_for("there is no command '.halp'; see .help")
        terminal.enter(".timing maybe")
        terminal.wait_for(".timing takes on or off, not 'maybe'")
        terminal.enter(".tables")
        terminal.wait_for("--data DIR")
        for command in (".schema 'region.parquet'", "\\d 'region.parquet'"):
            terminal.enter(command)
            terminal.wait_for("(3 rows)")
            terminal.wait_for_prompt()
            terminal.clear()
        terminal.enter(".schema nosuch")
        screen = terminal.wait_for("Table with name nosuch does not exist!")
        self.assertNotIn("DESCRIBE", screen)  # the statement behind it, which nobody typed

    def test_formats_at_the_prompt(self):
        terminal = self.open()
        terminal.enter(".format csv")
        terminal.wait_for(".format is csv")
        terminal.enter(".format parquet")
        terminal.wait_for("parquet is for files")
        terminal.clear()
        terminal.enter(".format")
        terminal.wait_for(".format is csv")

    def test_leaving(self):
        for how in (".quit", "\\q", "quit", "exit", "exit;", None):
            terminal = Terminal(self.directory)
            try:
                terminal.keys("C-d") if how is None else terminal.enter(how)
                terminal.wait_for("ended with 0")
            finally:
                terminal.close()

    def test_an_error_leaves_the_prompt(self):
        terminal = self.open()
        terminal.enter("SELECT CAST(CASE WHEN i = 900000 THEN 'x' ELSE '1' END AS INT) FROM range(1000000) t(i);")
        terminal.wait_for("Could not convert string 'x' to INT32")
        terminal.wait_for_prompt()

    def test_the_screens_of_the_guide(self):
        blocks = re.findall(r"^```screen\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
        self.assertGreaterEqual(len(blocks), 3)
        for block in blocks:
            with self.subTest(block=block):
                terminal = Terminal(self.directory, "--data", ".", "--threads", "1")
                try:
                    self.replay(terminal, block)
                finally:
                    terminal.close()

    def replay(self, terminal, block):
        terminal.clear()
        for line in block.splitlines():
            for prompt in (PROMPT, MORE):
                if line.startswith(prompt):
                    terminal.wait_until("a prompt", lambda screen: screen.splitlines()[-1:] in
                                        ([PROMPT.rstrip()], [MORE.rstrip()]))
                    terminal.enter(line[len(prompt):])
        screen = terminal.wait_for_prompt()
        shown = "\n".join(screen.splitlines()[:-1]) + "\n"
        self.assertRegex(shown, r"\A" + pattern(block) + r"\Z", f"\nexpected:\n{block}\nscreen:\n{shown}")


if __name__ == "__main__":
    unittest.main()
