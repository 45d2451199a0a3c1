"""Small changes to lines of C++ that a test should notice: what can be changed, and how.

Works on text, not on a syntax tree: what does not compile is found out by compiling. Strings and
comments are left alone.
"""

import re

# A name with members and calls without arguments: `a.b->c()`.
_NAME = r"[A-Za-z_]\w*(?:(?:\.|->|::)\w+)*(?:\(\))?"
_OPERAND = rf"(?:!?{_NAME}(?:\([^()]*\))?|\d+)"

_FLIPPED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}


def mask(line):
    """`line` with the characters of strings, character literals and comments as spaces."""
    out = []
    quote = None
    i = 0
    while i < len(line):
        c = line[i]
        if quote:
            step = 2 if c == "\\" and i + 1 < len(line) else 1
            if c == quote:
                quote = None
            out.append(" " * step)
            i += step
            continue
        if line.startswith("//", i):
            out.append(" " * (len(line) - i))
            break
        digit_separator = c == "'" and i > 0 and line[i - 1].isalnum() and line[i - 1:i].isdigit()
        if c in "\"'" and not digit_separator:
            quote = c
            out.append(" ")
        else:
            out.append(c)
        i += 1
    return "".join(out)


def _replace(line, begin, end, text):
    return line[:begin] + text + line[end:]


def flip_comparison(line, code):
    for found in re.finditer(r"(?<= )(<=|>=|==|!=|<|>)(?= )", code):
        yield _replace(line, *found.span(), _FLIPPED[found.group()])


def swap_connective(line, code):
    for found in re.finditer(r"&&|\|\|", code):
        yield _replace(line, *found.span(), "||" if found.group() == "&&" else "&&")


def drop_term(line, code):
    """Drops the operand after an operator, or the one before it."""
    for found in re.finditer(rf" (?:&&|\|\||\+|-|\*|%) {_OPERAND}(?=[ ;,)\]])", code):
        yield _replace(line, *found.span(), "")
    for found in re.finditer(rf"(?<=[ (\[]){_OPERAND} (?:&&|\|\||\+|\*) ", code):
        yield _replace(line, *found.span(), "")


def off_by_one(line, code):
    for found in re.finditer(r"(?<![\w.'])(\d+)(?![\w.'])", code):
        number = int(found.group())
        yield _replace(line, *found.span(), str(number + 1))
        if number > 0:
            yield _replace(line, *found.span(), str(number - 1))


def swap_arguments(line, code):
    for found in re.finditer(rf"\(({_OPERAND}), ({_OPERAND})\)", code):
        first, second = (line[found.start(i):found.end(i)] for i in (1, 2))
        if first != second:
            yield _replace(line, *found.span(), f"({second}, {first})")


def skip_statement(line, code):
    """A whole statement on one line that is no declaration, return or label."""
    statement = code.strip()
    if not statement.endswith(";") or statement.count("(") != statement.count(")"):
        return
    starts = rf"(?:\+\+|--)?{_NAME}(?:\[[^\]]*\])*(?:\(| (?:[-+*/%|&^]|<<|>>)?= |\+\+;|--;)|(?:\+\+|--){_NAME};"
    if not (re.match(starts, statement) or statement in ("break;", "continue;")):
        return
    if re.match(r"(?:return|using|namespace|static_assert|ARROW_ASSIGN_OR_RAISE|if|for|while)\b",
                statement):
        return
    indent = line[:len(line) - len(line.lstrip())]
    yield f"{indent};"


def negate_condition(line, code):
    for found in re.finditer(r"\bif \(", code):
        depth = 0
        for i in range(found.end() - 1, len(code)):
            depth += {"(": 1, ")": -1}.get(code[i], 0)
            if depth == 0:
                condition = line[found.end():i]
                if ";" not in condition:
                    yield _replace(line, found.end(), i, f"!({condition})")
                break


def flip_constant(line, code):
    for found in re.finditer(r"\b(true|false)\b", code):
        yield _replace(line, *found.span(), "false" if found.group() == "true" else "true")


OPERATORS = (flip_comparison, swap_connective, drop_term, off_by_one, swap_arguments,
             skip_statement, negate_condition, flip_constant)


def mutations(text):
    """(line number from 1, operator's name, its occurrence, new line) of everything in `text`."""
    raw = False
    for number, line in enumerate(text.splitlines(), 1):
        was_raw = raw
        if 'R"(' in line:
            raw = True
        if raw and ')"' in line.split('R"(')[-1]:
            raw = False
        stripped = line.strip()
        if was_raw or raw or not stripped or stripped.startswith(("//", "#", "template", "using ")):
            continue
        code = mask(line)
        for operator in OPERATORS:
            for occurrence, changed in enumerate(operator(line, code)):
                if changed != line:
                    yield number, operator.__name__, occurrence, changed
