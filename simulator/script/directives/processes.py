"""What an adversary does: faults that a run over several processes, releases and machines can meet."""

from __future__ import annotations

import re
from typing import Final

import yaml

from simulator.errors import did_you_mean
from simulator.script.directives.directive import HURRY, Directive, Play, Scope, said_so
from simulator.script.faults import read_webhook_fault
from simulator.script.yaml_reader import FlawError, read_duration_ms
from simulator.world import operations as adversity

__all__ = ("STAGE",)

MOST_TIMES: Final = 20
_SKEW = re.compile(r"clock (?P<how>.+) (?P<way>ahead|behind)")
_EXAMPLES: Final = (
    "killed, stops, starts, clock 2 s behind, clock 1 min ahead, clock right, "
    "becomes the next release, becomes this release"
)


def hurry(scope: Scope, node: yaml.Node) -> Play | None:
    """The next line comes after so long, whatever is under way."""
    duration_ms = scope.reading.value(node, read_duration_ms, "how soon")
    return None if duration_ms is None else lambda stage: stage.world.pass_time(duration_ms)


def process(scope: Scope, node: yaml.Node) -> Play | None:
    """One of several processes of the bot, by its number, is killed, stops, starts, or has a wrong clock."""
    entries = scope.reading.mapping(node, "process")
    if len(entries) != 1:
        scope.reading.problem(node, "say which process, and what becomes of it", "For example: {2: killed}.")
        return None
    ((which, value),) = entries.items()
    if which not in {"1", "2", "3", "4"}:
        scope.reading.problem(node, f"no number of a process: {which!r}", "From 1 to 4.")
        return None
    text = scope.reading.text(value, "what becomes of the process")
    return None if text is None else _process(scope, value, int(which), text)


def _process(scope: Scope, node: yaml.Node, number: int, text: str) -> Play | None:
    known: dict[str, Play] = {
        "killed": lambda stage: adversity.kill(stage, number),
        "stops": lambda stage: adversity.stop(stage, number),
        "starts": lambda stage: adversity.start(stage, number),
        "clock right": lambda stage: adversity.skew(stage, number, 0),
        "becomes the next release": lambda stage: adversity.deploy(stage, "next", number),
        "becomes this release": lambda stage: adversity.deploy(stage, "this", number),
    }
    if text in known:
        return known[text]
    match = _SKEW.fullmatch(text)
    if match is None:
        scope.reading.problem(node, f"nothing that can become of a process: {text!r}", _EXAMPLES)
        return None
    try:
        by_ms = read_duration_ms(match["how"]) * (1 if match["way"] == "ahead" else -1)
    except FlawError as flaw:
        scope.reading.problem(node, flaw.what, flaw.hint)
        return None
    return lambda stage: adversity.skew(stage, number, by_ms)


def deploy(scope: Scope, node: yaml.Node) -> Play | None:
    """Processes are replaced one after the other, by the next release, this release or the same as before."""
    text = scope.reading.text(node, "what is deployed")
    known = {"next release": "next", "this release": "this", "same release": "same"}
    if text is not None and text not in known:
        scope.reading.problem(node, f"nothing to deploy: {text!r}", did_you_mean(text, list(known), "releases"))
        return None
    return None if text is None else lambda stage: adversity.deploy(stage, known[text])


def network(scope: Scope, node: yaml.Node) -> Play | None:
    """Webhooks on their way to the bot are refused, reset or never answered, before or after it has handled them."""
    fault = read_webhook_fault(scope.reading, node)
    return None if fault is None else lambda stage: adversity.network_fails(stage, *fault)


def webhook(scope: Scope, node: yaml.Node) -> Play | None:
    """The next message's webhook comes late, or several times, one after the other or at once."""
    before = len(scope.reading.problems)
    entries = scope.reading.mapping(node, "webhook", known=("late", "times", "at once"))
    late_ms = scope.reading.value(entries["late"], read_duration_ms, "late") if "late" in entries else 0
    times = scope.reading.value(entries["times"], _read_times, "times") if "times" in entries else 1
    at_once = "at once" in entries and said_so(scope, entries["at once"])
    if not entries:
        scope.reading.problem(node, "webhook says nothing", "For example: {late: 20 s}.")
    if len(scope.reading.problems) > before:
        return None
    changes = {"delay_ms": late_ms, "times": times, "at_once": at_once}
    return lambda stage: adversity.webhook_is_odd(stage, changes)


def state(scope: Scope, node: yaml.Node) -> Play | None:
    """The state Redis restarts, is full or has room, is backed up or restored, or a connection to it breaks."""
    if isinstance(node, yaml.MappingNode):
        return _drops(scope, node)
    text = scope.reading.text(node, "what becomes of the state Redis")
    known: dict[str, Play] = {
        "restarted": adversity.restart_state,
        "backed up": adversity.back_up,
        "restored": adversity.restore,
        "full": lambda stage: adversity.run_full(stage, full=True),
        "has room": lambda stage: adversity.run_full(stage, full=False),
    }
    if text is not None and text not in known:
        hint = f"{did_you_mean(text, list(known), 'words')} Or: {{drops: commit}}."
        scope.reading.problem(node, f"nothing that can become of the state Redis: {text!r}", hint)
        return None
    return None if text is None else known[text]


def _drops(scope: Scope, node: yaml.Node) -> Play | None:
    from simulator.world.failpoints import SCRIPTS  # noqa: PLC0415 - it asks the service for its scripts, which readers need not

    entries = scope.reading.mapping(node, "the state Redis", known=("drops",), needed=("drops",))
    script = scope.reading.text(entries["drops"], "drops") if "drops" in entries else None
    if script is None:
        return None
    if script not in SCRIPTS:
        scope.reading.problem(node, f"no script of the mailbox: {script!r}", did_you_mean(script, SCRIPTS, "scripts"))
        return None
    return lambda stage: adversity.state_drops(stage, script)


def cache(scope: Scope, node: yaml.Node) -> Play | None:
    """The cache Redis loses all that it holds."""
    text = scope.reading.text(node, "what becomes of the cache Redis")
    if text is not None and text != "flushed":
        scope.reading.problem(node, f"nothing that can become of the cache Redis: {text!r}", "Only: flushed.")
        return None
    return None if text is None else adversity.flush_cache


def repair(scope: Scope, node: yaml.Node) -> Play | None:
    """Everything that was broken works again."""
    said_so(scope, node)
    return adversity.repair


def _read_times(text: str) -> int:
    if not text.isdecimal() or not 1 < int(text) <= MOST_TIMES:
        raise FlawError(f"not a number of times: {text!r}", f"From 2 to {MOST_TIMES}.")
    return int(text)


STAGE: Final = (
    Directive(HURRY, "hurry: 300 ms", hurry),
    Directive("process", "process: {2: killed}", process),
    Directive("deploy", "deploy: next release", deploy),
    Directive("network", "network: {with: reset, when: after, times: 2}", network),
    Directive("webhook", "webhook: {late: 20 s, times: 2, at once: true}", webhook),
    Directive("state redis", "state redis: restarted", state),
    Directive("cache redis", "cache redis: flushed", cache),
    Directive("repair", "repair", repair),
)
