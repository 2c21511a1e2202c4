"""The users of a soak: they register, read, offer, accept, decline, cancel, and check each answer.

The actions of a user are a function of the seed and the user's number; their times depend on the clock.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from service.domain import Denomination, Money
from simulator.explore.invariants.claims import is_late_result, is_unsolicited
from simulator.people import Persona
from simulator.processes.soak.ledger_audit import LedgerAudit, Violation
from simulator.processes.soak.replies import classify
from simulator.processes.soak.stack import handle_of
from simulator.whatsapp_cloud import Bubble, Handset, HandsetError

__all__ = ("NOT_AGAIN", "Counters", "Pacer", "SoakUser", "classify")

MAX_BUBBLES: Final = 20
MAX_LINES: Final = 80
MAX_IDS: Final = 200
TOO_SOON_MS: Final = 15_000
"""The bot waits 30 s for a status before it sends a message again; a sooner repetition is a violation.

Half of that, since an injected fault may have delayed the first request before WhatsApp accepted it.
"""

NOT_AGAIN: Final = "no message is sent again without a reason"

_READING: Final = {
    "hi": {"dashboard"},
    "menu": {"dashboard"},
    "help": {"help"},
    "pending": {"incoming", "no incoming"},
    "outgoing": {"outgoing", "no outgoing"},
}
"""Words that a member may write, and the kinds of answers to them."""

_QUESTIONS: Final = {"Accept": "accept?", "Decline": "decline?", "Cancel the offer": "cancel?"}

_AMOUNT: Final = re.compile(r"\*([^*]+)\*")


class Pacer:
    """Limits all users together to a steady rate."""

    def __init__(self, per_second: float) -> None:
        """Allow so many messages per second."""
        self._gap_s = 1 / per_second
        self._next = 0.0

    async def turn(self) -> None:
        """Wait until the next message may be sent."""
        now = time.monotonic()
        self._next = max(now, self._next + self._gap_s)
        await asyncio.sleep(self._next - now)


@dataclass
class Counters:
    """Counts of messages and actions."""

    messages: int = 0
    answers: int = 0
    sent_again: int = 0
    found_later: int = 0
    given_up: int = 0
    away: int = 0
    actions: Counter[str] = field(default_factory=Counter)


_UNAVAILABLE: Final = {"away", "given up"}
"""Answers that fit every message: Credex is unavailable, or the message could not be finished."""


class _ActionEndedError(Exception):
    """The action cannot be continued."""


class _UnexpectedAnswerError(_ActionEndedError):
    """The answer does not fit the message; the violation has been recorded."""


class SoakUser:
    """A scripted user who performs one action after the other and expects one answer to each message.

    Attributes:
        waiting_for: the last message while it is unanswered; otherwise empty.
        transcript: the newest lines of the conversation.
    """

    def __init__(
        self,
        handset: Handset,
        persona: Persona,
        number: int,
        *,
        chance: random.Random,
        audit: LedgerAudit,
        pacer: Pacer,
        counters: Counters,
        crowd: Sequence[int],
        stride: int,
        member: bool,
    ) -> None:
        """Create a user.

        Args:
            handset: the phone.
            persona: names.
            number: of the user; ``stride`` exceeds the highest one, so that no two offers have the same amount.
            chance: source of decisions.
            audit: records confirmations and statements.
            pacer: limits the rate of messages.
            counters: shared by all users.
            crowd: the numbers of members, to whom offers are made.
            stride: see ``number``.
            member: whether the user is a member from the start.
        """
        self.handset = handset
        self.waiting_for = ""
        self.transcript: deque[str] = deque(maxlen=MAX_LINES)
        self._persona = persona
        self._number = number
        self._chance = chance
        self._audit = audit
        self._pacer = pacer
        self._counters = counters
        self._others = [one for one in crowd if one != number]
        self._stride = stride
        self._member = member
        self._funded = member
        self._offers = 0
        self._read = 0
        self._news = asyncio.Event()
        self._ids: OrderedDict[str, int] = OrderedDict()

    @property
    def phone(self) -> str:
        """The phone number."""
        return self.handset.phone

    def notify(self) -> None:
        """Wake the user: the screen has changed."""
        self._news.set()

    async def run(self, going_on: Callable[[], bool]) -> None:
        """Perform actions while ``going_on()``; the last one is completed."""
        while going_on():
            self._trim()
            self._check_no_unread()
            try:
                await self._act()
            except _UnexpectedAnswerError:
                await self._recover()
            except _ActionEndedError:
                continue

    def check_idle(self) -> None:
        """Check at the end that there is no unread answer; outcomes reported later are allowed."""
        self._check_no_unread()

    # -- actions ----------------------------------------------------------------------------------------------------

    async def _act(self) -> None:
        if not self._member:
            action = self._register
        elif not self._funded:
            action = self._chance.choice((self._browse, self._end_incoming))
        else:
            action = self._chance.choices(
                (self._browse, self._offer, self._end_incoming, self._end_outgoing), (30, 32, 30, 8)
            )[0]
        self._counters.actions[action.__name__.strip("_")] += 1
        await action()

    async def _browse(self) -> None:
        """Read something; in a hurry, send all messages first and then wait for the answers."""
        words = [self._chance.choice(list(_READING)) for _ in range(self._chance.randint(1, 3))]
        hasty = self._chance.random() < 0.4  # noqa: PLR2004 - a share
        if not hasty:
            for word in words:
                await self._ask(word, _READING[word])
            return
        for word in words:
            await self._say(word)
        for word in words:
            await self._answer(_READING[word] | _UNAVAILABLE)

    async def _offer(self) -> None:
        cents = 100 + self._number + self._stride * self._offers
        self._offers += 1
        money = Money(Decimal(cents) / 100, Denomination.USD)
        to = handle_of(self._chance.choice(self._others))
        twice = self._chance.random() < 0.25  # noqa: PLR2004 - a share
        kind, question = await self._ask(f"{money.amount}=>{to}", {"offer?"})
        if kind == "offer?":
            self._audit.confirmed(self.phone, "createCredex", str(money))
            await self._confirm(question, {"offered"}, twice=twice)

    async def _end_incoming(self) -> None:
        choice_title = self._chance.choices(("Accept", "Decline"), (3, 1))[0]
        await self._end_offer("pending", "incoming", choice_title)

    async def _end_outgoing(self) -> None:
        await self._end_offer("outgoing", "outgoing", "Cancel the offer")

    async def _end_offer(self, word: str, direction: str, choice_title: str) -> None:
        draw = self._chance.random()
        kind, listed = await self._ask(word, {direction, f"no {direction}"})
        if kind != direction:
            return
        rows = [choice for choice in listed.choices if choice.title.endswith(" USD")]
        row = rows[int(draw * len(rows))]
        kind, shown = await self._tap(listed, row.id, row.title, {f"{direction} offer", "gone"})
        if kind != f"{direction} offer":
            return
        kind, question = await self._tap(shown, choice_title, choice_title, {_QUESTIONS[choice_title], "gone"})
        if kind != _QUESTIONS[choice_title]:
            return
        endpoint = {"Accept": "acceptCredex", "Decline": "declineCredex"}.get(choice_title, "cancelCredex")
        found = _AMOUNT.search(question.body)
        self._audit.confirmed(self.phone, endpoint, found[1] if found else "")
        await self._confirm(question, {"ended", "gone"})

    async def _register(self) -> None:
        kind, told = await self._ask("hi", {"welcome", "dashboard"})
        if kind == "welcome":
            await self._tap(told, "Become a member", "Become a member", {"first name?"})
            await self._ask(self._persona.first_name, {"last name?"})
            _, question = await self._ask(self._persona.last_name, {"register?"})
            self._audit.confirmed(self.phone, "onboardMember", "")
            kind = await self._confirm(question, {"joined", "not joined", "joining unknown", "away"})
        self._member = kind in {"joined", "dashboard"}

    async def _confirm(self, question: Bubble, expected: set[str], *, twice: bool = False) -> str:
        expected = expected | _UNAVAILABLE
        kind, told = await self._tap(question, "Confirm", "Confirm", {*expected, "look again"}, times=1 + twice)
        if twice:
            # The second tap hits a message that is no longer the newest, or whose question is shown once more.
            await self._answer({"old button", "look again", *expected})
        if kind == "look again":
            kind, _ = await self._tap(told, "Confirm", "Confirm", expected)
        return kind

    async def _recover(self) -> None:
        """Continue after a violation; late answers to it are ignored."""
        await asyncio.sleep(1)
        self._read = len(self.handset.bubbles)
        self.waiting_for = ""

    # -- sending and receiving --------------------------------------------------------------------------------------

    async def _ask(self, text: str, expected: set[str]) -> tuple[str, Bubble]:
        await self._say(text)
        return await self._answer(expected)

    async def _say(self, text: str) -> None:
        await self._pacer.turn()
        self._note("▸", text)
        self.waiting_for = text
        self._counters.messages += 1
        self.handset.type(text)

    async def _tap(
        self, bubble: Bubble, choice: str, title: str, expected: set[str], *, times: int = 1
    ) -> tuple[str, Bubble]:
        await self._pacer.turn()
        for _ in range(times):
            self._note("▸", f"[{title}]")
            self.waiting_for = title
            self._counters.messages += 1
            try:
                self.handset.tap(bubble.wamid, choice)
            except HandsetError as error:
                raise self._unexpected("each question can be answered", str(error)) from error
        return await self._answer(expected)

    async def _answer(self, expected: set[str]) -> tuple[str, Bubble]:
        """Wait for the next answer; it must be of one of these kinds, or report that Credex is unavailable."""
        bubble = await self._next()
        self.waiting_for = ""
        self._counters.answers += 1
        kind = classify(bubble)
        self._counters.away += kind == "away"
        self._counters.given_up += kind == "given up"
        if kind not in expected:
            if kind in _UNAVAILABLE:
                raise _ActionEndedError
            raise self._unexpected(
                "each message is answered, once and in order",
                f"expected {' or '.join(sorted(expected))}, but got: {kind[:200]!r}",
            )
        return kind, bubble

    async def _next(self) -> Bubble:
        while True:
            self._news.clear()
            bubble = self._unread()
            if bubble is not None:
                return bubble
            await self._news.wait()

    def _unread(self) -> Bubble | None:
        """The next unread answer, in the order in which WhatsApp accepted them."""
        while self._read < len(self.handset.bubbles):
            bubble = self.handset.bubbles[self._read]
            if bubble.shown_ms is None:
                return None
            self._read += 1
            if self._is_answer(bubble):
                return bubble
        return None

    def _is_answer(self, bubble: Bubble) -> bool:
        name = bubble.callback or bubble.wamid
        first_ms = self._ids.setdefault(name, bubble.at_ms)
        if len(self._ids) > MAX_IDS:
            self._ids.popitem(last=False)
        if first_ms != bubble.at_ms:
            self._note("◂ (again)", bubble.body)
            self._counters.sent_again += 1
            if bubble.at_ms - first_ms < TOO_SOON_MS:
                self._report_violation(
                    NOT_AGAIN,
                    f"again after {bubble.at_ms - first_ms} ms: {bubble.body}",
                )
            return False
        self._note("◂", bubble.body)
        self._audit.said(self.phone, bubble.body)
        if is_late_result(bubble.body):
            self._counters.found_later += 1
            return False
        return not is_unsolicited(bubble.body)

    def _check_no_unread(self) -> None:
        bubble = self._unread()
        if bubble is not None:
            self._report_violation(
                "each message is answered, once and in order", f"an answer without a message: {bubble.body[:200]!r}"
            )

    def _trim(self) -> None:
        """Delete old messages, so that memory does not grow with time."""
        surplus = max(0, self._read - MAX_BUBBLES)
        del self.handset.bubbles[:surplus]
        self._read -= surplus
        for written in self.handset.sent[:-MAX_BUBBLES]:
            written.message.clear()
        del self.handset.sent[:-MAX_BUBBLES]
        self.handset.typing.clear()

    def _unexpected(self, invariant: str, what: str) -> _UnexpectedAnswerError:
        self._report_violation(invariant, what)
        return _UnexpectedAnswerError()

    def _report_violation(self, invariant: str, what: str) -> None:
        self._note("!!", f"{invariant}: {what}")
        self._audit.violations.append(Violation(invariant, self.phone, what))

    def _note(self, sign: str, text: str) -> None:
        at = f"{datetime.now(UTC):%H:%M:%S.%f}"[:-3]
        self.transcript.append(f"{at} {sign} " + text.replace("\n", "\n" + " " * 15))
