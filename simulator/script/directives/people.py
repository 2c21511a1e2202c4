"""What people do: the verbs that can follow a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import yaml

from simulator.errors import did_you_mean
from simulator.script.core_acts import EXAMPLES, read_act, write_act
from simulator.script.directives.directive import Directive, PersonStep, Scope, read_flag
from simulator.script.yaml_writer import YamlEntry
from simulator.units import FlawError, read_phone, show_phone
from simulator.world.core_acts import Act

__all__ = (
    "MEDIA",
    "VERBS",
    "ActInCore",
    "ChangeNumber",
    "FillIn",
    "React",
    "SendMedia",
    "ShowNumber",
    "Tap",
    "TypeText",
)

MEDIA: Final = ("image", "video", "audio", "document", "sticker", "location", "contacts", "unsupported")
"""The kinds of messages, other than text, that a person can send."""


@dataclass(frozen=True, slots=True)
class TypeText(PersonStep):
    """A person types a text and sends it."""

    paced: ClassVar[bool] = True
    text: str

    def entry(self) -> YamlEntry:
        """``Tariro: Mhoro``."""
        return self.who, self.text


def types(scope: Scope, node: yaml.Node) -> TypeText | None:
    """They type a text and send it."""
    text = scope.reading.text(node, "what is typed")
    return None if text is None else TypeText(scope.who, text)


@dataclass(frozen=True, slots=True)
class Tap(PersonStep):
    """A person taps a button or a row with this title, on the newest message that shows it, or on an older one."""

    paced: ClassVar[bool] = True
    title: str
    older: bool = False

    def entry(self) -> YamlEntry:
        """``Tariro taps: Confirm``."""
        return f"{self.who} taps{' old' if self.older else ''}", self.title


def taps(scope: Scope, node: yaml.Node) -> Tap | None:
    """They tap a button or a row by its title, on the newest message that shows it."""
    title = scope.reading.text(node, "what is tapped")
    return None if title is None else Tap(scope.who, title)


def taps_old(scope: Scope, node: yaml.Node) -> Tap | None:
    """They scroll up and tap it on an older message than the newest that shows it."""
    title = scope.reading.text(node, "what is tapped")
    return None if title is None else Tap(scope.who, title, older=True)


@dataclass(frozen=True, slots=True)
class SendMedia(PersonStep):
    """A person sends a message of one of the kinds in `MEDIA`."""

    paced: ClassVar[bool] = True
    kind: str

    def entry(self) -> YamlEntry:
        """``Tariro sends: image``."""
        return f"{self.who} sends", self.kind


def sends(scope: Scope, node: yaml.Node) -> SendMedia | None:
    """They send something other than text: an image, a voice note, a location..."""
    kind = scope.reading.text(node, "what is sent")
    if kind is not None and kind not in MEDIA:
        scope.reading.problem(node, f"nothing of the kind {kind!r} can be sent", did_you_mean(kind, MEDIA, "kinds"))
        return None
    return None if kind is None else SendMedia(scope.who, kind)


@dataclass(frozen=True, slots=True)
class React(PersonStep):
    """A person reacts to the newest message with an emoji."""

    paced: ClassVar[bool] = True
    emoji: str

    def entry(self) -> YamlEntry:
        """``Tariro reacts: 👍``."""
        return f"{self.who} reacts", self.emoji


def reacts(scope: Scope, node: yaml.Node) -> React | None:
    """They react to the newest message with an emoji."""
    emoji = scope.reading.text(node, "the emoji")
    return None if emoji is None else React(scope.who, emoji)


@dataclass(frozen=True, slots=True)
class FillIn(PersonStep):
    """A person fills in a form and submits it.

    Attributes:
        answers: pairs of field name and answer.
        older: an older form than the newest.
        with_token: false as on old iPhones, which leave the form's token out.
        checked: the form checks the answers; false sends answers that it would not accept.
    """

    paced: ClassVar[bool] = True
    answers: tuple[tuple[str, str], ...]
    older: bool = False
    with_token: bool = True
    checked: bool = True

    def entry(self) -> YamlEntry:
        """``Tariro fills in: {first_name: Tariro, last_name: Moyo}``."""
        how = " old" if self.older else " without token" if not self.with_token else ""
        return f"{self.who} fills in{how if self.checked else ' unchecked'}", dict(self.answers)


def fills_in(scope: Scope, node: yaml.Node) -> FillIn | None:
    """They fill in the newest form and submit it."""
    return _fills_in(scope, node)


def fills_in_old(scope: Scope, node: yaml.Node) -> FillIn | None:
    """They scroll up and submit an older form than the newest."""
    return _fills_in(scope, node, older=True)


def fills_in_without_token(scope: Scope, node: yaml.Node) -> FillIn | None:
    """They submit the newest form from an old iPhone, which leaves its token out."""
    return _fills_in(scope, node, with_token=False)


def fills_in_unchecked(scope: Scope, node: yaml.Node) -> FillIn | None:
    """They bypass the form's checks and send answers that it would not accept."""
    return _fills_in(scope, node, checked=False)


