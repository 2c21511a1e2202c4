"""What people do: the words that may stand after a name."""

from __future__ import annotations

from typing import Final

import yaml

from simulator.errors import did_you_mean
from simulator.script.core_acts import EXAMPLES, read_act
from simulator.script.directives.directive import Directive, Play, Scope, said_so
from simulator.script.yaml_reader import FlawError, read_phone

__all__ = ("MEDIA", "VERBS")

MEDIA: Final = ("image", "video", "audio", "document", "sticker", "location", "contacts", "unsupported")


def types(scope: Scope, node: yaml.Node) -> Play | None:
    """They type a text and send it."""
    who, text = scope.who, scope.reading.text(node, "what is typed")
    return None if text is None else lambda stage: stage.type(who, text)


def taps(scope: Scope, node: yaml.Node) -> Play | None:
    """They tap a button or a row by its title, on the newest message that shows it."""
    who, title = scope.who, scope.reading.text(node, "what is tapped")
    return None if title is None else lambda stage: stage.tap(who, title)


def taps_old(scope: Scope, node: yaml.Node) -> Play | None:
    """They scroll up and tap it on an older message than the newest that shows it."""
    who, title = scope.who, scope.reading.text(node, "what is tapped")
    return None if title is None else lambda stage: stage.tap(who, title, older=True)


def sends(scope: Scope, node: yaml.Node) -> Play | None:
    """They send something that is no text: an image, a voice note, a location..."""
    who, kind = scope.who, scope.reading.text(node, "what is sent")
    if kind is not None and kind not in MEDIA:
        scope.reading.problem(node, f"nothing of the kind {kind!r} can be sent", did_you_mean(kind, MEDIA, "kinds"))
        return None
    return None if kind is None else lambda stage: stage.send(who, kind)


def reacts(scope: Scope, node: yaml.Node) -> Play | None:
    """They react to the newest message with an emoji."""
    who, emoji = scope.who, scope.reading.text(node, "the emoji")
    return None if emoji is None else lambda stage: stage.react(who, emoji)


def fills_in(scope: Scope, node: yaml.Node) -> Play | None:
    """They fill in the newest form and submit it."""
    return _fills_in(scope, node)


def fills_in_old(scope: Scope, node: yaml.Node) -> Play | None:
    """They scroll up and submit an older form than the newest."""
    return _fills_in(scope, node, older=True)


def fills_in_without_token(scope: Scope, node: yaml.Node) -> Play | None:
    """They submit the newest form from an old iPhone, which leaves its token out."""
    return _fills_in(scope, node, with_token=False)


def fills_in_unchecked(scope: Scope, node: yaml.Node) -> Play | None:
    """They go past the form and send answers that it would not take."""
    return _fills_in(scope, node, checked=False)


def _fills_in(scope: Scope, node: yaml.Node, **how: bool) -> Play | None:
    who = scope.who
    fields = scope.reading.mapping(node, "what is filled in")
    answers = {name: scope.reading.text(value, name) or "" for name, value in fields.items()}
    if not answers:
        return None
    return lambda stage: stage.fill(who, answers, **how)


def shows_number(scope: Scope, node: yaml.Node) -> Play | None:
    """They show their phone number to the business from now on, or (false) hide it."""
    who, shown = scope.who, said_so(scope, node)
    return lambda stage: stage.show_number(who, shown=shown)


def changes_number(scope: Scope, node: yaml.Node) -> Play | None:
    """They move to another phone number, and WhatsApp tells the bot."""
    who, phone = scope.who, scope.reading.value(node, read_phone, "the new number")
    return None if phone is None else lambda stage: stage.change_number(who, phone)


def in_core(scope: Scope, node: yaml.Node) -> Play | None:
    """They act in Credex core directly, not through the bot: offers, accepts, declines, cancels, authorises..."""
    who = scope.who
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
    return lambda stage: stage.act_in_core(who, act)


VERBS: Final = (
    Directive("", "Tariro: Mhoro", types, paced=True),
    Directive("types", "Tariro types: Mhoro", types, paced=True),
    Directive("taps", "Tariro taps: Become a member", taps, paced=True),
    Directive("taps old", "Tariro taps old: Confirm", taps_old, paced=True),
    Directive("sends", "Tariro sends: image", sends, paced=True),
    Directive("reacts", "Tariro reacts: 👍", reacts, paced=True),
    Directive("fills in", "Tariro fills in: {first_name: Tariro, last_name: Moyo}", fills_in, paced=True),
    Directive("fills in old", "Tariro fills in old: {first_name: Tariro}", fills_in_old, paced=True),
    Directive(
        "fills in without token",
        "Tariro fills in without token: {first_name: Tariro}",
        fills_in_without_token,
        paced=True,
    ),
    Directive(
        "fills in unchecked",
        "Tariro fills in unchecked: {first_name: T, last_name: Moyo}",
        fills_in_unchecked,
        paced=True,
    ),
    Directive("shows number", "Tariro shows number: true", shows_number),
    Directive("changes number", "Tariro changes number: +263 78 200 0909", changes_number),
    Directive("in core", "Farai in core: accepts the newest offer from Tariro", in_core),
)
