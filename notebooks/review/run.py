"""Executes notebooks, and writes or checks their outputs.

``python -m notebooks.review.run [--check | --write] [NAME...]``. A cell with the tag ``varies`` shows figures that
differ between runs: it is executed and checks its figures itself, but its output is not compared.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from notebooks.review.pictures import words_of

__all__ = (
    "FOLDER",
    "Difference",
    "Execution",
    "Failure",
    "check",
    "differences",
    "execute",
    "names",
    "path_of",
    "write",
)

FOLDER: Final = Path(__file__).resolve().parent.parent
VARIES: Final = "varies"
CELL_SECONDS: Final = 600
MOST_LINES: Final = 40

_METADATA: Final = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

Notebook = Any
"""The dictionaries of nbformat, which has no types."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Failure:
    """A cell that failed."""

    cell: str
    why: str

    def __str__(self) -> str:
        return f"{self.cell} fails:\n{self.why}"


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell whose output differs from the committed output."""

    cell: str
    diff: str

    def __str__(self) -> str:
        return f"{self.cell} shows something else than was committed:\n{self.diff}"


@dataclass(frozen=True, slots=True)
class Execution:
    """An executed notebook, with the failure that ended it, if any."""

    notebook: Notebook
    failure: Failure | None


def names() -> list[str]:
    """The names of all notebooks."""
    return sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def path_of(name: str) -> Path:
    """The file of a notebook, by its name."""
    return FOLDER / f"{name}.ipynb"


def execute(notebook: Notebook, report: Report, *, before: str = "", seconds: int = CELL_SECONDS) -> Execution:
    """Execute a notebook in a fresh kernel, in the repository's root.

    Args:
        notebook: the notebook; it is not modified.
        report: receives a line for every cell.
        before: code to run in the kernel first; it does not appear in the result.
        seconds: the time limit of a cell.
    """
    copy = nbformat.from_dict(notebook)  # type: ignore[no-untyped-call]
    if before:
        copy.cells.insert(0, nbformat.v4.new_code_cell(before, id="before"))  # type: ignore[no-untyped-call]
    started = time.monotonic()

    def finished(cell: Notebook, cell_index: int, **_: object) -> None:
        taken = time.monotonic() - started
        report(f"  {cell_index + 1:>3}/{len(copy.cells)}  {taken:6.1f} s  {_first_line(cell)}")

    client = NotebookClient(
        copy,
        timeout=seconds,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(FOLDER.parent)}},
        on_cell_executed=finished,
    )
    manager = client.create_kernel_manager()
    manager.transport = "ipc"  # other users of this machine cannot connect
    failure = None
    try:
        client.execute()
    except CellExecutionError as error:
        failure = Failure(_current(copy), f"{error.ename}: {error.evalue}")
    except (CellTimeoutError, DeadKernelError) as error:
        failure = Failure(_current(copy), str(error))
    if before:
        del copy.cells[0]
    _number(copy)
    return Execution(copy, failure)


def write(name: str, report: Report) -> Failure | None:
    """Execute a notebook and store its outputs; nothing is stored if a cell fails."""
    ran = execute(_read(name), report)
    if ran.failure is None:
        path_of(name).write_text(nbformat.writes(_tidy(ran.notebook)) + "\n", "utf-8")  # type: ignore[no-untyped-call]
    return ran.failure


def check(name: str, report: Report, *, before: str = "") -> list[Failure | Difference]:
    """Execute a notebook and compare its outputs with the stored outputs; an empty list means equality."""
    stored = _read(name)
    ran = execute(stored, report, before=before)
    failure = [ran.failure] if ran.failure else []
    return [*differences(stored, ran.notebook), *failure]


def differences(stored: Notebook, now: Notebook) -> list[Failure | Difference]:
    """The cells whose outputs differ, among those that were executed and are not tagged ``varies``."""
    found: list[Failure | Difference] = []
    for place, (before, after) in enumerate(zip(stored.cells, now.cells, strict=True), 1):
        if after.cell_type != "code" or VARIES in after.metadata.get("tags", ()) or _unexecuted(after):
            continue
        diff = _diff(_comparable(before.outputs), _comparable(after.outputs))
        if diff:
            found.append(Difference(_label(place, after), diff))
    return found


def _read(name: str) -> Notebook:
    return nbformat.read(path_of(name), as_version=4)  # type: ignore[no-untyped-call]


def _unexecuted(cell: Notebook) -> bool:
    return cell.execution_count is None or any(output.output_type == "error" for output in cell.outputs)


def _number(notebook: Notebook) -> None:
    executed = (cell for cell in notebook.cells if cell.cell_type == "code" and cell.execution_count is not None)
    for count, cell in enumerate(executed, 1):
        cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count


def _tidy(notebook: Notebook) -> Notebook:
    """Remove metadata that depends on the machine."""
    notebook.metadata = nbformat.from_dict(_METADATA)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})  # type: ignore[no-untyped-call]
    return notebook


def _comparable(outputs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The outputs as lines of text: streams, and the text form of pictures."""
    said: list[str] = []
    for output in outputs:
        if output["output_type"] == "stream":
            said.append(output["text"])
        elif "data" in output:
            said.extend(_shown(output["data"]))
    return "".join(each if each.endswith("\n") else f"{each}\n" for each in said).splitlines()


def _shown(data: Mapping[str, Any]) -> Iterator[str]:
    for kind, value in sorted(data.items(), key=lambda each: each[0] != "text/plain"):
        text = value if isinstance(value, str) else repr(value)
        # The text form of a table or picture makes a more readable difference than its HTML or SVG.
        if kind == "image/svg+xml":
            yield words_of(text)
        elif kind.startswith("text/") and (kind == "text/plain" or "text/plain" not in data):
            yield text


def _diff(before: Sequence[str], after: Sequence[str]) -> str:
    lines = list(difflib.unified_diff(before, after, "committed", "now", lineterm="", n=2))
    shown = [re.sub(r"(.{200}).+", r"\1 …", line) for line in lines[:MOST_LINES]]
    return "\n".join([*shown, *([f"… and {len(lines) - MOST_LINES} lines more"] if len(lines) > MOST_LINES else [])])


def _current(notebook: Notebook) -> str:
    """The cell at which the execution ended."""
    cells = list(enumerate(notebook.cells, 0 if notebook.cells[0].id == "before" else 1))
    code = [(place, cell) for place, cell in cells if cell.cell_type == "code"]
    failed = [each for each in code if any(output.output_type == "error" for output in each[1].outputs)]
    begun = [each for each in code if each[1].execution_count is not None]
    return _label(*(failed or begun or code)[-1])


def _label(place: int, cell: Notebook) -> str:
    return f"cell {place} ({cell.id}) `{_first_line(cell)}`"


def _first_line(cell: Notebook) -> str:
    return next((line for line in cell.source.splitlines() if line.strip()), "")[:80]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m notebooks.review.run", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="compare the outputs with those stored (the default)")
    what.add_argument("--write", action="store_true", help="store the outputs")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of the notebooks; all when none is named")
    options = parser.parse_args(arguments)

    def report(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    wrong = False
    for name in options.names or names():
        report(f"{name}.ipynb")
        found = [write(name, report)] if options.write else check(name, report)
        problems = [problem for problem in found if problem is not None]
        for problem in problems:
            report(f"{name}.ipynb: {problem}")
        if not problems:
            report(f"{name}.ipynb: {'written' if options.write else 'as committed'}")
        elif not options.write:
            report(f"If this is meant, write it anew: python -m notebooks.review.run --write {name}")
        wrong |= bool(problems)
    return int(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
