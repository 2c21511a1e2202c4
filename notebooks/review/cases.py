"""What a reviewer looks at of a flow, chosen from what the conversations walk: happy paths, refusals, expiry.

What is happy stands in the flow: it is the first exit that a step declares. A way that nobody walks has no case here,
and the table of exits says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from notebooks.review.bubbles import Bubble, bubbles_of
from notebooks.review.graph import in_words, targets
from notebooks.review.phones import Phone, phones, split
from notebooks.review.pictures import Picture
from notebooks.review.played import Played, Turned, otherwise
from service.conversation import END, CoreCall, Flow, FlowRegistry, Question, Step
from service.flows.login import DASHBOARD_FAILED_EXITS
from simulator.playback.coverage import ExitTaken
from simulator.whatsapp_cloud.transcript.model import Kind

__all__ = ("Case", "happy_paths", "left_or_late", "refusals", "strip")

UNHAPPY: Final = frozenset(
    {
        *DASHBOARD_FAILED_EXITS,
        "not_found",
        "refused",
        "not_done",
        "unknown",
        "taken",
        "gone",
        "stands",
        "cancel",
        "change",
        "questions",
    }
)
"""Exits by which things go wrong or members change their mind, in whichever flow."""

TYPED: Final = "1"
"""The first of what a screen offers."""

MOST_DIRECTIONS: Final = 4
"""What happens elsewhere in one go is told line by line up to here; of more, the first two and their number."""

MOST_ROWS: Final = 3
"""Of a list that is not what is to be seen, so many rows."""


@dataclass(frozen=True, slots=True)
class Case:
    """Something that happens in a flow, and where it can be seen."""

    title: str
    conversation: str
    bubbles: tuple[Bubble, ...]

    def phone(self) -> Phone:
        """One phone."""
        return Phone(self.title, self.bubbles, self.conversation)


def happy_paths(flow: Flow, played: Mapping[str, Played]) -> list[Case]:
    """For each thing that the flow does, the conversation that does it with the fewest detours, from its beginning."""
    cases = []
    for way in _aims(flow):
        found = _shortest(way, played, fullest=True)
        if found is not None:
            each, turn = found
            cases.append(Case(_aim_in_words(way), each.name, tuple(_way_there(each, flow, turn))))
    return _without_twins(cases)


def refusals(registry: FlowRegistry, flow: Flow, played: Mapping[str, Played]) -> list[Case]:
    """Every way off the happy path, and at each step an answer that cannot be taken."""
    cases = []
    for way in _off_the_path(registry, flow):
        found = _shortest(way, played)
        if found is not None:
            cases.append(_around(f"{in_words(way.step)} → {in_words(way.exit)}", *found))
    for step in flow.steps:
        again = _asked_again(registry, f"{flow.name}.{step.name}", played)
        if again is not None and isinstance(step, Question) and step.exits and not step.interruptible:
            cases.append(_around(f"{in_words(step.name)}: an answer that cannot be taken", *again))
    return _without_twins(cases)


def left_or_late(flow: Flow, played: Mapping[str, Played]) -> list[Case]:
    """Leaving in the middle, and coming back after more than five minutes."""
    cases = []
    for title, said, wait, word in (
        ("left in the middle", flow.cancelled_text, "", "menu"),
        ("back after more than five minutes", flow.expired_text, "6 min", ""),
    ):
        found = _leaving(said, flow, played) or _left(flow, played, said, wait, word) if said else None
        if found is not None:
            cases.append(_around(title, *found))
    return cases or _rested(flow, played)


def _rested(flow: Flow, played: Mapping[str, Played]) -> list[Case]:
    """Where nothing can be left unfinished: a choice that is typed when the screen is too old for it."""
    happy = _shortest(_aims(flow)[0], played, fullest=True)
    then = f"and “{TYPED}” six minutes later"
    other = otherwise(*_named(happy), then, wait="6 min", says=TYPED, first=True) if happy else None
    if other is None:
        return []
    last = max(
        place
        for place, moment in enumerate(other.transcript.moments)
        if moment.kind is Kind.SAID and moment.text == TYPED
    )
    return [Case("back after more than five minutes", other.name, tuple(_seen(other, last)))]


def _named(found: tuple[Played, Turned]) -> tuple[Played, str]:
    return found[0], found[1].wamid


def strip(cases: Sequence[Case], *, whole: bool = False) -> Picture:
    """The cases side by side: each on one phone, or each whole on as many as it takes."""
    if not whole:
        return phones([case.phone() for case in cases])
    return phones(*(split(case.title, case.bubbles, about=case.conversation) for case in cases))


def _aims(flow: Flow) -> list[ExitTaken]:
    """What the flow is for: its writes, done; or where it has none, the first way out of its first step."""
    writes = [step for step in flow.steps if isinstance(step, CoreCall) and step.on_reconciled is not None]
    last = [step for step in writes if not isinstance(flow.step(_first(step)), CoreCall)]
    aims = [step for step in last if not any(_again(flow, step, other) for other in last)]
    return [ExitTaken(flow.name, step.name, next(iter(step.exits), "")) for step in aims or flow.steps[:1]]


def _first(step: Step) -> str:
    return next(iter(step.exits.values()), "")


def _again(flow: Flow, step: Step, other: Step) -> bool:
    """Whether a write only does again what another does, by a way onward from there."""
    order = {each.name: place for place, each in enumerate(flow.steps)}
    reached, onward = {other.name}, [other]
    while onward:
        here = onward.pop()
        following = [flow.step(to) for to in here.exits.values() if order.get(to, -1) > order[here.name]]
        onward += [each for each in following if each is not None and each.name not in reached]
        reached |= {each.name for each in following if each is not None}
    return step is not other and step.name in reached and _first(step) == _first(other)


def _off_the_path(registry: FlowRegistry, flow: Flow) -> Iterator[ExitTaken]:
    order = {f"{flow.name}.{step.name}": place for place, step in enumerate(flow.steps)}
    for place, step in enumerate(flow.steps):
        for number, (name, target) in enumerate(targets(flow, step)):
            back = order.get(target, place + 1) <= place
            if (
                number
                and (DASHBOARD_FAILED_EXITS.get(name) != target or target in order)
                and _is_off(registry, step, target, back=back)
            ):
                yield ExitTaken(flow.name, step.name, name)


def _is_off(registry: FlowRegistry, step: Step, target: str, *, back: bool) -> bool:
    """Whether an exit that is not the first is a refusal, a change of mind or an ending: not one more question."""
    if isinstance(step, Question):
        return step.confirms and (back or target in {END, registry.home})
    at = registry.find(target)
    asked = at[1] if at else None
    return asked is None or (isinstance(asked, Question) and (back or asked.interruptible or asked.confirms))


def _shortest(way: ExitTaken, played: Mapping[str, Played], *, fullest: bool = False) -> tuple[Played, Turned] | None:
    """The conversation that walks this way with the fewest detours, and the turn in which it does.

    Among those with as few, the one that sees the most of the flow if that is wanted, then the shortest.
    """
    found = []
    for each in played.values():
        for turn in each.turns:
            there = way in turn.walked or (not way.exit and turn.after == f"{way.flow}.{way.step}")
            if there and turn.wamid and each.moment(turn.wamid) is not None:
                seen = len({one for one in each.ways if one.flow == way.flow})
                rank = (_detours(each, way), -seen if fullest else 0, each.transcript.turns, each.name)
                found.append((rank, each, turn))
                break
    return min(found, key=lambda one: one[0])[1:] if found else None


def _detours(each: Played, way: ExitTaken) -> int:
    """How much happens in a conversation that has nothing to do with the way."""
    staged = sum(moment.kind in {Kind.STAGE, Kind.UNDELIVERED} for moment in each.transcript.moments)
    again = sum(turn.asked_again for turn in each.turns)
    unhappy = sum(one.exit in UNHAPPY for one in each.ways)
    return staged + again + 2 * unhappy + 2 * (not each.name.startswith(f"{way.flow}/"))


def _around(title: str, each: Played, turn: Turned) -> Case:
    place = each.moment(turn.wamid)
    return Case(title, each.name, tuple(_seen(each, place)) if place is not None else ())


def _seen(each: Played, place: int) -> list[Bubble]:
    seen = [_shortened(bubble) for bubble in bubbles_of(each.transcript, each.around(place))]
    while seen and seen[-1].side == "stage":
        seen.pop()
    return [bubble for _, run in groupby(seen, key=lambda each: each.side == "stage") for bubble in _told(list(run))]


def _told(run: list[Bubble]) -> list[Bubble]:
    if run[0].side != "stage" or len(run) <= MOST_DIRECTIONS:
        return run
    return [*run[:2], Bubble("stage", f"… and {len(run) - 2} more like these")]


def _way_there(each: Played, flow: Flow, end: Turned) -> Iterator[Bubble]:
    """From the message that enters the flow to the answer to the one that ends it."""
    place = each.moment(end.wamid)
    last = each.turns.index(end)
    first = last
    while first > 0 and _within(each.turns[first - 1], flow):
        first -= 1
    start = each.moment(each.turns[first].wamid)
    if place is None or start is None:
        return
    moments = each.transcript.moments
    member, closing = moments[place].member, each.around(place)[-1]
    shown = [one for one in moments[start : moments.index(closing) + 1] if one.member in {member, ""}]
    yield from bubbles_of(each.transcript, shown)


def _within(turn: Turned, flow: Flow) -> bool:
    return turn.after.startswith(f"{flow.name}.")


def _asked_again(registry: FlowRegistry, step: str, played: Mapping[str, Played]) -> tuple[Played, Turned] | None:
    """The conversation with the fewest detours in which an answer at this step cannot be taken; help is no answer."""
    found = []
    for each in played.values():
        for turn in each.turns:
            place = each.moment(turn.wamid) if turn.asked_again and turn.after == step else None
            answer = each.transcript.moments[place] if place is not None else None
            if place is None or answer is None or answer.text.lower() in registry.vocabulary.help:
                continue
            if any(moment.screen is not None for moment in each.around(place)[1:]):
                detours = _detours(each, ExitTaken(step.partition(".")[0], ""))
                rank = (answer.kind is not Kind.SAID, detours, each.transcript.turns, each.name)
                found.append((rank, each, turn))
    return min(found, key=lambda one: one[0])[1:] if found else None


def _leaving(said: str, flow: Flow, played: Mapping[str, Played]) -> tuple[Played, Turned] | None:
    """The shortest conversation in which somebody goes away from this flow and is told this."""
    found = []
    for each in played.values():
        for turn in each.turns:
            place = each.moment(turn.wamid)
            away = turn.before.startswith(f"{flow.name}.") and not any(way.flow == flow.name for way in turn.walked)
            if away and place is not None:
                screens = [moment.screen for moment in each.around(place)[1:] if moment.screen is not None]
                if screens and screens[0].body.startswith(said):
                    found.append(
                        (_detours(each, ExitTaken(flow.name, "")), each.transcript.turns, each.name, each, turn)
                    )
    return min(found, key=lambda one: one[:3])[3:] if found else None


def _left(flow: Flow, played: Mapping[str, Played], said: str, wait: str, word: str) -> tuple[Played, Turned] | None:
    """Where no stored conversation goes away from a flow: its happy path, left before its last message."""
    happy = _shortest(_aims(flow)[0], played, fullest=True)
    if happy is None:
        return None
    then = f"but {wait} later" if wait else f"but “{word}” before the end"
    other = otherwise(happy[0], happy[1].wamid, then, wait=wait, says=word)
    return _leaving(said, flow, {other.name: other}) if other is not None else None


def _shortened(bubble: Bubble) -> Bubble:
    """A long list's first rows, and how many more there are."""
    more = len(bubble.choices) - MOST_ROWS
    if not bubble.opener or more <= MOST_ROWS:
        return bubble
    rows = tuple((title, "") for title, _ in bubble.choices[:MOST_ROWS])
    return Bubble(
        bubble.side,
        bubble.body,
        bubble.head,
        bubble.foot,
        bubble.opener,
        (*rows, (f"and {more} more", "")),
        bubble.stamp,
    )


def _aim_in_words(way: ExitTaken) -> str:
    return f"Happy path: {in_words(way.step)}" + (f" → {in_words(way.exit)}" if way.exit else "")


def _without_twins(cases: Sequence[Case]) -> list[Case]:
    """Without those that show what another shows."""
    kept: dict[tuple[str, tuple[Bubble, ...]], Case] = {}
    for case in cases:
        kept.setdefault((case.conversation, case.bubbles), case)
    return [case for case in kept.values() if case.bubbles]
