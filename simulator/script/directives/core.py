"""What Credex core does to the bot: fails, answers oddly, sends messages and events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import yaml

from simulator.credex_core import FORMAT_QUIRKS, QUIRK_NAMES
from simulator.errors import did_you_mean
from simulator.script.directives.directive import Directive, Scope, Step
from simulator.script.faults import read_core_fault, write_core_fault
from simulator.script.notices import read_event, read_notice, write_event, write_notice
from simulator.script.yaml_writer import YamlEntry
from simulator.world.faults import Fault
from simulator.world.notices import CoreEvent, Notice

__all__ = ("STAGE", "BreakCore", "NotifyMember", "RepairCore", "ReportEvent", "SetQuirks")

_WORKS: Final = "works"


@dataclass(frozen=True, slots=True)
class BreakCore(Step):
    """A fault of Credex core is put in force."""

    fault: Fault

    def entry(self) -> YamlEntry:
        """``core: {fails: login, with: 500}``."""
        return "core", write_core_fault(self.fault)


@dataclass(frozen=True, slots=True)
class RepairCore(Step):
    """All faults of Credex core are removed."""

    def entry(self) -> YamlEntry:
        """``core: works``."""
        return "core", _WORKS


def core(scope: Scope, node: yaml.Node) -> BreakCore | RepairCore | None:
    """Credex core fails, or is slow, or works again."""
    if isinstance(node, yaml.ScalarNode) and node.value == _WORKS:
        return RepairCore()
    fault = read_core_fault(scope.reading, node)
    return None if fault is None else BreakCore(fault)


@dataclass(frozen=True, slots=True)
class NotifyMember(Step):
    """Credex core asks the bot to send a member a message."""

    notice: Notice

    def entry(self) -> YamlEntry:
        """``core notifies: {to: Farai, message: "News", offer: newest}``."""
        return "core notifies", write_notice(self.notice)


def core_notifies(scope: Scope, node: yaml.Node) -> NotifyMember | None:
    """Credex core asks the bot to tell a member something."""
    notice = read_notice(scope.reading, node)
    if notice is None:
        return None
    scope.person(notice.to)
    return NotifyMember(notice)


@dataclass(frozen=True, slots=True)
class ReportEvent(Step):
    """Credex core reports an event to the bot, signed."""

    event: CoreEvent

    def entry(self) -> YamlEntry:
        """``core reports: {event: offer_update, id: w1, status: pending, to: Farai, amount: 5 USD}``."""
        return "core reports", write_event(self.event)


def core_reports(scope: Scope, node: yaml.Node) -> ReportEvent | None:
    """Credex core reports an event to the bot, signed."""
    event = read_event(scope.reading, node)
    if event is None:
        return None
    if event.to:
        scope.person(event.to)
    return ReportEvent(event)


@dataclass(frozen=True, slots=True)
class SetQuirks(Step):
    """Credex core answers with more of its known quirks; with none named, it loses all of them."""

    names: tuple[str, ...] = ()

    def entry(self) -> YamlEntry:
        """``odd: ledger_without_ids``."""
        return "odd", "none" if not self.names else self.names[0] if len(self.names) == 1 else self.names


def odd(scope: Scope, node: yaml.Node) -> SetQuirks | None:
    """Credex core answers with one or more of its known quirks, or (none) without any."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    read = [_quirks(scope, each) for each in nodes]
    names = tuple(dict.fromkeys(name for found in read if found is not None for name in found))
    return None if None in read else SetQuirks(names)


def _quirks(scope: Scope, node: yaml.Node) -> tuple[str, ...] | None:
    text = scope.reading.text(node, "how core is odd")
    groups = {
        "everything": QUIRK_NAMES,
        "all of form": FORMAT_QUIRKS,
        "none": (),
        **{name: (name,) for name in QUIRK_NAMES},
    }
    if text is not None and text not in groups:
        hint = did_you_mean(text, tuple(groups), "ways")
        scope.reading.problem(node, f"core is not known to be odd like this: {text!r}", hint)
    return groups.get(text or "")


STAGE: Final = (
    Directive("core", "core: {fails: login, with: 500}", core),
    Directive("core notifies", 'core notifies: {to: Farai, message: "News", offer: newest}', core_notifies),
    Directive(
        "core reports",
        "core reports: {event: offer_update, id: w1, status: pending, to: Farai, amount: 5 USD}",
        core_reports,
    ),
    Directive("odd", "odd: ledger_without_ids", odd),
)
