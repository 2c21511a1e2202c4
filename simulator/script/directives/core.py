"""What happens around people: the words that a line may begin with instead of a name."""

from __future__ import annotations

from typing import Final

import yaml

from simulator.credex_core import FORMAT_QUIRKS, QUIRK_NAMES
from simulator.errors import did_you_mean
from simulator.script.directives.directive import Directive, Play, Scope, said_so
from simulator.script.faults import GRAPH_CODES, read_core_fault, read_graph_fault
from simulator.script.notices import read_event, read_notice
from simulator.script.yaml_reader import FlawError, read_duration_ms

__all__ = ("STAGE",)

MOST_AGAIN: Final = 20


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
    read = [scope.line(scope.reading, item, scope.people) for item in scope.reading.items(node, what)]
    lines = [line for line in read if line is not None]
    if any(not line.paced or line.key in {each.words for each in STAGE} for line in lines):
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
    """Credex core answers in one or more of the odd ways that it is known for, or in none any more."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    read = [_ways(scope, each) for each in nodes]
    ways = tuple(dict.fromkeys(way for found in read if found is not None for way in found))
    return None if None in read else lambda stage: stage.core_is_odd(ways)


def _ways(scope: Scope, node: yaml.Node) -> tuple[str, ...] | None:
    text = scope.reading.text(node, "how core is odd")
    groups = {
        "everything": QUIRK_NAMES,
        "all of form": FORMAT_QUIRKS,
        "none": (),
        **{way: (way,) for way in QUIRK_NAMES},
    }
    if text is not None and text not in groups:
        hint = did_you_mean(text, tuple(groups), "ways")
        scope.reading.problem(node, f"core is not known to be odd like this: {text!r}", hint)
    return groups.get(text or "")


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
    from simulator.world.failpoints import SCRIPTS  # noqa: PLC0415 - as in _killed_at

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
    if text.startswith(("frozen at before ", "frozen at after ")):
        point = _point(scope, node, text.removeprefix("frozen at "), "freeze")
        return (lambda stage: stage.freeze_at(point)) if point else None
    scope.reading.problem(
        node,
        f"nothing that can happen to the bot: {text!r}",
        "killed [at <point>], frozen at before (or after) <script of the mailbox>, stops, restarted",
    )
    return None


def _point(scope: Scope, node: yaml.Node, point: str, what: str) -> str:
    from simulator.world.failpoints import POINTS  # noqa: PLC0415 - it asks the service for its scripts, which readers need not

    if point not in POINTS:
        scope.reading.problem(node, f"no point to {what} at: {point!r}", did_you_mean(point, POINTS, "points"))
        return ""
    return point


def hold(scope: Scope, node: yaml.Node) -> Play | None:
    """Webhooks stay in the network until ``release``."""
    return lambda stage: stage.hold() if said_so(scope, node) else stage.release()


def release(scope: Scope, node: yaml.Node) -> Play | None:
    """Webhooks that were held arrive."""
    said_so(scope, node)
    return lambda stage: stage.release()


def _read_times(text: str) -> int:
    if not text.isdecimal() or not 1 < int(text) <= MOST_AGAIN:
        raise FlawError(f"not a number of times: {text!r}", f"From 2 to {MOST_AGAIN}.")
    return int(text)


STAGE: Final = (
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
