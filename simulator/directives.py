"""What a line of a conversation may say.

Each directive is a small function that reads a line's value and returns what is to be done when its turn comes; its
docstring is its help. To add one, write the function and name it in `STAGE` or `VERBS`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import yaml

from simulator.credex_core import Quirks
from simulator.errors import did_you_mean
from simulator.faults import GRAPH_CODES, read_core_fault, read_graph_fault
from simulator.in_core import EXAMPLES, read_act
from simulator.notices import read_event, read_notice
from simulator.reading import Flaw, Reading, read_duration_ms, read_phone

if TYPE_CHECKING:
    from simulator.replay import Stage

__all__ = ("STAGE", "VERBS", "Directive", "Line", "Play", "read_line", "read_lines")

Play = Callable[["Stage"], Awaitable[None]]
"""Does what a line says."""

MEDIA: Final = ("image", "video", "audio", "document", "sticker", "location", "contacts", "unsupported")

MOST_AGAIN: Final = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A line as read.

    Attributes:
        number: where it stands in the file, from 1.
        key: what stands before the colon.
        value: what stands after it, as plain values.
        paced: a person acts, and takes a moment to do so.
        play: does it.
    """

    number: int
    key: str
    value: object
    paced: bool
    play: Play = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a directive may look at while it reads: the file, who takes part, and who acts (for verbs)."""

    reading: Reading
    people: Sequence[str]
    who: str = ""

    def person(self, name: str) -> str:
        """A name that takes part. Raises `Flaw` for others."""
        if name not in self.people:
            raise Flaw(f"nobody here is called {name!r}", did_you_mean(name, self.people, "people"))
        return name


@dataclass(frozen=True, slots=True)
class Directive:
    """One thing that a line may say: its words, an example, and its reader."""

    words: str
    example: str
    read: Callable[[Scope, yaml.Node], Play | None]
    paced: bool = False

    @property
    def help(self) -> str:
        """The docstring's first line."""
        return (self.read.__doc__ or "").splitlines()[0]


# -- what people do -----------------------------------------------------------------------------------------------


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


def _fills_in(scope: Scope, node: yaml.Node, *, older: bool = False, with_token: bool = True) -> Play | None:
    who = scope.who
    fields = scope.reading.mapping(node, "what is filled in")
    answers = {name: scope.reading.text(value, name) or "" for name, value in fields.items()}
    if not answers:
        return None
    return lambda stage: stage.fill(who, answers, older=older, with_token=with_token)


def shows_number(scope: Scope, node: yaml.Node) -> Play | None:
    """They show their phone number to the business from now on, or (false) hide it."""
    who, shown = scope.who, _said_so(scope, node)
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
    except Flaw as flaw:
        scope.reading.problem(node, flaw.what, flaw.hint)
        return None
    if act is None:
        scope.reading.problem(node, f"nothing that can be done in core: {text!r}", EXAMPLES)
        return None
    return lambda stage: stage.act_in_core(who, act)


# -- what happens around them -------------------------------------------------------------------------------------


def wait(scope: Scope, node: yaml.Node) -> Play | None:
    """Time passes."""
    duration_ms = scope.reading.value(node, read_duration_ms, "how long to wait")
    return None if duration_ms is None else lambda stage: stage.wait(duration_ms)


def together(scope: Scope, node: yaml.Node) -> Play | None:
    """Several messages reach the bot in one POST."""
    plays = _peoples(scope, node, "together")
    return (lambda stage: stage.together(plays)) if plays else None


def at_once(scope: Scope, node: yaml.Node) -> Play | None:
    """Several messages are sent in the same moment, each in a POST of its own, as by a double tap."""
    plays = _peoples(scope, node, "at once")
    return (lambda stage: stage.at_once(plays)) if plays else None


def _peoples(scope: Scope, node: yaml.Node, what: str) -> list[Play]:
    read = [read_line(scope.reading, item, scope.people) for item in scope.reading.items(node, what)]
    lines = [line for line in read if line is not None]
    if any(not line.paced or line.key in STAGE for line in lines):
        scope.reading.problem(node, f"only what people say and tap can come {what!r}")
    return [line.play for line in lines]


def again(scope: Scope, node: yaml.Node) -> Play | None:
    """The next message's webhook is delivered this many times in all."""
    times = scope.reading.value(node, _read_times, "how many times")
    return None if times is None else lambda stage: stage.again(times)


