"""What the notebooks show is what the code does today: `python -m notebooks.review.run --write` writes it anew."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest

from notebooks.review.pictures import WIDEST
from notebooks.review.run import FOLDER, Failure, differences, execute, names, path_of
from tests.system import need, need_measured_redis

SECONDS = 1800
"""Longer than any notebook takes on any machine; each of its cells has a limit of its own."""

MEASURED = "redis-memory-management"
"""The notebook that promises bytes."""

PX_OF_PT = 4 / 3
LONGEST = 108
"""Characters of code that stand on a page of 1,000 pixels."""

EXIT_REMOVED = """
import dataclasses
from service import flows

def flow_registry(forms=None, of_today=flows.flow_registry):
    today = of_today(forms)
    offer = today.flow("offer")
    steps = [
        dataclasses.replace(step, exits={name: to for name, to in step.exits.items() if name != "terms"})
        if step.name == "confirm" else step
        for step in offer.steps
    ]
    return dataclasses.replace(
        today,
        flows=[dataclasses.replace(flow, steps=steps) if flow.name == "offer" else flow for flow in today.flows],
    )

flows.flow_registry = flow_registry
"""


def notebook(*cells: str) -> Any:
    code = [nbformat.v4.new_code_cell(source, id=f"c{place}") for place, source in enumerate(cells, 1)]  # type: ignore[no-untyped-call]
    return nbformat.v4.new_notebook(cells=code)  # type: ignore[no-untyped-call]


def quietly(_: str) -> None:
    """Nobody listens."""


@pytest.mark.parametrize("name", names())
def test_a_notebook_shows_what_the_code_does(name: str) -> None:
    """Executed from the root in a fresh kernel; what is not as committed is named, cell by cell."""
    need("dot", "redis-server")
    if name == MEASURED:
        need_measured_redis()
    done = subprocess.run(
        [sys.executable, "-m", "notebooks.review.run", "--check", name],
        cwd=FOLDER.parent,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]


def test_a_removed_exit_is_told_by_the_notebook_about_flows() -> None:
    """Where the exit was, and what it led to."""
    need("dot")
    kept = nbformat.read(path_of("flow-framework"), as_version=4)  # type: ignore[no-untyped-call]
    kept.cells = [cell for cell in kept.cells if cell.id in {"review", "offer-graph"}]

    ran = execute(kept, quietly, before=EXIT_REMOVED)
    found = [str(each) for each in differences(kept, ran.notebook)]

    assert ran.failure is None
    assert len(found) == 1
    assert 'cell 2 (offer-graph) `review.graph("offer")` shows something else than was committed' in found[0]
    assert "-    terms → offer.terms" in found[0]


def test_the_outputs_of_a_notebook_hold_nothing_of_the_machine() -> None:
    """No times of execution, no versions, no paths; ids and counts are in order."""
    for name in names():
        kept = nbformat.read(path_of(name), as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(kept)
        code = [cell for cell in kept.cells if cell.cell_type == "code"]

        assert kept.metadata == {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
        assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
        assert [cell.id for cell in kept.cells if set(cell.metadata) - {"tags"}] == []
        assert str(FOLDER.parent) not in path_of(name).read_text("utf-8")


def pictures() -> Iterator[tuple[str, str]]:
    for name in names():
        for cell in nbformat.read(path_of(name), as_version=4).cells:  # type: ignore[no-untyped-call]
            for output in cell.get("outputs", ()):
                if "image/svg+xml" in output.get("data", {}):
                    yield f"{name}: {cell.id}", output.data["image/svg+xml"]


def test_every_picture_fits_the_page() -> None:
    """What is wider than a repository page or an editor is cut off at its right."""
    sizes = {where: re.search(r'<svg[^>]* width="([0-9.]+)(pt)?"', svg) for where, svg in pictures()}
    wide = {where: float(size[1]) * (PX_OF_PT if size[2] else 1) for where, size in sizes.items() if size}

    assert len(wide) == len(sizes) > len(names())
    assert {where: width for where, width in wide.items() if width > WIDEST} == {}


def test_what_a_repository_page_takes_out_is_not_needed() -> None:
    """No scripts and nothing from elsewhere; tables are told by their tags alone, and each picture in words, too."""
    for name in names():
        for cell in nbformat.read(path_of(name), as_version=4).cells:  # type: ignore[no-untyped-call]
            for output in cell.get("outputs", ()):
                shown = output.get("data", {})
                drawn = "".join(str(shown.get(kind, "")) for kind in ("image/svg+xml", "text/html"))

                assert re.findall(r"<script|<iframe|<link|<img|javascript:|@import|<foreignObject", drawn) == []
                assert " style=" not in str(shown.get("image/svg+xml", ""))
                assert "<style" not in drawn
                assert set(shown) <= {"text/plain", "text/html", "image/svg+xml"}
                assert not drawn or shown["text/plain"]


def test_no_line_of_a_cell_is_cut_off() -> None:
    """Longer ones are read by scrolling, that is: not at all."""
    for name in names():
        for cell in nbformat.read(path_of(name), as_version=4).cells:  # type: ignore[no-untyped-call]
            long = [line for line in cell.source.splitlines() if len(line) > LONGEST and cell.cell_type == "code"]

            assert long == [], f"{name}: {cell.id}"


def test_a_notebook_runs_in_the_root_in_a_fresh_kernel_up_to_the_cell_that_breaks() -> None:
    """Which cell it was and why is told; the cells before are still compared."""
    lines: list[str] = []
    made = notebook("from pathlib import Path\nPath('notebooks').is_dir() and planted", "1 / 0", "never")

    ran = execute(made, lines.append, before="planted = 'yes'")

    assert ran.notebook.cells[0].outputs[0].data["text/plain"] == "'yes'"
    assert ran.failure == Failure("cell 2 (c2) `1 / 0`", "ZeroDivisionError: division by zero")
    assert "from pathlib import Path" in lines[1]
    assert made.cells[0].outputs == []
