"""The README and the other pages agree with the project."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.readme import README, ROOT, rendered


def test_the_drawn_parts_of_the_readme_are_as_the_project_is() -> None:
    """Picture, transcript, conversation and targets come from the project; `make readme` writes them anew."""
    text = README.read_text("utf-8")

    assert rendered(text) == text, "run `make readme` and read what changed"


def test_every_direct_dependency_is_explained() -> None:
    """The README says why each library is there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    listed = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    names = {re.split(r"[\[>=<]", each)[0] for each in listed if not each.startswith("types-")}
    text = README.read_text("utf-8").lower().replace("redis-py", "redis")

    assert {name for name in names if f"[{name}]" not in text} == set()


PAGES = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *("simulator/README.md", "simulator/whatsapp_cloud/README.md", "cdktf/README.md", "snapshots/README.md"),
)


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The headings of a page, as GitHub names them in links."""
    headings = re.findall(r"^#+ (.+)$", without_code(page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_within_the_repository_leads_somewhere(page: str) -> None:
    """To a file that is there and, where a place in it is named, to a heading of it."""
    astray = []
    for link in re.findall(r"\]\(([^)\s:]+)\)", without_code((ROOT / page).read_text("utf-8"))):
        file, _, place = link.partition("#")
        target = (ROOT / page).parent / file if file else ROOT / page
        if not target.exists() or (place and place not in anchors(target)):
            astray.append(link)

    assert astray == []
