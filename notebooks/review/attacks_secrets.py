"""Where secrets, numbers and words of members could leak: logs, answers, the cache; and what compares secrets."""

from __future__ import annotations

import ast
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from io import StringIO
from pathlib import Path
from typing import Final

from notebooks.review.attacks_place import (
    FARAI,
    HIDDEN,
    MALLORY,
    SECRETS,
    STRANGER,
    TARIRO,
    Heard,
    Place,
    Try,
    apart,
    cache_of,
    in_a_world,
    logging_to,
    raw,
)
from notebooks.review.pictures import Table
from service.credex.tokens import CachedTokens
from service.flows import flow_registry
from service.mailbox import open_state
from service.messages import shorten
from service.settings import Settings
from service.whatsapp import sign, verify
from simulator.playback.player import replay
from simulator.script.conversation import Conversation, load
from simulator.script.library import stored
from simulator.whatsapp_cloud.transcript.model import Kind, Transcript
from simulator.world.connections import BUSINESS

__all__ = (
    "Comparison",
    "cache_as_it_lies",
    "cached_tokens",
    "comparisons",
    "leaks",
    "logs_searched",
    "timing_ratio",
    "whispers",
)

SHOWN: Final = 90
ROOT: Final = Path(__file__).resolve().parents[2]
SAMPLE: Final = 20
"""So many of the stored conversations are played, evenly from all flows."""

NEVER_LOGGED: Final = re.compile(r"wamid\.|Bearer|ey[A-Za-z0-9_-]{20}|(?<![0-9a-f])263[0-9]{9}(?![0-9a-f])")


# -- logs and answers -----------------------------------------------------------------------------------------------