def _fills_in(scope: Scope, node: yaml.Node, **how: bool) -> FillIn | None:
    fields = scope.reading.mapping(node, "what is filled in")
    answers = tuple((name, scope.reading.text(value, name) or "") for name, value in fields.items())
    return FillIn(scope.who, answers, **how) if answers else None


@dataclass(frozen=True, slots=True)
class ShowNumber(PersonStep):
    """A person shows or hides their phone number from the business."""

    shown: bool = True

    def entry(self) -> YamlEntry:
        """``Tariro shows number: true``."""
        return f"{self.who} shows number", self.shown


def shows_number(scope: Scope, node: yaml.Node) -> ShowNumber:
    """They show their phone number to the business from now on, or (false) hide it."""
    return ShowNumber(scope.who, read_flag(scope, node))


@dataclass(frozen=True, slots=True)
class ChangeNumber(PersonStep):
    """A person moves to another phone number (digits), and WhatsApp reports it to the bot."""

    phone: str

    def entry(self) -> YamlEntry:
        """``Tariro changes number: +263 78 200 0909``."""
        return f"{self.who} changes number", show_phone(self.phone)


def changes_number(scope: Scope, node: yaml.Node) -> ChangeNumber | None:
    """They move to another phone number, and WhatsApp reports it to the bot."""
    phone = scope.reading.value(node, read_phone, "the new number")
    return None if phone is None else ChangeNumber(scope.who, phone)


@dataclass(frozen=True, slots=True)
class ActInCore(PersonStep):
    """A person acts in Credex core directly, bypassing the bot."""

    act: Act

    def entry(self) -> YamlEntry:
        """``Farai in core: accepts the newest offer from Tariro``."""
        return f"{self.who} in core", write_act(self.act)


def acts_in_core(scope: Scope, node: yaml.Node) -> ActInCore | None:
    """They act in Credex core directly, not through the bot: offers, accepts, declines, cancels, authorises..."""
    text = scope.reading.text(node, "what is done in core")
    if text is None:
        return None
    try:
        act = read_act(text, scope.person)
    except FlawError as flaw:
        scope.reading.problem(node, flaw.what, flaw.hint)
        return None
    if act is None:
        scope.reading.problem(node, f"nothing that can be done in core: {text!r}", EXAMPLES)
        return None
    return ActInCore(scope.who, act)


VERBS: Final = (
    Directive("", "Tariro: Mhoro", types),
    Directive("types", "Tariro types: Mhoro", types),
    Directive("taps", "Tariro taps: Become a member", taps),
    Directive("taps old", "Tariro taps old: Confirm", taps_old),
    Directive("sends", "Tariro sends: image", sends),
    Directive("reacts", "Tariro reacts: 👍", reacts),
    Directive("fills in", "Tariro fills in: {first_name: Tariro, last_name: Moyo}", fills_in),
    Directive("fills in old", "Tariro fills in old: {first_name: Tariro}", fills_in_old),
    Directive("fills in without token", "Tariro fills in without token: {first_name: Tariro}", fills_in_without_token),
    Directive("fills in unchecked", "Tariro fills in unchecked: {first_name: T, last_name: Moyo}", fills_in_unchecked),
    Directive("shows number", "Tariro shows number: true", shows_number),
    Directive("changes number", "Tariro changes number: +263 78 200 0909", changes_number),
    Directive("in core", "Farai in core: accepts the newest offer from Tariro", acts_in_core),
)
