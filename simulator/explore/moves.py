"""What people in explored worlds do: they want something, read what is on their screens, and go after it."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Final

from simulator.explore.cast import Participant
from simulator.explore.draft import YamlEntry
from simulator.people import choose
from simulator.whatsapp_cloud.transcript.model import Screen

__all__ = ("Moves",)

ANSWERS: Final = frozenset(
    {"Accept", "Decline", "Cancel the offer", "Become a member", "Upgrade", "Let another act", "Open an account"}
)
PLANS: Final = (
    ("offer", 44), ("incoming", 16), ("outgoing", 8), ("accept all", 4), ("menu", 6), ("help", 3), ("ledger", 2),
    ("accounts", 3), ("choice", 8), ("wander", 12),
)  # fmt: skip
IN_CORE: Final = 0.08
IN_CORE_ACTS: Final = (
    ("offers {amount} USD to {other}", 5), ("accepts the newest offer from {other}", 4),
    ("declines the oldest offer from {other}", 2), ("cancels the newest offer to {other}", 2),
    ("authorises {other}", 1), ("has tier {tier}", 1),
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
"""What core reports, and how it stands then; the first of each only of whom an offer waits for."""

NEWS: Final = ("There is news of the week.", "Somebody has asked for you.", "A season of good trade to you.")
CONFIRMS: Final = (("tap", 66), ("type", 6), ("twice", 14), ("cancel", 6), ("something else", 8))


_OFFERED: Final = re.compile(r"Offer \*(?P<amount>[^*]+)\* to \*(?P<party>[^*]+)\* \(")


class Moves:
    """The people of one world, and their next moves.

    Args:
        players: who takes part.
        kinds: the kinds of trouble that they make themselves: double taps, old buttons, pictures, several at once.
        rng: their chance.
    """

    def __init__(self, players: Sequence[Participant], kinds: frozenset[str], rng: random.Random) -> None:
        self._players = players
        self._kinds = kinds
        self._rng = rng
        self._amounts = 0
        self._reported: list[dict[str, str]] = []

    def draw(
        self, player: Participant, screens: Sequence[Screen], forms: Sequence[str] = (), *, offered: bool = False
    ) -> YamlEntry:
        """What somebody does next, seeing these screens, oldest first.

        ``forms`` is what those with a form say, and ``offered`` whether an offer waits for them in core.
        """
        titles = [choice.title for choice in screens[-1].choices] if screens else []
        if (odd := self._odd(player, screens, offered=offered)) is not None:
            return odd
        if forms and screens[-1].body == forms[-1] and self._rng.random() < FILLS:
            return self._filled_in(player, forms)
        if self.asks_to_confirm(screens):
            return self._confirm(player, screens, titles)
        if (answer := self._answer(titles)) is not None:
            return f"{player.key} taps", answer
        if screens and not titles and self._rng.random() < 0.7:  # noqa: PLR2004 - a share, as all below
            return self._fitting(player, screens)
        return self._plan(player, screens, titles)

    def _odd(self, player: Participant, screens: Sequence[Screen], *, offered: bool) -> YamlEntry | None:
        rng = self._rng
        if "media" in self._kinds and rng.random() < 0.03:  # noqa: PLR2004
            return f"{player.key} sends", rng.choice(("image", "audio", "sticker", "location"))
        if "old taps" in self._kinds and rng.random() < 0.06 and (titles := _older(screens)):  # noqa: PLR2004
            return f"{player.key} taps", rng.choice(titles)
        if "old taps" in self._kinds and rng.random() < 0.15 and _asked_again(screens):  # noqa: PLR2004
            return f"{player.key} taps old", "Confirm"
        if "phones" in self._kinds and rng.random() < 0.03:  # noqa: PLR2004
            return f"{player.key} phone", "off"
        if "notices" in self._kinds and rng.random() < 0.04:  # noqa: PLR2004
            return self._notice(player, offered=offered)
        return self._in_core(player, screens) if "in core" in self._kinds else None

    def _notice(self, player: Participant, *, offered: bool) -> YamlEntry:
        """Core tells somebody something, or reports a change; now and then one that it has reported before."""
        rng, newest = self._rng, {"offer": "newest"} if offered else {}
        if rng.random() < NOTIFIES:
            return "core notifies", {"to": player.key, "message": rng.choice(NEWS), **newest}
        if self._reported and rng.random() < REPORTS_AGAIN:
            return "core reports", rng.choice(self._reported)
        kind = rng.choice(tuple(EVENTS))
        statuses = EVENTS[kind] if offered else EVENTS[kind][1:]
        event = {"event": kind, "id": f"event-{len(self._reported) + 1}", "status": rng.choice(statuses)}
        event |= {"amount": f"{self._amount()} USD"} if kind == "offer_update" else {}
        event |= {"to": player.key} if rng.random() < TO_SOMEBODY else {}
        # Of an offer that no longer waits core would not say so again.
        self._reported += [event] if event["status"] != "pending" else []
        return "core reports", event

    def asks_to_confirm(self, screens: Sequence[Screen]) -> bool:
        """Whether the newest screen waits for a confirmation."""
        return bool(screens) and any(choice.title == "Confirm" for choice in screens[-1].choices)

    def _in_core(self, player: Participant, screens: Sequence[Screen]) -> YamlEntry | None:
        """Past the bot; now and then the very offer that the bot has just asked them to confirm."""
        rng, who = self._rng, f"{player.key} in core"
        asked = _OFFERED.search(screens[-1].body) if self.asks_to_confirm(screens) else None
        if asked is not None:
            receiver = next((one for one in self._players if asked["party"].startswith(one.persona.name[:10])), None)
            again = receiver is not None and receiver is not player and rng.random() < AGAIN_IN_CORE
            return (who, f"offers {asked['amount']} to {receiver.key}") if again and receiver else None
        if player.tier is None or rng.random() >= IN_CORE:
            return None
        other = self._other(player).key
        return who, _weighed(rng, IN_CORE_ACTS).format(amount=self._amount(), other=other, tier=rng.randint(3, 5))

    def _filled_in(self, player: Participant, forms: Sequence[str]) -> YamlEntry:
        rng, someone = self._rng, player.persona
        way = rng.choices(("fills in", "fills in without token", "fills in old"), (8, 1, 1))[0]
        if way == "fills in old" and len(forms) == 1:
            way = "fills in"
        if "business" in forms[-2 if way == "fills in old" else -1].lower():
            fields = {"name": f"{someone.last_name} Ltd", "denomination": rng.choice(("USD", "ZWG"))}
            # A phone takes no handle of more than 30 characters.
            fields["handle"] = f"{someone.handle[:20]}_{self._amount().replace('.', '_')}"[:30]
        else:
            fields = {"first_name": someone.first_name, "last_name": someone.last_name}
        return f"{player.key} {way}", fields

    def _answer(self, titles: Sequence[str]) -> str | None:
        """A choice that leads on: to an answer to an offer, above all."""
        leading = [title for title in titles if title in ANSWERS or title.startswith("Accept all")]
        leading = leading or [title for title in titles if title[:1].isdigit()]
        return self._rng.choice(leading) if leading and self._rng.random() < 0.75 else None  # noqa: PLR2004

    def several(self, player: Participant, screens: Sequence[Screen]) -> YamlEntry:
        """Somebody sends several messages at one time: in one POST, or in several at once."""
        count = self._rng.choice((2, 2, 3))
        # What is said in answer to this one word is known, and so it shows if one is answered in another's place.
        asked: YamlEntry = (player.key, "help")
        each = [dict([asked if self._rng.random() < HELPS else self._typed(player, screens)]) for _ in range(count)]
        return self._rng.choice(("together", "at once")), each

    def _typed(self, player: Participant, screens: Sequence[Screen]) -> YamlEntry:
        while True:
            said = self._plan(player, screens, [])
            if said[0] == player.key:
                return said

    def _confirm(self, player: Participant, screens: Sequence[Screen], titles: Sequence[str]) -> YamlEntry:
        how = _weighed(self._rng, CONFIRMS)
        tap: YamlEntry = (f"{player.key} taps", "Confirm")
        if how == "twice" and "double taps" in self._kinds:
            return "at once", [dict([tap]), dict([tap])]
        if how == "type":
            return player.key, self._rng.choice(("yes", "1", "confirm"))
        if how == "cancel":
            return f"{player.key} taps", self._rng.choice([title for title in titles if title != "Confirm"])
        if how == "something else":
            return self._plan(player, screens, titles)
        return tap

    def _plan(self, player: Participant, screens: Sequence[Screen], titles: Sequence[str]) -> YamlEntry:
        plan = _weighed(self._rng, PLANS)
        if plan == "choice" and titles:
            return f"{player.key} taps", self._rng.choice(titles)
        if plan == "offer":
            return player.key, f"{self._amount()}=>{self._other(player).handle}"
        if plan == "wander":
            return self._wander(player, screens)
        return player.key, "menu" if plan == "choice" else plan

    def _wander(self, player: Participant, screens: Sequence[Screen]) -> YamlEntry:
        others = [other.persona for other in self._players if other is not player]
        move = choose(player.persona, self._rng, screens, others)
        if move.verb == "wait" or (move.verb == "sends" and "media" not in self._kinds):
            return player.key, "menu"
        if move.verb == "taps" and "old taps" not in self._kinds:
            newest = [choice.title for choice in screens[-1].choices]
            return (f"{player.key} taps", move.value) if move.value in newest else (player.key, "hi")
        return f"{player.key} {move.verb}".strip(), move.value

    def _fitting(self, player: Participant, screens: Sequence[Screen]) -> YamlEntry:
        body = screens[-1].body.lower()
        if "last name" in body:
            return player.key, player.persona.last_name
        if "first name" in body:
            return player.key, player.persona.first_name
        if "how much" in body:
            return player.key, self._amount()
        if "handle" in body:
            return player.key, self._other(player).handle
        return self._plan(player, screens, [])

    def _other(self, player: Participant) -> Participant:
        others = [other for other in self._players if other is not player]
        return self._rng.choice(others) if others else player

    def _amount(self) -> str:
        # Each amount once in a world, so that what is said of one offer can be told from what is said of another.
        self._amounts += 1
        cents = self._amounts % 100
        return f"{self._rng.randint(1, 5)}.{cents:02}"


def _older(screens: Sequence[Screen]) -> list[str]:
    """What could still be tapped further up, and is not on the newest screen."""
    new = {choice.title for choice in screens[-1].choices} if screens else set()
    return sorted({choice.title for screen in screens[:-1] for choice in screen.choices} - new)


def _asked_again(screens: Sequence[Screen]) -> bool:
    """Whether a question is to be confirmed, and an earlier one could be by mistake."""
    asked = [any(choice.title == "Confirm" for choice in screen.choices) for screen in screens]
    return asked[-1:] == [True] and sum(asked) > 1


def _weighed(rng: random.Random, choices: Sequence[tuple[str, int]]) -> str:
    return rng.choices([name for name, _ in choices], [weight for _, weight in choices])[0]
