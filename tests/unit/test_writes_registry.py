"""Adding a write is one module and one line: all that is known about writes comes from the registry."""

from __future__ import annotations

import ast
import inspect
import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

import service.writes
from service.domain.commands import Call, Outcome, Read, Write
from service.writes import registry
from service.writes.operation import Operation
from service.writes.pending_write import PendingWrites, encode
from service.writes.registry import COMMANDS, WRITES, operation_of

ROOT: Final = Path(__file__).parents[2]
RECORDS: Final = Path(__file__).parents[1] / "fixtures" / "records" / "pending_writes"
"""Written by the release before this one."""


def _subclasses(kind: type[Any]) -> set[type[Any]]:
    return {kind}.union(*(_subclasses(each) for each in kind.__subclasses__()))


@pytest.mark.parametrize("operation", WRITES, ids=lambda operation: operation.command.__name__)
def test_an_operation_stands_with_its_command_in_a_module_of_its_own(operation: Operation[Any]) -> None:
    """All of a write is found in one file."""
    assert type(operation).__module__ == operation.command.__module__
    assert operation is operation_of(_stored(operation.command).command)
    assert operation.endpoint.path
    assert operation.endpoint.success_types


def test_no_two_operations_share_a_module_a_tag_or_an_endpoint() -> None:
    """A tag names the write in stored records, the endpoint names it to core."""
    assert len({operation.command.__module__ for operation in WRITES}) == len(WRITES)
    assert len({operation.command.__struct_config__.tag for operation in WRITES}) == len(WRITES)
    assert len({operation.endpoint.path for operation in WRITES}) == len(WRITES)


def test_every_command_that_can_be_made_is_in_the_registry() -> None:
    """A write that is not there could be asked for, and not be stored."""
    made = {kind for kind in _subclasses(Write) if kind.__struct_config__.tag is not None}
    assert {kind for kind in made if kind.__module__.startswith(service.writes.__name__)} == set(COMMANDS)


def test_nothing_but_its_module_and_the_registry_names_a_write() -> None:
    """Neither the reconciler nor the worker nor the gateway has a case for one write."""
    modules = {operation.command.__module__ for operation in WRITES}
    shared = [
        path
        for folder in ("writes", "runtime", "credex")
        for path in sorted((ROOT / "service" / folder).glob("*.py"))
        if f"service.{folder}.{path.stem}" not in modules and path != Path(inspect.getfile(registry))
    ]
    naming = {
        path.name
        for path in shared
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module in modules
    }
    assert naming == set()


def _stored(command: type[Write]) -> Any:
    tag = command.__struct_config__.tag
    record = msgspec.json.decode((RECORDS / f"{tag}.under-way.json").read_bytes(), type=PendingWrites)
    assert record.under_way is not None
    return record.under_way


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_what_the_release_before_stored_is_read_whole_and_written_the_same(command: type[Write]) -> None:
    """No field is lost on the way, and a release that is rolled back reads what this one writes."""
    raw = (RECORDS / f"{command.__struct_config__.tag}.under-way.json").read_bytes()
    record = msgspec.json.decode(raw, type=PendingWrites)
    assert record.under_way is not None
    assert type(record.under_way.command) is command
    written = encode(record)
    assert written is not None
    assert json.loads(written) == json.loads(raw)


def test_every_stored_record_is_of_a_write_there_still_is() -> None:
    """A tag that is no longer read would strand the members who have such a record."""
    tags = {
        write["call"]["type"]
        for path in RECORDS.glob("*.json")
        for record in [json.loads(path.read_bytes())]
        for write in (record["under_way"], *record["unresolved"])
        if write
    }
    assert tags == {kind.__struct_config__.tag for kind in COMMANDS}


def test_calls_are_the_reads_and_the_open_base_of_writes() -> None:
    """Reads and outcomes are closed unions, whose forgotten cases are type errors."""
    assert set(Call.__args__) == {*Read.__args__, Write}
    assert all(kind.__struct_config__.tag is not None for kind in (*Read.__args__, *Outcome.__args__))
