"""What people do in a soak: register, read, offer, accept, decline, cancel; what each of them is told is checked.

What somebody does is a function of the seed and their number alone; only when they do it is up to the clock.
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
from simulator.explore.invariants.claims import is_given_up, is_late_result, is_unsolicited
from simulator.people import Persona
from simulator.processes.soak.ledger_audit import LedgerAudit, Violation
from simulator.processes.soak.stack import handle_of
from simulator.whatsapp_cloud import Bubble, Handset, HandsetError

__all__ = ("NOT_AGAIN", "Counters", "Pacer", "SoakUser", "classify")

KEPT_BUBBLES: Final = 20
KEPT_LINES: Final = 80
KEPT_IDS: Final = 200
TOO_SOON_MS: Final = 15_000
"""The bot waits 30 s for news of a message before it sends it again; what comes sooner was not doubted.

Half of that, for a request may have been held up on its way by a fault of ours before WhatsApp took it.
"""

NOT_AGAIN: Final = "no message is sent twice without a doubt"

_LABELS: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("old button", r"That button is from an earlier message"),
        ("look again", r"I did nothing yet: that answer was given before"),
        ("away", r"I cannot reach Credex at the moment"),
        ("joined", r"You are now a member\.|This number is a member already"),
        ("not joined", r"\*not\* registered yet"),
        ("joining unknown", r"I do not know yet whether you are registered"),
        (
            "offered",
            r"✅ You offered \*|our offer of .*was \*not\* made|Credex refused the offer|\*not know yet\* whether",
        ),
        ("may be twice", r"^⚠️ (?:I looked first|Not sent yet)"),
        ("ended", r"✅ You accepted \*|You declined \*|You took back your offer"),
        ("ended", r"^The offer of .*no longer waiting|^Credex refused:|still waits\.|\*not know yet\* what became"),
        ("gone", r"That offer is no longer waiting"),
        ("offer?", r"Offer \*.+\* to \*.+\* \(.+\)\?"),
        ("accept?", r"^Accept \*.+\* from"),
        ("decline?", r"^Decline \*.+\* from"),
        ("cancel?", r"^Take back your offer of"),
        ("incoming offer", r"offered to you by"),
        ("outgoing offer", r"They have not answered yet"),
        ("incoming", r"Offers that wait for you: "),
        ("no incoming", r"No offers wait for you"),
        ("outgoing", r"Your offers that wait: "),
        ("no outgoing", r"You have no offers waiting"),
        ("dashboard", r"Handle: "),
        ("help", r"keeps your credexes"),
        ("welcome", r"Your number is not registered yet"),
        ("first name?", r"What is your first name\?"),
        ("last name?", r"And your last name\?"),
        ("register?", r"You will be registered as"),
    )
)
"""Answers by words that only they have; the first that fits counts."""

_READING: Final = {
    "hi": {"dashboard"},
    "menu": {"dashboard"},
    "help": {"help"},
    "pending": {"incoming", "no incoming"},
    "outgoing": {"outgoing", "no outgoing"},
}
"""What a member may write, and what answers it."""

_QUESTIONS: Final = {"Accept": "accept?", "Decline": "decline?", "Cancel the offer": "cancel?"}

_AMOUNT: Final = re.compile(r"\*([^*]+)\*")


def classify(bubble: Bubble) -> str:
    """What kind of answer a message is; its text if none that is known."""
    if is_given_up(bubble.body):
        return "given up"
    return next((name for name, pattern in _LABELS if pattern.search(bubble.body)), bubble.body)


class Pacer:
    """A steady rate for everybody together: whoever wants to do something waits for their turn."""

    def __init__(self, per_second: float) -> None:
        """So many messages a second."""
        self._gap_s = 1 / per_second
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for a turn."""
        now = time.monotonic()
        self._next = max(now, self._next + self._gap_s)
        await asyncio.sleep(self._next - now)


@dataclass
class Counters:
    """What happened, counted."""

    messages: int = 0
    answers: int = 0
    sent_again: int = 0
    found_later: int = 0
    given_up: int = 0
    away: int = 0
    actions: Counter[str] = field(default_factory=Counter)


_PLAIN_NO: Final = {"away", "given up"}
"""Answers that fit every message: Credex is away, or the message could not be finished."""


class _ActionEndedError(Exception):
    """The errand ends here, for the time being."""


class _UnexpectedAnswerError(_ActionEndedError):
    """An answer that does not fit what was said; it has been written down as a broken promise."""


