"""Fault rules as data: what a rule applies to, when it triggers, and what its effect is.

A rule is a flat record, the same in Python, in JSON and as text:

    {"on": "messages", "to": "447700900123", "times": 2, "do": "refuse", "code": 131056}
    {"on": "webhooks", "every": 3, "times": null, "do": "duplicate", "copies": 2}

`fault_middleware` applies effects to the Graph API, `delivery` to webhooks. Authentication comes first: a request
with a wrong token is refused as usual and does not count for any rule.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

import msgspec

from .errors import CloudError
from .phone_numbers import digits

__all__ = (
    "CHOICES",
    "GRAPH_TARGETS",
    "WEBHOOK_EFFECTS",
    "WIRE_EFFECTS",
    "ArmedRule",
    "Effect",
    "Rule",
    "RuleError",
    "Rules",
    "Target",
    "parse_rule",
    "parse_rule_text",
)

Target = Literal["messages", "typing", "media", "account", "graph", "webhooks", "statuses"]
"""What a rule applies to: sending messages, read receipts and typing indicators, media, the rest of the Graph API, any
of these; webhooks with people's messages, or webhooks with statuses."""

Effect = Literal[
    "answer", "reset", "hang", "garble", "slow", "refuse", "fail",
    "duplicate", "delay", "drop", "unsign", "missign", "tamper", "misaddress", "strip", "extend",
]  # fmt: skip
"""The effect of a rule; see `Rule`."""

CHOICES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({"on": get_args(Target), "do": get_args(Effect)})
"""The keys that take one of a few values, with those values."""

GRAPH_TARGETS: Final = frozenset({"messages", "typing", "media", "account", "graph"})
WIRE_EFFECTS: Final = frozenset({"answer", "reset", "hang", "garble", "slow"})
"""Effects on any Graph API request."""

WEBHOOK_EFFECTS: Final = frozenset(
    {"duplicate", "delay", "drop", "unsign", "missign", "tamper", "misaddress", "strip", "extend"}
)
"""Effects on webhooks."""

OMITTABLE: Final = frozenset({"contacts", "profile", "name", "wa_id", "from", "context", "user_id", "from_user_id"})
"""The parts that can be left out of a webhook."""

_NEEDS: Final = {
    "answer": "status", "slow": "ms", "refuse": "code", "fail": "code", "delay": "ms", "strip": "without",
    "extend": "extra",
}  # fmt: skip
_BELONGS: Final = {
    "status": {"answer", "refuse"},
    "code": {"refuse", "fail"},
    "details": {"refuse", "fail"},
    "stage": {"fail"},
    "ms": {"slow", "delay"},
    "taken": WIRE_EFFECTS,
    "copies": {"duplicate"},
    "at_once": {"duplicate"},
    "without": {"strip"},
    "extra": {"extend"},
}
_LEAST_STATUS: Final = 100
_MOST_STATUS: Final = 599
_MOST_COPIES: Final = 100
_PERCENT: Final = 100


