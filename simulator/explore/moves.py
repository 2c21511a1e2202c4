"""What people in explored worlds do: each has a plan, reads the screen, and acts on it."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Final

from simulator.explore.cast import Participant
from simulator.people import choose
from simulator.playback.generate import step_of_move
from simulator.script.directives import Step
from simulator.script.directives.core import NotifyMember, ReportEvent
from simulator.script.directives.handset import SwitchPhone
from simulator.script.directives.people import ActInCore, FillIn, SendMedia, Tap, TypeText
from simulator.script.directives.scene import AtOnce, Together
from simulator.units import read_amount
from simulator.whatsapp_cloud.transcript.model import Screen
from simulator.world.core_acts import Act, AnswerOffer, MakeOffer, ReachTier, SetPermission
from simulator.world.notices import CoreEvent, Notice

__all__ = ("Moves",)

ANSWERS: Final = frozenset(
    {"Accept", "Decline", "Cancel the offer", "Become a member", "Upgrade", "Let another act", "Open an account"}
)
"""Titles that lead on, above all to an answer to an offer."""

PLANS: Final = (
    ("offer", 44), ("incoming", 16), ("outgoing", 8), ("accept all", 4), ("menu", 6), ("help", 3), ("ledger", 2),
    ("accounts", 3), ("choice", 8), ("wander", 12),
)  # fmt: skip
IN_CORE: Final = 0.08
IN_CORE_ACTS: Final = (
    ("offers", 5), ("accepts", 4), ("declines", 2), ("cancels", 2), ("authorises", 1), ("has tier", 1),
)  # fmt: skip
AGAIN_IN_CORE: Final = 0.25
FILLS: Final = 0.7
HELPS: Final = 0.3
NOTIFIES: Final = 0.4
REPORTS_AGAIN: Final = 0.25
TO_SOMEBODY: Final = 0.85
EVENTS: Final = {
    "offer_update": ("pending", "accepted", "declined", "cancelled", "expired"),
    "member_update": ("pending", "active", "suspended"),
    "company_update": ("pending", "active", "closed"),
}
"""The events that core reports, with their statuses. "pending" is only for people for whom an offer waits."""

NEWS: Final = ("There is news of the week.", "Somebody has asked for you.", "A season of good trade to you.")
CONFIRMS: Final = (("tap", 66), ("type", 6), ("twice", 14), ("cancel", 6), ("something else", 8))
LONGEST_HANDLE: Final = 30
"""How many characters the form accepts."""

_OFFERED: Final = re.compile(r"Offer \*(?P<amount>[^*]+)\* to \*(?P<party>[^*]+)\* \(")


class Moves:
    """Draws the next steps of the people of one world.

    Args:
        players: who takes part.
        kinds: the kinds of faults that people cause themselves: double taps, old buttons, media, several at once.
        rng: decides everything.
    """

    def __init__(self, players: Sequence[Participant], kinds: frozenset[str], rng: random.Random) -> None:
        self._players = players
        self._kinds = kinds
        self._rng = rng
        self._amounts = 0
        self._reported: list[CoreEvent] = []

    def draw(
        self, player: Participant, screens: Sequence[Screen], forms: Sequence[str] = (), *, offered: bool = False
    ) -> Step:
        """The next step of a person.

        Args:
            player: who acts.
            screens: the messages on their screen, oldest first.
            forms: the bodies of those messages that have a form.
            offered: an offer waits for them in core.
        """
        titles = [choice.title for choice in screens[-1].choices] if screens else []
        if (odd := self._odd(player, screens, offered=offered)) is not None:
            return odd
        if forms and screens[-1].body == forms[-1] and self._rng.random() < FILLS:
            return self._filled_in(player, forms)
        if self.asks_to_confirm(screens):
            return self._confirm(player, screens, titles)
        if (answer := self._answer(titles)) is not None:
            return Tap(player.key, answer)
        if screens and not titles and self._rng.random() < 0.7:  # noqa: PLR2004 - a probability, as below
            return self._fitting(player, screens)
        return self._plan(player, screens, titles)

    def _odd(self, player: Participant, screens: Sequence[Screen], *, offered: bool) -> Step | None:
        rng = self._rng
        if "media" in self._kinds and rng.random() < 0.03:  # noqa: PLR2004
            return SendMedia(player.key, rng.choice(("image", "audio", "sticker", "location")))
        if "old taps" in self._kinds and rng.random() < 0.06 and (titles := _older(screens)):  # noqa: PLR2004
            return Tap(player.key, rng.choice(titles))
        if "old taps" in self._kinds and rng.random() < 0.15 and _asked_again(screens):  # noqa: PLR2004
            return Tap(player.key, "Confirm", older=True)
        if "phones" in self._kinds and rng.random() < 0.03:  # noqa: PLR2004
            return SwitchPhone(player.key, on=False)
        if "notices" in self._kinds and rng.random() < 0.04:  # noqa: PLR2004
            return self._notice(player, offered=offered)
        return self._in_core(player, screens) if "in core" in self._kinds else None

    def _notice(self, player: Participant, *, offered: bool) -> Step:
        """Core sends a message or reports an event; now and then one that it has reported before."""
        rng = self._rng
        if rng.random() < NOTIFIES:
            return NotifyMember(Notice(player.key, rng.choice(NEWS), offer=offered))
        if self._reported and rng.random() < REPORTS_AGAIN:
            return ReportEvent(rng.choice(self._reported))
        kind = rng.choice(tuple(EVENTS))
        status = rng.choice(EVENTS[kind] if offered else EVENTS[kind][1:])
        amount = read_amount(f"{self._amount()} USD") if kind == "offer_update" else None
        to = player.key if rng.random() < TO_SOMEBODY else ""
        event = CoreEvent(kind, f"event-{len(self._reported) + 1}", status, to, amount)
        # Core would not report a pending offer again that no longer waits.
        self._reported += [event] if status != "pending" else []
        return ReportEvent(event)

    def asks_to_confirm(self, screens: Sequence[Screen]) -> bool:
        """Whether the newest message asks for a confirmation."""
        return bool(screens) and any(choice.title == "Confirm" for choice in screens[-1].choices)

    def _in_core(self, player: Participant, screens: Sequence[Screen]) -> Step | None:
        """An act in core that bypasses the bot; now and then the very offer that the bot asks to confirm."""
        rng = self._rng
        asked = _OFFERED.search(screens[-1].body) if self.asks_to_confirm(screens) else None
        if asked is not None:
            receiver = next((one for one in self._players if asked["party"].startswith(one.persona.name[:10])), None)
            again = receiver is not None and receiver is not player and rng.random() < AGAIN_IN_CORE
            if not again or receiver is None:
                return None
            return ActInCore(player.key, MakeOffer(read_amount(asked["amount"]), receiver.key))
        if player.tier is None or rng.random() >= IN_CORE:
            return None
        other = self._other(player).key
        name, amount, tier = _weighed(rng, IN_CORE_ACTS), read_amount(f"{self._amount()} USD"), rng.randint(3, 5)
        acts: dict[str, Act] = {
            "offers": MakeOffer(amount, other),
            "accepts": AnswerOffer("accepts", other),
            "declines": AnswerOffer("declines", other, newest=False),
            "cancels": AnswerOffer("cancels", other),
            "authorises": SetPermission("authorises", other),
            "has tier": ReachTier(tier),
        }
        return ActInCore(player.key, acts[name])

    def _filled_in(self, player: Participant, forms: Sequence[str]) -> Step:
        rng, someone = self._rng, player.persona
        way = rng.choices(("newest", "without token", "older"), (8, 1, 1))[0]
        older = way == "older" and len(forms) > 1
        if "business" in forms[-2 if older else -1].lower():
            denomination = rng.choice(("USD", "ZWG"))
            handle = f"{someone.handle[:20]}_{self._amount().replace('.', '_')}"[:LONGEST_HANDLE]
            name = f"{someone.last_name} Ltd"
            answers = (("name", name), ("denomination", denomination), ("handle", handle))
            return FillIn(player.key, answers, older=older, with_token=way != "without token")
        names = (("first_name", someone.first_name), ("last_name", someone.last_name))
        return FillIn(player.key, names, older=older, with_token=way != "without token")

    def _answer(self, titles: Sequence[str]) -> str | None:
        """A title that leads on."""
        leading = [title for title in titles if title in ANSWERS or title.startswith("Accept all")]
        leading = leading or [title for title in titles if title[:1].isdigit()]
        return self._rng.choice(leading) if leading and self._rng.random() < 0.75 else None  # noqa: PLR2004

    def several(self, player: Participant, screens: Sequence[Screen]) -> Step:
        """Several messages of one person at once: in one POST, or in several POSTs."""
        count = self._rng.choice((2, 2, 3))
        # The answer to "help" is known, so an answer that belongs to another message is recognised.
        asked = TypeText(player.key, "help")
        steps = tuple(asked if self._rng.random() < HELPS else self._typed(player, screens) for _ in range(count))
        return Together(steps) if self._rng.choice((True, False)) else AtOnce(steps)

    def _typed(self, player: Participant, screens: Sequence[Screen]) -> TypeText:
        while True:
            step = self._plan(player, screens, [])
            if isinstance(step, TypeText):
                return step

    def _confirm(self, player: Participant, screens: Sequence[Screen], titles: Sequence[str]) -> Step:
        how = _weighed(self._rng, CONFIRMS)
        tap = Tap(player.key, "Confirm")
        if how == "twice" and "double taps" in self._kinds:
            return AtOnce((tap, tap))
        if how == "type":
            return TypeText(player.key, self._rng.choice(("yes", "1", "confirm")))
        if how == "cancel":
            return Tap(player.key, self._rng.choice([title for title in titles if title != "Confirm"]))
        if how == "something else":
            return self._plan(player, screens, titles)
        return tap

    def _plan(self, player: Participant, screens: Sequence[Screen], titles: Sequence[str]) -> Step:
        plan = _weighed(self._rng, PLANS)
        if plan == "choice" and titles:
            return Tap(player.key, self._rng.choice(titles))
        if plan == "offer":
            return TypeText(player.key, f"{self._amount()}=>{self._other(player).handle}")
        if plan == "wander":
            return self._wander(player, screens)
        return TypeText(player.key, "menu" if plan == "choice" else plan)

    def _wander(self, player: Participant, screens: Sequence[Screen]) -> Step:
        others = [other.persona for other in self._players if other is not player]
        move = choose(player.persona, self._rng, screens, others)
        if move.verb == "wait" or (move.verb == "sends" and "media" not in self._kinds):
            return TypeText(player.key, "menu")
        if move.verb == "taps" and "old taps" not in self._kinds:
            newest = [choice.title for choice in screens[-1].choices]
            return Tap(player.key, move.value) if move.value in newest else TypeText(player.key, "hi")
        return step_of_move(player.key, move)

    def _fitting(self, player: Participant, screens: Sequence[Screen]) -> Step:
        body = screens[-1].body.lower()
        if "last name" in body:
            return TypeText(player.key, player.persona.last_name)
        if "first name" in body:
            return TypeText(player.key, player.persona.first_name)
        if "how much" in body:
            return TypeText(player.key, self._amount())
        if "handle" in body:
            return TypeText(player.key, self._other(player).handle)
        return self._plan(player, screens, [])

    def _other(self, player: Participant) -> Participant:
        others = [other for other in self._players if other is not player]
        return self._rng.choice(others) if others else player

    def _amount(self) -> str:
        # Each amount occurs once in a world, so that messages about two offers can be distinguished.
        self._amounts += 1
        cents = self._amounts % 100
        return f"{self._rng.randint(1, 5)}.{cents:02}"


def _older(screens: Sequence[Screen]) -> list[str]:
    """The titles that only older messages show."""
    new = {choice.title for choice in screens[-1].choices} if screens else set()
    return sorted({choice.title for screen in screens[:-1] for choice in screen.choices} - new)


def _asked_again(screens: Sequence[Screen]) -> bool:
    """Whether the newest message asks for a confirmation and an older one on the screen does too."""
    asked = [any(choice.title == "Confirm" for choice in screen.choices) for screen in screens]
    return asked[-1:] == [True] and sum(asked) > 1


def _weighed(rng: random.Random, choices: Sequence[tuple[str, int]]) -> str:
    return rng.choices([name for name, _ in choices], [weight for _, weight in choices])[0]
