"""The writes of the table: how a member comes to confirm one, what core holds then, and what the bot's words mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from service.domain import Denomination, Money
from service.runtime.progress import STILL_WORKING
from simulator.credex_core import Core
from simulator.credex_core.ledger import Credex, State
from simulator.world.people import MemberSpec, Person

__all__ = ("FARAI", "TARIRO", "WRITES", "Facts", "Said", "WriteRow", "people")

TARIRO: Final = "263771234567"
FARAI: Final = "263772345678"
AMOUNT: Final = Money(Decimal("2.50"), Denomination.USD)


class Said(StrEnum):
    """What a message says of the write."""

    DONE = "done"
    NOT_DONE = "not done"
    GONE = "gone already"
    ENDED = "ended, by whom is open"
    UNKNOWN = "not known yet"
    NEVER = "never found out"
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """How things stand in core.

    Attributes:
        effects: how often the write took effect.
        waiting: whether the offer that it is about still waits; None where it is about none.
    """

    effects: int
    waiting: bool | None = None

    def allow(self, said: Said) -> bool:
        """Whether these words are true."""
        match said:
            case Said.DONE:
                return self.effects == 1
            case Said.NOT_DONE:
                return self.effects == 0 and self.waiting is not False
            case Said.GONE:
                return self.effects == 0 and self.waiting is False
            case Said.ENDED:
                return self.waiting is False
            case _:
                return True


@dataclass(frozen=True, slots=True)
class WriteRow:
    """One kind of write.

    Attributes:
        endpoint: of core.
        steps: what Tariro says and taps until the confirmation is on the screen.
        begin: what core is given first; returns the id of the offer that it is about.
        facts: how things stand in core, by that id.
        act: takes effect in core without a request.
        other: what the other side does; None when nobody else has a part in it.
        other_after: whether the other side can only act when the write has taken effect.
        words: what the bot may say, and what that means.
        title: the row's name, where the endpoint alone does not tell.
    """

    endpoint: str
    steps: tuple[str, ...]
    begin: Callable[[Core], str]
    facts: Callable[[Core, str], Facts]
    act: Callable[[Core, str], object]
    other: Callable[[Core, str], object] | None
    words: Mapping[str, Said]
    other_after: bool = False
    title: str = ""

    @property
    def name(self) -> str:
        """What the write is called in the table."""
        return self.title or self.endpoint

    def meaning(self, body: str) -> Said | None:
        """What a message says of the write; None for words that nobody has thought of."""
        found = {said for pattern, said in {**self.words, **_NOT_ABOUT_IT}.items() if re.search(pattern, body)}
        about = found - {Said.NOTHING}
        return next(iter(about or found)) if len(about) <= 1 and found else None


_NOT_ABOUT_IT: Final = {
    re.escape(STILL_WORKING): Said.NOTHING,
    r"\AGood (morning|afternoon|evening)|\n\nGood (morning|afternoon|evening), ": Said.NOTHING,
    r"\AHello, ": Said.NOTHING,
    r"I cannot reach Credex at the moment\. Nothing is lost\.": Said.NOTHING,
}


def people(write: WriteRow) -> tuple[Person, ...]:
    """Tariro, who writes, and Farai, the other side."""
    funds = MemberSpec(balances=(Money(Decimal("9.00"), Denomination.USD),))
    tariro = None if write.endpoint == "onboardMember" else funds
    return (
        Person("Tariro", TARIRO, "Tariro Moyo", tariro, receipts=False),
        Person("Farai", FARAI, "Farai Ncube", MemberSpec(balances=funds.balances, handle="farai_shop"), receipts=False),
    )


def _between(core: Core, issuer: str, receiver: str) -> list[Credex]:
    accounts = core.account(issuer).account_id, core.account(receiver).account_id
    return [one for one in core.credexes() if (one.issuer_id, one.receiver_id) == accounts]


def _made(core: Core, _: str) -> Facts:
    return Facts(len(_between(core, TARIRO, "farai_shop")))


def _other_accepts(core: Core, _: str) -> None:
    core.accept(_between(core, TARIRO, "farai_shop")[-1])


def _is(state: State) -> Callable[[Core, str], Facts]:
    def facts(core: Core, credex_id: str) -> Facts:
        now = core.ledger.credexes[credex_id].state
        return Facts(int(now is state), waiting=now is State.OFFERS)

    return facts


def _registered(core: Core, _: str) -> Facts:
    return Facts(sum(member.phone == TARIRO for member in core.ledger.members.values()))


_DEED_WORDS: Final = {
    r"(so|and I have looked:) nothing was changed\. The offer of .* still waits": Said.NOT_DONE,
    r"Credex refused: .*\n\nNothing was changed": Said.NOT_DONE,
    r"That offer is no longer waiting": Said.GONE,
    r"is no longer waiting\. Credex did not answer clearly, so I cannot tell": Said.ENDED,
    r"I do \*not know yet\* what became of the offer": Said.UNKNOWN,
    r"I looked again: (the|your) offer of .* still waits\. Nothing was changed": Said.NOT_DONE,
    r"I looked again: (the|your) offer of .* is no longer waiting\. I cannot tell": Said.ENDED,
    r"I looked again: (the|your) offer of .* is no longer waiting, but it ended in another way": Said.GONE,
    r"I could not find out what became of": Said.NEVER,
}

WRITES: Final = (
    WriteRow(
        endpoint="onboardMember",
        steps=("register", "[Become a member]", "Tariro", "Moyo", "[Confirm]"),
        begin=lambda _: "",
        facts=_registered,
        act=lambda core, _: core.add_member(TARIRO, "Tariro", "Moyo"),
        other=None,
        words={
            r"You are now a member": Said.DONE,
            r"This number is a member already": Said.DONE,
            r"so you are \*not\* registered yet": Said.NOT_DONE,
            r"Credex refused to register that": Said.NOT_DONE,
            r"I do not know yet whether you are registered": Said.UNKNOWN,
            r"Your registration went through": Said.DONE,
            r"Your registration did not go through": Said.NOT_DONE,
            r"I could not find out whether your registration": Said.NEVER,
        },
    ),
    WriteRow(
        endpoint="createCredex",
        steps=("2.5=>farai_shop", "[Confirm]"),
        begin=lambda _: "",
        facts=_made,
        act=lambda core, _: core.offer(TARIRO, "farai_shop", AMOUNT),
        other=_other_accepts,
        other_after=True,
        words={
            r"✅ You offered \*2\.50 USD\* to \*Farai Ncube Personal\*": Said.DONE,
            r"Credex refused the offer of .*\n\nNothing was offered": Said.NOT_DONE,
            r"your offer of \*2\.50 USD\* to \*Farai Ncube Personal\* was \*not\* made": Said.NOT_DONE,
            r"I do \*not know yet\* whether your offer of \*2\.50 USD\*": Said.UNKNOWN,
            r"✅ I looked again: your offer of \*2\.50 USD\* to \*Farai Ncube Personal\* was made": Said.DONE,
            r"I could not find out what became of your offer": Said.NEVER,
        },
    ),
    WriteRow(
        endpoint="acceptCredex",
        steps=("<open>", "[Accept]", "[Confirm]"),
        begin=lambda core: core.offer("farai_shop", TARIRO, AMOUNT).credex_id,
        facts=_is(State.OWES),
        act=lambda core, credex_id: core.accept(credex_id),
        other=lambda core, credex_id: core.cancel(credex_id),
        words=_DEED_WORDS | {r"✅ You accepted \*2\.50 USD\* from \*Farai Ncube Personal\*": Said.DONE},
    ),
    WriteRow(
        endpoint="declineCredex",
        steps=("<open>", "[Decline]", "[Confirm]"),
        begin=lambda core: core.offer("farai_shop", TARIRO, AMOUNT).credex_id,
        facts=_is(State.DECLINED),
        act=lambda core, credex_id: core.decline(credex_id),
        other=lambda core, credex_id: core.cancel(credex_id),
        words=_DEED_WORDS | {r"You declined \*2\.50 USD\* from \*Farai Ncube Personal\*": Said.DONE},
    ),
    WriteRow(
        endpoint="cancelCredex",
        steps=("<open>", "[Cancel the offer]", "[Confirm]"),
        begin=lambda core: core.offer(TARIRO, "farai_shop", AMOUNT).credex_id,
        facts=_is(State.CANCELLED),
        act=lambda core, credex_id: core.cancel(credex_id),
        other=lambda core, credex_id: core.accept(credex_id),
        words=_DEED_WORDS | {r"You took back your offer of \*2\.50 USD\* to \*Farai Ncube Personal\*": Said.DONE},
    ),
)
