"""The cases of a flow that reviewers read, chosen from the stored conversations: happy paths, refusals, expiry.

The first exit that a step declares belongs to the happy path. An exit that no conversation takes has no case; the table
of exits lists it.
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
from notebooks.review.playbacks import Playback, Turn, play_variant
from service.conversation import END, CoreCall, Flow, FlowRegistry, Question, Step
from service.flows.login import DASHBOARD_FAILED_EXITS
from simulator.playback.coverage import ExitTaken
from simulator.whatsapp_cloud.transcript.model import Kind

__all__ = ("Case", "cancelled_or_expired", "happy_paths", "refusals", "strip")

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
"""Exits, in any flow, that mean a failure or a change of mind."""

TYPED: Final = "1"
"""Typing it chooses the first option."""

MOST_DIRECTIONS: Final = 4
"""Longer runs of stage directions are shortened to the first two and a count."""

MOST_ROWS: Final = 3
"""The number of rows shown of a long list."""


@dataclass(frozen=True, slots=True)
class Case:
    """An excerpt of a conversation that shows one case of a flow."""

    title: str
    conversation: str
    bubbles: tuple[Bubble, ...]

    def phone(self) -> Phone:
        """The case on one phone."""
        return Phone(self.title, self.bubbles, self.conversation)


def happy_paths(flow: Flow, playbacks: Mapping[str, Playback]) -> list[Case]:
    """For each goal of the flow, the conversation that reaches it with the fewest detours, from its beginning."""
    cases = []
    for taken in _goals(flow):
        found = _shortest(taken, playbacks, fullest=True)
        if found is not None:
            each, turn = found
            cases.append(Case(_goal_in_words(taken), each.name, tuple(_until_goal(each, flow, turn))))
    return _distinct(cases)


def refusals(registry: FlowRegistry, flow: Flow, playbacks: Mapping[str, Playback]) -> list[Case]:
    """Every exit off the happy path, and an invalid answer at each step."""
    cases = []
    for taken in _unhappy_exits(registry, flow):
        found = _shortest(taken, playbacks)
        if found is not None:
            cases.append(_around(f"{in_words(taken.step)} → {in_words(taken.exit)}", *found))
    for step in flow.steps:
        again = _asked_again(registry, f"{flow.name}.{step.name}", playbacks)
        if again is not None and isinstance(step, Question) and step.exits and not step.interruptible:
            cases.append(_around(f"{in_words(step.name)}: an invalid answer", *again))
    return _distinct(cases)


def cancelled_or_expired(flow: Flow, playbacks: Mapping[str, Playback]) -> list[Case]:
    """Cancelling in the middle, and returning after the session has expired."""
    cases = []
    for title, said, wait, word in (
        ("cancelled in the middle", flow.cancelled_text, "", "menu"),
        ("back after more than five minutes", flow.expired_text, "6 min", ""),
    ):
        found = (
            _conversation_that_leaves(said, flow, playbacks) or _variant_that_leaves(flow, playbacks, said, wait, word)
            if said
            else None
        )
        if found is not None:
            cases.append(_around(title, *found))
    return cases or _typed_late(flow, playbacks)


def _typed_late(flow: Flow, playbacks: Mapping[str, Playback]) -> list[Case]:
    """For flows without unfinished steps: a typed choice after the screen has expired."""
    happy = _shortest(_goals(flow)[0], playbacks, fullest=True)
    then = f"and “{TYPED}” six minutes later"
    other = play_variant(*_named(happy), then, wait="6 min", says=TYPED, first=True) if happy else None
    if other is None:
        return []
    last = max(
        place
        for place, moment in enumerate(other.transcript.moments)
        if moment.kind is Kind.SAID and moment.text == TYPED
    )
    return [Case("back after more than five minutes", other.name, tuple(_seen(other, last)))]


def _named(found: tuple[Playback, Turn]) -> tuple[Playback, str]:
    return found[0], found[1].wamid


def strip(cases: Sequence[Case], *, whole: bool = False) -> Picture:
    """The cases side by side: each on one phone, or with `whole` on as many phones as it needs."""
    if not whole:
        return phones([case.phone() for case in cases])
    return phones(*(split(case.title, case.bubbles, about=case.conversation) for case in cases))


def _goals(flow: Flow) -> list[ExitTaken]:
    """The goals of a flow: the success of its writes; without writes, the first exit of its first step."""
    writes = [step for step in flow.steps if isinstance(step, CoreCall) and step.on_reconciled is not None]
    last = [step for step in writes if not isinstance(flow.step(_first(step)), CoreCall)]
    goals = [step for step in last if not any(_again(flow, step, other) for other in last)]
    return [ExitTaken(flow.name, step.name, next(iter(step.exits), "")) for step in goals or flow.steps[:1]]


def _first(step: Step) -> str:
    return next(iter(step.exits.values()), "")


def _again(flow: Flow, step: Step, other: Step) -> bool:
    """Whether a write repeats another write and is reached from it."""
    order = {each.name: place for place, each in enumerate(flow.steps)}
    reached, onward = {other.name}, [other]
    while onward:
        here = onward.pop()
        following = [flow.step(to) for to in here.exits.values() if order.get(to, -1) > order[here.name]]
        onward += [each for each in following if each is not None and each.name not in reached]
        reached |= {each.name for each in following if each is not None}
    return step is not other and step.name in reached and _first(step) == _first(other)


def _unhappy_exits(registry: FlowRegistry, flow: Flow) -> Iterator[ExitTaken]:
    order = {f"{flow.name}.{step.name}": place for place, step in enumerate(flow.steps)}
    for place, step in enumerate(flow.steps):
        for number, (name, target) in enumerate(targets(flow, step)):
            back = order.get(target, place + 1) <= place
            if (
                number
                and (DASHBOARD_FAILED_EXITS.get(name) != target or target in order)
                and _is_unhappy(registry, step, target, back=back)
            ):
                yield ExitTaken(flow.name, step.name, name)


def _is_unhappy(registry: FlowRegistry, step: Step, target: str, *, back: bool) -> bool:
    """Whether an exit other than the first is a refusal, a change of mind or an end, not a further question."""
    if isinstance(step, Question):
        return step.confirms and (back or target in {END, registry.home})
    at = registry.find(target)
    asked = at[1] if at else None
    return asked is None or (isinstance(asked, Question) and (back or asked.interruptible or asked.confirms))


def _shortest(
    taken: ExitTaken, playbacks: Mapping[str, Playback], *, fullest: bool = False
) -> tuple[Playback, Turn] | None:
    """The conversation that takes this exit with the fewest detours, and the turn in which it does.

    Ties are resolved by the most exits of the flow (if `fullest`), then by length.
    """
    found = []
    for each in playbacks.values():
        for turn in each.turns:
            there = taken in turn.exits_taken or (not taken.exit and turn.after == f"{taken.flow}.{taken.step}")
            if there and turn.wamid and each.moment(turn.wamid) is not None:
                seen = len({one for one in each.exits_taken if one.flow == taken.flow})
                rank = (_detours(each, taken), -seen if fullest else 0, each.transcript.turns, each.name)
                found.append((rank, each, turn))
                break
    return min(found, key=lambda one: one[0])[1:] if found else None


def _detours(each: Playback, taken: ExitTaken) -> int:
    """A measure of the events in a conversation that are unrelated to this exit."""
    staged = sum(moment.kind in {Kind.STAGE, Kind.UNDELIVERED} for moment in each.transcript.moments)
    again = sum(turn.asked_again for turn in each.turns)
    unhappy = sum(one.exit in UNHAPPY for one in each.exits_taken)
    return staged + again + 2 * unhappy + 2 * (not each.name.startswith(f"{taken.flow}/"))


def _around(title: str, each: Playback, turn: Turn) -> Case:
    place = each.moment(turn.wamid)
    return Case(title, each.name, tuple(_seen(each, place)) if place is not None else ())


def _seen(each: Playback, place: int) -> list[Bubble]:
    seen = [_shortened(bubble) for bubble in bubbles_of(each.transcript, each.around(place))]
    while seen and seen[-1].side == "stage":
        seen.pop()
    return [
        bubble for _, run in groupby(seen, key=lambda each: each.side == "stage") for bubble in _collapsed(list(run))
    ]


def _collapsed(run: list[Bubble]) -> list[Bubble]:
    if run[0].side != "stage" or len(run) <= MOST_DIRECTIONS:
        return run
    return [*run[:2], Bubble("stage", f"… and {len(run) - 2} more like these")]


def _until_goal(each: Playback, flow: Flow, end: Turn) -> Iterator[Bubble]:
    """The bubbles from the message that enters the flow to the answer at its end."""
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


def _within(turn: Turn, flow: Flow) -> bool:
    return turn.after.startswith(f"{flow.name}.")


def _asked_again(registry: FlowRegistry, step: str, playbacks: Mapping[str, Playback]) -> tuple[Playback, Turn] | None:
    """The conversation with the fewest detours in which an answer at this step is invalid; help is not an answer."""
    found = []
    for each in playbacks.values():
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


def _conversation_that_leaves(said: str, flow: Flow, playbacks: Mapping[str, Playback]) -> tuple[Playback, Turn] | None:
    """The conversation with the fewest detours in which a member leaves this flow and is shown this text."""
    found = []
    for each in playbacks.values():
        for turn in each.turns:
            place = each.moment(turn.wamid)
            away = turn.before.startswith(f"{flow.name}.") and not any(
                taken.flow == flow.name for taken in turn.exits_taken
            )
            if away and place is not None:
                screens = [moment.screen for moment in each.around(place)[1:] if moment.screen is not None]
                if screens and screens[0].body.startswith(said):
                    found.append(
                        (_detours(each, ExitTaken(flow.name, "")), each.transcript.turns, each.name, each, turn)
                    )
    return min(found, key=lambda one: one[:3])[3:] if found else None


def _variant_that_leaves(
    flow: Flow, playbacks: Mapping[str, Playback], said: str, wait: str, word: str
) -> tuple[Playback, Turn] | None:
    """A variant of the flow's happy path that leaves it before the last message."""
    happy = _shortest(_goals(flow)[0], playbacks, fullest=True)
    if happy is None:
        return None
    then = f"but {wait} later" if wait else f"but “{word}” before the end"
    other = play_variant(happy[0], happy[1].wamid, then, wait=wait, says=word)
    return _conversation_that_leaves(said, flow, {other.name: other}) if other is not None else None


def _shortened(bubble: Bubble) -> Bubble:
    """The bubble with only the first rows of a long list."""
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


def _goal_in_words(taken: ExitTaken) -> str:
    return f"Happy path: {in_words(taken.step)}" + (f" → {in_words(taken.exit)}" if taken.exit else "")


def _distinct(cases: Sequence[Case]) -> list[Case]:
    """The cases without duplicates."""
    kept: dict[tuple[str, tuple[Bubble, ...]], Case] = {}
    for case in cases:
        kept.setdefault((case.conversation, case.bubbles), case)
    return [case for case in kept.values() if case.bubbles]
