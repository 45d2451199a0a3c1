"""Checks the include tables of ARCHITECTURE.md against the sources.

usage: check_layers.py [ROOT]

Folders are those of src/skyhook, by their name below it ("site/local"), and the top folders that
hold programs and tests. The first table says which folders each may include, the second which
folders may include a library from outside.
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
TOP_FOLDERS = ("cls", "worker", "daemon", "csd", "cli", "python", "tests", "bench", "fuzz")


class TableError(Exception):
    """ARCHITECTURE.md does not hold what it should."""


def table_rows(text, header):
    """The cells of the rows below the table header that begins with `header`."""
    lines = iter(text.splitlines())
    if not any(line.startswith(header) for line in lines):
        raise TableError(f"no table with the header {header!r}")
    next(lines, None)
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def words_by_name(text, header):
    """The first two columns of a table: name to list of words."""
    return {row[0]: row[1].split() for row in table_rows(text, header)}


class Layers:
    """The two tables."""

    def __init__(self, text):
        self.allowed = words_by_name(text, "| folder | may include |")
        self.libraries = words_by_name(text, "| header | may be included by |")

    def may_include(self, source, target):
        allowed = self.allowed[source]
        return (
            source == target
            or "anything" in allowed
            or target in allowed
            or any(entry.endswith("/*") and target.startswith(entry[:-1]) for entry in allowed)
        )

    def may_use(self, source, header):
        if "anything" in self.allowed[source]:
            return True
        return all(source in users for prefix, users in self.libraries.items()
                   if header.startswith(prefix))

    def folder_of(self, path):
        """The row that a path below src/skyhook, or a top folder, belongs to: the longest match."""
        parts = path.parts[:-1]
        for length in range(len(parts), 0, -1):
            if "/".join(parts[:length]) in self.allowed:
                return "/".join(parts[:length])
        return None

    def cycle(self):
        """A cycle of the first table as a list of folders, or None. A folder and one below it that
        include one another count as one."""
        graph = {}
        for folder in self.allowed:
            graph.setdefault(self.whole(folder), set()).update(
                self.whole(other) for other in self.allowed
                if self.includes(folder, other) and self.whole(folder) != self.whole(other))
        return find_cycle(graph)

    def includes(self, folder, other):
        return (folder != other and "anything" not in self.allowed[folder]
                and self.may_include(folder, other))

    def whole(self, folder):
        """The highest folder above `folder`, each step of which goes both ways, or itself."""
        above = folder.rpartition("/")[0]
        if above in self.allowed and self.includes(folder, above) and self.includes(above, folder):
            return self.whole(above)
        return folder


def find_cycle(graph):
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return None
        path.append(node)
        found = next(filter(None, map(visit, sorted(graph.get(node, ())))), None)
        path.pop()
        done.add(node)
        return found

    return next(filter(None, map(visit, sorted(graph))), None)


class Tree:
    """The C++ sources below a root, and what each includes."""

    def __init__(self, root):
        self.root = root
        self.files = sorted(
            path for top in ("src/skyhook", *TOP_FOLDERS) if (root / top).is_dir()
            for path in (root / top).rglob("*") if path.suffix in (".h", ".cc"))

    def includes(self, path):
        """(line, quoted name or None, bracketed name or None) for each include."""
        text = path.read_text()
        for match in INCLUDE.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, match[1], match[2]

    def find(self, name):
        """The file a quoted include means: a full path from src/ or from the root."""
        for base in (self.root / "src", self.root):
            if (base / name).is_file():
                return base / name
        return None

    def layer_path(self, path):
        relative = path.relative_to(self.root)
        return relative.relative_to("src/skyhook") if relative.parts[0] == "src" else relative


def check_header(path):
    text = path.read_text()
    if not text.startswith("// "):
        yield "1: a header opens with a comment that says why it exists"
    if not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield "1: no #pragma once"


def check_includes(tree, layers, path, source):
    free = path.stem.endswith(("_test", "_testing"))
    for line, quoted, bracketed in tree.includes(path):
        target = quoted and tree.find(quoted)
        if quoted and not target and (path.parent / quoted).is_file():
            yield f"{line}: \"{quoted}\" is no full path from src/"
        elif quoted and not target and quoted.startswith("skyhook/"):
            yield f"{line}: \"{quoted}\" does not exist"
        elif free:
            continue
        elif not target and not layers.may_use(source, bracketed or quoted):
            yield f"{line}: {source} may not include <{bracketed or quoted}>"
        elif target and not layers.may_include(source, layers.folder_of(tree.layer_path(target))):
            yield f"{line}: {source} may not include \"{quoted}\""


def check_tree(root):
    """Every complaint about the tree below `root`, one string each."""
    layers, tree = Layers((root / "ARCHITECTURE.md").read_text()), Tree(root)
    if cycle := layers.cycle():
        yield "ARCHITECTURE.md: folders include one another: " + " -> ".join(cycle)
    graph = {}
    for path in tree.files:
        name, source = path.relative_to(root), layers.folder_of(tree.layer_path(path))
        if source is None:
            yield f"{name}:1: its folder has no row in ARCHITECTURE.md"
            continue
        complaints = list(check_includes(tree, layers, path, source))
        complaints += check_header(path) if path.suffix == ".h" else []
        yield from (f"{name}:{complaint}" for complaint in complaints)
        graph[str(name)] = [str(found.relative_to(root)) for _, quoted, _ in tree.includes(path)
                            if quoted and (found := tree.find(quoted))]
    if cycle := find_cycle(graph):
        yield "headers include one another: " + " -> ".join(cycle)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    complaints = list(check_tree(root.resolve()))
    print(*complaints, sep="\n", end="\n" if complaints else "", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
