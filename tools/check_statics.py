"""Finds variables that a whole process shares: what they hold has no owner, and nothing bounds it.

usage: check_statics.py [ROOT]

Complains of each variable in C++ sources that is static or thread-local, within functions or
outside of them, unless its value never changes: constexpr, or const of a type that owns nothing but
its value. Tests, benchmarks and fuzz targets may do as they like.
"""

import pathlib
import re
import sys

import check_layers

TESTS = ("_test", "_testing")
TEST_FOLDERS = ("tests/", "fuzz/", "bench/", "src/skyhook/testing/")

# What stands for itself although its value changes, or ends with the process.
ALLOWED = {
    "src/skyhook/objects/rados/connection.cc": "connections are shut down before the process ends",
    "cls/cls_skyhook.cc": "an OSD loads the class once, and has no other place for it",
    "cli/interrupts.cc": "signal handlers reach nothing else",
}
# State that nobody can tell from a new one's.
RANDOM = re.compile(r"std::(minstd_rand|mt19937_64)\b")

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
VARIABLE = re.compile(r"^[ \t]*((?:inline[ \t]+)?(?:static|thread_local)\b[^;{}()=]*?)([A-Za-z_]\w*)[ \t]*(?:=|\{|;|\[)",
                      re.MULTILINE)
# Outside of any function, by how it is laid out: at the start of a line.
GLOBAL = re.compile(r"^((?:std::(?:map|unordered_map|vector|mutex|atomic|shared_ptr|unique_ptr|thread)"
                    r"|arrow::StopSource)\b[^;(){}=]*?)([A-Za-z_]\w*)[ \t]*(?:=|\{|;)", re.MULTILINE)
OWNS = re.compile(r"shared_ptr|unique_ptr|\bmutex\b|\bthread\b|\batomic\b|&|\*\s*$")
MAKES = re.compile(r"[^;]*?\b(make_shared|make_unique|new)\b")


def is_constant(declaration, rest):
    words = declaration.split()
    if "constexpr" in words:
        return True
    if "auto" in words and MAKES.match(rest.split("\n", 1)[0]):
        return False
    return "const" in words and not OWNS.search(declaration)


def complaints_of(text):
    """(line, name) of each such variable."""
    bare = COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), text)
    for pattern in (VARIABLE, GLOBAL):
        for match in pattern.finditer(bare):
            if not is_constant(match[1], bare[match.end():]) and not RANDOM.search(match[1]):
                yield bare.count("\n", 0, match.start(2)) + 1, match[2]


def check_tree(root):
    for path in check_layers.Tree(root).files:
        name = str(path.relative_to(root))
        if path.stem.endswith(TESTS) or name.startswith(TEST_FOLDERS) or name in ALLOWED:
            continue
        for line, variable in complaints_of(path.read_text()):
            yield (f"{name}:{line}: '{variable}' is shared by the whole process: give it an owner, "
                   "such as client::Session")


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    complaints = list(check_tree(root.resolve()))
    print(*complaints, sep="\n", end="\n" if complaints else "", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
