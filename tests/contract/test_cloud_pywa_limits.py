"""What pywa says of Meta's limits, against our table of them. It counts nothing itself: its documentation has them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import pytest

from simulator.whatsapp_cloud import LIMITS
from tests.contract.pywa_client import WhatsApp, templates, types

DOCUMENTED: Final[Mapping[str, tuple[Any, str]]] = MappingProxyType(
    {
        "text.body": (WhatsApp.send_message, r"text: .*max (\d+) characters"),
        "interactive.header": (WhatsApp.send_message, r"header: .*up to (\d+) characters"),
        "interactive.footer": (WhatsApp.send_message, r"footer: .*up to (\d+) characters"),
        "interactive.body": (WhatsApp.send_catalog, r"body: .*up to (\d+) characters"),
        "biz_opaque_callback_data": (WhatsApp.send_message, r"tracker: .*up to (\d+) characters"),
        "button.title": (types.Button, r"title: .*up to (\d+) characters"),
        "button.id": (types.Button, r"callback_data: .*up to (\d+) characters"),
        "list.button": (types.SectionList, r"button_title: .*up to (\d+) characters"),
        "list.sections": (types.SectionList, r"sections: .*no more than (\d+)"),
        "list.rows": (types.Section, r"rows: .*no more than (\d+)"),
        "section.title": (types.Section, r"title: .*up to (\d+) characters"),
        "row.title": (types.SectionRow, r"title: .*up to (\d+) characters"),
        "row.id": (types.SectionRow, r"callback_data: .*up to (\d+) characters"),
        "row.description": (types.SectionRow, r"description: .*up to (\d+) characters"),
        "cta_url.text": (types.URLButton, r"title: .*up to (\d+) characters"),
        "flow.cta": (types.FlowButton, r"title: .*[Uu]p to (\d+) characters"),
        "contacts.count": (WhatsApp.send_contact, r"up to (\d+) contacts"),
        "template.name": (templates.Template, r"name: .*maximum (\d+) characters"),
        "template.buttons": (templates.Buttons, r"up to (\d+) button components"),
        "template.button_payload": (templates.QuickReplyButton.params, r"callback_data: .*up to (\d+) characters"),
    }
)
"""Where pywa documents a limit, and how it words it."""

DIFFERENT: Final[Mapping[str, tuple[int, int, str]]] = MappingProxyType(
    {
        "flow.cta": (20, 30, "20 is what older pages say; Meta's OpenAPI file has 30"),
        "contacts.count": (257, 5, "257 is what the WhatsApp app shares; Meta's OpenAPI file has 5"),
    }
)
"""Limits of which pywa says something else than our table: what it says, what we say, and why."""


def documented(part: str) -> int:
    """The number in pywa's documentation."""
    where, pattern = DOCUMENTED[part]
    found = re.search(pattern, inspect.getdoc(where) or "")
    assert found is not None, f"pywa no longer documents {part}"
    return int(found[1])


@pytest.mark.parametrize("part", [part for part in DOCUMENTED if part not in DIFFERENT])
def test_our_limit_is_the_one_that_an_independent_client_documents(part: str) -> None:
    """The same number from two sources."""
    assert documented(part) == LIMITS[part].most


@pytest.mark.parametrize("part", DIFFERENT)
def test_where_an_independent_client_documents_another_limit_that_is_written_down(part: str) -> None:
    """And still so; when they agree one day, the difference goes."""
    theirs, ours, _ = DIFFERENT[part]
    assert (documented(part), LIMITS[part].most) == (theirs, ours)


@pytest.mark.parametrize(
    "made",
    [
        lambda: types.Button("x" * 500, "y" * 5_000),
        lambda: types.SectionRow("x" * 500, "y" * 5_000, "z" * 500),
        lambda: types.Section("x" * 500, [types.SectionRow("a", str(number)) for number in range(100)]),
        lambda: types.URLButton("x" * 500, "no address"),
    ],
)
def test_an_independent_client_counts_nothing_itself(made: Any) -> None:
    """So whoever uses it meets Meta's limits, or ours, only when they send."""
    assert made().to_dict()