def core(scope: Scope, node: yaml.Node) -> Play | None:
    """Credex core fails, or is slow, or works again."""
    if isinstance(node, yaml.ScalarNode) and node.value == "works":
        return lambda stage: stage.core_works()
    fault = read_core_fault(scope.reading, node)
    return None if fault is None else lambda stage: stage.core_fails(fault)


def core_notifies(scope: Scope, node: yaml.Node) -> Play | None:
    """Credex core asks the bot to tell a member something."""
    notice = read_notice(scope.reading, node)
    if notice is None:
        return None
    scope.person(notice.to)
    return lambda stage: stage.notify(notice)


def core_reports(scope: Scope, node: yaml.Node) -> Play | None:
    """Credex core reports an event to the bot, signed."""
    event = read_event(scope.reading, node)
    if event is None:
        return None
    if event.to:
        scope.person(event.to)
    return lambda stage: stage.report(event)


def graph(scope: Scope, node: yaml.Node) -> Play | None:
    """WhatsApp refuses what the bot sends, or its answers are lost, or it works again."""
    if isinstance(node, yaml.ScalarNode) and node.value == "works":
        return lambda stage: stage.graph_works()
    fault = read_graph_fault(scope.reading, node, scope.people)
    return None if fault is None else lambda stage: stage.graph_fails(fault)


def odd(scope: Scope, node: yaml.Node) -> Play | None:
    """Credex core answers in one of the odd ways that it is known for."""
    text = scope.reading.text(node, "how core is odd")
    known = tuple(each.name for each in fields(Quirks) if each.type == "bool")
    if text is not None and text not in known:
        scope.reading.problem(
            node, f"core is not known to be odd like this: {text!r}", did_you_mean(text, known, "ways")
        )
        return None
    return None if text is None else lambda stage: stage.core_is_odd(text)


def redis(scope: Scope, node: yaml.Node) -> Play | None:
    """A Redis instance goes away or comes back, or the answer to the next run of a script is lost."""
    entries = scope.reading.mapping(node, "redis", known=("cache", "state", "both", "loses"))
    if "loses" in entries:
        return _loses(scope, entries["loses"])
    wanted: dict[str, bool] = {}
    for which, value in entries.items():
        state = scope.reading.text(value, which)
        if state not in {"up", "down"}:
            scope.reading.problem(value, f"redis can be up or down, not {state!r}")
            return None
        wanted |= dict.fromkeys(("cache", "state") if which == "both" else (which,), state == "down")
    return (lambda stage: stage.redis_down(wanted)) if wanted else None


def _loses(scope: Scope, node: yaml.Node) -> Play | None:
    from simulator.crash import SCRIPTS  # noqa: PLC0415 - as in _killed_at

    script = scope.reading.text(node, "loses")
    if script is None:
        return None
    if script not in SCRIPTS:
        scope.reading.problem(node, f"no script of the mailbox: {script!r}", did_you_mean(script, SCRIPTS, "scripts"))
        return None
    return lambda stage: stage.redis_loses(script)


def bot(scope: Scope, node: yaml.Node) -> Play | None:
    """The bot's process is killed (at a point), stops or starts again; or a worker freezes for a minute."""
    text = scope.reading.text(node, "what becomes of the bot")
    if text is None:
        return None
    whole: dict[str, Play] = {
        "restarted": lambda stage: stage.restart(),
        "stops": lambda stage: stage.stop(),
        "killed": lambda stage: stage.kill(),
    }
    if text in whole:
        return whole[text]
    if text.startswith("killed "):
        point = _point(scope, node, text.removeprefix("killed ").removeprefix("at ").strip(), "be killed")
        return (lambda stage: stage.kill_at(point)) if point else None
    if text.startswith("frozen at before "):
        point = _point(scope, node, text.removeprefix("frozen at "), "freeze")
        return (lambda stage: stage.freeze_at(point)) if point else None
    scope.reading.problem(
        node,
        f"nothing that can happen to the bot: {text!r}",
        "killed [at <point>], frozen at before <script of the mailbox>, stops, restarted",
    )
    return None


def _point(scope: Scope, node: yaml.Node, point: str, what: str) -> str:
    from simulator.crash import POINTS  # noqa: PLC0415 - it asks the service for its scripts, which readers need not

    if point not in POINTS:
        scope.reading.problem(node, f"no point to {what} at: {point!r}", did_you_mean(point, POINTS, "points"))
        return ""
    return point