class RuleError(CloudError, ValueError):
    """A rule is invalid and was not put in force; the message says why."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One fault rule: target, trigger and effect.

    Attributes:
        on: the target.
        do: the effect. On the Graph API: `answer` (with ``status``), `reset` the connection, `hang`, `garble`
            (truncated JSON), `slow`, `refuse` (Meta's error ``code`` at once), `fail` (accepted, then a failed
            status with ``code``). To webhooks: `duplicate`, `delay`, `drop`, `unsign` (no signature), `missign` (with
            another secret), `tamper`, `misaddress` (to another number's id), `strip` (parts missing), `extend`.
        to: only messages for or from this person; digits.
        kind: only this kind of message (text, button, list, template, image; from people also button_reply,
            list_reply, nfm_reply), or this status.
        times: how often it triggers; None for no limit.
        after: how many matching requests pass first.
        every: of the rest, it triggers at every n-th.
        percent: the probability with which it triggers then.
        code: Meta's error code; ``details`` are the error's details.
        status: the HTTP status in place of the code's usual one.
        stage: the status that a message reaches before it fails.
        taken: the request is handled first, and only its answer is affected: accepted, then a hang or a reset.
        ms: the delay.
        copies: how often the same bytes are delivered; ``at_once``: concurrently.
        without: the parts to leave out, of `OMITTABLE`.
        extra: unknown keys to add to the message.

    Raises:
        RuleError: the combination is invalid.
    """

    on: Target
    do: Effect
    to: str = ""
    kind: str = ""
    times: int | None = 1
    after: int = 0
    every: int = 1
    percent: int = _PERCENT
    code: int | None = None
    details: str | None = None
    status: int = 0
    stage: Literal["accepted", "sent", "delivered"] = "accepted"
    taken: bool = False
    ms: int = 0
    copies: int = 2
    at_once: bool = False
    without: tuple[str, ...] = ()
    extra: dict[str, Any] = {}

    def __post_init__(self) -> None:
        problem = next(self._problems(), "")
        if problem:
            raise RuleError(problem)

    def _problems(self) -> Iterator[str]:
        if (self.do in WEBHOOK_EFFECTS) is (self.on in GRAPH_TARGETS):
            fitting = sorted(set(get_args(Effect)) - WEBHOOK_EFFECTS if self.on in GRAPH_TARGETS else WEBHOOK_EFFECTS)
            yield f"{self.do!r} cannot be done to {self.on}; what can: {', '.join(fitting)}"
        if self.do == "fail" and self.on not in {"messages", "graph"}:
            yield "only messages can fail later; others can be refused ('refuse')"
        if self.kind and self.on in {"typing", "media", "account"}:
            yield f"{self.on} have no 'kind' of message"
        if (needed := _NEEDS.get(self.do)) and getattr(self, needed) in (None, (), {}, 0 if needed != "code" else None):
            yield f"{self.do!r} needs {needed!r}"
        defaults = dict(
            zip(self.__struct_fields__[-len(self.__struct_defaults__) :], self.__struct_defaults__, strict=True)
        )
        for name, does in _BELONGS.items():
            given = getattr(self, name)
            if self.do not in does and given and given != defaults[name]:
                yield f"{name!r} says nothing about {self.do!r}; it belongs to {', '.join(sorted(does))}"
        yield from self._out_of_range()

    def _out_of_range(self) -> Iterator[str]:
        if self.times is not None and self.times < 1:
            yield f"a rule strikes at least once, not {self.times} times; null is for always"
        if self.after < 0 or self.every < 1 or self.ms < 0:
            yield "'after' and 'ms' are at least 0, 'every' at least 1"
        if not 1 <= self.percent <= _PERCENT:
            yield f"'percent' is from 1 to 100, not {self.percent}"
        if self.status and not _LEAST_STATUS <= self.status <= _MOST_STATUS:
            yield f"{self.status} is no HTTP status"
        if not 2 <= self.copies <= _MOST_COPIES:  # noqa: PLR2004
            yield f"'copies' is from 2 to {_MOST_COPIES}, not {self.copies}"
        if unknown := sorted(set(self.without) - OMITTABLE):
            yield f"a webhook has no {', '.join(unknown)} to leave out; it has {', '.join(sorted(OMITTABLE))}"
        if self.to and not digits(self.to).isdecimal():
            yield f"'to' is a phone number, not {self.to!r}"

    def applies_to(self, on: str, phone: str, kind: str) -> bool:
        """Whether the rule applies to such a request or webhook."""
        here = self.on == on or (self.on == "graph" and on in GRAPH_TARGETS)
        return here and (not self.to or digits(self.to) == phone) and (not self.kind or self.kind == kind)

    def delivery_fault(self) -> dict[str, Any]:
        """The effect on a webhook, as fields of `DeliveryFault`."""
        made: dict[Effect, dict[str, Any]] = {
            "duplicate": {"times": self.copies, "at_once": self.at_once},
            "delay": {"delay_ms": self.ms},
            "drop": {"lost": True},
            "unsign": {"signature": "missing"},
            "missign": {"signature": "wrong"},
            "tamper": {"tampered": True},
            "misaddress": {"foreign": True},
            "strip": {"without": frozenset(self.without)},
            "extend": {"extra": self.extra},
        }
        return made[self.do]


def parse_rule(given: object) -> Rule:
    """Parse a rule from JSON.

    Raises:
        RuleError: this is not a valid rule; the message names the key.
    """
    try:
        return msgspec.convert(given, Rule)
    except msgspec.ValidationError as error:
        for key, known in CHOICES.items():
            if isinstance(given, dict) and given.get(key, known[0]) not in known:
                raise RuleError(f"{key!r} is one of {', '.join(known)}, not {given[key]!r}") from None
        raise RuleError(f"{error}. For example: " + '{"on": "messages", "do": "refuse", "code": 131056}') from None


