"""How WhatsApp treats messages and webhooks: faults of the Graph API, delays, repeats and order of deliveries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import yaml

from simulator.errors import did_you_mean
from simulator.script.directives.directive import Directive, Scope, Step, read_flag
from simulator.script.faults import read_graph_fault, read_webhook_fault, write_graph_fault, write_webhook_fault
from simulator.script.yaml_writer import YamlEntry, YamlValue
from simulator.units import FlawError, read_duration_ms, write_duration
from simulator.whatsapp_cloud import Rule, RuleError, parse_rule
from simulator.whatsapp_cloud.faults import word_value
from simulator.whatsapp_cloud.inbound import OTHER_FIELDS
from simulator.world.faults import GRAPH_CODES, Fault, GraphFault

__all__ = (
    "STAGE",
    "AnnounceFromMeta",
    "BreakGraph",
    "BreakNetwork",
    "BreakWhatsApp",
    "ChangeDelivery",
    "DelayWebhook",
    "HoldWebhooks",
    "ReleaseWebhooks",
    "RepairGraph",
    "RepairWhatsApp",
    "RepeatWebhook",
)

_RULE_KEYS: Final = tuple(Rule.__struct_fields__)
_SWITCHES: Final = ("in_order", "reversed_statuses", "skip_delivered", "status_before_answer", "shuffle_keys")
_DURATIONS: Final = ("jitter_ms", "batch_ms")
_SHAPES: Final = ("natural", "messages", "changes", "entries")
_WORKS: Final = "works"
MOST_REPEATS: Final = 20


# -- the Graph API --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BreakGraph(Step):
    """A fault of WhatsApp's Graph API is put in force."""

    fault: GraphFault

    def entry(self) -> YamlEntry:
        """``graph: {fails: messages, with: 131056}``."""
        return "graph", write_graph_fault(self.fault)


@dataclass(frozen=True, slots=True)
class RepairGraph(Step):
    """All faults of requests to the Graph API are removed."""

    def entry(self) -> YamlEntry:
        """``graph: works``."""
        return "graph", _WORKS


def graph(scope: Scope, node: yaml.Node) -> BreakGraph | RepairGraph | None:
    """WhatsApp refuses what the bot sends, or its answers are lost, or it works again."""
    if isinstance(node, yaml.ScalarNode) and node.value == _WORKS:
        return RepairGraph()
    fault = read_graph_fault(scope.reading, node, scope.people)
    return None if fault is None else BreakGraph(fault)


# -- the Cloud API as a whole ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BreakWhatsApp(Step):
    """A fault rule of the Cloud API is put in force; with ``who`` (a key) only for that person."""

    rule: Rule
    who: str = ""

    def entry(self) -> YamlEntry:
        """``whatsapp: {on: webhooks, do: delay, ms: 3 s}``."""
        given: dict[str, Any] = msgspec.to_builtins(self.rule)
        written: dict[str, YamlValue] = {key: _written(key, value) for key, value in given.items()}
        return "whatsapp", written | ({"to": self.who} if self.who else {})


@dataclass(frozen=True, slots=True)
class RepairWhatsApp(Step):
    """All fault rules of the Cloud API are removed."""

    def entry(self) -> YamlEntry:
        """``whatsapp: works``."""
        return "whatsapp", _WORKS


def whatsapp(scope: Scope, node: yaml.Node) -> BreakWhatsApp | RepairWhatsApp | None:
    """A rule of what goes wrong at WhatsApp: on what, when, and what happens; or it works again."""
    if isinstance(node, yaml.ScalarNode) and node.value == _WORKS:
        return RepairWhatsApp()
    entries = scope.reading.mapping(node, "whatsapp", known=_RULE_KEYS, needed=("on", "do"))
    who, given = "", {}
    for key, value in entries.items():
        if key == "to":
            who = scope.reading.value(value, scope.person, "to") or ""
        elif key == "ms":
            given[key] = scope.reading.value(value, read_duration_ms, "ms") or 0
        elif isinstance(value, yaml.ScalarNode):
            given[key] = word_value(key, str(value.value))
        else:
            given[key] = _listed(value)
    if scope.reading.problems:
        return None
    try:
        return BreakWhatsApp(parse_rule(given), who)
    except RuleError as error:
        scope.reading.problem(node, str(error))
        return None


