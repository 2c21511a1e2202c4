"""Files and functions stay short enough to be read at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[2]
FOLDERS: Final = ("service", "simulator", "cdktf", "notebooks/review")
NOT_OURS: Final = frozenset({"node_modules", "cdktf.out"})

MAX_FILE: Final = 400
MAX_FUNCTION: Final = 60
"""Lines, without decorators and docstring."""

TABLES: Final[dict[str, str]] = {}
"""Functions that may be longer because they are tables of independent rows: `path:name` and the reason."""


def sources() -> Iterator[tuple[str, str]]:
    """Path and text of each Python file."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if NOT_OURS.isdisjoint(path.parts):
                yield str(path.relative_to(ROOT)), path.read_text("utf-8")


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From `def` to the last line, without the docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def functions(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_has_more_than_400_lines() -> None:
    """A longer file holds more than one thing: split it."""
    long = {path: count for path, text in sources() if (count := len(text.splitlines())) > MAX_FILE}

    assert long == {}


def test_no_function_has_more_than_60_lines() -> None:
    """It fits on a screen."""
    long = {
        f"{path}:{function.name}": length(function)
        for path, text in sources()
        for function in functions(text)
        if length(function) > MAX_FUNCTION
    }

    assert {name: lines for name, lines in long.items() if name not in TABLES} == {}


def test_docstrings_and_decorators_do_not_count() -> None:
    """They are for the reader, not something to hold in the head."""
    (function,) = functions('@decorated\n@twice\ndef f() -> None:\n    """One.\n\n    Two.\n    """\n    g()\n')

    assert length(function) == 2
