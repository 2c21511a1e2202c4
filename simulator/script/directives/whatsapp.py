"""What WhatsApp does with what people send and with what is sent to them, and the rarer things that people do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import yaml

from simulator.errors import did_you_mean
from simulator.script.directives.directive import Directive, Play, Scope, said_so
from simulator.script.yaml_reader import FlawError, read_duration_ms, read_phone
from simulator.whatsapp_cloud import Handset, Rule, RuleError, parse_rule
from simulator.whatsapp_cloud.faults import word_value
from simulator.whatsapp_cloud.inbound import OTHER_FIELDS

if TYPE_CHECKING:
    from simulator.playback.player import Stage

__all__ = ("STAGE", "VERBS")

_RULE_KEYS: Final = tuple(Rule.__struct_fields__)
_SWITCHES: Final = ("in_order", "reversed_statuses", "skip_delivered", "status_before_answer", "shuffle_keys")
_DURATIONS: Final = ("jitter_ms", "batch_ms")
_SHAPES: Final = ("natural", "messages", "changes", "entries")
_WHAT: Final[Mapping[str, str]] = {
    "messages": "what is sent",
    "typing": "typing and read receipts",
    "media": "files",
    "account": "questions about the account",
    "graph": "all requests",
    "webhooks": "webhooks",
    "statuses": "statuses",
}
_DOES: Final[Mapping[str, str]] = {
    "answer": "answers {status} to {what}",
    "reset": "drops the connection on {what}",
    "hang": "does not answer {what}",
    "garble": "answers {what} with half of a JSON",
    "slow": "takes {seconds} s longer for {what}",
    "refuse": "refuses {what} with {code}",
    "fail": "takes {what}, then reports the failure {code}",
    "duplicate": "delivers {what} {copies} times each",
    "delay": "delivers {what} {seconds} s later",
    "drop": "loses {what}",
    "unsign": "delivers {what} without a signature",
    "missign": "delivers {what} with a wrong signature",
    "tamper": "delivers {what} changed on the way",
    "misaddress": "delivers {what} of another number",
    "strip": "leaves {without} out of {what}",
    "extend": "adds unknown keys to {what}",
}


def whatsapp(scope: Scope, node: yaml.Node) -> Play | None:
    """A rule of what goes wrong at WhatsApp: on what, when, and what happens; or it works again."""
    if isinstance(node, yaml.ScalarNode) and node.value == "works":
        return _works
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
        rule = parse_rule(given)
    except RuleError as error:
        scope.reading.problem(node, str(error))
        return None
    return lambda stage: _break(stage, rule, who)


def _listed(node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [str(each.value) for each in node.value]
    return {str(key.value): str(value.value) for key, value in node.value}


async def _works(stage: Stage) -> None:
    stage.note("WhatsApp works as usual again")
    stage.world.cloud.rules.clear()


async def _break(stage: Stage, rule: Rule, who: str) -> None:
    stage.note(_describe(rule, who))
    phone = stage.world.handsets[who].phone if who else ""
    stage.world.cloud.rules.add(_for(rule, phone))


def _for(rule: Rule, phone: str) -> Rule:
    return Rule(**{name: getattr(rule, name) for name in _RULE_KEYS} | {"to": phone})


def _describe(rule: Rule, who: str) -> str:
    """The rule as a stage direction."""
    of = "to" if rule.on in {"messages", "typing", "graph"} else "of"
    what = _WHAT[rule.on] + (f" ({rule.kind})" if rule.kind else "") + (f" {of} {who}" if who else "")
    said = _DOES[rule.do].format(
        what=what,
        status=rule.status,
        code=rule.code,
        copies=rule.copies,
        seconds=f"{rule.ms / 1000:g}",
        without=", ".join(rule.without),
    )
    taken = "takes what is sent, but " if rule.taken else ""
    often = {None: ", from now on", 1: ""}.get(rule.times, f", {rule.times} times")
    every = f", one time in {rule.every}" if rule.every > 1 else ""
    chance = f", in {rule.percent} of 100 cases" if rule.percent < 100 else ""  # noqa: PLR2004
    return f"WhatsApp {taken}{said}{every}{chance}{often}"


def webhooks(scope: Scope, node: yaml.Node) -> Play | None:
    """How WhatsApp delivers from now on: in batches, in any order, statuses in reverse..."""
    known = (*_SWITCHES, *_DURATIONS, "batch_shape")
    entries = scope.reading.mapping(node, "webhooks", known=known)
    readers: dict[str, Callable[[str], Any]] = {
        **dict.fromkeys(_SWITCHES, _read_switch),
        **dict.fromkeys(_DURATIONS, read_duration_ms),
        "batch_shape": _read_shape,
    }
    turned = {key: scope.reading.value(value, readers[key], key) for key, value in entries.items()}
    if scope.reading.problems or not turned:
        return None
    said = ", ".join(f"{key.removesuffix('_ms').replace('_', ' ')}: {_shown(value)}" for key, value in turned.items())

    async def turn(stage: Stage) -> None:
        stage.note(f"WhatsApp delivers otherwise ({said})")
        stage.world.cloud.change(**turned)

    return turn


def _read_switch(text: str) -> bool:
    if text not in {"true", "false"}:
        raise FlawError(f"neither true nor false: {text!r}")
    return text == "true"


def _read_shape(text: str) -> str:
    if text not in _SHAPES:
        raise FlawError(f"no shape of a batch: {text!r}", did_you_mean(text, _SHAPES, "shapes"))
    return text


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value / 1000:g} s" if isinstance(value, int) else str(value)


def meta_announces(scope: Scope, node: yaml.Node) -> Play | None:
    """Meta delivers a webhook that is not about messages: account_update, flows, ..."""
    field = scope.reading.text(node, "what is announced")
    if field is not None and field not in OTHER_FIELDS:
        scope.reading.problem(
            node, f"nothing to announce: {field!r}", did_you_mean(field, tuple(OTHER_FIELDS), "fields")
        )
        return None

    async def announce(stage: Stage) -> None:
        stage.note(f"Meta announces {field}")
        stage.world.cloud.announce(str(field))

    return announce if field else None


# -- people -----------------------------------------------------------------------------------------------------------

_Deed = Callable[[Handset], object]


def _does(who: str, deed: _Deed, note: str = "") -> Play:
    async def do(stage: Stage) -> None:
        if note:
            stage.note(note)
        deed(stage.world.handsets[who])

    return do


def _own(handset: Handset) -> str:
    if not handset.sent:
        raise FlawError(f"{handset.name} has not written anything yet")
    return handset.sent[-1].wamid


def _theirs(handset: Handset) -> str:
    if not handset.screen:
        raise FlawError(f"{handset.name}'s screen is empty")
    return handset.screen[-1].wamid


def replies(scope: Scope, node: yaml.Node) -> Play | None:
    """They quote the newest message and write below it."""
    text = scope.reading.text(node, "what is written")
    return _does(scope.who, lambda phone: phone.type(str(text), reply_to=_theirs(phone))) if text else None


def forwards(scope: Scope, node: yaml.Node) -> Play | None:
    """They forward a text that somebody else wrote."""
    text = scope.reading.text(node, "what is forwarded")
    return _does(scope.who, lambda phone: phone.type(str(text), forwarded=True)) if text else None


def edits(scope: Scope, node: yaml.Node) -> Play | None:
    """They correct their newest message; WhatsApp tells the bot no more than that it was edited."""
    who, text = scope.who, scope.reading.text(node, "the new text")
    return (
        _does(who, lambda phone: phone.edit(_own(phone), str(text)), f"{who} corrects it to: {text}") if text else None
    )


def deletes(scope: Scope, node: yaml.Node) -> Play | None:
    """They delete their newest message for everyone."""
    said_so(scope, node)
    return _does(scope.who, lambda phone: phone.revoke(_own(phone)), f"{scope.who} deletes the last message")


def takes_back(scope: Scope, node: yaml.Node) -> Play | None:
    """They take back their reaction to the newest message; some phones leave the emoji's key out."""
    said_so(scope, node)
    return _does(scope.who, lambda phone: phone.react(_theirs(phone), None))


