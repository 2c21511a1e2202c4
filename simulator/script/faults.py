"""Faults as conversations write them: what Credex core and the Graph API can do to the bot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import yaml

from simulator.credex_core import ENDPOINTS
from simulator.errors import did_you_mean
from simulator.script.yaml_reader import FlawError, YamlReader, read_duration_ms
from simulator.world.network import Answer, Effect, Fault

__all__ = (
    "CORE_ENDPOINTS",
    "GRAPH_CODES",
    "GraphFault",
    "describe_core",
    "read_core_fault",
    "read_graph_fault",
    "read_webhook_fault",
)

CORE_ENDPOINTS: Final = (*ENDPOINTS, "everything")
GRAPH_ENDPOINTS: Final = ("messages", "typing", "everything")
GRAPH_CODES: Final = (131056, 130429, 131000, 131047, 131026, 131031, 131042, 133004, 1, 2, 4, 10, 190, 368, 80007)

_WAYS: Final = ("400", "401", "403", "404", "409", "429", "500", "503", "timeout", "reset", "refused")
_CORE_KEYS: Final = ("fails", "with", "times", "when", "slow", "spares", "late", "pause")
_LATE_WAYS: Final = ("500", "503", "timeout", "reset")
_GRAPH_KEYS: Final = ("fails", "with", "times", "accepted", "to")
_GRAPH_WAYS: Final = ("500", "503", "timeout", "reset", "refused")
_WEBHOOK_WAYS: Final = ("503", "timeout", "reset", "refused")
_MOST_TIMES: Final = 1000
PAUSE_MS: Final = 2_000
_AS_TEXT: Final = {"content-type": "text/html; charset=utf-8"}

# What core puts beside these statuses is only logged by clients; 429 is its rate limiter's, which answers in text.
_BODIES: Final[Mapping[int, str]] = {
    400: "Validation failed",
    401: "Token expired",
    403: "Not authorised",
    404: "Failed to fetch dashboard data",
    409: "Conflict",
    500: "Internal server error",
    503: "Service unavailable",
}


@dataclass(frozen=True, slots=True)
class GraphFault:
    """What goes wrong at WhatsApp: a fault of the wire, or a code that the Cloud API itself answers."""

    wire: Fault | None
    code: int | None
    times: int
    to: str | None
    said: str


def describe_core(fault: Fault) -> str:
    """The fault as a stage direction."""
    what = fault.endpoint or "everything"
    often = "" if fault.times == 1 else ", until it is repaired" if fault.times is None else f", {fault.times} times"
    if fault.spares:
        often += ", but not the first time" if fault.spares == 1 else f", but not the first {fault.spares} times"
    if fault.late_ms:
        often += f", and does it {fault.late_ms / 1000:g} s later"
    done = f"Credex core does {what}, but " if fault.after else "Credex core "
    match fault.effect:
        case Effect.ANSWER:
            status = fault.answer.status if fault.answer else 0
            return f"{done}answers {status}{'' if fault.after else f' to {what}'}{often}"
        case Effect.SLOW:
            return f"Credex core takes {fault.slow_ms / 1000:g} s for {what}{often}"
        case Effect.TIMEOUT:
            return f"{done}{'its answer never comes' if fault.after else f'does not answer {what}'}{often}"
        case Effect.RESET:
            return f"{done}{'its answer is lost' if fault.after else f'drops the connection on {what}'}{often}"
        case _:
            return f"Credex core cannot be reached for {what}{often}"


def read_core_fault(reading: YamlReader, node: yaml.Node) -> Fault | None:
    """Read ``{fails: login, with: 500, times: 1, when: after}`` or ``{fails: login, slow: 12 s}``.

    With 429, ``pause: 7 s`` is the time for which core asks to be left alone (2 s if nothing is said).
    """
    before = len(reading.problems)
    entries = reading.mapping(node, "core", known=_CORE_KEYS, needed=("fails",))
    endpoint = _choice(reading, entries, "fails", CORE_ENDPOINTS)
    times = _times(reading, entries)
    after = _choice(reading, entries, "when", ("before", "after"), "before") == "after"
    if ("with" in entries) == ("slow" in entries):
        reading.problem(node, "core needs either 'with' or 'slow'", f"with: {', '.join(_WAYS)}; slow: 12 s")
    way = _choice(reading, entries, "with", _WAYS)
    slow_ms = (reading.value(entries["slow"], read_duration_ms, "slow") if "slow" in entries else None) or 0
    if way == "refused" and after:
        reading.problem(node, "a connection that is refused never comes to 'after'")
    late_ms = (reading.value(entries["late"], read_duration_ms, "late") if "late" in entries else None) or 0
    if late_ms and (after or way not in _LATE_WAYS):
        reading.problem(node, "only what core has not answered can be done 'late'", f"with: {', '.join(_LATE_WAYS)}")
    pause_ms = (reading.value(entries["pause"], read_duration_ms, "pause") if "pause" in entries else None) or PAUSE_MS
    if "pause" in entries and way != "429":
        reading.problem(node, "only a limit of calls (429) asks for a 'pause'")
    if len(reading.problems) > before:
        return None
    where = "" if endpoint == "everything" else endpoint
    spares = (reading.value(entries["spares"], _read_spares, "spares") if "spares" in entries else None) or 0
    if slow_ms:
        return Fault(Effect.SLOW, where, after=after, times=times, slow_ms=slow_ms, spares=spares)
    return replace(_wire(way, where, after=after, times=times, pause_ms=pause_ms), spares=spares, late_ms=late_ms)


def _read_spares(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_TIMES:
        raise FlawError(f"not a number of calls to let pass: {text!r}", f"From 1 to {_MOST_TIMES}.")
    return int(text)


def _wire(way: str, endpoint: str, *, after: bool, times: int | None, pause_ms: int = PAUSE_MS) -> Fault:
    if not way.isdecimal():
        return Fault(Effect(way), endpoint, after=after, times=times)
    status = int(way)
    answer = (
        Answer(429, "Too many requests", {**_AS_TEXT, "retry-after": str(pause_ms // 1000)})
        if status == 429  # noqa: PLR2004
        else Answer.json(status, {"message": _BODIES[status]})
    )
    return Fault(Effect.ANSWER, endpoint, after=after, times=times, answer=answer)


def read_graph_fault(reading: YamlReader, node: yaml.Node, people: Sequence[str]) -> GraphFault | None:
    """Read ``{fails: messages, with: 131056, times: 1, accepted: true, to: Tariro}``."""
    before = len(reading.problems)
    entries = reading.mapping(node, "graph", known=_GRAPH_KEYS, needed=("fails", "with"))
    endpoint = _choice(reading, entries, "fails", GRAPH_ENDPOINTS)
    ways = (*_GRAPH_WAYS, *(str(code) for code in GRAPH_CODES))
    way = _choice(reading, entries, "with", ways)
    times = _times(reading, entries)
    accepted = _choice(reading, entries, "accepted", ("true", "false"), "false") == "true"
    to = _choice(reading, entries, "to", tuple(people)) or None
    code = int(way) if way.isdecimal() and way not in _GRAPH_WAYS else None
    if code is not None and (accepted or endpoint != "messages" or times is None):
        reading.problem(node, f"the code {code} refuses messages, a number of times; nothing else can be said of it")
    if to and code is None:
        reading.problem(node, "only a code can be for one person ('to')")
    if way == "refused" and accepted:
        reading.problem(node, "a connection that is refused accepts nothing")
    if len(reading.problems) > before:
        return None
    where = "" if endpoint == "everything" else endpoint
    wire = None if code is not None else _wire(way, where, after=accepted, times=times)
    return GraphFault(wire, code, times or 1, to, _describe_graph(way, code, times, to, accepted=accepted))


def read_webhook_fault(reading: YamlReader, node: yaml.Node) -> tuple[Fault, str] | None:
    """Read ``{with: reset, when: after, times: 2}``: the fault, and the stage direction."""
    before = len(reading.problems)
    entries = reading.mapping(node, "network", known=("with", "when", "times"), needed=("with",))
    way = _choice(reading, entries, "with", _WEBHOOK_WAYS)
    after = _choice(reading, entries, "when", ("before", "after"), "before") == "after"
    times = _times(reading, entries)
    if way == "refused" and after:
        reading.problem(node, "a connection that is refused never comes to 'after'")
    if len(reading.problems) > before:
        return None
    often = "" if times == 1 else ", until it is repaired" if times is None else f", {times} times"
    lost = "the bot's answer to a webhook is lost" if after else "a webhook does not reach the bot"
    return _wire(way, "", after=after, times=times), f"On the way from WhatsApp {lost} ({way}){often}"


def _describe_graph(way: str, code: int | None, times: int | None, to: str | None, *, accepted: bool) -> str:
    often = "" if times == 1 else ", until it is repaired" if times is None else f", {times} times"
    if code is not None:
        return f"WhatsApp refuses what is sent{f' to {to}' if to else ''} with {code}{often}"
    if accepted:
        return f"WhatsApp takes what is sent, but the answer is lost ({way}){often}"
    return f"WhatsApp does not take what is sent ({way}){often}"


def _choice(
    reading: YamlReader, entries: Mapping[str, yaml.Node], key: str, known: Sequence[str], default: str = ""
) -> str:
    if key not in entries:
        return default
    text = reading.text(entries[key], key)
    if text is None:
        return default
    if text not in known:
        reading.problem(entries[key], f"{key} cannot be {text!r}", did_you_mean(text, known, "values"))
        return default
    return text


def _times(reading: YamlReader, entries: Mapping[str, yaml.Node]) -> int | None:
    if "times" not in entries:
        return 1
    if isinstance(entries["times"], yaml.ScalarNode) and entries["times"].value == "always":
        return None
    return reading.value(entries["times"], _read_times, "times") or 1


def _read_times(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_TIMES:
        raise FlawError(f"not a number of times: {text!r}", "For example: 1, 3, always.")
    return int(text)
