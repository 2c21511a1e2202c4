"""Reading YAML so that every problem can be named with its file and line.

Scalars stay the text that was written (``yes`` is what a member typed, not a truth value), and a comma without a space
after it belongs to a number: ``[12.50 USD, 1,040 ZWG]`` are two amounts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Final, NoReturn, TypeVar

import phonenumbers
import yaml

from service.domain import Denomination, Money
from simulator.errors import Problem, did_you_mean

__all__ = (
    "HARARE",
    "FlawError",
    "YamlReader",
    "read_amount",
    "read_duration_ms",
    "read_phone",
    "read_start_ms",
    "refuse",
    "show_duration",
    "show_phone",
)

T = TypeVar("T")

HARARE: Final = timezone(timedelta(hours=2), "Harare")
"""Zimbabwe keeps UTC+2 all the year."""

_UNITS_MS: Final = (
    (re.compile(r"ms"), 1),
    (re.compile(r"s|secs?|seconds?"), 1_000),
    (re.compile(r"min|mins|minutes?"), 60_000),
    (re.compile(r"h|hours?"), 3_600_000),
    (re.compile(r"d|days?"), 86_400_000),
)
_SAID_MS: Final = (
    ("day", 86_400_000),
    ("hour", 3_600_000),
    ("minute", 60_000),
    ("second", 1_000),
    ("millisecond", 1),
)
_QUOTES: Final = "If it is a text with : { } [ ] or # in it, put it between quotes."
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")


class FlawError(Exception):
    """A value that cannot be read: what is wrong with it, and what would be right."""

    def __init__(self, what: str, hint: str = "") -> None:
        self.what = what
        self.hint = hint
        super().__init__(what)


def read_duration_ms(text: str) -> int:
    """Read a duration such as ``6 min``, ``90 s``, ``1 h 30 min`` or ``3 days``.

    Raises:
        Flaw: it is none.
    """
    total, rest = 0.0, text.strip().lower()
    while match := _DURATION.match(rest):
        factor = next((ms for unit, ms in _UNITS_MS if unit.fullmatch(match[2])), None)
        if factor is None:
            break
        total += float(match[1]) * factor
        rest = rest[match.end() :].lstrip(" ,")
    if rest or total <= 0 or total != int(total):
        raise FlawError(f"not a duration: {text!r}", "For example: 90 s, 6 min, 2 h, 3 days, 1 h 30 min.")
    return int(total)


def show_duration(duration_ms: int) -> str:
    """A duration as people say it: ``1 hour and 30 minutes``."""
    parts, rest = [], duration_ms
    for unit, length_ms in _SAID_MS:
        count, rest = divmod(rest, length_ms)
        if count:
            parts.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return " and ".join(parts)


def read_amount(text: str) -> Money:
    """Read an amount with its denomination, as Credex core displays it.

    Raises:
        Flaw: it is none.
    """
    try:
        money = Money.displayed(text)
    except ValueError:
        known = ", ".join(Denomination)
        raise FlawError(f"not an amount: {text!r}", f"For example: 12.50 USD. Denominations: {known}.") from None
    if money.amount <= 0:
        raise FlawError(f"the amount must be more than zero: {text!r}")
    return money


def read_phone(text: str) -> str:
    """Read a phone number; without a country code it is taken as Zimbabwean. Returns its digits, country code first.

    Raises:
        Flaw: it is none.
    """
    example = 'For example: "+263 77 123 4567".'
    try:
        number = phonenumbers.parse(text, "ZW")
    except phonenumbers.NumberParseException:
        raise FlawError(f"not a phone number: {text!r}", example) from None
    if not phonenumbers.is_valid_number(number):
        raise FlawError(f"no such phone number can exist: {text!r}", example)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def show_phone(digits: str) -> str:
    """A phone number as people write it: ``+263 77 123 4567``."""
    number = phonenumbers.parse(f"+{digits}")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def read_start_ms(text: str) -> int:
    """Read ``2026-11-02 08:00``, Harare time, into milliseconds since the epoch.

    Raises:
        Flaw: it is no such time.
    """
    try:
        moment = datetime.strptime(text.strip(), "%Y-%m-%d %H:%M").replace(tzinfo=HARARE)
    except ValueError:
        raise FlawError(f"not a time: {text!r}", "For example: 2026-11-02 08:00 (Harare time).") from None
    return int(moment.timestamp()) * 1000


class YamlReader:
    """One file being read: its nodes as plain values, its problems collected."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.root: yaml.Node | None = None
        try:
            self.root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.problems.append(Problem(file, mark.line + 1 if mark else 1, *_explained(error)))
        except yaml.YAMLError as error:
            self.problems.append(Problem(file, 1, f"not YAML: {error}"))

    def problem(self, node: yaml.Node | None, what: str, hint: str = "") -> None:
        """Note a problem at a node."""
        line = node.start_mark.line + 1 if node is not None else 1
        self.problems.append(Problem(self.file, line, what, hint))

    def value(self, node: yaml.Node, read: Callable[[str], T], what: str) -> T | None:
        """Read a scalar with a function; what it refuses becomes a problem, and the value None."""
        text = self.text(node, what)
        if text is None:
            return None
        try:
            return read(text)
        except FlawError as flaw:
            self.problem(node, flaw.what, flaw.hint)
            return None

    def text(self, node: yaml.Node, what: str) -> str | None:
        """The text of a scalar, as written; a problem when it is empty or no scalar."""
        if not isinstance(node, yaml.ScalarNode):
            self.problem(node, f"{what} must be a text on one line, not {_kind(node)}", _QUOTES)
            return None
        text: str = node.value
        if not text:
            self.problem(node, f"{what} is empty")
            return None
        return text

    def items(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        """The members of a list, numbers with commas in them put together again."""
        if not isinstance(node, yaml.SequenceNode):
            self.problem(node, f"{what} must be a list, not {_kind(node)}")
            return []
        return _regrouped(node) if node.flow_style else list(node.value)

    def mapping(
        self, node: yaml.Node, what: str, *, known: Sequence[str] = (), needed: Sequence[str] = ()
    ) -> dict[str, yaml.Node]:
        """The entries of a mapping. With ``known``, other keys are problems; missing ``needed`` ones always are."""
        if not isinstance(node, yaml.MappingNode):
            self.problem(node, f"{what} must be of the form key: value, not {_kind(node)}")
            return {}
        entries: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
            if not key:
                self.problem(key_node, f"a key of {what} must be a text")
            elif key in entries:
                self.problem(key_node, f"{what} says {key!r} twice")
            elif known and key not in known:
                self.problem(key_node, f"{what} knows no {key!r}", did_you_mean(key, known, "keys"))
            else:
                entries[key] = value
        for key in needed:
            if key not in entries:
                self.problem(node, f"{what} needs {key!r}")
        return entries


def refuse(what: str, hint: str = "") -> NoReturn:
    """Raise a `FlawError`; for use in expressions."""
    raise FlawError(what, hint)


def _explained(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    problem = error.problem or str(error)
    if "'\\t'" in problem:
        return "a tab stands where only spaces may", "Indent with spaces."
    if "mapping values are not allowed" in problem:
        return "a second ': ' on this line", 'Put the text between quotes: - Tariro: "like: this".'
    return f"not YAML: {problem}", (error.context or "")


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return f"{node.value!r}" if node.value else "nothing"


def _regrouped(node: yaml.SequenceNode) -> list[yaml.Node]:
    """The items of ``[a, 1,040 b]`` as a reader means them: a comma groups thousands when no space follows it."""
    items: list[yaml.Node] = []
    for item in node.value:
        last = items[-1] if items else None
        if (
            isinstance(item, yaml.ScalarNode)
            and isinstance(last, yaml.ScalarNode)
            and item.style is None
            and last.style is None
            and last.end_mark.index + 1 == item.start_mark.index
        ):
            joined = f"{last.value},{item.value}"
            items[-1] = yaml.ScalarNode(item.tag, joined, last.start_mark, item.end_mark)
        else:
            items.append(item)
    return items
