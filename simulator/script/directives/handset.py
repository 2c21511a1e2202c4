"""What people do with their phones besides writing and tapping: quote, edit, delete, block, switch off..."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import yaml

from simulator.script.directives.directive import Directive, PersonStep, Scope, read_flag
from simulator.script.yaml_writer import YamlEntry
from simulator.units import read_phone, show_phone

__all__ = (
    "VERBS",
    "BlockBusiness",
    "ChangeDevice",
    "ChangeUserId",
    "DeleteMessage",
    "EditMessage",
    "ForwardText",
    "Reply",
    "SwitchPhone",
    "TakeReactionBack",
    "TapInVain",
    "TapWithoutContext",
)


@dataclass(frozen=True, slots=True)
class Reply(PersonStep):
    """A person quotes the newest message and writes a text below it."""

    paced: ClassVar[bool] = True
    text: str

    def entry(self) -> YamlEntry:
        """``Tariro replies: yes``."""
        return f"{self.who} replies", self.text


def replies(scope: Scope, node: yaml.Node) -> Reply | None:
    """They quote the newest message and write below it."""
    text = scope.reading.text(node, "what is written")
    return None if text is None else Reply(scope.who, text)


@dataclass(frozen=True, slots=True)
class ForwardText(PersonStep):
    """A person forwards a text that somebody else wrote."""

    paced: ClassVar[bool] = True
    text: str

    def entry(self) -> YamlEntry:
        """``Tariro forwards: Good news for all``."""
        return f"{self.who} forwards", self.text


def forwards(scope: Scope, node: yaml.Node) -> ForwardText | None:
    """They forward a text that somebody else wrote."""
    text = scope.reading.text(node, "what is forwarded")
    return None if text is None else ForwardText(scope.who, text)


@dataclass(frozen=True, slots=True)
class EditMessage(PersonStep):
    """A person changes the text of their newest message."""

    paced: ClassVar[bool] = True
    text: str

    def entry(self) -> YamlEntry:
        """``Tariro edits: 6=>farai_shop``."""
        return f"{self.who} edits", self.text


def edits(scope: Scope, node: yaml.Node) -> EditMessage | None:
    """They correct their newest message; WhatsApp tells the bot only that it was edited."""
    text = scope.reading.text(node, "the new text")
    return None if text is None else EditMessage(scope.who, text)


@dataclass(frozen=True, slots=True)
class DeleteMessage(PersonStep):
    """A person deletes their newest message for everyone."""

    paced: ClassVar[bool] = True

    def entry(self) -> YamlEntry:
        """``Tariro deletes: true``."""
        return f"{self.who} deletes", True


def deletes(scope: Scope, node: yaml.Node) -> DeleteMessage:
    """They delete their newest message for everyone."""
    read_flag(scope, node)
    return DeleteMessage(scope.who)


@dataclass(frozen=True, slots=True)
class TakeReactionBack(PersonStep):
    """A person removes their reaction to the newest message."""

    paced: ClassVar[bool] = True

    def entry(self) -> YamlEntry:
        """``Tariro takes reaction back: true``."""
        return f"{self.who} takes reaction back", True


def takes_reaction_back(scope: Scope, node: yaml.Node) -> TakeReactionBack:
    """They take back their reaction to the newest message; some phones leave the emoji's key out."""
    read_flag(scope, node)
    return TakeReactionBack(scope.who)


@dataclass(frozen=True, slots=True)
class TapWithoutContext(PersonStep):
    """A person taps a button, and WhatsApp's webhook does not name the message."""

    paced: ClassVar[bool] = True
    title: str

    def entry(self) -> YamlEntry:
        """``Tariro taps without context: Confirm``."""
        return f"{self.who} taps without context", self.title


def taps_without_context(scope: Scope, node: yaml.Node) -> TapWithoutContext | None:
    """They tap a button, and WhatsApp does not say on which message."""
    title = scope.reading.text(node, "what is tapped")
    return None if title is None else TapWithoutContext(scope.who, title)


@dataclass(frozen=True, slots=True)
class TapInVain(PersonStep):
    """A person taps something, and WhatsApp reports an error in place of it."""

    paced: ClassVar[bool] = True

    def entry(self) -> YamlEntry:
        """``Tariro taps in vain: true``."""
        return f"{self.who} taps in vain", True


def taps_in_vain(scope: Scope, node: yaml.Node) -> TapInVain:
    """They tap something, and WhatsApp tells only that something went wrong."""
    read_flag(scope, node)
    return TapInVain(scope.who)


@dataclass(frozen=True, slots=True)
class SwitchPhone(PersonStep):
    """A person's phone is switched on or off."""

    on: bool

    def entry(self) -> YamlEntry:
        """``Tariro phone: off``."""
        return f"{self.who} phone", "on" if self.on else "off"


def phone(scope: Scope, node: yaml.Node) -> SwitchPhone | None:
    """Their phone is off (messages wait at WhatsApp) or on again."""
    state = scope.reading.text(node, "off or on")
    if state not in {"on", "off", "true", "false"}:
        scope.reading.problem(node, f"a phone is on or off, not {state!r}")
        return None
    return SwitchPhone(scope.who, state in {"on", "true"})


@dataclass(frozen=True, slots=True)
class BlockBusiness(PersonStep):
    """A person blocks or unblocks the business."""

    blocked: bool = True

    def entry(self) -> YamlEntry:
        """``Tariro blocks: true``."""
        return f"{self.who} blocks", self.blocked


def blocks(scope: Scope, node: yaml.Node) -> BlockBusiness:
    """They block the business, or (false) unblock it."""
    return BlockBusiness(scope.who, read_flag(scope, node))


@dataclass(frozen=True, slots=True)
class ChangeUserId(PersonStep):
    """A person moves to another phone number (digits), and WhatsApp reports their new user id to the bot."""

    phone: str

    def entry(self) -> YamlEntry:
        """``Tariro changes user id: +263 78 200 0909``."""
        return f"{self.who} changes user id", show_phone(self.phone)


def changes_user_id(scope: Scope, node: yaml.Node) -> ChangeUserId | None:
    """They move to another phone number, and WhatsApp reports their new user id to the bot."""
    number = scope.reading.value(node, read_phone, "the new number")
    return None if number is None else ChangeUserId(scope.who, number)


@dataclass(frozen=True, slots=True)
class ChangeDevice(PersonStep):
    """A person moves to another device, and WhatsApp reports that their identity changed."""

    def entry(self) -> YamlEntry:
        """``Tariro changes device: true``."""
        return f"{self.who} changes device", True


def changes_device(scope: Scope, node: yaml.Node) -> ChangeDevice:
    """They move to another device, and WhatsApp reports that their identity changed."""
    read_flag(scope, node)
    return ChangeDevice(scope.who)


VERBS: Final = (
    Directive("replies", "Tariro replies: yes", replies),
    Directive("forwards", "Tariro forwards: Good news for all", forwards),
    Directive("edits", "Tariro edits: 6=>farai_shop", edits),
    Directive("deletes", "Tariro deletes: true", deletes),
    Directive("takes reaction back", "Tariro takes reaction back: true", takes_reaction_back),
    Directive("taps without context", "Tariro taps without context: Confirm", taps_without_context),
    Directive("taps in vain", "Tariro taps in vain: true", taps_in_vain),
    Directive("phone", "Tariro phone: off", phone),
    Directive("blocks", "Tariro blocks: true", blocks),
    Directive("changes user id", "Tariro changes user id: +263 78 200 0909", changes_user_id),
    Directive("changes device", "Tariro changes device: true", changes_device),
)
