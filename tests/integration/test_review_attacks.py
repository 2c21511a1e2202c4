"""The attacks of the security notebook: each fails on the service, and would not on a careless one."""

from __future__ import annotations

import ast
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from notebooks.review import attacks_core, attacks_secrets, attacks_webhook
from notebooks.review.attack_world import TARIRO, AttackWorld, Attempt, Observations, Response, run_in_world
from notebooks.review.attacks import ATTACKS, HELD, Attack, AttackResult, Report, run_all
from notebooks.review.trust_map import trust_map
from service.whatsapp import sign
from simulator.world.connections import API_KEY, BUSINESS, WEBHOOK_SECRET, Connections, run_service
from simulator.world.process import Bot

ROOT = Path(__file__).parents[2]

Scope = MutableMapping[str, Any]
Stamp = Callable[[bytes], list[tuple[bytes, bytes]]]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.number}-{attack.threat.replace(' ', '-')}")
def test_every_attack_fails(attack: Attack) -> None:
    """Every attempt of it, on the running service."""
    report = run_all([attack])
    assert report.broken == []
    assert all(each.held for each in report.results)


def test_attacks_are_numbered_and_each_names_a_test_that_there_is() -> None:
    """The evidence in the table can be run."""
    assert [attack.number for attack in ATTACKS] == list(range(1, len(ATTACKS) + 1))
    assert [attack.test for attack in ATTACKS if not _exists(attack.test)] == []


def _exists(test: str) -> bool:
    file, _, name = test.partition("::")
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name for node in ast.walk(tree)
    )


# -- the attacks can succeed ----------------------------------------------------------------------------------------


class Careless:
    """The service behind somebody who vouches for whatever comes: it is as if nothing were checked."""

    def __init__(self, bot: Bot, stamp: Stamp) -> None:
        self._bot = bot
        self._stamp = stamp
        self.start, self.stop, self.kill, self.busy = bot.start, bot.stop, bot.kill, bot.busy

    async def asgi(self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        parts = [await receive()]
        while parts[-1].get("more_body"):
            parts.append(await receive())
        body = b"".join(part.get("body", b"") for part in parts)
        stamped = self._stamp(body)
        names = {name for name, _ in stamped}
        headers = [*(each for each in scope["headers"] if each[0] not in names), *stamped]
        waiting = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def again() -> Any:
            return next(waiting, None) or await receive()

        await self._bot.asgi({**scope, "headers": headers}, again, send)


def careless(stamp: Stamp) -> Callable[[Connections], Bot]:
    return lambda wires: Careless(run_service(wires), stamp)


def signed_by_anyone(body: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"x-hub-signature-256", sign(BUSINESS.app_secret, body).encode())]


def keyed_by_anyone(_: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"x-client-api-key", API_KEY.encode())]


def event_by_anyone(body: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"x-credex-signature-256", sign(WEBHOOK_SECRET, body).encode())]


@pytest.mark.parametrize(
    ("attack", "stamp"),
    [
        (attacks_webhook.forged_signatures, signed_by_anyone),
        (attacks_webhook.mock_headers, signed_by_anyone),
        (attacks_core.wrong_keys, keyed_by_anyone),
        (attacks_core.forged_events, event_by_anyone),
    ],
    ids=lambda each: each.__name__,
)
def test_a_service_that_checks_nothing_is_found_out(
    attack: Callable[[AttackWorld], Awaitable[list[Attempt]]], stamp: Stamp
) -> None:
    """The attempts come through, and what came of them is said."""
    attempts = run_in_world(attack, run_bot=careless(stamp))
    came_through = [each for each in attempts if not each.held]
    assert any(each.answer == "200\u00a0stored" and "Tariro is told" in each.effect for each in came_through)


def test_what_leaks_is_found_in_answers_and_in_the_log() -> None:
    """A number, a secret, a message id or a token."""
    observations = Observations([Response(200, f"hello {TARIRO}", {"X-Key": API_KEY})])
    observations.log.write("sent wamid.HBgM as Bearer x\n")
    (searched,) = attacks_secrets.searched(observations)
    assert searched.held is False
    assert set(attacks_secrets.leaks(observations.text())) == {"Bearer", "wamid.", TARIRO, API_KEY}


def test_a_plain_comparison_of_a_secret_is_found(tmp_path: Path) -> None:
    """Wherever in the service it stands, and however it is written."""
    service = tmp_path / "service" / "deep"
    service.mkdir(parents=True)
    (service / "wrong.py").write_text("def verify(a, body, header):\n    return header == sign(a.app_secret, body)\n")
    (service / "right.py").write_text("def verify(shown, key):\n    return hmac.compare_digest(shown, key)\n")
    found = {each.place: each.held for each in attacks_secrets.comparisons(tmp_path)}
    assert found == {"service/deep/right.py": True, "service/deep/wrong.py": False}


def test_an_attack_with_no_attempt_is_no_evidence() -> None:
    """An empty list holds nothing."""
    assert AttackResult(ATTACKS[0], ()).held is False


# -- how it is shown ------------------------------------------------------------------------------------------------


def test_the_table_says_in_words_what_did_not_hold() -> None:
    """And links to the test that should."""
    attempts = (
        Attempt("knock", "401", "nothing", held=True),
        Attempt("open", "200 stored", "Tariro is told", held=False),
    )
    report = Report((AttackResult(ATTACKS[0], attempts),))
    assert report.broken == ["1. act as any member, without Meta: open → 200 stored; Tariro is told"]
    assert "1 of 2" in report.table().text()
    assert "BROKEN" in report.table().text()
    assert HELD not in report.table().text()
    assert '<a href="../tests/unit/test_whatsapp_webhook.py">' in report.html()


def test_every_attack_stands_in_the_map() -> None:
    """By its number in words, and within a range on an arrow."""
    drawn = trust_map()
    assert [line.split(".")[0] for line in drawn.words.splitlines()] == [str(each.number) for each in ATTACKS]
    assert all(f">{shown}</tspan>" in drawn.svg for shown in ("1 to 6", "7 to 12", "13 to 15", "16, 17", "18 to 21"))
