"""Faults of Credex core, of WhatsApp and of the network between, as conversations write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import yaml

from simulator.errors import did_you_mean
from simulator.script.yaml_reader import YamlReader
from simulator.script.yaml_writer import YamlValue
from simulator.units import FlawError, read_duration_ms, write_duration
from simulator.world.faults import (
    CORE_ENDPOINTS,
    CORE_FAILURES,
    EVERYTHING,
    GRAPH_CODES,
    GRAPH_ENDPOINTS,
    GRAPH_FAILURES,
    LATE_FAILURES,
    PAUSE_MS,
    WEBHOOK_FAILURES,
    Effect,
    Fault,
    GraphFault,
    failure_of,
    make_fault,
    pause_of,
)

__all__ = (
    "read_core_fault",
    "read_graph_fault",
    "read_webhook_fault",
    "write_core_fault",
    "write_graph_fault",
    "write_webhook_fault",
)

_CORE_KEYS: Final = ("fails", "with", "times", "when", "slow", "spares", "late", "pause")
_GRAPH_KEYS: Final = ("fails", "with", "times", "accepted", "to")
_MOST_TIMES: Final = 1000
_ALWAYS: Final = "always"


# -- Credex core ----------------------------------------------------------------------------------------------------


def read_core_fault(reading: YamlReader, node: yaml.Node) -> Fault | None:
    """Read ``{fails: login, with: 500, times: 1, when: after}`` or ``{fails: login, slow: 12 s}``.

    With 429, ``pause: 7 s`` is the pause that core asks for (2 s if it is not given).
    """
    before = len(reading.problems)
    entries = reading.mapping(node, "core", known=_CORE_KEYS, needed=("fails",))
    endpoint = _endpoint(_choice(reading, entries, "fails", CORE_ENDPOINTS))
    times = _times(reading, entries)
    after = _choice(reading, entries, "when", ("before", "after"), "before") == "after"
    if ("with" in entries) == ("slow" in entries):
        reading.problem(node, "core needs either 'with' or 'slow'", f"with: {', '.join(CORE_FAILURES)}; slow: 12 s")
    failure = _choice(reading, entries, "with", CORE_FAILURES)
    slow_ms = (reading.value(entries["slow"], read_duration_ms, "slow") if "slow" in entries else None) or 0
    if failure == "refused" and after:
        reading.problem(node, "a connection that is refused never comes to 'after'")
    late_ms = (reading.value(entries["late"], read_duration_ms, "late") if "late" in entries else None) or 0
    if late_ms and (after or failure not in LATE_FAILURES):
        reading.problem(node, "only what core has not answered can be done 'late'", f"with: {', '.join(LATE_FAILURES)}")
    pause_ms = (reading.value(entries["pause"], read_duration_ms, "pause") if "pause" in entries else None) or PAUSE_MS
    if "pause" in entries and failure != "429":
        reading.problem(node, "only a limit of calls (429) asks for a 'pause'")
    if len(reading.problems) > before:
        return None
    spares = (reading.value(entries["spares"], _read_spares, "spares") if "spares" in entries else None) or 0
    if slow_ms:
        return Fault(Effect.SLOW, endpoint, after=after, times=times, slow_ms=slow_ms, spares=spares)
    return make_fault(failure, endpoint, after=after, times=times, pause_ms=pause_ms, spares=spares, late_ms=late_ms)


def write_core_fault(fault: Fault) -> YamlValue:
    """The mapping that `read_core_fault` reads."""
    written: dict[str, YamlValue] = {"fails": fault.endpoint or EVERYTHING}
    if fault.effect is Effect.SLOW:
        written["slow"] = write_duration(fault.slow_ms)
    else:
        written["with"] = failure_of(fault)
    if (pause_ms := pause_of(fault)) not in {None, PAUSE_MS}:
        written["pause"] = write_duration(pause_ms or 0)
    if fault.after:
        written["when"] = "after"
    if fault.late_ms:
        written["late"] = write_duration(fault.late_ms)
    if fault.spares:
        written["spares"] = fault.spares
    return written | _written_times(fault.times)


# -- WhatsApp -------------------------------------------------------------------------------------------------------


def read_graph_fault(reading: YamlReader, node: yaml.Node, people: Sequence[str]) -> GraphFault | None:
    """Read ``{fails: messages, with: 131056, times: 1, accepted: true, to: Tariro}``."""
    before = len(reading.problems)
    entries = reading.mapping(node, "graph", known=_GRAPH_KEYS, needed=("fails", "with"))
    endpoint = _endpoint(_choice(reading, entries, "fails", GRAPH_ENDPOINTS))
    failure = _choice(reading, entries, "with", (*GRAPH_FAILURES, *(str(code) for code in GRAPH_CODES)))
    times = _times(reading, entries)
    accepted = _choice(reading, entries, "accepted", ("true", "false"), "false") == "true"
    to = _choice(reading, entries, "to", tuple(people)) or None
    code = int(failure) if failure.isdecimal() and failure not in GRAPH_FAILURES else None
    if code is not None and (accepted or endpoint != "messages" or times is None):
        reading.problem(node, f"the code {code} refuses messages, a number of times; nothing else can be said of it")
    if to and code is None:
        reading.problem(node, "only a code can be for one person ('to')")
    if failure == "refused" and accepted:
        reading.problem(node, "a connection that is refused accepts nothing")
    if len(reading.problems) > before:
        return None
    if code is not None:
        return GraphFault(code=code, times=times or 1, to=to)
    return GraphFault(make_fault(failure, endpoint, after=accepted, times=times))


def write_graph_fault(fault: GraphFault) -> YamlValue:
    """The mapping that `read_graph_fault` reads."""
    if fault.wire is None:
        to: dict[str, YamlValue] = {"to": fault.to} if fault.to else {}
        return {"fails": "messages", "with": str(fault.code), **to, **_written_times(fault.times)}
    accepted: dict[str, YamlValue] = {"accepted": True} if fault.wire.after else {}
    failing: dict[str, YamlValue] = {"fails": fault.wire.endpoint or EVERYTHING, "with": failure_of(fault.wire)}
    return {**failing, **accepted, **_written_times(fault.wire.times)}


# -- the network from WhatsApp to the bot ---------------------------------------------------------------------------


def read_webhook_fault(reading: YamlReader, node: yaml.Node) -> Fault | None:
    """Read ``{with: reset, when: after, times: 2}``."""
    before = len(reading.problems)
    entries = reading.mapping(node, "network", known=("with", "when", "times"), needed=("with",))
    failure = _choice(reading, entries, "with", WEBHOOK_FAILURES)
    after = _choice(reading, entries, "when", ("before", "after"), "before") == "after"
    times = _times(reading, entries)
    if failure == "refused" and after:
        reading.problem(node, "a connection that is refused never comes to 'after'")
    return None if len(reading.problems) > before else make_fault(failure, after=after, times=times)


def write_webhook_fault(fault: Fault) -> YamlValue:
    """The mapping that `read_webhook_fault` reads."""
    when: dict[str, YamlValue] = {"when": "after"} if fault.after else {}
    return {"with": failure_of(fault), **when, **_written_times(fault.times)}


# -- values ---------------------------------------------------------------------------------------------------------


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


def _endpoint(name: str) -> str:
    return "" if name == EVERYTHING else name


def _times(reading: YamlReader, entries: Mapping[str, yaml.Node]) -> int | None:
    if "times" not in entries:
        return 1
    if isinstance(entries["times"], yaml.ScalarNode) and entries["times"].value == _ALWAYS:
        return None
    return reading.value(entries["times"], _read_times, "times") or 1


def _written_times(times: int | None) -> dict[str, YamlValue]:
    return {} if times == 1 else {"times": _ALWAYS if times is None else times}


def _read_times(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_TIMES:
        raise FlawError(f"not a number of times: {text!r}", "For example: 1, 3, always.")
    return int(text)


def _read_spares(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_TIMES:
        raise FlawError(f"not a number of calls to let pass: {text!r}", f"From 1 to {_MOST_TIMES}.")
    return int(text)
