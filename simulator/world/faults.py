"""Faults as plain data: what goes wrong with a request, which requests it is for, and the stage direction that says so.

`simulator.world.network` applies them to requests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from simulator.credex_core import ENDPOINTS

__all__ = (
    "CORE_ENDPOINTS",
    "CORE_FAILURES",
    "EVERYTHING",
    "GRAPH_CODES",
    "GRAPH_ENDPOINTS",
    "GRAPH_FAILURES",
    "LATE_FAILURES",
    "PAUSE_MS",
    "WEBHOOK_FAILURES",
    "Answer",
    "ArmedFault",
    "Effect",
    "Fault",
    "Faults",
    "GraphFault",
    "describe_core_fault",
    "describe_graph_fault",
    "describe_webhook_fault",
    "failure_of",
    "make_fault",
    "pause_of",
)

EVERYTHING: Final = "everything"
"""In place of an endpoint: all of them."""

CORE_ENDPOINTS: Final = (*ENDPOINTS, EVERYTHING)
GRAPH_ENDPOINTS: Final = ("messages", "typing", EVERYTHING)
GRAPH_CODES: Final = (131056, 130429, 131000, 131047, 131026, 131031, 131042, 133004, 1, 2, 4, 10, 190, 368, 80007)
"""Error codes of the Cloud API that a conversation can have it answer."""

CORE_FAILURES: Final = ("400", "401", "403", "404", "409", "429", "500", "503", "timeout", "reset", "refused")
"""How Credex core can fail: with a status, or as an `Effect`."""

LATE_FAILURES: Final = ("500", "503", "timeout", "reset")
"""Failures after which core can still handle the request later."""

GRAPH_FAILURES: Final = ("500", "503", "timeout", "reset", "refused")
WEBHOOK_FAILURES: Final = ("503", "timeout", "reset", "refused")

PAUSE_MS: Final = 2_000
"""The pause that core asks for in a 429, unless another is given."""

_TOO_MANY: Final = 429
_AS_TEXT: Final = {"content-type": "text/html; charset=utf-8"}

# Clients only log the message that core sends with these statuses. The 429 comes from its rate limiter, as text.
_BODIES: Final[Mapping[int, str]] = {
    400: "Validation failed",
    401: "Token expired",
    403: "Not authorised",
    404: "Failed to fetch dashboard data",
    409: "Conflict",
    500: "Internal server error",
    503: "Service unavailable",
}


class Effect(StrEnum):
    """What goes wrong with a request."""

    REFUSED = "refused"
    RESET = "reset"
    TIMEOUT = "timeout"
    ANSWER = "answer"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that replaces the target's own."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, value: object) -> Answer:
        """An answer with a JSON body."""
        return cls(status, json.dumps(value, separators=(",", ":")), {"content-type": "application/json"})


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule: what goes wrong, with which requests, and how often.

    Attributes:
        endpoint: the endpoint that it is for; empty for all endpoints of the target.
        after: the target handles the request first, and only its answer is lost or replaced.
        times: how many requests it hits; None for all until it is removed.
        slow_ms: the extra time of `Effect.SLOW`.
        spares: how many requests pass unharmed first.
        late_ms: the target handles the request this long after the failure; 0 for never.

    Raises:
        ValueError: the combination makes no sense.
    """

    effect: Effect
    endpoint: str = ""
    after: bool = False
    times: int | None = 1
    answer: Answer | None = None
    slow_ms: int = 0
    spares: int = 0
    late_ms: int = 0

    def __post_init__(self) -> None:
        if self.late_ms and (self.after or self.effect in {Effect.SLOW, Effect.REFUSED}):
            raise ValueError("what is handled late was not handled before, and has reached the target")
        if (self.effect is Effect.ANSWER) != (self.answer is not None):
            raise ValueError("an answer belongs to the effect ANSWER, and to no other")
        if self.times is not None and self.times < 1:
            raise ValueError("a fault strikes at least once")

    def fits(self, endpoint: str) -> bool:
        """Whether it is for requests to this endpoint."""
        return not self.endpoint or self.endpoint.lower() == endpoint.lower()


@dataclass(frozen=True, slots=True)
class ArmedFault:
    """A fault in force, with the number by which it can be removed."""

    number: int
    fault: Fault


