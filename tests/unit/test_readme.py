"""The README says what is so."""

from __future__ import annotations

import re
import tomllib

from tests.readme import README, ROOT, rendered


def test_the_drawn_parts_of_the_readme_are_as_the_project_is() -> None:
    """Picture, transcript, conversation and targets come from the project; `make readme` writes them anew."""
    text = README.read_text("utf-8")

    assert rendered(text) == text, "run `make readme` and read what changed"


def test_every_direct_dependency_is_explained() -> None:
    """Whoever adds a library says in the README why it is there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    listed = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    names = {re.split(r"[\[>=<]", each)[0] for each in listed if not each.startswith("types-")}
    text = README.read_text("utf-8").lower().replace("redis-py", "redis")

    assert {name for name in names if f"[{name}]" not in text} == set()
