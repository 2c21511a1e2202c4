"""Conversations in variant worlds: members notice only what is tolerated, and careless bots are noticed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Final

import httpx
import pytest
from click.testing import CliRunner

from service.app import Service
from service.mailbox import InboxEntry, Mailbox
from simulator.cli.main import main
from simulator.credex_core import FORMAT_QUIRKS, QUIRK_NAMES
from simulator.matrix.run import Row, VariantResult, Verdict, play
from simulator.matrix.variants import VARIANTS
from simulator.script.library import stored
from simulator.world.connections import Connections, run_service
from simulator.world.process import Bot

pytestmark = pytest.mark.usefixtures("quiet")

NOWHERE: Final = frozenset({"zero_row_refused"})
"""What no conversation meets, because the bot asks for no row 0. Contract tests try it."""

DRAWN: Final = 3
"""So many conversations for each variant; the format quirks are all played at once."""


def path_of(name: str) -> Path:
    """The file of a stored conversation."""
    return next(path for path in stored() if f"{path.parent.name}/{path.stem}" == name)


def verdict(variant: str, conversation: str, **otherwise: object) -> VariantResult:
    """What comes of one conversation in one variant."""
    rows = list(play([VARIANTS[variant]], [path_of(conversation)], **otherwise))  # type: ignore[arg-type]
    return rows[0].results[0]


# -- the bot ----------------------------------------------------------------------------------------------------------


def test_members_notice_only_what_is_tolerated_in_any_variant() -> None:
    """All conversations with all format quirks, and a sample of the relevant ones for each other variant."""
    rows = list(play(list(VARIANTS.values()), stored(), most=DRAWN))

    assert {
        (row.variant.name, outcome.name): outcome.said
        for row in rows
        for outcome in row.results
        if outcome.verdict is Verdict.WRONG
    } == {}
    assert {row.variant.name for row in rows} == set(VARIANTS)
    assert rows[0].variant.name == "all-of-form"
    assert rows[0].played == len(stored())
    # A sample without a conversation that the quirk affects would prove nothing.
    drawn = {row.variant.name: row.played for row in rows[1:]}
    assert {name for name, played in drawn.items() if not played} <= NOWHERE


def test_few_conversations_go_another_way_and_each_for_a_reason() -> None:
    """All are played in every variant, and less than a twentieth of them differ in any."""
    for variant in VARIANTS.values():
        assert len(variant.divergences) < len(stored()) / 20, variant.name
        assert all(len(apart.why) > len("a reason") for apart in variant.divergences.values())


def test_tolerances_belong_to_quirks_that_members_may_notice() -> None:
    """No format quirk has a tolerance, and divergences name conversations that exist."""
    names = {f"{path.parent.name}/{path.stem}" for path in stored()}
    for variant in VARIANTS.values():
        assert set(variant.divergences) <= names
        assert not (variant.name in FORMAT_QUIRKS and (variant.tolerances or variant.divergences))
        assert all(difference.remove("words that say nothing of the kind") for difference in variant.tolerances)
    assert set(QUIRK_NAMES) <= set(VARIANTS)


# -- the matrix -------------------------------------------------------------------------------------------------------


class Blind(httpx.AsyncBaseTransport):
    """Shows a bot no integer that is written in two halves, as if its decoder did not know them."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request."""
        response = await self._inner.handle_async_request(request)
        content = re.sub(rb'\{"low":[0-9]+,"high":0\}', b"null", await response.aread())
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return httpx.Response(response.status_code, headers=headers, content=content, request=request)


def blind(wires: Connections) -> Bot:
    """A bot that does not understand an integer in two halves."""
    return run_service(replace(wires, core=Blind(wires.core)))


class Forgetful(Mailbox):
    """Takes every message for a new one."""

    _numbers = count()

    async def ingest(self, arrivals: Sequence[InboxEntry], now_ms: int) -> list[bool]:
        """Keep messages under names that were never seen."""
        return await super().ingest([replace(one, wamid=f"{next(self._numbers)}") for one in arrivals], now_ms)


def forgetful(wires: Connections) -> Bot:
    """A bot without deduplication."""
    whole = run_service(wires)
    assert isinstance(whole, Service)
    return Service(whole._settings, dependencies=replace(whole._dependencies, mailbox=Forgetful))


@pytest.mark.parametrize(
    ("variant", "conversation", "run_bot"),
    [
        ("low_high_integers", "greeting/member", blind),
        ("all-of-form", "greeting/member", blind),
        ("webhooks-twice", "help/help", forgetful),
        ("webhooks-at-once", "help/help", forgetful),
        ("webhooks-late", "help/help", forgetful),
    ],
)
def test_a_careless_bot_is_noticed(variant: str, conversation: str, run_bot: object) -> None:
    """The same conversation is in order with the bot as it is, and wrong with one that lacks something."""
    assert [verdict(variant, conversation).verdict, verdict(variant, conversation, run_bot=run_bot).verdict] == [
        Verdict.SAME,
        Verdict.WRONG,
    ]


def test_a_quirk_is_not_played_where_it_is_irrelevant() -> None:
    """A member who only asks for help makes no offer, so quirks of offers are irrelevant; skipped ones are counted."""
    variants = [VARIANTS[name] for name in ("created_but_404", "all-of-form", "webhooks-twice")]
    paths = [path_of("help/help")]
    rows: dict[str, Row] = {row.variant.name: row for row in play(variants, paths)}
    assert {name: row.results[0].verdict for name, row in rows.items()} == {
        "all-of-form": Verdict.SAME,
        "created_but_404": Verdict.IRRELEVANT,
        "webhooks-twice": Verdict.SAME,
    }
    assert rows["created_but_404"].played == 0


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_exits_with_1_if_something_is_not_as_it_should_be(tmp_path: Path) -> None:
    """And with 0 otherwise; what was wrong is said."""
    own = tmp_path / "own" / "mine.yaml"
    own.parent.mkdir()
    own.write_text(path_of("greeting/member").read_text("utf-8"), "utf-8")
    chosen = ("--only", "webhooks-twice", "--jobs", "1")

    good = CliRunner().invoke(main, ["matrix", "greeting/member", *chosen, "--json"])
    bad = CliRunner().invoke(main, ["matrix", str(own), *chosen])

    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert [row["conversations"] for row in json.loads(good.output)] == [
        [{"name": "greeting/member", "verdict": "same", "said": ""}]
    ]
    assert "no transcript to compare with" in bad.output


def test_the_command_lists_what_may_differ_and_why() -> None:
    """Every tolerance can be read without reading code."""
    listed = CliRunner().invoke(main, ["matrix", "--list"]).output
    for variant in VARIANTS.values():
        assert variant.name in listed
        reasons = [each.why for each in variant.tolerances]
        reasons += [each.why for each in variant.divergences.values()]
        assert all(why in listed for why in reasons)