def logs_searched(sample: int = SAMPLE) -> tuple[list[Try], dict[str, int]]:
    """Stored conversations played with the log captured, and all that would tell of a member searched for in it."""
    found: dict[str, list[str]] = {"numbers, names, handles, amounts, words": [], "secrets, tokens, message ids": []}
    counts = {"conversations": 0, "log lines": 0, "things searched for": 0}
    paths = stored()
    for path in paths[:: max(1, len(paths) // sample)][:sample]:
        file, conversation = StringIO(), load(path)
        with logging_to(file):
            transcript = apart(partial(replay, conversation))
        logged = file.getvalue()
        sought = telling(conversation, transcript)
        found["numbers, names, handles, amounts, words"] += [what for what in sought if what.lower() in logged.lower()]
        found["secrets, tokens, message ids"] += leaks(logged)
        counts["conversations"] += 1
        counts["log lines"] += logged.count("\n")
        counts["things searched for"] += len(sought) + len(SECRETS)
    tries = [
        Try(
            what,
            f"{counts['conversations']} conversations",
            _found(each),
            held=not each and counts["log lines"] > 0,
        )
        for what, each in found.items()
    ]
    return tries, counts


def _found(what: Sequence[str]) -> str:
    return f"{len(what)} of them" if what else "none"


def telling(conversation: Conversation, transcript: Transcript) -> set[str]:
    """All that would tell of a member: numbers, names, handles, amounts and the words they wrote."""
    said: set[str] = set()
    for person in conversation.people:
        said |= {person.phone, *person.name.split(), *([person.member.handle or ""] if person.member else [])}
    for moment in transcript.moments:
        shown = moment.screen.body if moment.screen else moment.text
        said |= set(re.findall(r"[0-9][0-9,.]* (?:USD|ZWG|CXX|CAD|XAU)", shown))
        said |= set(moment.text.split()) if moment.kind in {Kind.SAID, Kind.FILLED} else set()
    return {what for what in said if len(what) > len("word") and what.lower() not in _own_words()}


@cache
def _own_words() -> frozenset[str]:
    """Words that members type and that name flows, steps and exits as well: those are logged."""
    flows = flow_registry().flows
    names = [step.name for flow in flows for step in flow.steps]
    exits = [way for flow in flows for step in flow.steps for way in step.exits]
    joined = " ".join([*(flow.name for flow in flows), *names, *exits, *flow_registry().keywords])
    return frozenset(re.split(r"[ _]", joined))


def leaks(text: str) -> list[str]:
    """Secrets, members' numbers, message ids and tokens in a text."""
    numbers = [number for number in (TARIRO, FARAI, MALLORY, HIDDEN, STRANGER) if number in text]
    return [*(secret for secret in SECRETS if secret in text), *numbers, *NEVER_LOGGED.findall(text)]


async def whispers(place: Place) -> list[Try]:
    """Requests that should make the service talk too much, in its answer or in its log."""
    asked = {
        "health": ("GET", "/health/", b""),
        "an unknown path with a number in it": ("GET", f"/members/{TARIRO}", b""),
        "a method that is not taken": ("DELETE", "/bot/webhook", b""),
        "JSON with a number, cut short": ("POST", "/bot/webhook", f'{{"from": "{TARIRO}", '.encode()),
        "an envelope that is none": ("POST", "/bot/webhook", f'["{TARIRO}"]'.encode()),
    }
    tries = []
    for what, (method, path, body) in asked.items():
        headers = {"X-Hub-Signature-256": sign(BUSINESS.app_secret, body)}
        answer = await place.request(method, path, body, headers)
        told = f"{answer.text} {sorted(answer.headers.items())}"
        silent = not leaks(told) and "Traceback" not in told and "uvicorn" not in told.lower()
        tries.append(Try(what, str(answer), "no secret, number or version in it" if silent else told, held=silent))
    return tries


# -- the cache ------------------------------------------------------------------------------------------------------


async def cached_tokens(place: Place) -> list[Try]:
    """Whoever can read, or even write, the cache."""
    await place.say("Tariro", "hi")
    await place.say("Mallory", "hi")
    cache, state = cache_of(place.world), place.world.open_quietly(open_state, 0)
    held, kept = await raw(cache), await raw(state)
    with_key = CachedTokens(cache, _django_secret(), place.world.clock_ms)
    without = CachedTokens(cache, "a guess", place.world.clock_ms)
    opened = [await with_key.get(member) for member in (TARIRO, MALLORY)]
    guessed = [await without.get(member) for member in (TARIRO, MALLORY)]
    live = [token for token in opened if token and place.world.core.sessions.find(token)]
    everything = repr(held).encode() + repr(kept).encode()
    sealed = [value for key, value in held.items() if key.startswith(b"token:")]
    tries = [
        Try(
            f"read the cache: {len(sealed)} tokens lie there",
            f"{len(live)} live tokens searched for",
            "only ciphertext" if sealed else "no token",
            held=len(sealed) == len(live) > 0 and not any(token.encode() in everything for token in live),
        ),
        Try(
            "open them with another secret",
            f"{len(guessed)} tried",
            "none opens; with DJANGO_SECRET each does, and core knows it",
            held=not any(guessed) and all(opened),
        ),
        Try(
            "read the state Redis",
            "every key",
            "no token and no balance in any of them",
            held=bool(kept) and not any(what in repr(kept) for what in (*live, "50.00", "balance")),
        ),
    ]
    writing: object = await cache.set(f"token:{MALLORY}", await cache.get(f"token:{TARIRO}") or b"")
    await cache.delete(f"dashboard:{MALLORY}")
    said = await place.say("Mallory", "refresh")
    tries.append(
        Try(
            "copy Tariro's token to Mallory's key",
            "written" if writing else "not written",
            "it does not open: Mallory is logged in anew, as Mallory",
            held="Mallory Dube Personal" in said and "Tariro" not in said,
        )
    )
    await cache.set(f"token:{TARIRO}", b"rubbish")
    await cache.delete(f"dashboard:{TARIRO}")
    said = await place.say("Tariro", "refresh")
    came = "no token for us: Tariro is logged in anew"
    tries.append(Try("write rubbish in its place", "written", came, held="Tariro Moyo Personal" in said))
    await cache.aclose()
    await state.aclose()
    return tries


def cache_as_it_lies() -> Table:
    """Keys and values of the cache, as whoever reads it sees them, after two members said hello."""
    return Table(("key", "value", "bytes"), in_a_world(_lying), "The cache Redis, raw")


async def _lying(place: Place) -> list[tuple[str, str, int]]:
    await place.say("Tariro", "hi")
    await place.say("Mallory", "hi")
    cache = cache_of(place.world)
    held = await raw(cache)
    await cache.aclose()
    texts = {key.decode(): value.decode() for key, value in sorted(held.items()) if isinstance(value, bytes)}
    return [(key, shorten(text, SHOWN), len(text)) for key, text in texts.items()]


def _django_secret() -> str:
    secret: str = Settings.model_construct().django_secret.get_secret_value()
    return secret


# -- comparisons ----------------------------------------------------------------------------------------------------

SECRET: Final = re.compile(r"secret|signature|token|api_key|digest|hmac", re.IGNORECASE)

NO_SECRET_TOLD: Final = {
    "self._kept.get(member, (0, ''))[1] == token": "core's own token against a newer one of core's",
    "await self.get(member) != token": "core's own token against a newer one of core's",
    "secret.get_secret_value() == invented": "a setting against its development value, at start",
    "name != 'whatsapp_access_token'": "the name of a setting",
    "name != 'flow_token'": "the name of a form's field",
}
"""Comparisons that nobody outside can reach with a guess, and why."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A place in the service where something secret is compared, and how."""

    place: str
    code: str
    constant_time: bool
    why: str

    @property
    def held(self) -> bool:
        """Whether it tells nobody anything by the time it takes."""
        return self.constant_time or bool(self.why)


def comparisons(root: Path = ROOT) -> list[Comparison]:
    """Every comparison in `service/` that has a secret in it, found in the source."""
    return [each for path in sorted((root / "service").rglob("*.py")) for each in _compared(path, root)]


def _compared(path: Path, root: Path) -> Iterator[Comparison]:
    place = path.relative_to(root).as_posix()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "hmac.compare_digest":
            yield Comparison(place, ast.unparse(node), constant_time=True, why="")
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
            code = ast.unparse(node)
            if any(SECRET.search(side) for side in sides):
                yield Comparison(place, code, constant_time=False, why=NO_SECRET_TOLD.get(code, ""))


ROUNDS: Final = 60
PER_ROUND: Final = 200


def timing_ratio(
    check: Callable[[bytes, str], bool] = lambda body, header: verify("app-secret", body, header),
) -> tuple[float, float]:
    """How long it takes to refuse a signature whose last digit is wrong, against one whose first is.

    Returns:
        The ratio of the medians (1 when nothing can be learnt), and the median time of one check in microseconds.
    """
    body = b"x" * 600
    right = sign("app-secret", body)
    first = right.replace("=", "=0" if right[7] != "0" else "=1", 1)[: len(right)]
    last = right[:-1] + ("0" if right[-1] != "0" else "1")
    taken: dict[str, list[float]] = {first: [], last: []}
    for _ in range(ROUNDS):
        for header in (first, last):
            began = time.perf_counter()
            for _ in range(PER_ROUND):
                check(body, header)
            taken[header].append((time.perf_counter() - began) / PER_ROUND)
    medians = {header: statistics.median(times) for header, times in taken.items()}
    return medians[last] / medians[first], medians[first] * 1e6


def searched(heard: Heard) -> list[Try]:
    """What was heard during all attacks, searched for secrets and numbers."""
    found = leaks(heard.text())
    return [
        Try(
            "all answers and log lines of the attacks above",
            f"{len(heard.answers)} answers",
            _found(found),
            held=not found,
        )
    ]
