"""Leaks of secrets and members' data through logs, responses, cache and timing."""

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

from notebooks.review.attack_world import (
    FARAI,
    HIDDEN,
    MALLORY,
    SECRETS,
    STRANGER,
    TARIRO,
    AttackWorld,
    Attempt,
    Observations,
    cache_of,
    dump_redis,
    logging_to,
    run_in_thread,
    run_in_world,
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
    "cached_tokens",
    "comparisons",
    "leaks",
    "logs_searched",
    "raw_cache",
    "timing_ratio",
    "whispers",
)

SHOWN: Final = 90
ROOT: Final = Path(__file__).resolve().parents[2]
SAMPLE: Final = 20
"""The number of stored conversations to play, spread evenly over all flows."""

NEVER_LOGGED: Final = re.compile(r"wamid\.|Bearer|ey[A-Za-z0-9_-]{20}|(?<![0-9a-f])263[0-9]{9}(?![0-9a-f])")


# -- logs and answers -----------------------------------------------------------------------------------------------


def logs_searched(sample: int = SAMPLE) -> tuple[list[Attempt], dict[str, int]]:
    """Play stored conversations and search the log for members' data; returns attempts and counts."""
    found: dict[str, list[str]] = {"numbers, names, handles, amounts, words": [], "secrets, tokens, message ids": []}
    counts = {"conversations": 0, "log lines": 0, "things searched for": 0}
    paths = stored()
    for path in paths[:: max(1, len(paths) // sample)][:sample]:
        file, conversation = StringIO(), load(path)
        with logging_to(file):
            transcript = run_in_thread(partial(replay, conversation))
        logged = file.getvalue()
        sought = telling(conversation, transcript)
        found["numbers, names, handles, amounts, words"] += [what for what in sought if what.lower() in logged.lower()]
        found["secrets, tokens, message ids"] += leaks(logged)
        counts["conversations"] += 1
        counts["log lines"] += logged.count("\n")
        counts["things searched for"] += len(sought) + len(SECRETS)
    attempts = [
        Attempt(
            what,
            f"{counts['conversations']} conversations",
            _found(each),
            held=not each and counts["log lines"] > 0,
        )
        for what, each in found.items()
    ]
    return attempts, counts


def _found(what: Sequence[str]) -> str:
    return f"{len(what)} of them" if what else "none"


def telling(conversation: Conversation, transcript: Transcript) -> set[str]:
    """Identifying data of the members: numbers, names, handles, amounts and the words that they wrote."""
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
    """Words that are also names of flows, steps, exits or keywords, which are logged."""
    flows = flow_registry().flows
    names = [step.name for flow in flows for step in flow.steps]
    exits = [way for flow in flows for step in flow.steps for way in step.exits]
    joined = " ".join([*(flow.name for flow in flows), *names, *exits, *flow_registry().keywords])
    return frozenset(re.split(r"[ _]", joined))


def leaks(text: str) -> list[str]:
    """Secrets, members' numbers, message ids and tokens in a text."""
    numbers = [number for number in (TARIRO, FARAI, MALLORY, HIDDEN, STRANGER) if number in text]
    return [*(secret for secret in SECRETS if secret in text), *numbers, *NEVER_LOGGED.findall(text)]


async def whispers(place: AttackWorld) -> list[Attempt]:
    """Requests that try to provoke a response or a log line with confidential data."""
    asked = {
        "health": ("GET", "/health/", b""),
        "an unknown path with a number in it": ("GET", f"/members/{TARIRO}", b""),
        "a method that is not taken": ("DELETE", "/bot/webhook", b""),
        "JSON with a number, cut short": ("POST", "/bot/webhook", f'{{"from": "{TARIRO}", '.encode()),
        "an envelope that is none": ("POST", "/bot/webhook", f'["{TARIRO}"]'.encode()),
    }
    attempts = []
    for what, (method, path, body) in asked.items():
        headers = {"X-Hub-Signature-256": sign(BUSINESS.app_secret, body)}
        answer = await place.request(method, path, body, headers)
        told = f"{answer.text} {sorted(answer.headers.items())}"
        silent = not leaks(told) and "Traceback" not in told and "uvicorn" not in told.lower()
        attempts.append(
            Attempt(what, str(answer), "no secret, number or version in it" if silent else told, held=silent)
        )
    return attempts


# -- the cache ------------------------------------------------------------------------------------------------------


async def cached_tokens(place: AttackWorld) -> list[Attempt]:
    """Attempts with read or write access to the cache."""
    await place.say("Tariro", "hi")
    await place.say("Mallory", "hi")
    cache, state = cache_of(place.world), place.world.open_quietly(open_state, 0)
    held, kept = await dump_redis(cache), await dump_redis(state)
    with_key = CachedTokens(cache, _django_secret(), place.world.clock_ms)
    without = CachedTokens(cache, "a guess", place.world.clock_ms)
    opened = [await with_key.get(member) for member in (TARIRO, MALLORY)]
    guessed = [await without.get(member) for member in (TARIRO, MALLORY)]
    live = [token for token in opened if token and place.world.core.sessions.find(token)]
    everything = repr(held).encode() + repr(kept).encode()
    sealed = [value for key, value in held.items() if key.startswith(b"token:")]
    attempts = [
        Attempt(
            f"read the cache: {len(sealed)} tokens lie there",
            f"{len(live)} live tokens searched for",
            "only ciphertext" if sealed else "no token",
            held=len(sealed) == len(live) > 0 and not any(token.encode() in everything for token in live),
        ),
        Attempt(
            "open them with another secret",
            f"{len(guessed)} tried",
            "none opens; with DJANGO_SECRET each does, and core knows it",
            held=not any(guessed) and all(opened),
        ),
        Attempt(
            "read the state Redis",
            "every key",
            "no token and no balance in any of them",
            held=bool(kept) and not any(what in repr(kept) for what in (*live, "50.00", "balance")),
        ),
    ]
    writing: object = await cache.set(f"token:{MALLORY}", await cache.get(f"token:{TARIRO}") or b"")
    await cache.delete(f"dashboard:{MALLORY}")
    said = await place.say("Mallory", "refresh")
    attempts.append(
        Attempt(
            "copy Tariro's token to Mallory's key",
            "written" if writing else "not written",
            "it does not open: Mallory is logged in anew, as Mallory",
            held="Mallory Dube Personal" in said and "Tariro" not in said,
        )
    )
    await cache.set(f"token:{TARIRO}", b"rubbish")
    await cache.delete(f"dashboard:{TARIRO}")
    said = await place.say("Tariro", "refresh")
    effect = "no token for us: Tariro is logged in anew"
    attempts.append(Attempt("write rubbish in its place", "written", effect, held="Tariro Moyo Personal" in said))
    await cache.aclose()
    await state.aclose()
    return attempts


def raw_cache() -> Table:
    """The raw keys and values of the cache after two members have greeted."""
    return Table(("key", "value", "bytes"), run_in_world(_lying), "The cache Redis, raw")


async def _lying(place: AttackWorld) -> list[tuple[str, str, int]]:
    await place.say("Tariro", "hi")
    await place.say("Mallory", "hi")
    cache = cache_of(place.world)
    held = await dump_redis(cache)
    await cache.aclose()
    texts = {key.decode(): value.decode() for key, value in sorted(held.items()) if isinstance(value, bytes)}
    return [(key, shorten(text, SHOWN), len(text)) for key, text in texts.items()]


def _django_secret() -> str:
    secret: str = Settings.model_construct().django_secret.get_secret_value()
    return secret


# -- comparisons ----------------------------------------------------------------------------------------------------

SECRET: Final = re.compile(r"secret|signature|token|api_key|digest|hmac", re.IGNORECASE)

NO_SECRET_TOLD: Final = {
    "await self.get(member) != token": "core's own token against a newer one of core's",
    "secret.get_secret_value() == invented": "a setting against its development value, at start",
    "name != 'whatsapp_access_token'": "the name of a setting",
    "name != 'flow_token'": "the name of a form's field",
}
"""Comparisons that an attacker cannot reach with a guess, and why."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison in the service that involves a secret."""

    place: str
    code: str
    constant_time: bool
    why: str

    @property
    def held(self) -> bool:
        """Whether its timing reveals nothing to an attacker."""
        return self.constant_time or bool(self.why)


def comparisons(root: Path = ROOT) -> list[Comparison]:
    """Every comparison in the source of `service/` that involves a secret."""
    return [each for path in sorted((root / "service").rglob("*.py")) for each in _compared(path, root)]


def _compared(path: Path, root: Path) -> Iterator[Comparison]:
    place = path.relative_to(root).as_posix()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "hmac.compare_digest":
            yield Comparison(place, ast.unparse(node), constant_time=True, why="")
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
            code = ast.unparse(node)
            # A number is not a secret: a script's result is compared with 1.
            numeric = any(isinstance(side, ast.Constant) and isinstance(side.value, int) for side in node.comparators)
            if not numeric and any(SECRET.search(side) for side in sides):
                yield Comparison(place, code, constant_time=False, why=NO_SECRET_TOLD.get(code, ""))


ROUNDS: Final = 60
PER_ROUND: Final = 200


def timing_ratio(
    check: Callable[[bytes, str], bool] = lambda body, header: verify("app-secret", body, header),
) -> tuple[float, float]:
    """The time to reject a signature whose last digit is wrong, relative to one whose first digit is wrong.

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


def searched(observations: Observations) -> list[Attempt]:
    """Search the responses and logs of all attacks for secrets and numbers."""
    found = leaks(observations.text())
    return [
        Attempt(
            "all answers and log lines of the attacks above",
            f"{len(observations.answers)} answers",
            _found(found),
            held=not found,
        )
    ]
