"""No float touches money, beyond the pure rooms too: on the wire of Credex core, in writes, in the simulated ledger."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.unit.test_architecture import SERVICE, SIMULATOR, Module

PLACES = (
    *("service.credex", "service.writes", "simulator.credex_core"),
    *("simulator.world.fixtures", "simulator.script.core_acts", "simulator.script.people"),
)
MODULES = [module for module in (*SERVICE, *SIMULATOR) if f"{module.name}.".startswith(tuple(f"{p}." for p in PLACES))]
DURATIONS = ("_s", "seconds", "until", "sleep", "monotonic")
"""What durations and their ends are called: they are no money and may be fractions."""


def annotated(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Every annotation, and what it is of: fields, variables, parameters, and what functions return."""
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(target=target, annotation=annotation):
                yield ast.unparse(target), annotation
            case ast.arg(arg=name, annotation=ast.expr() as annotation):
                yield name, annotation
            case ast.FunctionDef(name=name, returns=ast.expr() as annotation):
                yield name, annotation
            case ast.AsyncFunctionDef(name=name, returns=ast.expr() as annotation):
                yield name, annotation


def floats(tree: ast.AST) -> list[str]:
    """What is annotated with a type that has a float in it, durations left out."""
    return [
        f"{name}: {ast.unparse(annotation)}"
        for name, annotation in annotated(tree)
        if any(isinstance(node, ast.Name) and node.id == "float" for node in ast.walk(annotation))
        and not name.endswith(DURATIONS)
    ]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_what_is_annotated_as_float_is_a_duration(module: Module) -> None:
    """The types are looked at, not the text."""
    assert floats(module.tree) == []


def test_the_look_for_floats_finds_them() -> None:
    """In fields, parameters and results, however deep."""
    text = "class A:\n    a: dict[str, float | None]\n    def b(self, c: float, d_s: float) -> list[float]: ..."
    assert floats(ast.parse(text)) == ["a: dict[str, float | None]", "b: list[float]", "c: float"]


def test_all_rooms_of_money_are_looked_at() -> None:
    """So that a module that is renamed is not forgotten."""
    assert set(PLACES) <= {module.name for module in MODULES}