def _listed(node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [str(each.value) for each in node.value]
    return {str(key.value): str(value.value) for key, value in node.value}


def _written(key: str, value: Any) -> YamlValue:
    if key == "ms":
        return write_duration(value)
    return "always" if key == "times" and value is None else value


@dataclass(frozen=True, slots=True)
class ChangeDelivery(Step):
    """Options of the Cloud API's webhook delivery change: pairs of a field of its `Config` and the new value."""

    changes: tuple[tuple[str, bool | int | str], ...]

    def entry(self) -> YamlEntry:
        """``webhooks: {reversed_statuses: true, batch_ms: 2 s}``."""
        return "webhooks", {
            key: write_duration(int(value)) if key in _DURATIONS else value for key, value in self.changes
        }


def webhooks(scope: Scope, node: yaml.Node) -> ChangeDelivery | None:
    """How WhatsApp delivers from now on: in batches, in any order, statuses in reverse..."""
    entries = scope.reading.mapping(node, "webhooks", known=(*_SWITCHES, *_DURATIONS, "batch_shape"))
    readers: dict[str, Callable[[str], bool | int | str]] = {
        **dict.fromkeys(_SWITCHES, _read_switch),
        **dict.fromkeys(_DURATIONS, read_duration_ms),
        "batch_shape": _read_shape,
    }
    read = ((key, scope.reading.value(value, readers[key], key)) for key, value in entries.items())
    changes = tuple((key, value) for key, value in read if value is not None)
    return ChangeDelivery(changes) if changes and not scope.reading.problems else None


def _read_switch(text: str) -> bool:
    if text not in {"true", "false"}:
        raise FlawError(f"neither true nor false: {text!r}")
    return text == "true"


def _read_shape(text: str) -> str:
    if text not in _SHAPES:
        raise FlawError(f"no shape of a batch: {text!r}", did_you_mean(text, _SHAPES, "shapes"))
    return text


@dataclass(frozen=True, slots=True)
class AnnounceFromMeta(Step):
    """Meta delivers a webhook of this field, which is not about messages."""

    field: str

    def entry(self) -> YamlEntry:
        """``meta announces: account_update``."""
        return "meta announces", self.field


def meta_announces(scope: Scope, node: yaml.Node) -> AnnounceFromMeta | None:
    """Meta delivers a webhook that is not about messages: account_update, flows, ..."""
    field = scope.reading.text(node, "what is announced")
    if field is not None and field not in OTHER_FIELDS:
        hint = did_you_mean(field, tuple(OTHER_FIELDS), "fields")
        scope.reading.problem(node, f"nothing to announce: {field!r}", hint)
        return None
    return None if field is None else AnnounceFromMeta(field)


# -- webhooks on their way ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RepeatWebhook(Step):
    """The webhook of the next message is delivered this many times in all."""

    times: int

    def entry(self) -> YamlEntry:
        """``again: 3``."""
        return "again", self.times


def again(scope: Scope, node: yaml.Node) -> RepeatWebhook | None:
    """The next message's webhook is delivered this many times in all."""
    times = scope.reading.value(node, _read_repeats, "how many times")
    return None if times is None else RepeatWebhook(times)


def _read_repeats(text: str) -> int:
    if not text.isdecimal() or not 1 < int(text) <= MOST_REPEATS:
        raise FlawError(f"not a number of times: {text!r}", f"From 2 to {MOST_REPEATS}.")
    return int(text)


@dataclass(frozen=True, slots=True)
class HoldWebhooks(Step):
    """Webhooks are held back."""

    def entry(self) -> YamlEntry:
        """``hold: true``."""
        return "hold", True


@dataclass(frozen=True, slots=True)
class ReleaseWebhooks(Step):
    """Webhooks that were held back are delivered."""

    def entry(self) -> YamlEntry:
        """``release``."""
        return "release", None


def hold(scope: Scope, node: yaml.Node) -> HoldWebhooks | ReleaseWebhooks:
    """Webhooks stay in the network until ``release``."""
    return HoldWebhooks() if read_flag(scope, node) else ReleaseWebhooks()


def release(scope: Scope, node: yaml.Node) -> ReleaseWebhooks:
    """Webhooks that were held arrive."""
    read_flag(scope, node)
    return ReleaseWebhooks()


@dataclass(frozen=True, slots=True)
class DelayWebhook(Step):
    """The webhook of the next message is delivered late, or several times, one after the other or at once."""

    late_ms: int = 0
    times: int = 1
    at_once: bool = False

    def entry(self) -> YamlEntry:
        """``webhook: {late: 20 s, times: 2, at once: true}``."""
        written: dict[str, YamlValue] = {"late": write_duration(self.late_ms)} if self.late_ms else {}
        if self.times > 1:
            written["times"] = self.times
        return "webhook", written | ({"at once": True} if self.at_once else {})


def webhook(scope: Scope, node: yaml.Node) -> DelayWebhook | None:
    """The next message's webhook comes late, or several times, one after the other or at once."""
    before = len(scope.reading.problems)
    entries = scope.reading.mapping(node, "webhook", known=("late", "times", "at once"))
    late_ms = scope.reading.value(entries["late"], read_duration_ms, "late") if "late" in entries else 0
    times = scope.reading.value(entries["times"], _read_repeats, "times") if "times" in entries else 1
    at_once = "at once" in entries and read_flag(scope, entries["at once"])
    if not entries:
        scope.reading.problem(node, "webhook says nothing", "For example: {late: 20 s}.")
    return None if len(scope.reading.problems) > before else DelayWebhook(late_ms or 0, times or 1, at_once)


@dataclass(frozen=True, slots=True)
class BreakNetwork(Step):
    """A fault of the network between WhatsApp and the bot is put in force."""

    fault: Fault

    def entry(self) -> YamlEntry:
        """``network: {with: reset, when: after, times: 2}``."""
        return "network", write_webhook_fault(self.fault)


def network(scope: Scope, node: yaml.Node) -> BreakNetwork | None:
    """Webhooks on their way to the bot are refused, reset or never answered, before or after it has handled them."""
    fault = read_webhook_fault(scope.reading, node)
    return None if fault is None else BreakNetwork(fault)


STAGE: Final = (
    Directive("graph", f"graph: {{fails: messages, with: {GRAPH_CODES[0]}}}", graph),
    Directive("whatsapp", "whatsapp: {on: webhooks, do: delay, ms: 3 s, to: Tariro, times: 2}", whatsapp),
    Directive("webhooks", "webhooks: {reversed_statuses: true, batch_ms: 2 s}", webhooks),
    Directive("webhook", "webhook: {late: 20 s, times: 2, at once: true}", webhook),
    Directive("again", "again: 3", again),
    Directive("hold", "hold: true", hold),
    Directive("release", "release", release),
    Directive("network", "network: {with: reset, when: after, times: 2}", network),
    Directive("meta announces", "meta announces: account_update", meta_announces),
)
