"""`.env.example` explains every variable that the service reads, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from service.settings import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_every_variable_is_in_the_example() -> None:
    """Under the name by which it is read."""
    named = re.findall(r"^([A-Z_]+)=", EXAMPLE.read_text("utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)


def test_values_in_the_example_are_the_defaults() -> None:
    """Where it gives one."""
    given = dict(re.findall(r"^([A-Z_]+)=(.+)$", EXAMPLE.read_text("utf-8"), re.MULTILINE))
    defaults = {name.upper(): str(field.get_default()) for name, field in Settings.model_fields.items()}
    assert given == {name: defaults[name] for name in given}
