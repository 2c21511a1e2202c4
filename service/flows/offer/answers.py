"""What is known of an offer in the making: how much, to whom, from where, and when it is due."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from service.conversation import TurnContext, known
from service.domain import Account, Dashboard, Denomination, Money
from service.flows import formatting
from service.flows.confirmed_write import WriteAnswers


class OfferAnswers(WriteAnswers, frozen=True):
    """An offer in the making.

    Attributes:
        source: the id of the account chosen to offer from; empty when it has to be chosen, None when it need not be.
        account: the id of the account that offers.
        denomination: that account's default.
        typed: the amount of a one-line offer, not read yet; None when the offer was not typed in one line.
        typed_due: its due date, not read yet.
        handle: the recipient's.
        receiver: the recipient's account id.
        due: None for an offer out of the balance.
        accepted: the recipient has accepted it already.
        made: the earlier offer that looks the same is known to have been made.
    """

    OMITTED: ClassVar[frozenset[str]] = WriteAnswers.OMITTED | {"typed_due", "accepted", "made"}

    source: str | None = None
    account: str = ""
    account_name: str = ""
    denomination: Denomination = Denomination.USD
    typed: str | None = None
    typed_due: str = ""
    amount: Money | None = None
    handle: str = ""
    receiver: str = ""
    receiver_name: str = ""
    due: date | None = None
    accepted: bool = False
    made: bool = False


Context = TurnContext[OfferAnswers]


def amount(context: Context) -> Money:
    return known(context.answers.amount)


def offer(context: Context) -> str:
    return f"*{amount(context)}* to *{formatting.name(context.answers.receiver_name)}*"


def source(context: Context, dashboard: Dashboard) -> Account | None:
    """The account that the offer comes from, if the member still has it."""
    return dashboard.account(context.answers.account)