def hold(scope: Scope, node: yaml.Node) -> Play | None:
    """Webhooks stay in the network until ``release``."""
    return lambda stage: stage.hold() if _said_so(scope, node) else stage.release()


def release(scope: Scope, node: yaml.Node) -> Play | None:
    """Webhooks that were held arrive."""
    _said_so(scope, node)
    return lambda stage: stage.release()


def _said_so(scope: Scope, node: yaml.Node) -> bool:
    if not isinstance(node, yaml.ScalarNode) or node.value not in {"", "true", "false"}:
        scope.reading.problem(node, "say true, or nothing")
        return False
    return bool(node.value != "false")


def _read_times(text: str) -> int:
    if not text.isdecimal() or not 1 < int(text) <= MOST_AGAIN:
        raise Flaw(f"not a number of times: {text!r}", f"From 2 to {MOST_AGAIN}.")
    return int(text)


VERBS: Final = MappingProxyType(
    {
        each.words: each
        for each in (
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
            Directive("shows number", "Tariro shows number: true", shows_number),
            Directive("changes number", "Tariro changes number: +263 78 200 0909", changes_number),
            Directive("in core", "Farai in core: accepts the newest offer from Tariro", in_core),
        )
    }
)
"""What may stand after a name."""

STAGE: Final = MappingProxyType(
    {
        each.words: each
        for each in (
            Directive("wait", "wait: 6 min", wait),
            Directive("together", "together: [{Tariro: a}, {Tariro: b}]", together, paced=True),
            Directive("at once", "at once: [{Tariro taps: Confirm}, {Tariro taps: Confirm}]", at_once, paced=True),
            Directive("again", "again: 3", again),
            Directive("core", "core: {fails: login, with: 500}", core),
            Directive("core notifies", 'core notifies: {to: Farai, message: "News", offer: newest}', core_notifies),
            Directive(
                "core reports",
                "core reports: {event: offer_update, id: w1, status: pending, to: Farai, amount: 5 USD}",
                core_reports,
            ),
            Directive("graph", f"graph: {{fails: messages, with: {GRAPH_CODES[0]}}}", graph),
            Directive("odd", "odd: ledger_without_ids", odd),
            Directive("redis", "redis: {cache: down}", redis),
            Directive("bot", "bot: killed at after createCredex", bot),
            Directive("hold", "hold: true", hold),
            Directive("release", "release", release),
        )
    }
)
"""What a line may say without a name."""


def read_lines(reading: Reading, node: yaml.Node, people: Sequence[str]) -> tuple[Line, ...]:
    """Read the lines of a conversation; what is wrong with them goes to the reading's problems."""
    read = [read_line(reading, item, people) for item in reading.items(node, "lines")]
    if not read and not reading.problems:
        reading.problem(node, "nothing is said")
    return tuple(line for line in read if line is not None)


def read_line(reading: Reading, node: yaml.Node, people: Sequence[str]) -> Line | None:
    """Read one line."""
    if isinstance(node, yaml.ScalarNode) and node.value in STAGE:
        key, value = str(node.value), yaml.ScalarNode("tag:yaml.org,2002:str", "", node.start_mark, node.end_mark)
        return _line(reading, node, key, value, people)
    entries = reading.mapping(node, "a line")
    if len(entries) != 1:
        if entries:
            reading.problem(node, f"a line says one thing, not {len(entries)}: {', '.join(entries)}")
        return None
    ((key, entry),) = entries.items()
    return _line(reading, node, key, entry, people)


def _line(reading: Reading, node: yaml.Node, key: str, value: yaml.Node, people: Sequence[str]) -> Line | None:
    directive, who = STAGE.get(key), ""
    if directive is None:
        who = next((name for name in sorted(people, key=len, reverse=True) if f"{key} ".startswith(f"{name} ")), "")
        if not who:
            known = [*people, *STAGE]
            reading.problem(node, f"nobody and nothing here is called {key!r}", did_you_mean(key, known, "words"))
            return None
        verb = key.removeprefix(who).strip()
        directive = VERBS.get(verb)
        if directive is None:
            reading.problem(
                node, f"{who} cannot {verb!r}", did_you_mean(verb, [each for each in VERBS if each], "verbs")
            )
            return None
    play = directive.read(Scope(reading, people, who), value)
    if play is None:
        return None
    return Line(node.start_mark.line + 1, key, _plain(value), directive.paced, play)


def _plain(node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return node.value
