"""What is known of the pending offer that the member looks at."""

from service.conversation import TurnContext
from service.domain import Money
from service.flows.confirmed_write import WriteAnswers


class PendingAnswers(WriteAnswers, frozen=True):
    """The offer opened, and, for an empty list, whose it is.

    Attributes:
        mine: the name of the account that it is about, where the member has several.
        others: another account of the member has offers, where this one has none.
        kind: ``secured`` or ``without backing``.
        due: as members read it; empty for a secured offer.
    """

    mine: str = ""
    others: bool = False
    account: str = ""
    credex: str = ""
    amount: Money | None = None
    party: str = ""
    kind: str = ""
    due: str = ""


Context = TurnContext[PendingAnswers]