def taps_without_context(scope: Scope, node: yaml.Node) -> Play | None:
    """They tap a button, and WhatsApp does not say on which message."""
    title = scope.reading.text(node, "what is tapped")
    return _does(scope.who, lambda phone: phone.tap(None, str(title), context=False)) if title else None


def garbles(scope: Scope, node: yaml.Node) -> Play | None:
    """They tap something, and WhatsApp tells only that something went wrong."""
    said_so(scope, node)
    return _does(scope.who, lambda phone: phone.garble(), f"{scope.who} taps something that WhatsApp cannot tell")


def phone_is(scope: Scope, node: yaml.Node) -> Play | None:
    """Their phone is off (messages wait at WhatsApp) or on again."""
    state = scope.reading.text(node, "off or on")
    if state not in {"on", "off", "true", "false"}:
        scope.reading.problem(node, f"a phone is on or off, not {state!r}")
        return None
    on = state in {"on", "true"}
    note = f"{scope.who}'s phone is {'on again' if on else 'off'}"
    return _does(scope.who, lambda phone: phone.switch_on() if on else phone.switch_off(), note)


def blocks(scope: Scope, node: yaml.Node) -> Play | None:
    """They block the business, or (false) unblock it."""
    blocked = said_so(scope, node)

    def block(phone: Handset) -> None:
        phone.blocked = blocked

    return _does(scope.who, block, f"{scope.who} {'blocks' if blocked else 'unblocks'} the business")