class SoakUser:
    """Somebody with a phone, who runs errands one after the other, and expects one answer to each message.

    Attributes:
        waiting_for: what was said last, while no answer to it has come; else empty.
        transcript: the newest lines of what was said here.
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
        """Pick up the phone.

        Args:
            handset: their phone.
            persona: who they are.
            number: theirs; ``stride`` is more than the highest, so that no two ever offer the same amount.
            chance: by which they decide.
            audit: where what they confirm and are told is written down.
            pacer: their share of the traffic.
            counters: counts for all.
            crowd: the numbers of members, to offer to.
            stride: see ``number``.
            member: whether they are one from the beginning.
        """
        self.handset = handset
        self.waiting_for = ""
        self.transcript: deque[str] = deque(maxlen=KEPT_LINES)
        self._persona = persona
        self._number = number
        self._chance = chance
        self._audit = audit
        self._pacer = pacer
        self._counters = counters
        self._others = [one for one in crowd if one != number]
        self._stride = stride
        self._member = member
        self._rich = member
        self._offers = 0
        self._read = 0
        self._news = asyncio.Event()
        self._ids: OrderedDict[str, int] = OrderedDict()

    @property
    def phone(self) -> str:
        """Their number."""
        return self.handset.phone

    def look(self) -> None:
        """Something new is on the screen."""
        self._news.set()

    async def live(self, going_on: Callable[[], bool]) -> None:
        """Run errands as long as it goes on; the last one is brought to its end."""
        while going_on():
            self._tidy_up()
            self._nothing_unasked()
            try:
                await self._act()
            except _UnexpectedAnswerError:
                await self._recover()
            except _ActionEndedError:
                continue

    def rest(self) -> None:
        """All is quiet: nothing may be on the screen that has not been read, except what was found out later."""
        self._nothing_unasked()

    # -- errands ----------------------------------------------------------------------------------------------------

    async def _act(self) -> None:
        if not self._member:
            action = self._register
        elif not self._rich:
            action = self._chance.choice((self._browse, self._look_into_incoming))
        else:
            action = self._chance.choices(
                (self._browse, self._offer, self._look_into_incoming, self._look_into_outgoing), (30, 32, 30, 8)
            )[0]
        self._counters.actions[action.__name__.strip("_")] += 1
        await action()

    async def _browse(self) -> None:
        """Read this and that; the hasty write it all at once and then wait."""
        words = [self._chance.choice(list(_READING)) for _ in range(self._chance.randint(1, 3))]
        hasty = self._chance.random() < 0.4  # noqa: PLR2004 - a share
        if not hasty:
            for word in words:
                await self._ask(word, _READING[word])
            return
        for word in words:
            await self._say(word)
        for word in words:
            await self._answer(_READING[word] | _PLAIN_NO)

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

    async def _look_into_incoming(self) -> None:
        choice_title = self._chance.choices(("Accept", "Decline"), (3, 1))[0]
        await self._end_an_offer("pending", "incoming", choice_title)

    async def _look_into_outgoing(self) -> None:
        await self._end_an_offer("outgoing", "outgoing", "Cancel the offer")

    async def _end_an_offer(self, word: str, way: str, choice_title: str) -> None:
        draw = self._chance.random()
        kind, listed = await self._ask(word, {way, f"no {way}"})
        if kind != way:
            return
        rows = [choice for choice in listed.choices if choice.title.endswith(" USD")]
        row = rows[int(draw * len(rows))]
        kind, shown = await self._tap(listed, row.id, row.title, {f"{way} offer", "gone"})
        if kind != f"{way} offer":
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
        expected = expected | _PLAIN_NO
        kind, told = await self._tap(question, "Confirm", "Confirm", {*expected, "look again"}, times=1 + twice)
        if twice:
            # The second tap: on a message that is no longer the newest, or that is to be looked at once more.
            await self._answer({"old button", "look again", *expected})
        if kind == "look again":
            kind, _ = await self._tap(told, "Confirm", "Confirm", expected)
        return kind

    async def _recover(self) -> None:
        """Go on after something that should not have been; what comes late of it is not held against the bot."""
        await asyncio.sleep(1)
        self._read = len(self.handset.bubbles)
        self.waiting_for = ""

    # -- saying and hearing -----------------------------------------------------------------------------------------

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
        """Wait for the next answer; it must be one of these, or say that Credex is away or the message given up."""
        bubble = await self._next()
        self.waiting_for = ""
        self._counters.answers += 1
        kind = classify(bubble)
        self._counters.away += kind == "away"
        self._counters.given_up += kind == "given up"
        if kind not in expected:
            if kind in _PLAIN_NO:
                raise _ActionEndedError
            raise self._unexpected(
                "each message is answered, once and in order",
                f"expected {' or '.join(sorted(expected))}, but was told: {kind[:200]!r}",
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
        """The next answer on the screen, in the order in which WhatsApp took them."""
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
        if len(self._ids) > KEPT_IDS:
            self._ids.popitem(last=False)
        if first_ms != bubble.at_ms:
            self._note("◂ (again)", bubble.body)
            self._counters.sent_again += 1
            if bubble.at_ms - first_ms < TOO_SOON_MS:
                self._report_violation(
                    "no message is sent twice without a doubt",
                    f"again after {bubble.at_ms - first_ms} ms: {bubble.body}",
                )
            return False
        self._note("◂", bubble.body)
        self._audit.said(self.phone, bubble.body)
        if is_late_result(bubble.body):
            self._counters.found_later += 1
            return False
        return not is_unsolicited(bubble.body)

    def _nothing_unasked(self) -> None:
        bubble = self._unread()
        if bubble is not None:
            self._report_violation(
                "each message is answered, once and in order", f"told without asking: {bubble.body[:200]!r}"
            )

    def _tidy_up(self) -> None:
        """Forget what was read long ago: an hour of this must not take more memory than a minute."""
        surplus = max(0, self._read - KEPT_BUBBLES)
        del self.handset.bubbles[:surplus]
        self._read -= surplus
        for written in self.handset.sent[:-KEPT_BUBBLES]:
            written.message.clear()
        del self.handset.sent[:-KEPT_BUBBLES]
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
