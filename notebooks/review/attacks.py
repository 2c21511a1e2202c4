"""All attacks: the threat, the defence, the test that verifies it, and the results of the attempts."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from notebooks.review import attacks_core as core
from notebooks.review import attacks_members as members
from notebooks.review import attacks_secrets as secrets
from notebooks.review import attacks_webhook as webhook
from notebooks.review import attacks_wire as wire
from notebooks.review.attack_world import AttackWorld, Attempt, Observations, run_in_thread, run_in_world
from notebooks.review.pictures import Table

__all__ = ("ATTACKS", "HELD", "Attack", "AttackResult", "Report", "attack", "run_all")

HELD: Final = "✓\u00a0held"
BROKEN: Final = "✗\u00a0BROKEN"


@dataclass(frozen=True, slots=True)
class Attack:
    """One threat and its defence.

    Attributes:
        number: its number in the diagram.
        where: the trust boundary that it crosses.
        threat: the goal of the attacker.
        defence: what prevents it.
        test: the test that verifies the defence, ``file::name``.
        run: makes the attempts.
        head: the column titles of its attempts.
    """

    number: int
    where: str
    threat: str
    defence: str
    test: str
    run: Callable[[Observations], list[Attempt]]
    head: tuple[str, str, str] = ("attempt", "answer", "effect")


@dataclass(frozen=True, slots=True)
class AttackResult:
    """An attack and its attempts."""

    attack: Attack
    attempts: tuple[Attempt, ...]

    @property
    def held(self) -> bool:
        """Whether there was an attempt and all attempts failed."""
        return bool(self.attempts) and all(each.held for each in self.attempts)

    def table(self) -> Table:
        """A table of the attempts."""
        rows = [(each.what, each.answer, each.effect, _mark(held=each.held)) for each in self.attempts]
        caption = f"{self.attack.number}. {self.attack.threat} (n = {len(self.attempts)})"
        return Table((*self.attack.head, "defence"), rows, caption)


@dataclass(frozen=True, slots=True)
class Report:
    """The results of all attacks."""

    results: tuple[AttackResult, ...]

    @property
    def broken(self) -> list[str]:
        """The attempts that succeeded: attack, attempt and effect."""
        return [
            f"{each.attack.number}. {each.attack.threat}: {attempt.what} → {attempt.answer}; {attempt.effect}"
            for each in self.results
            for attempt in each.attempts
            if not attempt.held
        ]

    def attempts(self, *numbers: int) -> Sequence[Table]:
        """Tables of the attempts of these attacks."""
        return [each.table() for each in self.results if each.attack.number in numbers]

    def of(self, number: int) -> Table:
        """A table of the attempts of one attack."""
        return next(iter(self.attempts(number)))

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.table().text()}

    def table(self) -> Table:
        """A table with threat, defence and evidence of each attack."""
        rows = [
            (
                each.attack.number,
                each.attack.where,
                each.attack.threat,
                each.attack.defence,
                f"{sum(one.held for one in each.attempts)} of {len(each.attempts)}",
                _mark(held=each.held),
                each.attack.test,
            )
            for each in self.results
        ]
        count = sum(len(each.attempts) for each in self.results)
        head = ("", "boundary", "threat", "defence", "repelled", "result", "verified by this test")
        return Table(head, rows, f"{len(self.results)} threats, {count} attempts and checks")

    def html(self) -> str:
        """The table, with links to the tests."""
        shown = self.table().html()
        for each in self.results:
            file, _, name = each.attack.test.partition("::")
            link = f'<a href="../{html.escape(file)}">{html.escape(name.replace("_", " "))}</a>'
            shown = shown.replace(html.escape(each.attack.test), link)
        return shown


def _mark(*, held: bool) -> str:
    return HELD if held else BROKEN


def _world(
    attack: Callable[[AttackWorld], Awaitable[list[Attempt]]], observations: Observations, *, forms: bool = False
) -> list[Attempt]:
    return run_in_world(attack, forms=forms, observations=observations)


def _in_world(
    attack: Callable[[AttackWorld], Awaitable[list[Attempt]]], *, forms: bool = False
) -> Callable[[Observations], list[Attempt]]:
    return partial(_world, attack, forms=forms)


def _malformed_requests(_: Observations) -> list[Attempt]:
    with wire.served() as program:
        attempts = run_in_thread(lambda: asyncio.run(wire.crooked_requests(program.port)))
        return [*attempts, wire.said_nothing(program)]


def _slow(_: Observations) -> list[Attempt]:
    with wire.served() as program:
        return run_in_thread(lambda: asyncio.run(wire.slow_bodies(program.port)))


def _logs(observations: Observations) -> list[Attempt]:
    return [*secrets.logs_searched()[0], *secrets.searched(observations)]


def _compared(_: Observations) -> list[Attempt]:
    return [
        Attempt(
            each.code,
            each.place,
            "nothing: constant time" if each.constant_time else each.why,
            each.held,
        )
        for each in secrets.comparisons()
    ]


ANYONE, PHONE, KEY, SOCKET, INSIDE = (
    "the webhook",
    "a member's phone",
    "core's endpoints",
    "the socket",
    "logs, Redis, answers",
)

ATTACKS: Final = (
    Attack(
        1,
        ANYONE,
        "act as any member, without Meta",
        "HMAC-SHA256 of the raw bytes, keyed with the App Secret, before anything is parsed",
        "tests/unit/test_whatsapp_webhook.py::test_a_bad_signature_is_refused",
        _in_world(webhook.forged_signatures),
    ),
    Attack(
        2,
        ANYONE,
        "impersonate Meta in the handshake",
        "the verify token, compared in constant time; the challenge is returned as plain text",
        "tests/unit/test_whatsapp_webhook.py::test_any_other_handshake_is_forbidden",
        _in_world(webhook.wrong_verify_token),
    ),
    Attack(
        3,
        ANYONE,
        "enable the test mode of earlier versions",
        "it no longer exists: no header or parameter changes the checks",
        "tests/unit/test_whatsapp_webhook.py::test_no_header_or_parameter_opens_a_test_mode",
        _in_world(webhook.mock_headers),
    ),
    Attack(
        4,
        ANYONE,
        "replay recorded deliveries",
        "message ids are kept for a week; a confirmation counts only after its own prompt",
        "tests/contract/test_mailbox.py::test_a_message_delivered_again_is_stored_once",
        _in_world(webhook.replays),
    ),
    Attack(
        5,
        ANYONE,
        "deliver messages for another business",
        "only our phone number id and ASCII digits are accepted; the rest is acknowledged and ignored",
        "tests/unit/test_whatsapp_decode.py::test_what_is_not_for_us_is_counted_and_left",
        _in_world(webhook.foreign_number),
    ),
    Attack(
        6,
        ANYONE,
        "crash the decoder with malformed bodies",
        "at most 3 MB, counted while reading; limits for depth and digits; messages are decoded separately",
        "tests/unit/test_whatsapp_decode.py::test_absurd_nesting_costs_a_neighbour_nothing",
        _in_world(webhook.monstrous_bodies),
    ),
    Attack(
        7,
        PHONE,
        "use ids from another member's screens",
        "ids are looked up among what core shows this member; a confirmation belongs to one screen",
        "tests/integration/test_review_attacks.py::test_every_attack_fails",
        _in_world(members.other_members_ids),
    ),
    Attack(
        8,
        PHONE,
        "confirm twice, late, or before the question",
        "turn numbers never repeat; five minutes; it must not be written before the prompt",
        "tests/unit/test_flows_pending.py::test_no_old_confirm_ever_does_anything",
        _in_world(members.stale_buttons),
    ),
    Attack(
        9,
        PHONE,
        "answer a form with another member's token",
        "tokens are keyed hashes of member and turn; answers are validated again",
        "tests/unit/test_flows_forms.py::test_a_token_that_is_not_this_members_is_refused",
        _in_world(members.form_tokens, forms=True),
    ),
    Attack(
        10,
        PHONE,
        "manipulate screens by markup or invisible characters",
        "markup, control characters and bidirectional overrides are removed from names",
        "tests/unit/test_formatting.py::test_a_name_can_do_nothing_but_be_read",
        _in_world(members.injected),
    ),
    Attack(
        11,
        PHONE,
        "use look-alike digits and letters",
        "ASCII only in amounts, numbers and handles; nothing is dropped silently; the handle is shown",
        "tests/unit/test_domain_people.py::test_nothing_is_dropped_from_a_handle_silently",
        _in_world(members.confusables),
    ),
    Attack(
        12,
        PHONE,
        "impersonate a member by their contact card",
        "the sender's number, as Meta signs it, is the only identity",
        "tests/unit/test_flows_hidden.py::test_a_contact_card_is_never_taken_for_identity",
        _in_world(members.contact_cards),
    ),
    Attack(
        13,
        KEY,
        "send notices without core's key",
        "the API key in its header, compared in constant time, before the body is read",
        "tests/unit/test_core_events.py::test_without_the_api_key_nothing_is_stored",
        _in_world(core.wrong_keys),
    ),
    Attack(
        14,
        KEY,
        "forge or replay core's events",
        "HMAC with a separate secret; five minutes; each webhook_id once",
        "tests/unit/test_core_events.py::test_an_event_without_the_right_signature_is_refused",
        _in_world(core.forged_events),
    ),
    Attack(
        15,
        KEY,
        "exploit hostile fields (SSRF, injection)",
        "every field is validated; no URL is fetched; text is only shown",
        "tests/unit/test_core_events.py::test_text_from_core_can_do_nothing_but_be_read",
        _in_world(core.hostile_fields),
    ),
    Attack(
        16,
        SOCKET,
        "send requests that servers parse differently",
        "two lengths are rejected; each request is checked separately; headers are limited",
        "tests/unit/test_request_guard.py::test_two_lengths_are_refused_unread",
        _malformed_requests,
    ),
    Attack(
        17,
        SOCKET,
        "hold connections with bodies that never end",
        "ten seconds for a complete body, then 408 and the connection is closed",
        "tests/unit/test_request_guard.py::test_a_body_that_trickles_in_is_not_waited_for",
        _slow,
    ),
    Attack(
        18,
        INSIDE,
        "identify members in the logs",
        "pseudonyms by a keyed hash; no text, name, amount or token is ever logged",
        "tests/integration/test_logs_tell_nothing.py::test_no_line_says_who_a_member_is_or_what_they_wrote",
        _logs,
        ("searched for", "in", "found"),
    ),
    Attack(
        19,
        INSIDE,
        "provoke revealing answers",
        "one error format; no version, traceback, secret or number",
        "tests/unit/test_app_errors.py::test_every_refusal_names_its_error_and_details",
        _in_world(secrets.whispers),
    ),
    Attack(
        20,
        INSIDE,
        "steal core's tokens from Redis",
        "AES-256-GCM, bound to the member; never in the state Redis",
        "tests/contract/test_credex_tokens.py::test_a_value_opens_under_its_own_member_and_secret_only",
        _in_world(secrets.cached_tokens),
    ),
    Attack(
        21,
        INSIDE,
        "guess a secret by the time of a rejection",
        "hmac.compare_digest for every comparison with a secret",
        "tests/integration/test_review_attacks.py::test_a_plain_comparison_of_a_secret_is_found",
        _compared,
        ("comparison", "where", "what its timing reveals"),
    ),
)


def attack(number: int) -> Attack:
    """The attack with this number."""
    return next(each for each in ATTACKS if each.number == number)


def run_all(attacks: Sequence[Attack] = ATTACKS) -> Report:
    """Run the attacks in order; later ones search the responses and logs of the earlier ones."""
    observations = Observations()
    return Report(tuple(AttackResult(each, tuple(each.run(observations))) for each in attacks))