def changes_user_id(scope: Scope, node: yaml.Node) -> Play | None:
    """They move to another phone number, and WhatsApp tells the bot of their new user id."""
    who, number = scope.who, scope.reading.value(node, read_phone, "the new number")

    async def change(stage: Stage) -> None:
        handset = stage.world.handsets[who]
        stage.note(f"{who} changes to another phone number, and has another user id")
        stage.world.transcript_recorder.moved(handset.phone, str(number))
        handset.change_number(str(number), form="user_id")

    return change if number else None


def changes_device(scope: Scope, node: yaml.Node) -> Play | None:
    """They move to another device, and WhatsApp tells that their identity changed."""
    said_so(scope, node)
    return _does(scope.who, lambda phone: phone.change_identity(), f"{scope.who} moves to another device")


STAGE: Final = (
    Directive("whatsapp", "whatsapp: {on: webhooks, do: delay, ms: 3 s, to: Tariro, times: 2}", whatsapp),
    Directive("webhooks", "webhooks: {reversed_statuses: true, batch_ms: 2 s}", webhooks),
    Directive("meta announces", "meta announces: account_update", meta_announces),
)
VERBS: Final = (
    Directive("replies", "Tariro replies: yes", replies, paced=True),
    Directive("forwards", "Tariro forwards: Good news for all", forwards, paced=True),
    Directive("edits", "Tariro edits: 6=>farai_shop", edits, paced=True),
    Directive("deletes", "Tariro deletes: true", deletes, paced=True),
    Directive("takes reaction back", "Tariro takes reaction back: true", takes_back, paced=True),
    Directive("taps without context", "Tariro taps without context: Confirm", taps_without_context, paced=True),
    Directive("taps in vain", "Tariro taps in vain: true", garbles, paced=True),
    Directive("phone", "Tariro phone: off", phone_is),
    Directive("blocks", "Tariro blocks: true", blocks),
    Directive("changes user id", "Tariro changes user id: +263 78 200 0909", changes_user_id),
    Directive("changes device", "Tariro changes device: true", changes_device),
)