class Faults:
    """The faults in force for one target, oldest first.

    Attributes:
        usual: hits every request to its endpoint that no other fault hits.
    """

    def __init__(self) -> None:
        self.usual: Fault | None = None
        self._armed: list[ArmedFault] = []
        self._last = 0

    def __iter__(self) -> Iterator[ArmedFault]:
        return iter(tuple(self._armed))

    def add(self, fault: Fault) -> int:
        """Put a fault in force. Returns its number."""
        self._last += 1
        self._armed.append(ArmedFault(self._last, fault))
        return self._last

    def remove(self, number: int) -> None:
        """Remove a fault. An unknown number is ignored: the fault may have worn out."""
        self._armed = [armed for armed in self._armed if armed.number != number]

    def clear(self) -> None:
        """Remove all faults."""
        self._armed.clear()

    def take(self, endpoint: str) -> Fault | None:
        """The fault that hits a request to this endpoint; it counts as one of the fault's times."""
        for place, armed in enumerate(self._armed):
            fault = armed.fault
            if not fault.fits(endpoint):
                continue
            if fault.spares:
                self._armed[place] = replace(armed, fault=replace(fault, spares=fault.spares - 1))
                continue
            if fault.times == 1:
                del self._armed[place]
            elif fault.times is not None:
                self._armed[place] = replace(armed, fault=replace(fault, times=fault.times - 1))
            return fault
        return self.usual if self.usual and self.usual.fits(endpoint) else None


@dataclass(frozen=True, slots=True)
class GraphFault:
    """A failure of WhatsApp: of the wire, or an error code that the Cloud API itself answers.

    Attributes:
        code: the Cloud API's error code; it refuses messages only, and a number of times.
        to: with a code, only messages to this person (by key).
    """

    wire: Fault | None = None
    code: int | None = None
    times: int = 1
    to: str | None = None


def make_fault(
    failure: str,
    endpoint: str = "",
    *,
    after: bool = False,
    times: int | None = 1,
    pause_ms: int = PAUSE_MS,
    spares: int = 0,
    late_ms: int = 0,
) -> Fault:
    """A fault from its name: a status (``500``) or an effect (``timeout``, ``reset``, ``refused``).

    Raises:
        ValueError: the combination makes no sense.
    """
    if not failure.isdecimal():
        return Fault(Effect(failure), endpoint, after=after, times=times, spares=spares, late_ms=late_ms)
    status = int(failure)
    answer = (
        Answer(_TOO_MANY, "Too many requests", {**_AS_TEXT, "retry-after": str(pause_ms // 1000)})
        if status == _TOO_MANY
        else Answer.json(status, {"message": _BODIES[status]})
    )
    return Fault(Effect.ANSWER, endpoint, after=after, times=times, answer=answer, spares=spares, late_ms=late_ms)


def failure_of(fault: Fault) -> str:
    """The name by which `make_fault` makes it."""
    return str(fault.effect) if fault.answer is None else str(fault.answer.status)


def pause_of(fault: Fault) -> int | None:
    """The pause in milliseconds that a 429 asks for; None for other faults."""
    after_s = None if fault.answer is None else fault.answer.headers.get("retry-after")
    return None if after_s is None else int(after_s) * 1000


# -- stage directions -----------------------------------------------------------------------------------------------


def describe_core_fault(fault: Fault) -> str:
    """A fault of Credex core as a stage direction."""
    what = fault.endpoint or EVERYTHING
    often = _often(fault.times)
    if fault.spares:
        often += ", but not the first time" if fault.spares == 1 else f", but not the first {fault.spares} times"
    if fault.late_ms:
        often += f", and does it {fault.late_ms / 1000:g} s later"
    done = f"Credex core does {what}, but " if fault.after else "Credex core "
    match fault.effect:
        case Effect.ANSWER:
            return f"{done}answers {failure_of(fault)}{'' if fault.after else f' to {what}'}{often}"
        case Effect.SLOW:
            return f"Credex core takes {fault.slow_ms / 1000:g} s for {what}{often}"
        case Effect.TIMEOUT:
            return f"{done}{'its answer never comes' if fault.after else f'does not answer {what}'}{often}"
        case Effect.RESET:
            return f"{done}{'its answer is lost' if fault.after else f'drops the connection on {what}'}{often}"
        case Effect.REFUSED:
            return f"Credex core cannot be reached for {what}{often}"


def describe_graph_fault(fault: GraphFault) -> str:
    """A fault of WhatsApp as a stage direction."""
    if fault.wire is None:
        return f"WhatsApp refuses what is sent{f' to {fault.to}' if fault.to else ''} with {fault.code}" + _often(
            fault.times
        )
    failure, often = failure_of(fault.wire), _often(fault.wire.times)
    if fault.wire.after:
        return f"WhatsApp takes what is sent, but the answer is lost ({failure}){often}"
    return f"WhatsApp does not take what is sent ({failure}){often}"


def describe_webhook_fault(fault: Fault) -> str:
    """A fault of the network between WhatsApp and the bot as a stage direction."""
    lost = "the bot's answer to a webhook is lost" if fault.after else "a webhook does not reach the bot"
    return f"On the way from WhatsApp {lost} ({failure_of(fault)}){_often(fault.times)}"


def _often(times: int | None) -> str:
    return "" if times == 1 else ", until it is repaired" if times is None else f", {times} times"