def parse_rule_text(text: str) -> Rule:
    """Parse a rule from text, such as ``on=messages do=refuse code=131056 times=always``, or from JSON text.

    Raises:
        RuleError: this is not a valid rule.
    """
    if text.lstrip().startswith("{"):
        try:
            return parse_rule(msgspec.json.decode(text))
        except msgspec.DecodeError as error:
            raise RuleError(f"no JSON: {error}") from None
    given: dict[str, Any] = {}
    for word in text.split():
        key, equals, value = word.partition("=")
        if not equals or key in given:
            raise RuleError(f"{word!r} is not one key=value. For example: on=messages do=refuse code=131056")
        given[key] = word_value(key, value)
    return parse_rule(given)


def word_value(key: str, text: str) -> Any:
    """The value that ``key=text`` stands for."""
    if key == "times" and text == "always":
        return None
    if key == "without":
        return [part for part in text.split(",") if part]
    if key not in {"to", "details"} and text.isdecimal():
        return int(text)
    return {"true": True, "false": False}.get(text, text)


@dataclass(slots=True)
class ArmedRule:
    """A rule in force.

    Attributes:
        number: identifies it, for removal.
        seen: how many matching requests or webhooks there were.
        struck: at how many of them it triggered.
    """

    number: int
    rule: Rule
    seen: int = 0
    struck: int = 0

    def triggers(self, rng: random.Random) -> bool:
        """Count a match. Returns whether the rule triggers at it."""
        self.seen += 1
        place = self.seen - self.rule.after
        if place < 1 or place % self.rule.every:
            return False
        if self.rule.percent < _PERCENT and rng.randrange(_PERCENT) >= self.rule.percent:
            return False
        self.struck += 1
        return True

    @property
    def spent(self) -> bool:
        """Whether it has triggered as often as it may."""
        return self.rule.times is not None and self.struck >= self.rule.times


class Rules:
    """The rules in force, oldest first."""

    def __init__(self, rng: random.Random) -> None:
        """Start without rules; ``rng`` decides for rules with a probability."""
        self._rng = rng
        self._rules: list[ArmedRule] = []
        self._last = 0

    def __iter__(self) -> Iterator[ArmedRule]:
        return iter(tuple(self._rules))

    def __bool__(self) -> bool:
        return bool(self._rules)

    def add(self, rule: Rule) -> int:
        """Put a rule in force. Returns its number."""
        self._last += 1
        self._rules.append(ArmedRule(self._last, rule))
        return self._last

    def remove(self, number: int) -> None:
        """Take a rule out of force.

        Raises:
            RuleError: no rule in force has this number.
        """
        kept = [armed for armed in self._rules if armed.number != number]
        if len(kept) == len(self._rules):
            numbers = ", ".join(str(armed.number) for armed in self._rules) or "none"
            raise RuleError(f"no rule in force has the number {number} (in force: {numbers}); it may be spent")
        self._rules = kept

    def clear(self) -> None:
        """Take all rules out of force."""
        self._rules.clear()

    def restore(self, armed: Iterable[ArmedRule], last: int) -> None:
        """Restore the rules of a loaded state; ``last`` is the highest number given so far."""
        self._rules = list(armed)
        self._last = max([last, *(each.number for each in self._rules)])

    @property
    def last(self) -> int:
        """The highest number given so far."""
        return self._last

    def match(self, on: str, does: frozenset[str] | set[str], *, phone: str = "", kind: str = "") -> Rule | None:
        """The first rule with one of these effects that triggers."""
        return next(iter(self._matching(on, does, phone, kind)), None)

    def match_all(self, about: Sequence[tuple[str, str, str]]) -> list[Rule]:
        """All rules that trigger at a webhook. ``about``: target, phone number and kind of each update in it."""
        fitting = [armed for armed in self if any(armed.rule.applies_to(*one) for one in about)]
        return [armed.rule for armed in fitting if self._triggered(armed)]

    def _matching(self, on: str, does: frozenset[str] | set[str], phone: str, kind: str) -> Iterator[Rule]:
        for armed in self:
            if armed.rule.do in does and armed.rule.applies_to(on, phone, kind) and self._triggered(armed):
                yield armed.rule

    def _triggered(self, armed: ArmedRule) -> bool:
        triggered = armed.triggers(self._rng)
        if armed.spent:
            self._rules = [each for each in self._rules if each is not armed]
        return triggered
